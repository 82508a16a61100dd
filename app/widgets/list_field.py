"""Fields for short lists: seeds and dropped pictures, psis, layers."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit

from app import theme
from app.widgets.number import leave_undo
from app.widgets.recipe_mime import MIME, from_mime
from ganviz.expression import Seed
from ganviz.mixing import MOST_SOURCES, Source
from ganviz.notation import format_seed, parse_seeds


class ListField(QLineEdit):
    """A line of text for a list. `entered(str)` when another one was typed; Escape brings the old one back."""

    entered = Signal(str)

    def __init__(self, name: str, label: str, tip: str) -> None:
        super().__init__()
        self._shown = ""
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setToolTip(tip)
        self.setFont(theme.text_font(tabular=True))
        self.setFixedHeight(theme.FIELD_HEIGHT)
        self.editingFinished.connect(self._finished)

    def show_text(self, text: str) -> None:
        """Show what came from elsewhere; no signal."""
        if text != self._shown or not self.isModified():
            self._shown = text
            if self.text() != text:
                self.setText(text)
                self.setCursorPosition(0)

    def restore(self) -> None:
        """Take back what was typed."""
        self.setText(self._shown)

    def _finished(self) -> None:
        text = self.text().strip()
        self.setText(text)  # clears the field's own undo: it is the document's now
        if text != self._shown:
            self.entered.emit(text)

    def event(self, event: QEvent) -> bool:
        return leave_undo(self, event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.restore()
        else:
            super().keyPressEvent(event)


class SourcesField(ListField):
    """Where rows or columns come from: seeds, and pictures that were dropped on it, called #1, #2 ...

    Signals: `sources_changed(sources)`, also for what was dropped (after `accept` has made sources of the recipes);
    `refused(str)` says why a text is no list of sources.
    """

    sources_changed = Signal(tuple)
    refused = Signal(str)

    def __init__(self, name: str, label: str, tip: str) -> None:
        super().__init__(name, label, tip)
        self._sources: tuple[Source, ...] = ()
        self.accept: Callable[[tuple], tuple[Source, ...]] = lambda recipes: ()
        self.setAcceptDrops(True)
        self.entered.connect(self._typed)

    def show_sources(self, sources: tuple[Source, ...]) -> None:
        """Show sources that came from elsewhere; no signal."""
        self._sources = sources
        self.show_text(format_sources(sources))

    def append(self, sources: tuple[Source, ...]) -> None:
        """Put sources behind those that are there."""
        if sources:
            self.sources_changed.emit((*self._sources, *sources)[:MOST_SOURCES])

    def _typed(self, text: str) -> None:
        try:
            sources = parse_sources(text, self._sources)
        except ValueError as error:
            self.restore()
            self.refused.emit(str(error))
        else:
            self.sources_changed.emit(sources)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(MIME):
            event.acceptProposedAction()
        else:
            super().dragEnterEvent(event)

    def dragMoveEvent(self, event) -> None:
        if event.mimeData().hasFormat(MIME):
            event.acceptProposedAction()
        else:
            super().dragMoveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        if event.mimeData().hasFormat(MIME):
            event.acceptProposedAction()
            self.append(self.accept(from_mime(event.mimeData())))
        else:
            super().dropEvent(event)


def format_sources(sources: tuple[Source, ...]) -> str:
    """Plain seeds as numbers, all else as #1, #2 ... in order."""
    words, others = [], 0
    for source in sources:
        if isinstance(source.latent, Seed) and source.label is None:
            words.append(format_seed(source.latent))
        else:
            others += 1
            words.append(f"#{others}")
    return ", ".join(words)


def parse_sources(text: str, known: tuple[Source, ...]) -> tuple[Source, ...]:
    """What `format_sources` wrote, perhaps changed; #1 ... are those of the sources before. Raises ValueError."""
    others = [source for source in known if not isinstance(source.latent, Seed) or source.label is not None]
    found: list[Source] = []
    for word in (part.strip() for part in text.strip(" ,").split(",")):
        number = word.removeprefix("#")
        if word.startswith("#") and number.isdecimal() and 1 <= int(number) <= len(others):
            found.append(others[int(number) - 1])
        elif word.startswith("#"):
            raise ValueError(f"{word!r}: expected a picture that was dropped here, #1 to #{len(others)}, or seeds")
        else:
            found.extend(Source(seed) for seed in parse_seeds(word))
    if len(found) > MOST_SOURCES:
        raise ValueError(f"expected at most {MOST_SOURCES} seeds and pictures, got {len(found)}")
    return tuple(found)
