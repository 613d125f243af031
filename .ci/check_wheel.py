"""Build the wheel, install it where nothing of this folder is seen, and plan with it.

    python .ci/check_wheel.py [--wheel FILE] [PYTHON ...]

Each PYTHON (``python3.11``, a path) gets an environment of its own with the newest versions that the wheel
lets in: what a user gets. Without one the wheel is unpacked for the Python at hand and its packages, which
takes seconds and shows whether everything that belongs into the wheel is in it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
NEEDS = "need_id,community,item,quantity\nN1,Riverside,rice,5\n"
DONATIONS = "donation_id,donor,item,quantity,origin\nD1,Sunrise Foods,rice,8,Riverside\n"
WRITTEN = ("plan/allocations.csv", "plan/summary.json", "report.html", "plan.xlsx", "manifest.json")


def main() -> None:
    """Check what the command line asks for; end with an error at the first thing that fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--wheel", type=Path, help="a wheel that is built already")
    parser.add_argument("pythons", nargs="*", metavar="PYTHON")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel = asked.wheel.resolve() if asked.wheel else built(folder / "dist")
        for count, python in enumerate(asked.pythons):
            plan_with(installed(wheel, python, folder / f"python-{count}"), folder / f"plan-{count}")
        if not asked.pythons:
            run(*pip(sys.executable), "install", "--no-deps", "--target", folder / "site", wheel)
            plan_with(Path(sys.executable), folder / "plan", site=folder / "site")


def pip(python: str | Path) -> tuple[str | Path, ...]:
    """Return the beginning of a command of pip."""
    return python, "-m", "pip", "--quiet", "--disable-pip-version-check"


def built(folder: Path) -> Path:
    """Return the wheel of this folder, built with what is installed."""
    run(*pip(sys.executable), "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    (wheel,) = folder.glob("matchopt-*.whl")
    return wheel


def installed(wheel: Path, python: str, folder: Path) -> Path:
    """Return the Python of a new environment with the wheel and the newest versions of what it needs."""
    run(python, "-m", "venv", folder)
    own = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    run(*pip(own), "install", "--no-compile", wheel)
    return own


def plan_with(python: Path, folder: Path, site: Path | None = None) -> None:
    """Plan and verify a small case in `folder`, in both languages."""
    case = folder / "case"
    case.mkdir(parents=True)
    (case / "needs.csv").write_text(NEEDS, "utf-8")
    (case / "donations.csv").write_text(DONATIONS, "utf-8")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"PYTHONUTF8": "1"}
    if site:
        environment["PYTHONPATH"] = str(site)

    def matchopt(*words: str) -> str:
        return run(python, "-m", "matchopt", *words, cwd=folder, env=environment)

    where = run(python, "-c", "import matchopt; print(matchopt.__file__)", cwd=folder, env=environment)
    assert not Path(where.strip()).is_relative_to(ROOT / "src"), f"not the wheel: {where}"
    matchopt("plan", "case", "--output", "run")
    matchopt("verify", "run")
    missing = [name for name in WRITTEN if not (folder / "run" / name).is_file()]
    served = json.loads((folder / "run" / "plan" / "summary.json").read_text("utf-8"))["served"]
    assert (served, missing) == (5, []), (served, missing)
    assert "需求" in matchopt("needs", "case", "--lang", "zh")
    print("the wheel plans and verifies with", run(python, "--version").strip())


def run(*words: str | Path, **options: object) -> str:
    """Run a command and return what it prints; show everything if it fails."""
    done = subprocess.run([str(w) for w in words], capture_output=True, encoding="utf-8", **options)  # type: ignore[call-overload]
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return str(done.stdout)


if __name__ == "__main__":
    main()
