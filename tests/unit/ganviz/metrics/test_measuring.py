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
from ganviz.metrics import Figure, results
from ganviz.metrics.measuring import check_names, measure_model, prior_recipes
from ganviz.metrics.results import Measured
from ganviz.recipe import Recipe
from ganviz.render import Renderer


@pytest.fixture(autouse=True)
def few_paths(monkeypatch) -> None:
    monkeypatch.setattr("ganviz.metrics.path_length.PAIRS", 40)


@pytest.fixture
def own_pictures(tiny_checkpoint: Path, tmp_path: Path) -> Dataset:
    recipes = [Recipe(str(tiny_checkpoint), Seed(seed)) for seed in range(1000, 1120)]
    np.savez(tmp_path / "own.npz", images=np.stack([f.pixels for f in Renderer("cpu").render_all(recipes)]))
    return open_dataset(tmp_path / "own.npz", 16, 3)


def test_a_model_is_measured_as_a_job(tiny_checkpoint: Path, own_pictures: Dataset) -> None:
    header = read_header(tiny_checkpoint)
    steps: list[Progress] = []
    measured = run(measure_model(Renderer("cpu"), header, own_pictures, samples=100), steps.append)
    assert set(measured.metrics) == {
        *("fd", "kid", "precision", "recall", "density", "coverage", "swd", "swd_16"),
        *("ppl", "ppl_end", "modes", "missing", "entropy"),
    }
    assert measured.metrics["recall"].value > 0.7, "it drew the data itself"
    assert measured.metrics["precision"].value > 0.7
    assert abs(measured.metrics["kid"].value) < 0.1
    assert all(figure.low <= figure.value <= figure.high for figure in measured.metrics.values())
    assert measured.notes[:1] == ("fid: needs Inception features; measured with others, the number is called fd",)
    assert any(note.startswith("is: needs a classifier") for note in measured.notes)
    assert {"drawing", "swd", "ppl in z"} <= {step.note for step in steps}
    report = results.as_report(measured)
    assert list(report)[:5] == ["model", "data", "samples", "features", "metrics"]
    assert Measured.from_json(json.loads(json.dumps(report))) == measured
    again = run(measure_model(Renderer("cpu"), header, own_pictures, ("kid",), samples=100))
    assert again.metrics["kid"] == measured.metrics["kid"], "the same pictures"


def test_a_style_based_model_has_path_lengths_in_both_spaces(tiny_stylegan2: Path, own_pictures: Dataset) -> None:
    job = measure_model(Renderer("cpu"), read_header(tiny_stylegan2), own_pictures, ("ppl",), samples=30)
    measured = run(job)
    assert list(measured.metrics) == ["ppl", "ppl_end", "ppl_z", "ppl_z_end"]
    assert all(figure.value > 0 for figure in measured.metrics.values())


def test_classes_and_codes_are_drawn_as_in_training(tiny_infogan: Path, tiny_conditional: Path) -> None:
    recipes = prior_recipes(read_header(tiny_infogan), 200)
    numbers = np.array([value[0] for recipe in recipes for name, value in recipe.codes if len(value) == 1])
    assert -1 <= numbers.min() < -0.9 and 0.9 < numbers.max() <= 1
    assert {recipe.label for recipe in prior_recipes(read_header(tiny_conditional), 30)} == {
        (1.0, 0.0, 0.0),
        (0.0, 1.0, 0.0),
        (0.0, 0.0, 1.0),
    }


def test_what_cannot_be_measured_is_one_clear_error(tiny_checkpoint: Path, own_pictures: Dataset) -> None:
    with pytest.raises(GanvizError, match="expected some of fid"):
        check_names(("fid", "foo"))
    assert check_names(("swd", "fd")) == ("fid", "swd")
    with pytest.raises(GanvizError, match="at least 20"):
        run(measure_model(Renderer("cpu"), read_header(tiny_checkpoint), own_pictures, samples=5))


def measured_of(header, **changes) -> Measured:
    fields = {
        "model": header.ref.name,
        "digest": header.digest,
        "data": "own",
        "data_digest": "d",
        "samples": 100,
        "reals": 100,
        "psi": 1.0,
        "features": "patches",
        "features_digest": "f",
        "metrics": {"kid": Figure(0.1, 0.05, 0.2)},
    }
    return Measured(**{**fields, **changes})


def test_results_lie_beside_the_checkpoint_and_join(tmp_path: Path, make_run) -> None:
    folder = make_run(tmp_path / "run", (64, 128))
    header = read_header(catalog.find(folder))
    path = results.keep(header, measured_of(header))
    assert path == header.path.with_suffix(".metrics.json")
    results.keep(header, measured_of(header, metrics={"swd": Figure(2, 1, 3)}))
    results.keep(header, measured_of(header, samples=50))
    one, two = results.read(header)
    assert (one.samples, two.samples) == (50, 100)
    assert list(two.metrics) == ["swd", "kid"] or set(two.metrics) == {"swd", "kid"}
    assert [name for name, _ in two.ordered()] == ["kid", "swd"]
    scales = measured_of(header, metrics={name: Figure(1, 1, 1) for name in ("swd_16", "ppl", "swd_32", "swd", "kid")})
    assert [name for name, _ in scales.ordered()] == ["kid", "swd", "swd_32", "swd_16", "ppl"]
    path.write_text("{")
    assert results.read(header) == []


def test_results_of_a_run_are_series_over_the_images_seen(tmp_path: Path, make_run) -> None:
    folder = make_run(tmp_path / "run", (64, 128, 256))
    for header in catalog.snapshots(folder):
        results.keep(header, measured_of(header))
    results.keep(header, measured_of(header, samples=50))
    series = results.over_time(folder)
    assert [[item.images_seen for item in part] for part in series] == [[64, 128, 256], [256]]


def test_results_of_bundled_models_are_kept_by_the_user(home: Path) -> None:
    header = catalog.bundled()[0]
    path = results.keep(header, measured_of(header))
    assert path.is_relative_to(home)
    assert len(results.read(header)) == 1


def test_figures_from_strangers_are_checked() -> None:
    for bad in ({}, [], {"metrics": 3}):
        with pytest.raises(GanvizError):
            Measured.from_json(bad)
