import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.widgets.dimension_list import FIRST, POOL, DimensionList, matching


@pytest.fixture
def dimensions(qtbot):
    dimensions = DimensionList()
    qtbot.addWidget(dimensions)
    dimensions.set_count(512)
    dimensions.resize(300, 400)
    dimensions.show()
    qtbot.waitExposed(dimensions)
    return dimensions


def names(dimensions: DimensionList) -> list[str]:
    found = dimensions.findChildren(QWidget)
    return [w.objectName() for w in found if w.objectName().rsplit("-", 1)[-1].isdigit()]


def test_the_first_sixteen_sliders_exist_right_after_construction(qtbot):
    dimensions = DimensionList()
    qtbot.addWidget(dimensions)
    for k in range(FIRST):
        slider = dimensions.findChild(QWidget, f"latent-slider-{k}")
        assert slider is not None and slider.value() == 0.0


def test_a_model_of_eight_dimensions_hides_the_other_sliders(dimensions):
    dimensions.set_count(8)
    assert dimensions.findChild(QWidget, "latent-slider-7").isVisible()
    assert not dimensions.findChild(QWidget, "latent-slider-8").isVisible()


def test_scrolling_makes_the_rows_that_come_into_view_and_names_stay_unique(dimensions):
    assert dimensions.findChild(QWidget, "latent-slider-300") is None
    for k in range(0, 512, 7):
        dimensions.scroll_to(k)
        assert dimensions.findChild(QWidget, f"latent-slider-{k}").isVisible()
    found = names(dimensions)
    assert len(found) == len(set(found)) <= FIRST + POOL
    for k in range(FIRST):
        assert f"latent-slider-{k}" in found


def test_moving_a_slider_names_its_dimension_in_a_gesture(dimensions, heard):
    ears = heard(began=dimensions.began, value=dimensions.value_changed, ended=dimensions.ended)
    dimensions.scroll_to(300)
    dimensions.findChild(QWidget, "latent-slider-300").setValue(1.5)
    assert ears.said == [("began",), ("value", 300, 1.5), ("ended",)]
    assert dimensions.values() == {300: 1.5}


def test_a_row_that_was_used_for_another_dimension_shows_and_says_the_new_one(dimensions, heard):
    dimensions.set_values({500: -2.0})
    for k in range(16, 512, 10):
        dimensions.scroll_to(k)
    dimensions.scroll_to(500)
    slider = dimensions.findChild(QWidget, "latent-slider-500")
    assert slider.value() == -2.0
    ears = heard(value=dimensions.value_changed)
    slider.setValue(0.5)
    assert ears.of("value") == [(500, 0.5)]


def test_values_from_elsewhere_are_shown_in_silence(dimensions, heard):
    ears = heard(value=dimensions.value_changed)
    dimensions.set_values({3: 1.25})
    assert dimensions.findChild(QWidget, "latent-slider-3").value() == 1.25
    dimensions.set_values({})
    assert dimensions.findChild(QWidget, "latent-slider-3").value() == 0.0
    assert ears.names == []


def test_search_shows_one_or_a_range_or_what_was_moved(dimensions):
    dimensions.search.setText("30-32")
    assert dimensions.findChild(QWidget, "latent-slider-31").isVisible()
    assert not dimensions.findChild(QWidget, "latent-slider-0").isVisible()
    dimensions.set_values({400: 1.0})
    dimensions.search.setText("*")
    assert dimensions.findChild(QWidget, "latent-slider-400").isVisible()
    dimensions.search.setText("")
    assert dimensions.findChild(QWidget, "latent-slider-0").isVisible()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("37", [37]),
        ("30-33", [30, 31, 32, 33]),
        ("3, 60-99", [3, 60, 61, 62, 63]),
        ("z 5", [5]),
        ("999", []),
        ("", list(range(64))),
        ("x", []),
        ("z", list(range(64))),
        ("*", [2, 9]),
        ("1-999999999999", list(range(1, 64))),
    ],
)
def test_a_search_names_dimensions(text, found):
    assert matching(text, 64, {9: 1.0, 2: -1.0}) == found


def test_values_typed_beyond_the_track_are_kept(dimensions):
    slider = dimensions.findChild(QWidget, "latent-slider-1")
    slider.setValue(7.5)
    assert slider.value() == 7.5 and dimensions.values() == {1: 7.5}


def test_another_model_starts_at_zero(dimensions):
    dimensions.set_values({1: 1.0})
    dimensions.set_count(100)
    assert dimensions.values() == {}
    assert dimensions.findChild(QWidget, "latent-slider-1").value() == 0.0


def test_tab_goes_on_through_rows_that_were_not_in_view(dimensions, qtbot):
    dimensions.activateWindow()
    dimensions.search.setFocus()
    seen = []
    for _ in range(80):
        dimensions.focusNextPrevChild(True)
        seen.append(dimensions.focusWidget().objectName())
    wanted = [f"latent-slider-{k}{end}" for k in range(40) for end in ("", "-field")]
    assert seen == wanted


def test_a_search_that_means_nothing_says_so_and_esc_ends_it(qtbot):
    widget = DimensionList()
    qtbot.addWidget(widget)
    widget.show()
    for text in ("200", "40-30", "*", "foo"):
        widget.search.setText(text)
        assert widget.nothing.isVisible(), text
    qtbot.keyClick(widget.search, Qt.Key.Key_Escape)
    assert widget.search.text() == "" and not widget.nothing.isVisible()
