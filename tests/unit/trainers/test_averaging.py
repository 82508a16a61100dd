"""The mean of snapshots."""

from pathlib import Path

import pytest
import torch

from ganviz import checkpoint, cli
from ganviz.models import dcgan, infogan
from ganviz.spec import Card
from trainers.averaging import command, mean_generator


def saved(folder: Path, seed: int, width: int = 4) -> Path:
    torch.manual_seed(seed)
    generator = infogan.Generator(
        infogan.InfoGANConfig(resolution=16, channels=1, z_dim=4, categorical=(3,), base_channels=width, fc_channels=8)
    )
    path = folder / f"{seed}-{width}.safetensors"
    checkpoint.save(path, generator.eval(), Card(name="tiny", images_seen=1000 * seed, facts={"minutes": seed}))
    return path


def test_every_weight_is_the_mean_and_the_card_says_of_which(tmp_path: Path) -> None:
    paths = [saved(tmp_path, 1), saved(tmp_path, 2)]
    mean = mean_generator(paths)
    first, second = (checkpoint.load(path).state_dict() for path in paths)
    for name, tensor in mean.state_dict().items():
        if "running" not in name and tensor.is_floating_point():
            assert torch.allclose(tensor, (first[name] + second[name]) / 2, atol=1e-7), name
    assert mean.card.facts == {"minutes": 2, "weights": "mean of those after 1,000 and 2,000 images"}
    assert mean.card.images_seen == 2000


def test_statistics_of_batch_norm_are_of_the_mean_itself(tmp_path: Path) -> None:
    """Those of the snapshots belong to activations that the mean does not have."""
    paths = [saved(tmp_path, 1), saved(tmp_path, 2)]
    mean = mean_generator(paths)
    first, second = (checkpoint.load(path).state_dict() for path in paths)
    moved = [name for name in first if "running_var" in name]
    assert moved
    assert any(not torch.allclose(mean.state_dict()[k], (first[k] + second[k]) / 2, rtol=1e-3) for k in moved)


def test_the_command_writes_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mean.safetensors"
    words = [str(saved(tmp_path, 1)), str(saved(tmp_path, 2)), "--out", str(out), "--half"]
    assert cli.main(words, command) == 0
    assert capsys.readouterr().out.strip() == str(out)
    assert checkpoint.load(out).card.facts["weights"].startswith("mean of")


def test_other_networks_and_a_single_one_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = saved(tmp_path, 1), saved(tmp_path, 2, width=6)
    out = tmp_path / "mean.safetensors"
    assert cli.main([str(one), str(other), "--out", str(out)], command) == 1
    assert "another network than" in capsys.readouterr().err
    assert cli.main([str(one), "--out", str(out)], command) == 2
    assert not out.exists()
    dcgan_path = tmp_path / "dcgan.safetensors"
    checkpoint.save(dcgan_path, dcgan.Generator(dcgan.DCGANConfig(resolution=16, base_channels=4)).eval(), Card())
    assert cli.main([str(one), str(dcgan_path), "--out", str(out)], command) == 1
