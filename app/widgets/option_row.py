"""One option of a training, its control made from what its field says of itself."""

from dataclasses import Field
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QWidget

from app import theme
from app.widgets.buttons import Choice, IconButton, Tick, plain_tip
from app.widgets.number import leave_undo

LABEL = 132
AS_DATA = "as the data"
"""What an option is that is looked up in the data where it is not given."""


class OptionField(QLineEdit):
    """A line for a number or a text. Empty it stands for the default, which shows in grey."""

    def event(self, event) -> bool:
        return leave_undo(self, event) or super().event(event)

    def keyPressEvent(self, event) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
        else:
            super().keyPressEvent(event)


class OptionRow(QWidget):
    """Name, control and a button that takes back what was chosen. `changed()` when it means something else.

    The control is a list for choices, a tick for yes and no, a line for all else. What is not given is the default's
    to say, and shows in grey.
    """

    changed = Signal()

    def __init__(self, item: Field[Any]) -> None:
        super().__init__()
        self.name = item.name
        self._kind = type(item.default)
        self._choices: tuple[Any, ...] = item.metadata["choices"]
        self._from_data = item.name == "channels"
        self._default: Any = item.default
        self._given: Any = None
        self.fixed: bool = bool(item.metadata["fixed"])
        words = item.name.replace("_", " ")
        tip = plain_tip(f"{item.metadata['help']}{_limits(item)}\n--{item.name.replace('_', '-')}")
        name = f"training-option-{item.name.replace('_', '-')}"
        self.label = QLabel(words)
        self.label.setFixedWidth(LABEL)
        self.label.setToolTip(tip)
        self.editor: QWidget
        if self._choices:
            self.editor = choice = Choice(name, words)
            choice.activated.connect(lambda _: self._take(choice.currentData()))
        elif self._kind is bool:
            self.editor = tick = Tick("", words, name)
            tick.clicked.connect(self._take)
        else:
            self.editor = line = OptionField()
            line.setFont(theme.text_font(tabular=self._kind is not str))
            line.setFixedHeight(theme.FIELD_HEIGHT)
            line.textChanged.connect(self._typed)
        self.editor.setObjectName(name)
        self.editor.setAccessibleName(words)
        self.editor.setAccessibleDescription(item.metadata["help"])
        self.editor.setToolTip(tip)
        self.label.setBuddy(self.editor)
        self.reset_button = IconButton("restore", f"{words}: back to the default", f"{name}-reset", size=14)
        self.reset_button.clicked.connect(lambda: self.show_given(None, tell=True))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.label)
        row.addWidget(self.editor, 1)
        row.addWidget(self.reset_button)
        self._show()

    @property
    def given(self) -> Any:
        """What was chosen; None where the default is left to stand. A text that is no number is given as it is."""
        return self._given

    def show_default(self, value: Any) -> None:
        """The default has become another one."""
        if value != self._default:
            self._default = value
            self._show()

    def show_given(self, value: Any, tell: bool = False) -> None:
        """Show a choice, or with None none."""
        self._given = value
        self._show()
        if tell:
            self.changed.emit()

    def _take(self, value: Any) -> None:
        self._given = None if value is None or (value == self._default and not self._from_data) else value
        self._show()
        self.changed.emit()

    def _typed(self, text: str) -> None:
        plain = text.strip().replace("−", "-")
        value: Any = plain
        if plain and self._kind is not str:
            try:
                value = int(plain) if self._kind is int else float(plain)
            except ValueError:
                value = plain  # the check of all options says what is wrong with it
        self._given = value if plain else None
        self._mark()
        self.changed.emit()

    def _show(self) -> None:
        value = self._default if self._given is None else self._given
        editor = self.editor
        editor.blockSignals(True)
        if isinstance(editor, Choice):
            editor.clear()
            if self._from_data:
                editor.addItem(AS_DATA, None)
            for choice in self._choices:
                editor.addItem(str(choice), choice)
            editor.setCurrentIndex(0 if self._from_data and self._given is None else editor.findData(value))
        elif isinstance(editor, Tick):
            editor.setChecked(bool(value))
        elif isinstance(editor, OptionField):
            editor.setPlaceholderText(_text(self._default) or "none")
            shown = "" if self._given is None else _text(self._given)
            if editor.text().strip() != shown:
                editor.setText(shown)
        editor.blockSignals(False)
        self._mark()

    def _mark(self) -> None:
        self.reset_button.setEnabled(self._given is not None and self.isEnabled())
        tone = "accent" if self._given is not None else ""
        if self.label.property("tone") != tone:
            self.label.setProperty("tone", tone)
            theme.restyle(self.label)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _limits(item: Field[Any]) -> str:
    low, high = item.metadata["low"], item.metadata["high"]
    if low is None and high is None:
        return ""
    return f"; from {low:g}" if high is None else f"; {low:g} to {high:g}" if low is not None else f"; up to {high:g}"
