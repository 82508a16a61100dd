from pathlib import Path

import numpy as np
import pytest

from ganviz.expression import Seed
from ganviz.jobs import run
from ganviz.neighbour_walk import differences, walk_to
from ganviz.recipe import Recipe
from ganviz.render import Renderer


def test_a_walk_leads_from_the_sample_towards_the_training_image(tiny_checkpoint: Path) -> None:
    renderer = Renderer("cpu")
    start, other = (Recipe(str(tiny_checkpoint), Seed(seed)) for seed in (1, 2))
    image = renderer.render(other).pixels
    found = run(walk_to(renderer, start, image[:, ::-1], flipped=True, frames=4, steps=60))
    assert np.array_equal(found.target, image), "mirrored back"
    assert np.array_equal(found.pixels[0], renderer.render(start).pixels)
    assert found.to_start[0] == 0
    assert found.to_target[-1] < 0.5 * found.to_target[0]
    assert np.array_equal(renderer.render(found.recipes[-1]).pixels, found.pixels[-1])
    assert 10 * np.log10(255**2 / found.to_target[-1] ** 2) == pytest.approx(found.psnr, abs=0.5)


def test_differences_are_root_mean_squares() -> None:
    pixels = np.array([[[[0]]], [[[3]]]], dtype=np.uint8)
    assert differences(pixels, pixels[0]).tolist() == [0, 3]
