"""The donations of the demo city, and how well volunteers fit residents."""

from __future__ import annotations

import math

from demo_draw import (
    COMMUNITIES,
    CROWD,
    DAYS,
    DONORS,
    HUBS,
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

USED = ("clothing", "assistive devices", "furniture and appliances")
CARTONS = {
    "canned vegetables": 24,
    "long-life milk": 12,
    "soap": 10,
    "surgical masks": 10,
    "exercise books": 10,
    "infant formula": 6,
    "toilet paper": 10,
    "noodles": 5,
    "eggs": 30,
}
"""Item → units in a carton, in which the first donation of it leaves."""
FEW_COMMUNITIES = {
    "blanket": 2,
    "winter coat": 4,
    "laundry detergent": 3,
    "rice": 3,
    "heater": 2,
    "donated money": 5,
}
"""Item → how many communities the second donation of it goes to at the most."""


def shares(draw: Draw, total: float, count: int, step: float) -> list[float]:
    """Split `total` into `count` quantities of which few are large."""
    weights = [draw.heavy() ** 2 for _ in range(count)]
    least = 0.02 * math.fsum(weights)  # nobody drives out for less
    return [rounded(total * max(weight, least) / math.fsum(weights), step) for weight in weights]


def pick_up(draw: Draw, item: Row) -> Row:
    """Draw a pick-up window and, for what perishes, mostly the date on the packing."""
    if item["kind"] == "funds":
        return {"available_from": day(draw.whole(0, 4)), "available_until": "", "expires_on": ""}
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
    if item["kind"] == "funds":
        return {"origin": "", "latitude": "", "longitude": ""}
    if community not in ("", "New Hope Village") and draw.chance(0.4):
        return {"origin": community, "latitude": "", "longitude": ""}
    if item["kind"] == "goods" and draw.chance(0.06):
        hubs = [hub["hub"] for hub in HUBS if hub["cold"] == "yes" or item["cold"] == "no"]
        return {"origin": draw.pick(hubs), "latitude": "", "longitude": ""}
    return {"origin": "", "latitude": home[0], "longitude": home[1]}


def donation(draw: Draw, homes: dict[str, tuple[str, str]], item: Row, quantity: float, raised: bool) -> Row:
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
        "quantity": f"{quantity:g}",
        **place(draw, homes[donor], item, community),
        "community": community,
        **days,
        "quality": quality if item["kind"] == "goods" else "",
        "lot_size": "",
        "only_communities": ";".join(draw.sample(PLACES[:-1], 4)) if draw.chance(0.05) else "",
        "only_groups": draw.pick(groups_of(item)) if draw.chance(0.08) and item["groups"] else "",
        "max_communities": "",
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
    for item, carton in CARTONS.items():
        row = of[item][0]
        row |= {
            "lot_size": str(carton),
            "quantity": f"{max(1, round(float(row['quantity']) / carton)) * carton}",
        }
    for item, most in FEW_COMMUNITIES.items():
        of[item][1]["max_communities"] = str(most)
    # Money that anyone may use, money for some, and money that Riverside has raised.
    free, some, raised = of["donated money"]
    free |= anyone | {"quantity": "9000", "community": ""}
    some |= anyone | {"quantity": "5000", "only_groups": "elderly;disabled", "community": ""}
    raised |= anyone | {"quantity": "2500", "community": "Riverside"}


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
        wanted = sum(float(row["quantity"]) for row in needs if row["item"] == item["item"])
        total = (wanted or 1) * float(item["offered"])
        lines += [(item, q) for q in shares(draw, total, int(item["donations"]), step_of(item))]
    raised = set(draw.sample(range(len(lines)), len(lines) // 3))
    rows = [donation(draw, homes, item, quantity, n in raised) for n, (item, quantity) in enumerate(lines)]
    shape_donations(rows)
    rows = sorted(draw.sample(rows, len(rows)), key=lambda row: row["created_on"])
    return [{"donation_id": f"D{number:03d}"} | row for number, row in enumerate(rows, 1)]


# Affinities ---------------------------------------------------------------------------------------
KNOWN = (
    ("Crane Health Centres", "elderly", "1"),
    ("Steady Step Rehabilitation", "disabled", "0.9"),
    ("Silver Scissors Salons", "elderly", "0.8"),
    ("Silver Scissors Salons", "disabled", "0.5"),
)
"""How well donors of services get on with a group: donor, group, score."""


def make_affinities(draw: Draw, needs: list[Row], donations: list[Row]) -> list[Row]:
    """Draw how well volunteers fit residents: by who they are, by group, and for some by name."""
    district = {row["community"]: row["district"] for row in COMMUNITIES}
    rows = [affinity("", donor, "", group, score) for donor, group, score in KNOWN]
    at_home = [row for row in needs if row["item"] == "volunteer hours" and row["group"]]
    for row in [row for row in donations if row["item"] == "volunteer hours"]:
        name = row["donation_id"]
        rows += [affinity(name, "", "", group, f"0.{draw.whole(3, 8)}") for group in ("elderly", "disabled")]
        for need in [need for need in at_home if draw.chance(0.6)]:
            near = district.get(row["community"]) == district[need["community"]]
            score = "1" if near else f"0.{draw.whole(1, 9)}"
            rows.append(affinity(name, "", need["need_id"], "", score))
    # Some know their hairdresser.
    known = draw.sample([need for need in needs if need["item"] == "haircut" and need["group"]], 5)
    return rows + [affinity("", "Silver Scissors Salons", need["need_id"], "", "1") for need in known]


def affinity(donation: str, donor: str, need: str, group: str, score: str) -> Row:
    return {"donation_id": donation, "donor": donor, "need_id": need, "group": group, "score": score}
