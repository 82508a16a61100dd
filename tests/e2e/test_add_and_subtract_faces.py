"""Somebody adds and subtracts what pictures have in common."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest

from app.widgets.recipe_mime import to_mime
from ganviz import cli
from ganviz.arithmetic import Arithmetic, Term, contrast, figure, grid
from ganviz.edits import Mix, Move
from ganviz.expression import Lerp, Seed, Vector
from ganviz.recipe import Recipe, class_weights
from ganviz.session import load_session, read_png
from ganviz.sheets import compose

PAPER = "mean(1,2,3) - mean(4,5,6) + mean(7,8,9)"


@pytest.fixture
def adding(story):
    """The arithmetic workspace on the tiny colour model."""
    story.window.show_workspace("arithmetic")
    return story


def whole(story):
    return story.document.session.arithmetic


def seeds(story, k):
    return [item.latent.seed for item in whole(story).terms[k].items]


def type_into(story, qtbot, name, text):
    field = story.find(name)
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def drop(widget, mime: QMimeData) -> QDropEvent:
    event = QDropEvent(
        QPointF(10, 10), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    widget.dropEvent(event)
    return event


def test_empty_trays_say_what_to_do_and_there_is_no_result_yet(adding):
    story = adding
    for k, letter in enumerate("ABC"):
        assert story.find(f"term-{k}-weight").value() == (-1 if letter == "B" else 1)
        assert f"press {letter}" in story.find(f"term-{k}-pictures")._empty
        assert not story.find(f"term-{k}-mean").isVisible()
    assert story.find("arithmetic-result").sheet is None and not story.find("arithmetic-pixels").isVisible()
    assert not story.find("arithmetic-keep-direction").isEnabled()
    assert whole(story) == Arithmetic() and not story.document.dirty


def test_a_typed_expression_fills_the_trays_and_the_result_is_what_the_library_draws(adding, qtbot):
    story = adding
    type_into(story, qtbot, "arithmetic-expression", PAPER)
    assert [seeds(story, k) for k in range(3)] == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    result, pixels = story.find("arithmetic-result"), story.find("arithmetic-pixels")
    spec = story.document.spec
    assert result.sheet == grid(whole(story), story.recipe, spec)
    story.wait(lambda: result.complete() and pixels.complete())
    centre = result.picture(4).copy()
    assert len({result.picture(k).tobytes() for k in range(9)}) > 5
    parts = {recipe: pixels.grid._pixels[recipe] for recipe in pixels.sheet.recipes}
    cell = contrast(whole(story), story.recipe, spec)
    assert np.array_equal(pixels.picture(0), compose(cell, [parts[recipe] for recipe in cell.recipes]))
    assert not np.array_equal(pixels.picture(0), centre)
    means = [story.find(f"term-{k}-mean") for k in range(3)]
    story.wait(lambda: all(mean.pictures() for mean in means))
    result.chosen.emit(result.sheet.cells[4])
    story.settle()
    assert np.array_equal(story.pixels(), centre)
    assert np.array_equal(story.find("picture-small").pixels, centre), "it is seen here too, beside the sheet"
    assert result.sheet == grid(whole(story), story.recipe, spec), "going there does not change what is there"
    story.click("undo")
    story.click("undo")
    assert whole(story) == Arithmetic() and result.sheet is None


def test_pictures_are_dropped_from_gallery_and_sheets(adding):
    story = adding
    basket = story.find("term-0-pictures")
    kept = [Recipe(story.recipe.model, Seed(seed), psi=0.5) for seed in (11, 12)]
    assert drop(basket, to_mime(kept)).isAccepted()
    assert seeds(story, 0) == [11, 12] and {item.psi for item in whole(story).terms[0].items} == {1}
    drop(basket, to_mime(kept[:1]))
    assert seeds(story, 0) == [11, 12], "each once"
    assert not drop(basket, QMimeData()).isAccepted()
    basket.removed.emit(0)
    assert seeds(story, 0) == [12]
    story.click("undo")
    assert seeds(story, 0) == [11, 12]
    story.click("undo")
    assert seeds(story, 0) == []


def test_the_gallery_s_own_drag_carries_its_recipes(adding):
    story = adding
    story.document.keep(story.recipe.edit(latent=Seed(40)))
    gallery = story.find("gallery")
    mime = gallery.model().mimeData([gallery.model().index(0, 0)])
    drop(story.find("term-1-pictures"), mime)
    assert seeds(story, 1) == [40]


def test_samples_are_chosen_and_added_by_keys_alone(adding, qtbot):
    story = adding
    cells = story.find("arithmetic-samples-cells")
    view = story.find("arithmetic-samples")
    for key in (Qt.Key.Key_Space, Qt.Key.Key_Right, Qt.Key.Key_Space, Qt.Key.Key_Down, Qt.Key.Key_A):
        qtbot.keyClick(cells, key)
    assert seeds(story, 0) == [0, 1] and view.selected() == ()
    qtbot.keyClick(cells, Qt.Key.Key_B)
    assert seeds(story, 1) == [9], "without a selection, the one that the keyboard is at"
    qtbot.keyClick(cells, Qt.Key.Key_Return)
    assert story.recipe.latent == Seed(9)
    story.click("samples-forward")
    first = view.sheet.cells[0].latent.seed
    assert first == len(view.sheet.cells) and story.find("samples-back").isEnabled()
    view.select({0, 2})
    story.click("add-to-2")
    assert seeds(story, 2) == [first, first + 2]
    story.click("samples-back")
    assert not story.find("samples-back").isEnabled()


def test_a_click_on_a_sample_selects_it_and_the_present_picture_can_be_added(adding, qtbot):
    story = adding
    view = story.find("arithmetic-samples")
    place = view.cell_rect(3).center()
    qtbot.mouseClick(view.grid, Qt.MouseButton.LeftButton, pos=place)
    assert [recipe.latent for recipe in view.selected()] == [Seed(3)]
    story.click("term-2-present")
    assert seeds(story, 2) == [0]


def test_typed_seeds_and_weights_are_one_step_each(adding, qtbot):
    story = adding
    type_into(story, qtbot, "term-0-seeds", "3, 8-10")
    assert seeds(story, 0) == [3, 8, 9, 10] and story.find("term-0-seeds").text() == ""
    type_into(story, qtbot, "term-1-seeds", "5")
    assert story.find("arithmetic-expression").text() == "mean(3,8,9,10) - 5"
    story.find("term-1-weight").setValue(-0.5)
    story.find("arithmetic-strength").setValue(2)
    story.find("arithmetic-jitter").setValue(0.5)
    story.click("arithmetic-neighbours")
    assert story.find("arithmetic-expression").text() == "mean(3,8,9,10) - 0.5*5"
    latent = story.find("arithmetic-result").sheet.cells[4].latent
    assert [weight for weight, _ in latent.terms] == [1, -1]
    for expected in (2, 2, 2, 1):
        assert whole(story).strength == expected
        story.click("undo")
    assert whole(story).terms[1].weight == -1 and seeds(story, 1) == [5]
    story.click("undo")
    assert seeds(story, 1) == []
    story.click("redo")
    assert seeds(story, 1) == [5]


def test_what_cannot_be_read_is_said_with_its_place_and_changes_nothing(adding, qtbot):
    story = adding
    type_into(story, qtbot, "arithmetic-expression", "mean(1,2")
    assert "at character 9" in story.find("arithmetic-message-text").text()
    assert story.find("arithmetic-expression").text() == "mean(1,2"
    type_into(story, qtbot, "term-0-seeds", "many")
    assert "Seeds of A" in story.find("arithmetic-message-text").text()
    assert whole(story) == Arithmetic()


def test_terms_are_added_and_closed(adding, qtbot):
    story = adding
    story.click("term-add")
    type_into(story, qtbot, "term-3-seeds", "8")
    assert len(whole(story).terms) == 4 and story.find("arithmetic-result").sheet is not None
    qtbot.keyClick(story.find("arithmetic-samples-cells"), Qt.Key.Key_D)
    assert seeds(story, 3) == [8, 0]
    for _ in range(3):
        story.click("term-0-close")
    assert seeds(story, 0) == [8, 0]
    assert not story.find("term-0-close").isEnabled()
    story.click("undo")
    assert len(whole(story).terms) == 2


def test_a_weight_half_typed_for_a_term_that_is_taken_back_goes_nowhere(adding):
    story = adding
    story.click("term-add")
    field = story.find("term-3-weight-field")
    field.setFocus()
    assert field.hasFocus()
    field.selectAll()
    QTest.keyClicks(field, "12")
    story.document.undo()
    story.settle()
    assert len(whole(story).terms) == 3 and not field.isVisible() and not story.window.canvas.message.isVisible()


def test_everything_is_saved_opened_again_and_exported_so_that_it_renders_alike(adding, qtbot, begin, tmp_path):
    story = adding
    type_into(story, qtbot, "arithmetic-expression", PAPER)
    story.find("arithmetic-strength").setValue(1.5)
    story.save(tmp_path / "a.ganviz")
    assert load_session(tmp_path / "a.ganviz").arithmetic == whole(story)
    for pictures, name in ((False, "result"), (True, "figure")):
        story.window.parts.centre.page.inner.export(pictures)
        story.wait(lambda: story.window.findChildren(object, "export-sheet-dialog"))
        dialog = story.window.findChildren(object, "export-sheet-dialog")[-1]
        path = tmp_path / f"{name}.png"
        dialog.path.setText(str(path))
        dialog.go.click()
        story.wait(path.exists)
        expected = figure(whole(story), story.recipe, story.document.spec, terms=pictures, in_pixels=pictures)
        assert read_png(path) == expected
        story.wait(lambda: not story.window.compute.job_running)
        assert cli.main(["render", str(path), "--out", str(tmp_path / "again.png")]) == 0
        with Image.open(path) as one, Image.open(tmp_path / "again.png") as two:
            assert np.array_equal(np.asarray(one), np.asarray(two))
    again = begin(tmp_path / "a.ganviz")
    again.window.show_workspace("arithmetic")
    assert [item.latent.seed for item in whole(again).terms[1].items] == [4, 5, 6]
    assert again.find("arithmetic-strength").value() == 1.5
    assert again.find("arithmetic-result").sheet == story.find("arithmetic-result").sheet


def test_a_difference_of_two_terms_is_kept_as_a_direction(adding, qtbot):
    story = adding
    type_into(story, qtbot, "arithmetic-expression", "mean(1,2) - mean(3,4)")
    type_into(story, qtbot, "arithmetic-direction-name", "smile")
    story.click("arithmetic-keep-direction")
    story.wait(lambda: story.document.session.directions.found)
    [found] = story.document.session.directions.found
    direction = found.direction
    assert (direction.name, direction.origin, direction.space) == ("smile", "arithmetic", "z")
    mean = {k: story.find(f"term-{k}-mean").items()[0].key for k in (0, 1)}
    story.document.open_recipe(mean[1].edit(moves=(Move(direction, 1.0),)))
    story.settle()
    moved = story.pixels().copy()
    story.document.open_recipe(mean[0])
    story.settle()
    assert np.abs(moved.astype(int) - story.pixels().astype(int)).max() <= 1, "1 leads from B to A"
    story.click("undo")
    story.click("undo")
    story.click("undo")
    assert story.document.session.directions.found == ()


def test_a_direction_needs_two_terms_with_pictures(adding, qtbot):
    story = adding
    type_into(story, qtbot, "arithmetic-expression", "mean(1,2) - mean(3,4)")
    story.find("arithmetic-minus").setCurrentIndex(0)
    story.click("arithmetic-keep-direction")
    assert "choose two" in story.find("arithmetic-message-text").text()


def test_where_there_is_a_mapping_network_the_space_can_be_chosen(begin, tiny_stylegan2, qtbot):
    story = begin(tiny_stylegan2)
    story.window.show_workspace("arithmetic")
    type_into(story, qtbot, "arithmetic-expression", "mean(1,2) - 3")
    spaces, note = story.find("arithmetic-space"), story.find("arithmetic-note")
    assert spaces.isVisible() and spaces.currentIndex() == 1 and "add up to 0" in note.text()
    in_w = story.find("arithmetic-result").sheet
    spaces.setCurrentIndex(0)
    assert whole(story).space == "z" and story.find("arithmetic-result").sheet != in_w and not note.isVisible()
    item = Recipe(story.recipe.model, Vector.of(np.ones(8), "w"))
    drop(story.find("term-0-pictures"), to_mime([item]))
    assert "choose w" in note.text() and story.find("arithmetic-result").sheet is None
    spaces.setCurrentIndex(1)
    assert story.find("arithmetic-result").sheet is not None
    mixed = story.recipe.edit(mixes=(Mix(Seed(3), (0,)),))
    drop(story.find("term-1-pictures"), to_mime([mixed]))
    assert "mixes" in story.find("arithmetic-message-text").text() and not whole(story).terms[1].items[-1].mixes


def test_pictures_that_another_model_cannot_read_wait_for_their_own(adding, tiny_stylegan2, make_checkpoint):
    story = adding
    spec = story.document.spec
    own = Recipe(story.recipe.model, Lerp(Seed(1), Vector.of(np.ones(spec.w_dim), "w"), 0.5))
    drop(story.find("term-0-pictures"), to_mime([own, Recipe(story.recipe.model, Seed(2))]))
    other = make_checkpoint("wide", z_dim=12)
    story.window.open(str(other))
    story.wait(lambda: story.recipe.model.name == "wide")
    story.settle()
    assert len(story.find("term-0-pictures").items()) == 1 and len(whole(story).terms[0].items) == 2
    assert "1 picture" in story.find("arithmetic-note").text()
    assert story.find("arithmetic-result").sheet.cells[4].latent == Seed(2)
    drop(story.find("term-0-pictures"), to_mime([own]))
    assert "cannot be added" in story.find("arithmetic-message-text").text()
    story.find("term-0-pictures").removed.emit(0)
    assert [item.latent for item in whole(story).terms[0].items] == [own.latent]


def test_the_class_of_samples_is_that_of_the_present_picture_and_that_of_the_result_adds_up(
    begin, tiny_conditional, qtbot
):
    story = begin(tiny_conditional)
    story.window.show_workspace("arithmetic")
    type_into(story, qtbot, "term-0-seeds", "1,2")
    type_into(story, qtbot, "term-1-seeds", "3")
    story.find("label").setCurrentIndex(2)
    assert {cell.label for cell in story.find("arithmetic-samples").sheet.recipes} <= {
        class_weights(0, 3),
        class_weights(2, 3),
    }
    type_into(story, qtbot, "term-2-seeds", "7")
    assert story.find("arithmetic-result").sheet.cells[4].label == class_weights(2, 3)
    assert [term.items[0].label for term in whole(story).terms] == [class_weights(k, 3) for k in (0, 0, 2)]
    type_into(story, qtbot, "arithmetic-expression", "mean(1,4) - 0.5*3")
    labels = [[item.label for item in term.items] for term in whole(story).terms]
    assert labels == [[class_weights(0, 3), class_weights(2, 3)], [class_weights(0, 3)]], "only seed 4 is new"


def test_a_gesture_on_a_weight_is_one_step(adding, qtbot):
    story = adding
    story.document.edit(arithmetic=Arithmetic((Term(1.0, (Recipe(story.recipe.model, Seed(1)),)), Term(1.0))))
    slider = story.find("term-0-weight")
    before = len(story.document.history.past)
    y = slider.height() // 2
    story.drag(
        slider, QPoint(slider.width() // 2, y), QPoint(slider.width() // 2 + 10, y), QPoint(slider.width() - 12, y)
    )
    assert whole(story).terms[0].weight != 1 and len(story.document.history.past) == before + 1
