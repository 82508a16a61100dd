"""A step's batch in parts, each drawn, judged and differentiated by itself.

Losses are means over the batch, so the mean of the parts' gradients is the gradient of the whole batch. One process
takes several parts one after the other to spare memory (--accumulate), several processes take theirs at once. That
holds as far as an image is judged alone. What looks at several at once (batch norm, the deviation within a minibatch,
minibatch discrimination, feature matching, the mean path length, consistency of categories) sees one part.
"""

from collections.abc import Iterator

import numpy as np
import torch

from trainers import distributed


class Parts:
    """This process's share of the equal parts of every step's batch, and a random stream for each part.

    Parts are numbered over all processes. The stream of part 0 runs on from step to step, and a run's state keeps it.
    Those of the others begin anew at each step, from seed, part and step alone: like the order of the data, they need
    no memory. So a run in four parts draws the same in one, two or four processes.

    count  how many parts this process takes; its gradient is the mean of theirs
    """

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self._seed = seed
        self._first = distributed.rank() * count
        self._all = distributed.size() * count
        self.streams = [torch.Generator().manual_seed(seed) for _ in range(count)]

    def begin(self, step: int) -> None:
        """Call before each step of G, which `step` counts."""
        for number, stream in enumerate(self.streams, self._first):
            if number > 0:
                stream.manual_seed(stream_seed(self._seed, number, step))

    def of(self, indices: np.ndarray) -> Iterator[tuple[torch.Generator, np.ndarray]]:
        """Each part's stream and its share of the whole batch's `indices` (N,)."""
        shares = np.split(indices, self._all)[self._first : self._first + self.count]
        return zip(self.streams, shares, strict=True)


def stream_seed(seed: int, number: int, step: int) -> int:
    """A seed of its own for every part of every step."""
    return int(np.random.SeedSequence([seed, number, step]).generate_state(1)[0])
