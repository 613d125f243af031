"""A batch in lines, as a table, and as a page."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from matchopt.language import mark, printable, speaking, spoken
from matchopt.report.page import rendered
from matchopt.report.table import ReportTable, columns
from matchopt.report.words import Share, count, money, tr
from matchopt.runs.jobs import FAILED, PLANNED, UNCHANGED, JobOutcome

OUTCOMES = {PLANNED: mark("planned"), UNCHANGED: mark("unchanged"), FAILED: mark("failed")}
"""What may become of a case."""


def line(one: JobOutcome) -> str:
    """Return what became of a case, in a line."""
    if one.outcome == FAILED:
        first = one.findings[0] if one.findings else ""
        more = tr(" (and {n} more)", n=str(len(one.findings) - 1)) if len(one.findings) > 1 else ""
        return tr("{name}: failed: {why}", name=one.name, why=first) + more
    return tr(
        "{name}: {outcome}, {full} of {needs} served in full ({share}), {cost}",
        name=one.name,
        outcome=tr(OUTCOMES[one.outcome]),
        full=one.full,
        needs=count(one.needs, "need"),
        share=Share(one.full, one.needs),
        cost=money(one.cost, one.currency),
    )


def total(outcomes: Sequence[JobOutcome]) -> str:
    """Return how many cases ended in which way."""
    counts = {name: sum(one.outcome == name for one in outcomes) for name in OUTCOMES}
    return tr("{planned} planned, {unchanged} unchanged, {failed} failed.", **counts)


def index(outcomes: Sequence[JobOutcome]) -> pd.DataFrame:
    """Return a row a case: name, case, run, outcome, its figures, the findings of those that failed."""
    told = [
        one.as_dict()
        | {name: printable(getattr(one, name)) for name in ("name", "case", "run")}
        | {"findings": printable("\n".join(one.findings))}
        for one in outcomes
    ]
    columns = list(JobOutcome.__dataclass_fields__)
    found = pd.DataFrame(told, columns=columns).sort_values("name", kind="stable", ignore_index=True)
    return found.astype(dict.fromkeys(("seconds", "asked", "served", "cost", "gap"), float))


def page(outcomes: Sequence[JobOutcome]) -> str:
    """Return the index as a page."""
    with speaking(spoken()):  # thousands of messages: asked once which language
        found = index(outcomes)
        told = found.assign(
            outcome=[tr(OUTCOMES[one]) for one in found["outcome"]],
            share=(found["full"] / found["needs"].where(found["needs"] > 0)).fillna(0.0),
            findings=found["findings"].str.replace("\n", "; "),
        )
        shown = columns(told, "name outcome needs full share cost currency gap seconds run findings")
        failed = found[found["outcome"] == FAILED]
        return rendered(
            "batch.html.j2",
            {},
            [ReportTable(tr("Cases"), shown, "cases", "index.csv")],
            title=tr("Batch of {n} cases", n=len(found)),
            total=total(outcomes),
            failed=list(zip(failed["name"], failed["findings"].str.split("\n"), strict=True)),
        )
