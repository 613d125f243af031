"""The floor: what it takes to read the tables of a case and write those of its plan, with pandas alone.

    python -m benchmarks.floor CASE PLAN OUT

PLAN is the folder of a finished plan, whose tables are written to OUT once more. Reading those
does not count. Prints the seconds, the import of pandas included.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main() -> None:
    """Read and write."""
    case, plan, out = (Path(name) for name in sys.argv[1:])
    start = time.perf_counter()
    import pandas as pd

    for path in sorted(case.glob("*.csv")):
        pd.read_csv(path)
    took = time.perf_counter() - start
    frames = {path.name: pd.read_csv(path) for path in sorted(plan.glob("*.csv"))}
    out.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    for name, frame in frames.items():
        frame.to_csv(out / name, index=False)
    print(json.dumps({"seconds": took + time.perf_counter() - start}))


if __name__ == "__main__":
    main()
