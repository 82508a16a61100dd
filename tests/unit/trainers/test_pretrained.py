"""A training begins with the nets of another, as far as they fit."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ganviz import checkpoint
from trainers.__main__ import main

COMMON = "--resolution 16 --batch 8 --images 16 --threads 1 --precision float32 --hold-out 4 --ema-half-life 0".split()
TINY = {
    "dcgan": "--z-dim 4 --base-channels 4",
    "infogan": "--z-dim 4 --base-channels 4 --fc-channels 8 --categorical 3 --channels 1",
    "progan": "--z-dim 4 --base-channels 2 --max-channels 4 --start-resolution 16 --batches none",
    "stylegan": "--z-dim 4 --w-dim 4 --mapping-layers 2 --base-channels 2 --max-channels 4",
    "stylegan2": "--z-dim 4 --w-dim 4 --mapping-layers 2 --base-channels 2 --max-channels 4 --tail-channels 2",
}


def train(data: Path, run: Path, arch: str, *more: str) -> int:
    return main([arch, "--data", str(data), "--out", str(run), *COMMON, *TINY[arch].split(), *more])


def state(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "state.safetensors")


@pytest.mark.parametrize("arch", TINY)
def test_a_training_that_learns_nothing_keeps_the_nets_of_the_run_that_it_begins_with(
    arch: str, data: Path, tmp_path: Path
) -> None:
    assert train(data, tmp_path / "first", arch) == 0
    still = ("--lr-g", "0", "--lr-d", "0", "--seed", "5")
    assert train(data, tmp_path / "next", arch, "--pretrained", str(tmp_path / "first"), *still) == 0
    before, after = state(tmp_path / "first"), state(tmp_path / "next")
    weights = [name for name in before if name.startswith(("G.", "D.")) and name.endswith(("weight", "bias"))]
    assert {name[0] for name in weights} == {"G", "D"}
    for name in weights:
        assert torch.equal(before[name], after[name]), name


def test_layers_of_another_width_begin_anew_and_the_others_are_taken(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(data, tmp_path / "first", "stylegan2") == 0
    still = ("--lr-g", "0", "--lr-d", "0", "--seed", "5", "--tail-channels", "3")
    assert train(data, tmp_path / "next", "stylegan2", "--pretrained", str(tmp_path / "first"), *still) == 0
    before, after = state(tmp_path / "first"), state(tmp_path / "next")
    assert torch.equal(before["G.convs.0.conv.weight"], after["G.convs.0.conv.weight"])
    assert before["D.entry.weight"].shape != after["D.entry.weight"].shape
    assert "tensors taken over: G" in capsys.readouterr().err


def test_a_checkpoint_gives_its_generator_and_the_discriminator_begins_anew(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(data, tmp_path / "first", "dcgan") == 0
    snapshot = next((tmp_path / "first" / "snapshots").iterdir())
    still = ("--lr-g", "0", "--lr-d", "0", "--seed", "5")
    assert train(data, tmp_path / "next", "dcgan", "--pretrained", str(snapshot), *still) == 0
    expected = checkpoint.load(snapshot).state_dict()
    after = state(tmp_path / "next")
    assert all(torch.equal(after[f"G.{name}"], tensor) for name, tensor in expected.items() if "weight" in name)
    assert "D anew" in capsys.readouterr().err
    config = json.loads((tmp_path / "next" / "config.json").read_text())
    assert config["command"].count(snapshot.name) == 1
    assert str(tmp_path) not in config["command"]  # a card travels


def test_another_family_and_nets_of_other_shapes_are_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(data, tmp_path / "first", "stylegan2") == 0
    assert train(data, tmp_path / "a", "stylegan", "--pretrained", str(tmp_path / "first")) == 1
    assert "this run trains stylegan2, not stylegan" in capsys.readouterr().err
    snapshot = str(next((tmp_path / "first" / "snapshots").iterdir()))
    assert train(data, tmp_path / "b", "stylegan", "--pretrained", snapshot) == 1
    assert "expected a checkpoint of stylegan, got one of stylegan2" in capsys.readouterr().err
    assert train(data, tmp_path / "c", "dcgan", "--pretrained", "nothing-of-that-name") == 1
    assert "no model of that name" in capsys.readouterr().err
