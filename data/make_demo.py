"""Make the demo case: one invented city in March 2026, in English and in Chinese.

Run ``python data/make_demo.py`` to write ``city-en/`` and ``city-zh/`` beside this file,
``python data/make_demo.py --check`` to see whether they are what it would write.

Every draw is built on ``random.Random.random`` with a fixed seed, which Python keeps the
same from version to version, and on plain arithmetic and square roots: the files are the
same to the byte on every machine.
"""

from __future__ import annotations

import csv
import io
import math
import random
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

import demo_city as city

HERE = Path(__file__).resolve().parent
SEED = 20_260_301
START, DAYS = date(2026, 3, 1), 28

Row = dict[str, str]
T = TypeVar("T")


class Draw:
    """Draws that stay the same on every machine and Python."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def chance(self, probability: float) -> bool:
        return self._random() < probability

    def whole(self, least: int, most: int) -> int:
        """Return a whole number, both ends included."""
        return least + int(self._random() * (most - least + 1))

    def pick(self, things: Sequence[T]) -> T:
        return things[self.whole(0, len(things) - 1)]

    def weighted(self, things: Sequence[T], weights: Sequence[float]) -> T:
        mark = self._random() * math.fsum(weights)
        for thing, weight in zip(things, weights, strict=True):
            mark -= weight
            if mark < 0:
                return thing
        return things[-1]

    def sample(self, things: Sequence[T], count: int) -> list[T]:
        rest = list(things)
        return [rest.pop(self.whole(0, len(rest) - 1)) for _ in range(count)]

    def heavy(self) -> float:
        """Return a number from 1 up, mostly small and seldom very large (Pareto, exponent 2)."""
        return 1 / math.sqrt(1 - self._random())


def day(offset: int) -> str:
    """Return the ISO day `offset` days after the first of the horizon."""
    return (START + timedelta(days=offset)).isoformat()


def offset(text: str) -> int:
    """Return the inverse of `day`."""
    return (date.fromisoformat(text) - START).days


def rounded(quantity: float, step: int) -> int:
    """Return `quantity` as somebody would write it down: 7, 35, 240, 1300; at least one step."""
    nice = 1 if quantity < 20 else 5 if quantity < 100 else 10 if quantity < 1000 else 50
    nice = max(nice, step)
    return max(step, int(quantity / nice + 0.5) * nice)


def table(text: str, *columns: str) -> list[Row]:
    return [dict(zip(columns, cells, strict=True)) for cells in city.rows(text)]


# What was written down ----------------------------------------------------------------------------
ITEMS = table(city.ITEMS, "item", "zh", "category", "unit", "weight_kg", "shelf_life_days", "cold", "step")
for _item, _demand in zip(
    ITEMS,
    table(city.DEMAND, "item", "worth", "needs", "least", "most", "donations", "ratio", "groups"),
    strict=True,
):
    _item |= _demand | {"kind": "service" if _item["category"] == "services" else "goods"}
COMMUNITIES = table(
    city.COMMUNITIES, "community", "zh", "district", "organization", "latitude", "longitude", "population"
)
HUBS = table(
    city.HUBS,
    "hub", "organization", "latitude", "longitude", "storage_capacity", "throughput_capacity",
    "handling_cost", "storage_cost", "cold",
)  # fmt: skip
ORGANIZATIONS = table(city.ORGANIZATIONS, "organization", "zh", "name", "name_zh")
DONORS = table(city.DONORS, "donor", "zh", "items")
PLACES = [c["community"] for c in COMMUNITIES]
ROOTS = [math.sqrt(int(c["population"])) for c in COMMUNITIES]
CROWD = [root * math.sqrt(root) for root in ROOTS]  # large communities ask more, but less per head
PERISHABLE = "cold food"


def step_of(item: Row) -> int:
    return int(item["step"] or 1)


def groups_of(item: Row) -> list[str]:
    return [group.strip() for group in item["groups"].split(",")]


# Needs --------------------------------------------------------------------------------------------
PRIORITIES = (1, 2, 3, 4, 5)
URGENCY = {
    "cold food": (5, 20, 40, 25, 10),
    "baby care": (14, 30, 34, 15, 7),
    "medical supplies": (12, 30, 34, 16, 8),
    "assistive devices": (10, 30, 35, 15, 10),
    "furniture and appliances": (0, 6, 24, 40, 30),
    "services": (1, 12, 36, 30, 21),
}
USUAL = (4, 16, 38, 26, 16)
BULKY = ("assistive devices", "furniture and appliances", "services")


def asked(draw: Draw, item: Row, channel: str) -> int:
    """Draw a quantity: a household's, or many times that where an office or a firm asks for many."""
    least, most, step = int(item["least"]), int(item["most"]), step_of(item)
    household = draw.whole(least // step, most // step) * step
    if channel == "resident":
        return household
    times = {"public_sector": 10, "enterprise": 4}[channel] * min(draw.heavy(), 8)
    return rounded(household * (times / 2 if item["category"] in BULKY else times), step)


def window(draw: Draw, item: Row) -> tuple[str, str]:
    """Draw a delivery window; what is fresh is asked for within days, the rest some time in the month."""
    if item["category"] == PERISHABLE:
        first = draw.whole(0, 21)
        return day(first), day(min(first + draw.whole(2, 7), DAYS - 1))
    if draw.chance(0.3):
        return "", ""
    if draw.chance(0.5):
        return "", day(draw.whole(5, DAYS - 1))
    first = draw.whole(2, 20)
    return day(first), day(min(first + draw.whole(4, 12), DAYS - 1))


def need(draw: Draw, item: Row) -> Row:
    """Draw one need of `item`."""
    channel = draw.weighted(("resident", "public_sector", "enterprise"), (78, 13, 9))
    first, last = window(draw, item)
    grouped = draw.chance({"resident": 0.7, "public_sector": 0.5, "enterprise": 0.2}[channel])
    priority = draw.weighted(PRIORITIES, URGENCY.get(item["category"], USUAL))
    choosy = draw.weighted(("", "3", "4"), (72, 20, 8))
    fresh = item["category"] == PERISHABLE and draw.chance(0.7)
    return {
        "community": draw.weighted(PLACES, CROWD),
        "item": item["item"],
        "quantity": str(asked(draw, item, channel)),
        "priority": str(priority),
        "group": draw.pick(groups_of(item)) if grouped else "",
        "needed_from": first,
        "needed_by": last,
        "min_quality": choosy if item["category"] != "services" else "",
        "min_remaining_days": str(draw.whole(1, 4)) if fresh else "",
        "channel": channel,
        "unmet_cost": item["worth"] if priority > 2 else str(3 * int(item["worth"])),
        "created_on": day((offset(first) if first else 2) - draw.whole(2, 12)),
    }


def shape_needs(rows: list[Row]) -> None:
    """Write the stories into the drawn needs that show each reason why a need may stay unmet."""
    of = {item["item"]: [row for row in rows if row["item"] == item["item"]] for item in ITEMS}
    # Only mended wheelchairs are offered, quality 4 at best, and two people need a new one.
    for row in of["wheelchair"][:2]:
        row |= {"min_quality": "5", "channel": "resident", "quantity": "1"}
    # Nobody can deliver infant formula on the first two days.
    for row in of["infant formula"][:2]:
        row |= {"needed_from": "", "needed_by": day(1), "priority": "1", "channel": "resident"}
        row |= {"quantity": "3", "created_on": day(-1)}
    # Cold food and services do not get to New Hope Village: its only lane starts at a hub without cold store.
    for name in ("fresh milk", "eggs", "vegetable box", "tutoring", "haircut", "rice", "blanket", "nappies"):
        of[name][2] |= {"community": "New Hope Village"}
    # A box of vegetables keeps for a week and is wanted with three days to go.
    for row in of["vegetable box"]:
        row["min_remaining_days"] = "3"
    # Nobody wants a refrigerator that is nearly worn out.
    for row in of["refrigerator"]:
        row["min_quality"] = row["min_quality"] or "3"
    # The pushchairs that are earmarked for Quarry find nobody there; the heaters for Drum Tower would.
    for row in of["pushchair"]:
        row["community"] = "Tea Garden" if row["community"] == "Quarry" else row["community"]
    of["heater"][0]["community"] = "Drum Tower"
    # Minors get legal advice, and Stonebridge its health check-ups, from the public sector alone.
    of["legal advice"][0]["group"] = of["legal advice"][1]["group"] = "children"
    of["health check-up"][0]["community"] = "Stonebridge"
    # Carrying an old refrigerator costs more than doing without: under total-cost it stays where it is.
    for row in of["refrigerator"]:
        row["unmet_cost"] = "10"


def make_needs(draw: Draw) -> list[Row]:
    """Draw all needs, numbered in the order in which they became known."""
    rows = [need(draw, item) for item in ITEMS for _ in range(int(item["needs"]))]
    shape_needs(rows)
    rows = sorted(draw.sample(rows, len(rows)), key=lambda row: row["created_on"])
    return [{"need_id": f"N{number:04d}"} | row for number, row in enumerate(rows, 1)]


# Donations ----------------------------------------------------------------------------------------
USED = ("clothing", "assistive devices", "furniture and appliances")


def shares(draw: Draw, total: float, count: int, step: int) -> list[int]:
    """Split `total` into `count` quantities of which few are large."""
    weights = [draw.heavy() ** 2 for _ in range(count)]
    least = 0.02 * math.fsum(weights)  # nobody drives out for less
    return [rounded(total * max(weight, least) / math.fsum(weights), step) for weight in weights]


def pick_up(draw: Draw, item: Row) -> Row:
    """Draw a pick-up window and, for what perishes, mostly the date on the packing."""
    if item["category"] != PERISHABLE:
        if draw.chance(0.2):
            return {"available_from": "", "available_until": "", "expires_on": ""}
        first = draw.whole(0, 15)
        last = "" if draw.chance(0.25) else day(min(first + draw.whole(1, 12), DAYS - 1))
        return {"available_from": day(first), "available_until": last, "expires_on": ""}
    first, life = draw.whole(0, 20), int(item["shelf_life_days"])
    dated = day(first + life - draw.whole(0, 2)) if draw.chance(0.6) else ""
    return {
        "available_from": day(first),
        "available_until": day(first + draw.whole(0, 2)),
        "expires_on": dated,
    }


def place(draw: Draw, home: tuple[str, str], item: Row, community: str) -> Row:
    """Draw where a donation lies: at the community that raised it, in a hub, mostly at its donor."""
    if community not in ("", "New Hope Village") and draw.chance(0.4):
        return {"origin": community, "latitude": "", "longitude": ""}
    if item["kind"] == "goods" and draw.chance(0.06):
        hubs = [hub["hub"] for hub in HUBS if hub["cold"] == "yes" or item["cold"] == "no"]
        return {"origin": draw.pick(hubs), "latitude": "", "longitude": ""}
    return {"origin": "", "latitude": home[0], "longitude": home[1]}


def donation(draw: Draw, homes: dict[str, tuple[str, str]], item: Row, quantity: int, raised: bool) -> Row:
    """Draw one donation of `quantity` units of `item`."""
    donor = draw.pick([d["donor"] for d in DONORS if item["item"] in d["items"].split(", ")])
    community = draw.weighted(PLACES, CROWD) if raised else ""
    days = pick_up(draw, item)
    quality = draw.weighted(
        ("", "4", "3", "2"), (20, 35, 35, 10) if item["category"] in USED else (80, 15, 5, 0)
    )
    unsure = draw.chance(0.12)
    return {
        "donor": donor,
        "item": item["item"],
        "quantity": str(quantity),
        **place(draw, homes[donor], item, community),
        "community": community,
        **days,
        "quality": quality if item["category"] != "services" else "",
        "only_communities": ";".join(draw.sample(PLACES[:-1], 4)) if draw.chance(0.05) else "",
        "only_groups": draw.pick(groups_of(item)) if draw.chance(0.08) and item["groups"] else "",
        "reliability": draw.pick(("0.6", "0.75", "0.8", "0.9", "0.95")) if unsure else "",
        "created_on": day(
            (offset(days["available_from"]) if days["available_from"] else 0) - draw.whole(1, 10)
        ),
    }


def shape_donations(rows: list[Row]) -> None:
    """Write the stories into the drawn donations; `shape_needs` holds the other half of most."""
    of = {item["item"]: [row for row in rows if row["item"] == item["item"]] for item in ITEMS}
    anyone = {"only_communities": "", "only_groups": "", "reliability": ""}
    for row in of["wheelchair"]:
        row["quality"] = row["quality"] or "4"
    # The chair that may not come: of one piece at 60 % nothing can be planned.
    of["wheelchair"][0] |= {"quantity": "1", "reliability": "0.6"}
    for row in of["infant formula"]:
        first = max(offset(row["available_from"] or day(0)), 3)
        row |= {"available_from": day(first), "available_until": day(first + 9)}
    # Vegetables that come when nobody who asked can have them three days before they spoil.
    of["vegetable box"][0] |= anyone | {"available_from": day(25), "available_until": day(27)}
    of["vegetable box"][0] |= {"expires_on": day(27), "created_on": day(20), "quantity": "12"}
    of["refrigerator"][0] |= anyone | {"quality": "2", "quantity": "2"}
    of["pushchair"][0] |= anyone | {"only_communities": "Quarry", "quality": "", "quantity": "3"}
    of["pushchair"][1] |= {"quantity": "22"}
    # Lotus Pond's organisation has no agreement with the one that serves Drum Tower.
    of["heater"][0] |= anyone | {"community": "Lotus Pond", "only_communities": "Drum Tower", "quality": ""}
    of["heater"][0] |= {"quantity": "4"}
    # The law firm works through University, whose organisation cannot pass anything on to Open Hands.
    of["legal advice"][0] |= anyone | {
        "community": "University",
        "origin": "University",
        "available_until": "",
    }
    of["legal advice"][0] |= {"latitude": "", "longitude": ""}
    for row in of["health check-up"]:
        row["only_groups"] = ""
    for row in of["school backpack"]:
        row["only_groups"] = "children"
    # A factory gives to its neighbours.
    of["children's shoes"][0] |= {"only_communities": "Ironworks;Ferry Landing;Brickyard;Willow Lane"}
    of["soap"][0] |= {"only_communities": "Silk Mill;Station;South Gate", "only_groups": ""}
    # Nobody has said yet where these blankets lie.
    of["blanket"][0] |= anyone | {"origin": "", "latitude": "", "longitude": "", "quality": ""}


def make_donations(draw: Draw, needs: list[Row]) -> list[Row]:
    """Draw all donations, numbered in the order in which they became known."""
    homes = {
        d["donor"]: (
            f"{30.85 + 0.09 * draw.chance(0.6) + draw.whole(0, 1150) / 1e4:.4f}",
            f"{117.36 + 0.07 * draw.chance(0.6) + draw.whole(0, 2100) / 1e4:.4f}",
        )
        for d in DONORS
    }
    lines: list[tuple[Row, int]] = []
    for item in ITEMS:
        wanted = sum(int(row["quantity"]) for row in needs if row["item"] == item["item"])
        total = wanted * float(item["ratio"]) or 35.0
        lines += [(item, q) for q in shares(draw, total, int(item["donations"]), step_of(item))]
    raised = set(draw.sample(range(len(lines)), len(lines) // 3))
    rows = [donation(draw, homes, item, quantity, n in raised) for n, (item, quantity) in enumerate(lines)]
    shape_donations(rows)
    rows = sorted(draw.sample(rows, len(rows)), key=lambda row: row["created_on"])
    return [{"donation_id": f"D{number:03d}"} | row for number, row in enumerate(rows, 1)]


# Files --------------------------------------------------------------------------------------------
TRANSLATED = {
    "community", "item", "group", "channel", "donor", "origin", "only_communities", "only_groups", "name",
    "district", "organization", "hub", "cold", "from_organization", "to_organization", "category", "unit",
    "kind", "need_item", "donated_item", "from_place", "to_place",
}  # fmt: skip
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
            HUBS, "hub", *place_columns, "storage_capacity", "throughput_capacity",
            "handling_cost", "storage_cost", "cold",
        ),
        "organizations": kept(ORGANIZATIONS, "organization", "name"),
        "agreements": table(
            city.AGREEMENTS, "from_organization", "to_organization", "max_quantity_kg", "transfer_cost"
        ),
        "items": kept(
            ITEMS, "item", "category", "unit", "kind", "weight_kg", "shelf_life_days", "cold", "step",
        ),
        "substitutions": table(city.SUBSTITUTIONS, "need_item", "donated_item", "penalty"),
        "lanes": table(
            city.LANES, "from_place", "to_place", "distance_km", "cost_per_kg", "lead_days", "capacity_kg"
        ),
        "exclusions": table(city.EXCLUSIONS, "item", "group", "community"),
    }  # fmt: skip


def as_people_write(rows: list[Row]) -> list[Row]:
    """Return `rows` with a few cells as people write them: the check converts and notes them."""
    rows = [dict(row) for row in rows]
    large = [row for row in rows if 1000 <= int(row["quantity"]) < 10_000]
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
