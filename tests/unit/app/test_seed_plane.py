import pytest
from PySide6.QtCore import QPoint, Qt

from app.widgets.seed_plane import SeedPlane


@pytest.fixture
def plane(qtbot):
    """The plane around seed 1402, 298 x 122 px: cells of 58 x 38."""
    plane = SeedPlane()
    qtbot.addWidget(plane)
    plane.resize(298, 122)
    plane.set_point(1402, 0.31, -0.12)
    with qtbot.waitSignal(plane.needed):
        plane.show()
    return plane


def test_neighbours_are_one_to_the_side_and_a_hundred_below(plane):
    seeds = plane.seeds()
    assert len(seeds) == 15
    assert seeds[7] == 1402
    assert seeds[8] == 1403 and seeds[6] == 1401
    assert seeds[12] == 1502 and seeds[2] == 1302


def test_the_plane_wraps_around_at_both_ends(plane):
    plane.set_point(0, 0, 0)
    assert plane.seeds()[0] == 2**32 - 102
    plane.set_point(2**32 - 1, 0, 0)
    assert plane.seeds()[8] == 0


def test_missing_thumbnails_are_asked_for_once_nearest_first(plane, qtbot, picture, heard):
    plane.clear()
    with qtbot.waitSignal(plane.needed) as asked:
        pass
    assert asked.args[0][0] == 1402
    assert sorted(asked.args[0]) == sorted(plane.seeds())
    assert not plane.complete()
    for seed in asked.args[0]:
        plane.set_thumbnail(seed, picture(seed))
    assert plane.complete()
    with qtbot.waitSignal(plane.needed) as asked:
        plane.set_point(1403, 0, 0)
    assert sorted(asked.args[0]) == [1305, 1405, 1505]


def test_invalid_thumbnails_stay_on_screen_but_are_asked_for_again(plane, qtbot, picture):
    for seed in plane.seeds():
        plane.set_thumbnail(seed, picture(seed))
    with qtbot.waitSignal(plane.needed) as asked:
        plane.invalidate()
    assert len(asked.args[0]) == 15
    assert not plane.complete()


def test_a_click_on_a_neighbour_means_that_very_seed(plane, qtbot, heard):
    ears = heard(began=plane.began, point=plane.point_changed, ended=plane.ended)
    qtbot.mouseClick(plane, Qt.MouseButton.LeftButton, pos=QPoint(149 + 58 + 5, 61 - 38 + 4))
    assert ears.said == [("began",), ("point", 1.0, -1.0), ("ended",)]


def test_dragging_moves_the_ring_and_the_pad_stays_until_the_end(plane, qtbot, heard):
    ears = heard(point=plane.point_changed)
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(plane, left, pos=QPoint(149, 61))
    qtbot.mouseMove(plane, QPoint(149 + 87, 61))
    assert ears.of("point")[-1] == (1.5, 0.0)
    plane.set_point(1404, -0.5, 0.0)  # the document names the nearest seed meanwhile
    assert plane.seed == 1402 and plane.point == (1.5, 0.0)
    qtbot.mouseRelease(plane, left, pos=QPoint(149 + 87, 61))
    assert plane.seed == 1404 and plane.point == (-0.5, 0.0)


def test_arrow_keys_move_the_ring_in_three_sizes(plane, qtbot, heard):
    plane.set_point(5, 0, 0)
    ears = heard(began=plane.began, point=plane.point_changed, ended=plane.ended)
    qtbot.keyClick(plane, Qt.Key.Key_Right)
    qtbot.keyClick(plane, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(plane, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert ears.of("point") == [(0.1, 0.0), (0.1, -0.01), (0.1, 0.99)]
    assert ears.names.count("began") == ears.names.count("ended") == 3


def test_following_the_document_says_nothing(plane, heard):
    ears = heard(point=plane.point_changed)
    plane.set_point(7, 0.2, 0.2)
    assert ears.names == [] and plane.point == (0.2, 0.2)


def test_thumbnails_out_of_reach_are_forgotten(plane, picture):
    plane.set_thumbnail(1402, picture(1))
    plane.set_point(9000, 0, 0)
    plane.set_point(1402, 0, 0)
    assert not plane.complete()
    assert 1402 not in plane._pixels


def test_the_pad_is_not_painted_again_where_it_is_told_what_it_shows(plane, qtbot, monkeypatch):
    painted = []
    monkeypatch.setattr(SeedPlane, "update", lambda self: painted.append(self))
    plane.set_point(1402, 0.31, -0.12)
    assert not painted
    plane.set_point(1402, 0.32, -0.12)
    assert painted == [plane]
