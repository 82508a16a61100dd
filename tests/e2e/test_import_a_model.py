"""A file of another program is dropped on the window, looked at, and kept or let go."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from app import importing
from ganviz.render import Renderer

LAYOUTS = Path(__file__).parents[1] / "unit" / "ganviz" / "importers" / "layouts.py"


@pytest.fixture(scope="session")
def layouts():
    """The tiny files in foreign layouts that the importers' own tests use."""
    if "ganviz_layouts" not in sys.modules:
        spec = importlib.util.spec_from_file_location("ganviz_layouts", LAYOUTS)
        sys.modules["ganviz_layouts"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["ganviz_layouts"])
    return sys.modules["ganviz_layouts"]


def drop(story, path: Path) -> None:
    """Let go of a file over the window."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    story.window.dropEvent(QDropEvent(QPointF(400, 300), Qt.DropAction.CopyAction, data, left, none))


def rows(story) -> dict[str, str]:
    """What the page says, by its rows, as far as they are shown."""
    page = story.window.parts.importing
    return {name: value.text() for name, (_, value) in page.rows.items() if not value.isHidden()}


def drawn(story) -> list[np.ndarray]:
    return story.window.parts.importing.grid.pictures()


def cached(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "cache" / "converted").glob("*"))


def models(story) -> list[str]:
    return [row.name for row in story.window.parts.models.list.rows() if not row.absent]


def test_a_dropped_file_says_what_it_is_and_shows_pictures_before_it_is_kept(story, layouts, tmp_path, home):
    before, shown = story.document.session, story.pixels().copy()
    drop(story, layouts.LAYOUTS["nvidia-stylegan2"].make(tmp_path, "network-snapshot-000100"))
    story.wait(lambda: len(drawn(story)) == importing.PICTURES and story.window.importer.is_idle)
    page = story.window.parts.importing
    assert page.isVisible() and not story.canvas.isVisible()
    assert page.title.text() == "Import network-snapshot-000100.pkl?"
    assert rows(story) == {
        "taken-for": "NVIDIA StyleGAN2 pickle, read as StyleGAN2 · 16 px · 3 classes",
        "mapped": "G_ema · 50 tensors in place, none left over",
        "left-out": "training_set_kwargs, G, D, augment_pipe",
        "unknown": "its licence, what it was trained on, names of the classes",
    }
    assert {picture.shape for picture in drawn(story)} == {(16, 16, 3)}
    assert len({picture.tobytes() for picture in drawn(story)}) == importing.PICTURES
    assert "network-snapshot-000100" not in models(story) and len(cached(home)) == 1
    assert story.document.session == before and np.array_equal(story.pixels(), shown), "nothing is open yet"
    assert not story.find("randomise").isEnabled() and not story.find("psi").isEnabled()
    story.click("import-keep")
    story.wait(lambda: story.recipe.model.name == "network-snapshot-000100")
    story.settle()
    assert story.canvas.isVisible() and not page.isVisible() and story.find("psi").isEnabled()
    assert np.array_equal(story.pixels(), Renderer("cpu").render(story.recipe).pixels)
    story.wait(lambda: "network-snapshot-000100" in models(story))
    assert len(cached(home)) == 1 and not cached(home)[0].startswith(".")


def test_a_file_that_is_let_go_leaves_nothing_behind(story, layouts, tmp_path, home):
    before = story.document.session
    drop(story, layouts.LAYOUTS["rosinality-progan"].make(tmp_path))
    story.wait(lambda: story.window.importer.asks)
    assert rows(story)["wanted"] == "model.Generator (nothing of it was imported or run)"
    story.click("import-discard")
    story.wait(lambda: not story.window.compute.job_running)
    assert cached(home) == [] and story.document.session == before
    assert story.canvas.isVisible() and story.find("randomise").isEnabled()


def test_what_a_file_cannot_say_is_said_on_the_page(story, layouts, tmp_path, home):
    drop(story, layouts.LAYOUTS["pytorch-dcgan"].make(tmp_path, "netG"))
    story.wait(lambda: story.window.importer.asks)
    assert "all 7 inputs are noise; Classes, below, says" in rows(story)["assumed"]
    assert story.find("import-classes").isVisible() and story.find("import-statistics").isVisible()
    first = rows(story)["taken-for"]
    story.find("import-classes").setValue(3)
    story.click("import-again")
    story.wait(lambda: rows(story)["taken-for"] != first and story.window.importer.asks)
    assert rows(story)["taken-for"].endswith("DCGAN · 64 px · 3 classes")
    assert story.find("import-classes").value() == 3
    story.click("import-keep")
    story.wait(lambda: story.recipe.model.name == "netG")
    story.settle()
    assert story.document.spec.num_classes == 3 and story.document.spec.z_dim == 4
    assert len(cached(home)) == 1


def test_a_file_that_was_kept_opens_at_once_and_can_be_read_again(story, layouts, tmp_path, home):
    path = layouts.LAYOUTS["gan-zoo-dcgan"].make(tmp_path, "zoo")
    drop(story, path)
    story.wait(lambda: story.window.importer.asks)
    story.click("import-keep")
    story.wait(lambda: story.recipe.model.name == "zoo")
    story.settle()
    drop(story, path)
    story.wait(lambda: "was read before and kept" in story.message)
    story.settle()
    assert story.recipe.model.name == "zoo" and not story.window.parts.importing.isVisible()
    story.click("message-action")
    story.wait(lambda: story.window.importer.asks)
    story.qtbot.keyClick(story.window.parts.importing, Qt.Key.Key_Escape)
    story.wait(lambda: not story.window.compute.job_running)
    assert not story.window.parts.importing.isVisible() and len(cached(home)) == 1, "what was kept is still there"


def test_reading_is_cancelled_where_other_work_is(story, layouts, tmp_path, home, monkeypatch):
    reached = []

    def endless(*given, **named):
        from ganviz.jobs import Progress

        while True:
            reached.append(None)
            yield Progress(0, 4, "read")

    monkeypatch.setattr("ganviz.importers.conversion.convert", endless)
    drop(story, layouts.LAYOUTS["pytorch-dcgan"].make(tmp_path, "big"))
    story.wait(lambda: reached and "Reading big.pth" in story.find("work").text())
    story.click("cancel")
    story.wait(lambda: not story.window.compute.job_running)
    assert story.canvas.isVisible() and not story.window.parts.importing.isVisible()
    assert cached(home) == [] and story.message == ""


def test_something_else_that_is_opened_takes_the_place_of_a_file_that_waits(
    story, layouts, tmp_path, tiny_conditional, home
):
    drop(story, layouts.LAYOUTS["gan-zoo-dcgan"].make(tmp_path, "first"))
    story.wait(lambda: story.window.importer.asks)
    drop(story, layouts.LAYOUTS["gan-zoo-pgan"].make(tmp_path, "second"))
    story.wait(lambda: story.window.parts.importing.title.text() == "Import second.pth?" and story.window.importer.asks)
    story.wait(lambda: len(cached(home)) == 1)
    story.window.open(str(tiny_conditional))
    story.wait(lambda: story.recipe.model.name == "tiny-classes")
    story.settle()
    story.wait(lambda: cached(home) == [])
    assert story.canvas.isVisible() and not story.window.importer.asks


def test_a_file_that_is_no_model_says_why_and_nothing_is_lost(story, tmp_path, home):
    import torch

    torch.save({"backbone.weight": torch.zeros(4, 3)}, tmp_path / "other.pth")
    before = story.document.session
    drop(story, tmp_path / "other.pth")
    story.wait(lambda: "backbone.weight (4, 3); known formats: " in story.message)
    assert story.document.session == before and story.canvas.isVisible() and cached(home) == []


def test_the_window_may_be_opened_on_a_foreign_file(begin, layouts, tmp_path, home):
    story = begin(layouts.LAYOUTS["natsu-infogan"].make(tmp_path, "model_epoch_100"), wait=False)
    story.wait(lambda: story.window.importer.asks)
    assert rows(story)["taken-for"].startswith("InfoGAN of Natsu6767's InfoGAN-PyTorch, read as InfoGAN · 28 px")
    story.click("import-keep")
    story.settle()
    assert story.recipe.model.name == "model_epoch_100"


def test_in_a_small_window_the_page_scrolls_and_its_answers_stay_in_view(story, layouts, tmp_path, home):
    story.window.resize(960, 620)
    drop(story, layouts.LAYOUTS["pytorch-dcgan"].make(tmp_path, "netG"))
    story.wait(lambda: story.window.importer.asks)
    area, page = story.find("import-area"), story.window.parts.importing
    story.wait(lambda: area.verticalScrollBar().maximum() > 0)
    assert area.horizontalScrollBar().maximum() == 0
    for name in ("import-again", "import-discard", "import-keep"):
        button = story.find(name)
        assert page.rect().contains(button.geometry()) and button.visibleRegion().boundingRect() == button.rect()
    for name in ("taken-for", "assumed"):
        label = page.rows[name][1]
        assert label.height() >= label.heightForWidth(label.width())
    assert page.options.wrapped, "what may be said of the file does not stand in one row"
