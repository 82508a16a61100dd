"""Perceptual path length (Karras et al. 2018, section 4.1): how much pictures change for a step in the latent space.

E[d(G(path(t)), G(path(t + e))) / e^2] over pairs of latents, d a squared perceptual distance, e = 1e-4; along spheres
in z, along straight lines in w. "Full" takes t evenly from 0 to 1, "ends" t = 0. As there, the highest and lowest
hundredth are left out. Papers measure d with a VGG network; here it is measured with the features that all else is
measured with, so that numbers compare between models of the same data and not with papers'.
"""

from typing import Literal

import numpy as np
import torch

from ganviz.jobs import Job, Progress
from ganviz.latent import slerp
from ganviz.metrics import Figure
from ganviz.metrics.evidence import Evidence, mean_with_interval

STEP = 1e-4
PAIRS = 1000
BATCH = 16
LEFT_OUT = 1.0
"""Percent of the paths at either end of the order."""


def path_lengths(
    evidence: Evidence, space: Literal["z", "w"], ends: bool, pairs: int = PAIRS, step: float = STEP, seed: int = 0
) -> Job[np.ndarray]:
    """Job that measures `pairs` paths: d / step^2 of each, (pairs,)."""
    generator, distance = evidence.generator, evidence.distance
    assert generator is not None and distance is not None
    random = np.random.RandomState(seed)
    found: list[np.ndarray] = []
    for start in range(0, pairs, BATCH):
        count = min(BATCH, pairs - start)
        z = torch.from_numpy(random.randn(2, count, generator.spec.z_dim).astype(np.float32))
        t = torch.zeros(count) if ends else torch.from_numpy(random.rand(count).astype(np.float32))
        with torch.inference_mode():
            label, codes = _conditions(evidence, start, count)
            if space == "z":
                near, far = (
                    torch.cat([slerp(a[None], b[None], at) for a, b, at in zip(*z, times.tolist(), strict=True)])
                    for times in (t.double(), t.double() + step)
                )
                w, w_next = (generator.mapping(part, label, codes) for part in (near, far))
            else:
                a, b = (generator.mapping(part, label, codes) for part in z)
                at = t.to(a.device)[:, None, None]
                w = a + (b - a) * at
                w_next = a + (b - a) * (at + step)
            images = generator.synthesis(torch.cat([w, w_next]))
            found.append((distance(images[:count], images[count:]).double() / step**2).cpu().numpy())
        yield Progress(start + count, pairs, f"ppl in {space}")
    return np.concatenate(found)


def _conditions(evidence: Evidence, start: int, count: int) -> tuple[torch.Tensor | None, dict[str, torch.Tensor]]:
    """Those of the drawn pictures, in turn; both ends of a path share them."""
    label, codes = evidence.conditions
    rows = torch.arange(start, start + count)
    return (
        None if label is None else label[rows % len(label)],
        {name: value[rows % len(value)] for name, value in codes.items()},
    )


def trimmed(lengths: np.ndarray) -> np.ndarray:
    """Without the lowest and the highest hundredth, (pairs,) to fewer."""
    low = np.percentile(lengths, LEFT_OUT, method="lower")
    high = np.percentile(lengths, 100 - LEFT_OUT, method="higher")
    return lengths[(lengths >= low) & (lengths <= high)]


def measure(evidence: Evidence) -> Job[dict[str, Figure]]:
    """`ppl` and `ppl_end` in w, with `ppl_z` and `ppl_z_end`; without a mapping network the first two are in z.

    Interval: bootstrap of the paths.
    """
    if evidence.generator is None or evidence.distance is None:
        evidence.notes.append("ppl: needs the network itself; not measured")
        return {}
    own: Literal["z", "w"] = "w" if evidence.generator.spec.has_mapping else "z"
    ways: list[tuple[str, Literal["z", "w"], bool]] = [("ppl", own, False), ("ppl_end", own, True)]
    if own == "w":
        ways += [("ppl_z", "z", False), ("ppl_z_end", "z", True)]
    found = {}
    for name, space, ends in ways:
        found[name] = mean_with_interval(trimmed((yield from path_lengths(evidence, space, ends, PAIRS))))
    return found
