"""Tab goes through a window as it is read."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLayoutItem,
    QLineEdit,
    QScrollArea,
    QSpacerItem,
    QSpinBox,
    QVBoxLayout,
    QWidget,
    QWidgetItem,
)
from shiboken6 import Shiboken

from app.tab_order import arrange, next_area, reading_order


def field(name: str) -> QLineEdit:
    made = QLineEdit()
    made.setObjectName(name)
    return made


def names(widgets) -> list[str]:
    return [widget.objectName() for widget in widgets if widget.objectName()]


def tabbed(qtbot, whole: QWidget, first: QWidget, key=Qt.Key.Key_Tab) -> list[str]:
    """The names of what gets the focus, from `first` until it has it again."""
    show(qtbot, whole)
    first.setFocus()
    found = [first.objectName()]
    while len(found) < 30:
        qtbot.keyClick(whole.focusWidget(), key)
        if whole.focusWidget() is first:
            return found
        found.append(whole.focusWidget().objectName())
    raise AssertionError(found)


def window(qtbot, *layouts) -> QWidget:
    whole = QWidget()
    qtbot.addWidget(whole)
    column = QVBoxLayout(whole)
    for layout in layouts:
        column.addLayout(layout)
    return whole


def show(qtbot, whole: QWidget) -> None:
    with qtbot.waitExposed(whole):
        whole.show()
    whole.activateWindow()


def test_what_was_made_last_but_stands_first_comes_first(qtbot):
    row = QHBoxLayout()
    whole = window(qtbot, row)
    fields = [field(name) for name in ("c", "b", "a")]
    for widget in fields:
        row.insertWidget(0, widget)
    assert tabbed(qtbot, whole, fields[-1]) == ["a", "c", "b"], "which is what Qt makes of it"
    known = arrange(whole)
    assert names(known) == ["a", "b", "c"]
    assert tabbed(qtbot, whole, known[0]) == ["a", "b", "c"]
    assert tabbed(qtbot, whole, known[0], Qt.Key.Key_Backtab) == ["a", "c", "b"]


def test_grids_are_read_by_rows_and_areas_and_groups_where_they_stand(qtbot):
    grid, row = QGridLayout(), QHBoxLayout()
    whole = window(qtbot, grid, row)
    for name, place in (("d", (1, 1)), ("b", (0, 1)), ("c", (1, 0)), ("a", (0, 0))):
        grid.addWidget(field(name), *place)
    row.addWidget(field("h"))
    inside, area = QWidget(), QScrollArea()
    column = QVBoxLayout(inside)
    for widget, name in ((QComboBox(), "f"), (QSpinBox(), "g")):
        widget.setObjectName(name)
        column.addWidget(widget)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inside)
    row.insertWidget(0, area)
    row.insertWidget(0, field("e"))
    first = arrange(whole)[0]
    assert tabbed(qtbot, whole, first) == list("abcdefgh")


def test_an_area_that_hands_its_focus_on_is_one_stop(qtbot):
    row = QHBoxLayout()
    whole = window(qtbot, row)
    area, cells = QScrollArea(), QWidget()
    area.setObjectName("area")
    cells.setObjectName("cells")
    cells.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(cells)
    area.setFocusProxy(cells)
    for widget in (field("b"), area, field("a")):
        row.insertWidget(0, widget)
    first = arrange(whole)[0]
    assert tabbed(qtbot, whole, first) == ["a", "cells", "b"]
    assert tabbed(qtbot, whole, first, Qt.Key.Key_Backtab) == ["a", "b", "cells"]


def test_areas_are_gone_through_in_a_circle_past_those_with_nothing_to_do(qtbot):
    rows = [QHBoxLayout() for _ in range(3)]
    whole = window(qtbot, *rows)
    areas = []
    for row, letters in zip(rows, ("ab", "c", "de"), strict=True):
        area = QWidget()
        inside = QHBoxLayout(area)
        for letter in letters:
            inside.addWidget(field(letter))
        row.addWidget(area)
        areas.append(area)
    fields = {widget.objectName(): widget for widget in reading_order(whole)}
    fields["c"].setEnabled(False)
    fields["d"].hide()
    show(qtbot, whole)
    fields["b"].setFocus()
    next_area(areas, 1)
    assert whole.focusWidget() is fields["e"]
    next_area(areas, 1)
    assert whole.focusWidget() is fields["a"]
    next_area(areas, -1)
    assert whole.focusWidget() is fields["e"]


def test_nothing_is_kept_of_the_layout_items_that_qt_deletes_without_a_word(qtbot):
    """Python's objects for them would go on standing for their addresses, and be taken for the next widgets there."""
    row, grid = QHBoxLayout(), QGridLayout()
    whole = window(qtbot, row, grid)
    row.addWidget(field("a"))
    row.addStretch(1)
    grid.addWidget(field("b"), 1, 0)
    before = known_items()
    assert names(reading_order(whole)) == ["a", "b"]
    assert known_items() == before


def known_items() -> int:
    """How many layout items Python knows."""
    kinds = (QLayoutItem, QWidgetItem, QSpacerItem)
    return sum(type(known) in kinds for known in Shiboken.getAllValidWrappers())
