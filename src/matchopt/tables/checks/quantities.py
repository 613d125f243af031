"""Checks of quantities: what can be counted, given and bought, what stands in, and what is closed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from matchopt.arrays import MOST_DECIMALS, Bools, Floats, decimals_of
from matchopt.contract.settings import Settings
from matchopt.language import mark, tr, trn
from matchopt.tables.findings import LEAVE_OUT, Cure, Said, shown
from matchopt.tables.typed import Checked, CheckedTables, check
from matchopt.tables.units import CURRENCIES, unit_of
from matchopt.tolerances import FLOAT, ROUNDING, WRITTEN

LARGEST_TOTAL = 9e18
"""Largest sum of a quantity column, in its last decimal: sums are 64-bit whole numbers."""

FEWEST_TO_COMPARE = 5
"""Rows from which on a quantity is compared with the median."""
BEYOND_MEASURE = 1e6
"""How many times the median is a warning."""

COUNTED = (
    ("items", "step"),
    ("donations", "lot_size"),
    ("needs", "quantity"),
    ("donations", "quantity"),
    ("commitments", "quantity"),
)
"""Table and column of what is counted in whole numbers of the last decimal."""

CLOSED = (
    ("hubs", "storage_capacity", mark("no goods can stay in the hub overnight")),
    ("hubs", "throughput_capacity", mark("no goods can pass through the hub")),
    ("lanes", "capacity_kg", mark("the lane is closed to goods")),
    ("agreements", "max_quantity_kg", mark("no goods can be passed on under the agreement")),
)
"""Table, column and what a 0 in it means."""


# --- what can be counted -----------------------------------------------------------------


@check()
def countable(tables: CheckedTables) -> None:
    """Report numbers of too many decimals, and columns of quantities that add up beyond 64 bits."""
    counted = [(tables.checked[name], column) for name, column in COUNTED if name in tables.checked]
    problem = tr(
        "has more than {most_decimals} decimals, which cannot be counted exactly", most_decimals=MOST_DECIMALS
    )
    for table, column in counted:
        said = (table.array(column), problem, tr("write fewer decimals, or take a smaller unit"))
        tables.error("too_fine", table, column, _too_fine(table, column), said)
    decimals = counted_decimals(tables)
    for table, column in counted:
        _check_size(tables, table, column, decimals)


def counted_decimals(tables: CheckedTables) -> int:
    """Return in how many decimals quantities are counted, as they themselves, ratios and prices need it."""
    counted = [(tables.checked[name], column) for name, column in COUNTED if name in tables.checked]
    fine = [table.array(column)[table.given(column) & ~_too_fine(table, column)] for table, column in counted]
    decimals = _decimals(np.unique(np.concatenate([np.empty(0), *fine])))
    return max(decimals, decimals_of(_served_by_granules(tables)))


def _served_by_granules(tables: CheckedTables) -> Floats:
    """Return what a granule of any donation may serve by any ratio or price: that is counted, too."""
    donations, items, substitutes = map(tables.get, ("donations", "items", "substitutions"))
    if donations is None:
        return np.empty(0)
    ratio = np.empty(0) if substitutes is None else substitutes.array("ratio")
    if not (ratio != 1).any() and not donations.among("item", fund_items(tables)).any():
        return np.empty(0)
    step, lot = _steps(tables, donations), donations.array("lot_size")
    granule, countable = _granules(step, np.where(np.isnan(lot), step, lot))
    earlier = tables.get("commitments")
    committed = np.empty(0) if earlier is None else earlier.array("quantity")
    price = np.empty(0) if items is None else items.array("purchase_price")
    given = np.unique(np.concatenate([granule[countable], committed[~np.isnan(committed)]]))
    return np.outer(given, np.concatenate([ratio[~np.isnan(ratio)], 1 / price[price > 0]])).ravel()


def _too_fine(table: Checked, column: str) -> Bools:
    """Return the rows of more than `MOST_DECIMALS`."""
    values = table.array(column)
    broken = np.flatnonzero(table.given(column) & (values != np.rint(values)))
    fine = np.zeros(len(values), dtype=bool)
    fine[broken[_decimals_off(values[broken], MOST_DECIMALS) > 0]] = True
    return fine


def _decimals_off(values: Floats, decimals: int) -> Floats:
    """Return how far `values` are from having `decimals` decimals, in the last one, rounding aside."""
    scaled = values * 10.0**decimals
    off = np.abs(scaled - np.rint(scaled))
    return np.where(off <= np.maximum(FLOAT * np.abs(scaled), WRITTEN), 0.0, off)


def _decimals(values: Floats) -> int:
    """Return how many decimals the finest of `values` needs."""
    enough = (k for k in range(MOST_DECIMALS) if not _decimals_off(values, k).any())
    return next(enough, MOST_DECIMALS)


def _check_size(tables: CheckedTables, table: Checked, column: str, decimals: int) -> None:
    """Report at the largest row what adds up, or is by itself, beyond what 64 bits count in some decimals."""
    values = np.nan_to_num(table.array(column))
    most = LARGEST_TOTAL / 10**decimals
    total = float(values.sum()) if column == "quantity" else float(values.max(initial=0.0))
    if total <= most:
        return
    said = {"total": f"{total:.4g}", "most": f"{most:.0e}", "decimals": decimals}
    if column != "quantity":
        problem = tr("comes to {total}, beyond {most}, up to which it can be counted", **said)
    elif decimals:
        problem = tr(
            "the column adds up to {total}, beyond {most}, up to which it can be counted in {decimals}"
            " decimals, as quantities, steps, lots, ratios and prices need it; this is its largest row",
            **said,
        )
    else:
        problem = tr("the column adds up to {total}, beyond {most}; this is its largest row", **said)
    cure = tr("check the number of digits, or take a larger unit")
    at = int(values.argmax())
    row, value = table.row(at), shown(float(values[at]))
    tables.found.error(
        "too_large", table.name, problem, cure, row=row, column=table.header(column), value=value
    )


# --- steps and lots ----------------------------------------------------------------------


@check("needs", complete=("items",))
def steps_of_needs(tables: CheckedTables, needs: Checked) -> None:
    """Report fractions of what comes in whole steps; warn of needs that are no multiple of a step."""
    step = _steps(tables, needs)
    whole = _refuse_fractions(tables, needs, step)
    odd = whole & ~_divides(needs.array("quantity"), step)
    _warn_once(tables, needs, odd, step, tr("its item's step"), tr("only a substitute can serve the rest"))


@check("donations", complete=("items",))
def steps_of_donations(tables: CheckedTables, donations: Checked) -> None:
    """Report fractions of what comes in whole steps, and lots that no step fits; warn of idle rests."""
    step, lot = _steps(tables, donations), donations.array("lot_size")
    whole = _refuse_fractions(tables, donations, step)
    granule, countable = _granules(step, np.where(np.isnan(lot), step, lot))

    def say_uncountable(at: int) -> Said:
        unit = f"{step[at]:g}"
        problem = tr("and the step {step} have no common multiple that can be counted", step=unit)
        return lot, problem, tr("write a multiple of {step}", step=unit)

    tables.error("too_fine", donations, "lot_size", ~countable, say_uncountable)
    plannable = _plannable(donations, step, tables.settings)
    whole &= countable & (plannable > 0)
    idle = whole & donations.given("lot_size") & (granule > plannable * (1 + ROUNDING))

    def say_idle(at: int) -> Said:
        lots = {"step": f"{step[at]:g}", "granule": f"{granule[at]:.15g}"}
        larger = granule[at] > lot[at]
        problem = tr(
            "{said} more than the {plannable} that can be planned: nothing can be given",
            said=tr("with the step {step} makes lots of {granule},", **lots) if larger else "is",
            plannable=f"{plannable[at]:.15g}",
        )
        return lot, problem, tr("check lot_size and quantity")

    tables.warning("idle_lot", donations, "lot_size", idle, say_idle)
    odd = whole & ~idle & ~_divides(donations.array("quantity"), granule)
    _warn_once(tables, donations, odd, granule, tr("its step or lot"), tr("the rest cannot be given"))


def _steps(tables: CheckedTables, table: Checked) -> Floats:
    """Return the step of each row's item."""
    items = tables.get("items")
    return table.lookup("item", {} if items is None else items.by("item", "step"), 1.0)


def _divides(quantity: Floats, step: Floats) -> Bools:
    """Return where `quantity` is a whole multiple of `step`, rounding aside."""
    divides = (step == 1) & (quantity == np.rint(quantity))
    other = np.flatnonzero(~divides)
    ratio = quantity[other] / step[other]
    divides[other] = np.abs(ratio - np.rint(ratio)) <= ROUNDING * np.maximum(1.0, np.abs(ratio))
    return np.asarray(divides)


def _refuse_fractions(tables: CheckedTables, table: Checked, step: Floats) -> Bools:
    """Report fractions of items that come in whole steps; return the rows that have another quantity."""
    quantity = table.array("quantity")
    given = table.given("quantity")
    fraction = given & ~_divides(quantity, step) & (quantity != np.floor(quantity)) & (step == np.floor(step))
    problem = tr("is a fraction of an item that comes in whole steps")
    cure = tr("write a whole number, or give the item a smaller step in the table items")
    tables.error("fraction", table, "quantity", fraction, (quantity, problem, cure))
    return np.asarray(given & ~fraction)


def _warn_once(
    tables: CheckedTables, table: Checked, odd: Bools, granule: Floats, whose: str, meaning: str
) -> None:
    """Warn once of quantities that are no multiple of their `granule`."""
    if not odd.any():
        return
    first = int(np.argmax(odd))
    problem = trn(
        "{n} quantity is no whole multiple of {whose}: {meaning}",
        "{n} quantities are no whole multiple of {whose}: {meaning}",
        int(odd.sum()),
        whose=whose,
        meaning=meaning,
    )
    cure = tr("write a multiple, here of {granule}, if that is not meant", granule=f"{granule[first]:.15g}")
    tables.warn_once("off_step", table, "quantity", odd, problem, cure)


def _granules(step: Floats, lot: Floats) -> tuple[Floats, Bools]:
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


def _plannable(donations: Checked, step: Floats, settings: Settings | None) -> Floats:
    """Return what the reliability policy lets be planned of each donation at most; all without `settings`.

    Of donations that are alike expected quantities are rounded together: here, of all of one item and chance.
    """
    quantity = np.nan_to_num(donations.array("quantity"))
    reliability = donations.array("reliability")
    policy = "ignore" if settings is None else settings.policy.reliability
    if policy == "expected" and (reliability < 1).any():
        pools = [donations.coded("item")[0], reliability]
        total = pd.Series(quantity).groupby(pools).transform("sum").to_numpy()
        steps = np.floor(total * reliability / step * (1 + ROUNDING))
        quantity = np.where(reliability < 1, np.minimum(steps * step, quantity), quantity)
    elif policy == "firm":
        quantity = np.where(reliability < 1, 0.0, quantity)
    return np.asarray(quantity, dtype=np.float64)


# --- what stands in, what can be bought, what is closed ----------------------------------


@check("substitutions")
def substitutions(tables: CheckedTables, table: Checked) -> None:
    """Report substitutions of an item by itself, and circles of substitutions."""
    wanted, given = table.array("need_item"), table.array("donated_item")
    sound = table.sound("need_item", "donated_item")
    cure = Cure(tr("leave the row out; the same item always serves"), LEAVE_OUT)
    said = (wanted, tr("stands in for itself"), cure)
    tables.error("self_substitution", table, "donated_item", sound & (wanted == given), said)
    successors: dict[str, dict[str, int]] = {}
    for at in np.flatnonzero(sound & (wanted != given)).tolist():
        successors.setdefault(wanted[at], {}).setdefault(given[at], at)
    for circle in circles(successors):
        circuit = " → ".join([*circle, circle[0]])
        tables.found.error(
            "substitution_cycle",
            table.name,
            tr("the substitutions go round in a circle: {shown}", shown=circuit),
            tr("leave out one row of the circle"),
            row=table.row(successors[circle[0]][circle[1 % len(circle)]]),
            column=table.header("donated_item"),
            value=circuit,
        )


def circles(successors: Mapping[str, Mapping[str, int]]) -> list[list[str]]:
    """Return circles of a directed graph that share no node, at least one if there is any."""
    left = _trimmed({node: set(after) for node, after in successors.items()})
    found: list[list[str]] = []
    while left:
        path: dict[str, int] = {}
        node = min(left)
        while node not in path:
            path[node] = len(path)
            node = min(left[node])
        circle = list(path)[path[node] :]
        found.append(circle)
        for gone in circle:
            left.pop(gone)
        left = _trimmed(left)
    return found


def _trimmed(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Take away nodes that lead nowhere until each of the rest leads to another of them."""
    before: dict[str, list[str]] = {}
    for node, after in graph.items():
        for other in after:
            before.setdefault(other, []).append(node)
    idle = [node for node in before if node not in graph]
    idle += [node for node, after in graph.items() if not after]
    while idle:
        gone = idle.pop()
        graph.pop(gone, None)
        for node in before.get(gone, ()):
            if node in graph and gone in graph[node]:
                graph[node].discard(gone)
                if not graph[node]:
                    idle.append(node)
    return graph


def fund_items(tables: CheckedTables) -> set[str]:
    """Return the items of kind funds."""
    items = tables.get("items")
    return set() if items is None else set(items.array("item")[items.array("kind") == "funds"])


@check("items", complete=("items", "needs", "substitutions"))
def prices_of_funds(tables: CheckedTables, items: Checked) -> None:
    """Warn of prices of funds themselves, which buy nothing."""
    priced, price = items.given("purchase_price") & (items.array("kind") == "funds"), "purchase_price"

    def say(at: int) -> Said:
        problem = tr("has no effect: funds are not bought with funds")
        return f"{items.array(price)[at]:g}", problem, tr("leave it empty, or correct the kind")

    tables.warning("idle_price", items, price, priced, say)


@check("items", "donations", complete=("items", "needs", "substitutions"))
def idle_funds(tables: CheckedTables, items: Checked, donations: Checked) -> None:
    """Warn of donated funds that nothing asked for can be bought with."""
    asked = tables.names("needs.item")
    bought = items.given("purchase_price") & (items.array("kind") != "funds")
    if not asked.isdisjoint(items.array("item")[bought]):
        return
    substitutes = tables.get("substitutions")
    if substitutes is not None:
        asked |= set(substitutes.array("donated_item")[substitutes.among("need_item", asked)])
    problem = tr("can buy nothing: no item that is asked for has a purchase_price")
    said = (donations.array("item"), problem, tr("give a purchase_price to the items that it may buy"))
    tables.warning("idle_funds", donations, "item", donations.among("item", fund_items(tables) - asked), said)


@check()
def outliers(tables: CheckedTables) -> None:
    """Warn of quantities beyond all measure of the others: too many digits, or another unit."""
    for table in (tables.checked[name] for name in ("needs", "donations") if name in tables.checked):
        quantity = table.array("quantity")
        if table.given("quantity").sum() < FEWEST_TO_COMPARE:
            continue
        middle = float(np.nanmedian(quantity))
        problem = tr("is more than a million times the median, {middle}", middle=shown(middle))
        said = (quantity, problem, tr("check the number of digits and the unit"))
        tables.warning("outlier", table, "quantity", quantity > BEYOND_MEASURE * middle, said)


@check("items", "donations", settings=True)
def other_currency(tables: CheckedTables, items: Checked, donations: Checked, settings: Settings) -> None:
    """Warn of money that is told in another currency than all costs are."""
    of_case = unit_of(settings.rates.currency).key
    units = items.by("item", "unit")
    kinds = {item: unit_of(unit).key for item, unit in units.items()}
    odd = {item for item in fund_items(tables) if kinds[item] in CURRENCIES - {of_case}}
    if of_case in CURRENCIES and odd:
        ours = settings.rates.currency
        problem = tr("is money in another currency than {ours}, which all costs and prices are in", ours=ours)
        said = (donations.array("item"), problem, tr("set rates.currency, or give the amount in it"))
        tables.warning("other_currency", donations, "item", donations.among("item", odd), said)


@check()
def closed(tables: CheckedTables) -> None:
    """Warn of capacities of 0, which are easily meant as "not known"."""
    for name, column, meaning in CLOSED:
        table = tables.get(name)
        if table is not None:
            problem = tr("closes it: {meaning}", meaning=tr(meaning))
            said = ("0", problem, tr("leave it empty if there is no limit"))
            tables.warning("closed", table, column, table.array(column) == 0, said)
