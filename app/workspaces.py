"""The centre of the window: one page a workspace, built when it is first visited, or ahead of that (`app/ahead.py`)."""

from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QStackedWidget, QVBoxLayout, QWidget

from app import theme
from app.compute import Compute
from app.document import Document
from app.panels import WORKSPACES, Workspace, load
from app.widgets.buttons import TextButton
from app.widgets.message_bar import Kind, MessageBar
from ganviz.checkpoint import Header
from ganviz.session import Session
from ganviz.spec import Spec

Applies = Callable[[Spec], bool]


class Page(QFrame):
    """A workspace's place in the stack: its widget, or what it would need.

    `open_wanted(str)` carries the path of a model that has it; `explore_wanted(str)` that of one to look around in;
    `export_wanted(sheet)` asks for a sheet to be written.
    """

    open_wanted = Signal(str)
    explore_wanted = Signal(str)
    export_wanted = Signal(object)

    def __init__(self, workspace: Workspace, document: Document, compute: Compute) -> None:
        super().__init__()
        self.workspace = workspace
        self.setObjectName(workspace.object_name or workspace.name)
        self.setAccessibleName(workspace.title)
        self.setProperty("tone", "background")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._document, self._compute = document, compute
        self.find_model: Callable[[Applies], Header | None] = lambda applies: None
        self.inner: Any = None
        self._fitting = ""
        self.message = MessageBar(name=f"{workspace.name}-message")
        self._need = QLabel()
        self._need.setObjectName(f"{workspace.name}-need")
        self._need.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._need.setWordWrap(True)
        self._need.setFont(theme.text_font())
        self._need.setProperty("tone", "muted")
        self._open = TextButton("", "Open this model", f"{workspace.name}-open")
        self._open.clicked.connect(lambda: self.open_wanted.emit(self._fitting))
        empty = QWidget()
        column = QVBoxLayout(empty)
        column.setContentsMargins(64, 0, 64, 0)
        column.setSpacing(12)
        column.addStretch(1)
        column.addWidget(self._need)
        column.addWidget(self._open, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        self._stack = QStackedWidget()
        self._stack.addWidget(empty)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.message)
        whole.addWidget(self._stack, 1)

    def hasHeightForWidth(self) -> bool:
        """No: it takes the room that there is. Else its texts are laid out in a hundred widths when it is shown."""
        return False

    def show_session(self, session: Session | None) -> None:
        """Come up to date with the document; builds the workspace at its first visit, unless it is there already."""
        if not self._fits(session is not None):
            self._say_need(load(self.workspace.widget).applies, session is not None)
            return
        self._make()
        self._place()
        self._stack.setCurrentWidget(self.inner)
        self.inner.show_session(session)

    def _fits(self, is_open: bool) -> bool:
        applies = load(self.workspace.widget).applies
        return applies(self._document.spec) if is_open else self.workspace.without_model

    @property
    def is_made(self) -> bool:
        """Whether the workspace is there."""
        return self.inner is not None

    def make_ahead(self) -> Iterator[None]:
        """Build the workspace, if the present model has a use for it, and show nothing; a step each `next`."""
        if self.is_made or not self._fits(self._document.is_open):
            return
        self._make()
        yield
        self._place()
        yield
        if hasattr(self.inner, "make_ahead"):
            yield from self.inner.make_ahead()
        self.inner.ensurePolished()
        yield
        if not self.isVisible():
            self._settle()

    def _settle(self) -> None:
        """As large as it will be, so that everything in it has its place before it is seen."""
        self._stack.setCurrentWidget(self.inner)
        centre = self.parentWidget()
        if centre is not None:
            self.resize(centre.size())
        for widget in (self, self._stack, self.inner):
            layout = widget.layout()
            if layout is not None:
                layout.activate()

    def _make(self) -> None:
        if self.inner is not None:
            return
        self.inner = load(self.workspace.widget)(self._document, self._compute)
        for name, to in (
            ("said", self.say),
            ("export_wanted", self.export_wanted),
            ("explore_wanted", self.explore_wanted),
        ):
            if hasattr(self.inner, name):
                getattr(self.inner, name).connect(to)

    def _place(self) -> None:
        """Put what was made into the window, which has the style sheet come to it."""
        if self._stack.indexOf(self.inner) < 0:
            self._stack.addWidget(self.inner)

    def stop(self) -> None:
        """The window closes."""
        if hasattr(self.inner, "stop"):
            self.inner.stop()

    def say(self, text: str, kind: Kind = "info") -> None:
        """Show a message above the page."""
        self.message.show_message(text, kind)

    def _say_need(self, applies: Applies, is_open: bool) -> None:
        fitting = self.find_model(applies)
        name = self._document.recipe.model.name if is_open else ""
        needs = self.workspace.needs or "an open model"
        self._need.setText(f"{self.workspace.title} needs {needs}." + (f"\n{name} is not one." if name else ""))
        self._fitting = str(fitting.path) if fitting is not None else ""
        self._open.setVisible(fitting is not None)
        self._open.setText(f"Open {fitting.ref.name}" if fitting is not None else "")
        self._stack.setCurrentIndex(0)


class Centre(QStackedWidget):
    """The pages; the first is the canvas. `changed(str)` carries the name of the workspace that came to the front."""

    changed = Signal(str)

    def __init__(self, canvas: QWidget, document: Document, compute: Compute) -> None:
        super().__init__()
        self._document = document
        self.pages: dict[str, Page] = {
            workspace.name: Page(workspace, document, compute) for workspace in WORKSPACES[1:]
        }
        self.addWidget(canvas)
        for page in self.pages.values():
            self.addWidget(page)
        self.setMinimumWidth(420)

    def hasHeightForWidth(self) -> bool:
        """No: it takes the room that there is."""
        return False

    @property
    def name(self) -> str:
        """The workspace at the front."""
        return WORKSPACES[self.currentIndex()].name

    @property
    def page(self) -> Page | None:
        """Its page; None for the canvas."""
        return self.pages.get(self.name)

    def show_workspace(self, name: str) -> None:
        """Bring a workspace to the front."""
        index = next(k for k, workspace in enumerate(WORKSPACES) if workspace.name == name)
        if index != self.currentIndex():
            # Else the focus of what is hidden would go to whatever comes next in the window.
            focused = QApplication.focusWidget()
            inside = focused is None or self.isAncestorOf(focused)
            if inside and focused is not None:
                focused.clearFocus()  # hidden with the focus, it would have Qt look for the next one in the window
            self.setCurrentIndex(index)
            front = self.currentWidget()
            if inside and front is not None:
                front.setFocus()
            self.follow()
            self.changed.emit(name)

    def follow(self) -> None:
        """Bring the page at the front up to date."""
        if self.page is not None:
            self.page.show_session(self._document.session if self._document.is_open else None)
