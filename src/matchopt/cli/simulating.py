"""The commands that try a case out: arrivals replayed under several policies, donations that fail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from matchopt.report.section import Section

Force = Annotated[bool, typer.Option("--force", help="Replace the folder if it exists.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print only the path of the folder.")]


class Policy(StrEnum):
    """How arrivals are matched."""

    OPTIMAL = "optimal"
    FIRST_COME = "first-come"
    PROXIMITY = "proximity"
    PROPORTIONAL = "proportional"


class Reliability(StrEnum):
    """How the first plan takes reliability."""

    IGNORE = "ignore"
    EXPECTED = "expected"
    FIRM = "firm"


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
    force: Force = False,
    quiet: Quiet = False,
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
    from matchopt.report import simulated
    from matchopt.runs.study import default_study, refuse_study, write_study
    from matchopt.whatif.replay import POLICIES
    from matchopt.whatif.replay import simulate as replayed

    refuse_malformed(changes)
    refuse_no_time(time_limit)
    folder = output if output is not None else default_study(case, "simulation", force=force)
    refuse_study(folder, force=force)
    chosen = _chosen(policy, POLICIES)
    with progress(quiet=quiet) as step:
        read = read_case(case, changes or (), step)
        made = replayed(read, every=every, policies=chosen, time_limit=time_limit or 10.0, tell=step)
        step("writing the report", 0, 0)
        said, page = simulated.as_json(made), simulated.page(made)
        write_study(folder, page, simulated.tables(made), said, force=force)
    _tell(folder, simulated.in_words(made), simulated.sections(made), quiet=quiet)


@command
def stress(
    case: CasePath,
    draws: Annotated[int, typer.Option(min=1, metavar="N", help="How often donations are drawn.")] = 500,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="The same seed gives the same figures.")] = 1,
    policy: Annotated[
        list[Reliability] | None,
        typer.Option(help="How the first plan takes reliability. Repeated: several.  [default: all three]"),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many plans are mended side by side; 0: one a core.")
    ] = 0,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", help="For each plan; figures may then differ a little.  [default: none]"
        ),
    ] = None,
    changes: Changes = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FOLDER",
            help="Folder to write.  [default: studies/NAME OF CASE-stress]",
        ),
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="How many rows of each table to print.")] = 10,
) -> None:
    """Let donations fail by their reliability, mend the plan each time, and tell what it stands.

    What was promised from donations that turn up stays; what the others were to serve is served as well as
    can be from what is left. Tells the spread of coverage and cost when the first plan ignores reliability,
    counts on what is to be expected, or only on what is certain; and on which donations the plan hangs most.

    \b
      matchopt stress my-city
      matchopt stress my-city --draws 100 --policy expected
    """  # noqa: D301
    from matchopt.report import stressed
    from matchopt.runs.study import default_study, refuse_study, write_study
    from matchopt.whatif.stress import POLICIES
    from matchopt.whatif.stress import stress as stressed_of

    refuse_malformed(changes)
    refuse_no_time(time_limit)
    folder = output if output is not None else default_study(case, "stress", force=force)
    refuse_study(folder, force=force)
    chosen = _chosen(policy, POLICIES)
    with progress(quiet=quiet) as step:
        read = read_case(case, changes or (), step)
        step("solve", 0, 0)
        made = stressed_of(
            read, draws=draws, seed=seed, policies=chosen, time_limit=time_limit, workers=workers, tell=step
        )
        step("writing the report", 0, 0)
        said, page = stressed.as_json(made), stressed.page(made)
        write_study(folder, page, stressed.tables(made), said, force=force)
    _tell(folder, stressed.in_words(made), stressed.sections(made, top), quiet=quiet)


def _chosen(policy: Sequence[StrEnum] | None, every: Sequence[str]) -> tuple[str, ...]:
    """Return the policies that were named, each once; all of them if none was."""
    return tuple(dict.fromkeys(name.value for name in policy)) if policy else tuple(every)


def _tell(folder: Path, said: Iterable[str], sections: Iterable[Section], *, quiet: bool) -> None:
    """Print what came out, and where it stands."""
    from matchopt.runs.study import PAGE

    if not quiet:
        for sentence in said:
            print(sentence)
        for section in sections:
            print()
            show(section)
        print("\n" + tr("To read, print and pass on: {files}", files=str(folder / PAGE)))
    print(folder)
