"""What a snapshot's card says of its training."""

from typing import Any

import numpy as np
import torch
from torch import nn

from ganviz.datasets import Dataset
from ganviz.spec import Card
from trainers.batches import one_hot, real_images
from trainers.configs import Training
from trainers.run import Run


def training_facts(
    config: Training,
    G: nn.Module,
    D: nn.Module,
    data: Dataset,
    chosen: np.ndarray,
    apart: np.ndarray,
    seconds: float,
    num_classes: int = 0,
    resolution: int = 0,
) -> dict[str, Any]:
    """Figures that every trainer has; `resolution` is what growing nets have come to."""
    facts: dict[str, Any] = {
        "preset": config.preset,
        "objective": config.objective,
        "parameters": sum(p.numel() for p in G.parameters()),
        "training images": len(chosen),
        "minutes": round(seconds / 60, 1),
    }
    if len(apart):
        for name, indices in (("held-out", apart), ("training", chosen[: len(apart)])):
            score = mean_score(D, data, indices, num_classes, resolution)
            facts[f"discriminator score, {name}"] = round(score, 3)
    return facts


@torch.no_grad()
def mean_score(D: nn.Module, data: Dataset, indices: np.ndarray, num_classes: int, resolution: int = 0) -> float:
    """D's mean score of real images as they are; a gap between held-out and training images is overfitting.

    With `resolution` the images are first brought to that size.
    """
    device = next(D.parameters()).device
    D.eval()
    scores = []
    for start in range(0, len(indices), 128):
        part = indices[start : start + 128]
        image = real_images(data, part, False, torch.Generator(), device)
        if resolution:
            image = nn.functional.avg_pool2d(image, image.shape[2] // resolution)
        scores.append(D(image, one_hot(data, part, num_classes, device) if num_classes else None))
    D.train()
    return torch.cat(scores).mean().item()


def make_card(config: Training, data: Dataset, run: Run, seen: int, facts: dict[str, Any]) -> Card:
    return Card(
        name=config.name or run.folder.resolve().name,
        title=config.title,
        licence=config.licence,
        description=config.description,
        psi=config.psi,
        class_names=data.class_names if getattr(config, "conditional", False) else (),
        data=data.name,
        command=run.command,
        images_seen=seen,
        facts=facts,
    )
