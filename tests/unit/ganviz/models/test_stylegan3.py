import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ganviz.models.stylegan3 import Generator, StyleGAN3Config, bands, enlarged, low_pass, reduced

DATA = Path(__file__).parents[3] / "data" / "importers"


def small(**changes: object) -> StyleGAN3Config:
    sizes = {"resolution": 16, "z_dim": 6, "w_dim": 5, "num_layers": 4, "margin": 4, "channel_base": 64}
    return StyleGAN3Config(**{**sizes, "channel_max": 8, **changes})  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def same_weights_each_time() -> None:
    torch.manual_seed(0)


def test_the_papers_layout_has_its_layers() -> None:
    with torch.device("meta"):
        t = Generator(StyleGAN3Config(resolution=1024))
        r = Generator(StyleGAN3Config(resolution=1024, kernel=1, radial=True, channel_base=65536, channel_max=1024))
    sizes = [(layer.resolution, layer.channels) for layer in t.spec.layers]
    assert sizes[:3] == [(36, 512), (36, 512), (52, 512)] and sizes[-3:] == [(1044, 32), (1024, 32), (1024, 3)]
    assert t.spec.num_ws == 16
    assert r.spec.layers[0].channels == 1024 and r.layers[0].weight.shape == (1024, 1024, 1, 1)


@pytest.mark.parametrize("form", ["t", "r"])
def test_filters_are_designed_as_the_authors_design_them(form: str) -> None:
    with np.load(DATA / f"nvidia-stylegan3-{form}.npz", allow_pickle=False) as file:
        expected = {name: file[name] for name in file.files if "filter" in name}
    config = small() if form == "t" else small(resolution=32, kernel=1, radial=True, channel_base=128)
    layers = Generator(config).layers
    assert len(expected) == 4
    for name, taps in expected.items():
        found = getattr(layers[int(name[1])], name.partition(".")[2])
        assert found.shape == taps.shape and np.allclose(found, taps, atol=1e-6), name


def test_a_filter_passes_what_lies_below_its_cutoff_and_stops_what_lies_above() -> None:
    taps = low_pass(48, 4.0, 4.0, 64.0, False)
    place = np.arange(48) / 64
    response = [abs((taps * np.exp(-2j * np.pi * f * place)).sum()) for f in (0.0, 2.0, 4.0, 6.0, 10.0)]
    assert response[0] == pytest.approx(1) and response[1] > 0.95 and 0.3 < response[2] < 0.7
    assert response[3] < 0.05 and response[4] < 0.02


@pytest.mark.parametrize(
    ("factor", "taps", "padding"), [(2, 12, (9, 8)), (4, 24, (10, 7)), (2, 4, (-3, 5)), (1, 6, (2, 2))]
)
def test_enlarging_is_zeros_between_the_pixels_then_the_filter(
    factor: int, taps: int, padding: tuple[int, int]
) -> None:
    x = torch.randn(2, 3, 7, 5)
    line = torch.rand(taps)
    line = line + line.flip(0)
    spread = torch.zeros(2, 3, 7, factor, 5, factor)
    spread[:, :, :, 0, :, 0] = x
    spread = F.pad(spread.reshape(2, 3, 7 * factor, 5 * factor), (*padding, *padding))
    kernel = torch.outer(line, line)[None, None].expand(3, 1, -1, -1) * factor**2
    assert torch.allclose(enlarged(x, line, factor, padding), F.conv2d(spread, kernel, groups=3), atol=1e-4)


def test_reducing_by_a_line_is_reducing_by_its_square() -> None:
    x, line = torch.randn(2, 3, 20, 18), torch.rand(6)
    line = line + line.flip(0)
    assert torch.allclose(reduced(x, line, 2), reduced(x, torch.outer(line, line), 2), atol=1e-4)
    assert reduced(x, line, 2).shape == (2, 3, 8, 7)


def test_what_the_input_shifts_the_picture_shifts_with() -> None:
    generator = Generator(small(resolution=32, num_critical=1)).eval()
    w = generator.mapping(torch.randn(1, 6))
    with torch.no_grad():
        generator.input.affine.bias[2] += 2 / 32  # two pixels
        moved = generator.synthesis(w)
        generator.input.affine.bias[2] -= 2 / 32
        still = generator.synthesis(w)
    inner = slice(8, -8)
    shifts = [(moved[:, :, inner, inner] - still.roll(k, 3)[:, :, inner, inner]).square().mean() for k in (-2, 0, 2)]
    assert min(shifts[0], shifts[2]) < 0.1 * shifts[1]


def test_the_middle_of_the_band_is_where_the_configuration_says() -> None:
    found = bands(StyleGAN3Config(resolution=256))
    assert found[0].cutoff == 2 and found[-1].cutoff == 128 and found[-3].cutoff == pytest.approx(128)
    assert all(after.cutoff >= before.cutoff for before, after in pairwise(found))
    assert all(math.log2(band.rate).is_integer() for band in found)


@pytest.mark.parametrize(
    "change",
    [{"resolution": 24}, {"num_critical": 4}, {"kernel": 5}, {"widths": (3,)}, {"first_cutoff": 0}, {"clamp": -1.0}],
)
def test_a_stylegan3_that_cannot_be_is_refused(change: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        small(**change)
