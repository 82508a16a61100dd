"""The gallery tab: pictures kept on purpose, which are also the keyframes of the walk."""

from PySide6.QtCore import Signal

from app.compute import Compute
from app.document import Document
from app.widgets.strip import Item, ItemAction, Strip
from ganviz.recipe import Recipe, describe
from ganviz.session import Kept, Session
from ganviz.spec import Spec

CHANNEL = "gallery"
EMPTY = "Nothing is kept yet. Press K to keep the picture above; two or more make a walk that can be exported as video."


class GalleryPanel(Strip):
    """Kept pictures: click to show one, drag to change the order, Delete to remove."""

    shown = Signal(object)  # a kept recipe was chosen

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__(
            "gallery",
            "Gallery",
            EMPTY,
            side=64,
            movable=True,
            removable=True,
            actions=(
                ItemAction("show", "Show", "eye-outline"),
                ItemAction("compare", "Compare with the picture", "compare"),
                ItemAction("remove", "Remove", "trash-can-outline"),
            ),
        )
        self._document, self._compute = document, compute
        self._gallery: tuple[Kept, ...] | None = None  # what is on the strip
        self.needed.connect(lambda keys: compute.want_thumbnails(CHANNEL, keys))
        compute.thumbnail_ready.connect(self.set_picture)
        self.activated_at.connect(self._show)
        self.moved.connect(self._move)
        self.removed.connect(self._remove)
        self.action_triggered.connect(self._act)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Always."""
        return True

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        current = next((k for k, kept in enumerate(session.gallery) if kept.recipe == session.recipe), -1)
        if session.gallery is self._gallery:
            self.set_items(self.items(), current)
            return
        self._gallery = session.gallery
        items = [Item(kept.recipe, kept.note, self._say(kept.recipe, kept.note)) for kept in session.gallery]
        before = {item.key for item in self.items()}
        self.set_items(items, current)
        if before != {item.key for item in items}:
            self.ask_again()

    def _say(self, recipe: Recipe, note: str) -> str:
        names = self._document.header_of(recipe.model).card.class_names if self._document.knows(recipe.model) else ()
        said = f"{self._document.name_of(recipe.model)}\n{describe(recipe, names)}"
        return f"{note}\n{said}" if note else said

    def _show(self, index: int) -> None:
        self.shown.emit(self._document.session.gallery[index].recipe)

    def _move(self, row: int, to: int) -> None:
        gallery = list(self._document.session.gallery)
        gallery.insert(to, gallery.pop(row))
        self._document.seal()
        self._document.edit(gallery=tuple(gallery))

    def _remove(self, index: int) -> None:
        gallery = self._document.session.gallery
        self._document.seal()
        self._document.edit(gallery=gallery[:index] + gallery[index + 1 :])

    def _act(self, name: str, index: int) -> None:
        {"show": self._show, "compare": self._compare, "remove": self._remove}[name](index)

    def _compare(self, index: int) -> None:
        self._document.compare_with(self._document.session.gallery[index].recipe)
