"""What hands do to latent expressions: find the seed in one, move it, vary the whole. No Qt, no torch."""

import math
from dataclasses import replace

from ganviz.expression import (
    Expression,
    Lerp,
    Mapped,
    Mean,
    Offset,
    Seed,
    Slerp,
    Sum,
    offsets_of,
    space_of,
    with_offsets,
)

RANDOM_SEEDS = 1_000_000
"""Random seeds stay below this: short enough to be read aloud and typed."""
FAINT = 0.02
"""Terms of a variation whose weight has sunk below this are left out."""


def base_of(latent: Expression) -> Expression:
    """The latent without the dimensions moved by hand."""
    return latent.base if isinstance(latent, Offset) else latent


def with_base(latent: Expression, base: Expression) -> Expression:
    """The latent on another base, with the same dimensions moved by hand."""
    return with_offsets(base, offsets_of(latent))


def anchor(latent: Expression) -> Seed | None:
    """The seed that moving on the seed plane moves: the one that weighs most; None where there is no seed."""
    match latent:
        case Seed():
            return latent
        case Offset() | Mapped():
            return anchor(latent.base)
        case Sum(terms):
            return anchor(terms[_heaviest(terms)][1])
        case Mean(items):
            return anchor(items[0])
        case Lerp(a, b, t) | Slerp(a, b, t):
            return anchor(a if t < 0.5 else b)
        case _:
            return None


def with_anchor(latent: Expression, seed: Seed) -> Expression:
    """The latent with that seed in place of its anchor; a latent without one becomes the seed."""
    match latent:
        case Offset() | Mapped():
            return replace(latent, base=with_anchor(latent.base, seed))
        case Sum(terms):
            k = _heaviest(terms)
            return Sum((*terms[:k], (terms[k][0], with_anchor(terms[k][1], seed)), *terms[k + 1 :]))
        case Mean(items):
            return Mean((with_anchor(items[0], seed), *items[1:]))
        case Lerp(a, b, t) | Slerp(a, b, t):
            return replace(latent, a=with_anchor(a, seed)) if t < 0.5 else replace(latent, b=with_anchor(b, seed))
        case _:
            return seed


def moved(latent: Expression, right: float, down: float) -> Expression:
    """The latent moved on the seed plane by so many seeds."""
    return with_anchor(latent, (anchor(latent) or Seed(0)).moved(right, down))


def varied(latent: Expression, strength: float, seed: int, has_mapping: bool) -> Expression:
    """The latent mixed with a random one: `strength` 0 leaves it, 1 replaces it. Moved dimensions stay moved.

    In z the mix is a sum of seeds whose weights' squares add up to 1, so that it is as likely a latent as its
    parts; varying again only adds a term. In w it is a straight blend.
    """
    base, new = base_of(latent), Seed(seed)
    if strength >= 1:
        return with_base(latent, new)
    if strength <= 0:
        return latent
    if space_of(base, has_mapping) == "w":
        return with_base(latent, Lerp(base, Mapped(new), strength))
    keep = math.sqrt(1 - strength * strength)
    old = base.terms if isinstance(base, Sum) else ((1.0, base),)
    terms = [(weight * keep, item) for weight, item in old]
    terms = [term for term in terms if abs(term[0]) >= FAINT] + [(strength, new)]
    length = math.sqrt(sum(weight * weight for weight, _ in terms))
    return with_base(latent, Sum(tuple((round(weight / length, 6), item) for weight, item in terms)))


def _heaviest(terms: tuple[tuple[float, Expression], ...]) -> int:
    return max(range(len(terms)), key=lambda k: abs(terms[k][0]))
