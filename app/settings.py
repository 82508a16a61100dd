"""Settings of the window: a table of what may be set, kept in one file among the user's files.

Nothing of a session is in here, and nothing of this is in a session.
"""

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from ganviz import places
from ganviz.errors import GanvizError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `choices` are (value, text) pairs; settings without them are not offered in a menu."""

    key: str
    default: Any
    label: str
    note: str
    choices: tuple[tuple[Any, str], ...] = ()


SETTINGS = (
    Setting(
        "theme",
        "system",
        "Theme",
        "Colours of the window",
        (("system", "As the desktop"), ("dark", "Dark"), ("light", "Light")),
    ),
    Setting(
        "frame_ms",
        33.0,
        "While a control moves",
        "How long a picture may take before a preview stands in for it, in milliseconds; 0 for no previews",
        (
            (16.0, "60 pictures a second, coarser previews"),
            (33.0, "30 pictures a second"),
            (66.0, "15 pictures a second, finer previews"),
            (125.0, "8 pictures a second, the finest previews"),
            (0.0, "Exact pictures only"),
        ),
    ),
    Setting("smooth", True, "Smooth when fitted", "Filter the picture when it is fitted to the canvas"),
    Setting("hint_seen", False, "First hint seen", "Whether the line that says what to try has done its work"),
    Setting("variation", 1.0, "Variation", "How far Randomise goes, 0 to 1"),
    Setting("within", 0.0, "Threshold", "Where Randomise cuts the normal distribution; 0 for nowhere"),
    Setting("folded", "", "Folded cards", "Names of the cards that are folded away, with commas"),
)

BY_KEY = {setting.key: setting for setting in SETTINGS}


class Settings:
    """Reads and writes the settings file."""

    def __init__(self) -> None:
        try:
            folder = places.state()
        except GanvizError as error:
            log.warning("settings are not kept: %s", error)
            folder = Path(os.devnull)  # below which nothing can be written; they hold for as long as the window does
        self._file = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)

    def get(self, key: str) -> Any:
        """The value of a setting, its default where it was never set or makes no sense."""
        setting = BY_KEY[key]
        value = self._file.value(key, setting.default)
        if isinstance(setting.default, bool):
            value = str(value).lower() == "true"
        elif isinstance(setting.default, float):
            try:
                value = float(str(value))
            except ValueError:
                value = setting.default
        if setting.choices and value not in [choice for choice, _ in setting.choices]:
            return setting.default
        return value

    def set(self, key: str, value: Any) -> None:
        """Keep a setting."""
        assert key in BY_KEY, key
        self._file.setValue(key, value)

    def flush(self) -> None:
        """Write what was set to the file now; it would be anyway, a little later."""
        self._file.sync()

    def geometry(self, name: str) -> QByteArray | None:
        """The stored geometry of the window or a splitter."""
        value = self._file.value(f"geometry/{name}")
        return value if isinstance(value, QByteArray) else None

    def keep_geometry(self, name: str, value: QByteArray) -> None:
        """Keep the geometry of the window or a splitter."""
        self._file.setValue(f"geometry/{name}", value)
