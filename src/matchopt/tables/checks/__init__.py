"""Checks over the tables of a case, a subject a file."""

from __future__ import annotations

from matchopt.tables.checks import commitments, costs, places, policy, quantities, references
from matchopt.tables.typed import Check

CHECKS: tuple[Check, ...] = (
    references.unknown_keys,
    quantities.countable,
    quantities.steps_of_needs,
    quantities.steps_of_donations,
    references.reversed_windows,
    references.expired,
    policy.affinities_of_pairs,
    references.empty_exclusions,
    commitments.unnamed_lines,
    commitments.hubs_of_lines,
    commitments.days_of_lines,
    commitments.pinned_lines,
    references.near_names,
    references.look_alikes,
    references.idle_earmarks,
    places.coordinates,
    places.origins,
    places.lane_lengths,
    places.idle_lanes,
    places.not_located,
    quantities.substitutions,
    quantities.prices_of_funds,
    quantities.idle_funds,
    quantities.outliers,
    quantities.other_currency,
    quantities.closed,
    costs.countable_costs,
    policy.boundary,
    policy.fairness,
    policy.horizon,
    policy.weight_of_affinities,
)
"""Every check, in the order in which they run: findings of one row stand in it.

To add a check, write a function with `typed.check` into the file of its subject, and name it here.
"""
