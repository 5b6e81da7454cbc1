"""Names what is wrong with a training, the likeliest cause first."""

from __future__ import annotations

from core.health.case import Case
from core.health.diagnosis import Diagnosis


def diagnose(case: Case) -> list[Diagnosis]:  # noqa: ARG001
    """What is wrong, the likeliest cause first; empty where nothing is, as far as can be seen."""
    return []
