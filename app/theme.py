"""The look: colours of both themes as data, one style sheet made from them, icons and fonts.

`apply(app, "dark" | "light" | "system")` puts a theme on an application; with "system" it follows the desktop's
colour scheme while the program runs. Widgets that paint themselves read `tokens()` in their paintEvent, so a
change of theme needs nothing more than the repaint that Qt sends anyway; icons read it when they are drawn.
"""

from typing import Literal

from PySide6.QtCore import QObject, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QIcon,
    QIconEngine,
    QPainter,
    QPalette,
    QPen,
    QPixmap,
    QPixmapCache,
)
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from app import glyphs
from app.dressing import Dressing
from app.stylesheet import style_sheet
from app.tokens import DARK, LIGHT, THEMES, Tokens

Mode = Literal["dark", "light", "system"]

# Sizes in pixels, on a grid of 4: 8 between controls, 12 inside cards, 16 around the canvas.
TEXT_PX = 13
CAPTION_PX = 11
FIELD_HEIGHT = 28
RADIUS = 6

PLAIN_FAMILIES = ("Helvetica", "Sans Serif", "Sans", "")
"""What Qt answers where no desktop has set a font."""
FALLBACK_FAMILIES = ("Inter", "Adwaita Sans", "Cantarell", "Noto Sans", "Segoe UI", "Ubuntu", "DejaVu Sans")


class Theme(QObject):
    """The theme that the application wears now. `changed` comes after what is seen has put it on."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.mode: Mode = "dark"
        self.tokens = DARK
        self._followed: QApplication | None = None
        self._dressing = Dressing()

    @property
    def application(self) -> QApplication | None:
        """The application that wears the theme."""
        return self._followed

    @property
    def applied(self) -> bool:
        """Whether an application wears it yet."""
        return self._followed is not None

    def apply(self, app: QApplication, mode: Mode = "system") -> None:
        """Dress `app`; "system" follows the desktop from now on, and is dark where the desktop says nothing."""
        self.mode = mode
        if self._followed is not app:
            self._followed = app
            app.styleHints().colorSchemeChanged.connect(self._system_changed)
            app.setStyle("Fusion")
            app.setFont(text_font())
        # Asking the platform for the scheme lets it colour title bars and native dialogs alike.
        if mode == "system":
            app.styleHints().unsetColorScheme()
        else:
            app.styleHints().setColorScheme(Qt.ColorScheme.Dark if mode == "dark" else Qt.ColorScheme.Light)
        self._dress(THEMES[mode] if mode != "system" else _system_tokens(app))

    def _system_changed(self) -> None:
        if self.mode == "system" and self._followed is not None:
            self._dress(_system_tokens(self._followed))

    def _dress(self, wanted: Tokens) -> None:
        app = self._followed
        if app is None or (self.tokens is wanted and app.styleSheet()):
            return
        self.tokens = wanted
        app.setPalette(palette(wanted))
        self._dressing.dress(app, style_sheet(wanted))
        self.changed.emit()

    @property
    def complete(self) -> bool:
        """Whether widgets that are not seen wear it too."""
        return self._dressing.is_done

    def finish(self) -> None:
        """Have widgets that are not seen wear the theme now too, which else they do some turns later."""
        self._dressing.finish()


def _system_tokens(app: QApplication) -> Tokens:
    """The theme that the desktop asks for; dark where it says nothing, since pictures read well on it."""
    return LIGHT if app.styleHints().colorScheme() == Qt.ColorScheme.Light else DARK


_theme: Theme | None = None


def current() -> Theme:
    """The one theme of this process; made on first use, since a QObject wants no application but a font does."""
    global _theme
    if _theme is None:
        _theme = Theme()
    return _theme


def apply(app: QApplication, mode: Mode = "system") -> None:
    """Put a theme on the application: Fusion, palette, style sheet, fonts."""
    current().apply(app, mode)


def tokens() -> Tokens:
    """The colours to paint with now."""
    return current().tokens


def color(name: str, alpha: float = 1.0) -> QColor:
    """A token as a QColor, with an opacity of 0 to 1."""
    found = QColor(getattr(tokens(), name))
    found.setAlphaF(alpha)
    return found


def palette(t: Tokens) -> QPalette:
    """The palette for what the style sheet does not reach: dialogs, menus, selections, disabled text."""
    p = QPalette()
    role = QPalette.ColorRole
    for which, value in (
        (role.Window, t.panel),
        (role.Base, t.background),
        (role.AlternateBase, t.card),
        (role.Button, t.card),
        (role.ToolTipBase, t.card),
        (role.WindowText, t.text),
        (role.Text, t.text),
        (role.ButtonText, t.text),
        (role.ToolTipText, t.text),
        (role.BrightText, t.text),
        (role.PlaceholderText, t.muted),
        (role.Highlight, t.accent),
        (role.HighlightedText, t.on_accent),
        (role.Accent, t.accent),
        (role.Link, t.accent_text),
        (role.LinkVisited, t.accent_text),
        (role.Mid, t.line),
        (role.Midlight, t.hover),
        (role.Light, t.hover),
        (role.Dark, t.line),
        (role.Shadow, t.background),
    ):
        p.setColor(which, QColor(value))
    for which in (role.WindowText, role.Text, role.ButtonText):
        p.setColor(QPalette.ColorGroup.Disabled, which, QColor(t.disabled))
    return p


def text_font(px: int = TEXT_PX, *, bold: bool = False, tabular: bool = False) -> QFont:
    """The system's font at `px` pixels; `tabular` gives all digits one width, for numbers that change."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    if font.family() in PLAIN_FAMILIES:
        installed = set(QFontDatabase.families())
        font.setFamily(next((name for name in FALLBACK_FAMILIES if name in installed), font.family()))
    font.setPixelSize(px)
    font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    if tabular:
        font.setFeature(QFont.Tag("tnum"), 1)
    return font


def caption_font(*, bold: bool = False, tabular: bool = False) -> QFont:
    """The smaller font, for captions and headings of sections."""
    return text_font(CAPTION_PX, bold=bold, tabular=tabular)


_CLONES: list[QIconEngine] = []
"""Engines that Qt asked for when a copy of an icon was changed, which nothing in the window does by itself. Qt deletes
each with its icon, and says so, as the engine is one that Python made."""


class _Glyph(QIconEngine):
    """One glyph of Material Design Icons in the theme's colours, chosen when it is drawn.

    It is as large as the shorter side; where there is more width, it stands at the left of it.
    """

    def __init__(self, name: str, role: str, checked_role: str) -> None:
        super().__init__()
        self._name, self._role, self._checked_role = name, role, checked_role
        self._character = glyphs.character(name)

    def clone(self) -> QIconEngine:
        made = _Glyph(self._name, self._role, self._checked_role)
        # Qt keeps it, but Python owns what Python made and returned, and would delete it at once.
        _CLONES[:] = [*filter(isValid, _CLONES), made]
        return made

    def _role_of(self, mode: QIcon.Mode, state: QIcon.State) -> str:
        if mode == QIcon.Mode.Disabled:
            return "disabled"
        return self._checked_role if state == QIcon.State.On else self._role

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        painter.save()
        painter.setFont(glyphs.font(max(1, min(rect.width(), rect.height()))))
        painter.setPen(QPen(color(self._role_of(mode, state))))
        side = Qt.AlignmentFlag.AlignLeft if rect.width() > rect.height() else Qt.AlignmentFlag.AlignHCenter
        painter.drawText(QRectF(rect), side | Qt.AlignmentFlag.AlignVCenter, self._character)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        drawn = QPixmap(size)
        if drawn.isNull():
            return drawn  # there is no room for it, as on a button of a very narrow window
        # Qt asks at every paint.
        colour = color(self._role_of(mode, state)).name()
        key = f"ganviz-icon {self._name} {colour} {size.width()}x{size.height()}"
        if QPixmapCache.find(key, drawn):
            return drawn
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        QPixmapCache.insert(key, drawn)
        return drawn


def icon(name: str, role: str = "text", checked_role: str = "accent_text") -> QIcon:
    """The Material Design icon `name` (see pictogrammers.com) in the colour of a token; grey when disabled."""
    return QIcon(_Glyph(name, role, checked_role))


def draw_icon(painter: QPainter, rect: QRect, name: str, role: str = "text") -> None:
    """Paint an icon inside a widget's own paintEvent."""
    _Glyph(name, role, role).paint(painter, rect, QIcon.Mode.Normal, QIcon.State.Off)


def draw_empty(painter: QPainter, box: QRectF, text: str) -> None:
    """Say in the middle of a place that has nothing to show yet what would be there, or what to do."""
    painter.setPen(color("muted"))
    painter.setFont(text_font())
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)


def draw_focus_ring(painter: QPainter, rect: QRectF, radius: float = RADIUS) -> None:
    """The ring of 2 px that shows where the keyboard is, just inside `rect`."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color("accent"), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius, radius)
    painter.restore()


def app_icon() -> QIcon:
    """The program's own icon: a corner of the seed plane, and the ring that says where one is."""
    found = QIcon()
    for side in (16, 24, 32, 48, 64, 128, 256):
        drawn = QPixmap(side, side)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(DARK.panel))
        painter.drawRoundedRect(QRectF(0, 0, side, side), side * 0.22, side * 0.22)
        for row in range(3):
            for column in range(3):
                painter.setBrush(QColor(DARK.outline if (row, column) != (1, 1) else DARK.text))
                box = QRectF(side * (0.18 + 0.24 * column), side * (0.18 + 0.24 * row), side * 0.16, side * 0.16)
                painter.drawRoundedRect(box, side * 0.04, side * 0.04)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(DARK.accent), side * 0.07))
        painter.drawEllipse(QRectF(side * 0.44, side * 0.3, side * 0.3, side * 0.3))
        painter.end()
        found.addPixmap(drawn)
    return found


def restyle(widget: QWidget) -> None:
    """Have the style sheet look again at a widget whose dynamic property has changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()
