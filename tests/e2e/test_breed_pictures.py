"""Somebody looks at variations around the picture, chooses parents and breeds."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from app.exporting import ExportDialog
from ganviz import cli
from ganviz.expression import Mapped, Seed, Sum
from ganviz.session import load_session, read_png


@pytest.fixture
def sheet(story):
    """The window with the sheet of variations at the front."""
    story.document.edit(breeding=story.document.session.breeding.edit(count=9))
    story.document.seal()
    story.find("explore-view").setCurrentIndex(1)
    drawn(story)
    return story


def alike(a, b):
    """Whether two pictures are the same, drawn alone or among others, which can move a pixel by one level."""
    return np.abs(a.astype(int) - b).max() <= 1


def drawn(story):
    story.wait(story.find("variations").complete)


def past(story):
    return len(story.document.history.past)


def test_the_sheet_shows_variations_around_the_picture(sheet):
    view = sheet.find("sheet")
    assert view.isVisible() and not sheet.canvas.isVisible() and not sheet.find("zoom-fit").isVisible()
    assert alike(view.picture(0), sheet.pixels()), "the picture itself comes first"
    pictures = [view.picture(place).tobytes() for place in range(9)]
    assert len(set(pictures)) == 9
    sheet.find("explore-view").setCurrentIndex(0)
    assert sheet.canvas.isVisible() and sheet.find("zoom-fit").isVisible()


def test_strength_says_how_far_they_go_in_one_step(sheet):
    view, strength = sheet.find("sheet"), sheet.find("sheet-strength")

    def away():
        return np.mean([np.abs(view.picture(k).astype(float) - view.picture(0)).mean() for k in range(1, 9)])

    far = away()
    steps = past(sheet)
    strength.setValue(0.05)
    drawn(sheet)
    assert away() < far / 3 and past(sheet) == steps + 1
    sheet.click("sheet-draws")
    assert past(sheet) == steps + 2


def test_a_click_goes_to_a_picture_and_the_sheet_stays(sheet):
    view = sheet.find("sheet")
    cells = view.sheet
    view.chosen.emit(cells.cells[4])
    sheet.settle()
    drawn(sheet)
    assert sheet.recipe == cells.cells[4] and view.sheet == cells
    assert alike(sheet.pixels(), view.picture(4))
    sheet.click("undo")
    drawn(sheet)
    assert sheet.recipe == cells.cells[0] and view.sheet == cells
    sheet.click("redo")
    sheet.click("sheet-reset")
    drawn(sheet)
    assert view.sheet.cells[0] == cells.cells[4], "around the present picture again"


def test_several_parents_make_the_next_generation_and_the_history_names_it(sheet):
    view = sheet.find("sheet")
    first = view.sheet
    cells = view.grid
    cells.setFocus()
    for place in (2, 5):
        sheet.qtbot.mouseClick(
            cells, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, view.cell_rect(place).center()
        )
    assert view.selected() == (first.cells[2], first.cells[5])
    assert "2 chosen" in sheet.find("sheet-about").text()
    steps = past(sheet)
    sheet.click("sheet-next")
    sheet.settle()
    drawn(sheet)
    breeding = sheet.document.session.breeding
    assert breeding.generation == 1 and breeding.parents == (first.cells[2], first.cells[5])
    assert past(sheet) == steps + 1 and "Generation 1" in sheet.find("sheet-about").text()
    assert sheet.recipe == view.sheet.cells[0] and alike(sheet.pixels(), view.picture(0))
    sheet.click("sheet-next")
    drawn(sheet)
    assert sheet.document.session.breeding.generation == 2
    sheet.window.parts.show_tab("history")
    history = sheet.find("history")
    sheet.wait(lambda: any("generation 1, bred from 2" in item.tip for item in history.items()))
    for _ in range(2):
        sheet.click("undo")
    drawn(sheet)
    assert view.sheet == first


def test_the_sheet_follows_the_latent_and_psi_while_nobody_has_chosen(sheet):
    view = sheet.find("sheet")
    sheet.find("seed").setValue(12)
    sheet.find("psi").setValue(0.5)
    drawn(sheet)
    assert view.sheet.cells[0].latent == Seed(12) and {cell.psi for cell in view.sheet.recipes} == {0.5}


def test_a_generation_is_saved_exported_and_rendered_to_the_same_pixels(sheet, begin, tmp_path):
    view = sheet.find("sheet")
    view.select({1, 3, 7})
    sheet.click("sheet-next")
    sheet.settle()
    drawn(sheet)
    kept = view.sheet
    sheet.click("sheet-export")
    dialog = sheet.window.findChild(ExportDialog)
    dialog.path.setText(str(tmp_path / "sheet.png"))
    dialog.go.click()
    sheet.wait(lambda: "sheet.png" in sheet.find("sheet-message-text").text())
    assert read_png(tmp_path / "sheet.png") == kept
    assert cli.main(["render", str(tmp_path / "sheet.png"), "--out", str(tmp_path / "again.png")]) == 0
    pixels = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "again.png")), pixels)
    assert alike(pixels[:16, :16], view.picture(0))
    sheet.save(tmp_path / "a.ganviz")
    assert load_session(tmp_path / "a.ganviz").breeding == sheet.document.session.breeding
    sheet.window.stop()
    again = begin(tmp_path / "a.ganviz")
    again.find("explore-view").setCurrentIndex(1)
    drawn(again)
    assert again.find("sheet").sheet == kept


def test_in_a_network_with_styles_parents_are_blended_in_w(begin, tiny_stylegan2):
    story = begin(tiny_stylegan2)
    story.find("explore-view").setCurrentIndex(1)
    view = story.find("sheet")
    story.wait(lambda: view.sheet is not None)
    view.select({1, 2})
    story.click("sheet-next")
    latent = story.recipe.latent
    assert isinstance(latent, Sum) and all(isinstance(item, Mapped) for _, item in latent.terms)
    assert sum(weight for weight, _ in latent.terms) == pytest.approx(1)
    story.settle()
    assert "generation" not in story.message


def test_another_family_keeps_parents_that_it_can_draw(sheet, tiny_conditional):
    sheet.find("sheet").select({2})
    sheet.click("sheet-next")
    parents = sheet.document.session.breeding.parents
    sheet.window.open(str(tiny_conditional))
    sheet.wait(lambda: sheet.recipe.model.name == "tiny-classes")
    sheet.settle()
    drawn(sheet)
    view = sheet.find("sheet")
    assert sheet.document.session.breeding.parents == parents
    assert view.sheet.cells[0].latent == parents[0].latent
    assert {len(cell.label) for cell in view.sheet.recipes} == {3}
    assert {cell.model.name for cell in view.sheet.recipes} == {"tiny-classes"}
