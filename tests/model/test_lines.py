"""What a delivery costs: the unit cost is rounded once, then counted."""

import pandas as pd

import matchopt


def test_a_fractional_line_rounds_its_total_not_its_parts() -> None:
    # 1.5 units at 0.6002 are 0.9003; the parts 0.15015, 0.75 and 0.00015 would round to 0.9004.
    items = pd.DataFrame({"item": ["rice", "flour"], "step": [0.5, 0.5]})
    case = matchopt.Case.from_frames(
        needs=pd.DataFrame({"need_id": ["n"], "community": ["C"], "item": ["rice"], "quantity": [1.5]}),
        donations=pd.DataFrame({"donation_id": ["d"], "item": ["flour"], "quantity": [1.5]}),
        items=items,
        substitutions=pd.DataFrame({"need_item": ["rice"], "donated_item": ["flour"], "penalty": [0.0001]}),
        settings={
            "rates": {
                "handling_direct": 0.1001,
                "transport_per_kg_km": 0.0,
                "identification": {"resident": 0.5},
            }
        },
    )
    plan = matchopt.plan(case)
    (line,) = plan.allocations.to_dict("records")
    assert line["total_cost"] == plan.logistics_cost == 0.9003
    parts = [line[f"{kind}_cost"] for kind in ("transport", "handling", "storage", "other")]
    assert round(sum(parts), 4) == 0.9003
    assert matchopt.verify(case, plan) == ()
