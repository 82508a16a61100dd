"""`ganviz mix`, and what `ganviz sample` says of layers, psi and noise."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganviz import cli, places
from ganviz.edits import LayerNoise, Mix
from ganviz.expression import Seed
from ganviz.recipe import Composite, Noise
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


def test_the_matrix_is_drawn_labelled_and_drawn_again_to_identical_pixels() -> None:
    words = ["mix", "tiny-styles", "--rows", "85,100", "--columns", "55,821,1789", "--layers", "coarse"]
    assert cli.main([*words, "--out", "mix.png"]) == 0
    sheet = read_png("mix.png")
    assert (sheet.columns, sheet.rows) == (4, 3) and sheet.cells[0] is None
    assert sheet.cells[-1].latent == Seed(100) and sheet.cells[-1].mixes == (Mix(Seed(1789), (0, 1)),)
    assert {recipe.psi for recipe in sheet.recipes} == {0.7}
    assert pixels_of("mix.png").shape == (3 * 16, 4 * 16, 3)
    assert cli.main(["render", "mix.png", "--out", "again.png"]) == 0
    assert np.array_equal(pixels_of("again.png"), pixels_of("mix.png"))
    assert cli.main([*words, "--labels", "--out", "named.png"]) == 0
    assert pixels_of("named.png").shape == (3 * 16 + 16, 4 * 16 + 64, 3)


def test_all_layers_give_the_column_and_styles_may_be_blended() -> None:
    words = ["mix", "tiny-styles", "--rows", "85", "--cols", "55", "--out", "mix.png"]
    assert cli.main([*words, "--layers", "all"]) == 0
    pixels = pixels_of("mix.png")
    assert np.array_equal(pixels[16:, 16:], pixels[:16, 16:])
    assert cli.main([*words, "--layers", "0-3,5", "--amount", "0.5", "--noise", "none"]) == 0
    mixed = read_png("mix.png").cells[-1]
    assert mixed.mixes[0] == Mix(Seed(55), (0, 1, 2, 3, 5), 0.5) and mixed.noise == Noise("none")


def test_a_picture_can_be_mixed_without_a_matrix() -> None:
    words = ["sample", "tiny-styles", "--seeds", "3", "--mix", "coarse=1000", "--mix", "5=9*0.5", "--out", "a.png"]
    assert cli.main([*words, "--layer-psi", "fine=1", "--layer-noise", "0=0", "--layer-noise", "3=2@7"]) == 0
    recipe = read_png("a.png")
    assert recipe.mixes == (Mix(Seed(1000), (0, 1)), Mix(Seed(9), (5,), 0.5))
    assert recipe.psis == ((4, 1.0), (5, 1.0))
    assert recipe.noise == Noise(layers=(LayerNoise(0, 0.0), LayerNoise(3, 2.0, 7)))
    assert cli.main(["sample", "tiny-styles", "--seeds", "3", "--out", "b.png"]) == 0
    assert not np.array_equal(pixels_of("a.png"), pixels_of("b.png"))


def test_the_psi_sheet_has_a_row_a_seed_and_a_column_a_psi() -> None:
    words = ["sample", "tiny-styles", "--seeds", "1-3~1", "--psi-sheet", "-1:1:5", "--cutoff", "4", "--out", "psi.png"]
    assert cli.main(words) == 0
    sheet = read_png("psi.png")
    assert (sheet.columns, sheet.rows) == (5, 3)
    assert [cell.psi for cell in sheet.cells[:5]] == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert {cell.cutoff for cell in sheet.recipes} == {4} and sheet.cells[5].latent == Seed(2, within=1.0)
    assert cli.main(["sample", "tiny", "--seeds", "1,2", "--psi-sheet", "0,1", "--out", "psi.png"]) == 0
    pixels = pixels_of("psi.png")
    assert np.array_equal(pixels[:16, :16], pixels[16:, :16])


def test_the_noise_sheet_ends_with_the_deviation() -> None:
    words = ["sample", "tiny-styles", "--seeds", "1,2", "--noise-sheet", "0-2", "--labels", "--out", "noise.png"]
    assert cli.main(words) == 0
    sheet = read_png("noise.png")
    assert sheet.columns == 4 and sheet.labels
    assert [cell.noise for cell in sheet.cells[:3]] == [Noise("random", seed) for seed in range(3)]
    assert isinstance(sheet.cells[3], Composite) and sheet.cells[3].kind == "deviation"
    assert cli.main(["render", "noise.png", "--out", "again.png"]) == 0
    assert np.array_equal(pixels_of("again.png"), pixels_of("noise.png"))


def test_the_mean_over_noise_is_asked_for_with_random_noise() -> None:
    words = ["sample", "tiny-styles", "--seeds", "1", "--noise-average", "8", "--out", "a.png"]
    assert cli.main([*words, "--noise", "random", "--noise-seed", "4"]) == 0
    assert read_png("a.png").noise == Noise("random", 4, average=8)
    assert cli.main(words) == 0
    assert read_png("a.png").noise == Noise()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["mix", "tiny", "--rows", "1", "--columns", "2"], 1, "several style inputs"),
        (["mix", "tiny-styles", "--rows", "1", "--columns", "2", "--layers", "6"], 1, "layers from 0 to 5"),
        (["mix", "tiny-styles", "--rows", "1", "--columns", "2", "--layers", "crude"], 1, "coarse, middle, fine"),
        (["mix", "tiny-styles", "--rows", "1"], 2, "--columns"),
        (["mix", "tiny-styles", "--rows", "x", "--columns", "2"], 2, "expected seeds like"),
        (["sample", "tiny", "--seeds", "0", "--mix", "coarse=1"], 1, "several style inputs"),
        (["sample", "tiny-styles", "--seeds", "0", "--mix", "coarse"], 1, "LAYERS=SEED"),
        (["sample", "tiny-styles", "--seeds", "0", "--layer-psi", "9=1"], 1, "from 0 to 5"),
        (["sample", "tiny", "--seeds", "0", "--layer-noise", "all=1"], 1, "no layers that add noise"),
        (["sample", "tiny", "--seeds", "0", "--noise-sheet", "0-3"], 1, "no layers that add noise"),
        (["sample", "tiny", "--seeds", "0", "--psi-sheet", "a"], 2, "expected psis like"),
        (["sample", "tiny", "--seeds", "0", "--psi-sheet", "0,1", "--columns", "3"], 2, "either --columns or"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_is_one_clear_line_and_writes_nothing(tmp_path: Path, capsys, words, code: int, said: str) -> None:
    before = sorted(path.name for path in tmp_path.iterdir())
    assert cli.main([*words, "--out", "a.png"]) == code
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error
    assert code != 1 or error.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before
