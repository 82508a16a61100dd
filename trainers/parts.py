"""A step's batch in parts, each drawn, judged and differentiated by itself.

Losses are means over the batch, so the mean of the parts' gradients is the gradient of the whole batch: a step costs
the memory of one part. That holds as far as an image is judged alone. What looks at several at once (batch norm, the
deviation within a minibatch, minibatch discrimination, feature matching, the mean path length) sees one part.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor


class Parts:
    """The equal parts of every step's batch, and a random stream for each.

    The first part's stream runs on from step to step, and a run's state keeps it. Those of the others begin anew at
    each step, from seed, part and step alone: like the order of the data, they need no memory.

    count  how many parts; a step's gradient is the mean of theirs
    """

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self._seed = seed
        self.streams = [torch.Generator().manual_seed(seed) for _ in range(count)]

    def begin(self, step: int) -> None:
        """Call before each step of G, which `step` counts."""
        for number, stream in enumerate(self.streams):
            if number > 0:
                stream.manual_seed(stream_seed(self._seed, number, step))

    def of(self, indices: np.ndarray) -> Iterator[tuple[torch.Generator, np.ndarray]]:
        """Each part's stream and its share of a batch's `indices` (N,), in order."""
        return zip(self.streams, np.split(indices, self.count), strict=True)


def stream_seed(seed: int, number: int, step: int) -> int:
    """A seed of its own for every part of every step."""
    return int(np.random.SeedSequence([seed, number, step]).generate_state(1)[0])


def means(noted: Sequence[Mapping[str, Tensor]]) -> dict[str, float]:
    """The mean over the parts of a step of what each `noted`: single numbers by name, the same names in each."""
    return dict(zip(noted[0], stacked(noted).mean(dim=0).tolist(), strict=True))


def stacked(noted: Sequence[Mapping[str, Tensor]]) -> Tensor:
    """What the parts noted, as float32 (parts, names)."""
    like = next(iter(noted[0].values())).detach().float()
    return torch.stack([torch.stack([value.detach().to(like) for value in part.values()]) for part in noted])
