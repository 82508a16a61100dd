import json
from pathlib import Path

import numpy as np
import pytest

from ganviz import catalog
from ganviz.checkpoint import read_header
from ganviz.datasets import Dataset, open_dataset
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.jobs import Progress, run
from ganviz.metrics.measuring import prior_recipes
from ganviz.nearness import Near
from ganviz.neighbour_report import Match, Scale, judge, report_neighbours, report_side
from ganviz.recipe import Recipe
from ganviz.render import Renderer

OVERFIT = Path(__file__).parents[2] / "data" / "overfit"
"""A DCGAN of 16 px that was trained on a hundred digits for 6,000 rounds, and these; README.md there says how."""


def recipes(path: Path, seeds: range) -> list[Recipe]:
    return [Recipe(str(path), Seed(seed)) for seed in seeds]


@pytest.fixture
def renderer(tiny_checkpoint: Path) -> Renderer:
    renderer = Renderer("cpu")
    renderer.load(tiny_checkpoint)
    return renderer


@pytest.fixture
def data(tiny_checkpoint: Path, renderer: Renderer, tmp_path: Path) -> Dataset:
    """Pictures of the seeds 100 to 219 and, mirrored, that of seed 3: what the model has learnt by heart."""
    pixels = np.stack([frame.pixels for frame in renderer.render_all(recipes(tiny_checkpoint, range(100, 220)))])
    copied = renderer.render(recipes(tiny_checkpoint, range(3, 4))[0]).pixels
    np.savez(tmp_path / "own.npz", images=np.concatenate([pixels, copied[None, :, ::-1]]))
    return open_dataset(tmp_path / "own.npz", 16, 3)


def test_a_mirrored_copy_is_named_and_the_others_are_new(tiny_checkpoint: Path, renderer, data: Dataset) -> None:
    report = run(report_neighbours(renderer, recipes(tiny_checkpoint, range(8)), data, k=3))
    copy = report.samples[3]
    assert (copy.verdict, copy.seed, copy.matches[0].near.index) == ("copy", 3, 120)
    assert (copy.by_pixel.near.distance, copy.by_pixel.near.flipped) == (0.0, True)
    assert (
        copy.reason
        == f"likely a copy: pixel by pixel closer to {copy.matches[0].file}, mirrored, than 100.0 % of real pairs"
    )
    assert [s.verdict for s in report.samples].count("copy") == 1
    assert report.closest(1) == [copy]
    assert report.verdict == "memorised", "one of eight is more than one of twenty"
    assert 0 <= report.authenticity <= 1
    assert copy.authentic is False


def test_the_report_is_stable_json(tiny_checkpoint: Path, renderer, data: Dataset) -> None:
    report = run(report_neighbours(renderer, recipes(tiny_checkpoint, range(4)), data, metric="feature", k=2))
    found = json.loads(json.dumps(report.to_json()))
    assert list(found)[:4] == ["samples", "data", "metric", "model"]
    sample = found["samples"][3]
    assert {"seed", "neighbours", "verdict", "reason", "authentic"} == set(sample)
    near = sample["neighbours"][0]
    assert {"index", "file", "distance", "percentile"} < set(near)
    assert near["distance"] == near["feature"]["distance"]
    assert near["distance"] <= sample["neighbours"][1]["distance"]
    for histogram in found["histogram"].values():
        assert sum(histogram["samples"]) == pytest.approx(1)
        assert sum(histogram["real"]) == pytest.approx(1)


def test_pixels_alone_need_no_features(tiny_checkpoint: Path, renderer, data: Dataset) -> None:
    report = run(report_neighbours(renderer, recipes(tiny_checkpoint, range(2)), data, features=None))
    assert (report.feature, report.authenticity, report.features) == (None, None, "")
    with pytest.raises(GanvizError, match="no features"):
        report.histogram("feature")
    assert "feature" not in report.to_json()["samples"][0]["neighbours"][0]


def test_held_out_images_can_make_the_scale(tiny_checkpoint: Path, renderer, data: Dataset, tmp_path: Path) -> None:
    np.savez(tmp_path / "apart.npz", images=np.asarray(data.images[:5]))
    apart = open_dataset(tmp_path / "apart.npz", 16, 3)
    job = report_neighbours(renderer, recipes(tiny_checkpoint, range(2)), data, features=None, held_out=apart)
    report = run(job)
    assert report.pixel.reals.tolist() == [0.0] * 5, "they are in the data"
    assert report.held_out == "own" or report.held_out == apart.name
    small = open_dataset(tmp_path / "apart.npz", 8, 3)
    with pytest.raises(GanvizError, match="held-out"):
        run(report_neighbours(renderer, recipes(tiny_checkpoint, range(2)), data, features=None, held_out=small))


def test_it_says_how_far_it_is_and_can_be_stopped(tiny_checkpoint: Path, renderer, data: Dataset) -> None:
    steps: list[Progress] = []
    run(report_neighbours(renderer, recipes(tiny_checkpoint, range(40)), data, features=None), steps.append)
    assert [p.done for p in steps if p.note == "drawing and comparing"] == [16, 32, 40]
    job = report_neighbours(renderer, recipes(tiny_checkpoint, range(40)), data, features=None)
    next(job)
    job.close()


def match(distance: float, percentile: float, feature: float | None = None, of_feature: float | None = None) -> Match:
    return Match(Near(0, distance, False, (1, -2), feature), "a.png", percentile, of_feature)


def test_a_verdict_says_its_reason_and_features_alone_call_nothing_a_copy() -> None:
    assert judge(match(15, 50), None, None)[0] == "new"
    verdict, reason = judge(match(4, 0.0), None, 12.0)
    assert verdict == "copy"
    assert reason == "likely a copy: pixel by pixel closer to a.png, moved by 2 px, than 100.0 % of real pairs"
    assert judge(match(4, 0.5), None, 5.0)[0] == "close", "its fellow is as near"
    assert judge(match(4, 2.5), None, 5.0)[0] == "new"
    assert judge(match(4, 2.5), None, 12.0)[0] == "copy"
    verdict, reason = judge(match(15, 50, 0.2, 0.2), match(15, 50, 0.2, 0.2), None)
    assert verdict == "close"
    assert "by features closer to a.png than 99.8 % of real pairs" in reason


def test_what_is_near_is_told_by_the_real_distances() -> None:
    scale = Scale(np.linspace(10, 20, 1000), "grey levels")
    assert [scale.is_near(distance) for distance in (4, 10.05, 10.5)] == [True, True, False]
    doublets = Scale(np.zeros(100), "grey levels")
    assert [doublets.is_near(distance) for distance in (0.0, 0.1)] == [True, False]


def test_large_pictures_are_compared_smaller(tiny_checkpoint: Path) -> None:
    assert report_side(1024, 3) == 128
    assert report_side(64, 3) == 64
    assert report_side(read_header(tiny_checkpoint).spec.resolution, 3) == 16


def test_a_model_that_knows_its_hundred_training_images_by_heart_is_called_memorised() -> None:
    data = open_dataset(OVERFIT / "hundred.npz", 16, 1)
    renderer = Renderer("cpu")
    found = run(report_neighbours(renderer, recipes(OVERFIT / "model.safetensors", range(200)), data, features=None))
    assert found.verdict == "memorised"
    assert found.reason.startswith("memorised: ")
    drawn = np.median([sample.by_pixel.near.distance for sample in found.samples])
    assert drawn < 0.75 * found.pixel.median


def test_a_bundled_model_is_not(monkeypatch) -> None:
    monkeypatch.setattr("ganviz.neighbour_report.REALS", 150)
    whole = open_dataset("digits", 32, 1)
    data = Dataset(whole.images[:1500], None, (), (), whole.digest, whole.name, whole.files[:1500])
    renderer = Renderer("cpu")
    header = read_header(catalog.find("digits-dcgan"))
    renderer.load(header.path)
    found = run(report_neighbours(renderer, prior_recipes(header, 60), data, features=None))
    assert found.verdict == "new", found.reason
    assert found.share("copy") == 0
