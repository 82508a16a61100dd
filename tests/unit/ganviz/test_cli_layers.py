"""`ganviz layers`, and `--unit` of the commands that draw."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganviz import cli, places
from ganviz.activations import LayerView, contact_sheet, picture, read_activations
from ganviz.edits import UnitEdit
from ganviz.expression import Seed
from ganviz.recipe import Recipe, Sheet
from ganviz.render import Renderer
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


def test_without_a_layer_the_figures_of_all_are_printed(capsys) -> None:
    assert cli.main(["layers", "tiny-styles", "--seed", "3", "--json", "figures.json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6 and lines[0].split()[:3] == ["0", "4x4", "b"] and all("noise" in line for line in lines[:5])
    data = json.loads(Path("figures.json").read_text())
    assert [layer["name"] for layer in data["layers"]][:2] == ["4x4 b", "8x8 a"]
    assert len(data["layers"][0]["channels"]) == 8 and 0 <= data["layers"][0]["zeros"] <= 1


def test_the_maps_are_written_as_the_library_draws_them() -> None:
    renderer = Renderer("cpu")
    recipe = Recipe(renderer.load("tiny").ref, Seed(3))
    found = read_activations(renderer, recipe, 1)
    words = ["layers", "tiny", "--seed", "3", "--layer", "8x8"]
    assert cli.main([*words, "--out", "all.png", "--side", "16", "--columns", "3"]) == 0
    assert np.array_equal(pixels_of("all.png"), contact_sheet(found, LayerView(1), 16, 3))
    assert cli.main([*words, "--out", "three.png", "--channels", "5,0,2", "--db", "-6", "--own"]) == 0
    factors = found.factors(LayerView(1, (5, 0, 2), -6.0, True))
    assert np.array_equal(pixels_of("three.png"), picture(found.maps, factors, (5, 0, 2)))


def test_units_are_ranked_and_what_the_first_ones_draw_can_be_drawn_again(capsys) -> None:
    words = ["layers", "tiny", "--layer", "0", "--rank", "--latents", "2", "--top", "3"]
    assert cli.main([*words, "--out", "units.png", "--json", "units.json"]) == 0
    data = json.loads(Path("units.json").read_text())["units"]
    assert [item["change"] for item in data] == sorted((item["change"] for item in data), reverse=True)
    first = data[0]["unit"]
    assert f"unit {first}" in capsys.readouterr().out
    sheet = read_png("units.png")
    assert isinstance(sheet, Sheet) and sheet.cells[1].units == (UnitEdit(0, (first,), 0.0),)
    assert cli.main(["render", "units.png", "--out", "again.png"]) == 0
    assert np.array_equal(pixels_of("again.png"), pixels_of("units.png"))


def test_units_are_made_weaker_and_stronger_wherever_seeds_are_drawn() -> None:
    words = ["sample", "tiny", "--seeds", "3", "--unit", "4x4:0,2=0", "--unit", "1:all=1.5+0.1"]
    assert cli.main([*words, "--out", "units.png"]) == 0
    recipe = read_png("units.png")
    assert recipe.units == (UnitEdit(0, (0, 2), 0.0), UnitEdit(1, None, 1.5, 0.1))
    assert np.array_equal(pixels_of("units.png"), Renderer("cpu").render(recipe).pixels)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["layers", "tiny", "--out", "a.png"], 2, "need a --layer"),
        (["layers", "tiny", "--layer", "7", "--out", "a.png"], 1, "--layer: '7': expected a layer from 0 to 2"),
        (["layers", "tiny", "--layer", "2", "--channels", "1,2,3", "--out", "a.png"], 1, "expected 0 to 2, got 3"),
        (
            ["layers", "tiny", "--layer", "2", "--channels", "1,2", "--out", "a.png"],
            2,
            "expected one channel, or three",
        ),
        (["layers", "tiny", "--seed", "1,2"], 2, "expected one, got 2"),
        (["sample", "tiny", "--seeds", "3", "--unit", "4x4:99=0", "--out", "a.png"], 1, "expected units from 0 to"),
    ],
)
def test_what_cannot_be_is_said(words, code, said, capsys) -> None:
    assert cli.main(words) == code
    assert said in capsys.readouterr().err
