"""Kernels: loops that numpy cannot run at its own speed, compiled to machine code, or interpreted where few.

Compiling takes seconds, once a machine; a loop of a few steps is done sooner by the interpreter. Both run the
same source and give the same bytes: no sum is reordered, and what is not a number, or too large for one, is
handled alike. Trigonometry is that of `math`, which both take from the C library.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.core import event

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

FEW = 256
"""Steps of some ten microseconds each, when interpreted, up to which a kernel is not compiled."""


def inlined(function: Kernel) -> Kernel:
    """Compile a small function into those that call it, where a call would cost more than what it does."""
    return cast(Kernel, numba.njit(nogil=True, forceinline=True)(function))


def compiled(function: Kernel) -> Kernel:
    """Compile a function of numbers and arrays to machine code when it is first called.

    The code is kept beside the source file, or in the user's cache folder; where neither can be
    written, in a temporary folder for this process and those that it starts. It runs without the
    interpreter's lock, so that threads use all cores, and without reordering sums: the same floats on
    every run.

    A kernel may call only kernels of its own file: of others a change would not be noticed.
    """
    try:
        return cast(Kernel, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:
        return cast(Kernel, numba.njit(cache=_cache_of_this_run(), nogil=True)(function))


def _cache_of_this_run() -> bool:
    """Make a temporary folder for what this process and its children compile; say whether there is one."""
    try:
        folder = tempfile.mkdtemp(prefix="matchopt-")
    except OSError:
        return False
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = folder
    numba.config.CACHE_DIR = folder  # type: ignore[attr-defined]
    return True


@contextmanager
def while_compiling(begin: Callable[[], None], end: Callable[[], None]) -> Iterator[None]:
    """Call `begin` whenever kernels begin to be compiled, and `end` when they are: it can take a while."""
    listener = _Listener(begin, end)
    event.register("numba:compile", listener)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        event.unregister("numba:compile", listener)  # type: ignore[no-untyped-call]


class _Listener(event.Listener):
    """Counts what is being compiled; kernels compile those that they call."""

    def __init__(self, begin: Callable[[], None], end: Callable[[], None]) -> None:
        self._begin, self._end, self._lock, self._open = begin, end, threading.Lock(), 0

    def on_start(self, event: Any) -> None:
        self._count(1, self._begin)

    def on_end(self, event: Any) -> None:
        self._count(-1, self._end)

    def _count(self, change: int, tell: Callable[[], None]) -> None:
        with self._lock:
            before, self._open = self._open, self._open + change
        if not (before and self._open):
            tell()


def sized(kernel: Kernel, steps: int) -> Kernel:
    """Return what runs `kernel` for so many steps: compiled code, or for a `FEW` the interpreter."""
    return kernel if steps > FEW else interpreted(kernel)


@contextmanager
def all_compiled() -> Iterator[None]:
    """Compile whatever is called, however few its steps are."""
    global FEW
    before, FEW = FEW, -1
    try:
        yield
    finally:
        FEW = before


_INTERPRETED: dict[str, dict[str, Any]] = {}
"""Module → its names, with functions that are interpreted in place of kernels."""


def interpreted(kernel: Kernel) -> Kernel:
    """Return `kernel` as a function that is interpreted, and so are all kernels that it calls."""
    source: FunctionType = kernel.py_func  # type: ignore[attr-defined]
    names = _INTERPRETED.get(source.__module__)
    if names is None:
        names = _INTERPRETED[source.__module__] = dict(source.__globals__)
        for name, value in source.__globals__.items():
            if hasattr(value, "py_func"):
                names[name] = FunctionType(value.py_func.__code__, names, name, value.py_func.__defaults__)
    function = names[source.__name__]

    def run(*arguments: Any) -> Any:
        with np.errstate(all="ignore"):  # whole numbers that are hashes run over, as in machine code
            return function(*map(_readable, arguments))

    return cast(Kernel, run)


def _readable(argument: Any) -> Any:
    """Return an argument whose records can be asked for their fields by name, as kernels do."""
    if isinstance(argument, tuple):
        parts = map(_readable, argument)
        return type(argument)(*parts) if hasattr(argument, "_fields") else tuple(parts)
    if isinstance(argument, np.ndarray) and argument.dtype.names:
        return argument.view(np.recarray)
    return argument
