"""The map workspace: thousands of seeds on a plane, to look around in, to pick from, to draw walks over."""

from typing import Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QMenu, QVBoxLayout

from app import theme
from app.compute import Compute
from app.document import Document
from app.panels.map_colouring import MapColours
from app.widgets.buttons import Choice, IconButton, TextButton, Tick
from app.widgets.map_view import MapView
from app.widgets.number import NumberRow
from app.widgets.wrapping import WrappingBar
from ganviz.arithmetic import item_of
from ganviz.expression import SEED_LIMIT, Seed
from ganviz.latent_map import FEWEST, MOST, LatentMap, MapSettings, own_conditions
from ganviz.recipe import Recipe
from ganviz.session import Kept, Session
from ganviz.spec import Spec
from ganviz.timeline import Timeline

CHANNEL, HOVER_CHANNEL = "map", "map-hover"
BY = (
    ("images", "by pictures", "What looks alike lies together: pose, shape, colour"),
    ("latents", "by latents", "What the network holds to be alike lies together"),
)
METHODS = (
    ("pca", "PCA", "The plane along which they vary most; quick, and distances mean something"),
    ("tsne", "t-SNE", "Neighbours stay neighbours, clusters come apart; distances between them mean little"),
)
TOOLS = (
    ("move", "cursor-move", "Drag moves the map"),
    ("select", "select", "Drag selects points (or Shift and drag); Ctrl adds"),
    ("path", "vector-polyline", "Drag draws a path, which becomes a walk"),
)
EMPTY = (
    "A map places thousands of random pictures so that what is alike lies together. Choose how, and make one; then "
    "click a picture to go there, select some for the trays, or draw a path that becomes a walk."
)


class MapPage(QFrame):
    """How to make a map above, the map, and below what can be done with the selected points or the path.

    `said(text, kind)` is for the window.
    """

    said = Signal(str, str)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__()
        self._document, self._compute = document, compute
        self._asked: dict[Recipe, int] = {}
        self._path: list[tuple[float, float]] = []
        self.by = _choice("map-by", "What lies together when it is alike", BY)
        self.method = _choice("map-method", "How points are placed", METHODS)
        self.by.setMinimumContentsLength(8)
        self.method.setMinimumContentsLength(2)
        self.count = NumberRow(
            "Points",
            200,
            5000,
            name="map-count",
            tip="How many seeds to place; pictures are drawn of each, and t-SNE takes its time beyond 3000",
            default=MapSettings().count,
            step=100,
            fine=10,
            decimals=0,
            limits=(FEWEST, MOST),
            label_width=40,
            field_width=56,
        )
        self.own = Tick(
            "Own classes", "Each point of the class that goes with its seed, else all of the present one", "map-own"
        )
        self.make_button = TextButton("Make map", "Draw and place the points", "map-make", kind="primary")
        self.tools = {tool: IconButton(icon, tip, f"map-{tool}", checkable=True) for tool, icon, tip in TOOLS}
        self.pictures = IconButton("image-multiple-outline", "Pictures, or dots", "map-pictures", checkable=True)
        self.fit_button = IconButton("fit-to-screen-outline", "Show the whole map (0)", "map-fit")
        self.view = MapView("map-view", "Map of the latent space", EMPTY)
        self.colours = MapColours(document, compute, self.view.set_colours)
        self.note = QLabel()
        self.note.setObjectName("map-note")
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.like_button = TextButton("Like", "Put the selected into the liked", "map-like", icon="thumb-up-outline")
        self.dislike_button = TextButton(
            "Dislike", "Put the selected into the disliked", "map-dislike", icon="thumb-down-outline"
        )
        self.term_button = TextButton(
            "Term", "Put the selected into a term of the arithmetic", "map-term", icon="calculator-variant-outline"
        )
        self.keep_button = TextButton(
            "Keep", "Keep the selected in the gallery", "map-keep", icon="bookmark-plus-outline"
        )
        self.stops = NumberRow(
            "Stops",
            2,
            24,
            name="map-stops",
            tip="Pictures along the path",
            default=8,
            step=1,
            fine=1,
            decimals=0,
            limits=(2, 200),
            label_width=36,
            field_width=44,
        )
        self.walk_button = TextButton(
            "To timeline", "Make the path the timeline's walk", "map-walk", icon="timeline-outline"
        )
        self.clear_button = IconButton("close", "Nothing selected, no path (Esc)", "map-clear")
        self._lay_out()
        self._connect()
        self.view.set_tool("move")

    def _lay_out(self) -> None:
        top = WrappingBar(560)
        top.first.addWidget(self.by, 3)
        top.first.addWidget(self.method, 2)
        top.first.addWidget(self.own)
        top.second.addWidget(self.count, 1)
        top.second.addWidget(self.make_button)
        bar = QHBoxLayout()
        bar.setSpacing(4)
        group = QButtonGroup(self)
        for tool in self.tools.values():
            group.addButton(tool)
            bar.addWidget(tool)
        self.tools["move"].setChecked(True)
        self.pictures.setChecked(True)
        bar.addSpacing(8)
        bar.addWidget(self.pictures)
        bar.addWidget(self.fit_button)
        bar.addStretch(1)
        label = QLabel("Colour")
        label.setBuddy(self.colours.choice)
        bar.addWidget(label)
        bar.addSpacing(4)
        bar.addWidget(self.colours.choice, 1)
        self.note.setFont(theme.caption_font(tabular=True))
        self.note.setProperty("tone", "muted")
        foot = WrappingBar(500)
        foot.second.addStrut(34)  # so that the map keeps its size when buttons come
        foot.first.addWidget(self.note, 1)
        foot.second.addStretch(1)
        for widget in (self.like_button, self.dislike_button, self.term_button, self.keep_button):
            foot.second.addWidget(widget)
        foot.second.addWidget(self.stops, 3)
        foot.second.addWidget(self.walk_button)
        foot.second.addWidget(self.clear_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addWidget(top)
        column.addLayout(bar)
        column.addWidget(self.view, 1)
        column.addWidget(self.colours.legend)
        column.addWidget(foot)

    def _connect(self) -> None:
        document, compute, view = self._document, self._compute, self.view
        self.count.began.connect(document.seal)
        self.count.ended.connect(document.seal)
        self.by.activated.connect(lambda _: self._set(by=self.by.currentData()))
        self.method.activated.connect(lambda _: self._set(method=self.method.currentData()))
        self.own.clicked.connect(lambda on: self._set(own_classes=on))
        self.count.valueChanged.connect(lambda count: self._set("map-count", count=round(count)))
        self.colours.said.connect(self.said)
        self.make_button.clicked.connect(self.make)
        for tool, button in self.tools.items():
            button.clicked.connect(lambda _=False, tool=tool: view.set_tool(tool))
        self.pictures.clicked.connect(view.set_pictures)
        self.fit_button.clicked.connect(view.fit)
        view.chosen.connect(self._go)
        view.selection_changed.connect(self._show_foot)
        view.path_drawn.connect(self._path_drawn)
        view.needed.connect(lambda places: self._draw(CHANNEL, places))
        view.hovered.connect(self._hovered)
        compute.thumbnail_ready.connect(self._thumbnail)
        self.like_button.clicked.connect(lambda: self._mark("liked"))
        self.dislike_button.clicked.connect(lambda: self._mark("disliked"))
        self.keep_button.clicked.connect(self._keep)
        self.term_button.clicked.connect(self._choose_term)
        self.stops.valueChanged.connect(lambda _: self._lay_walk())
        self.walk_button.clicked.connect(self._make_walk)
        self.clear_button.clicked.connect(self._clear)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Every latent space has a map."""
        return True

    def complete(self) -> bool:
        """Whether all that is in view is drawn."""
        return not self.colours.busy and self.view.complete()

    # -- what is shown --------------------------------------------------------------------------------------------

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        settings, made = session.maps.settings, session.maps.made
        self.by.setCurrentIndex(self.by.findData(settings.by))
        self.method.setCurrentIndex(self.method.findData(settings.method))
        self.count.show_value(settings.count)
        self.own.setChecked(settings.own_classes)
        self.own.setVisible(bool(own_conditions(self._document.spec)))
        if made != self.view.made:
            self._path = []
        self.view.set_map(made)
        self.colours.show_session(session)
        self.view.set_current(-1 if made is None else _place_of(made, session.recipe))
        self._show_foot()

    def _show_foot(self) -> None:
        """What can be done with the selected points, or with the path; else what the map is of."""
        made, selected, walk = self.view.made, bool(self.view.selected), bool(self.view.way)
        for button in (self.like_button, self.dislike_button, self.term_button, self.keep_button):
            button.setVisible(selected)
        self.stops.setVisible(walk and not selected)
        self.walk_button.setVisible(walk and not selected)
        self.clear_button.setVisible(selected or walk)
        text = ""
        if selected:
            text = f"{len(self.view.selected)} selected"
        elif walk:
            text = f"A walk over {len(self.view.way)} pictures"
        elif made is not None:
            settings = made.settings
            how = "t-SNE" if settings.method == "tsne" else "PCA"
            by = "pictures" if settings.by == "images" else settings.by
            text = f"{settings.count:,} seeds of {made.base.model.name} by {by}, {how}"
            if made.base.model.digest != self._document.recipe.model.digest:
                text += f"; make a map to see {self._document.recipe.model.name}"
        self.note.setText(text)

    # -- making ---------------------------------------------------------------------------------------------------

    def _set(self, merge: object = None, **changes: Any) -> None:
        maps = self._document.session.maps
        if merge is None:
            self._document.seal()
        self._document.edit(merge=merge, maps=maps.edit(settings=maps.settings.edit(**changes)))

    def make(self) -> None:
        """Make a map of the present model as the settings say; one step of undo."""
        recipe, settings = self._document.recipe, self._document.session.maps.settings

        def job(renderer: Any) -> Any:
            from ganviz.placing import make_map

            return make_map(renderer, recipe, settings)

        def done(made: LatentMap) -> None:
            ended()
            self._document.seal()
            self._document.edit(maps=self._document.session.maps.edit(made=made))

        def ended(message: str = "") -> None:
            self.make_button.setEnabled(True)
            if message:
                self.said.emit(message, "error")

        began = self._compute.start_job(job, "Making a map", done=done, failed=ended, cancelled=ended)
        self.make_button.setEnabled(not began)

    # -- pictures -------------------------------------------------------------------------------------------------

    def _draw(self, channel: str, places: list[int]) -> None:
        made = self.view.made
        if made is not None:
            recipes = {made.recipe(place): place for place in places}
            if channel == CHANNEL:
                self._asked = recipes
            else:
                self._asked = {**self._asked, **recipes}
            self._compute.want_thumbnails(channel, list(recipes))

    def _hovered(self, place: int) -> None:
        if place >= 0 and self.view.made is not None:
            self._draw(HOVER_CHANNEL, [place])
            self.view.setToolTip(f"seed {self.view.made.seed(place)}" if self.view.pictures else "")

    def _thumbnail(self, recipe: Recipe, pixels: np.ndarray) -> None:
        place = self._asked.get(recipe)
        if place is not None:
            self.view.set_picture(place, pixels)

    # -- hands ----------------------------------------------------------------------------------------------------

    def _recipes(self) -> tuple[Recipe, ...]:
        """Those of the selected points."""
        made = self.view.made
        return () if made is None else tuple(made.recipe(place) for place in sorted(self.view.selected))

    def _go(self, place: int) -> None:
        made = self.view.made
        if made is not None and self._document.knows(made.base.model):
            self._document.go_to(made.recipe(place))

    def _mark(self, side: str) -> None:
        self._document.seal()
        marked = self._document.session.directions.with_marked(side, self._recipes())
        self._document.edit(directions=marked)
        self.said.emit(f"{len(self.view.selected)} pictures are in {side} of the Directions workspace", "info")

    def _keep(self) -> None:
        known = {kept.recipe for kept in self._document.session.gallery}
        new = tuple(Kept(recipe) for recipe in self._recipes() if recipe not in known)
        self._document.seal()
        self._document.edit(gallery=(*self._document.session.gallery, *new))

    def _choose_term(self) -> None:
        self.term_menu().popup(self.term_button.mapToGlobal(self.term_button.rect().bottomLeft()))

    def term_menu(self) -> QMenu:
        """The terms that the selected points can go into."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for index, term in enumerate(self._document.session.arithmetic.terms):
            action = menu.addAction(f"{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[index % 26]}  ({len(term.items)})")
            action.triggered.connect(lambda _=False, index=index: self.add_to_term(index))
        return menu

    def add_to_term(self, index: int) -> None:
        """Put the selected points into a term of the arithmetic."""
        made, arithmetic = self.view.made, self._document.session.arithmetic
        if made is not None and self._document.knows(made.base.model):
            spec = self._document.header_of(made.base.model).spec
            items = (*arithmetic.terms[index].items, *(item_of(recipe, spec) for recipe in self._recipes()))
            self._document.seal()
            self._document.edit(arithmetic=arithmetic.edit_term(index, items=tuple(dict.fromkeys(items))))

    def _path_drawn(self, path: list[tuple[float, float]]) -> None:
        self._path = path
        self.view.select(())
        self._lay_walk()

    def _lay_walk(self) -> None:
        """The points nearest to evenly spread places of the path."""
        made = self.view.made
        if made is not None and self._path:
            self.view.show_way(made.along(self._path, round(self.stops.value())))
            self._draw(HOVER_CHANNEL, list(self.view.way))
        self._show_foot()

    def _make_walk(self) -> None:
        made = self.view.made
        if made is not None and self.view.way:
            recipes = tuple(made.recipe(place) for place in self.view.way)
            self._document.seal()
            self._document.edit(timeline=Timeline.evenly(recipes, self._document.session.walk))
            said = f"The timeline walks over {len(recipes)} pictures of the map; undo brings the old one back"
            self.said.emit(said, "info")

    def _clear(self) -> None:
        self._path = []
        self.view.select(())
        self.view.show_way(())
        self._show_foot()


def _place_of(made: LatentMap, recipe: Recipe) -> int:
    """The point whose picture is the present one, -1 for none."""
    if not isinstance(recipe.latent, Seed) or recipe.latent.on_plane:
        return -1
    place = (recipe.latent.seed - made.settings.first) % SEED_LIMIT
    return place if place < made.settings.count and made.recipe(place) == recipe else -1


def _choice(name: str, tip: str, items: tuple[tuple[str, str, str], ...]) -> Choice:
    made = Choice(name, tip)
    for value, text, hint in items:
        made.addItem(text, value)
        made.setItemData(made.count() - 1, hint, Qt.ItemDataRole.ToolTipRole)
    return made
