"""What goes on inside a generator: the feature maps of a layer as pictures and figures, and what single units draw.

A unit is one feature map, a channel. What it draws is seen by ablating it, as GAN Dissection does (Bau et al. 2018,
arXiv:1811.10597): the picture without it against the picture with it. No torch here but where a network is run.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ganviz.colours import signed
from ganviz.edits import MOST_LAYERS, MOST_UNITS, UnitEdit, index, listed, only, ranges
from ganviz.errors import GanvizError
from ganviz.expression import Budget, Seed
from ganviz.jobs import Job, Progress
from ganviz.reading import number
from ganviz.recipe import Cell, Composite, Noise, Recipe, Sheet
from ganviz.spec import Layer, Spec

if TYPE_CHECKING:
    import torch

    from ganviz.models.base import StagedGenerator, State
    from ganviz.render import Renderer

MOST_DB = 200.0
LATENTS = 8
"""Latents that a ranking is averaged over."""
FULL = 0.999
"""Share of a layer's values that its own scale shows without cutting them off."""
SAMPLED = 1 << 20
"""Values that the scale is found from."""
SILENT = 1e-12
GAP = 1
"""Pixels between the maps of a contact sheet."""


@dataclass(frozen=True, slots=True)
class LayerView:
    """What is shown of a picture's inside: a layer and some of its channels.

    layer       index into the spec's layers; None is one in the middle
    channels    one, in colours of its strength, or three, as red, green and blue
    db          gain of what is shown in decibels, 20 a factor of 10; None: so that the layer just fills the scale
    own         each channel at its own scale rather than at the layer's
    """

    layer: int | None = None
    channels: tuple[int, ...] = (0,)
    db: float | None = None
    own: bool = False

    def __post_init__(self) -> None:
        if len(self.channels) not in (1, 3):
            raise ValueError(f"channels: expected one, or three as red, green and blue, got {len(self.channels)}")

    def edit(self, **changes: Any) -> "LayerView":
        """A copy with some fields replaced."""
        return replace(self, **changes)

    def layer_of(self, spec: Spec) -> int:
        """The layer, where the model has it; else its last."""
        last = len(spec.layers) - 1
        return (last + 1) // 2 if self.layer is None else min(self.layer, last)

    def channels_of(self, layer: Layer) -> tuple[int, ...]:
        """The channels, where the layer has them all; else its first ones."""
        if max(self.channels) < layer.channels:
            return self.channels
        return tuple(min(k, layer.channels - 1) for k in range(len(self.channels)))

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """None: it is a look into the present picture."""
        return ()

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return {}

    def to_json(self) -> dict[str, Any]:
        return {"layer": self.layer, "channels": list(self.channels), "db": self.db, "own": self.own}

    @classmethod
    def from_json(
        cls, data: Any, arrays: Mapping[str, np.ndarray] | None = None, budget: Budget | None = None
    ) -> "LayerView":
        """Rebuild from untrusted JSON; GanvizError says what in it was not as expected."""
        only(data, {"layer", "channels", "db", "own"}, "view of a layer")
        layer, db = data.get("layer"), data.get("db")
        channels = listed(data.get("channels", [0]), "channels of a layer")
        if len(channels) not in (1, 3):
            raise GanvizError(f"channels of a layer: expected one or three, got {len(channels)}")
        return cls(
            None if layer is None else index(layer, "layer", MOST_LAYERS),
            tuple(index(channel, "channel", MOST_UNITS) for channel in channels),
            None if db is None else max(-MOST_DB, min(MOST_DB, number(db, "gain in dB"))),
            data.get("own") is True,
        )


# -- figures ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of values: mean, standard deviation, least, largest, share of exact zeros (0 to 1), and norm,
    the root of the sum of squares."""

    mean: float
    deviation: float
    low: float
    high: float
    zeros: float
    norm: float


@dataclass(frozen=True, slots=True)
class Activations:
    """The feature maps of one picture after one layer: float32 (channels, H, W), with figures of each and of all.

    `full` is the layer's scale: the strength that all but a thousandth of the values do not reach.
    """

    recipe: Recipe
    layer: int
    maps: np.ndarray
    figures: tuple[Figures, ...]
    overall: Figures
    full: float

    @property
    def fitting_db(self) -> float:
        """The gain in dB at which the layer just fills the scale."""
        return -20 * math.log10(self.full)

    def factors(self, view: LayerView) -> np.ndarray:
        """What each channel is taken times to be shown, (channels, 1, 1): -1 and 1 are the ends of the scale then."""
        gain = 1.0 if view.db is None else 10 ** (view.db / 20)
        if view.own:
            largest = [max(abs(item.low), abs(item.high), SILENT) for item in self.figures]
            return (gain / np.array(largest, np.float32))[:, None, None]
        return np.full((len(self.maps), 1, 1), gain if view.db is not None else 1 / self.full, np.float32)


def figures_of(maps: np.ndarray) -> tuple[tuple[Figures, ...], Figures]:
    """Figures of each of the maps (channels, H, W), and of all of them together."""
    flat = maps.reshape(len(maps), -1).astype(np.float64)
    means, squares, zeros = flat.mean(1), np.square(flat).sum(1), (flat == 0).mean(1)
    deviations, lows, highs = flat.std(1), flat.min(1), flat.max(1)
    columns = np.stack([means, deviations, lows, highs, zeros, np.sqrt(squares)], axis=1)
    each = tuple(Figures(*row) for row in columns.tolist())
    overall = Figures(
        float(means.mean()),
        float(flat.std()),
        float(lows.min()),
        float(highs.max()),
        float(zeros.mean()),
        math.sqrt(squares.sum()),
    )
    return each, overall


def activations_of(recipe: Recipe, layer: int, maps: np.ndarray) -> Activations:
    """Maps (channels, H, W) with what is known of them."""
    each, overall = figures_of(maps)
    return Activations(recipe, layer, maps, each, overall, full_scale(maps))


def read_activations(renderer: "Renderer", recipe: Recipe, layer: int) -> Activations:
    """The maps after a layer as the recipe's picture has them on its way, its edits of units done.

    Where the recipe averages over noise, those of its first noise seed.
    """
    import torch

    from ganviz.latent import w_of
    from ganviz.synthesis import run_to

    generator = renderer.load(recipe.model)
    if not 0 <= layer < len(generator.spec.layers):
        raise GanvizError(
            f"{recipe.model.name}: expected a layer from 0 to {len(generator.spec.layers) - 1}, got {layer}"
        )
    try:
        with torch.inference_mode():
            w = w_of(recipe, generator)
            x = run_to(generator, w, layer, _single(recipe.noise), recipe.units, recipe.psi).x
    except ValueError as error:
        raise GanvizError(f"{recipe.model.name}: the recipe does not fit this model: {error}") from error
    return activations_of(recipe, layer, x[0].float().cpu().numpy())


# -- pictures ---------------------------------------------------------------------------------------------------------


def full_scale(maps: np.ndarray) -> float:
    """The strength that all but a thousandth of the values do not reach; of very many, every so many are looked at."""
    strengths = np.abs(maps.ravel()[:: -(-maps.size // SAMPLED)])
    strength = float(np.quantile(strengths, FULL))
    return strength if strength > SILENT else max(float(strengths.max()), SILENT)


def picture(maps: np.ndarray, factors: np.ndarray, channels: tuple[int, ...]) -> np.ndarray:
    """One channel in colours of its strength, or three as red, green and blue around grey: uint8 (H, W, 3)."""
    if len(channels) == 1:
        return signed(maps[channels[0]] * factors[channels[0]])
    levels = np.stack([maps[channel] * factors[channel] for channel in channels], axis=-1)
    return np.clip(np.round((levels + 1) * 127.5), 0, 255).astype(np.uint8)


def reduced(maps: np.ndarray, side: int) -> np.ndarray:
    """Maps (channels, H, W) averaged over whole blocks of pixels to at most about `side` of them a side."""
    height, width = maps.shape[1:]
    k = -(-max(height, width) // side)
    if k <= 1:
        return maps
    down, across = height // k, width // k
    return maps[:, : down * k, : across * k].reshape(len(maps), down, k, across, k).mean((2, 4))


def contact_sheet(found: Activations, view: LayerView, side: int = 64, columns: int | None = None) -> np.ndarray:
    """All maps beside each other: uint8 (H, W, 3), as square as can be unless the columns are given."""
    small = signed(reduced(found.maps, side) * found.factors(view))
    across = min(columns or math.ceil(math.sqrt(len(small))), len(small))
    rows, (height, width) = -(-len(small) // across), small.shape[1:3]
    # Coarse layers have a few pixels a side, which are enlarged by a whole factor.
    factor = max(1, side // max(height, width))
    small = small.repeat(factor, 1).repeat(factor, 2)
    height, width = height * factor, width * factor
    page = np.full((rows * (height + GAP) - GAP, across * (width + GAP) - GAP, 3), 255, np.uint8)
    for place, tile in enumerate(small):
        row, column = divmod(place, across)
        top, left = row * (height + GAP), column * (width + GAP)
        page[top : top + height, left : left + width] = tile
    return page


# -- units ------------------------------------------------------------------------------------------------------------


def with_units(
    edits: Sequence[UnitEdit], layer: int, units: Sequence[int], gain: float, lift: float = 0.0
) -> tuple[UnitEdit, ...]:
    """The edits with one more of some units; these leave the other edits of their layer, so that each is in one."""
    chosen = set(units)
    return (*without_units(edits, layer, chosen), UnitEdit(layer, tuple(sorted(chosen)), gain, lift))


def without_units(edits: Sequence[UnitEdit], layer: int, units: set[int]) -> tuple[UnitEdit, ...]:
    """The edits that are left once these units are as learnt again; edits of all units of a layer stay."""
    kept = []
    for edit in edits:
        if edit.layer == layer and edit.units is not None:
            edit = replace(edit, units=tuple(unit for unit in edit.units if unit not in units))
            if not edit.units:
                continue
        kept.append(edit)
    return tuple(kept)


def edited_units(edits: Sequence[UnitEdit], layer: int, channels: int) -> dict[int, tuple[float, float]]:
    """Gain and lift of each unit of a layer that is not as learnt, all its edits together."""
    found: dict[int, tuple[float, float]] = {}
    for edit in edits:
        if edit.layer == layer:
            for unit in range(channels) if edit.units is None else edit.units:
                gain, lift = found.get(unit, (1.0, 0.0))
                found[unit] = (gain * edit.gain, lift * edit.gain + edit.lift)
    return {unit: state for unit, state in found.items() if state != (1.0, 0.0)}


def describe_units(edit: UnitEdit, spec: Spec) -> str:
    """Which units of which layer an edit is of."""
    name = spec.layers[edit.layer].name if edit.layer < len(spec.layers) else f"layer {edit.layer}"
    if edit.units is None:
        return f"{name}: all units"
    return f"{name}: unit{'s' if len(edit.units) > 1 else ''} {ranges(edit.units)}"


@dataclass(frozen=True, slots=True)
class UnitRanking:
    """How far each unit of a layer moves the picture when it is taken out: mean absolute change of a pixel, 0 to 255,
    averaged over so many latents."""

    layer: int
    changes: tuple[float, ...]
    latents: int

    @property
    def order(self) -> tuple[int, ...]:
        """The units, those that change most first."""
        return tuple(sorted(range(len(self.changes)), key=lambda unit: -self.changes[unit]))


def rank_units(renderer: "Renderer", base: Recipe, layer: int, latents: int = LATENTS) -> Job[UnitRanking]:
    """Ablate each unit of a layer in turn, in the pictures of the seeds 0, 1, ..., and see how far these change.

    All else is as in `base`, but nothing is mixed in and nothing moved; units that it edits stay edited. After each
    latent the ranking so far goes along as the progress's value.
    """
    from ganviz.batches import usual

    generator = renderer.load(base.model)
    channels, at_once = generator.spec.layers[layer].channels, usual(generator.spec, renderer.device)
    total = np.zeros(channels)
    for seed in range(latents):
        recipe = base.edit(latent=Seed(seed), mixes=(), moves=(), noise=_single(base.noise))
        before, w = _state_before(generator, recipe, layer)
        whole = _picture_without(generator, recipe, layer, before, w, [])
        for first in range(0, channels, at_once):
            note, so_far = f"seed {seed}", None
            if first == 0 and seed:
                so_far = UnitRanking(layer, tuple(total / seed), seed)
            yield Progress(seed * channels + first, latents * channels, note, so_far)
            units = list(range(first, min(first + at_once, channels)))
            without = _picture_without(generator, recipe, layer, before, w, units)
            total[units] += (without - whole).abs().mean((1, 2, 3)).double().cpu().numpy() * 127.5
    return UnitRanking(layer, tuple(float(value) for value in total / latents), latents)


def ablation_sheet(recipe: Recipe, layer: int, units: Sequence[int]) -> Sheet:
    """The picture, and beside it a column for each unit: the picture without that unit, and below where it differs."""
    without = [recipe.edit(units=with_units(recipe.units, layer, [unit], 0.0)) for unit in units]
    cells: list[Cell] = [recipe, *without, None]
    cells += [Composite("difference", ((1.0, recipe), (1.0, other))) for other in without]
    return Sheet(
        tuple(cells),
        len(without) + 1,
        column_headings=("as it is", *(f"unit {unit}" for unit in units)),
        row_headings=("without", "difference"),
    )


def _single(noise: Noise) -> Noise:
    """The noise of one picture, where the recipe averages over several."""
    return replace(noise, average=1)


def _state_before(generator: "StagedGenerator", recipe: Recipe, layer: int) -> "tuple[State, torch.Tensor]":
    import torch

    from ganviz.latent import w_of
    from ganviz.synthesis import run_to

    try:
        with torch.inference_mode():
            w = w_of(recipe, generator).to(generator.device)
            return run_to(generator, w, layer - 1, recipe.noise, recipe.units, recipe.psi), w
    except ValueError as error:
        raise GanvizError(f"{recipe.model.name}: the recipe does not fit this model: {error}") from error


def _picture_without(
    generator: "StagedGenerator", recipe: Recipe, layer: int, before: "State", w: "torch.Tensor", units: Sequence[int]
) -> "torch.Tensor":
    """Images (len(units), C, H, W), each without one unit of the layer; without units the image as it is."""
    import torch

    from ganviz.models.base import State
    from ganviz.synthesis import change_of, layer_noise

    def spread(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.expand(len(units) or 1, *tensor.shape[1:])

    edited = change_of(recipe.units, layer)

    def ablated(x: torch.Tensor) -> torch.Tensor:
        x = (x if edited is None else edited(x)).clone()
        x[range(len(units)), list(units)] = 0
        return x

    with torch.inference_mode():
        state = State(spread(before.x), None if before.image is None else spread(before.image))
        wide = spread(w)
        for k in range(layer, len(generator.spec.layers)):
            change = ablated if k == layer else change_of(recipe.units, k)
            state = generator.step(k, state, wide, layer_noise(recipe.noise, recipe.noise.seed, k), change)
        return generator.image(state)
