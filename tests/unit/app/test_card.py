from PySide6.QtWidgets import QLabel

from app.widgets.card import Card


def test_a_card_folds_and_says_so(qtbot, heard):
    card = Card("Latent", "latent", reset="Reset the latent")
    inside = QLabel("inside")
    card.add(inside)
    qtbot.addWidget(card)
    card.show()
    ears = heard(folded=card.folded_changed)
    assert inside.isVisible()
    card.fold_button.click()
    assert card.folded and not inside.isVisible()
    assert card.fold_button.accessibleName() == "Latent, folded"
    card.fold_button.click()
    assert inside.isVisible()
    assert ears.of("folded") == [(True,), (False,)]


def test_reset_is_grey_until_something_changed(qtbot, heard):
    card = Card("Latent", "latent", reset="Reset the latent")
    qtbot.addWidget(card)
    ears = heard(reset=card.reset_clicked)
    card.reset_button.click()
    assert ears.names == [] and not card.reset_button.isEnabled()
    card.set_changed(True)
    card.reset_button.click()
    assert ears.names == ["reset"]


def test_a_card_without_reset_has_no_button(qtbot):
    card = Card("About", "about")
    qtbot.addWidget(card)
    card.show()
    assert not card.reset_button.isVisible()
    assert card.accessibleName() == "About" and card.objectName() == "about-card"


def test_a_long_caption_does_not_make_a_card_wider(qtbot):
    card = Card("Latent dimensions", "dimensions", reset="Reset")
    qtbot.addWidget(card)
    card.set_caption("100")
    before = card.minimumSizeHint().width()
    card.set_caption("2 of 100 moved, and more words than there is room for")
    assert card.minimumSizeHint().width() == before
    assert "more words" in card.caption.toolTip()
