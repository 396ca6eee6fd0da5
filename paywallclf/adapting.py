"""A model for one publisher: the first stage's tables moved a little, by logistic regression on a few labelled blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from scipy.optimize import minimize

from paywallclf import scoring
from paywallclf.document import Document, Layout
from paywallclf.ensemble import probability
from paywallclf.features import context, ngrams
from paywallclf.fitting import as_table, markup_rows, normalised_matrix
from paywallclf.rows import Rows, gather
from paywallclf.storage import rounded

#: L2 penalty on the moves, in standard deviations of the first stage's scores, against a sum of losses over the labelled blocks.
PENALTY = 0.02

#: A token's move is scaled by its rarity on the given pages, to this power: what stands all over the publisher's pages stands
#: on other publishers' too. Without it, those lose four times the text.
RARITY_POWER = 4.0

#: Fewer blocks than a page has do not show what is common.
_FEWEST_BLOCKS = 200

#: What a block counts that is not known to be promo or editorial: dropping it costs a reader little, and most errors are of this sort.
OTHER_WEIGHT = 0.02

#: Regressions, each around the scores that the last one led to: the second stage passes a move on amplified or damped.
ROUNDS = 4

#: The column of promo among a table's heads.
_PROMO = scoring.HEADS.index("promo")

#: Certainty has no log-odds.
_NEARLY_CERTAIN = 1e-6


def adapt(model: scoring.Model, documents: Sequence[Document], labels: Sequence[Sequence[str | None]]) -> scoring.Model:
    """A model for the publisher of some pages, a few of whose blocks are labelled.

    Only ``text_table`` and ``markup_table`` change, only in the rows of the labelled blocks' n-grams and tokens, and only for
    promo against the rest: the publisher's own class names and phrases come to speak for promo or against it, and pages that
    have none of them keep their scores. Linear in the number of blocks.

    Parameters
    ----------
    model : Model
        Not changed.
    documents : sequence of Document, length n_documents
    labels : sequence of sequences
        As `PaywallClassifier.fit` takes them; most may be None.

    Raises
    ------
    ValueError
        No block is labelled, lengths do not agree, or a label does not exist.
    TypeError
        Something else than documents.
    """
    rows = gather(documents, labels)
    known = np.flatnonzero(rows.known)
    if len(known) == 0:
        raise ValueError("adapt needs at least one labelled block")
    text, tokens = _text_matrix(model, rows), markup_rows(rows.layouts, scoring.bits_of(model.arrays["markup_table"]))
    reach = np.concatenate([_reach(model, text, "text_promo"), _reach(model, tokens, "markup_promo")])
    parts = [
        scipy.sparse.diags(_strength(model, rows, score)[known]) @ matrix[known]
        for score, matrix in (("text_promo", text), ("markup_promo", tokens))
    ]
    features = scipy.sparse.hstack(parts, format="csr")
    # what is learned is learned on the labelled blocks' own columns
    columns = np.unique(features.indices)
    features = features[:, columns] @ scipy.sparse.diags(reach[columns])
    target = rows.promo[known]
    weights = np.where(np.isin(rows.label[known], ("other", "not_promo")), OTHER_WEIGHT, 1.0)

    arrays = model.arrays
    moves = np.zeros(len(columns))
    for _ in range(ROUNDS):
        offset = _margins(model, arrays, rows.layouts)[known] - features @ moves
        moves = _regression(features, target, weights, offset, moves)
        change = np.zeros(len(reach))
        change[columns] = moves * reach[columns]
        arrays = _moved(model.arrays, change[: text.shape[1]], change[text.shape[1] :])
    counts = {"documents": len(rows.layouts), "blocks": len(known), "promo_blocks": int(target.sum())}
    version = f"{model.config.get('version', '0')}+adapted"
    return scoring.Model(arrays, {**model.config, "version": version, "adapted": counts})


def _text_matrix(model: scoring.Model, rows: Rows) -> Any:
    bits = scoring.bits_of(model.arrays["text_table"])
    return normalised_matrix(*ngrams.hash_texts([text for layout in rows.layouts for text in layout.texts], bits), 1 << bits)


def _reach(model: scoring.Model, matrix: Any, score: str) -> NDArray[np.float64]:
    """How far one unit of a move takes each column's weight: a standard deviation of the score, less where the column is common."""
    n = max(matrix.shape[0], _FEWEST_BLOCKS)
    blocks = np.bincount(matrix.indices, minlength=matrix.shape[1])
    rarity = np.log((n + 1) / (np.minimum(blocks, n) + 1)) / np.log(n + 1)
    return np.asarray(model.arrays["first_scale"][context.SCORES.index(score)] * rarity**RARITY_POWER, np.float64)


def _strength(model: scoring.Model, rows: Rows, score: str) -> NDArray[np.float64]:
    """What a unit of a first-stage score adds to the joint log-odds of promo, for each row."""
    column = context.SCORES.index(score)
    of_form = {
        form: model.arrays[f"{form}_joint_weights"][column, _PROMO] / model.arrays["first_scale"][column]
        for form in scoring.FORMS
    }
    return np.array([of_form["html" if layout.tags else "text"] for layout in rows.layouts], np.float64)[rows.page]


def _margins(model: scoring.Model, arrays: Mapping[str, NDArray[Any]], layouts: Sequence[Layout]) -> NDArray[np.float64]:
    """Log-odds of promo of every block, less those of the threshold: above 0 a block is dropped."""
    parts = []
    for layout in layouts:
        promo = scoring.score_promo(arrays, layout)
        chances = np.append(promo, model.threshold(layout, promo))
        chances = np.clip(chances, _NEARLY_CERTAIN, 1 - _NEARLY_CERTAIN)
        log_odds = np.log(chances / (1 - chances))
        parts.append(log_odds[:-1] - log_odds[-1])
    return np.concatenate(parts)


def _regression(
    features: Any,
    target: NDArray[np.bool_],
    weights: NDArray[np.float64],
    offset: NDArray[np.float64],
    start: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Coefficients of a logistic regression with a fixed offset for each row and an L2 penalty."""
    sign = np.where(target, 1.0, -1.0)

    def loss(moves: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = sign * (offset + features @ moves)
        value = weights @ np.logaddexp(0, -margins) + PENALTY / 2 * moves @ moves
        slope = -sign * weights * probability(-margins)
        return float(value), features.T @ slope + PENALTY * moves

    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B").x, np.float64)


def _moved(
    arrays: Mapping[str, NDArray[Any]], text: NDArray[np.float64], markup: NDArray[np.float64]
) -> dict[str, NDArray[Any]]:
    """The arrays with the tables' columns of promo changed, as a file would hold them."""
    heads = len(scoring.HEADS)
    tables = {}
    for name, change in (("text_table", text), ("markup_table", markup)):
        table = tables[name] = np.array(arrays[name])
        table[:, _PROMO::heads] += as_table(change[:, None], scoring.bits_of(table))
    return {**arrays, **rounded(tables)}
