"""What a run is doing, for whoever looks into its folder, and how to tell it what to do. No torch.

status.json  a few words of the process that trains here, or that did last
lock         held by that process and let go by the system however the process ends
order        one word that the process takes and removes: pause, resume or stop
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Literal

from ganviz.errors import GanvizError
from ganviz.files import atomic_path

State = Literal["none", "training", "paused", "finished", "stopped", "failed", "killed"]
GOING = ("training", "paused")
STATUS, LOCK, ORDER = "status.json", "lock", "order"
LARGEST = 1 << 16
"""Bytes of a status that are read; it is a file like any other that comes with a folder."""
PATIENCE = 2.0
"""Seconds that a starting process waits for somebody who only looks whether the lock is held."""


@dataclass(frozen=True, slots=True)
class Status:
    """`state` is "none" where nothing was said, "killed" where a process ended without a word.

    message          why it failed, or ""
    training_images  how many images it learns from; 0: not said
    pid              the process
    """

    state: State = "none"
    message: str = ""
    training_images: int = 0
    pid: int = 0

    @property
    def going(self) -> bool:
        """Whether a process trains here now."""
        return self.state in GOING


def read_status(folder: Path) -> Status:
    """What the run in that folder does now, by its own words and by whether its process is there."""
    try:
        with open(folder / STATUS, encoding="utf-8") as file:
            stored = json.loads(file.read(LARGEST))
        said = Status(
            str(stored["state"]),  # type: ignore[arg-type]
            str(stored["message"])[:2000],
            int(stored["training_images"]),
            int(stored["pid"]),
        )
        if said.state not in (*GOING, "finished", "stopped", "failed"):
            raise ValueError(said.state)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        said = Status()
    if is_held(folder):
        return said if said.going else Status("training", "", said.training_images, said.pid)
    return Status("killed", "", said.training_images, said.pid) if said.going else said


def give_order(folder: Path, word: Literal["pause", "resume", "stop"]) -> None:
    """Leave an order for the process that trains in that folder, in place of one that it has not taken yet."""
    with atomic_path(folder / ORDER) as temporary:
        temporary.write_text(word + "\n", encoding="utf-8")


def take_order(folder: Path) -> str:
    """The order that was left in that folder, which is no longer there then; "" for none."""
    path = folder / ORDER
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            word = file.read(20)
        path.unlink()
    except OSError:
        return ""
    return word.strip().lower()


class Reporter:
    """Holds the lock of a run folder while a training goes on in it, and says what becomes of it.

    `begin` raises GanvizError where another process trains in that folder. `quiet` does nothing: of several processes
    of one training the first one reports.
    """

    def __init__(
        self,
        folder: Path,
        training_images: int,
        stopping: Callable[[], bool] = lambda: False,
        quiet: bool = False,
    ) -> None:
        """`stopping` says whether it ends because it was told to."""
        self._folder, self._images, self._stopping, self._quiet = folder, training_images, stopping, quiet
        self._lock: IO[bytes] | None = None

    def begin(self) -> None:
        """Take the lock; the block that is to follow lets it go."""
        if not self._quiet:
            self._lock = _take(self._folder)
            take_order(self._folder)  # one that nobody was there for
            self.say("training")

    def __enter__(self) -> "Reporter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.say("stopped" if self._stopping() else "finished")
        elif isinstance(error, KeyboardInterrupt):
            self.say("stopped")
        else:
            self.say("failed", str(error) if isinstance(error, GanvizError) else f"{type(error).__name__}: {error}")
        if self._lock is not None:
            self._lock.close()

    def pausing(self, paused: bool) -> None:
        """It pauses, or goes on."""
        self.say("paused" if paused else "training")

    def say(self, state: State, message: str = "") -> None:
        """Write the status; a disk that is full is no reason to stop for this."""
        if not self._quiet:
            status = Status(state, message, self._images, os.getpid())
            with suppress(GanvizError), atomic_path(self._folder / STATUS) as temporary:
                temporary.write_text(json.dumps(asdict(status)) + "\n", encoding="utf-8")


# --- the lock ----------------------------------------------------------------------------------------------------


def is_held(folder: Path) -> bool:
    """Whether a process trains in that folder."""
    try:
        with open(folder / LOCK, "rb+") as file, _locked(file) as mine:
            return not mine
    except OSError:
        return False  # there is none, or it cannot be looked at


def _take(folder: Path) -> IO[bytes] | None:
    """The file of the lock, held until it is closed; None where files cannot be locked."""
    try:
        file = open(folder / LOCK, "ab")
    except OSError:
        return None
    end = time.monotonic() + PATIENCE
    while not _lock(file):
        if time.monotonic() > end:
            file.close()
            raise GanvizError(f"{folder}: another process trains in this folder; stop that one first")
        time.sleep(0.05)
    return file


@contextmanager
def _locked(file: IO[bytes]) -> Iterator[bool]:
    """Hold the lock for the block, if it can be had."""
    mine = _lock(file)
    try:
        yield mine
    finally:
        if mine:
            _unlock(file)


if os.name == "nt":
    import msvcrt

    def _lock(file: IO[bytes]) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        except OSError:
            return False
        return True

    def _unlock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined, unused-ignore]

else:
    import fcntl

    def _lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # a file system without locks: nothing is known, and nothing is kept from starting
        return True

    def _unlock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
