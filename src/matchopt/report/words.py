"""Reason codes, channels, kinds of cost and stages in plain words; figures as the language writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from numbers import Real
from typing import NamedTuple

from matchopt import language
from matchopt.language import Language, amount, day, mark, number, share, spoken

UNMET: Mapping[str, str] = {
    "no_such_item": mark("nobody gives this item or a substitute for it"),
    "quality": mark("what is given is below the quality asked for"),
    "earmark": mark("donors keep it for other communities or groups"),
    "boundary": mark("the boundary policy keeps it for others"),
    "unreachable": mark("no lane or hub leads there"),
    "timing": mark("it cannot arrive in time"),
    "declined": mark("what could serve it was declined or cancelled, or is kept out by what is promised"),
    "excluded": mark("left to the public sector, as the table exclusions says"),
    "shortage": mark("too little is given, though nobody else gets any of it"),
    "outranked": mark("what there is serves needs that come first or cost less"),
    "not_worth_it": mark("serving it costs more than leaving it unmet"),
    "capacity": mark("every hub, lane or agreement on the way is full"),
    "budget": mark("what is left of the budget does not pay for it"),
    "integrality": mark("what is left does not fit in whole lots, steps or deliveries"),
}
"""Why a need is not served in full."""

LEFT_OVER: Mapping[str, str] = {
    "no_such_item": mark("nobody asks for this item"),
    "quality": mark("it is below the quality asked for"),
    "earmark": mark("its donor keeps it for others than those who ask"),
    "boundary": mark("the boundary policy keeps it from those who ask"),
    "unreachable": mark("no lane or hub leads to those who ask"),
    "timing": mark("it cannot arrive in time"),
    "declined": mark("those it could go to declined it, or it was cancelled"),
    "excluded": mark("those who ask are left to the public sector"),
    "unreliable": mark("not counted on: no more is expected of it and those like it"),
    "demand_met": mark("those it could go to are served in full"),
    "not_worth_it": mark("sending it costs more than leaving needs unmet"),
    "capacity": mark("every hub, lane or agreement on the way is full"),
    "budget": mark("what is left of the budget does not pay for it"),
    "integrality": mark("what is left fits no need in whole lots, steps or deliveries"),
}
"""Why a donation is not planned in full."""

CHANNELS: Mapping[str, str] = {
    "resident": mark("residents"),
    "public_sector": mark("public sector"),
    "enterprise": mark("enterprises"),
}

COSTS: Mapping[str, str] = {
    "transport": mark("transport"),
    "handling": mark("handling"),
    "storage": mark("storage in hubs"),
    "identification": mark("finding out about needs"),
    "penalty": mark("substitutes and poor fits"),
    "transfer": mark("transfers between organisations"),
    "purchase": mark("purchases"),
    "unmet": mark("needs left unmet"),
}

STAGES: Mapping[str, str] = {
    "starting": mark("starting"),
    "reading and checking the tables": mark("reading and checking the tables"),
    "compiling": mark("compiling, once on this machine"),
    "encode": mark("finding who can serve whom"),
    "solve": mark("finding the best plan"),
    "cost": mark("finding the least cost"),
    "whole quantities": mark("searching for whole quantities"),
    "decode": mark("adding up deliveries and costs"),
    "fairness curve": mark("finding what fairness costs"),
    "verifying the plan": mark("verifying the plan"),
    "writing the run folder": mark("writing the run folder"),
    "writing the report": mark("writing the report"),
    "writing the workbook": mark("writing the workbook"),
    "wishes": mark("finding what to ask for"),
    "graph": mark("putting the network together"),
    "changes": mark("planning changed cases"),
    "points": mark("planning each point"),
    "cases": mark("planning the cases"),
    "simulate": mark("replaying arrivals"),
    "stress": mark("mending the plan, draw by draw"),
}
"""What a piece of work is busy with."""


def called(code: object, names: Mapping[str, str]) -> str:
    """Return what a code is called: by itself where it has no name."""
    return tr(names.get(str(code), str(code)))


class Share(NamedTuple):
    """A part of a whole, told in percent."""

    part: float
    whole: float = 1.0


def tr(message: str, /, **values: object) -> str:
    """Return a message in the language spoken, its values as the language writes them."""
    return language.tr(message, **{name: told(value) for name, value in values.items()})


def trn(one: str, many: str, number: int, /, **values: object) -> str:
    """Return the message for a number of things, its values as the language writes them."""
    return language.trn(one, many, number, **{name: told(value) for name, value in values.items()})


def told(value: object) -> object:
    """Return numbers, shares, days and lists as the language writes them; all else as it is.

    >>> told(1200.5), told(Share(1, 3)), told(["a", "b"]), told("as it is")
    ('1,200.5', '33.3%', 'a and b', 'as it is')
    """
    if isinstance(value, Share):
        return percent(*value)
    if isinstance(value, Real):
        return quantity(float(value))
    if isinstance(value, date):
        return day(value.date() if isinstance(value, datetime) else value)
    return listed(value) if isinstance(value, list) else value


def stage_of_work(stage: str) -> str:
    """Return what a stage is called; tiers and the like are called what they are."""
    word, _, rest = stage.partition(" ")
    if word == "tier" and rest.isdigit():
        return tr("serving priority {tier}", tier=rest)
    return called(stage, STAGES)


def quantity(value: float) -> str:
    """Return a quantity with thousands apart, decimals only where there are any.

    >>> quantity(1200), quantity(0.25)
    ('1,200', '0.25')
    """
    return number(value)


def money(value: float, currency: str = "", *, whole: bool = False) -> str:
    """Return an amount to 1/100, or to the `whole` unit, with its currency.

    >>> money(1234.5678, "EUR"), money(1234.5678)
    ('€1,234.57', '1,234.57')
    """
    if whole:
        return amount(value, currency, digits=0)
    return amount(value, currency) if currency else number(round(value, 2) + 0.0, "#,##0.00")


def percent(part: float, whole: float) -> str:
    """Return `part` of `whole` in percent, never 100 or 0 unless it is all or nothing.

    >>> percent(1, 3), percent(9999, 10000), percent(1, 10**6), percent(0, 0)
    ('33.3%', '> 99.9%', '< 0.1%', '–')
    """
    if not whole:
        return "–"
    rounded = round(100 * part / whole, 1)
    if rounded == 0 and part > 0:
        return f"< {share(0.001)}"
    if rounded == 100 and part < whole:
        return f"> {share(0.999)}"
    return share(rounded / 100)


def gap(value: float) -> str:
    """Return a gap in percent, to two digits however small: it is never rounded to nothing.

    >>> gap(0.034), gap(0.000025), gap(0)
    ('3.4%', '0.0025%', '0%')
    """
    if 0 < value < 1e-8:
        return f"< {share(1e-8, '0.######%')}"
    return share(float(f"{value:.2g}"), "#,##0.#########%")


def count(number: int, one: str) -> str:
    """Return how many there are of what is called `one`.

    >>> count(1, "need"), count(1200, "need")
    ('1 need', '1,200 needs')
    """
    return _COUNTS[one](number)


_COUNTS: Mapping[str, Callable[[int], str]] = {
    "need": lambda n: trn("{n} need", "{n} needs", n),
    "donation": lambda n: trn("{n} donation", "{n} donations", n),
    "allocation": lambda n: trn("{n} allocation", "{n} allocations", n),
    "purchase": lambda n: trn("{n} purchase", "{n} purchases", n),
    "error": lambda n: trn("{n} error", "{n} errors", n),
    "warning": lambda n: trn("{n} warning", "{n} warnings", n),
    "note": lambda n: trn("{n} note", "{n} notes", n),
}


def with_units(name: object, units: float) -> str:
    """Return a name with how many units that is."""
    return tr("{name} ({units})", name=name, units=units)


def listed(parts: list[str]) -> str:
    """Return things one after the other, as the language lists them."""
    from babel.lists import format_list

    return format_list(parts, locale=spoken().value) if parts else ""


def joined(sentences: list[str]) -> str:
    """Return sentences as a paragraph: Chinese leaves no space between them."""
    return ("" if spoken() is Language.ZH else " ").join(sentences)
