"""Compiling beforehand: whatever a machine compiles once, a first plan among it, is done now."""

from __future__ import annotations

import tempfile
from pathlib import Path

import typer

from matchopt.cli.terminal import progress
from matchopt.language import tr

TABLES = {
    "needs": "need_id,community,item,quantity,needed_by\nn1,a,rice,30,2026-03-05\nn2,b,rice,20,2026-03-09\n",
    "donations": "donation_id,item,quantity,origin,available_from\n"
    "d1,rice,25,m,2026-03-01\nd2,rice,30,a,2026-03-01\n",
    "communities": "community,latitude,longitude\na,30.1,114.1\nb,30.2,114.2\n",
    "hubs": "hub,latitude,longitude,throughput_capacity\nh,30.15,114.15,20\n",
    "lanes": "from_place,to_place,cost_per_kg\nm,h,0.1\nm,a,0.2\n",
}
"""A case that asks for all that is compiled, as CSV by the name of its tables."""

CELLS = 30_000
"""Rows of a table of which also the reader compiles its loops."""


def warm_up(wanted: bool) -> None:
    """Compile all kernels, if `wanted`, say so and end."""
    if not wanted:
        return
    from matchopt.cli.steps import plan_and_verify
    from matchopt.kernels import all_compiled
    from matchopt.runs.write import write_run
    from matchopt.tables.read import check_case, read_case

    with progress() as step, all_compiled(), tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case"
        case.mkdir()
        for name, text in TABLES.items():
            (case / f"{name}.csv").write_text(text, encoding="utf-8")
        for objective in ("coverage-first", "total-cost"):
            made = plan_and_verify(read_case(case, changes=[f"policy.objective={objective}"]), step)
            write_run(made, Path(folder) / objective)
        rows = (f"n{number % 25_000},{'ab'[number % 2]},rice,1" for number in range(CELLS))
        table = "\n".join(["need_id,community,item,quantity", *rows])
        (case / "needs.csv").write_text(table, encoding="utf-8")
        check_case(case)
    print(tr("Compiled: plans now begin at once on this machine."))
    raise typer.Exit
