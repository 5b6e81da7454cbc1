"""The terminal: messages on stderr, results on stdout, tables, and progress bars.

Bars are drawn only where stderr is a terminal, so that logs and pipes stay clean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

err = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False, soft_wrap=True)


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, whole: Sequence[str] = ()
) -> None:
    """Print rows of text under their columns' names; those in `whole` keep to one line."""
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, no_wrap=name in whole)
    for row in rows:
        table.add_row(*map(Text, row))  # as it is: a class may be called [b]
    out.print(table)


def progress_bar(text: str) -> Progress:
    """A progress bar on a terminal; nothing where stderr is a file or a pipe."""
    return Progress(
        BarColumn(),
        TextColumn(text, markup=False),
        console=err,
        disable=not err.is_terminal,
        transient=True,
    )


@contextmanager
def decoding() -> Iterator[Callable[[int, int], None]]:
    """A bar for reading images; yields what core.data.dataset.load calls with its progress."""
    with progress_bar("reading images {task.completed:,.0f} of {task.total:,.0f}") as bar:
        task = bar.add_task("", total=1, visible=False)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        yield progress
