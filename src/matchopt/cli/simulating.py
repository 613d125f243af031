"""The commands that try a case out: arrivals replayed under several policies."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from matchopt.cli.door import (
    CasePath,
    Changes,
    command,
    progress,
    read_case,
    refuse_malformed,
    refuse_no_time,
    show,
)
from matchopt.language import tr


class Policy(StrEnum):
    """How arrivals are matched."""

    OPTIMAL = "optimal"
    FIRST_COME = "first-come"
    PROXIMITY = "proximity"
    PROPORTIONAL = "proportional"


@command
def simulate(
    case: CasePath,
    every: Annotated[int, typer.Option(min=1, metavar="DAYS", help="Days between two matchings.")] = 7,
    policy: Annotated[
        list[Policy] | None,
        typer.Option(help="A policy to replay. Repeated: several.  [default: all of them]"),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="For each plan of the optimal policy; hindsight has as long as all of them.  [default: 10]",
        ),
    ] = None,
    changes: Changes = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FOLDER",
            help="Folder to write.  [default: studies/NAME OF CASE-simulation]",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder if it exists.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print only the path of the folder.")] = False,
) -> None:
    """Replay arrivals by their dates, and tell what each way of matching serves, how far and how late.

    Needs and donations become known on their created_on. Every so many days a policy matches what is known;
    unmet needs wait, goods age, what was matched is gone. optimal plans the best each time; first-come,
    proximity and proportional are what organisations do without. Hindsight is the best plan of someone who
    knows all arrivals from the start.

    \b
      matchopt simulate my-city
      matchopt simulate my-city --every 1 --policy optimal --policy proximity
    """  # noqa: D301
    from matchopt.io.study import PAGE, default_study, refuse_study, write_study
    from matchopt.report import simulated
    from matchopt.whatif.replay import POLICIES
    from matchopt.whatif.replay import simulate as replayed

    refuse_malformed(changes)
    refuse_no_time(time_limit)
    folder = output if output is not None else default_study(case, "simulation", force=force)
    refuse_study(folder, force=force)
    chosen = tuple(dict.fromkeys(name.value for name in policy)) if policy else POLICIES
    with progress(quiet=quiet) as step:
        read = read_case(case, changes or (), step)
        made = replayed(read, every=every, policies=chosen, time_limit=time_limit or 10.0, tell=step)
        step("writing the report", 0, 0)
        write_study(
            folder, simulated.page(made), simulated.tables(made), simulated.as_json(made), force=force
        )
    if not quiet:
        for sentence in simulated.in_words(made):
            print(sentence)
        for section in simulated.sections(made):
            print()
            show(section)
        print("\n" + tr("To read, print and pass on: {files}", files=str(folder / PAGE)))
    print(folder)
