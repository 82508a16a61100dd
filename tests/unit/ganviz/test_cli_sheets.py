"""`ganviz arithmetic` and `ganviz codes` through the command line's own front door."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganviz import cli, places
from ganviz.expression import Mapped, Mean, Seed, Sum
from ganviz.recipe import Composite, Sheet, class_weights
from ganviz.session import read_png


@pytest.fixture(autouse=True)
def bundle(
    tmp_path: Path, monkeypatch, tiny_checkpoint: Path, tiny_conditional: Path, tiny_stylegan2: Path, tiny_infogan: Path
) -> None:
    folder = tmp_path / "resources" / "models"
    folder.mkdir(parents=True)
    for path in (tiny_checkpoint, tiny_conditional, tiny_stylegan2, tiny_infogan):
        shutil.copyfile(path, folder / path.name)
    monkeypatch.setattr(places, "resources", lambda: tmp_path / "resources")
    monkeypatch.chdir(tmp_path)


def pixels_of(path: str) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


EXPR = "mean(1,2,3) - mean(4,5,6) + 0.5*7"


def drawn(*words: str) -> Sheet:
    """The sheet in the picture that a command writes, which renders again to the same pixels."""
    assert cli.main([*words, "--out", "a.png"]) == 0
    assert cli.main(["render", "a.png", "--out", "b.png"]) == 0
    assert np.array_equal(pixels_of("a.png"), pixels_of("b.png"))
    found = read_png("a.png")
    assert isinstance(found, Sheet)
    return found


@pytest.mark.parametrize("model", ["tiny", "tiny-styles"])
def test_the_result_stands_in_the_middle_of_a_grid_that_renders_again(model: str) -> None:
    sheet = drawn("arithmetic", model, "--expr", EXPR)
    assert (sheet.rows, sheet.columns) == (3, 3)
    assert pixels_of("a.png").shape == (48, 48, 3)
    seed = Seed if model == "tiny" else lambda number: Mapped(Seed(number))
    means = [Mean(tuple(seed(k) for k in three)) for three in ((1, 2, 3), (4, 5, 6))]
    assert sheet.cells[4].latent == Sum(((1, means[0]), (-1, means[1]), (0.5, seed(7))))
    assert {cell.psi for cell in sheet.recipes} == {0.7 if model == "tiny-styles" else 1.0}


def test_terms_and_contrast_make_the_figure_of_the_paper() -> None:
    sheet = drawn("arithmetic", "tiny", "--expr", EXPR, "--terms", "--contrast", "--labels")
    assert (sheet.rows, sheet.columns) == (4, 9)
    assert [cell.latent for cell in sheet.cells[:3]] == [Seed(1), Seed(4), Seed(7)]
    assert isinstance(sheet.cells[9 + 8], Composite)
    assert pixels_of("a.png").shape == (16 + 64, 9 * 16, 3)


def test_strength_jitter_and_space_reach_the_recipes() -> None:
    still = ["arithmetic", "tiny-styles", "--psi", "1", "--jitter", "0"]
    plain = drawn(*still, "--expr", EXPR, "--space", "z")
    assert len(set(plain.cells)) == 1
    assert plain.cells[4].latent.terms[1] == (-1, Mean((Seed(4), Seed(5), Seed(6))))
    strong = drawn(*still, "--expr", EXPR, "--strength", "2")
    assert [weight for weight, _ in strong.cells[4].latent.terms] == [1, -2, 1]
    noises = [drawn("arithmetic", "tiny", "--expr", EXPR, "--jitter-seed", seed) for seed in "055"]
    assert noises[0] != noises[1] == noises[2]


def test_the_class_is_the_given_one_or_adds_up_from_those_of_the_seeds() -> None:
    sheet = drawn("arithmetic", "tiny-classes", "--expr", EXPR, "--label", "bee")
    assert {cell.label for cell in sheet.recipes} == {class_weights(1, 3)}
    sheet = drawn("arithmetic", "tiny-classes", "--expr", "3 - 3 + 5")
    assert {cell.label for cell in sheet.recipes} == {read_label("5")}


def read_label(seed: str) -> tuple[float, ...]:
    assert cli.main(["sample", "tiny-classes", "--seeds", seed, "--out", "one.png"]) == 0
    return read_png("one.png").label


def test_a_difference_of_means_goes_along_seeds_as_the_paper_s_turn_vector() -> None:
    sheet = drawn("arithmetic", "tiny", "--expr", "mean(1,2) - mean(3,4)", "--along", "8,9", "--steps", "5")
    assert (sheet.rows, sheet.columns) == (2, 5)
    assert [cell.latent for cell in sheet.cells[2::5]] == [Seed(8), Seed(9)], "untouched in the middle"
    assert sheet.cells[4].latent.terms[0] == (1, Seed(8)) and sheet.cells[4].latent.terms[1][0] == 1
    sheet = drawn("arithmetic", "tiny", "--expr", "1 - 2", "--along", "8", "--range", "0:3", "--steps", "4")
    assert [cell.latent.terms[1][0] for cell in sheet.cells[1:]] == [1, 2, 3]


def test_a_sum_in_w_that_does_not_add_up_to_1_is_drawn_with_a_warning(caplog) -> None:
    still = ["arithmetic", "tiny-styles", "--psi", "1", "--jitter", "0"]
    drawn(*still, "--expr", "1 - 2")
    assert "add up to 0" in caplog.text
    caplog.clear()
    drawn(*still, "--expr", "1 - 2 + 3")
    drawn("arithmetic", "tiny", "--expr", "1 - 2")
    assert not caplog.text


def test_codes_are_swept_in_ten_columns_with_a_row_a_category() -> None:
    sheet = drawn("codes", "tiny-codes")
    assert (sheet.rows, sheet.columns) == (3, 10)
    assert {cell.latent for cell in sheet.recipes} == {Seed(0)}
    values = [dict(cell.codes)["continuous-1"][0] for cell in sheet.cells[:10]]
    assert values[0] == -2 and values[-1] == 2
    assert pixels_of("a.png").shape == (48, 160)


def test_which_codes_and_how_far_can_be_said(capsys) -> None:
    words = ["--seed", "7", "--code", "continuous-2", "--code", "continuous-1=0.5", "--range", "-1:3", "--steps", "3"]
    sheet = drawn("codes", "tiny-codes", *words)
    assert (sheet.rows, sheet.columns) == (3, 3)
    assert {cell.latent for cell in sheet.recipes} == {Seed(7)}
    assert [dict(cell.codes)["continuous-2"][0] for cell in sheet.cells[:3]] == [-1, 1, 3]
    assert {dict(cell.codes)["continuous-1"] for cell in sheet.recipes} == {(0.5,)}
    sheet = drawn("codes", "tiny-codes", "--rows", "continuous-1", "--steps", "4", "--labels")
    assert (sheet.rows, sheet.columns) == (4, 4)
    sheet = drawn("codes", "tiny-codes", "--code", "continuous-1", "--code", "continuous-2", "--steps", "4")
    assert (sheet.rows, sheet.columns) == (7, 4)
    capsys.readouterr()
    drawn("codes", "tiny-codes", "--rank")
    said = capsys.readouterr().out.splitlines()
    assert sorted(line.split()[0] for line in said if "grey levels" in line) == [
        "category",
        "continuous-1",
        "continuous-2",
    ]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["arithmetic", "tiny"], 2, "--expr"),
        (["arithmetic", "tiny", "--expr", "mean(1,2"], 2, "at character 9, expected ) after the seeds, got the end"),
        (["arithmetic", "tiny", "--expr", "1 + smile"], 2, "at character 5"),
        (["arithmetic", "tiny", "--expr", "1", "--jitter", "-1"], 2, "jitter"),
        (["arithmetic", "tiny", "--expr", "1", "--space", "pixels"], 2, "space"),
        (["arithmetic", "tiny", "--expr", "1", "--steps", "5"], 2, "--along"),
        (["arithmetic", "tiny", "--expr", "1-2", "--along", "3", "--terms"], 2, "not both"),
        (["arithmetic", "tiny", "--expr", "1-2", "--along", "3", "--range", "much"], 2, "two numbers like -2:2"),
        (["arithmetic", "tiny-styles", "--expr", "1@0.2/0.1", "--space", "z"], 1, "choose w"),
        (["arithmetic", "tiny", "--expr", "1", "--label", "2"], 1, "no classes"),
        (["codes", "tiny"], 1, "structured codes"),
        (["codes", "tiny", "--code", "tilt"], 1, "the model's codes: none"),
        (["codes", "tiny-codes", "--code", "tilt"], 1, "category, continuous-1, continuous-2"),
        (["codes", "tiny-codes", "--rows", "tilt"], 1, "category, continuous-1, continuous-2"),
        (["codes", "tiny-codes", "--code", "category=7"], 1, "category from 0 to 2"),
        (["codes", "tiny-codes", "--rows", "category", "--code", "category"], 2, "another code"),
        (["codes", "tiny-codes", "--range", "2:-2"], 1, "from low to high"),
        (["codes", "tiny-codes", "--range", "nan:2"], 1, "from low to high"),
        (["codes", "tiny-codes", "--steps", "1"], 2, "steps"),
        (["codes", "tiny-codes", "--seed", "0-3"], 2, "expected one, got 4"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_is_one_clear_line_and_writes_nothing(tmp_path: Path, capsys, words, code: int, said: str) -> None:
    before = sorted(path.name for path in tmp_path.iterdir())
    assert cli.main([*words, "--out", "a.png"]) == code
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error
    if code == 1:
        assert error.count("\n") == 1, "one line"
    assert sorted(path.name for path in tmp_path.iterdir()) == before
