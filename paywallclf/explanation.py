"""What drove the score of one block."""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paywallclf import scoring
from paywallclf.api import _resolve
from paywallclf.document import Document, Layout
from paywallclf.features import context, markup, ngrams, shape

if TYPE_CHECKING:
    from paywallclf.api import AnyModel


@dataclass(frozen=True, slots=True)
class Explanation:
    """Reasons for a block's promo score. Positive numbers speak for promo; all are log-odds.

    Attributes
    ----------
    ngrams : list of (str, float)
        Character and word n-grams of the text, by their weight in the first stage's sum; an edge of the block shows as ``|``.
    markup : list of (str, float)
        Tokens of the elements, with where they stand (``own``, ``near``, ``around``).
    groups : dict of str to float
        For each group of the second stage's features, by how much the log-odds fall when the group is replaced by the means
        of the training data (occlusion; Zeiler and Fergus, 2014). They need not add up.
    log_odds : float
        The block's calibrated log-odds of promo.
    """

    ngrams: list[tuple[str, float]]
    markup: list[tuple[str, float]]
    groups: dict[str, float]
    log_odds: float


#: Groups of the second stage's features.
_GROUPS = {
    "text": ("text_promo", "text_editorial", *shape.TEXT_SHAPE[:13]),
    "markup": ("markup_promo", "markup_editorial", *shape.MARKUP_SHAPE),
    "position": shape.TEXT_SHAPE[13:],
    "neighbours": tuple(name for name in context.CONTEXT if name.startswith(("before", "after"))),
    "subtrees": tuple(name for name in context.CONTEXT if name.startswith("ancestor")),
    "page": tuple(name for name in context.CONTEXT if not name.startswith(("before", "after", "ancestor"))),
}


def explain(document: Document, index: int, *, model: AnyModel = None, most: int = 12) -> Explanation:
    """What drove the promo score of one block.

    Parameters
    ----------
    document : Document
    index : int
        The block's index.
    model
        As for `clean_html`.
    most : int
        How many n-grams and tokens to give.

    Raises
    ------
    IndexError
        The document has no such block.
    TypeError
        `document` is no Document, or `index` no number of a block.
    """
    if not isinstance(document, Document):
        raise TypeError(f"expected a document, as classify_html gives it, not {type(document).__name__}")
    return next(explanations(document, [index], model=model, most=most))


def explanations(
    document: Document, indices: Iterable[int], *, model: AnyModel = None, most: int = 12
) -> Iterator[Explanation]:
    """What drove the promo scores of some blocks, as `explain` gives it; what they share is computed once."""
    arrays = _resolve(model).arrays
    layout = scoring.as_form(document.layout)
    features = scoring.second_stage_features(arrays, layout, scoring.first_stage(arrays, layout))
    tokens = _tokens_of_elements(arrays, layout)
    for index in map(operator.index, indices):
        if not 0 <= index < len(document.blocks):
            raise IndexError(f"the document has {len(document.blocks)} blocks, none with index {index}")
        yield _explanation(arrays, layout, features[index : index + 1], tokens, index, most)


def _explanation(
    arrays: Mapping[str, NDArray[Any]], layout: Layout, row: scoring.Floats, tokens: list[NDArray[Any]], index: int, most: int
) -> Explanation:
    form = "html" if layout.tags else "text"
    log_odds = scoring.second_stage(arrays, f"{form}_promo", row)[0]
    groups = {}
    for group, names in _GROUPS.items():
        occluded = row.copy()
        columns = [scoring.FEATURES.index(name) for name in names]
        occluded[0, columns] = arrays[f"{form}_promo_mean"][columns]
        groups[group] = float(log_odds - scoring.second_stage(arrays, f"{form}_promo", occluded)[0])
    return Explanation(
        _strongest(_ngram_weights(arrays["text_table"][:, 0], layout.texts[index]), most),
        _strongest(_markup_weights(arrays["markup_table"][:, :: len(scoring.HEADS)], layout, tokens, index), most),
        groups,
        float(log_odds),
    )


def _strongest(weights: Iterable[tuple[str, float]], most: int) -> list[tuple[str, float]]:
    sums: defaultdict[str, float] = defaultdict(float)
    for name, weight in weights:
        sums[name] += weight
    return sorted(sums.items(), key=lambda item: -abs(item[1]))[:most]


def _ngram_weights(table: scoring.Floats, text: str) -> list[tuple[str, float]]:
    columns, _ = ngrams.hash_texts([text], scoring.bits_of(table))
    weights = table[columns] / np.sqrt(max(len(columns), 1))
    return list(zip(ngrams.name_features(text), weights.tolist(), strict=True))


def _tokens_of_elements(arrays: Mapping[str, NDArray[Any]], layout: Layout) -> list[NDArray[Any]]:
    """For each element, the rows of its tokens in the markup table."""
    if not layout.tags:
        return []
    tokens, counts = markup.hash_markup(layout, scoring.bits_of(arrays["markup_table"]))
    return np.split(tokens, np.cumsum(counts)[:-1])


def _markup_weights(
    table: scoring.Floats, layout: Layout, of_element: list[NDArray[Any]], index: int
) -> list[tuple[str, float]]:
    if not layout.tags:
        return []
    found = []
    for level, (rows, elements) in enumerate(markup.standing(layout)):
        own = elements[rows == index]
        names = [name for element in own for name in markup.token_names(layout.tags[element], layout.attributes[element])]
        standing = np.concatenate([np.zeros(0, np.int32), *(of_element[element] for element in own)])
        weights = table[standing, level] / np.sqrt(max(len(standing), 1))
        found += [(f"{markup.LEVELS[level]} {name}", weight) for name, weight in zip(names, weights.tolist(), strict=True)]
    return found
