import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganviz import arithmetic, sheets
from ganviz.arithmetic import Arithmetic, Term, along, contrast, figure, fits, grid, item_of, mean_of, result, usable
from ganviz.edits import Direction, Mix, Move
from ganviz.errors import GanvizError
from ganviz.expression import Lerp, Mapped, Mean, Offset, Seed, Sum, Vector, offsets_of
from ganviz.jobs import run
from ganviz.latent import w_of
from ganviz.recipe import Composite, ModelRef, Recipe, arrays_of, class_weights
from ganviz.render import Renderer
from ganviz.session import Session, load_session, read_png, save_session, write_png

REF = ModelRef("m", "d")


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer("cpu")


@pytest.fixture(scope="module", params=["tiny_checkpoint", "tiny_stylegan2", "tiny_infogan"])
def generator(request, renderer):
    """A plain, a style-based and a coded generator."""
    return renderer.load(request.getfixturevalue(request.param))


def terms_of(ref: ModelRef, *given: tuple[float, tuple[int, ...]]) -> Arithmetic:
    return Arithmetic(tuple(Term(weight, tuple(Recipe(ref, Seed(seed)) for seed in seeds)) for weight, seeds in given))


PAPER = ((1.0, (1, 2, 3)), (-1.0, (4, 5)), (1.0, (7, 8, 9)))


def evaluated(recipe: Recipe, generator) -> torch.Tensor:
    with torch.no_grad():
        return w_of(recipe, generator)


@pytest.mark.parametrize("space", ["z", "w"])
def test_the_result_is_the_signed_sum_of_the_means(generator, space) -> None:
    base, spec = Recipe(generator.ref), generator.spec
    made = result(terms_of(generator.ref, *PAPER).edit(space=space), base, spec)
    z = {seed: torch.from_numpy(np.random.RandomState(seed).randn(spec.z_dim).astype(np.float32)) for seed in range(10)}
    points = {seed: (generator.mapping(value[None])[0] if space == "w" else value) for seed, value in z.items()}
    expected = sum(weight * torch.stack([points[seed] for seed in seeds]).mean(0) for weight, seeds in PAPER)
    if space == "z" and spec.has_mapping:
        expected = generator.mapping(expected[None])[0]
    noise = evaluated(made, generator)[0].flatten()[: expected.numel() if spec.has_mapping else spec.z_dim]
    assert torch.allclose(noise, expected.flatten()[: len(noise)], atol=1e-5)


def test_what_is_taken_away_and_added_again_changes_nothing(generator) -> None:
    base, spec = Recipe(generator.ref, psi=0.8), generator.spec
    same = result(terms_of(generator.ref, (1, (1, 2)), (-1, (4, 5)), (1, (4, 5))), base, spec)
    alone = result(terms_of(generator.ref, (1, (1, 2))), base, spec)
    assert torch.allclose(evaluated(same, generator), evaluated(alone, generator), atol=1e-5)


def test_strength_0_is_the_first_term_and_2_goes_twice_as_far(generator) -> None:
    base, spec = Recipe(generator.ref), generator.spec
    whole = terms_of(generator.ref, *PAPER)
    at = {
        strength: evaluated(result(whole.edit(strength=strength), base, spec), generator)
        for strength in (0.0, 1.0, 2.0)
    }
    first = evaluated(mean_of(whole, whole.terms[0], base, spec), generator)
    assert torch.allclose(at[0.0], first, atol=1e-5)
    assert torch.allclose(at[2.0] - at[1.0], at[1.0] - at[0.0], atol=1e-4)


def test_the_term_that_strength_leaves_alone_is_the_first_positive_one() -> None:
    made = terms_of(REF, (-1, (4,)), (1, (1,)), (0.5, (2,))).edit(strength=0.5)
    assert [term.weight for term in made.filled] == [-0.5, 1, 0.25]


def test_terms_without_pictures_count_as_nothing_but_one_is_needed(generator) -> None:
    base, spec = Recipe(generator.ref), generator.spec
    made = result(terms_of(generator.ref, (1, (3,)), (-1, ()), (1, ())), base, spec)
    assert torch.equal(evaluated(made, generator), evaluated(base.edit(latent=Seed(3)), generator))
    with pytest.raises(GanvizError, match="all are empty"):
        result(Arithmetic(), base, spec)


def test_the_middle_of_the_grid_is_the_result_and_the_others_lie_up_to_a_quarter_beside_it(generator) -> None:
    base, spec = Recipe(generator.ref), generator.spec
    whole = terms_of(generator.ref, *PAPER)
    sheet = grid(whole, base, spec)
    assert (sheet.rows, sheet.columns) == (3, 3)
    assert sheet.cells[4] == result(whole, base, spec)
    amounts = np.array([list(offsets_of(cell.latent).values()) for k, cell in enumerate(sheet.cells) if k != 4])
    assert amounts.shape == (8, spec.w_dim if spec.has_mapping else spec.z_dim)
    assert 0.2 < np.abs(amounts).max() <= 0.25
    assert grid(whole, base, spec) == sheet
    assert grid(whole.edit(seed=1), base, spec) != sheet
    assert len(set(grid(whole.edit(jitter=0.0), base, spec).cells)) == 1


def test_in_z_a_picture_that_lives_in_w_is_refused_with_a_way_out(renderer, tiny_stylegan2) -> None:
    generator = renderer.load(tiny_stylegan2)
    item = Recipe(generator.ref, Vector.of(np.ones(8), "w"))
    whole = Arithmetic((Term(1.0, (item,)),))
    assert result(whole, Recipe(generator.ref), generator.spec).latent == item.latent
    with pytest.raises(GanvizError, match="choose w"):
        result(whole.edit(space="z"), Recipe(generator.ref), generator.spec)


def test_the_space_is_w_only_where_there_is_a_mapping_network(renderer, tiny_stylegan2, tiny_checkpoint) -> None:
    styled, plain = renderer.load(tiny_stylegan2), renderer.load(tiny_checkpoint)
    whole = terms_of(REF, (1, (1, 2)), (-1, (3,)))
    assert result(whole, Recipe(REF), styled.spec).latent == Sum(
        ((1, Mean((Mapped(Seed(1)), Mapped(Seed(2))))), (-1, Mapped(Seed(3))))
    )
    for space in (None, "z", "w"):
        assert result(whole.edit(space=space), Recipe(REF), plain.spec).latent == Sum(
            ((1, Mean((Seed(1), Seed(2)))), (-1, Seed(3)))
        )


def test_psi_and_noise_are_those_of_the_picture_that_is_worked_on_and_its_edits_are_not(generator) -> None:
    along_z = Move(Direction.of(np.ones(generator.spec.z_dim), "z"), 1.0)
    base = Recipe(generator.ref, psi=0.5, moves=(along_z,), mixes=(Mix(Seed(1), (0,)),))
    made = result(terms_of(generator.ref, (1, (3,))), base, generator.spec)
    assert made.psi == 0.5 and not made.moves and not made.mixes


# --- class and codes -------------------------------------------------------------------------------------------


def labelled(ref: ModelRef, seed: int, category: int, size: int = 3) -> Recipe:
    return Recipe(ref, Seed(seed), label=class_weights(category, size))


def test_the_class_that_two_terms_share_cancels(renderer, tiny_conditional) -> None:
    generator = renderer.load(tiny_conditional)
    ref, spec = generator.ref, generator.spec

    def label(*given) -> tuple[float, ...]:
        terms = tuple(
            Term(weight, tuple(labelled(ref, k, c) for k, c in enumerate(classes))) for weight, classes in given
        )
        return result(Arithmetic(terms), Recipe(ref), spec).label

    assert label((1, (0, 0)), (-1, (0, 0)), (1, (2, 2))) == (0, 0, 1)
    assert label((1, (1,)), (-1, (0,)), (1, (0,))) == (0, 1, 0)
    assert label((1, (0, 1))) == (0.5, 0.5, 0)
    assert label((1, (0,)), (-1, (1,)), (1, (2,))) == (0.5, 0, 0.5), "nothing below 0, all together 1"
    assert label((-1, (2,))) == (0, 0, 1), "where nothing is left, the first one's"
    unlabelled = Arithmetic((Term(1.0, (Recipe(ref, Seed(1)), Recipe(ref, Seed(2), label=(1.0, 0.0)))),))
    assert result(unlabelled, Recipe(ref), spec).label == (1, 0, 0), "none, or another model's, is class 0"


def test_codes_are_added_up_beside_the_noise(renderer, tiny_infogan) -> None:
    generator = renderer.load(tiny_infogan)
    ref, spec = generator.ref, generator.spec
    category, first, second = (code.name for code in spec.codes)

    def item(k: int, value: float) -> Recipe:
        return Recipe(ref, Seed(k), codes=((category, class_weights(k, 3)), (first, (value,))))

    whole = Arithmetic(
        (Term(1.0, (item(1, 0.5), item(1, 1.5))), Term(-1.0, (item(2, 0.25),)), Term(1.0, (item(2, 1),)))
    )
    assert dict(result(whole, Recipe(ref), spec).codes) == {category: (0, 1, 0), first: (1.75,), second: (0,)}
    assert evaluated(result(whole, Recipe(ref), spec), generator).shape == (1, 1, spec.w_dim)


# --- what goes into a term -------------------------------------------------------------------------------------


def test_an_item_keeps_what_its_moves_in_z_made_of_its_latent(generator) -> None:
    spec = generator.spec
    step = np.random.RandomState(0).randn(spec.z_dim)
    move, other = Move(Direction.of(step, "z"), -1.5), Move(Direction.of(np.ones(spec.w_dim), "w"), 1.0)
    recipe = Recipe(generator.ref, Seed(4), psi=0.3, moves=(move, other), codes=())
    item = item_of(recipe, spec)
    assert not item.moves and item.psi == 1
    assert torch.allclose(
        evaluated(item, generator), evaluated(recipe.edit(moves=(move,), psi=1.0), generator), atol=1e-5
    )
    plain = Recipe(generator.ref, Lerp(Seed(1), Seed(2), 0.5))
    assert item_of(plain, spec) == plain


def test_pictures_of_a_model_of_other_sizes_are_left_out(generator) -> None:
    spec = generator.spec
    good = [
        Recipe(REF, Seed(1, 0.2, 0.1)),
        Recipe(REF, Vector.of(np.ones(spec.z_dim), "z")),
        Recipe(REF, Mean((Seed(1), Vector.of(np.ones(spec.w_dim), "w")))),
        Recipe(REF, Offset(Seed(1), ((spec.z_dim - 1, 1.0),))),
    ]
    bad = [
        Recipe(REF, Vector.of(np.ones(99), "z")),
        Recipe(REF, Lerp(Seed(1), Vector.of(np.ones((2, 99)), "w"), 0.5)),
        Recipe(REF, Offset(Seed(1), ((99, 1.0),))),
    ]
    assert [fits(item, spec) for item in (*good, *bad)] == [True] * 4 + [False] * 3
    whole = Arithmetic((Term(1.0, (*good, *bad)), Term(-1.0, tuple(bad))))
    assert [len(term.items) for term in usable(whole, spec).terms] == [4, 0]


# --- sheets ----------------------------------------------------------------------------------------------------


def test_the_contrast_is_the_same_sum_of_the_pictures(generator, renderer) -> None:
    base, spec = Recipe(generator.ref), generator.spec
    whole = terms_of(generator.ref, (1, (1, 2)), (-0.5, (3,))).edit(strength=2.0)
    cell = contrast(whole, base, spec)
    assert isinstance(cell, Composite) and cell.kind == "sum"
    images = [frame.pixels.astype(np.float32) / 127.5 - 1 for frame in renderer.render_all(cell.recipes)]
    expected = np.clip((images[0] + images[1]) / 2 - images[2], -1, 1)
    pixels = sheets.compose(cell, [frame.pixels for frame in renderer.render_all(cell.recipes)])
    assert np.abs(pixels / 127.5 - 1 - expected).max() < 0.01


def test_the_figure_shows_each_term_above_its_mean_the_result_and_the_sum_of_pixels(generator, renderer, tmp_path):
    base, spec = Recipe(generator.ref), generator.spec
    whole = terms_of(generator.ref, (1, (1, 2, 3)), (-1, (4,)), (0.5, (7,)))
    sheet = figure(whole, base, spec, terms=True, in_pixels=True)
    assert (sheet.rows, sheet.columns) == (4, 9)
    assert sheet.column_headings == ("", "-", "+ 0.5 *", "", "", "result", "", "", "pixels")
    assert sheet.cells[3 * 9] == mean_of(whole, whole.terms[0], base, spec)
    assert sheet.cells[9 + 1] is None
    assert torch.equal(*(evaluated(sheet.cells[k], generator) for k in (1, 3 * 9 + 1)))
    assert sheet.cells[9 + 5] == result(whole, base, spec)
    assert isinstance(sheet.cells[9 + 8], Composite)
    assert figure(whole, base, spec) == grid(whole, base, spec)
    write_png(tmp_path / "a.png", run(sheets.draw(renderer, sheet)), sheet)
    assert read_png(tmp_path / "a.png") == sheet


def test_a_difference_of_means_goes_along_other_pictures(generator, renderer) -> None:
    base, spec = Recipe(generator.ref, psi=0.9), generator.spec
    whole = terms_of(generator.ref, (1, (1, 2)), (-1, (3, 4)))
    onto = [base.edit(latent=Seed(8)), base.edit(latent=Seed(9))]
    sheet = along(whole, onto, (-1.0, 0.0, 0.5), spec)
    assert (sheet.rows, sheet.columns) == (2, 3)
    at = [evaluated(cell, generator) for cell in sheet.recipes]
    assert torch.equal(at[1], evaluated(onto[0], generator))
    assert torch.allclose(at[0] - at[1], -2 * (at[2] - at[1]), atol=1e-5)
    assert torch.allclose(at[2] - at[1], at[5] - at[4], atol=1e-5), "the same way for both"


@pytest.mark.parametrize("space", ["z", "w"])
def test_a_kept_direction_leads_from_one_mean_to_the_other(generator, renderer, space) -> None:
    base, spec = Recipe(generator.ref), generator.spec
    whole = terms_of(generator.ref, (1, (1, 2)), (-1, (3, 4, 5))).edit(space=space)
    plus, minus = whole.terms
    found = arithmetic.direction(generator, whole, plus, minus, base, "turn")
    assert (found.origin, found.name) == ("arithmetic", "turn")
    assert found.sigma == pytest.approx(float(np.linalg.norm(found.array)), rel=1e-5)
    ends = {term: mean_of(whole, term, base, spec) for term in (plus, minus)}
    moved = ends[minus].edit(moves=(Move(found, 1.0),))
    assert torch.allclose(evaluated(moved, generator), evaluated(ends[plus], generator), atol=1e-4)
    assert found.array.ndim == 1, "one vector for all style inputs, where they are alike"


def test_a_direction_between_vectors_of_single_style_inputs_keeps_them_apart(renderer, tiny_stylegan2) -> None:
    generator = renderer.load(tiny_stylegan2)
    ends = [Term(1.0, (Recipe(generator.ref, Vector.of(np.arange(48.0).reshape(6, 8) * k, "w")),)) for k in (2, 1)]
    found = arithmetic.direction(generator, Arithmetic(), *ends, Recipe(generator.ref))
    assert found.space == "w" and np.array_equal(found.array, np.arange(48.0).reshape(6, 8))


# --- keeping ---------------------------------------------------------------------------------------------------

PICTURES = st.builds(
    lambda latent, label: Recipe(REF, latent, label=label),
    st.builds(Seed, st.integers(0, 2**32 - 1))
    | st.just(Vector.of(np.ones(4), "w"))
    | st.just(Sum(((0.5, Seed(1)), (2.0, Mapped(Seed(2)))))),
    st.none() | st.just((0.0, 1.0)),
)
NUMBERS = st.floats(-100, 100, allow_nan=False)
WHOLES = st.builds(
    Arithmetic,
    st.lists(st.builds(Term, NUMBERS, st.lists(PICTURES, max_size=3).map(tuple)), min_size=1, max_size=5).map(tuple),
    st.sampled_from([None, "z", "w"]),
    NUMBERS,
    st.floats(0, 100),
    st.integers(0, 2**32 - 1),
)


@given(WHOLES)
def test_any_arithmetic_survives_json(whole) -> None:
    assert Arithmetic.from_json(json.loads(json.dumps(whole.to_json())), arrays_of(*whole.recipes)) == whole


def test_a_session_keeps_its_terms_with_their_arrays(tmp_path) -> None:
    item = Recipe(REF, Vector.of(np.arange(4.0), "w"), label=(0.0, 1.0))
    whole = Arithmetic((Term(1.0, (item,)), Term(-0.5), Term(2.0, (Recipe(REF, Seed(3)),))), "w", 1.5, 0.1, 7)
    session = Session(Recipe(REF), arithmetic=whole)
    save_session(tmp_path / "a.ganviz", session)
    loaded = load_session(tmp_path / "a.ganviz")
    assert loaded == session
    assert np.array_equal(loaded.arithmetic.terms[0].items[0].latent.array, np.arange(4.0))
    assert "arithmetic" not in Session(Recipe(REF)).to_json()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"terms": []}, "1 to 64 terms"),
        ({"terms": [{}] * 65}, "1 to 64 terms"),
        ({"terms": [{"items": [{}] * 3}]}, "model"),
        ({"terms": [{"weight": "much"}]}, "weight"),
        ({"terms": [{"name": "A"}]}, "name"),
        ({"terms": 3}, "list"),
        ({"space": "pixels"}, "z or w"),
        ({"jitter": -1}, "jitter"),
        ({"strength": 1e9}, "strength"),
        ({"seed": -1}, "seed"),
        ({"speed": 1}, "speed"),
    ],
)
def test_arithmetic_that_is_none_is_refused_with_a_reason(change: dict, words: str) -> None:
    with pytest.raises(GanvizError, match=words):
        Arithmetic.from_json({**Arithmetic().to_json(), **change})
