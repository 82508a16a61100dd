import json
import math

import numpy as np
import pytest

from ganviz.checkpoint import read_header
from ganviz.comparing import Comparison, alike, comparison_sheet, measure
from ganviz.edits import UnitEdit
from ganviz.errors import GanvizError
from ganviz.expression import Seed, Vector
from ganviz.jobs import run
from ganviz.recipe import Composite, Recipe
from ganviz.render import Renderer
from ganviz.session import Session, load_session, save_session
from ganviz.sheets import draw


@pytest.fixture
def headers(tiny_checkpoint, make_run, tmp_path):
    """A model and another one of the same form."""
    folder = make_run(tmp_path / "run", (64,)) / "snapshots" / "00000064.safetensors"
    return read_header(tiny_checkpoint), read_header(folder)


def noise(seed: int, channels: int = 3, side: int = 32) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 256, (side, side, channels)).astype(np.uint8)


# -- figures ----------------------------------------------------------------------------------------------------------


def test_equal_pictures_do_not_differ():
    found = measure(noise(0), noise(0))
    assert (found.mean, found.largest, found.psnr) == (0, 0, math.inf)
    assert found.octaves == ((32, 0), (16, 0), (8, 0), (4, 0))


def test_figures_are_those_of_their_definitions():
    a, b = noise(1), noise(2)
    apart = a.astype(float) - b
    found = measure(a, b)
    assert found.mean == pytest.approx(np.abs(apart).mean()) and found.largest == np.abs(apart).max()
    assert found.psnr == pytest.approx(20 * math.log10(255 / math.sqrt((apart**2).mean())))


def test_the_octaves_add_up_to_the_mean_square():
    a, b = noise(1), noise(2)
    total = sum(strength**2 for _, strength in measure(a, b).octaves)
    assert total == pytest.approx(np.square(a.astype(float) - b).mean())


def test_each_octave_has_what_differs_at_its_scale():
    grey = np.full((32, 32, 1), 100, np.uint8)
    lighter = measure(grey, grey + 10).octaves
    assert [round(strength, 6) for _, strength in lighter] == [0, 0, 0, 10]
    checks = grey.copy()
    checks[::2, ::2], checks[1::2, 1::2] = 120, 120
    checks[1::2, ::2], checks[::2, 1::2] = 80, 80
    assert [round(strength, 6) for _, strength in measure(grey, checks).octaves] == [20, 0, 0, 0]


def test_odd_sizes_are_one_octave():
    assert [side for side, _ in measure(noise(1, side=25), noise(2, side=25)).octaves] == [25]
    assert [side for side, _ in measure(noise(1, side=28), noise(2, side=28)).octaves] == [28, 14, 7]


def test_pictures_of_other_sizes_and_kinds_are_brought_to_that_of_the_first():
    a, b = alike(noise(1, 1), noise(2, 3, 64))
    assert a.shape == b.shape == (32, 32, 3)
    grey, same = alike(noise(1, 1), noise(1, 1))
    assert grey.shape == (32, 32, 1) and measure(grey, same).psnr == math.inf


# -- what is compared -------------------------------------------------------------------------------------------------


def test_a_kept_picture_stays_what_it_is_and_another_model_follows(headers):
    one, two = headers
    a, kept = Recipe(one.ref, Seed(3)), Recipe(one.ref, Seed(8), psi=0.5)
    assert Comparison(kept).recipe_of_b(a, one, one) == (kept, [])
    follows = Comparison(Recipe(two.ref), True)
    assert follows.recipe_of_b(a, one, two) == (Recipe(two.ref, Seed(3)), [])
    moved = a.edit(latent=Seed(9), psi=0.25)
    assert follows.recipe_of_b(moved, one, two)[0] == Recipe(two.ref, Seed(9), psi=0.25)
    with pytest.raises(GanvizError, match="nothing yet"):
        Comparison().recipe_of_b(a, one, one)


def test_what_another_model_does_not_have_is_named(headers, tiny_stylegan2):
    one, styles = headers[0], read_header(tiny_stylegan2)
    a = Recipe(one.ref, Seed(3), units=(UnitEdit(0, (1,), 0.0),))
    b, dropped = Comparison(Recipe(styles.ref), True).recipe_of_b(a, one, styles)
    assert b == Recipe(styles.ref, Seed(3), psi=0.7) and dropped == ["edits of units"]


def test_swapping_twice_gives_back_what_was(headers, tiny_stylegan2):
    one, two = headers
    styles = read_header(tiny_stylegan2)
    plain = Recipe(one.ref, Seed(3))
    edited = plain.edit(units=(UnitEdit(0, (1,), 0.0),))
    for a, other, of_b in (
        (plain, Comparison(Recipe(one.ref, Seed(8), psi=0.5)), one),
        (plain, Comparison(Recipe(two.ref), True), two),
        (edited, Comparison(Recipe(styles.ref), True), styles),
    ):
        b, back = other.swapped(a, one, of_b)
        again, there = back.swapped(b, of_b, one)
        assert back.recipe_of_b(b, of_b, one)[0] == a
        assert again == a and there.recipe_of_b(again, one, of_b)[0] == b
    assert Comparison(Recipe(two.ref), True).swapped(plain, one, two)[1] == Comparison(Recipe(one.ref), True)
    assert not Comparison(Recipe(styles.ref), True).swapped(edited, one, styles)[1].follows


def test_a_session_keeps_it_with_its_arrays(headers, tmp_path):
    kept = Recipe(headers[0].ref, Vector.of(np.linspace(-1, 1, 8)))
    session = Session(Recipe(headers[0].ref), comparison=Comparison(kept))
    save_session(tmp_path / "a.ganviz", session)
    assert load_session(tmp_path / "a.ganviz") == session
    for part in (Comparison(), Comparison(Recipe(headers[1].ref), True)):
        assert Comparison.from_json(json.loads(json.dumps(part.to_json()))) == part
    for wrong in ({"others": None}, {"other": 3}, []):
        with pytest.raises(GanvizError):
            Comparison.from_json(wrong)


def test_the_sheet_is_both_and_where_they_differ(headers, tiny_checkpoint):
    a, b = Recipe(headers[0].ref, Seed(1)), Recipe(headers[0].ref, Seed(2))
    sheet = comparison_sheet(a, b, ("seed 1", "seed 2"))
    assert sheet.cells == (a, b, Composite("difference", ((1.0, a), (1.0, b))))
    renderer = Renderer("cpu")
    renderer.load(tiny_checkpoint)
    pixels = run(draw(renderer, sheet))
    assert np.array_equal(pixels[:, :16], renderer.render(a).pixels) and pixels.shape == (16, 48, 3)
