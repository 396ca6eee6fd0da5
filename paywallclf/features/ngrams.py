"""Hashed character and word n-grams of many blocks at once, in a few passes over one array of code points.

No tokeniser and no language list: a word is a run of letters and digits, so scripts without spaces count by characters.
The hashes are polynomial rolling hashes (Karp and Rabin, 1987) finished by multiplicative hashing (Knuth, TAOCP 3, 6.4).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

CHARACTER_NGRAMS = (2, 3, 4, 5)

#: Characters read at the head and at the tail of a block. What makes a promo is said there, and 99 % of promo blocks are
#: shorter than both together, so a long paragraph costs no more than a short one.
HEAD, TAIL = 400, 200

#: Stands before and after each block, so that n-grams know where it begins and ends.
EDGE = "\x02"

_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that it has an inverse modulo 2**64
_BASE_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 2**64))
_MIX = np.uint64(0xD6E8FEB86659FD93)
_SALTS = {n: np.uint64(n * 0xA0761D6478BD642F % 2**64) for n in (1, 2, 3, 4, 5, 11, 12)}


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
    """Width, case and digits made equal: NFKC, lower case, every decimal digit 0; long text by its head and tail."""
    if len(text) > HEAD + TAIL:
        text = text[:HEAD] + EDGE + text[-TAIL:]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return text.lower().translate(_DIGITS)


_DIGITS = {ord(digit): "0" for digit in "123456789"}


@lru_cache(maxsize=1)
def _letters() -> NDArray[np.bool_]:
    """For each code point of the first two planes, whether it belongs to a word."""
    return np.fromiter((chr(code).isalnum() for code in range(0x20000)), np.bool_, 0x20000)


def code_points(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The normalised texts as one array of code points, and where each begins; an edge stands at both ends of each."""
    padded = [f"{EDGE}{normalise(text)}{EDGE}" for text in texts]
    lengths = np.fromiter(map(len, padded), np.int64, len(padded))
    joined = "".join(padded).encode("utf-32-le", "surrogatepass")
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1])) if padded else np.zeros(0, np.int64)
    return np.frombuffer(joined, np.uint32).astype(np.uint64), starts.astype(np.int64)


def hash_texts(texts: Sequence[str], bits: int) -> Hashes:
    """Character 2- to 5-grams and word 1- and 2-grams of each text.

    Parameters
    ----------
    texts : sequence of str, length n_blocks
    bits : int
        Columns are numbers below ``2**bits``.

    Returns
    -------
    Hashes
    """
    codes, starts = code_points(texts)
    size, n_blocks = len(codes), len(texts)
    if n_blocks == 0:
        return Hashes(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64))
    ends = np.append(starts[1:], size)
    block = np.repeat(np.arange(n_blocks, dtype=np.int32), ends - starts)
    shift = np.uint64(64 - bits)
    columns: list[NDArray[np.int32]] = []
    blocks: list[NDArray[np.int32]] = []

    rolling = codes + np.uint64(1)
    for n in CHARACTER_NGRAMS:
        rolling = rolling[:-1] * _BASE + codes[n - 1 :]
        if len(rolling) == 0:
            break
        inside = block[: len(rolling)] == block[n - 1 :]
        columns.append(_finish(rolling[inside], n, shift))
        blocks.append(block[: len(rolling)][inside])

    first, last = _words(codes)
    if len(first):
        powers = np.full(size + 1, _BASE, np.uint64)
        powers[0] = 1
        powers = np.multiply.accumulate(powers)
        inverses = np.full(size + 1, _BASE_INVERSE, np.uint64)
        inverses[0] = 1
        inverses = np.multiply.accumulate(inverses)
        prefix = np.concatenate((np.zeros(1, np.uint64), np.cumsum((codes + np.uint64(1)) * powers[:size])))
        word = (prefix[last] - prefix[first]) * inverses[first]
        owner = block[first]
        columns.append(_finish(word, 11, shift))
        blocks.append(owner)
        together = owner[:-1] == owner[1:]
        columns.append(_finish((word[:-1] * _BASE + word[1:])[together], 12, shift))
        blocks.append(owner[:-1][together])

    rows = np.concatenate(blocks)
    return Hashes(rows, np.concatenate(columns), np.bincount(rows, minlength=n_blocks))


def name_features(text: str) -> list[str]:
    """The n-grams of one text in the order of `hash_texts`, for people to read; an edge of the block shows as ``|``."""
    padded = f"{EDGE}{normalise(text)}{EDGE}"
    names = [padded[i : i + n].replace(EDGE, "|") for n in CHARACTER_NGRAMS for i in range(len(padded) - n + 1)]
    first, last = _words(np.frombuffer(padded.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64))
    words = [padded[a:b] for a, b in zip(first, last, strict=True)]
    return [*names, *words, *(f"{a} {b}" for a, b in pairwise(words))]


def _finish(hashes: NDArray[np.uint64], salt: int, shift: np.uint64) -> NDArray[np.int32]:
    hashes = hashes ^ _SALTS[salt]
    hashes = (hashes ^ (hashes >> np.uint64(32))) * _MIX
    return (hashes >> shift).astype(np.int32)


def _words(codes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each run of letters and digits begins and ends."""
    table = _letters()
    inside = table[np.minimum(codes, np.uint64(len(table) - 1)).astype(np.int64)]
    edges = np.flatnonzero(np.diff(inside.astype(np.int8), prepend=0, append=0))
    return edges[::2], edges[1::2]
