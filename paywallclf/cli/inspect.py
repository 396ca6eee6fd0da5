"""`paywallclf inspect`: see what was decided and why, correct it, save the labels."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

import paywallclf
from paywallclf.cli import CANNOT_RUN, FAILED_INPUT, _broken_worker, _checked, _reading_options
from paywallclf.cli.messages import Messages, cannot_write
from paywallclf.cli.reading import Input, find_inputs, number_of_pages, read_pages
from paywallclf.cli.work import Work, _classified, outcomes_of
from paywallclf.cli.writing import choose_targets
from paywallclf.document import Block

if TYPE_CHECKING:
    from paywallclf.report import InspectedPage

#: The report, where no other name is given.
REPORT = "paywallclf-report.html"

#: Megabytes from which a browser takes its time over a report.
_LARGE = 50


@click.command()
@click.option("--group", metavar="SITE", help="The pages' site, for the label file: training keeps a site together.")
@click.option("-o", "--output", metavar="FILE", default=REPORT, help=f"The report. Default: {REPORT}.")
@_reading_options
def inspect(group: str | None, output: str, **common: Any) -> int:
    """Make a report of pages, in which to see and to correct what was decided.

    The report is one HTML file, which needs no network: the blocks of all pages with label, kind, probability, and the reasons.
    Labels that you correct in it are saved by its button "Download labels", in the format that training takes.

    PATH is as for clean.

    \b
    Examples:
      paywallclf inspect article.html
      paywallclf inspect pages/ -o report.html --group example.org --jobs -1
    """
    from paywallclf.report import render_report  # the other commands do without templates

    messages = Messages()
    threshold = _checked(common["threshold"])["threshold"]
    work = partial(_inspect_page, encoding=common["encoding"], threshold=threshold, model=common["model"])
    output = os.path.join(output, REPORT) if os.path.isdir(output) else output
    try:
        inputs = find_inputs(common["paths"], as_text=common["as_text"], skip=None, messages=messages)
        if output != "-":
            inputs = _without_report(inputs, output, common["paths"])
            choose_targets(inputs, output, None, several=False)
        paywallclf.load_model(common["model"])
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    try:
        _check_writable(output)
        pages = list(_inspected(inputs, work, common["jobs"], group, messages))
        if not pages:
            if not messages.failed:
                messages.error(", ".join(common["paths"]) or "-", "no page in it")
            return CANNOT_RUN
        report = render_report(pages)
        with click.open_file(output, "wb") as file:
            file.write(report)
    except OSError as error:
        error.filename = error.filename or output  # a full disk tells none
        raise cannot_write(error) from None
    except BrokenExecutor:
        raise _broken_worker() from None
    size = len(report) / 1e6
    messages.say(
        f"paywallclf: wrote {output}: {len(pages)} {'page' if len(pages) == 1 else 'pages'}, {size:.1f} MB; open it in a browser"
    )
    if size > _LARGE:
        messages.warn(output, "a browser will be slow with a report of this size: inspect fewer pages at once")
    return FAILED_INPUT if messages.failed else 0


def _check_writable(output: str) -> None:
    """Find out before the work, and without touching an older report."""
    folder = os.path.dirname(output) or "."
    if not os.path.isdir(folder):
        raise FileNotFoundError(errno.ENOENT, "no such folder", folder)
    if output != "-" and not os.access(output if os.path.exists(output) else folder, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), output)


def _without_report(inputs: list[Input], output: str, paths: tuple[str, ...]) -> list[Input]:
    """The inputs without an older report that a folder was found to hold; that one may be overwritten."""
    return [source for source in inputs if source.name in paths or Path(source.name).resolve() != Path(output).resolve()]


def _inspected(inputs: list[Input], work: Work, jobs: int, group: str | None, messages: Messages) -> Iterator[InspectedPage]:
    from paywallclf.report import InspectedPage

    total = number_of_pages(inputs)
    tqdm.monitor_interval = 0  # its thread and the forking of worker processes do not go together
    bar = tqdm(unit=" pages", total=total, disable=True if total == 1 else None)
    with bar, closing(outcomes_of(read_pages(inputs, messages=messages), work, jobs)) as outcomes:
        for page, outcome in outcomes:
            for warning in outcome.warnings:
                messages.warn(page.where, warning)
            if outcome.error is None:
                row = page.row or {}
                site = group or row.get("group")
                yield InspectedPage(
                    str(row.get("id", page.where)), None if site is None else str(site), outcome.blocks, outcome.output
                )
            else:
                messages.error(page.where, outcome.error)
            bar.update()


def _inspect_page(
    source: str | bytes, form: str, *, encoding: str | None, threshold: float | None, model: str | None
) -> tuple[str, tuple[Block, ...]]:
    from paywallclf.report import payload_of

    document = _classified(source, form, encoding, threshold=threshold, model=model)
    return payload_of(document, model=model), document.blocks
