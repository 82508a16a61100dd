from dataclasses import fields

import pytest
from PySide6.QtCore import Qt

from app.widgets.option_row import AS_DATA, OptionRow
from ganviz.models import resolve
from trainers import TRAINERS
from trainers.configs import DCGANTraining

FIELDS = {item.name: item for item in fields(DCGANTraining)}


@pytest.fixture
def row(qtbot):
    """A function from an option's name to its row."""

    def make(name: str) -> OptionRow:
        row = OptionRow(FIELDS[name])
        qtbot.addWidget(row)
        row.show()
        return row

    return make


@pytest.mark.parametrize("arch", TRAINERS)
def test_every_option_of_every_family_has_a_row_with_name_tip_and_default(arch, qtbot):
    for item in fields(resolve(TRAINERS[arch].config)):
        row = OptionRow(item)
        qtbot.addWidget(row)
        assert row.given is None and not row.reset_button.isEnabled()
        assert row.editor.accessibleName() and item.metadata["help"][:10] in row.editor.accessibleDescription()
        assert f"--{item.name.replace('_', '-')}" in row.editor.toolTip()


def test_a_number_is_given_once_it_is_typed_and_the_default_shows_in_grey(row, qtbot):
    rate = row("lr_g")
    heard = []
    rate.changed.connect(lambda: heard.append(rate.given))
    assert rate.editor.text() == "" and rate.editor.placeholderText() == "0.001"
    qtbot.keyClicks(rate.editor, "3e-4")
    assert rate.given == 3e-4 and heard[-1] == 3e-4
    rate.show_default(2e-4)
    assert rate.editor.placeholderText() == "0.0002" and rate.given == 3e-4
    qtbot.keyClick(rate.editor, Qt.Key.Key_Escape)
    assert rate.given is None
    qtbot.keyClicks(rate.editor, "fast")
    assert rate.given == "fast", "what is wrong with it is the check's to say"
    rate.reset_button.click()
    assert rate.given is None and rate.editor.text() == "" and heard[-1] is None


def test_whole_numbers_stay_whole(row, qtbot):
    batch = row("batch")
    qtbot.keyClicks(batch.editor, "32")
    assert batch.given == 32 and type(batch.given) is int
    batch.editor.setText("32.5")
    assert batch.given == "32.5"


def test_choices_and_ticks_are_given_where_they_differ_from_the_default(row, qtbot):
    objective, flip, channels = row("objective"), row("flip"), row("channels")
    objective.editor.setCurrentIndex(objective.editor.findData("hinge"))
    objective.editor.activated.emit(objective.editor.currentIndex())
    assert objective.given == "hinge" and objective.reset_button.isEnabled()
    objective.reset_button.click()
    assert objective.given is None and objective.editor.currentData() == "non-saturating"
    flip.editor.click()
    assert flip.given is True
    flip.editor.click()
    assert flip.given is None
    assert channels.editor.currentText() == AS_DATA and channels.given is None
    channels.editor.setCurrentIndex(channels.editor.findData(3))
    channels.editor.activated.emit(channels.editor.currentIndex())
    assert channels.given == 3, "although it is the default: the data may be grey"
