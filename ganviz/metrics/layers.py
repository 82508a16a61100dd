"""What the layers of a style-based generator are for, as figures (Karras et al. 2018, section 3.1, appendix B).

Swapping: the styles of some layers are taken from another latent; how much that changes is told by octave of spatial
frequency (bands of a Laplacian pyramid) and apart for luminance and for colour. Truncation: how far pictures are from
the mean picture as psi grows.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganviz.devices import to_pixels
from ganviz.latent import seeds, truncate
from ganviz.metrics.swd import laplacian_pyramid
from ganviz.mixing import layer_groups
from ganviz.models.base import StagedGenerator

BATCH = 64
SMALLEST = 4
"""The lowest octave is what remains at 4 x 4 pixels."""
PSIS = (0.0, 0.25, 0.5, 0.7, 0.85, 1.0)

# ITU-R BT.601: luminance, and the differences of blue and of red from it, scaled to the same range.
YCC = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], dtype=np.float32)


def swap_figures(generator: StagedGenerator, pairs: int = 500, psi: float = 1.0) -> dict[str, Any]:
    """Mean absolute change in grey levels (0 to 255) when styles are swapped, by group of layers and octave.

    {group: {"luminance": {octave: levels}, "colour": {octave: levels}}} for coarse, middle, fine and all layers; the
    octaves are named by the resolution of their band, finest first. "colour" is missing for grey models. Seeds 2k are
    changed, seeds 2k + 1 give their styles.
    """
    groups = {**layer_groups(generator.spec), "all": tuple(range(generator.spec.num_ws))}
    totals: dict[str, dict[str, dict[int, float]]] = {}
    for start in range(0, pairs, BATCH):
        rows = range(start, min(start + BATCH, pairs))
        bases = mapped(generator, [2 * k for k in rows], psi)
        sources = mapped(generator, [2 * k + 1 for k in rows], psi)
        plain = synthesised(generator, bases)
        for group, layers in groups.items():
            w = bases.clone()
            w[:, list(layers)] = sources[:, list(layers)]
            for part, bands in octave_change(plain, synthesised(generator, w)).items():
                kept = totals.setdefault(group, {}).setdefault(part, {})
                for octave, change in bands.items():
                    kept[octave] = kept.get(octave, 0.0) + change * len(rows) / pairs
    return totals


def octave_change(before: np.ndarray, after: np.ndarray) -> dict[str, dict[int, float]]:
    """Mean absolute difference of two sets uint8 (N, H, W, C) by band, for luminance and, where C is 3, for colour."""
    difference = after.astype(np.float32) - before.astype(np.float32)
    if difference.shape[3] == 3:
        difference = difference @ YCC.T
    bands = laplacian_pyramid(difference, SMALLEST)
    octaves = sorted(bands, reverse=True)
    change = {"luminance": {octave: float(np.abs(bands[octave][..., 0]).mean()) for octave in octaves}}
    if difference.shape[3] == 3:
        change["colour"] = {octave: float(np.abs(bands[octave][..., 1:]).mean()) for octave in octaves}
    return change


def psi_figures(generator: StagedGenerator, count: int = 200, psis: Sequence[float] = PSIS) -> dict[str, Any]:
    """Mean absolute difference in grey levels from the picture of psi 0, and of the pictures from one another, by psi.

    "spread" at psi 0 is 0 where one picture is left; `count` seeds from 0 on.
    """
    mean = synthesised(generator, mapped(generator, [0], 0.0))[0].astype(np.float32)
    figures: dict[str, Any] = {"distance": {}, "spread": {}}
    for psi in psis:
        pixels = np.concatenate(
            [
                synthesised(generator, mapped(generator, range(start, min(start + BATCH, count)), psi))
                for start in range(0, count, BATCH)
            ]
        ).astype(np.float32)
        figures["distance"][f"{psi:g}"] = float(np.abs(pixels - mean).mean())
        figures["spread"][f"{psi:g}"] = float(np.abs(pixels - np.roll(pixels, 1, axis=0)).mean())
    return figures


def mapped(generator: StagedGenerator, numbers: Sequence[int], psi: float) -> Tensor:
    """w (N, num_ws, w_dim) of these seeds, truncated; seed k of a conditional model has class k mod num_classes."""
    spec = generator.spec
    label = None
    if spec.num_classes:
        label = torch.nn.functional.one_hot(torch.tensor(list(numbers)) % spec.num_classes, spec.num_classes).float()
    with torch.no_grad():
        return truncate(generator.mapping(seeds(numbers, spec.z_dim), label), generator, psi)


def synthesised(generator: StagedGenerator, w: Tensor) -> np.ndarray:
    """w (N, num_ws, w_dim) drawn with constant noise, uint8 (N, H, W, C)."""
    with torch.no_grad():
        return to_pixels(generator.synthesis(w))
