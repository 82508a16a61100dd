import pytest
from PySide6.QtCore import Qt

from app.widgets.category import BUTTONS, CategoryChooser


@pytest.fixture
def make(qtbot):
    """A function that makes a shown chooser of so many categories."""

    def make(size: int) -> CategoryChooser:
        chooser = CategoryChooser("code-0", "digit", size)
        qtbot.addWidget(chooser)
        chooser.show()
        qtbot.waitExposed(chooser)
        return chooser

    return make


def test_a_category_is_chosen_by_click_by_program_and_by_key_each_in_a_gesture(make, heard, qtbot):
    chooser = make(4)
    ears = heard(began=chooser.began, weights=chooser.weights_changed, ended=chooser.ended)
    chooser.buttons[2].click()
    chooser.setValue(3)
    assert ears.names == ["began", "weights", "ended"] * 2
    assert ears.of("weights") == [((0, 0, 1, 0),), ((0, 0, 0, 1),)]
    chooser.setValue(3)
    chooser.setValue(99)
    assert len(ears.names) == 6
    chooser.buttons[3].setFocus()
    qtbot.keyClick(chooser.buttons[3], Qt.Key.Key_Left)
    qtbot.keyClick(chooser.buttons[2], Qt.Key.Key_Space)
    assert chooser.value() == 2
    assert [button.isChecked() for button in chooser.buttons] == [False, False, True, False]


def test_what_came_from_elsewhere_is_shown_in_silence(make, heard):
    chooser = make(4)
    ears = heard(weights=chooser.weights_changed)
    chooser.show_weights((0.0, 0.25, 0.75, 0.0))
    assert chooser.value() == 2 and chooser.blend.isChecked() and chooser.share.value() == pytest.approx(0.25)
    assert chooser.weights() == (0, 0.25, 0.75, 0)
    chooser.show_weights((1.0, 0.0, 0.0, 0.0))
    assert chooser.value() == 0 and not chooser.blend.isChecked() and not chooser.share.isVisible()
    assert not ears.names


def test_a_blend_keeps_its_sides_while_the_share_goes_past_the_middle(make):
    chooser = make(3)
    chooser.blend.click()
    for share in (0.5, 0.75, 1.0, 0.25):
        chooser.share.setValue(share)
        chooser.show_weights(chooser.weights())
        assert (chooser.value(), chooser.other.currentIndex()) == (0, 1)
        assert chooser.weights() == (1 - share, share, 0)


def test_very_many_categories_are_a_list(make, heard):
    chooser = make(BUTTONS + 1)
    ears = heard(weights=chooser.weights_changed)
    assert not chooser.buttons and chooser.list.count() == BUTTONS + 1
    chooser.list.setCurrentIndex(7)
    assert chooser.value() == 7 and len(ears.names) == 1


def test_pictures_are_put_on_the_buttons(make, picture):
    chooser = make(3)
    chooser.set_picture(1, picture(1))
    chooser.set_picture(7, picture(7))
    assert [button.icon().isNull() for button in chooser.buttons] == [True, False, True]
