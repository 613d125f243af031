"""What is dear and does not change, made once a session, whichever of the workers needs it first."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 600.0
"""Seconds that another worker is waited for."""


def once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Return `folder`, filled by `make`: by the worker that comes first, while the others wait for it."""
    done, failed = folder.with_name(f"{folder.name}.done"), folder.with_name(f"{folder.name}.failed")
    try:
        folder.mkdir()
    except FileExistsError:
        end = time.monotonic() + PATIENCE
        while not done.exists():
            if failed.exists() or time.monotonic() > end:
                raise RuntimeError(f"{folder.name}: another worker could not make it") from None
            time.sleep(0.1)
        return folder
    try:
        make(folder)
    except BaseException:
        failed.touch()
        raise
    done.touch()
    return folder
