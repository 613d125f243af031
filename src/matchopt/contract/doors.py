"""Checks, run folders and graphs: declared here, implemented in packages above, joined by `matchopt`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from matchopt.contract.case import Case, EarlierPlan
    from matchopt.contract.plan import Plan
    from matchopt.contract.settings import Settings


class CheckFrames(Protocol):
    """Checks frames, by table name, and returns them as a case, or raises CaseError with every finding."""

    def __call__(
        self,
        frames: Mapping[str, Any],
        settings: Settings | Mapping[str, Any] | None = None,
        earlier: Plan | pd.DataFrame | EarlierPlan | None = None,
    ) -> Case:
        """Return the checked case."""
        ...


class WriteRun(Protocol):
    """Writes a plan as a run folder, all or nothing, and returns its path."""

    def __call__(self, plan: Plan, path: Path, *, force: bool = False, copy: bool = True) -> Path:
        """Return `path`."""
        ...


class GraphOf(Protocol):
    """Returns a plan as a graph of networkx."""

    def __call__(self, plan: Plan, *, case: bool = False) -> nx.MultiDiGraph[str]:
        """Return the graph."""
        ...


class NeedInWords(Protocol):
    """Tells the story of a need in sentences."""

    def __call__(self, plan: Plan, story: Any) -> Iterable[str]:
        """Return its lines."""
        ...


class AsHtml(Protocol):
    """Returns what a notebook shows of a plan or a case."""

    def __call__(self, shown: Plan | Case) -> str:
        """Return HTML."""
        ...


check_frames: CheckFrames
write_run: WriteRun
graph_of: GraphOf
need_in_words: NeedInWords
as_html: AsHtml
