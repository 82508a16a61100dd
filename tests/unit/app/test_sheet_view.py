from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from app.compute import Compute
from app.document import Document
from app.widgets.recipe_mime import MIME, from_mime, to_mime
from app.widgets.sheet_view import SheetView
from app.widgets.strip import Item, Strip
from ganviz.checkpoint import read_header
from ganviz.expression import Seed
from ganviz.recipe import Composite, Recipe, Sheet


@pytest.fixture
def compute(qtbot, tiny_checkpoint: Path) -> Iterator[Compute]:
    compute = Compute(device="cpu")
    compute.start()
    with qtbot.waitSignal(compute.model_opened, timeout=20_000):
        compute.open_model(tiny_checkpoint)
    yield compute
    compute.stop()


@pytest.fixture
def document(tiny_checkpoint: Path) -> Document:
    document = Document()
    document.open_model(read_header(tiny_checkpoint))
    return document


@pytest.fixture
def view(qtbot, document: Document, compute: Compute) -> SheetView:
    view = SheetView(document, compute, "grid", "Samples", "Nothing yet", selectable=True)
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    return view


@pytest.fixture
def sheet(document: Document) -> Sheet:
    a, b, c, d = (Recipe(document.recipe.model, Seed(seed)) for seed in (4, 5, 6, 7))
    mean = Composite("sum", ((0.5, a), (0.5, b)))
    return Sheet((a, b, c, mean, None, d), 3, column_headings=("x", "y", "z"), row_headings=("one", "two"))


def click(qtbot, view: SheetView, place: int, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    qtbot.mouseClick(view.grid, Qt.MouseButton.LeftButton, modifiers, view.cell_rect(place).center())


def test_cells_fill_in_and_composites_are_composed_from_them(qtbot, view: SheetView, sheet: Sheet) -> None:
    view.set_sheet(sheet)
    qtbot.waitUntil(view.complete, timeout=20_000)
    a, b, mean = (view.picture(place) for place in (0, 1, 3))
    assert np.abs(mean.astype(float) - (a.astype(float) + b) / 2).max() <= 1
    assert view.picture(4) is None


def test_a_click_and_enter_choose_a_recipe_but_no_composite_or_gap(qtbot, view: SheetView, sheet: Sheet) -> None:
    view.set_sheet(sheet)
    chosen: list[Recipe] = []
    view.chosen.connect(chosen.append)
    for place in (1, 3, 4, 5):
        click(qtbot, view, place)
    assert chosen == [sheet.cells[1], sheet.cells[5]]
    qtbot.keyClick(view.grid, Qt.Key.Key_Up)
    qtbot.keyClick(view.grid, Qt.Key.Key_Return)
    assert chosen[-1] == sheet.cells[2]


def test_several_cells_are_selected_by_mouse_and_keyboard(qtbot, view: SheetView, sheet: Sheet) -> None:
    view.set_sheet(sheet)
    click(qtbot, view, 0, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(view.grid, Qt.Key.Key_Right)
    qtbot.keyClick(view.grid, Qt.Key.Key_Space)
    assert view.selected() == (sheet.cells[0], sheet.cells[1])
    with qtbot.waitSignal(view.selection_changed):
        view.set_sheet(None)
    assert view.selected() == ()


def test_k_keeps_a_cell_in_the_gallery(qtbot, view: SheetView, sheet: Sheet, document: Document) -> None:
    view.set_sheet(sheet)
    qtbot.keyClick(view.grid, Qt.Key.Key_Right)
    qtbot.keyClick(view.grid, Qt.Key.Key_K)
    assert [kept.recipe for kept in document.session.gallery] == [sheet.cells[1]]
    assert view.grid.menu_for(1).actions()[0].text() == "Show"


def test_cells_shrink_to_the_room_and_scroll_below_a_limit(qtbot, view: SheetView, document: Document) -> None:
    recipes = tuple(Recipe(document.recipe.model, Seed(seed)) for seed in range(400))
    view.set_sheet(Sheet(recipes, 20))
    assert view.cell_rect(0).width() == 40
    assert view.horizontalScrollBar().maximum() > 0
    view.set_sheet(Sheet(recipes[:4], 2))
    assert view.cell_rect(0).width() > 100
    assert view.grid.place_at(QPoint(2, 2)) == 0
    assert view.grid.place_at(QPoint(-9, 2)) == -1


def test_headings_over_narrow_columns_leave_out_some_rather_than_their_ends(
    qtbot, document: Document, compute: Compute
):
    view = SheetView(document, compute, "grid", "Samples", smallest=28)
    qtbot.addWidget(view)
    cells = tuple(document.recipe.edit(latent=Seed(seed)) for seed in range(10))
    view.set_sheet(Sheet(cells * 20, 10, column_headings=tuple(f"-{k}.00" for k in range(10))))
    metrics = view.grid.fontMetrics()
    boxes = view.grid.column_boxes(metrics)
    assert view.cell_rect(0).width() == 28 and 3 < len(boxes) < 10
    assert all(metrics.horizontalAdvance(text) <= box.width() for text, box in boxes)
    assert all(left.right() < right.left() for (_, left), (_, right) in pairwise(boxes))
    view.set_sheet(Sheet(cells * 20, 10, column_headings=tuple("0123456789")))
    assert len(view.grid.column_boxes(metrics)) == 10


def test_recipes_travel_by_drag_within_the_window(qtbot, sheet: Sheet) -> None:
    recipes = sheet.recipes[:2]
    mime = to_mime(recipes)
    assert from_mime(mime) == recipes
    strip = Strip("strip", "Strip", "", movable=True)
    qtbot.addWidget(strip)
    strip.set_items([Item(recipe) for recipe in recipes])
    assert from_mime(strip.model().mimeData([strip.model().index(1)])) == recipes[1:]
    mime.setData(MIME, b"\xff from elsewhere")
    assert from_mime(mime) == ()
