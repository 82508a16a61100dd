"""Numbers: a field to type into, and the row of label, slider and field."""

from PySide6.QtCore import QEvent, QLocale, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QHBoxLayout, QLabel, QLineEdit, QWidget

from app import theme
from app.widgets.slider import FREE, FloatSlider

LATE_MS = 12
"""What follows a slider that is held, its field too, does so after this: the picture comes first, `app.following`."""


def leave_undo(field: QAbstractSpinBox | QLineEdit, event: QEvent) -> bool:
    """Whether this event asks if Undo or Redo belong to the field, and they do not: it holds nothing half-typed.

    A field would otherwise keep Ctrl+Z from the window while it has the focus, and undo nothing.
    """
    if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
        ours = event.matches(QKeySequence.StandardKey.Undo) or event.matches(QKeySequence.StandardKey.Redo)
        edit = field if isinstance(field, QLineEdit) else field.lineEdit()
        if ours and not edit.isUndoAvailable() and not edit.isRedoAvailable():
            event.ignore()
            return True
    return False


class NumberField(QDoubleSpinBox):
    """A field for one number. Arrow keys and the wheel step the slider beside it, so that all steps are alike."""

    def __init__(self, slider: FloatSlider, *, decimals: int, suffix: str = "", signed: bool = False) -> None:
        super().__init__()
        self._slider = slider
        self._signed = signed
        self.setLocale(QLocale.c())
        # The style sheet makes the buttons 0 wide: with NoButtons it would make the editor 1 px wide instead.
        self.lineEdit().setTextMargins(6, 0, 6, 0)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setKeyboardTracking(False)
        self.setDecimals(decimals)
        self.setRange(*slider.limits())
        self.setSuffix(f" {suffix}" if suffix else "")
        self.setFont(theme.text_font(tabular=True))
        self.setFixedHeight(theme.FIELD_HEIGHT)
        # What was entered is the document's to undo from now on: setting the text clears the field's own history.
        self.editingFinished.connect(lambda: self.lineEdit().setText(self.lineEdit().text()))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def textFromValue(self, value: float) -> str:
        text = f"{value:+.{self.decimals()}f}" if self._signed else f"{value:.{self.decimals()}f}"
        if float(text) == 0.0:
            text = text.lstrip("+-")
        return text.replace("-", "−")

    def _plain(self, text: str) -> str:
        return text.removesuffix(self.suffix()).strip().replace("−", "-").replace(",", ".").removeprefix("+")

    def _number(self, plain: str) -> float:
        """What was typed, in the slider's unit; ValueError where it is no number."""
        return float(plain)

    def valueFromText(self, text: str) -> float:
        try:
            return self._number(self._plain(text))
        except ValueError:
            return self.value()

    def validate(self, text: str, pos: int):
        plain = self._plain(text)
        if plain in ("", "-", ".", "-.") or plain.endswith(("e", "e-")):
            return QValidator.State.Intermediate, text, pos
        try:
            number = self._number(plain)
        except ValueError:
            return QValidator.State.Invalid, text, pos
        inside = self.minimum() <= number <= self.maximum()
        return (QValidator.State.Acceptable if inside else QValidator.State.Intermediate), text, pos

    def fixup(self, text: str) -> str:
        """Beyond the hard limits: the nearest number that is allowed."""
        number = min(self.maximum(), max(self.minimum(), self.valueFromText(text)))
        return self.textFromValue(number) + self.suffix()

    def event(self, event: QEvent) -> bool:
        return leave_undo(self, event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        vertical = event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
        if vertical:
            self._slider.key_pressed(event)
        elif event.key() == Qt.Key.Key_Escape:
            self.lineEdit().setText(self.textFromValue(self.value()) + self.suffix())
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        self._slider.key_released(event)
        super().keyReleaseEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._slider.turned(event, self.hasFocus())


class NumberRow(QWidget):
    """Label, slider and field in one row.

    `name` becomes the object name of the slider, which answers value() and setValue() in the quantity's own unit.
    """

    valueChanged = Signal(float)
    began = Signal()
    ended = Signal()

    def __init__(
        self,
        text: str,
        low: float,
        high: float,
        *,
        name: str,
        tip: str,
        default: float = 0.0,
        step: float = 0.1,
        fine: float = 0.01,
        decimals: int = 2,
        suffix: str = "",
        signed: bool = False,
        limits: tuple[float, float] = (-FREE, FREE),
        label_width: int = 88,
        field_width: int = 60,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.label = QLabel(text)
        self.label.setFixedWidth(label_width)
        self.slider = FloatSlider(
            low, high, default=default, step=step, fine=fine, limits=limits, name=name, label=text, tip=tip
        )
        self.field = NumberField(self.slider, decimals=decimals, suffix=suffix, signed=signed)
        self.field.setFixedWidth(field_width)
        self.field.setToolTip(tip)
        self.field.setValue(default)
        self.label.setToolTip(tip)
        self.label.setBuddy(self.field)
        self.set_name(name, text)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.label)
        row.addWidget(self.slider, 1)
        row.addWidget(self.field)
        self.slider.valueChanged.connect(self._changed)
        self.slider.began.connect(self.began)
        self.slider.ended.connect(self._fill_field)
        self.slider.ended.connect(self.ended)
        self._late = QTimer(self, singleShot=True, interval=LATE_MS)
        self._late.timeout.connect(self._fill_field)
        self.field.valueChanged.connect(self.slider.setValue)

    def set_name(self, name: str, text: str) -> None:
        """Give the row another name and label; lists that reuse their rows need it."""
        self.setObjectName(f"{name}-row")
        self.slider.setObjectName(name)
        self.slider.setAccessibleName(text)
        self.field.setObjectName(f"{name}-field")
        self.field.setAccessibleName(text)
        self.label.setText(text)

    def value(self) -> float:
        """The number, in the quantity's own unit."""
        return self.slider.value()

    def setValue(self, value: float) -> None:
        """Set the number as a hand would."""
        self.slider.setValue(value)

    def set_range(self, low: float, high: float, limits: tuple[float, float]) -> None:
        """Give the slider other ends and the field other limits; no signal."""
        self.slider.set_range(low, high, limits)
        self.field.blockSignals(True)
        self.field.setRange(*limits)
        self.field.blockSignals(False)
        self._fill_field()

    def show_value(self, value: float) -> None:
        """Show a number that came from elsewhere; no signal."""
        self.slider.show_value(value)
        self._fill_field()

    def _changed(self, value: float) -> None:
        self.valueChanged.emit(value)
        if self.field.hasFocus():
            self._fill_field()  # by its own keys and wheel: what is typed next belongs to this number
        elif not self._late.isActive():
            self._late.start()

    def _fill_field(self) -> None:
        self._late.stop()
        if self.field.value() == round(self.slider.value(), self.field.decimals()):
            return
        self.field.blockSignals(True)
        self.field.setValue(self.slider.value())
        self.field.blockSignals(False)
