"""The map: points that are recipes, placed so that what is alike lies together."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ganviz import placing
from ganviz.edits import Direction
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.jobs import run
from ganviz.latent import conditions_of_seed, seeds
from ganviz.latent_map import LatentMap, Maps, MapSettings
from ganviz.recipe import ModelRef, Recipe, class_weights
from ganviz.render import Renderer

REF = ModelRef("tiny", "d1")
FEW = MapSettings(count=24, first=5)


@pytest.fixture
def grid() -> LatentMap:
    """25 points on a grid of five by five, row by row from the bottom left."""
    line = np.linspace(-1, 1, 5)
    points = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    return LatentMap.of(MapSettings(count=25, first=100), Recipe(REF, Seed(7), psi=0.5), points)


# -- the value --------------------------------------------------------------------------------------------------------


def test_every_point_is_a_recipe(grid: LatentMap) -> None:
    assert grid.recipe(3) == Recipe(REF, Seed(103), psi=0.5)
    last = replace(grid.settings, first=2**32 - 1)
    assert LatentMap.of(last, grid.base, grid.points).seed(1) == 0


def test_points_are_found_by_place_by_box_and_along_a_path(grid: LatentMap) -> None:
    assert grid.nearest(0.1, -0.9) == 2
    assert grid.within(0.9, 0.9, -0.1, 0.4) == (17, 18) and grid.within(5, 5, 6, 6) == ()
    assert grid.along([(-1, -1), (1, -1)], 3) == (0, 2, 4)
    assert grid.along([(-1, -1), (1, -1), (1, 1)], 5) == (0, 2, 4, 14, 24)
    assert grid.along([(-1, -1), (-0.9, -1)], 4) == (0,)  # so short that it stays at one point
    assert grid.along([(0, 0)], 1) == (12,)


def test_points_have_the_class_and_the_category_of_their_seed() -> None:
    settings = MapSettings(count=16)
    indices = np.stack([np.arange(16) % 3, np.arange(16) % 2], axis=1)
    made = LatentMap.of(
        settings, Recipe(REF, codes=(("tilt", (0.5,)),)), np.zeros((16, 2)), (("", 3), ("kind", 2)), indices
    )
    recipe = made.recipe(5)
    assert recipe.label == class_weights(2, 3)
    assert recipe.codes == (("kind", (0.0, 1.0)), ("tilt", (0.5,)))


def test_maps_come_back_from_json_with_their_arrays(grid: LatentMap) -> None:
    indices = (np.arange(25) % 4)[:, None]
    own = LatentMap.of(grid.settings, grid.base, grid.points, (("", 4),), indices)
    for part in (Maps(), Maps(FEW, colour="class"), Maps(FEW, grid), Maps(FEW, own, "direction abc")):
        again = Maps.from_json(json.loads(json.dumps(part.to_json())), part.arrays)
        assert again == part
        if part.made is not None:
            assert np.array_equal(again.made.points, part.made.points)
            assert again.made.recipe(6) == part.made.recipe(6)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: {**data, "settings": {"count": 1}},
        lambda data: {**data, "settings": {"count": 10**9}},
        lambda data: {**data, "settings": {"method": "umap"}},
        lambda data: {**data, "settings": {"surprise": 1}},
        lambda data: {**data, "settings": {"own_classes": "yes"}},
        lambda data: {**data, "colour": "x" * 1000},
        lambda data: {**data, "made": {**data["made"], "points": "0" * 64}},
        lambda data: {**data, "made": {**data["made"], "settings": {"count": 30}}},
        lambda data: {**data, "made": {**data["made"], "base": None}},
        lambda data: {**data, "made": {**data["made"], "own": {"indices": "x", "sizes": [["", 3]]}}},
        lambda data: {**data, "made": {**data["made"], "own": {**data["made"]["own"], "sizes": [["", 2]]}}},
        lambda data: {**data, "made": {**data["made"], "own": {**data["made"]["own"], "sizes": []}}},
        lambda data: {**data, "made": None},
        lambda data: [],
    ],
)
def test_what_is_not_as_expected_is_refused(grid: LatentMap, change) -> None:
    indices = (np.arange(25) % 4)[:, None]
    part = Maps(FEW, LatentMap.of(grid.settings, grid.base, grid.points, (("", 4),), indices))
    with pytest.raises(GanvizError):
        Maps.from_json(change(json.loads(json.dumps(part.to_json()))), part.arrays)


# -- placing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_clusters_stay_apart_on_the_plane(method: str) -> None:
    random = np.random.RandomState(0)
    groups = np.repeat(np.arange(3), 20)
    features = random.randn(60, 30) + 12 * np.eye(3, 30)[groups]
    points = placing.place(features, method, 0)
    assert points.shape == (60, 2) and np.abs(points).max() == pytest.approx(1)
    centres = np.stack([points[groups == k].mean(axis=0) for k in range(3)])
    nearest = np.linalg.norm(points[:, None] - centres, axis=2).argmin(axis=1)
    assert (nearest == groups).all()
    assert np.array_equal(placing.place(features, method, 0), points)


def test_alike_features_lie_on_one_spot() -> None:
    assert placing.place(np.ones((20, 5)), "pca", 0).tolist() == [[0, 0]] * 20
    line = placing.place(np.arange(20)[:, None] * np.ones((1, 5)), "pca", 0)
    assert np.ptp(line[:, 0]) == pytest.approx(2) and np.ptp(line[:, 1]) == 0


@pytest.mark.parametrize("by", ["images", "latents"])
def test_a_map_of_a_model_keeps_seeds_that_draw_what_was_placed(by: str, tiny_checkpoint: Path) -> None:
    renderer = Renderer("cpu")
    ref = renderer.load(tiny_checkpoint).ref
    base = Recipe(ref, Seed(1), psi=0.9)
    made = run(placing.make_map(renderer, base, FEW.edit(by=by)))
    assert made.base == base and made.recipe(2) == base.edit(latent=Seed(7))
    assert made == run(placing.make_map(renderer, base, FEW.edit(by=by)))
    if by == "latents":
        z = seeds(range(5, 29), 8).numpy()
        order = np.argsort(made.points[:, 0])
        axis = np.linalg.eigh(np.cov(z.T))[1][:, -1]
        along = z @ axis
        assert np.array_equal(np.argsort(along), order) or np.array_equal(np.argsort(-along), order)


def test_a_map_of_a_conditional_model_has_the_class_of_each_seed_or_one(tiny_conditional: Path) -> None:
    renderer = Renderer("cpu")
    generator = renderer.load(tiny_conditional)
    base = Recipe(generator.ref, label=class_weights(1, 3))
    made = run(placing.make_map(renderer, base, FEW))
    assert made.sizes == (("", 3),)
    for place in range(24):
        assert made.recipe(place).label == class_weights(conditions_of_seed(5 + place, generator.spec)[0], 3)
    same = run(placing.make_map(renderer, base, FEW.edit(own_classes=False)))
    assert same.indices is None and same.recipe(9).label == base.label


def test_categories_and_styles_are_mapped_too(tiny_infogan: Path, tiny_stylegan2: Path) -> None:
    renderer = Renderer("cpu")
    codes = renderer.load(tiny_infogan).ref
    made = run(placing.make_map(renderer, Recipe(codes), FEW))
    assert [name for name, _ in made.sizes] == ["category"] and dict(made.recipe(0).codes)["category"].count(1) == 1
    styles = renderer.load(tiny_stylegan2).ref
    made = run(placing.make_map(renderer, Recipe(styles), FEW.edit(by="latents", count=16)))
    assert made.points.shape == (16, 2)


def test_points_are_coloured_by_how_far_they_lie_along_a_direction(tiny_checkpoint: Path) -> None:
    renderer = Renderer("cpu")
    generator = renderer.load(tiny_checkpoint)
    made = run(placing.make_map(renderer, Recipe(generator.ref), FEW.edit(by="latents")))
    scores = run(placing.direction_scores(generator, made, Direction.of(2 * np.eye(8)[4], "z")))
    z = seeds(range(5, 29), 8).numpy()[:, 4]
    assert np.allclose(scores, (z - z.mean()) / 2, atol=1e-5)
