"""What is said of a need is so: which rule turns a donation away, which smallest change would serve it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given

import matchopt
from matchopt import Case, Plan
from matchopt.errors import CaseError, MatchoptError
from matchopt.report.explained import need_in_words
from matchopt.report.explained_parts import (
    community_in_words,
    donation_in_words,
    hub_in_words,
    item_in_words,
)
from matchopt.whatif.changes import ChangeKind, Confirmer, kinds_for, smallest
from matchopt.whatif.explain import candidates_of, explain_need
from profiles import examples
from small_case import SmallCase
from strategies import small_cases


def served(case: Case, need: str) -> bool:
    needs = matchopt.plan(case).needs
    return bool((needs.loc[needs["need_id"] == need, "unmet"] <= 0).all())


def next_smaller(kind: ChangeKind, size: Any) -> Any:
    """Return the largest size that is smaller, None for none."""
    if kind.sizes is not None:
        at = list(kind.sizes).index(size)
        return kind.sizes[at - 1] if at else None
    steps = round(size / kind.step)
    return steps - 1 if steps > 1 else None


@examples(0.12)
@given(small=small_cases())
def test_the_smallest_change_does_it_and_a_smaller_one_does_not(small: SmallCase) -> None:
    plan = matchopt.plan(small.case())
    short = plan.needs[plan.needs["unmet"] > 0]
    if short.empty:
        return
    need = str(short["need_id"].iloc[0])
    told: list[tuple[int, int]] = []
    story = explain_need(plan, need, tell=lambda done, most: told.append((done, most)))
    # Never more plans than were foreseen, and never more to come than before.
    assert [done for done, _ in told] == list(range(story.plans))
    assert all(done < most for done, most in told)
    assert [most for _, most in told] == sorted((most for _, most in told), reverse=True)
    why = f"{story.result['reason']};{story.result['obstacles']}"
    kinds = kinds_for(plan, need, why, story.candidates.table)
    by_name = {(kind.name, kind.subject): kind for kind in kinds}
    for change in story.changes:
        if change.also is not None:
            continue  # neither is enough alone: that was tried first
        kind = by_name[change.kind, change.subject]
        size = change.size if kind.sizes is not None else round(change.size / kind.step)
        assert served(kind.apply(size), need), change
        smaller = next_smaller(kind, change.size)
        assert smaller is None or not served(kind.apply(smaller), need), change


@examples(0.08)
@given(small=small_cases())
def test_changed_cases_can_be_planned(small: SmallCase) -> None:
    """Else every kind of change would be passed over in silence."""
    plan = matchopt.plan(small.case())
    row: Any
    for row in plan.needs[plan.needs["unmet"] > 0].head(2).itertuples():
        for kind in kinds_for(
            plan, str(row.need_id), str(row.reason), candidates_of(plan, row.need_id).table
        ):
            kind.apply(1 if kind.sizes is None else kind.sizes[0])


@examples(0.1)
@given(small=small_cases())
def test_who_is_turned_away_does_not_serve(small: SmallCase) -> None:
    plan = matchopt.plan(small.case())
    pairs = set(zip(plan.allocations["donation_id"], plan.allocations["need_id"], strict=True))
    for need in plan.needs["need_id"].head(3):
        table = candidates_of(plan, need).table
        assert not {(donation, need) for donation in table.loc[table["refused"] != "", "donation_id"]} & pairs
        assert table.loc[table["refused"] == "", "cost"].notna().all()


@examples(0.1)
@given(small=small_cases())
def test_who_serves_a_need_may_serve_it_at_that_cost(small: SmallCase) -> None:
    plan = matchopt.plan(small.case())
    line: Any
    for line in plan.allocations.itertuples():
        table = candidates_of(plan, str(line.need_id)).table.set_index("donation_id")
        assert table.loc[line.donation_id, "refused"] == ""
        per_unit = line.total_cost / line.donated_quantity
        # Where capacities are full another way may be taken, which is never cheaper.
        assert table.loc[line.donation_id, "cost"] <= per_unit + 1e-3


def city(**changes: Any) -> Plan:
    """Rice for two communities, worked out by hand: 10 kg, of which Hilltop, more urgent, takes 8."""
    needs = pd.DataFrame(
        {
            "need_id": ["N1", "N2"],
            "community": ["Hilltop", "Oldtown"],
            "item": ["rice", "rice"],
            "quantity": [8, 5],
            "priority": [1, 3],
            "needed_by": ["2026-03-07", "2026-03-05"],
            "min_quality": [1, changes.get("min_quality", 1)],
            "group": ["", "elderly"],
        }
    )
    gifts = pd.DataFrame(
        {
            "donation_id": ["D1", "D2"],
            "donor": ["Mill", "Farm"],
            "item": ["rice", "rice"],
            "quantity": [10, 20],
            "available_from": ["2026-03-01", "2026-03-08"],
            "quality": [5, 3],
            "only_groups": ["", changes.get("only_groups", "")],
        }
    )
    since = {"horizon": {"start": "2026-03-01"}}
    return matchopt.plan(Case.from_frames(needs=needs, donations=gifts, settings=since))


def test_a_need_in_words() -> None:
    plan = city()
    story = explain_need(plan, "N2")
    assert [(change.kind, change.size) for change in story.changes] == [("more", 3.0), ("later", 3)]
    assert list(need_in_words(plan, story)) == [
        "N2: Oldtown asks for 5 of rice, priority 3, for elderly, by Mar 5, 2026.",
        "2 of 5 units are served.",
        "  Mill gives 2 of rice (D1) directly, fetched on Mar 1, 2026 and delivered on Mar 1, 2026, "
        "at a cost of CN¥0.20.",
        "  It is the only donation that may serve the need.",
        "3 units stay unmet: what there is serves needs that come first or cost less.",
        "Turned away, 1 donation:",
        "  D2 of Farm (rice): it cannot arrive within the days asked for, or not fresh enough.",
        "May serve it, 1 donation:",
        "  D1 of Mill serves N1 (priority 1, 8 units); 0 are left over.",
        "It would be served in full, confirmed by planning anew:",
        "  if Oldtown had 3 units more of rice, of the best quality and on all days",
        "  if it could wait 3 days longer",
    ]


def test_a_donation_in_words() -> None:
    assert list(donation_in_words(city(), "D2")) == [
        "D2: Farm offers 20 of rice; 0 are planned.",
        "20 are left over: it cannot arrive in time.",
    ]


def test_a_community_in_words() -> None:
    lines = list(community_in_words(city(), "Oldtown"))
    assert lines[0] == "Oldtown:"
    assert lines[-1] == (
        "  elderly: 1 need, 0 in full, 1 in part, 0 not at all "
        "(1: what there is serves needs that come first or cost less)"
    )


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(KeyError):
        explain_need(city(), "N9")
    with pytest.raises(KeyError):
        list(donation_in_words(city(), "D9"))
    with pytest.raises(KeyError):
        list(community_in_words(city(), "Nowhere"))


def test_a_case_that_cannot_be_changed_so_is_no_change() -> None:
    def refused(_: object) -> Case:
        raise CaseError([])

    assert (
        smallest(ChangeKind("later", refused, (1, 2)), 3.0, Confirmer("N2", lambda done, most: None)) is None
    )


def test_more_room_on_a_lane_or_under_an_agreement_is_a_change() -> None:
    """The lane carries 6 of the 10 kg, and the agreement lets 4 through."""
    needs = pd.DataFrame({"need_id": ["N1"], "community": ["Oldtown"], "item": ["rice"], "quantity": [10]})
    gifts = pd.DataFrame(
        {
            "donation_id": ["D1"],
            "item": ["rice"],
            "quantity": [10],
            "origin": ["Hilltop"],
            "community": ["Hilltop"],
        }
    )
    lanes = pd.DataFrame(
        {"from_place": ["Hilltop"], "to_place": ["Oldtown"], "distance_km": [5], "capacity_kg": [6]}
    )
    narrow = matchopt.plan(Case.from_frames(needs=needs, donations=gifts, lanes=lanes))
    told = [(c.kind, c.subject, c.size) for c in explain_need(narrow, "N1").changes]
    assert ("lane", "Hilltop → Oldtown", 4) in told
    communities = pd.DataFrame({"community": ["Hilltop", "Oldtown"], "organization": ["A", "B"]})
    agreements = pd.DataFrame({"from_organization": ["A"], "to_organization": ["B"], "max_quantity_kg": [4]})
    bound = matchopt.plan(
        Case.from_frames(
            needs=needs,
            donations=gifts,
            communities=communities,
            agreements=agreements,
            organizations=pd.DataFrame({"organization": ["A", "B"]}),
            settings={"policy": {"boundary": "agreements"}},
        )
    )
    told = [(c.kind, c.subject, c.size) for c in explain_need(bound, "N1").changes]
    assert ("agreement", "A → B", 6) in told


def two_rules(**changes: Any) -> Plan:
    """One donation that its quality and an earmark both keep from the only need."""
    needs = {"need_id": ["N1"], "community": ["A"], "item": ["rice"], "quantity": [10], "min_quality": [4]}
    gift = {
        "donation_id": ["D1"],
        "item": ["rice"],
        "quantity": [10],
        "quality": [2],
        "only_communities": ["B"],
    }
    tables = {
        "communities": pd.DataFrame({"community": ["A", "B"], "name": ["Old Town", "新村"]}),
        "items": pd.DataFrame({"item": ["rice"], "name": ["大米"]}),
    }
    frames: dict[str, Any] = {
        "needs": pd.DataFrame(needs),
        "donations": pd.DataFrame(gift | changes),
        **tables,
    }
    return matchopt.plan(Case.from_frames(**frames))


def test_all_rules_that_turn_a_donation_away_are_told_and_lifted_together() -> None:
    plan = two_rules()
    story = explain_need(plan, "N1")
    assert story.candidates.table["refused"].tolist() == ["quality;earmark"]
    (more, both) = story.changes
    assert (more.kind, both.kind, both.size) == ("more", "quality", 2)
    assert both.also is not None
    assert (both.also.kind, both.also.subject) == ("earmark", "D1")
    told = list(need_in_words(plan, story))
    assert (
        "  D1 of D1 (rice): its quality is below what is asked for and its donor keeps it for other "
        "communities or groups."
    ) in told
    assert told[-1] == "  if quality 2 were good enough and, at once, if donation D1 were not kept for others"


def test_a_smaller_lot_is_proposed() -> None:
    plan = two_rules(quality=[5], only_communities=[""], lot_size=[6], quantity=[12])
    story = explain_need(plan, "N1")
    assert ("lot", 2.0, "D1") in [(change.kind, change.size, change.subject) for change in story.changes]
    assert "  if donation D1 came in lots of 2" in list(need_in_words(plan, story))


def test_ids_in_any_case_and_names_of_the_tables_are_known() -> None:
    plan = two_rules()
    assert explain_need(plan, "n1").result["need_id"] == "N1"
    assert next(iter(donation_in_words(plan, "d1"))).startswith("D1: ")
    for name in ("A", "a", "Old Town", "OLD TOWN"):
        assert next(iter(community_in_words(plan, name))) == "Old Town:"
    for name in ("rice", "Rice", "大米"):
        assert next(iter(item_in_words(plan, name))).startswith("大米: 10 asked for in 1 need; 0 served")
    with pytest.raises(MatchoptError, match="Did you mean Old Town"):
        list(community_in_words(plan, "Old Twon"))
    with pytest.raises(MatchoptError, match="has no hub H"):
        list(hub_in_words(plan, "H"))


def test_a_hub_in_words() -> None:
    needs = pd.DataFrame({"need_id": ["N1"], "community": ["A"], "item": ["rice"], "quantity": [4]})
    gift = pd.DataFrame({"donation_id": ["D1"], "item": ["rice"], "quantity": [4], "origin": ["mill"]})
    lanes = pd.DataFrame({"from_place": ["mill", "H"], "to_place": ["H", "A"], "distance_km": [1, 1]})
    tables: dict[str, Any] = {"hubs": pd.DataFrame({"hub": ["H", "K"]}), "lanes": lanes}
    plan = matchopt.plan(Case.from_frames(needs=needs, donations=gift, **tables))
    assert next(iter(hub_in_words(plan, "h"))) == "H: on the way of 1 allocation, to A."
    assert list(hub_in_words(plan, "K")) == ["K: nothing passes through it."]
