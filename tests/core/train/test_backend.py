"""core.train.backend: TensorFlow and Keras, started once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from core import workspace

CODE = """
import sys
from core.train import backend

assert "keras" not in sys.modules
keras = backend.start()
assert keras.backend.backend() == "tensorflow"
assert "tensorflow" in sys.modules
assert backend.start() is keras
assert not [name for name in backend._UNUSED if name in sys.modules], "imported or left hidden"
import pandas
keras.layers.Dense(2)(keras.ops.ones((1, 2)))
print("fine")
print("an error is still seen", file=sys.stderr)
"""


@pytest.mark.tensorflow
def test_tensorflow_starts_quietly_and_without_what_it_does_not_need() -> None:
    """Starting Keras prints nothing, imports no unused library, and hides none from later."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CODE],
        cwd=workspace.CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr
    assert done.stderr == "an error is still seen\n"
