import numpy as np
import pytest

from ganviz.smoothness import sample_frames, smoothness


def grey(value: int) -> np.ndarray:
    return np.full((4, 4, 3), value, np.uint8)


def test_frames_are_sampled_evenly_with_both_ends() -> None:
    assert sample_frames(5, 96) == (0, 1, 2, 3, 4)
    assert sample_frames(101, 5) == (0, 25, 50, 75, 100)
    assert sample_frames(2, 24) == (0, 1)


def test_the_change_is_told_for_each_frame_of_the_walk() -> None:
    steps = smoothness((0, 10, 20), [grey(0), grey(20), grey(30)])
    assert [(step.frame, step.change) for step in steps] == [(5, pytest.approx(2)), (15, pytest.approx(1))]


def test_a_sharp_jump_stands_out_and_an_even_walk_has_none() -> None:
    even = [grey(k) for k in range(50)]
    assert not any(step.jump for step in smoothness(range(50), even))
    jumping = [grey(0)] * 25 + [grey(200)] * 25
    assert [step.frame for step in smoothness(range(50), jumping) if step.jump] == [24.5]
    half = [grey(0)] * 25 + [grey(k) for k in range(25)]
    assert not any(step.jump for step in smoothness(range(50), half))
