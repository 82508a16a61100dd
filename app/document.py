"""The document: the session on screen with its history. Every edit of every widget goes through here."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from ganviz import catalog
from ganviz.checkpoint import Header
from ganviz.comparing import Comparison
from ganviz.history import History
from ganviz.journal import Work
from ganviz.notation import format_kimg
from ganviz.recipe import ModelRef, Recipe
from ganviz.session import Kept, Session
from ganviz.spec import Card, Spec
from ganviz.switching import at_same_latent, fits
from ganviz.switching import fresh_recipe as fresh_recipe
from ganviz.timeline import Timeline
from ganviz.walk import Walk


class Document(QObject):
    """Holds the present Session and replaces it; there is nothing in it that undo does not bring back.

    Signals:
        changed(old, new): the session was replaced, by an edit, undo, redo or opening; both are Sessions (old may
            be None when the first model was opened)
        dropped(list of str): another model was opened, which these parts of the recipe do not apply to
        path_changed(): the session file's path or the dirty mark may have changed
        sealed(): what follows is no part of any gesture so far
        compared(): somebody wants to see the picture beside another one
    """

    changed = Signal(object, object)
    dropped = Signal(list)
    path_changed = Signal()
    sealed = Signal()
    compared = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._history: History[Session] | None = None
        self._headers: dict[str, Header] = {}  # by digest
        self._held: object | None = None
        self.begun = 0
        """Counts the histories, each of which begins with another session."""
        self.in_gesture = False
        """While `changed` is told: whether it is one of many changes, of a gesture or of something that plays."""
        self.path: Path | None = None

    # -- what is there ------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether there is a model, and so a session; without one, only `open_model` may be called."""
        return self._history is not None

    @property
    def history(self) -> History[Session]:
        if self._history is None:
            raise RuntimeError("no model is open yet")
        return self._history

    @property
    def session(self) -> Session:
        return self.history.present

    @property
    def recipe(self) -> Recipe:
        return self.session.recipe

    @property
    def header(self) -> Header:
        """What is known of the model that the present recipe names."""
        return self._headers[self.recipe.model.digest]

    @property
    def spec(self) -> Spec:
        return self.header.spec

    @property
    def card(self) -> Card:
        return self.header.card

    @property
    def dirty(self) -> bool:
        """Whether something was done that the session file does not hold."""
        return self._history is not None and self._history.dirty

    def knows(self, ref: ModelRef) -> bool:
        """Whether that model was opened here, so that its spec is at hand."""
        return ref.digest in self._headers

    def header_of(self, ref: ModelRef) -> Header:
        """What is known of a model that was opened here before."""
        return self._headers[ref.digest]

    def name_of(self, ref: ModelRef) -> str:
        """What that model is called on screen."""
        return name_of(self._headers[ref.digest]) if self.knows(ref) else ref.name

    # -- editing ------------------------------------------------------------------------------------------------

    def edit(self, merge: object | None = None, **changes: Any) -> None:
        """Replace fields of the session; edits with the same `merge` key in a row are one undo step until `seal`."""
        self._replace(self.session.edit(**changes), merge)

    def edit_recipe(self, merge: object | None = None, **changes: Any) -> None:
        """Replace fields of the present recipe; an edit that was meant for another model does nothing.

        A number that is half-typed when another model is opened is entered when its field is hidden, or goes.
        """
        recipe = self.recipe.edit(**changes)
        if fits(recipe, self.header_of(recipe.model).spec) or not fits(self.recipe, self.spec):
            self._replace(self.session.edit(recipe=recipe), merge)

    def go_to(self, recipe: Recipe) -> None:
        """Show another recipe; a step of its own, whatever came before."""
        self.seal()
        self.edit(recipe=recipe)

    def seal(self) -> None:
        """A gesture has ended."""
        if self._history is not None and self._held is None:
            self._history.seal()
        self.sealed.emit()

    def hold(self, merge: object) -> None:
        """Something plays: until `release` all edits of the recipe, those of hands too, are one undo step.

        Otherwise a slider dragged meanwhile would leave a step at every tick, its edits and the movement's in turn.
        What is done to the gallery or the walk, and opening another model, is a step of its own all the same: nobody
        who takes the movement back means these. Going to another snapshot within a gesture is movement.
        """
        self.seal()
        self._held = merge

    def release(self, merge: object) -> None:
        """What played has stopped; nothing happens where something else plays in its place already."""
        if self._held == merge:
            self._held = None
            self.seal()

    def keep(self, recipe: Recipe | None = None) -> None:
        """Put a recipe, the present one by default, into the gallery; what is there already is not kept twice."""
        recipe = recipe or self.recipe
        if all(kept.recipe != recipe for kept in self.session.gallery):
            self.edit(gallery=(*self.session.gallery, Kept(recipe)))

    def compare_with(self, recipe: Recipe) -> None:
        """Compare the picture with another one from now on."""
        self.seal()
        self.edit(comparison=Comparison(recipe))
        self.compared.emit()

    def undo(self) -> None:
        self._travel(self.history.undo)

    def redo(self) -> None:
        self._travel(self.history.redo)

    def jump(self, index: int) -> None:
        """Go to entry `index` of past + present + future."""
        self._travel(lambda: self.history.jump(index))

    def _travel(self, step: Any) -> None:
        old = self.session
        new = step()
        if new != old:
            self.changed.emit(old, new)
            self.path_changed.emit()

    def _replace(self, session: Session, merge: object | None) -> None:
        old, in_gesture = self.session, merge is not None
        if self._held is not None:
            moved = session.edit(recipe=old.recipe) == old
            moved = moved and (merge is not None or session.recipe.model == old.recipe.model)
            merge = self._held if moved else None
        if self.history.edit(session, merge):
            self.in_gesture = in_gesture
            self.changed.emit(old, session)
            self.in_gesture = False
            self.path_changed.emit()

    # -- opening and saving -------------------------------------------------------------------------------------

    def introduce(self, header: Header) -> None:
        """Make a model's description known, so that recipes naming it can be shown."""
        self._headers[header.digest] = header

    def open_model(self, header: Header) -> None:
        """Show another model: seed and settings that still apply are kept. The first one begins the history."""
        self.introduce(header)
        recipe = fresh_recipe(header)
        if self._history is None:
            self._begin(Session(recipe))
            return
        if header.ref == self.recipe.model:
            return
        old = self.header
        recipe, dropped = at_same_latent(self.recipe, old, header)
        self.go_to(recipe)
        if dropped:
            self.dropped.emit(dropped)

    def open_recipe(self, recipe: Recipe) -> None:
        """Show a recipe, as from a dropped picture; its model must have been introduced."""
        if self._history is None:
            self._begin(Session(recipe))
        else:
            self.go_to(recipe)

    def open_walk(self, keyframes: Sequence[Recipe], walk: Walk | None) -> None:
        """Show a walk, as from a dropped film: its keyframes become the gallery, the first of them is shown.

        One step, which undo takes back. Their models must have been introduced; None keeps the walk's settings.
        """
        gallery = tuple(Kept(recipe) for recipe in keyframes)
        if self._history is None:
            self._begin(Session(keyframes[0], gallery, walk or Walk()))
        else:
            self.seal()
            # A timeline would go before the gallery.
            self.edit(recipe=keyframes[0], gallery=gallery, timeline=Timeline(), walk=walk or self.session.walk)

    def open_session(self, session: Session, path: Path | None) -> None:
        """Show a session that was read; all its models must have been introduced. The history begins anew."""
        self.path = path
        self._begin(session)

    def restore(self, work: Work) -> None:
        """Go on with work that a crash left behind, history and all; its models must have been introduced."""
        old = self._history.present if self._history is not None else None
        self._held = None
        self.path = work.path
        if self._history is None:
            self._history = History(work.present)
        self.begun += 1
        self._history.restore(work.past, work.present, work.future, work.saved)
        self.changed.emit(old, work.present)
        self.path_changed.emit()

    def was_saved(self, path: Path, session: Session) -> None:
        """A session file holds this session, which may not be the present one any more."""
        self.path = path
        self.history.mark_saved(session)
        self.path_changed.emit()

    def _begin(self, session: Session) -> None:
        self.begun += 1
        old = self._history.present if self._history is not None else None
        if self._history is None:
            self._history = History(session)
        else:
            self._history.reset(session)
        self.changed.emit(old, session)
        self.path_changed.emit()


def name_of(header: Header) -> str:
    """What a model is called on screen: snapshots of a run share a name, how far each had come tells them apart."""
    if catalog.run_of(header.path) is None:
        return header.ref.name
    return f"{header.ref.name}, {format_kimg(catalog.images_seen(header))} kimg"
