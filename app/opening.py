"""Opening whatever the user gives: a model file, a run folder, a name, a session, an exported picture or film.

Reading is done off the UI thread; until all is read and found the document keeps what it shows.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.background import Background
from app.compute import Compute
from app.document import Document
from ganviz import catalog
from ganviz.checkpoint import Header, read_header
from ganviz.errors import GanvizError
from ganviz.ffmpeg import CODECS
from ganviz.journal import Work
from ganviz.recipe import ModelRef, Recipe, Sheet
from ganviz.session import NoRecipe, Session, load_session, read_png
from ganviz.sharing import read_shared
from ganviz.video import read_video_metadata
from ganviz.walk import Walk

SESSION_SUFFIX = ".ganviz"
PICTURE_SUFFIX = ".png"
FILM_SUFFIXES = tuple(CODECS)
PHOTO_SUFFIXES = (".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
PATTERNS = (
    "Models, sessions, exported pictures and films "
    f"(*.safetensors *{SESSION_SUFFIX} *{PICTURE_SUFFIX} {' '.join(f'*{suffix}' for suffix in FILM_SUFFIXES)})"
    ";;All files (*)"
)
Guard = Callable[[str, Callable[[], None]], None]


class MissingModel(GanvizError):
    """A recipe's model is not on this machine."""

    def __init__(self, ref: ModelRef, message: str) -> None:
        super().__init__(message)
        self.ref = ref


class Opener(QObject):
    """Opens things into the document.

    Signals
    opened(str)                what was opened, as the user named it
    failed(str)                one line that says why nothing was opened
    noticed(str)               opened, but there is something to know about it
    model_wanted(ref, str)     a session or picture waits for its model; `locate` goes on once that is found
    sheet_opened(list)         a sheet was opened: its recipes, of which the first is shown
    photo_wanted(str)          a picture that carries no recipe was given while a model is open
    walk_opened(int)           a film was opened: so many pictures have taken the place of those in the gallery
    foreign_given(str)         a file of another program was given, which is to be looked at before it is kept

    `guard(given, go_on)` is called before a session takes the place of the document, history and all; it calls
    `go_on` once nothing is lost by that, or never.
    """

    opened = Signal(str)
    failed = Signal(str)
    noticed = Signal(str)
    model_wanted = Signal(object, str)
    sheet_opened = Signal(list)
    photo_wanted = Signal(str)
    walk_opened = Signal(int)
    foreign_given = Signal(str)

    def __init__(
        self, document: Document, compute: Compute, background: Background, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._compute, self._background = document, compute, background
        self.guard: Guard = lambda given, go_on: go_on()
        self._waiting: Callable[[], None] | None = None  # what to try again once a model has been located
        self._loading: str | None = None
        compute.model_opened.connect(self._model_opened)
        compute.model_failed.connect(self._model_failed)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being opened."""
        return self._loading is None and self._background.is_idle

    def open(self, given: str) -> None:
        """Open a MODEL, a run folder, a session, an exported picture or film."""
        suffix = Path(given).suffix.lower()
        if suffix == SESSION_SUFFIX:
            self._background.run(
                lambda: self._prepare_session(load_session(given)),
                lambda found: self._show_session(given, found),
                lambda error: self._stuck(given, error),
            )
        elif suffix == PICTURE_SUFFIX:
            self._background.run(
                lambda: self._prepare_picture(read_png(given)),
                lambda found: self._show_picture(given, found),
                lambda error: self._stuck(given, error),
            )
        elif suffix in PHOTO_SUFFIXES and self._document.is_open:
            self.photo_wanted.emit(given)
        elif suffix in FILM_SUFFIXES:
            self._background.run(
                lambda: self._prepare_walk(*read_walk(Path(given))),
                lambda found: self._show_walk(given, found),
                lambda error: self._stuck(given, error),
            )
        else:
            self._loading = given
            self._background.run(
                lambda: catalog.is_foreign_file(given),
                lambda foreign: self._open_model(given, foreign),
                lambda error: self._model_failed(given, str(error)),
            )

    def _open_model(self, given: str, foreign: bool) -> None:
        if self._loading != given:
            return  # something else was asked for meanwhile
        if foreign:
            self._loading = None
            self.foreign_given.emit(given)
        else:
            self._compute.open_model(given)

    def open_recipe(self, recipe: Recipe) -> None:
        """Show a recipe of the session, whose model may not have been looked for yet."""
        if self._document.knows(recipe.model):
            self._document.open_recipe(recipe)
            return
        self._background.run(
            lambda: self._prepare_picture(recipe),
            lambda found: self._show_picture(recipe.model.name, found),
            lambda error: self.failed.emit(str(error)),
        )

    def open_text(self, text: str) -> None:
        """Open a text that was copied: recipes as JSON, or a command line."""

        def read() -> tuple[list[Recipe], list[Header], list[str]]:
            recipes = read_shared(text)
            return self._prepare_picture(Sheet(recipes, len(recipes)))

        self._background.run(
            read,
            lambda found: self._show_picture("the clipboard", found),
            lambda error: self._stuck("the clipboard", error, lambda: self.open_text(text)),
        )

    def locate(self, path: str) -> None:
        """The user has found the model that a session or picture waits for: remember it, then try again."""

        def known() -> Header:
            header = read_header(catalog.find(path))
            catalog.remember(header.path)
            return header

        def again(header: Header) -> None:
            waiting, self._waiting = self._waiting, None
            if waiting is not None:
                waiting()

        self._background.run(known, again, lambda error: self.failed.emit(str(error)))

    def restore(self, work: Work, done: Callable[[], None]) -> None:
        """Show work that a crash left behind, then call `done`."""
        self._background.run(
            lambda: self._prepare_work(work),
            lambda found: self._show_work(found, done),
            lambda error: self._stuck("the session", error, lambda: self.restore(work, done)),
        )

    # -- models ---------------------------------------------------------------------------------------------------

    def _model_opened(self, header: Header, given: Any) -> None:
        self._loading = None
        self._document.open_model(header)
        self.opened.emit(str(given))

    def _model_failed(self, given: Any, message: str) -> None:
        self._loading = None
        self.failed.emit(message)

    # -- sessions and pictures ------------------------------------------------------------------------------------

    def _prepare_session(self, session: Session) -> tuple[Session, list[Header], list[str]]:
        """On the background thread: the session with every model found, by what this machine calls it."""
        headers, notes = self._headers(session.recipes, session.recipe.model)
        return session.map(lambda recipe: _renamed(recipe, headers)), _each(headers), notes

    def _prepare_work(self, work: Work) -> tuple[Work, list[Header], list[str]]:
        """The work with every model found. States that show one that is not here are left out of the history."""
        recipes = (recipe for state in (*work.states, work.saved) for recipe in state.recipes)
        headers, notes = self._headers(recipes, work.present.recipe.model)
        renamed = any(ref != header.ref for ref, header in headers.items())

        def here(session: Session) -> Session:
            return session.map(lambda recipe: _renamed(recipe, headers)) if renamed else session

        past, future = (
            tuple(here(state) for state in part if state.recipe.model in headers) for part in (work.past, work.future)
        )
        return Work(past, here(work.present), future, here(work.saved), work.path), _each(headers), notes

    def _prepare_picture(self, document: Recipe | Sheet) -> tuple[list[Recipe], list[Header], list[str]]:
        recipes = [document] if isinstance(document, Recipe) else list(document.recipes)
        headers, notes = self._headers(recipes, recipes[0].model)
        return [_renamed(recipe, headers) for recipe in recipes], _each(headers), notes

    def _prepare_walk(
        self, keyframes: list[Recipe], walk: Walk | None
    ) -> tuple[list[Recipe], Walk | None, list[Header], list[str]]:
        headers, notes = self._headers(keyframes, keyframes[0].model)
        return [_renamed(recipe, headers) for recipe in keyframes], walk, _each(headers), notes

    @staticmethod
    def _headers(recipes: Any, needed: ModelRef) -> tuple[dict[ModelRef, Header], list[str]]:
        """The headers of all models named. MissingModel where the one that is shown first cannot be found."""
        found: dict[ModelRef, Header] = {}
        notes = []
        for ref in dict.fromkeys(recipe.model for recipe in recipes):
            try:
                located = catalog.locate(ref)
                found[ref] = read_header(located.path)
            except GanvizError as error:
                if ref == needed:
                    raise MissingModel(ref, str(error)) from error
                notes.append(str(error))
                continue
            if not located.exact:
                notes.append(
                    f"{ref.name}: the model here has other weights than the one that was used; pictures will differ"
                )
        return found, notes

    def _show_session(self, given: str, found: tuple[Session, list[Header], list[str]]) -> None:
        session, headers, notes = found

        def go_on() -> None:
            for header in headers:
                self._document.introduce(header)
            self._document.open_session(session, Path(given))
            self.opened.emit(given)
            for note in notes[:1]:
                self.noticed.emit(note)

        self.guard(given, go_on)

    def _show_work(self, found: tuple[Work, list[Header], list[str]], done: Callable[[], None]) -> None:
        work, headers, notes = found
        for header in headers:
            self._document.introduce(header)
        self._document.restore(work)
        self.opened.emit("the session")
        done()
        for note in notes[:1]:
            self.noticed.emit(note)

    def _show_picture(self, given: str, found: tuple[list[Recipe], list[Header], list[str]]) -> None:
        recipes, headers, notes = found
        for header in headers:
            self._document.introduce(header)
        self._document.open_recipe(recipes[0])
        self.opened.emit(given)
        if len(recipes) > 1:
            self.sheet_opened.emit(recipes)
        for note in notes[:1]:
            self.noticed.emit(note)

    def _show_walk(self, given: str, found: tuple[list[Recipe], Walk | None, list[Header], list[str]]) -> None:
        keyframes, walk, headers, notes = found
        for header in headers:
            self._document.introduce(header)
        replaced = self._document.is_open and bool(self._document.session.gallery)
        self._document.open_walk(keyframes, walk)
        self.opened.emit(given)
        if replaced:
            self.walk_opened.emit(len(keyframes))
        for note in notes[:1]:
            self.noticed.emit(note)

    def _stuck(self, given: str, error: BaseException, again: Callable[[], None] | None = None) -> None:
        if isinstance(error, MissingModel):
            self._waiting = again or (lambda: self.open(given))
            self.model_wanted.emit(error.ref, str(error))
        elif isinstance(error, NoRecipe) and self._document.is_open:
            self.photo_wanted.emit(given)
        else:
            self.failed.emit(str(error))


def read_walk(path: Path) -> tuple[list[Recipe], Walk | None]:
    """The keyframes and the walk of a film that ganviz wrote; GanvizError, naming the file, where it has none."""
    data = read_video_metadata(path)
    given = data.get("keyframes")
    if not isinstance(given, list) or not given:
        raise GanvizError(f"{path}: this film names no pictures to open; export the walk anew from its session")
    try:
        keyframes = [Recipe.from_json(item) for item in given]
        walk = Walk.from_json(data["walk"]) if data.get("walk") is not None else None
    except GanvizError as error:
        raise GanvizError(f"{path}: {error}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise GanvizError(f"{path}: the walk inside is damaged ({error})") from error
    return keyframes, walk


def _renamed(recipe: Recipe, headers: dict[ModelRef, Header]) -> Recipe:
    header = headers.get(recipe.model)
    return recipe if header is None or header.ref == recipe.model else recipe.edit(model=header.ref)


def _each(headers: dict[ModelRef, Header]) -> list[Header]:
    return list({header.digest: header for header in headers.values()}.values())
