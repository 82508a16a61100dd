"""Where the data lie that a model was trained on: a known name, or what the user said once for that model."""

import json
import logging
from pathlib import Path

from ganviz import places
from ganviz.checkpoint import Header
from ganviz.errors import GanvizError
from ganviz.files import atomic_path
from ganviz.locks import locked
from ganviz.sources import KNOWN, locate

log = logging.getLogger(__name__)

ALIASES = {"faces128": "faces", "mnist-10k": "digits"}
"""Names that cards have for what ships under another one."""
TITLES = {"digits": "the bundled digits", "faces": "the bundled faces", "fashion-mnist": "Fashion-MNIST"}
"""What the known names are called within a sentence."""
MOST = 500


def find_data(header: Header) -> str | None:
    """A path or known name of the data that a model was trained on; None where that is not known here.

    What was chosen for the very weights comes first, then what was chosen for data of the same name, then the
    data sets that ship with the program.
    """
    remembered = _read()
    for key in (header.digest, f"name:{header.card.data}"):
        path = remembered.get(key)
        if path is not None and Path(path).exists():
            return path
    name = ALIASES.get(header.card.data, header.card.data)
    if name not in KNOWN:
        return None
    try:
        locate(name)
    except GanvizError:
        return None
    return name


def remember_data(header: Header, path: str) -> None:
    """Keep what the user chose as a model's training data."""
    with locked(_file()), atomic_path(_file()) as temporary:
        remembered = _read()
        for key in (header.digest, f"name:{header.card.data}" if header.card.data else ""):
            if key:
                remembered.pop(key, None)
                remembered[key] = str(Path(path).resolve()) if Path(path).exists() else path
        kept = dict(list(remembered.items())[-MOST:])
        temporary.write_text(json.dumps(kept, indent=1), encoding="utf-8")


def source_of(chosen: str) -> str:
    """The data that a chosen file stands for: itself where it holds many pictures, else the folder that it lies in."""
    path = Path(chosen)
    return str(path.parent if path.is_file() and path.suffix.lower() not in (".zip", ".npz") else path)


def title_of(source: str) -> str:
    """What data are called within a sentence: known ones by their title, others by the name of their file or folder."""
    return TITLES.get(source) or Path(source).name or source


def _file() -> Path:
    return places.state() / "training-data.json"


def _read() -> dict[str, str]:
    try:
        found = json.loads(_file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (GanvizError, OSError, ValueError) as error:
        log.warning("choices of training data cannot be read and are forgotten (%s)", error)
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: path for key, path in found.items() if isinstance(path, str)}
