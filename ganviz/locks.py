"""Locks between processes: held for as long as a file stays open, let go by the system when the process dies."""

import os
from pathlib import Path
from typing import BinaryIO


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


def _lock(file: int) -> None:
    """OSError where that cannot be done at once."""
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
