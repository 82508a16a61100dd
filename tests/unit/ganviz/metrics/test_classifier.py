import numpy as np
import pytest
import torch

from ganviz.metrics.classifier import classify, shifted, train_classifier


def crosses_and_rings(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Noisy crosses (class 0) and rings (class 1), 16 px, at places that differ."""
    random = np.random.default_rng(0)
    labels = np.arange(count) % 2
    middle = random.uniform(6, 9, (count, 2, 1, 1))
    y, x = np.indices((16, 16))
    dy, dx = np.abs(y - middle[:, 0]), np.abs(x - middle[:, 1])
    cross = (np.minimum(dx, dy) < 1) & (np.maximum(dx, dy) < 5)
    ring = np.abs(np.hypot(dx, dy) - 4) < 1
    shape = np.where(labels[:, None, None] == 1, ring, cross)
    grey = 200 * shape + random.integers(0, 50, shape.shape)
    return grey[..., None].astype(np.uint8), labels


def test_what_can_be_told_apart_is_learnt_and_the_last_tenth_is_tested_on() -> None:
    images, labels = crosses_and_rings(300)
    net, accuracy = train_classifier(images, labels, 2, epochs=3)
    assert accuracy >= 0.95
    assert not net.training and (classify(net, images) == labels).mean() > 0.95


def test_the_same_seed_gives_the_same_net_and_leaves_random_numbers_alone() -> None:
    images, labels = crosses_and_rings(40)
    before = torch.random.get_rng_state()
    a, b = (train_classifier(images, labels, 2, epochs=1)[0] for _ in range(2))
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_images_are_moved_by_a_few_pixels_at_most() -> None:
    image = torch.zeros(50, 1, 9, 9)
    image[:, :, 4, 4] = 1
    places = shifted(image, 2, np.random.RandomState(0)).flatten(1).argmax(1)
    rows, columns = places // 9 - 4, places % 9 - 4
    assert set(rows.tolist()) == set(columns.tolist()) == {-2, -1, 0, 1, 2}
    assert torch.equal(shifted(image, 0, np.random.RandomState(0)), image)


def test_too_few_images_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 20"):
        train_classifier(np.zeros((5, 16, 16, 1), np.uint8), np.zeros(5, int), 2)
