"""The model card: what a model is, what it learned from, how good it is and where it fails.

Every figure comes from the model's own configuration or from the evaluation's output; nothing is typed in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from paywallclf.evaluation import Rate
from training.sources import Source

#: How many of the worst languages and kinds the card names.
WORST = 5

#: The share of editorial words lost at which the README compares the models.
README_AIM = "0.3 %"


class CardError(ValueError):
    """The card cannot be written: the evaluation is another model's, or lacks a table."""


def card(config: Mapping[str, Any], sources: Mapping[str, Source], figures: Mapping[str, Any] | None = None) -> str:
    """The card of a model, in Markdown.

    Parameters
    ----------
    config : mapping
        The model's configuration as ``python -m training fit`` writes it.
    sources : mapping of str to Source
        Those that the configuration names.
    figures : mapping, optional
        The content of ``evaluation.json``. Without it the card says that the model has not been evaluated.

    Raises
    ------
    CardError
        The figures are of other data or parameters than the model's, or a table is missing.
    """
    data = config.get("training_data")
    if data is None:
        raise CardError("this model does not say what it was trained on: fit it with python -m training fit")
    parts = [_head(config), _training(config, data, sources)]
    if figures is None:
        parts.append(
            ["## How good it is", "", "Not evaluated yet: run `python -m training evaluate`, then `python -m training card`."]
        )
    else:
        if figures.get("training_data") != data["fingerprint"]:
            raise CardError(
                "the evaluation is of other pages, labels or parameters than this model: run python -m training evaluate"
            )
        try:
            parts += [_quality(figures), _failures(config, figures)]
        except KeyError as error:
            raise CardError(f"the evaluation lacks {error}: run python -m training evaluate again") from None
    parts += [_limits(), _ethics(), _licence(data, sources)]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _head(config: Mapping[str, Any]) -> list[str]:
    return [
        "---",
        "license: mit",
        "library_name: paywallclf",
        "tags: [web-scraping, boilerplate, paywall, text-classification]",
        "---",
        "",
        f"# {config['name']} {config['version']}",
        "",
        "Tells the blocks of a web page or a text apart: what the newsroom wrote (`editorial`), what asks the reader to pay, subscribe,",
        "register, sign up, donate, follow or install (`promo`, with its kind), and the rest (`other`). `paywallclf.clean_html` and",
        "`clean_text` use it to give back the page without its promos.",
    ]


def _training(config: Mapping[str, Any], data: Mapping[str, Any], sources: Mapping[str, Source]) -> list[str]:
    counts = data["sources"]
    rows = [
        (
            sources[name].credit if name in sources else name,
            count["pages"],
            count["groups"],
            f"{count['blocks']:,}",
            f"{count['promo_blocks']:,}",
        )
        for name, count in sorted(counts.items(), key=lambda item: -item[1]["pages"])
    ]
    written = data["written_blocks"]
    extractors = ", ".join(f"{name} {version}" for name, version in data["extractors"].items())
    languages = [f"{name} {count}" for name, count in data["languages"].items() if name != "unknown"]
    parameters = ", ".join(f"{name} {value}" for name, value in sorted(config["parameters"].items()))
    return [
        "## What it learned from",
        "",
        f"{config['documents']:,} documents of {config['groups']:,} groups of sites: pages, and the texts that "
        f"extractors leave of them ({extractors}). {config['promo_blocks']:,} promo blocks among {config['blocks']:,} that count. "
        f"On {data['reviewed_pages']:,} pages every block that a wide search or a model could suspect was "
        f"read by an annotator; on {data['body_known_pages']:,} the article's body is marked, so that editorial and other are told apart.",
        "",
        *_table(("source", "pages", "groups", "blocks", "promo blocks"), rows),
        "",
        f"Words alone it also learned from {sum(written.values()):,} blocks in {len(written)} languages that were written for this project "
        "with a language model's help (`datasets/blocks`); nothing below is measured on them.",
        "",
        f"Pages by the language that they state: {', '.join(languages)}; none stated {data['languages'].get('unknown', 0)}.",
        "",
        f"Promo blocks by kind: {', '.join(f'{kind} {count:,}' for kind, count in data['kinds'].items())}.",
        "",
        "Two stages: linear over hashed n-grams of the text and tokens of the markup; then small neural networks and boosted trees over",
        "those scores, the block's shape and its context (neighbours, subtrees of its ancestors), fitted to scores that the first",
        "stage gave to groups it had not seen. Calibrated on such groups; the default threshold is the lowest that costs at most the",
        "budgeted share of their editorial words. Plain text has a second stage of its own.",
        f"Parameters: {parameters}. Training data and parameters:",
        f"`{data['fingerprint']}`.",
    ]  # fmt: skip


def _quality(figures: Mapping[str, Any]) -> list[str]:
    default = {row["figure"]: row["value"] for row in figures["default_threshold"]}
    curve = [row for row in figures["leak_and_loss"] if row["model"] == "paywallclf"]
    lines = [
        "## How good it is",
        "",
        "Five folds by group of sites, pooled: every figure is of pages whose group the model had not seen. In brackets: 95 % interval,",
        "bootstrap over groups; counts. Both errors belong together: a promo that stays (leak), editorial words that go (loss).",
        "",
        "At the default threshold:",
        "",
        *_table(("figure", "value"), ((name, _shown(value)) for name, value in default.items())),
        "",
        "Leak at other thresholds, chosen on the other folds:",
        "",
        *_rows_as_table(curve, ("aim", "promo blocks leaked", "pages leaking", "editorial words lost")),
        "",
        "Average precision of promo, against what people do without us:",
        "",
        *_rows_as_table(figures["average_precision"]),
    ]
    if "fragments" in figures:
        lines += [
            "",
            "On fragments of pages, by number of blocks, at the default threshold:",
            "",
            *_rows_as_table(figures["fragments"]),
        ]
    if "peers" in figures:
        lines += [
            "",
            "Extractors alone and with it (a block counts as kept where its text stands in the output):",
            "",
            *_rows_as_table(figures["peers"]),
        ]
    return lines


def readme_figures(figures: Mapping[str, Any]) -> str:
    """The README's figures, in Markdown.

    Raises
    ------
    CardError
        A table is missing.
    """
    try:
        default = {row["figure"]: row["value"] for row in figures["default_threshold"]}
        alone = {row["model"]: row for row in figures["leak_and_loss"] if row["aim"] == README_AIM}
        precision = {row["model"]: row for row in figures["average_precision"]}
        peers = [row for row in figures.get("peers", []) if "aim" not in row["how"]]
    except KeyError as error:
        raise CardError(f"the evaluation lacks {error}: run python -m training evaluate again") from None
    chosen = ("promo blocks leaked", "pages leaking", "editorial words lost")
    lines = [
        "Real pages of sites that the model never saw (five folds by group of sites, pooled). In brackets a 95 % interval, drawn over",
        "sites, and the counts. `python -m training evaluate` prints all tables; `python -m training card` writes this one.",
        "",
        *_table(
            ("", *chosen, "average precision", "against editorial"),
            [
                (
                    "**paywallclf, default threshold**",
                    *(_shown(default[name]) for name in chosen),
                    *_precision(precision["paywallclf"]),
                ),
                *(
                    (f"{name}, at {README_AIM} lost", *(_shown(row[column]) for column in chosen), *_precision(precision[name]))
                    for name, row in alone.items()
                ),
            ],
        ),
    ]
    if peers:
        lines += [
            "",
            "With the extractors that people use, default threshold. *Before*: the extractor reads what `clean_html` gives; *after*:",
            "`clean_text` reads what the extractor gives. A block counts as kept where its text stands in the output, for all alike.",
            "",
            *_rows_as_table(peers, ("extractor", "how", "promo blocks leaked", "pages leaking", "editorial words kept")),
        ]
    return "\n".join(lines)


def _precision(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(_shown(row[column]) for column in ("over all blocks", "promo against editorial"))


def _failures(config: Mapping[str, Any], figures: Mapping[str, Any]) -> list[str]:
    aim = f"{100 * config['parameters']['loss_budget']:g} %"
    lines = ["## Where it fails", ""]
    for by in ("kind", "language"):
        column = f"at {aim}"
        rows = [(row[by], _rate(row[column])) for row in figures[f"leak_by_{by}"]]
        worst = sorted((row for row in rows if row[1].whole), key=lambda row: -row[1].value)[:WORST]
        lines += [
            f"Promo blocks leaked at {aim} of editorial words lost, the worst by {by}:",
            "",
            *_table((by, "leaked"), ((name, str(rate)) for name, rate in worst)),
            "",
        ]
    return [
        *lines,
        "Both errors at the default threshold, by language:",
        "",
        *_rows_as_table(figures["default_by_language"]),
        "",
        "A language with too few promo blocks in the corpus is not in these tables: nothing is known of its leak. Expect worse than",
        "the worst above.",
    ]


def _limits() -> list[str]:
    return [
        "## Limits",
        "",
        "- Editorial text about subscriptions, prices or donations has the words of a promo; `hard negatives lost` counts what goes of it.",
        "- Labels of `follow` and `app` lines in footers are incomplete: some of them were learned, and are counted, as no promo.",
        "- Plain text has no markup to go by: expect more leak from `clean_text` than the figures of whole pages say.",
        "- A page's own `lang` decides its language here, and it can lie.",
        "- Text that a page draws with scripts or in an iframe is not in its HTML, and neither cleaned nor counted.",
    ]


def _ethics() -> list[str]:
    return [
        "## What it is for, and what not",
        "",
        "It cleans text that you already have. It opens no paywall: it fetches nothing and restores nothing that a publisher withheld;",
        "`Document.access` tells where a text stops at a barrier. Whether you may hold and use a text is between you and its publisher.",
    ]


def _licence(data: Mapping[str, Any], sources: Mapping[str, Source]) -> list[str]:
    return [
        "## Licence and credit",
        "",
        "The weights are under the MIT licence. The pages belong to their publishers; they were collected by:",
        "",
        *(
            f"- {source.credit}: <{source.repository}>, commit `{source.commit}`, {source.licence}"
            for name, source in sources.items()
            if name in data["sources"]
        ),
    ]


def _rate(cell: Mapping[str, float]) -> Rate:
    return Rate(cell["part"], cell["whole"], cell["low"], cell["high"])


def _shown(cell: Any) -> str:
    if isinstance(cell, Mapping):
        return str(_rate(cell))
    if isinstance(cell, float):
        return "-" if math.isnan(cell) else f"{cell:.3f}"
    return str(cell)


def _rows_as_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> list[str]:
    """A table of the evaluation, all its columns or some."""
    columns = columns or list(rows[0] if rows else ())
    return _table(columns, ([_shown(row[column]) for column in columns] for row in rows))


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    return [
        "| " + " | ".join(header) + " |",
        "| " + " | ".join("---" for _ in header) + " |",
        *("| " + " | ".join(map(str, row)) + " |" for row in rows),
    ]
