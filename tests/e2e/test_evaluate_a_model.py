"""Somebody asks whether a model is any good, and whether it has learnt its data by heart."""

from pathlib import Path

import numpy as np
import pytest

from ganviz import catalog
from ganviz.checkpoint import read_header
from ganviz.expression import Seed
from ganviz.metrics import results
from ganviz.recipe import Recipe
from ganviz.render import Renderer
from ganviz.training_data import find_data


@pytest.fixture
def data(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """Sixty pictures, of which those of seeds 0 to 19 are the model's own, mirrored."""
    recipes = [Recipe(str(tiny_checkpoint), Seed(seed)) for seed in (*range(20), *range(1000, 1040))]
    pixels = np.stack([frame.pixels for frame in Renderer("cpu").render_all(recipes)])
    np.savez(tmp_path / "pictures.npz", images=pixels[:, :, ::-1])
    return tmp_path / "pictures.npz"


class Evaluation:
    """The evaluate workspace of a window."""

    def __init__(self, story) -> None:
        self.story = story
        story.window.show_workspace("evaluate")
        self.page = story.window.parts.centre.page.inner
        self.page.samples.setCurrentIndex(0)
        self.page.features.setCurrentIndex(self.page.features.findData("patches"))
        self.settle()

    def settle(self) -> None:
        self.story.wait(self.page.complete)

    def only(self, *names: str) -> None:
        for name, tick in self.page.figures.ticks.items():
            tick.setChecked(name in names)

    @property
    def message(self) -> str:
        return self.story.find("evaluate-message-text").text()


def test_a_model_is_measured_and_the_figures_are_there_the_next_time(begin, make_checkpoint, data: Path):
    model = make_checkpoint("measured")
    one = Evaluation(begin(model))
    assert one.story.find("evaluate-choose").isVisible() and not one.story.find("evaluate-start").isEnabled()
    assert one.story.find("evaluate-nothing").isVisible()
    one.page.use_data(str(data))
    assert "pictures.npz" in one.story.find("evaluate-data").text()
    assert find_data(read_header(model)) == str(data)
    one.only()
    assert not one.story.find("evaluate-start").isEnabled(), "there is nothing to measure"
    one.only("fid", "prdc")
    one.story.click("evaluate-start")
    assert one.story.find("evaluate-start").text() == "Cancel"
    one.settle()
    kept = results.read(read_header(model))[0]
    assert kept.samples == 100 and set(kept.metrics) == {"fd", "precision", "recall", "density", "coverage"}
    texts = one.page.figures.table.texts()
    assert set(texts) == set(kept.metrics) and float(texts["recall"]) == pytest.approx(
        kept.metrics["recall"].value, 1e-2
    )
    assert "fixed random filters" in one.story.find("evaluate-features-used").text()
    assert "Inception" in one.story.find("evaluate-notes").text(), "why it is not called FID"

    again = Evaluation(begin(model))
    assert again.page.figures.table.texts() == texts
    assert again.story.find("evaluate-start").isEnabled(), "the data are remembered"


def test_figures_are_drawn_over_a_runs_snapshots(begin, make_run, data: Path, tmp_path: Path):
    run = make_run(tmp_path / "run", (1000, 2000, 3000))
    view = Evaluation(begin(run))
    view.page.use_data(str(data))
    view.only("fid")
    view.page.figures.over.setCurrentIndex(1)
    view.story.click("evaluate-start")
    view.settle()
    series = results.over_time(run)[0]
    assert len(series) == len(catalog.snapshots(run)) == 3
    plot = view.story.find("evaluate-plot-0")
    assert plot.isVisible() and [point[0] for point in plot.points()] == [1000, 2000, 3000]
    assert [point[1] for point in plot.points()] == [item.metrics["fd"].value for item in series]


def test_copies_are_found_looked_at_and_walked_to(begin, make_checkpoint, data: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ganviz.neighbour_walk.walk_to.__defaults__", (False, 7, 3))
    view = Evaluation(begin(make_checkpoint("copied")))
    view.page.use_data(str(data))
    view.story.find("evaluate-halves").setCurrentIndex(1)
    assert view.story.find("evaluate-none-compared").isVisible()
    view.story.click("evaluate-start")
    view.settle()
    report = view.page.neighbours.outcome.report
    assert report.verdict == "memorised" and view.story.find("evaluate-verdict").text() == "Memorised"
    assert (
        "20.0%" in view.story.find("evaluate-facts").text() and "uthentic" in view.story.find("evaluate-facts").text()
    )
    samples, real = view.story.find("evaluate-histogram").shares()
    assert samples.sum() == pytest.approx(1) and real.sum() == pytest.approx(1)
    closest = view.story.find("evaluate-closest")
    assert closest.item(0).text().startswith("Likely a copy") and "mirrored" in closest.item(0).text()
    assert np.array_equal(*(closest.pictures[0][0], closest.pictures[0][1][0])), "turned as it lies beside the sample"
    assert not view.story.find("evaluate-walk").isEnabled()
    assert not view.story.find("evaluate-walk-timeline").isEnabled()
    closest.setCurrentRow(3)
    view.story.settle()
    chosen = view.page.neighbours.outcome.rows[3]
    assert view.story.recipe.latent == chosen.sample.recipe.latent
    assert np.array_equal(view.story.pixels(), chosen.pixels)
    view.story.click("evaluate-walk")
    view.settle()
    walked = view.story.find("evaluate-walk-pictures").pictures()
    assert len(walked) == 8 and np.array_equal(walked[0], chosen.pixels)
    assert "dB" in view.story.find("evaluate-walk-said").text()

    document = view.story.window.document
    before = document.session
    view.story.click("evaluate-walk-timeline")
    found = view.page.neighbours._walk
    keyframes = document.session.timeline.keyframes
    assert [item.recipe for item in keyframes] == [found.recipes[0], found.recipes[-1]]
    assert (keyframes[0].frame, keyframes[1].frame) == (0, document.session.walk.frames - 1)
    view.story.settle()
    assert np.array_equal(view.story.pixels(), walked[0])
    view.story.click("undo")
    assert document.session == before, "one step"
    view.story.click("redo")
    assert document.session.timeline.keyframes == keyframes
    view.story.click("undo")
    view.story.click("undo")
    assert view.story.recipe.latent == Seed(0), "going along the list is one step"


def test_work_is_cancelled_and_a_page_is_saved(begin, make_checkpoint, data: Path, tmp_path: Path):
    view = Evaluation(begin(make_checkpoint("page")))
    view.page.use_data(str(data))
    view.page.samples.setCurrentIndex(view.page.samples.findData(50_000))
    view.story.click("evaluate-start")
    view.story.wait(lambda: view.story.find("evaluate-state").text())
    view.story.click("evaluate-start")
    view.settle()
    assert not view.story.window.compute.job_running and view.page.figures.shown() is None
    view.page.samples.setCurrentIndex(0)
    view.only()
    view.page.save_page(str(tmp_path / "page.html"))
    view.settle()
    assert "page.html" in view.message
    assert "Neighbours" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_data_that_cannot_be_read_are_one_clear_line(begin, make_checkpoint, tmp_path: Path):
    view = Evaluation(begin(make_checkpoint("unread")))
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no pictures")
    view.page.use_data(str(tmp_path / "empty" / "notes.txt"))
    view.story.click("evaluate-start")
    view.settle()
    assert "empty" in view.message and not view.story.window.compute.job_running
