import numpy as np
import pytest
from PySide6.QtCore import QPoint

from app import theme
from app.widgets.plot import FOOT_WORDS, Curve, CurvePlot, Level


@pytest.fixture
def plot(qtbot):
    plot = CurvePlot("plot", "Losses", "What both minimise")
    qtbot.addWidget(plot)
    plot.resize(300, 200)
    plot.show()
    return plot


def test_a_plot_without_curves_says_so_and_one_with_gaps_is_drawn(plot):
    empty = plot.grab().toImage()
    x = np.arange(6.0)
    plot.show_curves([Curve("D", x, np.array([1, 2, np.nan, 4, np.nan, 5])), Curve("none", x[:0], x[:0])])
    assert [curve.name for curve in plot.curves()] == ["D"]
    assert plot.accessibleDescription() == "D 5.00"
    assert plot.grab().toImage() != empty
    plot.show_curves([Curve("D", x, np.full(6, np.nan))])
    plot.grab()
    assert plot.accessibleDescription() == "D –"


def test_a_level_widens_the_range_only_where_it_is_near(plot):
    x = np.linspace(0, 1000, 50)
    plot.show_curves([Curve("V", x, np.full(50, -1.2))], [Level(-1.386, "undecided"), Level(50, "far away")])
    low, high = plot._bounds[2:]
    assert low <= -1.386 and high < 1
    assert [level.text for level, _ in plot._visible_levels()] == ["undecided"]


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_a_logarithmic_plot_reaches_over_all_its_values(plot, qapp, mode):
    theme.apply(qapp, mode)
    wide = CurvePlot("wide", "Gradients", "Lengths", log=True)
    wide.resize(300, 200)
    wide.show_curves([Curve("G", np.arange(5.0), np.array([1e-4, 0.01, 0.0, 1.0, 300.0]))])
    assert wide._bounds[2] <= -4 and wide._bounds[3] >= 2
    wide.grab()


def test_the_key_says_the_value_under_the_mouse(plot, qtbot):
    plot.show_curves([Curve("D", np.array([0.0, 100.0]), np.array([1.0, 3.0]))])
    qtbot.mouseMove(plot, QPoint(60, 100))
    assert plot._mouse is not None and 0 <= plot._mouse < 50
    plot.grab()
    qtbot.mouseMove(plot, QPoint(5, 5))
    assert plot._mouse is None


@pytest.mark.parametrize(
    ("width", "texts"), [(400, ["real −5.09", "samples −6.59"]), (190, ["real −5.1", "samples −6.6"])]
)
def test_the_key_has_fewer_digits_and_then_none_where_there_is_little_room(plot, width, texts):
    plot.show_curves(
        [Curve(name, np.arange(2.0), np.array([0.0, y])) for name, y in (("real", -5.09), ("samples", -6.59))]
    )
    plot.resize(width, 200)
    assert plot._key_texts(lambda text: 6 * len(text)) == texts
    assert plot._key_texts(lambda text: 20 * len(text)) == ["real", "samples"]


def test_what_a_level_means_stands_where_no_curve_runs_through_it(plot):
    x = np.linspace(0, 1000, 200)
    falling = np.where(x < 500, 3.0, 0.2)
    plot.show_curves([Curve("W", x, falling)], [Level(0.0, "the data")])
    place = plot._room_for(50, plot._place(0, 0.0).y())
    assert not any(place.contains(point) for point in plot._points(plot.curves()[0]))
    assert place.center().x() < plot._field().center().x()
    plot.show_curves([Curve("W", x, falling[::-1])], [Level(0.0, "the data")])
    assert plot._room_for(50, plot._place(0, 0.0).y()).right() == plot._field().right(), "at the right where it can"


def test_where_curves_run_all_along_a_level_its_meaning_stands_in_the_foot(plot):
    plot.resize(600, 200)
    x = np.linspace(0, 1000, 40)
    plot.show_curves([Curve("W", x, np.where(x > 0, 0.2, 3.0))], [Level(0.0, "the data")])
    place = plot._room_for(50, plot._place(0, 0.0).y())
    assert place.top() > plot._field().bottom() and place.bottom() < plot.height()
    assert plot._field().left() + FOOT_WORDS < place.left()
    plot.grab()
