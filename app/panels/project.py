"""The projection card: a photo becomes a latent, and the way there is seen on the canvas."""

from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFileDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import theme
from app.compute import Compute
from app.document import Document
from app.widgets.buttons import Choice, TextButton
from app.widgets.card import Card
from app.widgets.crop import CropView
from app.widgets.image import thumbnail
from app.widgets.number import NumberRow
from ganviz.errors import GanvizError
from ganviz.recipe import Recipe
from ganviz.session import Kept, Session
from ganviz.spec import Spec

PHOTOS = ("png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "gif")
PATTERN = f"Pictures ({' '.join(f'*.{suffix}' for suffix in PHOTOS)});;All files (*)"
SIDE = 72
STEPS = 400
LARGEST_SHOWN = 1600
"""Longest side of the picture that is cropped on screen; the crop itself is taken from the file."""


class ProjectPanel(Card):
    """Choose a photo, crop it, and look for it in the latent space.

    `taken()` when there is a photo to look for; `began()` when the search has begun; `frame_wanted(frame)` carries the
    picture on its way, for the canvas; `ended()` when there is nothing more to come. The result replaces the recipe and
    is kept in the gallery with its PSNR, in one step.
    """

    taken = Signal()
    began = Signal()
    frame_wanted = Signal(object)
    ended = Signal()
    said = Signal(str, str)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__("Projection", "project")
        self._document, self._compute = document, compute
        self._path: Path | None = None
        self._crop: tuple[float, float, float] | None = None
        self._pixels: np.ndarray | None = None  # the photo at the model's own size
        self._of = ""
        self._tell = False
        self.picture = QLabel()
        self.picture.setObjectName("project-photo")
        self.picture.setAccessibleName("The photo as the model is to draw it")
        self.picture.setFixedSize(SIDE, SIDE)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint = QLabel("Look for a photo in this model: drop one on the canvas, or choose a file.")
        self.hint.setObjectName("project-hint")
        self.hint.setWordWrap(True)
        self.hint.setProperty("tone", "muted")
        self.choose_button = TextButton(
            "Photo…", "Choose a photo to look for", "project-choose", icon="image-plus-outline"
        )
        self.crop_button = TextButton("Crop…", "Choose the part of the photo to look for", "project-crop", icon="crop")
        self.space = Choice("project-space", "Space to look in: one vector, or one for each style input")
        self.steps = NumberRow(
            "Steps",
            50,
            2000,
            name="project-steps",
            tip="Steps of gradient descent; more take longer and come closer",
            default=STEPS,
            step=50,
            fine=10,
            decimals=0,
            limits=(1, 100_000),
        )
        self.start_button = TextButton("Project", "Look for the latent of this photo", "project-start", icon="target")
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.choose_button)
        buttons.addWidget(self.crop_button)
        buttons.addStretch(1)
        side = QVBoxLayout()
        side.setSpacing(8)
        side.addLayout(buttons)
        side.addWidget(self.hint)
        side.addStretch(1)
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(side, 1)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.space, 1)
        foot.addWidget(self.start_button)
        self.add(top)
        self.add(self.steps)
        self.add(foot)
        self.choose_button.clicked.connect(self.ask_for_photo)
        self.crop_button.clicked.connect(self.ask_for_crop)
        self.start_button.clicked.connect(self.start)
        self._show()

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Always: every generator can be descended through."""
        return True

    def show_session(self, session: Session) -> None:
        """Follow the document: another model has another size and other spaces."""
        digest = session.recipe.model.digest
        if digest == self._of:
            return
        self._of = digest
        spec = self._document.spec
        spaces = (("w", "w, one style"), ("w+", "w+, a style a layer"), ("z", "z, noise"))
        self.space.clear()
        for value, text in spaces if spec.has_mapping else spaces[2:]:
            self.space.addItem(text, value)
        self.space.setEnabled(spec.has_mapping)
        if self._path is not None:
            self._read()
        self._show()

    # -- the photo ------------------------------------------------------------------------------------------------

    def ask_for_photo(self) -> None:
        """Ask for a picture file."""
        chooser = QFileDialog(self, "Photo to look for", str(self._path.parent if self._path else Path.home()), PATTERN)
        chooser.setObjectName("photo-chooser")
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        chooser.fileSelected.connect(self.use_photo)
        chooser.open()

    def use_photo(self, path: str, dropped: bool = False) -> None:
        """Take this file, its central square; it is shown small, and can be cropped by hand.

        `dropped`: it was given to the window rather than to this card, which says where it has gone.
        """
        self._path, self._crop = Path(path), None
        self.set_folded(False)
        self._read()
        self._tell = dropped

    def ask_for_crop(self) -> None:
        """Let the user choose a square of the photo."""
        if self._path is None:
            return
        try:
            dialog = CropDialog(self._path, self._crop, self.window())
        except GanvizError as error:
            self.said.emit(str(error), "error")
            return
        dialog.cropped.connect(self.use_crop)
        dialog.open()

    def use_crop(self, square: tuple[float, float, float]) -> None:
        """Take this square of the photo: (left, top, side) in its pixels."""
        self._crop = square
        self._read()

    def _read(self) -> None:
        """Read the file at the model's own size, on the compute thread, where what reads it is at hand."""
        path, crop, spec = self._path, self._crop, self._document.spec

        def read(renderer: Any) -> np.ndarray:
            from ganviz.projection import read_photo

            assert path is not None
            return read_photo(path, spec.resolution, spec.channels, crop)

        self._compute.ask(read, self._take, self._failed)

    def _take(self, pixels: np.ndarray) -> None:
        self._pixels = pixels
        self._show()
        self.taken.emit()
        if self._tell and self._path is not None:
            said = f"{self._path.name} carries no recipe; it is in the projection card, ready to be looked for."
            self.said.emit(said, "info")
        self._tell = False

    def _failed(self, message: str) -> None:
        self._path, self._crop, self._pixels = None, None, None
        self.said.emit(message, "error")
        self._show()

    # -- the search -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin the search; what it finds replaces the recipe."""
        if self._pixels is None or self._path is None:
            return
        base, target, name = self._document.recipe, self._pixels, self._path.name
        space, steps = self.space.currentData(), round(self.steps.value())

        def job(renderer: Any) -> Any:
            from ganviz.projection import project

            return project(renderer, base, target, space, steps)

        if self._compute.start_job(
            job,
            f"Projecting {name}",
            done=lambda found: self._found(found, name),
            failed=self._stopped,
            cancelled=lambda: self._stopped(""),
            progress=self._progress,
        ):
            self.began.emit()
            self._show()

    def _progress(self, progress: Any) -> None:
        if progress.value is not None:
            self.frame_wanted.emit(progress.value)

    def _stopped(self, message: str) -> None:
        if message:
            self.said.emit(message, "error")
        self.ended.emit()
        self._show()

    def _found(self, found: Any, name: str) -> None:
        document = self._document
        if document.recipe.model.digest == found.recipe.model.digest:
            document.seal()
            gallery = (*document.session.gallery, Kept(found.recipe, f"{name}, {found.psnr:.1f} dB"))
            document.edit(recipe=found.recipe, gallery=gallery)
            self.said.emit(f"Found {name} at {found.psnr:.1f} dB; kept in the gallery", "good")
        else:
            self._keep_only(found.recipe, f"{name}, {found.psnr:.1f} dB")
        self.ended.emit()
        self._show()

    def _keep_only(self, recipe: Recipe, note: str) -> None:
        """Another model has been opened meanwhile: the result goes to the gallery alone."""
        self._document.edit(gallery=(*self._document.session.gallery, Kept(recipe, note)))
        self.said.emit(f"{note}: kept in the gallery", "good")

    # -- looks ----------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        ready = self._pixels is not None
        self.picture.setVisible(ready)
        self.crop_button.setVisible(ready)
        self.start_button.setEnabled(ready and not self._compute.job_running)
        self.steps.setVisible(ready)
        self.space.setVisible(ready)
        self.start_button.setVisible(ready)
        if self._pixels is not None and self._path is not None:
            self.picture.setPixmap(thumbnail(self._pixels, SIDE, self.devicePixelRatioF(), 6))
            self.hint.setText(self._path.name)
        else:
            self.hint.setText("Look for a photo in this model: drop one on the canvas, or choose a file.")


class CropDialog(QDialog):
    """A photo with a square on it. `cropped((left, top, side))` in the file's own pixels."""

    cropped = Signal(tuple)

    def __init__(self, path: Path, crop: tuple[float, float, float] | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("crop-dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Crop {path.name}")
        pixels, self._factor = read_small(path)
        self.view = CropView(pixels, "crop")
        if crop is not None:
            self.view.set_square(*(value / self._factor for value in crop))
        said = QLabel(
            "Drag the square or its corners. The nearer the framing is to the training pictures', the better."
        )
        said.setWordWrap(True)
        said.setProperty("tone", "muted")
        buttons = QDialogButtonBox()
        self.accept_button = TextButton(
            "Use this part", "Look for this part of the photo", "crop-accept", kind="primary"
        )
        self.cancel_button = TextButton("Cancel", "Leave the crop as it was", "crop-cancel")
        buttons.addButton(self.accept_button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(self.cancel_button, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(16, 16, 16, 16)
        whole.setSpacing(12)
        whole.addWidget(self.view, 1)
        whole.addWidget(said)
        whole.addWidget(buttons)
        self.resize(560, 560)
        theme.restyle(self)

    def _accept(self) -> None:
        left, top, side = self.view.square()
        self.cropped.emit((left * self._factor, top * self._factor, side * self._factor))
        self.accept()


def read_small(path: Path) -> tuple[np.ndarray, float]:
    """A picture file for the screen, uint8 (H, W, 3), and how many of its pixels one of these stands for."""
    from PIL import Image

    from ganviz.pictures import to_pixels
    from ganviz.sources import FORMATS

    try:
        with Image.open(path, formats=FORMATS) as image:
            pixels, _ = to_pixels(image, 3)
    except Exception as error:  # it was read once already; whatever is wrong now is one line
        raise GanvizError(f"{path}: the picture cannot be read any more ({error})") from error
    factor = max(1.0, max(pixels.shape[:2]) / LARGEST_SHOWN)
    if factor > 1:
        small = Image.fromarray(pixels)
        small.thumbnail((LARGEST_SHOWN, LARGEST_SHOWN), Image.Resampling.BOX)
        return np.asarray(small), pixels.shape[1] / small.width
    return pixels, 1.0
