"""The summary of a plan: a headline, proof, fairness and budget in words, and a few small tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matchopt.language import money_unit
from matchopt.model.routes import RATED_KINDS
from matchopt.report import terminal, words
from matchopt.report.table import COUNT, GAP, MONEY, NUMBER, SHARE, TEXT, ReportColumn, ReportTable
from matchopt.report.words import Share, tr, trn
from matchopt.tolerances import EQUAL

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

    from matchopt.contract.plan import Plan

TIER = "served_tier_"

FEW_CELLS = 4
"""Fairness cells that are named of those that hold the smallest coverage where it is."""


def headline(summary: Mapping[str, Any]) -> str:
    """Return how many needs the plan serves, what it brings and costs; unlike things are not added up."""
    kinds, counts = summary["by_kind"], summary["by_kind"]["requests"]
    needs = words.count(counts["asked"], "need")
    if counts["full"] == counts["asked"]:
        said = [tr("Everything that is asked for is served: {needs}.", needs=needs)]
    else:
        told = {name: counts[name] for name in ("full", "part", "none")}
        told |= {"needs": needs, "share": Share(counts["full"], counts["asked"])}
        said = [
            tr(
                "Of {needs} {full} are served in full ({share}), {part} in part and {none} not at all.",
                **told,
            )
        ]
    if things := brought(kinds, summary["currency"]):
        said.append(tr("What is planned: {things}.", things=things))
    return words.joined([*said, *_costs_in_words(summary)])


def brought(kinds: Mapping[str, Any], currency: str) -> list[str]:
    """Return how much of each kind is planned; what there is nothing of is left out."""
    told = []
    if goods := kinds.get("goods_kg"):
        told.append(tr("{kg} kg of goods", kg=round(goods, 1)))
    if services := kinds.get("services"):
        told.append(trn("{n} unit of services", "{n} units of services", services))
    if funds := kinds.get("funds"):
        told.append(tr("{amount} in money", amount=words.money(funds, currency)))
    return told


def _costs_in_words(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is really spent, and what is rated, which nobody pays."""
    cost, currency = summary["cost"], summary["currency"]
    spent = words.money(summary["logistics_cost"] - rated_cost(cost), currency)
    if cost["purchase"]:
        bought = words.money(cost["purchase"], currency)
        yield tr("{spent} is really spent, {bought} of it on purchases.", spent=spent, bought=bought)
    else:
        yield tr("{spent} is really spent.", spent=spent)
    if rated := rated_cost(cost):
        yield tr("{rated} is rated, and nobody pays it.", rated=words.money(rated, currency))


def rated_cost(cost: Mapping[str, float]) -> float:
    """Return of costs by kind what is rated, needs left unmet aside: it is minimised, but not spent."""
    return sum(cost.get(kind, 0.0) for kind in RATED_KINDS)


def details(plan: Plan) -> str:
    """Return in a sentence each what of the offers is used, what funds buy, and which days."""
    summary, donations = plan.summary, plan.donations
    full = donations["left_over"] <= 0
    part = ~full & (donations["planned"] > 0)
    told = {"full": int(full.sum()), "part": int(part.sum()), "none": int((~full & ~part).sum())}
    offers = words.count(len(full), "donation")
    lines = [
        tr("Of {offers} {full} are planned in full, {part} in part and {none} not.", offers=offers, **told)
    ]
    if len(plan.purchases):
        amount = words.money(float(plan.purchases["amount"].sum()), summary["currency"])
        purchases = words.count(len(plan.purchases), "purchase")
        lines.append(tr("Funds buy for {amount} ({purchases}).", amount=amount, purchases=purchases))
    days = summary["horizon"]
    if days.get("start"):
        lines.append(tr("Days: {first} to {last}.", first=days["start"], last=days["end"]))
    return words.joined(lines)


def used(offered: float, planned: float) -> str:
    """Return how much of what is offered is planned."""
    told = {"offered": offered, "planned": planned, "share": Share(planned, offered)}
    return tr("Of {offered} units offered {planned} are planned ({share}).", **told)


def tables(summary: Mapping[str, Any]) -> Iterator[ReportTable]:
    """Yield the tables of the summary; those with nothing to say are left out."""
    title, by = tr("Served by priority (1 is most urgent)"), tr("priority")
    yield _coverage(title, by, summary["asked_by_tier"], summary["served_by_tier"], {})
    title, by = tr("Served by who stated the need"), tr("channel")
    yield _coverage(title, by, summary["asked_by_channel"], summary["served_by_channel"], words.CHANNELS)
    counted = summary["objective"] == "total-cost"
    cost = {kind: amount for kind, amount in summary["cost"].items() if kind != "unmet" or counted}
    yield costs(cost, summary["currency"])
    if found := summary["unmet_by_reason"]:
        yield _reasons(tr("Not served, and why"), ("needs", tr("needs")), found, words.UNMET)
    if found := summary["left_over_by_reason"]:
        title = tr("Donations left over, and why")
        yield _reasons(title, ("donations", tr("donations")), found, words.LEFT_OVER)


def _coverage(
    title: str, by: str, asked: Mapping[str, Any], served: Mapping[str, Any], names: Mapping[str, str]
) -> ReportTable:
    parts, wholes = [served.get(key, 0) for key in asked], list(asked.values())
    shown = [
        ReportColumn(by, TEXT, [words.called(key, names) for key in asked]),
        ReportColumn(tr("asked"), NUMBER, wholes),
        ReportColumn(tr("served"), NUMBER, parts),
        ReportColumn(tr("share"), SHARE, parts, wholes),
    ]
    bars = [part / whole if whole else 0.0 for part, whole in zip(parts, wholes, strict=True)]
    return ReportTable(title, shown, bars=bars)


def costs(cost: Mapping[str, float], currency: str) -> ReportTable:
    """Return what is really spent by kind, then what is rated, and all of it together."""
    paid = {kind: float(amount) for kind, amount in cost.items() if amount}
    rated = {kind: paid.pop(kind) for kind in (*RATED_KINDS, "unmet") if kind in paid}
    told = [(tr(words.COSTS[kind]), amount) for kind, amount in paid.items()]
    if rated:
        told.append((tr("really spent"), sum(paid.values())))
        told += [(tr("rated: {kind}", kind=tr(words.COSTS[kind])), amount) for kind, amount in rated.items()]
    names, amounts = [name for name, _ in told], [amount for _, amount in told]
    total = sum(paid.values()) + sum(rated.values())
    shown = [
        ReportColumn(tr("kind of cost"), TEXT, [*names, tr("together")]),
        ReportColumn(money_unit(currency), MONEY, [*amounts, total]),
        ReportColumn(tr("share"), SHARE, [*amounts, None], [total] * (len(amounts) + 1)),
    ]
    return ReportTable(tr("What it costs"), shown, last_is_sum=True)


def _reasons(
    title: str, counted: tuple[str, str], groups: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]
) -> ReportTable:
    """Return the reasons, the largest quantity first; `counted` is what is counted, and its header."""
    codes = sorted(groups, key=lambda code: (-groups[code]["quantity"], code))
    shown = [
        ReportColumn(tr("why"), TEXT, [words.called(code, names) for code in codes]),
        ReportColumn(tr("code"), TEXT, codes),
        ReportColumn(counted[1], COUNT, [groups[code][counted[0]] for code in codes]),
        ReportColumn(tr("units"), NUMBER, [groups[code]["quantity"] for code in codes]),
    ]
    return ReportTable(title, shown)


def price_of_fairness(curve: pd.DataFrame, currency: str) -> ReportTable:
    """Return the table of a fairness curve: what each higher floor costs, in coverage and in money.

    Parameters
    ----------
    curve
        One row a point: floor, served, coverage, ``served_tier_<t>`` …, logistics_cost,
        bound_cost, gap; see `matchopt.fairness_curve`.
    currency
        What its money is in.
    """
    tiers = [str(name) for name in curve.columns if str(name).startswith(TIER)]
    shown = [
        ReportColumn(tr("smallest coverage"), SHARE, curve["floor"]),
        ReportColumn(tr("served"), NUMBER, curve["served"]),
        ReportColumn(tr("of all"), SHARE, curve["coverage"]),
        *(ReportColumn(tr("priority {tier}", tier=t.removeprefix(TIER)), NUMBER, curve[t]) for t in tiers),
        ReportColumn(tr("cost, {currency}", currency=money_unit(currency)), MONEY, curve["logistics_cost"]),
        ReportColumn(tr("at the least"), MONEY, curve["bound_cost"]),
        ReportColumn(tr("gap"), GAP, curve["gap"]),
    ]
    return ReportTable(tr("What fairness costs"), shown)


def plain_text(plan: Plan, more: Sequence[ReportTable] = ()) -> str:
    """Return the summary of `plan`, and `more` after it, as aligned lines for logs and pipes."""
    summary = plan.summary
    blocks = [f"{headline(summary)}\n{details(plan)}", "\n".join([*_standing(summary), proof(summary)])]
    blocks += map(terminal.plain, [*tables(summary), *more])
    return "\n\n".join(blocks)


def renderable(plan: Plan, more: Sequence[ReportTable] = ()) -> RenderableType:
    """Return the summary of `plan`, and `more` after it, for a rich console: bars, bold sums."""
    from rich.console import Group
    from rich.text import Text

    summary = plan.summary
    proven = "green" if summary["status"] == "optimal" else "yellow"
    parts: list[RenderableType] = [
        Text(headline(summary), "bold"),
        Text(details(plan)),
        *map(Text, _standing(summary)),
        Text(proof(summary), proven),
    ]
    return Group(*parts, *map(terminal.renderable, [*tables(summary), *more]))


def rules(summary: Mapping[str, Any], *, public: bool = False) -> list[str]:
    """Return what the plan reaches of fairness and uses of the budget, if there are such rules.

    The public is not told which communities get least.
    """
    fair = [fairness(summary["fairness"], named=not public)] if summary["fairness"] is not None else []
    return [*fair, budget(summary)] if summary["budget"] is not None else fair


def _standing(summary: Mapping[str, Any]) -> list[str]:
    """Return what the plan reaches of its rules and keeps of a plan before."""
    return [*rules(summary), *([commitments(summary)] if "commitments" in summary else [])]


def verified(plan: Plan) -> str:
    """Return in one line what was rechecked of `plan`, and how good it is."""
    counted = {"allocation": plan.allocations, "need": plan.needs, "donation": plan.donations}
    rows = (words.count(len(table), one) for one, table in counted.items())
    best = tr("proven optimal")
    if plan.status != "optimal":
        best = tr("feasible, gap {gap}", gap=words.gap(plan.gap))
    return tr("verified: {rows}; every rule, sum and cost holds; {best}", rows=", ".join(rows), best=best)


def proof(summary: Mapping[str, Any]) -> str:
    """Return in plain words what is proven about the plan, and whether its search was cut short."""
    if summary["status"] == "optimal":
        return _best(summary)
    gap = tr("Gap: {gap}.", gap=words.gap(summary["gap"]))
    said = [tr("Not proven best: {missing}.", missing=_missing(summary)), gap]
    stopped = tr(
        "The search for whole quantities stopped at the time limit; with more time it may find better."
    )
    if summary["stopped"] == "interrupted":
        stopped = tr("The search for whole quantities was interrupted; with more time it may find better.")
    return words.joined([*said, stopped] if summary["stopped"] else said)


def _best(summary: Mapping[str, Any]) -> str:
    money = words.money(summary["bound"]["cost"], summary["currency"])
    told = {"no_plan": _rivals(summary), "money": money}
    if summary["objective"] == "coverage-first":
        said = tr(
            "Proven best: {no_plan} serves more of a priority without serving less of a more urgent one, "
            "and none that serves as much costs less than {money}.",
            **told,
        )
    else:
        said = tr("Proven best: {no_plan} costs less than {money}, needs left unmet included.", **told)
    if summary["proof"] != "search":
        return said
    relaxed = summary["relaxation"]
    cost = words.money(relaxed["cost"], summary["currency"])
    if "served_by_tier" not in relaxed:
        alone = tr(
            "It took a search through whole quantities to show it; prices alone prove "
            "a cost of {cost} at the least.",
            cost=cost,
        )
    else:
        alone = tr(
            "It took a search through whole quantities to show it; prices alone prove {units} units at the "
            "most and a cost of {cost} at the least.",
            units=sum(relaxed["served_by_tier"].values()),
            cost=cost,
        )
    return words.joined([said, alone])


def _rivals(summary: Mapping[str, Any]) -> str:
    """Return which plans the plan is held against."""
    fair, budget = summary["fairness"] is not None, summary["budget"] is not None
    if fair and budget:
        return tr("no plan as fair within the budget")
    if fair:
        return tr("no plan as fair")
    return tr("no plan within the budget") if budget else tr("no plan")


def _missing(summary: Mapping[str, Any]) -> str:
    """Return the first goal that is not proven to be reached, and what is proven of it."""
    bound, fair, served = summary["bound"], summary["fairness"], summary["served_by_tier"]
    if fair is not None and not _reached(_value(fair), fair["bound"]):
        return tr("a fairer plan may be there")
    for tier, most in bound.get("served_by_tier", {}).items():
        if not _reached(served.get(tier, 0), most):
            return tr(
                "of priority {tier} it serves {some} units, and another plan may serve up to {all}",
                tier=tier,
                some=served.get(tier, 0),
                all=most,
            )
    least = {"money": words.money(bound["cost"], summary["currency"])}
    if "served_by_tier" in bound:
        return tr("another plan may cost less for what this one serves, though no less than {money}", **least)
    return tr("another plan may cost less needs left unmet included, though no less than {money}", **least)


def _reached(value: float, bound: float) -> bool:
    return abs(value - bound) <= EQUAL * max(1.0, abs(bound))


def _value(fair: Mapping[str, Any]) -> float:
    return float(fair["shortfall"] if fair["rule"] == "share" else fair["floor"])


def fairness(fair: Mapping[str, Any], *, named: bool = True) -> str:
    """Return how fair the plan is, how much fairer another could be at the most, and which cells it is for.

    Without `named` these go untold.
    """
    value, bound = _value(fair), fair["bound"]
    best = _reached(value, bound)
    if fair["rule"] == "share":
        if value <= EQUAL:
            return tr("Fairness (share): every community gets its share.")
        if best:
            return tr(
                "Fairness (share): {units} units are missing to the fair shares, the least that is possible.",
                units=value,
            )
        return tr(
            "Fairness (share): {units} units are missing to the fair shares, at the least {bound}.",
            units=value,
            bound=bound,
        )
    most = tr("the most that is possible")
    limit = most if best else tr("at the most {share} is possible", share=Share(bound))
    if fair["rule"] == "leximin":
        said = tr(
            "Fairness (leximin): every community gets at least {share} of what it asks for in each category "
            "that somebody can serve, {limit}; then the second worst off gets the most that is possible, "
            "and so on.",
            share=Share(value),
            limit=limit,
        )
    else:
        said = tr(
            "Fairness (floor): every community gets at least {share} of what it asks for in each category "
            "that somebody can serve, {limit}.",
            share=Share(value),
            limit=limit,
        )
    cells = fair.get("held_by", []) if named else []
    return words.joined([said, *([_held_by(cells)] if cells else [])])


def _held_by(cells: Sequence[Mapping[str, str]]) -> str:
    """Return which fairness cells hold the smallest coverage where it is; the first few of many."""
    names = [tr("{community} ({category})", **cell) for cell in cells[:FEW_CELLS]]
    if more := len(cells) - len(names):
        names.append(tr("{n} more", n=more))
    return tr("It is held there by {cells}.", cells=words.listed(names))


def budget(summary: Mapping[str, Any]) -> str:
    """Return how much of the budget is used, and what one more currency unit would serve or save."""
    spent, currency = summary["budget"], summary["currency"]
    used, limit = words.money(spent["used"]), words.money(spent["limit"], currency)
    figures = {"used": used, "limit": limit, "unit": money_unit(currency)}
    more = {goal: gain for goal, gain in spent["one_more"].items() if gain > 0}
    if "cost" in more:
        return tr(
            "Budget: {used} of {limit} are used; one more {unit} would save {saved} {unit} in all.",
            saved=_few(more["cost"]),
            **figures,
        )
    if summary["objective"] == "total-cost":
        if "cost" in spent["one_more"]:
            return tr("Budget: {used} of {limit} are used; one more {unit} would save nothing.", **figures)
        return tr("Budget: {used} of {limit} are used.", **figures)
    if more:
        units = [tr("{units} units of priority {tier}", units=_few(n), tier=tier) for tier, n in more.items()]
        figures["units"] = words.listed(units)
        return tr("Budget: {used} of {limit} are used; one more {unit} would serve {units} more.", **figures)
    if spent["one_more"]:
        return tr("Budget: {used} of {limit} are used; one more {unit} would serve nothing more.", **figures)
    return tr("Budget: {used} of {limit} are used.", **figures)


def _few(units: float) -> float:
    return round(units, 4)


def commitments(summary: Mapping[str, Any]) -> str:
    """Return what became of the lines of an earlier plan."""
    lines, said = summary["commitments"], []
    if lines["pinned"]:
        said.append(trn("{n} line stays as it is.", "{n} lines stay as they are.", lines["pinned"]))
    if lines["promised"]:
        counts = {"kept": lines["kept"], "changed": lines["changed"]}
        said.append(tr("Other lines of the plan before: {kept} kept, {changed} changed.", **counts))
    if lines["churn_cost"]:
        money = words.money(lines["churn_cost"], summary["currency"])
        said.append(tr("The changes count as {money}, which nobody pays.", money=money))
    return words.joined(said) or tr("Nothing of a plan before stands.")
