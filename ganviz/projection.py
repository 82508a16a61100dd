"""Projection: the latent whose picture is nearest to a given one, by gradient descent through the generator.

As in Karras et al. 2019 (appendix D) the search starts from the best of many random latents and runs in units of the
space's own deviation; the loss is the squared error over an image pyramid, in place of a perceptual network, which
would have to be downloaded.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torch.nn import functional as F

from ganviz.errors import GanvizError
from ganviz.expression import Vector
from ganviz.jobs import Job, Progress
from ganviz.latent import conditions, seeds, w_statistics
from ganviz.models.base import StagedGenerator
from ganviz.pictures import fit, to_pixels
from ganviz.recipe import Noise, Recipe
from ganviz.render import Frame, Renderer
from ganviz.render import to_pixels as image_to_pixels
from ganviz.sources import FORMATS, UNREADABLE
from ganviz.synthesis import layer_noise

Where = Literal["z", "w", "w+"]
TRIES = 256
"""Random latents, seeds 0 and on, among which the search looks for places to start."""
STARTS = 6
"""How many of them are followed; after each third of the steps the worse half is given up."""
STEPS = 400
RATE = 0.1
"""Highest learning rate, in deviations of the space a step."""
SMALLEST = 8
"""Pixels a side of the coarsest level of the pyramid."""
LARGEST_PHOTO = 100_000_000


@dataclass(frozen=True, slots=True)
class Projected:
    """What a projection found: the recipe, its picture's PSNR in dB, and recipes on the way, one every few steps."""

    recipe: Recipe
    psnr: float
    path: tuple[Recipe, ...]


def default_space(generator: StagedGenerator) -> Where:
    """w where there is a mapping network, else z."""
    return "w" if generator.spec.has_mapping else "z"


def read_photo(
    path: str | Path, resolution: int, channels: int, crop: tuple[float, float, float] | None = None
) -> np.ndarray:
    """A picture file as pixels uint8 (resolution, resolution, channels).

    crop    (left, top, side) of the square to take, in pixels of the picture; None takes the central square
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > LARGEST_PHOTO:
                raise GanvizError(f"{path}: {image.width} x {image.height} is too large a picture; scale it down first")
            pixels, _ = to_pixels(image, channels)
    except FileNotFoundError as error:
        raise GanvizError(f"{path}: no such file") from error
    except UnidentifiedImageError as error:
        raise GanvizError(f"{path}: expected a picture ({', '.join(FORMATS)})") from error
    except UNREADABLE as error:
        raise GanvizError(f"{path}: the picture cannot be read ({error})") from error
    if crop is None:
        return fit(pixels, resolution)
    left, top, side = crop
    if side < 1 or left < 0 or top < 0 or left + side > pixels.shape[1] or top + side > pixels.shape[0]:
        raise GanvizError(
            f"{path}: expected a crop inside {pixels.shape[1]} x {pixels.shape[0]} pixels, "
            f"got a side of {side:g} at {left:g}, {top:g}"
        )
    x, y, width = round(left), round(top), round(side)
    return fit(pixels[y : y + width, x : x + width], resolution)


def project(
    renderer: Renderer,
    base: Recipe,
    target: np.ndarray,
    space: Where | None = None,
    steps: int = STEPS,
    every: int = 10,
) -> Job[Projected]:
    """Job that looks for the latent of a picture, pixels uint8 (H, W, C) of the model's own size.

    base     gives the model, label, codes and noise; all else of it is left out of what is found
    space    "z", "w" (one vector for all style inputs) or "w+" (one for each); None: see `default_space`
    steps    of Adam, the rate falling as a half cosine to nought
    every    a recipe is put on the path, and a Frame into the progress, every so many steps

    The result's psi is 1, and its latent a Vector in the space. Raises GanvizError for what does not fit.
    """
    generator = renderer.load(base.model)
    spec = generator.spec
    space = space or default_space(generator)
    if space != "z" and not spec.has_mapping:
        raise GanvizError(f"{generator.ref.name}: has no mapping network, so that it is projected into z, not {space}")
    if target.shape != (spec.resolution, spec.resolution, spec.channels) or target.dtype != np.uint8:
        wanted = f"uint8 ({spec.resolution}, {spec.resolution}, {spec.channels})"
        raise GanvizError(f"projection: expected pixels {wanted}, got {target.dtype} {target.shape}")
    if steps < 1:
        raise GanvizError(f"projection: expected at least one step, got {steps}")
    base = Recipe(generator.ref, label=base.label, codes=base.codes, noise=Noise(base.noise.mode, base.noise.seed))
    image = torch.from_numpy(target.copy()).permute(2, 0, 1)[None].float().to(generator.device) / 127.5 - 1
    search = _Search(generator, base, space, image)
    total = steps + TRIES // 16
    places = []
    for start in range(0, TRIES, 16):
        places.append(search.tried(range(start, start + 16)))
        yield Progress(start // 16 + 1, total, "looking for a start")
    variable = search.best(torch.cat(places))
    optimiser = Adam(variable)
    path: list[Recipe] = []
    for step in range(steps):
        rate = RATE * min(1.0, 20 * (step + 1) / steps) * (0.5 + 0.5 * math.cos(math.pi * step / steps))
        errors = search.step(variable, optimiser, rate)
        if len(variable) > 1 and (step + 1) % max(1, steps // 6) == 0:
            kept = torch.topk(errors, max(1, len(variable) // 2), largest=False).indices
            variable = variable.detach()[kept].requires_grad_()
            optimiser = Adam(variable)
        frame = None
        if step % every == 0 or step == steps - 1:
            recipe, frame = search.show(variable, int(errors.argmin()) if len(errors) == len(variable) else 0)
            path.append(recipe)
        yield Progress(TRIES // 16 + step + 1, total, f"{psnr_of(float(errors.min())):.1f} dB", frame)
    recipe, frame = search.show(variable, 0)
    return Projected(recipe, psnr(frame.pixels, target), (*path, recipe))


class _Search:
    """The numbers that are searched, v (N, ..., size) with latent = mean + deviation v, and what they draw."""

    def __init__(self, generator: StagedGenerator, base: Recipe, space: Where, wanted: Tensor) -> None:
        spec = generator.spec
        self.generator, self.base, self.space, self.wanted = generator, base, space, wanted
        self.pyramid = pyramid(wanted)
        self.label, self.codes = conditions(base, spec)
        if space == "z":
            self.mean, self.deviation = torch.zeros(1, spec.z_dim), torch.ones(1, spec.z_dim)
        else:
            mean, deviation = w_statistics(generator)
            one = slice(None) if space == "w+" else slice(0, 1)
            self.mean, self.deviation = mean[None, one], deviation[None, one].clamp_min(1e-6)
        self.mean, self.deviation = self.mean.to(generator.device), self.deviation.to(generator.device)

    def tried(self, numbers: range) -> Tensor:
        """For each seed its numbers v, with the error of its picture in front: (N, 1 + ...)."""
        with torch.no_grad():
            z = seeds(numbers, self.generator.spec.z_dim).to(self.generator.device)
            if self.space == "z":
                v = z
            else:
                w = self._mapped(z)
                v = (w if self.space == "w+" else w.mean(1, keepdim=True)) - self.mean
                v = v / self.deviation
            return torch.cat([self.error(self.draw(v))[:, None], v.flatten(1)], dim=1)

    def best(self, tried: Tensor) -> Tensor:
        """The numbers to start from: those of the best latents, and the mean."""
        order = torch.topk(tried[:, 0], STARTS, largest=False).indices
        found = tried[order, 1:]
        return torch.cat([found, torch.zeros_like(found[:1])]).view(-1, *self.mean.shape[1:]).requires_grad_()

    def step(self, variable: Tensor, optimiser: "Adam", rate: float) -> Tensor:
        """One step of the optimiser; the mean squared errors (N,) that the pictures had before it."""
        images = self.draw(variable)
        # Far out the prior has no latents, and the network has not learnt what to draw there.
        outside = (variable.flatten(1).square().mean(1) - 1).clamp_min(0)
        loss = (self.error(images) + 0.01 * outside).sum()
        variable.grad = None
        loss.backward()
        optimiser.step(rate)
        with torch.no_grad():
            return (images.detach() - self.wanted).square().flatten(1).mean(1)

    def draw(self, v: Tensor) -> Tensor:
        """v (N, ...) to images (N, C, H, W) in [-1, 1]."""
        latent = self.mean + self.deviation * v
        spec = self.generator.spec
        w = self._mapped(latent) if self.space == "z" else latent.expand(-1, spec.num_ws, -1)
        state = self.generator.start(w)
        for k in range(len(spec.layers)):
            state = self.generator.step(k, state, w, layer_noise(self.base.noise, self.base.noise.seed, k))
        return self.generator.image(state)

    def error(self, images: Tensor) -> Tensor:
        """Mean squared error of each image, averaged over the levels of the pyramid: (N,)."""
        levels = [(a - b).square().flatten(1).mean(1) for a, b in zip(pyramid(images), self.pyramid, strict=True)]
        return torch.stack(levels).mean(0)

    def show(self, variable: Tensor, place: int) -> tuple[Recipe, Frame]:
        """The recipe of one of the latents, and the picture that it is on the way to."""
        with torch.no_grad():
            v = variable[place : place + 1]
            array = (self.mean + self.deviation * v)[0].cpu().numpy()
            pixels = image_to_pixels(self.draw(v))[0]
        latent = Vector.of(array[0] if self.space == "w" else array, "z" if self.space == "z" else "w")
        recipe = self.base.edit(latent=latent)
        return recipe, Frame(recipe, pixels, exact=False)

    def _mapped(self, z: Tensor) -> Tensor:
        label = None if self.label is None else self.label.expand(len(z), -1)
        return self.generator.mapping(z, label, {name: code.expand(len(z), -1) for name, code in self.codes.items()})


class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1) on one tensor that gradients are taken to.

    `torch.optim` would import torch's compiler first, which takes more than a second and 80 MB that stay.
    """

    def __init__(self, variable: Tensor, betas: tuple[float, float] = (0.9, 0.99)) -> None:
        self._variable, self._betas, self._steps = variable, betas, 0
        self._mean, self._square = torch.zeros_like(variable), torch.zeros_like(variable)

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move the tensor against its gradient."""
        gradient = self._variable.grad
        assert gradient is not None
        first, second = self._betas
        self._steps += 1
        self._mean.lerp_(gradient, 1 - first)
        self._square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        spread = (self._square / (1 - second**self._steps)).sqrt_().add_(1e-8)
        self._variable.addcdiv_(self._mean, spread, value=-rate / (1 - first**self._steps))


def pyramid(images: Tensor) -> list[Tensor]:
    """The images and their area averages, halved down to SMALLEST pixels a side."""
    levels = [images]
    while levels[-1].shape[-1] >= 2 * SMALLEST:
        levels.append(F.avg_pool2d(levels[-1], 2))
    return levels


def psnr(pixels: np.ndarray, target: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB of two pictures, uint8 (H, W, C); infinite where they are equal."""
    error = float(np.mean((pixels.astype(np.float64) - target) ** 2))
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def psnr_of(error: float) -> float:
    """The same from a mean squared error of images in [-1, 1]."""
    return math.inf if error == 0 else 10 * math.log10(4 / error)
