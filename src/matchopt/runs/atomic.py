"""Atomic replacement: a finished folder or file is put in its place, all or nothing.

A folder is filled under a hidden name beside its target and renamed in when it is
complete. Replacing an older folder exchanges the two names in one step where the
system can do that (Linux); elsewhere it takes two renames, and the next write puts the
older folder back if it was killed between the two.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from matchopt.errors import RunError, reason_of
from matchopt.language import mark, tr

Writer = Callable[[Path], None]
"""Writes a file at a path."""

STALE = 3600
"""Seconds after which an unfinished file is that of a killed writer."""

_CURRENT_DIRECTORY = -100
_NO_REPLACE = 1
_EXCHANGE = 2
_UNSUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}


@contextmanager
def refusals(message: str, path: Path) -> Iterator[None]:
    """Raise RunError with the marked `message`, which takes path and reason, if the file system refuses."""
    try:
        yield
    except OSError as error:
        raise RunError(tr(message, path=path, reason=reason_of(error))) from error


def text_file(text: str) -> Writer:
    """Return what writes a text in UTF-8; bytes of paths that are no text are escaped."""
    return lambda path: write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` at `path`."""
    path.write_bytes(content)


def write_file(path: Path, write: Writer) -> Path:
    """Write a file, all or nothing, and return its path.

    Raises
    ------
    RunError
        If the file system refuses; what stood there then stands there still.
    """
    hidden = path.with_name(f"{_prefix(path)}-file-{secrets.token_hex(6)}{path.suffix}")
    with refusals(mark("the file {path} cannot be written: {reason}"), path):
        if path.exists() and not path.is_file():
            # A device such as /dev/null would be replaced by a file.
            raise OSError(tr("it is no ordinary file"))
        for stale in _siblings(path, "file"):
            if time.time() - stale.stat().st_mtime > STALE:
                stale.unlink(missing_ok=True)
        try:
            if not _write_nameless(hidden, write):
                hidden.touch()  # where that fails, no writer has begun
                write(hidden)
            hidden.replace(path)
        finally:
            hidden.unlink(missing_ok=True)
    return path


def _write_nameless(path: Path, write: Writer) -> bool:
    """Write a file that gets its name when it is complete, so that nothing stays of a killed writer.

    Return whether the system can do that (Linux, most file systems).
    """
    with ExitStack() as stack:
        try:
            folder = os.open(path.parent, os.O_RDONLY)
            stack.callback(os.close, folder)
            handle = os.open(path.parent, os.O_TMPFILE | os.O_RDWR, 0o666)
            stack.callback(os.close, handle)
        except (AttributeError, OSError):
            return False
        nameless = Path(f"/proc/self/fd/{handle}")
        if not nameless.exists():
            return False
        write(nameless)
        # Only with folders does Python ask for the file behind that path.
        os.link(nameless, path.name, src_dir_fd=folder, dst_dir_fd=folder)
    return True


@contextmanager
def folder_in_place_of(target: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; it becomes `target` when the block ends well.

    Parameters
    ----------
    target
        Where the folder shall stand. What stands there stays untouched until the very
        end, and is then replaced. Missing parents are made.

    Raises
    ------
    OSError
        If the file system refuses; `target` is then as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    tidy(target)
    folder, lock = _new_sibling(target)
    try:
        yield folder
        _put_in_place(folder, target)
    finally:
        # After an exchange the hidden name holds the older folder; after a failure, the unfinished one.
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def tidy(target: Path) -> None:
    """Remove what killed writers left beside `target`; put an older folder back if it is missing."""
    older = _siblings(target, "old")
    if older and not os.path.lexists(target):
        older.pop().rename(target)
    for folder in [*older, *_siblings(target, "new")]:
        lock = _lock(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _prefix(target: Path) -> str:
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:12]
    return f".matchopt-{digest}"


def _siblings(target: Path, kind: str) -> list[Path]:
    return sorted(target.parent.glob(f"{_prefix(target)}-{kind}-*"))


def _new_sibling(target: Path) -> tuple[Path, int | None]:
    """Make a hidden folder beside `target`, and hold a lock on it that dies with this process."""
    while True:
        folder = target.parent / f"{_prefix(target)}-new-{secrets.token_hex(6)}"
        folder.mkdir()
        lock = _lock(folder)
        if folder.is_dir():  # else another writer took it for a leftover before it was locked
            return folder, lock
        if lock is not None:
            os.close(lock)


def _lock(folder: Path) -> int | None:
    """Lock `folder` and return the handle; None if a living writer holds it or locks are unknown here."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _put_in_place(folder: Path, target: Path) -> None:
    if not os.path.lexists(target):
        if not _rename_by_kernel(folder, target, _NO_REPLACE):
            folder.rename(target)
    elif not _rename_by_kernel(folder, target, _EXCHANGE):
        _two_renames(folder, target)


def _two_renames(folder: Path, target: Path) -> None:
    aside = target.parent / f"{_prefix(target)}-old-{secrets.token_hex(6)}"
    target.rename(aside)
    try:
        folder.rename(target)
    except OSError:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _rename_by_kernel(source: Path, target: Path, how: int) -> bool:
    """Rename by Linux's renameat2; False where system or file system does not know it."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    names = os.fsencode(source), os.fsencode(target)
    if rename(_CURRENT_DIRECTORY, names[0], _CURRENT_DIRECTORY, names[1], how) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), str(target))
