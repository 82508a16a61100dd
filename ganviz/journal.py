"""Work in progress on disk, so that a crash loses none of it: the whole history of a window, written anew now and then.

Each window has a folder of its own among the user's files, which holds

    lock           held for as long as the window lives; the system lets it go when the process dies
    history.json   every state of the history. States share parts (a recipe, a kept picture, a workspace's part),
                   which are listed once and named by number
    arrays/        <sha256>.npy, each written once

Folders that nobody holds were left behind by a crash. They are read like any other file: nothing in them is trusted.
"""

import json
import logging
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ganviz import places
from ganviz.archives import ARRAY_LIMIT, ARRAYS_LIMIT, npy, read_npy
from ganviz.errors import GanvizError
from ganviz.expression import Budget
from ganviz.files import atomic_path
from ganviz.history import History
from ganviz.locks import try_lock
from ganviz.recipe import Recipe, arrays_of, check_writable
from ganviz.session import JSON_LIMIT, PARTS, Kept, Session
from ganviz.walk import Walk

log = logging.getLogger(__name__)

VERSION = 1
FOLDER, LOCK, HISTORY, ARRAYS = "recovery", "lock", "history.json", "arrays"
MOST_STATES = 4096
MOST_LEFT = 10
"""Of older crashes no more than this is kept."""
READ: dict[str, Callable[..., Any]] = {
    "recipe": Recipe.from_json,
    "kept": Kept.from_json,
    "walk": lambda data, arrays, budget: Walk.from_json(data),
    **{name: part.from_json for name, part in PARTS.items()},
}
"""How each kind of part is read."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a window had: its history, what of it was saved last, and the session file it belongs to."""

    past: tuple[Session, ...]
    present: Session
    future: tuple[Session, ...]
    saved: Session
    path: Path | None = None

    @classmethod
    def of(cls, history: History[Session], path: Path | None) -> "Work":
        """The work as it is now."""
        return cls(history.past, history.present, history.future, history.saved, path)

    @property
    def states(self) -> tuple[Session, ...]:
        """All states, in order."""
        return (*self.past, self.present, *self.future)

    @property
    def is_touched(self) -> bool:
        """Whether anything was done at all."""
        return bool(self.past or self.future) or self.present != self.saved


class Journal:
    """The folder that one window writes to. It is this process's own until `leave` or `remove`."""

    def __init__(self, folder: Path, lock: BinaryIO) -> None:
        self.folder = folder
        self._lock = lock
        self._texts: dict[int, tuple[Any, str, dict[str, np.ndarray]]] = {}  # by id: a part, its JSON, its arrays
        self._arrays = {path.stem for path in (folder / ARRAYS).glob("*.npy")}

    @classmethod
    def begin(cls) -> "Journal":
        """A new, empty one. GanvizError where it cannot be made."""
        folder = _home() / secrets.token_hex(8)
        try:
            (folder / ARRAYS).mkdir(parents=True)
        except OSError as error:
            raise GanvizError(f"{folder}: cannot be made ({error.strerror or error})") from error
        lock = try_lock(folder / LOCK)
        if lock is None:
            shutil.rmtree(folder, ignore_errors=True)
            raise GanvizError(f"{folder}: files there cannot be locked")
        return cls(folder, lock)

    @property
    def written(self) -> float:
        """When it was written last, in seconds since 1970; 0 for never."""
        try:
            return (self.folder / HISTORY).stat().st_mtime
        except OSError:
            return 0.0

    def write(self, work: Work) -> None:
        """Put the work on the disk in place of what was there. GanvizError where it cannot be; the old stays then."""
        texts: dict[int, tuple[Any, str, dict[str, np.ndarray]]] = {}
        parts: dict[str, list[str]] = {kind: [] for kind in READ}
        numbers: dict[int, int] = {}

        def number(kind: str, part: Any) -> int:
            key = id(part)
            if key not in numbers:
                texts[key] = self._texts.get(key) or _told(part)
                numbers[key] = len(parts[kind])
                parts[kind].append(texts[key][1])
            return numbers[key]

        def state(session: Session) -> dict[str, Any]:
            found: dict[str, Any] = {
                "recipe": number("recipe", session.recipe),
                "gallery": [number("kept", kept) for kept in session.gallery],
                "walk": number("walk", session.walk),
            }
            return found | {name: number(name, getattr(session, name)) for name in PARTS}

        past = list(_writable(state, work.past))
        head: dict[str, Any] = {
            "ganviz": VERSION,
            "kind": "history",
            "present": len(past),
            "path": None if work.path is None else str(work.path),
        }
        states = [*past, *_writable(state, (work.present,)), *_writable(state, work.future)]
        if not states:
            return
        head["present"] = min(head["present"], len(states) - 1)
        head["saved"] = next(_writable(state, (work.saved,)), None)
        head["states"] = states
        arrays = {digest: array for _, _, named in texts.values() for digest, array in named.items()}
        for digest in arrays.keys() - self._arrays:
            with atomic_path(self.folder / ARRAYS / f"{digest}.npy") as temporary:
                temporary.write_bytes(npy(arrays[digest]))
            self._arrays.add(digest)
        listed = ",\n".join(f'"{kind}": [{", ".join(texts)}]' for kind, texts in parts.items())
        with atomic_path(self.folder / HISTORY) as temporary:
            temporary.write_text(f'{json.dumps(head)[:-1]}, "parts": {{\n{listed}\n}}}}\n', encoding="utf-8")
        self._texts = texts
        for digest in self._arrays - arrays.keys():
            (self.folder / ARRAYS / f"{digest}.npy").unlink(missing_ok=True)
        self._arrays &= arrays.keys()

    def read(self) -> Work:
        """What was written; states that are damaged are left out. GanvizError where nothing is left."""
        path = self.folder / HISTORY
        try:
            with path.open("rb") as file:
                raw = file.read(JSON_LIMIT + 1)
            if len(raw) > JSON_LIMIT:
                raise GanvizError(f"larger than {JSON_LIMIT >> 20} MiB")
            return _work(json.loads(raw), _read_arrays(self.folder / ARRAYS))
        except OSError as error:
            raise GanvizError(f"{path}: cannot be read ({error.strerror or error})") from error
        except (GanvizError, ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
            raise GanvizError(f"{path}: what was kept there is damaged ({error})") from error

    def leave(self) -> None:
        """Let go of it: the next start finds it."""
        self._lock.close()

    def set_aside(self) -> None:
        """It cannot be read, by this version at least: move it to where it is not looked for."""
        self._lock.close()
        aside = self.folder.parent.parent / f"{FOLDER}-unread"
        try:
            aside.mkdir(exist_ok=True)
            os.replace(self.folder, aside / self.folder.name)
        except OSError as error:
            log.warning("%s: cannot be moved away (%s)", self.folder, error)
            shutil.rmtree(self.folder, ignore_errors=True)

    def remove(self) -> None:
        """It is needed no longer."""
        self._lock.close()  # first: Windows removes no open file
        shutil.rmtree(self.folder, ignore_errors=True)


def abandoned() -> Journal | None:
    """The newest journal that a crash left behind, which is this process's own from now on; None where there is none.

    Journals of windows that live are theirs, in whatever process; old and empty ones are removed.
    """
    try:
        home = _home()
        folders = [folder for folder in home.iterdir() if folder.is_dir()]
    except (GanvizError, OSError) as error:
        log.warning("what a crash left behind cannot be looked for (%s)", error)
        return None
    dated = sorted(((_written(folder), folder) for folder in folders), reverse=True)
    chosen: Journal | None = None
    for place, (written, folder) in enumerate(dated):
        if chosen is not None and written and place <= MOST_LEFT:
            continue
        if not written and _is_young(folder):
            continue  # somebody is just about to begin it
        lock = try_lock(folder / LOCK)
        if lock is None:
            continue
        journal = Journal(folder, lock)
        if chosen is None and journal.written:  # another start may have removed it before the lock was ours
            chosen = journal
        else:
            journal.remove()
    return chosen


def _home() -> Path:
    folder = places.state() / FOLDER
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise GanvizError(f"{folder}: cannot be made ({error.strerror or error})") from error
    return folder


def _written(folder: Path) -> float:
    try:
        return (folder / HISTORY).stat().st_mtime
    except OSError:
        return 0.0


def _is_young(folder: Path) -> bool:
    try:
        return time.time() - folder.stat().st_mtime < 60
    except OSError:
        return True


def _told(part: Any) -> tuple[Any, str, dict[str, np.ndarray]]:
    """A part with its JSON and the arrays that it names. GanvizError where it could not be read again."""
    recipes: tuple[Recipe, ...]
    if isinstance(part, Recipe | Kept):
        recipes = (part if isinstance(part, Recipe) else part.recipe,)
    else:
        recipes = getattr(part, "recipes", ())
    check_writable(*recipes)
    return part, json.dumps(part.to_json(), allow_nan=False), {**arrays_of(*recipes), **getattr(part, "arrays", {})}


def _writable(write: Callable[[Session], Any], sessions: Iterable[Session]) -> Iterator[Any]:
    """What each session is written as, without those that no file can hold, such as a sum of thousands."""
    for session in sessions:
        try:
            yield write(session)
        except (GanvizError, ValueError, RecursionError) as error:
            log.warning("a state of the history is not kept (%s)", error)


def _read_arrays(folder: Path) -> dict[str, np.ndarray]:
    """The arrays of a journal; damaged ones are left out."""
    found: dict[str, np.ndarray] = {}
    total = 0
    for path in sorted(folder.glob("*.npy")):
        try:
            total += (size := os.path.getsize(path))
            if size > ARRAY_LIMIT or total > ARRAYS_LIMIT:
                raise GanvizError("larger than it may be")
            found[path.stem] = read_npy(path.read_bytes(), path.stem)
        except (OSError, GanvizError) as error:
            log.warning("%s: left out (%s)", path, error)
    return found


def _work(data: Any, arrays: dict[str, np.ndarray]) -> Work:
    if not isinstance(data, dict) or data.get("ganviz") != VERSION or data.get("kind") != "history":
        raise GanvizError("expected a history of this version")
    known: dict[tuple[str, int], Any] = {}

    def part(kind: str, number: Any) -> Any:
        if type(number) is not int or number < 0:
            raise GanvizError(f"expected the number of a part, got {number!r:.40}")
        if (kind, number) not in known:
            known[kind, number] = READ[kind](data["parts"][kind][number], arrays, Budget())
        return known[kind, number]

    def state(item: Any) -> Session:
        rest = {name: part(name, item[name]) for name in PARTS if name in item}
        gallery = tuple(part("kept", number) for number in item["gallery"])
        return Session(part("recipe", item["recipe"]), gallery, part("walk", item["walk"]), **rest)

    def states(items: list[Any]) -> list[Session]:
        found = []
        for item in items:
            try:
                found.append(state(item))
            except (GanvizError, ValueError, TypeError, KeyError, IndexError) as error:
                log.warning("a state of the history is left out (%s)", error)
        return found

    items, present = data["states"], data["present"]
    if not isinstance(items, list) or len(items) > MOST_STATES or type(present) is not int:
        raise GanvizError("expected a list of states and the number of the present one")
    past, rest = states(items[:present]), states(items[present:])
    if not rest:
        past, rest = past[:-1], past[-1:]
    if not rest:
        raise GanvizError("none of its states can be read")
    saved = states([data["saved"]]) if data.get("saved") is not None else []
    path = data.get("path")
    return Work(
        tuple(past),
        rest[0],
        tuple(rest[1:]),
        saved[0] if saved else (past[0] if past else rest[0]),
        Path(path) if isinstance(path, str) and path else None,
    )
