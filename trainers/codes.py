"""Drawing InfoGAN's codes (Chen et al. 2016, section 7): categories evenly, continuous codes over their range."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from ganviz.spec import Code


def draw_codes(codes: Sequence[Code], count: int, random: Generator) -> dict[str, Tensor]:
    """Values (count, size) of every code by name, on the CPU: one-hot categories, uniform numbers."""
    values = {}
    for code in codes:
        if code.kind == "categorical":
            picked = torch.randint(code.size, (count,), generator=random)
            values[code.name] = nn.functional.one_hot(picked, code.size).float()
        else:
            values[code.name] = code.low + (code.high - code.low) * torch.rand(count, 1, generator=random)
    return values


def sweep_codes(codes: Sequence[Code], count: int, columns: int) -> dict[str, Tensor]:
    """Values for a sheet of `columns`: each column is a category of every categorical code, continuous ones are 0."""
    column = torch.arange(count) % columns
    return {
        code.name: nn.functional.one_hot(column % code.size, code.size).float()
        for code in codes
        if code.kind == "categorical"
    }
