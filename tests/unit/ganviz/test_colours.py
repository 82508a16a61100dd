import numpy as np

from ganviz.colours import COLD, HEAT, heat, signed


def lightness(colours: np.ndarray) -> np.ndarray:
    """CIE L* of sRGB colours (N, 3), 0 to 100."""
    share = colours / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    y = linear @ np.array([0.2126, 0.7152, 0.0722])
    return 116 * np.where(y > 216 / 24389, np.cbrt(y), (24389 / 27 * y + 16) / 116) - 16


def test_both_maps_grow_evenly_lighter_and_a_sign_does_not_change_the_lightness():
    warm, cold = lightness(HEAT), lightness(COLD)
    assert np.abs(np.diff(warm) - warm[-1] / 5).max() < 5 and np.abs(np.diff(cold) - cold[-1] / 5).max() < 5
    assert np.abs(warm - cold).max() < 3


def test_zero_is_black_and_the_ends_are_the_ends():
    values = np.array([[0.0, 1.0, -1.0, 7.0, -7.0]])
    assert signed(values).shape == (1, 5, 3) and signed(values).dtype == np.uint8
    warm, cold = HEAT[-1].tolist(), COLD[-1].tolist()
    assert signed(values)[0].tolist() == [[0, 0, 0], warm, cold, warm, cold]


def test_heat_shows_faint_values_by_their_root():
    ramp = heat(np.array([[0.0, 0.04, 0.16, 1.0]]))[0]
    assert ramp.tolist() == [[0, 0, 0], HEAT[1].tolist(), HEAT[2].tolist(), HEAT[-1].tolist()]
