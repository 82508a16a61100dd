"""Axes of charts."""

import pytest

from ganviz.charts import short, ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.61, 1.43, [0.6, 0.8, 1, 1.2, 1.4, 1.6]),
        (0, 700_000, [0, 2e5, 4e5, 6e5, 8e5]),
    ],
)
def test_ticks_are_round_and_reach_around(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


def test_even_a_flat_curve_has_an_axis() -> None:
    assert len(ticks(2, 2)) >= 2


def test_numbers_on_axes_are_short() -> None:
    assert [short(value) for value in (0, 0.25, 1500, 2e6, -1200)] == ["0", "0.25", "1.5k", "2M", "-1.2k"]


def test_an_axis_around_a_single_value_can_be_read():
    found = [short(tick) for tick in ticks(3.00238, 3.00238)]
    assert found == ["3.002", "3.003"]
