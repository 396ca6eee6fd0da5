"""Hashed character and word n-grams of many blocks at once, in a few passes over one array of code points.

No tokeniser and no language list: a word is a run of letters and digits, so scripts without spaces count by characters.
The hashes are polynomial rolling hashes (Karp and Rabin, 1987) finished by multiplicative hashing (Knuth, TAOCP 3, 6.4).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

#: Lengths of the character n-grams. With 4 as well, nothing was gained on held-out sites.
CHARACTER_NGRAMS = (2, 3, 5)

#: Characters read at the head and at the tail of a block. What makes a promo is said there, and 99 % of promo blocks are
#: shorter than both together, so a long paragraph costs no more than a short one.
HEAD, TAIL = 300, 150

#: Stands before and after each block, so that n-grams know where it begins and ends.
EDGE = "\x02"

_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_SALT = 0xA0761D6478BD642F

#: Salts of words and of pairs of words; character n-grams have their length.
_WORD, _PAIR = 11, 12

#: Code points that are hashed at once: the arrays stay in the processor's cache, and a long text flat in memory.
_PORTION = 1 << 16


@dataclass(frozen=True, slots=True)
class Hashes:
    """Hashed features of a list of blocks.

    Attributes
    ----------
    rows, columns : array of int32, shape (n_features,)
        The block and the column of each feature; one that stands twice in a block is here twice.
    counts : array of int64, shape (n_blocks,)
        How many features each block has.
    """

    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    counts: NDArray[np.int64]


def normalise(text: str) -> str:
    """Width and case made equal: NFKC, lower case; long text by its head and tail."""
    if len(text) > HEAD + TAIL:
        text = text[:HEAD] + EDGE + text[-TAIL:]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return text.lower()


@lru_cache(maxsize=1)
def _letters() -> NDArray[np.bool_]:
    """For each code point of the first two planes, whether it belongs to a word."""
    return np.fromiter((chr(code).isalnum() for code in range(0x20000)), np.bool_, 0x20000)


def code_points(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The normalised texts as one array of code points, and the length of each; every decimal digit is 0.

    An edge stands at both ends of each text.
    """
    padded = [f"{EDGE}{normalise(text)}{EDGE}" for text in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    codes[(codes >= ord("1")) & (codes <= ord("9"))] = ord("0")
    return codes, np.fromiter(map(len, padded), np.int64, len(padded))


def hash_texts(texts: Sequence[str], bits: int) -> Hashes:
    """Character n-grams (`CHARACTER_NGRAMS`) and word 1- and 2-grams of each text.

    Parameters
    ----------
    texts : sequence of str, length n_blocks
    bits : int
        Columns are numbers below ``2**bits``.

    Returns
    -------
    Hashes
    """
    codes, lengths = code_points(texts)
    block = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
    columns, blocks = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
    for places, hashes, inside in _families(codes, block):
        columns.append((hashes[inside] >> np.uint64(64 - bits)).astype(np.int32))
        blocks.append(block[places][inside])
    rows = np.concatenate(blocks)
    return Hashes(rows, np.concatenate(columns), np.bincount(rows, minlength=len(texts)))


def sum_texts(table: NDArray[np.float32], texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """For each text the sum of a table's rows over the columns that `hash_texts` gives, and how many those are.

    Parameters
    ----------
    table : array of float32, shape (2**bits, n_heads)
    texts : sequence of str, length n_blocks

    Returns
    -------
    sums : array of float64, shape (n_blocks, n_heads)
    counts : array of int64, shape (n_blocks,)
    """
    sums = np.zeros((len(texts), table.shape[1]))
    counts = np.zeros(len(texts), np.int64)
    begin = 0
    while begin < len(texts):
        end, length = begin, 0
        while end < len(texts) and length < _PORTION:
            length += min(len(texts[end]), HEAD + TAIL)
            end += 1
        sums[begin:end], counts[begin:end] = _sum_portion(table, texts[begin:end])
        begin = end
    return sums, counts


def _sum_portion(table: NDArray[np.float32], texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    codes, lengths = code_points(texts)
    block = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
    shift = np.uint64(65 - len(table).bit_length())
    weights = np.zeros((len(codes), table.shape[1]), np.float32)  # of all n-grams that begin at a place
    numbers = np.zeros(len(codes), np.int32)
    for places, hashes, inside in _families(codes, block):
        found = table.take((hashes >> shift).view(np.int64), axis=0)
        found[np.flatnonzero(~inside)] = 0
        weights[places] += found
        numbers[places] += inside
    begins = np.cumsum(lengths) - lengths  # no text is empty: it has its edges
    sums = [np.add.reduceat(column, begins, dtype=np.float64) for column in weights.T]
    return np.stack(sums, axis=1), np.add.reduceat(numbers, begins)


def _families(
    codes: NDArray[np.uint64], block: NDArray[np.integer]
) -> Iterator[tuple[slice | NDArray[np.int64], NDArray[np.uint64], NDArray[np.bool_]]]:
    """For each length of n-gram: where they begin, their hashes, and which of them lie inside one block."""
    rolling = codes + np.uint64(1)
    for n in range(2, max(CHARACTER_NGRAMS) + 1):
        rolling = rolling[:-1] * _BASE + codes[n - 1 :]
        if n in CHARACTER_NGRAMS:
            yield slice(0, len(rolling)), mix(rolling, n), block[: len(rolling)] == block[n - 1 :]
    first, last = _words(codes)
    words = hash_spans(codes, first, last)
    yield first, mix(words, _WORD), np.ones(len(first), np.bool_)
    owner = block[first]
    yield first[:-1], mix(words[:-1] * _BASE + words[1:], _PAIR), owner[:-1] == owner[1:]


def name_features(text: str) -> list[str]:
    """The n-grams of one text in the order of `hash_texts`, for people to read; an edge of the block shows as ``|``."""
    codes, _ = code_points([text])
    padded = codes.astype(np.uint32).tobytes().decode("utf-32-le", "surrogatepass")
    names = [padded[i : i + n].replace(EDGE, "|") for n in CHARACTER_NGRAMS for i in range(len(padded) - n + 1)]
    words = [padded[a:b] for a, b in zip(*_words(codes), strict=True)]
    return [*names, *words, *(f"{a} {b}" for a, b in pairwise(words))]


def mix(hashes: NDArray[np.uint64], salt: int) -> NDArray[np.uint64]:
    """Hashes whose leading bits depend on all bits, and on a salt."""
    hashes = hashes ^ np.uint64(salt * _SALT % 2**64)
    return (hashes ^ (hashes >> np.uint64(32))) * _MIX


def hash_spans(codes: NDArray[np.uint64], first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The polynomial hash of each stretch of code points ``codes[first:last]``; none is empty."""
    if len(first) == 0:
        return np.zeros(0, np.uint64)
    spans = last - first
    powers = np.full(int(spans.max()), _BASE, np.uint64)
    powers[0] = 1
    powers = np.multiply.accumulate(powers)
    begins = np.concatenate(([0], np.cumsum(spans)[:-1]))
    offset = np.arange(begins[-1] + spans[-1]) - np.repeat(begins, spans)
    places = offset + np.repeat(first, spans)
    return np.add.reduceat((codes[places] + np.uint64(1)) * powers[offset], begins)


def _words(codes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each run of letters and digits begins and ends; an edge stands at both ends of the codes."""
    inside = _letters().take(codes.view(np.int64), mode="clip")
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    return edges[::2], edges[1::2]
