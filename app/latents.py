"""What hands do to latent expressions: find the seed in one, and move it. No Qt, no torch."""

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
)


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


def _heaviest(terms: tuple[tuple[float, Expression], ...]) -> int:
    return max(range(len(terms)), key=lambda k: abs(terms[k][0]))
