import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from app.widgets.strip import Item, ItemAction, Strip


@pytest.fixture
def make(qtbot):
    """A function that makes a shown strip, 400 px wide."""

    def make(count: int = 0, **options) -> Strip:
        strip = Strip("gallery", "Gallery", "Keep pictures here", **options)
        qtbot.addWidget(strip)
        strip.set_items([Item(k, f"seed {k}") for k in range(count)])
        strip.resize(400, 90)
        strip.show()
        qtbot.waitExposed(strip)
        return strip

    return make


def middle(strip: Strip, index: int) -> QPoint:
    return strip.visualRect(strip.model().index(index, 0)).center()


def test_an_empty_strip_says_what_it_is_for(make, heard):
    strip = make()
    ears = heard(needed=strip.needed)
    strip.grab()
    assert strip.items() == () and ears.names == []


def test_only_visible_items_ask_for_pictures_and_only_once(make, qtbot, picture):
    strip = make(0)
    with qtbot.waitSignal(strip.needed) as asked:
        strip.set_items([Item(k) for k in range(500)])
    assert 5 <= len(asked.args[0]) <= 8
    assert asked.args[0][0] == 0
    with qtbot.waitSignal(strip.needed) as later:
        strip.horizontalScrollBar().setValue(strip.horizontalScrollBar().maximum())
    assert 499 in later.args[0] and 250 not in later.args[0]
    strip.set_picture(499, picture(499))
    assert strip.pictures() == {499}


def test_equal_keys_share_one_picture(make, qtbot, picture):
    strip = make(0)
    with qtbot.waitSignal(strip.needed) as asked:
        strip.set_items([Item("a"), Item("b"), Item("a")])
    assert asked.args[0] == ["a", "b"]


def test_pictures_of_items_that_are_gone_are_dropped(make, picture):
    strip = make(3)
    strip.set_picture(1, picture(1))
    strip.set_items([Item(0), Item(2)])
    assert strip.pictures() == set()
    strip.set_picture(1, picture(1))
    assert strip.pictures() == set(), "it comes too late"
    assert [item.key for item in strip.items()] == [0, 2]


def test_changes_touch_only_what_differs(make, heard):
    strip = make(6)
    model = strip.model()
    ears = heard(gone=model.rowsRemoved, new=model.rowsInserted, reset=model.modelReset)
    strip.set_items([Item(k, f"seed {k}") for k in (0, 1, 9, 3, 4, 5)])
    assert ears.names == ["gone", "new"]
    assert ears.of("gone")[0][1:] == (2, 2) and ears.of("new")[0][1:] == (2, 2)
    strip.set_items([Item(k, f"seed {k}") for k in (0, 1, 9, 3, 4, 5, 6)])
    assert ears.of("new")[1][1:] == (6, 6)


def test_a_click_and_enter_activate(make, qtbot, heard):
    strip = make(5)
    ears = heard(at=strip.activated_at)
    qtbot.mouseClick(strip.viewport(), Qt.MouseButton.LeftButton, pos=middle(strip, 2))
    assert ears.of("at") == [(2,)]
    qtbot.keyClick(strip, Qt.Key.Key_Right)
    qtbot.keyClick(strip, Qt.Key.Key_Return)
    assert ears.of("at") == [(2,), (3,)]


def test_the_marked_item_is_brought_into_view(make):
    strip = make(100)
    strip.set_items(strip.items(), current=80)
    assert strip.current() == 80
    assert 80 in strip.visible_indices()


def test_items_move_only_where_that_is_wanted(make, qtbot, heard):
    still, loose = make(5), make(5, movable=True)
    ears = heard(still=still.moved, loose=loose.moved)
    for strip in (still, loose):
        strip.setCurrentIndex(strip.model().index(1, 0))
        qtbot.keyClick(strip, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert ears.said == [("loose", 1, 2)]


def test_dropping_before_and_after_counts_alike(make, heard):
    strip = make(5, movable=True)
    ears = heard(moved=strip.moved)
    strip.move_to(1, 4)
    strip.move_to(3, 0)
    strip.move_to(2, 2)
    strip.move_to(2, 3)
    assert ears.of("moved") == [(1, 3), (3, 0)]
    assert strip.drop_target(QPoint(0, 20)) == 0
    assert strip.drop_target(QPoint(68 * 2 + 5, 20)) == 2


def test_delete_removes_only_where_that_is_wanted(make, qtbot, heard):
    fixed, loose = make(3), make(3, removable=True)
    ears = heard(fixed=fixed.removed, loose=loose.removed)
    for strip in (fixed, loose):
        strip.setCurrentIndex(strip.model().index(2, 0))
        qtbot.keyClick(strip, Qt.Key.Key_Delete)
    assert ears.said == [("loose", 2)]


def test_the_context_menu_names_action_and_item(make, heard):
    strip = make(3, actions=(ItemAction("remove", "Remove", "close"),))
    ears = heard(action=strip.action_triggered)
    menu = strip.menu_for(1)
    menu.actions()[0].trigger()
    assert ears.of("action") == [("remove", 1)]


def test_the_wheel_scrolls_sideways(make, turn):
    strip = make(100)
    turn(strip.viewport(), -3)
    assert strip.horizontalScrollBar().value() == 360


def test_a_drag_with_the_mouse_takes_the_picture_under_it_along(qtbot):
    class Watched(Strip):
        dragged: list[int]

        def startDrag(self, actions) -> None:
            self.dragged.extend(index.row() for index in self.selectedIndexes())

    for movable, expected in ((True, [2]), (False, [])):
        strip = Watched("gallery", "Gallery", "", movable=movable)
        strip.dragged = []
        qtbot.addWidget(strip)
        strip.set_items([Item(k, f"seed {k}") for k in range(4)])
        strip.resize(400, 90)
        strip.show()
        qtbot.waitExposed(strip)
        place = middle(strip, 2)
        qtbot.mousePress(strip.viewport(), Qt.MouseButton.LeftButton, pos=place)
        for step in (10, 20, 40, 60):
            at = QPointF(place.x() + step, place.y())
            event = QMouseEvent(
                QEvent.Type.MouseMove,
                at,
                strip.viewport().mapToGlobal(at),
                Qt.MouseButton.NoButton,
                Qt.MouseButton.LeftButton,
                Qt.KeyboardModifier.NoModifier,
            )
            QApplication.sendEvent(strip.viewport(), event)
        qtbot.mouseRelease(strip.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert strip.dragged[:1] == expected
