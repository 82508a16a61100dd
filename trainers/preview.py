"""What a generator draws from fixed seeds: preview sheets, and the figures on a snapshot's card."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from ganviz import latent
from ganviz.datasets import Dataset
from ganviz.devices import to_pixels
from ganviz.metrics.swd import swd
from ganviz.models.base import StagedGenerator
from trainers.codes import draw_codes, sweep_codes


@torch.no_grad()
def draw(
    generator: StagedGenerator, count: int, classes: int = 0, codes: Mapping[str, Tensor] | None = None
) -> np.ndarray:
    """The seeds 0 .. count as uint8 (count, H, W, C), psi 1; with `classes`, seed k is of class k mod classes.

    `codes` are values (count, size) by name, for families that have them.
    """
    spec = generator.spec
    pixels = []
    for start in range(0, count, 64):
        numbers = range(start, min(start + 64, count))
        label = None
        if classes:
            label = nn.functional.one_hot(torch.tensor(numbers) % classes, spec.num_classes).float()
        part = {name: value[start : start + 64] for name, value in (codes or {}).items()}
        pixels.append(to_pixels(generator(latent.seeds(numbers, spec.z_dim), label, part)))
    return np.concatenate(pixels)


def preview_pixels(generator: StagedGenerator, rows: int = 8) -> np.ndarray:
    """A sheet of the first seeds, uint8 (H, W) or (H, W, 3): 8 columns, or one a class or category and at most 16."""
    spec = generator.spec
    classes = min(spec.num_classes, 16)
    sizes = [code.size for code in spec.codes if code.kind == "categorical"]
    columns = classes or min(sizes[0], 16) if sizes or classes else 8
    count = rows * columns
    pixels = draw(generator, count, classes, sweep_codes(spec.codes, count, columns))
    _, height, width, channels = pixels.shape
    sheet = pixels.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    sheet = sheet.reshape(rows * height, columns * width, channels)
    return np.ascontiguousarray(sheet[:, :, 0] if channels == 1 else sheet)


def measure(
    generator: StagedGenerator, data: Dataset, chosen: np.ndarray, apart: np.ndarray, count: int
) -> dict[str, str | float]:
    """Sliced Wasserstein distances of `count` drawn images, and of as many training images, to held-out ones.

    The second is the floor: what two sets of real images differ by. A ratio of 1 is as good as real by this measure.
    """
    real = data.images[apart]
    few = np.random.default_rng(0).permutation(chosen)[:count]
    spec = generator.spec
    codes = draw_codes(spec.codes, count, torch.Generator().manual_seed(0))
    drawn = swd(draw(generator, count, spec.num_classes, codes), real)
    floor = swd(data.images[np.sort(few)], real)
    facts: dict[str, str | float] = {}
    for level, value in drawn.items():
        ratio = value / floor[level]
        facts[f"SWD x 1000, {level} px"] = f"{value:.2f}; real against real {floor[level]:.2f}; ratio {ratio:.2f}"
    facts["SWD ratio, mean"] = round(float(np.mean([drawn[level] / floor[level] for level in drawn])), 2)
    return facts
