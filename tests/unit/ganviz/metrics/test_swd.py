import numpy as np
import pytest

from ganviz.metrics.swd import default_levels, laplacian_pyramid, sliced_distance, swd


def smooth_images(count: int, channels: int, seed: int, size: int = 32) -> np.ndarray:
    """Random images with most of their power at low frequencies, as pictures have."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=(count, size, size, channels))
    for axis in (1, 2):
        noise = noise + np.roll(noise, 1, axis) + np.roll(noise, -1, axis)
    return np.clip(128 + 12 * noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colour"])
def test_two_halves_of_a_set_are_close_and_a_mesh_is_far_at_the_finest_level(channels: int) -> None:
    a, b = smooth_images(40, channels, 1), smooth_images(40, channels, 2)
    mesh = 25 * (-1) ** np.indices((32, 32)).sum(axis=0)[None, :, :, None]
    meshed = np.clip(b.astype(int) + mesh, 0, 255).astype(np.uint8)
    near, far = swd(a, b), swd(a, meshed)
    assert set(near) == {32, 16}
    assert far[32] > 3 * near[32]


def test_equal_descriptors_have_distance_zero_whatever_their_order() -> None:
    rows = np.random.default_rng(0).normal(size=(500, 49)).astype(np.float32)
    assert sliced_distance(rows, rows[::-1], np.random.RandomState(0)) < 1e-6


def test_a_shift_along_every_axis_is_measured_as_computed_by_hand() -> None:
    # In one dimension every direction is +1 or -1, so the distance is the shift itself.
    rows = np.random.default_rng(0).normal(size=(500, 1)).astype(np.float32)
    assert sliced_distance(rows, rows + 2, np.random.RandomState(0)) == pytest.approx(2, abs=1e-5)


def test_the_pyramid_adds_up_to_the_image() -> None:
    images = smooth_images(2, 3, 0).astype(np.float32)
    bands = laplacian_pyramid(images, 16)
    from ganviz.metrics.swd import blur

    spread = np.zeros_like(images)
    spread[:, ::2, ::2] = bands[16]
    assert np.allclose(bands[32] + 4 * blur(spread), images, atol=1e-3)


def test_the_figure_is_the_same_each_time() -> None:
    a, b = smooth_images(8, 1, 1), smooth_images(8, 1, 2)
    assert swd(a, b) == swd(a, b)


def test_sets_of_unequal_size_can_be_compared() -> None:
    assert swd(smooth_images(12, 1, 1), smooth_images(7, 1, 2))[32] > 0


def test_levels_go_down_to_16_pixels() -> None:
    assert default_levels(64) == (64, 32, 16) and default_levels(16) == (16,) and default_levels(8) == (8,)


def test_images_of_other_kinds_are_refused() -> None:
    good = smooth_images(2, 3, 0)
    for bad in (good.astype(np.float32), good[0, 0], good[:0], good[:, :, :16]):
        with pytest.raises(ValueError, match="first: expected"):
            swd(bad, good)
    with pytest.raises(ValueError, match="second: expected"):
        swd(good, good[:, :, :, :1])
