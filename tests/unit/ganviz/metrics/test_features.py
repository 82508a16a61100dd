from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from ganviz.datasets import Dataset, open_dataset
from ganviz.errors import GanvizError
from ganviz.jobs import run
from ganviz.metrics import features as module
from ganviz.metrics.features import features_of, open_features
from ganviz.metrics.frechet import frechet, moments


@pytest.fixture
def make_data(tmp_path: Path) -> Callable[..., Dataset]:
    def make(count: int = 600, side: int = 16, channels: int = 1, labelled: bool = True) -> Dataset:
        """Bars, lying or standing by label, at random places, over soft noise."""
        random = np.random.RandomState(0)
        labels = np.arange(count) % 2
        images = 60 + 20 * random.rand(count, side, side, channels)
        for k, place in enumerate(random.randint(2, side - 4, count)):
            bar = (slice(place, place + 2), slice(2, -2)) if labels[k] else (slice(2, -2), slice(place, place + 2))
            images[k][bar] = 210
        np.savez(tmp_path / "bars.npz", images=images.astype(np.uint8), **({"labels": labels} if labelled else {}))
        return open_dataset(tmp_path / "bars.npz", side, channels)

    return make


def test_auto_takes_what_the_data_allow(make_data) -> None:
    assert module._best_kind(make_data()) == "classifier"
    assert module._best_kind(make_data(labelled=False)) == "autoencoder"
    assert module._best_kind(make_data(100)) == "patches"


@pytest.mark.parametrize("kind", ["classifier", "autoencoder"])
def test_a_small_net_learns_the_data_and_is_kept_by_their_hash(make_data, kind: str, monkeypatch) -> None:
    data = make_data()
    state = torch.random.get_rng_state()
    features = run(open_features(kind, data, steps=60))
    assert torch.equal(state, torch.random.get_rng_state()), "torch's own random state is left alone"
    assert kind in features.about
    share = float(features.about.split("%")[0].split()[-1]) / 100
    assert share > (0.9 if kind == "classifier" else 0.2)
    vectors, classes = features.look(data.images[:40])
    assert vectors.dtype == np.float32
    if kind == "classifier":
        assert (classes.argmax(1) == data.labels[:40]).mean() > 0.9
    monkeypatch.setattr(module, "train", None)
    again = run(open_features(kind, data, steps=60))
    assert np.array_equal(again.look(data.images[:40])[0], vectors)
    assert again.digest == features.digest


def test_a_damaged_net_in_the_cache_is_made_again(make_data, home: Path) -> None:
    data = make_data()
    first = run(open_features("autoencoder", data, steps=3))
    (path,) = (home / "cache" / "features").glob("autoencoder*")
    path.write_bytes(path.read_bytes()[:-5])
    again = run(open_features("autoencoder", data, steps=3))
    assert np.array_equal(first.look(data.images[:3])[0], again.look(data.images[:3])[0])


def test_features_of_the_data_are_kept(make_data, monkeypatch) -> None:
    data = make_data(100)
    features = run(open_features("patches", data))
    vectors, classes = run(features_of(features, data))
    assert classes is None
    assert vectors.mean(0) == pytest.approx(0, abs=1e-4)
    part, _ = run(features_of(features, data, [5, 50]))
    assert part == pytest.approx(vectors[[5, 50]], abs=1e-4)
    monkeypatch.setattr(module.Features, "look", None)
    assert np.array_equal(run(features_of(features, data))[0], vectors)


def blurred(pixels: np.ndarray, times: int) -> np.ndarray:
    soft = pixels.astype(float)
    for _ in range(times):
        soft = (2 * soft + np.roll(soft, 1, 1) + np.roll(soft, 1, 2)) / 4
    return soft.astype(np.uint8)


@pytest.mark.parametrize("kind", ["patches", "autoencoder", "classifier"])
def test_the_distance_of_two_halves_is_near_nought_and_grows_with_noise_blur_and_collapse(make_data, kind: str) -> None:
    data = make_data(800)
    features = run(open_features(kind, data, steps=40))
    first, second = np.asarray(data.images[:400]), np.asarray(data.images[400:])
    real = moments(features.look(first)[0])
    random = np.random.RandomState(0)
    noise = random.randn(*second.shape)

    def distance(pixels: np.ndarray) -> float:
        return frechet(real, moments(features.look(pixels)[0]))

    base = distance(second)
    worse = {
        "noise": [np.clip(second + level * noise, 0, 255).astype(np.uint8) for level in (8, 24)],
        "blur": [blurred(second, times) for times in (1, 3)],
        "collapse": [second[np.arange(400) % kept] for kept in (60, 8)],
    }
    for what, sets in worse.items():
        values = [base, *map(distance, sets)]
        assert all(a < b for a, b in pairwise(values)), (what, values)
    assert base < 0.25 * distance(worse["noise"][1])


def test_the_perceptual_distance_is_nought_only_for_equal_pictures(make_data) -> None:
    data = make_data(100)
    features = run(open_features("patches", data))
    a = torch.rand(3, 1, 16, 16) * 2 - 1
    assert features.distance(a, a).tolist() == [0, 0, 0]
    near, far = features.distance(a, a + 0.01), features.distance(a, a.flip(3))
    assert (near < far).all()


def test_what_cannot_be_had_is_one_clear_error(make_data, tmp_path: Path) -> None:
    data = make_data(100, labelled=False)
    for which, words in (
        ("classifier", "labelled"),
        ("inception", "--features"),
        ("nothing.pth", "no such file"),
        ("no_such_package:a.pth", "not installed"),
        ("ganviz:missing.pth", "no file missing.pth"),
        ("ganviz:../README.md", "no file"),
        (str(tmp_path / "bars.npz"), "Inception"),
    ):
        with pytest.raises(GanvizError, match=words):
            run(open_features(which, data))
