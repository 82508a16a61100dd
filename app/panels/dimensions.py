"""The latent dimensions card: a slider for each, adding to what the seed gives."""

from app.compute import Compute
from app.document import Document
from app.widgets.card import Card
from app.widgets.dimension_list import DimensionList
from ganviz.expression import offsets_of, space_of, with_offsets
from ganviz.session import Session
from ganviz.spec import Spec


class DimensionsPanel(Card):
    """Sliders for every dimension of the space that the latent lives in."""

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__("Latent dimensions", "dimensions", reset="All dimensions back to what the seed gives")
        self._document = document
        self._space: tuple[str, int, str] | None = None
        self.list = DimensionList("latent-slider")
        self.add(self.list, 1)
        self.list.began.connect(document.seal)
        self.list.ended.connect(document.seal)
        self.list.value_changed.connect(self._moved)
        self.reset_clicked.connect(self.zero)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Every model has dimensions."""
        return True

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        spec, latent = self._document.spec, session.recipe.latent
        space = space_of(latent, spec.has_mapping)
        count = spec.z_dim if space == "z" else spec.w_dim
        # Snapshots of one run share a name: the list stays where it was scrolled to.
        if self._space != (space, count, session.recipe.model.name):
            self._space = (space, count, session.recipe.model.name)
            self.list.set_count(count)
        values = offsets_of(latent)
        self.list.set_values(values)
        self.set_changed(bool(values))
        self.set_caption(f"{len(values)} of {count} moved" if values else f"{count} offsets")

    def zero(self) -> None:
        """All dimensions back to what the seed gives."""
        if self._document.is_open:
            self._document.seal()
            self._document.edit_recipe(latent=with_offsets(self._document.recipe.latent, {}))

    def _moved(self, dimension: int, amount: float) -> None:
        if self._document.is_open:
            latent = self._document.recipe.latent
            values = {**offsets_of(latent), dimension: amount}
            self._document.edit_recipe(merge=("dimension", dimension), latent=with_offsets(latent, values))
