"""The list of directions: strips that fill in, rows that are renamed, clicked, removed."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from app.widgets.direction_list import DirectionList
from app.widgets.direction_rows import Row
from app.widgets.matrix import Matrix, shade
from app.widgets.recipe_mime import from_mime, to_mime
from ganviz.expression import Seed
from ganviz.recipe import ModelRef, Recipe

REF = ModelRef("tiny", "d")


def row(k: int, start: int | None = None) -> Row:
    return Row(f"PCA {k}", "PCA 5%", f"tip <b>{k}</b>", 100 * k if start is None else start, now=3)


def strip(start) -> tuple[Recipe, ...]:
    """Pictures of seven seeds."""
    return tuple(Recipe(REF, Seed(start + column)) for column in range(7))


@pytest.fixture
def view(qtbot) -> DirectionList:
    view = DirectionList("list", "Directions", "Nothing yet", strip)
    qtbot.addWidget(view)
    view.resize(620, 300)
    view.show()
    return view


def test_only_pictures_in_view_are_asked_for(view, qtbot, heard, picture):
    view.grab()
    ears = heard(needed=view.needed)
    view.set_rows([row(k) for k in range(20)], [str(k) for k in range(7)])
    qtbot.waitUntil(lambda: bool(ears.said))
    (asked,) = ears.of("needed")[-1]
    assert 7 <= len(asked) < 70 and asked[:7] == list(strip(0))
    for recipe in asked:
        view.set_picture(recipe, picture(recipe.latent.seed))
    assert view.complete() and np.array_equal(view.picture(1, 2), picture(102))
    view.grab()
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())
    qtbot.waitUntil(lambda: len(ears.said) > 1)
    assert strip(1900)[0] in ears.of("needed")[-1][0]


def test_a_picture_is_chosen_by_click_and_by_key(view, heard):
    ears = heard(chosen=view.chosen, selection=view.selection_changed)
    view.set_rows([row(0), row(1)])
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.cell(1, 5).center())
    assert ears.of("chosen") == [(strip(100)[5],)] and view.selected() == (1,)
    QTest.keyClick(view, Qt.Key.Key_Left)
    QTest.keyClick(view, Qt.Key.Key_Up)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert ears.of("chosen")[-1] == (strip(0)[4],)
    assert view.place_at(QPoint(5, 5)) is None


def test_names_are_edited_in_place(view, heard, qtbot):
    ears = heard(renamed=view.renamed)
    view.set_rows([row(0), row(1)])
    where = view.visualRect(view.model().index(1, 0)).center()
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(40, where.y()))
    editor = view.findChild(QLineEdit, "list-name")
    assert editor.text() == "PCA 1"
    editor.setText("  big   smile ")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(ears.said))
    assert ears.said == [("renamed", 1, "big smile")]


def test_delete_asks_for_removal_of_the_selected(view, heard):
    ears = heard(removed=view.removed)
    view.set_rows([row(0), row(1)])
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert ears.said == []
    view.setCurrentIndex(view.model().index(0, 0))
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert ears.names == ["removed"]


def test_new_pictures_take_the_place_of_old_ones_and_selection_stays(view, picture):
    view.set_rows([row(0), row(1)])
    view.setCurrentIndex(view.model().index(1, 0))
    view.set_picture(strip(100)[0], picture(1))
    changed = [row(0), row(1, start=500)]
    view.set_rows(changed)
    assert view.selected() == (1,) and view.picture(1, 0) is None and not view.complete()
    view.grab()


def test_recipes_can_be_dragged_out(view):
    assert from_mime(to_mime((strip(100)[2],))) == (strip(100)[2],)


def test_the_matrix_tells_its_cells_by_mouse_and_keys(qtbot, heard):
    matrix = Matrix("matrix", "Entanglement", "Nothing yet")
    qtbot.addWidget(matrix)
    matrix.resize(400, 300)
    matrix.show()
    matrix.grab()
    ears = heard(cell_changed=matrix.cell_changed)
    values = np.array([[1.0, -0.5, 0.0], [0.2, 1.0, 0.0], [0.0, 0.0, 1.0]])
    tips = {(row, column): f"{row} to {column}" for row in range(3) for column in range(3)}
    matrix.show_values(["a", "b", "c"], values, tips, np.array([False, True, False]))
    matrix.grab()
    QTest.keyClick(matrix, Qt.Key.Key_Down)
    QTest.keyClick(matrix, Qt.Key.Key_Right)
    assert matrix.cell == (1, 1) and matrix.accessibleDescription() == "1 to 1"
    assert ears.of("cell_changed") == [(1, 0), (1, 1)]
    side = matrix.side()
    QTest.mouseMove(matrix, QPoint(140 + 2 * side + 3, 22 + 3))
    assert matrix.cell == (0, 2) and matrix.cell_at(QPoint(1, 1)) is None


def test_shades_tell_the_sign_and_the_size():
    nothing, little, much, less = shade(0), shade(0.3), shade(1), shade(-1)
    assert len({colour.name() for colour in (nothing, little, much, less)}) == 4
    assert shade(5) == much
