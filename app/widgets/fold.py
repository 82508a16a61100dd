"""A part of a card that folds: what few people need, one click away."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app import theme


class Fold(QWidget):
    """A line that shows or hides the widgets under it; folded at first. `opened` comes each time it is unfolded."""

    opened = Signal()

    def __init__(self, title: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._title = title
        self.button = QToolButton()
        self.button.setObjectName(f"{name}-fold")
        self.button.setText(f" {title}")
        self.button.setFont(theme.caption_font())
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.setProperty("kind", "fold")
        self.button.clicked.connect(lambda: self.set_folded(not self.folded))
        self.caption = QLabel()
        self.caption.setFont(theme.caption_font(tabular=True))
        self.caption.setProperty("tone", "muted")
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.button, 1)
        line.addWidget(self.caption)
        self.body = QWidget()
        self.rows = QVBoxLayout(self.body)
        self.rows.setContentsMargins(0, 4, 0, 0)
        self.rows.setSpacing(4)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(line)
        whole.addWidget(self.body)
        self.set_folded(True)

    @property
    def folded(self) -> bool:
        """Whether only its line shows."""
        return self.body.isHidden()

    def set_folded(self, folded: bool) -> None:
        """Fold or unfold."""
        was = self.folded
        self.body.setVisible(not folded)
        self.button.setIcon(theme.icon("chevron-right" if folded else "chevron-down", "muted"))
        self.button.setAccessibleName(f"{self._title}, {'folded' if folded else 'unfolded'}")
        self.button.setToolTip(f"{'Show' if folded else 'Fold away'}: {self._title.lower()}")
        if was and not folded:
            self.opened.emit()

    def set_caption(self, text: str) -> None:
        """The small text at the right of its line."""
        self.caption.setText(text)
