"""The game in one dimension: the theory's answers, and that the objectives differ as the papers say."""

import math

import numpy as np
import pytest
import torch

from ganviz.errors import GanvizError
from ganviz.jobs import run
from trainers import toy
from trainers.toy import GRID, Game, play
from trainers.toy_settings import DATA, OBJECTIVES, RATES, ToySettings

STEP = GRID[1] - GRID[0]


@pytest.fixture(scope="module")
def normal():
    """A function from a mean to the density of a normal distribution of spread 0.4 around it."""
    return lambda mean: np.exp(-0.5 * ((GRID - mean) / 0.4) ** 2) / (0.4 * math.sqrt(2 * math.pi))


@pytest.mark.parametrize("name", DATA)
def test_densities_hold_one_in_all(name):
    assert toy.density(name).sum() * STEP == pytest.approx(1, abs=1e-3)


def test_the_density_of_samples_is_theirs():
    samples = np.random.default_rng(0).normal(0.5, 0.4, 200_000)
    found = toy.density_of(samples)
    widened = np.exp(-0.5 * ((GRID - 0.5) ** 2) / (0.4**2 + toy.BREADTH**2))
    widened /= widened.sum() * STEP
    assert np.abs(found - widened).max() < 0.02


def test_the_best_discriminator_is_undecided_where_both_densities_are_equal(normal):
    assert np.allclose(toy.best_answer(normal(0), normal(0)), 0.5)
    best = toy.best_answer(normal(-1), normal(1))
    assert best[np.searchsorted(GRID, -1)] > 0.99 and best[np.searchsorted(GRID, 1)] < 0.01
    value = ((normal(-1) * np.log(best)) + normal(1) * np.log(1 - best)).sum() * STEP
    divergence = toy.jensen_shannon(normal(-1), normal(1))
    assert value == pytest.approx(-math.log(4) + 2 * divergence, abs=1e-4)  # Goodfellow et al. 2014, equation 6


def test_distances_are_those_that_can_be_reckoned(normal):
    assert toy.wasserstein(normal(-1), normal(1.5)) == pytest.approx(2.5, abs=1e-3)
    assert toy.jensen_shannon(normal(0), normal(0)) == pytest.approx(0, abs=1e-9)
    assert toy.jensen_shannon(normal(-2.5), normal(2.5)) == pytest.approx(math.log(2), abs=1e-3)


def test_the_best_critic_has_slope_one_and_tells_the_distance(normal):
    data, model = normal(1), normal(-1)
    critic = toy.best_critic(data, model)
    assert np.abs(np.diff(critic)).max() <= STEP * (1 + 1e-9)
    told = ((data - model) * critic).sum() * STEP
    assert told == pytest.approx(toy.wasserstein(data, model), rel=0.02)


@pytest.fixture(scope="module")
def ahead():
    """A short game for each objective, the discriminator far ahead when it begins: distance at first and at last."""

    def one(objective):
        settings = ToySettings(objective, head_start=60, d_steps=1, steps=60, rate_g=RATES[objective])
        game = Game(settings)
        for _ in range(settings.head_start):
            game.learn_d()
        before = game.moment()
        for _ in range(settings.steps):
            game.learn_d()
            game.learn_g()
        return before, game.moment()

    return {objective: one(objective) for objective in OBJECTIVES}


def test_minimax_stands_still_before_a_discriminator_that_is_sure_and_the_others_do_not(ahead):
    moved = {name: before.wasserstein - after.wasserstein for name, (before, after) in ahead.items()}
    assert abs(moved["minimax"]) < 0.1 and ahead["minimax"][1].gradient < 0.01
    for name in ("non-saturating", "least-squares", "wgan-gp"):
        assert moved[name] > 1, moved
    assert moved["wgan"] > moved["minimax"]


def test_arrows_point_from_the_samples_to_the_data_and_vanish_with_minimax(ahead):
    pushes = {name: before.push for name, (before, _) in ahead.items()}
    assert np.abs(pushes["minimax"]).max() < 0.01
    for name in ("non-saturating", "least-squares", "wgan-gp"):
        assert np.median(pushes[name]) > 0.05, name  # the data lie to the right


def test_answers_are_chances_or_heights(ahead):
    for name, (_, after) in ahead.items():
        if name in ("minimax", "non-saturating"):
            assert 0 <= after.answer.min() and after.answer.max() <= 1
        if name.startswith("wgan"):
            assert np.abs(np.diff(after.answer)).max() <= STEP * 1.001
    assert math.isnan(ahead["least-squares"][1].value) and ahead["minimax"][1].value <= 0


def test_a_game_is_a_job_that_repeats_and_shows_moments_on_its_way():
    def moments():
        found = []
        last = run(
            play(ToySettings(steps=20)), lambda step: found.append(step.value) if step.value is not None else None
        )
        return [*found, last]

    torch.manual_seed(1)
    one = moments()
    torch.manual_seed(2)
    other = moments()
    assert [moment.step for moment in one] == [0, 10, 20, 20]
    assert all(np.array_equal(a.model, b.model) and a.value == b.value for a, b in zip(one[1:], other[1:], strict=True))
    assert not np.array_equal(one[0].x, one[-1].x)


def test_what_cannot_be_played_is_one_line():
    with pytest.raises(GanvizError, match="objective: expected minimax"):
        ToySettings("chess")
    with pytest.raises(GanvizError, match="data: expected one"):
        ToySettings(data="none")
