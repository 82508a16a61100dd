import pytest
import torch
from torch.nn import functional as F

from ganviz.models.base import State
from ganviz.models.layers import filtered_up
from ganviz.models.stylegan2 import Discriminator, Generator, ResidualBlock, StyleGAN2Config


def small(**changes: object) -> StyleGAN2Config:
    sizes = {"resolution": 16, "z_dim": 6, "w_dim": 5, "mapping_layers": 2, "base_channels": 4, "max_channels": 8}
    return StyleGAN2Config(**{**sizes, **changes})  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def same_weights_each_time() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("resolution", [8, 32])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("top", ["full", "tail", "shuffle"])
@pytest.mark.parametrize("resample", ["fir", "learned"])
@pytest.mark.parametrize("classes", [0, 3])
def test_stylegan2_comes_in_every_shape(resolution: int, channels: int, top: str, resample: str, classes: int) -> None:
    config = small(resolution=resolution, channels=channels, top=top, resample=resample, num_classes=classes)
    label = torch.eye(3)[[0, 2]] if classes else None
    generator = Generator(config)
    image = generator(torch.randn(2, 6), label)
    assert image.shape == (2, channels, resolution, resolution)
    assert Discriminator(config)(image, label).shape == (2,)
    read = {style for layer in generator.spec.layers for style in layer.ws}
    assert read == set(range(generator.spec.num_ws))


def test_the_papers_layout_has_its_parameters() -> None:
    config = StyleGAN2Config(resolution=1024, base_channels=32)
    with torch.device("meta"):
        generator, discriminator = Generator(config), Discriminator(config)
    # Config F at 1024 px: 512 maps up to 64 px, then half at each doubling.
    assert sum(p.numel() for p in generator.parameters()) == 30_370_060
    assert sum(p.numel() for p in discriminator.parameters()) == 29_012_513
    assert generator.spec.layers[-1].channels == 32 and generator.spec.layers[8].channels == 512


def test_the_image_is_the_sum_of_what_all_resolutions_add() -> None:
    generator = Generator(small()).eval()
    w = generator.mapping(torch.randn(1, 6))
    state = generator.start(w)
    image = None
    for k in range(len(generator.spec.layers)):
        state = generator.step(k, state, w, "none")
        if k % 2 == 0:
            part = generator.heads[k // 2](state.x, w[:, k + 1])
            image = part if image is None else filtered_up(image) + part
            assert torch.allclose(generator.image(state), image.clamp(-1, 1)), "every resolution can be looked at"


def test_the_picture_is_cut_off_when_drawn_but_not_when_trained() -> None:
    generator = Generator(small())
    with torch.no_grad():
        generator.heads[-1].bias.fill_(3.0)
    z = torch.randn(2, 6)
    assert generator.eval()(z).max() == 1
    assert generator.train()(z).max() > 1


def test_the_residual_block_is_that_of_the_paper() -> None:
    block = ResidualBlock(5, 4, "fir")
    x = torch.randn(2, 5, 8, 8)
    line = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    kernel = torch.outer(line, line)[None, None]

    def blurred(y, padding):
        return F.conv2d(F.pad(y, (padding,) * 4).flatten(0, 1)[:, None], kernel)[:, 0].unflatten(0, y.shape[:2])

    def weight(conv):
        return conv.weight / (conv.weight[0].numel() ** 0.5)

    for conv in (block.first, block.second):
        torch.nn.init.normal_(conv.bias)
    y = F.leaky_relu(F.conv2d(x, weight(block.first), block.first.bias, padding=1), 0.2) * 2**0.5
    y = F.conv2d(blurred(y, 2), weight(block.second), block.second.bias, stride=2)
    y = F.leaky_relu(y, 0.2) * 2**0.5
    skip = F.conv2d(blurred(x, 1)[:, :, ::2, ::2], weight(block.skip))
    assert torch.allclose(block(x), (y + skip) * 0.5**0.5, atol=1e-5)


def test_a_tail_is_narrow_at_the_top_and_as_wide_as_ever_below() -> None:
    full, tail = (Generator(small(top=top, tail_channels=3)).spec for top in ("full", "tail"))
    assert [layer.channels for layer in tail.layers] == [8, 8, 8, 3, 3]
    assert [layer.channels for layer in full.layers] == [8, 8, 8, 4, 4]
    assert full.num_ws == tail.num_ws


@pytest.mark.parametrize(("top", "first"), [("tail", 3), ("shuffle", 2)])
def test_only_a_shuffled_top_makes_a_mesh_of_a_flat_area(top: str, first: int) -> None:
    generator = Generator(small(top=top, resample="learned")).eval()
    w = 0.1 * generator.mapping(torch.randn(1, 6))
    flat = torch.randn(1, 8, 1, 1).expand(-1, -1, 8, 8)
    state = State(flat, torch.zeros(1, 3, 8, 8))
    for k in range(first, len(generator.spec.layers)):
        state = generator.step(k, state, w, "none")
    middle = generator.image(state)[:, :, 6:10, 6:10]  # further from the border than the last layers look
    ripple = (middle - middle.mean(dim=(2, 3), keepdim=True)).abs().max().item()
    assert (ripple > 1e-2) if top == "shuffle" else (ripple < 1e-5)


def test_layers_without_noise_say_so() -> None:
    generator = Generator(small(noise=False)).eval()
    assert not any(layer.noise for layer in generator.spec.layers)
    w = generator.mapping(torch.randn(1, 6))
    assert torch.equal(generator.synthesis(w, "const"), generator.synthesis(w, 3))
    assert not [name for name in generator.state_dict() if "noise" in name]


def test_activations_are_clamped_where_asked() -> None:
    generator = Generator(small(clamp=0.5)).eval()
    w = generator.mapping(torch.randn(1, 6))
    state = generator.step(0, generator.start(w), w)
    assert state.x.abs().max() == 0.5


def test_widths_may_be_said_one_by_one() -> None:
    generator = Generator(small(widths=[5, 4, 7]))
    assert [layer.channels for layer in generator.spec.layers] == [5, 4, 4, 7, 7]
    assert generator(torch.randn(1, 6)).shape == (1, 3, 16, 16)
    with pytest.raises(ValueError, match="widths"):
        small(widths=[5, 4])


@pytest.mark.parametrize(
    "change", [{"resolution": 4}, {"top": "flat"}, {"resample": "cubic"}, {"tail_channels": 0}, {"clamp": -1.0}]
)
def test_a_stylegan2_that_cannot_be_is_refused(change: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        StyleGAN2Config(**change)
