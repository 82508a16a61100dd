import json

import numpy as np
import pytest

from ganviz.errors import GanvizError
from ganviz.expression import Lerp, Mapped, Mean, Offset, Seed, Slerp, Sum, Vector, offsets_of, space_of, with_offsets
from ganviz.recipe import ModelRef, Noise, Recipe, Sheet, arrays_of, check_writable, class_weights, describe

VECTOR = Vector.of(np.arange(4.0))
EXPRESSIONS = [
    Seed(5),
    Seed(4294967295, 0.25, -0.5),
    Seed(7, within=1.5),
    VECTOR,
    Vector.of(np.ones((2, 3)), "w"),
    Mapped(Seed(1)),
    Mean((Seed(1), Seed(2))),
    Sum(((1.0, Seed(1)), (-0.5, Mean((Seed(2), VECTOR))))),
    Lerp(Seed(1), Seed(2), 0.25),
    Slerp(Seed(1), Seed(2), 0.75),
    Offset(Seed(3), ((0, 1.5), (7, -2.0))),
]


@pytest.mark.parametrize("latent", EXPRESSIONS, ids=lambda latent: type(latent).__name__)
def test_a_recipe_survives_json_unchanged(latent) -> None:
    recipe = Recipe(
        ModelRef("m", "d" * 64),
        latent,
        label=(0.0, 1.0),
        codes=(("digit", (0.0, 1.0)), ("slant", (0.5,))),
        psi=0.7,
        cutoff=3,
        noise=Noise("random", 9),
    )
    text = json.dumps(recipe.to_json(), allow_nan=False)
    assert Recipe.from_json(json.loads(text), arrays_of(recipe)) == recipe
    assert hash(Recipe.from_json(json.loads(text), arrays_of(recipe))) == hash(recipe)


def test_a_plain_string_stands_for_a_reference_by_that_name() -> None:
    assert Recipe("faces").model == ModelRef("faces")


def test_vectors_are_read_only_copies_compared_by_their_numbers() -> None:
    array = np.arange(4.0)
    vector = Vector.of(array)
    array[0] = 99
    assert vector == VECTOR and vector.array[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        vector.array[0] = 1


def test_the_seed_plane_wraps_and_names_points_by_their_nearest_seed() -> None:
    assert Seed(10).moved(1, 1) == Seed(111)
    assert Seed(0).moved(-1, 0) == Seed(4294967295)
    assert Seed(10).moved(0.7, 0) == Seed(11, -0.3, 0.0)
    there_and_back = Seed(10).moved(0.3, 0.4).moved(-0.3, -0.4)
    assert there_and_back == Seed(10)


def test_corner_weights_are_bilinear_and_leave_out_what_does_not_count() -> None:
    assert Seed(7).corners() == ((7, 1.0),)
    corners = dict(Seed(7, 0.25, -0.5).corners())
    assert corners == {7: 0.375, 8: 0.125, 7 - 100 + 2**32: 0.375, 8 - 100 + 2**32: 0.125}


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, True])
def test_a_seed_outside_its_range_is_refused(seed) -> None:
    with pytest.raises(ValueError, match="seed: expected"):
        Seed(seed)


def test_an_expression_lives_in_w_as_soon_as_one_part_does() -> None:
    mixed = Sum(((1.0, Seed(1)), (1.0, Vector.of(np.ones((2, 3)), "w"))))
    assert space_of(Mean((Seed(1), Seed(2))), True) == "z"
    assert space_of(mixed, True) == "w" == space_of(Seed(1, 0.5), True) == space_of(Mapped(Seed(1)), True)
    assert space_of(mixed, False) == "z"


def test_offsets_replace_one_another_and_vanish_at_zero() -> None:
    moved = with_offsets(Seed(1), {3: 1.0, 1: 2.0})
    assert moved == Offset(Seed(1), ((1, 2.0), (3, 1.0)))
    assert offsets_of(moved) == {1: 2.0, 3: 1.0}
    assert with_offsets(moved, {1: 0.0}) == Seed(1)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "recipe: expected an object"),
        ({}, "recipe's model"),
        ({"model": {"name": "m"}, "latent": {"seed": -1}}, "seed"),
        ({"model": {"name": "m"}, "latent": {"seed": 1.5}}, "whole number"),
        ({"model": {"name": "m"}, "latent": {"seed": 1, "within": 0}}, "within"),
        ({"model": {"name": "m"}, "latent": {"seed": 1}, "psi": "x"}, "psi"),
        ({"model": {"name": "m"}, "latent": {"seed": 1}, "psi": float("nan")}, "psi"),
        ({"model": {"name": "m"}, "latent": {"seed": 1}, "wings": 2}, "'wings' is not known"),
        ({"model": {"name": "m"}, "latent": {"vector": "ab", "space": "z"}}, "not in this file"),
        ({"model": {"name": "m"}, "latent": {"eval": "1"}}, "not a kind"),
        ({"model": {"name": "m"}, "latent": {"mean": []}}, "not a kind"),
        ({"model": {"name": "m"}, "latent": {"seed": 1}, "label": "abc"}, "label"),
        ({"model": {"name": "m"}, "latent": {"seed": 1}, "noise": {"mode": "loud"}}, "loud"),
    ],
)
def test_a_recipe_that_is_not_one_is_refused_with_a_reason(data, words) -> None:
    with pytest.raises(GanvizError, match=words):
        Recipe.from_json(data)


def test_expressions_from_files_are_capped_in_depth_and_size() -> None:
    deep: dict = {"seed": 1}
    for _ in range(100):
        deep = {"mapped": deep}
    wide = {"mean": [{"seed": 1}] * 5000}
    for latent in (deep, wide):
        with pytest.raises(GanvizError, match="at most"):
            Recipe.from_json({"model": {"name": "m"}, "latent": latent})


def test_a_sheet_survives_json_and_stores_only_what_differs() -> None:
    base = Recipe(ModelRef("m", "d"), Seed(0), psi=0.5)
    sheet = Sheet((base, base.edit(latent=Seed(1)), None, base.edit(psi=1.0)), 2, ("a", "b", "", "c"), labels=True)
    data = json.loads(json.dumps(sheet.to_json()))
    assert data["cells"] == [{}, {"latent": {"seed": 1}}, None, {"psi": None}]
    assert Sheet.from_json(data) == sheet


def test_a_description_says_what_was_done() -> None:
    recipe = Recipe("m", Seed(1402, 0.31, -0.12), label=class_weights(1, 3), psi=0.7)
    assert describe(recipe, ("ant", "bee", "cat")) == "seed 1402 + (0.31, -0.12) · bee · psi 0.70"
    assert describe(recipe, ("0", "1", "2")) == "seed 1402 + (0.31, -0.12) · class 1 · psi 0.70"
    assert describe(Recipe("m", Offset(Seed(2), ((4, 1.0),)))) == "seed 2 · z4 +1.00"
    assert describe(Recipe("m", Sum(((0.8, Seed(2)), (0.6, Seed(9)))))) == "0.80 × seed 2 + 0.60 × seed 9"


def test_a_recipe_in_a_file_names_its_model_and_never_a_path() -> None:
    for name in ("/etc/passwd", "../model", "C:model", "\\\\host\\share"):
        with pytest.raises(GanvizError, match="got a path"):
            Recipe.from_json({"model": {"name": name}, "latent": {"seed": 0}})


def test_a_small_file_cannot_ask_for_endless_work() -> None:
    wide = {"mean": [{"seed": 1}] * 4000}
    base = {"model": {"name": "m"}, "latent": wide}
    sheet = Sheet.from_json({"base": base, "cells": [{}] * 5000, "columns": 10})
    assert all(cell.latent is sheet.cells[0].latent for cell in sheet.recipes), "the base's latent is read once"
    with pytest.raises(GanvizError, match="in one file"):
        Sheet.from_json({"base": base, "cells": [{"latent": wide}] * 100, "columns": 10})
    with pytest.raises(GanvizError, match="columns"):
        Sheet.from_json({"base": base, "cells": [{}], "columns": 65536})


def test_what_could_not_be_read_again_is_not_written() -> None:
    latent = Seed(0)
    for _ in range(70):
        latent = Mapped(latent)
    with pytest.raises(GanvizError, match="combined from too many"):
        check_writable(Recipe("m", latent))
    check_writable(Recipe("m", Mean((Seed(0),) * 4000)))


def test_what_a_sheets_cells_share_is_read_once() -> None:
    base = Recipe("m", label=(0.0,) * 60_000).to_json()
    sheet = Sheet.from_json({"base": base, "cells": [{}] * 20_000, "columns": 100})
    assert all(cell.label is sheet.cells[0].label for cell in sheet.recipes)
    unset = Sheet.from_json({"base": base, "cells": [{}, {"label": None}], "columns": 2})
    assert unset.cells[1].label is None
    with pytest.raises(GanvizError, match="not known"):
        Sheet.from_json({"base": base, "cells": [{"lable": None}], "columns": 1})


@pytest.mark.parametrize("by", [[[0.9, 1]], [[0, 1], [0, 2]], [[-1, 1]], [[0]], [0]])
def test_offsets_from_a_file_name_each_dimension_once(by) -> None:
    with pytest.raises(GanvizError):
        Recipe.from_json({"model": {"name": "m"}, "latent": {"offset": {"seed": 0}, "by": by}})
