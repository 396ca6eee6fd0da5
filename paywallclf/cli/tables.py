"""Tables that people read on a terminal and in Markdown, and programs as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

from paywallclf.evaluation import Rate


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes
    ----------
    name : str
        For programs.
    title : str
        For people.
    header : sequence of str
    rows : sequence of sequences
        Cells: str, numbers, `Rate` and `Estimate`.
    """

    name: str
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def shown(self) -> list[list[str]]:
        """The rows as text."""
        return [[f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row] for row in self.rows]

    def lines(self) -> list[str]:
        """The table in Markdown, its columns aligned."""
        rows = self.shown()
        widths = [max(map(len, column)) for column in zip(self.header, *rows, strict=True)]
        rule = ["-" * width for width in widths]
        padded = [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
            for row in (self.header, rule, *rows)
        ]
        return [f"## {self.title}", "", *padded]

    def records(self) -> list[dict[str, Any]]:
        """The rows for JSON."""
        return [{name: plain(cell) for name, cell in zip(self.header, row, strict=True)} for row in self.rows]


def plain(value: Any) -> Any:
    """A value as JSON can hold it; what is undefined is null."""
    if isinstance(value, Rate):
        return {"value": plain(value.value), **plain(asdict(value))}
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
