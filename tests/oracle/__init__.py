"""The outside check of matchopt: the contract once more, in the plainest way, sharing no code with it.

Nothing here imports matchopt. Rows come in as a user would write them, and every
pair of a donation and a need is looked at on its own: routes by trying every day,
money in decimals, the optimum by a linear program over all pairs.
"""

from oracle.optimum import Optimum, solve
from oracle.rules import STAGES, Route, Rules

__all__ = ["STAGES", "Optimum", "Route", "Rules", "solve"]
