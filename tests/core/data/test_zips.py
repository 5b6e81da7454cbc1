"""Tests of importing zips: good ones once and for all, bad ones refused without a trace."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.data import zips
from core.data.folder import FolderSource
from core.data.zips import import_zip
from core.errors import DataError
from tests.conftest import COLORS, draw_example


def image(label: str = "circles", number: int = 0) -> bytes:
    """The bytes of one small PNG."""
    file = io.BytesIO()
    draw_example(label, number, 24).save(file, "PNG")
    return file.getvalue()


def classes(per_class: int = 2) -> dict[str, bytes]:
    """Class folders as a zip holds them: path -> content."""
    return {
        f"{label}/{number}.png": image(label, number)
        for label in COLORS
        for number in range(per_class)
    }


def zipped(
    files: dict[str, bytes] | None = None, method: int = zipfile.ZIP_DEFLATED
) -> tuple[io.BytesIO, zipfile.ZipFile]:
    """An open zip of class folders and `files`; close the second to finish the first."""
    content = io.BytesIO()
    archive = zipfile.ZipFile(content, "w", method)
    for name, data in {**classes(), **(files or {})}.items():
        archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data, method)
    return content, archive


def made(files: dict[str, bytes] | None = None, method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    """A finished zip of class folders and `files`, at its start."""
    content, archive = zipped(files, method)
    archive.close()
    content.seek(0)
    return content


def only(files: dict[str, bytes]) -> io.BytesIO:
    """A finished zip of these files alone."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    content.seek(0)
    return content


def refusal(file: io.BytesIO, home: Path) -> DataError:
    """The error a zip is refused with; nothing of it is left in the workspace."""
    with pytest.raises(DataError, match="The zip cannot be used") as caught:
        import_zip(file, "photos")
    folder = home / "datasets"
    assert not folder.exists() or not list(folder.iterdir())
    error = caught.value
    assert "class folders" in error.expected
    assert error.received
    assert error.remedy
    return error


def test_round_trip(home: Path) -> None:
    """A zip of class folders becomes a set in datasets/ with the same files."""
    name = import_zip(made(), "My photos")
    folder = home / "datasets" / name
    assert name.startswith("my-photos-")
    assert {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    } == classes()
    assert FolderSource(folder).classes == tuple(sorted(COLORS))


def test_from_a_file_on_disk(home: Path, tmp_path: Path) -> None:
    """An open file and the same bytes in memory give the same set."""
    path = tmp_path / "photos.zip"
    path.write_bytes(made().getvalue())
    with path.open("rb") as file:
        assert import_zip(file, "photos") == import_zip(made(), "photos")


def test_same_zip_twice(home: Path) -> None:
    """The same zip gives the same set, not a second copy."""
    assert import_zip(made(), "photos") == import_zip(made(), "photos")
    assert len(list((home / "datasets").iterdir())) == 1


def test_other_zip_of_the_same_name(home: Path) -> None:
    """Two different zips of one name give two sets."""
    first = import_zip(made(), "photos")
    second = import_zip(made({"circles/more.png": image("circles", 9)}), "photos")
    assert first != second
    assert len(list((home / "datasets").iterdir())) == 2


def test_same_zip_at_the_same_moment(home: Path) -> None:
    """Several imports of one zip at once all get the one set."""
    with ThreadPoolExecutor(4) as pool:
        names = set(pool.map(lambda _: import_zip(made(), "photos"), range(8)))
    assert len(names) == 1
    assert [path.name for path in (home / "datasets").iterdir()] == list(names)


@pytest.mark.parametrize("name", ["", "..", "a/b", "../../etc", "größe 1", "x" * 300, ".hidden"])
def test_any_name(home: Path, name: str) -> None:
    """Whatever the zip's own name, the set lies directly in datasets/ and is not hidden."""
    found = import_zip(made(), name)
    assert (home / "datasets" / found).is_dir()
    assert Path(found).name == found
    assert not found.startswith(".")


def test_large_upload_in_memory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The packed size counts for a zip in memory, as the browser uploads it, not only for files."""
    monkeypatch.setattr(zips, "MAX_RATIO", 2)
    monkeypatch.setattr(zips, "_BLOCK", 10)
    assert import_zip(made(method=zipfile.ZIP_STORED), "photos")


def test_wrapped_and_split(home: Path) -> None:
    """A zip of one folder around train/ and test/ is a set like any other."""
    files = {
        f"gear/{part}/{name}": data
        for part in ("train", "test")
        for name, data in classes().items()
    }
    assert len(FolderSource(home / "datasets" / import_zip(only(files), "gear")).items) == 12


def test_windows_separators(home: Path) -> None:
    """Backslashes between folders are taken as separators."""
    files = {name.replace("/", "\\"): data for name, data in classes().items()}
    folder = home / "datasets" / import_zip(only(files), "windows")
    assert FolderSource(folder).classes == tuple(sorted(COLORS))


def test_directories_hidden_files_and_macosx(home: Path) -> None:
    """Entries for folders, hidden files and __MACOSX are passed over."""
    extra = {"circles/": b"", ".DS_Store": b"x", "__MACOSX/circles/._0.png": b"x"}
    folder = home / "datasets" / import_zip(made({**extra, "circles/.hidden.png": b"x"}), "mac")
    source = FolderSource(folder)
    assert source.skipped == []
    assert len(source.items) == 6


def test_other_files_are_listed(home: Path) -> None:
    """Files in a zip that are no images are listed with the reason, as in a folder."""
    folder = home / "datasets" / import_zip(made({"circles/a.heic": b"x", "b.txt": b"y"}), "mixed")
    assert {item.name for item in FolderSource(folder).skipped} == {"circles/a.heic", "b.txt"}


@pytest.mark.parametrize(
    "name",
    [
        "../evil.png",
        "circles/../../evil.png",
        "/etc/evil.png",
        "\\evil.png",
        "..\\evil.png",
        "circles\\..\\..\\evil.png",
        "C:\\evil.png",
        "C:/evil.png",
        "c:evil.png",
        "//server/share/evil.png",
    ],
)
def test_paths_that_lead_outside(home: Path, tmp_path: Path, name: str) -> None:
    """A zip with one path that leads outside of it is refused as a whole."""
    error = refusal(made({name: image()}), home)
    assert "leads outside" in error.what
    assert error.received == name
    assert not list(tmp_path.rglob("evil*"))


def test_colon_in_a_class_name(home: Path) -> None:
    """A colon in a class's name is no drive letter."""
    folder = home / "datasets" / import_zip(made({"type: a/1.png": image()}), "colon")
    assert "type: a" in FolderSource(folder).classes


def test_links(home: Path) -> None:
    """A zip with a symbolic link is refused."""
    content, archive = zipped()
    link = zipfile.ZipInfo("circles/link.png")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(link, "/etc/passwd")
    archive.close()
    content.seek(0)
    assert "link" in refusal(content, home).what


def test_encrypted(home: Path) -> None:
    """A zip with a password is refused, and says so."""
    content = bytearray(made().getvalue())
    for start, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(start) + place] |= 1
    assert "encrypted" in refusal(io.BytesIO(bytes(content)), home).what


def test_bomb(home: Path) -> None:
    """A small zip that unpacks to hundreds of megabytes is refused before it is unpacked."""
    content, archive = zipped()
    with archive.open("circles/bomb.png", "w") as file:
        for _ in range(130):
            file.write(bytes(2**20))
    archive.close()
    content.seek(0)
    error = refusal(content, home)
    assert "far more than images do" in error.what
    assert "130 MB" in error.received


def test_too_large(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zip of more bytes or files than the limits is refused."""
    monkeypatch.setattr(zips, "MAX_BYTES", 100)
    assert "far more" in refusal(made(), home).what
    monkeypatch.setattr(zips, "MAX_FILES", 5)
    assert "too many files" in refusal(made(), home).what


@pytest.mark.parametrize("claimed", [10, 2**20])
def test_header_that_lies_about_the_size(home: Path, claimed: int) -> None:
    """A member whose header gives another size than it unpacks to is refused."""
    packed = made({"circles/lie.png": bytes(5 * 2**20)}).getvalue()
    lie = packed.replace(struct.pack("<I", 5 * 2**20), struct.pack("<I", claimed))
    assert lie != packed
    assert refusal(io.BytesIO(lie), home)


def test_not_a_zip(home: Path) -> None:
    """Text, nothing at all and an image are refused as no zip."""
    for content in (b"Dear reader", b"", image()):
        assert "not a whole zip file" in refusal(io.BytesIO(content), home).what


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_truncated(home: Path, share: float) -> None:
    """A zip that was cut short is refused as not whole."""
    content = made().getvalue()
    error = refusal(io.BytesIO(content[: int(len(content) * share)]), home)
    assert "not a whole zip file" in error.what


def test_without_class_folders(home: Path) -> None:
    """A zip of loose images is refused with the layout that is expected."""
    error = refusal(only({f"{number}.png": image(number=number) for number in range(3)}), home)
    assert "class folders" in error.what
    assert "3 files" in error.received


def test_one_class(home: Path) -> None:
    """A zip with one class is refused by the class's name."""
    error = refusal(only({"cats/1.png": image()}), home)
    assert "two class folders" in error.what
    assert "cats" in error.received


def test_no_files(home: Path) -> None:
    """A zip with nothing in it is refused."""
    assert refusal(only({}), home).received == "an empty folder"


@pytest.mark.parametrize(
    "files",
    [
        {"circles/0.png/inside.png": b"x"},  # 0.png is a file as well
        {f"circles/{'x' * 300}.png": b"x"},
        {"circles\\0.png": b"x"},  # the same file again
    ],
)
def test_names_that_make_no_files(home: Path, files: dict[str, bytes]) -> None:
    """A zip whose names cannot all be files is refused by the name, and not blamed on the disk."""
    assert refusal(made(files), home).received == next(iter(files))[:200]


@pytest.mark.parametrize("name", ["", ".", "./"])
def test_entries_without_a_name(home: Path, name: str) -> None:
    """An entry without a name is passed over."""
    marked = made({"?" * 7: b"x"}).getvalue()
    swapped = marked.replace(b"?" * 7, name.encode().ljust(7, b"\0"))
    assert len(FolderSource(home / "datasets" / import_zip(io.BytesIO(swapped), "a")).items) == 6


METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


@pytest.mark.parametrize("method", METHODS)
def test_compression_methods(home: Path, method: int) -> None:
    """All compressions that Python knows are read."""
    assert import_zip(made(method=method), "photos")


def test_unknown_compression(home: Path) -> None:
    """A compression that Python does not know is refused."""
    content = made().getvalue()
    for start, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = content.index(start) + place
        content = content[:at] + struct.pack("<H", 9) + content[at + 2 :]
    assert "not a whole zip file" in refusal(io.BytesIO(content), home).what


WHOLE = {method: made(method=method).getvalue() for method in METHODS}


@given(
    method=st.sampled_from(METHODS),
    places=st.lists(st.integers(0, 10**6), min_size=1, max_size=4),
    values=st.binary(min_size=4, max_size=4),
)
@settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_mutated_zips(home: Path, method: int, places: list[int], values: bytes) -> None:
    """A zip with changed bytes is imported or refused with a DataError, never anything else."""
    content = bytearray(WHOLE[method])
    for place, value in zip(places, values, strict=False):
        # counted from the end, where the names and sizes stand
        content[-1 - place % len(content)] = value
    with suppress(DataError):
        import_zip(io.BytesIO(bytes(content)), "photos")
    assert list(home.glob("datasets/.*")) == []
