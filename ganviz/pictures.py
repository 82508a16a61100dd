"""Single pictures of any kind as uint8 arrays of one shape."""

import numpy as np
from PIL import Image, ImageOps


def to_pixels(image: Image.Image | np.ndarray, channels: int) -> tuple[np.ndarray, str]:
    """An image of any mode as uint8 (H, W, channels), and what was done to it ("" for nothing).

    Transparency is laid over white; 16-bit grey keeps its upper byte; the camera's turn (EXIF) is applied.
    """
    if isinstance(image, np.ndarray):
        if image.ndim == 3 and image.shape[2] == channels:
            return image, ""
        image = Image.fromarray(image[:, :, 0] if image.ndim == 3 and image.shape[2] == 1 else image)
    image.load()
    mode = image.mode
    image = ImageOps.exif_transpose(image)
    if mode[0] == "I":
        pixels = np.clip(np.asarray(image, dtype=np.int64) >> 8, 0, 255).astype(np.uint8)
        image = Image.fromarray(pixels)
    elif mode == "F":
        raise ValueError("floating-point pixels have no agreed range")
    elif mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
        mode = "with transparency, laid over white," if mode != "P" else "palette with transparency, over white,"
    wanted = "L" if channels == 1 else "RGB"
    pixels = np.asarray(image.convert(wanted)).reshape(image.height, image.width, channels)
    names = {"L": "grey", "P": "palette", "1": "black and white"}
    done = "" if mode == wanted else f"{names.get(mode, mode)} to {'grey' if channels == 1 else 'RGB'}"
    return pixels, done


def matched(pixels: np.ndarray, height: int, width: int, channels: int) -> np.ndarray:
    """uint8 (H, W, C) at another size (Lanczos) and with another number of channels, 1 or 3; as it is where it fits."""
    if pixels.shape == (height, width, channels):
        return pixels
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    image = image.convert("L" if channels == 1 else "RGB").resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(image).reshape(height, width, channels)


def fit(pixels: np.ndarray, resolution: int) -> np.ndarray:
    """uint8 (H, W, C) to (resolution, resolution, C): central square, area average or Lanczos; 28 px padded to 32."""
    height, width, channels = pixels.shape
    side = min(height, width)
    if side == 0:
        raise ValueError("empty image")
    top, left = (height - side) // 2, (width - side) // 2
    square = pixels[top : top + side, left : left + side]
    if side == 28 and resolution != 28:
        square = np.pad(square, ((2, 2), (2, 2), (0, 0)))
        side = 32
    if side == resolution:
        return square
    if side % resolution == 0:
        k = side // resolution
        blocks = square.reshape(resolution, k, resolution, k, channels).astype(np.uint32)
        return ((blocks.sum(axis=(1, 3)) + k * k // 2) // (k * k)).astype(np.uint8)
    image = Image.fromarray(square[:, :, 0] if channels == 1 else np.ascontiguousarray(square))
    resized = image.resize((resolution, resolution), Image.Resampling.LANCZOS)
    return np.asarray(resized).reshape(resolution, resolution, channels)
