"""Trainings as programs of their own: started by the very command line, watched by what they leave in their folders.

A training that was started here reads its orders from a pipe, whose end stops it: no training outlives the window
unless it was let go. Of one that was let go, or started elsewhere, there is only the folder; it takes orders there.
"""

import json
import logging
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, QTimer, Signal

from app.background import Background
from ganviz import places
from ganviz.errors import GanvizError
from ganviz.files import atomic_path
from trainers.status import give_order, read_status
from trainers.watch import View, Watcher

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = "output.txt"
"""What the program prints, in the run folder."""
TAIL = 4096
NICE = 10
LOOK_MS = 500
MOST_RUNS = 20

Order = Literal["pause", "resume", "stop"]


@dataclass(frozen=True, slots=True)
class Sight:
    """A run as it was seen last.

    own       whether it was started here and its process is there
    code      what its process ended with, if it was started here and has ended; negative: the signal that killed it
    said      the last line that it printed
    stopping  whether it was told from here to stop
    """

    view: View
    own: bool = False
    code: int | None = None
    said: str = ""
    stopping: bool = False

    @property
    def going(self) -> bool:
        """Whether a process works on it."""
        return self.own or self.view.status.going

    @property
    def starting(self) -> bool:
        """Whether the process is there and does not train yet: it imports, or prepares the data."""
        return self.own and not self.view.status.going


class Child:
    """A training that was started here. None of this is quick enough for the UI thread."""

    def __init__(self, arguments: list[str], folder: Path) -> None:
        """Start `python -m trainers` with these arguments. GanvizError where the folder cannot be made."""
        self.folder = folder
        self._fresh = not folder.exists()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            output = open(folder / OUTPUT, "ab")
        except OSError as error:
            raise GanvizError(
                f"{folder}: cannot be written ({error.strerror or error}); choose another place"
            ) from error
        with output:
            self._start = output.tell()
            flags = 0
            if sys.platform == "win32":
                flags = subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW
            self.process = subprocess.Popen(
                # -P: whatever lies in the present folder is no module of this program.
                [sys.executable, "-P", "-m", "trainers", *arguments],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.getenv("PYTHONPATH"))))},
                start_new_session=True,  # Ctrl+C in the terminal that the window was opened from is for the window
                creationflags=flags,
            )
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, self.process.pid, min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICE))

    @property
    def code(self) -> int | None:
        """What it ended with; None while it is there."""
        return self.process.poll()

    def tell(self, word: str) -> None:
        """Write a line to it; one that has ended hears nothing."""
        pipe = self.process.stdin
        if pipe is not None and not pipe.closed:
            with suppress(OSError):
                pipe.write(f"{word}\n".encode())
                pipe.flush()

    def hang_up(self) -> None:
        """Close the pipe: it stops, unless it was told to detach."""
        if self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.close()

    def said(self) -> str:
        """The last line that it printed."""
        try:
            with open(self.folder / OUTPUT, "rb") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(max(self._start, end - TAIL))
                lines = file.read().decode("utf-8", "replace").split("\n")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "").removeprefix("ganviz: ")

    def clear_up(self) -> None:
        """Where it ended before there was a run, leave no folder that holds nothing but what it printed."""
        if self._fresh and not (self.folder / "config.json").exists():
            with suppress(OSError):
                (self.folder / OUTPUT).unlink()
                self.folder.rmdir()


class Trainings(QObject):
    """The trainings that were started here, and the one run that is looked at.

    Signals
    seen(sight)       the run that is looked at, every half second while something may change
    failed(message)   a line for the user
    """

    seen = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = Background(self)
        self._children: dict[Path, Child] = {}
        self._watcher: Watcher | None = None
        self._looking = False
        self._ended: dict[Path, tuple[int, str]] = {}  # what became of children that have ended
        self._stopping: set[Path] = set()  # runs that were told to stop and have not ended
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)
        self.sight: Sight | None = None

    # -- what is there --------------------------------------------------------------------------------------------

    @property
    def folder(self) -> Path | None:
        """The run that is looked at."""
        return self._watcher.folder if self._watcher is not None else None

    @property
    def going(self) -> list[Path]:
        """The runs whose processes were started here and are there."""
        return [folder for folder, child in self._children.items() if child.code is None]

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way on the side thread."""
        return self._background.is_idle

    # -- starting and following -----------------------------------------------------------------------------------

    def start(self, arguments: list[str], folder: Path) -> None:
        """Start a training by its arguments, and look at it."""

        def begin() -> Child:
            return Child([*arguments, "--control", "stdin"], folder)

        def began(child: Child) -> None:
            self._children[folder] = child
            self._ended.pop(folder, None)
            self._stopping.discard(folder)
            remember_run(folder)
            self.follow(folder)

        self._background.run(begin, began, lambda error: self.failed.emit(str(error)))

    def follow(self, folder: Path | None) -> None:
        """Look at a run from now on, or at none."""
        self._watcher = Watcher(folder) if folder is not None else None
        self.sight = None
        if folder is None:
            self._timer.stop()
        else:
            self._timer.start()
            self._look()

    def pause_looking(self, paused: bool) -> None:
        """While nobody sees the page there is no need to look."""
        if paused:
            self._timer.stop()
        elif self._watcher is not None:
            self._timer.start()
            self._look()

    def order(self, word: Order) -> None:
        """Tell the run that is looked at to pause, to resume or to stop."""
        folder = self.folder
        if folder is None:
            return
        if word == "stop":
            self._stopping.add(folder)
        child = self._children.get(folder)
        if child is not None and child.code is None:
            self._background.run(lambda: child.tell(word), lambda _: self._look())
        else:
            self._background.run(
                lambda: give_order(folder, word), lambda _: self._look(), lambda error: self.failed.emit(str(error))
            )

    def _look(self) -> None:
        watcher = self._watcher
        if watcher is None or self._looking:
            return
        self._looking = True
        child = self._children.get(watcher.folder)
        before = self._ended.get(watcher.folder)
        stopping = watcher.folder in self._stopping

        def look() -> Sight:
            # The process first: what it has written when it ended is then there to be read.
            code = child.code if child is not None else None
            view = watcher.look()
            if child is None or code is not None:
                said = before[1] if before else child.said() if child else ""
                return Sight(view, False, before[0] if before else code, said, stopping)
            return Sight(view, True, None, child.said(), stopping)

        def seen(sight: Sight) -> None:
            self._looking = False
            if self._watcher is not watcher:
                self._look()
                return
            if child is not None and sight.code is not None and watcher.folder in self._children:
                self._ended[watcher.folder] = (sight.code, sight.said)
                del self._children[watcher.folder]
                child.hang_up()
                self._background.run(child.clear_up, lambda _: None)
            if not sight.going:
                self._stopping.discard(watcher.folder)
            self.sight = sight
            self.seen.emit(sight)
            if not sight.view.whole:
                self._look()

        def lost(error: BaseException) -> None:
            self._looking = False
            if self._watcher is watcher:
                self.follow(None)
                self.failed.emit(str(error))

        self._background.run(look, seen, lost)

    # -- the end --------------------------------------------------------------------------------------------------

    def let_go(self, folders: list[Path]) -> None:
        """From now on these trainings would go on without this program."""
        for folder in folders:
            if folder in self._children:
                self._children[folder].tell("detach")

    def stop(self) -> None:
        """Look no more. Trainings that were not let go stop by themselves, each with a snapshot."""
        self._timer.stop()
        self._background.stop()
        for child in self._children.values():
            child.hang_up()

    def find_runs(self, done: object) -> None:
        """Call `done` with the runs that are remembered, newest first, as (folder, status)."""
        self._background.run(
            lambda: [(folder, read_status(folder)) for folder in read_runs()],
            done,  # type: ignore[arg-type]
        )


# --- runs that are remembered ------------------------------------------------------------------------------------


def _list_file() -> Path:
    return places.state() / "trainings.json"


def read_runs() -> list[Path]:
    """The run folders that were trained in or looked at lately, newest first, without those that are gone."""
    try:
        stored = json.loads(_list_file().read_text(encoding="utf-8"))
        found = [Path(item) for item in stored if isinstance(item, str)][:MOST_RUNS]
    except (OSError, ValueError, TypeError, GanvizError):
        return []
    return [folder for folder in found if (folder / "config.json").exists() or (folder / OUTPUT).exists()]


def remember_run(folder: Path) -> None:
    """Put a run folder at the head of the list; one that cannot be kept is only logged."""
    folders = [folder.resolve(), *(other for other in read_runs() if other != folder.resolve())][:MOST_RUNS]
    try:
        with atomic_path(_list_file()) as temporary:
            temporary.write_text(json.dumps([str(item) for item in folders], indent=1), encoding="utf-8")
    except (OSError, GanvizError) as error:
        log.warning("the list of trainings was not kept: %s", error)
