"""`ganviz compare`."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganviz import catalog, cli, places
from ganviz.checkpoint import read_header
from ganviz.comparing import difference_map, measure
from ganviz.recipe import Composite
from ganviz.render import Renderer
from ganviz.session import read_png


@pytest.fixture(autouse=True)
def bundle(tmp_path: Path, monkeypatch, tiny_checkpoint: Path, tiny_conditional: Path) -> None:
    folder = tmp_path / "resources" / "models"
    folder.mkdir(parents=True)
    for path in (tiny_checkpoint, tiny_conditional):
        shutil.copyfile(path, folder / path.name)
    monkeypatch.setattr(places, "resources", lambda: tmp_path / "resources")
    monkeypatch.chdir(tmp_path)


def pixels_of(path: str) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_two_snapshots_are_compared_and_the_sheet_is_drawn_again(make_run, tmp_path, capsys) -> None:
    run = make_run(tmp_path / "run", (64, 128))
    first, last = (str(run / "snapshots" / f"{seen:08d}.safetensors") for seen in (64, 128))
    words = ["compare", last, first, "--seeds", "3,8", "--psi", "0.5", "--json", "apart.json", "--out", "both.png"]
    assert cli.main(words) == 0
    said = capsys.readouterr().out
    assert said.startswith("seed 3") and "PSNR" in said
    sheet = read_png("both.png")
    a, b, apart = sheet.cells[3:]
    assert sheet.columns == 3 and a.latent == b.latent and (a.psi, b.psi) == (0.5, 0.5)
    assert a.model.digest != b.model.digest and apart == Composite("difference", ((1.0, a), (1.0, b)))
    renderer = Renderer("cpu")
    one, two = renderer.render(a).pixels, renderer.render(b).pixels
    figures = json.loads(Path("apart.json").read_text())["pictures"][1]
    assert figures["mean"] == pytest.approx(measure(one, two).mean) and figures["seed"] == 8
    assert [octave["side"] for octave in figures["octaves"]] == [16, 8, 4]
    pixels = pixels_of("both.png")
    assert pixels.shape == (32, 48, 3) and np.array_equal(pixels[16:, 32:], difference_map(one, two))
    assert cli.main(["render", "both.png", "--out", "again.png"]) == 0
    assert np.array_equal(pixels_of("again.png"), pixels)


def test_another_kind_of_model_is_drawn_at_its_own_psi_and_what_it_lacks_is_said(capsys, caplog) -> None:
    words = ["compare", "tiny", "tiny-classes", "--seeds", "3", "--unit", "0:1=0", "--labels", "--out", "both.png"]
    assert cli.main(words) == 0
    assert "drawn without edits of units" in caplog.text
    a, b, _ = read_png("both.png").cells
    assert a.units and not b.units and b.psi == read_header(catalog.find("tiny-classes")).card.psi
    assert pixels_of("both.png").shape == (16 + 16, 3 * 16 + 64, 3)


def test_a_model_beside_itself_is_equal(capsys) -> None:
    assert cli.main(["compare", "tiny", "tiny", "--seeds", "3", "--out", "both.png", "--json", "a.json"]) == 0
    assert "not one pixel differs" in capsys.readouterr().out
    assert json.loads(Path("a.json").read_text())["pictures"][0]["psnr"] is None
