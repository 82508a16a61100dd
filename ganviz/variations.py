"""Variations: latents near a latent, blends of several, and the sheets by which pictures are bred.

A latent is varied by mixing it with another one drawn from the prior. In z that is a sum as long as the latent was, so
that it is as likely as that; in w it is a straight blend. Pure functions, no torch.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ganviz.edits import listed, only
from ganviz.errors import GanvizError
from ganviz.expression import (
    SEED_LIMIT,
    Budget,
    Expression,
    Lerp,
    Mapped,
    Mean,
    Offset,
    Seed,
    Sum,
    offsets_of,
    space_of,
    with_offsets,
)
from ganviz.mixing import fits
from ganviz.reading import number, whole
from ganviz.recipe import Recipe, Sheet
from ganviz.spec import Spec
from ganviz.streams import stream_of

RANDOM_SEEDS = 1_000_000
"""Random seeds stay below this: short enough to be read aloud and typed."""
FAINT = 0.02
"""Terms whose weight has sunk below this are left out, so that breeding does not make latents ever longer."""
MOST_PARENTS = 64


def base_of(latent: Expression) -> Expression:
    """The latent without the dimensions moved by hand."""
    return latent.base if isinstance(latent, Offset) else latent


def with_base(latent: Expression, base: Expression) -> Expression:
    """The latent on another base, with the same dimensions moved by hand."""
    return with_offsets(base, offsets_of(latent))


def varied(latent: Expression, strength: float, new: Seed, has_mapping: bool) -> Expression:
    """The latent mixed with a random one: `strength` 0 leaves it, 1 replaces it. Moved dimensions stay moved."""
    base = base_of(latent)
    if strength >= 1:
        return with_base(latent, new)
    if strength <= 0:
        return latent
    if space_of(base, has_mapping) == "w":
        return with_base(latent, blended([(1 - strength, base), (strength, new)], has_mapping))
    old = linear(base, has_mapping)
    length, keep = _length(old), math.sqrt(1 - strength * strength)
    terms = [*((weight * keep, item) for weight, item in old), (strength * length, new)]
    return with_base(latent, _sum(terms, length))


def blended(terms: Sequence[tuple[float, Expression]], has_mapping: bool) -> Expression:
    """Latents blended by weights above 0: in w, where there is a mapping network, else in z."""
    if len(terms) == 1:
        return terms[0][1]
    total = sum(weight for weight, _ in terms)
    opened = [
        (weight / total, linear(Mapped(latent) if has_mapping else latent, has_mapping)) for weight, latent in terms
    ]
    flat = [(share * weight, item) for share, parts in opened for weight, item in parts]
    if has_mapping:
        return _sum(flat, sum(weight for weight, _ in flat), straight=True)
    return _sum(flat, sum(share * _length(parts) for share, parts in opened))


def linear(latent: Expression, has_mapping: bool) -> list[tuple[float, Expression]]:
    """A latent as a weighted sum of parts that are no sums themselves; evaluated it is the same.

    What is blended in z and mapped as one stays one part of a sum in w.
    """
    space = space_of(latent, has_mapping)

    def open_up(node: Expression) -> list[tuple[float, Expression]]:
        if space == "w" and space_of(node, True) == "z":
            return [(1.0, Mapped(node))]
        match node:
            case Sum(terms):
                parts = list(terms)
            case Mean(items):
                parts = [(1 / len(items), item) for item in items]
            case Lerp(a, b, t):
                parts = [(1 - t, a), (t, b)]
            case Mapped(base) if not has_mapping or space_of(base, True) == "w":
                parts = [(1.0, base)]
            case _:
                return [(1.0, node)]
        return [(weight * share, leaf) for weight, part in parts for share, leaf in open_up(part)]

    return _gathered(open_up(latent))


def _gathered(terms: Sequence[tuple[float, Expression]]) -> list[tuple[float, Expression]]:
    """Equal parts together, in the order in which they first came."""
    weights: dict[Expression, float] = {}
    for weight, item in terms:
        weights[item] = weights.get(item, 0.0) + weight
    return [(weight, item) for item, weight in weights.items()]


def _length(terms: Sequence[tuple[float, Expression]]) -> float:
    """Length of a sum of independent latents, in that of one."""
    return math.sqrt(sum(weight * weight for weight, _ in terms))


def _sum(terms: Sequence[tuple[float, Expression]], length: float, straight: bool = False) -> Expression:
    """A sum of this length without its faint terms; `straight`: its weights add up to that instead."""
    gathered = _gathered(terms)
    kept = [term for term in gathered if abs(term[0]) >= FAINT * abs(length)] or gathered
    now = sum(weight for weight, _ in kept) if straight else _length(kept)
    factor = length / now if now else 1.0
    return Sum(tuple((round(weight * factor, 6), item) for weight, item in kept))


# -- breeding ---------------------------------------------------------------------------------------------------------


def children(
    base: Recipe,
    parents: Sequence[Recipe],
    strength: float,
    seed: int,
    generation: int,
    count: int,
    has_mapping: bool,
) -> Sheet:
    """A generation: the even blend of the parents first, then children with shares of them at random, each varied.

    Only latent, class and codes come from the parents; all else is the base's. A child's shares and the seed that it
    is varied with are the draws of numpy's `RandomState([seed, generation, place])`, so that the same numbers always
    give the same sheet.
    """
    cells = [_blend(base, parents, [1.0] * len(parents), has_mapping)]
    for place in range(1, count):
        stream = stream_of([seed, generation, place])
        shares = stream.dirichlet(np.ones(len(parents)))
        new = Seed(int(stream.randint(RANDOM_SEEDS)))
        child = _blend(base, parents, [float(share) for share in shares], has_mapping)
        cells.append(child.edit(latent=varied(child.latent, strength, new, has_mapping)))
    return Sheet(tuple(cells), math.ceil(math.sqrt(count)))


def _blend(base: Recipe, parents: Sequence[Recipe], shares: Sequence[float], has_mapping: bool) -> Recipe:
    """The base with latent, class and codes blended from the parents by their shares."""
    first = parents[0]
    if len(parents) == 1:
        return base.edit(latent=first.latent, label=first.label, codes=first.codes)
    latent = blended(list(zip(shares, (parent.latent for parent in parents), strict=True)), has_mapping)
    label, codes = first.label, first.codes
    if all(len(parent.label or ()) == len(label or ()) for parent in parents):
        label = _mean([parent.label or () for parent in parents], shares) or None
    if all(_shape(parent) == _shape(first) for parent in parents):
        codes = tuple(
            (name, _mean([parent.codes[k][1] for parent in parents], shares)) for k, (name, _) in enumerate(codes)
        )
    return base.edit(latent=latent, label=label, codes=codes)


def _shape(recipe: Recipe) -> tuple[tuple[str, int], ...]:
    return tuple((name, len(value)) for name, value in recipe.codes)


def _mean(rows: Sequence[tuple[float, ...]], shares: Sequence[float]) -> tuple[float, ...]:
    total = sum(shares)
    weighted = (
        sum(share * value for share, value in zip(shares, column, strict=True)) for column in zip(*rows, strict=True)
    )
    return tuple(round(value / total, 6) for value in weighted)


def _at_home(parent: Recipe, base: Recipe) -> Recipe:
    """The parent with class and codes that the base's model has."""
    label = parent.label if len(parent.label or ()) == len(base.label or ()) else base.label
    return parent.edit(label=label, codes=parent.codes if _shape(parent) == _shape(base) else base.codes)


@dataclass(frozen=True, slots=True)
class Breeding:
    """The sheet beside the picture: variations around the present picture, or around chosen parents.

    parents      empty: the present picture
    generation   how often parents were chosen
    """

    parents: tuple[Recipe, ...] = ()
    strength: float = 0.4
    seed: int = 0
    generation: int = 0
    count: int = 16

    def edit(self, **changes: Any) -> "Breeding":
        """A copy with some fields replaced."""
        return replace(self, **changes)

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        return self.parents

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return {}  # those of the parents are found in them

    def sheet(self, base: Recipe, spec: Spec) -> Sheet:
        """The generation as pictures drawn as `base` is; parents that its model cannot draw are passed over."""
        parents = tuple(_at_home(parent, base) for parent in self.parents if fits(parent.latent, spec)) or (base,)
        return children(base, parents, self.strength, self.seed, self.generation, self.count, spec.has_mapping)

    def to_json(self) -> dict[str, Any]:
        return {
            "parents": [parent.to_json() for parent in self.parents],
            "strength": self.strength,
            "seed": self.seed,
            "generation": self.generation,
            "count": self.count,
        }

    @classmethod
    def from_json(cls, data: Any, arrays: Mapping[str, np.ndarray], budget: Budget) -> "Breeding":
        only(data, {"parents", "strength", "seed", "generation", "count"}, "variations")
        parents = listed(data.get("parents", []), "parents")
        strength = number(data.get("strength", 0.4), "strength of variations")
        seed, generation = (
            whole(data.get("seed", 0), "seed of variations"),
            whole(data.get("generation", 0), "generation"),
        )
        count = whole(data.get("count", 16), "number of variations")
        if len(parents) > MOST_PARENTS or not 0 <= strength <= 1 or not 2 <= count <= 400:
            raise GanvizError(
                f"variations: expected at most {MOST_PARENTS} parents, a strength from 0 to 1 and 2 to 400 pictures"
            )
        if not (0 <= seed < SEED_LIMIT and 0 <= generation < SEED_LIMIT):
            raise GanvizError("variations: expected a seed and a generation from 0 to 2^32 - 1")
        return cls(tuple(Recipe.from_json(item, arrays, budget) for item in parents), strength, seed, generation, count)
