import pytest
import torch

from ganviz import latent
from ganviz.models.layers import pixel_norm
from ganviz.models.stylegan import Generator, StyleGANConfig
from ganviz.models.stylegan2 import Generator as Generator2
from ganviz.models.stylegan2 import StyleGAN2Config

SIZES = {"resolution": 16, "z_dim": 6, "w_dim": 5, "mapping_layers": 3, "base_channels": 4, "max_channels": 8}


@pytest.fixture(params=[1, 2], ids=["stylegan", "stylegan2"])
def generator(request: pytest.FixtureRequest):
    """What both generations of the family promise."""
    torch.manual_seed(0)
    if request.param == 1:
        return Generator(StyleGANConfig(**SIZES))  # type: ignore[arg-type]
    return Generator2(StyleGAN2Config(**SIZES))  # type: ignore[arg-type]


@pytest.mark.parametrize("resolution", [8, 64, 1024])
def test_there_are_two_styles_an_octave(resolution: int) -> None:
    with torch.device("meta"):
        for net in (
            Generator(StyleGANConfig(resolution=resolution)),
            Generator2(StyleGAN2Config(resolution=resolution)),
        ):
            assert net.spec.num_ws == 2 * resolution.bit_length() - 4  # 2 log2(resolution) - 2
            read = {style for layer in net.spec.layers for style in layer.ws}
            assert read == set(range(net.spec.num_ws))


def test_the_paper_has_26_million_parameters() -> None:
    with torch.device("meta"):
        generator = Generator(StyleGANConfig(resolution=1024, base_channels=16))
    assert 26.1e6 < sum(parameter.numel() for parameter in generator.parameters()) < 26.3e6  # 26.2 million, section 2


def test_mapping_layers_store_a_hundred_times_what_they_use(generator) -> None:
    network = generator.mapping_network
    assert len(network.layers) == 3
    assert 70 < network.layers[1].weight.std().item() < 130
    z = torch.randn(2, 6)
    assert torch.allclose(network(z), network(5 * z), atol=1e-4), "the noise is normalised first"
    x = pixel_norm(z)
    gain = 1.0 if isinstance(generator, Generator) else 2**0.5
    for layer in network.layers:
        torch.nn.init.normal_(layer.bias)
    for layer in network.layers:
        weight = layer.weight * (0.01 / layer.weight.shape[1] ** 0.5)
        x = x @ weight.T * 2**0.5 + layer.bias * 0.01 * gain
        x = torch.where(x > 0, x, 0.2 * x)
    assert torch.allclose(network(z), x, atol=1e-5)


def test_w_is_the_same_for_every_style(generator) -> None:
    w = generator.mapping(torch.randn(2, 6))
    assert w.shape == (2, 6, 5) and torch.equal(w[:, 0], w[:, 5])


def test_the_running_mean_follows_w_in_training_alone(generator) -> None:
    z = torch.randn(64, 6)
    mean = generator.mapping(z)[:, 0].mean(dim=0)
    random = torch.Generator().manual_seed(0)
    generator.eval().draw(z, None, random)
    assert not generator.w_avg.any()
    generator.train().draw(z, None, random, w_decay=0.75)
    assert torch.allclose(generator.w_avg, 0.25 * mean, atol=1e-6)
    generator.draw(z, None, random, w_decay=0.75)
    assert torch.allclose(generator.w_avg, 0.4375 * mean, atol=1e-6)


def test_truncation_pulls_towards_the_running_mean(generator) -> None:
    generator.eval().w_avg.uniform_(-1, 1)
    w = generator.mapping(torch.randn(3, 6))
    assert torch.allclose(latent.truncate(w, generator, 0.0), generator.w_avg.expand_as(w), atol=1e-6)
    part = latent.truncate(w, generator, 0.5, cutoff=2)
    assert torch.allclose(part[:, :2], (w[:, :2] + generator.w_avg) / 2, atol=1e-6)
    assert torch.equal(part[:, 2:], w[:, 2:])
    mean, deviation = latent.w_statistics(generator)
    assert torch.equal(mean[0], generator.w_avg) and (deviation > 0).all()


def test_mixing_takes_the_later_styles_from_another_noise(generator) -> None:
    z = torch.randn(32, 6)
    own = generator.mapping(z)
    image, ws = generator.draw(z, None, torch.Generator().manual_seed(3), mixing=1.0)
    assert image.shape == (32, 3, 16, 16) and ws.shape == own.shape
    same = (ws == own).all(dim=2)
    assert same[:, 0].all() and not same[:, -1].any(), "from layer 1 to the last on, never none"
    assert (same[:, 1:].int() <= same[:, :-1].int()).all(), "one crossover"
    assert 1 < same.sum(dim=1).unique().numel()
    _, plain = generator.draw(z, None, torch.Generator().manual_seed(3), mixing=0.0)
    assert torch.equal(plain, own)


def test_drawing_for_training_repeats_with_its_generator(generator) -> None:
    with torch.no_grad():
        for name, parameter in generator.named_parameters():
            if name.endswith("strength"):
                parameter.fill_(1)
    z = torch.randn(2, 6)
    images = [generator.draw(z, None, torch.Generator().manual_seed(seed))[0] for seed in (5, 5, 6)]
    assert torch.equal(images[0], images[1]) and not torch.equal(images[0], images[2])


def test_gradients_reach_every_weight(generator) -> None:
    image, _ = generator.draw(torch.randn(4, 6), None, torch.Generator().manual_seed(0))
    image.square().sum().backward()
    idle = [name for name, parameter in generator.named_parameters() if parameter.grad is None]
    assert idle == []


@pytest.mark.parametrize("change", [{"mapping_layers": 0}, {"mapping_lr": 0.0}, {"w_dim": 0}, {"mapping_lr": "fast"}])
def test_a_mapping_that_cannot_be_is_refused(change: dict) -> None:
    for kind in (StyleGANConfig, StyleGAN2Config):
        with pytest.raises(ValueError, match=next(iter(change))):
            kind(**change)


def test_a_bias_before_the_blur_shows_along_the_border_alone() -> None:
    torch.manual_seed(0)
    sizes = {"resolution": 8, "z_dim": 6, "w_dim": 5, "mapping_layers": 1, "widths": [4, 4], "eps": 1e-5}
    late, early = (Generator(StyleGANConfig(**sizes, blurred_bias=early)).eval() for early in (False, True))
    with torch.no_grad():
        late.layers[2].bias.fill_(1.0)
    early.load_state_dict(late.state_dict())
    x = torch.zeros(1, 4, 4, 4)
    w = late.mapping(torch.randn(1, 6))[:, 2]
    for net in (late, early):  # nothing but an identity behind the bias
        net.layers[2].style.forward = lambda x, w: x
    flat, edged = late.layers[2](x, w, "none"), early.layers[2](x, w, "none")
    assert torch.equal(flat[:, :, 1:-1, 1:-1], edged[:, :, 1:-1, 1:-1]) and (flat == 1).all()
    assert (edged[:, :, 0, 0] == 9 / 16).all() and (edged[:, :, 0, 1] == 3 / 4).all()
