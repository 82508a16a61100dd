"""Somebody wanders: by dragging the picture, on the seed plane, at random, by letting it play."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from ganviz.expression import Offset, Seed, Sum


def test_dragging_the_picture_moves_on_the_seed_plane_in_one_step(story):
    first = story.pixels().copy()
    start = story.canvas.rect().center()
    story.drag(story.canvas, start, start + QPoint(40, 0), start + QPoint(65, 39))
    story.settle()
    assert story.recipe.latent == Seed(0, pytest.approx(0.2), pytest.approx(0.12))
    assert not np.array_equal(story.pixels(), first)
    assert len(story.document.history.past) == 1
    story.qtbot.keyClick(story.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    story.settle()
    assert np.array_equal(story.pixels(), first)


def test_a_long_drag_arrives_at_the_neighbouring_seed(story):
    start = QPoint(20, 200)
    story.drag(story.canvas, start, start + QPoint(325, 0))
    assert story.recipe.latent == Seed(1)
    assert story.find("seed").value() == 1


def test_the_seed_plane_shows_all_neighbours_and_a_click_goes_to_one(story):
    plane = story.find("seed-plane")
    story.wait(plane.complete)
    cell = (plane.width() - 8) / 5
    place = QPoint(round(plane.width() / 2 + cell), plane.height() // 2)
    story.qtbot.mouseClick(plane, Qt.MouseButton.LeftButton, pos=place)
    story.settle()
    assert story.recipe.latent == Seed(1)
    assert plane.seed == 1
    story.wait(plane.complete)


def test_thumbnails_follow_psi(story):
    plane = story.find("seed-plane")
    story.wait(plane.complete)
    before = plane._pixels[1].copy()
    story.find("psi").setValue(0.1)
    story.wait(lambda: plane.complete() and not np.array_equal(plane._pixels[1], before))


def test_randomise_draws_a_new_seed_and_with_little_variation_stays_close(story):
    story.click("randomise")
    assert isinstance(story.recipe.latent, Seed) and story.recipe.latent != Seed(0)
    story.settle()
    story.find("variation").setValue(0.2)
    before = story.recipe.latent
    story.click("randomise")
    latent = story.recipe.latent
    assert isinstance(latent, Sum) and latent.terms[0][1] == before
    assert sum(weight**2 for weight, _ in latent.terms) == pytest.approx(1, abs=1e-4)
    story.settle()
    assert len(story.document.history.past) == 2
    story.click("latent-reset")
    assert story.recipe.latent == Seed(0)


def test_moved_dimensions_stay_moved_while_wandering(story):
    story.find("latent-slider-1").setValue(2)
    story.click("random-seed")
    assert isinstance(story.recipe.latent, Offset) and story.recipe.latent.values == ((1, 2.0),)


def test_space_plays_and_stops_and_the_way_is_one_step(story):
    story.canvas.setFocus()
    story.qtbot.keyClick(story.canvas, Qt.Key.Key_Space)
    assert story.find("play-latent").isChecked()
    story.wait(lambda: story.recipe.latent.right > 0.05)
    story.qtbot.keyClick(story.canvas, Qt.Key.Key_Space)
    assert not story.find("play-latent").isChecked()
    story.settle()
    assert len(story.document.history.past) == 1


def test_a_slider_dragged_while_it_plays_is_part_of_the_same_step(story):
    story.window.playing.play()
    for tick in range(20):
        story.find("psi").setValue(0.5 + tick / 100)
        story.qtbot.wait(5)
    story.window.playing.play()
    story.settle()
    assert story.recipe.psi == 0.69 and story.recipe.latent.right > 0
    assert len(story.document.history.past) == 1
    story.find("psi").setValue(0.2)
    assert len(story.document.history.past) == 2


def test_keys_on_the_canvas(story):
    story.canvas.setFocus()
    story.qtbot.keyClick(story.canvas, Qt.Key.Key_R)
    assert story.recipe.latent != Seed(0)
    story.find("latent-slider-0").setValue(1)
    story.qtbot.keyClick(story.canvas, Qt.Key.Key_Home)
    assert isinstance(story.recipe.latent, Seed)
    story.qtbot.keyClick(story.canvas, Qt.Key.Key_K)
    assert len(story.document.session.gallery) == 1
    story.qtbot.keyClick(story.canvas, Qt.Key.Key_Escape)
    assert story.window.isVisible()


def test_the_whole_range_of_seeds_can_be_drawn(story):
    story.find("seed").setValue(2**32 - 1)
    story.settle()
    assert story.canvas.frame.recipe.latent == Seed(2**32 - 1)
