"""Thousands of points as one image, and which of them stand for their surroundings. Plain numpy, no Qt."""

import numpy as np


def stamp(places: np.ndarray, colours: np.ndarray, radius: float, width: int, height: int) -> np.ndarray:
    """Discs at places (N, 2) in pixels, colours uint8 (N, 3): premultiplied ARGB uint32 (height, width).

    Edges are smooth against what the image is drawn on: the rims of all discs are set first, then all insides, so
    that crowded discs run into one another rather than outlining each other.
    """
    reach = int(np.ceil(radius)) + 1
    room = 2 * reach  # so that no disc reaches beyond what there is
    padded = np.zeros((height + 2 * room, width + 2 * room), np.uint32)
    whole = np.round(places).astype(np.int64)
    near = ((whole >= -reach) & (whole < (width + reach, height + reach))).all(axis=1)
    shade = colours[near].astype(np.float32)
    flat, stride = padded.reshape(-1), padded.shape[1]
    at = (whole[near, 1] + room) * stride + whole[near, 0] + room
    offsets = [
        (round(min(1.0, radius + 0.5 - float(np.hypot(across, down))), 2), down * stride + across)
        for down in range(-reach, reach + 1)
        for across in range(-reach, reach + 1)
    ]
    levels: dict[float, np.ndarray] = {}
    for cover, offset in sorted(item for item in offsets if item[0] > 0):
        if cover not in levels:
            levels[cover] = _premultiplied(shade, cover)
        flat[at + offset] = levels[cover]
    return np.ascontiguousarray(padded[room : room + height, room : room + width])


def representatives(places: np.ndarray, cell: float) -> tuple[np.ndarray, np.ndarray]:
    """Of points (N, 2), the one nearest to the middle of each cell of a grid that has any, and those middles (M, 2).

    The grid is fixed in the plane, so that the same points stand for their cells wherever one looks.
    """
    cells = np.floor(places / cell).astype(np.int64)
    middles = (cells + 0.5) * cell
    away = np.square(places - middles).sum(axis=1)
    order = np.lexsort((away, cells[:, 1], cells[:, 0]))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(cells[order], axis=0) != 0).any(axis=1)
    chosen = order[first]
    return chosen, middles[chosen]


def _premultiplied(shade: np.ndarray, cover: float) -> np.ndarray:
    alpha = np.uint32(round(cover * 255))
    red, green, blue = (np.round(shade[:, k] * cover).astype(np.uint32) for k in range(3))
    return (alpha << np.uint32(24)) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue
