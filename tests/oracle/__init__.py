"""The outside check of matchopt: the contract once more, in the plainest way, sharing no code with it.

Nothing here imports matchopt. Rows come in as a user would write them, and every
pair of a donation and a need is looked at on its own: routes by trying every day,
money in decimals, the optimum by an integer program over all pairs and routes.
"""

from oracle.goals import Cells, goals, reached
from oracle.ledger import Ledger
from oracle.optimum import Optimum, solve
from oracle.reasons import Reasons
from oracle.routes import Line, Route
from oracle.rules import COMPONENTS, STAGES, Rules

__all__ = [
    "COMPONENTS",
    "STAGES",
    "Cells",
    "Ledger",
    "Line",
    "Optimum",
    "Reasons",
    "Route",
    "Rules",
    "goals",
    "reached",
    "solve",
]
