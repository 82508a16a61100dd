"""The one rule, on data whose right answers are known."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import hypergeom

from ganviz import copying
from ganviz.copying import Rule, Scale, is_more, judge, open_rule
from ganviz.datasets import open_dataset
from ganviz.errors import GanvizError
from ganviz.jobs import run
from ganviz.nearness import Near


def pictures(count: int, seed: int = 0) -> np.ndarray:
    """Soft pictures of one kind, uint8 (count, 16, 16, 1), spread as eight numbers are."""
    parts = np.repeat(np.repeat(np.random.RandomState(7).randn(8, 4, 4, 1), 4, 1), 4, 2).reshape(8, -1)
    chance = np.random.RandomState(seed)
    soft = 128 + 40 * chance.randn(count, 8) @ parts / 3 + 2 * chance.randn(count, 256)
    return soft.clip(0, 255).astype(np.uint8).reshape(count, 16, 16, 1)


@pytest.fixture
def rule(make_data) -> Rule:
    return run(open_rule(make_data(pictures(400))))


def near(distance: float) -> Near:
    return Near(0, distance, False, (1, -2))


def test_held_out_pictures_of_the_same_kind_are_called_near_no_oftener_than_left_out_ones(rule: Rule) -> None:
    verdicts = [rule.judge(picture).verdict for picture in pictures(300, seed=1)]
    assert rule.reals.near == 4, "a hundredth of 400"
    assert not is_more(300 - verdicts.count("new"), 300, rule.reals.near, len(rule.reals))
    assert not is_more(verdicts.count("copy"), 300, rule.reals.copies, len(rule.reals))


def test_copies_with_noise_mirrored_and_moved_are_copies_and_the_reason_is_the_rules_own(rule: Rule) -> None:
    images = np.asarray(rule.search.data.images)
    noisy = images[5] + np.random.RandomState(2).randint(-4, 5, images[5].shape)
    moved = np.roll(noisy[:, ::-1], 1, axis=1).clip(0, 255).astype(np.uint8)
    found = rule.judge(moved)
    assert (found.verdict, found.near.index, found.near.flipped) == ("copy", 5, True)
    fellow = rule.fellow(5)
    assert found.near.distance <= copying.COPIED * fellow
    assert f"whose own nearest fellow is {fellow:.1f} away" in found.reason
    assert "all 400 real images" in found.reason and "mirrored" in found.reason


def test_copies_of_images_that_are_there_twice_are_copies_all_the_same(make_data) -> None:
    images = pictures(200)
    doubled = run(open_rule(make_data(np.concatenate([images, images[:, :, ::-1]]))))
    assert doubled.reals.doublets == 400
    assert doubled.reals.pixel.reals[0] > copying.DOUBLET
    assert doubled.judge((images[3].astype(int) + 3).astype(np.uint8)).verdict == "copy"
    assert [doubled.judge(picture).verdict for picture in pictures(50, seed=1)].count("copy") <= 1


def test_reals_are_kept_and_damaged_ones_measured_again(make_data, monkeypatch) -> None:
    data = make_data(pictures(60))
    first = run(open_rule(data)).reals
    assert copying.is_ready(data)
    path = copying.scale_path(data, None)
    with monkeypatch.context() as patch:
        patch.setattr(copying, "_measure", lambda *_: pytest.fail("measured anew"))
        again = run(open_rule(data)).reals
    assert np.array_equal(again.pixel.reals, first.pixel.reals) and again.copies == first.copies
    for broken in (b"odd", np.full(10, -1.0).tobytes()):
        path.write_bytes(broken)
        assert not copying.is_ready(data)
        assert np.array_equal(run(open_rule(data)).reals.pixel.reals, first.pixel.reals)


def test_held_out_images_make_the_scale_but_for_those_that_are_in_the_data(make_data, tmp_path: Path) -> None:
    images = pictures(100)
    data = make_data(images)
    np.savez(tmp_path / "apart.npz", images=np.concatenate([pictures(20, seed=1), images[:5]]))
    found = run(open_rule(data, held_out=open_dataset(tmp_path / "apart.npz", 16, 1))).reals
    assert (len(found), found.doublets, found.held_out) == (25, 5, "apart")
    assert found.pixel.reals[0] > copying.DOUBLET
    with pytest.raises(GanvizError, match="held-out"):
        run(open_rule(data, held_out=open_dataset(tmp_path / "apart.npz", 8, 1)))


def test_the_verdict_goes_by_the_distances_and_the_words_never_claim_more() -> None:
    scale = Scale(np.linspace(10, 20, 1000), "grey levels")
    assert judge(near(15), "a.png", scale, None) == (
        "new",
        "new: no closer to the data than real images are (percentile 50)",
    )
    assert judge(near(4), "a.png", scale, 12.0) == (
        "copy",
        "likely a copy: 4.0 grey levels from a.png, moved by 2 px, whose own nearest fellow is 12.0 away; "
        "nearer than all 1,000 real images are to their nearest",
    )
    assert judge(near(4), "a.png", scale, 7.9)[0] == "close", "its fellow is about as near"
    verdict, reason = judge(near(10.005), "a.png", scale, 11.0)
    assert verdict == "close" and "nearer than 99.9 % of real images" in reason, "one of them is nearer"
    assert judge(near(10.5), "a.png", scale, 11.0)[0] == "new"
    assert judge(near(30), "a.png", scale, None)[1].startswith("new: farther from the data than any")
    assert [scale.is_near(distance) for distance in (4, 10.05, 10.5)] == [True, True, False]
    assert Scale(np.zeros(10), "").words(0.0) == "0.0 % of real images", "equals are no nearer"


@pytest.mark.parametrize(
    "counts", [(5, 100, 0, 400), (1, 8, 0, 121), (8, 8, 0, 121), (50, 1000, 40, 900), (3, 9, 3, 9)]
)
def test_more_than_by_chance_is_fishers_exact_test(counts: tuple[int, int, int, int]) -> None:
    count, of, reals, of_reals = counts
    chance = hypergeom.sf(count - 1, of + of_reals, count + reals, of)
    assert is_more(*counts) == (chance < copying.SURE)
