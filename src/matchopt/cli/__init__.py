"""The street door: arguments, progress, exit codes. All that is heavy is imported inside the commands.

Exit codes: 0 fine; 1 findings, a violation or a refusal; 2 wrong usage; 130 interrupted.
"""

from matchopt.cli import batches, cases, plans, questions, reports, studies
from matchopt.cli.door import app, main

__all__ = ["app", "batches", "cases", "main", "plans", "questions", "reports", "studies"]
