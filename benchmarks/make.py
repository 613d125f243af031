"""A seeded maker of realistic cases.

    python -m benchmarks.make town DIR [--lots]

Communities cluster as towns in a region do, item popularity and quantities are
heavy-tailed, needs fall into five tiers and weekly windows, a third of the donations is
perishable or earmarked, and supply is about 80 % of demand. With ``--lots`` a part of it has to stay whole.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

FIRST_DAY = np.datetime64("2026-03-02")
WEEKS = 4
SUPPLY_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows of each kind a case has."""

    needs: int
    donations: int
    communities: int
    items: int
    hubs: int


SIZES = {
    "village": Size(500, 50, 15, 5, 3),
    "town": Size(2_000, 200, 40, 10, 4),
    "quarter": Size(5_000, 500, 50, 10, 5),
    "middle": Size(20_000, 2_000, 200, 20, 20),
    "city": Size(100_000, 10_000, 500, 40, 30),
    "province": Size(1_000_000, 100_000, 3_000, 100, 200),
}


def tables(size: Size, seed: int = 2026) -> dict[str, Any]:
    """Return the tables of a random case of `size`; equal seeds give equal tables."""
    random = np.random.default_rng(seed)
    towns = random.uniform([29.5, 119.0], [32.5, 122.0], (max(2, size.communities // 12), 2))
    home = random.choice(len(towns), size.communities, p=_zipf(len(towns)))
    place = towns[home] + random.normal(0, 0.08, (size.communities, 2))
    communities = pd.DataFrame(
        {
            "community": [f"C{i:04d}" for i in range(size.communities)],
            "district": [f"District {t}" for t in home],
            "latitude": place[:, 0].round(5),
            "longitude": place[:, 1].round(5),
            "population": np.ceil(random.pareto(1.5, size.communities) * 2000 + 500).astype(int),
        }
    )
    site = towns[random.integers(0, len(towns), size.hubs)] + random.normal(0, 0.05, (size.hubs, 2))
    hubs = pd.DataFrame(
        {
            "hub": [f"H{i:03d}" for i in range(size.hubs)],
            "latitude": site[:, 0].round(5),
            "longitude": site[:, 1].round(5),
            "cold": np.where(np.arange(size.hubs) % 2 == 0, "yes", "no"),
        }
    )
    perishable = random.random(size.items) < 0.2
    items = pd.DataFrame(
        {
            "item": [f"I{i:03d}" for i in range(size.items)],
            "weight_kg": random.lognormal(0, 0.7, size.items).round(2) + 0.01,
            "shelf_life_days": pd.array(np.where(perishable, 10, 0), dtype="Int64"),
            "cold": np.where(perishable, "yes", "no"),
        }
    )
    items.loc[~perishable, "shelf_life_days"] = pd.NA
    needs = _needs(random, size, communities)
    donations = _donations(random, size, communities, towns, float(needs["quantity"].sum()))
    return {
        "needs": needs,
        "donations": donations,
        "communities": communities,
        "hubs": hubs,
        "items": items,
    }


def _needs(random: np.random.Generator, size: Size, communities: pd.DataFrame) -> pd.DataFrame:
    n = size.needs
    weight = communities["population"].to_numpy(dtype=float)
    start = FIRST_DAY + 7 * random.integers(0, WEEKS, n)
    return pd.DataFrame(
        {
            "need_id": [f"N{i:07d}" for i in range(n)],
            "community": random.choice(communities["community"], n, p=weight / weight.sum()),
            "item": [f"I{k:03d}" for k in random.choice(size.items, n, p=_zipf(size.items))],
            "quantity": np.ceil(random.lognormal(2, 1.2, n)).astype(int),
            "priority": random.choice([1, 2, 3, 4, 5], n, p=[0.1, 0.15, 0.25, 0.25, 0.25]),
            "group": random.choice(["", "elderly", "children", "disabled"], n, p=[0.55, 0.2, 0.15, 0.1]),
            "needed_from": start.astype(str),
            "needed_by": (start + 6).astype(str),
            "min_quality": random.choice([1, 2, 3], n, p=[0.6, 0.25, 0.15]),
        }
    )


def _donations(
    random: np.random.Generator, size: Size, communities: pd.DataFrame, towns: np.ndarray, asked: float
) -> pd.DataFrame:
    d = size.donations
    amount = random.lognormal(3, 1.3, d)
    site = towns[random.integers(0, len(towns), d)] + random.normal(0, 0.1, (d, 2))
    start = FIRST_DAY + random.integers(0, 7 * WEEKS - 6, d)
    earmark = random.random(d)
    return pd.DataFrame(
        {
            "donation_id": [f"D{i:06d}" for i in range(d)],
            "item": [f"I{k:03d}" for k in random.choice(size.items, d, p=_zipf(size.items))],
            "quantity": np.ceil(amount / amount.sum() * asked * SUPPLY_SHARE).astype(int),
            "latitude": site[:, 0].round(5),
            "longitude": site[:, 1].round(5),
            "available_from": start.astype(str),
            "available_until": (start + random.integers(1, 10, d)).astype(str),
            "quality": random.choice([2, 3, 4, 5], d),
            "only_communities": np.where(
                earmark < 0.05, [";".join(random.choice(communities["community"], 5)) for _ in range(d)], ""
            ),
            "only_groups": np.where((earmark > 0.05) & (earmark < 0.13), "elderly;children", ""),
        }
    )


def with_capacities(frames: dict[str, pd.DataFrame], throughput: float, storage: float) -> dict[str, Any]:
    """Return the tables with limits on every hub: kg taken in a day, and kg held at the end of a day."""
    hubs = frames["hubs"].assign(throughput_capacity=throughput, storage_capacity=storage)
    return frames | {"hubs": hubs}


def with_lots(frames: dict[str, pd.DataFrame], seed: int = 2026) -> dict[str, Any]:
    """Return the tables with lots of 6 to 24, donations for few communities, and needs served as a whole."""
    random = np.random.default_rng([seed, 1])
    needs, donations = frames["needs"], frames["donations"]
    n, d = len(needs), len(donations)

    def some(of: int, share: float, values: np.ndarray) -> pd.Series:
        return pd.Series(values, dtype="Int64").where(random.random(of) < share)

    return frames | {
        "needs": needs.assign(
            single_source=np.where(random.random(n) < 0.1, "yes", "no"),
            all_or_nothing=np.where(random.random(n) < 0.1, "yes", "no"),
        ),
        "donations": donations.assign(
            lot_size=some(d, 0.3, random.integers(6, 25, d)),
            max_communities=some(d, 0.1, random.integers(1, 5, d)),
        ),
    }


def _zipf(count: int) -> np.ndarray:
    weight = 1 / np.arange(1, count + 1)
    return weight / weight.sum()


def write(size: Size, folder: Path, seed: int = 2026, *, lots: bool = False) -> None:
    """Write a case of `size` to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = tables(size, seed)
    for name, table in (with_lots(frames, seed) if lots else frames).items():
        table.to_csv(folder / f"{name}.csv", index=False)


if __name__ == "__main__":
    arguments = [one for one in sys.argv[1:] if one != "--lots"]
    if len(arguments) != 2 or arguments[0] not in SIZES:
        sys.exit(f"usage: python -m benchmarks.make {'|'.join(SIZES)} DIR [--lots]")
    write(SIZES[arguments[0]], Path(arguments[1]), lots=len(arguments) < len(sys.argv) - 1)
