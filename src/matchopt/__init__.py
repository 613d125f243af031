"""matchopt: the best match of donations to needs, with its proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matchopt.case import Case
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
    from matchopt.inspector import Violation, verify
    from matchopt.io.read import read_case
    from matchopt.io.run import read_run
    from matchopt.settings import Settings
    from matchopt.solution import Plan

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
    "fairness_curve",
    "plan",
    "read_case",
    "read_run",
    "verify",
]

_HOMES = {
    "Case": "matchopt.case",
    "CaseError": "matchopt.errors",
    "Finding": "matchopt.errors",
    "MatchoptError": "matchopt.errors",
    "Plan": "matchopt.solution",
    "ProofError": "matchopt.errors",
    "RunError": "matchopt.errors",
    "Settings": "matchopt.settings",
    "Severity": "matchopt.errors",
    "SolverError": "matchopt.errors",
    "Violation": "matchopt.inspector",
    "fairness_curve": "matchopt.engine",
    "plan": "matchopt.engine",
    "read_case": "matchopt.io.read",
    "read_run": "matchopt.io.run",
    "verify": "matchopt.inspector",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``matchopt --help`` stays quick."""
    if name in _HOMES:
        from importlib import import_module

        value = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return value
    raise AttributeError(f"module 'matchopt' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
