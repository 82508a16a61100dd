"""What several tests of the core begin with."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ganviz.datasets import Dataset, open_dataset


@pytest.fixture
def make_data(tmp_path: Path) -> Callable[[np.ndarray], Dataset]:
    """Opens images uint8 (N, H, W, C) as a data set of their own size."""

    def make(images: np.ndarray) -> Dataset:
        np.savez(tmp_path / "data.npz", images=images)
        return open_dataset(tmp_path / "data.npz", images.shape[1], images.shape[3])

    return make
