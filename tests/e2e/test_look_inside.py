"""Somebody looks inside the generator, finds out what units draw, and takes some out."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ganviz import cli
from ganviz.activations import LayerView, ablation_sheet, edited_units, picture, read_activations
from ganviz.edits import UnitEdit
from ganviz.expression import Seed
from ganviz.render import Renderer
from ganviz.session import load_session, read_png, write_png


class Inside:
    """The layers workspace of a window."""

    def __init__(self, story) -> None:
        self.story = story
        story.window.show_workspace("layers")
        self.page = story.window.parts.centre.page.inner
        self.grid = story.find("layers-grid")
        self.renderer = Renderer("cpu")
        self.renderer.load(story.document.header.path)
        self.settle()

    def settle(self) -> None:
        self.story.settle()
        self.story.wait(self.page.complete)

    @property
    def view(self) -> LayerView:
        return self.story.document.session.layers

    @property
    def units(self) -> tuple[UnitEdit, ...]:
        return self.story.recipe.units

    def go(self, layer: int) -> None:
        self.story.find("layers-list").setCurrentRow(layer)
        self.settle()

    def click(self, qtbot, channel: int, modifier=Qt.KeyboardModifier.NoModifier) -> None:
        cells = self.grid.cells
        middle = cells.cell_rect(cells.order.index(channel)).center()
        qtbot.mouseClick(cells, Qt.MouseButton.LeftButton, modifier, middle)

    def map(self) -> np.ndarray:
        """What the channel's pane shows."""
        return self.story.find("layers-map").pixels

    def expected(self, layer: int, *channels: int) -> np.ndarray:
        found = read_activations(self.renderer, self.story.recipe, layer)
        return picture(found.maps, found.factors(self.view), channels)


@pytest.fixture
def inside(story):
    """The window in the layers workspace, on the tiny colour model."""
    return Inside(story)


def test_the_layers_are_listed_and_the_chosen_one_is_shown(inside, qtbot):
    story = inside.story
    names = [story.find("layers-list").item(k).text() for k in range(3)]
    assert names == ["4x4", "8x8", "16x16"] and inside.view == LayerView()
    for tabs in ("layers-ways", "layers-tabs"):
        story.wait(lambda tabs=tabs: story.find(tabs).size().width() >= story.find(tabs).sizeHint().width())
    assert np.array_equal(inside.map(), inside.expected(1, 0))
    assert np.array_equal(story.find("layers-picture").pixels, story.pixels())
    inside.go(0)
    inside.click(qtbot, 5)
    assert inside.view.layer == 0 and inside.view.channels == (5,)
    assert np.array_equal(inside.map(), inside.expected(0, 5))
    figures = read_activations(inside.renderer, story.recipe, 0).figures[5]
    assert story.find("layers-figures-mean").text() == f"{figures.mean:.3f}".replace("-", "−")
    assert story.find("layers-figures-zeros").text() == f"{figures.zeros:.0%}"
    story.find("seed").setValue(12)
    inside.settle()
    assert np.array_equal(inside.map(), inside.expected(0, 5)), "it follows the picture"


def test_three_channels_are_red_green_and_blue_and_the_gain_is_in_decibels(inside, qtbot):
    story = inside.story
    story.find("layers-ways").setCurrentIndex(1)
    assert inside.view.channels == (0, 1, 2) and np.array_equal(inside.map(), inside.expected(1, 0, 1, 2))
    field = story.find("layers-channels")
    field.setText("7, 3, 4")
    field.editingFinished.emit()
    assert inside.view.channels == (7, 3, 4) and np.array_equal(inside.map(), inside.expected(1, 7, 3, 4))
    before = inside.map()
    story.find("layers-db").setValue(12)
    assert inside.view.db == 12 and not story.find("layers-auto").isChecked()
    assert np.array_equal(inside.map(), inside.expected(1, 7, 3, 4)) and not np.array_equal(inside.map(), before)
    story.find("layers-own").click()
    assert inside.view.own and np.array_equal(inside.map(), inside.expected(1, 7, 3, 4))
    story.find("layers-auto").click()
    assert inside.view.db is None
    field.setText("7, 99")
    field.editingFinished.emit()
    assert inside.view.channels == (7, 3, 4) and "Expected one channel" in story.find("layers-message-text").text()
    story.click("undo")
    assert inside.view == LayerView(), "looking around is one step"


def test_units_are_taken_out_boosted_and_restored_and_that_is_the_recipe(inside, qtbot):
    story = inside.story
    plain = story.pixels().copy()
    inside.click(qtbot, 2)
    inside.click(qtbot, 5, Qt.KeyboardModifier.ControlModifier)
    story.click("layers-ablate")
    inside.settle()
    assert inside.units == (UnitEdit(1, (2, 5), 0.0),)
    silenced = story.find("layers-picture").pixels
    assert np.array_equal(silenced, inside.renderer.render(story.recipe).pixels) and not np.array_equal(silenced, plain)
    assert inside.grid.cells.edits == {2: "× 0", 5: "× 0"} and story.find("layers-list").edits[1] == 2
    inside.click(qtbot, 5)
    story.click("layers-boost")
    inside.settle()
    assert inside.units == (UnitEdit(1, (2,), 0.0), UnitEdit(1, (5,), 2.0))
    assert inside.grid.cells.edits == {2: "× 0", 5: "× 2"}
    story.click("layers-restore")
    assert inside.units == (UnitEdit(1, (2,), 0.0),) and not story.find("layers-restore").isEnabled()
    for _ in range(3):
        story.click("undo")
    inside.settle()
    assert inside.units == () and np.array_equal(story.find("layers-picture").pixels, plain)


def test_keys_do_the_same(inside, qtbot):
    cells = inside.grid.cells
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_A):
        qtbot.keyClick(cells, key)
    assert inside.units == (UnitEdit(1, (2,), 0.0),) and inside.view.channels == (2,)
    qtbot.keyClick(cells, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(cells, Qt.Key.Key_B)
    assert inside.units == (UnitEdit(1, (2, 3), 2.0),)
    qtbot.keyClick(cells, Qt.Key.Key_Delete)
    assert inside.units == ()
    qtbot.keyClick(cells, Qt.Key.Key_Space)
    assert inside.grid.selected() == (2,)
    middle = cells.cell_rect(4).center()
    qtbot.mouseClick(cells, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.mouseDClick(cells, Qt.MouseButton.LeftButton, pos=middle)
    assert inside.units == (UnitEdit(1, (4,), 0.0),)


def test_the_card_has_a_gain_and_a_lift_for_each_edit_and_each_drag_is_one_step(inside, qtbot):
    story = inside.story
    card = story.find("units-card")
    assert card.isVisible() and story.find("units-hint").isVisible()
    inside.click(qtbot, 2)
    story.click("layers-ablate")
    inside.click(qtbot, 3)
    story.click("layers-boost")
    assert story.find("unit-0").text() == "8x8: unit 2" and story.find("unit-1-gain").value() == 2
    story.find("unit-0-gain").setValue(3.5)
    story.find("unit-0-lift").setValue(-0.5)
    inside.settle()
    assert inside.units[0] == UnitEdit(1, (2,), 3.5, -0.5)
    assert np.array_equal(story.pixels(), inside.renderer.render(story.recipe).pixels)
    assert edited_units(inside.units, 1, 8)[2] == (3.5, -0.5) and inside.grid.cells.edits[2] == "× 3.5 −0.5"
    story.click("undo")
    assert inside.units[0] == UnitEdit(1, (2,), 3.5)
    story.click("unit-0-remove")
    assert inside.units == (UnitEdit(1, (3,), 2.0),) and story.find("unit-0").text() == "8x8: unit 3"
    story.click("units-reset")
    assert inside.units == () and story.find("units-hint").isVisible()


def test_a_number_half_typed_for_an_edit_that_is_taken_back_goes_nowhere(inside, qtbot):
    story = inside.story
    inside.click(qtbot, 2)
    story.click("layers-ablate")
    inside.click(qtbot, 3)
    story.click("layers-boost")
    field = story.find("unit-1-gain-field")
    field.setFocus()
    assert field.hasFocus()
    field.selectAll()
    QTest.keyClicks(field, "1.25")
    story.document.undo()
    inside.settle()
    assert [edit.units for edit in inside.units] == [(2,)] and not field.isVisible()


def test_in_the_explore_workspace_the_card_is_there_only_while_there_are_edits(story):
    card = story.find("units-card")
    assert not card.isVisible()
    story.document.edit_recipe(units=(UnitEdit(0, (1,), 0.0),))
    assert card.isVisible()
    story.click("undo")
    assert not card.isVisible()
    story.click("redo")
    story.window.show_workspace("arithmetic")
    assert not card.isVisible()
    story.window.show_workspace("explore")
    assert card.isVisible()
    story.click("units-reset")
    assert not card.isVisible() and story.recipe.units == ()


def test_edits_and_view_are_saved_and_exported_and_drawn_again(inside, begin, qtbot, tmp_path, monkeypatch):
    story = inside.story
    inside.go(0)
    inside.click(qtbot, 3)
    story.click("layers-boost")
    inside.settle()
    pixels, session = story.pixels().copy(), story.document.session
    story.save(tmp_path / "work.ganviz")
    assert load_session(tmp_path / "work.ganviz") == session
    write_png(tmp_path / "picture.png", pixels, story.recipe)
    monkeypatch.chdir(tmp_path)
    for file in ("picture.png", "work.ganviz"):
        assert cli.main(["render", file, "--out", "again.png"]) == 0
        with Image.open("again.png") as image:
            assert np.array_equal(np.asarray(image), pixels)
    story.window.stop()
    again = Inside(begin(tmp_path / "work.ganviz"))
    assert again.view == session.layers and again.units == session.recipe.units
    assert np.array_equal(again.map(), inside.expected(0, 3))
    assert np.array_equal(again.story.find("layers-picture").pixels, pixels)


def test_units_are_measured_and_the_first_ones_shown_in_pictures(inside, qtbot, tmp_path):
    story = inside.story
    inside.go(0)
    story.click("layers-rank")
    assert not story.find("layers-rank").isEnabled()
    story.wait(lambda: story.find("layers-rank").isEnabled())
    assert story.find("layers-order").currentData() == "effect"
    cells = inside.grid.cells
    amounts = [float(cells.words[channel].split(": ")[1]) for channel in cells.order]
    assert amounts == sorted(amounts, reverse=True) and cells.order != tuple(range(len(cells.order)))
    story.find("layers-tabs").setCurrentIndex(1)
    sheet = story.find("layers-effect").sheet
    assert sheet == ablation_sheet(story.recipe, 0, cells.order[:6])
    inside.settle()
    story.click("layers-export")
    dialog = story.window.findChild(object, "export-sheet-dialog")
    dialog.path.setText(str(tmp_path / "units.png"))
    dialog.go.click()
    story.wait(lambda: (tmp_path / "units.png").exists())
    assert read_png(tmp_path / "units.png") == sheet
    story.find("layers-effect").chosen.emit(sheet.cells[1])
    assert story.recipe == sheet.cells[1], "a picture of the sheet is gone to like any other"


def test_the_order_can_be_by_strength_and_by_effect_only_once_it_is_measured(inside):
    story, order = inside.story, inside.story.find("layers-order")
    found = read_activations(inside.renderer, story.recipe, 1)
    order.setCurrentIndex(1)
    order.activated.emit(1)
    norms = [found.figures[channel].norm for channel in inside.grid.cells.order]
    assert norms == sorted(norms, reverse=True)
    order.setCurrentIndex(2)
    order.activated.emit(2)
    assert "Measure the effect" in story.find("layers-message-text").text()
    assert inside.grid.cells.order == tuple(range(len(norms)))


def test_a_cancelled_measurement_leaves_things_as_they_are(inside):
    story = inside.story
    story.click("layers-rank")
    story.click("cancel")
    story.wait(lambda: story.find("layers-rank").isEnabled() and not story.window.compute.job_running)
    assert story.recipe.units == ()


def test_a_stylegan_shows_its_noise_and_another_model_takes_the_view_along(inside, tiny_stylegan2):
    story = inside.story
    inside.go(2)
    story.window.open(str(tiny_stylegan2))
    story.wait(lambda: story.recipe.model.name == "tiny-styles")
    inside.renderer.load(tiny_stylegan2)
    inside.settle()
    layers = story.find("layers-list")
    assert layers.count() == 5 and layers.currentRow() == 2 and "adds noise" in layers.item(0).toolTip()
    assert np.array_equal(inside.map(), inside.expected(2, 0))
    story.document.edit_recipe(latent=Seed(8))
    inside.settle()
    assert np.array_equal(inside.map(), inside.expected(2, 0))
