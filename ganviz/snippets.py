"""A recipe as a Python program that draws it with the public API."""

import base64
import json
from dataclasses import MISSING, fields
from typing import Any

from ganviz.edits import Direction
from ganviz.errors import GanvizError
from ganviz.expression import Vector
from ganviz.recipe import Recipe, arrays_of, check_writable, class_weights

WIDTH = 120
"""Columns of the program, where arrays leave it a choice."""
MOST_BYTES = 256 << 10
"""Of arrays that stand in the program."""

PLAIN = """import ganviz

"""
WITH_ARRAYS = """import base64

import numpy as np

import ganviz


def array(text, *shape):
    return np.frombuffer(base64.b64decode(text), "<f4").reshape(shape)


"""
PROGRAM = """{head}recipe = {recipe}
frame = ganviz.Renderer().render(recipe)  # frame.pixels: uint8 (H, W, C)
ganviz.session.write_png("picture.png", frame.pixels, recipe)
"""


def as_python(recipe: Recipe) -> str:
    """A program that draws the recipe and writes it as picture.png; GanvizError where it would be too long."""
    check_writable(recipe)
    arrays = arrays_of(recipe)
    if sum(array.nbytes for array in arrays.values()) > MOST_BYTES:
        raise GanvizError("the vectors of this recipe are too long for a program's text; save the session instead")
    return PROGRAM.format(head=WITH_ARRAYS if arrays else PLAIN, recipe=_written(recipe, 0))


def _written(value: Any, depth: int) -> str:
    """A part of a recipe as the Python that makes it, `depth` levels in."""
    match value:
        case Vector():
            return _call("ganviz.Vector.of", [_array(value), json.dumps(value.space)], depth)
        case Direction():
            return _call("ganviz.Direction.of", [_array(value), json.dumps(value.space), *_about(value, depth)], depth)
        case tuple():
            place = _one_hot(value)
            if place is not None:
                return f"ganviz.recipe.class_weights({place}, {len(value)})"
            return _call("", [_written(item, depth + 1) for item in value], depth)
        case str():
            return json.dumps(value)
        case int() | float() | None:
            return repr(value)
    words = []
    for item in fields(value):
        default = item.default_factory() if item.default_factory is not MISSING else item.default
        given = getattr(value, item.name)
        if given != default:
            written = _written(given, depth + 1)
            named = default is not MISSING or isinstance(value, Recipe)
            words.append(f"{item.name}={written}" if named else written)
    return _call(f"ganviz.{type(value).__name__}", words, depth)


def _call(name: str, words: list[str], depth: int) -> str:
    """A call, or without a name a tuple, on one line where there is room for it."""
    comma = "," if not name and len(words) == 1 else ""
    line = f"{name}({', '.join(words)}{comma})"
    if "\n" not in line and len(line) + 4 * depth <= WIDTH and name != "ganviz.Recipe":
        return line
    indent = "    " * depth
    return f"{name}(\n" + "".join(f"{indent}    {word},\n" for word in words) + f"{indent})"


def _about(direction: Direction, depth: int) -> list[str]:
    """What is said of a direction beside its array and space."""
    said = [item for item in fields(direction) if item.name not in ("digest", "space", "array")]
    given = [
        (item.name, getattr(direction, item.name)) for item in said if getattr(direction, item.name) != item.default
    ]
    return [f"{name}={_written(value, depth + 1)}" for name, value in given]


def _array(owner: Vector | Direction) -> str:
    if owner.array is None:
        raise GanvizError("an array of this recipe is not here; open the file again that it came from")
    text = base64.b64encode(owner.array.astype("<f4").tobytes()).decode("ascii")
    return f'array("{text}", {", ".join(map(str, owner.array.shape))})'


def _one_hot(values: tuple[Any, ...]) -> int | None:
    """Where a longer tuple of zeros has its one 1."""
    if len(values) < 4 or values.count(1.0) != 1:
        return None
    place = values.index(1.0)
    return place if values == class_weights(place, len(values)) else None
