"""The process that a command runs in: its streams are safe, whatever they are; signals end it in one line."""

from __future__ import annotations

import atexit
import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn, TextIO, cast

from matchopt.cli.terminal import INTERRUPTED, Screen, Step
from matchopt.errors import reason_of
from matchopt.language import tr

TERMINATED = 143
"""Exit code of whoever ends by SIGTERM."""

stop_search = threading.Event()
"""Set by Ctrl-C during a search: the best plan found so far is taken."""

_told = threading.Event()
"""Set when an interruption has been told, or nobody is there to be told."""

_NO_SEARCH = ("encode", "solve", "decode", "verifying the plan")
"""Stages of planning that hold no plan yet, or the one they will end with."""


class TerminatedError(KeyboardInterrupt):
    """The process was asked to end by SIGTERM."""


class _Outlet(io.FileIO):
    """What is written goes out; where it cannot, that is noted and the work goes on.

    Attributes
    ----------
    failure : OSError or None
        Why something could not be written.
    """

    def __init__(self, handle: int, *, is_open: bool) -> None:
        super().__init__(handle, "w", closefd=False)
        self._is_open = is_open
        self.failure: OSError | None = None

    def write(self, data: Any) -> int:
        """Write bytes; a reader that left is told of at once."""
        try:
            if not self._is_open:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            self.failure = self.failure or error
            return len(data)


_outlets: dict[str, _Outlet] = {}


def open_streams() -> None:
    """Make standard output and error safe to write to, be they closed, full, or a terminal.

    What compiled libraries print by themselves goes nowhere: standard output is for answers. HiGHS tells
    there of repairs to a plan, whatever it was asked to say.
    """
    for handle in range(3):
        try:
            os.fstat(handle)
        except OSError:
            # Else the next file that is opened would get its number, and what is printed would go there.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for handle, name in enumerate(("stdout", "stderr"), 1):
        stream = getattr(sys, name)
        try:
            own = handle if stream is None else stream.fileno()
        except (AttributeError, OSError):  # somebody else's
            continue
        if name == "stdout":
            own, shown = os.dup(own), own
            os.dup2(os.open(os.devnull, os.O_WRONLY), shown)
        _outlets[name] = outlet = _Outlet(own, is_open=stream is not None)
        text = io.TextIOWrapper(
            io.BufferedWriter(outlet),
            encoding="utf-8" if stream is None else stream.encoding,
            errors="replace",  # a terminal that cannot show a letter shows a question mark
            line_buffering=name == "stderr" or os.isatty(own),
        )
        setattr(sys, name, Screen(cast(TextIO, text)))


def flushed(code: int) -> int:
    """Write what is still to be written, and return the exit code: 1 if an answer could not be given."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        forget_output()
        return INTERRUPTED
    failure = _outlets["stdout"].failure if "stdout" in _outlets else None
    if failure is None:
        return code
    message = tr("matchopt: standard output cannot be written: {reason}", reason=reason_of(failure))
    print(message, file=sys.stderr)
    return code or 1


def forget_output() -> None:
    """Let what is still buffered go nowhere: nobody reads on, and it must not fail once more at the end."""
    _told.set()
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def end(code: int) -> NoReturn:
    """End the process; at once where it was interrupted and threads still work on what nobody waits for."""
    if code == INTERRUPTED and not _told.is_set():  # while the library of the command line read the arguments
        interrupted(KeyboardInterrupt())
    code = flushed(code)
    if code in (INTERRUPTED, TERMINATED):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        busy = [one for one in threading.enumerate() if one is not threading.main_thread()]
        if not busy:
            atexit._run_exitfuncs()
        os._exit(code)  # sys.exit would end by the signal itself where it came while a string was executed
    sys.exit(code)


def obey_signals() -> None:
    """Let SIGTERM end the work by an exception as Ctrl-C does, so that nothing is left behind."""

    def terminate(number: int, frame: FrameType | None) -> None:
        raise TerminatedError

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, terminate)


def interrupted(error: KeyboardInterrupt) -> int:
    """Say in one line that the work was interrupted, and return the exit code."""
    _told.set()
    if isinstance(error, TerminatedError):
        print(tr("matchopt: ended by a signal (SIGTERM)."), file=sys.stderr)
        return TERMINATED
    print(tr("matchopt: interrupted."), file=sys.stderr)
    return INTERRUPTED


def best_so_far_told() -> int:
    """Say that Ctrl-C ended a search and what became of it, and return the exit code."""
    _told.set()
    print(tr("Interrupted: this is the best plan found so far, with its gap."), file=sys.stderr)
    return INTERRUPTED


@contextmanager
def best_plan_so_far(step: Step) -> Iterator[Step]:
    """Yield what is to be told the stages of planning: Ctrl-C during a search then ends only the search.

    A second one ends the command.
    """
    searching = False

    def told(stage: str, done: int, total: int) -> None:
        nonlocal searching
        searching = stage not in _NO_SEARCH
        step(stage, done, total)

    def stop(number: int, frame: FrameType | None) -> None:
        if not searching or stop_search.is_set():
            raise KeyboardInterrupt
        stop_search.set()

    if threading.current_thread() is not threading.main_thread():
        yield told
        return
    before = signal.signal(signal.SIGINT, stop)
    try:
        yield told
    finally:
        signal.signal(signal.SIGINT, before)
