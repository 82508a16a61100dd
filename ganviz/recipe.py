"""The recipe: a small frozen value that says everything about one picture.

A picture is a pure function of its recipe, so a recipe is what a session keeps, what a keyframe is and what is written
into every exported image. Nothing here knows torch; `ganviz.render` turns recipes into pixels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

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
    """Noise of the layers that add some: the model's own maps, none, or drawn from a seed."""

    mode: Literal["const", "none", "random"] = "const"
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that one picture is made from.

    model    a ModelRef; a plain string stands for a reference by that name
    latent   an expression
    label    class weights, one per class, or None for class 0
    codes    ((name, weights or value), ...) for structured codes; what is left out is category 0 or continuous 0
    psi      truncation, 1 = off; cutoff: how many style inputs it reaches, None = all
    """

    model: ModelRef
    latent: Expression = field(default_factory=lambda: Seed(0))
    label: tuple[float, ...] | None = None
    codes: tuple[tuple[str, tuple[float, ...]], ...] = ()
    psi: float = 1.0
    cutoff: int | None = None
    noise: Noise = field(default_factory=Noise)

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
            data["noise"] = {"mode": self.noise.mode, "seed": self.noise.seed}
        return data

    @classmethod
    def from_json(
        cls, data: Any, arrays: Mapping[str, np.ndarray] | None = None, budget: "Budget | None" = None
    ) -> "Recipe":
        """Rebuild a recipe from untrusted JSON; GanvizError says what in it was not as expected.

        `arrays` holds the arrays that it names, float32 and checked against their digests; `budget` is shared by
        all recipes of one file.
        """
        expect(data, dict, "recipe")
        unknown = set(data) - {"model", "latent", "label", "codes", "psi", "cutoff", "noise"}
        if unknown:
            raise GanvizError(f"recipe: {sorted(unknown)[0]!r} is not known here; a newer ganviz may have written it")
        model = expect(data.get("model"), dict, "recipe's model")
        name, digest = model.get("name", ""), model.get("digest", "")
        if not (isinstance(name, str) and isinstance(digest, str) and len(name) < 512 and len(digest) < 256):
            raise GanvizError("recipe's model: expected a name and a digest in text")
        if set(name) & set("/\\:"):
            raise GanvizError(f"recipe's model: expected a name, got a path: {name!r:.80}")
        codes = expect(data.get("codes", {}), dict, "recipe's codes")
        label = data.get("label")
        noise = expect(data.get("noise", {}), dict, "recipe's noise")
        mode = noise.get("mode", "const")
        if mode not in ("const", "none", "random"):
            raise GanvizError(f"recipe's noise: expected const, none or random, got {mode!r}")
        cutoff = data.get("cutoff")
        return cls(
            model=ModelRef(name, digest),
            latent=expression_from_json(data.get("latent"), arrays, budget),
            label=None if label is None else numbers(label, "recipe's label"),
            codes=tuple((str(key), numbers(value, f"code {key}")) for key, value in codes.items()),
            psi=number(data.get("psi", 1.0), "psi"),
            cutoff=None if cutoff is None else whole(cutoff, "cutoff"),
            noise=Noise(mode, whole(noise.get("seed", 0), "noise seed")),
        )


@dataclass(frozen=True, slots=True)
class Sheet:
    """A grid of recipes, row by row; None leaves a cell empty.

    Headings are drawn only where `labels` is set: `headings` has one text per cell, `column_headings` and
    `row_headings` one per column and row.
    """

    cells: tuple[Recipe | None, ...]
    columns: int
    headings: tuple[str, ...] = ()
    column_headings: tuple[str, ...] = ()
    row_headings: tuple[str, ...] = ()
    labels: bool = False

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
        """The cells that hold a picture."""
        return tuple(cell for cell in self.cells if cell is not None)

    def to_json(self) -> dict[str, Any]:
        """The first recipe whole, and for each cell only the fields in which it differs from that."""
        base = self.recipes[0].to_json()
        cells: list[Any] = []
        for cell in self.cells:
            if cell is None:
                cells.append(None)
                continue
            full = cell.to_json()
            edit = {key: value for key, value in full.items() if base.get(key) != value}
            # A field that only the base sets has to be unset again: null stands for "its default".
            edit.update({key: None for key in base if key not in full})
            cells.append(edit)
        data: dict[str, Any] = {"base": base, "cells": cells, "columns": self.columns}
        for name in HEADINGS:
            if getattr(self, name):
                data[name] = list(getattr(self, name))
        if self.labels:
            data["labels"] = True
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
        seed = {"seed": 0}  # stands in for the base's latent, which is read only once
        cells: list[Recipe | None] = []
        for edit in edits:
            if edit is None:
                cells.append(None)
                continue
            merged = {**base, "latent": seed, **expect(edit, dict, "sheet's cell")}
            cell = Recipe.from_json({k: v for k, v in merged.items() if v is not None}, arrays, budget)
            cells.append(cell if "latent" in edit else cell.edit(latent=first.latent))
        headings = {
            name: tuple(str(text)[:200] for text in expect(data.get(name, []), list, "sheet's headings"))
            for name in HEADINGS
        }
        columns = whole(data.get("columns", 1), "sheet's columns")
        if not 1 <= columns <= len(cells) or all(cell is None for cell in cells):
            raise GanvizError(f"sheet: expected a picture and 1 to {len(cells)} columns, got {columns} columns")
        return cls(tuple(cells), columns, **headings, labels=data.get("labels") is True)


def class_weights(index: int, num_classes: int) -> tuple[float, ...]:
    """The label of one class: 1 at `index`, 0 elsewhere."""
    return tuple(1.0 if k == index else 0.0 for k in range(num_classes))


def arrays_of(*recipes: Recipe) -> dict[str, np.ndarray]:
    """Every array that these recipes name, by digest."""
    found: dict[str, np.ndarray] = {}
    for recipe in recipes:
        for node in walk_nodes(recipe.latent):
            if isinstance(node, Vector) and node.array is not None:
                found[node.digest] = node.array
    return found


def describe(recipe: Recipe, class_names: tuple[str, ...] = ()) -> str:
    """One line for people: where the latent is and what was done to it."""
    said = [describe_latent(recipe.latent)]
    if recipe.label is not None:
        shares = [(weight, k) for k, weight in enumerate(recipe.label) if weight]
        names = [class_names[k] if k < len(class_names) else f"class {k}" for _, k in shares]
        if len(shares) == 1:
            said.append(names[0])
        else:
            said.append(" + ".join(f"{weight:.0%} {name}" for (weight, _), name in zip(shares, names, strict=True)))
    said.extend(f"{name} {', '.join(f'{x:g}' for x in value)}" for name, value in recipe.codes)
    if recipe.psi != 1.0:
        said.append(f"psi {recipe.psi:.2f}" + ("" if recipe.cutoff is None else f" on {recipe.cutoff} layers"))
    if recipe.noise.mode != "const":
        said.append("no noise" if recipe.noise.mode == "none" else f"noise seed {recipe.noise.seed}")
    return " · ".join(part for part in said if part)


def check_writable(*recipes: Recipe) -> None:
    """Raise GanvizError where a file with these recipes could not be read again."""
    total = 0
    for recipe in recipes:
        nodes, depth = size_of(recipe.latent)
        total += nodes
        if nodes > MAX_NODES or depth > MAX_DEPTH or total > FILE_NODES:
            raise GanvizError(
                "a latent has been combined from too many others to be written; keep it in the gallery first, "
                "which makes one vector of it"
            )
