"""A walk from a sample to its nearest training image: can the generator draw that image, and what lies between?

The training image is projected into the latent space; the walk leads there from the sample. Where it is drawn closely
and the walk hardly changes anything, the sample is that image, learnt by heart. Where the projection fails, the model
cannot even draw it. In between lie what a healthy model has: other, plausible pictures.
"""

from dataclasses import dataclass

import numpy as np

from ganviz.jobs import Job, Progress
from ganviz.pictures import matched
from ganviz.projection import STEPS, project
from ganviz.recipe import Recipe
from ganviz.render import Renderer
from ganviz.timeline import Timeline
from ganviz.walk import Walk, WalkRecipes

FRAMES = 7


@dataclass(frozen=True)
class NeighbourWalk:
    """From a sample to the training image.

    recipes   of the steps: the sample first, then on the way, last the projection of the training image
    pixels    uint8 (n, H, W, C) of these
    target    the training image, uint8 (H, W, C) at the model's size
    psnr      how closely the last step draws the training image, in dB
    to_start, to_target    (n,) root mean square difference in grey levels of each step from the sample and the target
    """

    recipes: tuple[Recipe, ...]
    pixels: np.ndarray
    target: np.ndarray
    psnr: float
    to_start: np.ndarray
    to_target: np.ndarray


def walk_to(
    renderer: Renderer,
    recipe: Recipe,
    image: np.ndarray,
    flipped: bool = False,
    frames: int = FRAMES,
    steps: int = STEPS,
) -> Job[NeighbourWalk]:
    """Job that walks from a sample's recipe to a training image, pixels uint8 (H, W, C) of any size.

    flipped   the sample resembles the image mirrored, see `nearness.Near`
    steps     of the projection
    """
    spec = renderer.load(recipe.model).spec
    target = matched(image[:, ::-1] if flipped else image, spec.resolution, spec.resolution, spec.channels)
    target = np.ascontiguousarray(target)
    found = yield from project(renderer, recipe, target, steps=steps)
    last = found.recipe
    way = WalkRecipes([recipe.edit(model=last.model), last], Walk(frames=frames), spec.has_mapping)
    pixels = []
    for k in range(frames):
        pixels.append(renderer.render(way[k]).pixels)
        yield Progress(k + 1, frames, "drawing the walk")
    stack = np.stack(pixels)
    return NeighbourWalk(
        tuple(way[k] for k in range(frames)),
        stack,
        target,
        found.psnr,
        differences(stack, stack[0]),
        differences(stack, target),
    )


def placed(found: NeighbourWalk, walk: Walk) -> tuple[Timeline, Walk]:
    """The walk as keyframes of a timeline, and the settings that it was drawn with, as long and as quick as `walk`."""
    own = Walk(frames=walk.frames, fps=walk.fps)
    return Timeline.evenly((found.recipes[0], found.recipes[-1]), own), own


def differences(pixels: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Root mean square difference in grey levels of each of uint8 (n, H, W, C) from one (H, W, C): (n,)."""
    return np.sqrt(np.square(pixels.astype(np.float64) - other).mean(axis=(1, 2, 3)))
