"""What a map's points are coloured by: the choice, the legend, and the work behind colours along a direction."""

from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QLabel

from app import theme
from app.compute import Compute
from app.document import Document
from app.map_colours import Colouring, by_class, by_score
from app.widgets.buttons import Choice
from ganviz.edits import Direction
from ganviz.latent_map import LatentMap
from ganviz.session import Session

NOTHING = ("", "no colours")


class MapColours(QObject):
    """The widgets `choice` and `legend`; `show(points)` is called with the colours uint8 (N, 3), or None.

    Scores along a direction are worked out on the compute thread and kept for the map and direction on show.
    """

    said = Signal(str, str)

    def __init__(self, document: Document, compute: Compute, show: Callable[[np.ndarray | None], None]) -> None:
        super().__init__()
        self._document, self._compute, self._show = document, compute, show
        self._scores: dict[tuple[str, str], np.ndarray] = {}  # by map and direction
        self._shown: object = None
        self.busy = False
        self.choice = Choice("map-colour", "What the points are coloured by")
        self.legend = QLabel()
        self.legend.setObjectName("map-legend")
        self.legend.setFont(theme.caption_font(tabular=True))
        self.legend.setProperty("tone", "muted")
        self.legend.setWordWrap(True)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.choice.activated.connect(lambda _: self._choose(self.choice.currentData()))
        theme.current().changed.connect(self._dressed)

    def show_session(self, session: Session) -> None:
        """Offer what there is: class, categories, directions of the map's model; and colour by what is chosen."""
        made = session.maps.made
        offered = [NOTHING]
        if made is not None and made.indices is not None:
            offered += [(f"code {name}" if name else "class", name or "class") for name, _ in made.sizes]
        if made is not None:
            offered += [(_key(direction), direction.name) for direction in self._directions(made)]
        if [(self.choice.itemData(k), self.choice.itemText(k)) for k in range(self.choice.count())] != offered:
            self.choice.clear()
            for key, text in offered:
                self.choice.addItem(text, key)
        self.choice.setCurrentIndex(max(0, self.choice.findData(session.maps.colour)))
        wanted = (made.digest if made else "", self.choice.currentData(), self.choice.currentText())
        if wanted != self._shown:
            self._colour(made, wanted)

    def _choose(self, colour: str) -> None:
        self._document.seal()
        self._document.edit(maps=self._document.session.maps.edit(colour=colour))

    def _dressed(self) -> None:
        """Another theme has other colours."""
        self._shown = None
        if self._document.is_open:
            self.show_session(self._document.session)

    def _colour(self, made: LatentMap | None, wanted: tuple[str, str, str]) -> None:
        """Show the colours; scores that are not here yet are worked out first."""
        found = None
        if made is not None and wanted[1]:
            found = self._colouring(made, wanted[1])
            if found is None:
                self._work_out(made, wanted[1])
                return
        self._shown = wanted
        self._show(found.points if found else None)
        legend = found.legend if found else ()
        chips = (f'<span style="color:{value}">●</span> {_plain(text)}' for value, text in legend)
        self.legend.setText(" &nbsp; ".join(chips))
        self.legend.setVisible(bool(legend))

    def _colouring(self, made: LatentMap, colour: str) -> Colouring | None:
        """The colours, or None where the scores are not here."""
        if colour.startswith("direction "):
            scores = self._scores.get((made.digest, colour))
            return None if scores is None else by_score(scores, self.choice.currentText())
        assert made.indices is not None
        name = colour.removeprefix("code ") if colour != "class" else ""
        column = [known for known, _ in made.sizes].index(name)
        return by_class(made.indices[:, column], self._names(made, name, made.sizes[column][1]))

    def _names(self, made: LatentMap, code: str, size: int) -> list[str]:
        """What the classes, or the categories of a code, are called."""
        known = self._document.knows(made.base.model) and not code
        names = self._document.header_of(made.base.model).card.class_names if known else ()
        return [names[k] if k < len(names) else f"{code or 'class'} {k}" for k in range(size)]

    def _directions(self, made: LatentMap) -> list[Direction]:
        if not self._document.knows(made.base.model):
            return []
        spec = self._document.header_of(made.base.model).spec
        return [item.direction for item in self._document.session.directions.offered(made.base, spec)]

    def _work_out(self, made: LatentMap, colour: str) -> None:
        """How far every point lies along a direction; not while other work is going on."""
        direction = next((item for item in self._directions(made) if _key(item) == colour), None)
        if direction is None or self._compute.job_running:
            return

        def job(renderer: Any) -> Any:
            from ganviz.placing import direction_scores

            return direction_scores(renderer.load(made.base.model), made, direction)

        def done(scores: np.ndarray) -> None:
            self._scores = {(made.digest, colour): scores}  # of one direction: others take but a moment
            self.busy = False
            if self._document.is_open:
                self.show_session(self._document.session)

        def ended(message: str = "") -> None:
            self.busy = False
            if message:
                self.said.emit(message, "error")

        self.busy = self._compute.start_job(job, "Colouring the map", done=done, failed=ended, cancelled=ended)


def _key(direction: Direction) -> str:
    """How the session names a direction that points are coloured by."""
    return f"direction {direction.digest}"


def _plain(text: str) -> str:
    """Text for a label that reads HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;")
