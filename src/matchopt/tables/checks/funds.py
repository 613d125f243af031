"""Funds: prices that buy nothing, and money that finds nothing to buy."""

from __future__ import annotations

from matchopt.language import tr
from matchopt.tables.tables import Tables


def fund_items(tables: Tables) -> set[str]:
    """Return the items of kind funds."""
    items = tables.get("items")
    return set() if items is None else set(items.array("item")[items.array("kind") == "funds"])


def check_funds(tables: Tables) -> None:
    """Warn of prices of funds themselves, and of funds that nothing asked for can be bought with."""
    items, donations = tables.get("items"), tables.get("donations")
    if items is None or not tables.complete("items", "needs", "substitutions"):
        return
    funds = items.array("kind") == "funds"
    names = items.array("item")
    priced = items.given("purchase_price")
    tables.warning(
        "idle_price", items, "purchase_price", funds & priced,
        lambda at: (
            f"{items.array('purchase_price')[at]:g}", tr("has no effect: funds are not bought with funds"),
            tr("leave it empty, or correct the kind"),
        ),
    )  # fmt: skip
    if donations is None:
        return
    asked = tables.names("needs", "item")
    buys = not asked.isdisjoint(names[priced & ~funds])
    useful = asked | _substitutes(tables, asked)
    idle = set() if buys else fund_items(tables) - useful
    given = donations.array("item")
    tables.warning(
        "idle_funds", donations, "item", donations.among("item", idle),
        lambda at: (
            given[at], tr("can buy nothing: no item that is asked for has a purchase_price"),
            tr("give a purchase_price to the items that it may buy"),
        ),
    )  # fmt: skip


def _substitutes(tables: Tables, asked: set[str]) -> set[str]:
    """Return the items that stand in for one of those `asked`."""
    table = tables.get("substitutions")
    if table is None:
        return set()
    return set(table.array("donated_item")[table.among("need_item", asked)])
