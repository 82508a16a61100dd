"""The mix workspace: the style-mixing matrix, sheets over psi and over noise (Karras et al. 2018, figures 3, 8, 4)."""

from typing import Any, Literal

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.compute import Compute
from app.document import Document
from app.widgets.buttons import IconButton, SegmentedTabs, TextButton
from app.widgets.list_field import ListField, SourcesField
from app.widgets.number import NumberRow
from app.widgets.sheet_view import SheetView
from ganviz.edits import ranges
from ganviz.layer_notation import format_numbers, parse_psis
from ganviz.mixing import (
    GROUPS,
    MOST_SOURCES,
    Mixing,
    Source,
    fits,
    format_layers,
    layer_groups,
    noise_groups,
    parse_layers,
    source_of,
)
from ganviz.notation import parse_seeds
from ganviz.recipe import Recipe
from ganviz.session import Session
from ganviz.spec import Spec

Kind = Literal["matrix", "psi", "noise"]
KINDS: tuple[tuple[Kind, str, str], ...] = (
    ("matrix", "Style mix", "Each row's picture with the chosen layers' styles of each column's"),
    ("psi", "Truncation", "Each row's picture at several psis: the same person, more and less typical, and beyond"),
    ("noise", "Noise", "Each row's picture under several noise inputs, and where they make a difference"),
)
SETTLE_MS = 120
"""Sheets are drawn anew once what they are drawn with has been left alone this long."""
SOURCES_TIP = "Seeds like 85,100 or 3-8; drop pictures here, they are called #1, #2 …"


class MixPage(QFrame):
    """Tabs, rows and columns, the sheet. `said(text, kind)` and `export_wanted(sheet)` are for the window."""

    said = Signal(str, str)
    export_wanted = Signal(object)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__()
        self._document = document
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._refresh)
        self._drawn: Session | None = None  # whose sheet is on show
        self.tabs = SegmentedTabs(
            [(title, tip) for _, title, tip in KINDS], "mix-tabs", "What the sheet shows", kind="plain"
        )
        self.rows = SourcesField("mix-rows", "Rows", f"The pictures at the left. {SOURCES_TIP}")
        self.columns = SourcesField("mix-columns", "Columns", f"The pictures above, whose styles go in. {SOURCES_TIP}")
        self.psis = ListField("mix-psis", "psi of the columns", "psi of each column, like 1,0.7,0,-1 or -1:1:7")
        self.noises = ListField("mix-noises", "Noise seeds", "The noise seed of each column, like 0-3")
        self.layers = ListField(
            "mix-sheet-layers", "Layers", "Whose styles come from the columns: coarse, middle, fine, all, 0-3 or 0,2,5"
        )
        self.groups = {
            group: TextButton(group.capitalize(), f"The {group} layers", f"mix-sheet-{group}") for group in GROUPS
        }
        self.amount = NumberRow(
            "Blend",
            0,
            1,
            name="mix-sheet-blend",
            tip="How much of the columns' styles: 1 all, less blends them in w",
            default=1.0,
            step=0.05,
            limits=(-2.0, 3.0),
            label_width=40,
        )
        self.add_row = IconButton("plus", "Add the picture on the canvas to the rows", "mix-rows-add")
        self.add_column = IconButton("plus", "Add the picture on the canvas to the columns", "mix-columns-add")
        self.reset_button = IconButton(
            "restore", "Back to the rows, columns and layers of the start", "mix-sheet-reset"
        )
        self.export_button = IconButton("export-variant", "Export the sheet as a PNG", "mix-sheet-export")
        self.view = SheetView(document, compute, "mix-sheet", "Sheet of mixed pictures", EMPTY)
        self._lay_out()
        self._connect()
        self._tab_changed()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(4)
        top.addWidget(self.tabs)
        top.addStretch(1)
        top.addWidget(self.reset_button)
        top.addWidget(self.export_button)
        sources = QGridLayout()
        sources.setHorizontalSpacing(8)
        sources.setVerticalSpacing(8)
        self._column_label = QLabel("Columns")
        for place, (label, fields, add) in enumerate(
            (
                (QLabel("Rows"), (self.rows,), self.add_row),
                (self._column_label, (self.columns, self.psis, self.noises), self.add_column),
            )
        ):
            label.setBuddy(fields[0])
            sources.addWidget(label, 0, 4 * place)
            for field in fields:
                sources.addWidget(field, 0, 4 * place + 1)
            sources.addWidget(add, 0, 4 * place + 2)
            sources.setColumnStretch(4 * place + 1, 1)
        self.mixed = QWidget()
        mixed = QHBoxLayout(self.mixed)
        mixed.setContentsMargins(0, 0, 0, 0)
        mixed.setSpacing(8)
        label = QLabel("Layers")
        label.setBuddy(self.layers)
        mixed.addWidget(label)
        for button in self.groups.values():
            button.setCheckable(True)
            mixed.addWidget(button)
        self.layers.setFixedWidth(120)
        mixed.addWidget(self.layers)
        mixed.addSpacing(8)
        mixed.addWidget(self.amount, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(16, 8, 16, 12)
        whole.setSpacing(8)
        whole.addLayout(top)
        whole.addLayout(sources)
        whole.addWidget(self.mixed)
        whole.addWidget(self.view, 1)

    def _connect(self) -> None:
        self.tabs.currentChanged.connect(lambda _: self._tab_changed())
        for name, field in (("rows", self.rows), ("columns", self.columns)):
            field.accept = self._sources_of
            field.sources_changed.connect(lambda sources, name=name: self._edit(**{name: sources}))
            field.refused.connect(lambda text: self.said.emit(text, "warning"))
        self.add_row.clicked.connect(lambda: self.rows.append(self._sources_of((self._document.recipe,))))
        self.add_column.clicked.connect(lambda: self.columns.append(self._sources_of((self._document.recipe,))))
        self.psis.entered.connect(self._psis_typed)
        self.noises.entered.connect(self._noises_typed)
        self.layers.entered.connect(self._layers_typed)
        for group, button in self.groups.items():
            button.clicked.connect(lambda _=False, group=group: self._group_clicked(group))
        self.amount.began.connect(self._document.seal)
        self.amount.ended.connect(self._document.seal)
        self.amount.valueChanged.connect(lambda amount: self._edit("mix-amount", amount=amount))
        self.reset_button.clicked.connect(lambda: self._edit(**_fields(Mixing())))
        self.export_button.clicked.connect(self._export)
        self.view.chosen.connect(self._document.go_to)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Models with several style inputs; the sheet over psi also others that psi does something to."""
        return spec.num_ws > 1 or spec.truncation is not None

    def complete(self) -> bool:
        """Whether all pictures are here."""
        return not self._settle.isActive() and self.view.complete()

    # -- what is shown --------------------------------------------------------------------------------------------

    @property
    def kind(self) -> Kind:
        """The sheet that is on show."""
        return KINDS[self.tabs.currentIndex()][0]

    def show_session(self, session: Session) -> None:
        """Follow the document; the sheet follows what it is drawn with once that has come to rest."""
        spec, mixing = self._document.spec, session.mixing
        usable = [spec.num_ws > 1, spec.truncation is not None, any(noise_groups(spec).values())]
        for place, enabled in enumerate(usable):
            self.tabs.setTabVisible(place, enabled)
        if not usable[self.tabs.currentIndex()]:
            self.tabs.setCurrentIndex(usable.index(True))
        self.rows.show_sources(mixing.rows)
        self.columns.show_sources(mixing.columns)
        self.psis.show_text(format_numbers(mixing.psis))
        self.noises.show_text(ranges(mixing.noises))
        self.layers.show_text(mixing.layers)
        chosen = self._chosen_layers()
        for group, layers in layer_groups(spec).items():
            self.groups[group].setChecked(bool(layers) and set(layers) <= set(chosen))
        self.amount.show_value(mixing.amount)
        self.reset_button.setEnabled(mixing != Mixing())
        self.view.set_current(session.recipe)
        if self._drawn is None or self._drawn.recipe.model != session.recipe.model:
            self._refresh()
        elif session != self._drawn:
            self._settle.start()

    def _tab_changed(self) -> None:
        kind = self.kind
        self.mixed.setVisible(kind == "matrix")
        for name, field in (("matrix", self.columns), ("psi", self.psis), ("noise", self.noises)):
            field.setVisible(name == kind)
        self.add_column.setVisible(kind == "matrix")
        self._column_label.setText({"matrix": "Columns", "psi": "psi", "noise": "Noise seeds"}[kind])
        self._column_label.setBuddy({"matrix": self.columns, "psi": self.psis, "noise": self.noises}[kind])
        self._refresh()

    def _refresh(self) -> None:
        if not self._document.is_open or not self.applies(self._document.spec):
            return
        self._settle.stop()
        self._drawn = session = self._document.session
        try:
            self.view.set_sheet(session.mixing.sheet(session.recipe, self._document.spec, self.kind))
        except ValueError as error:
            self.view.set_sheet(None)
            self.said.emit(str(error), "warning")
        self.view.set_current(session.recipe)

    def _chosen_layers(self) -> tuple[int, ...]:
        try:
            return parse_layers(self._document.session.mixing.layers, self._document.spec)
        except ValueError:
            return ()  # another model's; the sheet says so

    # -- editing --------------------------------------------------------------------------------------------------

    def _edit(self, merge: object = None, **changes: Any) -> None:
        if self._document.is_open:
            if merge is None:
                self._document.seal()
            self._document.edit(merge=merge, mixing=self._document.session.mixing.edit(**changes))

    def _sources_of(self, recipes: tuple[Recipe, ...]) -> tuple[Source, ...]:
        """Dropped pictures as sources; says what of them stays behind."""
        spec = self._document.spec
        fitting = tuple(_plain(source_of(recipe), spec) for recipe in recipes if fits(recipe.latent, spec))
        if len(fitting) < len(recipes):
            self.said.emit("A picture of another kind of model cannot be drawn by this one", "warning")
        elif any(recipe.mixes or recipe.moves for recipe in recipes):
            self.said.emit("Its latent is the source; what was mixed into it or moved stays behind", "info")
        return fitting

    def _psis_typed(self, text: str) -> None:
        try:
            self._edit(psis=parse_psis(text))
        except ValueError as error:
            self._refuse(self.psis, error)

    def _noises_typed(self, text: str) -> None:
        try:
            seeds = tuple(seed.seed for seed in parse_seeds(text))
            if len(seeds) > MOST_SOURCES:
                raise ValueError(f"expected at most {MOST_SOURCES} noise seeds, got {len(seeds)}")
            self._edit(noises=tuple(sorted(set(seeds))))
        except ValueError as error:
            self._refuse(self.noises, error)

    def _layers_typed(self, text: str) -> None:
        try:
            parse_layers(text, self._document.spec)
            self._edit(layers=text)
        except ValueError as error:
            self._refuse(self.layers, error)

    def _refuse(self, field: ListField, error: ValueError) -> None:
        field.restore()
        self.said.emit(str(error), "warning")

    def _group_clicked(self, group: str) -> None:
        """Take a group in, or out where it is in; the last one stays."""
        spec, chosen = self._document.spec, set(self._chosen_layers())
        members = set(layer_groups(spec)[group])
        wanted = chosen - members if members <= chosen else chosen | members
        self._edit(layers=format_layers(tuple(sorted(wanted or chosen)), spec))
        self.show_session(self._document.session)

    def _export(self) -> None:
        self._refresh()
        if self.view.sheet is not None:
            self.export_wanted.emit(self.view.sheet)


EMPTY = "Name layers that this model has, and at least one row and column, to see them mixed."


def _plain(source: Source, spec: Spec) -> Source:
    """The source without a label where the model has no classes."""
    return source if spec.num_classes else Source(source.latent)


def _fields(mixing: Mixing) -> dict[str, Any]:
    return {name: getattr(mixing, name) for name in ("rows", "columns", "layers", "amount", "psis", "noises")}
