"""Files of directions, to keep and to share: an .npz with a JSON header, bound to the model that they were found in.

    header.npy      the header's bytes as uint8: {"ganviz": 1, "kind": "directions", "model": {"name", "digest"},
                    "arch", "z_dim", "w_dim", "num_ws", "directions": [...]}
    <sha256>.npy    float32, the arrays that the directions name

`numpy.load(file)["header"].tobytes()` reads the header elsewhere. Here a file is data: sizes, names and shapes are
checked, nothing is unpickled. A direction means something in the weights that it was found in; in others of the same
form, as another snapshot of a run is, it may, so those are let through with a warning, and all else is refused.
"""

import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganviz.archives import DAMAGED_ZIP, entry, member, npy, read_arrays
from ganviz.directions import Found, misfit
from ganviz.edits import Move, listed
from ganviz.errors import GanvizError
from ganviz.files import atomic_path
from ganviz.reading import expect
from ganviz.recipe import ModelRef
from ganviz.spec import Spec

SUFFIX = ".npz"
VERSION = 1
HEADER_LIMIT = 8 << 20

_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '\|u1', 'fortran_order': False, 'shape': \((\d{1,9}),\), \} *\n", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file held, and a line for people where it was found in other weights than those it is opened for."""

    found: tuple[Found, ...]
    warning: str = ""


def save_directions(path: str | Path, found: Sequence[Found], spec: Spec) -> None:
    """Write directions of one model, atomically; equal directions are equal files. `spec` is the model's."""
    if not found or len({item.model for item in found}) != 1:
        raise GanvizError(f"{path}: expected at least one direction, all of one model; nothing was written")
    header = {
        "ganviz": VERSION,
        "kind": "directions",
        "model": found[0].model.to_json(),
        **_form(spec),
        "directions": [{**item.direction.to_json(), "note": item.note} for item in found],
    }
    arrays = {item.direction.digest: item.direction.array for item in found if item.direction.array is not None}
    text = json.dumps(header, allow_nan=False).encode()
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(entry("header.npy"), npy(np.frombuffer(text, np.uint8)))
        for digest, array in sorted(arrays.items()):
            file.writestr(entry(f"{digest}.npy"), npy(array))


def load_directions(path: str | Path, model: ModelRef, spec: Spec) -> Loaded:
    """Read directions for a model; GanvizError, naming the file, for what is not one or does not fit the model."""
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as file:
            header = _header(member(file, "header.npy", HEADER_LIMIT))
            arrays = read_arrays(file)
        found_in, found = _read(header, arrays)
    except FileNotFoundError as error:
        raise GanvizError(f"{path}: no such file") from error
    except GanvizError as error:
        raise GanvizError(f"{path}: {error}") from error
    except (*DAMAGED_ZIP, KeyError) as error:
        said = "expected directions that ganviz wrote, the file is damaged or of another kind"
        raise GanvizError(f"{path}: {said}") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise GanvizError(f"{path}: the directions inside are damaged ({error})") from error
    except OSError as error:
        raise GanvizError(f"{path}: cannot be read ({error.strerror or error})") from error
    reason = _refusal(header, found, spec)
    if reason:
        raise GanvizError(
            f"{path}: these directions were found in {found_in.name or 'another model'}, and mean nothing to "
            f"{model.name}: {reason}"
        )
    if found_in.digest == model.digest:
        return Loaded(found)
    warning = f"{path.name}: found in other weights ({found_in.name}); in {model.name} they may do other things"
    return Loaded(tuple(Found(item.direction, model, item.note) for item in found), warning)


def pick(found: Sequence[Found], name: str) -> Found:
    """The direction of that name; case, spaces and dashes do not matter. GanvizError with the names that there are."""

    def plain(text: str) -> str:
        return re.sub(r"[\s_-]+", " ", text).strip().casefold()

    for item in found:
        if plain(item.direction.name) == plain(name):
            return item
    names = ", ".join(item.direction.name for item in found[:12])
    raise GanvizError(f"no direction is called {name!r:.80}; there are {names}" + (" ..." if len(found) > 12 else ""))


def _form(spec: Spec) -> dict[str, Any]:
    return {"arch": spec.arch, "z_dim": spec.z_dim, "w_dim": spec.w_dim, "num_ws": spec.num_ws}


def _header(raw: bytes) -> dict[str, Any]:
    """The JSON in an .npy of bytes; only what `save_directions` writes is read."""
    start = _HEADER.match(raw[:512])
    if start is None or int(start[1]) != len(raw) - start.end():
        raise GanvizError("expected directions that ganviz wrote, the header is of another kind")
    header = expect(json.loads(raw[start.end() :]), dict, "header")
    if header.get("kind") != "directions" or not isinstance(header.get("ganviz"), int):
        raise GanvizError("expected directions that ganviz wrote, the header is of another kind")
    if header["ganviz"] > VERSION:
        raise GanvizError(f"written by a newer ganviz (format {header['ganviz']}, this one reads {VERSION})")
    return header


def _read(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> tuple[ModelRef, tuple[Found, ...]]:
    """The model that a file is bound to, and its directions."""
    found = []
    for item in listed(header.get("directions"), "directions"):
        kept = dict(expect(item, dict, "direction"))
        note = kept.pop("note", "")
        found.append(Found.from_json({"direction": kept, "model": header.get("model"), "note": note}, arrays))
    if not found:
        raise GanvizError("expected at least one direction")
    return found[0].model, tuple(found)


def _refusal(header: dict[str, Any], found: Sequence[Found], spec: Spec) -> str:
    """Why directions cannot be used with a model of this spec; "" where they can."""
    for name, size in _form(spec).items():
        if header.get(name) != size:
            return f"{name} is {header.get(name)!r:.40} there and {size} here"
    for item in found:
        reason = misfit(item.direction, spec)
        if reason:
            return f"{item.direction.name}: {reason}"
    return ""


def read_move(text: str, model: ModelRef, spec: Spec) -> tuple[Move, str]:
    """FILE:NAME=AMOUNT as a move of a recipe, and the file's warning if there is one.

    Raises ValueError for what is not written so, GanvizError for the file.
    """
    place, equals, number = text.rpartition("=")
    file, colon, name = place.rpartition(":")
    try:
        amount = float(number)
        if not (equals and colon and file and name and abs(amount) < 1e6):
            raise ValueError
    except ValueError:
        raise ValueError(f"{text!r:.200}: expected FILE:NAME=AMOUNT, like faces.npz:PCA 1=2.5") from None
    loaded = load_directions(file, model, spec)
    try:
        return Move(pick(loaded.found, name).direction, amount), loaded.warning
    except GanvizError as error:
        raise GanvizError(f"{file}: {error}") from error
