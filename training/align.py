"""Lay the labels of one segmentation over the blocks of another, by their text."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import accumulate

#: Beyond this many pairs, the blocks of a page are matched by their order among equals, not by the longest common subsequence.
MOST_PAIRS = 4_000_000


def without_space(text: str) -> str:
    """The text without white space: parsers differ about that first."""
    return "".join(text.split())


def align(ours: Sequence[str], theirs: Sequence[str]) -> list[dict[int, int]]:
    """Which of our blocks hold the text of each of theirs.

    Equal blocks are paired in order; what lies between the pairs is searched for in what lies between them on the other
    side, so that a block that one segmentation cuts in two is found whole.

    Returns
    -------
    list of dict
        For each of their blocks: our block's index → the number of shared characters. Empty where the text is not found.
    """
    mine = [without_space(text) for text in ours]
    yours = [without_space(text) for text in theirs]
    found: list[dict[int, int]] = [{} for _ in yours]
    if len(mine) * len(yours) > MOST_PAIRS:
        pairs = _pair_by_order(mine, yours)
    else:
        matcher = SequenceMatcher(None, mine, yours, autojunk=False)
        pairs = [(a + k, b + k) for a, b, size in matcher.get_matching_blocks() for k in range(size)]
    for a, b in pairs:
        found[b] = {a: max(1, len(mine[a]))}
    before = (-1, -1)
    for a, b in [*pairs, (len(mine), len(yours))]:
        if a > before[0] + 1 and b > before[1] + 1:
            _search(mine, yours, range(before[0] + 1, a), range(before[1] + 1, b), found)
        before = (a, b)
    taken = {a for row in found for a in row}
    missing = [b for b, row in enumerate(found) if not row]
    left = [a for a in range(len(mine)) if a not in taken]
    if missing and left:  # text that one of the parsers moved to elsewhere in the page
        _search(mine, yours, left, missing, found)
    return found


def _pair_by_order(mine: Sequence[str], yours: Sequence[str]) -> list[tuple[int, int]]:
    waiting: dict[str, list[int]] = {}
    for a in range(len(mine) - 1, -1, -1):
        waiting.setdefault(mine[a], []).append(a)
    pairs, last = [], -1
    for b, text in enumerate(yours):
        row = waiting.get(text, [])
        while row and row[-1] <= last:
            row.pop()
        if row:
            last = row.pop()
            pairs.append((last, b))
    return pairs


def _search(
    mine: Sequence[str], yours: Sequence[str], some_mine: Sequence[int], some_yours: Sequence[int], found: list[dict[int, int]]
) -> None:
    """Find their texts in the joined text of ours, and ours in the joined text of theirs."""
    for source, source_ids, target, target_ids, mine_is_target in (
        (yours, some_yours, mine, some_mine, True),
        (mine, some_mine, yours, some_yours, False),
    ):
        stream = "".join(target[i] for i in target_ids)
        offsets = [0, *accumulate(len(target[i]) for i in target_ids)]
        at = 0
        for i in source_ids:
            text = source[i]
            if not text:
                continue
            place = stream.find(text, at)
            if place < 0:
                place = stream.find(text)
            if place < 0:
                continue
            end = at = place + len(text)
            k = bisect_right(offsets, place) - 1
            while k < len(target_ids) and offsets[k] < end:
                shared = min(end, offsets[k + 1]) - max(place, offsets[k])
                a, b = (target_ids[k], i) if mine_is_target else (i, target_ids[k])
                if shared > 0:
                    found[b].setdefault(a, shared)
                k += 1
