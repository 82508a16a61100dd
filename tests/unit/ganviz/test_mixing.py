import json

import numpy as np
import pytest

from ganviz import sheets
from ganviz.edits import Direction, Move
from ganviz.errors import GanvizError
from ganviz.expression import Budget, Seed, Vector
from ganviz.jobs import run
from ganviz.mixing import (
    Mixing,
    Source,
    drawn_from,
    fits,
    format_layers,
    layer_groups,
    matrix,
    noise_groups,
    noise_sheet,
    parse_layers,
    parse_noise_layers,
    psi_sheet,
    source_of,
    style_resolutions,
)
from ganviz.models import build_generator
from ganviz.recipe import Composite, Noise, Recipe, Sheet
from ganviz.render import Renderer
from ganviz.session import Session, load_session, read_png, save_session, write_png
from ganviz.spec import Layer, Spec
from ganviz.variations import Breeding

A, B, C, D = (Source(Seed(seed)) for seed in (1, 2, 3, 4))


def spec_of(arch: str, resolution: int, **config) -> Spec:
    small = {"z_dim": 4, "w_dim": 4, "mapping_layers": 1, "base_channels": 1, "max_channels": 2}
    return build_generator(arch, {"resolution": resolution, **small, **config}).spec


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer("cpu")


@pytest.mark.parametrize("arch", ["stylegan", "stylegan2"])
@pytest.mark.parametrize(
    ("resolution", "groups"),
    [
        (1024, ("0-3", "4-7", "8-17")),
        (512, ("0-3", "4-7", "8-15")),
        (256, ("0-3", "4-7", "8-13")),
        (128, ("0-3", "4-7", "8-11")),
        (64, ("0-3", "4-5", "6-9")),
        (32, ("0-1", "2-5", "6-7")),
        (16, ("0-1", "2-3", "4-5")),
    ],
)
def test_groups_are_the_paper_s_at_1024_px_and_thirds_of_the_octaves_below_128(arch, resolution, groups) -> None:
    spec = spec_of(arch, resolution)
    found = layer_groups(spec)
    assert tuple(format_layers(layers, spec) for layers in found.values()) == ("coarse", "middle", "fine")
    assert tuple(parse_layers(text, spec) for text in groups) == tuple(found.values())
    assert sorted(sum(found.values(), ())) == list(range(spec.num_ws))


def test_a_style_input_belongs_to_the_feature_maps_that_it_scales() -> None:
    assert style_resolutions(spec_of("stylegan2", 16)) == (4, 4, 8, 8, 16, 16)
    assert style_resolutions(spec_of("stylegan", 16)) == (4, 4, 8, 8, 16, 16)
    folded = spec_of("stylegan2", 64, top="shuffle")  # feature maps up to 32 px only
    assert [len(group) for group in layer_groups(folded).values()] == [4, 2, 2]


def test_layers_that_add_noise_go_by_their_own_resolution() -> None:
    spec = spec_of("stylegan2", 64)  # nine layers: one at 4 px, two at each size above
    assert parse_noise_layers("coarse", spec) == (0, 1, 2)
    assert parse_noise_layers("middle,8", spec) == (3, 4, 8)
    assert parse_noise_layers("all", spec) == tuple(range(9))
    with pytest.raises(ValueError, match="from 0 to 8"):
        parse_noise_layers("9", spec)
    with pytest.raises(ValueError, match="no layers that add noise"):
        parse_noise_layers("all", spec_of("stylegan2", 16, noise=False))


def test_a_network_without_low_resolutions_is_cut_into_thirds_of_its_style_inputs() -> None:
    layers = tuple(Layer(str(k), 36 if k < 3 else 84 if k < 6 else 256, 8, ws=(k,)) for k in range(9))
    spec = Spec("x", 4, 4, 9, 256, 3, layers=layers)
    assert [len(group) for group in layer_groups(spec).values()] == [3, 3, 3]


def test_layers_are_read_as_people_write_them() -> None:
    spec = spec_of("stylegan2", 64)
    assert parse_layers("0-3", spec) == (0, 1, 2, 3)
    assert parse_layers("5, 0,2", spec) == (0, 2, 5)
    assert parse_layers("Middle,9", spec) == (4, 5, 9)
    assert parse_layers("all", spec) == tuple(range(10))
    assert format_layers((0, 1, 3), spec) == "0-1,3"
    assert format_layers(tuple(range(10)), spec) == "all"
    assert format_layers((0, 1, 2, 3, 6, 7, 8, 9), spec) == "coarse,fine"
    assert format_layers((), spec) == ""
    for wrong in ("", "crude", "10", "3-1", "0-10", "-1", "0,,2", "1.5"):
        with pytest.raises(ValueError, match="from 0 to 9"):
            parse_layers(wrong, spec)


def test_the_matrix_has_sources_above_and_at_the_left_and_their_mixes_between() -> None:
    base = Recipe("m", Seed(9), psi=0.7, noise=Noise("none"))
    sheet = matrix(base, (A, B), (C, D, A), (0, 1), 0.5)
    assert sheet.columns == 4 and sheet.rows == 3
    assert sheet.cells[0] is None
    assert [cell.latent for cell in sheet.cells[1:4]] == [Seed(3), Seed(4), Seed(1)]
    assert [sheet.cells[4].latent, sheet.cells[8].latent] == [Seed(1), Seed(2)]
    mixed = sheet.cells[9]
    assert mixed.latent == Seed(2) and mixed.mixes[0].latent == Seed(3)
    assert mixed.mixes[0].layers == (0, 1) and mixed.mixes[0].amount == 0.5
    assert {(cell.psi, cell.noise) for cell in sheet.recipes} == {(0.7, Noise("none"))}
    assert sheet.column_headings == ("", "seed 3", "seed 4", "seed 1")
    assert sheet.row_headings == ("", "seed 1", "seed 2")


def test_mixing_all_layers_gives_the_column_and_none_the_row(renderer: Renderer, tiny_stylegan2) -> None:
    base = Recipe(str(tiny_stylegan2), psi=0.7)

    def pictures(layers: tuple[int, ...]) -> list[np.ndarray]:
        return [renderer.render(recipe).pixels for recipe in matrix(base, (A,), (B, C), layers).recipes]

    b, c, a, b_in_a, c_in_a = pictures(tuple(range(6)))
    assert np.array_equal(b_in_a, b) and np.array_equal(c_in_a, c) and not np.array_equal(a, b)
    b, c, a, b_in_a, c_in_a = pictures(())
    assert np.array_equal(b_in_a, a) and np.array_equal(c_in_a, a)
    b, c, a, b_in_a, c_in_a = pictures((0, 1))
    assert not any(np.array_equal(b_in_a, other) for other in (a, b, c))


def test_directions_in_w_go_along_and_those_in_z_stay_behind(renderer: Renderer, tiny_stylegan2) -> None:
    w, z = (Move(Direction.of(np.ones(8), space), 2.0) for space in ("w", "z"))
    base = Recipe(str(tiny_stylegan2), moves=(w, z))
    sheet = matrix(base, (A,), (B,), tuple(range(6)))
    assert {recipe.moves for recipe in sheet.recipes} == {(w,)}
    b, _, mixed = (renderer.render(recipe).pixels for recipe in sheet.recipes)
    assert np.array_equal(b, mixed), "mixing all is the column, moved alike"


def test_a_source_brings_its_class_where_the_model_has_as_many() -> None:
    base = Recipe("m", label=(1.0, 0.0))
    assert drawn_from(base, Source(Seed(1), (0.0, 1.0))).label == (0.0, 1.0)
    assert drawn_from(base, Source(Seed(1), (0.0, 0.0, 1.0))).label == (1.0, 0.0)
    assert drawn_from(Recipe("m"), Source(Seed(1), (0.0, 1.0))).label is None
    mixed = matrix(base, (A,), (Source(Seed(2), (0.0, 1.0)),), (0,)).cells[-1]
    assert mixed.label == (1.0, 0.0) and mixed.mixes[0].label == (0.0, 1.0)
    assert source_of(mixed) == Source(Seed(1), (1.0, 0.0))


def test_vectors_fit_only_models_of_their_shape() -> None:
    spec = spec_of("stylegan2", 16)
    assert fits(Seed(1), spec)
    assert fits(Vector.of(np.ones(4)), spec) and fits(Vector.of(np.ones((6, 4)), "w"), spec)
    assert not fits(Vector.of(np.ones(5)), spec) and not fits(Vector.of(np.ones((8, 4)), "w"), spec)


def test_psi_nought_is_one_picture_whatever_the_seed(renderer: Renderer, tiny_stylegan2, tiny_checkpoint) -> None:
    for path in (tiny_stylegan2, tiny_checkpoint):
        recipes = [Recipe(str(path), Seed(seed)) for seed in (1, 2)]
        sheet = psi_sheet(recipes, (1.0, 0.0, -1.0))
        assert sheet.columns == 3 and sheet.column_headings == ("psi 1", "psi 0", "psi -1")
        pictures = [renderer.render(recipe).pixels for recipe in sheet.recipes]
        assert np.array_equal(pictures[1], pictures[4])
        assert not np.array_equal(pictures[0], pictures[3]) and not np.array_equal(pictures[0], pictures[2])


def test_the_noise_sheet_shows_realisations_and_where_they_differ(renderer: Renderer, tiny_stylegan2) -> None:
    recipe = Recipe(str(tiny_stylegan2), Seed(1), noise=Noise(average=4))
    sheet = noise_sheet([recipe, recipe.edit(latent=Seed(2))], (5, 6))
    assert sheet.columns == 3 and sheet.column_headings[-1] == "deviation"
    assert [cell.noise for cell in sheet.cells[:2]] == [Noise("random", 5), Noise("random", 6)]
    deviation = sheet.cells[2]
    assert isinstance(deviation, Composite) and len(deviation.terms) == 16
    assert [term.noise.seed for term in deviation.recipes] == list(range(5, 21))
    pixels = run(sheets.draw(renderer, sheet))
    assert not np.array_equal(pixels[:16, :16], pixels[:16, 16:32])
    assert pixels[:16, 32:].max() == 255
    many = noise_sheet([recipe], tuple(range(20)))
    assert len(many.cells[-1].terms) == 20


def test_a_model_without_noise_has_no_layers_that_add_it(renderer: Renderer, tiny_checkpoint) -> None:
    assert not any(noise_groups(renderer.load(tiny_checkpoint).spec).values())


@pytest.mark.parametrize("kind", ["matrix", "psi", "noise"])
def test_every_sheet_of_a_session_is_stored_and_drawn_again(renderer, tiny_stylegan2, tmp_path, kind) -> None:
    generator = renderer.load(tiny_stylegan2)
    base = Recipe(generator.ref, Seed(9), psi=0.7, cutoff=4, psis=((5, 0.2),))
    kept = Mixing(rows=(A, B), columns=(C,), layers="fine", noises=(0, 5))
    sheet = kept.sheet(base, generator.spec, kind)
    pixels = run(sheets.draw(renderer, sheet))
    write_png(tmp_path / "sheet.png", pixels, sheet)
    again = read_png(tmp_path / "sheet.png")
    assert isinstance(again, Sheet) and again == sheet
    assert np.array_equal(run(sheets.draw(renderer, again)), pixels)


def test_a_session_s_rows_and_columns_survive_json_with_their_arrays(tiny_stylegan2) -> None:
    vector = Vector.of(np.ones((6, 8)), "w")
    kept = Mixing((A, Source(vector, (0.0, 1.0))), (B,), "0-2", 0.5, (1.0, -1.0), (7, 3))
    data = json.loads(json.dumps(kept.to_json()))
    assert kept.arrays == {vector.digest: vector.array} and kept.recipes == ()
    assert Mixing.from_json(data, kept.arrays, Budget()) == kept
    with pytest.raises(GanvizError, match="not in this file"):
        Mixing.from_json(data, {}, Budget())
    for wrong in (
        {"rows": []},
        {"rows": [{"latent": {"seed": 1}}] * 65},
        {"columns": [{"latent": {"seed": 1}, "wings": 2}]},
        {"layers": 3},
        {"psis": []},
        {"psis": [float("inf")]},
        {"noises": []},
        {"noises": list(range(65))},
        {"noises": [-1]},
        {"amount": "half"},
        {"wings": 2},
    ):
        with pytest.raises(GanvizError):
            Mixing.from_json({**data, **wrong}, kept.arrays, Budget())


def test_sources_that_a_model_cannot_draw_are_left_out(tiny_stylegan2) -> None:
    spec = spec_of("stylegan2", 16)
    kept = Mixing((A, Source(Vector.of(np.ones(5)))), (B,))
    assert kept.sheet(Recipe("m"), spec, "matrix").rows == 2


def test_a_session_file_holds_rows_columns_and_parents_with_their_arrays(tmp_path) -> None:
    vector, other = Vector.of(np.ones(4)), Vector.of(np.zeros(4))
    kept = Mixing(rows=(Source(vector),), layers="0-1")
    session = Session(Recipe("m"), mixing=kept, breeding=Breeding((Recipe("m", other),), generation=2))
    save_session(tmp_path / "a.ganviz", session)
    assert load_session(tmp_path / "a.ganviz") == session
