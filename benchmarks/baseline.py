"""What the engine does on fixed cases, in figures that no machine changes.

    python -m benchmarks.baseline

writes `baseline.json` anew. `test_baseline.py` holds each run against it: who makes the engine do
more work, or less, has to say so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matchopt
from benchmarks.make import SIZES, tables

FILE = Path(__file__).parent / "baseline.json"

SLICE = [f"I{k:03d}" for k in range(4, 12)]
"""Items of the city that the slice keeps: neither the largest nor the smallest."""


def town() -> dict[str, Any]:
    """Return the tables of the town."""
    return tables(SIZES["town"])


def city_slice() -> dict[str, Any]:
    """Return the tables of the city with some of its items."""
    frames = tables(SIZES["city"])
    kept = {name: frames[name][frames[name]["item"].isin(SLICE)] for name in ("needs", "donations")}
    return frames | {name: table.reset_index(drop=True) for name, table in kept.items()}


CASES = {"town": town, "city slice": city_slice}


def figures(plan: matchopt.Plan) -> dict[str, Any]:
    """Return the optimum that a plan reaches, and what finding it took."""
    return {
        "served_by_tier": {str(tier): served for tier, served in plan.served_by_tier.items()},
        "logistics_cost": plan.logistics_cost,
        "work": dict(plan.run["work"]),
    }


def main() -> None:
    """Write the baseline."""
    found = {
        name: figures(matchopt.plan(matchopt.Case.from_frames(**make()))) for name, make in CASES.items()
    }
    FILE.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {FILE.name}")


if __name__ == "__main__":
    main()
