"""Two halves of a bar: side by side where there is room, one below the other where there is not."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QWidget


class WrappingBar(QWidget):
    """Put widgets into the rows `first` and `second`; below `width` pixels the second goes under the first.

    `shares` are what they get of the width while they stand side by side.
    """

    def __init__(self, width: int, spacing: int = 8, shares: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self._width = width
        self.first, self.second = QHBoxLayout(), QHBoxLayout()
        self._whole = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._whole.setContentsMargins(0, 0, 0, 0)
        self._whole.setSpacing(spacing)
        for row, share in zip((self.first, self.second), shares, strict=True):
            row.setSpacing(spacing)
            self._whole.addLayout(row, share)

    @property
    def wrapped(self) -> bool:
        """Whether the halves are one below the other."""
        return self._whole.direction() == QBoxLayout.Direction.TopToBottom

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        wrapped = self.width() < self._width
        if wrapped != self.wrapped:
            directions = QBoxLayout.Direction
            self._whole.setDirection(directions.TopToBottom if wrapped else directions.LeftToRight)
            self.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        """As narrow as the wider half; else it could never become so narrow that it wraps."""
        first, second = self.first.minimumSize(), self.second.minimumSize()
        return QSize(max(first.width(), second.width()), super().minimumSizeHint().height())
