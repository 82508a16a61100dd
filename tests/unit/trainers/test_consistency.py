import math

import pytest
import torch

from ganviz.models.infogan import Guess
from trainers.consistency import LEAN, MOVE, SCALE, TURN, inconsistency, warped


def sure(categories: list[int], size: int = 4) -> dict[str, Guess]:
    logits = 50 * torch.nn.functional.one_hot(torch.tensor(categories), size).float()
    return {"category": Guess(logits), "lean": Guess(torch.zeros(len(categories), 1), torch.zeros(len(categories), 1))}


def test_the_least_is_reached_by_equal_categories_that_are_all_used() -> None:
    every = [0, 1, 2, 3] * 4
    assert inconsistency(sure(every), sure(every)).item() == pytest.approx(-math.log(4), abs=1e-3)
    assert inconsistency(sure([0] * 16), sure([0] * 16)).item() == pytest.approx(0, abs=1e-3)
    assert inconsistency(sure(every), sure(sorted(every))).item() == pytest.approx(0, abs=1e-3)
    unsure = {"category": Guess(torch.zeros(16, 4))}
    assert inconsistency(unsure, unsure).item() == pytest.approx(0, abs=1e-6)


def test_without_categories_there_is_nothing_to_keep() -> None:
    numbers = {"lean": Guess(torch.zeros(4, 1), torch.zeros(4, 1))}
    assert inconsistency(numbers, numbers).item() == 0


def test_images_are_warped_a_little_and_differently() -> None:
    image = torch.full((64, 1, 32, 32), -1.0)
    image[:, :, 8:24, 14:18] = 1
    out = warped(image, torch.Generator().manual_seed(0))
    assert out.shape == image.shape and out.min() >= -1 and out.max() <= 1
    assert len({tuple(row) for row in out.flatten(1).round(decimals=3).tolist()}) == 64
    ink = (out + 1).sum(dim=(1, 2, 3)) / (image + 1).sum(dim=(1, 2, 3))
    least, most = (1 - SCALE) ** 2, (1 + SCALE) ** 2
    assert least - 0.05 <= ink.min() < ink.max() <= most + 0.05
    again = warped(image, torch.Generator().manual_seed(0))
    assert torch.equal(out, again)


def test_black_comes_in_at_the_borders_and_images_do_not_leave() -> None:
    corner = torch.full((200, 1, 32, 32), -1.0)
    corner[:, :, 15:17, 15:17] = 1
    out = warped(corner, torch.Generator().manual_seed(1))
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    weight = (out[:, 0] + 1) / (out[:, 0] + 1).sum(dim=(1, 2), keepdim=True)
    middle = torch.stack([(weight * y).sum(dim=(1, 2)), (weight * x).sum(dim=(1, 2))]) - 15.5
    most = 32 * MOVE * (1 + SCALE) * (1 + LEAN) * (1 + TURN)
    assert 1 < middle.abs().max() <= most
