"""Substitutions: none of an item by itself, none in a circle."""

from __future__ import annotations

from collections.abc import Mapping

from matchopt.language import tr
from matchopt.tables.findings import Said
from matchopt.tables.tables import Tables


def check_substitutions(tables: Tables) -> None:
    """Report substitutions of an item by itself, and circles of substitutions."""
    table = tables.get("substitutions")
    if table is None:
        return
    wanted, given = table.array("need_item"), table.array("donated_item")
    sound = table.sound("need_item", "donated_item")

    def say_self(at: int) -> Said:
        return wanted[at], tr("stands in for itself"), tr("leave the row out; the same item always serves")

    tables.error("self_substitution", table, "donated_item", sound & (wanted == given), say_self)
    successors: dict[str, dict[str, int]] = {}
    for at in (sound & (wanted != given)).nonzero()[0].tolist():
        successors.setdefault(wanted[at], {}).setdefault(given[at], at)
    for circle in circles(successors):
        shown = " → ".join([*circle, circle[0]])
        row = table.row(successors[circle[0]][circle[1 % len(circle)]])
        tables.found.error(
            "substitution_cycle",
            table.name,
            tr("the substitutions go round in a circle: {shown}", shown=shown),
            tr("leave out one row of the circle"),
            row=row,
            column=table.header("donated_item"),
            value=shown,
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
