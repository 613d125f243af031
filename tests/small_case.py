"""A small case as plain rows: for the oracle, for matchopt, and as a folder on disk."""

from __future__ import annotations

import copy
import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from matchopt import Case
from oracle import Rules

Row = dict[str, Any]


@dataclass
class SmallCase:
    """A case as plain rows (only the cells that are given) and nested settings."""

    tables: dict[str, list[Row]]
    settings: dict[str, Any] = field(default_factory=dict)

    def copy(self) -> SmallCase:
        """Return a deep copy, to be changed."""
        return copy.deepcopy(self)

    def rules(self) -> Rules:
        """Return what the oracle makes of it."""
        return Rules(self.tables, self.settings)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return the tables as DataFrames of plain objects."""
        return {name: pd.DataFrame(rows, dtype=object) for name, rows in self.tables.items() if rows}

    def case(self) -> Case:
        """Return it as matchopt's own checked case."""
        return Case.from_frames(settings=self.settings, **self.frames())

    def write(self, folder: Path) -> Path:
        """Write it as a case folder and return the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in self.tables.items():
            if rows:
                columns = list(dict.fromkeys(column for row in rows for column in row))
                with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, columns, restval="")
                    writer.writeheader()
                    writer.writerows(rows)
        (folder / "matchopt.toml").write_text("\n".join(_toml(self.settings)) + "\n", encoding="utf-8")
        return folder


def _toml(settings: Mapping[str, Any], path: str = "") -> list[str]:
    lines = [f"[{path}]"] if path else []
    for name, value in settings.items():
        if not isinstance(value, Mapping):
            shown = f'"{value}"' if isinstance(value, str) and path != "horizon" else value
            lines.append(f"{name} = {shown}")
    for name, value in settings.items():
        if isinstance(value, Mapping):
            lines += _toml(value, f"{path}.{name}" if path else name)
    return lines
