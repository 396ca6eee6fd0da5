from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from paywallclf.html.segment import Segments

FRAME: frozenset[str]

@dataclass(frozen=True, slots=True)
class Removal:
    elements: list[tuple[Any, int]]
    emptied: list[tuple[Any, int]]
    text_nodes: list[tuple[Any, int]]

def plan_removal(segments: Segments, dropped: Iterable[int]) -> Removal: ...
