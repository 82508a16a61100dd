"""The codes card: a control for each structured code, as InfoGAN has them."""

import numpy as np
from PySide6.QtCore import QTimer

from app.compute import Compute
from app.document import Document
from app.widgets.card import Card
from app.widgets.category import BUTTONS, CategoryChooser
from app.widgets.number import NumberRow
from ganviz.codes import with_code
from ganviz.conditions import code_of
from ganviz.recipe import Recipe, class_weights
from ganviz.session import Session
from ganviz.spec import Code, Spec

CHANNEL = "categories"
SETTLE_MS = 150
BEYOND = 2.0
"""Sliders go so many times as far from the middle as the code went in training."""
UNUSED = 3
"""Controls that are there before any model with codes was open; as many as the bundled one needs."""
Control = CategoryChooser | NumberRow


class CodesPanel(Card):
    """The structured codes; the control of the k-th is `code-K`."""

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__("Codes", "code", reset="All codes back to category 0 and to 0")
        self._document, self._compute = document, compute
        self._codes: tuple[Code, ...] = ()
        self._asked: dict[Recipe, list[tuple[int, int]]] = {}  # code and category of each picture that was asked for
        self._surroundings: Recipe | None = None
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._draw)
        # Something bears the names of the first controls while no model with codes is open.
        self.controls: list[Control] = [_slider(k, Code("code", "continuous")) for k in range(UNUSED)]
        for control in self.controls:
            self.add(control)
        compute.thumbnail_ready.connect(self._thumbnail)
        self.reset_clicked.connect(self._reset)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Only models with structured codes."""
        return bool(spec.codes)

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        codes = self._document.spec.codes
        if not codes:
            return
        if codes != self._codes:
            self._build(codes)
        recipe = session.recipe
        for code, control in zip(codes, self.controls, strict=True):
            value = code_of(recipe, code)
            if isinstance(control, CategoryChooser):
                control.show_weights(value)
            else:
                control.show_value(value[0])
        plain = recipe.edit(codes=())
        self.set_changed(any(code_of(recipe, code) != code_of(plain, code) for code in codes))
        if recipe != self._surroundings:
            self._surroundings = recipe
            self._settle.start()

    def _build(self, codes: tuple[Code, ...]) -> None:
        for old in self.controls:
            old.blockSignals(True)  # a number half-typed in it is entered when it goes
            old.setParent(None)
            old.deleteLater()
        self._codes, self.controls = codes, []
        for k, code in enumerate(codes):
            control: Control
            if code.kind == "categorical":
                control = CategoryChooser(f"code-{k}", code.name, code.size)
                control.weights_changed.connect(lambda weights, code=code: self._changed(code, weights))
            else:
                control = _slider(k, code)
                control.valueChanged.connect(lambda value, code=code: self._changed(code, (value,) * code.size))
            control.began.connect(self._document.seal)
            control.ended.connect(self._document.seal)
            self.controls.append(control)
            self.add(control)

    def _changed(self, code: Code, value: tuple[float, ...]) -> None:
        if self._document.is_open:
            changed = with_code(self._document.recipe, code.name, value)
            self._document.edit_recipe(merge=("code", code.name), codes=changed.codes)

    def _reset(self) -> None:
        if self._document.is_open:
            self._document.seal()
            self._document.edit_recipe(codes=())

    # -- pictures of categories -----------------------------------------------------------------------------------

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._settle.start()

    def _draw(self) -> None:
        """The latent has come to rest: draw every category of it; the old pictures stay until then."""
        if not (self._document.is_open and self._codes and self.isVisible()):
            return
        self._asked = {}
        for k, code in enumerate(self._codes):
            if code.kind == "categorical" and code.size <= BUTTONS:
                for category in range(code.size):
                    weights = class_weights(category, code.size)
                    recipe = with_code(self._document.recipe, code.name, weights)
                    self._asked.setdefault(recipe, []).append((k, category))
        self._compute.want_thumbnails(CHANNEL, list(self._asked))

    def _thumbnail(self, recipe: Recipe, pixels: np.ndarray) -> None:
        for k, category in self._asked.get(recipe, ()):
            control = self.controls[k]
            if isinstance(control, CategoryChooser):
                control.set_picture(category, pixels)


def _slider(index: int, code: Code) -> NumberRow:
    middle, trained = (code.low + code.high) / 2, (code.high - code.low) / 2
    reach = max(trained, min(BEYOND * trained, 2.0))  # -2 to 2, where the paper's figures end, unless trained on more
    return NumberRow(
        code.name,
        middle - reach,
        middle + reach,
        name=f"code-{index}",
        tip=f"In training it went from {code.low:g} to {code.high:g}; beyond that the model goes on as it learnt to",
        signed=True,
    )
