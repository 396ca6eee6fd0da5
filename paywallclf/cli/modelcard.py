"""The card of a model that somebody trained: what it learned from, and how it compares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from paywallclf.cli.comparing import Comparison
from paywallclf.cli.labelled import counts
from paywallclf.labels import LabelledDocument

#: Groups that the card names.
_MOST_GROUPS = 10


def card(config: Mapping[str, Any], documents: Sequence[LabelledDocument], comparison: Comparison) -> str:
    """The card in Markdown."""
    base = {"none": "these labels alone", "shipped": "the model that comes with paywallclf, and these labels"}
    learned = base.get(config["base"], f"the model {config['base']}, and these labels")
    kinds = Counter(label.partition(":")[2] for labelled in documents for label in labelled.labels if label and ":" in label)
    groups = Counter(labelled.group for labelled in documents).most_common(_MOST_GROUPS)
    more = len({labelled.group for labelled in documents}) - len(groups)
    thresholds = ", ".join(f"{value:.4f} for {form}" for form, value in config["thresholds"].items())
    table = comparison.table.lines()[2:] if comparison.table else ["Nothing was held out."]
    lines = [
        "---",
        "library_name: paywallclf",
        "tags: [web-scraping, boilerplate, paywall, text-classification]",
        "---",
        "",
        f"# {config['name']} {config['version']}",
        "",
        "Tells the blocks of a web page or a text apart: editorial, promo (with its kind), other. Made by `paywallclf train`; used with",
        "`paywallclf clean --model FOLDER`, or in Python with `clean_html(html, model=FOLDER)`.",
        "",
        "## What it learned from",
        "",
        f"From {learned}: {counts(documents)}.",
        "",
        f"Groups (documents): {', '.join(f'{group} ({count})' for group, count in groups)}{f', and {more} more' if more else ''}.",
        "",
        f"Promo blocks by kind: {', '.join(f'{kind} {count}' for kind, count in kinds.most_common()) or 'no kind given'}.",
        "",
        f"Default thresholds: {thresholds}.",
        "",
        "## How it compares",
        "",
        "Before is the base (of a model learned from labels alone: the shipped model). After is a model learned in the same way",
        "without the group that is judged; the model in this folder has learned from all. In brackets a 95 % interval by bootstrap",
        "over groups, and counts.",
        "",
        *table,
        *(["", *comparison.notes] if comparison.notes else []),
        "",
        "## Licence",
        "",
        "Not stated: whoever holds the labels decides.",
    ]
    return "\n".join(lines) + "\n"
