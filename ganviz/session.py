"""Keeping work: session files, and recipes inside exported pictures.

A session file (.ganviz) is a zip of `session.json` and `arrays/<sha256>.npy`. A PNG carries its recipe or sheet as
JSON in the text chunk `ganviz`, and the arrays that it names in the chunk `ganviz-arrays` (base64 of an .npz) up
to 512 kB; larger ones go into a session file beside the picture. All of these are untrusted when read: sizes,
depth and types are checked, nothing is evaluated.
"""

import base64
import binascii
import io
import json
import logging
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from ganviz.activations import LayerView
from ganviz.archives import DAMAGED_ZIP, entry, member, npy, read_arrays
from ganviz.arithmetic import Arithmetic
from ganviz.codes import Sweep
from ganviz.comparing import Comparison
from ganviz.directions import Directions
from ganviz.edits import only
from ganviz.errors import GanvizError
from ganviz.expression import Budget
from ganviz.files import atomic_path
from ganviz.latent_map import Maps
from ganviz.mixing import Mixing
from ganviz.recipe import Recipe, Sheet, arrays_of, check_writable
from ganviz.timeline import Timeline
from ganviz.variations import Breeding
from ganviz.walk import Walk, WalkRecipes

log = logging.getLogger(__name__)

VERSION = 1
JSON_LIMIT = 32 << 20
PNG_ARRAYS_LIMIT = 512_000
CHUNK = "ganviz"
ARRAYS_CHUNK = "ganviz-arrays"


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture kept in the gallery, with the user's words about it."""

    recipe: Recipe
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"recipe": self.recipe.to_json(), "note": self.note}

    @classmethod
    def from_json(
        cls, data: Any, arrays: Mapping[str, np.ndarray] | None = None, budget: Budget | None = None
    ) -> "Kept":
        if not isinstance(data, dict):
            raise GanvizError("session: expected a list of kept pictures as its gallery")
        return cls(Recipe.from_json(data.get("recipe"), arrays, budget), str(data.get("note", ""))[:2000])


PARTS: dict[str, Any] = {
    "arithmetic": Arithmetic,
    "codes": Sweep,
    "mixing": Mixing,
    "breeding": Breeding,
    "timeline": Timeline,
    "directions": Directions,
    "maps": Maps,
    "layers": LayerView,
    "comparison": Comparison,
}
"""What a session holds for each workspace, by field. A part is a frozen dataclass that is made without arguments;
it has `recipes` (those it is drawn from) and `arrays` (by digest, beyond those of its recipes), `to_json()`, and
`from_json(data, arrays, budget)`, which raises GanvizError for what is not as expected."""


@dataclass(frozen=True, slots=True)
class Session:
    """What undo remembers and a session file holds: picture, gallery, the walk's settings, the workspaces' parts."""

    recipe: Recipe
    gallery: tuple[Kept, ...] = ()
    walk: Walk = field(default_factory=Walk)
    arithmetic: Arithmetic = field(default_factory=Arithmetic)
    codes: Sweep = field(default_factory=Sweep)
    mixing: Mixing = field(default_factory=Mixing)
    breeding: Breeding = field(default_factory=Breeding)
    timeline: Timeline = field(default_factory=Timeline)
    directions: Directions = field(default_factory=Directions)
    maps: Maps = field(default_factory=Maps)
    layers: LayerView = field(default_factory=LayerView)
    comparison: Comparison = field(default_factory=Comparison)

    def edit(self, **changes: Any) -> "Session":
        """A copy with some fields replaced."""
        return replace(self, **changes)

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        parts = [recipe for name in PARTS for recipe in getattr(self, name).recipes]
        return (self.recipe, *(kept.recipe for kept in self.gallery), *parts)

    def map(self, change: Callable[[Recipe], Recipe]) -> "Session":
        """The session with each of its recipes changed, those of the workspaces too."""
        return _mapped(self, change)

    @property
    def keyframes(self) -> tuple[Recipe, ...]:
        """What the walk goes through: the timeline's keyframes, or, while it has none, the gallery."""
        return self.timeline.recipes or tuple(kept.recipe for kept in self.gallery)

    def walk_recipes(self, has_mapping: bool) -> WalkRecipes:
        """The recipes of the walk, one a frame; GanvizError where there is none."""
        if not self.timeline.keyframes:
            return WalkRecipes(self.keyframes, self.walk, has_mapping)
        return self.timeline.walk_recipes(self.walk, has_mapping)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """Every array that the session names, by digest."""
        found = arrays_of(*self.recipes)
        for name in PARTS:
            found.update(getattr(self, name).arrays)
        return found

    def to_json(self) -> dict[str, Any]:
        data = {
            "ganviz": VERSION,
            "kind": "session",
            "recipe": self.recipe.to_json(),
            "gallery": [kept.to_json() for kept in self.gallery],
            "walk": self.walk.to_json(),
        }
        for name, part in PARTS.items():
            if getattr(self, name) != part():
                data[name] = getattr(self, name).to_json()
        return data

    @classmethod
    def from_json(cls, data: Any, arrays: Mapping[str, np.ndarray] | None = None) -> "Session":
        """Rebuild a session from untrusted JSON."""
        _check_version(data, ("session",))
        only(data, {"ganviz", "kind", "recipe", "gallery", "walk", *PARTS}, "session")
        gallery = data.get("gallery", [])
        if not isinstance(gallery, list):
            raise GanvizError("session: expected a list of kept pictures as its gallery")
        budget = Budget()
        kept = tuple(Kept.from_json(item, arrays, budget) for item in gallery)
        recipe = Recipe.from_json(data.get("recipe"), arrays, budget)
        parts = {name: part.from_json(data[name], arrays or {}, budget) for name, part in PARTS.items() if name in data}
        return cls(recipe, kept, Walk.from_json(data.get("walk", {})), **parts)


def save_session(path: str | Path, session: Session) -> None:
    """Write a session file, atomically; the same session gives the same bytes."""
    check_writable(*session.recipes)
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(entry("session.json"), json.dumps(session.to_json(), indent=1, allow_nan=False))
        for digest, array in sorted(session.arrays.items()):
            file.writestr(entry(f"arrays/{digest}.npy"), npy(array))


def load_session(path: str | Path) -> Session:
    """Read a session file; GanvizError, naming it, for whatever is not one."""
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as file:
            text = member(file, "session.json", JSON_LIMIT)
            arrays = read_arrays(file, "arrays/")
        return Session.from_json(json.loads(text), arrays)
    except FileNotFoundError as error:
        raise GanvizError(f"{path}: no such file") from error
    except GanvizError as error:
        raise GanvizError(f"{path}: {error}") from error
    except (*DAMAGED_ZIP, KeyError) as error:
        raise GanvizError(
            f"{path}: expected a ganviz session, the file is damaged or of another kind ({error})"
        ) from error
    except (ValueError, TypeError) as error:
        raise GanvizError(f"{path}: the session inside is damaged ({error})") from error
    except OSError as error:
        raise GanvizError(f"{path}: cannot be read ({error.strerror or error})") from error


def write_png(
    path: str | Path, pixels: np.ndarray, document: Recipe | Sheet | None, licence: str = "", metadata: bool = True
) -> None:
    """Write pixels uint8 (H, W, C) as a PNG that carries the recipe or sheet it was drawn from.

    `metadata` False leaves everything out. Never a path: only the model's name, digest and licence.
    """
    info = PngImagePlugin.PngInfo()
    path = Path(path)
    if document is not None and metadata:
        recipes = (document,) if isinstance(document, Recipe) else document.recipes
        check_writable(*recipes)
        info.add_text(CHUNK, json.dumps(document_json(document, licence), allow_nan=False))
        arrays = arrays_of(*recipes)
        if arrays:
            packed = pack_arrays(arrays)
            if packed is not None:
                info.add_text(ARRAYS_CHUNK, packed)
            else:
                _save_beside(path.with_suffix(".ganviz"), Session(recipes[0], tuple(Kept(item) for item in recipes)))
    with atomic_path(path) as temporary:
        to_image(pixels).save(temporary, format="PNG", pnginfo=info)


class NoRecipe(GanvizError):
    """A picture that ganviz did not write, or wrote without its metadata."""


def read_png(path: str | Path) -> Recipe | Sheet:
    """The recipe or sheet that a picture carries; NoRecipe, naming the file, when it carries none."""
    path = Path(path)
    try:
        with Image.open(path, formats=("PNG",)) as image:
            assert isinstance(image, PngImagePlugin.PngImageFile)
            text = image.text
    except FileNotFoundError as error:
        raise GanvizError(f"{path}: no such file") from error
    except UnidentifiedImageError as error:
        raise NoRecipe(f"{path}: expected a PNG that ganviz wrote, this is no PNG") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise GanvizError(f"{path}: the picture cannot be read ({error})") from error
    if CHUNK not in text:
        raise NoRecipe(f"{path}: this picture carries no recipe; expected one that ganviz exported with its metadata")
    try:
        if len(text[CHUNK]) > JSON_LIMIT:
            raise GanvizError(f"the recipe inside is larger than {JSON_LIMIT >> 20} MiB")
        data = json.loads(text[CHUNK])
        arrays = unpack_arrays(text[ARRAYS_CHUNK]) if ARRAYS_CHUNK in text else {}
        if not arrays and '"vector"' in text[CHUNK]:
            arrays = _arrays_beside(path.with_suffix(".ganviz"))
        return document_from_json(data, arrays)
    except GanvizError as error:
        raise GanvizError(f"{path}: {error}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise GanvizError(f"{path}: the recipe inside is damaged ({error})") from error


def document_json(document: Recipe | Sheet, licence: str = "") -> dict[str, Any]:
    """What a picture's `ganviz` chunk holds."""
    recipe = document if isinstance(document, Recipe) else document.recipes[0]
    kind = "recipe" if isinstance(document, Recipe) else "sheet"
    data: dict[str, Any] = {"ganviz": VERSION, "kind": kind, "model": recipe.model.to_json()}
    if licence:
        data["licence"] = licence
    data[kind] = document.to_json()
    return data


def document_from_json(data: Any, arrays: Mapping[str, np.ndarray]) -> Recipe | Sheet:
    """What `document_json` wrote, from untrusted JSON; GanvizError says what in it was not as expected."""
    _check_version(data, ("recipe", "sheet"))
    if data["kind"] == "sheet":
        return Sheet.from_json(data.get("sheet"), arrays)
    return Recipe.from_json(data.get("recipe"), arrays)


def to_image(pixels: np.ndarray) -> Image.Image:
    """pixels uint8 (H, W, C), C 1 or 3, as a PIL image."""
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def _save_beside(path: Path, session: Session) -> None:
    """Write a picture's arrays into a session file beside it, never over somebody's other session."""
    if path.exists():
        try:
            same = load_session(path) == session
        except GanvizError:
            same = False
        if not same:
            raise GanvizError(f"{path}: the picture's arrays belong there, but that file holds other work; rename one")
    save_session(path, session)


def _arrays_beside(path: Path) -> dict[str, np.ndarray]:
    try:
        return arrays_of(*load_session(path).recipes) if path.is_file() else {}
    except GanvizError as error:
        log.warning("%s", error)
        return {}


def pack_arrays(arrays: Mapping[str, np.ndarray]) -> str | None:
    """Arrays by digest as text, base64 of an .npz; None where they take more than PNG_ARRAYS_LIMIT bytes."""
    packed = io.BytesIO()
    np.savez(packed, allow_pickle=False, **arrays)
    return base64.b64encode(packed.getvalue()).decode("ascii") if packed.tell() <= PNG_ARRAYS_LIMIT else None


def unpack_arrays(text: str) -> dict[str, np.ndarray]:
    """What `pack_arrays` wrote, each array checked against its digest; GanvizError for anything else."""
    if len(text) > 2 * PNG_ARRAYS_LIMIT:
        raise GanvizError("the arrays inside are larger than they may be")
    try:
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(text, validate=True))) as file:
            return read_arrays(file, limit=4 * PNG_ARRAYS_LIMIT, total=4 * PNG_ARRAYS_LIMIT)
    except (*DAMAGED_ZIP, binascii.Error, OSError) as error:
        raise GanvizError(f"the arrays inside are damaged ({error})") from error


def _mapped(value: Any, change: Callable[[Recipe], Recipe]) -> Any:
    """A value made of frozen dataclasses and tuples, with each recipe in it changed."""
    if isinstance(value, Recipe):
        return change(value)
    if isinstance(value, tuple):
        items = tuple(_mapped(item, change) for item in value)
        return value if all(a is b for a, b in zip(items, value, strict=True)) else items
    if is_dataclass(value) and not isinstance(value, type):
        before = {item.name: getattr(value, item.name) for item in fields(value)}
        after = {name: _mapped(item, change) for name, item in before.items()}
        changed = {name: item for name, item in after.items() if item is not before[name]}
        return replace(value, **changed) if changed else value
    return value


def _check_version(data: Any, kinds: tuple[str, ...]) -> None:
    if not isinstance(data, dict) or type(data.get("ganviz")) is not int or data["ganviz"] < 1:
        raise GanvizError("expected something that ganviz wrote, the version mark is missing")
    if data["ganviz"] > VERSION:
        raise GanvizError(
            f"written by a newer ganviz (format {data['ganviz']}, this one reads {VERSION}); update ganviz"
        )
    if data.get("kind") not in kinds:
        raise GanvizError(f"expected a {' or '.join(kinds)}, this is a {data.get('kind')!r:.40}")
