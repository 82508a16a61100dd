import json
import math
from dataclasses import replace

import numpy as np
import pytest

from ganviz.errors import GanvizError
from ganviz.expression import Budget, Lerp, Mapped, Mean, Offset, Seed, Slerp, Sum, Vector, size_of
from ganviz.latent import w_of
from ganviz.recipe import Recipe
from ganviz.render import Renderer
from ganviz.spec import Spec
from ganviz.variations import Breeding, base_of, blended, children, linear, varied, with_base

A, B, C = Seed(1), Seed(2), Seed(3)
BASE = Recipe("m", A, psi=0.7)


def length(latent: Sum) -> float:
    return math.sqrt(sum(weight * weight for weight, _ in latent.terms))


def test_another_base_keeps_moved_dimensions() -> None:
    latent = Offset(A, ((2, -1.0),))
    assert base_of(latent) == A
    assert with_base(latent, B) == Offset(B, ((2, -1.0),))
    assert with_base(A, B) == B


def test_full_variation_is_the_new_seed_and_none_is_none() -> None:
    assert varied(A, 1.0, Seed(5, within=0.5), False) == Seed(5, within=0.5)
    assert varied(A, 0.0, B, False) == A


def test_a_variation_in_z_stays_as_long_as_it_was_however_often_it_is_repeated() -> None:
    latent = A
    for seed in range(200):
        latent = varied(latent, 0.3, Seed(seed), False)
        assert isinstance(latent, Sum)
        assert length(latent) == pytest.approx(1, abs=1e-4)
    assert len(latent.terms) < 62
    assert latent.terms[-1] == (pytest.approx(0.3, abs=0.01), Seed(199))
    long = varied(Sum(((1.0, A), (-1.0, B), (1.0, C))), 0.2, Seed(5), False)
    assert length(long) == pytest.approx(math.sqrt(3), abs=1e-4)
    assert [round(weight, 2) for weight, _ in long.terms] == [0.98, -0.98, 0.98, 0.35]


def test_a_variation_in_w_is_a_straight_blend_and_keeps_moved_dimensions() -> None:
    assert varied(Mapped(A), 0.25, B, True) == Sum(((0.75, Mapped(A)), (0.25, Mapped(B))))
    assert varied(Offset(A, ((0, 2.0),)), 0.6, B, True).values == ((0, 2.0),)


def test_blends_stay_flat_and_short_over_many_generations() -> None:
    for has_mapping in (True, False):
        pool = [Seed(k) for k in range(6)]
        for generation in range(40):
            a, b = pool[generation % 6], pool[(generation + 1) % 6]
            child = varied(blended([(0.5, a), (0.5, b)], has_mapping), 0.3, Seed(100 + generation), has_mapping)
            pool[generation % 6] = child
        assert size_of(child)[0] < 130 and size_of(child)[1] <= 2


def test_opened_sums_are_the_same_latent(tiny_stylegan2) -> None:
    generator = Renderer("cpu").load(tiny_stylegan2)
    vector = Vector.of(np.linspace(-1, 1, 48).reshape(6, 8), "w")
    for latent in (
        Lerp(Mapped(Lerp(A, B, 0.25)), Sum(((0.5, vector), (0.5, Mapped(A)))), 0.4),
        Mean((Slerp(A, B, 0.3), Mapped(Mean((Mapped(C), vector))))),
        Sum(((0.5, A), (-0.5, Lerp(A, C, 0.5)))),
        Lerp(Offset(Mapped(A), ((1, 1.0),)), Seed(4, 0.25), 0.5),
    ):
        parts = linear(latent, True)
        again = Sum(tuple(parts))
        recipe = Recipe(str(tiny_stylegan2), latent)
        a, b = w_of(recipe, generator), w_of(recipe.edit(latent=again), generator)
        assert a.numpy() == pytest.approx(b.numpy(), abs=1e-5)


def test_a_generation_is_the_same_again_and_another_by_its_number() -> None:
    sheet = children(BASE, (BASE,), 0.4, 7, 1, 9, True)
    assert sheet.columns == 3 and len(sheet.cells) == 9
    assert sheet.cells[0] == BASE
    assert children(BASE, (BASE,), 0.4, 7, 1, 9, True) == sheet
    latents = {cell.latent for cell in sheet.recipes}
    assert len(latents) == 9
    for other in (
        children(BASE, (BASE,), 0.4, 8, 1, 9, True),
        children(BASE, (BASE,), 0.4, 7, 2, 9, True),
    ):
        assert latents & {cell.latent for cell in other.recipes} == {A}
    gentle = children(BASE, (BASE,), 0.1, 7, 1, 9, True)
    assert [cell.latent.terms[-1][1] for cell in gentle.recipes[1:]] == [
        cell.latent.terms[-1][1] for cell in sheet.recipes[1:]
    ], "strength goes further along the same ways"


def test_several_parents_are_blended_by_shares_and_all_else_is_the_picture_s() -> None:
    a = BASE.edit(label=(1.0, 0.0), codes=(("digit", (1.0, 0.0)), ("slant", (1.0,))), psi=0.2)
    b = a.edit(latent=B, label=(0.0, 1.0), codes=(("digit", (0.0, 1.0)), ("slant", (-1.0,))))
    sheet = children(BASE, (a, b), 0.0, 3, 1, 4, True)
    assert sheet.cells[0].latent == Sum(((0.5, Mapped(A)), (0.5, Mapped(B))))
    assert sheet.cells[0].label == (0.5, 0.5) and sheet.cells[0].codes == (("digit", (0.5, 0.5)), ("slant", (0.0,)))
    assert {cell.psi for cell in sheet.recipes} == {0.7}
    shares = [cell.latent.terms[0][0] for cell in sheet.recipes]
    assert len(set(shares)) == 4
    for cell in sheet.recipes:
        assert sum(weight for weight, _ in cell.latent.terms) == pytest.approx(1)
        assert cell.label[0] == pytest.approx(cell.latent.terms[0][0], abs=1e-5)
    flat = children(BASE, (BASE, BASE.edit(latent=B)), 0.0, 3, 1, 4, False)
    assert all(length(cell.latent) == pytest.approx(1, abs=1e-4) for cell in flat.recipes)


def test_parents_of_other_classes_or_codes_leave_those_of_the_first() -> None:
    a = BASE.edit(label=(1.0, 0.0), codes=(("digit", (1.0, 0.0)),))
    blend = children(BASE, (a, BASE.edit(latent=B)), 0.0, 0, 0, 2, True).cells[0]
    assert blend.label == a.label and blend.codes == a.codes


def test_parents_from_another_model_leave_behind_what_this_one_does_not_have() -> None:
    other = Recipe("o", B, label=(0.0, 1.0), codes=(("digit", (1.0, 0.0)),))
    unfit = Recipe("o", Vector.of(np.ones(5)))
    sheet = Breeding((unfit, other)).sheet(BASE, Spec("x", 8, 8, 6, 16, 3))
    assert sheet.cells[0] == BASE.edit(latent=B)
    assert Breeding((unfit,)).sheet(BASE, Spec("x", 8, 8, 6, 16, 3)).cells[0] == BASE


def test_what_a_session_keeps_of_it_survives_json() -> None:
    vector = Vector.of(np.ones(8))
    kept = Breeding((BASE, BASE.edit(latent=vector)), 0.25, 9, 3, 25)
    data = json.loads(json.dumps(kept.to_json()))
    assert Breeding.from_json(data, {vector.digest: vector.array}, Budget()) == kept
    spec = Spec("x", 8, 8, 6, 16, 3)
    assert kept.sheet(BASE, spec) == children(BASE, kept.parents, 0.25, 9, 3, 25, True)
    assert Breeding().sheet(BASE, spec).cells[0] == BASE
    for wrong in ({"strength": 2}, {"count": 10**6}, {"seed": -1}, {"parents": [{}]}, {"wings": 1}):
        with pytest.raises(GanvizError):
            Breeding.from_json({**data, **wrong}, {vector.digest: vector.array}, Budget())
    assert replace(kept, generation=4) == kept.edit(generation=4)
