"""Processes that work beside this one, and end with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
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


class Processes(ProcessPoolExecutor):
    """Processes that end with this one, at once where it is interrupted; Ctrl-C is this one's to hear."""

    def __init__(self, count: int, prepare: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
        self.context = _Context()
        super().__init__(count, mp_context=self.context, initializer=_begin, initargs=(prepare, given))

    def __exit__(self, kind: type[BaseException] | None, *more: Any) -> None:
        if kind is not None:
            self.abandon()
        super().__exit__(kind, *more)

    def abandon(self) -> None:
        """End all of them, whatever they do."""
        for process in self.context.started:
            process.kill()
        self.shutdown(cancel_futures=True)


class _Context(SpawnContext):
    """How processes are started, and which were."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[SpawnProcess] = []

    def Process(self, *args: Any, **kwargs: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: N802
        """Return a process that does not hear Ctrl-C from its very start."""
        made = _Deaf(*args, **kwargs)
        self.started.append(made)
        return made


class _Deaf(SpawnProcess):
    def start(self) -> None:
        # What it does stands in this package: a script that calls us is not run once more by each of them,
        # as it would be without a guard `if __name__ == "__main__"`.
        main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
        masked = hasattr(signal, "pthread_sigmask")
        # What is blocked here while it starts stays blocked there.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if masked else set()
        try:
            super().start()
        finally:
            sys.modules["__main__"] = main
            if masked:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)


def processes(count: int, prepare: Callable[..., None] | None = None, *given: Any) -> Processes:
    """Return `count` processes that end with this one; each calls `prepare` with what is `given` first."""
    return Processes(count, prepare, given)


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
