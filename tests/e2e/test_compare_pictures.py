"""Somebody compares the picture with a kept one, with another snapshot, and with another model."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent

from app.widgets.recipe_mime import to_mime
from ganviz import cli
from ganviz.comparing import Comparison, comparison_sheet, difference_map, measure
from ganviz.expression import Seed
from ganviz.recipe import Recipe, Sheet
from ganviz.session import load_session, read_png


class Comparing:
    """The compare workspace of a window."""

    def __init__(self, story) -> None:
        self.story = story
        story.window.show_workspace("compare")
        self.page = story.window.parts.centre.page.inner
        self.view = story.find("compare-view")
        self.settle()

    def settle(self) -> None:
        self.story.settle()
        self.story.wait(self.page.complete)

    @property
    def comparison(self) -> Comparison:
        return self.story.document.session.comparison

    def shown(self) -> tuple[np.ndarray, np.ndarray]:
        return self.view._pictures["a"], self.view._pictures["b"]

    def choose(self, text: str) -> None:
        choice = self.story.find("compare-with")
        row = next(k for k in range(choice.count()) if text in choice.itemText(k) and choice.itemData(k) is not None)
        choice.setCurrentIndex(row)
        choice.activated.emit(row)
        self.settle()

    def drop(self, *recipes: Recipe) -> None:
        mime = to_mime(recipes)  # the event does not own it
        event = QDropEvent(
            QPointF(9, 9),
            Qt.DropAction.CopyAction,
            mime,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        self.page.dropEvent(event)
        self.settle()


@pytest.fixture
def comparing(story):
    """The window in the compare workspace, A on screen and nothing to compare with."""
    return Comparing(story)


def test_without_b_the_page_shows_a_and_says_what_to_do(comparing):
    story = comparing.story
    assert np.array_equal(comparing.view._pictures["a"], story.pixels()) and "b" not in comparing.view._pictures
    assert "pin the present picture" in comparing.view.empty
    for name in ("compare-swap", "compare-export", "compare-clear"):
        assert not story.find(name).isEnabled()
    assert story.find("compare-figures").text() == "Nothing to compare with yet"


def test_a_pinned_picture_stays_while_the_present_one_changes(comparing):
    story = comparing.story
    before, pixels = story.recipe, story.pixels().copy()
    story.click("compare-pin")
    comparing.settle()
    assert comparing.comparison == Comparison(before)
    assert story.find("compare-figures").text() == "Equal: not one pixel differs"
    story.find("psi").setValue(0.3)
    comparing.settle()
    a, b = comparing.shown()
    assert np.array_equal(a, story.pixels()) and np.array_equal(b, pixels) and not np.array_equal(a, b)
    found = measure(a, b)
    assert f"Mean difference {found.mean:.2f}" in story.find("compare-figures").text()
    assert f"PSNR {found.psnr:.1f} dB" in story.find("compare-figures").text()
    assert story.find("compare-octaves").octaves() == tuple(reversed(found.octaves))
    assert np.array_equal(comparing.view._pictures["difference"], difference_map(a, b))


def test_coming_back_to_the_page_shows_both_at_once(comparing, monkeypatch):
    story = comparing.story
    story.click("compare-pin")
    comparing.settle()
    story.window.show_workspace("explore")
    story.find("seed").setValue(9)
    story.settle()
    shown = []
    show = comparing.view.show_pictures
    monkeypatch.setattr(comparing.view, "show_pictures", lambda a, b, *rest: (shown.append(b), show(a, b, *rest)))
    story.window.show_workspace("compare")
    comparing.settle()
    assert np.array_equal(comparing.shown()[0], story.pixels())
    assert shown and all(b is not None for b in shown), "B was there all the time"


def test_a_dropped_or_kept_picture_is_b_and_that_is_undone_saved_and_opened_again(comparing, begin, tmp_path):
    story = comparing.story
    other = story.recipe.edit(latent=Seed(9), psi=0.8)
    story.document.keep(other)
    comparing.drop(other)
    assert comparing.comparison == Comparison(other)
    assert "seed 9" in story.find("compare-with").currentText()
    b = comparing.shown()[1].copy()
    assert np.array_equal(b, story.window.parts.centre.page.inner._pictures[_key(other)])
    story.click("undo")
    assert comparing.comparison == Comparison() and "b" not in comparing.view._pictures
    comparing.choose("seed 9")
    assert comparing.comparison == Comparison(other)
    story.save(tmp_path / "work.ganviz")
    assert load_session(tmp_path / "work.ganviz").comparison == Comparison(other)
    story.window.stop()
    again = Comparing(begin(tmp_path / "work.ganviz"))
    assert again.comparison == Comparison(other) and np.array_equal(again.shown()[1], b)
    again.story.click("compare-clear")
    assert again.comparison == Comparison()


def _key(recipe: Recipe) -> Recipe:
    from app.panels.compare import _key as key

    return key(recipe)


def test_the_menu_of_a_kept_picture_leads_here(story):
    other = story.recipe.edit(latent=Seed(9))
    story.document.keep(other)
    gallery = story.find("gallery")
    action = next(action for action in gallery.menu_for(0).actions() if "Compare" in action.text())
    action.trigger()
    comparing = Comparing(story)
    assert story.window.parts.centre.name == "compare" and comparing.comparison == Comparison(other)


def test_another_model_is_drawn_at_the_same_latent_and_follows_it(comparing, tiny_conditional):
    story = comparing.story
    story.window.open(str(tiny_conditional))
    story.wait(lambda: story.recipe.model.name == "tiny-classes")
    comparing.settle()
    comparing.choose("tiny")
    assert comparing.comparison.follows and comparing.comparison.other.model.name == "tiny"
    story.find("seed").setValue(12)
    comparing.settle()
    assert comparing.page._b == Recipe(comparing.comparison.other.model, Seed(12))
    a, b = comparing.shown()
    assert a.shape == b.shape == (16, 16, 3), "a grey picture beside one in colour"
    story.click("compare-swap")
    comparing.settle()
    assert story.recipe.model.name == "tiny" and story.recipe.latent == Seed(12)
    assert comparing.page._b.model.name == "tiny-classes"
    assert np.array_equal(comparing.shown()[0], b)


def test_another_snapshot_of_the_run_is_offered(begin, make_run, tmp_path):
    run = make_run(tmp_path / "faces", (64, 128, 256))
    comparing = Comparing(begin(run))
    story = comparing.story
    choice = story.find("compare-with")
    story.wait(lambda: choice.count() >= 3)
    assert [choice.itemText(k) for k in range(3)] == [
        "Snapshots of this run",
        "faces, 0.13 kimg",
        "faces, 0.06 kimg",
    ]
    assert choice.itemData(0) is None
    comparing.choose("0.06 kimg")
    assert comparing.page._b.model != story.recipe.model and comparing.page._b.latent == story.recipe.latent
    assert not np.array_equal(*comparing.shown())
    assert story.find("compare-with").currentText() == "faces, 0.06 kimg"


def test_what_the_other_model_does_not_have_is_said(comparing, tiny_stylegan2):
    from ganviz.edits import UnitEdit

    story = comparing.story
    story.window.open(str(tiny_stylegan2))
    story.wait(lambda: story.recipe.model.name == "tiny-styles")
    story.document.edit_recipe(units=(UnitEdit(0, (1,), 0.0),))
    comparing.settle()
    comparing.choose("tiny")
    note = story.find("compare-note")
    assert note.isVisible() and "edits of units" in note.text()


def test_swapping_is_one_step_and_its_own_inverse(comparing):
    story = comparing.story
    a, b = story.recipe, story.recipe.edit(latent=Seed(9))
    comparing.drop(b)
    before = [picture.copy() for picture in comparing.shown()]
    story.click("compare-swap")
    comparing.settle()
    assert story.recipe == b and comparing.comparison == Comparison(a)
    assert [np.array_equal(x, y) for x, y in zip(comparing.shown(), reversed(before), strict=True)] == [True, True]
    story.click("compare-swap")
    comparing.settle()
    assert story.recipe == a and comparing.comparison == Comparison(b)
    story.click("undo")
    assert story.recipe == b and comparing.comparison == Comparison(a)


def test_the_divider_moves_by_mouse_and_keys(comparing, qtbot):
    story, view = comparing.story, comparing.view
    comparing.drop(story.recipe.edit(latent=Seed(9)))
    box = view._placed(view._panes()[0][1])
    y = round(box.center().y())
    story.drag(view, QPoint(round(view.divider()), y), QPoint(round(box.left() + 0.25 * box.width()), y))
    assert view.at == pytest.approx(0.25, abs=0.01) and "25%" in view.accessibleDescription()
    for key, expected in ((Qt.Key.Key_Home, 0), (Qt.Key.Key_Right, 0.05), (Qt.Key.Key_End, 1), (Qt.Key.Key_Left, 0.95)):
        qtbot.keyClick(view, key)
        assert view.at == pytest.approx(expected)
    grab = view.grab().toImage()
    view.set_at(0.0)
    assert view.grab().toImage() != grab


def test_each_way_of_comparing_paints_something_else(comparing, qtbot):
    story, view = comparing.story, comparing.view
    comparing.drop(story.recipe.edit(latent=Seed(9)))
    tabs, seen = story.find("compare-modes"), []
    for index, mode in enumerate(("wipe", "side", "difference", "flicker")):
        tabs.setCurrentIndex(index)
        assert view.mode == mode
        image = view.grab().toImage()
        assert all(image != other for other in seen)
        seen.append(image)
    assert view.flickering
    story.wait(lambda: view.shown == "b")
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert not view.flickering
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert view.shown == "a"
    story.window.show_workspace("explore")
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert not view.flickering, "nothing flickers where nobody looks"


def test_both_are_zoomed_alike(comparing, qtbot):
    story, view = comparing.story, comparing.view
    comparing.drop(story.recipe.edit(latent=Seed(9)))
    story.find("compare-modes").setCurrentIndex(1)
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    left, right = (view._placed(pane) for _, pane in view._panes())
    assert not view.fitted and left.size() == right.size() and left.top() == right.top()
    qtbot.keyClick(view, Qt.Key.Key_0)
    assert view.fitted


def test_the_comparison_is_exported_as_a_sheet_that_draws_again(comparing, tmp_path):
    story = comparing.story
    other = story.recipe.edit(latent=Seed(9))
    comparing.drop(other)
    story.click("compare-export")
    dialog = story.window.findChild(object, "export-sheet-dialog")
    dialog.path.setText(str(tmp_path / "both.png"))
    dialog.go.click()
    story.wait(lambda: (tmp_path / "both.png").exists())
    sheet = read_png(tmp_path / "both.png")
    assert isinstance(sheet, Sheet) and sheet.cells == comparison_sheet(story.recipe, other).cells
    assert cli.main(["render", str(tmp_path / "both.png"), "--out", str(tmp_path / "again.png")]) == 0
    with Image.open(tmp_path / "both.png") as one, Image.open(tmp_path / "again.png") as two:
        assert np.array_equal(np.asarray(one), np.asarray(two))
        a, b = comparing.shown()
        assert np.array_equal(np.asarray(one), np.concatenate([a, b, difference_map(a, b)], axis=1))


def test_a_b_whose_model_is_gone_is_said(story):
    missing = Recipe("gone", Seed(1))
    story.document.edit(comparison=Comparison(missing))
    story.window.show_workspace("compare")
    story.wait(lambda: "B cannot be drawn" in story.find("compare-message-text").text())
    assert "gone" in story.find("compare-message-text").text()


def test_the_keyboard_goes_through_the_page_as_it_is_read(comparing):
    names = ("compare-modes", "compare-pin", "compare-export", "compare-swap", "compare-with", "compare-clear")
    widget, seen = comparing.story.find("compare-modes"), []
    for _ in range(24):
        if widget.objectName() in (*names, "compare-view"):
            seen.append(widget.objectName())
        widget = widget.nextInFocusChain()
    assert seen[:7] == [*names, "compare-view"]
