"""Export: the dialogs that ask where to and how, and the jobs that they start."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QStandardPaths, Qt, Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from app import theme
from app.widgets.buttons import Choice, IconButton, TextButton, Tick
from ganviz.errors import GanvizError
from ganviz.jobs import Job
from ganviz.recipe import Recipe, Sheet
from ganviz.session import write_png
from ganviz.video import Shape, export

VIDEO_KINDS = (
    ("MP4 video", ".mp4"),
    ("WebM video", ".webm"),
    ("GIF", ".gif"),
    ("PNG pictures in a folder", ""),
)
QUALITIES = (("High", "high"), ("Medium", "medium"), ("Low", "low"))
ENLARGEMENTS = (1, 2, 4, 8, 16)
SIDE_LIMIT = 4096
NAME_LIMIT = 48
"""Longest suggested name in characters, before what makes it unique; file systems take 255 bytes."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the dialog was told. `size` is pixels a side, None for the model's own; a folder ends in a separator.

    `headings`: whether they are written on a sheet.
    """

    path: str
    size: int | None
    quality: str
    metadata: bool
    headings: bool = False


class ExportDialog(QDialog):
    """Asks where to and how; `wished(Wish)` once, when Export was pressed. It never blocks.

    A name without the suffix of its kind gets it. A file that is there is replaced only by a button that says so.
    """

    wished = Signal(object)

    def __init__(
        self,
        parent: QWidget,
        *,
        video: bool,
        resolution: int,
        path: str,
        said: str,
        sheet: tuple[int, int] | None = None,
    ) -> None:
        """`sheet`: the columns and rows of a sheet of pictures, which is written as it is drawn."""
        super().__init__(parent)
        name = "export-video" if video else "export-sheet" if sheet else "export-image"
        self.setObjectName(f"{name}-dialog")
        self.setWindowTitle("Export video" if video else "Export sheet" if sheet else "Export image")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.path = QLineEdit(path)
        self.path.setObjectName(f"{name}-path")
        self.path.setAccessibleName("File to write")
        self.path.setToolTip("File to write; its folder must exist")
        self.path.setMinimumWidth(360)
        self.note = QLabel()
        self.note.setObjectName(f"{name}-note")
        self.note.setAccessibleName("What is about to be written")
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setWordWrap(True)
        self.note.setProperty("tone", "muted")
        self.browse = IconButton("folder-open-outline", "Choose where to", f"{name}-browse")
        self.kind = Choice(f"{name}-kind", "Kind of file", whole=True)
        for text, suffix in VIDEO_KINDS if video else (("PNG picture", ".png"),):
            self.kind.addItem(text, suffix)
        self.side = Choice(f"{name}-size", "Size of the picture", whole=True)
        if sheet:
            self.side.addItem(f"{sheet[0] * resolution} x {sheet[1] * resolution} px (as drawn)", None)
        for factor in () if sheet else ENLARGEMENTS:
            if factor == 1 or resolution * factor <= SIDE_LIMIT:
                text = f"{resolution * factor} px" + (" (as drawn)" if factor == 1 else f" (x {factor})")
                self.side.addItem(text, None if factor == 1 else resolution * factor)
        self.quality = Choice(f"{name}-quality", "Quality of the video", whole=True)
        for text, value in QUALITIES:
            self.quality.addItem(text, value)
        self.metadata = Tick(
            "Carry the recipe in the file",
            "Dropping the file on this window then brings everything back; model name, digest and licence go with it",
            f"{name}-metadata",
        )
        self.metadata.setChecked(True)
        self.headings = Tick("Headings", "Write what rows and columns are above and beside them", f"{name}-headings")
        about = QLabel(said)
        about.setWordWrap(True)
        about.setProperty("tone", "muted")
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        where = QHBoxLayout()
        where.addWidget(self.path, 1)
        where.addWidget(self.browse)
        rows: list[tuple[str, Any]] = [("File", where), ("", self.note), ("Size", self.side)]
        if video:
            rows[2:2] = [("Kind", self.kind)]
            rows.append(("Quality", self.quality))
        for k, (text, item) in enumerate(rows):
            label = QLabel(text)
            grid.addWidget(label, k, 0)
            if item is self.note:
                grid.addWidget(item, k, 1)
            elif isinstance(item, QWidget):
                label.setBuddy(item)
                item.setMinimumWidth(200)
                grid.addWidget(item, k, 1, Qt.AlignmentFlag.AlignLeft)
            else:
                label.setBuddy(self.path)
                grid.addLayout(item, k, 1)
        grid.addWidget(self.metadata, len(rows), 1)
        grid.addWidget(self.headings, len(rows) + 1, 1)
        self.headings.setVisible(sheet is not None)
        if not video:
            self.kind.setParent(self)
            self.quality.setParent(self)
            self.kind.hide()
            self.quality.hide()
        self.cancel = TextButton("Cancel", "Write nothing", f"{name}-cancel")
        self.go = TextButton("Export", "Write the file", f"{name}-go", kind="primary", icon="export-variant")
        self.go.setDefault(True)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch()
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.go)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(16, 16, 16, 16)
        whole.setSpacing(16)
        whole.addWidget(about)
        whole.addLayout(grid)
        whole.addLayout(buttons)
        self.browse.clicked.connect(self._browse)
        self.kind.currentIndexChanged.connect(self._kind_chosen)
        self.path.textChanged.connect(self._path_typed)
        self.cancel.clicked.connect(self.reject)
        self.go.clicked.connect(self._done)
        self._path_typed(path)

    def _done(self) -> None:
        allowed = self.go.text()
        self._look()
        if not self.go.isEnabled() or self.go.text() != allowed:
            return  # The file has appeared or gone since the button was looked at.
        target = completed(self.path.text(), self.kind.currentData())
        wish = Wish(
            str(target) if self.kind.currentData() else f"{target}{os.sep}",
            self.side.currentData(),
            self.quality.currentData(),
            self.metadata.isChecked(),
            self.headings.isChecked(),
        )
        self.accept()
        self.wished.emit(wish)

    def _path_typed(self, text: str) -> None:
        """Keep the kind and the suffix together."""
        suffix = Path(text.strip()).suffix.lower()
        index = self.kind.findData(suffix) if suffix else -1
        if index >= 0 and index != self.kind.currentIndex():
            self.kind.blockSignals(True)
            self.kind.setCurrentIndex(index)
            self.kind.blockSignals(False)
        self._look()

    def _kind_chosen(self) -> None:
        self.path.setText(f"{_without_suffix(self.path.text().strip()) or 'walk'}{self.kind.currentData()}")
        self._look()

    def _look(self) -> None:
        """Say what will be written where, and whether that can be and replaces anything."""
        suffix, text = self.kind.currentData(), self.path.text().strip()
        self.quality.setEnabled(suffix in (".mp4", ".webm"))
        note, tone, enabled, replaces = "", "muted", bool(text), False
        if text:
            try:
                target = completed(text, suffix)
                if not Path(text).name == target.name:
                    note = f"Will be written as {target.name}."
                if suffix and target.is_dir():
                    note, enabled = f"A folder is called {target.name}; choose another name.", False
                elif suffix and target.exists():
                    note, replaces = f"{target.name} exists already.", True
                elif target.exists() and not (target.is_dir() and not any(target.iterdir())):
                    note, enabled = f"{target.name} exists already; choose a new or an empty folder.", False
            except GanvizError as error:
                note, enabled = str(error), False
            except OSError as error:
                note, enabled = f"This cannot be written to ({error.strerror or error}); choose another name.", False
            tone = "danger" if not enabled else "warning" if replaces else "muted"
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.note.setProperty("tone", tone)
        theme.restyle(self.note)
        self.go.setEnabled(enabled)
        self.go.setText("Replace" if replaces else "Export")
        self.go.setToolTip("Write the file in place of the one that is there" if replaces else "Write the file")
        self.go.setAccessibleName(self.go.text())

    def _browse(self) -> None:
        suffix = self.kind.currentData()
        pattern = f"{self.kind.currentText()} (*{suffix})" if suffix else "Folder (*)"
        chooser = QFileDialog(self, "Export to", self.path.text(), pattern)
        chooser.setObjectName("export-chooser")
        chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if suffix:
            chooser.setDefaultSuffix(suffix)
        chooser.fileSelected.connect(self.path.setText)
        chooser.open()


def completed(text: str, suffix: str) -> Path:
    """The path that a typed name means: home folders spelt out, the suffix of its kind behind it unless it is there.

    `suffix` is "" for a folder, whose name is taken as it is. Another suffix is no reason to write another kind of
    file, nor to write over the file that it belongs to, so it stays in front.
    """
    try:
        path = Path(text.strip()).expanduser()
    except RuntimeError as error:
        raise GanvizError(f"{text.strip()}: there is no such home folder; write the folder out") from error
    if not path.name or path.name == "..":
        raise GanvizError(f"{text.strip()}: expected the name of a file, this is a folder; add a name")
    if path.suffix.lower() == suffix or not suffix:
        return path
    return path.with_name(f"{path.name}{suffix}")


def safe_name(name: str) -> str:
    """A model's name, which may be anything, as part of a file name: no separators, not hidden, not too long."""
    kept = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip("-.")
    return kept[:NAME_LIMIT].rstrip("-.") or "picture"


def _without_suffix(text: str) -> str:
    """A path without its suffix if it is that of a film; "run-0.5" has none."""
    text = text.rstrip("/" + os.sep)
    suffix = Path(text).suffix
    known = suffix and suffix.lower() in {kind for _, kind in VIDEO_KINDS}
    return text[: -len(suffix)] if known else text


def default_folder() -> Path:
    """Where exports go unless told otherwise: the user's pictures, else the home folder."""
    pictures = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
    return Path(pictures) if pictures and Path(pictures).is_dir() else Path.home()


def free_name(folder: Path, stem: str, suffix: str) -> Path:
    """A path that does not exist yet: stem, stem-2, stem-3, ..."""
    path, number = folder / f"{stem}{suffix}", 2
    while path.exists():
        path, number = folder / f"{stem}-{number}{suffix}", number + 1
    return path


def write_image(pixels: Any, recipe: Recipe, wish: Wish, licence: str) -> Path:
    """Write what is on screen as a PNG that carries its recipe; for the background thread."""
    write_png(wish.path, Shape(wish.size).apply(pixels), recipe, licence, wish.metadata)
    return Path(wish.path)


def sheet_job(sheet: Sheet, wish: Wish, licence: str) -> Callable[[Any], Job[Path]]:
    """A job for the compute thread that draws a sheet and writes it as a PNG that carries it."""

    def make(renderer: Any) -> Job[Path]:
        from ganviz import sheets

        whole = yield from sheets.planned(renderer, replace(sheet, labels=wish.headings))
        pixels = yield from sheets.draw(renderer, whole)
        write_png(wish.path, pixels, whole, licence, wish.metadata)
        return Path(wish.path)

    return make


def video_job(recipes: Any, wish: Wish, licence: str) -> Callable[[Any], Job[Path]]:
    """A job for the compute thread that draws a walk and writes it as a film or a folder of pictures."""

    def make(renderer: Any) -> Job[Path]:
        batch = yield from renderer.quickest_film(recipes)
        return (
            yield from export(
                renderer,
                recipes,
                wish.path,
                recipes.walk.fps,
                size=wish.size,
                quality=wish.quality,  # type: ignore[arg-type]
                metadata=wish.metadata,
                licence=licence,
                batch=batch,
            )
        )

    return make
