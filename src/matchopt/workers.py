"""Processes that work beside this one, and end with it."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


def threaded(function: Callable[..., Result], *arguments: Iterable[Any]) -> list[Result]:
    """Return what `function` gives for each of the `arguments`, as `map` does, a thread for each core.

    Where there is one thing to do, or none, no thread is started for it.
    """
    tasks = list(zip(*arguments, strict=True))
    if len(tasks) < 2:
        return [function(*task) for task in tasks]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, *zip(*tasks, strict=True)))


def processes(count: int, prepare: Callable[..., None] | None = None, *given: Any) -> ProcessPoolExecutor:
    """Return `count` processes that end with this one; each calls `prepare` with what is `given` first."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, mp_context=context, initializer=_begin, initargs=(prepare, given))


def _begin(prepare: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
    _end_with_parent()
    if prepare is not None:
        prepare(*given)


def _end_with_parent() -> None:
    """End this process when the one that started it ends, be it by a kill: nobody waits for it any more."""
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
