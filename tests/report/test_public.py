"""The public page, attacked: what is hidden is solved for, from all figures that the page holds."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

import handmade
import matchopt
from demo import Demo
from matchopt import Case, Plan
from matchopt.report.plan import html
from matchopt.report.public import FEW, told_parts
from matchopt.result.plan_tables import tables_of
from matchopt.runs.read import read_run
from profiles import examples

Sizes = list[tuple[int, int, int, int]]
"""Community, group, tier and number of needs."""

TOGETHER = {"small communities together", "small groups together"}
FAMILIES = {"tiers": "priority", "channels": "channel"}
CHANNELS = {"residents": "resident", "public sector": "public_sector", "enterprises": "enterprise"}


def data_of(page: str) -> dict[str, Any]:
    """Return what the page holds as data."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def rows_of(table: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a table of the page."""
    columns = [column["cells"] for column in table["columns"]]
    plain = [[c["texts"][k] for k in c["codes"]] if isinstance(c, dict) else c for c in columns]
    return list(zip(*plain, strict=True))


class Attack:
    """All that follows from a page for who knows the names of all communities, groups and so on.

    A variable counts the needs that agree in the columns `by` and in whether they are served in full; what
    the page tells are equations of them, and its whole percents are inequalities.
    """

    def __init__(self, plan: Plan, page: str, *by: str) -> None:
        self.data, t = data_of(page), tables_of(plan)
        needs = t.needs.assign(full=t.needs["unmet"] <= 0).astype(dict.fromkeys(by, str))
        found = needs.groupby([*by, "full"]).size()
        names = pd.MultiIndex.from_product([*(needs[name].unique() for name in by), [False, True]])
        self.atoms = names.set_names([*by, "full"]).to_frame(index=False)
        self.true = found.reindex(names, fill_value=0).to_numpy(dtype=float)
        self.exact: list[tuple[np.ndarray[Any, Any], float]] = []
        self.between: list[np.ndarray[Any, Any]] = []
        self._headline(page)
        self._tables()
        self._percents()

    def _headline(self, page: str) -> None:
        lead = re.search(r'<p class="lead">Of ([\d,]+) needs? ([\d,]+) are served in full', page)
        if lead:
            total, full = (float(number.replace(",", "")) for number in lead.groups())
            self._count(self.atoms["full"].notna(), [total, full, total - full])
        else:
            lead = re.search(r'<p class="lead">([\d,]+) needs; how many', page)
            assert lead
            self._count(self.atoms["full"].notna(), [float(lead[1].replace(",", "")), None, None])

    def _count(self, of: Any, numbers: list[Any]) -> None:
        full = self.atoms["full"].to_numpy(dtype=bool)
        for kind, number in zip((full | ~full, full, ~full), numbers, strict=True):
            if number is not None:
                marks = (of.to_numpy(dtype=bool) & kind).astype(float)
                assert marks @ self.true == number, "the page tells what is so"
                self.exact.append((marks, number))

    def _tables(self) -> None:
        tables, home = self.data["tables"], self.atoms["community"]
        told = rows_of(tables["communities"])
        named = [row[0] for row in told if row[0] not in TOGETHER]
        shown = {}
        for name, *numbers, share in told:
            self._count(~home.isin(named) if name in TOGETHER else home == name, numbers)
            shown[name] = numbers, share
        groups = rows_of(tables["groups"]) if "groups" in tables else []
        for place, group, *numbers, _ in groups:
            mine = [row[1] for row in groups if row[0] == place and row[1] not in TOGETHER]
            own = home == place
            other = own & ~self.atoms["group"].isin(mine)
            self._count(other if group in TOGETHER else own & (self.atoms["group"] == group), numbers)
        for story in self.data["stories"]["communities"]:
            assert str(shown[story["name"]][0][0]) in story["said"][0].replace(",", "")
            assert [row[:4] for row in story["groups"]] == [
                [group, *numbers] for place, group, *numbers, _ in groups if place == story["name"]
            ]
        for name, _, _, needs, full, _ in self.data["charts"].get("map", {"communities": []})["communities"]:
            assert shown[name][0][:2] == [needs, full]
        drawn = self.data["charts"].get("communities")
        if drawn:
            pairs = zip(drawn["labels"], drawn["served"], drawn["unmet"], strict=True)
            assert all(shown[name][0][1:] == [full, short] for name, full, short in pairs)

    def _percents(self) -> None:
        known = {chart: by for chart, by in FAMILIES.items() if by in self.atoms}
        told = {(by, name): value for chart, by in known.items() for name, value in self._bars(chart)}
        full = self.atoms["full"].to_numpy(dtype=float)
        for (by, name), percent in told.items():
            key = CHANNELS.get(name, name).removeprefix("priority ")
            mine = (self.atoms[by] == key).to_numpy(dtype=float)
            assert mine.any()
            for sign in (-1, 1):
                row = sign * (mine * full - (percent + 0.5 * sign) / 100 * mine)
                assert row @ self.true <= 1e-9
                self.between.append(row)

    def _bars(self, chart: str) -> list[tuple[str, float]]:
        found = self.data["charts"].get(chart, {"labels": [], "values": []})
        return list(zip(found["labels"], found["values"], strict=True))

    def cells(self, *by: str) -> list[np.ndarray[Any, Any]]:
        """Return the cells of fewer than five needs, by some columns."""
        code = self.atoms.groupby(list(by)).ngroup().to_numpy()
        cells = [code == k for k in range(code.max() + 1)]
        return [cell.astype(float) for cell in cells if 0 < self.true[cell].sum() < FEW]

    def determined(self, cell: np.ndarray[Any, Any], whole: bool = True) -> bool:
        """Return whether only one number of needs of a cell agrees with the page."""
        rows = np.array([marks for marks, _ in self.exact])
        right = np.array([number for _, number in self.exact])
        limits = [LinearConstraint(rows, right, right)]
        if self.between:
            limits.append(LinearConstraint(np.array(self.between), -np.inf, 1e-9))
        kind = np.full(len(self.true), int(whole))
        ends = [
            milp(sign * cell, constraints=limits, bounds=Bounds(0, np.inf), integrality=kind).fun
            for sign in (1, -1)
        ]
        assert None not in ends
        return bool(abs(ends[0] + ends[1]) < 0.5)

    def follows(self) -> bool:
        """Return whether a sum over fewer than five needs follows from the counts, by subtraction.

        Here it is known besides which variables are 0.
        """
        there = self.true > 0
        rows = np.array([marks[there] for marks, _ in self.exact])
        distinct, first = np.unique(rows.T, axis=0, return_inverse=True)
        weight = np.bincount(first.ravel(), self.true[there], minlength=len(distinct))
        # What no count tells apart is one cell; what follows is at right angles to all moves that are free.
        _, size, vectors = np.linalg.svd(distinct.T)
        free = vectors[int((size > 1e-9).sum()) :].T
        small = np.flatnonzero(weight < FEW)
        return any(
            weight[list(some)].sum() < FEW and np.abs(free[list(some)].sum(axis=0)).max(initial=0.0) < 1e-9
            for count in (1, 2, 3)
            for some in itertools.combinations(small.tolist(), count)
        )


def made_up(sizes: Sizes, served: int) -> Plan:
    """Return a plan of one item: needs by community, group and tier, of which so many are served."""
    rows = [(c, g, p) for c, g, p, count in sizes for _ in range(count)]
    needs = pd.DataFrame(
        {
            "need_id": [f"n{k}" for k in range(len(rows))],
            "community": [f"C{c}" for c, _, _ in rows],
            "group": [f"g{g}" for _, g, _ in rows],
            "priority": [p for _, _, p in rows],
            "channel": [("resident", "public_sector", "enterprise")[(c + g) % 3] for c, g, _ in rows],
            "item": "rice",
            "quantity": 1,
        }
    )
    donations = pd.DataFrame({"donation_id": ["d"], "item": ["rice"], "quantity": [max(served, 1)]})
    return matchopt.plan(Case.from_frames(needs=needs, donations=donations))


SIZES = st.lists(
    st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(1, 9)),
    min_size=2,
    max_size=14,
)


@examples(0.2)
@given(sizes=SIZES, share=st.floats(0, 1))
def test_nothing_of_fewer_than_five_needs_follows(sizes: Sizes, share: float) -> None:
    count = sum(size for *_, size in sizes)
    plan = made_up(sizes, round(share * count))
    page = html(plan, public=True)
    if count < FEW:
        assert data_of(page)["tables"] == {}
        return
    attack = Attack(plan, page, "community", "group", "priority", "channel")
    assert not attack.follows()
    for by in ("community full", "community group", "community group full", "priority full"):
        for cell in attack.cells(*by.split())[:4]:
            assert not attack.determined(cell), by


@pytest.mark.parametrize("city", ["english_demo", "chinese_demo"])
def test_nothing_of_fewer_than_five_needs_follows_from_the_page_of_a_city(
    city: str, request: pytest.FixtureRequest
) -> None:
    demo: Demo = request.getfixturevalue(city)
    plan = read_run(Path(demo.run))
    attack = Attack(plan, html(plan, public=True), "community", "group")
    assert not attack.follows()
    small = [*attack.cells("community", "group", "full"), *attack.cells("community", "group")]
    for cell in small[:: max(1, len(small) // 25)]:
        assert not attack.determined(cell, whole=False)


PARTS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=8)


@examples(4.0)
@given(parts=PARTS)
def test_what_is_told_of_parts_leaves_no_small_number(parts: list[tuple[int, int]]) -> None:
    full, short = np.array([part for part in parts if sum(part)] or [(9, 9)]).T
    sums = full.sum(), short.sum()
    if any(0 < number < FEW for number in sums):
        return
    told = told_parts(full, short)
    assert not (told.split & ~told.counted).any()
    for kind in (full, short):
        assert all(number == 0 or number >= FEW for number in kind[told.split])
        hidden = kind[~told.split].sum()
        assert hidden == 0 or hidden >= FEW
    assert all(number >= FEW for number in (full + short)[told.counted])
    together = (full + short)[~told.counted].sum()
    assert together == 0 or together >= FEW


def test_of_parts_that_could_be_hidden_the_smallest_is() -> None:
    full, short = np.array([2, 30, 9, 8]), np.array([9, 20, 7, 0])
    assert told_parts(full, short).split.tolist() == [False, True, False, True]


def test_a_page_of_a_hundred_thousand_needs_takes_seconds() -> None:
    rng, count = np.random.default_rng(1), 100_000
    sizes = rng.geometric(0.02, size=(400, 10))
    full = rng.binomial(sizes, 0.8)
    for mine, all_ in zip(full, sizes, strict=True):
        told_parts(mine, all_ - mine)
    assert sizes.sum() > count


def test_the_public_sees_no_ids_and_no_donors() -> None:
    page = html(handmade.city(), public=True)
    for secret in ("need-", "gift-", "donor-", "31.98765", "Tiny", "Small"):
        assert secret not in page.replace("matchopt", ""), secret
    data = data_of(page)
    assert set(data["tables"]) <= {"communities", "groups", "items", "purchases", "left"}
    assert set(data["charts"]) <= {"tiers", "groups", "categories", "channels", "communities", "map", "unmet"}
    assert data["stories"]["donors"] == []
    assert data["charts"].get("map", {"flows": []})["flows"] == []
    assert {row[0] for row in rows_of(data["tables"]["communities"])} <= {"Big", "Wide", *TOGETHER}


def test_what_is_hidden_for_being_small_alone_would_follow_by_subtraction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = made_up([(1, 1, 1, 30), (2, 1, 1, 3), (3, 1, 1, 20)], served=0)
    assert not Attack(plan, html(plan, public=True), "community", "group").follows()
    nothing = np.zeros(0, dtype=np.int64)
    monkeypatch.setattr("matchopt.report.public._complement", lambda *_: nothing)
    monkeypatch.setattr("matchopt.report.public._few", lambda numbers: np.asarray(numbers) == 3)
    assert Attack(plan, html(plan, public=True), "community", "group").follows()


def test_no_card_of_the_page_is_empty() -> None:
    page = html(handmade.city(), public=True)
    drawn = re.findall(r'<div class="chart" id="c-([a-z]+)"', page)
    assert sorted(drawn) == sorted(data_of(page)["charts"])
