"""The window as it was left: its size and columns, folded cards, and the habits that some controls keep."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.window import MainWindow

HINT = "Drag on the picture to wander, or move a slider. Ctrl+Z takes anything back."


def restore(window: "MainWindow") -> None:
    """Show what the settings say; the hint until it has been followed once."""
    parts, settings = window.parts, window.settings
    parts.latent.variation.show_value(settings.get("variation"))
    parts.latent.show_threshold(settings.get("within"))
    window.canvas.set_smooth(settings.get("smooth"))
    parts.smooth.setChecked(settings.get("smooth"))
    folded = settings.get("folded").split(",")
    for card in parts.cards.values():
        card.set_folded(card.objectName() in folded)
    size, columns = settings.geometry("window"), settings.geometry("columns")
    if size is not None:
        window.restoreGeometry(size)
    if columns is not None:
        parts.columns.restoreState(columns)
    if not settings.get("hint_seen"):
        window.canvas.set_hint(HINT)


def keep_folds(window: "MainWindow") -> None:
    """Keep which cards are folded."""
    window.settings.set("folded", ",".join(card.objectName() for card in window.parts.cards.values() if card.folded))


def keep_sizes(window: "MainWindow") -> None:
    """Keep how large the window and its columns are."""
    window.settings.keep_geometry("window", window.saveGeometry())
    window.parts.show_sides(True)  # a column that is away would be kept without a width
    window.settings.keep_geometry("columns", window.parts.columns.saveState())


def hint_done(window: "MainWindow") -> None:
    """Something was moved: the hint has done its work, for good."""
    if window.canvas.hint.text():
        window.canvas.set_hint("")
        window.settings.set("hint_seen", True)
