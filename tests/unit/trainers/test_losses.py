import math

import pytest
import torch
from torch import Tensor, nn

from trainers import losses
from trainers.losses import OBJECTIVES, clip_weights, gradient_penalty, r1_penalty


class Slope(nn.Module):
    """Scores (N,) of images (N, 1, 2, 2): the sum of pixels times `weight`; its gradient is known."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, image: Tensor, label: Tensor | None) -> Tensor:
        return self.weight * image.flatten(1).sum(dim=1)


def test_undecided_scores_cost_what_the_papers_say() -> None:
    zero = torch.zeros(4)
    assert losses.logistic(zero, zero).item() == pytest.approx(2 * math.log(2))
    assert losses.non_saturating(zero).item() == pytest.approx(math.log(2))
    assert losses.minimax(zero).item() == pytest.approx(-math.log(2))
    assert losses.least_squares(zero, zero).item() == pytest.approx(0.5)
    assert losses.critic(zero, zero).item() == 0


@pytest.mark.parametrize("name", OBJECTIVES)
def test_each_player_gains_by_its_own_direction(name: str) -> None:
    objective = OBJECTIVES[name]
    real, fake = torch.tensor([0.1, 0.2], requires_grad=True), torch.tensor([0.1, 0.3], requires_grad=True)
    objective.discriminator(real, fake).backward()
    assert (real.grad < 0).all() and (fake.grad > 0).all()  # type: ignore[operator]
    fake.grad = None
    objective.generator(*((fake, real) if objective.paired else (fake,))).backward()
    assert (fake.grad < 0).all()  # type: ignore[operator]


def test_the_r1_penalty_is_the_squared_length_of_the_gradient_and_trains_the_weights() -> None:
    net = Slope(3.0)
    penalty = r1_penalty(net, torch.rand(5, 1, 2, 2), None)
    assert penalty.item() == pytest.approx(4 * 9)
    penalty.backward()
    assert net.weight.grad.item() == pytest.approx(4 * 2 * 3)  # type: ignore[union-attr]


def test_the_gradient_penalty_vanishes_for_a_slope_of_one() -> None:
    real, fake, mix = torch.rand(5, 1, 2, 2), torch.rand(5, 1, 2, 2), torch.rand(5)
    assert gradient_penalty(Slope(0.5), real, fake, None, mix).item() == pytest.approx(0, abs=1e-6)
    assert gradient_penalty(Slope(1.5), real, fake, None, mix).item() == pytest.approx(4, rel=1e-4)


def test_clipping_bounds_every_weight() -> None:
    net = nn.Linear(8, 8)
    clip_weights(net, 0.01)
    assert max(parameter.abs().max().item() for parameter in net.parameters()) <= 0.01


def test_hinge_asks_for_no_more_than_a_margin_and_pairs_compare() -> None:
    far = torch.tensor([5.0, 5.0])
    assert losses.hinge(far, -far).item() == 0 and losses.hinge(-far, far).item() == pytest.approx(12)
    assert losses.relativistic(far + 3, far).item() == pytest.approx(math.log(1 + math.exp(-3)))
    assert losses.relativistic_generator(far, far + 3).item() == pytest.approx(math.log(1 + math.exp(3)))


def test_label_smoothing_is_that_of_targets_short_of_one() -> None:
    real, fake = torch.randn(6, requires_grad=True), torch.randn(6)
    smoothed = losses.discriminator_loss(OBJECTIVES["non-saturating"], real, fake, smoothing=0.1)
    targets = torch.nn.functional.binary_cross_entropy_with_logits
    expected = targets(real, torch.full((6,), 0.9)) + targets(fake, torch.zeros(6))
    assert smoothed.item() == pytest.approx(expected.item(), rel=1e-5)
    squares = losses.discriminator_loss(OBJECTIVES["least-squares"], real, fake, smoothing=0.1)
    (slope,) = torch.autograd.grad(squares, real)
    assert torch.allclose(slope, (real - 0.9) / 6, atol=1e-6)


def test_drift_pulls_scores_of_reals_towards_zero() -> None:
    real, fake = torch.tensor([3.0, -1.0]), torch.zeros(2)
    objective = OBJECTIVES["wgan-gp"]
    moved = losses.discriminator_loss(objective, real, fake, drift=0.1) - losses.discriminator_loss(
        objective, real, fake
    )
    assert moved.item() == pytest.approx(0.5)


def test_information_is_the_likelihood_of_the_codes() -> None:
    codes = {"digit": torch.eye(3)[[0, 2]], "slant": torch.tensor([[0.5], [-1.0]])}
    mean, log_variance = torch.tensor([[0.0], [-1.0]]), torch.tensor([[0.0], [math.log(4.0)]])
    guesses = {"digit": (torch.zeros(2, 3), None), "slant": (mean, log_variance)}
    categorical, continuous = losses.information(codes, guesses, fixed_variance=False)
    assert categorical.item() == pytest.approx(math.log(3))
    normal = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    expected = -normal.log_prob(codes["slant"]).mean().item() - 0.5 * math.log(2 * math.pi)
    assert continuous.item() == pytest.approx(expected, abs=1e-6)
    assert losses.information(codes, guesses, fixed_variance=True)[1].item() == pytest.approx(0.0625)
    assert [value.item() for value in losses.information({}, {}, False)] == [0, 0]


def test_the_path_length_of_a_linear_map_is_its_slope() -> None:
    ws = torch.randn(3, 2, 5, requires_grad=True)
    image = 4 * ws.sum(dim=1)[:, :, None, None].expand(-1, -1, 2, 2)  # five channels
    direction = torch.randn(3, 5, 2, 2)
    length = losses.path_length(image, ws, direction)
    expected = (4 * direction.sum(dim=(2, 3)) / 2).norm(dim=1)
    assert torch.allclose(length, expected, rtol=1e-5)


def test_matched_features_cost_nothing_whatever_the_order() -> None:
    real = torch.randn(4, 3, 2, 2)
    fake = real.flip(0).requires_grad_(True)
    assert losses.feature_matching(real, fake).item() == pytest.approx(0, abs=1e-10)
    assert losses.feature_matching(torch.zeros(4, 5), torch.full((4, 5), 2.0)).item() == pytest.approx(20)
