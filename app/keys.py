"""The list of keys that F1 shows."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from app import theme
from app.commands import COMMANDS, HANDS
from app.widgets.buttons import TextButton


class KeysDialog(QDialog):
    """Two columns: what to press, what it does."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("keys-dialog")
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(6)
        native = QKeySequence.SequenceFormat.NativeText
        rows = [(QKeySequence(c.shortcut).toString(native), c.text.rstrip("…")) for c in COMMANDS if c.shortcut]
        for heading, entries in (("ANYWHERE", rows), ("WITH THE HANDS", HANDS)):
            title = QLabel(heading)
            title.setFont(theme.caption_font())
            title.setProperty("tone", "muted")
            grid.addWidget(title, grid.rowCount(), 0)
            for keys, text in entries:
                what = QLabel(keys)
                what.setFont(theme.text_font(bold=True))
                line = grid.rowCount()
                grid.addWidget(what, line, 0)
                grid.addWidget(QLabel(text), line, 1)
            grid.setRowMinimumHeight(grid.rowCount(), 8)
        close = TextButton("Close", "Close this list", "keys-close", kind="primary")
        close.clicked.connect(self.accept)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(20, 20, 20, 16)
        whole.setSpacing(16)
        inside = QWidget()
        inside.setLayout(grid)
        area = QScrollArea()
        area.setObjectName("keys-list")
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        area.setMinimumWidth(inside.sizeHint().width() + 24)
        whole.addWidget(area, 1)
        whole.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        room = self.screen().availableGeometry().height() - 80
        self.resize(self.sizeHint().width(), min(inside.sizeHint().height() + 96, room))
