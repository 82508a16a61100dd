import pytest
from PySide6.QtWidgets import QWidget

from app.ahead import Ahead


class Slow:
    """A page of so many steps."""

    def __init__(self, steps: int, log: list[str], name: str) -> None:
        self.steps, self.log, self.name = steps, log, name
        self.is_made = False

    def make_ahead(self):
        self.is_made = True
        for k in range(self.steps):
            self.log.append(f"{self.name}{k}")
            yield


@pytest.fixture
def make(qtbot):
    """A function that makes Ahead of pages with the given numbers of steps; its log says what was made."""
    parent = QWidget()
    qtbot.addWidget(parent)

    def make(*steps: int, at_rest=lambda: True):
        log: list[str] = []
        ahead = Ahead([Slow(count, log, "abc"[k]) for k, count in enumerate(steps)], at_rest, parent)
        return ahead, log

    return make


def test_pages_are_made_one_after_the_other_a_step_a_turn(make, qtbot):
    ahead, log = make(2, 0, 1)
    assert ahead.is_done
    ahead.begin()
    assert not ahead.is_done and not log
    ahead._touched = 0
    ahead._go_on()
    assert log == ["a0"]
    qtbot.waitUntil(lambda: ahead.is_done)
    assert log == ["a0", "a1", "c0"]


def test_nothing_is_made_while_the_window_has_better_things_to_do(make, qtbot):
    busy = [True]
    ahead, log = make(1, at_rest=lambda: not busy)
    ahead.begin()
    ahead._touched = 0
    ahead._go_on()
    assert not log and not ahead.is_done
    busy.clear()
    qtbot.waitUntil(lambda: ahead.is_done)
    assert log == ["a0"]


def test_a_touch_puts_it_off(make):
    ahead, log = make(2)
    ahead.begin()
    ahead._go_on()
    assert not log
    ahead._touched = 0
    ahead._go_on()
    ahead.touch()
    ahead._go_on()
    assert log == ["a0"]


def test_what_is_there_already_is_not_made_again(make, qtbot):
    ahead, log = make(1, 1)
    ahead._pages[0].is_made = True
    ahead.begin()
    qtbot.waitUntil(lambda: ahead.is_done)
    assert log == ["b0"]
    ahead.begin()
    ahead.stop()
    assert ahead.is_done
