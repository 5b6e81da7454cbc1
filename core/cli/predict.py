"""The verb predict: classify photos with a trained run."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from core import words
from core.cli.settings import Verbs
from core.errors import InputError
from core.runs import run as runs
from core.runs.run import Run
from core.runs.status import State
from core.terminal import err, out


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """Declare the verb."""
    predict = verbs.add_parser("predict", parents=[common], help="classify photos with a run")
    predict.add_argument("run", metavar="RUN", help="a run's id or folder")
    predict.add_argument("images", metavar="IMAGE", nargs="+", type=Path)
    predict.set_defaults(verb=_predict)


def _predict(options: argparse.Namespace) -> int:
    classifier = _classifier(runs.locate(options.run))
    results: list[dict[str, Any]] = []
    bad = 0
    for path in options.images:
        try:
            top = classifier.classify_photo(path).top(5)
        except InputError as error:
            bad += 1
            results.append({"image": str(path), "top": [], "error": str(error)})
            err.print(f"{path}: {error}", style="red", markup=False)
            continue
        pairs = [{"label": label, "probability": share} for label, share in top]
        results.append({"image": str(path), "top": pairs})
        if not options.json:
            line = ", ".join(f"{label} {words.percent(share)}" for label, share in top)
            out.print(f"{path}: {line}", markup=False)
    if options.json:
        print(json.dumps(results))
    return 2 if bad else 0


def _classifier(run: Run) -> Any:
    """The run's model; that of a run that trains does not take TensorFlow, which would slow it."""
    if run.status.state is State.RUNNING and run.has_model:
        from core.predict.interim import Interim

        return Interim(run)
    from core.predict.classifier import Classifier

    return Classifier(run)
