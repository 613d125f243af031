"""Make the demo case: one invented city in March 2026, in English and in Chinese.

Run ``python data/make_demo.py`` to write ``city-en/`` and ``city-zh/`` beside this file,
``python data/make_demo.py --check`` to see whether they are what it would write.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path

import demo_city as city
from demo_donations import make_affinities, make_donations
from demo_draw import COMMUNITIES, DONORS, HUBS, ITEMS, ORGANIZATIONS, Draw, Row, table
from demo_needs import make_needs

HERE = Path(__file__).resolve().parent
SEED = 20_260_301

TRANSLATED = {
    "community",
    "item",
    "group",
    "channel",
    "donor",
    "origin",
    "only_communities",
    "only_groups",
    "name",
    "district",
    "organization",
    "hub",
    "cold",
    "from_organization",
    "to_organization",
    "category",
    "unit",
    "kind",
    "need_item",
    "donated_item",
    "from_place",
    "to_place",
    "single_source",
    "all_or_nothing",
}
"""Columns that hold words; the others hold codes, numbers and days, the same in both languages."""


def words() -> dict[str, str]:
    """Return the Chinese of every English word in the tables."""
    listed = [(row["community"], row["zh"]) for row in COMMUNITIES]
    listed += [(f"{row['community']} Community", f"{row['zh']}居民委员会") for row in COMMUNITIES]
    listed += [(row["organization"], row["zh"]) for row in ORGANIZATIONS]
    listed += [(row["name"], row["name_zh"]) for row in ORGANIZATIONS]
    listed += [(row["item"], row["zh"]) for row in ITEMS]
    listed += [(row["donor"], row["zh"]) for row in DONORS]
    return {
        **dict(listed),
        **city.HUB_NAMES,
        **city.DISTRICTS,
        **city.GROUPS,
        **city.CATEGORIES,
        **city.UNITS,
        **city.WORDS,
    }


def kept(rows: list[Row], *columns: str) -> list[Row]:
    """Return `rows` with these columns, in this order."""
    return [{column: row[column] for column in columns} for row in rows]


def tables() -> dict[str, list[Row]]:
    """Return every table of the case, in English."""
    draw = Draw(SEED)
    needs = make_needs(draw)
    donations = make_donations(draw, needs)
    communities = [{**row, "name": f"{row['community']} Community"} for row in COMMUNITIES]
    place_columns = ("organization", "latitude", "longitude")
    return {
        "needs": needs,
        "donations": donations,
        "communities": kept(communities, "community", "name", "district", *place_columns, "population"),
        "hubs": kept(
            HUBS,
            "hub",
            *place_columns,
            "storage_capacity",
            "throughput_capacity",
            "handling_cost",
            "storage_cost",
            "cold",
        ),
        "organizations": kept(ORGANIZATIONS, "organization", "name"),
        "agreements": table(
            city.AGREEMENTS, "from_organization", "to_organization", "max_quantity_kg", "transfer_cost"
        ),
        "items": kept(
            ITEMS,
            "item",
            "category",
            "unit",
            "kind",
            "weight_kg",
            "shelf_life_days",
            "cold",
            "step",
            "purchase_price",
        ),
        "substitutions": table(city.SUBSTITUTIONS, "need_item", "donated_item", "ratio", "penalty"),
        "lanes": table(
            city.LANES, "from_place", "to_place", "distance_km", "cost_per_kg", "lead_days", "capacity_kg"
        ),
        "affinities": make_affinities(draw, needs, donations),
        "exclusions": table(city.EXCLUSIONS, "item", "group", "community"),
    }


def as_people_write(rows: list[Row]) -> list[Row]:
    """Return `rows` with a few cells as people write them: the check converts and notes them."""
    rows = [dict(row) for row in rows]
    large = [row for row in rows if 1000 <= float(row["quantity"]) < 10_000]
    large[0]["quantity"] = f"{int(large[0]['quantity']):,}"
    small = [row for row in rows if row["quantity"].isdigit() and 10 <= int(row["quantity"]) < 100]
    small[0]["quantity"] = small[0]["quantity"].translate({ord("0") + d: ord("０") + d for d in range(10)})
    dated = next(row for row in rows if row["available_from"] == "2026-03-05")
    dated["available_from"] = "2026/3/5"
    rows[40]["donor"] = f"{rows[40]['donor']} "
    return rows


def in_chinese(rows: list[Row]) -> list[Row]:
    """Return `rows` with Chinese headers and words."""
    dictionary = words() | {"": ""}

    def cell(column: str, text: str) -> str:
        return ";".join(dictionary[part] for part in text.split(";")) if column in TRANSLATED else text

    return [{city.HEADERS[column]: cell(column, text) for column, text in row.items()} for row in rows]


def as_csv(rows: list[Row]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def files() -> dict[Path, bytes]:
    """Return every file of both cases, as bytes; Chinese CSV begins with a BOM, for Excel's sake."""
    made = {
        HERE / "city-en" / "matchopt.toml": city.SETTINGS_EN.encode(),
        HERE / "city-zh" / "matchopt.toml": city.SETTINGS_ZH.encode(),
    }
    for name, rows in tables().items():
        english = as_people_write(rows) if name == "donations" else rows
        made[HERE / "city-en" / f"{name}.csv"] = as_csv(english).encode()
        made[HERE / "city-zh" / f"{name}.csv"] = as_csv(in_chinese(rows)).encode("utf-8-sig")
    return made


def main(arguments: Sequence[str]) -> int:
    """Write the files, or with ``--check`` compare them; return the exit code."""
    if arguments not in ([], ["--check"]):
        print("usage: python data/make_demo.py [--check]", file=sys.stderr)
        return 2
    made = files()
    if arguments:
        there = {path for folder in ("city-en", "city-zh") for path in (HERE / folder).glob("*")}
        stale = sorted(
            path for path in there | set(made) if path not in there or made.get(path) != path.read_bytes()
        )
        for path in stale:
            print(f"{path.relative_to(HERE)} is not what make_demo.py makes", file=sys.stderr)
        return 1 if stale else 0
    for path, content in made.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
