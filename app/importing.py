"""A foreign file on its way in: read as a job, shown for what it is with pictures of it, then kept or let go.

Until it is kept there is nothing of it but one unnamed file in the cache, which goes when it is let go.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.compute import Compute
from ganviz import places
from ganviz.catalog import CONVERTED
from ganviz.checkpoint import Header, read_header
from ganviz.importers import NOTHING_SAID, Asked
from ganviz.jobs import Job, Offload, Progress
from ganviz.switching import fresh_recipe

if TYPE_CHECKING:
    from ganviz.importers.conversion import Report
    from ganviz.render import Renderer

log = logging.getLogger(__name__)

PICTURES = 12
UNKEPT = ".unkept-"
"""How the names begin of files that nobody has decided about yet."""
FORGOTTEN_S = 24 * 3600
"""Such files older than this were left behind by a program that was killed."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a foreign file turned out to be: where it lies, how it was read, what the conversion says, its header."""

    path: Path
    asked: Asked
    report: "Report"
    header: Header


@dataclass(frozen=True, slots=True)
class Picture:
    """One of the pictures of the sheet: pixels uint8 (H, W, C) of the k-th seed."""

    k: int
    pixels: np.ndarray


def examine(renderer: "Renderer", path: Path, asked: Asked, again: bool) -> Job[Path | None]:
    """Convert a foreign file to one that is not kept yet, and draw its first pictures.

    What it finds out comes as the value of its progress: first a Found, then the Pictures. The file belongs to whoever
    was told of it. Where the same file was kept before, the result is that path and nothing else is done; not so
    `again`.
    """
    from ganviz.importers.conversion import convert, kept_before

    yield Progress(0, 0, "reading")
    if not again:
        known = yield Offload(kept_before, (path,))
        if known is not None:
            return known
    target = yield Offload(_place)
    told = False
    try:
        report = yield from convert(path, target, asked, name=path.stem)
        header = read_header(target)
        renderer.load(target)
        told = True
        yield Progress(0, PICTURES, "drawing", Found(path, asked, report, header))
    finally:
        if not told:
            target.unlink(missing_ok=True)
    for k in range(PICTURES):
        frame = renderer.render(fresh_recipe(header, seed=k))
        yield Progress(k + 1, PICTURES, "drawing", Picture(k, frame.pixels))
    return None


def _place() -> Path:
    """A name in the cache for what is not kept yet; what was left behind there long ago is removed."""
    folder = places.cache() / CONVERTED
    folder.mkdir(exist_ok=True)
    for old in folder.glob(f"{UNKEPT}*"):
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > FORGOTTEN_S:
                old.unlink()
    return folder / f"{UNKEPT}{uuid4().hex}.safetensors"


class Importing(QObject):
    """The one foreign file that is being read or waits for a decision.

    Signals
    found(Found)           it is a model; `keep` and `discard` are for whoever is shown it
    pictured(Picture)      one of its pictures
    ready(str)             path of the checkpoint to open: it was kept, now or before
    ended()                it was let go, or cancelled
    failed(str)            one line that says why it is none
    """

    found = Signal(object)
    pictured = Signal(object)
    ready = Signal(str)
    ended = Signal()
    failed = Signal(str)

    def __init__(self, compute: Compute, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._compute = compute
        self._found: Found | None = None
        self._turn = 0  # which reading the answers that come in belong to
        self._running = False  # whether compute has a job of this one, given up or not
        self._next: Callable[[], bool] | None = None  # what begins once that has ended
        self._reading = False

    @property
    def is_reading(self) -> bool:
        """Whether a file is being read or its pictures are being drawn."""
        return self._reading

    @property
    def waits(self) -> bool:
        """Whether a file waits for a decision."""
        return self._found is not None

    def start(self, path: str, asked: Asked = NOTHING_SAID, again: bool = False) -> bool:
        """Read a file, in place of the one before; False, and compute says why, where other work is going on."""
        self._let_go()
        self._turn += 1
        turn = self._turn
        if not self._running:
            return self._begin(path, asked, again, turn)
        self._reading, self._next = True, lambda: self._begin(path, asked, again, turn)
        return True

    def _begin(self, path: str, asked: Asked, again: bool, turn: int) -> bool:
        self._reading = self._running = self._compute.start_job(
            lambda renderer: examine(renderer, Path(path), asked, again),
            f"Reading {Path(path).name}",
            done=lambda known: self._over(turn, self._done, known),
            failed=lambda message: self._over(turn, self._failed, message),
            cancelled=lambda: self._over(turn, self.discard),
            progress=lambda progress: self._progress(progress, turn),
        )
        return self._running

    def keep(self) -> None:
        """Keep the file and open it; pictures that are still to come are not drawn."""
        from ganviz.importers.conversion import keep

        found, self._found = self._found, None
        if found is None:
            return
        self._stop()
        try:
            path = keep(found.report)
        except OSError as error:
            _remove(found.report.path)
            self.failed.emit(f"{found.path}: cannot be kept ({error.strerror or error}); is the disk full?")
        else:
            self.ready.emit(str(path))

    def discard(self) -> None:
        """Let the file go, whatever has come of it so far."""
        if self._reading or self._found is not None:
            self._let_go()
            self.ended.emit()

    def close(self) -> None:
        """Let the file go and say nothing."""
        self._let_go()

    def read_again(self, asked: Asked) -> None:
        """Read the same file with something said that it cannot say itself."""
        if self._found is not None:
            self.start(str(self._found.path), asked, again=True)

    def _let_go(self) -> None:
        self._stop()
        found, self._found = self._found, None
        if found is not None:
            _remove(found.report.path)

    def _stop(self) -> None:
        self._next = None
        if self._reading:
            self._turn += 1
            self._reading = False
            if self._running:
                self._compute.cancel_job()

    def _over(self, turn: int, then: Callable[..., None], *given: Any) -> None:
        """The job has ended; its end is passed over where it was given up."""
        self._running = False
        following, self._next = self._next, None
        if following is not None:
            following()
        elif turn == self._turn:
            then(*given)

    def _progress(self, progress: Progress, turn: int) -> None:
        value: Any = progress.value
        if turn != self._turn:
            if isinstance(value, Found):
                _remove(value.report.path)  # it was given up just before
        elif isinstance(value, Found):
            self._found = value
            self.found.emit(value)
        elif isinstance(value, Picture):
            self.pictured.emit(value)

    def _done(self, known: Path | None) -> None:
        self._reading = False
        if known is not None:
            self.ready.emit(str(known))

    def _failed(self, message: str) -> None:
        self._reading = False
        self._let_go()
        self.failed.emit(message)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s: could not be removed (%s)", path, error)
