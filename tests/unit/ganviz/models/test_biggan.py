from pathlib import Path

import numpy as np
import pytest
import torch

from ganviz import checkpoint
from ganviz.expression import Seed
from ganviz.models.biggan import Attention, BigGANConfig, Generator, StoredNorm
from ganviz.recipe import ModelRef, Recipe
from ganviz.render import Renderer
from ganviz.spec import Card


def small(**changes: object) -> BigGANConfig:
    sizes = {"widths": (16, 16, 8), "z_dim": 6, "num_classes": 3, "embedding": 4, "attention": 8, "reduction": 2}
    return BigGANConfig(**{**sizes, "statistics": 5, **changes})  # type: ignore[arg-type]


@pytest.fixture
def generator() -> Generator:
    """One whose pictures depend on what its statistics are."""
    torch.manual_seed(0)
    made = Generator(small()).eval().requires_grad_(False)
    for module in made.modules():
        if isinstance(module, StoredNorm):
            module.means.normal_()
            module.variances.uniform_(0.5, 2)
        elif isinstance(module, Attention):
            module.gamma.fill_(0.5)
    return made


def test_the_authors_layout_has_its_layers() -> None:
    with torch.device("meta"):
        spec = Generator(BigGANConfig()).spec
    assert spec.resolution == 128 and spec.w_dim == 1128
    sizes = [(layer.resolution, layer.channels) for layer in spec.layers]
    assert sizes[:4] == [(4, 2048), (8, 2048), (8, 2048), (16, 1024)] and sizes[-3:] == [
        (64, 256),
        (128, 128),
        (128, 3),
    ]
    assert [layer.name for layer in spec.layers if "attention" in layer.name] == ["64x64 attention"]


def test_statistics_are_those_of_psi(generator: Generator) -> None:
    norm = generator.norm
    x, one, zero = torch.randn(3, 8, 4, 4), torch.ones(1, 8), torch.zeros(1, 8)
    psi = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)
    found = norm(x, psi, one, zero)
    for k, row in enumerate((0, 2, 4)):
        mean, variance = norm.means[row, :, None, None], norm.variances[row, :, None, None]
        assert torch.allclose(found[k], (x[k] - mean) / (variance + 1e-4).sqrt(), atol=1e-5)
    beyond = norm(x, torch.tensor([-0.5, 1.7, 0.5], dtype=torch.float64), one, zero)
    assert torch.equal(beyond[2], found[1] * 0 + norm(x[2:], psi[1:2], one, zero)[0])
    assert torch.allclose(beyond[1], norm(x[1:2], psi[2:], one, zero)[0])
    assert torch.allclose(beyond[0], norm(x[:1], psi[1:2], one, zero)[0])


def test_a_recipes_psi_reaches_the_statistics_whatever_the_batch(generator: Generator, tmp_path: Path) -> None:
    path = tmp_path / "big.safetensors"
    checkpoint.save(path, generator, Card())
    renderer = Renderer("cpu")
    recipes = [Recipe(ModelRef(str(path)), Seed(3), label=(0.0, 1.0, 0.0), psi=psi) for psi in (0.25, 0.5, 1.0)]
    together = [frame.pixels for frame in renderer.render_all(recipes)]
    alone = [renderer.render(recipe).pixels for recipe in recipes]
    for a, b in zip(together, alone, strict=True):
        assert np.abs(a.astype(int) - b).max() <= 1
    z = torch.tensor(np.random.RandomState(3).randn(1, 6).astype(np.float32))
    w = generator.mapping(0.5 * z, torch.eye(3)[[1]])
    for psi, same in ((0.5, True), (1.0, False)):
        expected = ((generator.synthesis(w, psi=psi)[0] + 1) * 127.5).round().permute(1, 2, 0).numpy()
        assert (np.abs(expected - together[1]).max() <= 1) == same


def test_maps_that_attend_to_nothing_stay() -> None:
    attention = Attention(16)
    x = torch.randn(2, 16, 8, 8)
    assert torch.equal(attention(x), x)


@pytest.mark.parametrize(
    "change", [{"widths": (16,)}, {"widths": (16, 4)}, {"attention": 16}, {"statistics": 1}, {"eps": 0.0}]
)
def test_a_biggan_that_cannot_be_is_refused(change: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        small(**change)
