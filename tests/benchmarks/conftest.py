"""The tables at the end of a run of the benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass(frozen=True)
class Table:
    """Figures to print at the end of the run.

    Attributes
    ----------
    columns : sequence of str
    rows : dict of str to sequence of str
        A row's name → its cells.
    note : str
        What the figures are.
    """

    columns: Sequence[str]
    rows: dict[str, Sequence[str]]
    note: str


_TABLES = pytest.StashKey[dict[str, Table]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TABLES] = {}


@pytest.fixture(scope="session")
def tables(pytestconfig: pytest.Config) -> dict[str, Table]:
    """Heading → table: what a test puts in is printed at the end of the run."""
    return pytestconfig.stash[_TABLES]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    for heading, table in config.stash[_TABLES].items():
        terminalreporter.section(heading)
        lines = [("", *table.columns), *((name, *cells) for name, cells in table.rows.items())]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for name, *cells in lines:
            terminalreporter.write_line(
                "  ".join([name.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))])
            )
        terminalreporter.write_line(table.note)
