import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ganviz.datasets import Dataset
from trainers.batches import one_hot, real_images
from trainers.run import data_order


def own_memory() -> int:
    """Bytes of this process that are not pages of files."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return 1024 * int(fields["RssAnon"].split()[0])


def test_images_come_as_nets_read_them_half_of_them_mirrored() -> None:
    images = np.zeros((64, 4, 4, 1), np.uint8)
    images[:, :, 0] = 255
    data = Dataset(images, np.arange(64) % 2, ("a", "b"), (), "", "", ())
    real = real_images(data, np.arange(64), True, torch.Generator().manual_seed(0), torch.device("cpu"))
    assert real.shape == (64, 1, 4, 4) and real.dtype == torch.float32 and (real.min(), real.max()) == (-1, 1)
    assert 16 < (real[:, 0, 0, 0] == -1).sum() < 48
    assert torch.equal(one_hot(data, np.array([3, 4]), 2, torch.device("cpu")), torch.tensor([[0.0, 1.0], [1.0, 0.0]]))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells pages of files from others")
def test_memory_does_not_grow_with_the_data_set(tmp_path: Path) -> None:
    path = tmp_path / "prepared.npy"
    written = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(2048, 128, 128, 3))  # 100 MB
    del written
    data = Dataset(np.load(path, mmap_mode="r"), None, (), (), "", "", ())
    random, device = torch.Generator(), torch.device("cpu")
    levels = []
    for seen in range(0, 2048, 16):
        real_images(data, data_order(2048, 0, seen, 16), True, random, device)
        levels.append(own_memory())
    assert max(levels) - levels[9] < 20e6
