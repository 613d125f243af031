"""matchopt: the best match of donations to needs, with its proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matchopt.contract import doors as _doors

if TYPE_CHECKING:
    from pathlib import Path

    import networkx as nx

    from matchopt.contract.case import Case
    from matchopt.contract.plan import Plan
    from matchopt.contract.settings import Settings
    from matchopt.engine import fairness_curve, plan
    from matchopt.errors import (
        CaseError,
        Finding,
        MatchoptError,
        ProofError,
        RunError,
        Severity,
        SolverError,
    )
    from matchopt.runs.read import read_run
    from matchopt.tables.read import read_case
    from matchopt.verifier import Violation, verify
    from matchopt.whatif.confirm import wishlist
    from matchopt.whatif.differences import differences
    from matchopt.whatif.explain import explain_need
    from matchopt.whatif.replay import simulate
    from matchopt.whatif.stress import stress
    from matchopt.whatif.study import boundaries_study, modes_study, settings_study

__version__ = "0.1.0"

__all__ = [
    "Case",
    "CaseError",
    "Finding",
    "MatchoptError",
    "Plan",
    "ProofError",
    "RunError",
    "Settings",
    "Severity",
    "SolverError",
    "Violation",
    "__version__",
    "boundaries_study",
    "differences",
    "explain_need",
    "fairness_curve",
    "modes_study",
    "plan",
    "read_case",
    "read_run",
    "settings_study",
    "simulate",
    "stress",
    "verify",
    "wishlist",
]

_HOMES = {
    "Case": "matchopt.contract.case",
    "CaseError": "matchopt.errors",
    "Finding": "matchopt.errors",
    "MatchoptError": "matchopt.errors",
    "Plan": "matchopt.contract.plan",
    "ProofError": "matchopt.errors",
    "RunError": "matchopt.errors",
    "Settings": "matchopt.contract.settings",
    "Severity": "matchopt.errors",
    "SolverError": "matchopt.errors",
    "Violation": "matchopt.verifier",
    "boundaries_study": "matchopt.whatif.study",
    "differences": "matchopt.whatif.differences",
    "explain_need": "matchopt.whatif.explain",
    "fairness_curve": "matchopt.engine",
    "modes_study": "matchopt.whatif.study",
    "plan": "matchopt.engine",
    "read_case": "matchopt.tables.read",
    "read_run": "matchopt.runs.read",
    "settings_study": "matchopt.whatif.study",
    "simulate": "matchopt.whatif.replay",
    "stress": "matchopt.whatif.stress",
    "verify": "matchopt.verifier",
    "wishlist": "matchopt.whatif.confirm",
}


def _check_frames(*args: Any, **kwargs: Any) -> Case:
    from matchopt.tables.check import case_from_frames

    return case_from_frames(*args, **kwargs)


def _write_run(*args: Any, **kwargs: Any) -> Path:
    from matchopt.runs.write import write_run

    return write_run(*args, **kwargs)


def _graph_of(*args: Any, **kwargs: Any) -> nx.MultiDiGraph[str]:
    from matchopt.result.graph import graph_of

    return graph_of(*args, **kwargs)


_doors.check_frames, _doors.write_run, _doors.graph_of = _check_frames, _write_run, _graph_of


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``matchopt --help`` stays quick."""
    if name in _HOMES:
        from importlib import import_module

        value = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return value
    raise AttributeError(f"module 'matchopt' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
