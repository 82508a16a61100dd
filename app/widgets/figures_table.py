"""A small table of figures: rows with names, a column for each thing that they are of."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app import theme


class FiguresTable(QWidget):
    """Labels named `{name}-{row}` hold the first column."""

    def __init__(self, name: str, label: str, columns: tuple[str, ...], rows: Mapping[str, str]) -> None:
        """`rows`: what each is called, with what that means."""
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(label)
        self._cells: dict[str, list[QLabel]] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        for column, text in enumerate(columns):
            grid.addWidget(_label(text, "muted"), 0, column + 1, Qt.AlignmentFlag.AlignRight)
        for row, (text, tip) in enumerate(rows.items()):
            title = _label(text, "muted")
            title.setToolTip(tip)
            grid.addWidget(title, row + 1, 0)
            self._cells[text] = [_label("", "") for _ in columns]
            self._cells[text][0].setObjectName(f"{name}-{text}")
            for column, cell in enumerate(self._cells[text]):
                cell.setToolTip(tip)
                grid.addWidget(cell, row + 1, column + 1, Qt.AlignmentFlag.AlignRight)
        grid.setRowStretch(len(rows) + 1, 1)

    def show_figures(self, column: int, texts: Mapping[str, str]) -> None:
        """Write a column, negative numbers with a true minus."""
        for row, text in texts.items():
            self._cells[row][column].setText(text.replace("-", "−"))


def _label(text: str, tone: str) -> QLabel:
    label = QLabel(text)
    label.setFont(theme.caption_font(tabular=True))
    label.setProperty("tone", tone)
    return label
