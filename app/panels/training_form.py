"""What to train, on what, and how: a form made from the options' dataclass."""

import os
import shlex
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QMenu, QVBoxLayout, QWidget

from app import theme
from app.widgets.buttons import Choice, IconButton, TextButton, tip_text
from app.widgets.fold import Fold
from app.widgets.option_row import LABEL, OptionField, OptionRow
from app.widgets.scrolled import scrolled
from ganviz.errors import GanvizError
from ganviz.models import resolve
from ganviz.sources import KNOWN, locate
from trainers import TRAINERS
from trainers.options import GROUPS, defaults, make, resumed
from trainers.watch import Plan

GROUP_TITLES = {
    "model": "Model",
    "growth": "Growth",
    "objective": "Objective",
    "optimisation": "Optimisation",
    "data": "Data and augmentation",
    "budget": "Budget and snapshots",
    "machine": "Machine",
    "card": "Card",
}
OPEN_GROUPS = ("model", "budget")
"""What most people look at first."""
FIRST_MINUTES = 30.0
"""Budget that a new form suggests: a training that nobody thinks of is not to go on for ever."""


class TrainingForm(QWidget):
    """Family, data, folder, and every option. `start_wanted(arguments, folder)` asks for a training."""

    start_wanted = Signal(list, object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("training-form")
        self.rows: dict[str, OptionRow] = {}  # of the groups that have been opened: there are many options
        self._folds: dict[str, Fold] = {}
        self._items: dict[str, Field[Any]] = {}
        self._given: dict[str, Any] = {}
        self._standing: dict[str, Any] = {}  # what each option is where it is not given
        self._opening: list[str] = []  # groups that are about to be opened
        self._built = ""  # the family that all this is of
        self._plan: Plan | None = None  # of the run that is to go on; None for a new one
        self._folder: Path | None = None
        self._going = False
        self.arch = Choice("training-arch", "Family")
        for arch, trainer in TRAINERS.items():
            self.arch.addItem(trainer.label, arch)
        self.data = _line("training-data", "Data", "A folder or zip of pictures, an .npz, IDX files, or a known name")
        self.data.setPlaceholderText("folder, zip, .npz, or a name")
        self.data_button = IconButton("folder-image", "Choose the data", "training-data-choose")
        self.out = _line("training-out", "Run folder", "Where the run's snapshots, previews and log are written")
        self.out_button = IconButton("folder-outline", "Choose the run folder", "training-out-choose")
        self.problem = QLabel()
        self.problem.setObjectName("training-problem")
        self.problem.setWordWrap(True)
        self.problem.setFont(theme.caption_font())
        self.copy_button = IconButton("console", "Copy the command line that does the same", "training-copy")
        self.start_button = TextButton("Start", "Start training", "training-start", icon="play", kind="primary")
        self.options = QWidget()
        self._option_column = QVBoxLayout(self.options)
        self._lay_out()
        self.arch.activated.connect(lambda _: self._rebuild())
        self.data.textChanged.connect(lambda _: self._check())
        self.out.textChanged.connect(lambda _: self._check())
        self.data_button.clicked.connect(self._choose_data)
        self.out_button.clicked.connect(self._choose_out)
        self.copy_button.clicked.connect(self._copy)
        self.start_button.clicked.connect(self._start)
        self.new_run()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(_labelled("Family", self.arch))
        column.addLayout(_labelled("Data", self.data, self.data_button))
        column.addLayout(_labelled("Run folder", self.out, self.out_button))
        self._option_column.setContentsMargins(0, 0, 8, 0)
        self._option_column.setSpacing(6)
        area = scrolled(self.options, "training-options")
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column.addWidget(area, 1)
        column.addWidget(self.problem)
        foot = QHBoxLayout()
        foot.setSpacing(4)
        foot.addWidget(self.start_button, 1)
        foot.addWidget(self.copy_button)
        column.addLayout(foot)

    # -- what is chosen -------------------------------------------------------------------------------------------

    @property
    def kind(self) -> type[Any]:
        """The dataclass of the family's options."""
        return resolve(TRAINERS[self.arch.currentData()].config)

    def given(self) -> dict[str, Any]:
        """The options that were chosen, by name."""
        return dict(self._given)

    def arguments(self) -> list[str]:
        """The words behind `python -m trainers` that do what the form says."""
        arch, folder = self.arch.currentData(), str(self._run_folder())
        words = [arch, "--out", folder, "--resume"] if self._plan else [arch, "--data", self._data(), "--out", folder]
        for name, value in self.given().items():
            flag = name.replace("_", "-")
            words += [f"--{'' if value else 'no-'}{flag}"] if isinstance(value, bool) else [f"--{flag}", str(value)]
        return words

    def _data(self) -> str:
        text = self.data.text().strip()
        return text if text in KNOWN and not os.path.exists(text) else os.path.abspath(os.path.expanduser(text))

    def _run_folder(self) -> Path:
        return self._folder or Path(os.path.abspath(os.path.expanduser(self.out.text().strip())))

    # -- a new run, or one that is there --------------------------------------------------------------------------

    def new_run(self) -> None:
        """Offer to start a new run."""
        came_from_run = self._plan is not None
        self._plan, self._folder, self._going = None, None, False
        for widget in (self.arch, self.data, self.out, self.data_button, self.out_button):
            widget.setEnabled(True)
        if came_from_run or not self.out.text():
            self.out.setText(str(free_folder()))
            self._given = {"minutes": FIRST_MINUTES}
        self._rebuild()

    def show_run(self, folder: Path, plan: Plan, going: bool) -> None:
        """Show a run's options; while it does not go on, those that may change can be."""
        if plan is self._plan and folder == self._folder and going == self._going:
            return
        other = plan is not self._plan or folder != self._folder
        self._plan, self._folder, self._going = plan, folder, going
        if other:
            self._given = {}
            self.arch.setCurrentIndex(self.arch.findData(plan.arch))
            for field, text in ((self.data, plan.source), (self.out, str(folder))):
                field.blockSignals(True)
                field.setText(text)
                field.blockSignals(False)
        for widget in (self.arch, self.data, self.out, self.data_button, self.out_button):
            widget.setEnabled(False)
        self._rebuild()

    def set_busy(self, busy: bool) -> None:
        """A run is being started: not twice."""
        if busy != self._going:
            self._going = busy
            self._check()

    def _rebuild(self) -> None:
        """Come up to the family: its groups, and what was chosen and exists there as well."""
        arch = self.arch.currentData()
        if arch != self._built:
            self._built = arch
            self._items = {item.name: item for item in fields(self.kind)}
            self._given = {name: value for name, value in self._given.items() if self._has(name, value)}
            self._make_groups()
        for name, row in self.rows.items():
            row.show_given(self._given.get(name))
        self._check()

    def _has(self, name: str, value: Any) -> bool:
        """Whether the family has an option of that name that may be that."""
        item = self._items.get(name)
        return item is not None and (not item.metadata["choices"] or value in item.metadata["choices"])

    def _make_groups(self) -> None:
        opened = {group for group, fold in self._folds.items() if not fold.folded} | set(self._opening)
        opened = opened or set(OPEN_GROUPS)
        for fold in self._folds.values():
            fold.setParent(None)
            fold.deleteLater()
        while self._option_column.count():
            self._option_column.takeAt(0)
        self.rows, self._folds, self._opening = {}, {}, []
        there = {item.metadata["group"] for item in self._items.values()}
        for group in (group for group in GROUPS if group in there):
            fold = self._folds[group] = Fold(GROUP_TITLES[group], f"training-group-{group}")
            fold.opened.connect(lambda group=group: self._fill(group))
            self._option_column.addWidget(fold)
            if group in opened:
                self._opening.append(group)
        self._option_column.addStretch(1)
        self._open_next()

    def complete(self) -> bool:
        """Whether all groups that are to be open are."""
        return not self._opening

    def _open_next(self) -> None:
        """Open the groups one after the other, each in a turn of its own: all at once would hold up the window."""
        if self._opening:
            fold = self._folds[self._opening[0]]
            QTimer.singleShot(0, fold, lambda: self._open(fold))

    def _open(self, fold: Fold) -> None:
        if not self._opening or self._folds[self._opening[0]] is not fold:
            return  # another family was chosen meanwhile, which opens its own
        del self._opening[0]
        fold.set_folded(False)
        self._open_next()

    def _fill(self, group: str) -> None:
        """Make the rows of a group, the first time that it is opened."""
        if any(item.metadata["group"] == group and item.name in self.rows for item in self._items.values()):
            return
        for item in self._items.values():
            if item.metadata["group"] == group:
                row = self.rows[item.name] = OptionRow(item)
                row.show_given(self._given.get(item.name))
                row.changed.connect(lambda row=row: self._changed(row))
                self._folds[group].rows.addWidget(row)
        self._show_rows()

    def _changed(self, row: OptionRow) -> None:
        self._given.pop(row.name, None)
        if row.given is not None:
            self._given[row.name] = row.given
        self._check()

    def _show_rows(self) -> None:
        free = self._plan is None
        for name, row in self.rows.items():
            if name in self._standing:
                row.show_default(self._standing[name])
            row.setEnabled(not self._going and (free or not row.fixed))

    # -- checking -------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        """Follow what was chosen: other defaults, and whether it can be started."""
        given, arch, problem = self._given, self.arch.currentData(), ""
        try:
            if self._plan is not None:
                self._standing = {name: getattr(self._plan.config, name) for name in self._items}
                resumed(self._plan.config, given)
            else:
                self._standing = defaults(self.kind, arch, given)
                make(self.kind, arch, given)
        except GanvizError as error:
            problem = str(error)
        self._show_rows()
        missing = ""
        if self._plan is None and not self.data.text().strip():
            missing = "Choose what to learn from."
        elif self._plan is None and not self.out.text().strip():
            missing = "Choose a folder for the run."
        for group, fold in self._folds.items():
            count = sum(self._items[name].metadata["group"] == group for name in given)
            fold.set_caption(f"{count} changed" if count else "")
        self._say(problem or missing, "danger" if problem else "muted")
        self.start_button.setText("Resume" if self._plan else "Start")
        self.start_button.setToolTip(tip_text("Go on from its last state" if self._plan else "Start training"))
        self.start_button.setAccessibleName(self.start_button.text())
        self.start_button.setEnabled(not (problem or missing or self._going))
        self.copy_button.setEnabled(not (problem or missing))

    def _say(self, text: str, tone: str) -> None:
        self.problem.setText(text)
        self.problem.setVisible(bool(text))
        if self.problem.property("tone") != tone:
            self.problem.setProperty("tone", tone)
            theme.restyle(self.problem)

    # -- hands ----------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        if self._plan is None:
            try:
                locate(self._data())
            except GanvizError as error:
                self._say(str(error), "danger")
                return
        self.start_wanted.emit(self.arguments(), self._run_folder())

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(shlex.join(["ganviz", "train", *self.arguments()]))

    def _choose_data(self) -> None:
        menu = QMenu(self)
        menu.addAction("A folder of pictures…", lambda: self._choose(self.data, folder=True))
        menu.addAction("A zip or .npz file…", lambda: self._choose(self.data, folder=False))
        menu.addSeparator()
        for name in KNOWN:
            menu.addAction(name).triggered.connect(lambda _=False, name=name: self.data.setText(name))
        menu.popup(self.data_button.mapToGlobal(self.data_button.rect().bottomLeft()))

    def _choose_out(self) -> None:
        self._choose(self.out, folder=True)

    def _choose(self, field: OptionField, folder: bool) -> None:
        chooser = QFileDialog(self, "Choose", str(Path.home()), "Data (*.zip *.npz);;All files (*)")
        chooser.setObjectName("training-chooser")
        modes = QFileDialog.FileMode
        chooser.setFileMode(modes.Directory if folder else modes.ExistingFile)
        chooser.fileSelected.connect(field.setText)
        chooser.open()


def free_folder() -> Path:
    """A run folder that does not exist yet."""
    home = Path.home() / "ganviz-runs"
    return next(home / f"run-{k}" for k in range(1, 10_000) if not (home / f"run-{k}").exists())


def _line(name: str, label: str, tip: str) -> OptionField:
    field = OptionField()
    field.setObjectName(name)
    field.setAccessibleName(label)
    field.setToolTip(tip)
    field.setFixedHeight(theme.FIELD_HEIGHT)
    return field


def _labelled(text: str, *widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(4)
    label = QLabel(text)
    label.setFixedWidth(LABEL - 60)
    label.setBuddy(widgets[0])
    row.addWidget(label)
    row.addWidget(widgets[0], 1)
    for widget in widgets[1:]:
        row.addWidget(widget)
    return row
