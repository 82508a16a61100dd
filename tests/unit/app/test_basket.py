import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent

from app.widgets.basket import Basket
from app.widgets.recipe_mime import to_mime
from app.widgets.strip import Item
from ganviz.expression import Seed
from ganviz.recipe import ModelRef, Recipe

RECIPES = tuple(Recipe(ModelRef("m", "d"), Seed(seed)) for seed in range(3))
COPY, LEFT, NONE = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def basket(qtbot):
    """An empty basket on screen."""
    basket = Basket("tray", "Tray", "Drop pictures here")
    qtbot.addWidget(basket)
    basket.resize(300, 60)
    basket.show()
    qtbot.waitExposed(basket)
    return basket


def hover(basket: Basket, mime: QMimeData) -> bool:
    event = QDragEnterEvent(QPoint(5, 5), COPY, mime, LEFT, NONE)
    basket.dragEnterEvent(event)
    return event.isAccepted()


def test_recipes_that_hang_over_it_light_it_up_and_are_taken_when_dropped(basket, heard):
    ears = heard(taken=basket.taken)
    calm = basket.grab().toImage()
    mime = to_mime(RECIPES)
    assert hover(basket, mime)
    assert basket.grab().toImage() != calm
    basket.dragLeaveEvent(QDragLeaveEvent())
    assert basket.grab().toImage() == calm
    event = QDropEvent(QPointF(5, 5), COPY, mime, LEFT, NONE)
    basket.dropEvent(event)
    assert event.isAccepted() and ears.of("taken") == [(RECIPES,)]


def test_what_are_no_recipes_is_refused(basket, heard):
    ears = heard(taken=basket.taken)
    mime = QMimeData()
    mime.setText("seed 3")
    assert not hover(basket, mime)
    event = QDropEvent(QPointF(5, 5), COPY, mime, LEFT, NONE)
    basket.dropEvent(event)
    assert not event.isAccepted() and not ears.names


def test_its_own_pictures_can_be_dragged_on_and_removed(basket, heard, qtbot):
    ears = heard(removed=basket.removed, acted=basket.action_triggered)
    basket.set_items([Item(recipe) for recipe in RECIPES])
    mime = basket.model().mimeData([basket.model().index(1, 0)])
    assert hover(Basket("other", "Other", ""), mime)
    basket.setCurrentIndex(basket.model().index(2, 0))
    qtbot.keyClick(basket, Qt.Key.Key_Delete)
    basket.menu_for(0).actions()[1].trigger()
    assert ears.said == [("removed", 2), ("acted", "remove", 0)]
