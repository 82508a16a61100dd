"""Somebody mixes styles in a matrix, and looks at what psi and noise do, in the mix workspace."""

import numpy as np
import pytest
from PIL import Image

from app.exporting import ExportDialog
from ganviz import cli, sheets
from ganviz.edits import Mix
from ganviz.expression import Seed
from ganviz.jobs import run
from ganviz.mixing import Mixing, Source
from ganviz.recipe import Composite, Noise
from ganviz.render import Renderer
from ganviz.session import load_session, read_png


@pytest.fixture
def mixing(begin, tiny_stylegan2):
    """The window on the tiny StyleGAN2, in the mix workspace, a small matrix drawn."""
    story = begin(tiny_stylegan2)
    assert story.document.session.mixing == Mixing(), "the seeds that the StyleGAN tools show"
    story.document.edit(mixing=Mixing(rows=sources(85, 100), columns=sources(55, 821)))
    story.document.seal()
    story.window.show_workspace("mix")
    story.wait(story.find("mix-sheet").complete)
    return story


def sources(*seeds):
    return tuple(Source(Seed(seed)) for seed in seeds)


def alike(a, b):
    """Whether two pictures are the same, drawn alone or among others, which can move a pixel by one level."""
    return np.abs(a.astype(int) - b).max() <= 1


def page(story):
    return story.window.parts.centre.page.inner


def enter(story, name, text):
    field = story.find(name)
    field.setText(text)
    field.editingFinished.emit()
    story.wait(page(story).complete)


def test_the_matrix_shows_what_its_recipes_draw_and_a_click_goes_there(mixing, tiny_stylegan2):
    story, view = mixing, mixing.find("mix-sheet")
    enter(story, "mix-rows", "1,2")
    enter(story, "mix-columns", "3, 4, 5")
    story.click("mix-sheet-fine")
    story.wait(page(story).complete)
    assert story.document.session.mixing.layers == "coarse,fine"
    sheet = view.sheet
    assert (sheet.columns, sheet.rows) == (4, 3)
    renderer = Renderer("cpu")
    renderer.load(tiny_stylegan2)
    for place in (1, 4, 7, 11):
        assert alike(view.picture(place), renderer.render(sheet.cells[place]).pixels)
    before = story.pixels().copy()
    view.chosen.emit(sheet.cells[11])
    story.settle()
    assert story.recipe.latent == Seed(2) and story.recipe.mixes == (Mix(Seed(5), (0, 1, 4, 5)),)
    assert alike(story.pixels(), view.picture(11))
    assert story.find("mix-coarse").isChecked(), "the card says what was mixed"
    story.click("undo")
    story.settle()
    assert np.array_equal(story.pixels(), before)


def test_rows_columns_layers_and_blend_are_steps_that_are_undone(mixing):
    story = mixing
    first = story.find("mix-sheet").sheet
    enter(story, "mix-sheet-layers", "0-2")
    story.find("mix-sheet-blend").setValue(0.5)
    story.click("mix-rows-add")
    story.wait(page(story).complete)
    assert story.document.session.mixing.rows[-1] == Source(Seed(0))
    assert story.find("mix-sheet").sheet.cells[-1].mixes[0].amount == 0.5
    assert story.find("mix-rows").text() == "85, 100, 0"
    for _ in range(3):
        story.click("undo")
    story.wait(lambda: story.find("mix-sheet").sheet == first)
    assert story.find("mix-sheet-layers").text() == "coarse"
    story.click("redo")
    story.click("mix-sheet-reset")
    assert story.document.session.mixing == Mixing() and not story.find("mix-sheet-reset").isEnabled()


def test_what_cannot_be_read_is_said_and_the_sheet_stays(mixing):
    story = mixing
    sheet = story.find("mix-sheet").sheet
    for name, text, said in (
        ("mix-sheet-layers", "9", "from 0 to 5"),
        ("mix-rows", "cow", "expected seeds"),
        ("mix-psis", "x", "expected psis"),
    ):
        enter(story, name, text)
        assert said in story.find("mix-message-text").text()
    assert story.find("mix-sheet").sheet == sheet and story.find("mix-rows").text() == "85, 100"


def test_the_truncation_and_noise_sheets_have_the_same_rows(mixing):
    story, view = mixing, mixing.find("mix-sheet")
    enter(story, "mix-rows", "1,2")
    story.find("mix-tabs").setCurrentIndex(1)
    enter(story, "mix-psis", "0:1:3")
    assert [cell.psi for cell in view.sheet.cells] == [0, 0.5, 1, 0, 0.5, 1]
    assert alike(view.picture(0), view.picture(3)), "psi 0 is one picture"
    assert not alike(view.picture(2), view.picture(5))
    story.find("mix-tabs").setCurrentIndex(2)
    enter(story, "mix-noises", "3,5")
    assert [cell.noise for cell in view.sheet.cells[:2]] == [Noise("random", 3), Noise("random", 5)]
    assert isinstance(view.sheet.cells[2], Composite) and view.picture(2).max() == 255
    view.chosen.emit(view.sheet.cells[1])
    story.settle()
    assert story.find("noise-mode").currentText() == "random" and story.find("noise-seed").value() == 5
    assert alike(story.pixels(), view.picture(1))


def test_the_sheet_follows_psi_once_that_has_come_to_rest(mixing):
    story, view = mixing, mixing.find("mix-sheet")
    story.find("psi").setValue(0.1)
    assert {recipe.psi for recipe in view.sheet.recipes} == {0.7}
    story.wait(page(story).complete)
    assert {recipe.psi for recipe in view.sheet.recipes} == {0.1}


@pytest.mark.parametrize("tab", [0, 1, 2])
def test_a_sheet_is_exported_saved_and_rendered_to_the_same_pixels(mixing, begin, tmp_path, tab):
    story = mixing
    story.find("mix-tabs").setCurrentIndex(tab)
    story.wait(page(story).complete)
    sheet = story.find("mix-sheet").sheet
    story.click("mix-sheet-export")
    dialog = story.window.findChild(ExportDialog)
    dialog.path.setText(str(tmp_path / "sheet.png"))
    dialog.go.click()
    story.wait(lambda: "sheet.png" in story.find("mix-message-text").text())
    assert read_png(tmp_path / "sheet.png") == sheet
    pixels = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert np.array_equal(run(sheets.draw(Renderer("cpu"), sheet)), pixels)
    assert cli.main(["render", str(tmp_path / "sheet.png"), "--out", str(tmp_path / "again.png")]) == 0
    assert np.array_equal(np.asarray(Image.open(tmp_path / "again.png")), pixels)
    story.save(tmp_path / "a.ganviz")
    assert load_session(tmp_path / "a.ganviz").mixing == story.document.session.mixing
    story.window.stop()
    again = begin(tmp_path / "a.ganviz")
    again.window.show_workspace("mix")
    assert again.find("mix-rows").text() == "85, 100"


def test_a_model_without_styles_has_the_sheet_over_psi_alone(story):
    story.document.edit(mixing=Mixing(rows=sources(1, 2)))
    story.window.show_workspace("mix")
    tabs = story.find("mix-tabs")
    assert [tabs.isTabVisible(k) for k in range(3)] == [False, True, False]
    story.wait(page(story).complete)
    view = story.find("mix-sheet")
    assert view.sheet.columns == 6 and alike(view.picture(3), view.picture(9))
    assert not story.find("mix-sheet-blend").isVisible()
    assert not story.find("mix-card").isVisible() and not story.find("noise-card").isVisible()
