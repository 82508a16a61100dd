import math

import pytest
import torch
from torch.nn import functional as F

from ganviz.models import mobilestylegan
from ganviz.models.base import ScaledNoise
from ganviz.models.mobilestylegan import Generator, MobileStyleGANConfig, StyledLayer, inverse_haar


def small(**changes: object) -> MobileStyleGANConfig:
    sizes = {"widths": (8, 12, 6), "z_dim": 6, "w_dim": 5, "mapping_layers": 2}
    return MobileStyleGANConfig(**{**sizes, **changes})  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def same_weights_each_time() -> None:
    torch.manual_seed(0)


def shaken(net: torch.nn.Module) -> torch.nn.Module:
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return net


def enlarged_by_filters(x: torch.Tensor) -> torch.Tensor:
    """The inverse transform as four filters: (N, 4 C, H, W) to (N, C, 2 H, 2 W)."""
    low, high = torch.tensor([1.0, 1.0]) / math.sqrt(2), torch.tensor([1.0, -1.0]) / math.sqrt(2)
    filters = [torch.outer(down, across) for down, across in ((low, low), (high, low), (low, high), (high, high))]
    count = x.shape[1] // 4
    return sum(
        F.conv_transpose2d(band, taps.expand(count, 1, 2, 2), stride=2, groups=count)
        for band, taps in zip(x.chunk(4, dim=1), filters, strict=True)
    )


def layer_by_the_book(layer: StyledLayer, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    """What a layer means, one operation after the other over whole batches."""
    if layer.up is not None:
        x = enlarged_by_filters(x * layer.up(w)[:, :, None, None])
    x = x * layer.affine(w)[:, :, None, None]
    x = F.conv2d(x, layer.depthwise, padding=1, groups=x.shape[1])
    x = F.conv2d(x, layer.pointwise[:, :, None, None])
    x = x + layer.noise.strength * layer.noise.const + layer.bias[:, None, None]
    return F.leaky_relu(x, 0.2)


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("size", [8, 20])
def test_a_layer_drawn_in_strips_is_the_layer_by_the_book(up: bool, size: int, monkeypatch) -> None:
    layer = shaken(StyledLayer(3, inputs=3, outputs=5, resolution=size, w_dim=4, up=up))
    x = torch.randn(2, 12, size // 2, size // 2) if up else torch.randn(2, 3, size, size)
    w = torch.randn(2, 4)
    with torch.no_grad():
        expected = layer_by_the_book(layer, x, w)
        for strip in (1, 4 * 5 * size * 6, 1 << 30):  # two rows, six rows, all at once
            monkeypatch.setattr(mobilestylegan, "STRIP", strip)
            assert torch.allclose(layer(x, w, "const"), expected, atol=1e-5), strip
    assert torch.allclose(layer(x, w, "const"), expected, atol=1e-5), "as drawn for a gradient"


def test_gradients_reach_the_styles_and_the_activations() -> None:
    layer = shaken(StyledLayer(3, inputs=3, outputs=5, resolution=8, w_dim=4, up=True)).requires_grad_(False)
    x, w, weights = torch.randn(2, 12, 4, 4), torch.randn(2, 4), torch.randn(2, 5, 8, 8)
    found = []
    for draw in (lambda x, w: layer(x, w, "const"), lambda x, w: layer_by_the_book(layer, x, w)):
        inputs = (x.clone().requires_grad_(), w.clone().requires_grad_())
        found.append(torch.autograd.grad((draw(*inputs) * weights).sum(), inputs))
    for ours, expected in zip(*found, strict=True):
        assert torch.allclose(ours, expected, atol=1e-4)


@pytest.mark.parametrize("gradient", [True, False])
def test_the_inverse_haar_transform_is_half_the_orthonormal_one(gradient: bool) -> None:
    x = torch.randn(2, 4, 6, 12, requires_grad=gradient)
    image = inverse_haar(x)
    assert image.shape == (2, 8, 12, 3)
    assert torch.allclose(image.permute(0, 3, 1, 2) / 2, enlarged_by_filters(x.permute(0, 3, 1, 2)), atol=1e-6)
    assert torch.allclose(image.square().sum() / 4, x.square().sum())


def test_the_picture_before_the_last_is_the_picture_at_half_its_size() -> None:
    generator = shaken(Generator(small())).train()  # nothing is cut off while training
    w = generator.mapping(torch.randn(2, 6))
    state = generator.start(w)
    drawn = []
    for k, layer in enumerate(generator.spec.layers):
        state = generator.step(k, state, w)
        if layer.rgb:
            drawn.append(generator.image(state))
    half, whole = drawn
    assert half.shape == (2, 3, 16, 16) and whole.shape == (2, 3, 32, 32)
    assert torch.allclose(half, F.avg_pool2d(whole, 2), atol=1e-5)
    assert generator.eval()(torch.randn(4, 6)).abs().max() == 1, "what is shown is cut off"


def test_noise_may_be_stronger_or_weaker() -> None:
    generator = shaken(Generator(small())).eval()
    w = generator.mapping(torch.randn(1, 6))
    assert torch.equal(generator.synthesis(w, ScaledNoise("const", 0.0)), generator.synthesis(w, "none"))
    assert torch.equal(generator.synthesis(w, ScaledNoise(4, 1.0)), generator.synthesis(w, 4))


def test_the_papers_layout_has_its_parameters() -> None:
    with torch.device("meta"):
        generator = Generator(MobileStyleGANConfig())
    assert [layer.channels for layer in generator.spec.layers][::4] == [512, 512, 512, 128]
    assert generator.spec.resolution == 1024 and generator.spec.num_ws == 16
    synthesis = sum(
        p.numel() for name, p in generator.named_parameters() if not name.startswith("mapping") and "noise" not in name
    )
    assert round(synthesis / 1e6, 1) == 7.3  # the paper counts 8.01 million with 0.7 million of constant noise


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"widths": (8, 10, 6)}, "widths"),
        ({"widths": ()}, "widths"),
        ({"widths": 512}, "widths"),
        ({"widths": (8, 0)}, "widths"),
        ({"channels": 2}, "channels"),
        ({"num_classes": 3}, "num_classes"),
        ({"w_dim": 0}, "w_dim"),
    ],
)
def test_a_net_that_cannot_be_is_refused(change: dict, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        small(**change)
