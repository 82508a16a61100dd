"""The column of cards at the right: it scrolls, and no card is ever cut off or under the bar."""

from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app.widgets.nested import OuterArea

MARGIN, SPACING = 12, 8
BAR = 10
"""Width of a scroll bar, as the style sheet has it."""
NARROWEST = 280


class CardColumn(OuterArea):
    """Cards, one below the other, of one width whether there is a bar or not: it comes into the margin.

    The column is never narrower than its widest card needs, since nothing scrolls sideways here.
    """

    def __init__(self, cards: list[Any]) -> None:
        super().__init__()
        self.setObjectName("cards")
        self.setProperty("tone", "panel")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        inside.setProperty("tone", "panel")
        self._column = QVBoxLayout(inside)
        self._column.setSpacing(SPACING)
        for card in cards:
            self._column.addWidget(card)
        # What is left over goes to the card that can use it, or stays empty below.
        filler = QWidget()
        filler.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self._column.addWidget(filler)
        self._make_room(False)
        self.setWidget(inside)
        self.setMinimumWidth(NARROWEST)
        inside.installEventFilter(self)
        self.verticalScrollBar().rangeChanged.connect(lambda low, high: self._make_room(high > low))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Cards come, go and change: the widest of those that are there counts."""
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            margins = self._column.contentsMargins()
            needed = self._column.minimumSize().width() - margins.left() - margins.right() + 2 * MARGIN
            self.setMinimumWidth(max(NARROWEST, needed))
        return super().eventFilter(watched, event)

    def reveal(self, card: QWidget) -> None:
        """Scroll until the whole of a card is in view, once it has its size."""
        QTimer.singleShot(0, card, lambda: self.ensureWidgetVisible(card, 0, MARGIN))

    def _make_room(self, barred: bool) -> None:
        self._column.setContentsMargins(MARGIN, MARGIN, MARGIN - BAR if barred else MARGIN, MARGIN)
