"""Messages inside the window: a bar that says what went wrong and what to do, and a line that hints."""

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from app import theme
from app.widgets.buttons import IconButton, TextButton

Kind = Literal["error", "warning", "info", "good"]

LOOKS: dict[Kind, tuple[str, str]] = {
    "error": ("alert-circle-outline", "danger"),
    "warning": ("alert-outline", "warning"),
    "info": ("information-outline", "accent_text"),
    "good": ("check-circle-outline", "good"),
}
INFO_MS = 8000
"""News goes away by itself after this; errors and warnings stay until closed or settled."""


class MessageBar(QFrame):
    """One message at a time, over the canvas; the newest replaces the last. `closed` when it has gone."""

    closed = Signal()

    def __init__(self, parent: QWidget | None = None, name: str = "message") -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.kind: Kind = "info"
        self._action: Callable[[], object] | None = None
        self._timer = QTimer(self, singleShot=True, interval=INFO_MS)
        self._timer.timeout.connect(self.dismiss)
        self._label = QLabel()
        self._label.setObjectName(f"{name}-text")
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._button = TextButton("", "", f"{name}-action", kind="link")
        self._button.clicked.connect(self._act)
        self._close = IconButton("close", "Close this message", f"{name}-close", size=16)
        self._close.clicked.connect(self.dismiss)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(42, 6, 6, 6)
        row.setSpacing(8)
        row.addWidget(self._label, 1)
        row.addWidget(self._button)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignVCenter)
        self.hide()

    def show_message(
        self, text: str, kind: Kind = "error", action: str = "", act: Callable[[], object] | None = None
    ) -> None:
        """Show one line, with a button named `action` that calls `act` where it is given."""
        self.kind = kind
        self._label.setText(text)
        self.setAccessibleName(f"{kind}: {text}")
        self._button.setText(action)
        self._button.setAccessibleName(action)
        self._button.setToolTip(action)
        self._button.setVisible(bool(action))
        self._action = act
        self._timer.start() if kind in ("info", "good") and not action else self._timer.stop()
        self.show()
        self.raise_()
        self.update()

    def text(self) -> str:
        """What it says; empty when it is not shown."""
        return self._label.text() if not self.isHidden() else ""

    def dismiss(self) -> None:
        """Go away."""
        if not self.isHidden():
            self._timer.stop()
            self.hide()
            self.closed.emit()

    def _act(self) -> None:
        act = self._action
        self.dismiss()
        if act is not None:
            act()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def heightForWidth(self, width: int) -> int:
        return self._row.totalHeightForWidth(width)

    def paintEvent(self, event: QPaintEvent) -> None:
        icon, role = LOOKS[self.kind]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("outline"), 1))
        painter.setBrush(QColor(theme.tokens().card))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        theme.draw_icon(painter, QRect(12, (self.height() - 20) // 2, 20, 20), icon, role)
        painter.end()


class HintLine(QFrame):
    """One line that says what to try; it lets the mouse through."""

    def __init__(self, parent: QWidget | None = None, name: str = "hint") -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._label = QLabel()
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(38, 8, 14, 8)
        row.addWidget(self._label)
        self.hide()

    def set_text(self, text: str) -> None:
        """Show a text, or with an empty one nothing."""
        self._label.setText(text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))
        self.adjustSize()

    def text(self) -> str:
        """What it says; empty when it is not shown."""
        return self._label.text() if not self.isHidden() else ""

    def fitted(self, width: int) -> QSize:
        """The size that it wants when there is this much room: one line, or as many as it takes."""
        self._label.setWordWrap(False)
        whole = self._row.sizeHint()
        if whole.width() <= width:
            return whole
        self._label.setWordWrap(True)
        return QSize(width, self._row.totalHeightForWidth(width))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("card", 0.94))
        radius = min(18.0, self.height() / 2 - 0.5)
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        theme.draw_icon(painter, QRect(14, (self.height() - 18) // 2, 18, 18), "gesture-tap", "accent_text")
        painter.end()
