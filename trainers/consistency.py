"""Categories that do not change when a real image is turned, leant, moved or scaled a little.

InfoGAN's Q (Chen et al. 2016) sees generated images alone, so what its categories stand for is left to chance: on few
data a 4 and a 9 are easily shared out by their slant. Where small warps are known to keep the thing what it is, Q can
learn from real images too, without labels: an image and the same image warped should get the same category, and all
categories should be used (Ji et al. 2019, arXiv:1807.06653; in an InfoGAN: Ojha et al. 2020, arXiv:1910.01112).
"""

from collections.abc import Mapping

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from ganviz.models.infogan import Guess

TURN = 0.2  # most radians either way
LEAN = 0.3  # most pixels sideways for a pixel upwards
SCALE = 0.15  # most that sizes differ from 1
MOVE = 0.075  # of the image's side


def warped(image: Tensor, random: Generator) -> Tensor:
    """Each of (N, C, H, W) in [-1, 1] turned, leant, scaled and moved by chance; what comes in is black (-1)."""
    draws = (2 * torch.rand(5, len(image), generator=random) - 1).to(image.device)
    turn, scale, lean, right, down = draws
    cosine, sine = torch.cos(TURN * turn), torch.sin(TURN * turn)
    lean = LEAN * lean
    rows = torch.stack(
        [
            torch.stack([cosine, lean * cosine - sine, 2 * MOVE * right]),
            torch.stack([sine, lean * sine + cosine, 2 * MOVE * down]),
        ]
    )  # (2, 3, N): where a pixel is taken from, coordinates from -1 to 1
    rows[:, :2] /= 1 + SCALE * scale
    grid = F.affine_grid(rows.permute(2, 0, 1), list(image.shape), align_corners=False)
    return F.grid_sample(image + 1, grid.to(image), align_corners=False) - 1


def inconsistency(guesses: Mapping[str, Guess], others: Mapping[str, Guess]) -> Tensor:
    """Minus the information that the categories of images and of the same images warped share (Ji et al., equation 3).

    Summed over the categorical codes, each at least minus the logarithm of its size, which is reached where every
    image is sure of one category, the same for both, and all categories are as frequent. Nothing without such codes.
    """
    total = torch.zeros(())
    for name, guess in guesses.items():
        if guess.log_variance is not None:
            continue
        ours, theirs = guess.mean.softmax(dim=1), others[name].mean.softmax(dim=1)
        joint = ours.t() @ theirs / len(ours)  # (size, size): how often one is called i and the other j
        joint = ((joint + joint.t()) / 2).clamp_min(1e-6)
        alone = joint.sum(dim=1).log()
        total = total.to(joint) - (joint * (joint.log() - alone[:, None] - alone[None, :])).sum()
    return total
