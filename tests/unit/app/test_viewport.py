from dataclasses import replace

import pytest

from app.widgets.viewport import KEEP, ZOOMS, Viewport

VIEW = Viewport(width=800, height=600, across=64, down=64, margin=20)


def test_a_fitted_picture_is_centred_and_as_large_as_the_margin_allows():
    assert VIEW.scale == 560 / 64
    assert VIEW.rect == (120, 20, 560, 560)


def test_zooming_keeps_what_is_under_the_cursor():
    x, y = 300, 250
    for zoom in (1, 3, 16, 64):
        view = VIEW.zoomed(zoom, x, y)
        before = ((x - VIEW.rect[0]) / VIEW.scale, (y - VIEW.rect[1]) / VIEW.scale)
        after = ((x - view.rect[0]) / zoom, (y - view.rect[1]) / zoom)
        assert after == pytest.approx(before, abs=0.51 / zoom + 0.001)


def test_steps_go_through_pixel_true_zooms_to_both_ends():
    view, seen = VIEW, []
    for _ in range(20):
        view = view.stepped(1, 400, 300)
        seen.append(view.scale)
    assert seen[:3] == [12, 16, 24] and seen[-1] == ZOOMS[-1]
    for _ in range(30):
        view = view.stepped(-1, 400, 300)
    assert view.scale == ZOOMS[0]
    assert view.stepped(-1, 400, 300) is view


def test_panning_a_fitted_picture_takes_the_nearest_pixel_true_zoom():
    view = VIEW.panned(10, -5)
    assert view.zoom == 8
    assert view.rect[:2] == (400 - 256 + 10, 300 - 256 - 5)


@pytest.mark.parametrize(("dx", "dy"), [(-1e5, 0), (1e5, 0), (0, -1e5), (0, 1e5), (1e5, -1e5)])
def test_some_of_the_picture_always_stays_in_view(dx, dy):
    left, top, width, height = VIEW.zoomed(8, 400, 300).panned(dx, dy).rect
    assert left <= 800 - KEEP and left + width >= KEEP
    assert top <= 600 - KEEP and top + height >= KEEP


def test_a_window_of_another_size_keeps_the_zoom_and_refits_what_is_fitted():
    assert VIEW.resized(400, 300, 20).rect == (70, 20, 260, 260)
    assert VIEW.zoomed(8, 400, 300).resized(400, 300, 20).zoom == 8


def test_a_window_smaller_than_its_margins_still_has_a_picture():
    tiny = replace(VIEW, width=10, height=10)
    assert tiny.scale == 1 / 64 and tiny.rect[2] == 1
