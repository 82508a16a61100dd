"""The colours of both themes, as plain data, and how to measure their contrast. No Qt here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tokens:
    """The colours of one theme, as #rrggbb. Contrast of the text and outline colours is held by a test."""

    name: str
    background: str  # behind the picture, inside fields
    panel: str  # columns and bars
    card: str
    line: str  # hairlines between areas, tracks of sliders: never the only sign of a control
    outline: str  # borders of controls: muted, softened as far as 3:1 against all three surfaces allows
    text: str
    muted: str
    disabled: str
    accent: str  # fills
    accent_hover: str
    accent_text: str  # the accent as text
    on_accent: str  # text on the accent
    hover: str
    selection: str  # the selected row or tab
    selection_muted: str  # captions on that
    handle: str
    danger: str
    good: str
    warning: str


DARK = Tokens(
    name="dark",
    background="#17181b",
    panel="#1f2125",
    card="#26292e",
    line="#33373d",
    outline="#757c86",
    text="#e6e8eb",
    muted="#8f96a0",
    disabled="#5c626b",
    accent="#6ea8fe",
    accent_hover="#8bbaff",
    accent_text="#6ea8fe",
    on_accent="#10131a",
    hover="#30343a",
    selection="#24344d",
    selection_muted="#a6b0bf",
    handle="#e6e8eb",
    danger="#ff8f86",
    good="#5fd08a",
    warning="#f2b84b",
)

LIGHT = Tokens(
    name="light",
    background="#eceef1",
    panel="#f7f8fa",
    card="#ffffff",
    line="#d9dde3",
    outline="#7e858f",
    text="#1c1f24",
    muted="#626973",
    disabled="#a3a9b1",
    accent="#2f6fed",
    accent_hover="#2560d8",
    accent_text="#235ccd",
    on_accent="#ffffff",
    hover="#e6e9ee",
    selection="#dfe9fd",
    selection_muted="#555c66",
    handle="#ffffff",
    danger="#b3261e",
    good="#147a45",
    warning="#8a5a00",
)

THEMES = {"dark": DARK, "light": LIGHT}


def luminance(value: str) -> float:
    """Relative luminance of #rrggbb, 0 to 1 (WCAG 2.2)."""
    parts = [int(value[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
