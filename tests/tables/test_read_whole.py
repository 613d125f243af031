"""Quantities, lots, capacities, funds and affinities: what the check says of them."""

from __future__ import annotations

import pytest

from checked import Check, Checked

NEEDS = "need_id,community,item,quantity,group\nn1,A,rice,5,elderly\nn2,B,rice,5,\n"
DONATIONS = "donation_id,item,quantity\n"
ITEMS = "item,kind,step\nrice,goods,\nbread,goods,0.5\ncans,goods,12\nmoney,funds,0.01\n"


def donations(header: str, *rows: str) -> str:
    return "\n".join(
        [f"donation_id,item,quantity,{header}", *(f"d{k},rice,50,{r}" for k, r in enumerate(rows))]
    )


def quantities(name: str, *rows: str) -> str:
    header = "need_id,community,item,quantity\n" if name == "needs" else DONATIONS
    between = ",A," if name == "needs" else ","
    return header + "\n".join(f"{name[0]}{k}{between}{row}" for k, row in enumerate(rows))


# --- a case that uses everything ---------------------------------------------------------


def test_everything_is_accepted_and_typed(check: Check) -> None:
    got = check(
        {
            "needs.csv": "需求编号,社区,物资,数量,人群,单一来源,全部或不给\n"
            "n1,A,rice,5,elderly,yes,\nn2,A,visit,2,,,是\nn3,A,bread,1.5,,,\n",
            "donations.csv": "donation_id,donor,item,quantity,lot_size,max_communities\n"
            "d1,x,rice,50,10,1\nd2,y,visit,4,,\nd3,z,money,100.5,,2\n",
            "communities.csv": "community,population\nA,3500.5\nB,10\n",
            "items.csv": "item,category,kind,step,purchase_price\n"
            "rice,食品,物资,,\nvisit,care,service,,\nbread,食品,goods,0.5,2.5\nmoney,,资金,0.01,\n",
            "substitutions.csv": "need_item,donated_item,ratio\nbread,rice,0.5\n",
            "affinities.csv": "捐赠编号,捐赠方,需求编号,人群,契合度\nd1,,n1,,1\n,y,,elderly,0.25\n",
            "matchopt.toml": "[policy]\nbudget = 5\nfairness = 'share'\nfair_share = 0.5\n"
            "affinity_weight = 2\n",
        }
    )
    assert [f for f in got.findings if f.severity != "note"] == []
    case = got.good
    assert case.needs[["single_source", "all_or_nothing"]].to_numpy().tolist() == [
        [True, False],
        [False, True],
        [False, False],
    ]
    assert case.donations["lot_size"].to_list()[:1] == [10.0]
    assert case.table("items")["kind"].to_list() == ["goods", "service", "goods", "funds"]
    assert case.table("items")["category"].to_list() == ["食品", "care", "食品", ""]
    assert case.table("communities")["population"].to_list() == [3500.5, 10.0]
    assert case.table("affinities")["score"].to_list() == [1.0, 0.25]
    assert case.settings.policy.fair_share == 0.5


def test_a_need_that_all_supply_cannot_fill_is_no_error(check: Check) -> None:
    needs = "need_id,community,item,quantity,all_or_nothing\nn1,A,rice,500,yes\n"
    assert check({"needs.csv": needs}).errors == []


# --- steps and lots ----------------------------------------------------------------------


def test_quantities_are_multiples_of_the_step_despite_binary_fractions(check: Check) -> None:
    rows = quantities("needs", "rice,0.3", "rice,0.30000000000000004", "rice,1234567.7")
    got = check({"items.csv": "item,step\nrice,0.1\n", "needs.csv": rows})
    assert got.of("off_step") == got.of("too_fine") == []
    assert got.errors == []


def test_fraction_where_the_step_is_whole(check: Check) -> None:
    got = check({"items.csv": ITEMS, "donations.csv": "donation_id,item,数量\nd1,cans,12.5\nd2,rice,0.5\n"})
    assert got.errors == [("fraction", "donations", 2, "数量"), ("fraction", "donations", 3, "数量")]


@pytest.mark.parametrize(
    ("name", "words"), [("needs", "only a substitute can serve"), ("donations", "cannot be given")]
)
def test_quantities_off_the_step_are_warned_of_once(check: Check, name: str, words: str) -> None:
    rows = quantities(name, "cans,24", "cans,13", "bread,1.2", "rice,7")
    warning = check({"items.csv": ITEMS, f"{name}.csv": rows}).one("off_step")
    assert (warning.severity, warning.table, warning.row, warning.value) == ("warning", name, 3, "13")
    assert warning.problem.startswith("2 quantities are no whole multiple")
    assert words in warning.problem
    assert "here of 12" in warning.cure
    one = check({"items.csv": ITEMS, f"{name}.csv": quantities(name, "bread,1.2")}).one("off_step")
    assert one.problem.startswith("1 quantity is no whole multiple")


def test_what_is_over_the_last_lot_is_warned_of(check: Check) -> None:
    got = check({"donations.csv": donations("lot_size", "10", "12", "")})
    assert (got.one("off_step").row, got.one("off_step").value) == (3, "50")
    assert "here of 12" in got.one("off_step").cure


@pytest.mark.parametrize(("policy", "rows"), [("ignore", [4, 5]), ("expected", [3, 4]), ("firm", [4])])
def test_a_lot_larger_than_what_can_be_planned(check: Check, policy: str, rows: list[int]) -> None:
    offered = donations("批量,reliability", "50,1", "50,0.9", "51,1", "51,0.001")
    got = check({"donations.csv": offered}, [f"policy.reliability={policy}"])
    assert got.errors == []
    found = got.of("idle_lot")
    assert [(f.severity, f.row, f.column) for f in found] == [("warning", row, "批量") for row in rows]
    assert found[-1].problem == "is more than the 50 that can be planned: nothing can be given"
    assert got.of("off_step") == []


def test_a_lot_that_the_step_makes_larger(check: Check) -> None:
    rows = "donation_id,item,quantity,lot_size\nd1,cans,36,8\nd2,cans,12,8\n"
    got = check({"items.csv": ITEMS, "donations.csv": rows})
    assert got.one("idle_lot").row == 3
    assert got.one("idle_lot").problem.startswith("with the step 12 makes lots of 24, more than the 12")
    assert got.one("off_step").row == 2


@pytest.mark.parametrize(
    ("files", "places"),
    [
        ({"items.csv": "item,最小步长\nrice,0.0000001\n"}, [("items", 2, "最小步长")]),
        ({"items.csv": "item,step\nrice,0.3333333333333333\n"}, [("items", 2, "step")]),
        ({"donations.csv": donations("lot_size", "1", "0.1234567")}, [("donations", 3, "lot_size")]),
        (
            {"items.csv": "item,step\nrice,0.5\n", "needs.csv": quantities("needs", "rice,0.1234567")},
            [("needs", 2, "quantity")],
        ),
        ({"items.csv": "item,step\nrice,0.000001\n", "needs.csv": quantities("needs", "rice,0.123457")}, []),
        (
            {
                "items.csv": "item,step\nrice,0.999983\n",
                "donations.csv": donations("lot_size", "8999999999999"),
            },
            [("donations", 2, "lot_size")],
        ),
    ],
)
def test_what_is_too_fine_to_be_counted(
    check: Check, files: dict[str, str], places: list[tuple[str, int, str]]
) -> None:
    assert check(files).errors == [("too_fine", *place) for place in places]


def test_quantities_that_add_up_beyond_counting(check: Check) -> None:
    items = "item,step\nrice,0.0001\n"
    assert check({"items.csv": items, "needs.csv": quantities("needs", "rice,8e14")}).errors == []
    got = check({"items.csv": items, "needs.csv": quantities("needs", "rice,8e14", "rice,8e14")})
    assert got.errors == [("too_large", "needs", 2, "quantity")]
    assert "in 4 decimals" in got.one("too_large").problem


# --- ratios, prices, capacities ----------------------------------------------------------


@pytest.mark.parametrize("value", ["0", "-1"])
@pytest.mark.parametrize(
    ("name", "header", "column"),
    [
        ("substitutions", "need_item,donated_item,ratio\nrice,bread,", "ratio"),
        ("items", "item,purchase_price\nrice,", "purchase_price"),
        ("items", "item,step\nrice,", "step"),
    ],
)
def test_what_must_be_above_nothing(check: Check, name: str, header: str, column: str, value: str) -> None:
    got = check({f"{name}.csv": f"{header}{value}\n"})
    assert got.errors == [("not_positive", name, 2, column)]
    assert "leave it empty" in got.one("not_positive").cure


CAPACITIES = [
    ("hubs", "hub,storage_capacity", "H"),
    ("hubs", "hub,throughput_capacity", "H"),
    ("lanes", "from_place,to_place,distance_km,capacity_kg", "A,B,1"),
    ("agreements", "from_organization,to_organization,max_quantity_kg", "O,P"),
]


@pytest.mark.parametrize(("name", "header", "key"), CAPACITIES)
def test_capacities_below_nothing_are_errors_and_0_is_closed(
    check: Check, name: str, header: str, key: str
) -> None:
    column = header.rpartition(",")[2]
    files = {"needs.csv": NEEDS, f"{name}.csv": f"{header}\n{key},-1\n"}
    assert check(files).errors == [("out_of_range", name, 2, column)]
    got = check({**files, f"{name}.csv": f"{header}\n{key},0\n"})
    assert got.errors == []
    closed = got.one("closed")
    assert (closed.severity, closed.table, closed.row, closed.column) == ("warning", name, 2, column)
    for capacity in ("", "0.5"):
        assert check({**files, f"{name}.csv": f"{header}\n{key},{capacity}\n"}).of("closed") == []


# --- funds -------------------------------------------------------------------------------

FUNDS = "item,kind,purchase_price\nrice,goods,{rice}\nmoney,funds,{money}\n"


def test_a_price_of_money_has_no_effect(check: Check) -> None:
    got = check({"items.csv": FUNDS.format(rice=5, money=1)})
    warning = got.one("idle_price")
    assert (warning.severity, warning.row, warning.column) == ("warning", 3, "purchase_price")
    assert check({"items.csv": FUNDS.format(rice=5, money="")}).of("idle_price") == []


@pytest.mark.parametrize(
    ("price", "more", "idle"),
    [
        ("", {}, [3]),
        (5, {}, []),
        ("", {"substitutions.csv": "need_item,donated_item,ratio\nrice,money,0.2\n"}, []),
        (
            "",
            {
                "substitutions.csv": "need_item,donated_item,ratio\noil,money,0.2\n",
                "items.csv": FUNDS.format(rice="", money="") + "oil,goods,\n",
            },
            [3],
        ),
        ("", {"needs.csv": quantities("needs", "money,5")}, []),
    ],
)
def test_money_that_can_buy_nothing(
    check: Check, price: str | int, more: dict[str, str], idle: list[int]
) -> None:
    offered = DONATIONS + "d1,rice,5\nd2,money,100\n"
    got = check({"items.csv": FUNDS.format(rice=price, money=""), "donations.csv": offered, **more})
    assert got.errors == []
    assert [(f.severity, f.row, f.value) for f in got.of("idle_funds")] == [
        ("warning", row, "money") for row in idle
    ]


# --- affinities --------------------------------------------------------------------------

AFFINITIES = "donation_id,donor,need_id,group,score\n"


def affinities(check: Check, *rows: str, changes: tuple[str, ...] = ()) -> Checked:
    files = {
        "needs.csv": NEEDS,
        "donations.csv": donations("donor", "Ann", ""),
        "affinities.csv": AFFINITIES + "\n".join(rows),
    }
    return check(files, ["policy.affinity_weight=1", *changes])


def test_affinities_for_unknown_names(check: Check) -> None:
    got = affinities(check, "d9,,n1,,1", ",Anne,n1,,1", "d1,,N1,,1", "d1,,,eldery,1", ",d1,,elderly,1")
    assert got.errors == [
        ("unknown_key", "affinities", row, column)
        for row, column in ((2, "donation_id"), (3, "donor"), (4, "need_id"), (5, "group"))
    ]
    cures = [f.cure for f in got.of("unknown_key")]
    for cure, name in zip(cures[1:], ("Ann", "n1", "elderly"), strict=True):
        assert f"did you mean «{name}»?" in cure


def test_affinities_that_say_too_little_or_too_much(check: Check) -> None:
    got = affinities(check, "d1,,,,1", ",Ann,n1,,1", ",,n1,,1", "d1,Ann,n1,,1", "d1,,n1,elderly,1")
    assert got.errors == [
        ("incomplete_row", "affinities", 2, "need_id"),
        ("incomplete_row", "affinities", 4, "donation_id"),
        ("ambiguous_row", "affinities", 5, "donor"),
        ("ambiguous_row", "affinities", 6, "group"),
    ]


def test_affinities_that_stand_twice(check: Check) -> None:
    got = affinities(check, "d1,,n1,,1", "d0,,n1,,1", ",Ann,n1,,1", "d1,,n1,,0.5", "d0,,n1,,1")
    assert got.errors == [("duplicate_id", "affinities", 5, ""), ("duplicate_id", "affinities", 6, "")]
    assert [(f.value, f.problem) for f in got.of("duplicate_id")] == [
        ("d1 → n1", "stands in row 2 already"),
        ("d0 → n1", "stands in row 3 already"),
    ]


def test_scores_outside_their_range(check: Check) -> None:
    got = affinities(check, "d1,,n1,,1.5", "d0,,n1,,-0.1", "d0,,n2,,")
    assert got.errors == [
        ("out_of_range", "affinities", 2, "score"),
        ("out_of_range", "affinities", 3, "score"),
        ("missing_value", "affinities", 4, "score"),
    ]


def test_affinities_without_weight_and_weight_without_affinities(check: Check) -> None:
    without = affinities(check, "d1,,n1,,1", changes=("policy.affinity_weight=0",))
    for note in (
        without.one("idle_affinities"),
        check(changes=["policy.affinity_weight=2"]).one("idle_affinities"),
    ):
        assert (note.severity, note.table, note.column) == ("note", "matchopt.toml", "policy.affinity_weight")
    assert affinities(check, "d1,,n1,,1").of("idle_affinities") == []
    assert check(changes=["policy.churn_cost=1"]).findings == check().findings
