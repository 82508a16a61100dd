"""The train workspace: make a model from pictures, watch it learn, and see the game itself in one dimension."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.background import Background
from app.compute import Compute
from app.document import Document
from app.panels.training_form import TrainingForm
from app.panels.training_run import RunMonitor, describe
from app.training import Sight, Trainings, remember_run
from app.widgets.buttons import Choice, IconButton, SegmentedTabs
from app.widgets.scrolled import scrolled
from ganviz.session import Session
from ganviz.spec import Spec
from trainers.status import Status

if TYPE_CHECKING:
    from app.panels.toy import ToyPanel

FORM = 344
"""Width of the form in pixels."""
LEAST = (900, 500)
EMPTY = (
    "Training makes a model of your own pictures.\n\n"
    "Choose a family and a folder of pictures at the left, then Start. The training is a program of its own: this page "
    "watches it, and it can go on when the window is closed.\n\n"
    "A DCGAN at 64 px shows something within minutes; a few hundred pictures are enough for something to look at, "
    "several thousand for something to explore. “The game” above shows in one dimension what both nets do."
)


class TrainPage(QFrame):
    """Form at the left, the run at the right; behind a tab the game in one dimension.

    `said(text, kind)` and `explore_wanted(path)` are for the window.
    """

    said = Signal(str, str)
    explore_wanted = Signal(str)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__()
        self.trainings = Trainings(self)
        self._reader = Background(self)
        self._asked = ""  # what the run that was just started is to be told from
        self.tabs = SegmentedTabs(
            [
                ("Training", "Train a model, and watch it learn"),
                ("The game", "What both nets do, in one dimension, in seconds"),
            ],
            "training-view",
            "Training or the game",
            kind="workspace",
        )
        self.runs = Choice("training-run", "Which run to look at")
        self.runs.setMinimumContentsLength(16)
        self.attach_button = IconButton(
            "folder-open-outline", "Look at a run folder, also one that goes on elsewhere", "training-attach"
        )
        self.empty = QLabel(EMPTY)
        self.empty.setObjectName("training-empty")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setProperty("tone", "muted")
        self._compute = compute
        self._toy: ToyPanel | None = None
        self._monitor: RunMonitor | None = None
        self._looked = False  # whether runs that go on have been looked for
        self._lay_out()
        self.tabs.currentChanged.connect(self._show_tab)
        self.runs.activated.connect(self._choose_run)
        self.attach_button.clicked.connect(self._choose_folder)
        self.form.start_wanted.connect(self._start)
        self.trainings.seen.connect(self._seen)
        self.trainings.failed.connect(self._failed)
        self._list_runs([], attach=False)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.tabs)
        top.addStretch(1)
        self._run_label = QLabel("Run")
        self._run_label.setBuddy(self.runs)
        top.addWidget(self._run_label)
        top.addWidget(self.runs)
        top.addWidget(self.attach_button)
        # From outside inwards: what is put somewhere else, with all that is in it, is styled anew each time.
        training = QWidget()
        training.setMinimumSize(*LEAST)
        self._pages = QStackedWidget()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(12)
        column.addLayout(top)
        column.addWidget(self._pages, 1)
        self._pages.addWidget(scrolled(training, "training-area"))
        form = QFrame()
        form.setProperty("tone", "card")
        form.setFixedWidth(FORM)
        self._right = QStackedWidget()
        row = QHBoxLayout(training)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(form)
        row.addWidget(self._right, 1)
        inside = QVBoxLayout(form)
        inside.setContentsMargins(12, 12, 12, 12)
        self.form = TrainingForm()
        inside.addWidget(self.form)
        around = QWidget()
        centred = QHBoxLayout(around)
        centred.addStretch(1)
        centred.addWidget(self.empty, 6)
        centred.addStretch(1)
        self._right.addWidget(around)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Whatever model is open, or none."""
        return True

    @property
    def monitor(self) -> RunMonitor:
        """What shows a run, made when there is one."""
        if self._monitor is None:
            self._monitor = RunMonitor()
            self._right.addWidget(self._monitor)
            self._monitor.order_wanted.connect(self.trainings.order)
            self._monitor.explore_wanted.connect(self._explore)
            self._monitor.preview_wanted.connect(self._read_preview)
        return self._monitor

    def make_ahead(self) -> Iterator[None]:
        """Make what the first run will need."""
        self.monitor  # noqa: B018
        yield

    @property
    def toy(self) -> "ToyPanel":
        """The game, made when it is first wanted."""
        if self._toy is None:
            from app.panels.toy import ToyPanel

            self._toy = ToyPanel(self._compute)
            self._toy.said.connect(self.said)
            self._pages.addWidget(self._toy)
        return self._toy

    def show_session(self, session: Session | None) -> None:
        """There is nothing of the session here."""

    def complete(self) -> bool:
        """Whether nothing is still to come that was asked for."""
        at_rest = self.form.complete() and (self._toy is None or self._toy.complete())
        shown = self._monitor is None or self._monitor.complete()
        return at_rest and self.trainings.is_idle and self._reader.is_idle and shown

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self.trainings.pause_looking(False)
        if not self._looked:
            self._looked = True
            self._look_for_runs(attach=True)

    def hideEvent(self, event) -> None:
        super().hideEvent(event)
        if self._toy is not None:
            self._toy.rest()
        if not self.trainings.going:
            self.trainings.pause_looking(True)

    def stop(self) -> None:
        """The window closes: trainings that were not let go stop by themselves."""
        self.trainings.stop()
        self._reader.stop()

    def _show_tab(self, index: int) -> None:
        if index == 1:
            self._pages.setCurrentWidget(self.toy)
        else:
            self._pages.setCurrentIndex(0)
        for widget in (self._run_label, self.runs, self.attach_button):
            widget.setVisible(index == 0)
        if index == 0 and self._toy is not None:
            self._toy.rest()

    # -- which run ------------------------------------------------------------------------------------------------

    def _look_for_runs(self, attach: bool) -> None:
        self.trainings.find_runs(lambda found: self._list_runs(found, attach))

    def _list_runs(self, found: list[tuple[Path, Status]], attach: bool) -> None:
        going = [folder for folder, status in found if status.going]
        self.runs.clear()
        self.runs.addItem("New training", None)
        for folder, status in found:
            self.runs.addItem(f"{folder.name} · {status.state}" if status.state != "none" else folder.name, str(folder))
            self.runs.setItemData(self.runs.count() - 1, str(folder), Qt.ItemDataRole.ToolTipRole)
        if attach and going and self.trainings.folder is None:
            self.trainings.follow(going[0])
            self.said.emit(f"{going[0].name} goes on training; this page follows it.", "info")
        self._mark_run()

    def _mark_run(self) -> None:
        folder = self.trainings.folder
        at = self.runs.findData(str(folder)) if folder is not None else 0
        if at < 0 and folder is not None:
            self.runs.addItem(folder.name, str(folder))
            at = self.runs.count() - 1
        self.runs.setCurrentIndex(at)

    def _choose_run(self, row: int) -> None:
        chosen = self.runs.itemData(row)
        self.look_at(Path(chosen) if chosen else None)

    def _choose_folder(self) -> None:
        chooser = QFileDialog(self, "Look at a run folder", str(Path.home()))
        chooser.setObjectName("training-chooser")
        chooser.setFileMode(QFileDialog.FileMode.Directory)
        chooser.fileSelected.connect(lambda path: self.look_at(Path(path)))
        chooser.open()

    def look_at(self, folder: Path | None) -> None:
        """Follow a run, or with None offer to start a new one."""
        self.trainings.follow(folder)
        if folder is None:
            self.form.new_run()
            self._right.setCurrentIndex(0)
        else:
            remember_run(folder)
        self._mark_run()

    # -- what is seen ---------------------------------------------------------------------------------------------

    def _start(self, arguments: list[str], folder: Path) -> None:
        self.form.set_busy(True)
        self._asked = str(folder.resolve())
        self.trainings.start(arguments, folder.resolve())

    def _seen(self, sight: Sight) -> None:
        view = sight.view
        if view.plan is not None:
            self.form.show_run(view.folder, view.plan, sight.going)
        else:
            self.form.set_busy(sight.going)
        if view.plan is None and not sight.going:
            self._never_began(sight)
            return
        before = self._right.currentIndex()
        self.monitor.show_sight(sight)
        self._right.setCurrentIndex(1)
        if before == 0 or sight.code is not None:
            self._mark_run()
        if sight.code is not None and self._asked == str(view.folder):
            self._asked = ""
            words, _, trouble = describe(sight)
            self.said.emit(f"{view.folder.name}: {trouble or words}", "error" if trouble else "good")
            self._look_for_runs(attach=False)

    def _never_began(self, sight: Sight) -> None:
        """What was started ended before there was a run, or the folder holds none."""
        said = sight.said or f"{sight.view.folder}: no training run is there"
        if sight.stopping:
            said = f"{sight.view.folder.name}: stopped before it had begun"
        self.trainings.follow(None)
        self.form.set_busy(False)
        self._right.setCurrentIndex(0)
        self._mark_run()
        self.said.emit(said, "info" if sight.stopping else "error")

    def _failed(self, message: str) -> None:
        self.form.set_busy(False)
        self._mark_run()
        self.said.emit(message, "error")

    def _read_preview(self, path: Path) -> None:
        self._reader.run(
            lambda: read_sheet(path),
            lambda pixels: self.monitor.show_preview(path, pixels),
            lambda error: self.monitor.show_preview(path, np.zeros((8, 8, 1), np.uint8)),
        )

    def _explore(self) -> None:
        if self.trainings.folder is not None:
            self.explore_wanted.emit(str(self.trainings.folder))


def read_sheet(path: Path) -> np.ndarray:
    """A preview sheet, uint8 (H, W, C)."""
    with Image.open(path, formats=("PNG",)) as image:
        pixels = np.asarray(image.convert("L" if image.mode in ("L", "1", "I") else "RGB"))
    return pixels[:, :, None] if pixels.ndim == 2 else pixels
