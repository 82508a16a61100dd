"""Generators laid out stage by stage, as checkpoints from elsewhere bring them."""

from dataclasses import asdict

import pytest
import torch
from torch import nn

from ganviz import checkpoint
from ganviz.models.dcgan import DCGANConfig, Discriminator, Generator
from ganviz.models.infogan import Generator as InfoGenerator
from ganviz.models.infogan import InfoGANConfig
from ganviz.models.stack import Stage
from ganviz.spec import Card

STAGES = (
    Stage(7, kernel=7, stride=1, padding=0, bias=True),
    Stage(5, kernel=3, stride=1, padding=1, norm=False, slope=0.2),
    Stage(4),
    Stage(1, norm=False),
)


@pytest.fixture(autouse=True)
def same_weights_each_time() -> None:
    torch.manual_seed(0)


def test_stages_are_what_a_sequential_of_them_would_be() -> None:
    generator = Generator(DCGANConfig(resolution=28, channels=1, z_dim=6, stages=STAGES, output="sigmoid")).eval()
    convs, norms = generator.convs, generator.norms
    net = nn.Sequential(
        *(convs[0], norms[0], nn.ReLU(), convs[1], nn.LeakyReLU(0.2), convs[2], norms[2], nn.ReLU(), convs[3]),
        nn.Sigmoid(),
    )
    z = torch.randn(2, 6)
    assert torch.allclose(generator(z), 2 * net(z[:, :, None, None]) - 1, atol=1e-6)
    assert [layer.name for layer in generator.spec.layers] == ["7x7", "7x7 b", "14x14", "28x28"]


def test_stages_survive_a_checkpoint(tmp_path) -> None:
    generator = Generator(DCGANConfig(resolution=28, channels=1, z_dim=6, num_classes=2, stages=STAGES)).eval()
    checkpoint.save(tmp_path / "x.safetensors", generator, Card())
    loaded = checkpoint.load(tmp_path / "x.safetensors")
    assert loaded.config == generator.config
    assert torch.equal(loaded(torch.ones(1, 6)), generator(torch.ones(1, 6)))


def test_the_papers_layout_said_in_stages_is_the_same_network() -> None:
    plain = DCGANConfig(resolution=32, base_channels=8, z_dim=6)
    said = DCGANConfig(resolution=32, z_dim=6, stages=plain.layout())
    first, second = Generator(plain).eval(), Generator(said).eval()
    second.load_state_dict(first.state_dict())
    z = torch.randn(2, 6)
    assert torch.equal(first(z), second(z)) and first.spec == second.spec


def test_infogan_takes_stages_in_place_of_its_dense_layers() -> None:
    config = InfoGANConfig(resolution=28, z_dim=6, categorical=(3,), continuous=1, stages=STAGES)
    generator = InfoGenerator(InfoGANConfig(**asdict(config))).eval()
    assert generator.spec.w_dim == 10 and generator(torch.randn(2, 6)).shape == (2, 1, 28, 28)
    (matrix,) = generator.style_matrices([0])
    assert matrix.shape == (7 * 49, 6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"resolution": 32}, "to give 1 channels of 32"),
        ({"channels": 3}, "to give 3 channels"),
        ({"stages": STAGES[:3]}, "without norm"),
        ({"stages": STAGES * 9}, "at most 32"),
        ({"stages": [{"channels": 0}]}, "channels"),
        ({"stages": [{"wings": 2}]}, "wings"),
        ({"output": "relu"}, "output"),
    ],
)
def test_stages_that_cannot_be_are_refused(change: dict, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        DCGANConfig(**{"resolution": 28, "channels": 1, "stages": STAGES, **change})


def test_there_is_no_discriminator_to_stages() -> None:
    with pytest.raises(ValueError, match="discriminator"):
        Discriminator(DCGANConfig(resolution=28, channels=1, stages=STAGES))
