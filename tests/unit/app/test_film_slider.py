import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractSlider

from app.widgets.film_slider import CELL, FilmSlider

STOPS = [64, 128, 1_000, 50_000]


@pytest.fixture
def slider(qtbot):
    """Four stops on 280 px, at the last one."""
    slider = FilmSlider("snapshot", "Images seen", "Another time")
    qtbot.addWidget(slider)
    slider.resize(280, slider.sizeHint().height())
    slider.set_stops(STOPS)
    slider.show_value(50_000)
    slider.show()
    return slider


def place(slider: FilmSlider, index: int) -> QPoint:
    """Where a stop is, on the film."""
    return QPoint(round(slider._x_of(slider.stops()[index])), 10)


def test_the_value_is_always_a_stop_the_nearest_one(slider, heard):
    ears = heard(began=slider.began, value=slider.valueChanged, ended=slider.ended)
    slider.setValue(600)
    assert slider.value() == 1_000 and ears.names == ["began", "value", "ended"]
    slider.setValue(96)
    assert slider.value() == 64, "the lower of two"
    for value in (-5, 0, 1e9):
        slider.setValue(value)
    assert slider.value() == 50_000 and ears.of("value") == [(1_000,), (64,), (50_000,)]


def test_stops_stand_at_equal_distances_and_a_click_on_the_film_goes_to_the_nearest(slider, qtbot, heard):
    distances = np.diff([slider._x_of(stop) for stop in STOPS])
    assert np.allclose(distances, distances[0]) and np.isclose(distances[0], 280 / 4)
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=place(slider, 1) + QPoint(20, 0))
    assert slider.value() == 128
    ears = heard(began=slider.began, value=slider.valueChanged, ended=slider.ended)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=place(slider, 1))
    qtbot.mouseMove(slider, place(slider, 0))
    qtbot.mouseMove(slider, QPoint(1_000, 10))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(1_000, 10))
    assert ears.names == ["began", "value", "value", "ended"] and slider.value() == 50_000


def test_keys_wheel_and_assistive_technology_step_from_stop_to_stop(slider, qtbot, turn):
    qtbot.keyClick(slider, Qt.Key.Key_Left)
    assert slider.value() == 1_000
    qtbot.keyClick(slider, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert slider.value() == 128, "there is nothing finer"
    qtbot.keyClick(slider, Qt.Key.Key_Home)
    qtbot.keyClick(slider, Qt.Key.Key_Down)
    assert slider.value() == 64
    slider.setFocus()
    turn(slider, 2)
    assert slider.value() == 1_000
    assert (slider.minimum(), slider.maximum(), QAbstractSlider.value(slider)) == (0, 3, 2)
    QAbstractSlider.setValue(slider, 3)
    assert slider.value() == 50_000
    qtbot.keyClick(slider, Qt.Key.Key_Home)
    qtbot.mouseDClick(slider, Qt.MouseButton.LeftButton, pos=place(slider, 0))
    assert slider.value() == 50_000, "a double click goes to the newest"


def test_new_stops_keep_the_value_where_they_can_in_silence(slider, heard):
    slider.show_value(1_000)
    ears = heard(value=slider.valueChanged)
    slider.set_stops([*STOPS, 100_000])
    assert slider.value() == 1_000 and slider.default() == 100_000
    slider.set_stops([64, 50_000])
    assert slider.value() == 64 and not ears.said


def test_pictures_are_asked_for_once_and_again_when_they_are_out_of_date(slider, qtbot, heard, picture):
    ears = heard(needed=slider.needed)
    slider.invalidate()
    qtbot.waitUntil(lambda: len(ears.said) == 1)
    assert ears.of("needed") == [(STOPS,)] and not slider.complete()
    for stop in STOPS[:3]:
        slider.set_picture(stop, picture(stop))
    slider.set_failed(STOPS[3])
    slider.set_picture(999, picture(0))
    assert slider.complete()
    slider.invalidate()
    qtbot.waitUntil(lambda: len(ears.said) == 2)
    assert not slider.complete() and slider._pixels.keys() == set(STOPS[:3]), "the old ones stay until then"
    slider.clear_film()
    assert not slider._pixels
    slider.set_film(False)
    qtbot.waitUntil(slider.complete)
    assert slider.shown_stops() == []
    assert slider.sizeHint().height() < FilmSlider("a", "b", "c").sizeHint().height()
    slider.grab()


def test_of_many_stops_as_many_as_fit_have_a_picture_the_first_and_the_last_among_them(slider, picture):
    stops = list(range(100, 5_100, 100))
    slider.set_stops(stops)
    shown = slider.shown_stops()
    assert len(shown) == 280 // CELL and (shown[0], shown[-1]) == (100, 5_000)
    width = slider.width() / len(shown)
    for k, stop in enumerate(shown):
        assert abs(slider._x_of(stop) - (k + 0.5) * width) < width / 4, "each stands over its stop"
        slider.set_picture(stop, picture(k))
    slider.show_value(5_000)
    assert slider._x_of(5_000) < slider.width() - 10, "the handle is whole at the end"
    slider.grab()


def test_hovering_says_which_snapshot_it_is(slider):
    assert slider.tip_at(place(slider, 2).x()) == "1.00 kimg\nAnother time"
