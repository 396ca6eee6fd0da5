"""`paywallclf train`: a model from labels, on top of the shipped one or from nothing."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import paywallclf
from paywallclf.cli.messages import Messages
from paywallclf.cli.options import cannot_write, job_count, output_folder

if TYPE_CHECKING:
    from paywallclf import PaywallClassifier
    from paywallclf.cli.comparing import Comparison
    from paywallclf.labels import LabelledDocument

#: Where the model goes, if nothing is said.
OUTPUT = "paywallclf-model"

#: Shares that the groups are parted into, each held out once.
FOLDS = 5

_ABROAD = (
    "A base learns the phrases and class names of the sites that are labelled, and pages without them are read as before: on other "
    "sites, which is what held-out groups are, expect little change. To see the gain on more pages of a site, train on its labels alone."
)


@click.command()
@click.option("--jobs", default=1, metavar="N", callback=job_count, help="Processes; -1 for all processors. Default: 1.")
@click.option("--skip-bad", is_flag=True, help="Leave out rows that cannot be used, and say how many, instead of stopping.")
@click.option(
    "--folds", default=FOLDS, metavar="N",
    help=f"Shares to hold out, one after the other, for the table; each costs a fit. 0: no table. Default: {FOLDS}.",
)  # fmt: skip
@click.option("-o", "--output", metavar="FOLDER", default=OUTPUT, help=f"The model's folder. Default: {OUTPUT}.")
@click.option(
    "--base", default="shipped", metavar="MODEL",
    help="Add the labels to what this model knows: shipped, or the folder of another. none: learn from the labels alone. "
    "Default: shipped.",
)  # fmt: skip
@click.argument("labels", nargs=-1, required=True, metavar="LABELS...")
def train(labels: tuple[str, ...], base: str, output: str, folds: int, skip_bad: bool, jobs: int) -> None:
    """Train a model from labels.

    LABELS are files, or folders with a labels.jsonl. A line of a .jsonl file is a document with its labels, as "paywallclf
    classify --format jsonl" writes it and a person corrects it, or a block: {"text": "Subscribe now.", "label": "promo", "kind":
    "subscribe", "group": "example.org"}. A .csv file holds blocks, with the columns text,label,kind,group. Labels are editorial,
    promo, other, not_promo (editorial or other) and any (left out). Every row is checked, and each bad one told.

    Give the site as "group". The table that is printed compares the model before (the base; with none, the shipped one) and after,
    on groups that were held out of the fit; the model that is written has learned from all.

    On top of a base, some twenty labelled blocks of two or three pages fit it to their site: first what it got wrong. Kinds of promo
    stay as the base tells them. --base none learns all from the labels, and needs hundreds of pages.

    \b
    Examples:
      paywallclf train labels.jsonl -o my-model
      paywallclf train corrected.jsonl blocks.csv pages/ -o my-model --jobs -1
      paywallclf train corpus.jsonl --base none -o my-model
      paywallclf clean article.html --model my-model
    """
    messages = Messages()
    if folds == 1 or folds < 0:
        raise click.UsageError(f"--folds {folds}: give at least 2 shares, or 0 for no table", click.get_current_context())
    from paywallclf.cli.comparing import Comparison, compare
    from paywallclf.cli.labelled import counts, read_documents

    start = None if base == "none" else _load(base, jobs)
    documents = read_documents(labels, skip_bad=skip_bad, messages=messages)
    if start is None and (reason := _lacking(documents)):
        raise click.ClickException(f"{', '.join(labels)}: {reason}")
    folder = _model_folder(output)
    click.echo(f"{counts(documents)}.")
    before = _load("shipped", jobs) if start is None else start
    with _quiet_fit():
        comparison = Comparison(None, ())
        if folds:
            comparison = compare(
                documents, before.model_, lambda chosen: _learn(chosen, start, jobs).model_, folds=folds, n_jobs=jobs
            )
            if start is not None and len({labelled.group for labelled in documents}) > 1:
                comparison = replace(comparison, notes=(*comparison.notes, _ABROAD))
            _print(comparison, base)
        try:
            fitted = _learn(documents, start, jobs)
        except ValueError as error:
            raise click.ClickException(f"{', '.join(labels)}: {error}") from None
    _save(fitted, folder, documents, base, comparison)
    click.echo(f"\nThe model is in {folder}: use it with --model {folder}, or in Python with model={str(folder)!r}.")


def _model_folder(output: str) -> Path:
    """The folder to write, in which nobody's other files are."""
    from paywallclf.storage import ARRAYS_FILE, CONFIG_FILE, SHIPPED

    if Path(output).resolve() == SHIPPED:
        raise click.ClickException(f"-o {output} is the shipped model: give another folder")
    folder = output_folder(output)
    is_model = (folder / CONFIG_FILE).exists() and (folder / ARRAYS_FILE).exists()
    if any(folder.iterdir()) and not is_model:
        raise click.ClickException(f"-o {output} holds other files, and no model: give a new or empty folder")
    return folder


def _load(base: str, jobs: int) -> PaywallClassifier:
    if base != "shipped" and not Path(base).is_dir():
        raise click.ClickException(f"--base {base}: no such folder; give shipped, none, or the folder of a model")
    try:
        classifier: PaywallClassifier = paywallclf.PaywallClassifier.load(None if base == "shipped" else base)
    except ValueError as error:
        raise click.ClickException(f"--base {base}: {error}") from None
    classifier.n_jobs = jobs
    return classifier


def _lacking(documents: Sequence[LabelledDocument]) -> str | None:
    """What the labels lack for a model to be learned from them alone."""
    labels = {label for labelled in documents for label in labelled.labels}
    if not any(label is not None and label.startswith("promo") for label in labels):
        return "no promo block is labelled; a model learns from promo blocks and others"
    if not labels & {"editorial", "other", "not_promo"}:
        return "nothing but promo blocks is labelled; a model learns from promo blocks and others"
    return None


def _learn(documents: Sequence[LabelledDocument], start: PaywallClassifier | None, jobs: int) -> PaywallClassifier:
    """A fitted model; too few labels for one are a ValueError."""
    if start is None and (reason := _lacking(documents)):
        raise ValueError(reason)
    pages = [labelled.document for labelled in documents]
    labels = [labelled.labels for labelled in documents]
    fitted: PaywallClassifier = (
        paywallclf.PaywallClassifier(n_jobs=jobs).fit(pages, labels, [labelled.group for labelled in documents])
        if start is None
        else start.adapt(pages, labels)
    )
    return fitted


@contextlib.contextmanager
def _quiet_fit() -> Iterator[None]:
    """No word of scikit-learn's about few data, which we say ourselves; no BLAS threads, which leave sums unordered."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _print(comparison: Comparison, base: str) -> None:
    lines = [] if comparison.table is None else comparison.table.lines()
    before = "the shipped model" if base in ("shipped", "none") else base
    if comparison.table is not None:
        lines += ["", f"Before is {before}: if it was trained on some of these labels, its figures flatter it."]
    click.echo("\n" + "\n".join([*lines, *comparison.notes]))


def _save(
    fitted: PaywallClassifier, folder: Path, documents: Sequence[LabelledDocument], base: str, comparison: Comparison
) -> None:
    from paywallclf.cli.labelled import identities
    from paywallclf.cli.modelcard import card
    from paywallclf.scoring import Model

    known = fitted.model_.config
    config: dict[str, Any] = {
        **known,
        "base": base if base in ("shipped", "none") else Path(base).name,
        "trained_on": sorted({*known.get("trained_on", ()), *identities(documents)}),
        "held_out": comparison.table.records() if comparison.table else None,
    }
    fitted.model_ = Model(fitted.model_.arrays, config)
    try:
        fitted.save(folder, card(config, documents, comparison))
    except OSError as error:
        raise cannot_write(folder, error) from None
