"""What health finds wrong while a training goes on, kept in its status, so that alerts can tell of it."""

from __future__ import annotations

import time

from core.health.examination import examination
from core.runs.run import Run
from core.runs.status import Sign


def told(run: Run, known: tuple[Sign, ...], *, last: bool = False) -> tuple[Sign, ...]:
    """What is wrong now, the likeliest cause first, and what was before; each fault is told once.

    Args:
        last: whether the training ends here: what is not wrong any more is left out then, but not
            before, since what comes and goes would be told again and again.

    Raises:
        RunError: the run's files cannot be read.
    """
    seen, diagnoses = examination(run).look()
    heard = {sign.fault: sign for sign in known}
    found = {
        str(one.fault): heard.get(str(one.fault))
        or Sign(
            fault=str(one.fault),
            evidence=one.evidence,
            epoch=seen.before + seen.epochs,
            time=time.time(),
        )
        for one in diagnoses
    }
    past = () if last else tuple(sign for sign in known if sign.fault not in found)
    return (*found.values(), *past)
