"""Somebody asks whether the picture is new, or one that the model was shown."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganviz import cli
from ganviz.datasets import open_dataset
from ganviz.expression import Seed
from ganviz.jobs import run
from ganviz.neighbour_report import report_neighbours
from ganviz.recipe import Recipe
from ganviz.render import Renderer


@pytest.fixture
def data(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """Two hundred pictures, of which the one of seed 0 is the model's own."""
    recipes = [Recipe(str(tiny_checkpoint), Seed(seed)) for seed in (*range(1000, 1199), 0)]
    pixels = np.stack([frame.pixels for frame in Renderer("cpu").render_all(recipes)])
    np.savez(tmp_path / "pictures.npz", images=pixels)
    return tmp_path / "pictures.npz"


def test_data_chosen_once_are_searched_live_and_remembered(begin, tiny_checkpoint: Path, data: Path):
    story = begin(tiny_checkpoint)
    panel = story.window.parts.neighbours
    assert story.find("neighbours-choose").isVisible()
    panel.use_data(str(data))
    story.wait(lambda: panel.row.pictures() and panel.is_idle)
    assert "Likely a copy" in story.find("neighbours-verdict").text()
    assert np.array_equal(panel.row.pictures()[0], story.pixels())
    story.find("seed").setValue(7)
    story.settle()
    story.wait(lambda: panel.is_idle)
    assert "New" in story.find("neighbours-verdict").text()
    assert not np.array_equal(panel.row.pictures()[0], story.pixels())

    again = begin(tiny_checkpoint)
    second = again.window.parts.neighbours
    again.wait(lambda: second.row.pictures() and second.is_idle)
    assert "Likely a copy" in second.verdict.text(), "the index is found without being asked for"


def test_the_panel_says_of_each_picture_what_the_report_says(begin, tiny_checkpoint: Path, data: Path, tmp_path: Path):
    with np.load(data) as file:
        np.savez(tmp_path / "mirrored.npz", images=file["images"][:, :, ::-1])
    story = begin(tiny_checkpoint)
    panel = story.window.parts.neighbours
    panel.use_data(str(tmp_path / "mirrored.npz"))
    seeds = (0, 7, 8, 9)
    recipes = [Recipe(story.recipe.model, Seed(seed), psi=story.recipe.psi) for seed in seeds]
    pictures = open_dataset(tmp_path / "mirrored.npz", 16, 3)
    report = run(report_neighbours(Renderer("cpu"), recipes, pictures, features=None))
    assert [sample.verdict for sample in report.samples] == ["copy", "new", "new", "new"]
    for seed, sample in zip(seeds, report.samples, strict=True):
        story.find("seed").setValue(seed)
        story.settle()
        story.wait(lambda: panel.row.pictures() and panel.is_idle)
        verdict = story.find("neighbours-verdict")
        assert verdict.toolTip().lower().startswith(f"{sample.reason}.".lower())
        assert verdict.text().startswith("● New" if sample.verdict == "new" else "● Likely a copy")
    story.find("seed").setValue(0)
    story.settle()
    story.wait(lambda: panel.is_idle and np.array_equal(panel.row.pictures()[0], story.pixels()))


def test_the_panel_finds_the_same_for_a_picture_undone_saved_rendered_and_reopened_and_the_command_draws_it(
    begin, come_back, tiny_checkpoint: Path, data: Path, tmp_path: Path
):
    story = begin(tiny_checkpoint)
    panel = story.window.parts.neighbours
    panel.use_data(str(data))
    story.wait(lambda: panel.row.pictures() and panel.is_idle)
    start, first = story.pixels().copy(), [picture.copy() for picture in panel.row.pictures()]
    story.find("seed").setValue(7)
    story.settle()
    story.wait(lambda: panel.is_idle and not np.array_equal(panel.row.pictures()[0], first[0]))
    found, said = [picture.copy() for picture in panel.row.pictures()], panel.verdict.text()
    story.click("undo")
    story.settle()
    story.wait(lambda: panel.is_idle and np.array_equal(panel.row.pictures(), first))
    story.click("redo")
    again = come_back(story)
    second = again.window.parts.neighbours
    again.wait(lambda: second.row.pictures() and second.is_idle)
    assert np.array_equal(second.row.pictures(), found) and second.verdict.text() == said
    words = ["neighbours", str(tiny_checkpoint), "--seeds", "0,7", "--psi", f"{story.recipe.psi:g}", "--k", "1"]
    assert cli.main([*words, "--out", str(tmp_path / "rows.png")]) == 0
    with Image.open(tmp_path / "rows.png") as image:
        rows = np.asarray(image)
    assert np.array_equal(rows[:16], np.concatenate([start, first[0]], axis=1)), "generated left, its neighbour right"
    assert np.array_equal(rows[16:, :16], again.pixels())


def test_another_model_looks_for_its_own_data(begin, tiny_checkpoint: Path, tiny_conditional: Path, data: Path):
    story = begin(tiny_checkpoint)
    panel = story.window.parts.neighbours
    panel.use_data(str(data))
    story.wait(lambda: panel.row.pictures())
    story.window.open(str(tiny_conditional))
    story.wait(lambda: story.recipe.model.name == "tiny-classes")
    story.settle()
    assert panel.row.pictures() == []
    assert story.find("neighbours-choose").isVisible()
    story.click("undo")
    story.settle()
    story.wait(lambda: panel.row.pictures())


def test_a_picture_of_the_model_before_that_is_painted_late_is_not_looked_for(
    begin, tiny_checkpoint: Path, tiny_conditional: Path, data: Path, caplog
):
    story = begin(tiny_checkpoint)
    panel = story.window.parts.neighbours
    panel.use_data(str(data))
    story.wait(lambda: panel.row.pictures() and panel.is_idle)
    renderer = Renderer("cpu")
    late = renderer.render(Recipe(renderer.load(tiny_conditional).ref, Seed(0)))
    panel.show_frame(late)
    panel._built((panel._index, panel._rule), story.recipe.model.digest)  # as when the data have just been opened
    story.click("randomise")
    story.settle()
    story.wait(lambda: panel.is_idle)
    assert not caplog.records and not story.message and panel.row.pictures()


def test_data_that_cannot_be_read_are_one_clear_line(begin, tiny_checkpoint: Path, tmp_path: Path):
    story = begin(tiny_checkpoint)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no pictures")
    story.window.parts.neighbours.use_data(str(tmp_path / "empty" / "notes.txt"))
    story.wait(lambda: story.message)
    assert "empty" in story.message
    assert not story.window.compute.job_running


def test_in_a_narrow_window_the_pictures_are_whole_and_the_verdict_stands_above_them(
    begin, tiny_checkpoint: Path, data: Path
):
    story = begin(tiny_checkpoint)
    panel, row, verdict = story.window.parts.neighbours, story.find("neighbours-row"), story.find("neighbours-verdict")
    panel.use_data(str(data))
    story.window.resize(1440, 900)
    story.wait(lambda: panel.row.pictures() and panel.is_idle)
    story.wait(lambda: panel.width() > 620 and row.x() > verdict.geometry().right())
    story.window.resize(960, 620)
    story.wait(lambda: panel.width() < 400 and row.y() > verdict.geometry().bottom())
    assert panel.rect().contains(row.geometry())
    assert verdict.width() > 250 and not story.find("neighbours-data").isVisible()
