import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QFontInfo, QIcon, QImage
from PySide6.QtWidgets import QLabel

from app import theme
from app.tokens import DARK, LIGHT, contrast
from app.widgets.buttons import IconButton

BOTH = pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=lambda t: t.name)


def test_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@BOTH
def test_text_reaches_four_and_a_half_to_one_on_every_surface(tokens):
    for surface in (tokens.background, tokens.panel, tokens.card):
        for role in ("text", "muted", "accent_text", "danger", "good", "warning"):
            assert contrast(getattr(tokens, role), surface) >= 4.5, (role, surface)
    assert contrast(tokens.on_accent, tokens.accent) >= 4.5
    assert contrast(tokens.on_accent, tokens.accent_hover) >= 4.5
    for role in ("text", "selection_muted", "accent_text"):
        assert contrast(getattr(tokens, role), tokens.selection) >= 4.5, role
    assert contrast(tokens.text, tokens.hover) >= 4.5


@BOTH
def test_outlines_fills_and_focus_ring_reach_three_to_one_on_every_surface(tokens):
    for surface in (tokens.background, tokens.panel, tokens.card):
        for role in ("outline", "accent"):
            assert contrast(getattr(tokens, role), surface) >= 3.0, (role, surface)


@BOTH
def test_palette_of_the_drawings_is_kept(tokens):
    drawn = {
        "dark": ("#17181b", "#1f2125", "#26292e", "#33373d", "#e6e8eb", "#8f96a0", "#6ea8fe", "#6ea8fe"),
        "light": ("#eceef1", "#f7f8fa", "#ffffff", "#d9dde3", "#1c1f24", "#626973", "#2f6fed", "#235ccd"),
    }
    names = ("background", "panel", "card", "line", "text", "muted", "accent", "accent_text")
    assert tuple(getattr(tokens, name) for name in names) == drawn[tokens.name]


def test_applying_a_theme_changes_palette_and_sheet(qapp):
    for tokens in (LIGHT, DARK):
        theme.apply(qapp, tokens.name)
        assert theme.tokens() is tokens
        assert qapp.palette().window().color().name() == tokens.panel
        assert tokens.background in qapp.styleSheet()


def test_system_theme_follows_the_desktop_while_the_program_runs(qapp, qtbot, monkeypatch):
    theme.apply(qapp, "system")
    seen = []
    theme.current().changed.connect(lambda: seen.append(theme.tokens().name))
    scheme = Qt.ColorScheme.Light
    monkeypatch.setattr("app.theme._system_tokens", lambda app: LIGHT if scheme == Qt.ColorScheme.Light else DARK)
    qapp.styleHints().colorSchemeChanged.emit(scheme)
    scheme = Qt.ColorScheme.Dark
    qapp.styleHints().colorSchemeChanged.emit(scheme)
    assert seen == ["light", "dark"]


def test_a_chosen_theme_does_not_follow_the_desktop(qapp, monkeypatch):
    theme.apply(qapp, "light")
    monkeypatch.setattr("app.theme._system_tokens", lambda app: DARK)
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert theme.tokens() is LIGHT


def strongest_color(icon: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal) -> str:
    image = icon.pixmap(QSize(32, 32), mode).toImage().convertToFormat(QImage.Format.Format_RGBA8888)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(-1, 4)
    return "#" + bytes(pixels[np.argmax(pixels[:, 3])][:3]).hex()


def test_icons_wear_the_theme_and_change_with_it(qapp):
    icon = theme.icon("undo")
    assert strongest_color(icon) == DARK.text
    assert strongest_color(icon, QIcon.Mode.Disabled) == DARK.disabled
    theme.apply(qapp, "light")
    assert strongest_color(icon) == LIGHT.text
    assert strongest_color(theme.icon("play", "accent")) == LIGHT.accent


def test_text_is_13_px_captions_11_and_figures_tabular():
    assert theme.text_font().pixelSize() == 13
    assert theme.caption_font().pixelSize() == 11
    assert QFont.Tag("tnum") in theme.text_font(tabular=True).featureTags()
    assert QFontInfo(theme.text_font()).family()


def test_style_sheet_leaves_tabular_figures_in_place(qtbot):
    label = QLabel("1")
    label.setFont(theme.text_font(tabular=True))
    qtbot.addWidget(label)
    label.show()
    assert QFont.Tag("tnum") in label.font().featureTags()


def test_icon_buttons_have_tooltip_accessible_name_and_object_name(qtbot):
    button = IconButton("undo", "Undo", "undo", shortcut="Ctrl+Z")
    qtbot.addWidget(button)
    assert button.objectName() == "undo"
    assert button.accessibleName() == "Undo"
    assert "Ctrl+Z" in button.toolTip()


def test_a_copy_of_an_icon_that_is_changed_outlives_it(qapp):
    original = theme.icon("play")
    copy = QIcon(original)
    copy.setIsMask(True)  # here Qt asks the icon's engine for a clone
    del original
    assert not copy.pixmap(16, 16).isNull()
    del copy


def test_what_stands_for_changed_copies_of_icons_goes_with_them(qapp):
    original = theme.icon("play")
    copies = [QIcon(original) for _ in range(20)]
    for copy in copies:
        copy.setIsMask(True)
    kept = copies[:10]
    del copies, copy
    kept.append(QIcon(original))
    kept[-1].setIsMask(True)
    assert len(theme._CLONES) == len(kept), "those of the others have gone"
    assert not any(copy.pixmap(16, 16).isNull() for copy in kept)


def test_an_icon_without_room_is_no_picture_and_no_warning(qapp):
    from PySide6.QtCore import QSize

    assert theme.icon("undo").pixmap(QSize(0, 16)).isNull()
    assert theme.icon("undo").pixmap(QSize(16, 16)).width() >= 16
