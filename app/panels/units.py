"""The units card: what was made weaker or stronger inside the generator, a gain and a lift for each edit."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.compute import Compute
from app.document import Document
from app.widgets.buttons import IconButton
from app.widgets.card import Card
from app.widgets.elided import ElidedLabel
from app.widgets.number import NumberRow
from ganviz.activations import describe_units
from ganviz.edits import UnitEdit
from ganviz.session import Session
from ganviz.spec import Spec

WORKSPACE = "layers"
SHOWN = 32
"""Edits that have sliders; a recipe from a file may hold more."""
NOTHING = "Every unit is as learnt. Choose channels of a layer, then take them out or boost them."


class UnitsPanel(Card):
    """A row for each edit of units. It is there while there are edits, and always beside the layers.

    `applies_changed()`: the first edit came, or the last one went.
    """

    applies_changed = Signal()

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__("Units", "units", reset="All units as learnt")
        self._document = document
        self._workspace = ""
        self._some = False
        self.hint = QLabel(NOTHING)
        self.hint.setObjectName("units-hint")
        self.hint.setWordWrap(True)
        self.hint.setProperty("tone", "muted")
        self.rows: list[EditRow] = []
        self.add(self.hint)
        self.reset_clicked.connect(lambda: self._set(()))

    def applies(self, spec: Spec) -> bool:
        """Where there is something to show: edits, or beside the layers."""
        here = self._workspace == WORKSPACE
        return bool(spec.layers) and (here or (self._document.is_open and bool(self._document.recipe.units)))

    def set_workspace(self, name: str) -> None:
        """The workspace that came to the front."""
        self._workspace = name

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        spec, edits = self._document.spec, session.recipe.units
        while len(self.rows) < min(len(edits), SHOWN):
            self._add_row()
        for k, row in enumerate(self.rows):
            row.setVisible(k < len(edits))
            if k < len(edits):
                row.show_edit(edits[k], describe_units(edits[k], spec))
        hidden = f"{len(edits) - SHOWN} more edits are not shown here." if len(edits) > SHOWN else ""
        self.hint.setText(hidden or NOTHING)
        self.hint.setVisible(bool(hidden) or not edits)
        self.set_caption(f"{len(edits)} edit{'s' if len(edits) > 1 else ''}" if edits else "")
        self.set_changed(bool(edits))
        if bool(edits) != self._some:
            self._some = bool(edits)
            self.applies_changed.emit()

    def resizeEvent(self, event) -> None:
        """The line of text keeps the height that it needs, however many cards there are."""
        super().resizeEvent(event)
        self.hint.setMinimumHeight(self.hint.heightForWidth(max(1, self.hint.width())))

    def _add_row(self) -> None:
        k = len(self.rows)
        row = EditRow(k)
        row.began.connect(self._document.seal)
        row.ended.connect(self._document.seal)
        row.changed.connect(lambda name, value: self._change(k, **{name: value}))
        row.removed.connect(lambda: self._remove(k))
        self.rows.append(row)
        self.add(row)

    def _change(self, k: int, **changes: Any) -> None:
        edits = list(self._document.recipe.units)
        if k < len(edits):  # a number half-typed when its edit is taken back is entered as its field is hidden
            edits[k] = replace(edits[k], **changes)
            self._document.edit_recipe(merge=("units", k, *changes), units=tuple(edits))

    def _remove(self, k: int) -> None:
        edits = self._document.recipe.units
        self._set(edits[:k] + edits[k + 1 :])

    def _set(self, edits: tuple[UnitEdit, ...]) -> None:
        if self._document.is_open:
            self._document.seal()
            self._document.edit_recipe(units=edits)


class EditRow(QWidget):
    """One edit: which units, their gain, what is added. `changed(name, value)` with "gain" or "lift"."""

    changed = Signal(str, float)
    removed = Signal()
    began = Signal()
    ended = Signal()

    def __init__(self, k: int) -> None:
        super().__init__()
        self.what = ElidedLabel()
        self.what.setObjectName(f"unit-{k}")
        self.remove = IconButton("close", "Take this edit back", f"unit-{k}-remove", size=16)
        self.gain = NumberRow(
            "Gain",
            0,
            4,
            name=f"unit-{k}-gain",
            tip="What these units are taken times: 0 takes them out, 1 is as learnt, more boosts them",
            default=1.0,
            step=0.1,
            limits=(-1000.0, 1000.0),
            label_width=40,
        )
        self.lift = NumberRow(
            "Lift",
            -2,
            2,
            name=f"unit-{k}-lift",
            tip="What is added everywhere, in the activation's own unit: forces units on where they are silent",
            default=0.0,
            step=0.1,
            signed=True,
            limits=(-1000.0, 1000.0),
            label_width=40,
        )
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.what, 1)
        head.addWidget(self.remove)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.gain)
        column.addWidget(self.lift)
        for name, row in (("gain", self.gain), ("lift", self.lift)):
            row.valueChanged.connect(lambda value, name=name: self.changed.emit(name, value))
            row.began.connect(self.began)
            row.ended.connect(self.ended)
        self.remove.clicked.connect(self.removed)

    def show_edit(self, edit: UnitEdit, text: str) -> None:
        """Show an edit; no signal."""
        self.what.setText(text)
        self.gain.show_value(edit.gain)
        self.lift.show_value(edit.lift)
