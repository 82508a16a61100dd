"""Pictures out of the middle of a network that draws none there: linear maps from activations to colours.

Few networks say what they have drawn so far: most keep one head, at their own resolution. But what a layer of 64 px
holds settles what the picture looks like at 64 px, and a linear map of its channels, the same at each place, reads it
well enough for a preview. The map is fitted by ridge regression to a few pictures of the network itself, each averaged
to that resolution; it takes as many as `ENOUGH`, and one is better than none. Since how colours come out also depends
on what follows, the last exact picture corrects them, so that a preview and the picture that it becomes agree.
"""

import logging
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ganviz.errors import GanvizError
from ganviz.files import atomic_path
from ganviz.latent import truncate
from ganviz.models.base import StagedGenerator, State
from ganviz.sampling import Population, full_latents
from ganviz.spec import Spec

log = logging.getLogger(__name__)

ENOUGH = 16
"""Pictures to learn from."""
PLACES = 1024
"""Places of a picture that are looked at: they are much alike."""
LEAST = 16
SHARE = 32
"""Previews have 1/32 of the picture's pixels a side, or LEAST, and more; and at most half of them."""
COLOURED = 128
"""Previews of more pixels a side are near enough as they are."""
RIDGE = 1e-3
MARGIN = 16
"""Some families draw this much around the picture at most."""


class Readouts:
    """Previews of one model, by stage. `path`: where they are kept between runs."""

    def __init__(self, spec: Spec, path: Path | None = None) -> None:
        self.spec = spec
        self.path = path
        self.stages = readable(spec)
        self.count = 0
        self._maps: dict[int, Tensor] = {}  # (features + 1, channels) by stage
        self._sums: dict[int, tuple[Tensor, Tensor]] = {}  # of products, while there is something to learn
        self._colours: dict[int, tuple[Tensor, Tensor]] = {}  # (channels + 1, channels) by stage, and whose: w
        if path is not None and path.is_file():
            self._read(path)

    @property
    def is_learnt(self) -> bool:
        """Whether there is nothing to learn."""
        return self.count >= ENOUGH or not any(self._needs(stage) for stage in self.stages)

    @property
    def available(self) -> list[int]:
        """The stages that a preview can be taken after."""
        return [stage for stage in self.stages if self.can(stage)]

    def can(self, stage: int) -> bool:
        """Whether a preview can be taken after a stage."""
        return stage in self.stages and (self.spec.layers[stage].rgb or stage in self._maps)

    def image(self, stage: int, state: State, generator: StagedGenerator) -> Tensor:
        """The preview (1, channels, side, side) in [-1, 1] after a stage that `can`."""
        if not self._needs(stage):
            return generator.image(state)
        seen = features(state, self.spec)
        height, width = seen.shape[1:]
        fit = self._maps[stage].to(seen)
        image = (fit[:-1].T @ seen.flatten(1) + fit[-1][:, None]).view(1, -1, height, width)
        return image.clamp_(-1, 1)

    def coloured(self, stage: int, image: Tensor, w: Tensor) -> Tensor:
        """A preview of w in the colours that the last exact picture asked for, the more the nearer that one is."""
        if stage not in self._colours or image.shape[-1] > COLOURED:
            return image
        fit, reference = self._colours[stage]
        share = 1 - float((w - reference).norm() / reference.norm().clamp_min(1e-6))
        if share <= 0:
            return image
        fit = fit.to(image)
        moved = torch.einsum("nchw,cd->ndhw", image, fit[:-1]) + fit[-1][:, None, None]
        return torch.lerp(image, moved, share).clamp_(-1, 1)

    def correct(self, stage: int, preview: Tensor, exact: Tensor, w: Tensor) -> None:
        """Learn the colours of previews: of this one of w, as `image` gave it, the exact picture has come."""
        if preview.shape[-1] > COLOURED:
            return
        target = F.adaptive_avg_pool2d(exact, preview.shape[-1])[0].flatten(1).double().cpu()
        seen = _with_ones(preview[0].flatten(1).double().cpu())
        unchanged = torch.eye(len(seen), len(target), dtype=torch.float64)
        # Held to what does not change them: a flat picture says little about colours that it does not have.
        held = 0.02 * seen.shape[1] * torch.eye(len(seen), dtype=torch.float64)
        fit = torch.linalg.solve(seen @ seen.T + held, seen @ target.T + held @ unchanged)
        self._colours[stage] = (fit.float(), w)

    def learn(self, stage: int, state: State, exact: Tensor) -> None:
        """Take a picture's state after a stage and the exact picture (1, channels, side, side) into account."""
        seen = features(state, self.spec)
        target = F.adaptive_avg_pool2d(exact, seen.shape[-1])[0]
        some = _places(seen.shape[1] * seen.shape[2]).to(seen.device)
        x = _with_ones(seen.flatten(1)[:, some].float().cpu())
        y = target.flatten(1)[:, some.to(target.device)].float().cpu()
        products, answers = (x @ x.T).double(), (x @ y.T).double()
        if stage in self._sums:
            products, answers = self._sums[stage][0].add_(products), self._sums[stage][1].add_(answers)
        self._sums[stage] = (products, answers)

    def fit(self) -> None:
        """Fit the maps to what was learnt from one picture more."""
        for stage, (products, answers) in self._sums.items():
            ridge = RIDGE * float(products.diagonal().mean()) * torch.eye(len(products), dtype=torch.float64)
            self._maps[stage] = torch.linalg.solve(products + ridge, answers).float()
        self.count += 1
        self._colours.clear()
        if self.count >= ENOUGH:
            self._sums.clear()
            self._save()

    def needed(self) -> tuple[int, ...]:
        """The stages that there is a map to be learnt for."""
        return tuple(stage for stage in self.stages if self._needs(stage))

    def _needs(self, stage: int) -> bool:
        return not self.spec.layers[stage].rgb

    def _read(self, path: Path) -> None:
        """Read the maps back; a file that is damaged is learnt anew."""
        try:
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                for stage in self.needed():
                    array = file[f"stage_{stage}"]
                    if array.dtype != np.float32 or array.ndim != 2 or array.shape[1] != self.spec.channels:
                        raise ValueError(f"stage {stage} has shape {array.shape}")
                    if len(array) != self.spec.layers[stage].channels + 1 or not np.isfinite(array).all():
                        raise ValueError(f"stage {stage} does not fit the model")
                    self._maps[stage] = torch.from_numpy(array)
            self.count = ENOUGH
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            self._maps.clear()
            log.info("%s is damaged and is made again (%s)", path, error)

    def _save(self) -> None:
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_path(self.path) as temporary:
                arrays: dict[str, Any] = {f"stage_{stage}": fit.numpy() for stage, fit in self._maps.items()}
                np.savez(temporary, **arrays)
        except (OSError, GanvizError) as error:
            log.info("what previews are drawn with is not kept: %s", error)


def learn(readouts: Readouts, generator: StagedGenerator) -> Iterator[None]:
    """Draw pictures of seeds until the readouts are learnt, a stage at a time; for when there is nothing else to do.

    By turns as they are and truncated, since both are looked at.
    """
    for seed in range(readouts.count, ENOUGH):
        with torch.inference_mode():
            w = truncate(full_latents(generator, [seed], Population(1)), generator, (1.0, 0.7)[seed % 2])
            state = generator.begin(w, 1.0)
        held: dict[int, State] = {}
        for k in range(len(generator.spec.layers)):
            yield
            with torch.inference_mode():
                state = generator.step(k, state, w)
            if k in readouts.needed():
                held[k] = state
        yield
        with torch.inference_mode():
            exact = generator.image(state)
        for k, kept in held.items():
            yield
            with torch.inference_mode():
                readouts.learn(k, kept, exact)
        yield
        readouts.fit()


def readable(spec: Spec) -> tuple[int, ...]:
    """The stages after which a preview can be taken: the last of each resolution that is not too small or too large."""
    sides = [picture_side(layer.resolution, spec.resolution) for layer in spec.layers]
    least = max(LEAST, spec.resolution // SHARE)
    return tuple(
        k
        for k, side in enumerate(sides[:-1])
        if least <= side <= spec.resolution // 2 and side != sides[k + 1] and side
    )


def picture_side(side: int, resolution: int) -> int:
    """Pixels of the picture within activations of `side`: a part of the resolution by a power of two; 0 for none.

    StyleGAN3 draws a margin around it.
    """
    part = resolution
    while part > side:
        part //= 2
    margin = side - part
    return part if part and resolution % part == 0 and margin % 2 == 0 and margin <= 2 * MARGIN else 0


def features(state: State, spec: Spec) -> Tensor:
    """What a readout reads of a state of one picture: its activations without a margin (channels, side, side)."""
    x = state.x[0]
    side = picture_side(x.shape[-1], spec.resolution)
    edge = (x.shape[-1] - side) // 2
    return x[:, edge : edge + side, edge : edge + side].float()


def _places(count: int) -> Tensor:
    """Indices of the places that are looked at, always the same."""
    if count <= PLACES:
        return torch.arange(count)
    return torch.from_numpy(np.random.RandomState(0).choice(count, PLACES, replace=False))


def _with_ones(rows: Tensor) -> Tensor:
    """(rows, places) with a row of ones below."""
    return torch.cat([rows, torch.ones_like(rows[:1])])
