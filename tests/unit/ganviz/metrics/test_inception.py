"""The Inception network beside figures of torch-fidelity 0.4.0 for the same made-up weights and pictures."""

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ganviz.datasets import open_dataset
from ganviz.errors import GanvizError
from ganviz.jobs import run
from ganviz.metrics import inception
from ganviz.metrics.features import open_features
from ganviz.metrics.inception import Inception


def weights() -> dict[str, torch.Tensor]:
    """Numbers of about the right size, from a stream for each name."""
    with torch.device("meta"):
        shapes = {name: tuple(tensor.shape) for name, tensor in Inception().state_dict().items()}
    found = {}
    for name, shape in shapes.items():
        stream = np.random.RandomState(zlib.crc32(name.encode()))
        if name.endswith("num_batches_tracked"):
            found[name] = torch.tensor(0)
            continue
        if len(shape) > 1:
            array = stream.randn(*shape) * np.sqrt(2 / np.prod(shape[1:]))
        elif name.endswith("bn.weight"):
            array = 1 + 0.1 * stream.randn(*shape)
        elif name.endswith("running_var"):
            array = 1 + 0.2 * stream.rand(*shape)
        else:
            array = 0.1 * stream.randn(*shape)
        found[name] = torch.from_numpy(array.astype(np.float32))
    return found


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    torch.save(weights(), path)
    return path


def test_the_network_is_that_of_fid(file: Path, tmp_path: Path, home: Path) -> None:
    noise = np.random.RandomState(1).randint(0, 256, (2, 3, 48, 48)).astype(np.uint8)
    ramp = (np.add.outer(np.arange(48), np.arange(48)) * 2.6).astype(np.uint8)
    pixels = np.stack([noise[0], np.stack([ramp, ramp.T[::-1], 255 - ramp])]).transpose(0, 2, 3, 1)
    np.savez(tmp_path / "data.npz", images=pixels)
    data = open_dataset(tmp_path / "data.npz", 48, 3)
    features = run(open_features(str(file), data))
    assert (features.kind, features.about) == ("inception", "Inception v3, as FID has it")
    vectors, classes = features.look(pixels)
    assert vectors.shape == (2, 2048)
    chosen = [100, 500, 1000, 2047]
    assert vectors[0, chosen] == pytest.approx([0.074095, 0.090756, 1.343386, 0.354969], rel=1e-3)
    assert vectors[1, chosen] == pytest.approx([0.063414, 0.050661, 1.102351, 0.110228], rel=1e-3)
    assert vectors.mean(1) == pytest.approx([0.21706626, 0.17413458], rel=1e-3)
    logits = np.array([0.30488, -0.3557, -0.23049])
    ratios = np.log(classes[0, [0, 500, 1007]])
    assert ratios - ratios[0] == pytest.approx(logits - logits[0], abs=1e-3)
    assert inception.remembered() == file.resolve(), "auto takes it from now on"
    assert run(open_features("auto", data)).kind == "inception"


def test_other_weights_are_refused(file: Path, tmp_path: Path, make_weights: Callable[..., Path]) -> None:
    for changes, words in (
        ({"fc.weight": torch.zeros(1000, 2048)}, "another Inception"),
        ({"Mixed_5b.branch1x1.bn.bias": None}, "Mixed_5b.branch1x1.bn.bias is missing"),
        ({inception.MARK: None}, "expected weights of the Inception"),
    ):
        with pytest.raises(GanvizError, match=words):
            inception.load(make_weights(**changes))


@pytest.fixture
def make_weights(file: Path, tmp_path: Path) -> Callable[..., Path]:
    def make(**changes: torch.Tensor | None) -> Path:
        kept = {**torch.load(file, weights_only=True), **changes}
        torch.save({name: tensor for name, tensor in kept.items() if tensor is not None}, tmp_path / "other.pth")
        return tmp_path / "other.pth"

    return make


def test_weights_in_an_installed_package_are_found_without_importing_it(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "someweights").mkdir()
    (tmp_path / "someweights" / "__init__.py").write_text("raise SystemExit('this ran')")
    (tmp_path / "someweights" / "inception.pth").write_bytes(b"x")
    (tmp_path / "outside.pth").write_bytes(b"x")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert inception.locate("someweights:inception.pth").name == "inception.pth"
    with pytest.raises(GanvizError, match="no file"):
        inception.locate("someweights:../outside.pth")
