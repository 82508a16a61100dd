import json
from pathlib import Path

import numpy as np
import pytest

from ganviz import cli
from ganviz.blending import blend
from ganviz.checkpoint import read_header
from ganviz.edits import Direction, LayerNoise, Mix, Move, UnitEdit
from ganviz.errors import GanvizError
from ganviz.expression import Lerp, Seed, Slerp
from ganviz.recipe import ModelRef, Noise, Recipe, arrays_of
from ganviz.session import Kept, Session, load_session, save_session
from ganviz.timeline import Keyframe, Timeline
from ganviz.walk import MAX_FRAMES, Walk, WalkRecipes

A, B, C = (Recipe(ModelRef("m", "d"), Seed(seed)) for seed in (1, 2, 3))
THREE = Timeline((Keyframe(A, 5), Keyframe(B, 10, "hold"), Keyframe(C, 30)))


def test_each_keyframe_stands_at_its_own_frame() -> None:
    recipes = THREE.walk_recipes(Walk(41), has_mapping=False)
    assert [recipes[frame] for frame in (0, 5, 10, 29, 30, 40)] == [A, A, B, B, C, C]
    assert recipes[6].latent == Slerp(A.latent, B.latent, 0.2)
    assert recipes.places() == (5.0, 10.0, 30.0)


def test_a_loop_leads_from_the_last_keyframe_over_the_end_to_the_first() -> None:
    recipes = THREE.walk_recipes(Walk(40, loop=True), has_mapping=True)
    assert recipes[30] == C
    assert recipes[35].latent == Lerp(C.latent, A.latent, 5 / 15) or recipes[35].latent.t == pytest.approx(5 / 15)
    assert recipes[0].latent.t == pytest.approx(10 / 15)
    assert recipes[5] == A


def test_evenly_spread_keyframes_walk_as_without_places() -> None:
    walk = Walk(61)
    even = Timeline.evenly((A, B, C), walk)
    assert [item.frame for item in even.keyframes] == [0, 30, 60]
    assert list(even.walk_recipes(walk, False)) == list(WalkRecipes((A, B, C), walk, False))
    crowded = Timeline.evenly(tuple(Recipe("m", Seed(k)) for k in range(5)), Walk(3))
    assert [item.frame for item in crowded.keyframes] == [0, 1, 2, 3, 4]


def test_keyframes_are_put_moved_eased_and_removed() -> None:
    timeline = Timeline().put(B, 20).put(A, 0).put(C, 40)
    assert timeline.recipes == (A, B, C)
    assert timeline.put(C, 20).recipes == (A, C, C)
    assert [item.frame for item in timeline.move(0, 20).keyframes] == [20, 21, 40], "a frame that is taken is passed by"
    assert timeline.move(0, 25).recipes == (B, A, C)
    assert timeline.move(2, -4).keyframes[1].frame == 20
    late = Timeline().put(A, 0).put(B, MAX_FRAMES - 1)
    assert late.move(0, MAX_FRAMES) == late, "there is no frame beyond the last one"
    assert late.move(1, MAX_FRAMES + 7) == late and late.move(1, -7).recipes == (A, B)
    assert timeline.ease(1, "ease-in").keyframes[1].easing == "ease-in"
    assert timeline.remove(1).recipes == (A, C)
    assert [item.frame for item in timeline.stretched(41, 81).keyframes] == [0, 40, 80]
    assert [item.frame for item in timeline.stretched(41, 3).keyframes] == [0, 1, 2]
    late = Timeline(tuple(Keyframe(A, frame) for frame in (0, 57, 58, 59)))
    assert [item.frame for item in late.stretched(60, 5).keyframes] == [0, 2, 3, 4]
    with pytest.raises(GanvizError, match="at least a frame for each of 3 keyframes, got 2"):
        timeline.stretched(41, 2)


def test_a_free_frame_is_the_next_one_or_at_the_end_of_all_walks_the_last_one_before() -> None:
    recipe, last = Recipe(ModelRef("m"), Seed(1)), MAX_FRAMES - 1
    timeline = Timeline(tuple(Keyframe(recipe, frame) for frame in (0, 1, 30, last - 1, last)))
    assert [timeline.free(frame) for frame in (0, 1, 2, 30)] == [2, 2, 2, 31]
    assert [timeline.free(frame) for frame in (last - 1, last, last + 30)] == [last - 2] * 3
    assert Timeline().free(last + 1) == last


@pytest.mark.parametrize(
    "data",
    [
        {},
        [{"recipe": A.to_json(), "frame": -1}],
        [{"recipe": A.to_json(), "frame": 3}, {"recipe": A.to_json(), "frame": 3}],
        [{"recipe": A.to_json(), "frame": 3, "easing": "bounce"}],
        [{"recipe": A.to_json(), "frame": 3, "easing": 7}],
        [{"recipe": A.to_json(), "frame": True}],
        [{"recipe": A.to_json(), "frame": 3, "speed": 1}],
        [{"recipe": A.to_json(), "frame": k} for k in range(5000)],
    ],
)
def test_timelines_that_cannot_be_are_one_clear_error(data) -> None:
    with pytest.raises(GanvizError):
        Timeline.from_json(data)


def test_a_walk_too_short_for_its_keyframes_says_so() -> None:
    with pytest.raises(GanvizError, match="frame 30"):
        THREE.walk_recipes(Walk(30), has_mapping=False)


def test_a_session_keeps_its_timeline_and_the_command_walks_it(tiny_checkpoint: Path, tmp_path: Path) -> None:
    ref = read_header(tiny_checkpoint).ref
    recipes = [Recipe(ref, Seed(seed)) for seed in (1, 2, 3)]
    timeline = Timeline((Keyframe(recipes[0], 0), Keyframe(recipes[1], 2), Keyframe(recipes[2], 7)))
    session = Session(recipes[0], (Kept(recipes[2]),), Walk(8), timeline=timeline)
    save_session(tmp_path / "s.ganviz", session)
    assert load_session(tmp_path / "s.ganviz") == session
    assert json.loads(json.dumps(Session.from_json(session.to_json()).to_json())) == session.to_json()
    assert session.keyframes == tuple(recipes)
    assert cli.main(["info", str(tiny_checkpoint)]) == 0
    from ganviz import catalog

    catalog.remember(tiny_checkpoint)
    assert cli.main(["walk", "--session", str(tmp_path / "s.ganviz"), "--out", f"{tmp_path / 'frames'}/"]) == 0
    assert len(list((tmp_path / "frames").glob("*.png"))) == 8


ALONG, OTHER = Direction.of(np.ones(4), "w", name="a"), Direction.of(np.zeros(4), "w", name="b")
RICH = A.edit(
    psi=0.5,
    psis=((1, 0.0),),
    mixes=(Mix(Seed(7), (0,), 0.5), Mix(Seed(8), (1,))),
    moves=(Move(ALONG, 1.0), Move(OTHER, 2.0)),
    units=(UnitEdit(0, (1,), 0.0, 4.0),),
    noise=Noise("random", 3, (LayerNoise(2, 0.0, 5),)),
)
PLAIN = A.edit(mixes=(Mix(Seed(7), (0,), 1.0),), moves=(Move(OTHER, 4.0),))


def test_edits_of_one_side_alone_fade_and_those_of_both_are_blended() -> None:
    middle = blend(RICH, PLAIN, 0.25)
    assert middle.psi == 0.625
    assert middle.psis == ((1, 0.25),)
    assert [(mix.latent, mix.amount) for mix in middle.mixes] == [(Seed(7), 0.625), (Seed(8), 0.75)]
    assert [(move.direction.name, move.amount) for move in middle.moves] == [("a", 0.75), ("b", 2.5)]
    assert middle.units == (UnitEdit(0, (1,), 0.25, 3.0),)
    assert middle.noise == Noise("random", 3, (LayerNoise(2, 0.25, 5),))


def test_the_ends_of_a_blend_are_drawn_as_the_keyframes_are() -> None:
    assert blend(RICH, RICH, 0.3) == RICH
    start = blend(RICH, PLAIN, 0.0)
    assert start.mixes == (RICH.mixes[0], RICH.mixes[1])
    assert start.units == RICH.units
    assert set(arrays_of(start)) == {ALONG.digest, OTHER.digest}


def test_labels_that_do_not_fit_are_found_around_a_loop_too() -> None:
    keyframes = (A.edit(label=(1.0, 0.0)), B, C.edit(label=(1.0,)))
    with pytest.raises(GanvizError, match="labels of one length"):
        WalkRecipes(keyframes, Walk(9, loop=True), False)
    with pytest.raises(GanvizError, match="two of m"):
        WalkRecipes((A, B.edit(model=ModelRef("m", "other"))), Walk(9), False)
