"""Foreign networks of any size come over number by number."""

import sys
from pathlib import Path

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1]))
import properties as make

from ganviz import checkpoint
from ganviz.importers import Asked
from ganviz.importers.conversion import convert
from ganviz.jobs import run

widths = st.lists(st.integers(1, 6), min_size=2, max_size=4).map(tuple)


def plain_dcgan(weights: dict, prefix: str) -> nn.Sequential:
    """The generator of the PyTorch examples, made from its state dict alone."""
    layers: list[nn.Module] = []
    places = sorted({int(name.removeprefix(prefix).split(".")[0]) for name in weights})
    for place in places:
        mine = {n.removeprefix(f"{prefix}{place}."): v for n, v in weights.items() if n.startswith(f"{prefix}{place}.")}
        if "running_mean" in mine:
            layers += [nn.BatchNorm2d(len(mine["weight"])), nn.ReLU()]
            layers[-2].load_state_dict({**mine, "num_batches_tracked": torch.tensor(0)})
        else:
            inside, outside, _, _ = mine["weight"].shape
            first = not layers
            conv = nn.ConvTranspose2d(inside, outside, 4, 1 if first else 2, 0 if first else 1, bias=False)
            conv.load_state_dict({"weight": mine["weight"]})
            layers.append(conv)
    return nn.Sequential(*layers, nn.Tanh()).eval()


def test_a_dcgan_of_any_size_draws_as_it_did_at_home(tmp_path: Path, layouts) -> None:
    @make.steady
    @given(widths, st.integers(2, 12), st.sampled_from((1, 3)))
    def holds(widths: tuple[int, ...], z_dim: int, channels: int) -> None:
        weights = layouts.filled(layouts.dcgan("main.", widths, z_dim, channels))
        layouts.write_state_dict(weights, tmp_path / "any.pth")
        out = tmp_path / "any.safetensors"
        report = run(convert(tmp_path / "any.pth", out, Asked()))
        generator = checkpoint.load(report.path)
        spec = generator.spec
        assert (spec.z_dim, spec.channels, spec.resolution) == (z_dim, channels, 4 * 2 ** len(widths))
        z = torch.randn(2, z_dim, generator=torch.Generator().manual_seed(1))
        tensors = {name: torch.as_tensor(value) for name, value in weights.items()}
        with torch.no_grad():
            expected = plain_dcgan(tensors, "main.")(z[:, :, None, None])
            assert torch.allclose(generator.synthesis(generator.mapping(z)), expected, atol=1e-5)
        first = out.read_bytes()
        run(convert(tmp_path / "any.pth", out, Asked()))
        assert out.read_bytes() == first
        out.unlink()

    holds()
