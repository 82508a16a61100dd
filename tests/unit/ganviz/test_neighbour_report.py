import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ganviz import catalog
from ganviz.checkpoint import read_header
from ganviz.copying import Reals, Scale, open_rule
from ganviz.datasets import Dataset, open_dataset
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.jobs import Progress, run
from ganviz.metrics.measuring import prior_recipes
from ganviz.nearness import Near, report_side
from ganviz.neighbour_report import Match, NeighbourReport, SampleReport, report_neighbours
from ganviz.recipe import Recipe
from ganviz.render import Renderer

OVERFIT = Path(__file__).parents[2] / "data" / "overfit"
"""A DCGAN of 16 px that was trained on a hundred digits for 3,000 rounds, and these; README.md there says how."""


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
    assert copy.reason.startswith(f"likely a copy: 0.0 grey levels from {copy.matches[0].file}, mirrored, whose own")
    assert "nearer than all 121 real images are to their nearest" in copy.reason
    assert [s.verdict for s in report.samples].count("copy") == 1
    assert report.closest(1) == [copy]
    assert report.verdict == "suspicious", "eight are too few to say it of the model"
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
    assert (report.reals.doublets, report.reals.held_out) == (5, apart.name), "they are in the data"
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


def test_the_report_judges_each_sample_as_a_single_picture_is_judged(tiny_checkpoint: Path, renderer, data) -> None:
    rule = run(open_rule(data))
    for features in (None, "patches"):
        report = run(report_neighbours(renderer, recipes(tiny_checkpoint, range(12)), data, k=3, features=features))
        for sample in report.samples:
            alone = rule.judge(renderer.render(sample.recipe).pixels)
            assert sample.verdict == alone.verdict
            assert sample.reason.startswith(alone.reason), "features add to it"
            assert (sample.by_pixel.near.index, sample.by_pixel.percentile) == (alone.near.index, alone.percentile)
    assert [sample.verdict for sample in report.samples].count("copy") == 1


def verdicts(copies: int, close: int, new: int, alike: int = 0, real_copies: int = 0) -> NeighbourReport:
    """A report of so many samples of each kind beside 1,000 real images, ten of them near."""
    scale, near = Scale(np.linspace(10, 20, 1000), "grey levels"), Near(0, 15, False, (0, 0), 1.0)
    kinds = ["copy"] * copies + ["close"] * close + ["new"] * new
    samples = [
        SampleReport(
            Recipe("m"), (), Match(near, "a.png", 50), Match(near, "a.png", 50, 0.0 if k < alike else 50), v, ""
        )
        for k, v in enumerate(kinds)
    ]
    reals = Reals(scale, scale, real_copies, 10, 0, 0.5)
    return NeighbourReport("m", "d", "pixel", "some", tuple(samples), reals, 0.5)


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        (verdicts(0, 10, 990), "new"),
        (verdicts(0, 40, 960), "new"),  # more than by chance, but few
        (verdicts(0, 60, 940), "suspicious"),
        (verdicts(1, 0, 999), "new"),
        (verdicts(10, 0, 990), "suspicious"),
        (verdicts(10, 0, 990, real_copies=8), "new"),
        (verdicts(60, 0, 940), "memorised"),
        (verdicts(60, 0, 940, real_copies=60), "suspicious"),  # of real ones as many are called that, but near they are
        (verdicts(0, 0, 1000, alike=60), "suspicious"),
        (verdicts(1, 0, 7), "suspicious"),
        (verdicts(8, 0, 0), "memorised"),
        (verdicts(0, 1, 7), "new"),
    ],
)
def test_a_model_is_judged_by_what_the_rule_says_of_real_images(report: NeighbourReport, verdict: str) -> None:
    assert report.verdict == verdict
    assert report.reason.startswith(f"{verdict}: ")
    assert f"of 1,000 left-out real images the same rule says so of {report.reals.copies / 1000:.1%}" in report.reason


def test_samples_alike_by_features_come_before_those_that_nothing_is_said_of() -> None:
    report = verdicts(0, 0, 5, alike=0)
    odd = replace(report.samples[3], by_feature=replace(report.samples[3].by_feature, feature_percentile=0.1))
    report = replace(report, samples=(*report.samples[:3], odd, report.samples[4]))
    assert report.closest(1) == [odd]
    assert report.alike == 1


def test_large_pictures_are_compared_smaller(tiny_checkpoint: Path) -> None:
    assert report_side(1024, 3) == 128
    assert report_side(64, 3) == 64
    assert report_side(read_header(tiny_checkpoint).spec.resolution, 3) == 16


@pytest.mark.parametrize("held_out", [False, True])
def test_a_model_that_knows_its_hundred_training_images_by_heart_is_called_memorised(held_out, monkeypatch) -> None:
    monkeypatch.setattr("ganviz.copying.REALS", 300)
    data, whole = open_dataset(OVERFIT / "hundred.npz", 16, 1), open_dataset("digits", 16, 1)
    apart = Dataset(whole.images[100:2100], None, (), (), f"part-{whole.digest}", whole.name, whole.files[100:2100])
    asked = recipes(OVERFIT / "model.safetensors", range(200))
    job = report_neighbours(Renderer("cpu"), asked, data, features=None, held_out=apart if held_out else None)
    found = run(job)
    assert found.verdict == "memorised"
    assert found.share("copy") > 0.2
    assert f"of {'300 held-out' if held_out else '100 left-out'} real images the same rule says so" in found.reason
    drawn = np.median([sample.by_pixel.near.distance for sample in found.samples])
    assert drawn < 0.75 * found.pixel.median


def test_a_bundled_model_is_not(monkeypatch) -> None:
    monkeypatch.setattr("ganviz.copying.REALS", 150)
    whole = open_dataset("digits", 32, 1)
    data = Dataset(whole.images[:1500], None, (), (), f"part-{whole.digest}", whole.name, whole.files[:1500])
    renderer = Renderer("cpu")
    header = read_header(catalog.find("digits-dcgan"))
    renderer.load(header.path)
    found = run(report_neighbours(renderer, prior_recipes(header, 60), data, features=None))
    assert found.verdict == "new", found.reason
    assert found.share("copy") == 0
