"""The shared blocks, against plain re-statements of the papers' formulae."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganviz.models.layers import (
    BILINEAR,
    BINOMIAL,
    AdaIN,
    EqualConv2d,
    EqualLinear,
    MinibatchDiscrimination,
    ModulatedConv2d,
    Noise,
    average_down,
    filtered,
    filtered_down,
    filtered_up,
    minibatch_std,
    nearest_up,
    pixel_norm,
    seeded_noise,
)


@pytest.fixture(autouse=True)
def same_weights_each_time() -> None:
    torch.manual_seed(0)


def test_minibatch_deviation_is_zero_for_equal_images_and_groups_with_strides() -> None:
    x = torch.randn(1, 5, 4, 4).expand(8, -1, -1, -1)
    assert minibatch_std(x).max() <= 2e-4
    y = torch.zeros(8, 5, 4, 4)
    y[0] = 1  # image 0 stands in a group with 2, 4 and 6
    deviation = minibatch_std(y)[:, 0, 0, 0]
    assert (deviation[::2] > 0.4).all() and (deviation[1::2] < 1e-3).all()


def test_minibatch_discrimination_sees_who_stands_close() -> None:
    layer = MinibatchDiscrimination(6, kernels=4)
    far = 1000 * torch.randn(5, 6)
    assert layer(far).abs().max() < 1e-3
    far[3] = far[1]  # two of a kind
    closeness = layer(far)
    assert closeness.shape == (5, 4)
    assert torch.allclose(closeness[[1, 3]], torch.ones(2, 4), atol=1e-3) and closeness[[0, 2, 4]].max() < 1e-3
    assert torch.allclose(layer(far[:1]), torch.zeros(1, 4), atol=1e-6), "alone there is nobody to be close to"


def test_equalised_layers_scale_what_is_stored_and_keep_unit_variance() -> None:
    x = torch.randn(4000, 256)
    layer = EqualLinear(256, 64, gain=2.0, bias_gain=3.0, bias_init=0.5, lr_multiplier=0.01)
    assert abs(layer.weight.std().item() - 100) < 2, "stored as much larger as it learns more slowly"
    assert torch.allclose(layer.bias, torch.tensor(50.0))
    expected = x @ layer.weight.T * (2.0 * 0.01 / 16) + layer.bias * (3.0 * 0.01)
    assert torch.allclose(layer(x), expected, atol=1e-4)
    assert abs(EqualLinear(256, 64)(x).std().item() - 1) < 0.05
    conv = EqualConv2d(64, 32, 3, gain=1.0, bias=False)
    y = conv(torch.randn(8, 64, 16, 16))[:, :, 1:-1, 1:-1]
    assert abs(y.std().item() - 1) < 0.05


@pytest.mark.parametrize("kernel", [1, 3, 4])
def test_a_convolutions_fan_in_counts_the_kernel(kernel: int) -> None:
    conv = EqualConv2d(5, 3, kernel, padding=0, bias_gain=2.0)
    nn.init.normal_(conv.bias)
    x = torch.randn(2, 5, 8, 8)
    expected = F.conv2d(x, conv.weight, padding=0) * math.sqrt(2) / math.sqrt(5 * kernel**2)
    assert torch.allclose(conv(x), expected + 2 * conv.bias[:, None, None], atol=1e-5)


def test_pixel_norm_makes_every_feature_vector_unit_rms() -> None:
    for x in (torch.randn(3, 7), torch.randn(3, 7, 2, 2)):
        assert torch.allclose(pixel_norm(x).square().mean(dim=1), torch.ones(1), atol=1e-4)


def spread(x: Tensor) -> Tensor:
    """Zeros between the pixels: (N, C, H, W) to (N, C, 2H, 2W)."""
    wide = x.new_zeros(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3])
    wide[:, :, ::2, ::2] = x
    return wide


def correlated(x: Tensor, taps: tuple[float, ...], padding: tuple[int, int, int, int]) -> Tensor:
    """Each map, padded, correlated with taps x taps summing to 1, one map at a time."""
    kernel = torch.outer(torch.tensor(taps), torch.tensor(taps))
    kernel = (kernel / kernel.sum())[None, None]
    maps = F.pad(x, padding).flatten(0, 1)[:, None]
    return F.conv2d(maps, kernel)[:, 0].unflatten(0, x.shape[:2])


def test_the_filters_are_those_of_the_papers() -> None:
    x = torch.randn(2, 3, 6, 6)
    assert torch.allclose(filtered(x, BINOMIAL, 1), correlated(x, BINOMIAL, (1, 1, 1, 1)), atol=1e-6)
    up = 4 * correlated(spread(x), BILINEAR, (2, 1, 2, 1))
    assert torch.allclose(filtered_up(x), up, atol=1e-6)
    down = correlated(x, BILINEAR, (1, 1, 1, 1))[:, :, ::2, ::2]
    assert torch.allclose(filtered_down(x), down, atol=1e-6)
    assert torch.allclose(filtered_up(torch.ones(1, 1, 6, 6))[:, :, 1:-1, 1:-1], torch.ones(1)), (
        "no ripple on a flat area"
    )
    assert torch.equal(average_down(nearest_up(x)), x)


def modulated_by_the_paper(layer: ModulatedConv2d, x: Tensor, w: Tensor) -> Tensor:
    """Karras et al. 2019, equations 1 and 3, on the weights of each picture for itself."""
    pictures = []
    for k in range(len(x)):
        style = layer.affine(w[k : k + 1])[0]
        weight = layer.weight * layer.scale * style[:, None, None]
        if layer.demodulate:
            weight = weight / (weight.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-8).sqrt()
        if layer.up == "fir":
            y = F.conv_transpose2d(x[k : k + 1], weight.transpose(0, 1), stride=2)
            pictures.append(4 * correlated(y, BILINEAR, (1, 1, 1, 1)))
        elif layer.up == "learned":
            pictures.append(2 * F.conv_transpose2d(x[k : k + 1], weight.transpose(0, 1), stride=2, padding=1))
        else:
            pictures.append(F.conv2d(x[k : k + 1], weight, padding=weight.shape[-1] // 2))
    return torch.cat(pictures)


@pytest.mark.parametrize("up", [None, "fir", "learned"])
@pytest.mark.parametrize("demodulate", [True, False])
def test_modulation_is_that_of_the_paper(up: str | None, demodulate: bool) -> None:
    layer = ModulatedConv2d(5, 4, 3, 6, demodulate=demodulate, up=up)
    x, w = torch.randn(3, 5, 8, 8), torch.randn(3, 6)
    expected = modulated_by_the_paper(layer, x, w)
    assert expected.shape[-1] == (8 if up is None else 16)
    assert torch.allclose(layer(x, w), expected, atol=1e-5)
    assert torch.allclose(layer(x, w, gain=3.0), 3 * expected, atol=3e-5)


@pytest.mark.parametrize("up", [None, "fir", "learned"])
def test_demodulated_maps_have_about_unit_variance_whatever_the_style(up: str | None) -> None:
    layer = ModulatedConv2d(64, 64, 3, 8, up=up)
    y = layer(torch.randn(4, 64, 16, 16), 10 * torch.randn(4, 8))[:, :, 2:-2, 2:-2]
    # The bilinear filter takes some energy from white noise; on the smooth maps of a trained net it does not.
    assert 0.5 < y.std().item() < 1.2


def test_adaptive_instance_normalisation_sets_mean_and_deviation() -> None:
    layer = AdaIN(3, 4)
    x, w = 5 + 2 * torch.randn(2, 3, 32, 32), torch.randn(2, 4)
    scale, shift = layer.affine(w).chunk(2, dim=1)
    y = layer(x, w)
    assert torch.allclose(y.mean(dim=(2, 3)), shift, atol=1e-4)
    assert torch.allclose(y.std(dim=(2, 3), unbiased=False), (scale + 1).abs(), atol=1e-4)


def test_noise_belongs_to_seed_and_layer_not_to_the_batch() -> None:
    layer = Noise(3, 8, channels=5)
    nn.init.ones_(layer.strength)
    x = torch.zeros(4, 5, 8, 8)
    drawn = layer(x, 11)
    assert torch.equal(drawn, drawn[:1, :1].expand_as(drawn))
    assert torch.equal(drawn[:1], layer(x[:1], 11))
    assert (seeded_noise(11, 3, 8) != seeded_noise(11, 4, 8)).all()
    assert not torch.equal(layer(x, 12), drawn)
    assert torch.equal(layer(x, "none"), x)
    assert torch.equal(layer(x, "const", gain=2.0)[0, 0], 2 * layer.const)
    with pytest.raises(ValueError, match="noise: expected"):
        layer(x, "loud")


def test_in_training_every_image_has_noise_of_its_own() -> None:
    layer = Noise(0, 8)
    nn.init.ones_(layer.strength)
    random = torch.Generator().manual_seed(1)
    x = torch.zeros(2, 3, 8, 8)
    first = layer(x, random)
    assert not torch.equal(first[0], first[1]) and torch.equal(first[0, 0], first[0, 1])
    assert torch.equal(layer(x, torch.Generator().manual_seed(1)), first)


def test_noise_keeps_the_type_of_what_it_is_added_to() -> None:
    layer = Noise(0, 8)
    assert layer(torch.zeros(1, 1, 8, 8, dtype=torch.bfloat16), "const").dtype == torch.bfloat16
