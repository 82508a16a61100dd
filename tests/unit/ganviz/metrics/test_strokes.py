import numpy as np
import pytest

from ganviz.metrics.strokes import MEASURES, ink, slant, thickness, width


def bar(lean: float = 0.0, pen: float = 3.0, size: int = 32) -> np.ndarray:
    """A bar from top to bottom that goes `lean` pixels to the right for each pixel upwards, with soft edges."""
    y, x = np.indices((size, size))
    middle = (size - 1) / 2
    distance = np.abs(x - middle + lean * (y - middle))
    grey = np.clip(pen / 2 + 0.5 - distance, 0, 1) * (np.abs(y - middle) < 10)
    return np.round(255 * grey).astype(np.uint8)


def test_slant_is_the_lean_of_a_bar_to_the_right() -> None:
    leans = [-0.5, 0.0, 0.3]
    assert slant(np.stack([bar(lean) for lean in leans])) == pytest.approx(leans, abs=0.01)


def test_ink_is_the_area_of_the_strokes() -> None:
    assert ink(bar(pen=3)[None]) == pytest.approx([60], abs=0.5)
    assert ink(np.stack([bar(pen=2), bar(pen=4)])).round() == pytest.approx([40, 80])


def test_width_does_not_see_the_slant() -> None:
    upright, leaning, wide = width(np.stack([bar(), bar(lean=0.5), bar(pen=8)]))
    assert leaning == pytest.approx(upright, abs=0.05)
    assert wide == pytest.approx(8 / np.sqrt(12), abs=0.1) and wide > 2 * upright


def test_thickness_is_that_of_the_pen_whatever_the_length() -> None:
    short = bar(pen=3)
    short[16:] = 0
    thin, thick, half = thickness(np.stack([bar(pen=2), bar(pen=4), short]))
    assert thick > 1.5 * thin and half < thick
    assert thick == pytest.approx(4, rel=0.25)


def test_an_empty_image_has_nothing_of_anything() -> None:
    for measure in MEASURES.values():
        assert measure(np.zeros((2, 16, 16, 1), np.uint8)).tolist() == [0, 0]


def test_colour_is_refused() -> None:
    with pytest.raises(ValueError, match="images: expected grey uint8"):
        ink(np.zeros((2, 16, 16, 3), np.uint8))
