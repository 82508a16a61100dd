"""faces-ffhq-1024 against what the OpenVINO runtime draws of the same networks, and its speed.

Collected only where the model has been fetched: `ganviz models get faces-ffhq-1024`.
"""

import math
import time
from pathlib import Path
from statistics import median

import numpy as np
import platformdirs
import pytest
import torch

from ganviz import checkpoint, latent
from ganviz.models.base import StagedGenerator

pytestmark = pytest.mark.benchmark

DATA = Path(__file__).parents[1] / "data" / "importers" / "faces-ffhq-1024.npz"
"""Of OpenVINO 2026.4 in float32: the mean of w over seeds 0 to 9999, w of three seeds, and of six pictures a piece in
full and the means of squares of 32 x 32 pixels."""
MODEL = platformdirs.user_cache_path("ganviz") / "models" / "faces-ffhq-1024.safetensors"
PIECE = (slice(464, 496), slice(380, 412))


@pytest.fixture(scope="module")
def generator() -> StagedGenerator:
    return checkpoint.load(MODEL)


def decibels(found: np.ndarray, expected: np.ndarray) -> float:
    """Peak signal-to-noise ratio of images in [-1, 1]."""
    return 10 * math.log10(4 / np.mean(np.square(found - expected, dtype=np.float64)))


def test_pictures_are_those_of_the_openvino_runtime(report, generator: StagedGenerator):
    with np.load(DATA, allow_pickle=False) as file:
        expected = dict(file)
    w = generator.mapping(latent.seeds(range(3), 512))
    assert np.abs(w[:, 0].numpy() - expected["w"]).max() < 1e-4
    assert np.abs(generator.w_avg.numpy() - expected["w_avg"]).max() < 1e-4
    worst = math.inf
    for k, (seed, psi) in enumerate(zip(expected["seeds"], expected["psis"], strict=True)):
        w = latent.truncate(generator.mapping(latent.seeds([seed], 512)), generator, float(psi))
        image = generator.synthesis(w)[0].numpy()
        means = image.reshape(3, 32, 32, 32, 32).mean((2, 4))
        piece = image[:, *PIECE]
        worst = min(worst, decibels(means, expected["means"][k]), decibels(piece, expected["crops"][k]))
    report("faces-ffhq-1024 against the OpenVINO runtime, worst picture", worst, "dB", "50 or more")
    assert worst >= 50


def test_one_picture_on_one_thread(report, generator: StagedGenerator):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            w = generator.mapping(latent.seeds([0], 512))
            took = []
            for _ in range(12):
                began = time.perf_counter()
                generator.synthesis(w)
                took.append((time.perf_counter() - began) * 1000)
    finally:
        torch.set_num_threads(threads)
    report("faces-ffhq-1024, one picture on one thread, median", median(took[2:]), "ms")
    report("faces-ffhq-1024, one picture on one thread, least", min(took), "ms")
