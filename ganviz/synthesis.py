"""Synthesis as a recipe asks for it: stage by stage, with its noise and its edits of units."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ganviz.edits import UnitEdit
from ganviz.models.base import Change, NoiseMode, ScaledNoise, StagedGenerator, State
from ganviz.recipe import Noise


def synthesise(
    generator: StagedGenerator, w: Tensor, noise: Noise, units: Sequence[UnitEdit] = (), psi: float | Tensor = 1.0
) -> Tensor:
    """w (N, num_ws, w_dim) to images (N, C, H, W) in [-1, 1]; ValueError for layers or units that are not there.

    Where the noise asks for an average it is the mean of the images of as many seeds. `psi`, one or one an image (N,),
    was done to w already, and is read again by families that keep statistics by it.
    """
    check_layers(generator, noise, units)
    if noise.average == 1 or noise.mode != "random":
        return _once(generator, w, noise, noise.seed, units, psi)
    total = torch.zeros(())
    for seed in range(noise.seed, noise.seed + noise.average):
        total = total.to(w.device) + _once(generator, w, noise, seed, units, psi)
    return total / noise.average


def run_to(
    generator: StagedGenerator,
    w: Tensor,
    layer: int,
    noise: Noise,
    units: Sequence[UnitEdit] = (),
    psi: float | Tensor = 1.0,
) -> State:
    """The state after a layer (an index into the spec's layers), as the recipe's picture has it on its way."""
    check_layers(generator, noise, units)
    w = w.to(generator.device)
    state = generator.begin(w, psi)
    for k in range(layer + 1):
        state = generator.step(k, state, w, layer_noise(noise, noise.seed, k), change_of(units, k))
    return state


def check_layers(generator: StagedGenerator, noise: Noise, units: Sequence[UnitEdit]) -> None:
    """Raise ValueError where a recipe edits layers or units that the model does not have."""
    layers = generator.spec.layers
    for layer in (*(item.layer for item in noise.layers), *(edit.layer for edit in units)):
        if layer >= len(layers):
            raise ValueError(f"expected layers 0 to {len(layers) - 1}, got layer {layer}")
    for edit in units:
        channels = layers[edit.layer].channels
        if edit.units and edit.units[-1] >= channels:
            raise ValueError(f"layer {edit.layer} has units 0 to {channels - 1}, got unit {edit.units[-1]}")


def layer_noise(noise: Noise, seed: int, layer: int) -> NoiseMode:
    """What noise a layer adds, when the recipe's own seed is `seed`."""
    mode: str | int = seed if noise.mode == "random" else noise.mode
    for item in noise.layers:
        if item.layer == layer:
            mode = mode if item.seed is None else item.seed
            return mode if item.strength == 1 else ScaledNoise(mode, item.strength)
    return mode


def change_of(units: Sequence[UnitEdit], layer: int) -> Change | None:
    """The edits of a layer's units as one function of its activations (N, C, H, W); None where there are none."""
    edits = [edit for edit in units if edit.layer == layer]
    if not edits:
        return None

    def change(x: Tensor) -> Tensor:
        x = x.clone()
        for edit in edits:
            chosen = slice(None) if edit.units is None else list(edit.units)
            x[:, chosen] = x[:, chosen] * edit.gain + edit.lift
        return x

    return change


def _once(
    generator: StagedGenerator,
    w: Tensor,
    noise: Noise,
    seed: int,
    units: Sequence[UnitEdit],
    psi: float | Tensor,
) -> Tensor:
    if not noise.layers and not units:
        return generator.synthesis(w, seed if noise.mode == "random" else noise.mode, psi)
    last = len(generator.spec.layers) - 1
    return generator.image(run_to(generator, w, last, Noise(noise.mode, seed, noise.layers), units, psi))
