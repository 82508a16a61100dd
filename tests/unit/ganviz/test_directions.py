"""Directions in a session, in a recipe and in a sheet."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ganviz.directions import (
    Directions,
    Found,
    amount_of,
    direction_sheet,
    misfit,
    parted,
    scores,
    with_amount,
    with_direction,
)
from ganviz.edits import Direction
from ganviz.errors import GanvizError
from ganviz.expression import Seed, Vector
from ganviz.recipe import ModelRef, Recipe
from ganviz.render import Renderer
from ganviz.spec import Spec

REF = ModelRef("tiny", "d1")
PLAIN = Spec("dcgan", z_dim=8, w_dim=8, num_ws=1, resolution=16, channels=3)
STYLES = Spec("stylegan2", z_dim=4, w_dim=8, num_ws=6, resolution=16, channels=3, truncation="w")


def direction(seed: int = 0, space: str = "z", **about) -> Direction:
    return Direction.of(np.random.RandomState(seed).randn(8), space, **{"name": f"d{seed}", **about})


def test_directions_come_back_from_json_with_their_arrays() -> None:
    part = Directions(
        (
            Found(direction(1, origin="PCA", score=0.25), REF, "300 samples"),
            Found(direction(2, "w", layers=(0, 2)), REF),
        ),
        liked=(Recipe(REF, Seed(1)),),
        disliked=(Recipe(REF, Vector.of(np.ones(8))),),
    )
    again = Directions.from_json(json.loads(json.dumps(part.to_json())), part.arrays)
    assert again == part
    assert len(part.arrays) == 3 and again.found[0].direction.array is part.found[0].direction.array
    assert part.recipes == (*part.liked, *part.disliked)


@pytest.mark.parametrize(
    "data",
    [
        [],
        {"found": {}},
        {"found": [{"direction": {}, "model": {}}]},
        {"found": [{"direction": None, "model": {"name": "a/b", "digest": ""}}]},
        {"found": [], "surprise": 1},
        {"liked": [{}]},
        {"found": [None] * 2000},
    ],
)
def test_what_is_not_as_expected_is_refused(data) -> None:
    with pytest.raises(GanvizError):
        Directions.from_json(data, {})


def test_found_directions_are_added_once_each_with_a_name_of_its_own() -> None:
    first = Found(direction(1, name="PCA 1"), REF)
    part = Directions().with_found([first, first])
    assert part.found == (first,)
    other = Found(direction(2, name="PCA 1"), REF)
    foreign = Found(direction(1, name="PCA 1"), ModelRef("other", "d2"))
    names = [item.direction.name for item in part.with_found([other, foreign]).found]
    assert names == ["PCA 1", "PCA 1 (2)", "PCA 1"]


def test_a_picture_is_offered_the_directions_of_its_model_and_those_that_it_goes_along() -> None:
    own, foreign = Found(direction(1), REF), Found(direction(2), ModelRef("other", "d2"))
    earlier = Found(direction(3), ModelRef("tiny", "d0"))
    wrong = Found(Direction.of(np.ones(3), "z"), ModelRef("tiny", "d0"))
    part = Directions((own, foreign, earlier, wrong))
    assert part.offered(Recipe(REF), PLAIN) == (own, earlier)
    moved = with_amount(with_amount(Recipe(REF), own.direction, 1), direction(9), 2)
    extra = part.offered(moved, PLAIN)[2:]
    assert [(item.direction, item.model) for item in extra] == [(direction(9), REF)]
    renamed = replace(own, direction=replace(own.direction, name="smile"))
    assert part.replaced(own, renamed).found[0] == renamed
    assert part.without([own, foreign]).found == (earlier, wrong)


def test_a_recipe_goes_along_a_direction_by_an_amount() -> None:
    one, two = direction(1), direction(2)
    recipe = Recipe(REF)
    assert amount_of(recipe, one) == 0
    recipe = with_amount(with_amount(recipe, one, 1.5), two, -1)
    assert (amount_of(recipe, one), amount_of(recipe, two)) == (1.5, -1)
    recipe = with_amount(recipe, one, 3)
    assert [move.amount for move in recipe.moves] == [3, -1]
    assert with_amount(recipe, one, 0).moves == recipe.moves[1:]
    assert with_amount(with_amount(recipe, one, 0), two, 0) == Recipe(REF)
    assert with_amount(Recipe(REF), one, 0) == Recipe(REF)


def test_the_same_vector_for_other_layers_is_another_direction() -> None:
    low, high = direction(1, "w", layers=(0, 1)), direction(1, "w", layers=(4, 5))
    recipe = with_amount(with_amount(Recipe(REF), low, 1), high, 2)
    assert (amount_of(recipe, low), amount_of(recipe, high)) == (1, 2)


def test_a_new_name_or_range_of_layers_follows_into_the_recipe() -> None:
    old = direction(1, "w")
    new = direction(1, "w", name="smile", layers=(2,))
    recipe = with_direction(with_amount(Recipe(REF), old, 2), old, new)
    assert recipe.moves[0].direction.name == "smile" and recipe.moves[0].reach == (2,)
    assert with_direction(Recipe(REF), old, new) == Recipe(REF)


def test_a_sheet_shows_each_direction_from_minus_to_plus_three_sigma() -> None:
    one, two = direction(1), direction(2)
    recipe = with_amount(with_amount(Recipe(REF, psi=0.7), one, 5), two, 4)
    sheet = direction_sheet(recipe, [one, two], labels=True)
    assert (sheet.rows, sheet.columns, sheet.labels) == (2, 7, True)
    assert sheet.row_headings == ("d1", "d2") and sheet.column_headings[0] == "-3" and sheet.column_headings[3] == "0"
    first, second = sheet.cells[:7], sheet.cells[7:]
    assert [amount_of(cell, one) for cell in first] == [-3, -2, -1, 0, 1, 2, 3]
    assert {amount_of(cell, two) for cell in first} == {4} and {amount_of(cell, one) for cell in second} == {5}


def test_the_sheet_is_drawn_along_the_direction(tiny_checkpoint: Path) -> None:
    renderer = Renderer("cpu")
    ref = renderer.load(tiny_checkpoint).ref
    step = np.zeros(8)
    step[2] = 1
    sheet = direction_sheet(Recipe(ref, Seed(3)), [Direction.of(step, "z")], (-1, 0, 1))
    drawn = renderer.render_all(sheet.recipes)
    z = np.random.RandomState(3).randn(8)
    for frame, amount in zip(drawn, (-1, 0, 1), strict=True):
        by_hand = renderer.render(Recipe(ref, Vector.of(z + amount * step)))
        assert np.abs(frame.pixels.astype(int) - by_hand.pixels).max() <= 1


def test_scores_count_sigmas_from_the_mean() -> None:
    step = np.array([0.0, 2.0, 0, 0, 0, 0, 0, 0])
    latents = np.zeros((3, 8), np.float32)
    latents[:, 1] = (1, 5, 9)
    assert scores(latents, Direction.of(step, "z")).tolist() == [-2, 0, 2]
    whole = np.stack([step, 3 * step, 5 * step])
    assert scores(latents, Direction.of(whole, "w", layers=(0, 1))).tolist() == [-1, 0, 1]


def test_a_direction_is_parted_from_others_that_it_shares_something_with() -> None:
    random = np.random.RandomState(0)
    smile = Direction.of(random.randn(8), "z", name="smile", origin="labelled", sigma=3.0, score=0.9)
    others = [Direction.of(random.randn(8), "z", name=name) for name in ("age", "pose")]
    others.append(replace(others[0], name="age again"))
    left = parted(smile, others)
    assert left.name == "smile without age, pose, age again" and left.origin == "labelled" and left.score is None
    assert all(abs(left.array @ other.array) < 1e-5 for other in others)
    assert left.array @ smile.array > 0 and left.sigma == pytest.approx(np.linalg.norm(left.array), rel=1e-5)
    assert np.allclose(parted(left, others).array, left.array, atol=1e-6)


def test_directions_for_other_layers_or_spaces_are_not_parted() -> None:
    coarse, fine = direction(1, "w", layers=(0, 1)), direction(2, "w", layers=(4,))
    assert np.array_equal(parted(coarse, [fine]).array, coarse.array)
    with pytest.raises(GanvizError, match="d3 lives in z, d1 in w"):
        parted(coarse, [direction(3)])
    with pytest.raises(GanvizError, match="nothing is left of d1 without d1"):
        parted(coarse, [coarse])
    whole = Direction.of(np.random.RandomState(5).randn(6, 8), "w", name="own")
    left = parted(whole, [fine])
    assert np.abs(left.array @ fine.array).max() < 1e-5


def test_a_direction_says_why_it_does_not_fit_a_model() -> None:
    assert misfit(direction(), PLAIN) == "" and misfit(direction(space="w"), STYLES) == ""
    assert "8 long, the model's z is 4" in misfit(direction(), STYLES)
    assert "style input 7" in misfit(direction(space="w", layers=(0, 7)), STYLES)
    assert "shape" in misfit(Direction.of(np.ones((3, 8)), "w"), STYLES)
    assert misfit(Direction.of(np.ones((6, 8)), "w"), STYLES) == ""
    assert "not here" in misfit(Direction("digest", "z"), PLAIN)
