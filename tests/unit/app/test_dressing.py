import numpy as np
import pytest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.dressing import Dressing
from app.stylesheet import style_sheet
from app.tokens import DARK, LIGHT
from app.widgets.buttons import TextButton


@pytest.fixture
def pages(qtbot):
    """A stack of two pages alike, the first at the front; both were seen before."""
    stack = QStackedWidget()
    qtbot.addWidget(stack)
    for name in "ab":
        page = QWidget()
        page.setProperty("tone", "panel")
        column = QVBoxLayout(page)
        muted = QLabel("muted")
        muted.setProperty("tone", "muted")
        choice = QComboBox()
        choice.addItems(["one", "two"])
        button = TextButton("Press", "Press it", f"press-{name}", kind="primary")
        for widget in (muted, choice, button, QLineEdit("text"), QCheckBox("check"), QDoubleSpinBox()):
            column.addWidget(widget)
        stack.addWidget(page)
    stack.resize(240, 240)
    stack.show()
    qtbot.waitExposed(stack)
    for index in (1, 0):
        stack.setCurrentIndex(index)
        stack.grab()
    return stack


def picture(widget) -> np.ndarray:
    image = widget.grab().toImage()
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1).copy()


def test_what_is_seen_changes_at_once_and_as_by_qt_itself(pages, qapp):
    dark = picture(pages)
    theme.apply(qapp, "light")
    ours = picture(pages)
    qapp.setStyleSheet("")
    qapp.setStyleSheet(style_sheet(LIGHT))
    assert (ours == picture(pages)).all()
    assert (ours != dark).mean() > 0.3


def test_what_is_not_seen_follows_in_later_turns(pages, qapp, qtbot):
    theme.apply(qapp, "light")
    light = picture(pages)
    hidden = pages.widget(1).findChild(QLabel)
    assert hidden.palette().windowText().color().name() == DARK.muted and not theme.current().complete
    qtbot.waitUntil(lambda: theme.current().complete, timeout=10_000)
    assert hidden.palette().windowText().color().name() == LIGHT.muted
    pages.setCurrentIndex(1)
    assert (picture(pages) == light).all()


def test_it_can_be_had_at_once_for_all(pages, qapp):
    theme.apply(qapp, "light")
    theme.current().finish()
    assert pages.widget(1).findChild(QLabel).palette().windowText().color().name() == LIGHT.muted


def test_a_widget_that_goes_while_it_waits_is_left_alone(pages, qapp):
    dressing = Dressing()
    dressing.dress(qapp, style_sheet(LIGHT))
    assert not dressing.is_done
    pages.widget(1).findChild(QLineEdit).deleteLater()
    qapp.sendPostedEvents(None, 52)  # deferred deletions
    dressing.finish()
    assert dressing.is_done


def test_the_last_of_two_changes_in_one_turn_is_worn(pages, qapp, qtbot):
    theme.apply(qapp, "light")
    theme.apply(qapp, "dark")
    theme.current().finish()
    for page in (0, 1):
        assert pages.widget(page).findChild(QLabel).palette().windowText().color().name() == DARK.muted
