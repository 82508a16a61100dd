"""A bar above the columns that offers something and waits as long as it takes; the work goes on meanwhile."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from app import theme
from app.widgets.buttons import IconButton, TextButton


class OfferBar(QFrame):
    """One sentence with two answers, and a cross for neither.

    Signals: `accepted`, `refused`, `closed` (the cross, or Esc).
    """

    accepted = Signal()
    refused = Signal()
    closed = Signal()

    def __init__(
        self, name: str, accept: tuple[str, str], refuse: tuple[str, str], later: str, parent: QWidget | None = None
    ) -> None:
        """`accept` and `refuse` are what the buttons say and their tips; `later` is the cross's tip."""
        super().__init__(parent)
        self.setObjectName(name)
        self.setProperty("tone", "panel")
        self._icon = QLabel()
        self._label = QLabel()
        self._label.setObjectName(f"{name}-text")
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setWordWrap(True)
        self._label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.accept_button = TextButton(*accept, f"{name}-accept", kind="primary")
        self.refuse_button = TextButton(*refuse, f"{name}-refuse")
        self._close = IconButton("close", later, f"{name}-close", size=16)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(8)
        row.addWidget(self._icon)
        row.addWidget(self._label, 1)
        row.addWidget(self.accept_button)
        row.addWidget(self.refuse_button)
        row.addWidget(self._close)
        self.accept_button.clicked.connect(lambda: self._end(self.accepted))
        self.refuse_button.clicked.connect(lambda: self._end(self.refused))
        self._close.clicked.connect(lambda: self._end(self.closed))
        self.hide()

    def offer(self, text: str) -> None:
        """Show the bar."""
        self._draw_icon()
        self._label.setText(text)
        self.setAccessibleName(text)
        self.show()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and not self.isHidden():
            self._draw_icon()  # a picture keeps the colours of the theme that it was drawn in

    def _draw_icon(self) -> None:
        self._icon.setPixmap(theme.icon("history").pixmap(20, 20))

    def text(self) -> str:
        """What it offers; empty when it is not shown."""
        return self._label.text() if not self.isHidden() else ""

    def keyPressEvent(self, event) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._end(self.closed)
        else:
            super().keyPressEvent(event)

    def _end(self, answer) -> None:
        if not self.isHidden():
            self.hide()
            answer.emit()
