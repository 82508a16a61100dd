import json
from pathlib import Path

import numpy as np
import pytest

from ganviz import sheets
from ganviz.edits import Direction, LayerNoise, Mix, Move, UnitEdit, ranges
from ganviz.errors import GanvizError
from ganviz.expression import Lerp, Mapped, Seed, Vector
from ganviz.jobs import run
from ganviz.latent import truncate, w_of, w_statistics
from ganviz.recipe import Composite, ModelRef, Noise, Recipe, Sheet, arrays_of, describe
from ganviz.render import Renderer
from ganviz.session import read_png, write_png

ALONG = Direction.of(np.ones(8), "w", name="smile", origin="SeFa", sigma=2.0, layers=(0, 1), score=0.5)
EDITS = {
    "noise": Noise("random", 4, (LayerNoise(1, 0.5), LayerNoise(2, 1.0, 7)), 3),
    "psis": ((0, 0.2), (3, 1.5)),
    "mixes": (Mix(Seed(9), (0, 1), 0.5), Mix(Vector.of(np.ones((6, 8)), "w"), (5,), label=(1.0,))),
    "moves": (Move(ALONG, -1.5), Move(Direction.of(np.ones(8), "z"), 2.0, None), Move(ALONG, 1.0, (4,))),
    "units": (UnitEdit(1, (0, 3), 2.0, 0.5), UnitEdit(0)),
}


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer("cpu")


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_survives_json_with_its_arrays(name: str) -> None:
    recipe = Recipe(ModelRef("m", "d"), **{name: EDITS[name]})
    again = Recipe.from_json(json.loads(json.dumps(recipe.to_json())), arrays_of(recipe))
    assert again == recipe
    assert hash(again) == hash(recipe)
    assert describe(recipe) != describe(Recipe(ModelRef("m", "d")))


@pytest.mark.parametrize(
    "field",
    [
        {"moves": [{"direction": {"vector": "0" * 64, "space": "w"}, "amount": 1}]},
        {"mixes": [{"latent": {"seed": 0}, "layers": [-1]}]},
        {"mixes": [{"latent": {"seed": 0}, "layers": [0], "extra": 1}]},
        {"mixes": [{}] * 5000},
        {"psis": [[0]]},
        {"psis": [[True, 1.0]]},
        {"units": [{"layer": 0, "gain": float("nan")}]},
        {"units": [{"layer": 99999}]},
        {"noise": {"average": 10**9}},
        {"noise": {"layers": [{"layer": "0"}]}},
    ],
)
def test_edits_that_no_recipe_holds_are_one_clear_error(field: dict) -> None:
    with pytest.raises(GanvizError):
        Recipe.from_json({"model": {"name": "m"}, "latent": {"seed": 0}, **field})


@pytest.mark.parametrize(
    "field",
    [
        {"mixes": (Mix(Seed(9), (6,)),)},
        {"psis": ((6, 0.5),)},
        {"units": (UnitEdit(5),)},
        {"units": (UnitEdit(0, (8,)),)},
        {"noise": Noise(layers=(LayerNoise(5),))},
        {"moves": (Move(Direction.of(np.ones(7), "w"), 1.0),)},
        {"moves": (Move(Direction.of(np.ones(8), "z"), 1.0),), "latent": Vector.of(np.ones((6, 8)), "w")},
    ],
)
def test_edits_of_what_the_model_does_not_have_are_one_clear_error(renderer, tiny_stylegan2: Path, field) -> None:
    with pytest.raises(GanvizError, match="does not fit"):
        renderer.render(Recipe(str(tiny_stylegan2), **field))


def test_mixing_all_layers_gives_the_source_and_none_the_base(renderer: Renderer, tiny_stylegan2: Path) -> None:
    generator = renderer.load(tiny_stylegan2)
    base, source = Recipe(str(tiny_stylegan2), Seed(1), psi=0.7), Recipe(str(tiny_stylegan2), Seed(2), psi=0.7)
    a, b = w_of(base, generator), w_of(source, generator)
    assert (w_of(base.edit(mixes=(Mix(Seed(2), tuple(range(6))),)), generator) == b).all()
    assert (w_of(base.edit(mixes=(Mix(Seed(2), ()),)), generator) == a).all()
    mixed = w_of(base.edit(mixes=(Mix(Seed(2), (1, 4)),)), generator)
    assert (mixed[:, [1, 4]] == b[:, [1, 4]]).all()
    assert (mixed[:, [0, 2, 3, 5]] == a[:, [0, 2, 3, 5]]).all()
    half = w_of(base.edit(mixes=(Mix(Seed(2), (3,), 0.5),)), generator)
    assert half[0, 3].numpy() == pytest.approx(((a + b) / 2)[0, 3].numpy(), abs=1e-6)


def test_a_psi_of_its_own_stands_over_psi_and_cutoff(renderer: Renderer, tiny_stylegan2: Path) -> None:
    generator = renderer.load(tiny_stylegan2)
    w = w_of(Recipe(str(tiny_stylegan2), Seed(1)), generator)
    mean = w_statistics(generator)[0]
    moved = truncate(w, generator, 0.5, cutoff=2, psis=((0, 1.0), (4, 0.0)))
    assert (moved[:, [0, 2, 3, 5]] == w[:, [0, 2, 3, 5]]).all()
    assert (moved[0, 4] == mean[4]).all()
    assert moved[0, 1].numpy() == pytest.approx((mean[1] + 0.5 * (w[0, 1] - mean[1])).numpy(), abs=1e-6)


def test_moves_add_sigmas_of_their_direction_after_truncation(renderer: Renderer, tiny_stylegan2: Path) -> None:
    generator = renderer.load(tiny_stylegan2)
    recipe = Recipe(str(tiny_stylegan2), Seed(1), psi=0.0)
    still, moved = w_of(recipe, generator), w_of(recipe.edit(moves=(Move(ALONG, 2.0),)), generator)
    assert (moved - still)[0, :2].numpy() == pytest.approx(2.0, abs=1e-6)
    assert (moved - still)[0, 2:].abs().max() == 0
    anywhere = w_of(recipe.edit(moves=(Move(ALONG, 2.0, (5,)),)), generator)
    assert (anywhere - still)[0, :5].abs().max() == 0
    along_z = Move(Direction.of(np.eye(8)[2], "z"), 1.5)
    recipe = Recipe(str(tiny_stylegan2), Seed(1), moves=(along_z,))
    offset = Recipe(str(tiny_stylegan2), Vector.of(generator_z(1) + 1.5 * np.eye(8)[2]))
    assert w_of(recipe, generator).numpy() == pytest.approx(w_of(offset, generator).numpy(), abs=1e-5)


def test_a_move_in_z_moves_each_part_of_a_latent_in_w(renderer: Renderer, tiny_stylegan2: Path) -> None:
    generator = renderer.load(tiny_stylegan2)
    moves = (Move(Direction.of(np.eye(8)[2], "z"), 1.5),)
    recipe = Recipe(str(tiny_stylegan2), Seed(1), moves=moves)
    assert (w_of(recipe.edit(latent=Mapped(Seed(1))), generator) == w_of(recipe, generator)).all()
    half = Lerp(Mapped(Seed(1)), Mapped(Seed(2)), 0.5)
    ends = [w_of(recipe.edit(latent=Seed(seed)), generator) for seed in (1, 2)]
    assert w_of(recipe.edit(latent=half), generator).numpy() == pytest.approx((sum(ends) / 2).numpy(), abs=1e-5)


def generator_z(seed: int) -> np.ndarray:
    return np.random.RandomState(seed).randn(8).astype(np.float32)


def test_a_units_gain_of_one_changes_nothing_and_nought_takes_it_away(renderer, tiny_stylegan2: Path) -> None:
    recipe = Recipe(str(tiny_stylegan2), Seed(1))
    plain = renderer.render(recipe).pixels
    assert np.array_equal(renderer.render(recipe.edit(units=(UnitEdit(2, None, 1.0),))).pixels, plain)
    for layer in range(5):  # the last one too: what draws the picture reads the edited activations
        ablated = renderer.render(recipe.edit(units=(UnitEdit(layer, (0, 1)),))).pixels
        assert not np.array_equal(ablated, plain)


def test_units_of_every_layer_of_a_family_without_styles_can_be_edited(renderer, tiny_checkpoint: Path) -> None:
    recipe = Recipe(str(tiny_checkpoint), Seed(1))
    plain = renderer.render(recipe).pixels
    for layer in range(len(renderer.load(tiny_checkpoint).spec.layers)):
        assert not np.array_equal(renderer.render(recipe.edit(units=(UnitEdit(layer, (0,)),))).pixels, plain)


def test_noise_is_set_layer_by_layer(renderer: Renderer, tiny_stylegan2: Path) -> None:
    recipe = Recipe(str(tiny_stylegan2), Seed(1))

    def pixels(noise: Noise) -> np.ndarray:
        return renderer.render(recipe.edit(noise=noise)).pixels

    silent = tuple(LayerNoise(k, 0.0) for k in range(5))
    assert np.array_equal(pixels(Noise(layers=silent)), pixels(Noise("none")))
    assert np.array_equal(pixels(Noise("const", layers=(LayerNoise(0),))), pixels(Noise()))
    seeded = tuple(LayerNoise(k, 1.0, 11) for k in range(5))
    assert np.array_equal(pixels(Noise("none", layers=seeded)), pixels(Noise("random", 11)))
    assert not np.array_equal(pixels(Noise(layers=(LayerNoise(4, 3.0),))), pixels(Noise()))


def test_the_noise_average_is_the_mean_over_its_seeds(renderer: Renderer, tiny_stylegan2: Path) -> None:
    recipe = Recipe(str(tiny_stylegan2), Seed(1))
    single = [renderer.render(recipe.edit(noise=Noise("random", seed))).pixels.astype(float) for seed in (5, 6, 7)]
    mean = renderer.render(recipe.edit(noise=Noise("random", 5, average=3))).pixels
    assert np.abs(mean - np.mean(single, axis=0)).max() <= 1.0


def test_a_sheet_with_composites_is_stored_and_drawn_again(renderer: Renderer, tiny_stylegan2: Path, tmp_path) -> None:
    a, b = (renderer.render(Recipe(str(tiny_stylegan2), Seed(seed), moves=(Move(ALONG, 1.0),))) for seed in (1, 2))
    cells = (
        a.recipe,
        Composite("sum", ((0.5, a.recipe), (0.5, b.recipe))),
        Composite("difference", ((1.0, a.recipe), (1.0, b.recipe))),
        None,
        Composite("deviation", ((1.0, a.recipe), (1.0, b.recipe))),
        b.recipe,
    )
    sheet = Sheet(cells, 3)
    pixels = run(sheets.draw(renderer, sheet))
    write_png(tmp_path / "sheet.png", pixels, sheet)
    again = read_png(tmp_path / "sheet.png")
    assert again == sheet
    assert np.array_equal(run(sheets.draw(renderer, again)), pixels)
    mean = (a.pixels.astype(float) + b.pixels) / 2
    assert np.abs(pixels[:16, 16:32] - mean).max() <= 1
    equal = sheets.compose(cells[2], [a.pixels, a.pixels])
    assert equal.max() == 0
    assert pixels[16:, 16:32].max() == 255


def test_sheets_that_combine_too_much_are_refused() -> None:
    edit = {"composite": "sum", "terms": [[1, {}]] * 1000}
    data = {"base": Recipe("m").to_json(), "cells": [edit] * 100, "columns": 10}
    with pytest.raises(GanvizError, match="at most"):
        Sheet.from_json(data)
    with pytest.raises(GanvizError, match="cell"):
        Sheet.from_json({**data, "cells": [{"composite": "product", "terms": [[1, {}]]}]})


def test_ranges_are_written_as_people_write_them() -> None:
    assert ranges((3, 0, 1, 2, 7)) == "0-3,7"
