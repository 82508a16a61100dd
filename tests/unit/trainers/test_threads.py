from collections.abc import Callable

import pytest

from trainers import threads
from trainers.threads import BETWEEN_PROBES, FIRST_PROBE, PROBE, Threads


def trained(
    follower: Threads, speed: Callable[[int], float], applied: list[int], seconds: float, start: float
) -> float:
    """Let `seconds` of training pass in steps of half a second, as fast as `speed` of the threads in use."""
    now, seen = start, 0.0
    while now < start + seconds:
        now += 0.5
        seen += 0.5 * speed(applied[-1])
        follower.step(now, int(seen))
    return now


@pytest.fixture
def applied() -> list[int]:
    return []


def test_it_takes_the_count_that_is_measured_to_be_fastest(applied: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "default_threads", lambda asked: asked or 3)
    follower = Threads(0, True, 4, applied.append)
    assert applied == [3]
    now = trained(follower, lambda count: 100 * count, applied, FIRST_PROBE + 4 * PROBE, 0.0)
    assert sorted(set(applied)) == [1, 3, 4] and follower.count == applied[-1] == 4
    # Another program takes the machine: one thread is now much faster.
    trained(follower, lambda count: 90 if count == 1 else 3, applied, 2 * (BETWEEN_PROBES + 4 * PROBE), now)
    assert follower.count == applied[-1] == 1


def test_between_measurements_it_keeps_still(applied: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "default_threads", lambda asked: asked or 1)
    follower = Threads(0, True, 2, applied.append)
    now = trained(follower, lambda count: 100.0, applied, FIRST_PROBE + 4 * PROBE, 0.0)
    assert follower.count == 1, "of equals the fewest"
    tried = len(applied)
    trained(follower, lambda count: 100.0, applied, BETWEEN_PROBES / 2, now)
    assert len(applied) == tried


def test_a_count_that_was_asked_for_is_kept(applied: list[int]) -> None:
    follower = Threads(2, True, 4, applied.append)
    trained(follower, lambda count: 100.0 / count, applied, 2 * FIRST_PROBE, 0.0)
    assert applied == [2] and follower.count == 2


def test_a_run_that_is_to_repeat_keeps_its_first_count(applied: list[int]) -> None:
    follower = Threads(0, False, 4, applied.append)
    trained(follower, lambda count: 100.0 / count, applied, 2 * FIRST_PROBE, 0.0)
    assert len(applied) == 1
