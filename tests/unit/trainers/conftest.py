from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An .npz of 24 random 16 px colour images in three classes."""
    random = np.random.default_rng(0)
    path = tmp_path / "tiny.npz"
    images = random.integers(0, 256, (24, 16, 16, 3), dtype=np.uint8)
    np.savez(path, images=images, labels=(np.arange(24) % 3).astype(np.uint8))
    return path


@pytest.fixture
def small() -> list[str]:
    """Options that make a training of a few steps take a moment."""
    return [*"--resolution 16 --z-dim 4 --base-channels 4 --batch 8 --threads 1 --precision float32".split()]
