"""The command line: ``python -m core <verb>``. The same core as the pages, without a browser.

Exit codes: 0 done, 1 failed (or stopped, or lost), 2 bad input. With --json the last line of stdout
is one JSON value; progress and messages go to stderr.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from core.cli import (
    backbones,
    compare,
    data,
    design,
    health,
    predict,
    queue,
    train,
    transfer,
    tune,
)
from core.errors import AppError
from core.terminal import err


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.verb(options)
    except AppError as error:
        err.print(f"Error: {error}", style="red", markup=False)
        if options.json:
            print(json.dumps({"error": error.to_dict()}))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON value as the last line")
    parser = argparse.ArgumentParser(prog="python -m core", description="Layerwise's command line.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for module in (
        data,
        design,
        train,
        transfer,
        backbones,
        compare,
        tune,
        queue,
        health,
        predict,
    ):
        module.add(verbs, common)
    return parser
