"""Commands that answer questions about a plan."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from matchopt.cli.door import RunPath, command, fail, progress, read_plan
from matchopt.language import tr


class Subject(StrEnum):
    """What is to be explained."""

    NEED = "need"
    DONATION = "donation"
    COMMUNITY = "community"


@command
def explain(
    run: RunPath,
    subject: Annotated[Subject, typer.Argument(help="What is to be explained.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its id, or the name of the community.")],
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not look for changes that would serve the need.")
    ] = False,
    whole: Annotated[bool, typer.Option("--all", help="List all donations, however many.")] = False,
) -> None:
    """Explain a need, a donation or a community: what becomes of it, why, and what would change it.

    Of a need that is not served in full it lists the donations that were turned away and the rule that did
    it, whom the others serve instead, and the smallest changes that would serve it: each is confirmed by
    planning the changed case anew, which takes a while in large cases.

    \b
      matchopt explain runs/my-city need N0014
      matchopt explain runs/my-city need N0014 --quick
      matchopt explain runs/my-city donation D031
      matchopt explain runs/my-city community "Old Town"
    """  # noqa: D301
    from matchopt.report import explained
    from matchopt.whatif.explain import explain_need

    with progress() as step:
        step("reading and checking the tables", 0, 0)
        made = read_plan(run)
        table = made.donations if subject is Subject.DONATION else made.needs
        known = set(table[_COLUMN[subject]])
        if name not in known:
            _refuse(subject, name, known)
        if subject is Subject.NEED:
            story = explain_need(
                made, name, seek=not quick,
                tell=lambda count: step(tr("planning changed cases: {count}", count=count), 0, 0),
            )  # fmt: skip
            lines = list(explained.need_in_words(made, story, 10**9 if whole else explained.FEW))
        elif subject is Subject.DONATION:
            lines = list(explained.donation_in_words(made, name))
        else:
            lines = list(explained.community_in_words(made, name))
    print("\n".join(lines))


_COLUMN = {Subject.NEED: "need_id", Subject.DONATION: "donation_id", Subject.COMMUNITY: "community"}


def _refuse(subject: Subject, name: str, known: set[str]) -> None:
    """Say that there is no such thing, and what was probably meant."""
    from matchopt.io.names import near_name

    words = {
        Subject.NEED: tr("The plan has no need {name}.", name=name),
        Subject.DONATION: tr("The plan has no donation {name}.", name=name),
        Subject.COMMUNITY: tr("The plan has no community {name}.", name=name),
    }
    near = near_name(name, known)
    fail(words[subject] + (" " + tr("Did you mean {name}?", name=near) if near else ""))
