"""What the evaluation prints: tables for people, and the same figures for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from paywallclf.evaluation import Estimate, Rate


@dataclass
class Tables:
    """Figures for machines, tables for people."""

    figures: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def heading(self, text: str) -> None:
        self.lines += ["", f"## {text}", ""]

    def table(self, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Add a table, and its cells to the figures."""
        listed = [list(row) for row in rows]
        self.figures[name] = [{head: _plain(cell) for head, cell in zip(header, row, strict=True)} for row in listed]
        self.lines += ["| " + " | ".join(header) + " |", "| " + " | ".join("---" for _ in header) + " |"]
        self.lines += ["| " + " | ".join(map(_shown, row)) + " |" for row in listed]

    def write(self, folder: Path, name: str = "evaluation") -> None:
        """Write ``NAME.json`` and ``NAME.md``."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps(self.figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (folder / f"{name}.md").write_text("\n".join(self.lines).lstrip() + "\n", encoding="utf-8")


def _plain(cell: Any) -> Any:
    if isinstance(cell, Rate):
        return {"value": cell.value, "part": cell.part, "whole": cell.whole, "low": cell.low, "high": cell.high}
    if isinstance(cell, Estimate):
        return {"value": cell.value, "low": cell.low, "high": cell.high}
    return cell.item() if isinstance(cell, np.generic) else cell


def _shown(cell: Any) -> str:
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)
