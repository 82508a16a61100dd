import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from ganviz import charts, cli
from ganviz.checkpoint import read_header
from ganviz.expression import Seed
from ganviz.metrics.evidence import centred
from ganviz.metrics.measuring import prior_recipes
from ganviz.recipe import Recipe
from ganviz.render import Renderer
from ganviz.session import load_session, read_png


@pytest.fixture(autouse=True)
def few(monkeypatch) -> None:
    monkeypatch.setattr("ganviz.metrics.path_length.PAIRS", 20)


@pytest.fixture
def data(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    recipes = [Recipe(str(tiny_checkpoint), Seed(seed)) for seed in range(100, 180)]
    np.savez(tmp_path / "own.npz", images=np.stack([f.pixels for f in Renderer("cpu").render_all(recipes)]))
    return tmp_path / "own.npz"


def test_the_command_prints_and_writes_figures(tiny_checkpoint: Path, data: Path, tmp_path: Path, capsys) -> None:
    words = [
        "metrics",
        str(tiny_checkpoint),
        "--data",
        str(data),
        "--samples",
        "60",
        "--json",
        str(tmp_path / "m.json"),
    ]
    assert cli.main([*words, "--metric", "fid,prdc,swd,ppl"]) == 0
    said = capsys.readouterr().out
    assert "60 samples beside 60 images of own" in said
    assert "fid: needs Inception features; measured with others, the number is called fd" in said
    report = json.loads((tmp_path / "m.json").read_text())
    assert {"model", "data", "samples", "features", "metrics"} <= set(report)
    assert "fid" not in report["metrics"] and "is" not in report["metrics"]
    assert {"fd", "precision", "recall", "density", "coverage", "swd", "ppl"} <= set(report["metrics"])
    for figure in report["metrics"].values():
        assert set(figure) == {"value", "low", "high"}
    assert tiny_checkpoint.with_suffix(".metrics.json").is_file()
    tiny_checkpoint.with_suffix(".metrics.json").unlink()


def test_a_run_is_measured_over_time(make_run, data: Path, tmp_path: Path, capsys) -> None:
    run = make_run(tmp_path / "run", (64, 128, 256))
    words = ["metrics", str(run), "--data", str(data), "--samples", "40", "--metric", "kid,modes", "--over-time", "3"]
    assert cli.main([*words, "--json", str(tmp_path / "m.json"), "--plot", str(tmp_path / "m.svg")]) == 0
    series = json.loads((tmp_path / "m.json").read_text())["over_time"]
    assert [item["images_seen"] for item in series] == [64, 128, 256]
    assert len(list((run / "snapshots").glob("*.metrics.json"))) == 3
    page = ElementTree.parse(tmp_path / "m.svg").getroot()
    assert len(list(page)) == 1 + 4, "a white ground, KID, modes, missing, entropy"
    assert cli.main(["metrics", str(run / "snapshots" / "00000064.safetensors"), "--metric", "foo"]) == 2
    assert cli.main([*words[:6], "--plot", str(tmp_path / "m.svg")]) == 2


def test_the_data_have_to_be_known(tiny_checkpoint: Path, capsys) -> None:
    assert cli.main(["metrics", str(tiny_checkpoint), "--samples", "40"]) == 1
    assert "--data" in capsys.readouterr().err


def test_neighbours_of_many_samples_are_told_as_a_whole(
    tiny_checkpoint: Path, data: Path, tmp_path: Path, capsys
) -> None:
    words = ["neighbours", str(tiny_checkpoint), "--data", str(data), "--out", str(tmp_path / "n.png")]
    words += ["--json", str(tmp_path / "n.json"), "--k", "2"]
    assert cli.main([*words, "--samples", "110"]) == 0
    said = capsys.readouterr().out
    assert "authentic: " in said
    assert "memorised: 9.1% of 110 samples are likely copies" in said, "the seeds 100 to 109 are in the data"
    found = json.loads((tmp_path / "n.json").read_text())
    assert (len(found["samples"]), found["verdict"]) == (110, "memorised")
    assert [s["seed"] for s in found["samples"] if s["verdict"] == "copy"] == list(range(100, 110))
    assert len(read_png(tmp_path / "n.png").recipes) == 16
    assert cli.main(words) == 2
    assert cli.main([*words, "--seeds", "1", "--samples", "5"]) == 2


def test_samples_are_taken_by_the_command_as_by_the_metrics_but_for_what_is_said(tiny_infogan: Path) -> None:
    from ganviz.cli_neighbours import _prior

    header = read_header(tiny_infogan)
    names = {"codes": (), "label": None, "psi": None, "cutoff": None, "noise": "const", "noise_seed": 0}
    assert _prior(header, 5, names) == prior_recipes(header, 5)
    code = next(code.name for code in header.spec.codes if code.kind == "continuous")
    asked = _prior(header, 5, {**names, "codes": (f"{code}=0.5",), "psi": 0.7})
    assert all(dict(recipe.codes)[code] == (0.5,) and recipe.psi == 0.7 for recipe in asked)


def test_neighbours_by_feature_with_a_walk(
    tiny_checkpoint: Path, data: Path, tmp_path: Path, capsys, monkeypatch
) -> None:
    monkeypatch.setattr("ganviz.neighbour_walk.walk_to.__defaults__", (False, 4, 6))
    words = ["neighbours", str(tiny_checkpoint), "--data", str(data), "--seeds", "105,2", "--metric", "feature"]
    words += ["--out", str(tmp_path / "n.png"), "--walk", str(tmp_path / "walk.png"), "--held-out", str(data)]
    assert cli.main(words) == 0
    assert "likely a copy" in capsys.readouterr().out
    sheet = read_png(tmp_path / "walk.png").recipes
    assert len(sheet) == 4
    words[words.index(str(tmp_path / "walk.png"))] = str(tmp_path / "walk.ganviz")
    assert cli.main(words) == 0
    session = load_session(tmp_path / "walk.ganviz")
    assert [item.frame for item in session.timeline.keyframes] == [0, session.walk.frames - 1]
    assert [item.recipe for item in session.timeline.keyframes] == [sheet[0], sheet[-1]]
    words[words.index(str(tmp_path / "walk.ganviz"))] = str(tmp_path / "walk.gif")
    assert cli.main(words) == 2


def test_charts_are_whole_svg() -> None:
    line = charts.Line("a < b", [0, 1, 2], [1.0, np.nan, 3.0], [0, 0, 0], [2, 2, 4])
    for page in (
        charts.line_chart("T & U", [line, line], "x"),
        charts.line_chart("nothing", []),
        charts.histogram("h", [0, 1, 2], [("a", [0.5, 0.5]), ("b", [1, 0])], "levels"),
    ):
        assert ElementTree.fromstring(page).tag.endswith("svg")
    assert charts.ticks(0, 1) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0]) or len(charts.ticks(0, 1)) <= 6
    assert [charts.short(v) for v in (0, 1500, 2e6, 0.25)] == ["0", "1.5k", "2M", "0.25"]
    assert centred(1.0, np.array([1.0])).low == 1.0
