"""Somebody finds out what a model varies, names it, goes along it, and keeps it."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QDropEvent

from app.exporting import Wish
from app.widgets.recipe_mime import to_mime
from ganviz import cli, finding
from ganviz.direction_files import load_directions
from ganviz.directions import amount_of, direction_sheet
from ganviz.expression import Seed
from ganviz.render import Renderer
from ganviz.session import read_png


@pytest.fixture(autouse=True)
def few_samples(monkeypatch):
    """Tiny models are known by few samples."""
    for name in ("W_SAMPLES", "ACTIVATION_SAMPLES", "SPREAD_SAMPLES"):
        monkeypatch.setattr(finding, name, 300)


@pytest.fixture
def styled(begin, tiny_stylegan2):
    """The window on the tiny StyleGAN2, in the directions workspace."""
    story = begin(tiny_stylegan2)
    story.window.show_workspace("directions")
    return story


@pytest.fixture(scope="module")
def draw(tiny_stylegan2):
    """A function from a recipe to its pixels, drawn without a window."""
    renderer = Renderer("cpu")
    renderer.load(tiny_stylegan2)
    return lambda recipe: renderer.render(recipe).pixels


def choose(story, name, data):
    """Take an entry of a drop-down list by what it stands for."""
    choice = story.find(name)
    choice.setCurrentIndex(choice.findData(data))
    choice.activated.emit(choice.currentIndex())


def find(story, method="sefa", count=4):
    """Look for directions and wait for them."""
    choose(story, "directions-method", method)
    story.find("directions-count").setValue(count)
    story.click("directions-find")
    story.wait(lambda: not story.window.compute.job_running)


def directions(story):
    return [item.direction for item in story.document.session.directions.found]


def page(story):
    return story.window.parts.centre.page.inner


def drop(widget, recipes):
    """Drop pictures on a widget."""
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    mime = to_mime(recipes)  # the event does not keep it alive
    widget.dropEvent(QDropEvent(QPointF(9, 9), copy, mime, left, none))


def test_there_is_nothing_at_first_and_the_card_says_what_to_do(styled):
    assert styled.find("direction-0").value() == 0 and not styled.find("direction-0").isVisible()
    assert styled.find("direction-hint").isVisible() and not styled.find("direction-reset").isEnabled()
    assert styled.find("directions-list").rows() == () and not styled.find("directions-save").isEnabled()


def test_what_is_found_is_listed_with_strips_and_sliders_in_one_step(styled, draw):
    find(styled, "pca")
    rows = styled.find("directions-list").rows()
    assert [row.name for row in rows] == ["PCA 1", "PCA 2", "PCA 3", "PCA 4"]
    assert "% of variance" in rows[0].caption
    view = styled.find("directions-list")
    styled.wait(view.complete)
    first = directions(styled)[0]
    for column, recipe in enumerate(direction_sheet(styled.recipe, [first]).cells):
        assert np.array_equal(view.picture(0, column), draw(recipe)), column
    assert len(styled.document.history.past) == 1
    assert styled.find("direction-3").isVisible() and not styled.find("direction-4").isVisible()
    styled.click("undo")
    assert view.rows() == () and not styled.find("direction-0").isVisible()
    styled.click("redo")
    find(styled, "pca")
    assert len(view.rows()) == 4, "what is there already is not listed twice"


def test_a_slider_goes_along_a_direction_and_home_leads_back(styled, draw):
    first = styled.pixels().copy()
    find(styled)
    slider = styled.find("direction-1")
    assert slider.range() == (-10, 10) and slider.steps()[0] == 0.1
    for amount in (0.5, 1.5, 2.5):
        slider.setValue(amount)
    styled.settle()
    along = directions(styled)[1]
    assert amount_of(styled.recipe, along) == 2.5
    assert np.array_equal(styled.pixels(), draw(styled.recipe)) and not np.array_equal(styled.pixels(), first)
    styled.find("direction-0").setValue(-1)
    assert styled.find("direction-reset").isEnabled()
    styled.window.show_workspace("explore")
    styled.canvas.setFocus()
    styled.qtbot.keyClick(styled.canvas, Qt.Key.Key_Home)
    styled.settle()
    assert styled.recipe.moves == () and np.array_equal(styled.pixels(), first)
    assert slider.value() == 0
    styled.click("undo")
    assert slider.value() == 2.5 and styled.find("direction-0").value() == -1
    styled.click("undo")
    styled.click("undo")
    assert amount_of(styled.recipe, along) == 1.5


def test_a_drag_of_the_slider_is_one_step(styled):
    find(styled)
    slider, steps = styled.find("direction-0"), len(styled.document.history.past)
    middle = slider.rect().center()
    styled.drag(slider, middle, middle + QPointF(10, 0).toPoint(), middle + QPointF(30, 0).toPoint())
    assert slider.value() > 0 and len(styled.document.history.past) == steps + 1


def test_a_picture_of_a_strip_leads_there(styled, draw):
    find(styled)
    view = styled.find("directions-list")
    view.chosen.emit(view.recipes(2)[6])
    styled.settle()
    assert styled.find("direction-2").value() == 3 and np.array_equal(styled.pixels(), draw(styled.recipe))
    assert view.rows()[2].now == 6 and view.rows()[0].now == 3


def test_names_and_layers_follow_into_the_picture(styled, draw):
    find(styled)
    styled.find("direction-0").setValue(2)
    view = styled.find("directions-list")
    view.renamed.emit(0, "smile")
    assert directions(styled)[0].name == "smile" and styled.recipe.moves[0].direction.name == "smile"
    view.renamed.emit(1, "smile")
    assert directions(styled)[1].name == "smile (2)"
    styled.settle()
    whole = styled.pixels().copy()
    styled.click("direction-coarse")  # all layers were ticked: take the coarse ones out
    styled.settle()
    left = directions(styled)[0].layers
    assert left and len(left) < 6 and styled.recipe.moves[0].reach == left
    assert np.array_equal(styled.pixels(), draw(styled.recipe)) and not np.array_equal(styled.pixels(), whole)
    assert styled.find("direction-0").value() == 2, "it is the same direction still"
    styled.click("undo")
    styled.settle()
    assert np.array_equal(styled.pixels(), whole) and directions(styled)[0].layers is None
    for layer in range(6):
        styled.find(f"direction-layer-{layer}").setChecked(False)
    assert directions(styled)[0].layers == (5,), "one layer has to stay"


def test_a_removed_direction_goes_out_of_list_and_picture(styled):
    find(styled)
    first = styled.pixels().copy()
    styled.find("direction-0").setValue(3)
    view = styled.find("directions-list")
    view.setCurrentIndex(view.model().index(0, 0))
    styled.click("directions-remove")
    styled.settle()
    assert [row.name for row in view.rows()] == ["SeFa 2", "SeFa 3", "SeFa 4"] and styled.recipe.moves == ()
    assert np.array_equal(styled.pixels(), first)
    styled.click("undo")
    assert len(view.rows()) == 4 and styled.find("direction-0").value() == 3


def test_a_direction_is_parted_from_others(styled):
    find(styled, "pca")
    find(styled, "sefa", count=1)
    view = styled.find("directions-list")
    assert not styled.find("directions-part").isEnabled()
    flags = view.selectionModel().SelectionFlag
    view.setCurrentIndex(view.model().index(0, 0))
    view.selectionModel().setCurrentIndex(view.model().index(4, 0), flags.Select)
    styled.click("directions-part")
    pca, sefa, left = (directions(styled)[k] for k in (0, 4, 5))
    assert left.name == "SeFa 1 without PCA 1" and left.origin == "SeFa"
    assert abs(left.array @ pca.array) < 1e-4 and left.array @ sefa.array > 0
    styled.click("undo")
    assert len(directions(styled)) == 5


def test_all_of_it_is_saved_exported_and_rendered_to_the_same_pixels(styled, begin, tmp_path):
    find(styled)
    styled.find("direction-1").setValue(-2)
    styled.settle()
    pixels = styled.pixels().copy()
    styled.save(tmp_path / "a.ganviz")
    styled.window.exporter.write_image(Wish(str(tmp_path / "a.png"), None, "high", True), styled.canvas.frame)
    styled.wait(lambda: (tmp_path / "a.png").is_file())
    for name in ("a.ganviz", "a.png"):
        assert cli.main(["render", str(tmp_path / name), "--out", str(tmp_path / "b.png")]) == 0
        with Image.open(tmp_path / "b.png") as image:
            assert np.array_equal(np.asarray(image).reshape(pixels.shape), pixels)
    again = begin(tmp_path / "a.ganviz")
    assert np.array_equal(again.pixels(), pixels)
    assert again.document.session.directions == styled.document.session.directions
    assert again.find("direction-1").value() == -2
    foreign = begin(tmp_path / "a.png")
    assert np.array_equal(foreign.pixels(), pixels)
    assert foreign.find("direction-0").value() == -2, "what came with a picture can be moved too"
    foreign.click("direction-reset")
    assert foreign.recipe.moves == ()


def test_directions_are_kept_in_a_file_and_shared(styled, begin, tmp_path, tiny_checkpoint):
    find(styled)
    view = styled.find("directions-list")
    view.setCurrentIndex(view.model().index(2, 0))
    file = tmp_path / "some.npz"
    page(styled).save(str(file))
    assert "1 directions written" in styled.find("directions-message").text()
    kept = load_directions(file, styled.recipe.model, styled.document.spec)
    assert [item.direction for item in kept.found] == [directions(styled)[2]]
    page(styled).load(str(file))
    assert len(view.rows()) == 4 and "in the list already" in styled.find("directions-message").text()
    view.setCurrentIndex(view.model().index(2, 0))
    styled.click("directions-remove")
    page(styled).load(str(file))
    assert view.rows()[-1].name == "SeFa 3"
    other = begin(tiny_checkpoint)
    other.window.show_workspace("directions")
    page(other).load(str(file))
    assert "arch is 'stylegan2' there and dcgan here" in other.find("directions-message").text()
    (tmp_path / "bad.npz").write_text("no")
    page(other).load(str(tmp_path / "bad.npz"))
    assert "bad.npz: expected directions" in other.find("directions-message").text()
    assert other.document.session.directions.found == ()


def test_the_sheet_of_directions_is_exported_with_what_draws_it_again(styled, tmp_path):
    find(styled)
    styled.click("directions-export")
    dialog = styled.window.findChild(object, "export-sheet-dialog")
    assert dialog is not None
    dialog.close()
    sheet = direction_sheet(styled.recipe, directions(styled))
    styled.window.exporter.write_sheet(Wish(str(tmp_path / "s.png"), None, "high", True), sheet)
    styled.wait(lambda: (tmp_path / "s.png").is_file())
    assert read_png(tmp_path / "s.png").cells == sheet.cells
    assert cli.main(["render", str(tmp_path / "s.png"), "--out", str(tmp_path / "t.png")]) == 0
    with Image.open(tmp_path / "s.png") as one, Image.open(tmp_path / "t.png") as other:
        assert np.array_equal(np.asarray(one), np.asarray(other))


def test_liked_and_disliked_pictures_are_collected_and_parted(styled):
    choose(styled, "directions-method", "labelled")
    assert not styled.find("directions-find").isEnabled()
    assert "0 liked, 0 disliked; at least 5 each" in styled.find("directions-marked").text()
    tabs = styled.find("directions-views")
    tabs.setCurrentIndex(2)
    samples = styled.find("directions-samples")
    styled.wait(samples.complete)
    samples.select({0, 1, 2, 3, 4, 5})
    styled.click("samples-like")
    samples.select({10, 11, 12, 13, 14})
    styled.click("samples-dislike")
    marked = styled.document.session.directions
    assert [recipe.latent for recipe in marked.liked] == [Seed(k) for k in range(6)] and len(marked.disliked) == 5
    styled.click("samples-more")
    assert samples.sheet.cells[0].latent == Seed(24)
    drop(styled.find("disliked-pictures"), (marked.liked[5],))
    styled.click("liked-add")
    marked = styled.document.session.directions
    assert len(marked.liked) == 5, "seed 0 is liked already, and what is disliked now is not"
    assert len(marked.disliked) == 6
    styled.find("liked-pictures").removed.emit(4)
    assert not styled.find("directions-find").isEnabled()
    styled.click("undo")
    find_button = styled.find("directions-find")
    assert find_button.isEnabled()
    find_button.click()
    styled.wait(lambda: not styled.window.compute.job_running)
    (direction,) = directions(styled)
    assert direction.origin == "labelled" and direction.name == "Liked"
    assert "held-out accuracy" in styled.find("directions-message").text()
    assert "% right" in styled.find("directions-list").rows()[0].caption
    styled.click("liked-clear")
    assert styled.document.session.directions.liked == ()


def test_entanglement_is_measured_and_said_in_words(styled):
    find(styled, count=3)
    tabs = styled.find("directions-views")
    tabs.setCurrentIndex(1)
    styled.click("entanglement-measure")
    styled.wait(lambda: not styled.window.compute.job_running)
    matrix = styled.find("entanglement")
    assert matrix.names == ("SeFa 1", "SeFa 2", "SeFa 3") and matrix.values.shape == (3, 3)
    said = styled.find("entanglement-words").text()
    assert said.startswith("Going +1 σ along SeFa 1 changes pictures by") and "R²" in said
    choose(styled, "entanglement-reading", "cosine")
    assert np.allclose(np.diag(matrix.values), 1)
    styled.find("directions-list").renamed.emit(0, "other")
    assert matrix.names == (), "what was measured is of directions that are there no more"


def test_other_models_have_directions_of_their_own(styled, tiny_checkpoint):
    find(styled)
    styled.window.open(str(tiny_checkpoint))
    styled.wait(lambda: styled.recipe.model.name == "tiny")
    styled.settle()
    assert styled.find("directions-list").rows() == () and styled.find("direction-hint").isVisible()
    assert not styled.find("directions-layers").isVisible(), "a model with one style input has no layers to choose"
    styled.click("undo")
    styled.settle()
    assert len(styled.find("directions-list").rows()) == 4


def test_the_card_finds_components_by_itself(styled):
    styled.window.show_workspace("explore")
    styled.click("direction-find")
    styled.wait(lambda: not styled.window.compute.job_running)
    assert len(directions(styled)) == 8, "as many as w has dimensions"
    assert styled.window.parts.cards["directions"].list.count == 8 and not styled.find("direction-hint").isVisible()
