import pytest

from app import theme
from app.status import StatusBar, duration
from ganviz.jobs import Progress
from ganviz.memory import memory_bytes


@pytest.fixture
def status(qtbot):
    status = StatusBar()
    qtbot.addWidget(status)
    status.show()
    return status


def test_it_says_the_device_once_torch_is_there(status):
    assert status.device.text() == "starting …"
    status.set_device("cpu")
    assert status.device.text() == "CPU · float32"


def test_it_says_state_speed_and_memory(status, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("app.status.time.monotonic", lambda: clock[0])
    status.set_state("exact")
    status.frame_shown(20.0)
    assert status.status.text().startswith("exact · 20 ms · 50 fps · ")
    assert status.status.text().endswith(" MB")
    for _ in range(10):
        clock[0] += 0.1
        status.frame_shown(20.0)
    assert "10 fps" in status.status.text()
    clock[0] += 60
    status.frame_shown(8.25)
    assert "8.2 ms · 10 fps" in status.status.text()
    status.frame_shown(0)
    assert " ms" not in status.status.text(), "nobody measured it"
    status.set_state("rendering")
    assert status.status.text().startswith("rendering")


def test_a_model_that_takes_seconds_is_not_said_to_stand_still(status):
    status.frame_shown(5000.0)
    assert "5000 ms · 0.2 fps" in status.status.text()


def test_long_work_has_a_bar_a_time_left_and_a_cancel(status, monkeypatch, heard):
    clock = [0.0]
    monkeypatch.setattr("app.status.time.monotonic", lambda: clock[0])
    ears = heard(cancelled=status.cancelled)
    assert not status.bar.isVisible() and not status.cancel_button.isEnabled()
    status.begin_job("Exporting walk.mp4")
    assert status.bar.isVisible() and status.work.text() == "Exporting walk.mp4 …"
    clock[0] = 10
    status.show_progress(Progress(50, 200, "drawing frames"))
    assert status.bar.value() == 50 and status.bar.maximum() == 200
    assert status.work.text() == "Exporting walk.mp4 · 50 of 200 · 30 s left"
    status.cancel_button.click()
    assert ears.names == ["cancelled"]
    status.end_job()
    assert not status.bar.isVisible()
    status.show_progress(Progress(60, 200))
    assert not status.bar.isVisible()


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0 s"), (59, "59 s"), (125, "2:05 min"), (5400, "1:30 h")])
def test_durations_are_said_for_people(seconds, said):
    assert duration(seconds) == said


def test_memory_is_that_of_a_process_with_qt_in_it():
    assert 20e6 < memory_bytes() < 64e9


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_dot_wears_the_colour_of_the_state_and_follows_the_theme(status, qapp, name):
    theme.apply(qapp, name)
    for state, role in (("exact", "muted"), ("preview", "warning"), ("rendering", "accent"), ("exact", "muted")):
        status.set_state(state)
        image = status.dot.grab().toImage()
        seen = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
        assert theme.color(role).name() in seen


def test_the_state_may_change_with_every_picture_without_a_new_layout(status, qtbot):
    status.set_state("rendering failed")
    status.frame_shown(1234.0)
    status.layout().activate()
    line = status.status.parentWidget()
    place = line.geometry()
    status.set_state("exact")
    status.layout().activate()
    assert line.geometry() == place
    assert status.status.geometry().right() == line.rect().right(), "it ends where it did"
    gap = status.status.x() - status.dot.geometry().right()
    assert 0 < gap <= 10, "the dot stands beside it"


def test_the_time_left_is_that_of_the_part_that_is_being_counted(status, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("app.status.time.monotonic", lambda: clock[0])
    status.begin_job("Reading the training data")
    clock[0] = 100
    status.show_progress(Progress(0, 0, "opening the data"))
    clock[0] = 110
    status.show_progress(Progress(10, 40))
    assert status.work.text().endswith("10 of 40 · 30 s left")
    clock[0] = 140
    status.show_progress(Progress(40, 40))
    clock[0] = 142
    status.show_progress(Progress(20, 2000))
    assert status.work.text().endswith("20 of 2000 · 3:18 min left")
