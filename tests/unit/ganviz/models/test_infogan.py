import pytest
import torch

from ganviz.models.infogan import Discriminator, Generator, InfoGANConfig
from ganviz.spec import Code


def small(**changes: object) -> InfoGANConfig:
    return InfoGANConfig(**{"resolution": 16, "base_channels": 4, "fc_channels": 12, "z_dim": 6, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("resolution", [16, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("norm", ["batch", "none"])
def test_infogan_comes_in_every_size(resolution: int, channels: int, norm: str) -> None:
    config = small(resolution=resolution, channels=channels, d_norm=norm, d_minibatch_std=norm == "none")
    image = Generator(config)(torch.randn(4, 6))
    assert image.shape == (4, channels, resolution, resolution)
    assert Discriminator(config)(image).shape == (4,)


def test_the_default_is_the_papers_mnist_layout() -> None:
    config = InfoGANConfig()
    generator, discriminator = Generator(config), Discriminator(config)
    assert generator.spec.w_dim == 74 and generator.spec.z_dim == 62
    assert [layer.channels for layer in generator.spec.layers] == [1024, 128, 64, 1]
    assert [conv.weight.shape[:2] for conv in discriminator.convs] == [(64, 1), (128, 64)]
    assert discriminator.dense.out_features == 1024 and discriminator.q_dense.out_features == 128
    assert isinstance(discriminator.norms[0], torch.nn.Identity), "no batch norm at the input"


def test_the_spec_names_every_code_with_kind_and_range() -> None:
    assert InfoGANConfig().codes == (
        Code("category", "categorical", 10),
        Code("continuous-1", "continuous", 1, -1.0, 1.0),
        Code("continuous-2", "continuous", 1, -1.0, 1.0),
    )
    wide = small(code_range=2.5).codes[-1]
    assert (wide.low, wide.high) == (-2.5, 2.5)
    many = small(categorical=(10, 4), continuous=1)
    assert [code.name for code in many.codes] == ["category-1", "category-2", "continuous-1"]
    assert small(categorical=(), continuous=0).codes == ()
    named = small(code_names=("digit", "slant", "width"))
    assert [code.name for code in Generator(named).spec.codes] == ["digit", "slant", "width"]


def test_lists_from_json_make_the_same_config() -> None:
    assert small(categorical=[3, 4], code_names=["a", "b", "c", "d"]) == small(  # type: ignore[arg-type]
        categorical=(3, 4), code_names=("a", "b", "c", "d")
    )


def test_codes_stand_behind_the_noise_in_the_specs_order() -> None:
    generator = Generator(small(categorical=(3,), continuous=2)).eval()
    z = torch.randn(2, 6)
    digit = torch.tensor([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]])
    w = generator.mapping(z, codes={"continuous-2": torch.tensor([[0.7], [-2.0]]), "category": digit})
    zeros = torch.zeros(2, 1)
    assert torch.equal(w[:, 0], torch.cat([z, digit, zeros, torch.tensor([[0.7], [-2.0]])], dim=1))
    with pytest.raises(ValueError, match="code 'category': expected shape"):
        generator.mapping(z, codes={"category": torch.zeros(2, 4)})


def test_q_shares_the_trunk_and_guesses_every_code() -> None:
    config = small(categorical=(3, 2), continuous=2)
    net = Discriminator(config)
    features = net.features(torch.randn(4, 1, 16, 16))
    guesses = net.recognise(features)
    assert list(guesses) == [code.name for code in config.codes]
    assert guesses["category-1"].mean.shape == (4, 3) and guesses["category-1"].log_variance is None
    assert guesses["continuous-2"].mean.shape == guesses["continuous-2"].log_variance.shape == (4, 1)
    guesses["category-2"].mean.sum().backward()
    assert net.dense.weight.grad is not None and net.head.weight.grad is None
    assert net.q_dense.weight.grad is not None


@pytest.mark.parametrize(
    "change",
    [
        {"resolution": 28},
        {"channels": 2},
        {"categorical": (1,)},
        {"categorical": (3,) * 65},
        {"continuous": -1},
        {"code_names": ("a",)},
        {"code_names": ("a", "a", "b")},
        {"fc_channels": 0},
        {"d_norm": "layer"},
        {"code_range": 0},
    ],
)
def test_an_infogan_that_cannot_be_is_refused(change: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        InfoGANConfig(**change)
