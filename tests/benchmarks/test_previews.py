"""What previews cost and gain at a slow model, by processor time, which means something on a busy machine too.

One thread draws, so that a thread's processor time is what the picture would take on an idle machine.
"""

import time
from pathlib import Path

import numpy as np
import pytest
import torch

from ganviz.edits import Mix
from ganviz.expression import Offset, Seed
from ganviz.frames import Frame
from ganviz.recipe import Recipe
from ganviz.render import Renderer

pytestmark = pytest.mark.benchmark
SECTION = "Previews of a slow model"

FRAME_S = 0.033
WARM, TURNS = 2, 14


@pytest.fixture
def renderer() -> Renderer:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield Renderer("cpu")
    torch.set_num_threads(threads)


def processor_ms(function, *arguments):
    """Milliseconds of this thread's processor time, and the result."""
    began = time.thread_time()
    result = function(*arguments)
    return (time.thread_time() - began) * 1000, result


def draw(renderer: Renderer, recipe: Recipe) -> tuple[list[Frame], list[float]]:
    """The frames of a drawing that is given a frame's time, and when each came, in milliseconds of processor time."""
    began, frames, times = time.thread_time(), [], []
    drawing = renderer.drawing(recipe, FRAME_S)
    while not drawing.done:
        frame = drawing.step()
        if frame is not None:
            frames.append(frame)
            times.append((time.thread_time() - began) * 1000)
    return frames, times


@pytest.mark.timeout(900)
def test_previews_of_a_large_model_by_processor_time(report, renderer: Renderer, large_model: Path):
    generator = renderer.load(large_model)
    recipe = Recipe(generator.ref, Seed(100), psi=0.7)
    renderer.render(recipe)
    for _ in renderer.learning(recipe, 0.0) or ():
        pass
    bare, first, exact, partly, sides = [], [], [], [], []
    for turn in range(TURNS):
        moved = recipe.edit(latent=Offset(Seed(100), ((0, turn / 10),)))
        with torch.inference_mode():
            bare.append(processor_ms(generator, torch.randn(1, generator.spec.z_dim))[0])
        frames, times = draw(renderer, moved)
        first.append(times[0])
        exact.append(times[[frame.exact for frame in frames].index(True)])
        sides.append(frames[0].pixels.shape[0])
        last_two = Mix(Seed(turn), (generator.spec.num_ws - 2, generator.spec.num_ws - 1))
        partly.append(processor_ms(renderer.render, moved.edit(mixes=(last_two,)))[0])
    name = large_model.stem
    bare, first, exact, partly = bare[WARM:], first[WARM:], exact[WARM:], partly[WARM:]
    report(f"{name}, first preview, processor time, median", np.median(first), "ms")
    report(f"{name}, first preview, processor time, 95th percentile", np.percentile(first, 95), "ms", "under 60")
    report(f"{name}, first preview, pixels a side, median", np.median(sides), "px")
    ratio = np.median(np.array(exact) / np.array(bare))
    report(f"{name}, exact picture, previews included, over the bare forward, processor time", ratio, "x", "under 1.1")
    ratio = np.median(np.array(exact) / np.array(partly))
    report(f"{name}, full render over one of the last two layers, processor time", ratio, "x", "2 or more")
