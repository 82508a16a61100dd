"""Batches of real images and labels as the nets read them."""

import numpy as np
import torch
from torch import Tensor, nn

from ganviz.datasets import Dataset


def real_images(
    data: Dataset, indices: np.ndarray, flip: bool, random: torch.Generator, device: torch.device
) -> Tensor:
    """Images (N, C, H, W) float32 in [-1, 1], half of them mirrored when `flip`; channels-last in memory."""
    image = torch.from_numpy(data.images[np.asarray(indices)]).permute(0, 3, 1, 2)  # a view of NHWC
    image = image.to(device).float() / 127.5 - 1
    if flip:
        mirrored = (torch.rand(len(indices), 1, 1, 1, generator=random) < 0.5).to(device)
        image = torch.where(mirrored, image.flip(3), image)
    return image


def one_hot(data: Dataset, indices: np.ndarray, num_classes: int, device: torch.device) -> Tensor:
    """Labels (N, num_classes) float32 of the images at `indices`."""
    assert data.labels is not None
    return nn.functional.one_hot(torch.from_numpy(data.labels[indices]), num_classes).float().to(device)
