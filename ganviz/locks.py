"""Locks between processes: held for as long as a file stays open, let go by the system when the process dies."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PATIENCE_S = 2.0


def try_lock(path: str | os.PathLike[str]) -> BinaryIO | None:
    """Lock a file, which is made where it is missing, until the result is closed.

    None while somebody else holds it, and where files cannot be locked at all: nobody may think it his own then.
    """
    try:
        file = Path(path).open("ab")
    except OSError:
        return None
    try:
        _lock(file.fileno())
    except OSError:
        file.close()
        return None
    return file


@contextmanager
def locked(path: str | os.PathLike[str]) -> Iterator[None]:
    """Keep others from a small file while it is read, changed and written again.

    Whoever holds it does so for milliseconds. Where it cannot be had within PATIENCE_S, as on a disk without locks, the
    block runs all the same: two lists that were changed at once are worth less than a program that goes on.
    """
    beside, end = Path(path).with_name(f".{Path(path).name}.lock"), time.monotonic() + PATIENCE_S
    while (file := try_lock(beside)) is None and time.monotonic() < end and beside.exists():
        time.sleep(0.01)
    try:
        yield
    finally:
        if file is not None:
            file.close()


def _lock(file: int) -> None:
    """OSError where that cannot be done at once."""
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
