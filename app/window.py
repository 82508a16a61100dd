"""The main window: puts the panels around the canvas and connects document, compute thread and hands.

The way of a slider: a panel asks the document to replace the recipe; `Document.changed` comes here; the newest recipe
goes to the compute thread's mailbox; its frame comes back and the canvas shows it; the other panels follow. Where it
is no slider that is held, they do not wait for the picture.
"""

import logging
import re
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QMainWindow, QWidget

from app import theme
from app.actions import make_actions
from app.ahead import Ahead
from app.background import Background
from app.clipboard import Clipboard
from app.collector import Collector
from app.commands import BY_ID, WHILE_ASKED
from app.compute import Compute
from app.connections import connect
from app.document import Document, name_of
from app.exporter import Exporter
from app.files import Files
from app.following import Following
from app.importer import Importer
from app.keys import KeysDialog
from app.layout import Parts, build
from app.opening import Opener
from app.panels import PANELS, WORKSPACES
from app.playing import Playing
from app.recovery import Recovery
from app.saver import Saver
from app.settings import Settings
from app.tab_order import arrange, next_area
from app.training_question import TrainingQuestion
from app.widgets.canvas import Canvas
from app.widgets.message_bar import Kind
from app.window_state import hint_done, keep_sizes, restore
from ganviz.expression import is_large
from ganviz.recipe import Recipe, describe
from ganviz.session import Session

log = logging.getLogger(__name__)

TITLE_BAR = 32
"""Room that the desktop's own frame takes, before it is known."""
START_ANYWAY_MS = 1500
"""The compute thread starts after the first paint, or after this long where the window is never shown."""


class MainWindow(QMainWindow):
    """The explorer. `leaving` comes when it closes, before its threads are waited for."""

    leaving = Signal()

    def __init__(self, model: str | None = None) -> None:
        super().__init__()
        self.setObjectName("explorer")
        self.settings = Settings()
        self.document: Document = Document(self)
        self.compute: Compute = Compute(self)
        self.collector: Collector = Collector(self)
        self.background = Background(self)
        self.opener = Opener(self.document, self.compute, self.background, self)
        self.saver: Saver = Saver(self)
        self.recovery: Recovery = Recovery(self)
        self.training_question = TrainingQuestion(self)
        self.exporter: Exporter = Exporter(self)
        self.importer: Importer = Importer(self)
        self.files: Files = Files(self)
        self.clipboard: Clipboard = Clipboard(self)
        self.playing: Playing = Playing(self)
        self.following = Following(self._follow, self)
        self.ask_on_close = QGuiApplication.platformName() not in ("offscreen", "minimal")
        self._model = model
        self._started = False
        self._stopped = False
        self._tab_order: list[QWidget] = []
        self._shown: Any = None  # the frame that was painted last
        self._failed: Recipe | None = None  # a recipe that could not be drawn
        self.actions_by_id = make_actions(self)
        self.parts: Parts = build(self)
        self.canvas: Canvas = self.parts.canvas
        self.ahead = Ahead(list(self.parts.centre.pages.values()), self._at_rest, self)
        self.setCentralWidget(self.parts.whole)
        self.setAcceptDrops(True)
        screen = self.screen().availableGeometry()
        self.resize(min(1440, screen.width()), min(1000, screen.height() - TITLE_BAR))
        self.setMinimumSize(960, 620)
        self._connect()
        restore(self)
        self._set_frame_time(self.settings.get("frame_ms"))
        self._follow_nothing()
        self.setWindowIcon(theme.app_icon())
        self.canvas.set_empty_text("Looking for models …")
        self.canvas.setFocus()
        self.parts.models.refresh(self.background)
        QTimer.singleShot(START_ANYWAY_MS, self, self._start)

    # -- construction ---------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        document, compute, parts = self.document, self.compute, self.parts
        document.changed.connect(self._document_changed)
        document.sealed.connect(self.following.catch_up)
        document.path_changed.connect(self._show_title)
        document.compared.connect(lambda: self.show_workspace("compare"))
        document.dropped.connect(self._say_dropped)
        compute.started.connect(parts.status.set_device)
        compute.started.connect(self.collector.begin)
        compute.unavailable.connect(self.collector.begin)
        compute.unavailable.connect(self._compute_unavailable)
        compute.collapsed.connect(document.keep)
        compute.frame_ready.connect(self._frame_ready)
        compute.frame_failed.connect(self._frame_failed)
        compute.said.connect(self.say)
        self.exporter.connect_compute()
        self.importer.connect_page()
        self.files.connect_opener()
        self.playing.connect_players()
        self.canvas.frameShown.connect(self._frame_shown)
        self.canvas.key_command.connect(self._canvas_key)
        parts.models.listed.connect(self._models_listed)
        parts.snapshots.watch(self.background)
        parts.snapshots.applies_changed.connect(self._follow_model)
        parts.cards["units"].applies_changed.connect(self._show_cards)
        parts.centre.changed.connect(self._workspace_changed)
        connect(self)

    def set_setting(self, key: str, value: Any) -> None:
        """Change a setting and act on it."""
        self.settings.set(key, value)
        if key == "theme":
            app = theme.current().application
            if app is not None:
                theme.apply(app, value)
        elif key == "smooth":
            self.canvas.set_smooth(value)
        elif key == "frame_ms":
            self._set_frame_time(value)

    def _set_frame_time(self, ms: float) -> None:
        self.compute.set_frame_time(ms / 1000 if ms else None)

    # -- life -----------------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.Paint and not self._started:
            # After this paint has reached the screen; importing torch would hold it up.
            QTimer.singleShot(0, self, self._start)
        return done

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes through the window as it is read, whatever was built since it was last pressed."""
        self._tab_order = arrange(self.parts.whole, self._tab_order)
        return super().focusNextPrevChild(forward)

    def _start(self) -> None:
        if not self._started and not self._stopped:
            self._started = True
            self.compute.start()
            self.recovery.look()

    def _models_listed(self) -> None:
        """The first time, open what the window was made for, or the first model that there is."""
        model, self._model = self._model, None
        if model is not None:
            self.open(model)
        else:
            self.files.open_something()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.ask_on_close and self.training_question.worth_asking:
            event.ignore()
            self.training_question.ask()
            return
        if self.ask_on_close and (self.saver.is_saving or self.saver.worth_asking):
            event.ignore()
            self.saver.ask_to_close()
            return
        keep_sizes(self)
        self.hide()  # ending the threads may take a moment: an import of torch, a step of an export
        self.leaving.emit()
        self.stop()
        super().closeEvent(event)

    def stop(self) -> None:
        """End the threads; a running export is closed and leaves nothing behind."""
        if not self._stopped:
            self._stopped = True
            self.stop_playing()
            self.following.catch_up()
            self.importer.stop()
            self.ahead.stop()
            for page in self.parts.centre.pages.values():
                page.stop()
            self.compute.stop()
            self.background.stop()
            self.recovery.stop()
            self.collector.stop()

    # -- the picture ----------------------------------------------------------------------------------------------

    @property
    def behind(self) -> bool:
        """Whether the picture on screen, or one about to be painted, is not the exact one of the document's recipe."""
        return self.document.is_open and not (
            self._is_exact(self._shown) and (self.canvas.frame is self._shown or self._is_exact(self.canvas.frame))
        )

    def _is_exact(self, frame: Any) -> bool:
        """Whether a frame is the exact picture of the document's recipe."""
        return frame is not None and frame.exact and same_picture(frame.recipe, self.document.recipe)

    def _document_changed(self, old: Session | None, new: Session) -> None:
        drawn = old is None or old.recipe != new.recipe
        self.ahead.touch()
        if drawn:
            self.compute.request(new.recipe)  # first of all: it is drawn while the rest goes on
        self.following.changed(old, new, may_lag=self.document.in_gesture and _is_move(old, new))

    def _follow(self, old: Session | None, new: Session) -> None:
        """Show a session that was another one."""
        if old is None or old.recipe.model != new.recipe.model:
            self._follow_model()
        for panel in self.parts.panels:
            panel.show_session(new)
        self.parts.walk.show_session(new)
        self.parts.centre.follow()
        if old is None or old.recipe != new.recipe:
            self.parts.recipe.setText(_say(new.recipe, self.document.card.class_names))
            if old is not None and old.recipe.model == new.recipe.model:
                hint_done(self)
        self.show_actions()
        self.show_state()

    def _follow_model(self) -> None:
        """Show the cards that the model has something for."""
        self._show_cards()
        self.parts.name.setText(name_of(self.document.header))
        self._show_title()
        if self._shown is not None:
            self.ahead.begin()  # it may have a use for other workspaces

    def _show_cards(self) -> None:
        """Show the cards that both the model and the workspace have a use for."""
        spec = self.document.spec if self.document.is_open else None
        for panel in PANELS:
            if panel.place == "right":
                here = not panel.workspaces or self.parts.centre.name in panel.workspaces
                card = self.parts.cards[panel.name]
                card.setVisible(here and (spec is None or card.applies(spec)))

    def _follow_nothing(self) -> None:
        """No model is open: cards that would do nothing are grey."""
        self.parts.set_enabled(False)
        self.show_actions()
        self._show_title()

    def _frame_ready(self, frame: Any) -> None:
        self._failed = None
        self.canvas.show_frame(frame)

    def _frame_shown(self, frame: Any) -> None:
        if self._shown is None:
            self.ahead.import_first(self.background)
        self._shown = frame
        self.parts.status.frame_shown(frame.ms)
        self.show_state()
        self.following.picture_shown()

    def _at_rest(self) -> bool:
        """Whether there is nothing that the window should rather do."""
        return not (self.behind or self.playing.is_on) and self.opener.is_idle

    def _frame_failed(self, recipe: Recipe, message: str) -> None:
        self._failed = recipe
        self.say(message)
        self.show_state()

    def _compute_unavailable(self, message: str) -> None:
        self.parts.status.set_unavailable()
        self.say(message)

    def show_state(self) -> None:
        """Say in the status bar how far the picture on screen is the document's."""
        if not self.document.is_open:
            state = "no model"
        elif not self.behind:
            state = "exact"
        elif self._failed == self.document.recipe:
            state = "rendering failed"
        else:
            state = "preview" if self._shown is not None and not self._shown.exact else "rendering"
        self.parts.status.set_state(state)

    def show_actions(self) -> None:
        asked = self.importer.asks
        self.parts.set_enabled(self.document.is_open and not asked)
        for id, action in self.actions_by_id.items():
            action.setEnabled(BY_ID[id].when(self) and (not asked or id in WHILE_ASKED))

    def _show_title(self) -> None:
        document = self.document
        name = document.path.name if document.path else document.recipe.model.name if document.is_open else ""
        self.setWindowTitle(f"{name}[*] – ganviz" if name else "ganviz")
        modified = document.path is not None and document.dirty
        if modified != self.isWindowModified():  # Qt tells all of the window even where nothing changes
            self.setWindowModified(modified)

    # -- opening --------------------------------------------------------------------------------------------------

    def open(self, given: str) -> None:
        """Open a MODEL, run folder, session, exported picture or film."""
        self.stop_playing()
        self.importer.leave()
        self.files.open(given)

    def explore(self, given: str) -> None:
        """Open something to look around in."""
        self.show_workspace("explore")
        self.open(given)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.open(paths[0])

    # -- workspaces -----------------------------------------------------------------------------------------------

    def show_workspace(self, name: str) -> None:
        """Bring a workspace to the front."""
        self.parts.centre.show_workspace(name)

    def _workspace_changed(self, name: str) -> None:
        index = next(k for k, workspace in enumerate(WORKSPACES) if workspace.name == name)
        self.parts.workspaces.setCurrentIndex(index)
        self.parts.show_sides(not WORKSPACES[index].alone)
        self.parts.cards["units"].set_workspace(name)
        self._show_cards()
        self.show_actions()

    def _say_dropped(self, dropped: list[str]) -> None:
        what = dropped[0] if len(dropped) == 1 else f"{', '.join(dropped[:-1])} and {dropped[-1]}"
        name = self.document.recipe.model.name
        self.say(f"Left behind: {what}, which {name} does not have. Undo brings the other model back.", "info")

    def say(self, text: str, kind: Kind = "error", action: str = "", act: Callable[[], object] | None = None) -> None:
        """Show a message where the user is: on the canvas, or above the page of the workspace."""
        page = self.parts.centre.page
        bar = page.message if page is not None else self._explore_messages()
        bar.show_message(text, kind, action, act)

    def _explore_messages(self) -> Any:
        """The canvas, or the bar above the sheet where that is at the front."""
        return self.parts.variations.message if self.parts.variations.isVisible() else self.canvas

    def next_workspace(self, step: int) -> None:
        """The next workspace, or, for -1, the one before; in a circle."""
        names = [workspace.name for workspace in WORKSPACES]
        self.show_workspace(names[(names.index(self.parts.centre.name) + step) % len(names)])

    def next_area(self, step: int) -> None:
        """The keyboard to the next part of the window, or, for -1, the one before."""
        next_area(self.parts.areas, step)

    # -- commands -------------------------------------------------------------------------------------------------

    def _canvas_key(self, name: str) -> None:
        if name == "play":
            self.playing.play()
        elif name == "randomise":
            self.actions_by_id["randomise"].trigger()
        elif name == "keep":
            self.actions_by_id["keep"].trigger()
        elif name == "zero":
            self.parts.dimensions.zero()
            self.parts.cards["directions"].zero()

    def stop_playing(self) -> None:
        """Let nothing move by itself any more."""
        self.playing.stop()

    def undo(self) -> None:
        """One step back."""
        self.stop_playing()
        self.document.undo()

    def redo(self) -> None:
        """One step forward again."""
        self.stop_playing()
        self.document.redo()

    def randomise(self) -> None:
        """Draw a random latent, as far away as the latent card's Variation says."""
        self.parts.latent.randomise()

    def keep(self) -> None:
        """Put the picture into the gallery, and show that."""
        self.document.seal()
        if is_large(self.document.recipe.latent):
            self.compute.collapse(self.document.recipe)  # and keep it when it is one vector
        else:
            self.document.keep()
        self.parts.show_tab("gallery")

    def show_keys(self) -> None:
        """List the keys."""
        KeysDialog(self).open()


def _is_move(old: Session | None, new: Session) -> bool:
    """Whether nothing but the recipe changed, and not its model: panels know a model before its first picture comes."""
    return old is not None and old.recipe.model == new.recipe.model and old.edit(recipe=new.recipe) == new


def same_picture(a: Recipe, b: Recipe) -> bool:
    """Whether two recipes are equal but for what their model is called: the same weights go by several names."""
    if a.model == b.model:
        return a == b
    return a.model.digest == b.model.digest and a.edit(model=b.model) == b


def _say(recipe: Recipe, class_names: tuple[str, ...]) -> str:
    """The recipe in one line, negative numbers with a true minus."""
    return re.sub(r"(?<!\w)-(?=\d)", "−", describe(recipe, class_names))
