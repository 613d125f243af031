"""The start is quick: nothing heavy is imported before it is used."""

import subprocess
import sys

import pytest

HEAVY = {
    "networkx",
    "numba",
    "numpy",
    "ortools",
    "pandas",
    "pandera",
    "pyarrow",
    "pydantic",
    "python_calamine",
    "rich",
    "scipy",
    "xlsxwriter",
}

PROBE = """
import sys
sys.argv = ["matchopt", *sys.argv[1:]]
from matchopt.cli import main
try:
    main()
except SystemExit as end:
    code = end.code
print("modules:", *sorted({name.partition(".")[0] for name in sys.modules}))
sys.exit(code)
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, check=False
    )


def imported(answer: subprocess.CompletedProcess[str]) -> set[str]:
    assert answer.returncode == 0, answer.stderr
    modules = set(answer.stdout.rpartition("modules:")[2].split())
    assert "typer" in modules
    return modules


@pytest.mark.parametrize("argument", ["--help", "-h", "--version"])
def test_help_and_version_import_nothing_heavy(argument: str) -> None:
    assert imported(run(argument)) & HEAVY == set()


@pytest.mark.parametrize("command", ["new", "check", "plan", "verify"])
def test_the_help_of_a_command_imports_nothing_heavy_of_ours(command: str) -> None:
    # Newer typer reads the options of a command with pydantic.
    assert imported(run(command, "--help")) & HEAVY <= {"pydantic"}


def test_importing_the_package_imports_nothing_heavy() -> None:
    modules = subprocess.run(
        [sys.executable, "-c", "import matchopt, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert {name.partition(".")[0] for name in modules} & HEAVY == set()


def test_a_small_plan_is_made_without_networkx_and_compiler_and_its_graph_loads_networkx() -> None:
    code = (
        "import sys, pandas, matchopt\n"
        "needs = pandas.DataFrame({'need_id': ['n'], 'community': ['a'], 'item': ['x'], 'quantity': [3]})\n"
        "donations = pandas.DataFrame({'donation_id': ['d'], 'item': ['x'], 'quantity': [5]})\n"
        "plan = matchopt.plan(matchopt.Case.from_frames(needs=needs, donations=donations))\n"
        "print({'networkx', 'numba', 'ortools'} & set(sys.modules))\n"
        "plan.graph()\n"
        "print('networkx' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\nTrue\n"


def test_the_module_and_the_command_are_the_same() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "matchopt", "--version"], capture_output=True, text=True, check=True
    )
    import matchopt

    assert answer.stdout == f"matchopt {matchopt.__version__}\n"


def test_what_libraries_print_by_themselves_is_no_answer() -> None:
    noisy = (
        "import os, sys\n"
        "from matchopt.cli import door\n"
        "begin = door._begin\n"
        "door._begin = lambda case: (os.write(1, b'noise'), begin(case))\n"
        "sys.argv = ['matchopt', '--version']\n"
        "door.main()\n"
    )
    answer = subprocess.run([sys.executable, "-c", noisy], capture_output=True, text=True, check=True)
    import matchopt

    assert answer.stdout == f"matchopt {matchopt.__version__}\n"
