import numpy as np
import pytest
import torch

from ganviz.metrics import strokes
from ganviz.metrics.codes import STEPS, agreement, draw_categories, draw_sweeps, spearman, sweep_figures
from ganviz.models.infogan import Generator, InfoGANConfig


@pytest.fixture
def generator() -> Generator:
    torch.manual_seed(0)
    config = InfoGANConfig(resolution=16, z_dim=4, categorical=(3,), continuous=2, base_channels=4, fc_channels=8)
    net = Generator(config).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(10 if parameter.ndim > 1 else 1)
    return net


def test_categories_in_any_order_agree_wholly_with_their_classes() -> None:
    categories = np.arange(30) % 3
    found = agreement(categories, np.array([2, 0, 1])[categories], 3)
    assert found.share == 1 and found.classes == (2, 0, 1) and found.shares == (1, 1, 1)


def test_two_categories_cannot_have_the_same_class() -> None:
    categories = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    classes = np.array([0, 0, 0, 0, 0, 0, 0, 1])
    found = agreement(categories, classes, 2)
    assert found.classes == (0, 1) and found.share == 5 / 8 and found.shares == (1, 0.25)


def test_rank_correlation_is_one_for_what_only_rises_and_nought_for_what_stays() -> None:
    rows = np.array([[1, 2, 4, 100], [8, 4, 2, 1], [5, 5, 5, 5], [1, 3, 2, 4]])
    assert spearman(rows) == pytest.approx([1, -1, 0, 0.8])


def test_sweeps_of_a_leaning_bar_are_told_from_sweeps_that_change_the_thing() -> None:
    def bars(leans: np.ndarray) -> np.ndarray:
        y, x = np.indices((16, 16))
        distance = np.abs(x - 7.5 + leans[:, None, None] * (y - 7.5))
        return (255 * np.clip(2 - distance, 0, 1)).astype(np.uint8)[..., None]

    leaning = bars(np.linspace(-0.4, 0.4, 6))
    flat = leaning.transpose(0, 2, 1, 3)
    halfway = np.concatenate([leaning[:3], flat[3:]])

    def upright_or_flat(images: np.ndarray) -> np.ndarray:
        grey = images[..., 0].astype(float)
        return (grey.sum(1).var(axis=1) > grey.sum(2).var(axis=1)).astype(int)

    figures = sweep_figures(np.stack([leaning, leaning[::-1]]), upright_or_flat, {"slant": strokes.slant})
    assert figures["class kept"] == 1 and figures["steady"]["slant"] == 1
    assert abs(figures["spearman"]["slant"]) < 1e-9, "one leans to the left, the other to the right"
    figures = sweep_figures(np.stack([leaning, halfway]), upright_or_flat, {"slant": strokes.slant})
    assert figures["class kept"] == 0.5 and figures["spearman"]["slant"] > 0.5


def test_categories_come_in_turn_and_the_rest_as_in_training(generator: Generator) -> None:
    pixels, categories = draw_categories(generator, generator.spec.codes[0], 7)
    assert pixels.shape == (7, 16, 16, 1) and categories.tolist() == [0, 1, 2, 0, 1, 2, 0]
    again, _ = draw_categories(generator, generator.spec.codes[0], 7)
    assert np.array_equal(pixels, again)


def test_a_sweep_changes_one_code_and_nothing_else(generator: Generator) -> None:
    category, first, second = generator.spec.codes
    one, other = draw_sweeps(generator, first, 2), draw_sweeps(generator, second, 2)
    assert one.shape == (2, STEPS, 16, 16, 1)
    z = torch.from_numpy(np.random.RandomState(1).randn(1, 4).astype(np.float32))
    codes = {category.name: torch.tensor([[0.0, 1.0, 0.0]]), first.name: torch.tensor([[2.0]])}
    end = ((generator(z, None, codes).detach()[0, 0] + 1) * 127.5).round().numpy()
    assert np.abs(one[1, -1, :, :, 0].astype(int) - end).max() <= 1
    assert not np.array_equal(one, other) and not np.array_equal(one[:, 0], one[:, -1])
