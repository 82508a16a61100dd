"""Export: the dialogs that ask where to and how, and the jobs that they start."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QStandardPaths, Qt, Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from app.widgets.buttons import Choice, IconButton, TextButton, Tick
from ganviz.jobs import Job
from ganviz.recipe import Recipe
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


@dataclass(frozen=True, slots=True)
class Wish:
    """What the dialog was told. `size` is pixels a side, None for the model's own."""

    path: str
    size: int | None
    quality: str
    metadata: bool


class ExportDialog(QDialog):
    """Asks where to and how; `wished(Wish)` once, when Export was pressed. It never blocks."""

    wished = Signal(object)

    def __init__(self, parent: QWidget, *, video: bool, resolution: int, path: str, said: str) -> None:
        super().__init__(parent)
        self._video = video
        name = "export-video" if video else "export-image"
        self.setObjectName(f"{name}-dialog")
        self.setWindowTitle("Export video" if video else "Export image")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.path = QLineEdit(path)
        self.path.setObjectName(f"{name}-path")
        self.path.setAccessibleName("File to write")
        self.path.setToolTip("File to write; its folder must exist")
        self.path.setMinimumWidth(360)
        self.browse = IconButton("folder-open-outline", "Choose where to", f"{name}-browse")
        self.kind = Choice(f"{name}-kind", "Kind of file", whole=True)
        for text, suffix in VIDEO_KINDS if video else (("PNG picture", ".png"),):
            self.kind.addItem(text, suffix)
        self.side = Choice(f"{name}-size", "Size of the picture", whole=True)
        for factor in ENLARGEMENTS:
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
        about = QLabel(said)
        about.setWordWrap(True)
        about.setProperty("tone", "muted")
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        where = QHBoxLayout()
        where.addWidget(self.path, 1)
        where.addWidget(self.browse)
        rows: list[tuple[str, Any]] = [("File", where), ("Size", self.side)]
        if video:
            rows[1:1] = [("Kind", self.kind)]
            rows.append(("Quality", self.quality))
        for k, (text, item) in enumerate(rows):
            label = QLabel(text)
            grid.addWidget(label, k, 0)
            if isinstance(item, QWidget):
                label.setBuddy(item)
                item.setMinimumWidth(200)
                grid.addWidget(item, k, 1, Qt.AlignmentFlag.AlignLeft)
            else:
                label.setBuddy(self.path)
                grid.addLayout(item, k, 1)
        grid.addWidget(self.metadata, len(rows), 1)
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
        wish = Wish(
            str(Path(self.path.text().strip()).expanduser()),
            self.side.currentData(),
            self.quality.currentData(),
            self.metadata.isChecked(),
        )
        self.accept()
        self.wished.emit(wish)

    def _path_typed(self, text: str) -> None:
        """Keep the kind and the suffix together."""
        self.go.setEnabled(bool(text.strip()))
        index = self.kind.findData(Path(text.strip()).suffix.lower())
        if self._video and index >= 0 and index != self.kind.currentIndex():
            self.kind.blockSignals(True)
            self.kind.setCurrentIndex(index)
            self.kind.blockSignals(False)
        lossy = self.kind.currentData() in (".mp4", ".webm")
        self.quality.setEnabled(lossy)

    def _kind_chosen(self) -> None:
        path = Path(self.path.text().strip() or "walk")
        self.path.setText(str(path.with_suffix(self.kind.currentData())))

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


def video_job(recipes: Any, wish: Wish, licence: str) -> Callable[[Any], Job[Path]]:
    """A job for the compute thread that draws a walk and writes it as a film or a folder of pictures."""

    def make(renderer: Any) -> Job[Path]:
        return export(
            renderer,
            recipes,
            wish.path,
            recipes.walk.fps,
            size=wish.size,
            quality=wish.quality,  # type: ignore[arg-type]
            metadata=wish.metadata,
            licence=licence,
        )

    return make
