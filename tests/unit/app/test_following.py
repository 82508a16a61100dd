import pytest

from app.following import Following
from ganviz.expression import Seed
from ganviz.recipe import Recipe
from ganviz.session import Session

A, B, C = (Session(Recipe("m", Seed(k))) for k in range(3))


@pytest.fixture
def followed(qapp):
    seen = []
    following = Following(lambda old, new: seen.append((old, new)))
    following.seen = seen
    return following


def test_what_may_not_lag_is_followed_at_once(followed):
    followed.changed(None, A, may_lag=True)
    followed.changed(A, B, may_lag=False)
    assert followed.seen == [(None, A), (A, B)]


def test_several_ticks_are_followed_together_once_the_picture_is_there(followed, qtbot):
    followed.changed(A, B, may_lag=True)
    followed.changed(B, C, may_lag=True)
    followed.picture_shown()
    assert followed.seen == [], "whoever waited for the picture comes first"
    qtbot.waitUntil(lambda: followed.seen == [(A, C)], timeout=1000)
    followed.picture_shown()
    assert followed.seen == [(A, C)] and not followed._timer.isActive()


def test_a_picture_that_takes_long_is_not_waited_for(followed, qtbot):
    followed.changed(A, B, may_lag=True)
    qtbot.waitUntil(lambda: followed.seen == [(A, B)], timeout=1000)


def test_the_end_of_a_gesture_and_any_other_edit_catch_up(followed):
    followed.changed(A, B, may_lag=True)
    followed.catch_up()
    assert followed.seen == [(A, B)]
    followed.changed(B, C, may_lag=True)
    followed.changed(C, A, may_lag=False)
    assert followed.seen == [(A, B), (B, A)] and not followed._timer.isActive()
