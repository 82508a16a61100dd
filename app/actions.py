"""The commands and settings as Qt's actions, and the menu that holds those without a button."""

from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from app import theme
from app.commands import COMMANDS
from app.settings import SETTINGS

if TYPE_CHECKING:
    from app.window import MainWindow

FIRST_OF_GROUP = ("copy", "keys", "quit")
"""Commands that a line stands before in the menu."""


def make_actions(window: "MainWindow") -> dict[str, QAction]:
    """An action of the window for each command, by the command's id."""
    actions = {}
    for command in COMMANDS:
        action = QAction(theme.icon(command.icon), command.text, window)
        action.setObjectName(f"action-{command.id}")
        action.setShortcut(QKeySequence(command.shortcut))
        if command.id == "redo":
            action.setShortcuts([QKeySequence(command.shortcut), QKeySequence("Ctrl+Y")])
        action.triggered.connect(lambda _=False, command=command: command.run(window))
        window.addAction(action)
        actions[command.id] = action
    return actions


def more_menu(window: "MainWindow", parent: QWidget) -> QMenu:
    """The menu at the top right: commands without a button, and the settings that have choices before the last two."""
    menu = QMenu(parent)
    for command in COMMANDS:
        if command.menu:
            if command.id in FIRST_OF_GROUP:
                menu.addSeparator()
            if command.id == "keys":
                _add_settings(window, menu)
            menu.addAction(window.actions_by_id[command.id])
    return menu


def _add_settings(window: "MainWindow", menu: QMenu) -> None:
    for setting in SETTINGS:
        if setting.choices:
            choices = menu.addMenu(setting.label)
            group = QActionGroup(choices)
            for value, text in setting.choices:
                action = choices.addAction(text)
                action.setCheckable(True)
                action.setChecked(window.settings.get(setting.key) == value)
                action.triggered.connect(lambda _=False, key=setting.key, value=value: window.set_setting(key, value))
                group.addAction(action)
