"""The table of access: what the text alone says of a page whose publisher states whether it is free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from joblib import Parallel, delayed

from paywallclf import PaywallClassifier, classify_html
from paywallclf.access import declared_free
from paywallclf.scoring import Model
from training.corpus import LabelledPage
from training.folds import fold_of_pages
from training.tables import Tables

#: A word of the same length takes the statement's place, so that nothing else on the page moves.
_STATEMENT, _HIDDEN = "isAccessibleForFree", "isAccessibleForText"

STATES = ("open", "locked", "unknown")


def access_table(tables: Tables, pages: Sequence[LabelledPage], models: Sequence[PaywallClassifier], n_jobs: int) -> None:
    """The confusion table of `Document.access.state`, with the statement hidden, against the statement.

    The two are not of the same thing: a statement is of the publisher's own page, the state of the copy at hand, and most copies
    in corpora hold the text of articles that are sold. So "not free" and "open" is no error where the text goes on.
    """
    stated = Parallel(n_jobs=n_jobs)(
        delayed(_seen)(page, models[of].model_) for page, of in zip(pages, fold_of_pages(pages), strict=True) if _states(page)
    )
    counts = Counter(stated)
    tables.heading("Access: the state, read from the text alone, against the publisher's statement (pages)")
    tables.table(
        "access",
        ("isAccessibleForFree", *STATES, "pages"),
        [
            (str(free).lower(), *(counts[free, state] for state in STATES), sum(counts[free, state] for state in STATES))
            for free in (True, False)
        ],
    )


def _states(page: LabelledPage) -> bool:
    return _STATEMENT in page.document.source


def _seen(page: LabelledPage, model: Model) -> tuple[bool | None, str]:
    """What the publisher states, and the state without that."""
    hidden = page.document.source.replace(_STATEMENT, _HIDDEN)
    return declared_free(page.document), classify_html(hidden, model=model).access.state
