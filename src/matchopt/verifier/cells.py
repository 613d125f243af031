"""The cells that fairness looks at (contract §4): communities and the categories they ask for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from matchopt.verifier.facts import Facts
from matchopt.verifier.keys import Floats, Ints, Texts, classes, repeated


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells: communities and categories that needs ask for, those excluded aside.

    Attributes
    ----------
    of
        Cell of each need, -1 where it is excluded.
    communities, categories
        Names by cell.
    asked, fair
        Units asked for in each cell, and what rule `share` wants it to get at least.
    """

    of: Ints
    communities: Texts
    categories: Texts
    asked: Floats
    fair: Floats

    @property
    def size(self) -> int:
        """Number of cells."""
        return len(self.asked)


def cells_of(f: Facts) -> Cells:
    """Find the cells of a case."""
    w = f.wants
    here = np.flatnonzero(~w.excluded)
    kind, _ = pd.factorize(f.items.category)
    codes, count = classes(w.community[here], kind[w.item[here]].astype(np.int64))
    of = np.full(len(w.ids), -1, dtype=np.int64)
    of[here] = codes
    first = here[~repeated(codes)]
    communities, categories = w.communities[first], w.categories[first]
    asked = np.bincount(codes, weights=(w.asked * w.grain)[here], minlength=count).astype(np.float64)
    return Cells(of, communities, categories, asked, _fair(f, communities, categories, asked))


def _fair(f: Facts, communities: Texts, categories: Texts, asked: Floats) -> Floats:
    """Return what supply × part of the population gives each cell, times the policy's share."""
    g, people = f.gifts, np.nan_to_num(f.ties.population)
    goods = pd.Series((g.plannable * g.grain)[~g.funds]).groupby(f.items.category[g.item][~g.funds]).sum()
    supply = goods.reindex(pd.Index(categories, dtype=object)).fillna(0.0).to_numpy(dtype=np.float64)
    part = people[f.ties.communities.of(communities)] / max(people.sum(), 1e-300)
    fair: Floats = np.minimum(f.settings.policy.fair_share * supply * part, asked)
    return fair
