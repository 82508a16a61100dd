"""The next seed card: goes from one seed to the next."""

from app.compute import Compute
from app.document import Document
from app.widgets.buttons import TextButton
from app.widgets.card import Card
from ganviz.expression import Seed
from ganviz.session import Session
from ganviz.spec import Spec


class NextSeedPanel(Card):
    """A button that is grey where the picture is not of one seed."""

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__("Next seed", "next-seed")
        self._document = document
        self.button = TextButton("Next", "The picture of the next seed", "next-seed-go")
        self.button.clicked.connect(self._go)
        self.add(self.button)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Always: every model has seeds."""
        return True

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        self.button.setEnabled(isinstance(session.recipe.latent, Seed))

    def _go(self) -> None:
        latent = self._document.recipe.latent
        if isinstance(latent, Seed):
            self._document.seal()
            self._document.edit_recipe(latent=Seed(latent.seed + 1))
