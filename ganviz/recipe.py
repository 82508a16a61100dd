"""The recipe: a small frozen value that says everything about one picture.

A picture is a pure function of its recipe, so a recipe is what a session keeps, what a keyframe is and what is written
into every exported image. Nothing here knows torch; `ganviz.render` turns recipes into pixels.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

import numpy as np

from ganviz.edits import TEXT, LayerNoise, Mix, Move, UnitEdit, describe_mix, index, listed, only, ranges
from ganviz.errors import GanvizError
from ganviz.expression import (
    FILE_NODES,
    MAX_DEPTH,
    MAX_NODES,
    Budget,
    Expression,
    Seed,
    Vector,
    describe_latent,
    expression_from_json,
    expression_to_json,
    size_of,
    walk_nodes,
)
from ganviz.reading import expect, number, numbers, whole

MAX_CELLS = 65536
MOST_AVERAGED = 256
HEADINGS = ("headings", "column_headings", "row_headings")


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model by name and by the digest of its weights; never by path, since pictures travel."""

    name: str
    digest: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "digest": self.digest}


@dataclass(frozen=True, slots=True)
class Noise:
    """Noise of the layers that add some: the model's own maps, none, or drawn from a seed.

    layers    what single layers do otherwise; a layer that is not named does as `mode` says
    average   mean of the pictures of so many noise seeds, seed, seed + 1, ...; in mode "random" only
    """

    mode: Literal["const", "none", "random"] = "const"
    seed: int = 0
    layers: tuple[LayerNoise, ...] = ()
    average: int = 1

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"mode": self.mode, "seed": self.seed}
        if self.layers:
            data["layers"] = [layer.to_json() for layer in self.layers]
        if self.average != 1:
            data["average"] = self.average
        return data

    @classmethod
    def from_json(cls, data: Any) -> "Noise":
        only(data, {"mode", "seed", "layers", "average"}, "recipe's noise")
        mode = data.get("mode", "const")
        if mode not in ("const", "none", "random"):
            raise GanvizError(f"recipe's noise: expected const, none or random, got {mode!r:.40}")
        layers = tuple(LayerNoise.from_json(item) for item in listed(data.get("layers", []), "noise of layers"))
        average = whole(data.get("average", 1), "noise average")
        if not 1 <= average <= MOST_AVERAGED:
            raise GanvizError(f"noise average: expected 1 to {MOST_AVERAGED} pictures, got {average}")
        return cls(mode, whole(data.get("seed", 0), "noise seed"), layers, average)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that one picture is made from.

    model    a ModelRef; a plain string stands for a reference by that name
    latent   an expression
    label    class weights, one per class, or None for class 0
    codes    ((name, weights or value), ...) for structured codes; what is left out is category 0 or continuous 0
    psi      truncation, 1 = off; cutoff: how many style inputs it reaches, None = all
    psis     ((style input, psi), ...) for those with a psi of their own, whatever the cutoff
    mixes, moves, units     see `ganviz.edits`; done in this order, each in the order given

    Order of drawing: latent, moves in z, mapping, truncation, mixes, moves in w, synthesis with noise and units.
    """

    model: ModelRef
    latent: Expression = field(default_factory=lambda: Seed(0))
    label: tuple[float, ...] | None = None
    codes: tuple[tuple[str, tuple[float, ...]], ...] = ()
    psi: float = 1.0
    cutoff: int | None = None
    noise: Noise = field(default_factory=Noise)
    psis: tuple[tuple[int, float], ...] = ()
    mixes: tuple[Mix, ...] = ()
    moves: tuple[Move, ...] = ()
    units: tuple[UnitEdit, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.model, str):
            object.__setattr__(self, "model", ModelRef(self.model))

    def edit(self, **changes: Any) -> "Recipe":
        """A copy with some fields replaced."""
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """A JSON object; fields at their default are left out. Arrays are only named, see `arrays_of`."""
        data: dict[str, Any] = {"model": self.model.to_json(), "latent": expression_to_json(self.latent)}
        if self.label is not None:
            data["label"] = list(self.label)
        if self.codes:
            data["codes"] = {name: list(value) for name, value in self.codes}
        if self.psi != 1.0:
            data["psi"] = self.psi
        if self.cutoff is not None:
            data["cutoff"] = self.cutoff
        if self.noise != Noise():
            data["noise"] = self.noise.to_json()
        if self.psis:
            data["psis"] = [[layer, psi] for layer, psi in self.psis]
        for name in ("mixes", "moves", "units"):
            if getattr(self, name):
                data[name] = [item.to_json() for item in getattr(self, name)]
        return data

    @classmethod
    def from_json(
        cls, data: Any, arrays: Mapping[str, np.ndarray] | None = None, budget: "Budget | None" = None
    ) -> "Recipe":
        """Rebuild a recipe from untrusted JSON; GanvizError says what in it was not as expected.

        `arrays` holds the arrays that it names, float32 and checked against their digests; `budget` is shared by
        all recipes of one file.
        """
        only(data, FIELDS, "recipe")
        data = {"model": None, "latent": None, **data}  # what has to be there is missed by its reader
        return cls(**_read_fields(data, arrays, budget or Budget()))


FIELDS = {item.name for item in fields(Recipe)}
"""The fields that a recipe has, in Python and in JSON."""


MOST_CODES = 64


def _read_fields(data: dict[str, Any], arrays: Mapping[str, np.ndarray] | None, budget: Budget) -> dict[str, Any]:
    """The fields of a recipe that untrusted JSON holds, read; those that it does not hold are not in the result."""
    readers: dict[str, Callable[[Any], Any]] = {
        "model": _model,
        "latent": lambda value: expression_from_json(value, arrays, budget),
        "label": lambda value: None if value is None else numbers(value, "recipe's label"),
        "codes": _codes,
        "psi": lambda value: number(value, "psi"),
        "cutoff": lambda value: None if value is None else whole(value, "cutoff"),
        "noise": Noise.from_json,
        "psis": lambda value: tuple(_layer_psi(item) for item in listed(value, "psi of layers")),
        "mixes": lambda value: tuple(Mix.from_json(item, arrays, budget) for item in listed(value, "mixes")),
        "moves": lambda value: tuple(Move.from_json(item, arrays) for item in listed(value, "moves")),
        "units": lambda value: tuple(UnitEdit.from_json(item) for item in listed(value, "unit edits")),
    }
    return {name: readers[name](value) for name, value in data.items()}


def _model(value: Any) -> ModelRef:
    model = expect(value, dict, "recipe's model")
    name, digest = model.get("name", ""), model.get("digest", "")
    if not (isinstance(name, str) and isinstance(digest, str) and len(name) < 512 and len(digest) < 256):
        raise GanvizError("recipe's model: expected a name and a digest in text")
    if set(name) & set("/\\:"):
        raise GanvizError(f"recipe's model: expected a name, got a path: {name!r:.80}")
    return ModelRef(name, digest)


def _codes(value: Any) -> tuple[tuple[str, tuple[float, ...]], ...]:
    codes = expect(value, dict, "recipe's codes")
    if len(codes) > MOST_CODES:
        raise GanvizError(f"recipe's codes: expected at most {MOST_CODES}, got {len(codes)}")
    return tuple((str(key)[:TEXT], numbers(item, f"code {key:.40}")) for key, item in codes.items())


def _layer_psi(item: Any) -> tuple[int, float]:
    if not (isinstance(item, list) and len(item) == 2):
        raise GanvizError("psi of layers: expected pairs of style input and psi")
    return index(item[0], "psi of layers"), number(item[1], "psi of layers")


Kind = Literal["sum", "difference", "deviation"]
KINDS = ("sum", "difference", "deviation")


@dataclass(frozen=True, slots=True)
class Composite:
    """A cell of a sheet that is worked out from several pictures rather than drawn by a network.

    sum          weighted sum of the images in [-1, 1], cut off there: arithmetic in pixel space, for contrast
    difference   heat map of the mean absolute difference of two pictures
    deviation    standard deviation over the pictures at each place, white where it is largest

    terms    ((weight, recipe), ...); only a sum reads the weights
    """

    kind: Kind
    terms: tuple[tuple[float, Recipe], ...]

    def __post_init__(self) -> None:
        if self.kind not in KINDS or not self.terms or (self.kind == "difference" and len(self.terms) != 2):
            raise ValueError(f"expected a sum, a deviation, or a difference of two, got {len(self.terms)} {self.kind}")

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        return tuple(recipe for _, recipe in self.terms)


Cell = Recipe | Composite | None
UNSAID_BATCH = 16
"""What sheets that do not say their batch were drawn with."""
MAX_BATCH = 1024


@dataclass(frozen=True, slots=True)
class Sheet:
    """A grid of recipes, row by row; None leaves a cell empty, a Composite combines pictures.

    Headings are drawn only where `labels` is set: `headings` has one text per cell, `column_headings` and
    `row_headings` one per column and row. `batch` is how many pictures it is drawn by at once, 0 as long as that is
    open: drawn again with the same, it is the same to the byte.
    """

    cells: tuple[Cell, ...]
    columns: int
    headings: tuple[str, ...] = ()
    column_headings: tuple[str, ...] = ()
    row_headings: tuple[str, ...] = ()
    labels: bool = False
    batch: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        if not any(cell is not None for cell in self.cells) or not 1 <= self.columns <= len(self.cells) <= MAX_CELLS:
            raise ValueError(
                f"sheet: expected 1 to {MAX_CELLS} cells and no more columns than cells, "
                f"got {len(self.cells)} cells in {self.columns} columns"
            )

    @property
    def rows(self) -> int:
        return -(-len(self.cells) // self.columns)

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """Every recipe that is drawn for it, in order."""
        return tuple(recipe for cell in self.cells for recipe in recipes_of(cell))

    def map(self, change: Callable[[Recipe], Recipe]) -> "Sheet":
        """The sheet with each of its recipes changed."""

        def changed(cell: Cell) -> Cell:
            if isinstance(cell, Composite):
                return Composite(cell.kind, tuple((weight, change(recipe)) for weight, recipe in cell.terms))
            return None if cell is None else change(cell)

        return replace(self, cells=tuple(changed(cell) for cell in self.cells))

    def to_json(self) -> dict[str, Any]:
        """The first recipe whole, and for each cell only the fields in which it differs from that."""
        base = self.recipes[0].to_json()

        def edit_of(recipe: Recipe) -> dict[str, Any]:
            full = recipe.to_json()
            edit = {key: value for key, value in full.items() if base.get(key) != value}
            # A field that only the base sets has to be unset again: null stands for "its default".
            return {**edit, **{key: None for key in base if key not in full}}

        cells: list[Any] = []
        for cell in self.cells:
            if isinstance(cell, Composite):
                terms = [[weight, edit_of(recipe)] for weight, recipe in cell.terms]
                cells.append({"composite": cell.kind, "terms": terms})
            else:
                cells.append(None if cell is None else edit_of(cell))
        data: dict[str, Any] = {"base": base, "cells": cells, "columns": self.columns}
        for name in HEADINGS:
            if getattr(self, name):
                data[name] = list(getattr(self, name))
        if self.labels:
            data["labels"] = True
        if self.batch:
            data["batch"] = self.batch
        return data

    @classmethod
    def from_json(cls, data: Any, arrays: Mapping[str, np.ndarray] | None = None) -> "Sheet":
        """Rebuild a sheet from untrusted JSON."""
        expect(data, dict, "sheet")
        base = expect(data.get("base"), dict, "sheet's base")
        edits = expect(data.get("cells"), list, "sheet's cells")
        if not 0 < len(edits) <= MAX_CELLS:
            raise GanvizError(f"sheet: expected 1 to {MAX_CELLS} cells, got {len(edits)}")
        budget = Budget()
        first = Recipe.from_json(base, arrays, budget)
        unset = {item.name: getattr(Recipe(first.model), item.name) for item in fields(Recipe)}

        def read(edit: Any) -> Recipe:
            """Only what the cell says is read: what it has from the base was read once, and is shared."""
            only(edit, FIELDS, "sheet's cell")
            given = {name: value for name, value in edit.items() if value is not None}
            changes = {name: unset[name] for name in edit if name not in given}
            return first.edit(**changes, **_read_fields(given, arrays, budget))

        cells: list[Cell] = []
        pictures = 0
        for edit in edits:
            if isinstance(edit, dict) and "composite" in edit:
                cells.append(_read_composite(edit, read))
            else:
                cells.append(None if edit is None else read(edit))
            pictures += len(recipes_of(cells[-1]))
            if pictures > MAX_CELLS:
                raise GanvizError(f"sheet: expected at most {MAX_CELLS} pictures")
        headings = {
            name: tuple(str(text)[:200] for text in expect(data.get(name, []), list, "sheet's headings"))
            for name in HEADINGS
        }
        columns = whole(data.get("columns", 1), "sheet's columns")
        if not 1 <= columns <= len(cells) or all(cell is None for cell in cells):
            raise GanvizError(f"sheet: expected a picture and 1 to {len(cells)} columns, got {columns} columns")
        batch = whole(data.get("batch", UNSAID_BATCH), "sheet's batch")
        if not 1 <= batch <= MAX_BATCH:
            raise GanvizError(f"sheet: expected a batch of 1 to {MAX_BATCH} pictures, got {batch}")
        return cls(tuple(cells), columns, **headings, labels=data.get("labels") is True, batch=batch)


def recipes_of(cell: Cell) -> tuple[Recipe, ...]:
    """The recipes that a cell is drawn from."""
    if isinstance(cell, Composite):
        return cell.recipes
    return () if cell is None else (cell,)


def _read_composite(data: Any, read: Callable[[Any], Recipe]) -> Composite:
    only(data, {"composite", "terms"}, "sheet's cell")
    terms = []
    for term in listed(data.get("terms"), "terms of a cell"):
        if not (isinstance(term, list) and len(term) == 2):
            raise GanvizError("sheet's cell: expected pairs of weight and recipe as its terms")
        terms.append((number(term[0], "weight"), read(term[1])))
    try:
        return Composite(data["composite"], tuple(terms))
    except (ValueError, TypeError) as error:
        raise GanvizError(f"sheet's cell: {error}") from error


def class_weights(index: int, num_classes: int) -> tuple[float, ...]:
    """The label of one class: 1 at `index`, 0 elsewhere."""
    return tuple(1.0 if k == index else 0.0 for k in range(num_classes))


def arrays_of(*recipes: Recipe) -> dict[str, np.ndarray]:
    """Every array that these recipes name, by digest."""
    found: dict[str, np.ndarray] = {}
    for recipe in recipes:
        for latent in latents_of(recipe):
            for node in walk_nodes(latent):
                if isinstance(node, Vector) and node.array is not None:
                    found[node.digest] = node.array
        for move in recipe.moves:
            if move.direction.array is not None:
                found[move.direction.digest] = move.direction.array
    return found


def latents_of(recipe: Recipe) -> tuple[Expression, ...]:
    """Every latent expression that a recipe is drawn from: its own and those of its mixes."""
    return (recipe.latent, *(mix.latent for mix in recipe.mixes))


def describe(recipe: Recipe, class_names: tuple[str, ...] = ()) -> str:
    """One line for people: where the latent is and what was done to it."""
    said = [describe_latent(recipe.latent)]
    if recipe.label is not None:
        shares = [(weight, k) for k, weight in enumerate(recipe.label) if weight]
        names = [class_title(k, class_names) for _, k in shares]
        if len(shares) == 1:
            said.append(names[0])
        else:
            said.append(" + ".join(f"{weight:.0%} {name}" for (weight, _), name in zip(shares, names, strict=True)))
    said.extend(f"{name} {', '.join(f'{x:g}' for x in value)}" for name, value in recipe.codes)
    if recipe.psi != 1.0:
        said.append(f"psi {recipe.psi:.2f}" + ("" if recipe.cutoff is None else f" on {recipe.cutoff} layers"))
    if recipe.psis:
        said.append(f"psi of layers {ranges(tuple(layer for layer, _ in recipe.psis))}")
    said.extend(describe_mix(mix) for mix in recipe.mixes if mix.layers)
    said.extend(f"{move.direction.name or 'direction'} {move.amount:+.2f}" for move in recipe.moves)
    if recipe.noise.mode != "const":
        said.append("no noise" if recipe.noise.mode == "none" else f"noise seed {recipe.noise.seed}")
    if recipe.noise.average > 1:
        said.append(f"mean of {recipe.noise.average}")
    if recipe.noise.layers:
        said.append(f"noise of layers {ranges(tuple(item.layer for item in recipe.noise.layers))}")
    said.extend(
        f"{'all units' if edit.units is None else f'unit {ranges(edit.units)}'} of layer {edit.layer} × {edit.gain:g}"
        + (f" {edit.lift:+g}" if edit.lift else "")
        for edit in recipe.units
    )
    return " · ".join(part for part in said if part)


def class_title(k: int, class_names: tuple[str, ...]) -> str:
    """What a class is called beside other words: "7" alone would say nothing."""
    name = class_names[k] if k < len(class_names) else str(k)
    return f"class {name}" if name.isdecimal() else name


def check_writable(*recipes: Recipe) -> None:
    """Raise GanvizError where a file with these recipes could not be read again."""
    total = 0
    for recipe in recipes:
        for latent in latents_of(recipe):
            nodes, depth = size_of(latent)
            total += nodes
            if nodes > MAX_NODES or depth > MAX_DEPTH or total > FILE_NODES:
                raise GanvizError(
                    "a latent has been combined from too many others to be written; keep it in the gallery first, "
                    "which makes one vector of it"
                )
