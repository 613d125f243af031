"""The street door: arguments, progress, exit codes. All that is heavy is imported inside the commands.

Exit codes: 0 fine; 1 findings, a violation or a refusal; 2 wrong usage; 130 interrupted; 143 SIGTERM.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matchopt.cli.door import app

__all__ = ["app", "main"]


def main() -> None:
    """Run the command ``matchopt``; Ctrl-C ends it in a line from the first import on."""
    try:
        from matchopt.cli import door

        _commands()
    except KeyboardInterrupt:
        from matchopt.language import tr

        print(tr("matchopt: interrupted."), file=sys.stderr, flush=True)
        os._exit(130)
    door.main()


def _commands() -> None:
    """Import all commands, which declares them."""
    from matchopt.cli import batches, cases, lanes, plans, questions, reports, studies  # noqa: F401


def __getattr__(name: str) -> Any:
    """Give the application with all its commands."""
    if name != "app":
        raise AttributeError(f"module 'matchopt.cli' has no attribute {name!r}")
    from matchopt.cli.door import app

    _commands()
    return app
