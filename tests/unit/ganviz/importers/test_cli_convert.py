"""Foreign files from the command line: converted by name, or opened as if they were checkpoints."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganviz import catalog, cli
from ganviz.checkpoint import read_header
from ganviz.session import read_png


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_convert_says_what_the_file_was_taken_for(here: Path, layouts, capsys) -> None:
    layouts.LAYOUTS["rosinality-progan"].make(here, "120000")
    assert cli.main(["convert", "120000.model", "--out", "faces.safetensors"]) == 0
    printed = capsys.readouterr().out
    assert "ProGAN of rosinality's progressive-gan-pytorch, read as progan" in printed
    assert "none left over" in printed and "trained up to 16 px" in printed
    assert "model.Generator (nothing of it was imported or run)" in printed
    assert printed.splitlines()[-1] == "faces.safetensors"
    header = read_header("faces.safetensors")
    assert header.ref.name == "faces" and header.card.facts["also_wanted"] == "model.Generator"
    assert cli.main(["info", "faces.safetensors"]) == 0
    assert "source format" in capsys.readouterr().out


def test_what_the_file_cannot_say_may_be_said(here: Path, layouts, capsys) -> None:
    layouts.LAYOUTS["rosinality-stylegan"].make(here, "a")
    layouts.LAYOUTS["pytorch-dcgan"].make(here, "b")
    assert cli.main(["convert", "a.model", "--out", "a.safetensors", "--resolution", "8"]) == 0
    assert read_header("a.safetensors").spec.resolution == 8
    assert cli.main(["convert", "b.pth", "--out", "b.safetensors", "--classes", "3", "--statistics", "batch"]) == 0
    spec = read_header("b.safetensors").spec
    assert (spec.num_classes, spec.z_dim, spec.w_dim) == (3, 4, 7)
    capsys.readouterr()
    for words, said in (
        (["a.model", "--resolution", "7"], "the file holds 4, 8, 16, 32, 64 px, got 7"),
        (["a.model", "--arch", "dcgan"], "which is read as stylegan only"),
        (["a.model", "--statistics", "batch"], "no batch norm"),
        (["b.pth", "--classes", "7"], "7 classes leave no noise"),
        (["b.pth", "--resolution", "100"], "give 100 pixels a side"),
    ):
        assert cli.main(["convert", *words, "--out", "c.safetensors"]) == 1
        printed = capsys.readouterr().err
        assert said in printed and words[0] in printed and printed.count("\n") == 1
    assert not Path("c.safetensors").exists()


def test_bad_usage_and_missing_files(here: Path, layouts, capsys) -> None:
    layouts.LAYOUTS["pytorch-dcgan"].make(here, "a")
    assert cli.main(["convert", "a.pth"]) == 2
    assert cli.main(["convert", "a.pth", "--out", "a.pt"]) == 2
    assert cli.main(["convert", "none.pth", "--out", "b.safetensors"]) == 1
    assert "none.pth: cannot be read" in capsys.readouterr().err
    assert cli.main(["convert", "a.pth", "--out", "b.safetensors"]) == 0
    assert cli.main(["convert", "b.safetensors", "--out", "b.safetensors"]) == 1
    assert cli.main(["convert", "b.safetensors", "--out", "c.safetensors"]) == 1
    assert "a ganviz checkpoint already" in capsys.readouterr().err


def test_a_foreign_file_samples_as_if_it_were_a_checkpoint_and_renders_again(here: Path, layouts) -> None:
    path = layouts.LAYOUTS["nvidia-stylegan2"].make(here, "network-snapshot-025000")
    assert cli.main(["sample", path.name, "--seeds", "0-3", "--out", "a.png"]) == 0
    sheet = read_png("a.png")
    assert sheet.recipes[0].model.name == "network-snapshot-025000"
    path.unlink()
    assert cli.main(["render", "a.png", "--out", "b.png"]) == 0, "the conversion in the cache is found by its digest"
    with Image.open("a.png") as first, Image.open("b.png") as second:
        assert np.array_equal(np.asarray(first), np.asarray(second))


def test_a_foreign_file_is_known_by_its_digest_when_it_is_no_longer_recent(here: Path, layouts, home: Path) -> None:
    path = layouts.LAYOUTS["pytorch-dcgan"].make(here, "a")
    header = read_header(catalog.find(path))
    assert catalog.locate(header.ref).exact and catalog.locate(header.ref).path == header.path


def test_info_of_a_foreign_file(here: Path, layouts, capsys) -> None:
    layouts.LAYOUTS["hf-biggan"].make(here, "biggan-deep-64")
    assert cli.main(["info", "biggan-deep-64.bin", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["arch"] == "biggan" and facts["psi"] == 0.4 and facts["num_classes"] == 3
    assert facts["facts"]["source_format"].startswith("BigGAN-deep")


def test_what_is_no_checkpoint_at_all_is_said_as_before(here: Path, capsys) -> None:
    (here / "a.txt").write_text("hello")
    (here / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    for name, words in (("a.txt", "expected a ganviz checkpoint"), ("a.jpg", "JPEG")):
        assert cli.main(["info", name]) == 1
        assert words in capsys.readouterr().err
