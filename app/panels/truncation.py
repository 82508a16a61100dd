"""The truncation card: psi, the layers that it reaches, and layers with a psi of their own."""

from app.compute import Compute
from app.document import Document
from app.widgets.card import Card
from app.widgets.fold import Fold
from app.widgets.number import NumberRow
from ganviz.mixing import style_resolutions
from ganviz.recipe import Recipe
from ganviz.session import Session
from ganviz.spec import Spec

LOW, HIGH = -1.0, 2.0
LIMITS = (-100.0, 100.0)


class TruncationPanel(Card):
    """psi and cutoff, for models that truncation does something to; by layer where there are several."""

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__("Truncation", "truncation", reset="Back to the model's own psi on all layers")
        self._document = document
        self._spec: Spec | None = None
        self.psi = NumberRow(
            "psi",
            LOW,
            HIGH,
            name="psi",
            tip="Below 1 pictures get more typical and more alike, above 1 more varied and stranger; 0 is the mean",
            default=1.0,
            step=0.05,
            limits=LIMITS,
        )
        self.cutoff = NumberRow(
            "Cutoff",
            0,
            1,
            name="cutoff",
            tip="How many layers psi reaches, from the coarsest on; all of them unless you say otherwise",
            default=1,
            step=1,
            fine=1,
            decimals=0,
            limits=(0, 1),
        )
        self.layers = Fold("psi of single layers", "psi-layers")
        self._rows: list[NumberRow] = []
        self.add(self.psi)
        self.add(self.cutoff)
        self.add(self.layers)
        for row in (self.psi, self.cutoff):
            row.began.connect(document.seal)
            row.ended.connect(document.seal)
        self.psi.valueChanged.connect(lambda psi: self._edit("psi", psi=psi))
        self.cutoff.valueChanged.connect(self._cut)
        self.layers.opened.connect(lambda: self.show_session(document.session) if document.is_open else None)
        self.reset_clicked.connect(self._reset)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Not for models that psi does nothing to."""
        return spec.truncation is not None

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        spec, recipe = self._document.spec, session.recipe
        if spec is not self._spec:
            self._fit(spec)
        default = self._document.card.psi
        self.psi.slider.set_default(default)
        self.psi.show_value(recipe.psi)
        self.cutoff.show_value(spec.num_ws if recipe.cutoff is None else recipe.cutoff)
        self._show_layers(recipe)
        self.set_caption("" if recipe.cutoff is None else f"{min(recipe.cutoff, spec.num_ws)} of {spec.num_ws} layers")
        self.set_changed(recipe.psi != default or recipe.cutoff is not None or bool(recipe.psis))

    def _fit(self, spec: Spec) -> None:
        """Offer as many layers as the model has."""
        self._spec = spec
        several = spec.num_ws > 1
        self.cutoff.setVisible(several)
        self.layers.setVisible(several)
        self.cutoff.set_range(0, spec.num_ws, (0, spec.num_ws))
        self.cutoff.slider.set_default(spec.num_ws)

    def _show_layers(self, recipe: Recipe) -> None:
        own = dict(recipe.psis)
        self.layers.set_caption(f"{len(own)} set" if own else "")
        if self.layers.folded or self._spec is None:
            return
        sizes = style_resolutions(self._spec)
        while len(self._rows) < len(sizes):
            self._add_row(len(self._rows))
        for k, row in enumerate(self._rows):
            row.setVisible(k < len(sizes))
            if k < len(sizes):
                others = self._shared(recipe, k)
                row.label.setText(f"{k} · {sizes[k]} px")
                row.slider.set_default(others)
                row.show_value(own.get(k, others))

    def _add_row(self, k: int) -> None:
        row = NumberRow(
            str(k),
            LOW,
            HIGH,
            name=f"psi-layer-{k}",
            tip=f"psi of layer {k} alone, whatever the cutoff; a double click gives it back to the others",
            default=1.0,
            step=0.05,
            limits=LIMITS,
        )
        row.began.connect(self._document.seal)
        row.ended.connect(self._document.seal)
        row.valueChanged.connect(lambda psi: self._set_layer(k, psi))
        self._rows.append(row)
        self.layers.rows.addWidget(row)

    @staticmethod
    def _shared(recipe: Recipe, k: int) -> float:
        """The psi that a layer has where it has none of its own."""
        return recipe.psi if recipe.cutoff is None or k < recipe.cutoff else 1.0

    def _set_layer(self, k: int, psi: float) -> None:
        recipe = self._document.recipe
        psis = {**dict(recipe.psis), k: psi}
        if psi == self._shared(recipe, k):
            del psis[k]
        self._edit(("psi", k), psis=tuple(sorted(psis.items())))

    def _cut(self, layers: float) -> None:
        whole = round(layers)
        if self._spec is not None:
            self._edit("cutoff", cutoff=None if whole >= self._spec.num_ws else whole)

    def _edit(self, merge: object, **changes: object) -> None:
        if self._document.is_open:
            self._document.edit_recipe(merge=merge, **changes)

    def _reset(self) -> None:
        self._document.seal()
        self._document.edit_recipe(psi=self._document.card.psi, cutoff=None, psis=())
