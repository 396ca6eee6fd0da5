"""Hashed character and word n-grams of many blocks at once.

No tokeniser and no language list: a word is a run of letters and digits, so scripts without spaces count by characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from paywallclf.features.hashing import fold_characters, hash_ngrams, score_ngrams

#: Lengths of the character n-grams. With 4 as well, nothing was gained on held-out sites.
CHARACTER_NGRAMS = (2, 3, 5)

#: Characters read at the head and at the tail of a block. What makes a promo is said there, and 99 % of promo blocks are
#: shorter than both together, so a long paragraph costs no more than a short one.
HEAD, TAIL = 300, 150

#: Stands before and after each block, so that n-grams know where it begins and ends.
EDGE = "\x02"


def normalise(text: str) -> str:
    """Width made equal: NFKC; long text by its head and tail."""
    if len(text) > HEAD + TAIL:
        text = text[:HEAD] + EDGE + text[-TAIL:]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return text


def code_points(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The normalised texts as one array of code points, and the length of each; 1 to 9 are 0.

    An edge stands at both ends of each text.
    """
    # most are short and of ASCII: the call would cost more than it does
    equal = [text if text.isascii() and len(text) <= HEAD + TAIL else normalise(text) for text in texts]
    return fold_characters(equal, EDGE)


def hash_texts(texts: Sequence[str], bits: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Character n-grams (`CHARACTER_NGRAMS`) and word 1- and 2-grams of each text.

    Parameters
    ----------
    texts : sequence of str, length n_blocks
    bits : int

    Returns
    -------
    columns : array of int32, shape (n_features,)
        Numbers below ``2**bits``, text after text; a feature that stands twice in a text is here twice.
    counts : array of int64, shape (n_blocks,)
        How many of them each text has.
    """
    return hash_ngrams(*code_points(texts), CHARACTER_NGRAMS, bits)


def score_texts(table: NDArray[np.float32], texts: Sequence[str]) -> NDArray[np.float32]:
    """For each text the sum of a table's rows over the columns that `hash_texts` gives, divided by the root of their number.

    Parameters
    ----------
    table : array of float32, shape (2**bits, n_heads)
    texts : sequence of str, length n_blocks

    Returns
    -------
    array of float32, shape (n_blocks, n_heads)
    """
    return score_ngrams(table, *code_points(texts), CHARACTER_NGRAMS)


def name_features(text: str) -> list[str]:
    """The n-grams of one text in the order of `hash_texts`, for people to read; an edge of the block shows as ``|``."""
    codes, _ = code_points([text])
    padded = codes.tobytes().decode("utf-32-le", "surrogatepass")
    names = [padded[i : i + n].replace(EDGE, "|") for n in CHARACTER_NGRAMS for i in range(len(padded) - n + 1)]
    words = ["".join(run) for inside, run in groupby(padded, str.isalnum) if inside]
    return [*names, *words, *(f"{a} {b}" for a, b in pairwise(words))]
