"""Commands that answer questions about a plan."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from matchopt.cli.door import command
from matchopt.cli.options import RunPath, UseChanged, output_option
from matchopt.cli.steps import read_plan
from matchopt.cli.terminal import progress, show
from matchopt.language import Language, spoken, tr


class Subject(StrEnum):
    """What is to be explained."""

    NEED = "need"
    DONATION = "donation"
    COMMUNITY = "community"
    ITEM = "item"
    HUB = "hub"


_CHINESE = {"需求": "need", "捐赠": "donation", "社区": "community", "物资": "item", "仓库": "hub"}


def _subject(text: str) -> Subject:
    """Read what is to be explained, in English or Chinese."""
    try:
        return Subject(_CHINESE.get(text, text.casefold()))
    except ValueError:
        among = _CHINESE if spoken() is Language.ZH else Subject
        what, others = f"'{text}'", ", ".join(f"'{one}'" for one in among)
        raise typer.BadParameter(tr("{what} is not one of {others}.", what=what, others=others)) from None


@command
def explain(
    run: RunPath,
    subject: Annotated[
        Subject,
        typer.Argument(
            metavar="SUBJECT",
            parser=_subject,
            help="What is to be explained: need, donation, community, item or hub, in English or Chinese.",
        ),
    ],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its id, or the name that the tables give it.")],
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not look for changes that would serve the need.")
    ] = False,
    whole: Annotated[bool, typer.Option("--all", help="List all donations, however many.")] = False,
    force: UseChanged = False,
) -> None:
    """Explain a need, a donation, a community, an item or a hub: what becomes of it, and why.

    Of a need that is not served in full it lists the donations that were turned away and all rules that did
    it, whom the others serve instead, and the smallest changes that would serve it, two together where none
    alone does: each is confirmed by planning the changed case anew, which takes a while in large cases. Ids
    may be written in any case, communities and items by the names that the tables give them.

    \b
      matchopt explain runs/my-city need N0014
      matchopt explain runs/my-city need N0014 --quick
      matchopt explain runs/my-city donation D031
      matchopt explain runs/my-city community "Old Town"
      matchopt explain runs/my-city item rice
      matchopt explain runs/my-city hub "Dry store"
    """  # noqa: D301
    from matchopt.report import explained, explained_parts
    from matchopt.whatif.explain import explain_need

    with progress() as step:
        made = read_plan(run, step, force=force)
        if subject is Subject.NEED:
            story = explain_need(
                made, name, seek=not quick, tell=lambda done, most: step("changes", done, most)
            )
            lines = list(explained.need_in_words(made, story, 10**9 if whole else explained.MOST_ROWS))
        else:
            tell = {
                Subject.DONATION: explained_parts.donation_in_words,
                Subject.COMMUNITY: explained_parts.community_in_words,
                Subject.ITEM: explained_parts.item_in_words,
                Subject.HUB: explained_parts.hub_in_words,
            }
            lines = list(tell[subject](made, name))
    print("\n".join(lines))


@command
def wishlist(
    run: RunPath,
    output: Annotated[Path | None, output_option("FILE", "File to write.", "RUN/wishlist.csv")] = None,
    confirm: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Confirm the first wish of each of the first N items by planning anew."
        ),
    ] = 3,
    top: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", help="For how many items to print the first wish; the file has all."
        ),
    ] = 15,
    force: UseChanged = False,
) -> None:
    """List what to ask enterprises for: what one more unit would bring, by item, place and time.

    For each item that is missing somewhere: where and when a donation would be of use, how many more units
    each unit of it would serve and of which priority, what that costs, for how many units it stays so, and
    which needs it would serve. It follows from the prices of the proof; the first are confirmed by planning
    the case with such a donation, a few times for each (--confirm 0 leaves it out).

    \b
      matchopt wishlist runs/my-city
      matchopt wishlist runs/my-city --confirm 0 --top 50
      matchopt wishlist runs/my-city -o for-our-donors.csv
    """  # noqa: D301
    from matchopt.report import WISHES, demand
    from matchopt.runs.atomic import write_file
    from matchopt.runs.render import csv_file
    from matchopt.whatif.confirm import wishlist as wishlist_of

    with progress() as step:
        made = read_plan(run, step, force=force)
        step("wishes", 0, 0)
        table = wishlist_of(made, confirm=confirm, tell=lambda done, total: step("wishes", done, total))
        file = output if output is not None else run / WISHES
        write_file(file, csv_file(table))
    if table.empty:
        print(tr("Nothing is missing that a donation could serve."))
    else:
        show(demand.wishlist(made, table, top))
        print()
    print(file)


@command
def graph(
    run: RunPath,
    output: Annotated[Path | None, output_option("FILE", "File to write.", "RUN/graph.graphml")] = None,
    case: Annotated[
        bool,
        typer.Option("--case", help="Add the network of the case: every admitted pair and its unit cost."),
    ] = False,
    force: UseChanged = False,
) -> None:
    """Write a plan as a network in GraphML, for tools that study or draw networks.

    Nodes are donations, needs and hubs, with what they have, ask for and get, their places and their prices;
    arcs are the legs of what is planned, with flow, days and cost. networkx, Gephi, yEd, Cytoscape, igraph
    and others read such files. With --case the arcs of all pairs that the rules admit are added, in cases
    with up to 250,000 pairs of a donation and a need.

    \b
      matchopt graph runs/my-city
      matchopt graph runs/my-city --case -o network.graphml
    """  # noqa: D301
    from matchopt.report import GRAPH
    from matchopt.result.graph import graphml_of
    from matchopt.runs.atomic import text_file, write_file

    with progress() as step:
        made = read_plan(run, step, force=force)
        step("graph", 0, 0)
        found = made.graph(case=case)
        file = write_file(output if output is not None else run / GRAPH, text_file(graphml_of(found)))
    nodes, arcs = found.number_of_nodes(), found.number_of_edges()
    print(tr("{nodes} nodes and {arcs} arcs", nodes=f"{nodes:,}", arcs=f"{arcs:,}"))
    print(file)
