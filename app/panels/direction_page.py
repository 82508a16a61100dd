"""The directions workspace: find directions, see what each does, name, keep and compare them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout

from app import direction_finding
from app.compute import Compute
from app.document import Document
from app.panels.direction_views import EntanglementView, SamplesView, SearchBar
from app.widgets.buttons import IconButton, SegmentedTabs
from app.widgets.direction_list import DirectionList
from app.widgets.direction_rows import Row
from app.widgets.picture_tray import PictureTray
from ganviz.direction_files import SUFFIX, load_directions, save_directions
from ganviz.directions import (
    SHEET_AMOUNTS,
    Found,
    amount_of,
    direction_sheet,
    free_name,
    parted,
    with_amount,
    with_direction,
)
from ganviz.edits import Direction
from ganviz.errors import GanvizError
from ganviz.mixing import format_layers
from ganviz.recipe import Recipe, describe
from ganviz.session import Session
from ganviz.spec import Spec

CHANNEL = "direction-strips"
PATTERN = f"Directions (*{SUFFIX})"
VIEWS = (
    ("Strips", "What each direction does to the present picture"),
    ("Entanglement", "What else moves when one goes along a direction"),
    ("Samples", "Random pictures to mark as liked or disliked"),
)
ROOMY = 500
"""From this width on, in pixels, there is room for all buttons beside the tabs."""
HEADINGS = tuple(f"{amount:+g} σ".replace("-", "−") if amount else "0" for amount in SHEET_AMOUNTS)
EMPTY = (
    "Nothing is listed yet. Find what varies most in this model's pictures (PCA) or what its weights stretch most "
    "(SeFa); or put pictures that have something and pictures that do not into the trays, and find what parts them."
)
LIKED = "Drag pictures here that have what you are looking for."
DISLIKED = "Drag pictures here that do not have it."


class DirectionsPage(QFrame):
    """Search above, in the middle one of three views, below the trays of liked and disliked pictures.

    `said(text, kind)` and `export_wanted(sheet)` are for the window.
    """

    said = Signal(str, str)
    export_wanted = Signal(object)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__()
        self._document, self._compute = document, compute
        self._offered: tuple[Found, ...] = ()
        self.search = SearchBar()
        self.tabs = SegmentedTabs(list(VIEWS), "directions-views", "What is shown of the directions", kind="plain")
        self.rename_button = IconButton("pencil-outline", "Rename the direction (F2)", "directions-rename")
        self.remove_button = IconButton(
            "trash-can-outline", "Remove the selected directions (Del)", "directions-remove"
        )
        self.part_button = IconButton(
            "call-split",
            "Part the last one selected from the others: going along it leaves their scores alone",
            "directions-part",
        )
        self.load_button = IconButton("folder-open-outline", "Load directions from a file", "directions-load")
        self.save_button = IconButton("content-save-outline", "Save the selected directions, or all", "directions-save")
        self.export_button = IconButton("export-variant", "Export a sheet of the selected, or all", "directions-export")
        self.list = DirectionList("directions-list", "Directions", EMPTY, _strip, len(SHEET_AMOUNTS))
        self.entanglement = EntanglementView(document, compute)
        self.samples = SamplesView(document, compute)
        self.liked = PictureTray(compute, "liked", "Liked", "thumb-up-outline", LIKED)
        self.disliked = PictureTray(compute, "disliked", "Disliked", "thumb-down-outline", DISLIKED)
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()
        self.setAcceptDrops(True)

    def _lay_out(self) -> None:
        # From outside inwards: what is put somewhere else, with all that is in it, is styled anew each time.
        tools, trays = QHBoxLayout(), QHBoxLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addWidget(self.search)
        column.addLayout(tools)
        column.addWidget(self._stack, 1)
        column.addLayout(trays)
        tools.setSpacing(4)
        tools.addWidget(self.tabs)
        tools.addStretch(1)
        for button in (self.part_button, self.rename_button, self.remove_button):
            tools.addWidget(button)
        tools.addSpacing(8)
        for button in (self.load_button, self.save_button, self.export_button):
            tools.addWidget(button)
        for view in (self.list, self.entanglement, self.samples):
            self._stack.addWidget(view)
        trays.setSpacing(8)
        trays.addWidget(self.liked, 1)
        trays.addWidget(self.disliked, 1)

    def _connect(self) -> None:
        compute = self._compute
        self.search.wanted.connect(self._find)
        self.tabs.currentChanged.connect(self._stack.setCurrentIndex)
        self.tabs.currentChanged.connect(lambda _: self._show_tools())
        self.part_button.clicked.connect(self._part)
        self.rename_button.clicked.connect(self._edit_name)
        self.remove_button.clicked.connect(self._remove)
        self.load_button.clicked.connect(self._ask_for_file)
        self.save_button.clicked.connect(self._ask_where_to_save)
        self.export_button.clicked.connect(self._export)
        self.list.chosen.connect(self._go)
        self.list.renamed.connect(self._rename)
        self.list.removed.connect(self._remove)
        self.list.selection_changed.connect(self._show_tools)
        self.list.needed.connect(lambda recipes: compute.want_thumbnails(CHANNEL, recipes))
        compute.thumbnail_ready.connect(self.list.set_picture)
        self.entanglement.said.connect(self.said)
        self.samples.marked.connect(self._mark)
        self.samples.chosen.connect(self._go)
        for side, tray in (("liked", self.liked), ("disliked", self.disliked)):
            tray.taken.connect(lambda recipes, side=side: self._mark(side, recipes))
            tray.add_clicked.connect(lambda side=side: self._mark(side, (self._document.recipe,)))
            tray.removed.connect(lambda index, side=side: self._unmark(side, index))
            tray.cleared.connect(lambda side=side: self._edit(**{side: ()}))
            tray.chosen.connect(self._go)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Every model has directions."""
        return True

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        for button in (self.part_button, self.rename_button, self.remove_button):
            button.setVisible(self.width() >= ROOMY)  # else by F2 and Del alone

    def complete(self) -> bool:
        """Whether all that is in view is drawn."""
        here = {0: self.list.complete, 1: lambda: True, 2: self.samples.complete}[self.tabs.currentIndex()]
        return here() and self.liked.complete() and self.disliked.complete()

    # -- what is shown --------------------------------------------------------------------------------------------

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        spec, recipe, marked = self._document.spec, session.recipe, session.directions
        self.search.set_spec(spec)
        self.search.show_marked(*map(len, direction_finding.own_marked(marked, recipe.model)))
        before, self._offered = self._offered, marked.offered(recipe, spec)
        self.list.set_rows([_row(item, recipe, spec) for item in self._offered], HEADINGS)
        self.entanglement.set_directions([item.direction for item in self._offered])
        self.samples.show_session(session)
        for tray, recipes in ((self.liked, marked.liked), (self.disliked, marked.disliked)):
            tray.set_recipes(recipes, [self._tip(item) for item in recipes])
        if before and self._offered[: len(before)] == before and len(self._offered) > len(before):
            self._bring_up(len(before))
        self._show_tools()

    def _bring_up(self, row: int) -> None:
        """Show what has joined the list."""
        index = self.list.model().index(row, 0)
        self.list.setCurrentIndex(index)
        self.list.scrollTo(index, DirectionList.ScrollHint.PositionAtTop)

    def _tip(self, recipe: Recipe) -> str:
        names = self._document.header_of(recipe.model).card.class_names if self._document.knows(recipe.model) else ()
        return f"{recipe.model.name}\n{describe(recipe, names)}"

    def _show_tools(self) -> None:
        some, chosen = bool(self._offered), self.list.selected()
        on_list = self.tabs.currentIndex() == 0
        self.part_button.setEnabled(on_list and len(chosen) > 1)
        self.rename_button.setEnabled(on_list and len(chosen) == 1)
        self.remove_button.setEnabled(on_list and bool(chosen))
        self.save_button.setEnabled(some)
        self.export_button.setEnabled(some)
        self.entanglement.set_chosen(chosen)

    def _chosen(self) -> list[Found]:
        """The selected directions, or all where none is."""
        return [self._offered[k] for k in self.list.selected() or range(len(self._offered))]

    # -- editing --------------------------------------------------------------------------------------------------

    def _edit(self, **changes: Any) -> None:
        self._document.seal()
        self._document.edit(directions=self._document.session.directions.edit(**changes))

    def _go(self, recipe: Recipe) -> None:
        if self._document.knows(recipe.model):
            self._document.go_to(recipe)

    def _find(self, search: direction_finding.Search) -> None:
        began = direction_finding.begin(
            self._document, self._compute, search, self.said.emit, lambda: self.search.set_busy(False)
        )
        self.search.set_busy(began)
        if began:
            self.tabs.setCurrentIndex(0)

    def _edit_name(self) -> None:
        chosen = self.list.selected()
        if chosen:
            self.list.edit(self.list.model().index(chosen[0], 0))

    def _rename(self, row: int, name: str) -> None:
        old, directions = self._offered[row], self._document.session.directions
        name = free_name(name, [item.direction.name for item in self._offered if item is not old])
        new = replace(old, direction=replace(old.direction, name=name))
        listed = directions.replaced(old, new) if old in directions.found else directions.with_found([new])
        self._document.seal()
        recipe = with_direction(self._document.recipe, old.direction, new.direction)
        self._document.edit(directions=listed, recipe=recipe)

    def _part(self) -> None:
        """A new direction: the last one selected without what it shares with the others."""
        chosen, last = self.list.selected(), self.list.currentIndex().row()
        if last not in chosen or len(chosen) < 2:
            return
        item, directions = self._offered[last], self._document.session.directions
        try:
            made = parted(item.direction, [self._offered[k].direction for k in chosen if k != last])
        except GanvizError as error:
            self.said.emit(str(error), "warning")
            return
        self._document.seal()
        self._document.edit(directions=directions.with_found([replace(item, direction=made, note="parted")]))

    def _remove(self) -> None:
        gone = [self._offered[k] for k in self.list.selected()]
        recipe = self._document.recipe
        for item in gone:
            recipe = with_amount(recipe, item.direction, 0)
        self._document.seal()
        self._document.edit(directions=self._document.session.directions.without(gone), recipe=recipe)

    def _mark(self, side: str, recipes: Sequence[Recipe]) -> None:
        self._document.seal()
        self._document.edit(directions=self._document.session.directions.with_marked(side, recipes))

    def _unmark(self, side: str, index: int) -> None:
        recipes = getattr(self._document.session.directions, side)
        self._edit(**{side: recipes[:index] + recipes[index + 1 :]})

    # -- files ----------------------------------------------------------------------------------------------------

    def _ask_for_file(self) -> None:
        chooser = self._chooser("Load directions")
        chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        chooser.fileSelected.connect(self.load)
        chooser.open()

    def _ask_where_to_save(self) -> None:
        chooser = self._chooser("Save directions")
        chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        chooser.setDefaultSuffix(SUFFIX.removeprefix("."))
        chooser.selectFile(f"{self._document.recipe.model.name}-directions{SUFFIX}")
        chooser.fileSelected.connect(self.save)
        chooser.open()

    def _chooser(self, title: str) -> QFileDialog:
        folder = self._document.path.parent if self._document.path else Path.home()
        chooser = QFileDialog(self, title, str(folder), PATTERN)
        chooser.setObjectName("directions-chooser")
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return chooser

    def load(self, path: str) -> None:
        """Add the directions of a file to the list."""
        directions = self._document.session.directions
        try:
            loaded = load_directions(path, self._document.recipe.model, self._document.spec)
        except GanvizError as error:
            self.said.emit(str(error), "error")
            return
        listed = directions.with_found(loaded.found)
        new = len(listed.found) - len(directions.found)
        if new:
            self._document.seal()
            self._document.edit(directions=listed)
        if loaded.warning:
            self.said.emit(loaded.warning, "warning")
        elif not new:
            self.said.emit(f"{Path(path).name}: these directions are in the list already", "info")

    def save(self, path: str) -> None:
        """Write the selected directions, or all; those found in other weights stay out: a file is of one model."""
        model = self._document.recipe.model
        chosen = self._chosen()
        own = [item for item in chosen if item.model.digest == model.digest]
        try:
            if not own:
                raise GanvizError(f"{Path(path).name}: none of these was found in {model.name} itself; open that model")
            save_directions(path, [replace(item, model=model) for item in own], self._document.spec)
        except GanvizError as error:
            self.said.emit(str(error), "error")
            return
        left = len(chosen) - len(own)
        more = f"; {left} found in other weights {'is' if left == 1 else 'are'} not in it" if left else ""
        self.said.emit(f"{Path(path).name}: {len(own)} directions written{more}", "info")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.toLocalFile().lower().endswith(SUFFIX) for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        for url in event.mimeData().urls():
            if url.toLocalFile().lower().endswith(SUFFIX):
                event.acceptProposedAction()
                self.load(url.toLocalFile())

    def _export(self) -> None:
        directions = [item.direction for item in self._chosen()]
        self.export_wanted.emit(direction_sheet(self._document.recipe, directions))


def _row(item: Found, recipe: Recipe, spec: Spec) -> Row:
    """A direction as the list shows it."""
    direction, amount = item.direction, amount_of(recipe, item.direction)
    foreign = item.model.digest != recipe.model.digest
    now = next((k for k, column in enumerate(SHEET_AMOUNTS) if abs(column - amount) < 1e-6), -1)
    layers = "" if direction.layers is None else format_layers(direction.layers, spec)
    caption = " · ".join(part for part in (said_score(direction), layers) if part)
    tip = [direction.name, f"{caption} · one step is {direction.sigma:.3g} in {direction.space}"]
    tip += [item.note] if item.note else []
    tip += [f"found in other weights ({item.model.name})"] if foreign else []
    return Row(direction.name, caption, "\n".join(tip), (recipe, direction), now, foreign)


def _strip(strip: Any) -> tuple[Recipe, ...]:
    """The pictures of a row: the recipe along the direction."""
    recipe, direction = strip
    return direction_sheet(recipe, [direction]).recipes


def said_score(direction: Direction) -> str:
    """Origin, where the name does not say it, and score in a few words."""
    said: list[str] = [] if direction.name.startswith(direction.origin) else [direction.origin]
    if direction.score is not None:
        of = {"PCA": " of variance", "labelled": " right"}.get(direction.origin, "")
        said.append(f"{direction.score:.{0 if direction.origin == 'labelled' else 1}%}{of}")
    return " · ".join(said)
