import numpy as np
import pytest
import torch

from ganviz.activations import (
    Activations,
    LayerView,
    ablation_sheet,
    activations_of,
    contact_sheet,
    describe_units,
    edited_units,
    figures_of,
    full_scale,
    picture,
    rank_units,
    read_activations,
    reduced,
    with_units,
    without_units,
)
from ganviz.edits import LayerNoise, UnitEdit
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.jobs import Progress, run
from ganviz.recipe import Composite, Noise, Recipe
from ganviz.render import Renderer, load

EDITS = (UnitEdit(1, (0, 2), 0.5), UnitEdit(2, (3,), 2.0, 0.25))


@pytest.fixture(scope="module")
def renderer():
    return Renderer("cpu")


@pytest.fixture
def faces(renderer, tiny_checkpoint):
    return Recipe(renderer.load(tiny_checkpoint).ref, Seed(4))


@pytest.fixture
def styles(renderer, tiny_stylegan2):
    return Recipe(renderer.load(tiny_stylegan2).ref, Seed(4), psi=0.7)


# -- reading ----------------------------------------------------------------------------------------------------------


def test_the_maps_after_the_last_layer_of_a_dcgan_are_its_picture(renderer, faces):
    found = read_activations(renderer, faces, 2)
    levels = np.clip(np.round((found.maps + 1) * 127.5), 0, 255).astype(np.uint8)
    assert np.array_equal(levels.transpose(1, 2, 0), renderer.render(faces).pixels)


def test_maps_have_the_shape_that_the_spec_says_in_every_layer(renderer, styles, tiny_stylegan2):
    for k, layer in enumerate(load(tiny_stylegan2, "cpu").spec.layers):
        found = read_activations(renderer, styles, k)
        assert found.maps.shape == (layer.channels, layer.resolution, layer.resolution)
        assert len(found.figures) == layer.channels and found.maps.dtype == np.float32


def test_maps_are_those_of_the_recipe_with_its_edits_of_units_and_its_noise(renderer, styles):
    plain = read_activations(renderer, styles, 2).maps
    doubled = read_activations(renderer, styles.edit(units=(UnitEdit(2, (1,), 2.0),)), 2).maps
    assert np.allclose(doubled[1], 2 * plain[1]) and np.array_equal(doubled[0], plain[0])
    quiet = read_activations(renderer, styles.edit(noise=Noise("none")), 2).maps
    average = read_activations(renderer, styles.edit(noise=Noise("random", 3, average=4)), 2).maps
    single = read_activations(renderer, styles.edit(noise=Noise("random", 3)), 2).maps
    assert not np.allclose(quiet, plain) and np.array_equal(average, single)


def test_a_layer_that_is_not_there_is_named(renderer, faces):
    with pytest.raises(GanvizError, match="expected a layer from 0 to 2, got 3"):
        read_activations(renderer, faces, 3)
    with pytest.raises(GanvizError, match="does not fit this model"):
        read_activations(renderer, faces.edit(units=(UnitEdit(9, None),)), 1)


def test_figures_are_those_of_numpy():
    maps = np.array([[[0, 1], [2, 3]], [[0, 0], [-4, 0]]], np.float32)
    (first, second), overall = figures_of(maps)
    assert (first.mean, first.low, first.high, first.zeros) == (1.5, 0, 3, 0.25)
    assert first.deviation == pytest.approx(maps[0].std()) and first.norm == pytest.approx(np.linalg.norm(maps[0]))
    assert (second.low, second.zeros, second.norm) == (-4, 0.75, 4)
    assert overall.mean == pytest.approx(maps.mean()) and overall.deviation == pytest.approx(maps.std())
    assert (overall.low, overall.high, overall.zeros) == (-4, 3, 0.5)
    assert overall.norm == pytest.approx(np.linalg.norm(maps))


# -- pictures ---------------------------------------------------------------------------------------------------------


def ramp(channels: int = 4, side: int = 8) -> np.ndarray:
    return np.linspace(-1, 3, channels * side * side, dtype=np.float32).reshape(channels, side, side)


def found_in(maps: np.ndarray) -> Activations:
    return activations_of(Recipe("a model"), 0, maps)


def shown(maps: np.ndarray, view: LayerView, *channels: int) -> np.ndarray:
    return picture(maps, found_in(maps).factors(view), channels)


def test_a_gain_in_decibels_is_a_factor_of_ten_for_twenty():
    maps = np.full((3, 2, 2), 0.05, np.float32)
    levels = [shown(maps, LayerView(db=db), 0, 1, 2)[0, 0, 0] for db in (-20, 0, 20, 40)]
    assert levels == [128, 134, 191, 255]


def test_without_a_gain_the_layer_just_fills_the_scale():
    maps = ramp()
    auto, by_hand = LayerView(), LayerView(db=found_in(maps).fitting_db)
    assert full_scale(maps) == pytest.approx(3, rel=0.01)
    assert np.abs(shown(maps, auto, 3).astype(int) - shown(maps, by_hand, 3)).max() <= 1
    assert shown(maps, auto, 3).max() >= 250
    assert full_scale(np.zeros((2, 3, 3), np.float32)) > 0
    lonely = np.zeros((1, 64, 64), np.float32)
    lonely[0, 3, 3] = 5
    assert full_scale(lonely) == 5, "a layer that is nearly silent is not blown up without bounds"
    many = np.random.RandomState(0).randn(20, 256, 256).astype(np.float32)
    assert full_scale(many) == pytest.approx(np.quantile(np.abs(many), 0.999), rel=0.01)


def test_each_channel_can_have_a_scale_of_its_own():
    maps = np.stack([ramp(1)[0] * 0.001, ramp(1)[0]])
    own, louder = LayerView(own=True), LayerView(own=True, db=6.0206)
    assert shown(maps, LayerView(), 0).max() < 10
    assert np.abs(shown(maps, own, 0).astype(int) - shown(maps, own, 1)).max() <= 1
    assert found_in(maps).factors(louder) == pytest.approx(2 * found_in(maps).factors(own), rel=1e-4)


def test_one_channel_has_colours_and_three_are_red_green_and_blue():
    maps = np.zeros((4, 2, 2), np.float32)
    maps[2], maps[3] = 1, -1
    assert shown(maps, LayerView(), 2)[0, 0].tolist() == [252, 255, 164]
    assert shown(maps, LayerView(), 3)[0, 0].tolist() == [190, 255, 240]
    assert shown(maps, LayerView(db=0), 2, 0, 3)[0, 0].tolist() == [255, 128, 0]


def test_maps_are_reduced_by_means_of_whole_blocks():
    maps = np.arange(2 * 6 * 6, dtype=np.float32).reshape(2, 6, 6)
    small = reduced(maps, 3)
    assert small.shape == (2, 3, 3) and small[0, 0, 0] == maps[0, :2, :2].mean()
    assert reduced(maps, 8) is maps


def test_a_contact_sheet_holds_every_map():
    maps = np.full((5, 4, 4), 2, np.float32)
    sheet = contact_sheet(found_in(maps), LayerView(), side=8, columns=3)
    assert sheet.shape == (2 * 9 - 1, 3 * 9 - 1, 3)
    assert sheet[0, 0].tolist() == [252, 255, 164] and sheet[8, 8].tolist() == [255, 255, 255]
    assert contact_sheet(found_in(ramp(10, 128)), LayerView()).shape == (3 * 65 - 1, 4 * 65 - 1, 3)


# -- the view that a session keeps ------------------------------------------------------------------------------------


def test_a_view_survives_json_and_refuses_what_is_none():
    for view in (LayerView(), LayerView(2, (5, 0, 3), -12.5, True)):
        assert LayerView.from_json(view.to_json()) == view
    for wrong in ({"channels": [1, 2]}, {"channels": [-1]}, {"layer": -1}, {"db": "loud"}, {"layers": 1}, []):
        with pytest.raises(GanvizError):
            LayerView.from_json(wrong)
    with pytest.raises(ValueError, match="one, or three"):
        LayerView(channels=())


def test_a_view_names_what_another_model_has(tiny_checkpoint, tiny_stylegan2):
    small, large = load(tiny_checkpoint, "cpu").spec, load(tiny_stylegan2, "cpu").spec
    assert LayerView().layer_of(small) == 1 and LayerView(1).layer_of(small) == 1
    assert LayerView(9).layer_of(small) == 2 and LayerView(9).layer_of(large) == 4
    assert LayerView(channels=(0, 1, 7)).channels_of(small.layers[0]) == (0, 1, 7)
    assert LayerView(channels=(5, 9, 70)).channels_of(small.layers[2]) == (0, 1, 2)
    assert LayerView(channels=(70,)).channels_of(small.layers[2]) == (0,)


# -- units ------------------------------------------------------------------------------------------------------------


def test_a_unit_is_in_one_edit_of_its_layer_at_most():
    edits = with_units(EDITS, 1, [2, 5], 0.0)
    assert edits == (UnitEdit(1, (0,), 0.5), EDITS[1], UnitEdit(1, (2, 5), 0.0))
    assert with_units(edits, 1, [0], 3.0, 1.0)[-1] == UnitEdit(1, (0,), 3.0, 1.0)
    assert without_units(EDITS, 1, {0, 2}) == (EDITS[1],)
    assert without_units((UnitEdit(1, None, 0.5),), 1, {0}) == (UnitEdit(1, None, 0.5),)


def test_what_several_edits_do_to_a_unit_is_put_together():
    edits = (UnitEdit(0, None, 0.5, 1.0), UnitEdit(0, (1,), 2.0, 0.5), UnitEdit(1, (0,), 7.0))
    assert edited_units(edits, 0, 3) == {0: (0.5, 1.0), 1: (1.0, 2.5), 2: (0.5, 1.0)}
    assert edited_units((UnitEdit(0, (1,), 1.0),), 0, 3) == {}


def test_an_edit_is_described_by_its_layer_and_units(tiny_checkpoint):
    spec = load(tiny_checkpoint, "cpu").spec
    assert describe_units(UnitEdit(1, (0, 1, 2, 6)), spec) == "8x8: units 0-2,6"
    assert describe_units(UnitEdit(0, (3,)), spec) == "4x4: unit 3"
    assert describe_units(UnitEdit(0, None), spec) == "4x4: all units"


@pytest.mark.parametrize("layer", range(5))
def test_the_ranking_is_what_ablating_each_unit_does_to_the_picture(renderer, styles, layer):
    base = styles.edit(units=(UnitEdit(1, (0,), 0.5),), noise=Noise("random", 5, (LayerNoise(0, 2.0),)))
    steps = []
    ranking = run(rank_units(renderer, base, layer, latents=2), steps.append)
    channels = renderer.load(base.model).spec.layers[layer].channels
    expected = np.zeros(channels)
    for seed in range(2):
        recipe = base.edit(latent=Seed(seed))
        whole = renderer.render(recipe).pixels.astype(float)
        for unit in range(channels):
            without = recipe.edit(units=(*recipe.units, UnitEdit(layer, (unit,), 0.0)))
            expected[unit] += np.abs(renderer.render(without).pixels - whole).mean() / 2
    assert np.abs(np.array(ranking.changes) - expected).max() < 0.5, "the pixels are rounded, the ranking is not"
    assert ranking.changes[ranking.order[0]] == max(ranking.changes) and ranking.latents == 2
    assert sorted(ranking.order) == list(range(channels))
    assert all(isinstance(step, Progress) for step in steps) and [s.value.latents for s in steps if s.value] == [1]


def test_a_ranking_of_a_recipe_for_another_model_is_one_line(renderer, faces):
    with pytest.raises(GanvizError, match="does not fit this model: code 'tilt'"):
        next(rank_units(renderer, faces.edit(codes=(("tilt", (1.0,)),)), 1))


def test_a_ranking_leaves_no_gradient_mode_behind(renderer, faces):
    job = rank_units(renderer, faces, 1)
    next(job)
    assert not torch.is_inference_mode_enabled()
    job.close()


def test_the_sheet_of_ablations_shows_the_picture_without_each_unit_and_where_it_differs(faces):
    sheet = ablation_sheet(faces.edit(units=(UnitEdit(0, (1, 2), 3.0),)), 0, [2, 7])
    assert sheet.columns == 3 and sheet.rows == 2 and sheet.cells[3] is None
    assert sheet.cells[1].units == (UnitEdit(0, (1,), 3.0), UnitEdit(0, (2,), 0.0))
    assert sheet.cells[5] == Composite("difference", ((1.0, sheet.cells[0]), (1.0, sheet.cells[2])))
