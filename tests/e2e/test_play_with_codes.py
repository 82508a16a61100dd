"""Somebody finds out what the codes of an InfoGAN do."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtTest import QTest

from ganviz import checkpoint, cli
from ganviz.codes import Sweep, sheet
from ganviz.models.infogan import Generator, InfoGANConfig
from ganviz.recipe import class_weights
from ganviz.session import load_session, read_png
from ganviz.spec import Card


@pytest.fixture
def codes(begin, tiny_infogan):
    """The window on the tiny InfoGAN, its picture on screen."""
    return begin(tiny_infogan)


def code(story, name):
    return dict(story.recipe.codes).get(name)


def test_every_code_has_a_control_that_changes_the_picture_and_is_one_step(codes):
    story = codes
    first = story.pixels().copy()
    assert story.find("code-card").isVisible() and not story.find("code-reset").isEnabled()
    story.find("code-1").setValue(1.5)
    story.settle()
    assert code(story, "continuous-1") == (1.5,) and not np.array_equal(story.pixels(), first)
    story.click("code-0-2")
    story.settle()
    assert code(story, "category") == (0, 0, 1) and story.find("code-0").value() == 2
    both = story.pixels().copy()
    story.click("undo")
    story.settle()
    assert story.find("code-0").value() == 0 and code(story, "continuous-1") == (1.5,)
    story.click("undo")
    story.settle()
    assert np.array_equal(story.pixels(), first) and story.find("code-1").value() == 0
    story.click("redo")
    story.click("redo")
    story.settle()
    assert np.array_equal(story.pixels(), both)
    story.click("code-reset")
    story.settle()
    assert np.array_equal(story.pixels(), first) and story.recipe.codes == ()


@pytest.fixture
def another_infogan(tmp_path):
    """One with as many categories, and a single continuous code, of the same name."""
    config = InfoGANConfig(
        resolution=16, channels=1, z_dim=6, categorical=(3,), continuous=1, base_channels=4, fc_channels=16
    )
    path = tmp_path / "another.safetensors"
    checkpoint.save(path, Generator(config), Card(name="another", title="Another", licence="CC0"))
    return path


@pytest.mark.parametrize("other", ["tiny_checkpoint", "another_infogan"])
def test_a_number_that_is_half_typed_when_another_model_is_opened_is_not_that_model_s(codes, other, request):
    story = codes
    field = story.find("code-1-field")
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "1.25")
    path = request.getfixturevalue(other)
    story.window.open(str(path))
    story.wait(lambda: story.document.header.path == path)
    story.settle()
    story.find("seed").setFocus()
    story.settle()
    assert story.recipe.codes == () and "fail" not in story.window.parts.status.state()


def test_two_categories_can_be_blended(codes):
    story = codes
    blend, share, other = story.find("code-0-blend"), story.find("code-0-share"), story.find("code-0-other")
    assert not share.isVisible()
    blend.click()
    assert share.isVisible() and code(story, "category") == (0.5, 0.5, 0)
    share.setValue(0.75)
    assert code(story, "category") == (0.25, 0.75, 0)
    assert story.find("code-0").value() == 0, "what is mixed into stays chosen while the other grows"
    other.setCurrentIndex(2)
    assert code(story, "category") == (0.25, 0, 0.75)
    blend.click()
    assert code(story, "category") == (1, 0, 0) and not share.isVisible()
    for _ in range(4):
        story.click("undo")
    assert story.recipe.codes == () and not blend.isChecked()
    story.document.edit_recipe(codes=(("category", (0.3, 0.0, 0.7)),))
    assert story.find("code-0").value() == 2 and blend.isChecked()
    assert other.currentIndex() == 0 and share.value() == pytest.approx(0.3)


def test_the_categories_are_pictures_of_the_present_latent(codes):
    story = codes
    chooser = story.find("code-0")
    story.wait(lambda: all(not button.icon().isNull() for button in chooser.buttons))


def test_a_model_without_codes_has_no_card_and_the_workspace_offers_one_that_fits(codes, tiny_checkpoint):
    story = codes
    story.window.open(str(tiny_checkpoint))
    story.wait(lambda: story.recipe.model.name == "tiny")
    story.settle()
    assert not story.find("code-card").isVisible() and not story.find("code-0").isVisible()
    story.window.show_workspace("codes")
    assert "structured codes" in story.find("codes-need").text()
    assert story.find("codes-open").text() == "Open digits-infogan", "the bundled one"
    story.click("codes-open")
    story.wait(lambda: story.recipe.model.name == "digits-infogan")
    story.settle()
    assert story.find("code-card").isVisible() and story.find("codes-sheet").isVisible()


def test_the_sheet_leads_to_every_cell_and_follows_its_settings(codes, tmp_path):
    story = codes
    story.window.show_workspace("codes")
    view = story.find("codes-sheet")
    assert view.sheet == sheet(Sweep(), story.recipe, story.document.spec)
    story.wait(view.complete)
    cell = view.sheet.cells[27]
    view.chosen.emit(cell)
    story.settle()
    assert story.recipe == cell and np.array_equal(story.pixels(), view.picture(27))
    assert story.find("code-0").value() == 2
    story.find("codes-steps").setValue(4)
    story.find("codes-high").setValue(3)
    assert (view.sheet.rows, view.sheet.columns) == (3, 4)
    assert story.document.session.codes == Sweep(steps=4, high=3.0)
    columns = story.find("codes-columns")
    columns.setCurrentText("category")
    columns.activated.emit(columns.currentIndex())
    assert (view.sheet.rows, view.sheet.columns) == (4, 3), "the two have changed places"
    assert story.find("codes-rows").currentText() == "continuous-1"
    story.save(tmp_path / "a.ganviz")
    assert load_session(tmp_path / "a.ganviz").codes == story.document.session.codes
    for _ in range(3):
        story.click("undo")
    assert story.document.session.codes == Sweep() and view.sheet.columns == 10
    story.click("redo")
    story.click("codes-reset")
    assert story.document.session.codes == Sweep()


def test_a_range_that_is_none_is_refused_and_said(codes):
    story = codes
    story.window.show_workspace("codes")
    story.find("codes-low").setValue(5)
    assert "from low to high" in story.find("codes-message-text").text()
    assert story.document.session.codes == Sweep() and story.find("codes-low").value() == -2


def test_the_sheet_is_exported_with_what_draws_it_again(codes, tmp_path):
    story = codes
    story.window.show_workspace("codes")
    story.find("codes-steps").setValue(3)
    story.click("codes-export")
    dialog = story.window.findChild(object, "export-sheet-dialog")
    dialog.path.setText(str(tmp_path / "codes.png"))
    dialog.go.click()
    story.wait(lambda: (tmp_path / "codes.png").exists())
    assert read_png(tmp_path / "codes.png") == story.find("codes-sheet").sheet
    assert cli.main(["render", str(tmp_path / "codes.png"), "--out", str(tmp_path / "again.png")]) == 0
    with Image.open(tmp_path / "codes.png") as one, Image.open(tmp_path / "again.png") as two:
        assert one.size == (3 * 16, 3 * 16) and np.array_equal(np.asarray(one), np.asarray(two))


def test_a_cell_of_the_sheet_is_the_same_saved_exported_rendered_and_reopened(codes, come_back):
    codes.window.show_workspace("codes")
    codes.find("codes-steps").setValue(3)
    view = codes.find("codes-sheet")
    codes.wait(view.complete)
    view.chosen.emit(view.sheet.cells[5])
    codes.settle()
    chosen = codes.pixels().copy()
    assert np.abs(chosen.astype(int) - view.picture(5)).max() <= 1, "there it was drawn among others"
    again = come_back(codes)
    again.window.show_workspace("codes")
    assert again.find("codes-sheet").sheet == view.sheet
    assert np.array_equal(again.find("picture-small").pixels, chosen)


def test_the_ranking_names_the_code_that_moves_the_picture_most_and_a_click_puts_it_on_the_columns(codes):
    story = codes
    story.window.show_workspace("codes")
    bars = story.find("codes-ranking")
    assert not bars.isVisible()
    story.click("codes-rank")
    story.wait(lambda: len(bars.amounts()) == 3)
    values = [amount.value for amount in bars.amounts()]
    assert values == sorted(values, reverse=True) and values[-1] > 0
    story.click("codes-ranking-1")
    assert story.document.session.codes.columns == bars.amounts()[1].name
    assert len(bars.amounts()) == 3
    story.find("psi").setValue(0.5)
    assert bars.amounts() == (), "what was measured with other settings is not shown"


def test_the_sheet_can_be_walked_with_keys(codes, qtbot):
    from PySide6.QtCore import Qt

    story = codes
    story.window.show_workspace("codes")
    cells = story.find("codes-sheet-cells")
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Return):
        qtbot.keyClick(cells, key)
    assert story.recipe == story.find("codes-sheet").sheet.cells[11]
    assert code(story, "category") == class_weights(1, 3)


def test_the_first_controls_are_there_by_name_before_any_model_with_codes(story):
    assert not any(story.find(f"code-{k}").isVisible() for k in range(3))
    assert not story.find("codes").isVisible() and not story.find("arithmetic").isVisible()
