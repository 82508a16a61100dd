"""The glyphs of the icons: Material Design Icons 6, out of the files that qtawesome brings.

qtawesome itself is not imported: it loads a dozen fonts, all their tables and a layer over every Qt module first, a
fifth of a second in which no window is seen.
"""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtGui import QFont, QFontDatabase

FONT = "materialdesignicons6-webfont-*.ttf"
TABLE = "materialdesignicons6-webfont-charmap-*.json"


def character(name: str) -> str:
    """The character of an icon in `font`; KeyError when there is no icon of this name."""
    return chr(int(_table()[name], 16))


def font(px: int) -> QFont:
    """The font of the icons at `px` pixels."""
    found = QFont(_family())
    found.setPixelSize(px)
    return found


@cache
def _table() -> dict[str, str]:
    return json.loads(_file(TABLE).read_text(encoding="utf-8"))


@cache
def _family() -> str:
    """The font's family, once it has been given to the application."""
    path = _file(FONT)
    number = QFontDatabase.addApplicationFont(str(path))
    families = QFontDatabase.applicationFontFamilies(number)
    if not families:
        raise RuntimeError(f"{path}: not a font that Qt can read; install qtawesome again")
    return families[0]


def _file(pattern: str) -> Path:
    spec = find_spec("qtawesome")
    places = spec.submodule_search_locations if spec is not None else None
    found = [path for place in places or () for path in Path(place, "fonts").glob(pattern)]
    if not found:
        raise RuntimeError(f"qtawesome: expected its file {pattern}; install a qtawesome of 1.3.1 or newer")
    return found[0]
