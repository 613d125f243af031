"""A batch in lines, as a table, and as a page."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from matchopt.language import mark, speaking, spoken, tr
from matchopt.report import words
from matchopt.report.page.shell import rendered
from matchopt.report.page.tables import MONEY, NUMBER, SHARE, TEXT, Column, table
from matchopt.runs.jobs import FAILED, PLANNED, UNCHANGED, JobOutcome

OUTCOMES = {PLANNED: mark("planned"), UNCHANGED: mark("unchanged"), FAILED: mark("failed")}
"""What may become of a case."""


def line(one: JobOutcome) -> str:
    """Return what became of a case, in a line."""
    if one.outcome == FAILED:
        first = one.findings[0] if one.findings else ""
        more = tr(" (and {n} more)", n=len(one.findings) - 1) if len(one.findings) > 1 else ""
        return tr("{name}: failed: {why}", name=one.name, why=first) + more
    return tr(
        "{name}: {outcome}, {served} of {asked} units ({share}), {cost}",
        name=one.name,
        outcome=tr(OUTCOMES[one.outcome]),
        served=words.quantity(one.served),
        asked=words.quantity(one.asked),
        share=words.percent(one.served, one.asked),
        cost=words.money(one.cost, one.currency),
    )


def total(outcomes: Sequence[JobOutcome]) -> str:
    """Return how many cases ended in which way."""
    counts = {name: sum(one.outcome == name for one in outcomes) for name in OUTCOMES}
    return tr(
        "{planned} planned, {unchanged} unchanged, {failed} failed.",
        **{name: f"{count:,}" for name, count in counts.items()},
    )


def index(outcomes: Sequence[JobOutcome]) -> pd.DataFrame:
    """Return a row a case: name, case, run, outcome, its figures, the findings of those that failed."""
    told = [one.as_dict() | {"findings": "\n".join(one.findings)} for one in outcomes]
    columns = list(JobOutcome.__dataclass_fields__)
    found = pd.DataFrame(told, columns=columns).sort_values("name", kind="stable", ignore_index=True)
    return found.astype(dict.fromkeys(("seconds", "asked", "served", "cost", "gap"), float))


def page(outcomes: Sequence[JobOutcome]) -> str:
    """Return the index as a page."""
    with speaking(spoken()):
        found = index(outcomes)
        share = (found["served"] / found["asked"].where(found["asked"] > 0)).fillna(0.0)
        columns = [
            Column(tr("case"), TEXT, found["name"]),
            Column(tr("outcome"), TEXT, [tr(OUTCOMES[one]) for one in found["outcome"]]),
            Column(tr("units asked for"), NUMBER, found["asked"]),
            Column(tr("served"), NUMBER, found["served"]),
            Column(tr("share"), SHARE, share),
            Column(tr("cost"), MONEY, found["cost"]),
            Column(tr("currency"), TEXT, found["currency"]),
            Column(tr("gap"), NUMBER, found["gap"]),
            Column(tr("seconds"), NUMBER, found["seconds"]),
            Column(tr("run folder"), TEXT, found["run"]),
            Column(tr("findings"), TEXT, found["findings"].str.replace("\n", "; ")),
        ]
        made = table("cases", tr("Cases"), columns, "index.csv")
        failed = found[found["outcome"] == FAILED]
        return rendered(
            "batch.html.j2",
            charts={},
            tables={"cases": made},
            title=tr("Batch of {n} cases", n=f"{len(found):,}"),
            total=total(outcomes),
            failed=list(zip(failed["name"], failed["findings"].str.split("\n"), strict=True)),
        )
