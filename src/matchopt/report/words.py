"""Reason codes, channels and kinds of cost in plain words."""

from __future__ import annotations

from collections.abc import Mapping

UNMET: Mapping[str, str] = {
    "no_such_item": "nobody gives this item or a substitute for it",
    "quality": "what is given is below the quality asked for",
    "earmark": "donors keep it for other communities or groups",
    "boundary": "the boundary policy keeps it for others",
    "unreachable": "no lane or hub leads there",
    "timing": "it cannot arrive in time",
    "excluded": "left to the public sector, as the table exclusions says",
    "outranked": "what there is serves needs that come first or cost less",
    "not_worth_it": "serving it costs more than leaving it unmet",
    "capacity": "every hub, lane or agreement on the way is full",
    "budget": "what is left of the budget does not pay for it",
    "integrality": "what is left does not fit in whole lots, steps or deliveries",
}
"""Why a need is not served in full."""

LEFT_OVER: Mapping[str, str] = {
    "no_such_item": "nobody asks for this item",
    "quality": "it is below the quality asked for",
    "earmark": "its donor keeps it for others than those who ask",
    "boundary": "the boundary policy keeps it from those who ask",
    "unreachable": "no lane or hub leads to those who ask",
    "timing": "it cannot arrive in time",
    "excluded": "those who ask are left to the public sector",
    "unreliable": "too uncertain to plan, as its reliability says",
    "demand_met": "those it could go to are served in full",
    "not_worth_it": "sending it costs more than leaving needs unmet",
    "capacity": "every hub, lane or agreement on the way is full",
    "budget": "what is left of the budget does not pay for it",
    "integrality": "what is left fits no need in whole lots, steps or deliveries",
}
"""Why a donation is not planned in full."""

CHANNELS: Mapping[str, str] = {
    "resident": "residents",
    "public_sector": "public sector",
    "enterprise": "enterprises",
}

COSTS: Mapping[str, str] = {
    "transport": "transport",
    "handling": "handling",
    "storage": "storage in hubs",
    "identification": "finding out about needs",
    "penalty": "substitutes and poor fits",
    "transfer": "transfers between organisations",
    "purchase": "purchases",
    "unmet": "needs left unmet",
}


def quantity(value: float) -> str:
    """Return a quantity with thousands apart, decimals only where there are any.

    >>> quantity(1200), quantity(0.25)
    ('1,200', '0.25')
    """
    if value == round(value):
        return f"{round(value):,}"
    return f"{value:,.3f}".rstrip("0").rstrip(".")


def money(value: float, currency: str = "") -> str:
    """Return an amount to 1/100, with its currency.

    >>> money(1234.5678, "CNY")
    '1,234.57 CNY'
    """
    return f"{value + 0.0:,.2f} {currency}".rstrip()


def percent(part: float, whole: float) -> str:
    """Return `part` of `whole` in percent, never 100 or 0 unless it is all or nothing.

    >>> percent(1, 3), percent(9999, 10000), percent(1, 10**6), percent(0, 0)
    ('33.3 %', '> 99.9 %', '< 0.1 %', '–')
    """
    if not whole:
        return "–"
    share = round(100 * part / whole, 1)
    if share == 0 and part > 0:
        return "< 0.1 %"
    if share == 100 and part < whole:
        return "> 99.9 %"
    return f"{share:.1f} %"


def gap(value: float) -> str:
    """Return a gap in percent, to two digits however small: it is never rounded to nothing.

    >>> gap(0.034), gap(0.000025), gap(0)
    ('3.4 %', '0.0025 %', '0 %')
    """
    if 0 < value < 1e-8:
        return "< 0.000001 %"
    digits = f"{float(f'{100 * value:.2g}'):f}"
    return f"{digits.rstrip('0').rstrip('.')} %"


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun.

    >>> count(1, "need"), count(1200, "need")
    ('1 need', '1,200 needs')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
