"""Under the canvas: the training images nearest to the picture, live, and what that says of it."""

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.compute import Compute
from app.document import Document
from app.widgets.buttons import IconButton, TextButton
from app.widgets.elided import ElidedLabel
from app.widgets.image import thumbnail
from ganviz.session import Session
from ganviz.spec import Spec
from ganviz.training_data import find_data, remember_data, source_of, title_of

if TYPE_CHECKING:
    from ganviz.copying import Judged, Rule
    from ganviz.datasets import Dataset
    from ganviz.neighbours import Index, Neighbour

COUNT = 5
SIDE = 56
MARGIN, GAP = 12, 16
LEAST_WORDS = 260
"""Pixels that a verdict wants beside the pictures; where there is less room it stands above them."""
TONES = {"new": "good", "close": "warning", "copy": "danger"}
REAL = "\n\nReal images are measured in the same way, each with the real image nearest to it."


class NeighboursPanel(QFrame):
    """Shows what a frame's nearest training images are; `show_frame` is called for each that is painted.

    The search runs on the compute thread, between pictures. While one is under way the newest picture waits, and
    those between are passed over. A picture that none follows is then judged by the rule of `ganviz.copying`, which
    takes longer since it looks at mirrored and moved images as well; until it has, the last verdict is grey.
    """

    said = Signal(str, str)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__()
        self._document, self._compute = document, compute
        self.setObjectName("neighbours")
        self.setAccessibleName("Nearest training images")
        self.setProperty("tone", "card")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._index: Index | None = None
        self._rule: Rule | None = None
        self._of = ""  # digest of the model that the index is for
        self._source: str | None = None
        self._waiting: Any = None
        self._searching = False
        self._unloaded = False  # whether an index may be there that nobody has asked for yet
        self.title = QLabel("Nearest training images")
        self.title.setFont(theme.text_font(bold=True))
        self.caption = ElidedLabel()
        self.caption.setObjectName("neighbours-data")
        self.caption.setFont(theme.caption_font(tabular=True))
        self.caption.setProperty("tone", "muted")
        self.verdict = ElidedLabel()
        self.verdict.setObjectName("neighbours-verdict")
        self.verdict.setFont(theme.text_font(tabular=True))
        self.verdict.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # it changes all the time
        self.compare = TextButton(
            "Compare", "Search the training data for this picture; the first time takes a while", "neighbours-compare"
        )
        self.choose = TextButton("Choose data…", "Say where this model's training data are", "neighbours-choose")
        self.other = IconButton("folder-search-outline", "Compare with other data", "neighbours-other", size=16)
        self.row = _Row()
        buttons = QHBoxLayout()
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setSpacing(8)
        for button in (self.compare, self.choose):
            buttons.addWidget(button)
        buttons.addStretch(1)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(4)
        head.addWidget(self.title)
        head.addWidget(self.other)
        head.addStretch(1)
        words = QVBoxLayout()
        words.setContentsMargins(0, 0, 0, 0)
        words.setSpacing(4)
        words.addLayout(head)
        words.addWidget(self.caption)
        words.addWidget(self.verdict)
        words.addLayout(buttons)
        words.addStretch(1)
        self._whole = QHBoxLayout(self)
        self._whole.setContentsMargins(MARGIN, 8, MARGIN, 8)
        self._whole.addLayout(words, 1)
        self._whole.addWidget(self.row)
        self.compare.clicked.connect(self.start)
        self.choose.clicked.connect(self.ask_for_data)
        self.other.clicked.connect(self.ask_for_data)
        self._show()

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Always: any picture can be compared with data."""
        return True

    # -- whose data -----------------------------------------------------------------------------------------------

    def show_session(self, session: Session) -> None:
        """Follow the document: another model has other data."""
        digest = session.recipe.model.digest
        if digest == self._of:
            return
        before, self._of = self._source, digest
        self._source = find_data(self._document.header)
        if self._source is None or self._source != before or not self._fits():
            self._index = None
            self._waiting = None
            self.row.set_pictures([])
            self._unloaded = self._source is not None
        self._show()

    def _fits(self) -> bool:
        spec = self._document.spec
        if self._index is None:
            return False
        side, _, channels = self._index.shape
        return side <= spec.resolution and spec.resolution % side == 0 and channels == spec.channels

    def _load(self, source: str) -> None:
        """Use an index that was built before; building one is left to the user, since it takes its time."""
        spec, digest = self._document.spec, self._of

        def load(renderer: Any) -> "tuple[Index, Rule] | None":
            from ganviz.copying import is_ready, open_rule
            from ganviz.datasets import open_prepared
            from ganviz.jobs import run
            from ganviz.nearness import report_side
            from ganviz.neighbours import build, is_built, search_side

            sides = [side(spec.resolution, spec.channels) for side in (search_side, report_side)]
            data, small = (open_prepared(source, side, spec.channels) for side in sides)
            if data is None or small is None or not is_built(data) or not is_ready(small):
                return None
            return run(build(data)), run(open_rule(small))

        self._compute.ask(load, lambda both: self._built(both, digest), lambda message: None)

    def start(self) -> None:
        """Build the index of the data that are known."""
        if self._source is None:
            return
        source, spec, digest = self._source, self._document.spec, self._of

        def job(renderer: Any) -> Any:
            from ganviz.copying import open_both

            return open_both(source, spec.resolution, spec.channels)

        self._compute.start_job(job, "Reading the training data", done=lambda both: self._built(both, digest))

    def _built(self, both: "tuple[Index, Rule] | None", digest: str) -> None:
        if both is None or digest != self._of:
            return
        self._index, self._rule = both
        self._show()
        if self._waiting is not None:
            self._search()

    def ask_for_data(self) -> None:
        """Ask where the training data are: a folder of images, or a file in it for a zip or an .npz."""
        chooser = QFileDialog(self, "Training data: a zip, an .npz, or a file in the folder of images")
        chooser.setObjectName("data-chooser")
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        chooser.fileSelected.connect(self.use_data)
        chooser.open()

    def use_data(self, path: str) -> None:
        """Compare with these data from now on, whenever this model is open."""
        self._source, self._index = source_of(path), None
        remember_data(self._document.header, self._source)
        self.row.set_pictures([])
        self._show()
        self.start()

    # -- the search -----------------------------------------------------------------------------------------------

    def show_frame(self, frame: Any) -> None:
        """A picture was painted: look for it, once the search before is done."""
        self._waiting = frame
        if self._unloaded and self._source is not None:  # only now: the first picture does not wait for an index
            self._unloaded = False
            self._load(self._source)
        if self._index is not None and not self._searching and frame.recipe.model.digest == self._of:
            self._search()

    def _search(self) -> None:
        frame, index = self._waiting, self._index
        if frame is None or index is None or self._searching or not self.isVisible():
            return
        if frame.recipe.model.digest != self._of or frame.pixels.shape[0] % index.shape[0]:
            self._waiting = None  # of the model before, or a preview of fewer pixels than the data have: more follows
            return
        self._waiting, self._searching = None, True

        def search(renderer: Any) -> Any:
            from ganviz.neighbours import reduced

            return index.look_up(reduced(frame.pixels, index.shape[0]), COUNT)

        self._compute.ask(search, lambda near: self._found(index, frame, near), self._failed)

    def _found(self, index: "Index", frame: Any, near: "list[Neighbour]") -> None:
        self._searching = False
        rule = self._rule
        if index is self._index:
            self.row.set_pictures([_entry(index.data, item.index, item.file, item.distance) for item in near])
            self._tint("muted")
            if self._waiting is None and rule is not None:
                self._searching = True
                self._compute.ask(
                    lambda renderer: rule.judge(frame.pixels),
                    lambda judged: self._judged(index, rule, near, judged),
                    self._failed,
                )
        if self._waiting is not None:
            self._search()

    def _judged(self, index: "Index", rule: "Rule", near: "list[Neighbour]", judged: "Judged") -> None:
        self._searching = False
        if index is self._index:
            self.verdict.setText(f"● {_words(judged, rule)}")
            self.verdict.setToolTip(f"{judged.reason[:1].upper()}{judged.reason[1:]}.{REAL}")
            self._tint("muted" if judged.percentile >= 100 else TONES[judged.verdict])
            if judged.verdict != "new":  # what it is near to comes first, turned as it lies
                first = judged.near
                entries = [_entry(rule.search.data, first.index, judged.file, first.distance, first.flipped)]
                rest = [item for item in near if item.index != first.index][: COUNT - 1]
                entries += [_entry(index.data, item.index, item.file, item.distance) for item in rest]
                self.row.set_pictures(entries)
        if self._waiting is not None:
            self._search()

    def _tint(self, tone: str) -> None:
        if self.verdict.property("tone") != tone:
            self.verdict.setProperty("tone", tone)
            theme.restyle(self.verdict)

    def _failed(self, message: str) -> None:
        self._searching = False
        self._index = None
        self.said.emit(message, "error")
        self._show()

    @property
    def is_idle(self) -> bool:
        """Whether nothing more will be shown for the picture on screen."""
        return not self._searching and (self._index is None or self._waiting is None)

    # -- looks ----------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        index = self._index
        self.row.setVisible(index is not None)
        self.verdict.setVisible(index is not None)
        self.other.setVisible(index is not None or self._source is not None)
        self.compare.setVisible(index is None and self._source is not None)
        self.choose.setVisible(index is None and self._source is None and bool(self._of))
        if index is not None:
            self.caption.setText(f"{len(index):,} images of {index.data.name} · pixel distance in grey levels")
        elif self._source is not None:
            name = title_of(self._source)
            self.caption.setText(f"Is this new, or a picture out of {name}?")
        elif self._of:
            said = self._document.header.card.data
            self.caption.setText(f"The training data are not known here{f': {said}' if said else ''}.")
        else:
            self.caption.setText("")
        self.title.setToolTip(self.caption.text())
        self._arrange()

    def _arrange(self) -> None:
        """Words beside the pictures; above them where there is little room, and then as few as say what matters."""
        wanted = self.row.sizeHint().width() + GAP + LEAST_WORDS + 2 * MARGIN
        narrow = self._index is not None and self.width() < wanted
        self._whole.setDirection(QHBoxLayout.Direction.TopToBottom if narrow else QHBoxLayout.Direction.LeftToRight)
        self._whole.setSpacing(4 if narrow else GAP)
        self.caption.setVisible(not narrow)
        self.row.show_captions(not narrow)
        self.setFixedHeight(SIDE + 72 if narrow else SIDE + 44)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.row.sizeHint().width() + 2 * MARGIN, self.height())  # there the words stand above

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        if self._of and self._source is None and self._document.is_open:
            self._source = find_data(self._document.header)  # it may have been chosen in a workspace meanwhile
            self._unloaded = self._source is not None
            self._show()
        self._search()


def _words(judged: "Judged", rule: "Rule") -> str:
    nearer = f"nearer than {rule.reals.pixel.words(judged.near.distance)}"
    if judged.verdict == "copy":
        return f"Likely a copy: {nearer}"
    if judged.verdict == "close":
        return f"Suspiciously close: {nearer}"
    if judged.percentile >= 100:
        return "Unlike the data: farther from it than any real image"
    return f"New: farther than {judged.percentile:.0f} % of real images"


def _entry(data: "Dataset", index: int, file: str, distance: float, flipped: bool = False) -> tuple[Any, str, str]:
    """What the row shows of a training image: pixels, caption, tip."""
    image = np.asarray(data.images[index])
    tip = f"{file}{', mirrored' if flipped else ''}\n{distance:.2f} grey levels apart"
    return image[:, ::-1] if flipped else image, f"{distance:.1f}", tip


class _Row(QWidget):
    """Pictures side by side with a caption each."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("neighbours-row")
        self.setAccessibleName("Nearest training images, the nearest first")
        self.setMouseTracking(True)
        self._entries: list[tuple[np.ndarray, str, str]] = []
        self._pixmaps: list[QPixmap] = []
        self._captioned = True
        self.setFixedSize(self.sizeHint())

    def show_captions(self, captioned: bool) -> None:
        """Whether distances stand under the pictures; the tips have them as well."""
        if captioned != self._captioned:
            self._captioned = captioned
            self.setFixedSize(self.sizeHint())

    def pictures(self) -> list[np.ndarray]:
        """Pixels uint8 (H, W, C) of what is shown."""
        return [entry[0] for entry in self._entries]

    def set_pictures(self, entries: list[tuple[np.ndarray, str, str]]) -> None:
        """Show (pixels, caption, tip) for each."""
        self._entries = entries
        self._pixmaps = [thumbnail(pixels, SIDE, self.devicePixelRatioF(), 4) for pixels, _, _ in entries]
        self.setAccessibleDescription(", ".join(f"{tip.splitlines()[0]} at {text}" for _, text, tip in entries))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(COUNT * SIDE + (COUNT - 1) * 8, SIDE + 20 if self._captioned else SIDE)

    def mouseMoveEvent(self, event) -> None:
        place = int(event.position().x()) // (SIDE + 8)
        self.setToolTip(self._entries[place][2] if place < len(self._entries) else "")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(theme.caption_font(tabular=True))
        painter.setPen(theme.color("muted"))
        for place, (pixmap, entry) in enumerate(zip(self._pixmaps, self._entries, strict=True)):
            x = place * (SIDE + 8)
            painter.drawPixmap(x, 0, pixmap)
            if self._captioned:
                painter.drawText(QRectF(x, SIDE + 2, SIDE, 16), Qt.AlignmentFlag.AlignCenter, entry[1])
        painter.end()
