"""Vector arithmetic on visual concepts (Radford et al. 2015, section 6.3.2, figures 7 and 8).

Signed terms, each the mean of the latents of a few pictures, are added up; the result is drawn amid neighbours
that lie up to 0.25 beside it in every dimension. `A - B + C` with men in glasses, men without and women without
gives women in glasses, where the same sum of the pictures' pixels gives a blur.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ganviz import conditions
from ganviz.edits import Direction, only
from ganviz.errors import GanvizError
from ganviz.expression import (
    SEED_LIMIT,
    Budget,
    Expression,
    Mapped,
    Mean,
    Offset,
    Space,
    Sum,
    Vector,
    space_of,
    walk_nodes,
)
from ganviz.formula import MOST_ITEMS, MOST_TERMS
from ganviz.reading import expect, number, whole
from ganviz.recipe import Cell, Composite, Recipe, Sheet, latents_of
from ganviz.spec import Spec

if TYPE_CHECKING:
    from ganviz.models.base import StagedGenerator

JITTER = 0.25
"""Half the width of the uniform noise around the result, as in the paper: in z the prior's own unit, in w standard
deviations of each dimension."""
MOST_FACTOR = 100.0
SIDE = 3
CENTRE = SIDE * SIDE // 2


@dataclass(frozen=True, slots=True)
class Term:
    """A signed weight, and the pictures whose latents are averaged; of a recipe only what `item_of` keeps counts."""

    weight: float = 1.0
    items: tuple[Recipe, ...] = ()


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Terms, and how they are added up.

    terms       any number, A - B + C to begin with; those without pictures are left out
    space       where: "z" or "w"; None is w where there is a mapping network, else z. Without one both are the same
    strength    multiplies the weights of all terms but the first positive one: 0 is that term alone, 1 the sum as
                it is written, more goes beyond
    jitter      half the width of the uniform noise of the pictures around the result
    seed        which noise that is
    """

    terms: tuple[Term, ...] = (Term(1.0), Term(-1.0), Term(1.0))
    space: Space | None = None
    strength: float = 1.0
    jitter: float = JITTER
    seed: int = 0

    def edit(self, **changes: Any) -> "Arithmetic":
        """A copy with some fields replaced."""
        return replace(self, **changes)

    def edit_term(self, index: int, **changes: Any) -> "Arithmetic":
        """A copy with some fields of one term replaced."""
        term = replace(self.terms[index], **changes)
        return replace(self, terms=(*self.terms[:index], term, *self.terms[index + 1 :]))

    @property
    def filled(self) -> tuple[Term, ...]:
        """The terms that have pictures, their weights as the strength makes them."""
        terms = [term for term in self.terms if term.items]
        first = next((k for k, term in enumerate(terms) if term.weight > 0), 0)
        return tuple(
            term if k == first else replace(term, weight=term.weight * self.strength) for k, term in enumerate(terms)
        )

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        return tuple(item for term in self.terms for item in term.items)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """None beyond those of the recipes."""
        return {}

    def to_json(self) -> dict[str, Any]:
        terms = [{"weight": term.weight, "items": [item.to_json() for item in term.items]} for term in self.terms]
        data: dict[str, Any] = {"terms": terms, "strength": self.strength, "jitter": self.jitter, "seed": self.seed}
        if self.space is not None:
            data["space"] = self.space
        return data

    @classmethod
    def from_json(
        cls, data: Any, arrays: Mapping[str, np.ndarray] | None = None, budget: Budget | None = None
    ) -> "Arithmetic":
        """Rebuild from untrusted JSON; GanvizError says what in it was not as expected."""
        only(data, {"terms", "space", "strength", "jitter", "seed"}, "arithmetic")
        budget = budget or Budget()
        given = expect(data.get("terms"), list, "arithmetic's terms")
        terms = []
        for item in given[: MOST_TERMS + 1]:
            only(item, {"weight", "items"}, "term")
            pictures = expect(item.get("items", []), list, "term's pictures")[: MOST_ITEMS + 1]
            terms.append(
                Term(
                    number(item.get("weight", 1.0), "term's weight"),
                    tuple(Recipe.from_json(picture, arrays, budget) for picture in pictures),
                )
            )
        if not 1 <= len(terms) <= MOST_TERMS or sum(len(term.items) for term in terms) > MOST_ITEMS:
            raise GanvizError(f"arithmetic: expected 1 to {MOST_TERMS} terms with at most {MOST_ITEMS} pictures in all")
        space, jitter, seed = data.get("space"), number(data.get("jitter", JITTER), "jitter"), data.get("seed", 0)
        strength = number(data.get("strength", 1.0), "strength")
        if space not in (None, "z", "w"):
            raise GanvizError(f"arithmetic's space: expected z or w, got {space!r:.40}")
        if not 0 <= jitter <= MOST_FACTOR or abs(strength) > MOST_FACTOR:
            raise GanvizError(f"arithmetic: expected jitter and strength up to {MOST_FACTOR:g}")
        if not 0 <= whole(seed, "jitter's seed") < SEED_LIMIT:
            raise GanvizError(f"jitter's seed: expected 0 to {SEED_LIMIT - 1}, got {seed}")
        return cls(tuple(terms), space, strength, jitter, seed)


# --- what of a picture counts --------------------------------------------------------------------------------------


def item_of(recipe: Recipe, spec: Spec) -> Recipe:
    """What of a picture goes into a term: its latent with its moves in z, its class and codes.

    Psi and noise are those of the picture that is worked on, the same for all; mixes, moves in w and unit edits have
    no place in a latent and are left out.
    """
    latent, space = recipe.latent, space_of(recipe.latent, spec.has_mapping)
    # Without a mapping network a vector in "w" is noise that has been normalised already, as what moves add to is.
    kept: Space = "z" if spec.has_mapping else "w"
    moves = [
        (move.amount, Vector(move.direction.digest, kept, move.direction.array))
        for move in recipe.moves
        if move.direction.space == space == "z"
    ]
    if moves:
        latent = Sum(((1.0, latent), *moves))
    return Recipe(recipe.model, latent, label=recipe.label, codes=recipe.codes)


def fits(item: Recipe, spec: Spec) -> bool:
    """Whether a model can read the latent of this picture: seeds always, arrays where they have its sizes."""
    for latent in latents_of(item):
        for node in walk_nodes(latent):
            if isinstance(node, Vector) and not _vector_fits(node, spec):
                return False
            size = spec.z_dim if space_of(node, spec.has_mapping) == "z" else spec.w_dim
            if isinstance(node, Offset) and not all(0 <= dimension < size for dimension, _ in node.values):
                return False
    return True


def usable(arithmetic: Arithmetic, spec: Spec) -> Arithmetic:
    """Without the pictures whose latents the model cannot read: those kept from a model of other sizes."""
    terms = (replace(term, items=tuple(item for item in term.items if fits(item, spec))) for term in arithmetic.terms)
    return arithmetic.edit(terms=tuple(terms))


def _vector_fits(vector: Vector, spec: Spec) -> bool:
    if vector.array is None:
        return False
    if vector.space == "z":
        return vector.array.shape == (spec.z_dim,)
    if not spec.has_mapping:
        return vector.array.shape[-1] in (spec.z_dim, spec.w_dim)
    return vector.array.shape in ((spec.w_dim,), (spec.num_ws, spec.w_dim))


# --- recipes and sheets --------------------------------------------------------------------------------------------


def picture_of(item: Recipe, base: Recipe, spec: Spec) -> Recipe:
    """How an item of a term looks: its latent, class and codes with the model, psi and noise of `base`."""
    codes = tuple(sorted((code.name, conditions.code_of(item, code)) for code in spec.codes))
    return _drawn(base, item.latent, conditions.label_of(item, spec), codes)


def mean_of(arithmetic: Arithmetic, term: Term, base: Recipe, spec: Spec) -> Recipe:
    """The picture of a term's mean, its weight apart. A class that the items do not share is mixed likewise."""
    shared = _shares(replace(term, weight=1.0))
    return _drawn(
        base, _mean(arithmetic, term, spec), conditions.label_sum(shared, spec), conditions.code_sums(shared, spec)
    )


def result(arithmetic: Arithmetic, base: Recipe, spec: Spec) -> Recipe:
    """The picture of the sum of all terms, with the model, psi and noise of `base`.

    Class and codes are added up like the latents, since where there is no mapping network they stand beside the
    noise: what A and B share cancels in A - B + C. Class weights below 0 are cut off and the rest made to add up to
    1. A mapping network that reads the class reads this one for all. GanvizError where no term has pictures, or
    where one lives in w and the sum is to be done in z.
    """
    terms = arithmetic.filled
    if not terms:
        raise GanvizError("arithmetic: expected at least one term with pictures, all are empty")
    weighted = tuple((term.weight, _mean(arithmetic, term, spec)) for term in terms)
    latent = weighted[0][1] if len(weighted) == 1 and weighted[0][0] == 1.0 else Sum(weighted)
    shares = [share for term in terms for share in _shares(term)]
    return _drawn(base, latent, conditions.label_sum(shares, spec), conditions.code_sums(shares, spec))


def grid(arithmetic: Arithmetic, base: Recipe, spec: Spec) -> Sheet:
    """The result in the middle of 3 x 3 pictures, the others each with uniform noise in every dimension."""
    centre = result(arithmetic, base, spec)
    size = spec.z_dim if space_of(centre.latent, spec.has_mapping) == "z" else spec.w_dim
    stream = np.random.RandomState(arithmetic.seed)
    noise = stream.uniform(-arithmetic.jitter, arithmetic.jitter, (SIDE * SIDE - 1, size)).round(4)
    cells = [centre.edit(latent=_beside(centre.latent, row)) for row in noise]
    return Sheet((*cells[:CENTRE], centre, *cells[CENTRE:]), SIDE)


def contrast(arithmetic: Arithmetic, base: Recipe, spec: Spec) -> Composite:
    """The same sum of the items' pictures instead of their latents: what there is without a latent space."""
    return Composite(
        "sum",
        tuple((weight, picture_of(item, base, spec)) for term in arithmetic.filled for weight, item in _shares(term)),
    )


def figure(arithmetic: Arithmetic, base: Recipe, spec: Spec, terms: bool = False, in_pixels: bool = False) -> Sheet:
    """The 3 x 3 grid; with `terms` also a column for each with its pictures and, at the foot, their mean, as in
    figure 7 of the paper; with `in_pixels` the sum of the pictures beside it.
    """
    main = grid(arithmetic, base, spec)
    filled = [term for term in arithmetic.terms if term.items] if terms else []
    height = max([SIDE, *(len(term.items) + 1 for term in filled)])
    above = (height - SIDE) // 2
    columns: list[tuple[str, list[Cell]]] = []
    for k, term in enumerate(filled):
        pictures: list[Cell] = [picture_of(item, base, spec) for item in term.items]
        pictures += [None] * (height - 1 - len(pictures))
        columns.append((term_heading(term, k == 0), [*pictures, mean_of(arithmetic, term, base, spec)]))
    if columns:
        columns.append(("", [None] * height))
    blank: list[Cell] = [None] * (height - SIDE - above)
    for k in range(SIDE):
        title = "result" if k == SIDE // 2 else ""
        columns.append((title, [*([None] * above), *main.cells[k::SIDE], *blank]))
    if in_pixels:
        lone: list[Cell] = [None] * height
        lone[above + SIDE // 2] = contrast(arithmetic, base, spec)
        columns += [("", [None] * height), ("pixels", lone)]
    cells = tuple(column[row] for row in range(height) for _, column in columns)
    headings = tuple(title for title, _ in columns) if terms or in_pixels else ()
    return Sheet(cells, len(columns), column_headings=headings)


def term_heading(term: Term, first: bool = False) -> str:
    """A term's sign and weight, as `-`, `+ 0.5 *`; a first term that counts once says nothing."""
    size = "" if abs(term.weight) == 1 else f"{abs(term.weight):g} *"
    sign = "-" if term.weight < 0 else "" if first else "+"
    return f"{sign} {size}".strip()


def along(arithmetic: Arithmetic, onto: Sequence[Recipe], amounts: Sequence[float], spec: Spec) -> Sheet:
    """The terms as one vector, added to other pictures: a row for each, a column for each amount.

    With the mean of faces that look right minus the mean of those that look left it is the "turn" vector of the
    paper's figure 8.
    """
    cells = []
    for recipe in onto:
        start = _placed(recipe.latent, arithmetic.space, spec)
        for amount in amounts:
            moved = tuple((amount * term.weight, _mean(arithmetic, term, spec)) for term in arithmetic.filled)
            cells.append(recipe.edit(latent=Sum(((1.0, start), *moved)) if amount else start))
    return Sheet(tuple(cells), len(amounts), column_headings=tuple(f"{amount:+.2g}" for amount in amounts))


def direction(
    generator: "StagedGenerator",
    arithmetic: Arithmetic,
    plus: Term,
    minus: Term,
    base: Recipe,
    name: str = "",
) -> Direction:
    """The mean of one term minus the mean of another, to be gone along: 1 is the whole way from the one to the other.

    Class and codes do not turn with it; where a mapping network reads the class it is that of `base`.
    """
    import torch

    from ganviz.latent import w_of, z_of

    spec = generator.spec
    ends = [_mean(arithmetic, term, spec) for term in (plus, minus)]
    with torch.no_grad():
        if all(space_of(end, spec.has_mapping) == "z" for end in ends):
            normalise = None if spec.has_mapping else generator.normalise
            a, b = (z_of(end, spec, normalise)[0].cpu().numpy() for end in ends)
            return _direction(a - b, "z", name)
        plain = Recipe(base.model, label=base.label, codes=base.codes)
        a, b = (w_of(plain.edit(latent=_placed(end, "w", spec)), generator)[0].cpu().numpy() for end in ends)
    step = a - b
    return _direction(step[0] if np.array_equal(step, np.broadcast_to(step[0], step.shape)) else step, "w", name)


def _direction(step: np.ndarray, space: Space, name: str) -> Direction:
    sigma = float(np.linalg.norm(step if step.ndim == 1 else step.mean(0)))
    return Direction.of(step, space, name=name, origin="arithmetic", sigma=sigma)


def _mean(arithmetic: Arithmetic, term: Term, spec: Spec) -> Expression:
    items = tuple(_placed(item.latent, arithmetic.space, spec) for item in term.items)
    return items[0] if len(items) == 1 else Mean(items)


def _placed(latent: Expression, space: Space | None, spec: Spec) -> Expression:
    """The latent in the space that the arithmetic is done in."""
    if not spec.has_mapping or (space == "z" and space_of(latent, True) == "z"):
        return latent
    if space == "z":
        raise GanvizError("arithmetic in z: one of the pictures lives in w, from where no way leads back; choose w")
    return latent if space_of(latent, True) == "w" else Mapped(latent)


def _beside(latent: Expression, amounts: np.ndarray) -> Expression:
    values = tuple((k, float(amount)) for k, amount in enumerate(amounts) if amount)
    return Offset(latent, values) if values else latent


def _drawn(base: Recipe, latent: Expression, label: tuple[float, ...] | None, codes: conditions.Codes) -> Recipe:
    return base.edit(latent=latent, label=label, codes=codes, mixes=(), moves=(), units=())


def _shares(term: Term) -> list[tuple[float, Recipe]]:
    """Each item of a term with its share of the weight."""
    return [(term.weight / len(term.items), item) for item in term.items]
