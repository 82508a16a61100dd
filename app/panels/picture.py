"""The picture itself, small, beside workspaces that show other pictures."""

import re
from typing import Any

from PySide6.QtGui import QShowEvent

from app.compute import Compute
from app.document import Document
from app.widgets.card import Card
from app.widgets.picture_pane import LINE, PicturePane
from ganviz.recipe import Recipe, describe
from ganviz.session import Session
from ganviz.spec import Spec

SIDE = 112


class PicturePanel(Card):
    """Shows what the canvas shows, so that one sees where a click on a sheet or a slider has led."""

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__("Picture", "picture")
        self._document = document
        self._wanted: Recipe | None = None
        self.pane = PicturePane("picture-small", "The picture", smooth=True)
        self.pane.setFixedHeight(SIDE + LINE)
        self.add(self.pane)
        compute.frame_ready.connect(self._frame_ready)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Every model draws pictures."""
        return True

    def show_session(self, session: Session) -> None:
        """Follow the document; the last picture stays until the next one is drawn."""
        if self.isVisible() and session.recipe != self._wanted:
            self._wanted = session.recipe
            said = describe(session.recipe, self._document.card.class_names)
            self.pane.show_picture(self.pane.pixels, re.sub(r"(?<!\w)-(?=\d)", "−", said))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._document.is_open:
            self.show_session(self._document.session)

    def _frame_ready(self, frame: Any) -> None:
        self.pane.show_picture(frame.pixels)
