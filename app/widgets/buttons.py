"""Buttons and tabs: every one with a tooltip, an accessible name and an object name."""

import html

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionComboBox,
    QStylePainter,
    QTabBar,
    QToolButton,
    QWidget,
)

from app import theme


def tip_text(tip: str, shortcut: str = "") -> str:
    """A tooltip with its shortcut in the platform's own writing."""
    keys = QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText) if shortcut else ""
    return f"{tip} ({keys})" if keys else tip


def plain_tip(text: str) -> str:
    """Text from a file as a tooltip: Qt would read what looks like HTML as such."""
    return "<br>".join(html.escape(line) for line in text.split("\n")) if text else ""


class IconButton(QToolButton):
    """A flat button with one icon."""

    def __init__(
        self,
        icon: str,
        tip: str,
        name: str,
        parent: QWidget | None = None,
        *,
        shortcut: str = "",
        checkable: bool = False,
        role: str = "text",
        size: int = 18,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(tip)
        self.setToolTip(tip_text(tip, shortcut))
        self.setCheckable(checkable)
        self.setIconSize(QSize(size, size))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAutoRaise(True)
        self._role = role
        self.set_icon(icon)

    def set_icon(self, icon: str) -> None:
        """Show another icon of the set."""
        self.setIcon(theme.icon(icon, self._role))


class TextButton(QPushButton):
    """A button with text and perhaps an icon; `kind` is "plain", "primary" (the one main action) or "link"."""

    def __init__(
        self,
        text: str,
        tip: str,
        name: str,
        parent: QWidget | None = None,
        *,
        icon: str = "",
        kind: str = "plain",
        shortcut: str = "",
    ) -> None:
        super().__init__(text, parent)
        self.setObjectName(name)
        self.setAccessibleName(text)
        self.setToolTip(tip_text(tip, shortcut))
        self.setProperty("kind", kind)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if kind == "primary":
            self.setFont(theme.text_font(bold=True))
        if icon:
            role = {"primary": "on_accent", "link": "accent_text"}.get(kind, "text")
            self.setIcon(theme.icon(icon, role))
            self.setIconSize(QSize(20, 16))  # the glyph stands at the left of it: 8 px to the text, with Qt's own 4


class SegmentedTabs(QTabBar):
    """Tabs as text in one row; `kind` is "workspace" (pill) or "plain"."""

    def __init__(
        self, tabs: list[tuple[str, str]], name: str, tip: str, parent: QWidget | None = None, *, kind: str
    ) -> None:
        """`tabs` is a list of (text, tooltip)."""
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(tip)
        self.setToolTip(tip)
        self.setProperty("kind", kind)
        self.setFont(theme.text_font(bold=True))
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setUsesScrollButtons(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for text, hint in tabs:
            self.setTabToolTip(self.addTab(text), hint)

    def event(self, event: QEvent) -> bool:
        """A layout that asked for its size before the style sheet came to it has to ask again."""
        done = super().event(event)
        if event.type() in (QEvent.Type.Polish, QEvent.Type.StyleChange):
            self.updateGeometry()
        return done


class Choice(QComboBox):
    """A drop-down list with the theme's chevron, which steps by wheel only while it has the focus."""

    def __init__(self, name: str, tip: str, parent: QWidget | None = None, *, whole: bool = False) -> None:
        """`whole`: as wide as its longest entry, rather than as narrow as the layout wants."""
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(tip)
        self.setToolTip(tip)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        policies = QComboBox.SizeAdjustPolicy
        self.setSizeAdjustPolicy(policies.AdjustToContents if whole else policies.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.setMaxVisibleItems(16)
        self.setItemDelegate(QStyledItemDelegate(self))  # the one that the style sheet reaches

    def shown_text(self) -> str:
        """The chosen entry; where there is no room for all of it, it ends in dots rather than within a letter."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        part = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, self).width()
        return option.fontMetrics.elidedText(option.currentText, Qt.TextElideMode.ElideRight, room - 2)

    def wheelEvent(self, event):
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        option.currentText = self.shown_text()
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        role = "text" if self.isEnabled() else "disabled"
        theme.draw_icon(painter, QRect(self.width() - 24, (self.height() - 16) // 2, 16, 16), "chevron-down", role)
        painter.end()


class Tick(QCheckBox):
    """A check box with the theme's tick."""

    def __init__(self, text: str, tip: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setObjectName(name)
        self.setAccessibleName(text)
        self.setToolTip(tip)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.isChecked():
            painter = QPainter(self)
            theme.draw_icon(painter, QRect(1, (self.height() - 14) // 2, 14, 14), "check-bold", "on_accent")
            painter.end()
