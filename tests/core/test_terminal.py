"""The terminal's tables and bars."""

from __future__ import annotations

import pytest

from core.terminal import decoding, print_table


def test_a_table_prints_every_cell(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns and rows appear on stdout, markup in them as it is written."""
    print_table(("Run", "Status"), [("gear-1", "[red]done[/red]")])
    printed = capsys.readouterr().out
    assert "gear-1" in printed
    assert "[red]done[/red]" in printed


def test_no_bar_where_stderr_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Reading images writes nothing to a stderr that is not a terminal."""
    with decoding() as progress:
        progress(1, 2)
        progress(2, 2)
    assert capsys.readouterr().err == ""
