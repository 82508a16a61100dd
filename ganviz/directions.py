"""Directions at work: the list that a session keeps, how a recipe goes along one, the sheet that shows what they do.

How they are found stands in `ganviz.finding`, how they are written to files in `ganviz.direction_files`. No torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ganviz.edits import TEXT, Direction, Move, listed, only
from ganviz.errors import GanvizError
from ganviz.expression import Budget
from ganviz.reading import expect
from ganviz.recipe import ModelRef, Recipe, Sheet, arrays_of
from ganviz.spec import Spec

NOTE_LIMIT = 200
FEWEST = 5
"""Liked and disliked pictures that a boundary needs, of each; fewer cannot be held out in turn."""
CAME_ALONG = "came with the picture"
REACH = 10.0
"""Sliders go this many sigmas to either side, as those of GANSpace do."""
SHEET_AMOUNTS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
"""Sigmas of the columns of a sheet; InterFaceGAN and SeFa show the same range."""


@dataclass(frozen=True, slots=True)
class Found:
    """A direction with the model that it was found in, and a few words on how."""

    direction: Direction
    model: ModelRef
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        data = {"direction": self.direction.to_json(), "model": self.model.to_json()}
        return {**data, "note": self.note} if self.note else data

    @classmethod
    def from_json(cls, data: Any, arrays: Mapping[str, np.ndarray] | None = None) -> "Found":
        """Rebuild from untrusted JSON and the arrays that came with it."""
        only(data, {"direction", "model", "note"}, "found direction")
        model = expect(data.get("model"), dict, "direction's model")
        name, digest, note = model.get("name", ""), model.get("digest", ""), data.get("note", "")
        texts = (name, digest, note)
        if not all(isinstance(text, str) and len(text) < 512 for text in texts) or set(name) & set("/\\:"):
            raise GanvizError("direction's model: expected a name and a digest in text, and a note")
        return cls(Direction.from_json(data.get("direction"), arrays), ModelRef(name, digest), note[:NOTE_LIMIT])


@dataclass(frozen=True, slots=True)
class Directions:
    """What a session keeps for directions: those found, in their order, and the pictures marked to find one.

    liked, disliked   recipes that a labelled boundary is to part (Shen et al. 2019, InterFaceGAN)
    """

    found: tuple[Found, ...] = ()
    liked: tuple[Recipe, ...] = ()
    disliked: tuple[Recipe, ...] = ()

    def edit(self, **changes: Any) -> "Directions":
        """A copy with some fields replaced."""
        return replace(self, **changes)

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        return (*self.liked, *self.disliked)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        kept = {item.direction.digest: item.direction.array for item in self.found}
        return {**arrays_of(*self.recipes), **{key: array for key, array in kept.items() if array is not None}}

    def to_json(self) -> dict[str, Any]:
        return {
            "found": [item.to_json() for item in self.found],
            "liked": [recipe.to_json() for recipe in self.liked],
            "disliked": [recipe.to_json() for recipe in self.disliked],
        }

    @classmethod
    def from_json(
        cls, data: Any, arrays: Mapping[str, np.ndarray] | None = None, budget: Budget | None = None
    ) -> "Directions":
        only(data, {"found", "liked", "disliked"}, "directions")

        def recipes(name: str) -> tuple[Recipe, ...]:
            return tuple(Recipe.from_json(item, arrays, budget) for item in listed(data.get(name, []), name))

        found = tuple(Found.from_json(item, arrays) for item in listed(data.get("found", []), "directions"))
        return cls(found, recipes("liked"), recipes("disliked"))

    def with_found(self, new: Sequence[Found]) -> "Directions":
        """These added at the end; one that is there already is passed over, a name that is taken gets a number."""
        kept = list(self.found)
        for item in new:
            own = [other.direction for other in kept if other.model == item.model]
            if not any(same(item.direction, other) for other in own):
                name = free_name(item.direction.name, [other.name for other in own])
                kept.append(replace(item, direction=replace(item.direction, name=name)))
        return self.edit(found=tuple(kept))

    def offered(self, recipe: Recipe, spec: Spec) -> tuple[Found, ...]:
        """What there is for a picture: directions of its model, or of others of the same name that fit, as snapshots of
        one run are; then those that the picture itself goes along and that are in no list.
        """
        ref = recipe.model
        near = (item for item in self.found if item.model.digest == ref.digest or item.model.name == ref.name)
        listed_here = [item for item in near if not misfit(item.direction, spec)]
        for move in recipe.moves:
            direction = replace(move.direction, layers=move.reach)
            if not any(same(direction, item.direction) for item in listed_here):
                listed_here.append(Found(direction, ref, CAME_ALONG))
        return tuple(listed_here)

    def with_marked(self, side: str, recipes: Sequence[Recipe]) -> "Directions":
        """With pictures put among the "liked" or the "disliked"; each is on one side only."""
        other = "disliked" if side == "liked" else "liked"
        kept = tuple(recipe for recipe in getattr(self, other) if recipe not in recipes)
        return self.edit(**{side: tuple(dict.fromkeys((*getattr(self, side), *recipes))), other: kept})

    def replaced(self, old: Found, new: Found) -> "Directions":
        """With one of those found in place of another."""
        return self.edit(found=tuple(new if item == old else item for item in self.found))

    def without(self, gone: Sequence[Found]) -> "Directions":
        """Without these."""
        return self.edit(found=tuple(item for item in self.found if item not in gone))


def free_name(name: str, taken: Sequence[str]) -> str:
    """The name itself, or with the first number from 2 that makes it one that is not taken."""
    number = 2
    free = name
    while free in taken:
        free, number = f"{name} ({number})", number + 1
    return free


def same(one: Direction, other: Direction) -> bool:
    """Whether two directions move a latent alike, whatever they are called."""
    return (one.digest, one.space, one.layers) == (other.digest, other.space, other.layers)


def misfit(direction: Direction, spec: Spec) -> str:
    """Why a direction cannot be used with such a model; "" where it can."""
    if direction.array is None:
        return "its array is not here"
    shape = direction.array.shape
    if direction.space == "z":
        return "" if shape == (spec.z_dim,) else f"it is {shape[-1]} long, the model's z is {spec.z_dim}"
    if direction.layers and max(direction.layers) >= spec.num_ws:
        return f"it is for style input {max(direction.layers)}, the model's are 0 to {spec.num_ws - 1}"
    if shape in ((spec.w_dim,), (spec.num_ws, spec.w_dim)):
        return ""
    return f"its shape is {shape}, the model's w is {(spec.num_ws, spec.w_dim)}"


def amount_of(recipe: Recipe, direction: Direction) -> float:
    """How many sigmas a recipe goes along a direction."""
    return sum(move.amount for move in recipe.moves if _is_along(move, direction))


def with_amount(recipe: Recipe, direction: Direction, amount: float) -> Recipe:
    """The recipe going `amount` sigmas along a direction; its other moves stay as they are."""
    moves: list[Move] = []
    placed = amount == 0
    for move in recipe.moves:
        if not _is_along(move, direction):
            moves.append(move)
        elif not placed:
            moves.append(Move(direction, amount))
            placed = True
    return recipe.edit(moves=tuple(moves if placed else [*moves, Move(direction, amount)]))


def with_direction(recipe: Recipe, old: Direction, new: Direction) -> Recipe:
    """The recipe going along `new` as far as it went along `old`, as after a new name or a new range of layers."""
    moves = tuple(Move(new, move.amount) if _is_along(move, old) else move for move in recipe.moves)
    return recipe if moves == recipe.moves else recipe.edit(moves=moves)


def direction_sheet(
    recipe: Recipe, directions: Sequence[Direction], amounts: Sequence[float] = SHEET_AMOUNTS, labels: bool = False
) -> Sheet:
    """What directions do to a picture: a row each, a column for each amount in sigmas; its other moves are kept."""
    return Sheet(
        tuple(with_amount(recipe, direction, amount) for direction in directions for amount in amounts),
        len(amounts),
        column_headings=tuple(f"{amount:+g}" if amount else "0" for amount in amounts),
        row_headings=tuple(direction.name or f"direction {k + 1}" for k, direction in enumerate(directions)),
        labels=labels,
    )


def parted(direction: Direction, others: Sequence[Direction]) -> Direction:
    """The direction without what it shares with others, so that going along it leaves their scores alone.

    This is the conditional manipulation of Shen et al. 2019, section 3.3: the projections on the others are taken
    off. A step is what is left of one sigma. Others that are for other style inputs share nothing with it.
    """
    if direction.array is None:
        raise ValueError(f"direction {direction.name!r}: its array was not loaded")
    rest = direction.array.astype(np.float64)
    basis: list[np.ndarray] = []
    for other in others:
        if other.space != direction.space:
            raise GanvizError(
                f"{other.name} lives in {other.space}, {direction.name} in {direction.space}; choose others"
            )
        if direction.layers is None or other.layers is None or set(direction.layers) & set(other.layers):
            axis = flat_step(other).astype(np.float64)
            axis = axis - sum((axis @ known * known for known in basis), np.zeros_like(axis))
            length = float(np.linalg.norm(axis))
            if length > 1e-6 * float(np.linalg.norm(flat_step(other))):
                basis.append(axis / length)
    for axis in basis:
        rest = rest - np.multiply.outer(rest @ axis, axis)
    length = float(np.linalg.norm(rest)) / max(1.0, np.sqrt(rest.size / rest.shape[-1]))
    if length < 1e-3 * direction.sigma:
        raise GanvizError(f"nothing is left of {direction.name} without {', '.join(other.name for other in others)}")
    name = f"{direction.name} without {', '.join(other.name for other in others)}"
    about = {"name": name[:TEXT], "origin": direction.origin, "sigma": length, "layers": direction.layers}
    return Direction.of(rest, direction.space, **about)


def scores(latents: np.ndarray, direction: Direction) -> np.ndarray:
    """How far latents (N, w_dim or z_dim) lie along a direction, in sigmas from their mean: (N,) float64.

    A direction with a row for each style input is taken as the mean of those that it is for.
    """
    step = flat_step(direction).astype(np.float64)
    centred = latents.astype(np.float64) - latents.mean(axis=0, dtype=np.float64)
    return centred @ step / max(float(step @ step), 1e-24)


def flat_step(direction: Direction) -> np.ndarray:
    """A step of one sigma as one vector (w_dim or z_dim,): itself, or the mean over the style inputs it is for."""
    if direction.array is None:
        raise ValueError(f"direction {direction.name!r}: its array was not loaded")
    if direction.array.ndim == 1:
        return direction.array
    chosen = slice(None) if direction.layers is None else list(direction.layers)
    return direction.array[chosen].mean(axis=0)


def _is_along(move: Move, direction: Direction) -> bool:
    kept = move.direction
    return (kept.digest, kept.space, move.reach) == (direction.digest, direction.space, direction.layers)
