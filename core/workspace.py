"""Where data and models live: the workspace that LAYERWISE_HOME names."""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def home() -> Path:
    """The workspace: $LAYERWISE_HOME, or the checkout when it is not set."""
    return Path(os.environ.get("LAYERWISE_HOME") or CHECKOUT).expanduser().resolve()


def runs_folder() -> Path:
    """The folder that holds one folder for each run."""
    return home() / "saved_models"


def datasets_folder() -> Path:
    """The folder that holds data sets by name, and the cache of decoded images."""
    return home() / "datasets"


def environment() -> dict[str, str]:
    """What the processes of this workspace are started with."""
    return {**os.environ, "LAYERWISE_HOME": str(home()), "PYTHONUNBUFFERED": "1"}
