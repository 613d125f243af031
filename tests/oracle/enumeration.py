"""The optimum of a tiny case by trying every plan: the third opinion, without any solver."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from oracle.optimum import asked, tier
from oracle.rules import Rules

Key = tuple[Fraction, ...]


def _splits(most: Fraction, room: tuple[Fraction, ...], step: Fraction) -> Iterator[tuple[Fraction, ...]]:
    """Yield every way to hand out at most `most` over needs with `room` left, in whole steps."""
    if not room:
        yield ()
        return
    quantity = Fraction(0)
    while quantity <= min(most, room[0]):
        for rest in _splits(most - quantity, room[1:], step):
            yield (quantity, *rest)
        quantity += step


def best_key(rules: Rules) -> Key:
    """Return the best objective over every plan: what is better is smaller.

    Under coverage-first: minus what each tier serves, first tier first, then the logistics
    cost; under total-cost: logistics and unmet cost together. Donation by donation every
    split is tried; of the partial plans that leave the same room only the best is followed.
    """
    needs = range(len(rules.needs))
    tiers = sorted({tier(rules, j) for j in needs})
    total = rules.objective == "total-cost"
    start = tuple(Fraction(0) if j in rules.excluded else asked(rules, j) for j in needs)
    nothing = Fraction(sum(rules.unmet_money(j) * room for j, room in zip(needs, start, strict=True)))
    best: dict[tuple[Fraction, ...], Key] = {
        start: (nothing,) if total else tuple(Fraction(0) for _ in (*tiers, None))
    }
    for i in rules.pool:
        step = rules.step(str(rules.donations[i]["item"]))
        reached: dict[tuple[Fraction, ...], Key] = {}
        for room, key in best.items():
            open_room = tuple(left if (i, j) in rules.route else Fraction(0) for j, left in enumerate(room))
            for split in _splits(rules.plannable[i], open_room, step):
                new_key = list(key)
                for j, quantity in enumerate(split):
                    if quantity:
                        cost = rules.route[i, j].unit_cost
                        new_key[-1] += (cost - rules.unmet_money(j) if total else cost) * quantity
                        if not total:
                            new_key[tiers.index(tier(rules, j))] -= quantity
                left = tuple(a - b for a, b in zip(room, split, strict=True))
                if left not in reached or tuple(new_key) < reached[left]:
                    reached[left] = tuple(new_key)
        best = reached
    return min(best.values())
