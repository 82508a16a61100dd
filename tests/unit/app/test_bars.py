from PySide6.QtCore import Qt

from app.widgets.bars import Amount, Bars


def test_bars_are_shown_in_their_order_and_can_be_clicked_and_walked_by_key(qtbot, heard):
    bars = Bars("ranking", "Ranking")
    qtbot.addWidget(bars)
    assert bars.isHidden()
    amounts = [Amount("tilt", 3.0, "3.0"), Amount("width", 1.5, "1.5"), Amount("none", 0.0, "0.0")]
    bars.show_amounts(amounts)
    bars.resize(400, bars.sizeHint().height())
    bars.show()
    ears = heard(chosen=bars.chosen)
    assert bars.amounts() == tuple(amounts)
    assert bars.rows[1].accessibleName() == "width: 1.5"
    bars.rows[1].click()
    qtbot.keyClick(bars.rows[0], Qt.Key.Key_Space)
    assert ears.of("chosen") == [("width",), ("tilt",)]
    grabbed = bars.grab().toImage()
    assert grabbed.pixelColor(395 - 60, 12) != grabbed.pixelColor(395 - 60, 26 + 12), "the longest is the longest"
    bars.show_amounts([])
    assert bars.isHidden() and bars.amounts() == ()


def test_bars_of_nothing_are_no_error(qtbot):
    bars = Bars("ranking", "Ranking")
    qtbot.addWidget(bars)
    bars.show_amounts([Amount("still", 0.0, "0.0")])
    bars.show()
    bars.grab()
