"""Points as an image, and those that stand for their surroundings."""

import numpy as np

from app.widgets.map_plane import MapPlane, nearest_ahead
from app.widgets.point_cloud import representatives, stamp

RED, BLUE = (255, 0, 0), (0, 0, 255)


def channels(image: np.ndarray) -> np.ndarray:
    """(H, W, 4) in the order alpha, red, green, blue."""
    return np.stack([(image >> shift) & 255 for shift in (24, 16, 8, 0)], axis=-1)


def test_a_disc_is_opaque_inside_and_smooth_at_its_rim() -> None:
    image = channels(stamp(np.array([[10.0, 8.0]]), np.array([RED], np.uint8), 3, 20, 16))
    assert image.shape == (16, 20, 4)
    assert image[8, 10].tolist() == [255, 255, 0, 0]
    assert image[8, 14].tolist() == [0, 0, 0, 0]
    rim = image[6, 12]  # at a distance of 2.83
    assert 0 < rim[0] < 255 and rim[1] == rim[0] and not rim[2:].any()
    assert image.sum() > 0 and (image[..., 1] <= image[..., 0]).all(), "premultiplied"


def test_insides_lie_over_rims_and_no_disc_leaves_the_picture() -> None:
    places = np.array([[5.0, 5.0], [8.0, 5.0], [0.0, 0.0], [-1.0, 19.5], [40.0, 40.0]])
    image = channels(stamp(places, np.array([RED, BLUE, RED, RED, RED], np.uint8), 3, 20, 20))
    assert image[5, 5].tolist() == [255, 255, 0, 0] and image[5, 8].tolist() == [255, 0, 0, 255]
    assert image[0, 0, 1] == 255 and image[19, 0, 1] > 0 and not image[15:, 15:].any()
    assert not stamp(np.zeros((0, 2)), np.zeros((0, 3), np.uint8), 3, 4, 4).any()


def test_the_point_nearest_to_the_middle_stands_for_its_cell() -> None:
    points = np.array([[0.1, 0.1], [0.45, 0.55], [1.9, 0.2], [-0.1, -0.1]])
    chosen, middles = representatives(points, 1.0)
    assert sorted(chosen.tolist()) == [1, 2, 3]
    assert middles[chosen.tolist().index(3)].tolist() == [-0.5, -0.5]
    assert len(representatives(np.zeros((0, 2)), 1.0)[0]) == 0


def test_zooming_keeps_the_place_under_the_mouse_and_dragging_takes_it_along() -> None:
    plane = MapPlane()
    plane.width, plane.height = 400, 300
    under = plane.at(100, 60)
    plane.zoom_by(3, 100, 60)
    assert np.allclose(plane.at(100, 60), under) and plane.zoom == 3
    plane.drag(under, 250, 200)
    assert np.allclose(plane.on_screen(under), (250, 200))
    plane.zoom_by(1e9, 0, 0)
    assert plane.zoom == 400
    plane.fit(np.zeros((0, 2)))
    assert plane.on_screen(np.array([0.0, 1.0]))[1] < plane.on_screen(np.array([0.0, -1.0]))[1], "y runs up"


def test_a_picture_is_found_under_the_mouse_where_its_cell_is() -> None:
    plane = MapPlane()
    plane.width = plane.height = 400
    points = np.array([[0.01, 0.01], [0.6, 0.6], [0.61, 0.6]])
    plane.choose(points)
    assert len(plane.chosen) == 2
    assert plane.cell_at(*plane.place_of(0, points)) == 0
    hidden = ({1, 2} - set(plane.chosen.tolist())).pop()
    assert plane.place_of(hidden, points) == tuple(plane.on_screen(points[hidden]))
    assert plane.cell_at(5, 395) == -1


def test_the_keyboard_goes_to_the_nearest_point_ahead() -> None:
    points = np.array([[1.0, 0.0], [0.3, 0.29], [0.2, 0.5], [-1.0, 0.0]])
    start = np.zeros(2)
    assert nearest_ahead(points, start, np.array([1.0, 0.0])) == 1
    assert nearest_ahead(points, start, np.array([0.0, 1.0])) == 2
    assert nearest_ahead(points, start, np.array([-1.0, 0.0])) == 3
    assert nearest_ahead(points, start, np.array([0.0, -1.0])) == -1
