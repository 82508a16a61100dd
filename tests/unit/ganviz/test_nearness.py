import numpy as np
import pytest

from ganviz.errors import GanvizError
from ganviz.jobs import run
from ganviz.metrics.features import open_features
from ganviz.nearness import by_feature, prepare


def pictures(count: int, side: int = 24, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Smooth random pictures, alike enough that a careless search takes one for another."""
    random = np.random.RandomState(seed)
    waves = random.randn(count, 3, channels)
    at = np.arange(side) / side * np.pi
    rows, columns = np.cos(at)[None, :, None, None], np.sin(2 * at)[None, None, :, None]
    smooth = waves[:, None, None, 0] * rows + waves[:, None, None, 1] * columns + waves[:, None, None, 2]
    noise = random.randn(count, side, side, channels)
    return np.clip(128 + 30 * smooth + 8 * noise, 0, 255).astype(np.uint8)


def planted(image: np.ndarray, flip: bool, x: int, y: int) -> np.ndarray:
    """The image mirrored or not, then moved by x, y; what comes in at the edges repeats the border."""
    image = image[:, ::-1] if flip else image
    padded = np.pad(image, ((2, 2), (2, 2), (0, 0)), mode="edge")
    side = image.shape[0]
    return padded[2 - y : 2 - y + side, 2 - x : 2 - x + side]


@pytest.mark.parametrize(("side", "channels"), [(24, 3), (32, 1), (9, 1), (6, 1)])
def test_copies_mirrored_and_moved_ones_are_all_found(make_data, side: int, channels: int) -> None:
    images = pictures(400, side, channels)
    search = run(prepare(make_data(images)))
    random = np.random.RandomState(1)
    most = search.most
    assert most == (2 if side >= 8 else 0)
    chosen = random.permutation(400)[:80]
    ways = [(bool(random.randint(2)), *random.randint(-most, most + 1, 2)) for _ in chosen]
    ways[:3] = [(False, 0, 0), (True, 0, 0), (False, most, -most)]
    plants = np.stack([planted(images[k], *way) for k, way in zip(chosen, ways, strict=True)])
    found = [near[0] for near in search.look_up(plants, 1)]
    assert [near.index for near in found] == chosen.tolist()
    assert max(near.distance for near in found) == 0
    for near, (flip, x, y) in list(zip(found, ways, strict=True))[:3]:
        assert (near.flipped, near.shift) == (flip, (x, y))


def test_the_distance_is_the_least_over_all_places_by_a_plain_search(make_data) -> None:
    images = pictures(12, 24)
    search = run(prepare(make_data(images)))
    query = pictures(1, 24, seed=5)[0]
    found = {near.index: near.distance for near in search.look_up(query[None], 12)[0]}
    start, size = search.start, search.part
    for index, image in enumerate(images):
        middle = image[start : start + size, start : start + size].astype(float)
        least = min(
            np.sqrt(np.mean((turned[start + y : start + y + size, start + x : start + x + size] - middle) ** 2))
            for turned in (query.astype(float), query[:, ::-1].astype(float))
            for x in range(-2, 3)
            for y in range(-2, 3)
        )
        assert found[index] == pytest.approx(least, rel=1e-5)


def test_an_image_that_is_left_out_is_not_found(make_data) -> None:
    images = pictures(30)
    search = run(prepare(make_data(images)))
    rows = np.arange(8)
    assert all(near[0].index == k for k, near in enumerate(search.look_up(images[:8], 1)))
    assert all(near[0].index != k for k, near in enumerate(search.look_up(images[:8], 3, rows)))


def test_features_find_a_mirrored_copy_too(make_data) -> None:
    images = pictures(60)
    data = make_data(images)
    features = run(open_features("patches", data))
    search = run(prepare(data, features))
    near = by_feature(search.look_up(images[7:8, :, ::-1], 4)[0])
    assert (near[0].index, near[0].feature) == (7, pytest.approx(0, abs=1e-2))
    assert near[0].feature < near[1].feature


def test_an_image_is_alike_to_another_the_nearest_by_features_either_way_round(make_data) -> None:
    images = pictures(60)
    data = make_data(images)
    features = run(open_features("patches", data))
    search = run(prepare(data, features))
    found = search.alike(images[[3, 4]], 2, np.array([[3], [4]]))
    vectors = search.vectors.numpy().astype(float)
    ways = [features.look(some)[0].astype(float) for some in (images[[3, 4]], images[[3, 4], :, ::-1])]
    gaps = np.minimum(*(np.linalg.norm(way[:, None] - vectors[None], axis=2) for way in ways))
    gaps[[0, 1], [3, 4]] = np.inf
    assert [near[0].index for near in found] == gaps.argmin(1).tolist()
    assert [near[0].feature for near in found] == pytest.approx(gaps.min(1), rel=1e-3)


def test_too_few_images_are_one_clear_error(make_data) -> None:
    with pytest.raises(GanvizError, match="at least three"):
        run(prepare(make_data(pictures(2))))
