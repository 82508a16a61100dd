"""Random numbers by seed, those of numpy's `RandomState`, whose streams stay the same from version to version."""

import threading
from collections.abc import Sequence

import numpy as np


class _Streams(threading.local):
    """One stream for each thread."""

    def __init__(self) -> None:
        self.stream = np.random.RandomState(0)


_streams = _Streams()


def stream_of(seed: int | Sequence[int]) -> np.random.RandomState:
    """`numpy.random.RandomState(seed)`, until this thread asks for the next one.

    One is sown anew each time: to make one takes ten times as long, with Python's lock held, and where the z of 2,000
    seeds are drawn the user interface would wait for it. Seeds run from 0 to 2^32 - 1; ValueError beyond.
    """
    _streams.stream.seed(seed)
    return _streams.stream
