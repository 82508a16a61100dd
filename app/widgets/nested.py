"""Areas that scroll within an area that scrolls: a turn of the wheel goes on where it began."""

import time

from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QScrollArea, QWidget

TURN_S = 0.4
"""Notches of the wheel that come so close after one another are one turn."""


class OuterArea(QScrollArea):
    """Scrolls on while it is being turned, though an area within it has come under the mouse."""

    def __init__(self) -> None:
        super().__init__()
        self._turned = float("-inf")

    @property
    def is_turning(self) -> bool:
        """Whether the wheel was turned here just now."""
        return time.monotonic() - self._turned < TURN_S

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._turned = time.monotonic()
        super().wheelEvent(event)


class InnerArea(QScrollArea):
    """Leaves the wheel to the OuterArea that it is in, while that is being turned."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        above: QWidget | None = self.parentWidget()
        while above is not None and not isinstance(above, OuterArea):
            above = above.parentWidget()
        if above is not None and above.is_turning:
            event.ignore()
        else:
            super().wheelEvent(event)
