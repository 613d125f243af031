"""The optimum of a tiny case by trying every plan: the third opinion, without any solver."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from oracle.goals import Value, reached
from oracle.ledger import Ledger
from oracle.routes import Line, Route
from oracle.rules import COIN, Rules

Column = tuple[int, int, Route]


def columns(rules: Rules) -> list[Column]:
    """Return every admissible pair with every route that it may take, those around a promise last."""
    promised = {
        (promise.i, promise.j, route)
        for promise, own in rules.keepable
        for route in (own, *rules.through[promise.i, promise.j])
    }
    usual = [(*pair, route) for pair in rules.pairs() for route in rules.routes[pair]]
    return usual + sorted(promised - set(usual), key=repr)


def least(rules: Rules, i: int, j: int) -> Fraction:
    """Return what lines from `i` to `j` are tried in: money in what divides all that can be bought."""
    if not rules.purchase(i, j) or rules.line_granule(i, j) != COIN:
        return rules.line_granule(i, j)
    bought = {k for h, k in rules.pairs() if rules.purchase(h, k)}
    amounts = [amount for k in bought for amount in (rules.lump(k), rules.lead(k)) if amount]
    funds = ((h, k) for h, k in rules.pairs() if rules.kind(rules.donations[h]) == "funds")
    amounts += [rules.line_granule(*pair) for pair in funds]
    coins = [int(amount / COIN) for amount in amounts if amount != COIN]
    return math.gcd(*coins) * COIN


def size(rules: Rules) -> int:
    """Return how many plans there are at most."""
    return math.prod(
        1
        + math.floor(
            min(rules.left[i], rules.short[j] / rules.ratio[i, j]) / least(rules, i, j),
        )
        for i, j, _ in columns(rules)
    )


def every_plan(rules: Rules) -> Iterator[list[Line]]:
    """Yield every plan that gives out no more than there is and serves no more than is asked."""
    return _plans(rules, columns(rules), rules.left, rules.short)


def _plans(
    rules: Rules, open_columns: list[Column], left: list[Fraction], room: list[Fraction]
) -> Iterator[list[Line]]:
    if not open_columns:
        yield []
        return
    (i, j, route), *others = open_columns
    quantity, served = Fraction(0), Fraction(0)
    while quantity <= left[i] and served <= room[j]:
        rest_left, rest_room = list(left), list(room)
        rest_left[i] -= quantity
        rest_room[j] -= served
        for lines in _plans(rules, others, rest_left, rest_room):
            yield [Line(i, j, route, quantity), *lines] if quantity else lines
        quantity += least(rules, i, j)
        served = quantity * rules.ratio[i, j]


def best_values(rules: Rules) -> dict[str, Value]:
    """Return goal → what the best of all plans that obey the rules reaches in it."""
    ledgers = (Ledger(rules, lines) for lines in every_plan(rules))
    allowed = (reached(ledger) for ledger in ledgers if not any(ledger.broken()))
    return max(allowed, key=lambda values: tuple(values.values()))
