"""A card: a titled area that folds, with a caption and a Reset that is grey until something in it changed."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app import theme
from app.widgets.buttons import IconButton
from app.widgets.elided import ElidedLabel


class Card(QFrame):
    """Put widgets in with `add`; `reset_clicked` and `folded_changed(bool)` come out."""

    reset_clicked = Signal()
    folded_changed = Signal(bool)

    def __init__(self, title: str, name: str, parent: QWidget | None = None, *, reset: str = "") -> None:
        """`reset` says what the button resets; without it there is none."""
        super().__init__(parent)
        self.setObjectName(f"{name}-card")
        self.setAccessibleName(title)
        self.setProperty("tone", "card")
        self._title = title
        self.fold_button = QToolButton()
        self.fold_button.setObjectName(f"{name}-fold")
        self.fold_button.setText(f" {title}")
        self.fold_button.setFont(theme.text_font(bold=True))
        self.fold_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold_button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.fold_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.fold_button.setProperty("kind", "fold")
        self.fold_button.clicked.connect(lambda: self.set_folded(not self.folded))
        self.caption = ElidedLabel()  # whatever it comes to say, the column does not become wider
        self.caption.setFont(theme.caption_font(tabular=True))
        self.caption.setProperty("tone", "muted")
        self.reset_button = IconButton("restore", reset or f"Reset {title.lower()}", f"{name}-reset")
        self.reset_button.setEnabled(False)
        self.reset_button.setVisible(bool(reset))
        self.reset_button.clicked.connect(self.reset_clicked)
        header = QHBoxLayout()
        header.setContentsMargins(0, 0, 0, 0)
        header.setSpacing(4)
        header.addWidget(self.fold_button, 1)
        header.addWidget(self.caption)
        header.addWidget(self.reset_button)
        self.body = QWidget()
        self.body_layout = QVBoxLayout(self.body)
        self.body_layout.setContentsMargins(0, 4, 0, 2)
        self.body_layout.setSpacing(8)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 7, 12, 7)
        whole.setSpacing(0)
        whole.addLayout(header)
        whole.addWidget(self.body, 1)
        self.set_folded(False)

    def add(self, item: QWidget | QLayout, stretch: int = 0) -> None:
        """Add a widget or a layout under what is there."""
        if isinstance(item, QWidget):
            self.body_layout.addWidget(item, stretch)
        else:
            self.body_layout.addLayout(item, stretch)

    @property
    def folded(self) -> bool:
        """Whether only the header shows."""
        return self._folded

    def set_folded(self, folded: bool) -> None:
        """Fold or unfold, at once."""
        changed = folded != getattr(self, "_folded", folded)
        self._folded = folded
        self.body.setVisible(not folded)
        self.fold_button.setIcon(theme.icon("chevron-right" if folded else "chevron-down", "muted"))
        self.fold_button.setAccessibleName(f"{self._title}, {'folded' if folded else 'unfolded'}")
        self.fold_button.setToolTip(f"{'Show' if folded else 'Fold away'}: {self._title.lower()}")
        # A folded card must not take the height that its body could use.
        self.setSizePolicy(
            QSizePolicy.Policy.Preferred,
            QSizePolicy.Policy.Maximum if folded or not self._grows() else QSizePolicy.Policy.Expanding,
        )
        if changed:
            self.folded_changed.emit(folded)

    def _grows(self) -> bool:
        return any(self.body_layout.stretch(index) > 0 for index in range(self.body_layout.count()))

    def set_caption(self, text: str) -> None:
        """The small text at the right of the title."""
        self.caption.setText(text)

    def set_changed(self, changed: bool) -> None:
        """Light up Reset once something in the card differs from its default."""
        self.reset_button.setEnabled(changed)
