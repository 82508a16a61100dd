"""The arithmetic workspace: trays for signed terms, samples to fill them from, the result amid its neighbours."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.compute import Compute
from app.document import Document
from app.panels.arithmetic_side import ResultSide
from app.panels.tray import LETTERS, Tray
from app.widgets.buttons import IconButton, TextButton
from app.widgets.list_field import ListField
from app.widgets.scrolled import scrolled
from app.widgets.sheet_grid import GAP
from app.widgets.sheet_view import SheetView
from app.widgets.strip import Item
from ganviz.arithmetic import (
    Arithmetic,
    Term,
    contrast,
    figure,
    fits,
    grid,
    item_of,
    mean_of,
    picture_of,
    usable,
)
from ganviz.errors import GanvizError
from ganviz.expression import SEED_LIMIT, Seed, describe_latent
from ganviz.formula import MOST_ITEMS, format_formula, parse_formula
from ganviz.notation import parse_seeds
from ganviz.recipe import Recipe, Sheet
from ganviz.session import Session
from ganviz.spec import Spec

CHANNEL = "terms"
SAMPLES, COLUMNS = 24, 8
LEFT, RIGHT = 3, 2
"""Shares of the width: trays and samples, the result."""
LEAST = (660, 500)
"""Width and height below which the page has bars to scroll by."""
SMALLEST, FRAME = 34, 12
"""Height of a row of samples at least, and what goes around all, in pixels."""
OTHERS = 446
"""Height of all else at the left, three trays among it."""
SETTLE_MS = 80
"""Samples and trays are drawn anew once psi and noise have been left alone this long."""
PLACEHOLDER = "mean(1,2,3) - mean(4,5,6) + mean(7,8,9)"
NOT_SEEDS = "some pictures are not plain seeds; what is typed here takes the place of all"


class ArithmeticPage(QFrame):
    """Trays at the left above the samples, result and controls at the right.

    `said(text, kind)` and `export_wanted(sheet)` are for the window.
    """

    said = Signal(str, str)
    export_wanted = Signal(object)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__()
        self._document, self._compute = document, compute
        self._first = 0  # the seed of the first sample
        self._base: Recipe | None = None  # what samples and terms were last drawn with
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._show_pictures)
        self.trays: list[Tray] = []
        self.formula = ListField(
            "arithmetic-expression", "The terms as text", "Signed means of seeds, as `ganviz arithmetic --expr` takes"
        )
        self.formula.setPlaceholderText(PLACEHOLDER)
        self.export_button = IconButton("export-variant", "Export as a PNG", "arithmetic-export")
        self.add_button = IconButton("plus", "Add a term: one tray more", "term-add")
        self.samples = SheetView(
            document,
            compute,
            "arithmetic-samples",
            "Random samples to choose from",
            picking=True,
            smallest=SMALLEST - GAP,
        )
        self.samples_label = QLabel()
        self.back = IconButton("chevron-left", "The samples before", "samples-back")
        self.forward = IconButton("chevron-right", "More samples", "samples-forward")
        self.side = ResultSide(document, compute)
        self.adders: list[TextButton] = []
        self._adder_row = QHBoxLayout()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.samples_label.setFont(theme.caption_font(tabular=True))
        self.samples_label.setProperty("tone", "muted")
        # From outside inwards: what is put somewhere else, with all that is in it, is styled anew each time.
        page = QWidget()
        page.setMinimumSize(*LEAST)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled(page, "arithmetic-area"))
        whole = QVBoxLayout(page)
        whole.setContentsMargins(16, 12, 16, 12)
        whole.setSpacing(8)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.formula, 1)
        top.addWidget(self.add_button)
        top.addWidget(self.export_button)
        inside = QWidget()
        self._tray_column = QVBoxLayout(inside)
        self._tray_column.setContentsMargins(0, 0, 8, 0)
        self._tray_column.setSpacing(8)
        self._tray_column.addStretch(1)
        area = scrolled(inside, "terms")
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setMinimumHeight(120)
        self.samples.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        self._adder_row.setSpacing(4)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.samples_label, 1)
        head.addLayout(self._adder_row)
        head.addSpacing(4)
        head.addWidget(self.back)
        head.addWidget(self.forward)
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(area, 1)
        left.addLayout(head)
        left.addWidget(self.samples)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addLayout(left, LEFT)
        row.addWidget(self.side, RIGHT)
        whole.addLayout(top)
        whole.addLayout(row, 1)

    def _connect(self) -> None:
        self.formula.entered.connect(self._formula_typed)
        menu = QMenu(self.export_button)
        for name, text, pictures in (("result", "The result, 3 x 3", False), ("figure", "With terms and pixels", True)):
            action = menu.addAction(text)
            action.setObjectName(f"arithmetic-export-{name}")
            action.triggered.connect(lambda _=False, pictures=pictures: self.export(pictures))
        self.export_button.setMenu(menu)
        self.export_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.add_button.clicked.connect(self._add_term)
        self.samples.chosen.connect(self._document.go_to)
        self.samples.selection_changed.connect(self._say_samples)
        self.samples.grid.installEventFilter(self)
        self.back.clicked.connect(lambda: self._turn_page(-1))
        self.forward.clicked.connect(lambda: self._turn_page(1))
        self.side.said.connect(self.said)
        self.side.chosen.connect(self._document.go_to)
        self._compute.thumbnail_ready.connect(self._thumbnail)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The samples are as high as their width makes them, and leave the trays most of the room."""
        super().resizeEvent(event)
        rows, room = SAMPLES // COLUMNS, max(self.height(), LEAST[1])
        width = (max(self.width(), LEAST[0]) - 72) * LEFT // (LEFT + RIGHT)
        wanted = rows * (width // COLUMNS) + FRAME
        self.samples.setFixedHeight(max(rows * SMALLEST + FRAME, min(wanted, room - OTHERS)))

    def make_ahead(self) -> Iterator[None]:
        """Make what the first session will need."""
        for count in range(len(Arithmetic().terms)):
            if count >= len(self.trays):
                self._count_trays(count + 1)
                yield

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Every model has latents to add."""
        return True

    def complete(self) -> bool:
        """Whether all pictures are here."""
        return self.samples.complete() and self.side.complete() and not any(tray.missing() for tray in self.trays)

    # -- following the document -----------------------------------------------------------------------------------

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        whole, spec = session.arithmetic, self._document.spec
        self._count_trays(len(whole.terms))
        seeds = [[item.latent for item in term.items] for term in whole.terms if term.items]
        plain = all(isinstance(latent, Seed) for latents in seeds for latent in latents)
        terms = [(term.weight, [item.latent for item in term.items]) for term in whole.terms if term.items]
        self.formula.show_text(format_formula(terms) if plain else "")  # type: ignore[arg-type]
        self.formula.setPlaceholderText(PLACEHOLDER if plain else NOT_SEEDS)
        self.side.show_session(session, self._sheets)
        base = _settings(session.recipe)
        if self._base is not None and self._base.model == base.model and self._base != base:
            self._settle.start()
        else:
            self._base = base
            self._show_pictures()
        left_out = len(whole.recipes) - len(usable(whole, spec).recipes)
        self.side.say_left_out(left_out)

    def _show_pictures(self) -> None:
        """Samples and trays, drawn with the psi and noise of the present picture."""
        if not self._document.is_open:
            return
        session, spec = self._document.session, self._document.spec
        base = self._base = _settings(session.recipe)
        whole = session.arithmetic
        for tray, term in zip(self.trays, whole.terms, strict=False):
            items = [item for item in term.items if fits(item, spec)]
            pictures = [Item(picture_of(item, base, spec), tip=describe_latent(item.latent)) for item in items]
            mean = _mean_item(whole, Term(1.0, tuple(items)), base, spec, tray.letter) if items else None
            tray.show_term(term.weight, pictures, mean, may_close=len(whole.terms) > 1)
        self.samples.set_sheet(samples(session.recipe, self._first))
        self._say_samples()
        self._want()

    def _sheets(self) -> tuple[Sheet, Sheet]:
        """The result, and the same in pixels. GanvizError where there is none."""
        session, spec = self._document.session, self._document.spec
        whole, base = usable(session.arithmetic, spec), session.recipe
        return grid(whole, base, spec), Sheet((contrast(whole, base, spec),), 1)

    def export(self, pictures: bool) -> None:
        """Hand the result to the window to be written; with its pictures, as the figure of the paper."""
        session, spec = self._document.session, self._document.spec
        try:
            sheet = figure(usable(session.arithmetic, spec), session.recipe, spec, terms=pictures, in_pixels=pictures)
        except GanvizError as error:
            self.said.emit(str(error), "warning")
        else:
            self.export_wanted.emit(sheet)

    def _say_samples(self) -> None:
        count = len(self.samples.selected())
        seeds = f"Seeds {self._first} to {self._first + SAMPLES - 1}"
        self.samples_label.setText(f"{seeds} · {count} selected" if count else f"{seeds} · select, add to")
        self.back.setEnabled(self._first > 0)

    # -- trays ----------------------------------------------------------------------------------------------------

    def _count_trays(self, count: int) -> None:
        while len(self.trays) > count:
            for gone in (self.trays.pop(), self.adders.pop()):
                gone.setParent(None)
                gone.deleteLater()
        while len(self.trays) < min(count, len(LETTERS)):
            k = len(self.trays)
            tray = Tray(k)
            self._follow(tray, k)
            self.trays.append(tray)
            self._tray_column.insertWidget(k, tray)
            adder = TextButton(tray.letter, f"Add the selected samples to {tray.letter} ({tray.letter})", f"add-to-{k}")
            adder.setFixedWidth(32)
            adder.setProperty("kind", "link")
            adder.clicked.connect(lambda _=False, k=k: self._add_picked(k))
            self.adders.append(adder)
            self._adder_row.addWidget(adder)
        self.add_button.setEnabled(count < len(LETTERS))

    def _follow(self, tray: Tray, k: int) -> None:
        tray.taken.connect(lambda recipes: self.add(k, recipes))
        tray.seeds_typed.connect(lambda text: self._seeds_typed(k, text))
        tray.present_wanted.connect(lambda: self.add(k, (self._document.recipe,)))
        tray.removed.connect(lambda row: self._remove(k, row))
        tray.shown.connect(self._document.go_to)
        tray.began.connect(self._document.seal)
        tray.ended.connect(self._document.seal)
        tray.weight_changed.connect(lambda weight: self._edit_term(k, merge=("weight", k), weight=weight))
        tray.closed.connect(lambda: self._close(k))
        tray.needed.connect(lambda _: self._want())

    @property
    def _arithmetic(self) -> Arithmetic:
        return self._document.session.arithmetic

    def _edit_term(self, k: int, merge: object = None, **changes: Any) -> None:
        if k < len(self._arithmetic.terms):  # what is half-typed when its term goes is entered as its field is hidden
            self._document.edit(merge=merge, arithmetic=self._arithmetic.edit_term(k, **changes))

    def add(self, k: int, recipes: Sequence[Recipe]) -> None:
        """Put pictures into a term, each once; what has no place in a latent is left out, and said."""
        spec, term = self._document.spec, self._arithmetic.terms[k]
        items = [item for item in (item_of(recipe, spec) for recipe in recipes) if fits(item, spec)]
        if len(items) < len(recipes):
            self.said.emit("Pictures of a model of other sizes cannot be added", "warning")
        elif any(recipe.mixes or recipe.units or len(recipe.moves) > _in_z(recipe) for recipe in recipes):
            self.said.emit("Only the latent is added: mixes, moves in w and edits of units are left out", "info")
        new = [item for item in dict.fromkeys(items) if item not in term.items]
        if len(self._arithmetic.recipes) + len(new) > MOST_ITEMS:
            self.said.emit(f"All terms together hold at most {MOST_ITEMS} pictures", "warning")
        elif new:
            self._document.seal()
            self._edit_term(k, items=(*term.items, *new))

    def _add_picked(self, k: int) -> None:
        self.add(k, self.samples.picked())
        self.samples.select(set())

    def _remove(self, k: int, row: int) -> None:
        items = self._arithmetic.terms[k].items
        shown = [place for place, item in enumerate(items) if fits(item, self._document.spec)]
        if row < len(shown):
            self._document.seal()
            self._edit_term(k, items=items[: shown[row]] + items[shown[row] + 1 :])

    def _add_term(self) -> None:
        self._document.seal()
        self._document.edit(arithmetic=self._arithmetic.edit(terms=(*self._arithmetic.terms, Term())))

    def _close(self, k: int) -> None:
        terms = self._arithmetic.terms
        if len(terms) > 1:
            self._document.seal()
            self._document.edit(arithmetic=self._arithmetic.edit(terms=terms[:k] + terms[k + 1 :]))

    def _seeds_typed(self, k: int, text: str) -> None:
        try:
            seeds = parse_seeds(text)
        except ValueError as error:
            self.said.emit(f"Seeds of {LETTERS[k]}: {error}", "warning")
            return
        self.trays[k].seeds.clear()
        self.add(k, [self._document.recipe.edit(latent=seed, moves=(), mixes=(), units=()) for seed in seeds])

    def _formula_typed(self, text: str) -> None:
        """Terms in place of those that were there; an empty line takes the pictures out of all."""
        recipe, spec = self._document.recipe, self._document.spec
        try:
            given = parse_formula(text) if text else ()
        except ValueError as error:
            self.said.emit(f"The expression: {error}", "warning")
            return
        if len(given) > len(LETTERS):
            self.said.emit(f"The expression: expected at most {len(LETTERS)} terms, got {len(given)}", "warning")
            return
        plain = recipe.edit(moves=(), mixes=(), units=())
        # Pictures that are there already keep their class and codes, which the text does not say.
        known = {item.latent: item for term in self._arithmetic.terms for item in term.items}
        terms = tuple(
            Term(weight, tuple(known.get(seed) or item_of(plain.edit(latent=seed), spec) for seed in seeds))
            for weight, seeds in given
        )
        self._document.seal()
        self._document.edit(arithmetic=self._arithmetic.edit(terms=terms or Arithmetic().terms))

    # -- samples, thumbnails, keys --------------------------------------------------------------------------------

    def _turn_page(self, pages: int) -> None:
        self._first = min(max(0, self._first + pages * SAMPLES), SEED_LIMIT - SAMPLES)
        self._show_pictures()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A letter pressed over the samples adds those that are selected to the term of that letter."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and not event.modifiers():
            k = LETTERS.find(event.text().upper()) if event.text() else -1
            if 0 <= k < len(self.trays):
                self._add_picked(k)
                return True
        return super().eventFilter(watched, event)

    def _want(self) -> None:
        if self.isVisible():
            missing = [recipe for tray in self.trays for recipe in tray.missing()]
            self._compute.want_thumbnails(CHANNEL, list(dict.fromkeys(missing)))

    def _thumbnail(self, recipe: Recipe, pixels: np.ndarray) -> None:
        for tray in self.trays:
            tray.set_picture(recipe, pixels)


def samples(recipe: Recipe, first: int) -> Sheet:
    """A page of random samples with the class, codes, psi and noise of a recipe: the seeds from `first` on."""
    plain = recipe.edit(moves=(), mixes=(), units=())
    return Sheet(tuple(plain.edit(latent=Seed(seed)) for seed in range(first, first + SAMPLES)), COLUMNS)


def _settings(recipe: Recipe) -> Recipe:
    """A recipe without what arithmetic replaces."""
    return recipe.edit(latent=Seed(0), moves=(), mixes=(), units=())


def _in_z(recipe: Recipe) -> int:
    return sum(move.direction.space == "z" for move in recipe.moves)


def _mean_item(whole: Arithmetic, term: Term, base: Recipe, spec: Spec, letter: str) -> Item | None:
    try:
        return Item(mean_of(whole, term, base, spec), tip=f"Mean of {letter}: {len(term.items)} pictures")
    except GanvizError:
        return None
