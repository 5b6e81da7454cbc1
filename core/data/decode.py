"""One image file -> one uint8 array, the same way for training and for predicting.

Transparent images are laid on white, EXIF orientation is applied, palette, CMYK, greyscale and
16-bit images are converted, animations give their first frame.
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from core.errors import ImageError
from core.specs.data import Fit

VERSION = 1  # part of every cache key: raise it when an image would decode differently
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"})
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
MAX_PIXELS = 100_000_000
WHITE = (255, 255, 255)

# Pillow's own guard only warns up to twice its limit; `_check_size` refuses instead, before any
# pixel is decoded.
Image.MAX_IMAGE_PIXELS = None

# What Pillow's readers let through when a file is damaged.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    ArithmeticError,
    LookupError,
    TypeError,
    struct.error,
    zlib.error,
)

_TURNS = {  # EXIF orientation -> what brings the image upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Pixels = NDArray[np.uint8]


def decode(
    source: Path | bytes, size: int, *, fit: Fit = "pad", channels: int = 3
) -> tuple[Pixels, tuple[int, int]]:
    """Read an image as [size, size, channels] uint8, with its own (width, height) in pixels.

    Raises ImageError with the reason when the file cannot be read as an image.
    """
    image, original = load(source, at_least=size)
    return to_array(image, size, fit=fit, channels=channels), original


def load(source: Path | bytes, at_least: int | None = None) -> tuple[Image.Image, tuple[int, int]]:
    """An upright RGB or L image, and the (width, height) it has in the file.

    `at_least` lets a JPEG be decoded at a fraction of its size, no smaller than twice that length.
    """
    if isinstance(source, bytes) and not source:
        raise _unreadable("the file is empty (0 bytes)")
    try:
        opened: Path | io.BytesIO = io.BytesIO(source) if isinstance(source, bytes) else source
        with Image.open(opened, formats=FORMATS) as image:
            width, height = image.size
            _check_size(width, height)
            if at_least is not None:
                image.draft(None, (2 * at_least, 2 * at_least))
            flat, orientation = flatten(image), _orientation(image)
            if orientation >= 5:  # it lies on its side
                width, height = height, width
            turn = _TURNS.get(orientation)
            return flat if turn is None else flat.transpose(turn), (width, height)
    except UnidentifiedImageError as error:
        if isinstance(source, Path) and source.stat().st_size == 0:
            raise _unreadable("the file is empty (0 bytes)") from error
        raise _unreadable("the content is not an image of these kinds") from error
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's, not Pillow's
            raise _unreadable(f"the file cannot be opened: {error.strerror}") from error
        reason = str(error) or type(error).__name__
        raise _unreadable(f"the file is damaged or cut short: {reason}") from error


def flatten(image: Image.Image) -> Image.Image:
    """The image in mode RGB or L: transparency on white, 16 bits to 8, palettes resolved."""
    if image.mode in ("RGB", "L") and "transparency" not in image.info:
        return image.copy()
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        values = np.asarray(image, dtype=np.float64)
        if image.mode.startswith("I;16") or values.max(initial=0.0) > 255:
            values = values / 257.0  # 65,535 becomes 255
        return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        above = image.convert("RGBA")
        ground = Image.new("RGBA", above.size, (*WHITE, 255))
        return Image.alpha_composite(ground, above).convert("RGB")
    return image.convert("L" if image.mode == "1" else "RGB")


def to_array(image: Image.Image, size: int, *, fit: Fit, channels: int) -> Pixels:
    """Bring an RGB or L image to [size, size, channels] uint8."""
    image = image.convert("RGB" if channels == 3 else "L")
    ground = WHITE if channels == 3 else WHITE[0]
    method = Image.Resampling.BILINEAR
    if image.size == (size, size):
        fitted = image
    elif fit == "stretch":
        fitted = image.resize((size, size), method, reducing_gap=3.0)
    elif fit == "crop":
        fitted = ImageOps.fit(image, (size, size), method)
    else:
        scale = size / max(image.size)
        width, height = (max(1, round(length * scale)) for length in image.size)
        small = image.resize((width, height), method, reducing_gap=3.0)
        fitted = Image.new(image.mode, (size, size), ground)
        fitted.paste(small, ((size - width) // 2, (size - height) // 2))
    return np.asarray(fitted, dtype=np.uint8).reshape(size, size, channels)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or, as in image viewers, a damaged one."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except _DAMAGE:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise _unreadable(f"it has {width:,} x {height:,} pixels")
    if width * height > MAX_PIXELS:
        raise _unreadable(
            f"it has {width:,} x {height:,} pixels; the limit is {MAX_PIXELS // 10**6} megapixels"
        )


def _unreadable(reason: str) -> ImageError:
    return ImageError(
        "This image cannot be read",
        expected="a whole PNG, JPEG, WebP, BMP or GIF image",
        received=reason,
        remedy="Replace the file or leave it out",
    )
