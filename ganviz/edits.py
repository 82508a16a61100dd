"""What a recipe may do to a latent on its way to a picture, beside truncation: frozen values, no torch.

Direction, Move   a named vector, and how far a recipe goes along it, in sigmas
Mix               some style inputs taken from another latent (Karras et al. 2018, section 3.1)
LayerNoise        strength and seed of one layer's noise
UnitEdit          feature maps of one layer scaled or raised (Bau et al. 2018, GAN Dissection)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ganviz.errors import GanvizError
from ganviz.expression import (
    Budget,
    Expression,
    Space,
    array_digest,
    describe_latent,
    expression_from_json,
    expression_to_json,
)
from ganviz.reading import expect, number, numbers, whole

Origin = Literal["PCA", "SeFa", "labelled", "arithmetic", "other"]
ORIGINS = ("PCA", "SeFa", "labelled", "arithmetic", "other")
MOST_EDITS = 1024
"""Mixes, moves, noisy layers or unit edits of one recipe."""
MOST_LAYERS = 1024
MOST_UNITS = 65536
TEXT = 200


@dataclass(frozen=True, slots=True)
class Direction:
    """A named vector of latent space; its array is named by digest, as `expression.Vector` names its own.

    array    in space "z" (z_dim,); in "w" (w_dim,), or (num_ws, w_dim) where each style input has its own; what to
             add for an amount of 1, that is for one sigma
    sigma    length of that step in the space's own unit, told to people; where the direction was found as a unit
             vector it is the deviation of samples along it
    layers   style inputs that it is meant for, or None for all; in w only
    origin   how it was found; score: what was found with it, as explained variance or held-out accuracy
    """

    digest: str
    space: Space
    name: str = ""
    origin: Origin = "other"
    sigma: float = 1.0
    layers: tuple[int, ...] | None = None
    score: float | None = None
    array: np.ndarray | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, array: np.ndarray, space: Space, **about: Any) -> "Direction":
        """Keep a read-only float32 copy of `array`."""
        kept = np.array(array, dtype=np.float32, order="C")
        if kept.ndim not in (1, 2) or not np.isfinite(kept).all():
            raise ValueError(f"direction: expected one or two dimensions of finite numbers, got shape {kept.shape}")
        kept.setflags(write=False)
        return cls(array_digest(kept), space, array=kept, **about)

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"vector": self.digest, "space": self.space, "name": self.name, "origin": self.origin}
        data["sigma"] = self.sigma
        if self.layers is not None:
            data["layers"] = list(self.layers)
        if self.score is not None:
            data["score"] = self.score
        return data

    @classmethod
    def from_json(cls, data: Any, arrays: Mapping[str, np.ndarray] | None = None) -> "Direction":
        """Rebuild a direction from untrusted JSON and the arrays that came with it."""
        only(data, {"vector", "space", "name", "origin", "sigma", "layers", "score"}, "direction")
        digest, space, origin = data.get("vector"), data.get("space"), data.get("origin", "other")
        if space not in ("z", "w") or origin not in ORIGINS or not isinstance(data.get("name", ""), str):
            raise GanvizError("direction: expected a space, z or w, a known origin and a name in text")
        array = (arrays or {}).get(digest) if isinstance(digest, str) else None
        if array is None:
            raise GanvizError(f"direction: the array {digest!s:.12}... is not in this file; it may be cut short")
        score = data.get("score")
        return cls(
            str(digest),
            space,
            data.get("name", "")[:TEXT],
            origin,
            number(data.get("sigma", 1.0), "direction's sigma"),
            None if data.get("layers") is None else indices(data["layers"], "direction's layers"),
            None if score is None else number(score, "direction's score"),
            array,
        )


@dataclass(frozen=True, slots=True)
class Move:
    """`amount` sigmas along a direction, on `layers` (style inputs) or, None, on those that the direction is for."""

    direction: Direction
    amount: float
    layers: tuple[int, ...] | None = None

    @property
    def reach(self) -> tuple[int, ...] | None:
        """The style inputs that are moved; None for all."""
        return self.direction.layers if self.layers is None else self.layers

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"direction": self.direction.to_json(), "amount": self.amount}
        if self.layers is not None:
            data["layers"] = list(self.layers)
        return data

    @classmethod
    def from_json(cls, data: Any, arrays: Mapping[str, np.ndarray] | None = None) -> "Move":
        only(data, {"direction", "amount", "layers"}, "move")
        layers = data.get("layers")
        return cls(
            Direction.from_json(data.get("direction"), arrays),
            number(data.get("amount"), "move's amount"),
            None if layers is None else indices(layers, "move's layers"),
        )


@dataclass(frozen=True, slots=True)
class Mix:
    """Style inputs `layers` taken from another latent, wholly at `amount` 1, else blended in w.

    The source is mapped with its own label, or the recipe's where it has none, and truncated as the recipe is.
    """

    latent: Expression
    layers: tuple[int, ...]
    amount: float = 1.0
    label: tuple[float, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"latent": expression_to_json(self.latent), "layers": list(self.layers)}
        if self.amount != 1.0:
            data["amount"] = self.amount
        if self.label is not None:
            data["label"] = list(self.label)
        return data

    @classmethod
    def from_json(
        cls, data: Any, arrays: Mapping[str, np.ndarray] | None = None, budget: Budget | None = None
    ) -> "Mix":
        only(data, {"latent", "layers", "amount", "label"}, "mix")
        label = data.get("label")
        return cls(
            expression_from_json(data.get("latent"), arrays, budget),
            indices(data.get("layers"), "mix's layers"),
            number(data.get("amount", 1.0), "mix's amount"),
            None if label is None else numbers(label, "mix's label"),
        )


@dataclass(frozen=True, slots=True)
class LayerNoise:
    """Noise of one layer (an index into the spec's layers): its strength, 1 as learnt and 0 off, and a seed.

    A seed stands over the recipe's noise mode for this layer; None leaves the layer with the others.
    """

    layer: int
    strength: float = 1.0
    seed: int | None = None

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"layer": self.layer, "strength": self.strength}
        if self.seed is not None:
            data["seed"] = self.seed
        return data

    @classmethod
    def from_json(cls, data: Any) -> "LayerNoise":
        only(data, {"layer", "strength", "seed"}, "layer's noise")
        seed = data.get("seed")
        return cls(
            index(data.get("layer"), "layer's noise"),
            number(data.get("strength", 1.0), "noise strength"),
            None if seed is None else whole(seed, "noise seed"),
        )


@dataclass(frozen=True, slots=True)
class UnitEdit:
    """Feature maps of one layer (an index into the spec's layers): each is taken times `gain`, plus `lift`.

    `units` are channels, None for all. Gain 0 ablates, as GAN Dissection does to see what a unit draws; `lift` is in
    the activation's own unit, and forces a unit on.
    """

    layer: int
    units: tuple[int, ...] | None = None
    gain: float = 0.0
    lift: float = 0.0

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"layer": self.layer, "gain": self.gain}
        if self.units is not None:
            data["units"] = list(self.units)
        if self.lift:
            data["lift"] = self.lift
        return data

    @classmethod
    def from_json(cls, data: Any) -> "UnitEdit":
        only(data, {"layer", "units", "gain", "lift"}, "unit edit")
        units = data.get("units")
        return cls(
            index(data.get("layer"), "unit edit's layer"),
            None if units is None else indices(units, "unit edit's units", MOST_UNITS),
            number(data.get("gain", 0.0), "unit edit's gain"),
            number(data.get("lift", 0.0), "unit edit's lift"),
        )


def describe_mix(mix: Mix) -> str:
    """A mix in a few words, its layers counted from 0 as ranges."""
    share = "" if mix.amount == 1 else f"{mix.amount:.0%} of "
    return f"layers {ranges(mix.layers)} from {share}{describe_latent(mix.latent)}"


def ranges(numbers: tuple[int, ...]) -> str:
    """Whole numbers as people write them: 0-3,7."""
    said: list[list[int]] = []
    for value in sorted(numbers):
        if said and value == said[-1][1] + 1:
            said[-1][1] = value
        else:
            said.append([value, value])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in said)


def only(data: Any, known: set[str], name: str) -> None:
    """Raise GanvizError unless `data` is an object without entries that are not known."""
    expect(data, dict, name)
    unknown = set(data) - known
    if unknown:
        raise GanvizError(f"{name}: {min(map(str, unknown))!r} is not known here; a newer ganviz may have written it")


def index(value: Any, name: str, limit: int = MOST_LAYERS) -> int:
    """A whole number from 0 to below the limit."""
    if not 0 <= whole(value, name) < limit:
        raise GanvizError(f"{name}: expected 0 to {limit - 1}, got {value}")
    return int(value)


def indices(value: Any, name: str, limit: int = MOST_LAYERS) -> tuple[int, ...]:
    """Whole numbers from 0, each once, in order."""
    expect(value, list, name)
    if len(value) > limit:
        raise GanvizError(f"{name}: expected at most {limit} numbers, got {len(value)}")
    return tuple(sorted({index(item, name, limit) for item in value}))


def listed(value: Any, name: str) -> list[Any]:
    """A list that is not longer than any recipe needs."""
    expect(value, list, name)
    if len(value) > MOST_EDITS:
        raise GanvizError(f"{name}: expected at most {MOST_EDITS}, got {len(value)}")
    return value
