"""The command line through its own front door, `cli.main`."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganviz import catalog, cli, places
from ganviz.expression import Seed
from ganviz.recipe import ModelRef, Recipe, Sheet
from ganviz.session import Kept, Session, read_png, save_session
from ganviz.walk import Walk


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


def test_models_lists_names_with_licences(capsys) -> None:
    assert cli.main(["models"]) == 0
    printed = capsys.readouterr().out
    assert "tiny-classes" in printed and "CC0" in printed
    assert cli.main(["models", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [model["name"] for model in listed["bundled"]] == ["tiny", "tiny-classes"]


def test_models_lists_a_model_once(tiny_checkpoint, tmp_path, make_checkpoint, capsys) -> None:
    copy = tmp_path / "copy.safetensors"
    shutil.copyfile(tiny_checkpoint, copy)
    for path in (copy, make_checkpoint("other", resolution=32)):
        catalog.remember(path)
    assert cli.main(["models", "--json"]) == 0
    assert [model["name"] for model in json.loads(capsys.readouterr().out)["recent"]] == ["other"]


def test_info_is_flat_json_of_spec_and_card(capsys) -> None:
    assert cli.main(["info", "tiny-classes", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["num_classes"] == 3 and facts["psi"] == 0.8 and facts["licence"] == "CC0" and facts["arch"] == "dcgan"
    assert cli.main(["info", "tiny-classes"]) == 0
    assert "ant, bee, cat" in capsys.readouterr().out


def test_a_sampled_sheet_renders_again_to_identical_pixels() -> None:
    assert cli.main(["sample", "tiny", "--seeds", "0-20,1402@0.31/-0.12", "--psi", "0.7", "--out", "a.png"]) == 0
    assert cli.main(["render", "a.png", "--out", "b.png"]) == 0
    assert np.array_equal(pixels_of("a.png"), pixels_of("b.png"))
    assert pixels_of("a.png").shape == (5 * 16, 5 * 16, 3)
    assert read_png("b.png") == read_png("a.png")


def test_one_seed_is_a_plain_picture_that_carries_its_recipe() -> None:
    assert cli.main(["sample", "tiny", "--seeds", "5", "--out", "a.png"]) == 0
    recipe = read_png("a.png")
    assert isinstance(recipe, Recipe) and recipe.latent == Seed(5)
    assert pixels_of("a.png").shape == (16, 16, 3)


def test_a_file_from_elsewhere_renders_again_too(tmp_path: Path, make_checkpoint) -> None:
    path = make_checkpoint("elsewhere")
    assert cli.main(["sample", str(path), "--seeds", "1,2", "--out", "a.png"]) == 0
    assert cli.main(["render", "a.png", "--out", "b.png"]) == 0
    assert np.array_equal(pixels_of("a.png"), pixels_of("b.png"))
    assert str(path.parent) not in (tmp_path / "a.png").read_bytes().decode("latin1")


def test_psi_and_class_come_from_card_and_seed_unless_given() -> None:
    assert cli.main(["sample", "tiny-classes", "--seeds", "0-3", "--labels", "--out", "a.png"]) == 0
    sheet = read_png("a.png")
    assert isinstance(sheet, Sheet) and {cell.psi for cell in sheet.recipes} == {0.8}
    expected = []
    for seed in range(4):
        stream = np.random.RandomState(seed)
        stream.randn(8)
        expected.append(stream.randint(3))
    assert [cell.label.index(1.0) for cell in sheet.recipes] == expected
    assert cli.main(["sample", "tiny-classes", "--seeds", "0-3", "--label", "Cat", "--out", "b.png"]) == 0
    assert {cell.label for cell in read_png("b.png").recipes} == {(0.0, 0.0, 1.0)}


def test_a_walk_has_the_frames_and_ends_that_were_asked_for() -> None:
    words = ["walk", "tiny", "--seeds", "1,5,9", "--frames", "7", "--psi", "0.5", "--out", "frames/"]
    assert cli.main(words) == 0
    frames = sorted(Path("frames").iterdir())
    assert len(frames) == 7
    for frame, seed in ((frames[0], "1"), (frames[3], "5"), (frames[-1], "9")):
        assert cli.main(["sample", "tiny", "--seeds", seed, "--psi", "0.5", "--out", "one.png"]) == 0
        assert np.abs(pixels_of(str(frame)).astype(int) - pixels_of("one.png")).max() <= 1
        assert read_png(frame) == read_png("one.png")


def test_a_walk_through_a_session_uses_its_gallery_and_settings() -> None:
    assert cli.main(["sample", "tiny", "--seeds", "3", "--out", "one.png"]) == 0
    recipe = read_png("one.png")
    gallery = (Kept(recipe), Kept(recipe.edit(latent=Seed(4))))
    save_session("a.ganviz", Session(recipe, gallery, Walk(frames=5)))
    assert cli.main(["walk", "--session", "a.ganviz", "--out", "frames/"]) == 0
    assert len(list(Path("frames").iterdir())) == 5
    save_session("b.ganviz", Session(recipe, gallery[:1]))
    assert cli.main(["walk", "--session", "b.ganviz", "--out", "more/"]) == 1


def test_render_draws_a_session_s_present_picture() -> None:
    assert cli.main(["sample", "tiny", "--seeds", "3", "--out", "one.png"]) == 0
    save_session("a.ganviz", Session(read_png("one.png")))
    assert cli.main(["render", "a.ganviz", "--out", "two.png"]) == 0
    assert np.array_equal(pixels_of("one.png"), pixels_of("two.png"))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["sample", "tinny", "--seeds", "0", "--out", "a.png"], 1, "did you mean tiny?"),
        (["sample", "missing.safetensors", "--seeds", "0", "--out", "a.png"], 1, "no such file"),
        (["sample", "photo.jpg", "--seeds", "0", "--out", "a.png"], 1, "JPEG image"),
        (["sample", "tiny", "--seeds", "0", "--out", "missing/a.png"], 1, "does not exist"),
        (["sample", "tiny", "--seeds", "0", "--label", "2", "--out", "a.png"], 1, "no classes"),
        (["sample", "tiny", "--seeds", "0", "--code", "a=1", "--out", "a.png"], 1, "codes: none"),
        (["sample", "tiny", "--seeds", "x", "--out", "a.png"], 2, "expected seeds like"),
        (["sample", "tiny", "--seeds", "0", "--out", "a.jpg"], 2, "ends in .png"),
        (["sample", "tiny", "--out", "a.png"], 2, "--seeds"),
        (["render", "photo.jpg", "--out", "a.png"], 1, "no PNG"),
        (["render", "missing.ganviz", "--out", "a.png"], 1, "no such file"),
        (["walk", "tiny", "--seeds", "1", "--out", "a.gif"], 1, "at least two keyframes"),
        (["walk", "tiny", "--seeds", "1,2", "--frames", "1", "--out", "a.gif"], 1, "frames"),
        (["walk", "tiny", "--seeds", "1,2", "--out", "a.avi"], 1, ".mp4"),
        (["walk", "--seeds", "1,2", "--out", "a.gif"], 2, "MODEL"),
        (["walk", "tiny", "--session", "a.ganviz", "--out", "a.gif"], 2, "not both"),
        (["fly"], 2, "fly"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_is_one_clear_line_and_writes_nothing(tmp_path: Path, capsys, words, code: int, said: str) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0" + b"x" * 100)
    before = sorted(path.name for path in tmp_path.iterdir())
    assert cli.main(words) == code
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error
    if code == 1:
        assert error.count("\n") == 1, "one line"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_debug_shows_where_an_error_came_from(capsys, caplog) -> None:
    assert cli.main(["info", "tinny", "--debug"]) == 1
    assert "Traceback" in caplog.text
    assert "tinny" in capsys.readouterr().err


def test_an_interrupt_ends_with_130(monkeypatch, capsys) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.catalog, "bundled", interrupt)
    assert cli.main(["models"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_help_names_every_command(capsys) -> None:
    assert cli.main(["--help"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("models", "info", "sample", "render", "walk", "train", "--screenshot"))
    assert cli.main(["--version"]) == 0


def test_no_summary_of_a_command_is_cut_short_on_a_terminal_of_80_columns(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for words in ([], ["models"]):
        assert cli.main([*words, "--help"]) == 0
        listed = capsys.readouterr().out.partition("Commands:")[2]
        assert listed and "..." not in listed


def test_a_walk_with_other_weights_than_the_session_names_says_so(caplog, tmp_path: Path) -> None:
    assert cli.main(["sample", "tiny", "--seeds", "3", "--out", "one.png"]) == 0
    recipe = read_png("one.png")
    other = recipe.edit(model=ModelRef("tiny", "00" * 32))
    save_session("a.ganviz", Session(other, (Kept(other), Kept(other.edit(latent=Seed(4)))), Walk(frames=3)))
    assert cli.main(["walk", "--session", "a.ganviz", "--out", "frames/"]) == 0
    assert "other weights" in caplog.text
    assert read_png("frames/00000.png").model == recipe.model


def test_more_columns_than_pictures_are_as_many_as_pictures() -> None:
    assert cli.main(["sample", "tiny", "--seeds", "0-2", "--columns", "70000", "--out", "a.png"]) == 0
    assert read_png("a.png").columns == 3


@pytest.fixture
def run(tmp_path: Path, make_run) -> Path:
    """A run folder with four snapshots."""
    return make_run(tmp_path / "my-run", (128, 512, 2_048, 12_800))


def test_info_on_a_run_lists_its_snapshots(run: Path, capsys) -> None:
    assert cli.main(["info", "my-run", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [item["images_seen"] for item in facts["snapshots"]] == [128, 512, 2_048, 12_800]
    assert facts["snapshots"][-1]["digest"] == facts["digest"] and facts["name"] == "my-run"
    assert cli.main(["info", "my-run"]) == 0
    assert "0.13 kimg" in capsys.readouterr().out
    assert cli.main(["info", "my-run/snapshots/00000512.safetensors", "--json"]) == 0
    assert "snapshots" not in json.loads(capsys.readouterr().out), "one snapshot was asked about"
    assert cli.main(["sample", "my-run", "--seeds", "1", "--out", "a.png"]) == 0
    assert cli.main(["models"]) == 0
    assert "4 snapshots" in capsys.readouterr().out


def test_a_sheet_over_time_has_a_column_for_each_snapshot_and_renders_again(run: Path) -> None:
    sample = ["sample", "my-run", "--seeds", "3,5", "--psi", "0.7", "--over-time"]
    assert cli.main([*sample, "--out", "a.png"]) == 0
    sheet = read_png("a.png")
    assert isinstance(sheet, Sheet) and (sheet.rows, sheet.columns) == (2, 4)
    assert sheet.column_headings == ("0.13k", "0.51k", "2.05k", "12.8k")
    assert len({cell.model.digest for cell in sheet.recipes}) == 4 and {cell.psi for cell in sheet.recipes} == {0.7}
    whole = pixels_of("a.png")
    assert whole.shape == (32, 64, 3)
    assert cli.main(["render", "a.png", "--out", "b.png"]) == 0
    assert np.array_equal(pixels_of("b.png"), whole)
    assert cli.main(["sample", "my-run", "--seeds", "5", "--psi", "0.7", "--out", "newest.png"]) == 0
    assert np.array_equal(pixels_of("newest.png"), whole[16:, 48:])
    assert cli.main([*sample, "2", "--labels", "--out", "c.png"]) == 0
    labelled = read_png("c.png")
    assert isinstance(labelled, Sheet) and labelled.column_headings == ("0.13k", "12.8k")
    assert pixels_of("c.png").shape == (16 + 2 * 16, 64 + 2 * 16, 3)


def test_a_sheet_over_time_of_a_run_that_was_moved_renders_with_its_new_place(run: Path, tmp_path: Path) -> None:
    assert cli.main(["sample", "my-run", "--seeds", "3,5", "--over-time", "3", "--out", "a.png"]) == 0
    run.rename(tmp_path / "moved")
    assert cli.main(["render", "a.png", "--out", "b.png"]) == 1
    assert cli.main(["render", "a.png", "--model", "moved", "--out", "b.png"]) == 0
    assert np.array_equal(pixels_of("a.png"), pixels_of("b.png"))
    assert read_png("a.png") == read_png("b.png")


def test_what_has_no_snapshots_has_no_sheet_over_time(run: Path, capsys) -> None:
    assert cli.main(["sample", "tiny", "--seeds", "1", "--over-time", "--out", "a.png"]) == 1
    assert "expected a run folder with at least two snapshots" in capsys.readouterr().err
    assert cli.main(["sample", "my-run", "--over-time", "--out", "a.png"]) == 2
    assert cli.main(["sample", "my-run", "--seeds", "1", "--over-time", "3", "--columns", "2", "--out", "a.png"]) == 2
