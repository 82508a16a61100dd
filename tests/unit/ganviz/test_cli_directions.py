"""Directions from the command line: found, written, drawn as a sheet, gone along."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganviz import cli, places
from ganviz.direction_files import load_directions
from ganviz.directions import amount_of
from ganviz.render import load
from ganviz.session import read_png


@pytest.fixture(autouse=True)
def bundle(tmp_path: Path, monkeypatch, tiny_checkpoint: Path, tiny_stylegan2: Path) -> None:
    folder = tmp_path / "resources" / "models"
    folder.mkdir(parents=True)
    for path in (tiny_checkpoint, tiny_stylegan2):
        shutil.copyfile(path, folder / path.name)
    monkeypatch.setattr(places, "resources", lambda: tmp_path / "resources")
    monkeypatch.chdir(tmp_path)


def pixels_of(path: str) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def found_in(path: str, model: str):
    generator = load(model, "cpu")
    return load_directions(path, generator.ref, generator.spec)


def find(*words: str) -> int:
    return cli.main(["directions", *words])


def test_components_are_written_with_a_sheet_that_renders_again(capsys) -> None:
    words = ("--method", "pca", "--count", "3", "--samples", "64", "--out", "a.npz", "--sheet", "a.png", "--seed", "5")
    assert find("tiny", *words) == 0
    assert capsys.readouterr().out.split() == ["a.npz", "a.png"]
    found = found_in("a.npz", "tiny").found
    assert [item.direction.name for item in found] == ["PCA 1", "PCA 2", "PCA 3"]
    assert pixels_of("a.png").shape == (3 * 16, 7 * 16, 3)
    assert cli.main(["render", "a.png", "--out", "b.png"]) == 0
    assert np.array_equal(pixels_of("a.png"), pixels_of("b.png"))


def test_a_stored_direction_moves_what_other_commands_draw(capsys) -> None:
    assert (
        find("tiny", "--method", "sefa", "--count", "2", "--samples", "64", "--out", "a.npz", "--sheet", "a.png") == 0
    )
    along = ("--direction", "a.npz:sefa-1=2", "--direction", "a.npz:SeFa 2=-1.5")
    assert cli.main(["sample", "tiny", "--seeds", "0", *along, "--out", "moved.png"]) == 0
    recipe, found = read_png("moved.png"), found_in("a.npz", "tiny").found
    assert [amount_of(recipe, item.direction) for item in found] == [2, -1.5]
    assert cli.main(["sample", "tiny", "--seeds", "0", *along[:2], "--out", "one.png"]) == 0
    sheet = pixels_of("a.png")
    column = sheet[:16, 5 * 16 : 6 * 16].astype(int)  # +2 sigma of the first row
    assert np.abs(pixels_of("one.png").astype(int) - column).max() <= 1
    assert cli.main(["walk", "tiny", "--seeds", "0,1", *along, "--frames", "2", "--out", "walk/"]) == 0


def test_layers_and_activations_are_named_as_people_do() -> None:
    words = ("--count", "2", "--samples", "64", "--out", "a.npz")
    assert find("tiny-styles", "--method", "sefa", "--layers", "1-2", *words) == 0
    assert [item.direction.layers for item in found_in("a.npz", "tiny-styles").found] == [(1, 2), (1, 2)]
    assert find("tiny-styles", "--method", "pca", "--activations", "8x8 b", *words) == 0
    assert found_in("a.npz", "tiny-styles").found[0].direction.name == "PCA 1 of 8x8 b"


def test_a_labelled_boundary_says_how_good_it_is(capsys) -> None:
    words = ("--method", "labelled", "--positive", "0-5", "--negative", "10-15", "--name", "smile", "--out", "a.npz")
    assert find("tiny-styles", *words) == 0
    said = capsys.readouterr().err
    assert "smile: held-out accuracy" in said and "6 liked and 6 disliked" in said
    (item,) = found_in("a.npz", "tiny-styles").found
    assert item.direction.name == "smile" and item.direction.origin == "labelled" and "held-out" in item.note


def test_entanglement_is_reported_as_json() -> None:
    words = ("--method", "sefa", "--count", "2", "--samples", "32", "--out", "a.npz", "--json", "a.json")
    assert find("tiny", *words) == 0
    report = json.loads(Path("a.json").read_text())
    assert report["model"]["name"] == "tiny" and len(report["directions"]) == 2
    assert {"cosine", "moved", "overlap"} <= report.keys()


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("--method", "labelled", "--positive", "0-5"), "needs --positive and --negative", 2),
        (("--method", "pca", "--positive", "0-5"), "--positive means nothing to --method pca", 2),
        (
            ("--method", "labelled", "--positive", "0-5", "--negative", "7-9", "--count", "3"),
            "--count means nothing",
            2,
        ),
        (("--method", "labelled", "--positive", "0-1", "--negative", "7-9"), "expected at least 5 liked and 5", 1),
        (("--method", "pca", "--layers", "0-1"), "one style input", 1),
        (("--method", "pca", "--activations", "5x5"), "no layer '5x5'; expected 0 to 2 or one of 4x4, 8x8, 16x16", 1),
        (("--method", "pca", "--out", "a.txt"), "ends in .npz", 2),
        (("--method", "pca", "--sheet", "a.txt"), "ends in .png", 2),
        (("--method", "best"), "Invalid value", 2),
    ],
)
def test_what_cannot_be_found_is_said_in_one_line(words: tuple[str, ...], said: str, code: int, capsys) -> None:
    assert find("tiny", "--out", "a.npz", *words) == code
    printed = capsys.readouterr().err
    assert said in printed and "Traceback" not in printed
    assert not Path("a.npz").exists()


def test_wrong_directions_are_refused_before_anything_is_drawn(capsys) -> None:
    assert find("tiny", "--method", "sefa", "--count", "2", "--samples", "32", "--out", "a.npz") == 0
    for direction, said in (
        ("a.npz:none=1", "no direction is called 'none'; there are SeFa 1, SeFa 2"),
        ("a.npz:SeFa 1", "expected FILE:NAME=AMOUNT"),
        ("b.npz:SeFa 1=1", "b.npz: no such file"),
    ):
        assert cli.main(["sample", "tiny", "--seeds", "0", "--direction", direction, "--out", "x.png"]) == 1
        assert said in capsys.readouterr().err
    assert cli.main(["sample", "tiny-styles", "--seeds", "0", "--direction", "a.npz:SeFa 1=1", "--out", "x.png"]) == 1
    assert "mean nothing to tiny-styles: arch is 'dcgan' there and stylegan2 here" in capsys.readouterr().err
    assert not Path("x.png").exists()
