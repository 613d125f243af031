"""What a case may ask for and this version does not plan yet: refused by name, never ignored."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from matchopt.fields import LARGEST_QUANTITY
from matchopt.io.checked import Checked, Mask
from matchopt.io.findings import Said
from matchopt.io.tables import Tables, lookup
from matchopt.settings import FILE, Settings

NOT_YET = "is not planned by this version yet"
TOLERANCE = 1e-9
"""Relative: what binary fractions may be off a decimal multiple."""

Numbers = npt.NDArray[np.float64]


def refuse_not_built(tables: Tables, settings: Settings) -> None:
    """Report everything that the case uses and the planner does not know yet."""
    _refuse_settings(tables, settings)
    _refuse_flags(tables)
    if tables.complete("items"):
        steps = _by_item(tables, "step")
        for name in ("needs", "donations"):
            _check_steps(tables, name, steps)
        _refuse_lots(tables, steps)
        _refuse_substitutions(tables, steps)
        _refuse_funds(tables)
        _warn_of_capacities(tables, settings, steps)
    _refuse_few_communities(tables)
    commitments = tables.get("commitments")
    if commitments is not None:
        tables.found.error(
            "not_built", "commitments", f"re-planning around commitments {NOT_YET}", "leave the table out"
        )


def _refuse_settings(tables: Tables, settings: Settings) -> None:
    policy = settings.policy
    asked = [
        ("budget", policy.budget, policy.budget != 0, "a budget"),
        ("fairness", policy.fairness, policy.fairness != "none", "a fairness rule"),
        (
            "affinity_weight", policy.affinity_weight,
            policy.affinity_weight != 0 and tables.get("affinities") is not None, "the weight of affinities",
        ),
    ]  # fmt: skip
    for name, value, used, what in asked:
        if used:
            default = "none" if name == "fairness" else 0
            tables.found.error(
                "not_built", FILE, f"{what} {NOT_YET}", f"set it to {default}",
                column=f"policy.{name}", value=value,
            )  # fmt: skip


def _refuse(tables: Tables, table: Checked, column: str, where: Mask, what: str, cure: str) -> None:
    values = table.array(column)

    def say(at: int) -> Said:
        value = values[at]
        if isinstance(value, np.bool_):
            return "yes" if value else "no", f"{what} {NOT_YET}", cure
        return f"{value:g}" if isinstance(value, float) else value, f"{what} {NOT_YET}", cure

    tables.error("not_built", table, column, where, say)


def _refuse_flags(tables: Tables) -> None:
    needs = tables.get("needs")
    if needs is not None:
        for column, what in (
            ("single_source", "a need that one donation must serve alone"),
            ("all_or_nothing", "a need to be served in full or not at all"),
        ):
            _refuse(tables, needs, column, needs.array(column), what, "write no, or leave it empty")


def _by_item(tables: Tables, column: str) -> dict[str, float]:
    items = tables.get("items")
    return {} if items is None else dict(zip(items.frame["item"], items.frame[column], strict=True))


def _divides(quantity: Numbers, step: Numbers) -> Mask:
    """Return where `quantity` is a whole multiple of `step`, binary dust aside."""
    ratio = quantity / step
    return np.asarray(np.abs(ratio - np.rint(ratio)) <= TOLERANCE * np.maximum(1.0, np.abs(ratio)))


def _check_steps(tables: Tables, name: str, steps: Mapping[str, float]) -> None:
    """Report quantities that are no multiple of the item's step."""
    table = tables.get(name)
    if table is None:
        return
    quantity = table.array("quantity")
    step = lookup(table.array("item"), steps, 1.0)
    off = table.given("quantity") & ~_divides(quantity, step)
    fraction = off & (quantity != np.floor(quantity)) & (step == np.floor(step))
    tables.error(
        "fraction", table, "quantity", fraction,
        lambda at: (
            f"{quantity[at]:.15g}", "is a fraction of an item that comes in whole steps",
            f"write a multiple of {step[at]:g}, or give the item a smaller step in the table items",
        ),
    )  # fmt: skip

    def say(at: int) -> Said:
        problem = f"steps that do not divide: a quantity off the item's step {step[at]:g} {NOT_YET}"
        return f"{quantity[at]:.15g}", problem, f"write a multiple of {step[at]:g}"

    tables.error("not_built", table, "quantity", off & ~fraction, say)


def _refuse_lots(tables: Tables, steps: Mapping[str, float]) -> None:
    donations = tables.get("donations")
    if donations is None:
        return
    lot = donations.array("lot_size")
    step = lookup(donations.array("item"), steps, 1.0)
    bad = donations.given("lot_size") & ~_divides(step, np.where(np.isnan(lot), 1.0, lot))
    what = "a lot that holds more than one step, or divides none"
    _refuse(tables, donations, "lot_size", bad, what, "leave it empty, or write the item's step")


def _refuse_substitutions(tables: Tables, steps: Mapping[str, float]) -> None:
    table = tables.get("substitutions")
    if table is None:
        return
    ratio = table.array("ratio")
    _refuse(tables, table, "ratio", (ratio != 1) & table.sound("ratio"), "a ratio other than 1", "write 1")
    wanted = lookup(table.array("need_item"), steps, 1.0)
    given = lookup(table.array("donated_item"), steps, 1.0)
    what = "a substitution between items of different step"
    _refuse(tables, table, "donated_item", wanted != given, what, "give both items the same step")


def _refuse_funds(tables: Tables) -> None:
    items, donations = tables.get("items"), tables.get("donations")
    if items is None or donations is None:
        return
    funds = set(items.frame["item"][items.frame["kind"] == "funds"])
    codes, distinct = pd.factorize(donations.array("item"))
    where = np.isin(codes, [k for k, item in enumerate(distinct) if item in funds])
    _refuse(tables, donations, "item", where, "a donation of funds", "leave the donation out")


def _refuse_few_communities(tables: Tables) -> None:
    donations = tables.get("donations")
    if donations is None:
        return
    number = len(tables.names("needs", "community"))
    few = donations.array("max_communities") < number
    what = f"a limit below the {number} communities of the needs"
    _refuse(tables, donations, "max_communities", few, what, "leave it empty")


# --- shared capacities -------------------------------------------------------------------


def _warn_of_capacities(tables: Tables, settings: Settings, steps: Mapping[str, float]) -> None:
    """Warn of shared capacities that all goods together exceed: the planner checks them only afterwards."""
    load = _plannable_kg(tables, settings, steps)
    for name, column in (
        ("hubs", "storage_capacity"),
        ("hubs", "throughput_capacity"),
        ("lanes", "capacity_kg"),
        ("agreements", "max_quantity_kg"),
    ):
        table = tables.get(name)
        if table is None:
            continue
        capacity = table.array(column)

        def say(at: int, capacity: Numbers = capacity) -> Said:
            problem = f"could bind: {load:,.0f} kg of goods can be planned; a capacity that binds {NOT_YET}"
            return f"{capacity[at]:g}", problem, "if the plan exceeds it, the plan is refused"

        tables.warning("capacity_could_bind", table, column, capacity < load, say)


def _plannable_kg(tables: Tables, settings: Settings, steps: Mapping[str, float]) -> float:
    """Return the weight of all goods that may be planned."""
    donations = tables.get("donations")
    if donations is None:
        return 0.0
    items = donations.array("item")
    quantity = np.nan_to_num(donations.array("quantity"))
    reliability = donations.array("reliability")
    step = lookup(items, steps, 1.0)
    if settings.policy.reliability == "expected":
        steps_left = np.floor(quantity * reliability / step * (1 + TOLERANCE))
        quantity = np.where(reliability < 1, steps_left * step, quantity)
    elif settings.policy.reliability == "firm":
        quantity = np.where(reliability < 1, 0.0, quantity)
    table = tables.get("items")
    weights: dict[str, float] = {}
    if table is not None:
        weight = np.where(table.frame["kind"] == "goods", table.frame["weight_kg"], 0.0)
        weights = dict(zip(table.frame["item"], weight, strict=True))
    return float(min(np.sum(quantity * lookup(items, weights, 1.0)), LARGEST_QUANTITY * LARGEST_QUANTITY))
