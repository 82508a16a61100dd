"""The history tab: every step so far as a picture; a click goes there."""

from collections.abc import Sequence

from PySide6.QtCore import QTimer

from app.compute import Compute
from app.document import Document
from app.widgets.strip import Item, Strip
from ganviz.recipe import Recipe, describe
from ganviz.session import Session
from ganviz.spec import Spec

CHANNEL = "history"
FOLLOW_MS = 100
"""While a slider is dragged the strip follows at this pace."""


class HistoryPanel(Strip):
    """Past, present and undone steps; the present is marked."""

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__("history", "History", "Every step will show here; a click goes back to it.", side=64)
        self._document, self._compute = document, compute
        self._steps: list[Session] = []  # for each item, the step that a click goes to
        self._follow = QTimer(self, singleShot=True, interval=FOLLOW_MS)
        self._follow.timeout.connect(self._refresh)
        self.needed.connect(lambda keys: compute.want_thumbnails(CHANNEL, keys))
        compute.thumbnail_ready.connect(self.set_picture)
        self.activated_at.connect(self._go)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Always."""
        return True

    def show_session(self, session: Session) -> None:
        """Follow the document, at once when at rest and else at a bounded pace."""
        if not self._follow.isActive():
            self._follow.start()

    def showEvent(self, event) -> None:
        self._refresh()
        super().showEvent(event)

    def _refresh(self) -> None:
        if not (self._document.is_open and self.isVisible()):
            return
        history = self._document.history
        present = len(history.past)
        sessions = (*history.past, history.present, *history.future)
        recipes = [session.recipe for session in sessions]
        items: list[Item] = []
        self._steps, current = [], -1
        for place, recipe in enumerate(recipes):
            if place == 0 or recipe != recipes[place - 1]:
                items.append(Item(recipe, tip=_bred(sessions, place) + self._say(recipe)))
                self._steps.append(sessions[place])
            if place == present:
                current = len(items) - 1
                # Steps that changed no pixel share an item, which then stands for the present one.
                self._steps[current] = sessions[place]
        missing_before = self.pictures()
        self.set_items(items, current)
        if missing_before != self.pictures():
            self.ask_again()

    def _say(self, recipe: Recipe) -> str:
        names = self._document.header_of(recipe.model).card.class_names if self._document.knows(recipe.model) else ()
        return f"{self._document.name_of(recipe.model)}\n{describe(recipe, names)}"

    def _go(self, index: int) -> None:
        """To the step that was clicked, wherever it is by now: the strip lags behind by up to FOLLOW_MS."""
        history = self._document.history
        steps = (*history.past, history.present, *history.future)
        place = next((place for place, step in enumerate(steps) if step is self._steps[index]), None)
        if place is None:  # the history has begun anew, or has dropped it
            self._refresh()
        else:
            self._document.jump(place)


def _bred(sessions: Sequence[Session], place: int) -> str:
    """A line for a step that began a generation: which one, and of how many parents."""
    breeding = sessions[place].breeding
    before = sessions[place - 1].breeding.generation if place else 0
    if not breeding.parents or breeding.generation <= before:
        return ""
    return f"generation {breeding.generation}, bred from {len(breeding.parents)}\n"
