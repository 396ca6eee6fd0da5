"""The inspect page: one HTML file in which a person reads what was decided, corrects it, and saves the labels.

The blocks stand in the file as escaped text. What only the script needs (the page's own HTML for the label file, fingerprints,
reasons) comes along compressed and in base64, so that nothing of a page is markup to the browser. The file's content security
policy allows our own script and style by their hashes, and no connection at all: it holds even if an escape were forgotten.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from paywallclf.document import KINDS, LABELS, Block, Document
from paywallclf.explanation import explanations

if TYPE_CHECKING:
    from paywallclf.api import AnyModel
    from paywallclf.explanation import Explanation

#: Blocks of one page that come with reasons, the least sure ones: a page of thousands stays quick to write and to open.
MOST_EXPLAINED = 300

#: Below this probability of its label a block counts as unsure.
UNSURE = 0.9

#: N-grams and tokens given for each block.
MOST_FEATURES = 8

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class InspectedPage:
    """A page of the report.

    Attributes
    ----------
    id : str
        What the label file calls it.
    group : str or None
        The site, or whatever training is to keep together.
    blocks : tuple of Block
        With labels.
    payload : str
        What the script needs beside them, as `payload_of` gives it.
    """

    id: str
    group: str | None
    blocks: tuple[Block, ...]
    payload: str

    @property
    def promos(self) -> int:
        """How many blocks were labelled promo."""
        return sum(block.label == "promo" for block in self.blocks)

    @property
    def unsure(self) -> int:
        """How many blocks have a `sureness` below `UNSURE`."""
        return sum(sureness(block) < UNSURE for block in self.blocks)


def sureness(block: Block) -> float:
    """The probability of the label that the block was given: low where a low threshold made it a promo."""
    assert block.label is not None
    return block.probabilities[block.label]


def payload_of(document: Document, *, model: AnyModel = None) -> str:
    """What the report's script needs of a document beside the text of its blocks: JSON, compressed by gzip, in base64.

    Parameters
    ----------
    document : Document
        From `classify_html` of a str or bytes, or from `classify_text`.
    model
        The model that labelled it, for the reasons; as for `clean_html`.
    """
    doubtful = sorted(document.blocks, key=sureness)[:MOST_EXPLAINED]
    found = explanations(document, [block.index for block in doubtful], model=model, most=MOST_FEATURES)
    reasons = {block.index: _reasons(reason) for block, reason in zip(doubtful, found, strict=True)}
    payload = {
        "form": document.form,
        "source": document.source,
        "language": document.language,
        "threshold": document.threshold,
        "access": {"state": document.access.state, "evidence": document.access.evidence},
        "blocks": [
            {
                "fingerprint": block.fingerprint,
                "path": block.path,
                "probabilities": _rounded(block.probabilities),
                "kinds": _rounded(block.kinds),
                "reasons": reasons.get(block.index),
            }
            for block in document.blocks
        ],
    }
    # ASCII: half a surrogate pair, as broken pages have them, stays what it was
    return base64.b64encode(gzip.compress(json.dumps(payload).encode("ascii"), mtime=0)).decode("ascii")


def _reasons(explanation: Explanation) -> dict[str, Any]:
    return {
        "log_odds": round(explanation.log_odds, 3),
        "groups": _rounded(explanation.groups),
        "ngrams": [(name, round(weight, 3)) for name, weight in explanation.ngrams],
        "markup": [(name, round(weight, 3)) for name, weight in explanation.markup],
    }


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}


def percent(probability: float) -> str:
    """A probability for people to read: nothing is certain, and nothing is impossible."""
    return "> 99 %" if probability > 0.99 else "< 1 %" if probability < 0.01 else f"{probability:.0%}".replace("%", " %")


def breakable(name: str) -> Markup:
    """A file's name or an address, which may go to the next line where a word in it ends."""
    return Markup("<wbr>").join(re.split(r"(?<=[/_?&=-])", name))


def render_report(pages: Sequence[InspectedPage]) -> bytes:
    """The report as one HTML file in UTF-8, which needs no network."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = breakable
    environment.filters["percent"] = percent
    environment.filters["sureness"] = sureness
    script = (_TEMPLATES / "report.js").read_text(encoding="utf-8")
    style = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    html = environment.get_template("report.html").render(
        pages=pages,
        labels=LABELS,
        kinds=KINDS,
        unsure=UNSURE,
        script=Markup(script),
        script_hash=_source_hash(script),
        style=Markup(style),
        style_hash=_source_hash(style),
    )
    return html.encode("utf-8", "replace")


def _source_hash(source: str) -> str:
    """The hash by which a content security policy knows a script or a style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode("utf-8")).digest()).decode("ascii")
