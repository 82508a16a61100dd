"""The map under hands: wheel, drag, box, path, keys."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from app import theme
from app.widgets.map_view import MapView
from ganviz.latent_map import LatentMap, MapSettings
from ganviz.recipe import ModelRef, Recipe


@pytest.fixture
def made() -> LatentMap:
    """A grid of 7 by 7 points."""
    line = np.linspace(-1, 1, 7)
    points = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    return LatentMap.of(MapSettings(count=49, first=10), Recipe(ModelRef("tiny", "d")), points)


@pytest.fixture
def view(qtbot, made) -> MapView:
    view = MapView("map-view", "Map", "Nothing yet")
    qtbot.addWidget(view)
    view.resize(500, 400)
    view.show()
    view.set_map(made)
    view.set_pictures(False)
    return view


def at(view: MapView, place: int) -> QPoint:
    return view.where(place).toPoint()


def drag(view: MapView, start: QPoint, *places: QPoint, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(view, left, modifiers, start)
    for place in places:
        QTest.mouseMove(view, place)
    QTest.mouseRelease(view, left, modifiers, places[-1])


def test_an_empty_map_says_what_to_do(qtbot):
    view = MapView("map-view", "Map", "Nothing yet")
    qtbot.addWidget(view)
    view.resize(300, 200)
    view.show()
    view.grab()
    assert view.complete() and view.point_at(QPointF(10, 10)) == -1
    QTest.keyClick(view, Qt.Key.Key_Right)


def test_a_click_chooses_the_point_under_the_mouse(view, heard):
    ears = heard(chosen=view.chosen, hovered=view.hovered)
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=at(view, 24))
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    assert ears.of("chosen") == [(24,)]
    QTest.mouseMove(view, at(view, 30))
    QTest.mouseMove(view, QPoint(3, 3))
    assert ears.of("hovered")[-2:] == [(30,), (-1,)]


def test_the_wheel_zooms_about_the_mouse_and_dragging_moves(view, turn):
    before = view.where(30)
    turn(view, 2)
    assert view.plane.zoom > 1.4
    centre = view.where(24)
    drag(view, QPoint(100, 100), QPoint(130, 100), QPoint(160, 120))
    assert (view.where(24) - centre).x() == pytest.approx(60, abs=1)
    view.fit()
    assert view.where(30) == before


def test_a_box_selects_and_ctrl_adds(view, heard):
    ears = heard(selection_changed=view.selection_changed)
    shift, both = (
        Qt.KeyboardModifier.ShiftModifier,
        Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier,
    )
    a, b, c = at(view, 0), at(view, 8), at(view, 48)
    drag(view, a + QPoint(-8, 8), a, b + QPoint(8, -8), modifiers=shift)
    assert view.selected == {0, 1, 7, 8}
    drag(view, c + QPoint(8, -8), c, c + QPoint(-8, 8), modifiers=both)
    assert view.selected == {0, 1, 7, 8, 48}
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, at(view, 8))
    assert view.selected == {0, 1, 7, 48} and len(ears.said) == 3
    view.set_tool("select")
    drag(view, QPoint(2, 2), QPoint(6, 30), QPoint(12, 20))
    assert view.selected == frozenset()


def test_a_path_is_told_in_the_plane(view, heard):
    ears = heard(path_drawn=view.path_drawn)
    view.set_tool("path")
    drag(view, at(view, 21), at(view, 22), at(view, 24), at(view, 27))
    ((path,),) = ears.of("path_drawn")
    assert np.allclose(path[0], (-1, 0), atol=0.01) and np.allclose(path[-1], (1, 0), atol=0.01)
    view.show_way([21, 24, 27])
    view.grab()
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.way == ()


def test_keys_reach_every_point(view, heard):
    ears = heard(chosen=view.chosen)
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Right)
    first = view.cursor_point
    QTest.keyClick(view, Qt.Key.Key_Up)
    assert first >= 0 and view.cursor_point == first + 7
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert view.selected == {view.cursor_point}
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert ears.of("chosen") == [(view.cursor_point,)]
    assert view.accessibleDescription() == f"seed {10 + view.cursor_point}"
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.plane.zoom > 1
    for _ in range(4):
        QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.rect().contains(at(view, view.cursor_point))
    QTest.keyClick(view, Qt.Key.Key_0)
    assert view.plane.fitted


def test_all_points_are_seen_as_large_as_there_is_room_until_somebody_zooms(view, made):
    view.set_map(LatentMap.of(made.settings, made.base, made.points * (0.1, 0.02) + (0.4, 0.3)))
    for width, height in ((500, 400), (300, 200)):
        view.resize(width, height)
        places = np.array([(view.where(k).x(), view.where(k).y()) for k in range(len(made.points))])
        assert (places > 0).all() and (places < (width, height)).all()
        assert np.ptp(places[:, 0]) > width * 0.7
    view.zoom_by(2)
    zoom = view.plane.zoom
    view.resize(500, 400)
    assert view.plane.zoom == zoom


@pytest.mark.parametrize("size", [(500, 400), (656, 470), (300, 620)])
def test_no_picture_of_a_map_that_fits_is_cut_off(view, made, size):
    outlier = np.vstack([made.points[:-1] * 0.3, [[1.0, 0.05]]])
    view.set_map(LatentMap.of(made.settings, made.base, outlier))
    view.set_pictures(True)
    view.resize(*size)
    places, half = view.plane.on_screen(view.plane.middles), view.plane.side() / 2
    assert len(places) > 3
    assert (places - half >= 0).all() and (places + half <= size).all()


def test_selected_points_without_a_picture_of_their_own_are_seen_as_dots(view, made):
    view.set_pictures(True)
    hidden = next(k for k in range(len(made.points)) if k not in view.plane.chosen)
    before = view.grab().toImage()
    view.select([hidden])
    where = view.where(hidden).toPoint()
    assert view.grab().toImage().pixelColor(where) == theme.color("accent") != before.pixelColor(where)


def test_pictures_are_asked_for_in_view_and_stand_for_their_surroundings(view, heard, picture, qtbot):
    ears = heard(needed=view.needed)
    view.set_pictures(True)
    qtbot.waitUntil(lambda: bool(ears.said))
    (asked,) = ears.of("needed")[-1]
    assert 4 < len(asked) <= 49 and not view.complete()
    for place in asked:
        view.set_picture(place, picture(place))
    assert view.complete()
    view.grab()
    assert view.point_at(view.where(asked[0])) == asked[0]


def test_colours_and_selection_are_seen(view, qapp):
    colours = np.tile(np.array([10, 200, 30], np.uint8), (49, 1))
    view.set_colours(colours)

    def shown(place: int) -> tuple[int, int, int]:
        image = view.grab().toImage()
        ratio = image.devicePixelRatio()
        pixel = image.pixelColor((view.where(place) * ratio).toPoint())
        return pixel.red(), pixel.green(), pixel.blue()

    assert shown(24) == (10, 200, 30)
    view.select([0])
    assert shown(0) == (10, 200, 30) and shown(24) != (10, 200, 30)
    view.select([])
    view.set_colours(None)
    before = shown(24)
    theme.apply(qapp, "light")
    assert shown(24) != before


def test_another_map_begins_anew(view, made):
    view.select([1, 2])
    view.zoom_by(3)
    view.set_map(LatentMap.of(made.settings, made.base, made.points))
    assert view.selected == {1, 2}, "an equal map is the same"
    view.set_map(LatentMap.of(made.settings, made.base, made.points / 2))
    assert view.selected == frozenset() and view.plane.fitted
    assert np.allclose(view.plane.middle, view.made.points.mean(axis=0), atol=0.1)
