"""DCGANs of all homes: any number of stages, names, activations and wrappings, strides read off the kernels."""

from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ganviz import checkpoint
from ganviz.errors import GanvizError
from ganviz.importers import Asked
from ganviz.importers.conversion import convert
from ganviz.jobs import run


@pytest.fixture(autouse=True)
def same_weights_each_time() -> None:
    torch.manual_seed(0)


def deconv(before: int, width: int, kernel: int = 4, stride: int = 2, padding: int = 1, extra: int = 0, bias=False):
    return nn.ConvTranspose2d(before, width, kernel, stride, padding, extra, bias=bias)


def trained(net: nn.Module) -> nn.Module:
    """Weights and statistics as of some training."""
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if name.endswith("running_var"):
                value.uniform_(0.5, 2)
            elif value.is_floating_point():
                value.add_(0.1 * torch.randn_like(value))
    return net.eval()


def loaded(path: Path, **asked):
    report = run(convert(path, path.with_name("out.safetensors"), Asked(**asked)))
    return checkpoint.load(report.path)


def agrees(net: nn.Module, generator, inputs: int, classes: int = 0) -> None:
    z = torch.randn(3, inputs - classes)
    label = torch.eye(classes)[[0, 1, 1]] if classes else None
    whole = z if label is None else torch.cat([z, label], dim=1)
    with torch.no_grad():
        assert torch.allclose(generator(z, label), net(whole[:, :, None, None]), atol=1e-5)


def small_nets() -> dict[str, tuple[nn.Module, dict]]:
    """Nets that people make of the example, by what is different about them, and what has to be said of them."""
    relu, norm = nn.ReLU, nn.BatchNorm2d
    first = (deconv(7, 8, 4, 1, 0), norm(8), relu())
    return {
        "8 px": (nn.Sequential(*first, deconv(8, 3), nn.Tanh()), {}),
        "256 px": (
            nn.Sequential(
                *first,
                *(layer for _ in range(5) for layer in (deconv(8, 8), norm(8), relu())),
                *(deconv(8, 1), nn.Tanh()),
            ),
            {},
        ),
        "no norm": (nn.Sequential(deconv(7, 8, 4, 1, 0), relu(), deconv(8, 6), relu(), deconv(6, 3), nn.Tanh()), {}),
        "biases and no norm": (
            nn.Sequential(deconv(7, 8, 4, 1, 0, bias=True), relu(), deconv(8, 3, bias=True), nn.Tanh()),
            {},
        ),
        "blocks": (
            nn.Sequential(
                OrderedDict(
                    start=nn.Sequential(*first),
                    body=nn.Sequential(nn.Sequential(deconv(8, 5), norm(5), relu())),
                    end=nn.Sequential(deconv(5, 3), nn.Tanh()),
                )
            ),
            {},
        ),
        "32 px by a last kernel of 1": (
            nn.Sequential(
                *first, deconv(8, 8), norm(8), relu(), deconv(8, 8), norm(8), relu(), deconv(8, 3, 1, 1, 0), nn.Tanh()
            ),
            {},
        ),
        "28 px from 7": (
            nn.Sequential(
                deconv(7, 8, 7, 1, 0), norm(8), relu(), deconv(8, 5), norm(5), relu(), deconv(5, 1), nn.Tanh()
            ),
            {},
        ),
        "28 px by a kernel of 3": (
            nn.Sequential(
                *first, deconv(8, 8, 3, 2, 1), norm(8), relu(), deconv(8, 5), norm(5), relu(), deconv(5, 1), nn.Tanh()
            ),
            {"resolution": 28},
        ),
        "kernels of 5 that double": (
            nn.Sequential(*first, deconv(8, 5, 5, 2, 2, 1), norm(5), relu(), deconv(5, 3, 5, 2, 2, 1), nn.Tanh()),
            {},
        ),
        "norm without weights": (
            nn.Sequential(deconv(7, 8, 4, 1, 0), norm(8, affine=False), relu(), deconv(8, 3), nn.Tanh()),
            {},
        ),
    }


@pytest.mark.parametrize("name", list(small_nets()))
def test_what_people_make_of_the_example_draws_the_same(tmp_path: Path, name: str) -> None:
    net, asked = small_nets()[name]
    torch.save(trained(net).state_dict(), tmp_path / "netG.pth")
    agrees(net, loaded(tmp_path / "netG.pth", **asked), 7)


@pytest.mark.parametrize("key", ["netG", "generator", "G_state_dict", "state_dict"])
def test_a_generator_is_found_among_other_things(tmp_path: Path, key: str) -> None:
    net = trained(small_nets()["8 px"][0])
    judge = nn.Sequential(nn.Conv2d(3, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(8, 1, 4, 1, 0))
    others = {"netD": judge.state_dict(), "epoch": 3, "optimizer": {"state": {}, "param_groups": []}}
    torch.save({**others, key: net.state_dict()}, tmp_path / "a.pth")
    agrees(net, loaded(tmp_path / "a.pth"), 7)


def test_the_averaged_generator_is_taken_before_the_plain_one(tmp_path: Path) -> None:
    plain, averaged = (trained(small_nets()["8 px"][0]) for _ in range(2))
    torch.save({"generator": plain.state_dict(), "generator_ema": averaged.state_dict()}, tmp_path / "a.pth")
    agrees(averaged, loaded(tmp_path / "a.pth"), 7)


def test_safetensors_whose_names_are_sorted_as_texts(tmp_path: Path) -> None:
    net = trained(small_nets()["256 px"][0])
    save_file(net.state_dict(), tmp_path / "a.safetensors")
    path = tmp_path / "a.safetensors"
    report = run(convert(path, tmp_path / "out.safetensors"))
    agrees(net, checkpoint.load(report.path), 7)


def test_a_class_stands_behind_the_noise(tmp_path: Path) -> None:
    net = trained(small_nets()["8 px"][0])
    torch.save(net.state_dict(), tmp_path / "a.pth")
    generator = loaded(tmp_path / "a.pth", classes=2)
    assert generator.spec.num_classes == 2 and generator.spec.z_dim == 5
    agrees(net, generator, 7, classes=2)


def test_files_from_before_batches_were_counted(tmp_path: Path) -> None:
    net = trained(small_nets()["8 px"][0])
    kept = {name: value for name, value in net.state_dict().items() if "num_batches" not in name}
    torch.save(kept, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    agrees(net, loaded(tmp_path / "a.pth"), 7)


def test_statistics_of_a_batch_are_those_of_training_mode(tmp_path: Path) -> None:
    from ganviz import latent

    net = trained(small_nets()["blocks"][0])
    torch.save(net.state_dict(), tmp_path / "a.pth")
    generator = loaded(tmp_path / "a.pth", statistics="batch")
    z = latent.seeds(range(256), 7)
    with torch.no_grad():
        expected = net.train()(z[:, :, None, None])[:4]
    assert torch.allclose(generator(z[:4]), expected, atol=1e-4)


def test_a_discriminator_is_called_one(tmp_path: Path) -> None:
    net = nn.Sequential(deconv(1, 1), nn.Conv2d(3, 8, 4, 2, 1), nn.Conv2d(8, 16, 4, 2, 1), nn.Conv2d(16, 1, 4, 1, 0))[
        1:
    ]
    torch.save(net.state_dict(), tmp_path / "netD.pth")
    with pytest.raises(GanvizError, match="a discriminator, which draws nothing"):
        run(convert(tmp_path / "netD.pth", tmp_path / "out.safetensors"))


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (nn.Sequential(deconv(7, 8, 4, 1, 0), nn.PReLU(), deconv(8, 3)), r"no rule takes 1\.weight"),
        (nn.Sequential(deconv(7, 8, 4, 1, 0), deconv(8, 3), nn.BatchNorm2d(3)), "behind the last convolution"),
        (nn.Sequential(deconv(7, 8, (4, 3), 1, 0), nn.BatchNorm2d(8), deconv(8, 3)), "square kernel"),
    ],
    ids=["prelu", "last norm", "oblong"],
)
def test_what_is_not_drawn_here_is_named(tmp_path: Path, net: nn.Module, words: str) -> None:
    torch.save(net.state_dict(), tmp_path / "a.pth")
    with pytest.raises(GanvizError, match=words):
        run(convert(tmp_path / "a.pth", tmp_path / "out.safetensors"))
