"""Kernels: loops that numpy cannot run at its own speed, compiled to machine code, or interpreted where few.

Compiling takes seconds, once a machine; a loop of a few steps is done sooner by the interpreter. Both run the
same source and give the same bytes: no sum is reordered, and what is not a number, or too large for one, is
handled alike. Trigonometry is that of `math`, which both take from the C library.

The compiler itself takes longer to load than a small case to plan: it is loaded when a kernel is to run as
machine code for the first time.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, update_wrapper
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, TypeVar, cast

import numpy as np

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

FEW = 256
"""Steps of some ten microseconds each, when interpreted, up to which a kernel is not compiled."""


class Loop:
    """A kernel: called, it runs as machine code; `py_func` is its source.

    Parameters
    ----------
    kept
        Whether its machine code is kept on disk.
    options
        What numba is told besides.
    """

    def __init__(self, function: Callable[..., Any], kept: bool, **options: bool) -> None:
        self.py_func = cast(FunctionType, function)
        self.kept, self.options = kept, options
        update_wrapper(self, function)

    def __call__(self, *arguments: Any) -> Any:
        """Run it, compiled if it has not been yet."""
        return _machine_code(self)(*arguments)


def inlined(function: Kernel) -> Kernel:
    """Compile a small function into those that call it, where a call would cost more than what it does."""
    return cast(Kernel, Loop(function, kept=False, forceinline=True))


def part_of_kernel(function: Kernel) -> Kernel:
    """Compile a function into the kernels of its file that call it; none but these can."""
    return cast(Kernel, Loop(function, kept=False, no_cpython_wrapper=True, no_cfunc_wrapper=True))


def compiled(function: Kernel) -> Kernel:
    """Compile a function of numbers and arrays to machine code when it is first called.

    The code is kept beside the source file, or in the user's cache folder; where neither can be
    written, in a temporary folder for this process and those that it starts. It runs without the
    interpreter's lock, so that threads use all cores, and without reordering sums: the same floats on
    every run.

    A kernel may call only kernels of its own file: of others a change would not be noticed.
    """
    return cast(Kernel, Loop(function, kept=True))


_LOCK = threading.RLock()

_COMPILED: dict[str, dict[str, Any]] = {}
"""Module → its names, with what numba makes of kernels in place of them."""

_INTERPRETED: dict[str, dict[str, Any]] = {}
"""Module → its names, with functions that are interpreted in place of kernels."""


def _names(
    of: Loop, known: dict[str, dict[str, Any]], make: Callable[[Loop, FunctionType], Any]
) -> dict[str, Any]:
    """Return the names of the module of a kernel; each kernel there is what `make` makes of its source."""
    source = of.py_func
    with _LOCK:
        if source.__module__ not in known:
            names = dict(source.__globals__)
            for name, value in source.__globals__.items():
                if isinstance(value, Loop):
                    own = value.py_func
                    names[name] = make(value, FunctionType(own.__code__, names, name, own.__defaults__))
            known[source.__module__] = names
        return known[source.__module__]


def _machine_code(kernel: Loop) -> Any:
    """Return what runs a kernel as machine code, compiled or taken from disk for each type of arguments."""
    return _names(kernel, _COMPILED, _dispatcher)[kernel.py_func.__name__]


def _dispatcher(kernel: Loop, source: FunctionType) -> Any:
    njit = _numba().njit
    try:
        return njit(cache=kernel.kept, nogil=True, **kernel.options)(source)
    except RuntimeError:
        return njit(cache=_cache_of_this_run(), nogil=True, **kernel.options)(source)


def _cache_of_this_run() -> bool:
    """Make a temporary folder for what this process and its children compile; say whether there is one."""
    try:
        folder = tempfile.mkdtemp(prefix="matchopt-")
    except OSError:
        return False
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = folder
    _numba().config.CACHE_DIR = folder
    return True


def share_compiled_code() -> None:
    """Before processes are started: where compiled code can be kept nowhere else, make the folder for all."""
    if not os.access(Path(__file__).parent, os.W_OK):
        _dispatcher(Loop(share_compiled_code, kept=True), cast(FunctionType, share_compiled_code))


_TOLD: list[tuple[Callable[[], None], Callable[[], None]]] = []
"""Who is told of compiling at present: what to call when it begins, and when it ends."""


@contextmanager
def while_compiling(begin: Callable[[], None], end: Callable[[], None]) -> Iterator[None]:
    """Call `begin` whenever kernels begin to be compiled, and `end` when they are: it can take a while."""
    told = (begin, end)
    _TOLD.append(told)
    try:
        yield
    finally:
        _TOLD.remove(told)


@cache
def _numba() -> ModuleType:
    """Load the compiler, and hear from it when it is at work."""
    import numba
    from numba.core import event

    class Listener(event.Listener):
        """Counts what is being compiled; kernels compile those that they call."""

        def __init__(self) -> None:
            self._lock, self._open = threading.Lock(), 0

        def on_start(self, event: Any) -> None:
            self._count(1)

        def on_end(self, event: Any) -> None:
            self._count(-1)

        def _count(self, change: int) -> None:
            with self._lock:
                before, self._open = self._open, self._open + change
            if not (before and self._open):
                for begin, end in tuple(_TOLD):
                    (begin if self._open else end)()

    event.register("numba:compile", Listener())  # type: ignore[no-untyped-call]
    return numba


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


def interpreted(kernel: Kernel) -> Kernel:
    """Return `kernel` as a function that is interpreted, and so are all kernels that it calls."""
    loop = cast(Loop, kernel)
    function = _names(loop, _INTERPRETED, lambda _, source: source)[loop.py_func.__name__]

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
