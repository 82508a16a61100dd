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
    objective.generator(fake).backward()
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
