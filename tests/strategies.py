"""Random small cases that use every feature at once, as rows that a user would write."""

from __future__ import annotations

import copy
import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from matchopt import Case
from oracle import Rules

Row = dict[str, Any]

FIRST_DAY = date(2026, 3, 1)
FEATURES = (
    "items", "steps", "services", "shelf life", "cold", "substitutions", "lots", "quality", "earmarks",
    "groups", "exclusions", "priorities", "channels", "unmet costs", "reliability", "days", "horizon",
    "communities", "coordinates", "boundary", "agreements", "origins", "own coordinates", "hubs",
    "lanes", "lead times", "total cost", "blank places",
    "remarks",
)  # fmt: skip
COSTS = (0, 0.1, 0.5, 1, 2.5, 0.0001, 0.00005, 0.00015, 3)
DISTANCES = (0, 1, 2, 2.5, 10, 100.5)
WEIGHTS = (None, 1, 2, 0.5, 0.3, 0)
GROUPS = (None, "elderly", "children")
REFUSING = {"blank places", "exclusions", "earmarks", "quality", "shelf life"}
MOSTLY = st.sampled_from((True, True, False))
SELDOM = st.sampled_from((False, False, False, True))


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


def _day(offset: int) -> str:
    return (FIRST_DAY + timedelta(days=offset)).isoformat()


class _Draft:
    """Draws the rows of one case, feature by feature."""

    def __init__(
        self, draw: st.DrawFn, most_donations: int, most_needs: int, most_steps: int, always: Collection[str]
    ) -> None:
        self.draw = draw
        self.always = always
        self.features = {
            feature
            for feature in FEATURES
            if feature in always or draw(SELDOM if feature in REFUSING else MOSTLY)
        }
        self.most_steps = most_steps
        self.items = self._items()
        self.communities = [f"C{k}" for k in range(1, 1 + draw(st.integers(1, 4)))]
        self.hubs = self._hubs()
        self.tables: dict[str, list[Row]] = {
            "needs": [self._need(k) for k in range(1, 1 + draw(st.integers(min(2, most_needs), most_needs)))],
            "donations": [self._donation(k) for k in range(1, 1 + draw(st.integers(1, most_donations)))],
        }
        if "items" in self.features:
            self.tables["items"] = list(self.items.values())
        self.tables["hubs"] = self.hubs
        if "communities" in self.features:
            self._community_tables()
        if "substitutions" in self.features:
            self._substitutions()
        if "exclusions" in self.features:
            self._exclusions()
        if "lanes" in self.features:
            self._lanes()
        self._correct_origins()
        self.settings = self._settings()

    def one(self, *values: Any, given: str = "") -> Any:
        """Draw one of `values`; None where the feature `given` is off, never where it is always on."""
        if given and given not in self.features:
            return None
        if given in self.always:
            values = tuple(value for value in values if value is not None)
        return self.draw(st.sampled_from(values))

    def _items(self) -> dict[str, Row]:
        items: dict[str, Row] = {}
        for name in ("rice", "flour", "milk", "visit")[: self.draw(st.integers(1, 4))]:
            row = {"item": name}
            if "items" in self.features:
                row |= {
                    "weight_kg": self.one(*WEIGHTS),
                    "shelf_life_days": self.one(None, 2, 4, 0, 9, given="shelf life"),
                    "cold": self.one(None, True, False, given="cold"),
                    "step": self.one(None, 0.5, 2, 0.5, 1, given="steps"),
                    "kind": self.one(None, "service", "goods", given="services"),
                }
            items[name] = _given(row)
        return items

    def _item(self) -> str:
        """Draw an item, the first one most often, so that needs and donations meet."""
        return self.one(*[next(iter(self.items))] * 2, *self.items)

    def _step(self, item: str) -> float:
        return float(self.items[item].get("step", 1))

    def _quantity(self, item: str) -> float | int:
        quantity = self._step(item) * self.draw(st.integers(1, self.most_steps))
        return int(quantity) if quantity == int(quantity) else quantity

    def _coordinates(self, name: str = "coordinates") -> Row:
        blank = (True, False) if "blank places" in self.features else (*[False] * 7, True)
        if name not in self.features or self.one(*blank):
            return {}
        return {"latitude": self.one(31.0, 31.1, 31.25), "longitude": self.one(121.3, 121.4, 121.45)}

    def _hubs(self) -> list[Row]:
        if "hubs" not in self.features:
            return []
        hubs = []
        for name in ("H2", "H1", "C1")[: self.draw(st.integers(1, 3))]:
            row = {
                "hub": name,
                "handling_cost": self.one(None, *COSTS),
                "storage_cost": self.one(None, *COSTS),
                "cold": self.one(None, True, False, given="cold"),
                "throughput_capacity": self.one(None, None, None, 1_000_000),
            }
            hubs.append(_given(row) | ({} if name == "C1" else self._coordinates()))
        return hubs

    def _need(self, k: int) -> Row:
        item = self._item()
        days = "days" in self.features
        since = self.one(None, 0, 2, 3, 5, 6) if days else None
        until = self.one(None, None, 0, 1, 3) if days else None
        row = {
            "need_id": f"n{k}",
            "community": self.one(*self.communities),
            "item": item,
            "quantity": self._quantity(item),
            "priority": self.one(None, 1, 2, 9, given="priorities"),
            "group": self.one(*GROUPS, given="groups"),
            "needed_from": None if since is None else _day(since),
            "needed_by": None if until is None else _day((since or 1) + until),
            "min_quality": self.one(None, None, 1, 3, 4, 5, given="quality"),
            "min_remaining_days": self.one(None, None, 0, 1, 3, given="shelf life"),
            "channel": self.one(None, "resident", "public_sector", "enterprise", given="channels"),
            "unmet_cost": self.one(None, None, 40, 7, *COSTS, given="unmet costs"),
            "created_on": self.one(None, "2025-12-31", given="remarks"),
            "remark": self.one(None, "ring first", given="remarks"),
        }
        return _given(row)

    def _donation(self, k: int) -> Row:
        item = self._item()
        days = "days" in self.features
        since = self.one(None, 0, 1, 2, None, 4) if days else None
        until = self.one(None, 0, 1, 2, 4) if days else None
        expiry = self.one(None, None, None, 3, 5, 8) if days else None
        step = self._step(item)
        places = [None, *self.communities, "depot", *(hub["hub"] for hub in self.hubs)]
        row = {
            "donation_id": f"d{k}",
            "donor": self.one(None, "Baker", given="remarks"),
            "item": item,
            "quantity": self._quantity(item),
            "origin": self.one(*places, None, given="origins"),
            "community": self.one(None, *self.communities, given="communities"),
            "available_from": None if since is None else _day(since),
            "available_until": None if until is None else _day((since or 0) + until),
            "expires_on": None if expiry is None else _day((since or 0) + expiry),
            "quality": self.one(None, None, 5, 4, 3, 2, given="quality"),
            "lot_size": self.one(None, None, step, step / 2, given="lots"),
            "max_communities": self.one(None, None, len(self.communities), 9, given="lots"),
            "only_communities": self.one(
                *[None] * 6, *self.communities, ";".join(self.communities[:2]), given="earmarks"
            ),
            "only_groups": self.one(*[None] * 4, "elderly", "elderly; children", given="earmarks"),
            "reliability": self.one(*[None] * 6, 0.9, 0.5, 0.25, 0, given="reliability"),
            "created_on": self.one(None, "2027-01-01", given="remarks"),
        }
        return _given(row) | self._coordinates("own coordinates")

    def _community_tables(self) -> None:
        organizations = ("Alpha", "Beta", "Gamma", None)
        self.tables["communities"] = [
            _given(
                {
                    "community": name,
                    "district": self.one(None, "North", "South", given="boundary"),
                    "organization": self.one(*organizations, given="agreements"),
                }
            )
            | self._coordinates()
            for name in self.communities
        ]
        if "agreements" not in self.features:
            return
        pairs = [(a, b) for a in organizations[:3] for b in organizations[:3]]
        chosen = self.draw(st.lists(st.sampled_from(pairs), unique=True, min_size=1, max_size=6))
        self.tables["agreements"] = [
            _given(
                {
                    "from_organization": a,
                    "to_organization": b,
                    "transfer_cost": self.one(0.5, *COSTS, None),
                    "max_quantity_kg": self.one(None, None, 1_000_000),
                }
            )
            for a, b in chosen
        ]
        if self.one(False, True):
            self.tables["organizations"] = [{"organization": name} for name in organizations[:3]]

    def _substitutions(self) -> None:
        order = list(self.items)
        pairs = [
            (a, b) for k, a in enumerate(order) for b in order[k + 1 :] if self._step(a) == self._step(b)
        ]
        if pairs:
            chosen = self.draw(st.lists(st.sampled_from(pairs), unique=True, min_size=1, max_size=4))
            self.tables["substitutions"] = [
                _given({"need_item": a, "donated_item": b, "penalty": self.one(None, *COSTS)})
                for a, b in chosen
            ]

    def _exclusions(self) -> None:
        row = {
            "item": self.one(*self.items, None),
            "group": self.one(*reversed(GROUPS)),
            "community": self.one(*self.communities, None),
        }
        if _given(row):
            self.tables["exclusions"] = [_given(row)]

    def _lanes(self) -> None:
        hubs = [hub["hub"] for hub in self.hubs]
        starts = list(dict.fromkeys([*self.communities, *hubs, "depot"]))
        ends = list(dict.fromkeys([*self.communities, *hubs]))
        mapped = self._mapped()
        rows = []
        pairs = [(a, b) for a in starts for b in ends]
        for a, b in self.draw(st.lists(st.sampled_from(pairs), unique=True, max_size=12)):
            known = a == b or (a in mapped and b in mapped)
            distance = self.one(*DISTANCES, *([None] if known else []))
            paid = self.one(None, None, *COSTS)
            if paid is not None and self.one(False, True):
                distance = None
            rows.append(
                _given(
                    {
                        "from_place": a,
                        "to_place": b,
                        "distance_km": distance,
                        "cost_per_kg": paid,
                        "lead_days": self.one(None, 1, 2, 0, 1, given="lead times"),
                        "capacity_kg": self.one(None, None, None, 1_000_000),
                    }
                )
            )
        self.tables["lanes"] = rows

    def _mapped(self) -> set[str]:
        """Return the names of communities and hubs that have coordinates."""
        rows = (*self.tables.get("communities", ()), *self.hubs)
        return {row.get("community", row.get("hub")) for row in rows if "latitude" in row}

    def _correct_origins(self) -> None:
        """Take back own coordinates that contradict the origin's, and origins that nothing knows."""
        communities = self.tables.get("communities", self.tables["needs"])
        known = {row["community"] for row in communities} | {row["hub"] for row in self.hubs}
        known |= {row["from_place"] for row in self.tables.get("lanes", ())}
        for row in self.tables["donations"]:
            if row.get("origin") in self._mapped():
                row.pop("latitude", None)
                row.pop("longitude", None)
            if "latitude" not in row and row.get("origin") not in known:
                row.pop("origin", None)

    def _boundary(self) -> str | None:
        """Draw a boundary that the tables can tell."""
        known = ["open", "community"]
        for column in ("district", "organization"):
            if any(column in row for row in self.tables.get("communities", ())):
                known.insert(1, column)
        if "organization" in known and "agreements" in self.tables:
            known += ["agreements", "agreements"]
        return self.one(*known, given="boundary")

    def _settings(self) -> dict[str, Any]:
        rates: dict[str, Any] = {
            "transport_per_kg_km": self.one(0.002, 0, 0.01, 1),
            "handling_direct": self.one(None, 0, 50, 0.1, 3, 50),
            "hub_handling": self.one(None, 0, 0.1, 0, 1),
            "hub_storage": self.one(None, 0.5, 0.00005, 0),
            "detour_factor": self.one(None, 1, 1.25, given="coordinates"),
            "unmet_cost": self.one(None, 100, 20, 5, 1, 0),
        }
        if "channels" in self.features:
            rates["identification"] = {
                "resident": self.one(0, 0.5),
                "public_sector": self.one(0, 1),
                "enterprise": self.one(0.1, 0.00005),
            }
        policy = {
            "objective": self.one(None, "total-cost", "total-cost", given="total cost"),
            "boundary": self._boundary(),
            "reliability": self.one(None, "ignore", "firm", "expected", given="reliability"),
        }
        horizon = self._horizon() if {"days", "horizon"} <= self.features else {}
        sections = {"rates": _given(rates), "policy": _given(policy), "horizon": horizon}
        return {name: section for name, section in sections.items() if section}

    def _horizon(self) -> Row:
        """Draw a horizon that does not end before it starts, whichever end is left to the tables."""
        days = [
            row[column]
            for table in ("needs", "donations")
            for row in self.tables[table]
            for column in ("needed_from", "needed_by", "available_from", "available_until", "expires_on")
            if column in row
        ]
        start, end = self.one(None, 0, 1, 2), self.one(None, 6, 8, 4, 3)
        horizon = _given(
            {"start": None if start is None else _day(start), "end": None if end is None else _day(end)}
        )
        if days and horizon.get("start", min(days)) > horizon.get("end", max(days)):
            return {}
        return horizon


def _given(row: Row) -> Row:
    return {column: value for column, value in row.items() if value is not None}


@st.composite
def small_cases(
    draw: st.DrawFn,
    most_donations: int = 6,
    most_needs: int = 7,
    most_steps: int = 6,
    always: Collection[str] = (),
) -> SmallCase:
    """Draw a valid case with any of the features, with ties more often than not.

    `always` names the features that every case is to have, and to use wherever it can.
    """
    draft = _Draft(draw, most_donations, most_needs, most_steps, always)
    return SmallCase({name: rows for name, rows in draft.tables.items() if rows}, draft.settings)


def drawn(count: int, number: int) -> list[SmallCase]:
    """Return `count` random cases, the same ones for the same seed `number`."""
    cases: list[SmallCase] = []

    @seed(number)
    @settings(max_examples=count)
    @given(small_cases())
    def collect(small: SmallCase) -> None:
        cases.append(small)

    collect()
    return cases
