"""Somebody looks at a model with classes."""

import numpy as np


def test_the_class_selector_shows_the_names_and_changes_the_picture(begin, tiny_conditional):
    story = begin(tiny_conditional)
    label = story.find("label")
    assert [label.itemText(k) for k in range(label.count())] == ["0 · ant", "1 · bee", "2 · cat"]
    first = story.pixels().copy()
    label.setCurrentIndex(2)
    story.settle()
    assert story.recipe.label == (0, 0, 1)
    assert not np.array_equal(story.pixels(), first)
    assert "cat" in story.find("recipe").text()
    story.click("undo")
    story.settle()
    assert label.currentIndex() == 0 and np.array_equal(story.pixels(), first)


def test_every_class_of_the_latent_is_shown_as_a_picture_to_click(begin, tiny_conditional):
    story = begin(tiny_conditional)
    pictures = story.find("label-pictures")
    story.wait(lambda: pictures.pictures() == {0, 1, 2})
    pictures.activated_at.emit(1)
    assert story.recipe.label == (0, 1, 0)
    story.click("condition-reset")
    assert story.recipe.label == (1, 0, 0)


def test_the_card_shows_only_where_there_are_classes(begin, tiny_checkpoint, tiny_conditional):
    story = begin(tiny_checkpoint)
    assert not story.find("label").isVisible()
    story.window.open(str(tiny_conditional))
    story.wait(lambda: story.recipe.model.name == "tiny-classes")
    story.settle()
    assert story.find("label").isVisible()
    assert story.find("psi").value() == 0.8
    story.click("undo")
    story.settle()
    assert not story.find("label").isVisible()
    assert story.recipe.model.name == "tiny"
