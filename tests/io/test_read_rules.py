"""Rules across tables, and what is refused by name."""

from __future__ import annotations

import pytest

from matchopt.io.substitutions import circles

NEEDS = "need_id,community,item,quantity\nn1,A,rice,5\nn2,B,rice,5\n"
PLACES = "community,latitude,longitude\nA,31.2,121.4\nB,31.3,121.5\nC,31.1,121.3\n"


def donations(header: str, *rows: str) -> str:
    return "\n".join(
        [f"donation_id,item,quantity,{header}", *(f"d{k},rice,5,{r}" for k, r in enumerate(rows))]
    )


# --- references and origins --------------------------------------------------------------


def test_key_that_another_table_lacks(check):
    got = check(
        {
            "needs.csv": NEEDS, "communities.csv": "community\nA\nBB\n",
            "donations.csv": donations("限定社区", "A;BB", "BB;Aa"), "items.csv": "item\nRice\n",
        }
    )  # fmt: skip
    assert got.errors == [
        ("unknown_key", "needs", 2, "item"),
        ("unknown_key", "needs", 3, "community"),
        ("unknown_key", "needs", 3, "item"),
        ("unknown_key", "donations", 2, "item"),
        ("unknown_key", "donations", 3, "item"),
        ("unknown_key", "donations", 3, "限定社区"),
    ]
    assert "did you mean «Rice»?" in got.of("unknown_key")[0].cure
    assert got.of("unknown_key")[5].value == "Aa"


def test_keys_are_free_where_the_table_is_not_given(check):
    assert check({"needs.csv": NEEDS, "donations.csv": donations("community", "Z")}).errors == []


@pytest.mark.parametrize(
    ("files", "codes"),
    [
        ({}, []),
        ({"communities.csv": "community\nA\nB\n"}, ["unknown_origin"]),
        ({"hubs.csv": "hub\nH\n"}, ["unknown_origin"]),
        ({"hubs.csv": "hub\nX\n"}, []),
        ({"hubs.csv": "hub\nH\n", "lanes.csv": "from_place,to_place,distance_km\nX,A,1\n"}, []),
        ({"lanes.csv": "from_place,to_place,distance_km\nY,A,1\n"}, []),
    ],
)
def test_origin_unknown(check, files, codes):
    got = check({"needs.csv": NEEDS, "donations.csv": donations("origin", "X", "A"), **files})
    assert [code for code, *_ in got.errors] == codes
    assert [f.row for f in got.of("unknown_origin")] == [2] * len(codes)


def test_origin_with_its_own_coordinates_may_be_unknown(check):
    rows = donations("origin,latitude,longitude", "X,31.2,121.4")
    assert check({"needs.csv": NEEDS, "communities.csv": PLACES, "donations.csv": rows}).errors == []


def test_origin_that_no_lane_names_is_warned_of_once(check):
    lanes = "from_place,to_place,distance_km\nX,A,1\n"
    got = check({"needs.csv": NEEDS, "donations.csv": donations("origin", "X", "Y", "Z"), "lanes.csv": lanes})
    warning = got.one("unreached_origin")
    assert (warning.severity, warning.row, warning.value) == ("warning", 3, "Y")
    assert "2 of 3" in warning.problem


# --- coordinates -------------------------------------------------------------------------


def test_latitude_beyond_90_may_be_swapped(check):
    got = check({"communities.csv": "community,纬度,经度\nA,121.4,31.2\nB,95,200\n"})
    assert got.errors == [
        ("out_of_range", "communities", 2, "纬度"),
        ("out_of_range", "communities", 3, "经度"),
        ("out_of_range", "communities", 3, "纬度"),
    ]
    cures = {f.row: f.cure for f in got.of("out_of_range") if f.column == "纬度"}
    assert "swapped" in cures[2]
    assert "swapped" not in cures[3]


def test_half_coordinates(check):
    got = check({"communities.csv": "community,latitude,longitude\nA,31,\nB,,121\n"})
    assert got.errors == [
        ("half_coordinates", "communities", 2, "longitude"),
        ("half_coordinates", "communities", 3, "latitude"),
    ]


def test_swapped_coordinates_within_range(check):
    rows = "community,latitude,longitude\nA,48.85,2.35\nB,48.9,2.4\nC,2.3,48.8\nD,48.8,2.3\n"
    assert check({"communities.csv": rows}).errors == [("swapped_coordinates", "communities", 4, "latitude")]
    far = rows.replace("C,2.3,48.8", "C,20,60")
    assert check({"communities.csv": far}).errors == []


def test_swapped_coordinates_of_a_donation(check):
    communities = "community,latitude,longitude\nA,48.85,2.35\nB,48.9,2.4\n"
    rows = donations("latitude,longitude", "2.3,48.8")
    got = check({"needs.csv": NEEDS, "communities.csv": communities, "donations.csv": rows})
    assert got.errors == [("swapped_coordinates", "donations", 2, "latitude")]


def test_one_name_at_two_places(check):
    got = check(
        {"communities.csv": PLACES, "hubs.csv": "仓库,latitude,longitude\nA,31.2,121.4\nB,31.2,121.4\n"}
    )
    assert got.errors == [("contradictory_place", "hubs", 3, "仓库")]


def test_own_coordinates_that_contradict_the_origin(check):
    rows = donations("origin,latitude,longitude", "A,31.2,121.4", "A,31.9,121.4")
    got = check({"needs.csv": NEEDS, "communities.csv": PLACES, "donations.csv": rows})
    assert got.errors == [("contradictory_place", "donations", 3, "origin")]


@pytest.mark.parametrize(
    ("files", "severity", "words"),
    [
        ({}, "note", "distance 0"),
        ({"lanes.csv": "from_place,to_place,distance_km\nA,B,1\n"}, "note", "only by the lanes"),
        ({"communities.csv": PLACES + "D,,\n"}, "warning", "distance 0"),
    ],
)
def test_places_without_coordinates_are_spoken_of_once(check, files, severity, words):
    got = check({"needs.csv": NEEDS, **files}).one("no_coordinates")
    assert got.severity == severity
    assert words in got.problem


def test_all_places_have_coordinates(check):
    rows = donations("origin", "A")
    got = check({"needs.csv": NEEDS, "communities.csv": PLACES, "donations.csv": rows})
    assert got.findings == ()


# --- lanes -------------------------------------------------------------------------------


def test_contradictory_lanes(check):
    lanes = "起点,终点,distance_km,lead_days\nA,B,1,\nA,B,1.0,0\nB,A,2,\nA,B,3,\n"
    got = check({"needs.csv": NEEDS, "lanes.csv": lanes})
    assert got.errors == [("contradictory_lanes", "lanes", 5, "起点")]
    assert "row 2" in got.one("contradictory_lanes").problem
    assert (got.one("repeated_lane").severity, got.one("repeated_lane").row) == ("warning", 3)


def test_repeated_lanes_are_merged(check):
    lanes = "from_place,to_place,distance_km,memo\nA,B,1,x\nA,B,1,x\nB,A,2,y\n"
    got = check({"needs.csv": NEEDS, "lanes.csv": lanes}).good
    assert got.tables["lanes"]["distance_km"].to_list() == [1.0, 2.0]
    assert got.extras["lanes"]["memo"].to_list() == ["x", "y"]
    assert got.tables["lanes"].index.to_list() == [0, 1]


def test_lane_without_length(check):
    lanes = "from_place,to_place,distance_km,cost_per_kg\nA,B,,\nA,A,,\nA,X,,1\nX,B,,\n"
    got = check({"needs.csv": NEEDS, "communities.csv": PLACES, "lanes.csv": lanes})
    assert got.errors == [("lane_without_length", "lanes", 5, "distance_km")]
    assert [(f.column, f.value) for f in got.of("unknown_place")] == [("to_place", "X"), ("from_place", "X")]


# --- substitutions -----------------------------------------------------------------------


def test_substitutions_by_themselves_in_circles_and_at_nothing(check):
    rows = "need_item,donated_item,ratio\na,b,1\nb,c,1\nc,a,1\nd,d,1\ne,f,0\ng,a,1\n"
    got = check({"substitutions.csv": rows})
    assert got.errors == [
        ("substitution_cycle", "substitutions", 2, "donated_item"),
        ("self_substitution", "substitutions", 5, "donated_item"),
        ("not_positive", "substitutions", 6, "ratio"),
    ]
    assert got.one("substitution_cycle").value == "a → b → c → a"


def test_circles_of_a_graph():
    chain = {"a": {"b": 0}, "b": {"c": 1}, "x": {"y": 2}}
    assert circles(chain) == []
    assert circles(chain | {"y": {"x": 3}}) == [["x", "y"]]
    assert circles({"a": {"b": 0, "c": 1}, "b": {"c": 2}}) == []
    assert len(circles({k: {str((int(k) + 1) % 50): 0} for k in map(str, range(50))})[0]) == 50


# --- policy and days ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("boundary", "files", "codes"),
    [
        ("district", {}, ["boundary_without_data"]),
        ("district", {"communities.csv": "community\nA\nB\n"}, ["boundary_without_data"]),
        ("district", {"communities.csv": "community,district\nA,N\nB,\n"}, []),
        ("organization", {"communities.csv": "community,district\nA,N\nB,\n"}, ["boundary_without_data"]),
        ("agreements", {"communities.csv": "community,organization\nA,O\nB,P\n"}, ["boundary_without_data"]),
        ("community", {}, []),
    ],
)
def test_boundary_needs_its_data(check, boundary, files, codes):
    files = {"needs.csv": NEEDS, "donations.csv": donations("community", "A"), **files}
    got = check(files, [f"policy.boundary={boundary}"])
    assert [code for code, *_ in got.errors] == codes
    assert all(f.column == "policy.boundary" for f in got.of("boundary_without_data"))
    blank = got.of("blank_boundary")
    assert [(f.severity, f.row) for f in blank] == (
        [("warning", 3)] if boundary == "district" and not codes else []
    )


def test_boundary_that_binds_nothing(check):
    assert check(changes=["policy.boundary=community"]).one("idle_boundary").severity == "warning"


def test_undated_case_with_lead_days_or_horizon(check):
    lanes = "from_place,to_place,distance_km,lead_days\nA,B,1,2\n"
    got = check({"needs.csv": NEEDS, "lanes.csv": lanes}, ["horizon.end=2026-04-01"])
    assert [(f.severity, f.table, f.row) for f in got.of("undated")] == [
        ("warning", "matchopt.toml", None),
        ("warning", "lanes", 2),
    ]


def test_horizon_against_the_tables(check):
    header = "need_id,community,item,quantity,needed_from,needed_by\n"
    needs = header + "n1,A,rice,1,2026-05-01,\nn2,A,rice,1,,2026-01-01\n"
    got = check({"needs.csv": needs}, ["horizon.start=2026-03-01", "horizon.end=2026-04-01"])
    assert [(f.severity, f.row, f.column) for f in got.of("outside_horizon")] == [
        ("warning", 2, "needed_from"),
        ("warning", 3, "needed_by"),
    ]
    got = check({"needs.csv": needs}, ["horizon.start=2026-06-01"])
    assert got.errors == [("reversed_days", "matchopt.toml", None, "horizon")]
    got = check({"needs.csv": needs.replace("2026-05-01", "2206-05-01")})
    assert got.one("long_horizon").severity == "warning"


# --- rows that say too little, earmarks --------------------------------------------------


def test_rows_that_say_too_little(check):
    got = check(
        {
            "affinities.csv": "donation_id,donor,need_id,group,score\nd1,,,,1\n,x,n1,,1\n,,n1,,1\n",
            "exclusions.csv": "item,community,why\n,,x\nrice,,y\n",
        }
    )
    assert got.errors == [
        ("incomplete_row", "affinities", 2, "need_id"),
        ("incomplete_row", "affinities", 4, "donation_id"),
        ("incomplete_row", "exclusions", 2, ""),
    ]


def test_commitments_that_say_too_little(check):
    header = "allocation_id,donation_id,need_id,quantity,status\n"
    got = check({"commitments.csv": header + ",d1,n1,,planned\na1,,,,planned\n,d1,n1,1,planned\n"})
    assert got.errors == [
        ("not_built", "commitments", None, ""),
        ("incomplete_row", "commitments", 2, "allocation_id"),
    ]


def test_earmarks_for_nobody(check):
    got = check(
        {"needs.csv": NEEDS, "donations.csv": donations("only_communities,only_groups", "A;Bb,elderly")}
    )
    assert [(f.severity, f.column, f.value) for f in got.of("idle_earmark")] == [
        ("warning", "only_groups", "elderly"),
        ("warning", "only_communities", "Bb"),
    ]


def test_items_that_differ_by_look_only(check):
    got = check({"needs.csv": NEEDS.replace("n2,B,rice", "n2,B,Rice")})
    assert (got.one("near_name").row, got.one("near_name").value) == (3, "Rice")


# --- not built ---------------------------------------------------------------------------

PAIRS = "need_item,donated_item,ratio\n"
GIFTS = "donation_id,item,quantity\n"
ITEMS = "item,kind,step\nrice,goods,\nrice2,goods,\nbread,goods,0.5\ncans,goods,12\nmoney,funds,0.01\n"


@pytest.mark.parametrize(
    ("files", "places"),
    [
        ({"needs.csv": "need_id,community,item,quantity,single_source,全部或不给\n"
          "n1,A,rice,5,yes,\nn2,A,rice,5,,是\n"},
         [("needs", 2, "single_source"), ("needs", 3, "全部或不给")]),
        ({"donations.csv": donations("lot_size", "1", "10", "0.5", "0.3", "")},
         [("donations", 3, "lot_size"), ("donations", 5, "lot_size")]),
        ({"items.csv": ITEMS, "donations.csv": GIFTS + "d1,bread,1.5\nd2,bread,1.2\nd3,cans,13\n"},
         [("donations", 3, "quantity"), ("donations", 4, "quantity")]),
        ({"items.csv": ITEMS, "donations.csv": GIFTS + "d1,money,100\n"},
         [("donations", 2, "item")]),
        ({"items.csv": ITEMS, "substitutions.csv": PAIRS + "rice,bread,1\nrice,rice2,2\n"},
         [("substitutions", 3, "ratio"), ("substitutions", 2, "donated_item")]),
        ({"donations.csv": donations("max_communities", "1", "2")}, [("donations", 2, "max_communities")]),
        ({"commitments.csv": "allocation_id,status\na1,planned\n"}, [("commitments", None, "")]),
        ({"matchopt.toml": "[policy]\nbudget = 5\nfairness = 'floor'\naffinity_weight = 1\n",
          "affinities.csv": "donation_id,need_id,score\nd0,n1,1\n", "donations.csv": donations("donor", "x")},
         [("matchopt.toml", None, f"policy.{name}") for name in ("budget", "fairness", "affinity_weight")]),
    ],
)  # fmt: skip
def test_what_is_not_built_is_refused_by_name(check, files, places):
    got = check({"needs.csv": NEEDS, **files})
    assert {code for code, *_ in got.errors} == {"not_built"}
    assert sorted(map(str, (rest for _, *rest in got.errors))) == sorted(map(str, map(list, places)))
    assert all(f.problem.endswith("is not planned by this version yet") for f in got.of("not_built"))


def test_settings_that_nothing_uses_are_not_refused(check):
    assert check(changes=["policy.affinity_weight=1", "policy.churn_cost=1"]).errors == []


def test_quantities_are_multiples_of_the_step_despite_binary_dust(check):
    items = "item,step\nrice,0.1\n"
    needs = "need_id,community,item,quantity\nn1,A,rice,0.3\nn2,A,rice,1234567.7\n"
    assert check({"items.csv": items, "needs.csv": needs}).errors == []


def test_fraction_where_the_step_is_whole(check):
    got = check({"items.csv": ITEMS, "donations.csv": "donation_id,item,数量\nd1,cans,12.5\nd2,rice,0.5\n"})
    assert got.errors == [("fraction", "donations", 2, "数量"), ("fraction", "donations", 3, "数量")]


def test_capacities_that_could_bind(check):
    files = {
        "needs.csv": NEEDS, "donations.csv": donations("reliability", "1", "0.5"),
        "hubs.csv": "hub,storage_capacity,throughput_capacity\nH,6,100\n",
        "lanes.csv": "from_place,to_place,distance_km,capacity_kg\nH,A,1,7\n",
        "agreements.csv": "from_organization,to_organization,max_quantity_kg\nO,P,5\n",
    }  # fmt: skip
    got = check(files)
    assert [(f.severity, f.table, f.column) for f in got.of("capacity_could_bind")] == [
        ("warning", "hubs", "storage_capacity"),
        ("warning", "agreements", "max_quantity_kg"),
    ]
    assert "7 kg" in got.of("capacity_could_bind")[0].problem
    assert check(files, ["policy.reliability=firm"]).of("capacity_could_bind") == []
    assert len(check(files, ["policy.reliability=ignore"]).of("capacity_could_bind")) == 3


def test_capacities_of_services_do_not_count(check):
    items = "item,kind\nrice,service\n"
    got = check({"items.csv": items, "hubs.csv": "hub,storage_capacity\nH,1\n"})
    assert got.of("capacity_could_bind") == []
