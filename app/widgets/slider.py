"""A slider that holds a float.

Every change by hand comes inside a gesture: `began`, any number of `valueChanged`, `ended`. A drag, a held arrow key,
a turn of the wheel and a typed number are one gesture each, which is what makes each of them one step of undo.
"""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractSlider, QWidget

from app import theme

HANDLE = 16
"""Diameter of the slider's handle in pixels."""
TRACK = 4
FINE_DRAG = 0.1
"""With Shift held the handle moves this much of the mouse's way."""
WHEEL_PAUSE_MS = 400
"""A turn of the wheel is over when this long nothing came."""
STEP_KEYS = {
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Up: 1,
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Down: -1,
    Qt.Key.Key_PageUp: 10,
    Qt.Key.Key_PageDown: -10,
}
FREE = 1e6
"""Typed numbers may go this far where no hard limit is given."""


class FloatSlider(QAbstractSlider):
    """A horizontal slider whose value is a float in the quantity's own unit.

    The value may lie outside `low`..`high` (typed, or from a file); the handle then rests at the end. The base class
    holds the value in fine steps, which is what assistive technology reads.

    Signals: `valueChanged(float)`; `began` and `ended` around each gesture. `setValue` called by a program counts as
    a gesture of its own; `show_value` follows the document in silence.
    """

    valueChanged = Signal(float)  # shadows the base class's, which carries an int
    began = Signal()
    ended = Signal()

    def __init__(
        self,
        low: float,
        high: float,
        *,
        default: float = 0.0,
        step: float = 0.1,
        fine: float = 0.01,
        limits: tuple[float, float] = (-FREE, FREE),
        name: str = "",
        label: str = "",
        tip: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._low, self._high, self._default, self._value = low, high, default, default
        self._step, self._fine, self._limits = step, fine, limits
        self._own = False  # the base class is being told, it is not telling
        self._in_gesture = False
        self._grip: float | None = None  # where on the handle the mouse holds it, in pixels from its middle
        self._hover = False
        self._wheel = 0.0
        self._wheel_end = QTimer(self, singleShot=True, interval=WHEEL_PAUSE_MS)
        self._wheel_end.timeout.connect(self._end)
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setToolTip(tip)
        self._tell_base()

    # -- the value ------------------------------------------------------------------------------------------------

    def value(self) -> float:  # type: ignore[override]
        """The number, in the quantity's own unit."""
        return self._value

    def setValue(self, value: float) -> None:
        """Set the number as a hand would: `valueChanged` follows if it differs, in a gesture of its own."""
        value = self._limited(value)
        if value == self._value:
            return
        alone = not self._in_gesture
        if alone:
            self._begin()
        self._take(value)
        if alone:
            self._end()

    def show_value(self, value: float) -> None:
        """Show a number that came from elsewhere; no signal."""
        value = self._limited(value)
        if value != self._value:
            self._value = value
            self._tell_base()
            self.update()

    def default(self) -> float:
        """The number that a double click returns to."""
        return self._default

    def set_default(self, value: float) -> None:
        """Change where a double click returns to."""
        self._default = value

    def set_range(self, low: float, high: float, limits: tuple[float, float]) -> None:
        """Give the track other ends, as when another model has more layers."""
        self._low, self._high, self._limits = low, high, limits
        self._value = self._limited(self._value)
        self._tell_base()
        self.update()

    def range(self) -> tuple[float, float]:
        """The ends of the track."""
        return self._low, self._high

    def limits(self) -> tuple[float, float]:
        """How far the value may go."""
        return self._limits

    def steps(self) -> tuple[float, float]:
        """What an arrow key adds, and what it adds with Shift."""
        return self._step, self._fine

    def _limited(self, value: float) -> float:
        return min(self._limits[1], max(self._limits[0], float(value)))

    def _take(self, value: float) -> None:
        """Change the value inside a gesture."""
        value = self._limited(value)
        if value != self._value:
            self._value = value
            self.valueChanged.emit(value)  # first: a picture is drawn from it, meanwhile the rest can follow
            self._tell_base()
            self.update()

    def _tell_base(self) -> None:
        self._own = True
        low, high = round(self._low / self._fine), round(self._high / self._fine)
        if (self.minimum(), self.maximum()) != (low, high):
            self.setRange(low, high)
        super().setValue(max(self.minimum(), min(self.maximum(), round(self._value / self._fine))))
        self._own = False

    def sliderChange(self, change: QAbstractSlider.SliderChange) -> None:
        # A change that we did not make comes from assistive technology, in fine steps.
        if change == QAbstractSlider.SliderChange.SliderValueChange and not self._own:
            self.setValue(round(self.sliderPosition() * self._fine, 9))
        self.update()

    # -- gestures -------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if not self._in_gesture:
            self._in_gesture = True
            self.began.emit()

    def _end(self) -> None:
        self._wheel_end.stop()
        if self._in_gesture:
            self._in_gesture = False
            self.ended.emit()

    def step_by(self, steps: float, *, fine: bool = False) -> None:
        """Move by steps, onto the grid of that step; part of the gesture that is open, else one of its own."""
        step = self._fine if fine else self._step
        self.setValue(round(round(self._value / step + steps) * step, 9))

    def key_pressed(self, event: QKeyEvent) -> bool:
        """Do what a key asks, opening a gesture that lasts until `key_released`; False for keys of no meaning."""
        key = Qt.Key(event.key())
        if key in STEP_KEYS:
            self._begin()
            fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.step_by(STEP_KEYS[key], fine=fine)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._begin()
            self._take(self._low if key == Qt.Key.Key_Home else self._high)
        else:
            return False
        return True

    def key_released(self, event: QKeyEvent) -> None:
        """Close the gesture that a key opened; a held key repeats and does not."""
        if not event.isAutoRepeat() and self._grip is None:
            self._end()

    def turned(self, event: QWheelEvent, focused: bool) -> None:
        """Step by the wheel while the focus is here; else leave the event to the scroll area around."""
        if not focused:
            event.ignore()
            return
        event.accept()
        turn = event.angleDelta()
        self._wheel += (turn.y() or turn.x()) / 120
        whole = int(self._wheel)
        if whole:
            self._wheel -= whole
            self._begin()
            self.step_by(whole, fine=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
            self._wheel_end.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.key_pressed(event):
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        self.key_released(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.turned(event, self.hasFocus())

    def focusOutEvent(self, event: QFocusEvent) -> None:
        if self._grip is None:
            self._end()
        super().focusOutEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        self._begin()
        self._last_x = event.position().x()
        away = self._last_x - self._handle_x()
        if abs(away) <= HANDLE / 2 + 1:
            self._grip = away
        else:
            self._grip = 0.0
            self._take(self._value_at(self._last_x))
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is None:
            return
        x = event.position().x()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            span = max(1.0, self.width() - HANDLE)
            self._take(self._snapped(self._value + (x - self._last_x) / span * FINE_DRAG * (self._high - self._low)))
            self._grip = x - self._handle_x()  # so that letting go of Shift does not make it jump
        else:
            self._take(self._value_at(x - self._grip))
        self._last_x = x

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._grip is not None:
            self._grip = None
            self._end()
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._begin()
            self._take(self._default)
            self._grip = None
            self._end()
            self.update()

    # -- looks ----------------------------------------------------------------------------------------------------

    def _snapped(self, value: float) -> float:
        return round(round(value / self._fine) * self._fine, 9)

    def _value_at(self, x: float) -> float:
        """The number under a place in the widget, on the grid of fine steps, within the track."""
        share = (x - HANDLE / 2) / max(1.0, self.width() - HANDLE)
        return self._snapped(self._low + min(1.0, max(0.0, share)) * (self._high - self._low))

    def _x_of(self, value: float) -> float:
        span = self._high - self._low
        share = (value - self._low) / span if span else 0.0
        return HANDLE / 2 + min(1.0, max(0.0, share)) * (self.width() - HANDLE)

    def _handle_x(self) -> float:
        return self._x_of(self._value)

    def _middle(self) -> float:
        """Height of the track's middle in the widget."""
        return self.height() / 2

    def sizeHint(self) -> QSize:
        return QSize(128, 24)

    def minimumSizeHint(self) -> QSize:
        return QSize(56, 20)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._hover = True
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = False
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        enabled = self.isEnabled()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        middle = self._middle()
        left, right = self._x_of(self._low), self._x_of(self._high)
        painter.setBrush(QColor(t.line))
        painter.drawRoundedRect(QRectF(left - 2, middle - TRACK / 2, right - left + 4, TRACK), 2, 2)
        straddles = self._low < 0 < self._high
        start, x = self._x_of(0.0 if straddles else self._low), self._handle_x()
        painter.setBrush(QColor(t.accent if enabled else t.disabled))
        fill = QRectF(min(start, x), middle - TRACK / 2, abs(x - start), TRACK)
        painter.drawRoundedRect(fill if straddles else fill.adjusted(-2, 0, 0, 0), 2, 2)
        if straddles:
            painter.setBrush(QColor(t.outline if enabled else t.disabled))
            painter.drawRoundedRect(QRectF(start - 0.75, middle - 5, 1.5, 10), 0.75, 0.75)
        self._paint_handle(painter, QPointF(x, middle))
        painter.end()

    def _paint_handle(self, painter: QPainter, at: QPointF) -> None:
        t = theme.tokens()
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(t.accent), 2))
            painter.drawEllipse(at, HANDLE / 2 + 2, HANDLE / 2 + 2)
        if not self.isEnabled():
            painter.setPen(QPen(QColor(t.card), 1))
            painter.setBrush(QColor(t.disabled))
        else:
            held = self._grip is not None or self._hover
            painter.setPen(QPen(QColor(t.outline if t.name == "light" else t.card), 1))
            painter.setBrush(QColor(t.handle) if not held else QColor(t.handle).lighter(112))
        painter.drawEllipse(at, HANDLE / 2 - 0.5, HANDLE / 2 - 0.5)
