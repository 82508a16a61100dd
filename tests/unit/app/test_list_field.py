import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QDropEvent

from app.widgets.list_field import ListField, SourcesField, format_sources, parse_sources
from app.widgets.recipe_mime import to_mime
from ganviz.expression import Seed, Vector
from ganviz.mixing import MOST_SOURCES, Source
from ganviz.recipe import Recipe

VECTOR, LABELLED = Source(Vector.of(np.ones(4))), Source(Seed(9), (0.0, 1.0))
MIXED = (Source(Seed(85)), VECTOR, Source(Seed(3, within=1.5)), LABELLED)


def enter(field, text):
    field.setText(text)
    field.editingFinished.emit()


def test_pictures_without_a_plain_seed_are_numbered_and_found_again() -> None:
    assert format_sources(MIXED) == "85, #1, 3~1.5, #2"
    assert parse_sources("85, #1, 3~1.5, #2", MIXED) == MIXED
    assert parse_sources(" #2,4-5,", MIXED) == (LABELLED, Source(Seed(4)), Source(Seed(5)))
    for wrong in ("#3", "#0", "#x", "", "seed", "1,,2", f"0-{MOST_SOURCES}"):
        with pytest.raises(ValueError, match="expected"):
            parse_sources(wrong, MIXED)


def test_a_list_is_entered_once_and_escape_brings_the_old_one_back(qtbot, heard) -> None:
    field = ListField("psis", "psis", "tip")
    qtbot.addWidget(field)
    field.show_text("1, 0")
    ears = heard(entered=field.entered)
    enter(field, "1, 0")
    assert ears.said == []
    enter(field, " 0.5 ")
    assert ears.of("entered") == [("0.5",)]
    field.restore()
    assert field.text() == "1, 0"
    field.setText("7")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == "1, 0"


def test_sources_are_typed_or_dropped_and_nonsense_is_refused(qtbot, heard) -> None:
    field = SourcesField("rows", "Rows", "tip")
    qtbot.addWidget(field)
    field.accept = lambda recipes: tuple(Source(recipe.latent) for recipe in recipes)
    field.show_sources(MIXED[:2])
    ears = heard(sources=field.sources_changed, refused=field.refused)
    enter(field, "#1, 7")
    assert ears.of("sources") == [((VECTOR, Source(Seed(7))),)]
    enter(field, "cow")
    assert "cow" in ears.of("refused")[0][0] and field.text() == "85, #1"
    mime = to_mime((Recipe("m", Seed(5)),))
    place, none = QPointF(2, 2), Qt.KeyboardModifier.NoModifier
    field.dropEvent(QDropEvent(place, Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, none))
    assert ears.of("sources")[-1] == ((*MIXED[:2], Source(Seed(5))),)
