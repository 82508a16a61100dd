"""Growing, for both families that do it."""

from pathlib import Path
from typing import Any

import pytest
import torch

from ganviz import checkpoint
from ganviz.models import MODELS, resolve
from ganviz.models.growing import faded, grown
from ganviz.models.layers import average_down, nearest_up
from ganviz.spec import Card

SMALL = {"final_resolution": 32, "z_dim": 6, "base_channels": 2, "max_channels": 8}


@pytest.fixture(params=["progan", "stylegan"])
def arch(request: pytest.FixtureRequest) -> str:
    torch.manual_seed(0)
    return request.param


def nets(arch: str, resolution: int, **changes: Any) -> tuple[Any, Any]:
    entry = MODELS[arch]
    styles = {"w_dim": 5, "mapping_layers": 2} if arch == "stylegan" else {}
    config = resolve(entry.config)(resolution=resolution, **{**SMALL, **styles, **changes})
    return resolve(entry.generator)(config), resolve(entry.discriminator)(config)


@pytest.mark.parametrize("resolution", [4, 8, 16])
def test_nothing_jumps_when_a_new_resolution_enters(arch: str, resolution: int) -> None:
    generator, discriminator = (net.eval() for net in nets(arch, resolution))
    z = torch.randn(4, 6)
    before = generator(z)
    larger, critic = grown(generator, 2 * resolution), grown(discriminator, 2 * resolution)
    assert larger.spec.resolution == 2 * resolution and not larger.training
    after = larger(z)
    assert (after - nearest_up(before)).abs().max() < 1e-5
    assert torch.allclose(critic(after), discriminator(before), atol=1e-5)


def test_alpha_moves_from_the_old_picture_to_the_new(arch: str) -> None:
    generator = grown(nets(arch, 8)[0].eval(), 16)
    z = torch.randn(2, 6)
    pictures = []
    generator.train()  # so that nothing is cut off
    for alpha in (0.0, 0.25, 1.0):
        generator.alpha.fill_(alpha)
        pictures.append(generator.synthesis(generator.mapping(z), "none"))
    old, between, new = pictures
    assert not torch.allclose(old, new)
    assert torch.allclose(between, 0.75 * old + 0.25 * new, atol=1e-5)


def test_a_snapshot_in_mid_fade_draws_as_trained(arch: str, tmp_path: Path) -> None:
    generator = grown(nets(arch, 8)[0].eval(), 16)
    generator.alpha.fill_(0.375)
    checkpoint.save(tmp_path / "x.safetensors", generator, Card())
    loaded = checkpoint.load(tmp_path / "x.safetensors")
    z = torch.randn(2, 6)
    assert loaded.alpha == 0.375 and torch.equal(loaded(z), generator(z))


def test_widths_are_laid_out_for_the_final_resolution(arch: str) -> None:
    widths = [layer.channels for layer in nets(arch, 16)[0].spec.layers]
    assert widths == [8, 8, 8, 8, 4, 4]


def test_reals_fade_as_the_picture_does() -> None:
    image = torch.randn(2, 3, 8, 8)
    assert torch.equal(faded(image, 1.0), image)
    assert torch.equal(faded(image, 0.0), nearest_up(average_down(image)))


def test_a_net_grows_by_one_resolution_and_only_when_laid_out_for_it(arch: str) -> None:
    with pytest.raises(ValueError, match="resolution: expected 16"):
        grown(nets(arch, 8)[0], 32)
    with pytest.raises(ValueError, match="resolution: expected 16"):
        grown(nets(arch, 8, final_resolution=0)[0], 16)


@pytest.mark.parametrize("resolution", [4, 8, 32])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("classes", [0, 3])
def test_growing_nets_come_in_every_size(arch: str, resolution: int, channels: int, classes: int) -> None:
    generator, discriminator = nets(arch, resolution, channels=channels, num_classes=classes, final_resolution=0)
    label = torch.eye(3)[[0, 2]] if classes else None
    image = generator(torch.randn(2, 6), label)
    assert image.shape == (2, channels, resolution, resolution)
    assert discriminator(image, label).shape == (2,)


@pytest.mark.parametrize(
    "change",
    [
        {"resolution": 48},
        {"resolution": 32, "final_resolution": 16},
        {"final_resolution": 33},
        {"channels": 2},
        {"z_dim": 0},
        {"max_channels": 0},
        {"num_classes": -1},
    ],
)
def test_a_growing_net_that_cannot_be_is_refused(arch: str, change: dict) -> None:
    with pytest.raises(ValueError, match=list(change)[-1]):
        resolve(MODELS[arch].config)(**change)


def test_a_label_changes_the_judgement_and_must_be_there(arch: str) -> None:
    net = nets(arch, 8, num_classes=3)[1]
    image = torch.randn(2, 3, 8, 8)
    assert not torch.equal(net(image, torch.eye(3)[[0, 0]]), net(image, torch.eye(3)[[1, 1]]))
    with pytest.raises(ValueError, match="label"):
        net(image)
