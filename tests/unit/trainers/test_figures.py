"""What a step is watched by, on cases that can be reckoned by hand."""

import pytest
import torch
from torch import nn

from trainers import figures, losses


@pytest.mark.parametrize(
    ("name", "expected"), [("non-saturating", 0.5), ("minimax", 0.5), ("least-squares", 0.0), ("wgan-gp", 0.0)]
)
def test_an_undecided_discriminator_answers_a_half_where_its_answer_is_a_probability(name, expected):
    told = figures.answers(losses.OBJECTIVES[name], torch.zeros(4), torch.zeros(4))
    assert told["output_real"].item() == told["output_fake"].item() == expected


def test_the_output_is_the_mean_of_the_probabilities_not_the_probability_of_the_mean():
    told = figures.answers(losses.OBJECTIVES["minimax"], torch.tensor([100.0, 0.0]), torch.tensor([-100.0, 100.0]))
    assert told["output_real"].item() == pytest.approx(0.75) and told["score_real"].item() == 50
    assert told["output_fake"].item() == pytest.approx(0.5)


def test_variety_is_one_for_the_data_themselves_and_nothing_for_one_image_over_and_over():
    real = torch.randn(16, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert figures.variety(real, real.flip(0)).item() == pytest.approx(1)
    assert figures.variety(real, 0.5 * real).item() == pytest.approx(0.5)
    assert figures.variety(real, real[:1].expand(16, -1, -1, -1)).item() == 0
    assert torch.isfinite(figures.variety(torch.zeros_like(real), real))


def test_the_length_of_a_gradient_is_that_of_all_parameters_together():
    net = nn.Linear(2, 1)
    net(torch.tensor([[3.0, 4.0]])).sum().backward()
    assert figures.gradient_norm(net) == pytest.approx((9 + 16 + 1) ** 0.5)
    assert figures.gradient_norm(nn.Linear(2, 1)) == 0
