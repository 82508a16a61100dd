"""Each metric against an independent implementation, by hand, and at its ideal."""

import importlib
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import torch
from scipy.stats import wasserstein_distance
from sklearn.neighbors import NearestNeighbors
from torch import nn

from ganviz.jobs import run
from ganviz.metrics import FIGURES, METRICS, Figure, about, detail, frechet, kernel, modes, path_length, prdc, score
from ganviz.metrics.evidence import Evidence, centred, mean_with_interval
from ganviz.metrics.swd import sliced_distance

NONE = np.zeros((0, 8, 8, 1), np.uint8)


def clouds(count: int = 400, size: int = 16, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.RandomState(seed)
    shape = random.randn(size, size) / 3
    return (
        (random.randn(count, size) @ shape).astype(np.float32),
        (random.randn(count + 50, size) @ shape * 1.2 + 0.3).astype(np.float32),
    )


def evidence(real: np.ndarray, drawn: np.ndarray, **more: Any) -> Evidence:
    return Evidence(real, drawn, NONE, NONE, **more)


class Given(nn.Module):
    """Features for torchmetrics that are what they are given; tells it their number."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.num_features = size

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        # torchmetrics finds the number of features with an image of its own making.
        return rows if rows.ndim == 2 else torch.zeros(len(rows), self.num_features)


def test_every_metric_stands_behind_its_entry() -> None:
    for metric in METRICS.values():
        module, function = metric.entry.split(":")
        assert callable(getattr(importlib.import_module(module), function))
    assert about("swd_32").label == "SWD at 32 px"
    assert about("fid") is FIGURES["fid"]


def test_the_frechet_distance_is_that_of_torchmetrics_and_of_scipy() -> None:
    from torchmetrics.image.fid import FrechetInceptionDistance

    real, drawn = clouds()
    ours = frechet.frechet(frechet.moments(real), frechet.moments(drawn))
    theirs = FrechetInceptionDistance(feature=Given(16)).set_dtype(torch.float64)
    theirs.update(torch.from_numpy(real).double(), real=True)
    theirs.update(torch.from_numpy(drawn).double(), real=False)
    assert ours == pytest.approx(float(theirs.compute()), rel=1e-3)
    covariances = [np.cov(rows.astype(float), rowvar=False) for rows in (real, drawn)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    gap = real.astype(float).mean(0) - drawn.astype(float).mean(0)
    assert ours == pytest.approx(gap @ gap + np.trace(sum(covariances) - 2 * root), rel=1e-6)


def test_the_frechet_distance_of_plain_normal_distributions_is_known() -> None:
    apart = (np.array([3.0, 4.0]), np.diag([4.0, 9.0]))
    assert frechet.frechet((np.zeros(2), np.eye(2)), apart) == pytest.approx(25 + (2 - 1) ** 2 + (3 - 1) ** 2)
    flat = (np.zeros(2), np.diag([1.0, 0.0]))
    assert frechet.frechet(flat, flat) == pytest.approx(0)


@pytest.mark.filterwarnings("ignore:Metric .* will save all extracted features")
def test_the_kernel_distance_is_that_of_torchmetrics() -> None:
    from torchmetrics.image.kid import KernelInceptionDistance

    real, drawn = clouds()
    drawn = drawn[: len(real)]
    theirs = KernelInceptionDistance(feature=Given(16), subsets=1, subset_size=len(real))
    theirs.update(torch.from_numpy(real).double(), real=True)
    theirs.update(torch.from_numpy(drawn).double(), real=False)
    ours = float(kernel.kid(real, drawn)[0])
    assert ours == pytest.approx(float(theirs.compute()[0]), rel=1e-3)


def test_the_kernel_distance_by_hand_and_with_weights() -> None:
    real, drawn = np.array([[0.0], [1.0]]), np.array([[2.0], [1.0], [0.0]])
    # (xy + 1)^3: k(0,1) = 1; among 2, 1, 0: 27, 1, 1; across: 1, 1, 1, 27, 8, 1
    assert kernel.kid(real, drawn)[0] == pytest.approx(1 + (27 + 1 + 1) / 3 - 2 * 39 / 6)
    weights = np.array([[1, 1, 1], [2, 1, 0]])
    again = kernel.kid(real, drawn, weights)
    assert again[0] == pytest.approx(1 + 29 / 3 - 13)
    assert again[1] == pytest.approx(1 + 27 - 2 * (2 * (1 + 27) + 1 + 8) / 6), "2 and 2 are not compared"


def test_precision_and_the_like_are_those_of_a_plain_search() -> None:
    real, drawn = clouds(300)
    found = run(prdc.places(real, drawn))
    radius = {}
    for name, rows in (("real", real), ("drawn", drawn)):
        radius[name] = NearestNeighbors(n_neighbors=6).fit(rows).kneighbors(rows)[0][:, 5]
    gaps = scipy.spatial.distance.cdist(real.astype(float), drawn.astype(float))
    assert found.inside.mean() == pytest.approx((gaps < radius["real"][:, None]).any(0).mean(), rel=1e-3)
    assert found.reached.mean() == pytest.approx((gaps < radius["drawn"]).any(1).mean(), rel=1e-3)
    assert found.balls.mean() == pytest.approx((gaps < radius["real"][:, None]).sum(0).mean() / 5, rel=1e-3)
    assert found.covered.mean() == pytest.approx((gaps.min(1) < radius["real"]).mean(), rel=1e-3)


def test_precision_and_the_like_by_hand() -> None:
    real = np.array([[0.0], [1.0], [2.0], [10.0]])
    drawn = np.array([[0.5], [1.5], [30.0]])
    # Radii to the nearest fellow: 1, 1, 1, 8 and 1, 1, 28.5.
    found = run(prdc.places(real, drawn, nearest=1))
    assert found.inside.tolist() == [1, 1, 0]
    assert found.balls.tolist() == [2, 2, 0]
    assert found.reached.tolist() == [1, 1, 1, 1]
    assert found.covered.tolist() == [1, 1, 1, 0]


@pytest.mark.filterwarnings("ignore:Metric .* will save all extracted features", "ignore:std\\(\\)")
def test_the_score_is_that_of_torchmetrics_and_known_at_its_ends() -> None:
    from torchmetrics.image.inception import InceptionScore

    logits = np.random.RandomState(0).randn(500, 7).astype(np.float32) * 2
    probabilities = torch.softmax(torch.from_numpy(logits), 1).numpy()
    theirs = InceptionScore(feature=Given(7), splits=1)
    theirs.update(torch.from_numpy(logits))
    assert score.score(probabilities, parts=1) == pytest.approx(float(theirs.compute()[0]), rel=1e-3)
    assert score.score(np.tile(np.eye(4), (10, 1)), parts=1) == pytest.approx(4)
    assert score.score(np.full((40, 4), 0.25)) == pytest.approx(1)


def test_figures_are_those_of_torch_fidelity() -> None:
    """Stored figures of torch-fidelity 0.4.0 for these very features."""
    real, drawn = clouds()
    assert frechet.frechet(frechet.moments(real), frechet.moments(drawn)) == pytest.approx(3.03585303613184, rel=1e-3)
    assert kernel.kid(real, drawn[:400])[0] == pytest.approx(0.8384642601013184, rel=1e-3)
    logits = (np.random.RandomState(0).randn(500, 7) * 2).astype(np.float32)
    probabilities = torch.softmax(torch.from_numpy(logits), 1).numpy()
    assert score.score(probabilities, parts=10) == pytest.approx(2.235293460962688, rel=1e-3)
    found = run(prdc.places(real, drawn))
    assert found.inside.mean() == pytest.approx(0.7311111092567444, rel=1e-3)
    assert found.reached.mean() == pytest.approx(0.987500011920929, rel=1e-3)


def test_slices_are_compared_as_scipy_compares_lines() -> None:
    a, b = np.random.RandomState(0).randn(2, 200, 1).astype(np.float32)
    b += 1
    expected = wasserstein_distance(a[:, 0], b[:, 0])
    assert sliced_distance(a, b, np.random.RandomState(0)) == pytest.approx(expected, rel=1e-3)


class Linear(nn.Module):
    """A generator whose pictures are linear in w, and w in z: its path length is known."""

    class spec:
        z_dim, has_mapping, num_classes, codes = 4, True, 0, ()

    def __init__(self) -> None:
        super().__init__()
        random = np.random.RandomState(0)
        self.map = torch.from_numpy(random.randn(4, 5).astype(np.float32))
        self.draw = torch.from_numpy(random.randn(5, 12).astype(np.float32))

    def mapping(self, z: torch.Tensor, label: Any = None, codes: Any = None) -> torch.Tensor:
        return (z.double() @ self.map.double())[:, None]

    def synthesis(self, w: torch.Tensor) -> torch.Tensor:
        return (w[:, 0] @ self.draw.double()).view(-1, 3, 2, 2)


def plain(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a - b).square().flatten(1).sum(1)


def test_the_path_length_of_a_linear_generator_is_known() -> None:
    generator = Linear()
    given = evidence(NONE, NONE, generator=generator, distance=plain)
    for ends in (True, False):
        lengths = run(path_length.path_lengths(given, "w", ends, pairs=40))
        random = np.random.RandomState(0)
        expected = []
        for start in range(0, 40, path_length.BATCH):
            count = min(path_length.BATCH, 40 - start)
            z = random.randn(2, count, 4).astype(np.float32).astype(float)
            if not ends:
                random.rand(count)
            moved = (z[1] - z[0]) @ (generator.map.double() @ generator.draw.double()).numpy()
            expected.append(np.square(moved).sum(1))
        assert lengths == pytest.approx(np.concatenate(expected), rel=1e-3)


def test_the_path_length_is_that_of_torchmetrics(monkeypatch) -> None:
    module = importlib.import_module("torchmetrics.functional.image.perceptual_path_length")
    # It wants torchvision for its own network, which is not used here.
    monkeypatch.setattr(module, "_TORCHVISION_AVAILABLE", True)
    perceptual_path_length = module.perceptual_path_length

    inner = Linear()
    stream = np.random.RandomState(0)
    pairs = [stream.randn(2, 16, 4).astype(np.float32) for _ in range(3)]
    drawn = iter([np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs])])

    class Theirs(nn.Module):
        z_size = 4

        def sample(self, count: int) -> torch.Tensor:
            return torch.from_numpy(next(drawn)).double()

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return inner.synthesis(inner.mapping(z)) * 127.5 + 127.5  # it takes levels and makes them -1 to 1

    class Distance(nn.Module):
        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            return plain(a, b)

    theirs = perceptual_path_length(
        Theirs(),
        num_samples=48,
        batch_size=16,
        interpolation_method="lerp",
        epsilon=1e-4,
        resize=None,
        lower_discard=None,
        upper_discard=None,
        sim_net=Distance(),
    )
    ours = run(path_length.path_lengths(evidence(NONE, NONE, generator=inner, distance=plain), "w", True, pairs=48))
    assert ours.mean() == pytest.approx(float(theirs[0]), rel=1e-3)
    assert path_length.trimmed(np.arange(301.0)).tolist() == list(range(3, 298))


def test_modes_that_are_not_drawn_are_counted() -> None:
    real = np.array([0.25, 0.25, 0.25, 0.25, 0.0])
    assert modes.tell(real, real) == (4, 0.0, 1.0)
    found, missing, even = modes.tell(real, np.array([0.5, 0.49, 0.01, 0.0, 0.0]))
    assert (found, missing) == (2, 0.5)
    assert even == pytest.approx(-(0.5 * np.log(0.5) + 0.49 * np.log(0.49) + 0.01 * np.log(0.01)) / np.log(4))
    eye = np.eye(4)[np.arange(80) % 4]
    given = evidence(NONE, NONE, real_classes=eye, drawn_classes=eye[np.arange(80) // 40])
    figures = run(modes.measure(given))
    assert (figures["modes"].value, figures["missing"].value) == (2, 0.5)
    assert given.notes == ["modes: of 4 classes"]


def test_without_classes_modes_are_clusters() -> None:
    random = np.random.RandomState(0)
    middles = 20 * random.randn(6, 8)
    real = (middles[np.arange(120) % 6] + random.randn(120, 8)).astype(np.float32)
    assert run(modes.measure(evidence(real, real)))["missing"].value == 0
    assert run(modes.measure(evidence(real, real[::6])))["missing"].value > 0.5


@pytest.mark.parametrize("name", ["fid", "kid", "prdc", "is", "modes"])
def test_a_set_beside_itself_is_at_the_ideal(name: str) -> None:
    real, other = clouds(300)
    classes = np.eye(3)[np.arange(300) % 3] * 0.97 + 0.01
    module = importlib.import_module(METRICS[name].entry.split(":")[0])
    figures = run(module.measure(evidence(real, real, real_classes=classes, drawn_classes=classes)))
    apart = run(module.measure(evidence(real, other, real_classes=classes, drawn_classes=classes[:100])))
    for key, figure in figures.items():
        assert figure.low <= figure.value <= figure.high
        ideal = about(key).ideal
        if key == "kid":  # unbiased, so that it is a little below 0 here
            assert -0.2 * apart[key].value < figure.value <= 0
        elif ideal is not None:
            assert figure.value == pytest.approx(ideal, abs=1e-6), key


def noisy(pixels: np.ndarray, amount: float, random: np.random.RandomState) -> np.ndarray:
    return np.clip(pixels + amount * random.randn(*pixels.shape), 0, 255).astype(np.uint8)


def test_swd_of_a_set_beside_itself_is_nought_and_grows_with_noise() -> None:
    random = np.random.RandomState(0)
    pixels = np.cumsum(random.randint(-12, 13, (60, 16, 16, 1)), axis=1).clip(-120, 120) + 128
    pixels = pixels.astype(np.uint8)
    values = []
    for amount in (0, 10, 30):
        given = Evidence(NONE, NONE, pixels, noisy(pixels, amount, random))
        figures = run(detail.measure(given))
        assert set(figures) == {"swd", "swd_16"}
        values.append(figures["swd"].value)
        assert figures["swd"].low <= figures["swd"].value <= figures["swd"].high
    assert values[0] == 0
    assert all(a < b for a, b in pairwise(values))


def test_intervals_hold_what_they_are_of() -> None:
    figure = mean_with_interval(np.random.RandomState(0).randn(1000) + 5)
    assert figure.low < 5 < figure.high
    assert figure.high - figure.low == pytest.approx(2 * 1.96 / np.sqrt(1000), rel=0.2)
    assert centred(1.0, np.array([2.0, 2.5, 3.0]), least=0.9) == Figure(1.0, 0.9, pytest.approx(1.475))
