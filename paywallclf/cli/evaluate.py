"""`paywallclf evaluate`: a model's errors on labelled documents, as tables, figures and a page with plots."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import paywallclf
from paywallclf.cli.messages import Messages
from paywallclf.cli.options import cannot_write, job_count, output_folder

if TYPE_CHECKING:
    from paywallclf.cli.assessing import Assessment, Error

#: What is written into the output folder, each with another end.
NAME = "evaluation"

#: Of an error's text, as much stands in the Markdown; the page and the JSON have all of it.
_LONGEST_TEXT = 300


@click.command()
@click.option("--jobs", default=1, metavar="N", callback=job_count, help="Processes; -1 for all processors. Default: 1.")
@click.option("--skip-bad", is_flag=True, help="Leave out rows that cannot be used, and say how many, instead of stopping.")
@click.option("-o", "--output", metavar="FOLDER", help=f"Write {NAME}.json, {NAME}.md and {NAME}.html into this folder.")
@click.option("--model", metavar="FOLDER", help="A model that was trained and saved. Default: the one that comes along.")
@click.argument("labels", nargs=-1, required=True, metavar="LABELS...")
def evaluate(labels: tuple[str, ...], model: str | None, output: str | None, skip_bad: bool, jobs: int) -> None:
    """Measure a model on labels.

    LABELS are files or folders, as for train. A promo leaks when it stays in the output (those of at least 15 letters count, of 6
    in Chinese, Japanese, Korean and Thai); editorial words are lost when they go. Intervals are of 95 %, by bootstrap over groups.

    With -o, the tables and the errors to read are written as Markdown, all figures as JSON, and, where matplotlib is installed
    (the extra "plot"), a page with plots: precision against recall, calibration, leak against loss.

    \b
    Examples:
      paywallclf evaluate labels.jsonl
      paywallclf evaluate labels.jsonl pages/ --model my-model -o evaluation/ --jobs -1
    """
    messages = Messages()
    from paywallclf.cli.assessing import assess
    from paywallclf.cli.figures import predict, truth_of
    from paywallclf.cli.labelled import counts, identities, read_documents

    try:
        learned = paywallclf.load_model(model)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    documents = read_documents(labels, skip_bad=skip_bad, messages=messages)
    folder = None if output is None else output_folder(output)
    truth = truth_of(documents)
    assessment = assess(truth, predict(learned, documents, jobs))
    name = model or "the shipped model"
    summary = [f"{name} ({learned.name}) on {', '.join(labels)}: {counts(documents)}."]
    if seen := len(identities(documents) & set(learned.config.get("trained_on", ()))):
        summary.append(f"WARNING: this model was trained on {seen:,} of these documents.")
    summary += assessment.notes
    lines = ["# Evaluation", "", *_paragraphs(summary)]
    for table in assessment.tables:
        lines += [*table.lines(), ""]
    click.echo("\n".join(lines).rstrip())
    if folder is None:
        click.echo("\nThe errors to read, the figures as JSON and a page with plots: -o FOLDER")
    else:
        _write(folder, lines, summary, assessment, messages)


def _paragraphs(lines: Sequence[str]) -> list[str]:
    return [part for line in lines for part in (line, "")]


def _write(folder: Path, lines: Sequence[str], summary: Sequence[str], assessment: Assessment, messages: Messages) -> None:
    from paywallclf.cli.tables import plain

    figures: dict[str, Any] = {
        "summary": summary,
        "tables": {table.name: table.records() for table in assessment.tables},
        "curves": assessment.curves,
        "misses": assessment.misses,
        "false_alarms": assessment.false_alarms,
    }
    written = {
        f"{NAME}.json": json.dumps(plain(figures), indent=1) + "\n",  # escaped: a page may hold half a surrogate pair
        f"{NAME}.md": "\n".join([*lines, *_error_lines(assessment)]) + "\n",
    }
    try:
        from paywallclf.cli.evaluation_page import evaluation_page
    except ModuleNotFoundError as error:
        messages.say(f"paywallclf: no page with plots, for lack of {error.name}: pip install matplotlib")
    else:
        written[f"{NAME}.html"] = evaluation_page(summary, assessment)
    try:
        for name, text in written.items():
            (folder / name).write_text(text, encoding="utf-8", errors="replace", newline="\n")
    except OSError as error:
        raise cannot_write(folder, error) from None
    click.echo(f"\nWritten into {folder}: {', '.join(written)}")


def _error_lines(assessment: Assessment) -> list[str]:
    return [
        "## Worst misses: promos that stay",
        "",
        *_listed(assessment.misses),
        "",
        "## Worst false alarms: text that goes",
        "",
        *_listed(assessment.false_alarms),
    ]


def _listed(errors: Sequence[Error]) -> list[str]:
    def line(error: Error) -> str:
        text = error.text if len(error.text) <= _LONGEST_TEXT else error.text[:_LONGEST_TEXT] + "…"
        what = f"{error.label} {error.kind}".strip()
        return f"- {error.probability:.4f}, {what}, block {error.index} of {error.document}: {text}"

    return [line(error) for error in errors] or ["None."]
