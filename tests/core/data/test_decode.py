"""Tests of decoding: every format and mode, and every way a file can be broken."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.data import decode
from core.data.decode import Fit
from core.errors import ImageError

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """An image as the bytes of a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pixels(content: bytes, size: int = 8, fit: Fit = "pad", channels: int = 3) -> np.ndarray:
    """The decoded array alone."""
    return decode.decode(content, size, fit=fit, channels=channels)[0]


def corners(size: int = 16) -> Image.Image:
    """Red, green, blue and white quarters, so that every turn shows."""
    image = Image.new("RGB", (size, size), RED)
    image.paste(GREEN, (size // 2, 0, size, size // 2))
    image.paste(BLUE, (0, size // 2, size // 2, size))
    image.paste(WHITE, (size // 2, size // 2, size, size))
    return image


def refusal(content: bytes | Path) -> str:
    """The reason with which an image is refused; every part of the message is filled in."""
    with pytest.raises(ImageError) as caught:
        decode.decode(content, 8)
    error = caught.value
    assert error.what
    assert error.expected
    assert error.remedy
    return error.received


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("GIF", {}),
        ("WEBP", {"lossless": True}),
        ("JPEG", {"quality": 100, "subsampling": 0}),
    ],
)
def test_formats(kind: str, options: dict[str, Any]) -> None:
    """PNG, BMP, GIF, WebP and JPEG all give the picture that was saved."""
    found = pixels(encoded(corners(), kind, **options), 16)
    assert np.abs(found.astype(int) - np.asarray(corners()).astype(int)).max() <= 4


def test_other_formats_are_refused() -> None:
    """A TIFF is refused, though Pillow could read it."""
    assert "not an image of these kinds" in refusal(encoded(corners(), "TIFF"))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_first_frame_of_an_animation(kind: str) -> None:
    """An animation gives its first frame."""
    frames = [Image.new("RGB", (8, 8), color) for color in (RED, GREEN, BLUE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert (pixels(content) == RED).all()


def test_transparency_is_laid_on_white() -> None:
    """An RGBA pixel is mixed with white by its opacity."""
    image = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 4, 8))
    image.putpixel((7, 7), (0, 0, 0, 51))  # a fifth of black
    found = pixels(encoded(image, "PNG"))
    assert found[0, 0].tolist() == list(RED)
    assert found[0, 7].tolist() == list(WHITE)
    assert found[7, 7].tolist() == [204, 204, 204]


def test_grey_with_transparency() -> None:
    """A transparent pixel of a grey image with an alpha channel becomes white."""
    image = Image.new("LA", (8, 8), (0, 0))
    image.paste((90, 255), (0, 0, 4, 8))
    found = pixels(encoded(image, "PNG"), channels=1)
    assert (found[0, 0, 0], found[0, 7, 0]) == (90, 255)


def test_palette_with_transparency() -> None:
    """The transparent colour of a palette becomes white, the others keep their colour."""
    image = Image.new("P", (8, 8), 0)
    image.putpalette([*RED, *GREEN] + [0] * 3 * 254)
    image.paste(1, (4, 0, 8, 8))
    for kind in ("PNG", "GIF"):
        found = pixels(encoded(image, kind, transparency=0))
        assert found[0, 0].tolist() == list(WHITE)
        assert found[0, 7].tolist() == list(GREEN)


@pytest.mark.parametrize(
    ("mode", "hidden", "shown"), [("RGB", RED, GREEN), ("L", 7, 90), ("1", 0, 255)]
)
def test_one_transparent_colour(mode: str, hidden: Any, shown: Any) -> None:
    """The one colour that a PNG without alpha channel declares transparent becomes white."""
    image = Image.new(mode, (8, 8), hidden)
    image.paste(shown, (4, 0, 8, 8))
    found = pixels(encoded(image, "PNG", transparency=hidden))
    assert found[0, 0].tolist() == list(WHITE)
    assert found[0, 7].tolist() == list(shown if mode == "RGB" else (shown,) * 3)


def test_palette_without_transparency() -> None:
    """A palette is resolved to its colours."""
    content = encoded(corners().quantize(4), "PNG")
    assert (pixels(content, 16) == np.asarray(corners())).all()


def test_cmyk_jpeg() -> None:
    """A CMYK JPEG comes out in its RGB colours, not inverted."""
    content = encoded(Image.new("RGB", (16, 16), (250, 20, 20)).convert("CMYK"), "JPEG")
    red, green, blue = pixels(content)[4, 4].tolist()
    assert red > 200
    assert max(green, blue) < 60


def test_black_and_white() -> None:
    """A 1-bit image gives 0 and 255."""
    image = Image.new("1", (8, 8), 0)
    image.paste(1, (4, 0, 8, 8))
    assert np.unique(pixels(encoded(image, "PNG"), channels=1)).tolist() == [0, 255]


@given(st.lists(st.integers(0, 65535), min_size=16, max_size=16))
@settings(deadline=None, max_examples=30)
def test_sixteen_bits(values: list[int]) -> None:
    """16-bit grey v becomes v / 257 rounded, so that 65,535 is 255."""
    image = Image.fromarray(np.array(values, np.uint16).reshape(4, 4))
    found = pixels(encoded(image, "PNG"), 4, channels=1)
    assert found.ravel().tolist() == [round(value / 257) for value in values]


def test_dark_sixteen_bits_stay_dark() -> None:
    """A 16-bit image whose values are all below 256 is nearly black, as it is in a viewer."""
    content = encoded(Image.fromarray(np.full((4, 4), 200, np.uint16)), "PNG")
    assert pixels(content, 4).max() <= 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(kind: str, orientation: int) -> None:
    """An image saved lying or mirrored is brought upright, for each of EXIF's 8 orientations."""
    upright = corners(32).resize((32, 16))
    undo = {  # what the camera did to the picture: the inverse of what brings it upright
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    found, size = decode.decode(encoded(stored, kind, exif=exif), 32, fit="stretch")
    assert size == (32, 16)
    places = [(4, 4), (4, 27), (27, 4), (27, 27)]
    for (row, column), color in zip(places, (RED, GREEN, BLUE, WHITE), strict=True):
        assert np.abs(found[row, column].astype(int) - color).max() < 60


def test_sixteen_bits_lying_on_their_side() -> None:
    """Orientation is applied to 16-bit images too."""
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.fromarray(np.arange(32, dtype=np.uint16).reshape(4, 8) * 2000)
    _, size = decode.decode(encoded(image, "PNG", exif=exif), 8)
    assert size == (4, 8)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_damaged_exif_is_no_reason_to_refuse() -> None:
    """An image whose EXIF block is rubbish is read upright, as image viewers do."""
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = encoded(corners(), "JPEG", exif=exif)
    for broken in (
        whole.replace(b"Exif\0\0MM\0*", b"Exif\0\0ZZ\1*").replace(b"Exif\0\0II*", b"Exif\0\0ZZ*"),
        whole.replace(b"\x01\x12\x00\x03", b"\x01\x12\x00\x02"),  # the number declared as text
    ):
        assert broken != whole
        assert pixels(broken, 16)[3, 3, 0] > 200


def test_pad_keeps_the_aspect() -> None:
    """Pad keeps the whole image, centred on white."""
    found = pixels(encoded(Image.new("RGB", (16, 8), RED), "PNG"), 8)
    assert (found[2:6] == RED).all()
    assert (found[:2] == WHITE).all()
    assert (found[6:] == WHITE).all()


def test_crop_keeps_the_middle() -> None:
    """Crop keeps the aspect and cuts the longer sides equally."""
    image = Image.new("RGB", (24, 8), RED)
    image.paste(GREEN, (8, 0, 16, 8))
    assert (pixels(encoded(image, "PNG"), 8, "crop") == GREEN).all()


def test_stretch_shows_everything() -> None:
    """Stretch fills the square with the whole image."""
    image = Image.new("RGB", (16, 4), RED)
    image.paste(GREEN, (8, 0, 16, 4))
    found = pixels(encoded(image, "PNG"), 8, "stretch")
    assert (found[:, :3] == RED).all()
    assert (found[:, 5:] == GREEN).all()


@given(
    width=st.integers(1, 300),
    height=st.integers(1, 300),
    size=st.integers(1, 64),
    fit=st.sampled_from(["pad", "crop", "stretch"]),
    channels=st.sampled_from([1, 3]),
    mode=st.sampled_from(["RGB", "L", "RGBA", "1", "P", "LA"]),
)
@settings(deadline=None, max_examples=60)
def test_any_size_gives_the_size_asked_for(
    width: int, height: int, size: int, fit: Fit, channels: int, mode: str
) -> None:
    """Whatever an image's size and mode, the array is [size, size, channels] uint8."""
    found, original = decode.decode(
        encoded(Image.new(mode, (width, height)), "PNG"), size, fit=fit, channels=channels
    )
    assert (found.shape, found.dtype) == ((size, size, channels), np.uint8)
    assert original == (width, height)


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("shape", [(1, 20_000), (20_000, 1)])
def test_endless_strip(shape: tuple[int, int], fit: Fit) -> None:
    """An image of one pixel's width and 20,000 pixels' height decodes like any other."""
    assert (pixels(encoded(Image.new("L", shape), "PNG"), 16, fit)).shape == (16, 16, 3)


def test_grey_channel() -> None:
    """With one channel, colour becomes brightness by the usual weights."""
    found = pixels(encoded(Image.new("RGB", (8, 8), GREEN), "PNG"), channels=1)
    assert found.shape == (8, 8, 1)
    assert (found == 150).all()  # ITU-R 601: 0.587 of 255


def test_large_jpeg_keeps_its_own_size() -> None:
    """A JPEG decoded at a fraction of its size still tells the size it has in the file."""
    found, size = decode.decode(encoded(corners().resize((1024, 512)), "JPEG"), 16)
    assert size == (1024, 512)
    assert (found[0] == WHITE).all()  # padded: still two to one
    assert np.abs(found[5, 2].astype(int) - RED).max() < 10


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_path_and_bytes_agree(kind: str, tmp_path: Path) -> None:
    """A file gives the same pixels from its path as from its bytes, every time."""
    path = tmp_path / f"image.{kind.lower()}"
    path.write_bytes(encoded(corners(200), kind))
    first, size = decode.decode(path, 24)
    again, again_size = decode.decode(path.read_bytes(), 24)
    assert size == again_size == (200, 200)
    assert first.tobytes() == again.tobytes() == decode.decode(path, 24)[0].tobytes()


def test_empty_file(tmp_path: Path) -> None:
    """A 0-byte file is refused as empty, from its path and from its bytes."""
    path = tmp_path / "empty.jpg"
    path.touch()
    assert refusal(path) == refusal(b"") == "the file is empty (0 bytes)"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_truncated_file(kind: str, share: float) -> None:
    """Half an image is refused as damaged, not read as half a picture."""
    noise = Image.effect_noise((64, 64), 80).convert("RGB")
    content = encoded(noise, kind)
    assert "damaged or cut short" in refusal(content[: int(len(content) * share)])


def test_text_named_jpg(tmp_path: Path) -> None:
    """A text file named .jpg is refused as no image."""
    path = tmp_path / "letter.jpg"
    path.write_text("Dear reader, this is not a picture.\n" * 20)
    assert "not an image of these kinds" in refusal(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    """A path that cannot be opened is refused with the system's reason."""
    assert "No such file" in refusal(tmp_path / "gone.png")
    assert "directory" in refusal(tmp_path)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP"])
def test_far_too_large(kind: str) -> None:
    """A 30,000 x 30,000 image is refused by its header, with its size and the limit."""
    content = bytearray(encoded(Image.new("P", (10, 10)), kind))
    place, code = {"PNG": (16, ">4"), "GIF": (6, "<2"), "BMP": (18, "<4")}[kind]
    order, length = ("big" if code[0] == ">" else "little"), int(code[1])
    content[place : place + 2 * length] = (30_000).to_bytes(length, order) * 2  # type: ignore[arg-type]
    if kind == "PNG":  # its header carries a checksum
        content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    assert refusal(bytes(content)) == "it has 30,000 x 30,000 pixels; the limit is 100 megapixels"


def test_real_giant() -> None:
    """A whole 30,000 x 30,000 PNG of some 100 kB is refused before a pixel is decoded."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + check

    packer = zlib.compressobj(1)
    rows = bytes(1000 * (1 + 30_000 // 8))  # of one bit a pixel, each after its filter's number
    packed = b"".join(packer.compress(rows) for _ in range(30)) + packer.flush()
    header = (30_000).to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed)
    assert "30,000 x 30,000" in refusal(content + chunk(b"IEND", b""))


def _rubbish() -> dict[str, bytes]:
    noise = Image.effect_noise((24, 17), 60).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "maker"
    frames = {"save_all": True, "append_images": [noise.rotate(90)]}
    return {
        "png": encoded(noise, "PNG", exif=exif),
        "png with alpha": encoded(noise.convert("RGBA"), "PNG"),
        "png with palette": encoded(noise.convert("P"), "PNG", transparency=3),
        "png of 16 bits": encoded(
            Image.fromarray(np.arange(400, dtype=np.uint16).reshape(20, 20) * 160), "PNG"
        ),
        "jpeg": encoded(noise, "JPEG", exif=exif),
        "cmyk jpeg": encoded(noise.convert("CMYK"), "JPEG"),
        "webp": encoded(noise, "WEBP", exif=exif),
        "animated webp": encoded(noise, "WEBP", **frames),
        "bmp": encoded(noise, "BMP"),
        "gif": encoded(noise, "GIF", **frames),
    }


WHOLE = _rubbish()


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid file with some bytes changed, put in, taken out or cut off."""
    content = bytearray(WHOLE[draw(st.sampled_from(sorted(WHOLE)))])
    for _ in range(draw(st.integers(1, 4))):
        near = draw(st.booleans())  # most of what can go wrong stands in the header
        place = draw(st.integers(0, max(0, min(len(content), 100 if near else 10**6) - 1)))
        change = draw(st.sampled_from(["set", "set", "set", "insert", "delete", "cut"]))
        if change == "set":
            content[place : place + 1] = draw(st.binary(min_size=1, max_size=1))
        elif change == "insert":
            content[place:place] = draw(st.binary(min_size=1, max_size=9))
        elif change == "delete":
            del content[place : place + draw(st.integers(1, 9))]
        else:
            del content[place:]
    return bytes(content)


def reads_or_refuses(content: bytes) -> None:
    """Decode to the right shape, or raise ImageError; any other error is the test's failure."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode, "MAX_PIXELS", 1_000_000)  # a changed header may claim any size
        try:
            found = pixels(content, 12)
        except ImageError:
            return
    assert (found.shape, found.dtype) == ((12, 12, 3), np.uint8)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow warns of damaged EXIF
@given(mutated())
@settings(deadline=None, max_examples=400)
def test_mutated_files(content: bytes) -> None:
    """A damaged image file decodes or raises ImageError, never anything else."""
    reads_or_refuses(content)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@given(
    start=st.sampled_from([content[:length] for content in WHOLE.values() for length in (2, 8, 33)])
    | st.just(b""),
    rest=st.binary(max_size=200),
)
@settings(deadline=None, max_examples=200)
def test_garbage(start: bytes, rest: bytes) -> None:
    """Random bytes, also behind the beginning of a real image, raise ImageError or decode."""
    reads_or_refuses(start + rest)


def test_no_pixels() -> None:
    """A GIF of 0 x 0 pixels is refused."""
    content = bytearray(encoded(Image.new("P", (10, 10)), "GIF"))
    content[6:10] = bytes(4)
    frame = bytes(content).replace(b",\0\0\0\0\x0a\0\x0a\0", b"," + bytes(8))
    assert refusal(frame)
