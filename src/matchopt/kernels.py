"""Loops that numpy cannot run at its own speed, compiled on their first call and kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., object])


def inlined(function: Kernel) -> Kernel:
    """Compile a small function into those that call it, where a call would cost more than what it does."""
    return cast(Kernel, numba.njit(nogil=True, forceinline=True)(function))


def compiled(function: Kernel) -> Kernel:
    """Compile a function of numbers and arrays to machine code when it is first called.

    The code is kept beside the source file, or in the user's cache folder; where neither can be
    written, it is compiled anew in each process. It runs without the interpreter's lock, so that
    threads use all cores, and without reordering sums: the same floats on every run.

    A kernel may call only kernels of its own file: of others a change would not be noticed.
    """
    try:
        return cast(Kernel, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:
        return cast(Kernel, numba.njit(nogil=True)(function))
