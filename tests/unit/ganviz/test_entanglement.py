"""What is entangled by construction is measured so, and what is not is not."""

import json
from pathlib import Path

import numpy as np
import pytest

from ganviz import entanglement
from ganviz.directions import with_amount
from ganviz.edits import Direction
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.jobs import run
from ganviz.recipe import Recipe
from ganviz.render import Renderer
from ganviz.sampling import picture_features
from ganviz.spec import Spec

STYLES = Spec("stylegan2", z_dim=4, w_dim=3, num_ws=4, resolution=16, channels=3, truncation="w")


def test_a_reader_of_what_is_in_the_picture_says_how_well_it_reads() -> None:
    random = np.random.RandomState(0)
    features = random.randn(400, 20)
    scores = np.stack([features @ random.randn(20), random.randn(400)], axis=1)
    weights, readable = entanglement.learn_to_read(features, scores)
    assert weights.shape == (20, 2)
    assert readable[0] > 0.99 and readable[1] < 0.1


def test_cosines_are_taken_on_the_style_inputs_that_both_are_for() -> None:
    step = [1.0, 0.0, 0.0]
    coarse, fine = Direction.of(step, "w", layers=(0, 1)), Direction.of(step, "w", layers=(2, 3))
    every, other = Direction.of(step, "w"), Direction.of([0.0, -2.0, 0.0], "w")
    own = Direction.of([[2.0, 0, 0], [2.0, 0, 0], [0, 0, 9.0], [0, 0, 9.0]], "w", layers=(0, 1))
    in_z = Direction.of([1.0, 0, 0, 0], "z")
    found = entanglement.cosines([coarse, fine, every, other, own, in_z], STYLES)
    assert np.allclose(np.diag(found), 1) and np.allclose(found, found.T)
    assert found[0].round(3).tolist() == [1, 0, 0.707, 0, 1, 0]


def test_correlations_of_maps_tell_equal_from_separate_places() -> None:
    maps = np.array([[1.0, 1, 0, 0], [2.0, 2, 0, 0], [0.0, 0, 3, 3], [5.0, 5, 5, 5]])
    found = entanglement.correlations(maps)
    assert found[0].round(6).tolist() == [1, 1, -1, 0]


def test_the_same_direction_twice_is_wholly_entangled_and_its_opposite_the_other_way(tiny_checkpoint: Path) -> None:
    renderer = Renderer("cpu")
    ref = renderer.load(tiny_checkpoint).ref
    axes = np.eye(8)
    directions = [Direction.of(axis, "z", name=f"d{k}") for k, axis in enumerate((axes[0], -axes[0], axes[3]))]
    recipe = with_amount(Recipe(ref, Seed(99)), directions[2], 5)
    found = run(entanglement.measure_entanglement(renderer, recipe, directions, samples=160, probes=4))
    assert found.cosine.round(6).tolist() == [[1, -1, 0], [-1, 1, 0], [0, 0, 1]]
    assert found.readable[0] > 0.6
    assert found.moved[0, 0] > 0.4 and found.moved[0, 1] == pytest.approx(-found.moved[0, 0], rel=0.01)
    assert abs(found.moved[0, 2]) < 0.3 * found.moved[0, 0]
    assert np.allclose(np.diag(found.overlap), 1) and found.overlap[0, 1] > found.overlap[0, 2]
    assert (found.strength > 1).all()
    report = json.loads(json.dumps(found.to_json()))
    assert [item["name"] for item in report["directions"]] == ["d0", "d1", "d2"]
    assert len(report["moved"]) == 3
    again = run(entanglement.measure_entanglement(renderer, Recipe(ref), directions, samples=160, probes=4))
    assert again.to_json() == found.to_json()  # where the recipe itself is does not matter


def test_directions_that_cannot_be_compared_are_refused(tiny_checkpoint: Path) -> None:
    renderer = Renderer("cpu")
    ref = renderer.load(tiny_checkpoint).ref
    with pytest.raises(GanvizError, match="2 to 64 directions"):
        run(entanglement.measure_entanglement(renderer, Recipe(ref), [Direction.of(np.ones(8), "z")]))
    with pytest.raises(GanvizError, match="wrong: it is 3 long"):
        wrong = [Direction.of(np.ones(size), "z", name="wrong") for size in (8, 3)]
        run(entanglement.measure_entanglement(renderer, Recipe(ref), wrong))


def test_pictures_become_few_numbers_about_nothing() -> None:
    pictures = np.zeros((2, 32, 32, 3), np.uint8)
    pictures[1, :2, :2] = 255
    features = picture_features(pictures)
    assert features.shape == (2, 16 * 16 * 3) and features.dtype == np.float32
    assert features[0].max() == -1 and (features[1] == 1).sum() == 3
    assert picture_features(np.zeros((1, 8, 8, 1), np.uint8)).shape == (1, 64)
