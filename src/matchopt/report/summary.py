"""The summary of a plan for a terminal: a headline, a few small tables, the proof in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matchopt.language import tr
from matchopt.report import words
from matchopt.report.proven import budget, commitments, fairness, proof
from matchopt.report.section import LEFT, RIGHT, Section
from matchopt.report.section import plain as plain_section
from matchopt.report.section import renderable as rich_section

if TYPE_CHECKING:
    from rich.console import RenderableType

    from matchopt.contract.plan import Plan


def headline(summary: Mapping[str, Any]) -> str:
    """Return in one sentence how much of what is asked for the plan serves, and at what cost."""
    asked, served, currency = summary["asked"], summary["served"], summary["currency"]
    cost = words.money(summary["logistics_cost"], currency)
    if served:
        per_unit = words.money(summary["logistics_cost"] / served)
        cost = tr("{cost} ({per_unit} per unit)", cost=cost, per_unit=per_unit)
    if served == asked:
        return tr(
            "Everything that is asked for is served: {units} units, for {cost}.",
            units=words.quantity(asked),
            cost=cost,
        )
    return tr(
        "{served} of {asked} units asked for are served ({share}), for {cost}.",
        served=words.quantity(served),
        asked=words.quantity(asked),
        share=words.percent(served, asked),
        cost=cost,
    )


def details(plan: Plan) -> str:
    """Return in a sentence each how many needs that is, what of the offers is used, and which days."""
    summary, served, unmet = plan.summary, plan.needs["served"], plan.needs["unmet"]
    full, part = int((unmet == 0).sum()), int(((unmet > 0) & (served > 0)).sum())
    offered, planned = summary["offered"], summary["planned"]
    lines = [
        tr(
            "Of {needs} {full} are served in full and {part} in part.",
            needs=words.count(len(unmet), "need"),
            full=f"{full:,}",
            part=f"{part:,}",
        ),
        tr(
            "Of {offered} units offered {planned} are planned ({share}).",
            offered=words.quantity(offered),
            planned=words.quantity(planned),
            share=words.percent(planned, offered),
        ),
    ]
    if len(plan.purchases):
        lines.append(
            tr(
                "Funds buy {units} units for {money} ({purchases}).",
                units=words.quantity(round(float(plan.purchases["quantity"].sum()), 6)),
                money=words.money(float(plan.purchases["amount"].sum()), summary["currency"]),
                purchases=words.count(len(plan.purchases), "purchase"),
            )
        )
    days = summary["horizon"]
    if days.get("start"):
        lines.append(tr("Days: {first} to {last}.", first=days["start"], last=days["end"]))
    return words.joined(lines)


def sections(summary: Mapping[str, Any]) -> Iterator[Section]:
    """Yield the tables of the summary; those with nothing to say are left out."""
    yield _coverage(
        tr("Served by priority (1 is most urgent)"),
        tr("priority"),
        summary["asked_by_tier"],
        summary["served_by_tier"],
        {},
    )
    yield _coverage(
        tr("Served by who stated the need"),
        tr("channel"),
        summary["asked_by_channel"],
        summary["served_by_channel"],
        words.CHANNELS,
    )
    yield _costs(summary)
    if summary["unmet_by_reason"]:
        yield _reasons(tr("Not served, and why"), "needs", summary["unmet_by_reason"], words.UNMET)
    if summary["left_over_by_reason"]:
        yield _reasons(
            tr("Donations left over, and why"), "donations", summary["left_over_by_reason"], words.LEFT_OVER
        )


def _coverage(
    title: str, kind: str, asked: Mapping[str, Any], served: Mapping[str, Any], names: Mapping[str, str]
) -> Section:
    rows = tuple(
        (
            tr(names.get(key, key)),
            words.quantity(asked[key]),
            words.quantity(served.get(key, 0)),
            words.percent(served.get(key, 0), asked[key]),
        )
        for key in asked
    )
    shares = tuple(served.get(key, 0) / asked[key] if asked[key] else 0.0 for key in asked)
    return Section(
        title, (kind, tr("asked"), tr("served"), tr("share")), (LEFT, RIGHT, RIGHT, RIGHT), rows, shares
    )


def _costs(summary: Mapping[str, Any]) -> Section:
    cost, currency = summary["cost"], summary["currency"]
    amounts = {kind: amount for kind, amount in cost.items() if kind != "unmet" and amount}
    if summary["objective"] == "total-cost":
        amounts["unmet"] = cost["unmet"]
    total = sum(amounts.values())
    rows = [
        (tr(words.COSTS[kind]), words.money(amount), words.percent(amount, total))
        for kind, amount in amounts.items()
    ]
    rows.append((tr("together"), words.money(total), ""))
    header = (tr("kind of cost"), currency, tr("share"))
    return Section(tr("What it costs"), header, (LEFT, RIGHT, RIGHT), tuple(rows), last_is_sum=True)


def _reasons(
    title: str, kind: str, groups: Mapping[str, Mapping[str, Any]], plain: Mapping[str, str]
) -> Section:
    """Return the reasons, the largest quantity first."""
    ordered = sorted(groups.items(), key=lambda group: (-group[1]["quantity"], group[0]))
    rows = tuple(
        (tr(plain.get(code, code)), code, words.quantity(group[kind]), words.quantity(group["quantity"]))
        for code, group in ordered
    )
    header = (tr("why"), tr("code"), tr("needs") if kind == "needs" else tr("donations"), tr("units"))
    return Section(title, header, (LEFT, LEFT, RIGHT, RIGHT), rows)


def plain_text(plan: Plan, more: Sequence[Section] = ()) -> str:
    """Return the summary of `plan`, and `more` after it, as aligned lines for logs and pipes."""
    summary = plan.summary
    blocks = [f"{headline(summary)}\n{details(plan)}", "\n".join([*_rules(summary), proof(summary)])]
    blocks += map(plain_section, [*sections(summary), *more])
    return "\n\n".join(blocks)


def renderable(plan: Plan, more: Sequence[Section] = ()) -> RenderableType:
    """Return the summary of `plan`, and `more` after it, for a rich console: bars, bold sums."""
    from rich.console import Group
    from rich.text import Text

    summary = plan.summary
    proven = "green" if summary["status"] == "optimal" else "yellow"
    parts: list[RenderableType] = [
        Text(headline(summary), "bold"),
        Text(details(plan)),
        *map(Text, _rules(summary)),
        Text(proof(summary), proven),
    ]
    return Group(*parts, *map(rich_section, [*sections(summary), *more]))


def _rules(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the plan reaches of fairness, uses of the budget and keeps of a plan before, if any."""
    if summary["fairness"] is not None:
        yield fairness(summary["fairness"])
    if summary["budget"] is not None:
        yield budget(summary)
    if "commitments" in summary:
        yield commitments(summary)


def verified(plan: Plan) -> str:
    """Return in one line what was rechecked of `plan`, and how good it is."""
    rows = (
        words.count(len(plan.allocations), "allocation"),
        words.count(len(plan.needs), "need"),
        words.count(len(plan.donations), "donation"),
    )
    best = tr("proven optimal")
    if plan.status != "optimal":
        best = tr("feasible, gap {gap}", gap=words.gap(plan.gap))
    return tr("verified: {rows}; every rule, sum and cost holds; {best}", rows=", ".join(rows), best=best)
