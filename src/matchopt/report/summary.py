"""The summary of a plan for a terminal: a headline, a few small tables, the proof in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matchopt.report import words

if TYPE_CHECKING:
    from rich.console import RenderableType

    from matchopt.solution import Plan

BAR = 24
LEFT, RIGHT = "left", "right"


@dataclass(frozen=True, slots=True)
class Section:
    """One small table of the summary.

    Attributes
    ----------
    title
        What it shows.
    header
        Names of the columns.
    sides
        ``left`` or ``right`` for each column.
    rows
        Cells as text.
    shares
        For each row the share (0..1) that a bar shows; empty for no bars.
    last_is_sum
        Whether the last row adds up the others.
    """

    title: str
    header: tuple[str, ...]
    sides: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    shares: tuple[float, ...] = ()
    last_is_sum: bool = False


def headline(summary: Mapping[str, Any]) -> str:
    """Return in one sentence how much of what is asked for the plan serves, and at what cost."""
    asked, served, currency = summary["asked"], summary["served"], summary["currency"]
    cost = words.money(summary["logistics_cost"], currency)
    if served:
        cost += f" ({words.money(summary['logistics_cost'] / served)} per unit)"
    if served == asked:
        return f"Everything that is asked for is served: {words.quantity(asked)} units, for {cost}."
    part = words.percent(served, asked)
    amounts = f"{words.quantity(served)} of {words.quantity(asked)} units"
    return f"{amounts} asked for are served ({part}), for {cost}."


def details(plan: Plan) -> str:
    """Return in a sentence each how many needs that is, what of the offers is used, and which days."""
    summary, served, unmet = plan.summary, plan.needs["served"], plan.needs["unmet"]
    full, part = int((unmet == 0).sum()), int(((unmet > 0) & (served > 0)).sum())
    offered, planned = summary["offered"], summary["planned"]
    lines = [
        f"Of {words.count(len(unmet), 'need')} {full:,} are served in full and {part:,} in part.",
        f"Of {words.quantity(offered)} units offered {words.quantity(planned)} are planned"
        f" ({words.percent(planned, offered)}).",
    ]
    days = summary["horizon"]
    if days.get("start"):
        lines.append(f"Days: {days['start']} to {days['end']}.")
    return " ".join(lines)


def proof(summary: Mapping[str, Any]) -> str:
    """Return in plain words what is proven about the plan."""
    money = words.money(summary["bound"]["cost"], summary["currency"])
    coverage = summary["objective"] == "coverage-first"
    if summary["status"] != "optimal":
        gap = words.percent(summary["gap"], 1)
        kind = "less for what this one serves" if coverage else "less, needs left unmet included"
        return f"Not proven best: another plan may cost up to {gap} {kind} (at the least {money})."
    if coverage:
        return (
            "Proven best: no plan serves more of a priority without serving less of a more urgent one, "
            f"and none that serves as much costs less than {money}."
        )
    return f"Proven best: no plan costs less than {money}, needs left unmet included."


def sections(summary: Mapping[str, Any]) -> Iterator[Section]:
    """Yield the tables of the summary; those with nothing to say are left out."""
    yield _coverage(
        "Served by priority (1 is most urgent)",
        "priority",
        summary["asked_by_tier"],
        summary["served_by_tier"],
        {},
    )
    yield _coverage(
        "Served by who stated the need", "channel", summary["asked_by_channel"], summary["served_by_channel"],
        words.CHANNELS,
    )  # fmt: skip
    yield _costs(summary)
    if summary["unmet_by_reason"]:
        yield _reasons("Not served, and why", "needs", summary["unmet_by_reason"], words.UNMET)
    if summary["left_over_by_reason"]:
        yield _reasons(
            "Donations left over, and why", "donations", summary["left_over_by_reason"], words.LEFT_OVER
        )


def _coverage(
    title: str, kind: str, asked: Mapping[str, Any], served: Mapping[str, Any], names: Mapping[str, str]
) -> Section:
    rows = tuple(
        (
            names.get(key, key),
            words.quantity(asked[key]),
            words.quantity(served.get(key, 0)),
            words.percent(served.get(key, 0), asked[key]),
        )
        for key in asked
    )
    shares = tuple(served.get(key, 0) / asked[key] if asked[key] else 0.0 for key in asked)
    return Section(title, (kind, "asked", "served", "share"), (LEFT, RIGHT, RIGHT, RIGHT), rows, shares)


def _costs(summary: Mapping[str, Any]) -> Section:
    cost, currency = summary["cost"], summary["currency"]
    amounts = {kind: amount for kind, amount in cost.items() if kind != "unmet" and amount}
    if summary["objective"] == "total-cost":
        amounts["unmet"] = cost["unmet"]
    total = sum(amounts.values())
    rows = [
        (words.COSTS[kind], words.money(amount), words.percent(amount, total))
        for kind, amount in amounts.items()
    ]
    rows.append(("together", words.money(total), ""))
    header = ("kind of cost", currency, "share")
    return Section("What it costs", header, (LEFT, RIGHT, RIGHT), tuple(rows), last_is_sum=True)


def _reasons(
    title: str, kind: str, groups: Mapping[str, Mapping[str, Any]], plain: Mapping[str, str]
) -> Section:
    """Return the reasons, the largest quantity first."""
    ordered = sorted(groups.items(), key=lambda group: (-group[1]["quantity"], group[0]))
    rows = tuple(
        (plain.get(code, code), code, words.quantity(group[kind]), words.quantity(group["quantity"]))
        for code, group in ordered
    )
    return Section(title, ("why", "code", kind, "units"), (LEFT, LEFT, RIGHT, RIGHT), rows)


def plain_text(plan: Plan) -> str:
    """Return the summary of `plan` as aligned lines without colour, for logs and pipes."""
    summary = plan.summary
    blocks = [f"{headline(summary)}\n{details(plan)}", proof(summary)]
    for section in sections(summary):
        table = _aligned([section.header, *section.rows], section.sides)
        blocks.append("\n".join([section.title, *(f"  {line}" for line in table)]))
    return "\n\n".join(blocks)


def _aligned(rows: Sequence[tuple[str, ...]], sides: Sequence[str]) -> list[str]:
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if side == RIGHT else cell.ljust(width)
            for cell, width, side in zip(row, widths, sides, strict=True)
        ).rstrip()
        for row in rows
    ]


def renderable(plan: Plan) -> RenderableType:
    """Return the summary of `plan` for a rich console: bars for shares, bold sums."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    summary = plan.summary
    proven = "green" if summary["status"] == "optimal" else "yellow"
    parts: list[RenderableType] = [
        Text(headline(summary), "bold"), Text(details(plan)), Text(proof(summary), proven),
    ]  # fmt: skip
    for section in sections(summary):
        parts += [Text(f"\n{section.title}", "bold"), Padding(_rich_table(section), (0, 0, 0, 2))]
    return Group(*parts)


def _rich_table(section: Section) -> RenderableType:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, side in zip(section.header, section.sides, strict=True):
        table.add_column(Text(name, "dim"), justify="right" if side == RIGHT else "left")
    if section.shares:
        table.add_column("", width=BAR)
    last = len(section.rows) - 1
    for place, row in enumerate(section.rows):
        cells: list[RenderableType] = [Text(cell) for cell in row]
        if section.shares:
            cells.append(ProgressBar(total=1.0, completed=section.shares[place], width=BAR))
        table.add_row(*cells, style="bold" if section.last_is_sum and place == last else None)
    return table
