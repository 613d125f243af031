"""matchopt: the best match of donations to needs, with its proof."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from matchopt.contract import doors as _doors

if TYPE_CHECKING:
    from collections.abc import Callable

    from matchopt.contract.case import Case
    from matchopt.contract.plan import Plan
    from matchopt.contract.settings import Settings
    from matchopt.engine import fairness_curve, plan
    from matchopt.errors import (
        ArgumentError,
        CaseError,
        Finding,
        MatchoptError,
        ProofError,
        RunError,
        Severity,
        SolverError,
        UnknownIdError,
    )
    from matchopt.model.analysis import analyse
    from matchopt.report.front_door import report, workbook
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
    "ArgumentError",
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
    "UnknownIdError",
    "Violation",
    "__version__",
    "analyse",
    "boundaries_study",
    "differences",
    "explain_need",
    "fairness_curve",
    "modes_study",
    "plan",
    "read_case",
    "read_run",
    "report",
    "settings_study",
    "simulate",
    "stress",
    "verify",
    "wishlist",
    "workbook",
]

_HOMES = {
    "ArgumentError": "matchopt.errors",
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
    "UnknownIdError": "matchopt.errors",
    "Violation": "matchopt.verifier",
    "analyse": "matchopt.model.analysis",
    "boundaries_study": "matchopt.whatif.study",
    "differences": "matchopt.whatif.differences",
    "explain_need": "matchopt.whatif.explain",
    "fairness_curve": "matchopt.engine",
    "modes_study": "matchopt.whatif.study",
    "plan": "matchopt.engine",
    "read_case": "matchopt.tables.read",
    "read_run": "matchopt.runs.read",
    "report": "matchopt.report",
    "settings_study": "matchopt.whatif.study",
    "simulate": "matchopt.whatif.replay",
    "stress": "matchopt.whatif.stress",
    "verify": "matchopt.verifier",
    "wishlist": "matchopt.whatif.confirm",
    "workbook": "matchopt.report.front_door",
}


def _later(home: str, name: str) -> Callable[..., Any]:
    """Return a function that is imported when it is first called."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return getattr(import_module(home), name)(*args, **kwargs)

    return call


_doors.check_frames = _later("matchopt.tables.check", "case_from_frames")
_doors.write_run = _later("matchopt.runs.write", "write_run")
_doors.graph_of = _later("matchopt.result.graph", "graph_of")
_doors.need_in_words = _later("matchopt.report.explained", "need_in_words")
_doors.as_html = _later("matchopt.report.front_door", "as_html")


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``matchopt --help`` stays quick."""
    if name in _HOMES:
        # `report` is a package that can be called; all others are names in a module.
        home = import_module("matchopt.report" if name == "report" else _HOMES[name])
        value = globals()[name] = home if name == "report" else getattr(home, name)
        return value
    raise AttributeError(f"module 'matchopt' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
