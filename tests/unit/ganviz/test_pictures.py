import numpy as np
import pytest
from PIL import Image

from ganviz.pictures import fit, to_pixels


def random_pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_a_whole_number_reduction_is_an_area_average() -> None:
    pixels = random_pixels(12, 12, 3)
    blocks = pixels.reshape(4, 3, 4, 3, 3).astype(float).mean(axis=(1, 3))
    assert np.abs(fit(pixels, 4) - blocks).max() <= 0.5


def test_a_wide_image_is_cropped_to_its_central_square() -> None:
    pixels = random_pixels(8, 14, 1)
    assert np.array_equal(fit(pixels, 8), pixels[:, 3:11])


def test_28_pixels_are_padded_to_32_and_not_resized() -> None:
    pixels = random_pixels(28, 28, 1)
    padded = fit(pixels, 32)
    assert np.array_equal(padded[2:30, 2:30], pixels) and not padded[:2].any()


@pytest.mark.parametrize("size", [10, 16, 20, 30], ids=str)
def test_any_size_comes_to_the_resolution(size: int) -> None:
    assert fit(random_pixels(size, size, 3), 16).shape == (16, 16, 3)


def test_sixteen_bit_grey_keeps_its_upper_byte() -> None:
    image = Image.fromarray(np.full((4, 4), 0x80FF, dtype=np.uint16))
    pixels, _ = to_pixels(image, 1)
    assert (pixels == 0x80).all()


def test_transparency_is_laid_over_white() -> None:
    pixels, done = to_pixels(Image.new("RGBA", (2, 2), (0, 0, 0, 0)), 3)
    assert (pixels == 255).all() and "over white" in done
