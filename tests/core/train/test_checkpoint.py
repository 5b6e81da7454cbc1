"""core.train.checkpoint: a training in a file, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import RunError, StorageError
from core.train.checkpoint import Checkpoint

ARRAYS = [
    np.array(7, np.int64),
    np.arange(6, dtype=np.float32).reshape(2, 3),
    np.zeros(0, np.float32),
    np.array([3, 4], np.uint32),
]


def checkpoint() -> Checkpoint:
    """One with a bit of everything."""
    return Checkpoint(
        arrays=ARRAYS,
        progress={"epoch": 2, "step": 3, "loss": 0.1 + 0.2, "hits": 4.0, "images": 32},
        plan={"precision": "float32", "towers": 2, "plain": False},
        plateau=[0.1, -1.0, 2.0],
        batch_size=8,
        line={"event": "epoch", "epoch": 2, "val_loss": None},
    )


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    """Numbers to the last bit, arrays with their types and shapes."""
    path = tmp_path / "checkpoint.npz"
    checkpoint().save(path)
    again = Checkpoint.load(path)
    assert again.progress == checkpoint().progress
    assert (again.plan, again.plateau, again.line, again.batch_size) == (
        *(checkpoint().plan, checkpoint().plateau, checkpoint().line),
        8,
    )
    for one, other in zip(again.arrays, ARRAYS, strict=True):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        np.testing.assert_array_equal(one, other)
    assert path.stat().st_size <= checkpoint().bytes
    assert [item.name for item in tmp_path.iterdir()] == ["checkpoint.npz"]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.99])
def test_half_a_file_is_refused(tmp_path: Path, share: float) -> None:
    """Whatever is left of it."""
    path = tmp_path / "checkpoint.npz"
    checkpoint().save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(RunError, match="cannot go on"):
        Checkpoint.load(path)


def test_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    """In the middle of the numbers."""
    path = tmp_path / "checkpoint.npz"
    Checkpoint(arrays=[np.zeros(1000, np.float32)]).save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(RunError, match="cannot go on"):
        Checkpoint.load(path)


def test_none_is_told(tmp_path: Path) -> None:
    """A file that is not there."""
    with pytest.raises(RunError, match="no such file"):
        Checkpoint.load(tmp_path / "checkpoint.npz")


def test_another_design_is_refused() -> None:
    """Its arrays have other shapes."""
    shapes = [array.shape for array in ARRAYS]
    checkpoint().require(shapes)
    with pytest.raises(RunError, match="of another one"):
        checkpoint().require([*shapes[:-1], (3,)])
    with pytest.raises(RunError, match="of another one"):
        checkpoint().require(shapes[:-1])


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    """It is not made again."""
    with pytest.raises(StorageError):
        checkpoint().save(tmp_path / "gone" / "checkpoint.npz")
    assert not (tmp_path / "gone").exists()
