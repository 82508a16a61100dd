"""Somebody looks around on a map of the latent space, and takes from it."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ganviz import cli
from ganviz.directions import Directions
from ganviz.expression import Seed
from ganviz.jobs import run
from ganviz.latent_map import MapSettings
from ganviz.placing import make_map
from ganviz.render import Renderer

COUNT = 40


@pytest.fixture
def mapped(begin, tiny_checkpoint):
    """The window on the tiny model, with a small map of it."""
    story = begin(tiny_checkpoint)
    story.window.show_workspace("map")
    make(story)
    return story


def make(story):
    story.find("map-count").setValue(COUNT)
    story.click("map-make")
    story.wait(lambda: not story.window.compute.job_running)


def made(story):
    return story.document.session.maps.made


def choose(story, name, data):
    choice = story.find(name)
    choice.setCurrentIndex(choice.findData(data))
    choice.activated.emit(choice.currentIndex())


def test_there_is_no_map_at_first(begin, tiny_checkpoint):
    story = begin(tiny_checkpoint)
    story.window.show_workspace("map")
    assert story.find("map-view").made is None and story.find("map-make").isEnabled()
    assert not story.find("map-own").isVisible(), "a model without classes"
    assert not story.find("map-like").isVisible() and not story.find("map-walk").isVisible()


def test_a_map_is_made_of_the_present_model_as_the_library_makes_it(mapped, tiny_checkpoint):
    renderer = Renderer("cpu")
    renderer.load(tiny_checkpoint)
    expected = run(make_map(renderer, mapped.recipe, MapSettings(count=COUNT)))
    assert made(mapped) == expected and mapped.find("map-view").made == expected
    assert "40 seeds of tiny by pictures, PCA" in mapped.find("map-note").text()
    choose(mapped, "map-by", "latents")
    mapped.click("map-make")
    mapped.wait(lambda: not mapped.window.compute.job_running)
    assert made(mapped).settings.by == "latents" and made(mapped) != expected
    mapped.click("undo")
    mapped.click("undo")
    assert made(mapped) == expected and mapped.find("map-by").currentData() == "images"


def test_a_click_goes_there_and_the_picture_is_the_one_on_the_map(mapped):
    view = mapped.find("map-view")
    mapped.wait(view.complete)
    before = mapped.recipe
    place = int(view.plane.chosen[3])
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.where(place).toPoint())
    mapped.settle()
    assert mapped.recipe == made(mapped).recipe(place) == before.edit(latent=Seed(place))
    assert view.current == place
    assert np.array_equal(view._pixels[place], mapped.pixels())
    mapped.click("undo")
    assert mapped.recipe == before and view.current == 0
    mapped.find("psi").setValue(0.5)
    assert view.current == -1, "no point is drawn so"


def test_hovering_over_a_dot_brings_its_picture(mapped):
    view = mapped.find("map-view")
    mapped.click("map-pictures")
    QTest.mouseMove(view, view.where(7).toPoint())
    assert view.hover >= 0
    mapped.wait(lambda: view.hover in view._pixels)
    view.grab()


def test_a_box_fills_trays_gallery_and_terms(mapped):
    view = mapped.find("map-view")
    view.select([3, 5, 8])
    assert mapped.find("map-note").text() == "3 selected" and mapped.find("map-like").isVisible()
    recipes = tuple(made(mapped).recipe(place) for place in (3, 5, 8))
    mapped.click("map-like")
    assert mapped.document.session.directions == Directions(liked=recipes)
    mapped.click("map-dislike")
    assert mapped.document.session.directions == Directions(disliked=recipes)
    mapped.click("map-keep")
    assert tuple(kept.recipe for kept in mapped.document.session.gallery) == recipes
    page = mapped.window.parts.centre.page.inner
    page.add_to_term(1)
    assert [item.latent for item in mapped.document.session.arithmetic.terms[1].items] == [Seed(3), Seed(5), Seed(8)]
    menu = page.term_menu()
    assert [action.text() for action in menu.actions()] == ["A  (0)", "B  (3)", "C  (0)"]
    menu.close()
    mapped.click("map-clear")
    assert view.selected == frozenset() and not mapped.find("map-like").isVisible()


def test_a_path_becomes_a_walk_of_the_timeline(mapped, tmp_path):
    view = mapped.find("map-view")
    path = [(-1.0, -0.5), (0.0, 0.5), (1.0, 0.0)]
    view.path_drawn.emit(path)
    assert view.way == made(mapped).along(path, 8)
    mapped.find("map-stops").setValue(4)
    assert view.way == made(mapped).along(path, 4)
    mapped.click("map-walk")
    timeline = mapped.document.session.timeline
    assert timeline.recipes == tuple(made(mapped).recipe(place) for place in view.way)
    mapped.save(tmp_path / "a.ganviz")
    assert (
        cli.main(["walk", "--session", str(tmp_path / "a.ganviz"), "--frames", "5", "--out", f"{tmp_path}/walk/"]) == 0
    )
    mapped.click("undo")
    assert len(mapped.document.session.timeline) == 0
    mapped.click("map-clear")
    assert view.way == ()


def test_points_are_coloured_by_class_and_along_directions(begin, tiny_conditional):
    story = begin(tiny_conditional)
    story.window.show_workspace("map")
    assert story.find("map-own").isVisible()
    make(story)
    view, legend = story.find("map-view"), story.find("map-legend")
    assert not legend.isVisible()
    choose(story, "map-colour", "class")
    assert len({tuple(colour) for colour in view._colours}) == 3
    assert [name in legend.text() for name in ("ant", "bee", "cat")] == [True] * 3
    story.window.show_workspace("directions")
    choose(story, "directions-method", "sefa")
    story.find("directions-count").setValue(2)
    story.click("directions-find")
    story.wait(lambda: not story.window.compute.job_running)
    story.window.show_workspace("map")
    direction = story.document.session.directions.found[1].direction
    choose(story, "map-colour", f"direction {direction.digest}")
    story.wait(story.window.parts.centre.page.inner.complete)
    assert story.find("map-make").isEnabled()
    assert "along SeFa 2" in legend.text() and len({tuple(colour) for colour in view._colours}) > 10
    story.click("undo")
    assert "ant" in legend.text()


def test_a_map_is_saved_with_the_session_and_shown_again(mapped, begin, tmp_path):
    mapped.find("map-view").chosen.emit(9)
    mapped.save(tmp_path / "a.ganviz")
    again = begin(tmp_path / "a.ganviz")
    again.window.show_workspace("map")
    view = again.find("map-view")
    assert view.made == made(mapped) and view.current == 9
    again.wait(view.complete)
    again.window.open(str(tmp_path / "a.ganviz"))


def test_a_picture_of_the_map_is_the_same_undone_saved_exported_rendered_and_reopened(mapped, come_back):
    view, before = mapped.find("map-view"), mapped.pixels().copy()
    mapped.wait(view.complete)
    place = next(int(k) for k in view.plane.chosen if k != view.current)
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.where(place).toPoint())
    mapped.settle()
    chosen = mapped.pixels().copy()
    assert np.array_equal(chosen, view._pixels[place]) and not np.array_equal(chosen, before)
    mapped.click("undo")
    mapped.settle()
    assert np.array_equal(mapped.pixels(), before)
    mapped.click("redo")
    again = come_back(mapped)
    again.window.show_workspace("map")
    second = again.find("map-view")
    again.wait(second.complete)
    assert second.current == place and np.array_equal(second._pixels[place], chosen)
    assert np.array_equal(again.find("picture-small").pixels, chosen)


def test_the_map_of_another_model_says_so(mapped, tiny_stylegan2):
    mapped.window.open(str(tiny_stylegan2))
    mapped.wait(lambda: mapped.recipe.model.name == "tiny-styles")
    mapped.settle()
    assert "of tiny by pictures" in mapped.find("map-note").text()
    assert "make a map to see tiny-styles" in mapped.find("map-note").text()
    mapped.find("map-view").chosen.emit(4)
    mapped.settle()
    assert mapped.recipe.model.name == "tiny", "its points lead to the model that they are of"
