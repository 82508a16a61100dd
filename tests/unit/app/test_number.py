import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractSlider, QApplication, QWidget

from app import theme
from app.widgets.number import NumberRow
from app.widgets.slider import HANDLE, FloatSlider


@pytest.fixture
def row(qtbot):
    """psi from -1 to 2, default 1, shown and 300 px wide."""
    row = NumberRow("psi", -1, 2, name="psi", tip="Truncation", default=1.0, step=0.05)
    qtbot.addWidget(row)
    row.resize(320, 28)
    row.show()
    return row


def place(row: NumberRow, value: float) -> QPoint:
    """Where on the slider a value lies."""
    low, high = row.slider.range()
    span = row.slider.width() - HANDLE
    return QPoint(round(HANDLE / 2 + (value - low) / (high - low) * span), row.slider.height() // 2)


def move(slider: FloatSlider, to: QPoint) -> None:
    """Move the mouse, whose left button is down, without letting anything else happen."""
    left, where = Qt.MouseButton.LeftButton, QPointF(to)
    none, plain = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(QEvent.Type.MouseMove, where, slider.mapToGlobal(where), none, left, plain)
    QApplication.sendEvent(slider, event)


def test_object_name_goes_to_the_widget_that_answers_in_the_own_unit(row):
    named = row.window().findChild(QWidget, "psi")
    assert named.value() == 1.0
    named.setValue(0.7)
    assert row.value() == 0.7
    assert row.field.text() == "0.70"
    assert named.accessibleName() == "psi" and named.toolTip() == "Truncation"


def test_a_drag_is_one_gesture_with_many_values(row, qtbot, heard):
    ears = heard(began=row.began, value=row.valueChanged, ended=row.ended)
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(row.slider, left, pos=place(row, 1.0))
    assert ears.names == ["began"]
    for value in (0.8, 0.5, 0.2):
        qtbot.mouseMove(row.slider, place(row, value))
    qtbot.mouseRelease(row.slider, left, pos=place(row, 0.2))
    assert ears.names == ["began", "value", "value", "value", "ended"]
    assert row.value() == pytest.approx(0.2, abs=0.03)


def test_the_field_of_a_held_slider_follows_a_moment_later(row, qtbot):
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(row.slider, left, pos=place(row, 1.0))
    move(row.slider, place(row, 0.0))
    assert row.value() == pytest.approx(0, abs=0.02) and row.field.text() == "1.00", "the picture comes first"
    qtbot.waitUntil(lambda: row.field.text() == f"{row.value():.2f}", timeout=1000)
    move(row.slider, place(row, 1.5))
    qtbot.mouseRelease(row.slider, left, pos=place(row, 1.5))
    assert row.field.text() == f"{row.value():.2f}"


def test_a_press_on_the_track_goes_there(row, qtbot):
    qtbot.mousePress(row.slider, Qt.MouseButton.LeftButton, pos=place(row, -0.5))
    assert row.value() == pytest.approx(-0.5, abs=0.02)
    qtbot.mouseRelease(row.slider, Qt.MouseButton.LeftButton, pos=place(row, -0.5))


def test_shift_drags_finely(row, qtbot):
    row.show_value(0.5)
    start = place(row, 0.5)
    qtbot.mousePress(row.slider, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, start)
    moved = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(start.x() + 40, start.y()),
        row.slider.mapToGlobal(QPointF(start.x() + 40, start.y())),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.ShiftModifier,
    )
    QApplication.sendEvent(row.slider, moved)
    span = row.slider.width() - HANDLE
    assert row.value() == pytest.approx(0.5 + 40 / span * 3 * 0.1, abs=0.011)
    qtbot.mouseRelease(row.slider, Qt.MouseButton.LeftButton)


def test_double_click_returns_to_the_default(row, qtbot, heard):
    row.show_value(-0.4)
    ears = heard(value=row.valueChanged)
    qtbot.mouseDClick(row.slider, Qt.MouseButton.LeftButton, pos=place(row, -0.4))
    assert row.value() == 1.0
    assert ears.of("value") == [(1.0,)]


def test_arrow_keys_step_and_shift_is_fine(row, qtbot, heard):
    ears = heard(began=row.began, value=row.valueChanged, ended=row.ended)
    qtbot.keyClick(row.slider, Qt.Key.Key_Left)
    assert row.value() == 0.95
    qtbot.keyClick(row.slider, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert row.value() == 0.96
    assert ears.names == ["began", "value", "ended"] * 2


def test_a_held_key_is_one_gesture(row, qtbot, heard):
    ears = heard(began=row.began, value=row.valueChanged, ended=row.ended)
    for _ in range(3):
        qtbot.keyPress(row.slider, Qt.Key.Key_Left)
    qtbot.keyRelease(row.slider, Qt.Key.Key_Left)
    assert ears.names == ["began", "value", "value", "value", "ended"]


def test_page_home_and_end_keys_move_far(row, qtbot):
    qtbot.keyClick(row.slider, Qt.Key.Key_PageDown)
    assert row.value() == 0.5
    qtbot.keyClick(row.slider, Qt.Key.Key_End)
    assert row.value() == 2
    qtbot.keyClick(row.slider, Qt.Key.Key_Home)
    assert row.value() == -1


def test_the_wheel_steps_only_with_the_focus(row, qtbot, turn):
    row.slider.clearFocus()
    event = turn(row.slider, 1)
    assert row.value() == 1.0
    assert not event.isAccepted()
    row.slider.setFocus()
    qtbot.waitUntil(row.slider.hasFocus)
    event = turn(row.slider, 1)
    assert row.value() == 1.05
    assert event.isAccepted()
    assert not turn(row.field, 1).isAccepted()


def test_a_turn_of_the_wheel_is_one_gesture_that_ends_by_itself(row, qtbot, heard, turn):
    row.slider.setFocus()
    qtbot.waitUntil(row.slider.hasFocus)
    ears = heard(began=row.began, ended=row.ended)
    with qtbot.waitSignal(row.ended):
        turn(row.slider, 1)
        turn(row.slider, 1)
    assert ears.names == ["began", "ended"]
    assert row.value() == 1.1


def test_typed_values_may_exceed_the_track(row, qtbot, heard):
    ears = heard(began=row.began, value=row.valueChanged, ended=row.ended)
    row.field.selectAll()
    qtbot.keyClicks(row.field, "3.25")
    assert ears.names == []
    qtbot.keyClick(row.field, Qt.Key.Key_Return)
    assert row.value() == 3.25
    assert ears.names == ["began", "value", "ended"]


def test_typed_values_stop_at_hard_limits(qtbot):
    row = NumberRow("cutoff", 0, 8, name="cutoff", tip="t", decimals=0, step=1, fine=1, limits=(0, 8))
    qtbot.addWidget(row)
    row.field.selectAll()
    qtbot.keyClicks(row.field, "99")
    qtbot.keyClick(row.field, Qt.Key.Key_Return)
    assert row.value() == 8


def test_escape_brings_back_what_the_field_said(row, qtbot):
    row.field.selectAll()
    qtbot.keyClicks(row.field, "0.1")
    qtbot.keyClick(row.field, Qt.Key.Key_Escape)
    assert row.field.text() == "1.00"
    assert row.value() == 1.0


def test_arrow_keys_in_the_field_step_like_the_slider(row, qtbot, heard):
    ears = heard(began=row.began, value=row.valueChanged, ended=row.ended)
    qtbot.keyClick(row.field, Qt.Key.Key_Up)
    assert row.value() == 1.05
    assert ears.names == ["began", "value", "ended"]


def test_showing_a_value_says_nothing_and_setting_one_is_a_gesture(row, heard):
    ears = heard(began=row.began, value=row.valueChanged, ended=row.ended)
    row.show_value(0.25)
    assert ears.names == [] and row.field.text() == "0.25"
    row.setValue(0.5)
    assert ears.names == ["began", "value", "ended"]
    row.setValue(0.5)
    assert len(ears.names) == 3


def test_showing_keeps_more_digits_than_the_field_has(row):
    row.show_value(0.123456)
    assert row.value() == 0.123456
    assert row.field.text() == "0.12"


def test_signed_fields_have_a_sign_a_unit_and_a_true_minus(qtbot):
    row = NumberRow("Smile", -10, 10, name="smile", tip="t", suffix="σ", signed=True, decimals=1)
    qtbot.addWidget(row)
    assert row.field.text() == "0.0 σ"
    row.show_value(1.4)
    assert row.field.text() == "+1.4 σ"
    row.show_value(-0.3)
    assert row.field.text() == "−0.3 σ"
    row.field.selectAll()
    qtbot.keyClicks(row.field, "-2.5")
    qtbot.keyClick(row.field, Qt.Key.Key_Return)
    assert row.value() == -2.5


def test_letters_do_not_get_into_the_field(row, qtbot):
    row.field.selectAll()
    qtbot.keyClicks(row.field, "1x.y5")
    qtbot.keyClick(row.field, Qt.Key.Key_Return)
    assert row.value() == 1.5


def test_assistive_technology_reads_fine_steps_and_may_set_them(row, heard):
    assert QAbstractSlider.value(row.slider) == 100
    ears = heard(value=row.valueChanged)
    QAbstractSlider.setValue(row.slider, 70)
    assert row.value() == 0.7
    assert ears.of("value") == [(0.7,)]


def test_a_slider_around_zero_fills_from_the_middle(qtbot):
    slider = FloatSlider(-3, 3)
    qtbot.addWidget(slider)
    slider.resize(200, 24)
    slider.show_value(2)
    accent = theme.tokens().accent
    row_of_pixels = [slider.grab().toImage().pixelColor(x, 12).name() for x in range(200)]
    filled = [x for x, name in enumerate(row_of_pixels) if name == accent]
    assert min(filled) >= 99 and max(filled) < 162
    slider.show_value(-2)
    row_of_pixels = [slider.grab().toImage().pixelColor(x, 12).name() for x in range(200)]
    filled = [x for x, name in enumerate(row_of_pixels) if name == accent]
    assert max(filled) <= 101 and min(filled) > 38
