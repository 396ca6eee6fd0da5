"""A page's blocks as plain text that people can read: paragraphs, list items, the rows of tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from paywallclf.document import Layout

_CELLS = frozenset(("td", "th"))
_PARTS = _CELLS | {"li"}


def as_text(layout: Layout, kept: Sequence[int]) -> str:
    """The texts of some blocks, in order, parted by blank lines.

    An item of a list begins with a hyphen. The items of a list and the rows of a table stand on a line each, the cells of a row
    on one line, parted by bars: as long as each of them is one block, for pages laid out with tables put whole articles into a
    cell.

    Parameters
    ----------
    layout : Layout
    kept : sequence of int
        Indices of blocks, ascending.
    """
    part_of, table_of = _innermost(layout, _PARTS), _innermost(layout, {"table"})
    pieces: list[str] = []
    before = -1
    for place, index in enumerate(kept):
        container = int(layout.containers[index])
        part = part_of[container] if container >= 0 else -1
        if place:
            pieces.append(_gap(layout, table_of, before, part))
        begins_item = part >= 0 and layout.tags[part] == "li" and (place == 0 or part != before)
        pieces.append("- " + layout.texts[index] if begins_item else layout.texts[index])
        before = part
    return "".join(pieces)


def _innermost(layout: Layout, tags: Collection[str]) -> list[int]:
    """For each element, the innermost one with such a tag that it is or stands in, or -1."""
    found: list[int] = []
    for element, (tag, parent) in enumerate(zip(layout.tags, layout.parents.tolist(), strict=True)):
        found.append(element if tag in tags else found[parent] if parent >= 0 else -1)
    return found


def _gap(layout: Layout, table_of: Sequence[int], before: int, part: int) -> str:
    """What stands between blocks of two items or cells (-1: of running text)."""
    if before < 0 or part < 0 or not (_is_one_block(layout, before) and _is_one_block(layout, part)):
        return "\n\n"
    if layout.parents[before] == layout.parents[part]:  # of the same list, or of the same row
        return " | " if layout.tags[part] in _CELLS else "\n"
    same_table = layout.tags[before] in _CELLS and layout.tags[part] in _CELLS and table_of[before] == table_of[part]
    return "\n" if same_table else "\n\n"


def _is_one_block(layout: Layout, element: int) -> bool:
    return int(layout.ends[element] - layout.starts[element]) == 1
