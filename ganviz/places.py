"""Where things lie on this machine: what ships with the program, and what belongs to the user.

`GANVIZ_HOME` moves all of the user's files into one folder, for tests and portable installations.
"""

import os
from pathlib import Path

import platformdirs

from ganviz.errors import GanvizError


def resources() -> Path:
    """The folder of bundled models and data: inside the package when installed from a wheel, else beside it."""
    inside = Path(__file__).parent / "resources"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "resources"


def state() -> Path:
    """Small files that outlive the program (recent models); made on first use."""
    return _made("state", platformdirs.user_state_path("ganviz"))


def cache() -> Path:
    """Files that can be made again (prepared data sets, converted models); made on first use."""
    return _made("cache", platformdirs.user_cache_path("ganviz"))


def _made(kind: str, usual: Path) -> Path:
    home = os.environ.get("GANVIZ_HOME")
    folder = Path(home) / kind if home else usual
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GanvizError(
            f"{folder}: this folder for ganviz's own files cannot be made ({error.strerror or error}); "
            "set GANVIZ_HOME to one that can"
        ) from error
    return folder
