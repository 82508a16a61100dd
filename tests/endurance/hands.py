"""The monkey's hands: what somebody could do next, and doing it, by mouse and keyboard events alone.

Every choice comes from one random generator. A widget that is hidden, grey or covered by a dialog is left alone.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QContextMenuEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QMenu,
    QScrollBar,
    QTabBar,
    QWidget,
)
from shiboken6 import isValid

from app.panels import WORKSPACES

LEFT = Qt.MouseButton.LeftButton
PLAIN = Qt.KeyboardModifier.NoModifier
CTRL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)
KEYS = tuple(
    getattr(Qt.Key, f"Key_{name}")
    for name in (
        "Left Right Up Down PageUp PageDown Home End Space Return Tab Backtab Delete Escape Plus Minus F2 A B D L K R"
    ).split()
)
SHORTCUTS = (
    ("undo", Qt.Key.Key_Z, CTRL, 8),
    ("redo", Qt.Key.Key_Z, CTRL | SHIFT, 4),
    ("randomise", Qt.Key.Key_R, CTRL, 4),
    ("keep", Qt.Key.Key_K, CTRL, 3),
    ("copy", Qt.Key.Key_C, CTRL, 1),
    ("copy as command", Qt.Key.Key_C, CTRL | SHIFT, 1),
    ("copy as Python", Qt.Key.Key_C, CTRL | ALT, 1),
    ("paste", Qt.Key.Key_V, CTRL, 1),
    ("fit", Qt.Key.Key_0, CTRL, 1),
    ("actual size", Qt.Key.Key_1, CTRL, 1),
    ("save", Qt.Key.Key_S, CTRL, 1),
    ("save as", Qt.Key.Key_S, CTRL | SHIFT, 1),
    ("open", Qt.Key.Key_O, CTRL, 1),
    ("export", Qt.Key.Key_E, CTRL, 1),
    ("export video", Qt.Key.Key_E, CTRL | SHIFT, 1),
    ("keys", Qt.Key.Key_F1, PLAIN, 1),
)
TEXTS = ("", "0", "1", "-1", "0.5", "7", "123456", "4294967295", "1e3", "-0,5", "1-4", "2,3,5", "abc", "mean(1,2) - 3",
         "1402@0.31/-0.12", "é√", "0-99999999", "x" * 300)  # fmt: skip
SIZES = ((960, 620), (1280, 800), (1440, 1000), (1920, 1080))
FRESH = 12
"""The list of widgets is made anew after so many actions."""


class Hands:
    """Does one thing at a time; `tally` counts what was done, by kind, and by the widget that it was done to."""

    def __init__(
        self,
        window: Any,
        random: Random,
        folder: Path,
        reopen: bool = True,
        tell: Callable[[str], None] = lambda about_to: None,
    ) -> None:
        self.window, self.random, self.folder, self.reopen = window, random, folder, reopen
        self.tell = tell  # hears what is done before it is done, since it may be the last thing that happens
        self.tally: Counter[str] = Counter()
        self.touched: Counter[str] = Counter()
        self.visited: Counter[str] = Counter()
        self._groups: dict[str, list[QWidget]] = {}
        self._age = FRESH
        self.last = ""
        self._ways: list[tuple[Callable[[], str], int]] = [
            (self._touch, 60),
            (self._shortcut, 12),
            (self._workspace, 4),
            (self._model, 2),
            (self._resize, 1),
            (self._theme, 1),
            (self._drop_file, 1),
        ]

    def act(self) -> str:
        """Do something; says what, so that a failure can be told from its trail."""
        popup, modal = QApplication.activePopupWidget(), QApplication.activeModalWidget()
        if popup is not None:
            said = self._on_popup(popup)
        elif modal is not None:
            said = self._on_dialog(modal)
        else:
            ways, weights = zip(*self._ways, strict=True)
            said = self.random.choices(ways, weights)[0]()
        self.tally[said.split(":")[0]] += 1
        self.last = said
        return said

    # -- widgets ---------------------------------------------------------------------------------------------------

    def _find(self, root: QWidget) -> dict[str, list[QWidget]]:
        """Visible, enabled widgets that answer to hands, by kind, so that a hundred sliders do not outweigh all."""
        groups: dict[str, list[QWidget]] = defaultdict(list)
        for widget in root.findChildren(QWidget):
            if not (widget.isVisible() and widget.isEnabled()) or widget.objectName() in ("quit",):
                continue
            kind = _kind(widget)
            if kind:
                groups[kind].append(widget)
        return groups

    def _pick(self, root: QWidget) -> QWidget | None:
        self._age += 1
        if self._age >= FRESH or root is not self.window:
            self._groups = self._find(root)
            self._age = 0 if root is self.window else FRESH
        for _ in range(8):
            if not self._groups:
                return None
            widget = self.random.choice(self._groups[self.random.choice(sorted(self._groups))])
            if isValid(widget) and widget.isVisible() and widget.isEnabled() and _reachable(widget):
                return widget
            self._age = FRESH
        return None

    def _touch(self) -> str:
        widget = self._pick(self.window)
        return "nothing" if widget is None else self._use(widget)

    def _use(self, widget: QWidget) -> str:
        """Do to a widget one of the things that are done to its kind."""
        name = _name(widget)
        self.touched[name] += 1
        if isinstance(widget, QAbstractButton):
            ways = [(self._click, 1)]
        elif isinstance(widget, QComboBox):
            ways = [(self._choose, 1)]
        elif isinstance(widget, QLineEdit):
            ways = [(self._type, 1)]
        elif isinstance(widget, QAbstractSpinBox):
            ways = [(self._type, 2), (self._key, 2), (self._wheel, 1), (self._click, 1)]
        elif isinstance(widget, QTabBar):
            ways = [(self._click, 3), (self._key, 1)]
        else:
            ways = [(self._drag, 4), (self._click, 4), (self._key, 3), (self._wheel, 2), (self._double, 1),
                    (self._menu, 1), (self._hover, 1)]  # fmt: skip
        way = self.random.choices([way for way, _ in ways], [weight for _, weight in ways])[0]
        self.tell(f"{way.__name__.strip('_')}: {name}")
        return f"{way.__name__.strip('_')}: {name}{way(widget)}"

    def _place(self, widget: QWidget) -> QPoint:
        shown = widget.visibleRegion().boundingRect()
        return QPoint(
            self.random.randint(shown.left(), max(shown.left(), shown.right())),
            self.random.randint(shown.top(), max(shown.top(), shown.bottom())),
        )

    def _modifiers(self) -> Qt.KeyboardModifier:
        return self.random.choices((PLAIN, SHIFT, CTRL, ALT), (12, 3, 2, 1))[0]

    def _click(self, widget: QWidget) -> str:
        at, modifiers = self._place(widget), self._modifiers()
        press_and_let_go(widget, at, modifiers)
        return f" at {at.x()},{at.y()} {modifiers.name}"

    def _double(self, widget: QWidget) -> str:
        at = self._place(widget)
        press_and_let_go(widget, at)
        if isValid(widget):
            _send(QEvent.Type.MouseButtonDblClick, widget, at)
        if isValid(widget):
            _send(QEvent.Type.MouseButtonRelease, widget, at)
        return f" at {at.x()},{at.y()}"

    def _drag(self, widget: QWidget) -> str:
        modifiers, start = self._modifiers(), self._place(widget)
        button = self.random.choices((LEFT, Qt.MouseButton.MiddleButton), (9, 1))[0]
        QTest.mousePress(widget, button, modifiers, start)
        for _ in range(self.random.randint(1, 6)):
            if not isValid(widget):
                return " gone"
            # Sent by hand: QTest's move holds no button.
            _move(widget, self._place(widget), button, modifiers)
        if isValid(widget):
            QTest.mouseRelease(widget, button, modifiers, self._place(widget))
        return f" from {start.x()},{start.y()} {button.name} {modifiers.name}"

    def _hover(self, widget: QWidget) -> str:
        _move(widget, self._place(widget), Qt.MouseButton.NoButton, PLAIN)
        return ""

    def _wheel(self, widget: QWidget) -> str:
        at, turn = QPointF(self._place(widget)), self.random.choice((-240, -120, -30, 30, 120, 240))
        if self.random.random() < 0.5:
            widget.setFocus()
        event = QWheelEvent(at, widget.mapToGlobal(at), QPoint(), QPoint(0, turn), Qt.MouseButton.NoButton,
                            self._modifiers(), Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
        QApplication.sendEvent(widget, event)
        return f" by {turn}"

    def _key(self, widget: QWidget) -> str:
        widget.setFocus()
        said = ""
        for _ in range(self.random.randint(1, 3)):
            target = QApplication.focusWidget()
            if target is None or target.window() is not self.window:
                break
            key, modifiers = self.random.choice(KEYS), self._modifiers()
            QTest.keyClick(target, key, modifiers)
            said += f" {key.name}/{modifiers.name}"
        return said

    def _menu(self, widget: QWidget) -> str:
        at = self._place(widget)
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, widget.mapToGlobal(at))
        QApplication.sendEvent(widget, event)
        return f" at {at.x()},{at.y()}"

    def _type(self, widget: QWidget) -> str:
        text = self.random.choice(TEXTS)
        widget.setFocus()
        field = widget if isinstance(widget, QLineEdit) else widget.findChild(QLineEdit)
        if field is not None:
            field.selectAll()
        for letter in text if text.isascii() else ():
            QTest.keyClick(widget, letter)
        if not text.isascii():  # QTest knows no others
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                QApplication.sendEvent(widget, QKeyEvent(kind, 0, PLAIN, text))
        if isValid(widget):
            QTest.keyClick(widget, self.random.choice((Qt.Key.Key_Return, Qt.Key.Key_Tab, Qt.Key.Key_Escape)))
        return f" {text[:20]!r}"

    def _choose(self, widget: QComboBox) -> str:
        index = self.random.randrange(max(1, widget.count()))
        widget.setFocus()
        for _ in range(widget.count()):  # an entry that is greyed is stepped over, back and forth
            before = widget.currentIndex()
            if before == index:
                break
            QTest.keyClick(widget, Qt.Key.Key_Down if index > before else Qt.Key.Key_Up)
            if not isValid(widget) or widget.currentIndex() == before:
                break
        return f" {index}"

    # -- the window as a whole ---------------------------------------------------------------------------------------

    def _shortcut(self) -> str:
        name, key, modifiers, _ = self.random.choices(SHORTCUTS, [weight for *_, weight in SHORTCUTS])[0]
        self.tell(f"shortcut: {name}")
        QTest.keyClick(self.window, key, modifiers)
        return f"shortcut: {name}"

    def _workspace(self) -> str:
        return self.visit(self.random.randrange(len(WORKSPACES)))

    def visit(self, index: int) -> str:
        """Go to a workspace by its tab."""
        tabs = self.window.parts.workspaces
        self.tell(f"workspace: {WORKSPACES[index].name}")
        press_and_let_go(tabs, tabs.tabRect(index).center())
        self.visited[WORKSPACES[index].name] += 1
        self._age = FRESH
        return f"workspace: {WORKSPACES[index].name}"

    def _model(self) -> str:
        """Choose a bundled model as a click on its row does."""
        from ganviz import catalog

        return self.choose_model(self.random.choice(catalog.bundled()))

    def choose_model(self, header: Any) -> str:
        """Open a model from the list."""
        self.tell(f"model: {header.ref.name}")
        self.window.parts.models.chosen.emit(str(header.path))
        self.visited[header.ref.name] += 1
        self._age = FRESH
        return f"model: {header.ref.name}"

    def _resize(self) -> str:
        size = self.random.choice(SIZES)
        self.tell(f"resize: {size[0]}x{size[1]}")
        self.window.resize(*size)
        return f"resize: {size[0]}x{size[1]}"

    def _theme(self) -> str:
        theme = self.random.choice(("dark", "light"))
        self.tell(f"theme: {theme}")
        self.window.set_setting("theme", theme)
        return f"theme: {theme}"

    def _drop_file(self) -> str:
        """Drop one of the files that were written so far on the window."""
        files = [path for path in sorted(self.folder.rglob("*")) if path.is_file() and not path.name.startswith(".")]
        if not self.reopen or self.random.random() < 0.9:  # a session begins the history anew
            files = [path for path in files if path.suffix != ".ganviz"]
        if not files:
            return "nothing"
        path = self.random.choice(files)
        self.tell(f"drop: {path.name}")
        drop(self.window, QPoint(self.window.width() // 2, 300), _urls(path))
        return f"drop: {path.name}"

    # -- what lies over it -------------------------------------------------------------------------------------------

    def _on_popup(self, popup: QWidget) -> str:
        if isinstance(popup, QMenu) and self.random.random() < 0.8:
            actions = [action for action in popup.actions() if action.isEnabled() and not action.isSeparator()]
            actions = [action for action in actions if action.objectName() != "action-quit"]
            if actions:
                action = self.random.choice(actions)
                text = action.text()
                self.tell(f"menu item: {text}")
                if action.menu() is not None:
                    popup.setActiveAction(action)
                    QTest.keyClick(popup, Qt.Key.Key_Right)
                else:
                    press_and_let_go(popup, popup.actionGeometry(action).center())
                return f"menu item: {text}"
        self.tell("menu closed")
        QTest.keyClick(popup, Qt.Key.Key_Escape)
        if isValid(popup) and popup.isVisible():
            popup.close()
        return "menu closed"

    def _on_dialog(self, dialog: QWidget) -> str:
        self._age = FRESH
        if isinstance(dialog, QFileDialog):
            return self._on_chooser(dialog)
        widget = self._pick(dialog) if self.random.random() < 0.85 else None
        if widget is None:
            self.tell(f"dialog closed: {_name(dialog)}")
            QTest.keyClick(dialog, Qt.Key.Key_Escape)
            if isinstance(dialog, QDialog) and isValid(dialog) and dialog.isVisible():
                dialog.reject()
            return f"dialog closed: {_name(dialog)}"
        if widget.objectName().endswith("-path"):  # only ever written into the monkey's own folder
            assert isinstance(widget, QLineEdit)
            path = self.folder / f"file-{self.random.randrange(4)}"
            widget.setText(str(path) if self.random.random() < 0.9 else str(self.folder / "missing" / "file.png"))
            return f"dialog: {path.name}"
        said = self._use(widget)
        field = dialog.findChild(QLineEdit) if isValid(dialog) else None
        if field is not None and not field.text().startswith(str(self.folder)):
            field.setText(str(self.folder / "file-0"))
        return f"dialog: {said}"

    def _on_chooser(self, chooser: QFileDialog) -> str:
        saving = chooser.acceptMode() == QFileDialog.AcceptMode.AcceptSave
        files = [str(path) for path in sorted(self.folder.rglob("*")) if path.is_file()]
        if not saving and (not self.reopen or self.random.random() < 0.9):
            files = [path for path in files if not path.endswith(".ganviz")]
        target = ""
        if self.random.random() < 0.6:
            target = str(self.folder / f"saved-{self.random.randrange(4)}.ganviz") if saving else ""
            target = target or (self.random.choice(files) if files else "")
        self.tell(f"chooser: {Path(target).name or 'cancelled'}")
        if target:
            chooser.fileSelected.emit(target)
        chooser.reject()
        return f"chooser: {Path(target).name or 'cancelled'}"


def drop(widget: QWidget, at: QPoint, mime: QMimeData) -> bool:
    """Drag something over a widget and let it go there; whether it was taken."""
    action, buttons = Qt.DropAction.CopyAction, LEFT
    enter = QDragEnterEvent(at, action, mime, buttons, PLAIN)
    enter.ignore()
    QApplication.sendEvent(widget, enter)
    if not enter.isAccepted() or not isValid(widget):
        return False
    QApplication.sendEvent(widget, QDropEvent(QPointF(at), action, mime, buttons, PLAIN))
    return True


def _urls(path: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    return mime


def _move(widget: QWidget, at: QPoint, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
    where = QPointF(at)
    event = QMouseEvent(
        QEvent.Type.MouseMove, where, widget.mapToGlobal(where), Qt.MouseButton.NoButton, button, modifiers
    )
    QApplication.sendEvent(widget, event)


def press_and_let_go(widget: QWidget, at: QPoint, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
    """Press and let go, unless the press was the end of the widget.

    QTest's own click goes on with the widget that it was given: where the press opens a dialog in a loop of its own,
    and what happens in that one deletes the widget, the release takes the process with it. Qt's own mouse does not.
    """
    QTest.mousePress(widget, LEFT, modifiers, at)
    if isValid(widget):
        QTest.mouseRelease(widget, LEFT, modifiers, at)


def _send(kind: QEvent.Type, widget: QWidget, at: QPoint) -> None:
    """One event of the left button to a widget."""
    where = QPointF(at)
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else LEFT
    QApplication.sendEvent(widget, QMouseEvent(kind, where, widget.mapToGlobal(where), LEFT, held, PLAIN))


def _kind(widget: QWidget) -> str:
    """By what name a widget's likes are counted; empty for one that hands have no use for."""
    if isinstance(widget, QScrollBar) or isinstance(widget.parent(), QAbstractSpinBox | QComboBox):
        return ""
    if isinstance(widget, QAbstractButton):
        return "button " + ("in a dialog" if isinstance(widget.window(), QDialog) else widget.objectName()[:6])
    if isinstance(widget, QAbstractSlider | QAbstractSpinBox | QComboBox | QLineEdit | QTabBar):
        return type(widget).__name__
    if widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
        # An item view hears the mouse through its viewport.
        return type(widget).__name__
    parent = widget.parent()
    if isinstance(parent, QAbstractScrollArea) and parent.viewport() is widget:
        return f"{type(parent).__name__} inside"
    return ""


def _reachable(widget: QWidget) -> bool:
    """Whether a hand could get at it: some of it is on screen, and no dialog of another window blocks it."""
    modal = QApplication.activeModalWidget()
    return not widget.visibleRegion().isEmpty() and (modal is None or widget.window() is modal)


def _name(widget: QWidget) -> str:
    """What to call a widget in the trail."""
    named: Any = widget
    while named is not None and not named.objectName():
        named = named.parent()
    return f"{named.objectName() if named is not None else '?'} ({type(widget).__name__})"
