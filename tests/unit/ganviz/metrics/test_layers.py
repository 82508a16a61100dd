import numpy as np
import pytest
import torch

from ganviz.metrics.layers import octave_change, psi_figures, swap_figures
from ganviz.models.stylegan2 import Generator, StyleGAN2Config


@pytest.fixture
def generator() -> Generator:
    torch.manual_seed(0)
    config = StyleGAN2Config(
        resolution=16, z_dim=8, w_dim=8, mapping_layers=2, mapping_lr=1.0, base_channels=8, max_channels=8
    )
    return Generator(config).eval()


def waves(period: int, levels: tuple[float, float, float]) -> np.ndarray:
    """A vertical wave of so many pixels around grey, RGB amplitudes given, uint8 (1, 64, 64, 3)."""
    wave = np.cos(2 * np.pi * (np.arange(64) + 0.5) / period)[None, None, :, None]
    return np.round(128 + wave * np.array(levels) * np.ones((1, 64, 64, 1))).astype(np.uint8)


def test_each_octave_answers_to_its_own_frequency_in_grey_levels() -> None:
    grey = np.full((1, 64, 64, 3), 128, np.uint8)
    fine = octave_change(grey, waves(4, (40, 40, 40)))["luminance"]
    coarse = octave_change(grey, waves(32, (40, 40, 40)))["luminance"]
    assert list(fine) == [64, 32, 16, 8, 4]
    assert max(fine, key=fine.get) == 64 and max(coarse, key=coarse.get) in (8, 16)
    shift = octave_change(grey, grey + 10)
    assert shift["luminance"][4] == pytest.approx(10, abs=0.01) and shift["luminance"][64] < 0.01


def test_colour_of_equal_lightness_is_told_from_light() -> None:
    grey = np.full((1, 64, 64, 3), 128, np.uint8)
    light = octave_change(grey, grey + 20)
    assert light["colour"][4] < 0.1
    tint = octave_change(grey, np.array([148, 120, 118], np.uint8) * np.ones((1, 64, 64, 1), np.uint8))
    assert tint["colour"][4] > 5 * tint["luminance"][4]


def test_grey_models_have_no_colour() -> None:
    assert set(octave_change(*np.zeros((2, 3, 16, 16, 1), np.uint8))) == {"luminance"}


def test_swapping_all_layers_changes_most_and_none_is_left_out(generator: Generator) -> None:
    figures = swap_figures(generator, pairs=6)
    assert set(figures) == {"coarse", "middle", "fine", "all"}
    total = {group: sum(parts["luminance"].values()) for group, parts in figures.items()}
    assert total["all"] == max(total.values()) and min(total.values()) > 0


def test_one_picture_is_left_at_psi_0_and_the_distance_from_it_grows(generator: Generator) -> None:
    figures = psi_figures(generator, count=6, psis=(0.0, 0.5, 1.0))
    assert figures["spread"]["0"] == 0 and figures["distance"]["0"] == 0
    assert 0 < figures["distance"]["0.5"] < figures["distance"]["1"]
    assert 0 < figures["spread"]["0.5"] < figures["spread"]["1"]
