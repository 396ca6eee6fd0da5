"""Stand-off labels: which block of which page is what, without the pages. ``datasets/annotations/README.md`` has the format.

A page's labels are listed by fingerprint but for its commonest one, which the unlisted blocks have. Whether they may have it is
told by a digest of all the page's blocks: on a page that differs from the one that was labelled, an unlisted block may be new.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paywallclf.document import Document
from paywallclf.labels import check_label
from training.corpus import ANY, GoldBlock, LabelledPage

#: Where the project keeps them.
ANNOTATIONS = Path(__file__).parents[1] / "datasets" / "annotations"

#: What a row says of its page beside the labels.
PAGE_FIELDS = ("page", "name", "site", "group", "language", "type", "reviewed", "body_known")


#: A name with spaces spells a headline, and no text of a page may stand here: so many characters of it are kept.
_HEADLINE = 24


class AnnotationError(ValueError):
    """A file of annotations that cannot be used; the message names the file, the line and the reason."""


@dataclass(frozen=True, slots=True)
class Laid:
    """A page with labels laid on, and how they fitted.

    Attributes
    ----------
    page : LabelledPage
    listed, found : int
        Fingerprints that the annotation lists; those that the page has.
    same : bool
        Whether the page has exactly the blocks that were labelled, in their order.
    """

    page: LabelledPage
    listed: int
    found: int
    same: bool


def digest(document: Document) -> str:
    """12 hexadecimal digits that stand for all blocks of a page in their order."""
    joined = "\n".join(block.fingerprint for block in document.blocks)
    return hashlib.sha256(joined.encode()).hexdigest()[:12]


def shortened(page: str, name: str) -> tuple[str, str]:
    """The id and the name under which a row has a page: one that spells a headline is cut, and its name ends in ``*``."""
    if " " not in name or len(name) <= _HEADLINE:
        return page, name
    return page[: page.index("/") + 1 + _HEADLINE], name[:_HEADLINE] + "*"


def annotation(page: LabelledPage, *, name: str, site: str) -> dict[str, Any]:
    """The row of a labelled page.

    Parameters
    ----------
    page : LabelledPage
    name : str
        The page's name in its source.
    site : str
        Its registered domain.
    """
    full = [check_label(label, kind) for label, kind in zip(page.labels, page.kinds, strict=True)]
    counts = Counter(label for label in full if not label.startswith("promo"))
    rest = max(sorted(counts), key=counts.__getitem__, default=ANY)
    labels: dict[str, list[str]] = defaultdict(list)
    for label, block in zip(full, page.document.blocks, strict=True):
        if label != rest:
            labels[label].append(block.fingerprint)
    about = (*shortened(page.id, name), site, page.group, page.language, page.type, page.reviewed, page.body_known)
    return {
        **dict(zip(PAGE_FIELDS, about, strict=True)),
        "blocks": len(full),
        "digest": digest(page.document),
        "rest": rest,
        "labels": dict(sorted(labels.items())),
    }


def lay(row: Mapping[str, Any], document: Document) -> Laid:
    """Lay the labels of a row on a page's blocks, by their fingerprints."""
    of_fingerprint = {fingerprint: label for label, listed in row["labels"].items() for fingerprint in listed}
    same = digest(document) == row["digest"]
    rest = row["rest"] if same else ANY
    full = [of_fingerprint.get(block.fingerprint, rest) for block in document.blocks]
    labels, _, kinds = zip(*(label.partition(":") for label in full), strict=True) if full else ((), (), ())
    page = LabelledPage(
        id=row["page"],
        source=source_of(row),
        group=row["group"],
        language=row["language"],
        type=row["type"],
        reviewed=row["reviewed"],
        body_known=row["body_known"],
        document=document,
        labels=list(labels),
        kinds=[kind or None for kind in kinds],
        gold=[
            GoldBlock(block.text, label, kind or None, {block.index: max(1, len(block.text))})
            for block, label, kind in zip(document.blocks, labels, kinds, strict=True)
        ],
    )
    found = sum(block.fingerprint in of_fingerprint for block in document.blocks)
    return Laid(page, len(of_fingerprint), found, same)


def source_of(row: Mapping[str, Any]) -> str:
    """The source of a row's page."""
    return str(row["page"].partition("/")[0])


def write_annotations(folder: Path, rows: Iterable[Mapping[str, Any]]) -> list[Path]:
    """Write rows to ``SOURCE.jsonl``, a page a line, in their order; gives the files."""
    by_source: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_source[source_of(row)].append(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for source, lines in sorted(by_source.items()):
        paths.append(folder / f"{source}.jsonl")
        paths[-1].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return paths


def read_annotations(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file.

    Raises
    ------
    AnnotationError
        At the first line that does not follow the format.
    """
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                _check(row)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
                raise AnnotationError(f"{path}:{number}: {reason}") from None
            yield row


def _check(row: Any) -> None:
    if not isinstance(row, dict):
        raise ValueError("expected a JSON object")
    for field in (*PAGE_FIELDS, "blocks", "digest"):
        row[field]
    for label in (row["rest"], *row["labels"]):
        check_label(*label.split(":", 1))
