"""The needs of the demo city: drawn, then shaped so that each reason why one stays unmet turns up."""

from __future__ import annotations

from demo_draw import (
    CROWD,
    DAYS,
    ITEMS,
    PERISHABLE,
    PLACES,
    Draw,
    Row,
    day,
    groups_of,
    offset,
    rounded,
    step_of,
)

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
ONE_FACE = ("tutoring", "volunteer hours", "legal advice")
"""Services that some residents want from one donor alone."""
ALL_AT_ONCE = ("desk", "school backpack", "blanket", "heater", "exercise books")
"""What a public office often takes for everybody or not at all: a class, a shelter."""


def asked(draw: Draw, item: Row, channel: str) -> float:
    """Draw a quantity: a household's, or many times that where an office or a firm asks for many."""
    least, most, step = float(item["least"]), float(item["most"]), step_of(item)
    household = draw.whole(int(least / step), int(most / step)) * step
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
    one_face = item["item"] in ONE_FACE and channel == "resident" and draw.chance(0.5)
    at_once = item["item"] in ALL_AT_ONCE and channel == "public_sector" and draw.chance(0.6)
    return {
        "community": draw.weighted(PLACES, CROWD),
        "item": item["item"],
        "quantity": f"{asked(draw, item, channel):g}",
        "priority": str(priority),
        "group": draw.pick(groups_of(item)) if grouped else "",
        "needed_from": first,
        "needed_by": last,
        "min_quality": choosy if item["category"] != "services" else "",
        "min_remaining_days": str(draw.whole(1, 4)) if fresh else "",
        "channel": channel,
        "single_source": "yes" if one_face else "",
        # Nobody is helped by a part of a hearing aid.
        "all_or_nothing": "yes" if at_once or item["item"] == "hearing aid" else "",
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
    # A hearing aid is dear: people ask for one or two.
    for row in of["hearing aid"]:
        row |= {"channel": "resident", "quantity": "2" if row["quantity"] == "2" else "1"}
    # Who asks for many flu jabs asks for children, whom the public sector serves; nobody gives the others.
    for row in of["flu vaccine"]:
        row["group"] = row["group"] if row["channel"] == "resident" else "children"
    # Nothing that Brickyard's office asks for in such numbers could come in time.
    for row in of["incontinence pads"]:
        row["community"] = "Riverside" if row["community"] == "Brickyard" else row["community"]
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
