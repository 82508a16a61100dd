"""What a foreign file was taken for, with pictures of it, and the question whether it is to be kept."""

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.importing import PICTURES, Found
from app.widgets.buttons import Choice, TextButton, Tick
from app.widgets.number import NumberRow
from app.widgets.picture_grid import PictureGrid
from app.widgets.scrolled import scrolled
from app.widgets.wrapping import WrappingBar
from ganviz.importers import Asked
from ganviz.models import MODELS

ROWS = {
    "taken-for": ("Taken for", "What the names and shapes of its tensors say that it is, and what it becomes here"),
    "mapped": ("Mapped", "The network in the file that is drawn with, and how many tensors found their place"),
    "left-out": ("Left out", "What else is in the file and has no part in drawing pictures"),
    "assumed": ("Assumed", "What the file does not say, and what is taken in its place"),
    "wanted": ("Also wanted", "What the file would have had Python import; nothing of it was imported or run"),
    "unknown": ("Not known", "What the file says nothing about"),
}
ABREAST = 600
"""From this width on, what the user may say of a file stands in one row."""
SIDES = (8, 16, 32, 64, 128, 256, 512, 1024)


class ImportPage(QFrame):
    """Shown while a foreign file waits for a decision. `kept()`, `discarded()` and `asked(Asked)` are the answers."""

    kept = Signal()
    discarded = Signal()
    asked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("import")
        self.setAccessibleName("A model from elsewhere")
        self.setProperty("tone", "background")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.title = self._label("import-title", "Name of the file")
        self.title.setFont(theme.text_font(16, bold=True))
        said = self._label("import-said", "What happens to it")
        said.setText("It was read as data, and nothing in it was run. It is kept only if you say so.")
        said.setProperty("tone", "muted")
        self.rows: dict[str, tuple[QLabel, QLabel]] = {}
        self.grid = PictureGrid("import-sheet", "Pictures that it draws", PICTURES)
        self.grid.setMinimumSize(256, 192)  # four beside each other in a narrow window

        for label in (self.title, said):
            label.setWordWrap(True)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(16)
        head = QVBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.title)
        head.addWidget(said)
        column.addLayout(head)
        column.addWidget(self._facts())
        column.addWidget(self.grid, 1)
        column.addWidget(self._differently())
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(scrolled(inside, "import-area"), 1)
        whole.addLayout(self._buttons())  # always in view: they are what the page asks

    def _facts(self) -> QWidget:
        card = QFrame()
        card.setProperty("tone", "card")
        grid = QGridLayout(card)
        grid.setContentsMargins(16, 12, 16, 12)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        for row, (key, (text, tip)) in enumerate(ROWS.items()):
            name, value = QLabel(text), self._label(f"import-{key}", text)
            name.setProperty("tone", "muted")
            value.setWordWrap(True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            for label in (name, value):
                label.setToolTip(tip)
            grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(value, row, 1)
            self.rows[key] = (name, value)
        return card

    def _differently(self) -> QWidget:
        """What the file cannot say itself and the user may."""
        self.options = WrappingBar(ABREAST, 16, (0, 1))
        self.options.setObjectName("import-options")
        self.classes = NumberRow(
            "Classes",
            0,
            100,
            name="import-classes",
            tip="How many inputs of the first layer, behind the noise, are a class's one-hot label",
            default=0,
            step=1,
            decimals=0,
            limits=(0, 65536),
        )
        self.side = QLabel("Resolution")
        self.resolution = Choice("import-resolution", "Pixels a side, where the file leaves a choice")
        self.resolution.setMinimumWidth(104)
        self.resolution.addItem("as found", None)
        for side in SIDES:
            self.resolution.addItem(f"{side} px", side)
        self.batch = Tick(
            "Batch statistics",
            "Measure batch norm's means and variances anew over 256 seeds: the look of training scripts' pictures",
            "import-statistics",
        )
        self.classes.setFixedWidth(210)
        self.options.first.addWidget(self.classes)
        self.options.first.addStretch(1)
        row = self.options.second
        row.addWidget(self.side)
        row.addSpacing(8 - row.spacing())
        row.addWidget(self.resolution)
        row.addWidget(self.batch)
        row.addStretch(1)
        return self.options

    def _buttons(self) -> QHBoxLayout:
        self.keep = TextButton(
            "Keep and open", "Keep it in the list of models and open it", "import-keep", icon="check", kind="primary"
        )
        self.discard = TextButton("Discard", "Keep nothing of it", "import-discard")
        self.keep.clicked.connect(self.kept)
        self.discard.clicked.connect(self.discarded)
        self.again = TextButton("Read again", "Read the file with what is said above", "import-again", icon="refresh")
        self.again.clicked.connect(lambda: self.asked.emit(self.wish()))
        row = QHBoxLayout()
        row.setContentsMargins(24, 8, 24, 20)
        row.setSpacing(8)
        row.addWidget(self.again)
        row.addStretch(1)
        row.addWidget(self.discard)
        row.addWidget(self.keep)
        return row

    @staticmethod
    def _label(name: str, tip: str) -> QLabel:
        label = QLabel()
        label.setObjectName(name)
        label.setAccessibleName(tip)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        return label

    def show_found(self, found: Found) -> None:
        """Show what a file turned out to be; its pictures follow."""
        self.title.setText(f"Import {found.path.name}?")
        self.grid.clear()
        for key, text in told(found).items():
            for label in self.rows[key]:
                label.setVisible(bool(text))
            self.rows[key][1].setText(text)
        asks, asked = found.report.asks, found.asked
        self.options.setVisible(bool(asks))
        self.again.setVisible(bool(asks))
        self.classes.setVisible("classes" in asks)
        self.classes.show_value(asked.classes or 0)
        self.side.setVisible("resolution" in asks)
        self.resolution.setVisible("resolution" in asks)
        self.resolution.setCurrentIndex(max(0, self.resolution.findData(asked.resolution)))
        self.batch.setVisible("statistics" in asks)
        self.batch.setChecked(asked.statistics == "batch")
        self.keep.setFocus()

    def show_picture(self, k: int, pixels: np.ndarray) -> None:
        """Put one of its pictures into the sheet."""
        self.grid.set_picture(k, pixels)

    def wish(self) -> Asked:
        """What the user says of the file."""
        return Asked(
            resolution=self.resolution.currentData(),
            classes=round(self.classes.value()) or None,
            statistics="batch" if self.batch.isChecked() else "running",
        )

    def keyPressEvent(self, event) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.discarded.emit()
        else:
            super().keyPressEvent(event)


def told(found: Found) -> dict[str, str]:
    """The rows of the page in words; an empty one is not shown."""
    report, spec, card = found.report, found.header.spec, found.header.card
    becomes = [MODELS[report.arch].label, f"{spec.resolution} px"]
    becomes += [f"{spec.num_classes} classes"] if spec.num_classes else []
    becomes += [f"{len(spec.codes)} codes"] if spec.codes else []
    unknown = [] if card.licence else ["its licence"]
    unknown += [] if card.data else ["what it was trained on"]
    unknown += ["names of the classes"] if spec.num_classes and not card.class_names else []
    facts = report.facts
    return {
        "taken-for": f"{report.label}, read as {' · '.join(becomes)}",
        "mapped": f"{facts.get('mapped', 'the whole file')} · {report.tensors} tensors in place, none left over",
        "left-out": facts.get("left_out", ""),
        "assumed": _here(facts.get("assumed", "")),
        "wanted": f"{', '.join(report.wants)[:400]} (nothing of it was imported or run)" if report.wants else "",
        "unknown": ", ".join(unknown),
    }


def _here(text: str) -> str:
    """What is said of the command line's options, of the fields that stand for them here."""
    for option, field in (("--classes", "Classes, below,"), ("--resolution", "Resolution, below,")):
        text = text.replace(option, field)
    return text
