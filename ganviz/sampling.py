"""Samples of a model by seed, many at once: what statistics of a latent space are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganviz.expression import SEED_LIMIT
from ganviz.jobs import Job, Progress
from ganviz.latent import conditions_of_seed, seeds
from ganviz.models.base import StagedGenerator
from ganviz.pictures import fit
from ganviz.spec import Spec

BATCH = 256
"""Latents that are mapped at once."""
FEATURE_SIDE = 16


@dataclass(frozen=True, slots=True)
class Population:
    """`count` samples, of the seeds from `first` on (mod 2^32).

    label    class weights that all share; None: the class that goes with each seed
    codes    (name, weights or value) that all share; of the others the category goes with the seed
    """

    count: int
    first: int = 0
    label: tuple[float, ...] | None = None
    codes: tuple[tuple[str, tuple[float, ...]], ...] = ()

    @property
    def numbers(self) -> list[int]:
        """The seeds in order."""
        return [(self.first + k) % SEED_LIMIT for k in range(self.count)]


def sample_latents(generator: StagedGenerator, population: Population) -> Job[np.ndarray]:
    """w (N, w_dim) of the population, or z (N, z_dim) where there is no mapping network, float32.

    z comes after the family's own normalisation, which is where moves along directions begin. Nothing is truncated.
    """
    rows: list[np.ndarray] = []
    numbers = population.numbers
    for start in range(0, len(numbers), BATCH):
        yield Progress(start, len(numbers), "sampling latents")
        rows.append(latents_of_seeds(generator, numbers[start : start + BATCH], population).cpu().numpy())
    return np.concatenate(rows).astype(np.float32)


def latents_of_seeds(generator: StagedGenerator, numbers: Sequence[int], population: Population) -> Tensor:
    """The latents of these seeds (N, w_dim or z_dim) under the population's conditions."""
    return latent_part(full_latents(generator, numbers, population), generator.spec)


def full_latents(generator: StagedGenerator, numbers: Sequence[int], population: Population) -> Tensor:
    """w (N, num_ws, w_dim) of these seeds, with the conditions behind the noise where there is no mapping network."""
    spec = generator.spec
    label, codes = conditions_of_seeds(numbers, spec, population)
    with torch.inference_mode():
        return generator.mapping(seeds(numbers, spec.z_dim), label, codes or None)


def latent_part(w: Tensor, spec: Spec) -> Tensor:
    """What directions live in: the mean over style inputs (N, w_dim), or without a mapping network the noise alone."""
    return w.mean(dim=1) if spec.has_mapping else w[:, 0, : spec.z_dim]


def conditions_of_seeds(
    numbers: Sequence[int], spec: Spec, population: Population
) -> tuple[Tensor | None, Mapping[str, Tensor]]:
    """label (N, num_classes) or None, and codes (N, size) by name; continuous ones that are not given are 0."""
    if not spec.num_classes and not spec.codes:
        return None, {}
    drawn = [conditions_of_seed(number, spec) for number in numbers]
    label = None
    if spec.num_classes:
        label = torch.zeros(len(numbers), spec.num_classes)
        if population.label is not None:
            label[:] = torch.tensor(population.label)
        else:
            label[range(len(numbers)), [index for index, _ in drawn]] = 1
    codes = {}
    given = dict(population.codes)
    for code in spec.codes:
        value = torch.zeros(len(numbers), code.size)
        if code.name in given:
            value[:] = torch.tensor(given[code.name])
        elif code.kind == "categorical":
            value[range(len(numbers)), [categories[code.name] for _, categories in drawn]] = 1
        codes[code.name] = value
    return label, codes


def picture_features(pictures: np.ndarray) -> np.ndarray:
    """pixels uint8 (N, H, W, C) as numbers float32 (N, F) from -1 to 1, averaged to at most FEATURE_SIDE a side.

    Small enough to compare thousands; what remains is pose, shape and colour, not texture.
    """
    side = min(FEATURE_SIDE, *pictures.shape[1:3])
    small = np.stack([fit(pixels, side) for pixels in pictures])
    return small.reshape(len(small), -1).astype(np.float32) / 127.5 - 1
