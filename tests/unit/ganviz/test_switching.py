import numpy as np
import pytest

from ganviz.edits import Direction, LayerNoise, Mix, Move, UnitEdit
from ganviz.expression import Mean, Offset, Seed, Vector
from ganviz.recipe import Noise, Recipe
from ganviz.spec import Code, Layer, Spec
from ganviz.switching import carry_over

STYLES = Spec("stylegan2", 8, 8, 4, 16, 3, truncation="w", layers=(Layer("a", 4, 8, (0, 1), noise=True),))
PLAIN = Spec("dcgan", 8, 8, 1, 16, 3, layers=(Layer("a", 4, 8),))
CLASSES = Spec("dcgan", 8, 11, 1, 16, 3, num_classes=3, layers=(Layer("a", 4, 8),))
CODES = Spec("infogan", 6, 9, 1, 16, 1, codes=(Code("digit", "categorical", 3),), truncation=None)
DEFAULTS = {
    "styles": Recipe("styles", psi=0.7),
    "plain": Recipe("plain"),
    "classes": Recipe("classes", label=(1.0, 0.0, 0.0)),
    "codes": Recipe("codes"),
}
SPECS = {"styles": STYLES, "plain": PLAIN, "classes": CLASSES, "codes": CODES}


def go(recipe: Recipe, old: str, new: str) -> tuple[Recipe, list[str]]:
    return carry_over(recipe, DEFAULTS[old], SPECS[old], DEFAULTS[new], SPECS[new])


@pytest.mark.parametrize("new", SPECS)
@pytest.mark.parametrize("old", SPECS)
def test_what_a_model_is_first_shown_with_drops_nothing(old: str, new: str) -> None:
    recipe, dropped = go(DEFAULTS[old], old, new)
    assert recipe == DEFAULTS[new]
    assert dropped == []


def test_seeds_go_to_any_model_and_vectors_only_to_one_of_the_same_form() -> None:
    blend = Mean((Seed(1), Seed(2, 0.5, 0.0)))
    assert go(Recipe("plain", blend), "plain", "styles")[0].latent == blend
    vector = Vector.of(np.ones(8))
    assert go(Recipe("plain", vector), "plain", "styles") == (DEFAULTS["styles"], ["the latent"])
    assert go(Recipe("plain", vector), "plain", "plain")[0].latent == vector
    assert go(Recipe("plain", Offset(Seed(1), ((7, 1.0),))), "plain", "codes")[1] == ["the latent"]


def test_styles_are_left_behind_by_a_model_that_has_none() -> None:
    along = Direction.of(np.ones(8), "w")
    rich = DEFAULTS["styles"].edit(
        psi=0.5,
        cutoff=2,
        psis=((0, 0.1),),
        noise=Noise("random", 3, (LayerNoise(0, 0.5),)),
        mixes=(Mix(Seed(4), (1,)),),
        moves=(Move(along, 1.0),),
        units=(UnitEdit(0, (1,)),),
    )
    recipe, dropped = go(rich, "styles", "plain")
    assert recipe == DEFAULTS["plain"].edit(psi=0.5)
    assert dropped == ["psi by layer", "the noise", "the style mix", "directions", "edits of units"]
    again, dropped = go(rich, "styles", "styles")
    assert (again, dropped) == (rich, [])


def test_classes_and_codes_go_where_they_have_the_same_form() -> None:
    assert go(DEFAULTS["classes"].edit(label=(0.0, 1.0, 0.0)), "classes", "plain")[1] == ["the class"]
    coded = DEFAULTS["codes"].edit(codes=(("digit", (0.0, 1.0, 0.0)),))
    assert go(coded, "codes", "codes") == (coded, [])
    assert go(coded, "codes", "plain")[1] == ["the codes"]
    assert go(DEFAULTS["plain"].edit(psi=0.5), "plain", "codes")[1] == ["psi"]
