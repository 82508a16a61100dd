"""What is said of a training's figures: of courses made up like those that go wrong, and of one that does not."""

import numpy as np
import pytest

from trainers.configs import DCGANTraining
from trainers.diagnosis import findings

COUNT = 100


def log(**changes):
    """A course of figures in which nothing is wrong, but for the changes: names to what varies with 0 .. 1."""
    share = np.linspace(0, 1, COUNT)
    noise = np.random.default_rng(0).normal(0, 0.03, COUNT)
    usual = {
        "loss_d": 1.3 + noise,
        "loss_g": 0.8 + noise,
        "output_real": 0.6 + noise,
        "output_fake": 0.4 + noise,
        "gradient_d": 1 + noise,
        "gradient_g": 1 + noise,
        "variety": np.minimum(1, 5 * share) + noise,
    }
    return usual | {name: change(share) for name, change in changes.items()}


def kinds(log, config=None, images=0):
    return [finding.kind for finding in findings(log, config, images)]


def test_nothing_is_said_of_a_training_that_goes_well():
    assert kinds(log(), DCGANTraining(), 60_000) == []
    assert kinds({}, None, 0) == []


def test_samples_that_become_alike_are_a_collapse():
    fell = log(variety=lambda share: np.where(share < 0.5, 0.9, 0.3))
    (finding,) = findings(fell, None, 0)
    assert finding.kind == "collapse" and "30%" in finding.text and "90%" in finding.text and finding.advice
    assert kinds(log(variety=lambda share: 0.05 + 0 * share)) == ["collapse"]
    assert kinds(log(variety=lambda share: np.where(share < 0.1, 1.4, 0.9))) == [], "it only settled"


def test_a_gradient_that_has_vanished_is_a_discriminator_that_won():
    vanished = log(gradient_g=lambda share: np.exp(-8 * share))
    assert kinds(vanished) == ["discriminator"]
    sure = log(output_real=lambda share: 0.99 + 0 * share, output_fake=lambda share: 0.01 + 0 * share)
    (finding,) = findings(sure, None, 0)
    assert finding.kind == "discriminator" and "99%" in finding.text and "1%" in finding.text
    both = sure | {"gradient_g": vanished["gradient_g"]}
    assert "sure of everything" in findings(both, None, 0)[0].text


@pytest.mark.parametrize("name", ["loss_d", "loss_g", "gradient_g", "gradient_d"])
def test_figures_that_grow_without_bound_are_a_divergence(name):
    grown = log(**{name: lambda share: np.where(share < 0.9, 1.0, 1e5)})
    assert kinds(grown)[0] == "divergence"
    lost = log(**{name: lambda share: np.where(share < 1, 1.0, np.nan)})
    assert "no longer a finite number" in findings(lost, None, 0)[0].text


def test_few_images_are_said_and_what_helps_against_it():
    (plain,) = findings(log(), DCGANTraining(), 300)
    (helped,) = findings(log(), DCGANTraining(augment="color,translation"), 300)
    assert plain.kind == helped.kind == "data" and "300 images" in plain.text
    assert "--augment" in plain.advice and "--augment" not in helped.advice


def test_runs_from_before_a_figure_was_logged_are_read_as_they_are():
    gaps = log()
    gaps["gradient_g"][:90] = np.nan
    gaps["variety"][:] = np.nan
    assert kinds(gaps) == []
