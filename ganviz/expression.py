"""Latent expressions: small frozen value trees that say where in latent space a picture lies.

Where an expression lives, in z or in w, follows from its parts, see `space_of`. Arrays never stand in JSON: a `Vector`
names its array by SHA-256. No torch; `ganviz.latent` turns expressions into tensors.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ganviz.errors import GanvizError
from ganviz.reading import expect, number, numbers, whole

MAX_NODES = 4096
"""More nodes than this in one expression are neither read nor written."""
MAX_DEPTH = 64
FILE_NODES = 1 << 18
"""Nodes of all expressions in one file together."""
COLLAPSE_NODES = 64
"""An expression with more nodes is kept as the vector that it evaluates to."""
COLLAPSE_DEPTH = 16
SEED_LIMIT = 1 << 32
PLANE_ROW = 100
"""Seeds between one row of the seed plane and the next, as in the StyleGAN tools."""
WITHIN_LEAST, WITHIN_MOST = 0.01, 100.0
"""How narrow and how wide the normal distribution of a seed may be cut."""
Space = Literal["z", "w"]


@dataclass(frozen=True, slots=True)
class Seed:
    """z drawn from the prior with this seed, `numpy.random.RandomState(seed).randn(z_dim)`.

    `right` and `down` move on the seed plane, where the neighbours are seed + 1 and seed + 100 (mod 2^32): the four
    corners around the point are blended bilinearly in w. In a space without a mapping network the weights are
    divided by their root sum of squares, so that the blend is as long as its corners.

    `within` cuts the normal distribution: entries of z beyond -within..within are drawn anew from the same stream
    until none is left (Brock et al. 2018, section 3.1, the truncation trick of BigGAN); None leaves z as it is.
    """

    seed: int
    right: float = 0.0
    down: float = 0.0
    within: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < SEED_LIMIT:
            raise ValueError(f"seed: expected a whole number from 0 to {SEED_LIMIT - 1}, got {self.seed!r}")
        if self.within is not None and not WITHIN_LEAST <= self.within <= WITHIN_MOST:
            raise ValueError(f"within: expected {WITHIN_LEAST:g} to {WITHIN_MOST:g}, got {self.within!r}")

    @property
    def on_plane(self) -> bool:
        """Whether the point lies between seeds, so that it is a blend."""
        return self.right != 0.0 or self.down != 0.0

    def moved(self, right: float, down: float) -> "Seed":
        """The point of the seed plane this far to the right and down, named by its nearest seed."""
        x, y = self.right + right, self.down + down
        columns, rows = round(x), round(y)
        seed = (self.seed + columns + PLANE_ROW * rows) % SEED_LIMIT
        # Rounded so that a point reached by dragging there and back compares equal to where it began.
        return Seed(seed, round(x - columns, 6), round(y - rows, 6), self.within)

    def corners(self) -> tuple[tuple[int, float], ...]:
        """The seeds around the point with their bilinear weights (sum 1), those of weight 0 left out."""
        left, top = int(np.floor(self.right)), int(np.floor(self.down))
        x, y = self.right - left, self.down - top
        weights = {}
        for column, across in ((left, 1 - x), (left + 1, x)):
            for row, along in ((top, 1 - y), (top + 1, y)):
                if across * along > 0:
                    weights[(self.seed + column + PLANE_ROW * row) % SEED_LIMIT] = across * along
        return tuple(weights.items())


@dataclass(frozen=True, slots=True)
class Vector:
    """An array, named by the SHA-256 of its float32 bytes and shape; compared and hashed by that name.

    In space "z" the array is (z_dim,), in space "w" (num_ws, w_dim), or (w_dim,) for all style inputs alike.
    """

    digest: str
    space: Space = "z"
    array: np.ndarray | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, array: np.ndarray, space: Space = "z") -> "Vector":
        """Keep a read-only float32 copy of `array`."""
        kept = np.array(array, dtype=np.float32, order="C")
        if kept.ndim not in (1, 2) or not np.isfinite(kept).all():
            raise ValueError(f"vector: expected one or two dimensions of finite numbers, got shape {kept.shape}")
        kept.setflags(write=False)
        return cls(array_digest(kept), space, kept)


@dataclass(frozen=True, slots=True)
class Mapped:
    """`base` taken through the mapping network, so that what is done with it is done in w."""

    base: "Expression"


@dataclass(frozen=True, slots=True)
class Mean:
    """The plain mean of several latents."""

    items: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Sum:
    """A weighted sum of latents; the weights need not add up to 1."""

    terms: "tuple[tuple[float, Expression], ...]"


@dataclass(frozen=True, slots=True)
class Lerp:
    """(1 - t) a + t b."""

    a: "Expression"
    b: "Expression"
    t: float


@dataclass(frozen=True, slots=True)
class Slerp:
    """Spherical interpolation (White 2016): the angle runs evenly from a to b, the length linearly."""

    a: "Expression"
    b: "Expression"
    t: float


@dataclass(frozen=True, slots=True)
class Offset:
    """`base` with some dimensions moved: `values` holds (dimension, amount), ordered, without zeros.

    In z the amount is in the prior's own unit, in w in standard deviations of that dimension.
    """

    base: "Expression"
    values: tuple[tuple[int, float], ...]


Expression = Seed | Vector | Mapped | Mean | Sum | Lerp | Slerp | Offset


def space_of(latent: Expression, has_mapping: bool) -> Space:
    """The space that an expression lives in: "z" only where all its parts do.

    Without a mapping network everything is in "z": there w is the noise itself with the conditions behind it, and
    the conditions always come from the recipe's label and codes.
    """
    if not has_mapping:
        return "z"
    match latent:
        case Seed():
            return "w" if latent.on_plane else "z"
        case Vector():
            return latent.space
        case Mapped():
            return "w"
        case _:
            return "w" if any(space_of(part, True) == "w" for part in parts(latent)) else "z"


def parts(latent: Expression) -> "tuple[Expression, ...]":
    """The expressions directly below this one."""
    match latent:
        case Mapped() | Offset():
            return (latent.base,)
        case Mean():
            return latent.items
        case Sum():
            return tuple(item for _, item in latent.terms)
        case Lerp() | Slerp():
            return (latent.a, latent.b)
        case _:
            return ()


def walk_nodes(latent: Expression) -> Iterator[Expression]:
    """This expression and all below it."""
    stack = [latent]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(parts(node))


def offsets_of(latent: Expression) -> dict[int, float]:
    """The amounts by which the outermost Offset moves each dimension."""
    return dict(latent.values) if isinstance(latent, Offset) else {}


def with_offsets(latent: Expression, values: Mapping[int, float]) -> Expression:
    """`latent` with its outermost offsets replaced by `values`; without any, its base alone."""
    base = latent.base if isinstance(latent, Offset) else latent
    kept = tuple(sorted((int(k), float(v)) for k, v in values.items() if v != 0.0))
    return Offset(base, kept) if kept else base


def array_digest(array: np.ndarray) -> str:
    """SHA-256 over shape and little-endian float32 bytes."""
    plain = np.ascontiguousarray(array, dtype="<f4")
    return hashlib.sha256(repr(plain.shape).encode() + plain.tobytes()).hexdigest()


def describe_latent(latent: Expression) -> str:
    """The latent part of `describe`."""
    match latent:
        case Seed(seed, right, down, within):
            said = f"seed {seed} + ({right:.2f}, {down:.2f})" if latent.on_plane else f"seed {seed}"
            return said if within is None else f"{said} within {within:g}"
        case Vector(digest, space):
            return f"{space} {digest[:8]}"
        case Mapped(base):
            return describe_latent(base)
        case Mean(items):
            return f"mean of {len(items)}"
        case Sum(terms) if len(terms) <= 3:
            return " + ".join(f"{weight:.2f} × {describe_latent(item)}" for weight, item in terms)
        case Sum(terms):
            return f"sum of {len(terms)}"
        case Lerp(a, b, t) | Slerp(a, b, t):
            return f"{describe_latent(a)} → {describe_latent(b)} at {t:.2f}"
        case Offset(base, values):
            moved = f"z{values[0][0]} {values[0][1]:+.2f}" if len(values) == 1 else f"{len(values)} dimensions moved"
            return f"{describe_latent(base)} · {moved}"


def expression_to_json(latent: Expression) -> dict[str, Any]:
    """The tree as JSON, one object a node, told apart by its only or first key."""
    match latent:
        case Seed(seed, right, down, within):
            at: dict[str, Any] = {"at": [right, down]} if latent.on_plane else {}
            return {"seed": seed, **at} if within is None else {"seed": seed, **at, "within": within}
        case Vector(digest, space):
            return {"vector": digest, "space": space}
        case Mapped(base):
            return {"mapped": expression_to_json(base)}
        case Mean(items):
            return {"mean": [expression_to_json(item) for item in items]}
        case Sum(terms):
            return {"sum": [[weight, expression_to_json(item)] for weight, item in terms]}
        case Lerp(a, b, t):
            return {"lerp": [expression_to_json(a), expression_to_json(b)], "t": t}
        case Slerp(a, b, t):
            return {"slerp": [expression_to_json(a), expression_to_json(b)], "t": t}
        case Offset(base, values):
            return {"offset": expression_to_json(base), "by": [[k, v] for k, v in values]}


def expression_from_json(
    data: Any, arrays: Mapping[str, np.ndarray] | None = None, budget: "Budget | None" = None
) -> Expression:
    """Rebuild an expression from untrusted JSON, with the arrays that it names; caps on depth and size."""
    budget = budget or Budget()
    budget.begin_expression()
    return _read_expression(data, arrays or {}, budget, MAX_DEPTH)


class Budget:
    """How many nodes may still be read, in this expression and in this file."""

    def __init__(self) -> None:
        self.file = FILE_NODES
        self.expression = MAX_NODES

    def begin_expression(self) -> None:
        self.expression = MAX_NODES

    def spend(self, depth: int) -> None:
        """One node more; GanvizError when that is too many, or too deep."""
        self.file -= 1
        self.expression -= 1
        if self.expression < 0 or depth < 0:
            raise GanvizError(f"latent: expected at most {MAX_NODES} nodes, {MAX_DEPTH} deep")
        if self.file < 0:
            raise GanvizError(f"latents: expected at most {FILE_NODES} nodes in one file")


def size_of(latent: Expression) -> tuple[int, int]:
    """Nodes of an expression, and how deep they stand; counting ends at one more than may be written."""
    nodes, deepest = 0, 0
    stack = [(latent, 0)]
    while stack and nodes <= MAX_NODES:
        node, depth = stack.pop()
        nodes, deepest = nodes + 1, max(deepest, depth)
        stack.extend((part, depth + 1) for part in parts(node))
    return nodes, deepest


def is_large(latent: Expression) -> bool:
    """Whether an expression has so many parts that it is kept as one vector instead."""
    nodes, depth = size_of(latent)
    return nodes > COLLAPSE_NODES or depth > COLLAPSE_DEPTH


def _read_expression(data: Any, arrays: Mapping[str, np.ndarray], budget: Budget, depth: int) -> Expression:
    budget.spend(depth)
    expect(data, dict, "latent")

    def read(item: Any) -> Expression:
        return _read_expression(item, arrays, budget, depth - 1)

    match data:
        case {"seed": seed, **rest} if set(rest) <= {"at", "within"}:
            right, down = numbers(rest.get("at", [0.0, 0.0]), "seed's place on the plane", count=2)
            value = whole(seed, "seed")
            if not 0 <= value < SEED_LIMIT or max(abs(right), abs(down)) > 1e6:
                raise GanvizError(f"seed: expected 0 to {SEED_LIMIT - 1} and a place near it, got {data!r:.80}")
            within = None if "within" not in rest else number(rest["within"], "within")
            if within is not None and not WITHIN_LEAST <= within <= WITHIN_MOST:
                raise GanvizError(f"seed: expected it within {WITHIN_LEAST:g} to {WITHIN_MOST:g}, got {within:g}")
            return Seed(value, right, down, within)
        case {"vector": str(digest), "space": "z" | "w" as space}:
            array = arrays.get(digest)
            if array is None:
                raise GanvizError(f"latent: the array {digest[:12]}... is not in this file; the file may be cut short")
            return Vector(digest, space, array)
        case {"mapped": base}:
            return Mapped(read(base))
        case {"mean": [_, *_] as items}:
            return Mean(tuple(read(item) for item in items))
        case {"sum": [_, *_] as terms}:
            pairs = []
            for term in terms:
                if not (isinstance(term, list) and len(term) == 2):
                    raise GanvizError("latent: expected pairs of weight and latent in a sum")
                pairs.append((number(term[0], "weight"), read(term[1])))
            return Sum(tuple(pairs))
        case {"lerp": [a, b], "t": t}:
            return Lerp(read(a), read(b), number(t, "t"))
        case {"slerp": [a, b], "t": t}:
            return Slerp(read(a), read(b), number(t, "t"))
        case {"offset": base, "by": list(values)}:
            moved: dict[int, float] = {}
            for value in values[:65536]:
                if not (isinstance(value, list) and len(value) == 2):
                    raise GanvizError("offset: expected pairs of dimension and amount")
                dimension = whole(value[0], "offset's dimension")
                if dimension in moved or dimension < 0:
                    raise GanvizError(f"offset: expected each dimension once, from 0, got {dimension}")
                moved[dimension] = number(value[1], "offset")
            return Offset(read(base), tuple(sorted((k, v) for k, v in moved.items() if v != 0)))
    raise GanvizError(f"latent: {data!r:.80} is not a kind that this version knows")
