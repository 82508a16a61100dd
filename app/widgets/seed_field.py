"""The seed: a whole number from 0 to 2^32 - 1, which QSpinBox's 32 signed bits cannot hold."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QWidget

from app import theme
from app.widgets.number import leave_undo
from ganviz.expression import Seed
from ganviz.notation import parse_seeds

SEED_LIMIT = 1 << 32
ROW = 100
"""Page Up and Page Down move by one row of the seed plane."""


class SeedField(QAbstractSpinBox):
    """A field for a seed. Up and down step by 1, Page Up and Page Down by 100; both wrap around.

    Signals: `valueChanged(object)` with an int, which may be too large for Qt's own int; `placed(object)` with a
    `Seed` when more than a number was typed, as in 1402@0.31/-0.12 or 1402~1.5; `began` and `ended` around each
    gesture.
    """

    valueChanged = Signal(object)
    placed = Signal(object)
    began = Signal()
    ended = Signal()

    def __init__(self, name: str = "seed", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value = 0
        self._in_gesture = False
        self.setObjectName(name)
        self.setAccessibleName("Seed")
        self.setToolTip(
            "Seed of the latent, 0 to 4294967295: type one, or a point of the seed plane like 1402@0.31/-0.12, "
            "or step with the arrow keys"
        )
        self.lineEdit().setTextMargins(6, 0, 6, 0)  # the style sheet leaves the editor the whole width
        self.setFont(theme.text_font(tabular=True))
        self.setFixedHeight(theme.FIELD_HEIGHT)
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.lineEdit().setText("0")
        self.editingFinished.connect(self._typed)

    def value(self) -> int:
        """The seed."""
        return self._value

    def setValue(self, value: int) -> None:
        """Set the seed as a hand would; taken modulo 2^32."""
        value = int(value) % SEED_LIMIT
        if value == self._value:
            self._fill()
            return
        alone = not self._in_gesture
        if alone:
            self.began.emit()
        self._value = value
        self._fill()
        self.valueChanged.emit(value)
        if alone:
            self.ended.emit()

    def show_value(self, value: int) -> None:
        """Show a seed that came from elsewhere; no signal."""
        if value != self._value:
            self._value = value
            self._fill()

    def _fill(self) -> None:
        text = str(self._value)
        if self.lineEdit().text() != text:
            self.lineEdit().setText(text)

    def _typed(self) -> None:
        text = self.lineEdit().text().strip()
        point = _point(text)
        if point is not None:
            self.placed.emit(point)
            self._fill()
        else:
            self.setValue(int(text) if text.isdecimal() else self._value)
        self.lineEdit().setText(self.lineEdit().text())  # clears the field's own undo: it is the document's now

    def validate(self, text: str, pos: int):
        plain = text.strip()
        if not plain:
            return QValidator.State.Intermediate, text, pos
        good = plain.isdecimal() and plain.isascii() and int(plain) < SEED_LIMIT
        if good or _point(plain) is not None:
            return QValidator.State.Acceptable, text, pos
        number, at, place = plain.replace("~", "@", 1).partition("@")
        begun = at and number.isdecimal() and int(number) < SEED_LIMIT and not place.strip("+-./~@0123456789")
        return (QValidator.State.Intermediate if begun else QValidator.State.Invalid), text, pos

    def fixup(self, text: str) -> str:
        return str(self._value)

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        return QAbstractSpinBox.StepEnabledFlag.StepUpEnabled | QAbstractSpinBox.StepEnabledFlag.StepDownEnabled

    def stepBy(self, steps: int) -> None:
        text = self.lineEdit().text().strip()
        typed = int(text) if text.isdecimal() else self._value
        self.setValue(typed + steps)
        self.selectAll()

    def event(self, event: QEvent) -> bool:
        return leave_undo(self, event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Up: 1,
            Qt.Key.Key_Down: -1,
            Qt.Key.Key_PageUp: ROW,
            Qt.Key.Key_PageDown: -ROW,
        }.get(Qt.Key(event.key()))
        if steps is not None:
            if not self._in_gesture:
                self._in_gesture = True
                self.began.emit()
            self.stepBy(steps)
        elif event.key() == Qt.Key.Key_Escape:
            self._fill()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not event.isAutoRepeat():
            self._end()
        super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._end()
        super().focusOutEvent(event)

    def _end(self) -> None:
        if self._in_gesture:
            self._in_gesture = False
            self.ended.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def sizeHint(self) -> QSize:
        digits = QFontMetrics(self.font()).horizontalAdvance("0" * 10)
        return QSize(digits + 20, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()


def _point(text: str) -> Seed | None:
    """The seed that a text names, with its place on the plane or its bound, if it names just one."""
    if "@" not in text and "~" not in text:
        return None
    try:
        (point,) = parse_seeds(text)
    except ValueError:
        return None
    return point
