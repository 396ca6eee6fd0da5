"""What extractors leave of the pages, as texts to learn from: what `paywallclf.clean_text` is asked about most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

from joblib import Parallel, delayed

from paywallclf import parse_text
from paywallclf.document import Document
from training import peers
from training.align import align
from training.corpus import ANY, LabelledPage, labels_of

#: Of a line's characters that lie in promos, the share up to which it is none, and the share from which it is one. Between
#: them, and where the page has no such text, nobody can say.
MIXED = (0.2, 0.8)

#: By how many extractors a page is read.
_EXTRACTS = 2


@dataclass(frozen=True, slots=True)
class Extract:
    """The text that an extractor gave of a page, with a label for each block of it."""

    group: str
    document: Document
    labels: list[str]


def extracts(pages: Sequence[LabelledPage], n_jobs: int | None = None) -> list[Extract]:
    """Texts of each reviewed page, by some of the extractors that are installed; none where they give nothing."""
    names = sorted(peers.available())
    jobs = [
        (page, names[(crc32(page.id.encode()) + other) % len(names)])
        for page in pages
        if page.reviewed
        for other in range(min(_EXTRACTS, len(names)))
    ]
    found = Parallel(n_jobs=n_jobs)(delayed(_extract)(page, name) for page, name in jobs)
    return [extract for extract in found if extract.labels]


def _extract(page: LabelledPage, name: str) -> Extract:
    document = parse_text(peers.PEERS[name](page.document.source))
    given = labels_of(page)
    shares = align(page.document.layout.texts, document.layout.texts)
    return Extract(page.group, document, [_label(given, shared) for shared in shares])


def _label(given: list[str], shared: dict[int, int]) -> str:
    """The label that most of a line's characters have on the page, unless it mixes promo with something else."""
    votes: Counter[str] = Counter()
    for block, characters in shared.items():
        votes[given[block]] += characters
    if not votes:
        return ANY
    promo = sum(count for label, count in votes.items() if label.startswith("promo")) / votes.total()
    return ANY if MIXED[0] < promo < MIXED[1] else votes.most_common(1)[0][0]
