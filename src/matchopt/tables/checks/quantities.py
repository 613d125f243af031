"""Quantities against the steps of items and the lots of donations: what can be counted, given and served."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from matchopt.contract.settings import Settings
from matchopt.language import tr, trn
from matchopt.tables.findings import Said
from matchopt.tables.tables import Tables
from matchopt.tables.typed import Checked, Mask

LARGEST_TOTAL = 9e18
"""Largest sum of a quantity column, in its last decimal: sums are 64-bit whole numbers."""

MOST_DECIMALS = 6
"""Decimals that quantities, steps and lots may have."""

TOLERANCE = 1e-9
"""Relative: what binary fractions may be off a decimal multiple."""

Numbers = npt.NDArray[np.float64]


def check_quantities(tables: Tables, settings: Settings | None) -> None:
    """Check quantities, steps and lots against each other; without `settings` only what needs none."""
    fine = [
        _refuse_too_fine(tables, name, column)
        for name, column in (("items", "step"), ("donations", "lot_size"),
                             ("needs", "quantity"), ("donations", "quantity"), ("commitments", "quantity"))
    ]  # fmt: skip
    decimals = _decimals(np.unique(np.concatenate(fine)))
    for name in ("needs", "donations", "commitments"):
        _check_total(tables, name, decimals)
    if not tables.complete("items"):
        return
    items = tables.get("items")
    steps = {} if items is None else dict(zip(items.frame["item"], items.frame["step"], strict=True))
    _check_needs(tables, steps)
    _check_donations(tables, steps, settings)


# --- what can be counted -----------------------------------------------------------------


def _refuse_too_fine(tables: Tables, name: str, column: str) -> Numbers:
    """Report numbers of more than `MOST_DECIMALS`; return the others."""
    table = tables.get(name)
    if table is None:
        return np.empty(0)
    values = table.array(column)
    given = table.given(column)
    broken = np.flatnonzero(given & (values != np.rint(values)))
    fine = np.zeros(len(values), dtype=bool)
    fine[broken[_decimals_off(values[broken], MOST_DECIMALS) > 0]] = True

    def say(at: int) -> Said:
        problem = tr(
            "has more than {most_decimals} decimals, which cannot be counted exactly",
            most_decimals=MOST_DECIMALS,
        )
        return f"{values[at]:.15g}", problem, tr("write fewer decimals, or take a smaller unit")

    tables.error("too_fine", table, column, fine, say)
    return np.asarray(values[given & ~fine])


def _decimals_off(values: Numbers, decimals: int) -> Numbers:
    """Return how far `values` are from having `decimals` decimals, in the last one, binary dust aside."""
    scaled = values * 10.0**decimals
    off = np.abs(scaled - np.rint(scaled))
    return np.where(off <= np.maximum(1e-12 * np.abs(scaled), 1e-6), 0.0, off)


def _decimals(values: Numbers) -> int:
    """Return how many decimals the finest of `values` needs."""
    enough = (k for k in range(MOST_DECIMALS) if not _decimals_off(values, k).any())
    return next(enough, MOST_DECIMALS)


def _check_total(tables: Tables, name: str, decimals: int) -> None:
    table = tables.get(name)
    if table is None:
        return
    total = float(np.nansum(table.array("quantity")))
    if total * 10**decimals > LARGEST_TOTAL:
        most = LARGEST_TOTAL / 10**decimals
        why = (
            tr(" (steps, lots and quantities have up to {decimals} decimals)", decimals=decimals)
            if decimals
            else ""
        )
        tables.found.error(
            "too_large",
            name,
            tr("adds up to {total}, beyond {most}{why}", total=f"{total:.4g}", most=f"{most:.0e}", why=why),
            tr("check the number of digits"),
            column=table.header("quantity"),
        )


# --- steps and lots ----------------------------------------------------------------------


def _divides(quantity: Numbers, step: Numbers) -> Mask:
    """Return where `quantity` is a whole multiple of `step`, binary dust aside."""
    divides = (step == 1) & (quantity == np.rint(quantity))
    other = np.flatnonzero(~divides)
    ratio = quantity[other] / step[other]
    divides[other] = np.abs(ratio - np.rint(ratio)) <= TOLERANCE * np.maximum(1.0, np.abs(ratio))
    return np.asarray(divides)


def _refuse_fractions(tables: Tables, table: Checked, step: Numbers) -> Mask:
    """Report fractions of items that come in whole steps; return the rows that have another quantity."""
    quantity = table.array("quantity")
    given = table.given("quantity")
    fraction = given & ~_divides(quantity, step) & (quantity != np.floor(quantity)) & (step == np.floor(step))
    tables.error(
        "fraction", table, "quantity", fraction,
        lambda at: (
            f"{quantity[at]:.15g}", tr("is a fraction of an item that comes in whole steps"),
            tr("write a whole number, or give the item a smaller step in the table items"),
        ),
    )  # fmt: skip
    return np.asarray(given & ~fraction)


def _check_needs(tables: Tables, steps: Mapping[str, float]) -> None:
    needs = tables.get("needs")
    if needs is None:
        return
    step = needs.lookup("item", steps, 1.0)
    whole = _refuse_fractions(tables, needs, step)
    odd = whole & ~_divides(needs.array("quantity"), step)
    _warn_once(tables, needs, odd, step, tr("its item's step"), tr("only a substitute can serve the rest"))


def _check_donations(tables: Tables, steps: Mapping[str, float], settings: Settings | None) -> None:
    donations = tables.get("donations")
    if donations is None:
        return
    step, lot = donations.lookup("item", steps, 1.0), donations.array("lot_size")
    whole = _refuse_fractions(tables, donations, step)
    granule, countable = _granules(step, np.where(np.isnan(lot), step, lot))
    tables.error(
        "too_fine",
        donations,
        "lot_size",
        ~countable,
        lambda at: (
            f"{lot[at]:.15g}",
            tr("and the step {step} have no common multiple that can be counted", step=f"{step[at]:g}"),
            tr("write a multiple of {step}", step=f"{step[at]:g}"),
        ),
    )
    plannable = _plannable(donations, step, settings)
    whole &= countable & (plannable > 0)
    idle = whole & donations.given("lot_size") & (granule > plannable * (1 + TOLERANCE))

    def say(at: int) -> Said:
        larger = granule[at] > lot[at]
        said = (
            tr(
                "with the step {step} makes lots of {granule},",
                step=f"{step[at]:g}",
                granule=f"{granule[at]:.15g}",
            )
            if larger
            else "is"
        )
        problem = tr(
            "{said} more than the {plannable} that can be planned: nothing can be given",
            said=said,
            plannable=f"{plannable[at]:.15g}",
        )
        return f"{lot[at]:.15g}", problem, tr("check lot_size and quantity")

    tables.warning("idle_lot", donations, "lot_size", idle, say)
    odd = whole & ~idle & ~_divides(donations.array("quantity"), granule)
    _warn_once(tables, donations, odd, granule, tr("its step or lot"), tr("the rest cannot be given"))


def _warn_once(tables: Tables, table: Checked, odd: Mask, granule: Numbers, whose: str, meaning: str) -> None:
    """Warn once of quantities that are no multiple of their `granule`."""
    count = int(odd.sum())
    if not count:
        return
    first = int(np.argmax(odd))
    tables.found.warning(
        "off_step",
        table.name,
        trn(
            "{n} quantity is no whole multiple of {whose}: {meaning}",
            "{n} quantities are no whole multiple of {whose}: {meaning}",
            count,
            whose=whose,
            meaning=meaning,
        ),
        tr("write a multiple, here of {granule}, if that is not meant", granule=f"{granule[first]:.15g}"),
        row=table.row(first),
        column=table.header("quantity"),
        value=f"{table.array('quantity')[first]:.15g}",
    )


def _granules(step: Numbers, lot: Numbers) -> tuple[Numbers, Mask]:
    """Return the least common multiples of steps and lots, and which of them can be counted."""
    unit = 10.0 ** _decimals(np.unique(np.concatenate([step, lot])))
    fits = lot * unit < LARGEST_TOTAL
    one = np.rint(step * unit).astype(np.int64)
    other = np.rint(np.where(fits, lot * unit, 1.0)).astype(np.int64)
    # Numbers of too many decimals, which have their finding already, may come out as 0 here.
    divisor = np.maximum(np.gcd(one, other), 1)
    multiple = one / divisor * other
    fits &= multiple < LARGEST_TOTAL
    return np.where(multiple > 0, multiple, unit) / unit, np.asarray(fits)


def _plannable(donations: Checked, step: Numbers, settings: Settings | None) -> Numbers:
    """Return what the reliability policy lets be planned of each donation; all without `settings`."""
    quantity = np.nan_to_num(donations.array("quantity"))
    reliability = donations.array("reliability")
    policy = "ignore" if settings is None else settings.policy.reliability
    if policy == "expected":
        steps = np.floor(quantity * reliability / step * (1 + TOLERANCE))
        quantity = np.where(reliability < 1, steps * step, quantity)
    elif policy == "firm":
        quantity = np.where(reliability < 1, 0.0, quantity)
    return np.asarray(quantity, dtype=np.float64)
