from pathlib import Path

import numpy as np
import platformdirs
import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread_and_an_own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *args, **options: tmp_path / "cache")


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
