import gc

import pytest

from app.collector import Collector


@pytest.fixture
def collector(qapp):
    made = Collector()
    yield made
    made.stop()


def test_nothing_is_collected_before_it_begins_and_all_is_as_before_when_it_stops(collector: Collector) -> None:
    assert not gc.isenabled()
    assert not collector._timer.isActive()
    collector.begin()
    assert collector._timer.isActive() and gc.get_freeze_count() > 0
    collector.stop()
    assert gc.isenabled() and gc.get_freeze_count() == 0


def test_a_second_beginning_keeps_what_has_come_since_collectable(collector: Collector) -> None:
    collector.begin()
    frozen = gc.get_freeze_count()
    kept = [[] for _ in range(100)]
    collector.begin()
    assert gc.get_freeze_count() <= frozen and len(kept) == 100
