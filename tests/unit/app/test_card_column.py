"""The column of cards: nothing in it is ever cut off, whatever it holds."""

import pytest
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.widgets.buttons import Choice
from app.widgets.card_column import MARGIN, NARROWEST, CardColumn
from app.widgets.dimension_list import DimensionList


@pytest.fixture
def make(qtbot):
    """A function that shows a column of cards, each given as (width that it needs, height)."""
    shown = []

    def make(*sizes):
        cards = []
        for width, height in sizes:
            card = QWidget()
            inside = QLabel()
            inside.setMinimumSize(width, height)
            layout = QVBoxLayout(card)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.addWidget(inside)
            cards.append(card)
        column = CardColumn(cards)
        column.resize(340, 400)
        shown.append(column)
        qtbot.addWidget(column)
        column.show()
        return column, cards

    return make


def right_edge(column, card) -> int:
    return card.mapTo(column, card.rect().topRight()).x() + 1


@pytest.mark.parametrize("height", [100, 900])
def test_cards_are_of_one_width_with_and_without_a_bar(make, qtbot, height):
    column, [card] = make((200, height))
    qtbot.waitUntil(lambda: column.verticalScrollBar().isVisible() == (height > 400))
    qtbot.waitUntil(lambda: card.width() == 340 - 2 * MARGIN)
    assert right_edge(column, card) == 340 - MARGIN
    assert right_edge(column, card) <= column.viewport().width(), "nothing is under the bar"


def test_the_column_is_never_too_narrow_for_the_widest_card_that_is_there(make, qtbot):
    column, (narrow, wide) = make((200, 300), (350, 300))
    qtbot.waitUntil(lambda: column.minimumWidth() == 350 + 2 * MARGIN)
    column.resize(column.minimumWidth(), 400)
    qtbot.waitUntil(lambda: right_edge(column, wide) <= column.viewport().width())
    wide.hide()
    qtbot.waitUntil(lambda: column.minimumWidth() == NARROWEST)
    assert not narrow.isHidden()


def test_a_card_below_the_fold_is_scrolled_into_view(make, qtbot):
    column, cards = make((200, 300), (200, 300), (200, 150))
    column.reveal(cards[-1])
    qtbot.waitUntil(lambda: column.verticalScrollBar().value() > 0)
    assert cards[-1].mapTo(column, cards[-1].rect().bottomLeft()).y() < column.height()


def test_a_choice_without_room_for_its_text_ends_in_dots(qtbot):
    choice = Choice("choice", "What to choose")
    qtbot.addWidget(choice)
    choice.addItem("quite a long entry")
    choice.resize(400, 30)
    assert choice.shown_text() == "quite a long entry"
    choice.resize(100, 30)
    assert choice.shown_text().endswith("…") and choice.shown_text() != "…"
    choice.grab()


def test_a_list_that_comes_under_the_mouse_does_not_stop_the_column(qtbot, turn, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("app.widgets.nested.time.monotonic", lambda: clock[0])
    above, dimensions = QLabel(), DimensionList()
    above.setMinimumHeight(600)
    dimensions.set_count(100)
    dimensions.setMinimumHeight(300)
    column = CardColumn([above, dimensions])
    qtbot.addWidget(column)
    column.resize(340, 400)
    column.show()
    qtbot.waitUntil(lambda: column.verticalScrollBar().maximum() > 400)
    outer, inner = column.verticalScrollBar(), dimensions._area.verticalScrollBar()
    turn(column.viewport(), -1)
    assert outer.value() > 0
    clock[0] += 0.1
    assert not turn(dimensions._area.viewport(), -1).isAccepted(), "left to the column"
    assert inner.value() == 0
    clock[0] += 1
    assert turn(dimensions._area.viewport(), -1).isAccepted(), "another turn, begun over the list"
    assert inner.value() > 0
