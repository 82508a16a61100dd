import pytest
from PySide6.QtCore import Qt

from app.widgets.seed_field import SeedField
from ganviz.expression import Seed


@pytest.fixture
def seed(qtbot):
    field = SeedField()
    qtbot.addWidget(field)
    field.show()
    return field


def test_the_whole_range_of_32_bits_fits(seed, heard):
    ears = heard(value=seed.valueChanged)
    seed.setValue(2**32 - 1)
    assert seed.value() == 2**32 - 1
    assert seed.text() == "4294967295"
    assert ears.of("value") == [(2**32 - 1,)]


def test_typed_seeds_are_taken_on_enter(seed, qtbot, heard):
    ears = heard(began=seed.began, value=seed.valueChanged, ended=seed.ended)
    seed.selectAll()
    qtbot.keyClicks(seed, "1402")
    assert ears.names == []
    qtbot.keyClick(seed, Qt.Key.Key_Return)
    assert seed.value() == 1402
    assert ears.names == ["began", "value", "ended"]


def test_what_is_no_seed_cannot_be_typed(seed, qtbot):
    seed.selectAll()
    qtbot.keyClicks(seed, "-1x4294967296")
    qtbot.keyClick(seed, Qt.Key.Key_Return)
    assert seed.value() == 1429496729


def test_an_emptied_field_goes_back(seed, qtbot):
    seed.show_value(7)
    seed.selectAll()
    qtbot.keyClick(seed, Qt.Key.Key_Delete)
    qtbot.keyClick(seed, Qt.Key.Key_Return)
    assert seed.value() == 7 and seed.text() == "7"


def test_arrows_step_and_wrap_around(seed, qtbot):
    qtbot.keyClick(seed, Qt.Key.Key_Down)
    assert seed.value() == 2**32 - 1
    qtbot.keyClick(seed, Qt.Key.Key_Up)
    qtbot.keyClick(seed, Qt.Key.Key_Up)
    assert seed.value() == 1
    qtbot.keyClick(seed, Qt.Key.Key_PageUp)
    assert seed.value() == 101


def test_a_held_key_is_one_gesture(seed, qtbot, heard):
    ears = heard(began=seed.began, value=seed.valueChanged, ended=seed.ended)
    qtbot.keyPress(seed, Qt.Key.Key_Up)
    qtbot.keyPress(seed, Qt.Key.Key_Up)
    qtbot.keyRelease(seed, Qt.Key.Key_Up)
    assert ears.names == ["began", "value", "value", "ended"]


def test_showing_a_seed_says_nothing(seed, heard):
    ears = heard(value=seed.valueChanged)
    seed.show_value(99)
    assert seed.value() == 99 and seed.text() == "99" and ears.names == []


def test_a_point_of_the_seed_plane_can_be_typed(seed, qtbot):
    placed = []
    seed.placed.connect(placed.append)
    seed.selectAll()
    qtbot.keyClicks(seed, "1402@0.31/-0.12")
    qtbot.keyClick(seed, Qt.Key.Key_Return)
    assert placed == [Seed(1402, 0.31, -0.12)]
