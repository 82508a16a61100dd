"""Somebody looks for a photo in the latent space of a model."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from ganviz import cli
from ganviz.expression import Seed, Vector
from ganviz.recipe import Recipe
from ganviz.render import Renderer


@pytest.fixture
def photo(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """A picture that the model can draw, in the middle of a wider one."""
    drawn = Renderer("cpu").render(Recipe(str(tiny_checkpoint), Seed(77))).pixels
    wide = np.zeros((64, 128, 3), np.uint8)
    wide[:, 32:96] = np.asarray(Image.fromarray(drawn).resize((64, 64), Image.Resampling.NEAREST))
    Image.fromarray(wide).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def test_a_dropped_photo_is_found_kept_and_exported(begin, tiny_checkpoint: Path, photo: Path, tmp_path: Path):
    story = begin(tiny_checkpoint)
    card = story.window.parts.cards["project"]
    before = story.pixels().copy()
    streamed = []
    card.frame_wanted.connect(streamed.append)
    story.window.open(str(photo))
    story.wait(lambda: story.find("project-start").isEnabled())
    story.find("project-steps").setValue(120)
    story.click("project-start")
    assert story.find("progress").isVisible()
    story.wait(lambda: not story.window.compute.job_running and story.document.session.gallery)
    story.settle()
    assert isinstance(story.recipe.latent, Vector)
    assert len(streamed) > 5
    assert "photo.png" in story.document.session.gallery[0].note
    wanted = np.asarray(Image.open(photo).crop((32, 0, 96, 64)).resize((16, 16), Image.Resampling.BOX))
    assert np.abs(story.pixels().astype(float) - wanted).mean() < 6

    story.save(tmp_path / "s.ganviz")
    assert cli.main(["render", str(tmp_path / "s.ganviz"), "--out", str(tmp_path / "again.png")]) == 0
    assert np.array_equal(np.asarray(Image.open(tmp_path / "again.png")), story.pixels())
    story.click("undo")
    story.settle()
    assert np.array_equal(story.pixels(), before)
    assert story.document.session.gallery == ()


def test_a_cancelled_search_leaves_everything_as_it_was(begin, tiny_checkpoint: Path, photo: Path):
    story = begin(tiny_checkpoint)
    before, session = story.pixels().copy(), story.document.session
    story.window.parts.cards["project"].use_photo(str(photo))
    story.wait(lambda: story.find("project-start").isEnabled())
    story.find("project-steps").setValue(50_000)
    with story.qtbot.waitSignal(story.window.parts.cards["project"].frame_wanted, timeout=20_000):
        story.click("project-start")
    story.click("cancel")
    story.wait(lambda: not story.window.compute.job_running)
    story.settle()
    assert story.document.session == session
    assert np.array_equal(story.pixels(), before)
    assert story.find("project-start").isEnabled()


def test_a_picture_of_the_search_that_is_painted_after_its_end_does_not_stay(begin, tiny_checkpoint: Path):
    story = begin(tiny_checkpoint)
    before = story.pixels().copy()
    late = Renderer("cpu").render(Recipe(str(tiny_checkpoint), Seed(77)))
    story.canvas.show_frame(late)  # not painted before the next turn of the event loop
    assert story.window.behind
    story.window.parts.cards["project"].ended.emit()
    story.wait(lambda: story.canvas.frame is not late and not story.window.behind)
    assert np.array_equal(story.pixels(), before)


def test_the_crop_is_chosen_by_hand_and_by_keys(begin, tiny_checkpoint: Path, photo: Path):
    story = begin(tiny_checkpoint)
    card = story.window.parts.cards["project"]
    card.use_photo(str(photo))
    story.wait(lambda: story.find("project-crop").isVisible())
    central = card._pixels.copy()
    story.click("project-crop")
    view = story.find("crop")
    assert view.square() == (32, 0, 64)
    for _ in range(20):
        story.qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.square() == (64, 0, 64)
    story.qtbot.keyClick(view, Qt.Key.Key_Minus)
    assert view.square()[2] < 64
    box = view.on_widget()
    story.drag(view, box.center().toPoint(), box.center().toPoint(), (box.center() - box.topLeft() / 9).toPoint())
    story.drag(view, box.bottomRight().toPoint(), box.center().toPoint())
    story.click("crop-accept")
    story.wait(lambda: card._pixels is not None and not np.array_equal(card._pixels, central))


def test_a_file_that_is_no_picture_is_one_clear_line(begin, tiny_checkpoint: Path, tmp_path: Path):
    story = begin(tiny_checkpoint)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    story.window.open(str(tmp_path / "broken.jpg"))
    story.wait(lambda: "broken.jpg: expected a picture" in story.message)
    assert not story.find("project-start").isVisible()
