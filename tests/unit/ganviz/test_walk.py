"""Walks: positions, interpolation in each space, what is blended, and what is refused."""

import json

import numpy as np
import pytest

from ganviz.errors import GanvizError
from ganviz.expression import Lerp, Mapped, Offset, Seed, Slerp, Sum, Vector, expression_from_json, expression_to_json
from ganviz.latent import z_of
from ganviz.recipe import ModelRef, Noise, Recipe
from ganviz.spec import Spec
from ganviz.walk import EASINGS, Walk, WalkRecipes

MODEL = ModelRef("toy", "aa")
SPEC = Spec("dcgan", z_dim=32, w_dim=32, num_ws=1, resolution=16, channels=3)


def keyframes(*seeds: int) -> list[Recipe]:
    return [Recipe(MODEL, Seed(seed)) for seed in seeds]


def z(latent) -> np.ndarray:
    return z_of(latent, SPEC).numpy()[0]


def sharpest_turn(path: np.ndarray) -> float:
    """Degrees between one step and the next where the path (frames, z_dim) bends most."""
    steps = np.diff(path, axis=0)
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    return np.degrees(np.arccos((steps[1:] * steps[:-1]).sum(1))).max()


@pytest.mark.parametrize("frames", [2, 3, 7, 60, 61, 1000])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_the_first_and_the_last_frame_are_the_end_keyframes(frames, count):
    keys = keyframes(*range(count))
    recipes = WalkRecipes(keys, Walk(frames=frames), has_mapping=False)
    assert len(recipes) == len(list(recipes)) == frames
    assert recipes[0] == keys[0] and recipes[-1] == recipes[frames - 1] == keys[-1]


@pytest.mark.parametrize("easing", sorted(EASINGS))
@pytest.mark.parametrize("interpolation", ["linear", "slerp", "cubic"])
def test_frames_on_a_keyframe_are_that_keyframe_unchanged(easing, interpolation):
    keys = keyframes(1, 5, 9, 2)
    walk = Walk(frames=31, easing=easing, interpolation=interpolation)
    for has_mapping in (False, True):
        recipes = WalkRecipes(keys, walk, has_mapping)
        assert [recipes[k] for k in (0, 10, 20, 30)] == keys


def test_a_loop_leads_back_to_the_first_keyframe_without_repeating_it():
    keys = keyframes(1, 5, 9)
    recipes = WalkRecipes(keys, Walk(frames=30, loop=True), has_mapping=False)
    assert [recipes[k] for k in (0, 10, 20)] == keys
    assert recipes[29].latent == Slerp(Seed(9), Seed(1), pytest.approx(0.9))
    assert keys[0] not in list(recipes)[1:]


def test_keyframes_between_frames_are_passed_at_even_speed():
    walk = Walk(frames=60)
    assert walk.places(3) == (0.0, 29.5, 59.0)
    recipes = WalkRecipes(keyframes(1, 5, 9), walk, has_mapping=False)
    assert recipes[29].latent == Slerp(Seed(1), Seed(5), pytest.approx(58 / 59))
    assert recipes[30].latent == Slerp(Seed(5), Seed(9), pytest.approx(1 / 59))
    assert Walk(frames=30, loop=True).places(3) == (0.0, 10.0, 20.0)


def test_the_default_is_linear_in_w_with_a_mapping_network_and_slerp_in_z_without():
    keys = keyframes(1, 5)
    assert WalkRecipes(keys, Walk(frames=3), has_mapping=True)[1].latent == Lerp(Mapped(Seed(1)), Mapped(Seed(5)), 0.5)
    assert WalkRecipes(keys, Walk(frames=3), has_mapping=False)[1].latent == Slerp(Seed(1), Seed(5), 0.5)


@pytest.mark.parametrize(
    ("space", "interpolation", "has_mapping", "expected"),
    [
        ("z", None, True, Slerp(Seed(1), Seed(5), 0.5)),
        ("w", None, False, Lerp(Seed(1), Seed(5), 0.5)),
        ("z", "linear", True, Lerp(Seed(1), Seed(5), 0.5)),
        ("w", "slerp", True, Slerp(Mapped(Seed(1)), Mapped(Seed(5)), 0.5)),
    ],
)
def test_space_and_interpolation_can_be_chosen_apart(space, interpolation, has_mapping, expected):
    walk = Walk(frames=3, space=space, interpolation=interpolation)
    assert WalkRecipes(keyframes(1, 5), walk, has_mapping)[1].latent == expected


def test_a_latent_in_w_joins_a_walk_in_w_as_it_is_and_is_refused_in_z():
    point = Vector.of(np.ones((4, 8), np.float32), "w")
    keys = [Recipe(MODEL, Seed(1)), Recipe(MODEL, point)]
    assert WalkRecipes(keys, Walk(frames=3), has_mapping=True)[1].latent == Lerp(Mapped(Seed(1)), point, 0.5)
    with pytest.raises(GanvizError, match="keyframe 2 lives in w"):
        WalkRecipes(keys, Walk(frames=3, space="z"), has_mapping=True)


def test_equal_neighbours_stay_where_they_are():
    assert all(recipe.latent == Seed(3) for recipe in WalkRecipes(keyframes(3, 3), Walk(frames=9), has_mapping=False))


def test_cubic_in_w_is_the_catmull_rom_spline():
    recipes = WalkRecipes(keyframes(1, 2, 3, 4), Walk(frames=7, interpolation="cubic"), has_mapping=True)
    latent = recipes[3].latent
    assert isinstance(latent, Sum)
    assert [weight for weight, _ in latent.terms] == pytest.approx([-1 / 16, 9 / 16, 9 / 16, -1 / 16])
    assert [item for _, item in latent.terms] == [Mapped(Seed(k)) for k in (1, 2, 3, 4)]
    for recipe in recipes:
        if isinstance(recipe.latent, Sum):
            assert sum(weight for weight, _ in recipe.latent.terms) == pytest.approx(1)


def test_cubic_loops_are_periodic_and_open_ends_are_held():
    looped = WalkRecipes(keyframes(1, 2, 3, 4), Walk(frames=8, interpolation="cubic", loop=True), has_mapping=True)
    assert [item for _, item in looped[7].latent.terms] == [Mapped(Seed(k)) for k in (3, 4, 1, 2)]
    ends = WalkRecipes(keyframes(1, 2, 3), Walk(frames=5, interpolation="cubic"), has_mapping=True)
    assert ends[1].latent.terms == (
        (pytest.approx(1 / 2), Mapped(Seed(1))),
        (pytest.approx(9 / 16), Mapped(Seed(2))),
        (pytest.approx(-1 / 16), Mapped(Seed(3))),
    )


def test_cubic_in_z_keeps_the_length_of_its_keyframes_and_is_smooth_through_them():
    recipes = WalkRecipes(keyframes(1, 2, 3, 4), Walk(frames=91, interpolation="cubic", space="z"), has_mapping=False)
    path = np.stack([z(recipe.latent) for recipe in recipes])
    lengths = np.linalg.norm(path, axis=1)
    corners = lengths[::30]
    assert lengths.min() > 0.85 * corners.min() and lengths.max() < 1.15 * corners.max()
    corner = WalkRecipes(keyframes(1, 2, 3, 4), Walk(frames=91), has_mapping=False)
    assert sharpest_turn(path) < 15 < 60 < sharpest_turn(np.stack([z(recipe.latent) for recipe in corner]))
    assert np.abs(z(recipes[31].latent) - z(Seed(2))).max() < 0.3


def test_cubic_in_z_through_nearly_equal_keyframes_stays_near_them():
    keys = [Recipe(MODEL, Offset(Seed(1), ((0, k / 10),))) for k in range(1, 5)]
    recipes = WalkRecipes(keys, Walk(frames=31, interpolation="cubic"), has_mapping=False)
    for recipe in recipes:
        moved = z(recipe.latent) - z(Seed(1))
        assert -0.01 < moved[0] < 0.41 and np.abs(moved[1:]).max() < 1e-2


@pytest.mark.parametrize(
    ("easing", "expected"),
    [
        ("linear", [0, 0.25, 0.5, 0.75]),
        ("ease-in", [0, 0.0625, 0.25, 0.5625]),
        ("ease-out", [0, 0.4375, 0.75, 0.9375]),
        ("ease-in-out", [0, 0.125, 0.5, 0.875]),
        ("hold", [0, 0, 0, 0]),
    ],
)
def test_easing_shapes_the_speed_within_each_segment(easing, expected):
    keys = [Recipe(MODEL, Seed(1), psi=0.0), Recipe(MODEL, Seed(2), psi=1.0), Recipe(MODEL, Seed(3), psi=2.0)]
    recipes = WalkRecipes(keys, Walk(frames=9, easing=easing), has_mapping=False)
    assert [recipe.psi for recipe in recipes] == pytest.approx([*expected, *(1 + t for t in expected), 2])


def test_psi_label_and_codes_are_blended_and_the_rest_is_the_nearer_keyframes():
    a = Recipe(MODEL, Seed(1), (1.0, 0.0, 0.0), (("hair", (0.0, 1.0)), ("pose", (-1.0,))), 1.0, 2, Noise("random", 7))
    b = Recipe(MODEL, Seed(2), (0.0, 0.0, 1.0), (("pose", (1.0,)), ("age", (0.5,))), 0.5, 6, Noise())
    recipes = WalkRecipes([a, b], Walk(frames=5), has_mapping=True)
    near_a, middle = recipes[1], recipes[2]
    assert near_a.psi == pytest.approx(0.875) and near_a.label == pytest.approx((0.75, 0, 0.25))
    assert dict(near_a.codes) == {
        "hair": pytest.approx((0.25, 0.75)),  # towards category 0, where b leaves it out
        "pose": pytest.approx((-0.5,)),
        "age": pytest.approx((0.125,)),
    }
    assert (near_a.cutoff, near_a.noise) == (2, Noise("random", 7))
    assert (middle.cutoff, middle.noise) == (6, Noise())


def test_a_label_left_out_is_class_0():
    keys = [Recipe(MODEL, Seed(1)), Recipe(MODEL, Seed(1), label=(0.0, 1.0))]
    for order, expected in ((keys, (0.75, 0.25)), (keys[::-1], (0.25, 0.75))):
        assert WalkRecipes(order, Walk(frames=5), has_mapping=False)[1].label == pytest.approx(expected)
    assert WalkRecipes(keyframes(1, 2), Walk(frames=5), has_mapping=False)[1].label is None


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ([], "at least two keyframes, got 0"),
        (keyframes(4), "at least two keyframes, got 1"),
        ([Recipe(MODEL, Seed(1)), Recipe(ModelRef("other", "bb"), Seed(1))], "one model, got toy and other"),
        ([Recipe(MODEL, label=(1.0,)), Recipe(MODEL, label=(1.0, 0.0))], "labels of one length"),
        ([Recipe(MODEL, codes=(("c", (1.0,)),)), Recipe(MODEL, codes=(("c", (1.0, 0.0)),))], "code c of one size"),
    ],
)
def test_keyframes_that_do_not_go_together_are_refused(keys, message):
    with pytest.raises(GanvizError, match=message):
        WalkRecipes(keys, Walk(), has_mapping=False)


def test_a_model_named_without_digest_is_the_same_model():
    keys = [Recipe(ModelRef("toy"), Seed(1)), Recipe(MODEL, Seed(2))]
    assert len(WalkRecipes(keys, Walk(), has_mapping=False)) == 60


def test_a_million_frames_cost_no_memory_until_they_are_asked_for():
    recipes = WalkRecipes(keyframes(1, 2), Walk(frames=1_000_000), has_mapping=False)
    assert recipes[-1] == keyframes(2)[0] and recipes[500_000:500_002][1].latent.t == pytest.approx(0.5, abs=1e-5)
    with pytest.raises(IndexError):
        recipes[1_000_000]


def test_walk_frames_survive_json():
    recipes = WalkRecipes(keyframes(1, 2, 3), Walk(frames=10, interpolation="cubic"), has_mapping=False)
    for recipe in recipes:
        assert expression_from_json(json.loads(json.dumps(expression_to_json(recipe.latent)))) == recipe.latent


@pytest.mark.parametrize("walk", [Walk(), Walk(7, 23.976, "z", "cubic", "ease-in-out", True)])
def test_walk_json_round_trip(walk):
    assert Walk.from_json(json.loads(json.dumps(walk.to_json()))) == walk


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "expected an object"),
        ({"frames": 1}, "2 to 1000000 frames, got 1"),
        ({"frames": True}, "frames"),
        ({"frames": 10**9}, "frames"),
        ({"frames": 60.0}, "frames"),
        ({"fps": 0}, "fps"),
        ({"fps": float("nan")}, "fps"),
        ({"fps": "30"}, "fps"),
        ({"space": "x"}, "one of z, w; got 'x'"),
        ({"space": []}, "expected text"),
        ({"interpolation": "magic"}, "linear, slerp, cubic"),
        ({"easing": None}, "linear, ease-in"),
        ({"loop": 1}, "true or false"),
        ({"speed": 2}, "'speed' is not known here"),
    ],
)
def test_a_damaged_walk_says_what_was_expected(data, message):
    with pytest.raises(GanvizError, match=message):
        Walk.from_json(data)
