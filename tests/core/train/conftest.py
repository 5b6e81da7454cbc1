"""A disk that is soon full."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core import workspace

FILL = """
from pathlib import Path

def fill(folder):
    "Leave no free byte on the disk."
    try:
        with (folder / "ballast").open("ab", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
    except OSError:
        pass
"""
SmallDisk = Callable[[str, str], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def small_disk(home: Path) -> SmallDisk:
    """Run Python code whose workspace, its first argument, is a tmpfs of that size.

    The code has a function `fill(folder)` that leaves no free byte on the disk.
    """
    enter = ["unshare", "-rm", "sh", "-c"]
    probe = subprocess.run(
        [*enter, f"mount -t tmpfs tmpfs {home}"], capture_output=True, check=False
    )
    if probe.returncode:
        pytest.skip("this system lets nobody mount a small disk (unshare -rm)")

    def run(size: str, code: str) -> subprocess.CompletedProcess[str]:
        mount = f'mount -t tmpfs -o size={size} tmpfs "$1" && exec "$0" -c "$2" "$1"'
        return subprocess.run(
            [*enter, mount, sys.executable, str(home), FILL + code],
            cwd=workspace.CHECKOUT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run
