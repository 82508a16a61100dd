import threading

import pytest

from app.background import Background
from ganviz.errors import GanvizError


@pytest.fixture
def background():
    background = Background()
    yield background
    background.stop()


def test_work_is_done_elsewhere_and_answered_here(background, qtbot):
    here, answers = threading.get_ident(), []
    background.run(threading.get_ident, lambda there: answers.append((there, threading.get_ident())))
    assert not background.is_idle
    qtbot.waitUntil(lambda: background.is_idle)
    assert answers[0][0] != here and answers[0][1] == here


def test_failures_come_back_as_they_are(background, qtbot):
    failures = []

    def fail():
        raise GanvizError("file.x: expected something else")

    background.run(fail, lambda _: failures.append("done"), failures.append)
    qtbot.waitUntil(lambda: background.is_idle)
    assert [str(error) for error in failures] == ["file.x: expected something else"]


def test_after_stopping_nothing_is_answered(background, qtbot):
    answers = []
    background.run(lambda: 1, answers.append)
    background.stop()
    background.run(lambda: 2, answers.append)
    qtbot.wait(1)
    assert answers == []
