from itertools import pairwise

import numpy as np
import pytest

from trainers.thinning import DENSITY, superfluous


def thinned(stream: list[int]) -> list[int]:
    """What is there at last when each of the stream's snapshots is taken in turn."""
    there: list[int] = []
    for seen in stream:
        there.append(seen)
        gone = set(superfluous(there))
        there = [kept for kept in there if kept not in gone]
    return there


def test_few_snapshots_all_stay() -> None:
    assert superfluous([5]) == [] and superfluous([5, 9]) == []
    assert thinned(list(range(0, 1600, 100))) == list(range(0, 1600, 100))


@pytest.mark.parametrize(("count", "most"), [(100, 42), (1000, 72), (10_000, 100)])
def test_a_long_run_keeps_the_first_the_recent_and_ever_fewer_of_the_old(count: int, most: int) -> None:
    steps = np.random.default_rng(0).integers(80, 120, count)  # no two quite as far apart
    stream = np.cumsum(steps).tolist()
    there = thinned(stream)
    assert len(there) <= most and there[0] == stream[0] and there[-15:] == stream[-15:]
    for before, after in pairwise(there):
        assert after - before <= max((stream[-1] - before) / DENSITY, 120), "the gap grows with age and no faster"


def test_a_run_that_was_stopped_goes_on_thinning_as_if_it_had_not_been() -> None:
    stream = list(range(100, 30_100, 100))
    half = thinned(stream[:150])
    assert superfluous(half) == [], "nothing more goes until something comes"
    for seen in stream[150:]:
        half = [kept for kept in (*half, seen) if kept not in set(superfluous([*half, seen]))]
    assert half == thinned(stream)
