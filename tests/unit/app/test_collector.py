import gc
import sys

import pytest

from app.collector import MODULES, Collector


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


def test_what_a_library_brings_along_later_is_looked_through_once(collector: Collector, monkeypatch) -> None:
    collector.begin()
    frozen = gc.get_freeze_count()
    kept = [[] for _ in range(1000)]
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, 1_000_000))
    collector.collect()
    assert gc.get_freeze_count() <= frozen, "no library has come"
    for k in range(MODULES):
        monkeypatch.setitem(sys.modules, f"library.part{k}", sys)
    collector.collect()
    assert gc.get_freeze_count() > frozen + len(kept) / 2
    frozen = gc.get_freeze_count()
    collector.collect()
    assert gc.get_freeze_count() <= frozen, "once"
