import threading

import pytest

from ganviz.beside import Beside


def test_calls_are_made_in_their_order_beside_whoever_gives_them() -> None:
    made: list[tuple[int, bool]] = []
    here = threading.current_thread()
    with Beside(waiting=2) as beside:
        for number in range(50):
            beside.give(lambda number: made.append((number, threading.current_thread() is here)), number)
        beside.finish()
    assert made == [(number, False) for number in range(50)]


def test_no_more_calls_wait_than_may() -> None:
    begun, go = threading.Event(), threading.Event()
    with Beside(waiting=2) as beside:
        beside.give(lambda: (begun.set(), go.wait(30)))
        assert begun.wait(30)
        for _ in range(2):
            assert beside.has_room
            beside.give(lambda: None)
        assert not beside.has_room
        go.set()
        beside.finish()
        assert beside.has_room


def test_an_error_comes_back_to_who_gives_or_finishes_and_nothing_follows_it() -> None:
    made = []

    def fail() -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"), Beside() as beside:
        beside.give(fail)
        beside.give(made.append, 1)  # raised here or by what follows, as the thread gets to it
        beside.finish()
    assert made == []


def test_what_still_waits_is_forgotten_when_the_work_is_given_up() -> None:
    made: list[int] = []
    begun = threading.Event()

    def until_given_up(beside: Beside) -> None:
        begun.set()
        with beside._change:
            beside._change.wait_for(lambda: beside._ended, 30)

    with pytest.raises(KeyboardInterrupt), Beside() as beside:
        beside.give(until_given_up, beside)
        begun.wait(30)
        beside.give(made.append, 1)
        raise KeyboardInterrupt
    assert made == []
    assert not beside._thread.is_alive()
