"""Writing files so that nothing half-written ever stands under its final name."""

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganviz.errors import GanvizError

LEFT_S = 3600
"""A temporary file that nobody has written to for so long belongs to no program any more."""

_LEFT = re.compile(r"\.[0-9a-f]{12}\.part(\..*)?")


@contextmanager
def atomic_path(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `target`; rename it to `target` on success, remove it on failure.

    The temporary name keeps the target's suffix, because encoders choose the format by it, and starts with a
    dot, so that folder listings and snapshot searches pass over it. Missing parent folders are not made: a
    mistyped folder should be an error, not a new folder. The contents are on the disk before the name is, so that
    after a loss of power too the old or the new file is there.

    Raises GanvizError, naming the target, when its folder is missing or cannot be written.
    """
    target = Path(target)
    try:
        # A link keeps pointing where it did: what it points at is replaced.
        real = Path(os.path.realpath(target)) if target.is_symlink() else target
        if not real.parent.is_dir():
            raise GanvizError(
                f"{target}: cannot write, the folder {real.parent} does not exist; create it or choose another"
            )
        if real.is_dir():
            raise GanvizError(f"{target}: cannot write, a folder of that name is there; choose another name")
        temporary = real.parent / f".{secrets.token_hex(6)}.part{real.suffix}"
        try:
            yield temporary
            _to_disk(temporary)
            os.replace(temporary, real)
            _to_disk(real.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise GanvizError(f"{target}: cannot write ({error.strerror or error}); choose another place") from error


@contextmanager
def atomic_folder(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary folder beside `target`, renamed to `target` on success and removed on failure.

    An existing empty folder is replaced; one with files in it is refused, so that nothing is overwritten.
    """
    target = Path(target)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise GanvizError(f"{target}: expected a new or empty folder, it already holds files; choose another name")
    if not target.parent.is_dir():
        raise GanvizError(f"{target}: cannot write, the folder {target.parent} does not exist; create it first")
    temporary = target.parent / f".{secrets.token_hex(6)}.part"
    try:
        temporary.mkdir()
        yield temporary
        if target.exists():
            target.rmdir()
        os.replace(temporary, target)
    except OSError as error:
        raise GanvizError(f"{target}: cannot write ({error.strerror or error}); choose another place") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sweep(folder: str | os.PathLike[str]) -> None:
    """Remove what a program that was killed left of files that it never finished; young ones may be somebody's yet."""
    for path in Path(folder).glob(".*.part*"):
        try:
            if _LEFT.fullmatch(path.name) and time.time() - path.stat().st_mtime > LEFT_S:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        except OSError:
            continue


def _to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk itself; a folder's only where that can be asked."""
    if path.is_dir():
        if os.name != "posix":
            return
        opened = os.open(path, os.O_RDONLY)
    else:
        opened = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network folders know no such thing
            raise
    finally:
        os.close(opened)
