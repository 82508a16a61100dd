"""The truncation card: psi."""

from app.compute import Compute
from app.document import Document
from app.widgets.card import Card
from app.widgets.number import NumberRow
from ganviz.session import Session
from ganviz.spec import Spec

LOW, HIGH = -1.0, 2.0


class TruncationPanel(Card):
    """psi, for models that truncation does something to."""

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__("Truncation", "truncation", reset="Back to the model's own psi")
        self._document = document
        self.psi = NumberRow(
            "psi",
            LOW,
            HIGH,
            name="psi",
            tip="Below 1 pictures get more typical and more alike, above 1 more varied and stranger; 0 is the mean",
            default=1.0,
            step=0.05,
            limits=(-100.0, 100.0),
        )
        self.add(self.psi)
        self.psi.began.connect(document.seal)
        self.psi.ended.connect(document.seal)
        self.psi.valueChanged.connect(self._moved)
        self.reset_clicked.connect(self._reset)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Not for models that psi does nothing to."""
        return spec.truncation is not None

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        default = self._document.card.psi
        self.psi.slider.set_default(default)
        self.psi.show_value(session.recipe.psi)
        self.set_changed(session.recipe.psi != default)

    def _moved(self, psi: float) -> None:
        if self._document.is_open:
            self._document.edit_recipe(merge="psi", psi=psi)

    def _reset(self) -> None:
        self._document.seal()
        self._document.edit_recipe(psi=self._document.card.psi)
