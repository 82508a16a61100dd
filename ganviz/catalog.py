"""Finding models: bundled, fetched, recent, in a run folder or anywhere on disk. No torch.

A run folder keeps its model over time, in RUN/snapshots; wherever one model is wanted, it stands for the newest.
"""

import difflib
import json
import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ganviz import places, zoo
from ganviz.checkpoint import KEY, MAX_HEADER, Header, read_header
from ganviz.errors import GanvizError
from ganviz.files import atomic_path
from ganviz.jobs import run as run_job
from ganviz.locks import locked
from ganviz.recipe import ModelRef

log = logging.getLogger(__name__)

SUFFIX = ".safetensors"
SNAPSHOTS = "snapshots"
CONVERTED = "converted"
"""The folder of the cache where foreign files lie once they have been opened."""
FOREIGN = (b"\x80", b"PK\x03\x04", b"\x1f\x8b", b"<?xml", b"<net")
"""What foreign checkpoints start with, beside safetensors without a header of this program's."""
RECENT_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Located:
    """Where a referenced model was found; `exact` is False when only the name agrees, not the weights."""

    path: Path
    exact: bool


def bundled() -> list[Header]:
    """The models that ship with the program, by name; after them its runs, each as its newest snapshot."""
    runs = []
    for run in bundled_runs():
        try:
            runs.append(newest_snapshot(run))
        except GanvizError as error:
            log.warning("%s", error)
    return _headers([*_by_name(places.resources() / "models"), *runs])


def bundled_runs() -> list[Path]:
    """The run folders that ship with the program, by name."""
    return sorted(path.parent for path in (places.resources() / "runs").glob(f"*/{SNAPSHOTS}"))


def fetched() -> list[Header]:
    """The models that were downloaded and converted into the user's cache."""
    return _cached("models")


def _cached(folder: str) -> list[Header]:
    """The models in a folder of the user's cache; none where there can be no cache."""
    try:
        return _headers(_by_name(places.cache() / folder))
    except GanvizError as error:
        log.warning("%s", error)
        return []


def recent() -> list[Header]:
    """Models opened lately from elsewhere, newest first; those that are gone or damaged are passed over.

    A run folder stands for its newest snapshot.
    """
    own = {header.path.resolve() for header in bundled()}
    found = []
    for path in _recent_paths():
        try:
            found.append(newest_snapshot(path) if path.is_dir() else path)
        except GanvizError as error:
            log.warning("%s", error)
    return _headers([path for path in dict.fromkeys(found) if path.is_file() and path.resolve() not in own])


def downloadable() -> list[zoo.Entry]:
    """The published generators that are not here: neither fetched, nor opened lately from where they lie converted."""
    here = {(header.ref.name, header.arch) for header in recent()}
    return [entry for entry in zoo.missing() if (entry.name, entry.arch) not in here]


def remember(path: str | Path) -> None:
    """Put a model, or a run folder, at the head of the recent list; a list that cannot be written is only logged.

    A snapshot stands for its run, so that all the others can be found as well.
    """
    path = Path(path).resolve()
    path = run_of(path) or path
    if path.is_relative_to(places.resources().resolve()):
        return
    try:
        # Two windows may open something at once.
        with locked(_recent_file()), atomic_path(_recent_file()) as temporary:
            paths = [path, *(other for other in _recent_paths() if other != path)][:RECENT_LIMIT]
            temporary.write_text(json.dumps([str(item) for item in paths], indent=1), encoding="utf-8")
    except (GanvizError, OSError) as error:
        log.warning("the list of recent models was not kept: %s", error)


def find(model: str | Path) -> Path:
    """The checkpoint file that a user's MODEL means: a file, a run folder (newest snapshot) or a known name.

    A foreign checkpoint is converted into the user's cache, which takes seconds, the first time only.

    Raises GanvizError with the names that would have worked.
    """
    try:
        path = Path(model).expanduser()
        if path.is_dir():
            return newest_snapshot(path)
        if path.is_file():
            return _converted(path) if is_foreign(path) else path
    except (OSError, RuntimeError) as error:
        raise GanvizError(f"{str(model)[:200]}: cannot be a file or folder ({error})") from error
    known_here = [*bundled(), *fetched(), *recent()]
    for header in known_here:
        run = run_of(header.path)
        if str(model) in (header.ref.name, run.name if run else header.path.stem):
            return header.path
    if str(model) in zoo.ZOO:
        raise GanvizError(f"{model}: not on this machine yet; `ganviz models get {model}` downloads it")
    names = list(dict.fromkeys(header.ref.name for header in known_here))
    if Path(model).suffix or Path(model).name != str(model):
        raise GanvizError(f"{model}: no such file or folder")
    close = difflib.get_close_matches(str(model), names, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    known = f"known names: {', '.join(names)}" if names else "no models are installed"
    raise GanvizError(f"{model}: no model of that name and no such file; {hint}{known}")


def newest_snapshot(run: Path) -> Path:
    """The last snapshot of a run folder, or the last checkpoint of a plain folder, by name."""
    for folder in (run / SNAPSHOTS, run):
        found = [path for path in folder.glob(f"*{SUFFIX}") if not path.name.startswith((".", "state"))]
        if found:
            # By number where the names are numbers: 100 comes after 99.
            return max(found, key=lambda path: (int(path.stem) if path.stem.isdecimal() else -1, path.stem))
    raise GanvizError(f"{run}: expected a run folder with snapshots/*{SUFFIX}, found none; has the run saved one yet?")


def run_of(path: Path) -> Path | None:
    """The run folder that a checkpoint is a snapshot of; None for any other checkpoint. Reads nothing."""
    return path.parent.parent if path.parent.name == SNAPSHOTS else None


def snapshots(run: Path) -> list[Header]:
    """A run's model over time: one header for each number of images seen, from the first to the last.

    Files of another kind of model than the last, which one latent cannot be drawn with, are passed over.
    """
    found = sorted(_headers(_by_name(run / SNAPSHOTS)), key=images_seen)
    alike = {images_seen(header): header for header in found if _kind(header) == _kind(found[-1])}
    return list(alike.values())


def images_seen(header: Header) -> int:
    """How many images a snapshot had been trained on: what its card says, else its name, as trainers give them."""
    stem = header.path.stem
    return header.card.images_seen or (int(stem) if stem.isdecimal() else 0)


def locate(ref: ModelRef) -> Located:
    """Where the model of a recipe is: by digest among all that is known, else by name; never by path.

    Raises GanvizError when it is not here; the recipe itself stays good.
    """
    known = [*bundled(), *fetched(), *recent(), *_cached(CONVERTED)]
    for header in known:
        if ref.digest and header.digest == ref.digest:
            return Located(header.path, True)
    for run in (*bundled_runs(), *_recent_paths()) if ref.digest else ():
        for header in _headers(_by_name(run / SNAPSHOTS)):
            if header.digest == ref.digest:
                return Located(header.path, True)
    for header in known:
        if header.ref.name == ref.name:
            return Located(header.path, not ref.digest)
    digest = f" ({ref.digest[:12]})" if ref.digest else ""
    way = f"`ganviz models get {ref.name}` downloads it" if ref.name in zoo.ZOO else "open its checkpoint once"
    raise GanvizError(f"the model {ref.name}{digest} is not on this machine; {way}, then try again")


def is_foreign_file(model: str | Path) -> bool:
    """Whether a user's MODEL is a file that importers have to read first; False for what cannot be told."""
    try:
        path = Path(model).expanduser()
        return path.is_file() and is_foreign(path)
    except (OSError, RuntimeError, ValueError):
        return False  # opening it says what is wrong


def is_foreign(path: Path) -> bool:
    """Whether a file is of a kind that importers read: torch's, a pickle, an XML graph, or foreign safetensors."""
    with path.open("rb") as file:
        start = file.read(9)
        if start[8:] == b"{":  # safetensors: the length of a JSON header, then the header
            return f'"{KEY}"'.encode() not in file.read(min(int.from_bytes(start[:8], "little"), MAX_HEADER))
    return start.startswith(FOREIGN)


def _converted(path: Path) -> Path:
    """The checkpoint that a foreign file becomes, in the user's cache."""
    from ganviz.importers.conversion import opened

    log.info("%s: reading it as a foreign checkpoint", path)
    return run_job(opened(path))


def _by_name(folder: Path) -> list[Path]:
    found = (path for path in folder.glob(f"*{SUFFIX}") if not path.name.startswith("."))
    return sorted(found, key=lambda path: path.stem)


def _headers(paths: list[Path]) -> list[Header]:
    """The headers of those files that are whole, in order; each file is read once for as long as it stays the same."""
    found = []
    for path in paths:
        try:
            state = path.stat()
        except OSError as error:
            log.warning("%s: cannot be read (%s)", path, error.strerror or error)
            continue
        header = _header(path, state.st_mtime_ns, state.st_size, state.st_ino)
        if header is not None:
            found.append(header)
    return found


@lru_cache(maxsize=4096)
def _header(path: Path, *state: int) -> Header | None:
    """What a file in this state says of itself, None and a line in the log where it is no whole checkpoint."""
    try:
        return read_header(path)
    except GanvizError as error:
        log.warning("%s", error)
        return None


def _kind(header: Header) -> tuple[object, ...]:
    """What has to agree for a latent with its conditions to mean something to two models."""
    spec = header.spec
    return header.arch, spec.z_dim, spec.num_classes, spec.codes


def _recent_file() -> Path:
    return places.state() / "recent.json"


def _recent_paths() -> list[Path]:
    try:
        entries = json.loads(_recent_file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (GanvizError, OSError, ValueError, RecursionError) as error:
        log.warning("the list of recent models cannot be read (%s)", error)
        return []
    if not isinstance(entries, list):
        return []
    return [Path(entry) for entry in entries[:RECENT_LIMIT] if isinstance(entry, str)]
