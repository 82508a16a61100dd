"""Every family keeps the contract; families join by a line in MODELS."""

import pytest
import torch

from ganviz.errors import GanvizError
from ganviz.models import MODELS, build_generator, resolve
from ganviz.models.base import check_shape
from ganviz.models.dcgan import DCGANConfig, Discriminator, Generator
from ganviz.models.layers import minibatch_std

SMALL = {"dcgan": {"resolution": 16, "base_channels": 8, "z_dim": 6, "num_classes": 3}}


@pytest.fixture(params=MODELS)
def generator(request: pytest.FixtureRequest):
    torch.manual_seed(0)
    return build_generator(request.param, SMALL[request.param]).eval()


def test_mapping_and_synthesis_have_the_shapes_that_the_spec_says(generator) -> None:
    spec = generator.spec
    w = generator.mapping(torch.randn(2, spec.z_dim))
    assert w.shape == (2, spec.num_ws, spec.w_dim)
    image = generator.synthesis(w)
    assert image.shape == (2, spec.channels, spec.resolution, spec.resolution)
    assert image.dtype == torch.float32 and image.abs().max() <= 1


def test_stages_add_up_to_synthesis_and_describe_themselves(generator) -> None:
    w = generator.mapping(torch.randn(2, generator.spec.z_dim))
    state = generator.start(w)
    for k, layer in enumerate(generator.spec.layers):
        state = generator.step(k, state, w, "const")
        assert state.x.shape == (2, layer.channels, layer.resolution, layer.resolution)
    assert torch.equal(generator.image(state), generator.synthesis(w))


def test_what_is_left_out_is_class_zero(generator) -> None:
    z = torch.randn(2, generator.spec.z_dim)
    first = torch.zeros(2, generator.spec.num_classes)
    first[:, 0] = 1
    assert torch.equal(generator.mapping(z), generator.mapping(z, first))
    assert not torch.equal(generator(z), generator(z, first.flip(1)))


def test_wrong_shapes_and_unknown_codes_are_refused_by_name(generator) -> None:
    spec = generator.spec
    with pytest.raises(ValueError, match="z: expected shape"):
        generator.mapping(torch.randn(2, spec.z_dim + 1))
    with pytest.raises(ValueError, match="w: expected shape"):
        generator.synthesis(torch.randn(2, spec.w_dim))
    with pytest.raises(ValueError, match="label: expected shape"):
        generator.mapping(torch.randn(2, spec.z_dim), torch.zeros(2, spec.num_classes + 1))
    with pytest.raises(ValueError, match="unknown code 'wings'"):
        generator.mapping(torch.randn(2, spec.z_dim), codes={"wings": torch.zeros(2, 1)})


def test_the_spec_survives_json(generator) -> None:
    assert type(generator.spec).from_json(generator.spec.to_json()) == generator.spec


def test_the_table_resolves_whole() -> None:
    for entry in MODELS.values():
        for name in (entry.config, entry.generator, entry.discriminator):
            assert name is None or callable(resolve(name))


def test_an_unknown_family_names_the_known_ones() -> None:
    with pytest.raises(GanvizError, match="dcgan"):
        build_generator("vae", {})


@pytest.mark.parametrize("resolution", [16, 32, 64, 128, 256])
@pytest.mark.parametrize("channels", [1, 3])
def test_dcgan_comes_in_every_size(resolution: int, channels: int) -> None:
    config = DCGANConfig(resolution=resolution, channels=channels, base_channels=4, z_dim=6)
    image = Generator(config)(torch.randn(2, 6))
    assert image.shape == (2, channels, resolution, resolution)
    assert Discriminator(config)(image).shape == (2,)


def test_dcgan_has_the_layers_of_the_paper() -> None:
    generator = Generator(DCGANConfig(resolution=64, base_channels=128, max_channels=1024))
    assert [layer.channels for layer in generator.spec.layers] == [1024, 512, 256, 128, 3]
    assert len(generator.norms) == 4, "batch norm everywhere but at the output"
    discriminator = Discriminator(DCGANConfig(resolution=64, base_channels=128))
    assert isinstance(discriminator.norms[0], torch.nn.Identity), "no batch norm at the input"
    weights = torch.cat([conv.weight.flatten() for conv in generator.convs])
    assert abs(weights.std().item() - 0.02) < 1e-3 and abs(weights.mean().item()) < 1e-3


@pytest.mark.parametrize(
    "change", [{"resolution": 48}, {"channels": 2}, {"z_dim": 0}, {"num_classes": -1}, {"d_norm": "layer"}]
)
def test_a_dcgan_that_cannot_be_is_refused(change: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        DCGANConfig(**change)


def test_the_label_reaches_the_discriminator() -> None:
    torch.manual_seed(0)
    net = Discriminator(DCGANConfig(resolution=16, base_channels=8, num_classes=3, d_norm="none"))
    image = torch.randn(2, 3, 16, 16)
    a, b = torch.eye(3)[[0, 0]], torch.eye(3)[[1, 1]]
    assert not torch.equal(net(image, a), net(image, b))
    with pytest.raises(ValueError, match="label"):
        net(image)


def test_minibatch_deviation_is_zero_for_equal_images_and_groups_with_strides() -> None:
    x = torch.randn(1, 5, 4, 4).expand(8, -1, -1, -1)
    assert minibatch_std(x).max() <= 2e-4
    y = torch.zeros(8, 5, 4, 4)
    y[0] = 1  # image 0 stands in a group with 2, 4 and 6
    deviation = minibatch_std(y)[:, 0, 0, 0]
    assert (deviation[::2] > 0.4).all() and (deviation[1::2] < 1e-3).all()


def test_check_shape_takes_any_size_where_none_stands() -> None:
    check_shape(torch.zeros(3, 4), (None, 4), "x")
    with pytest.raises(ValueError, match=r"x: expected shape \(any, 5\), got \(3, 4\)"):
        check_shape(torch.zeros(3, 4), (None, 5), "x")
