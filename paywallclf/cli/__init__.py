"""The command line: its options, and the commands that write a page for a page, `clean` and `classify`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import click
import webencodings
from tqdm import tqdm

import paywallclf
from paywallclf.cli.compression import needed
from paywallclf.cli.evaluate import evaluate
from paywallclf.cli.manifest import model_digest
from paywallclf.cli.messages import Messages, cannot_write
from paywallclf.cli.options import job_count
from paywallclf.cli.outputs import Piece
from paywallclf.cli.reading import Failure, Page, Skipped, find_inputs, id_of, number_of_pages
from paywallclf.cli.run import Run
from paywallclf.cli.train import train
from paywallclf.cli.work import Outcome, classify_page, clean_page, document_form, outcomes_of
from paywallclf.cli.writing import (
    RECORD_SUFFIXES,
    block_line,
    choose_targets,
    dropped_entry,
    html_bytes,
    label_entry,
    record_form,
)
from paywallclf.document import KINDS, LABELS, check_decision, fold

#: Exit codes. The last two are what a shell reports of a program that ended by the signal.
FAILED_INPUT, CANNOT_RUN, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141

_HEADINGS = f"{'block':>5}  {'label':9}  {'kind':10}  {'promo':5}  text"

# -- from the pages to the outputs -----------------------------------------------------------------------------------------


#: Makes what is written for a page; told whether other inputs go to the same place.
Emit = Callable[[Page, Outcome, bool], Piece]


def _run(
    common: dict[str, Any], form: str | None, messages: Messages, work: partial[Any], emit: Emit, *, listing: bool = False
) -> int:
    output, paths, jobs = common["output"], common["paths"], common["jobs"]
    several = len(paths) > 1 or any(map(os.path.isdir, paths))
    try:
        inputs = find_inputs(paths, as_text=common["as_text"], skip=output and Path(output), messages=messages)
        if any(source.form == "warc" for source in inputs):
            needed("fastwarc", "warc", "reading WARC")
        targets = choose_targets(inputs, output, form, several=several, listing=listing)
        model = paywallclf.load_model(common["model"])
        options = [work.func.__name__, {**work.keywords, "model": model_digest(model)}, form, common["as_text"]]
        work = partial(work, model=model)  # not its name: what lies there can be replaced while a long run goes on
        run = Run(inputs, output, targets, options, messages)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise cannot_write(error) from None
    if not paths and sys.stdin is not None and sys.stdin.isatty():
        messages.say("paywallclf: reading standard input, to its end (Ctrl-D)")
    shared = several and not isinstance(targets, dict)
    total, done = number_of_pages(inputs), run.progress.written + run.progress.failed
    tqdm.monitor_interval = 0  # its thread and the forking of worker processes do not go together
    # where the output goes to the terminal, or through a pager to it, a bar would only disturb
    bar = tqdm(unit=" pages", total=total, initial=done, disable=output is None or total == 1 or not sys.stderr.isatty())
    try:
        with run, bar, closing(outcomes_of(run.events(), work, jobs)) as outcomes:
            for event, outcome in outcomes:
                if isinstance(event, Skipped):
                    run.skip(event)
                    continue
                if isinstance(event, Failure):
                    run.fail(event)
                elif outcome.error is not None:
                    run.fail(Failure(event.input, event.where, outcome.error, event.record, id_of(event.row)))
                else:
                    for warning in outcome.warnings:
                        messages.warn(event.where, warning)
                    run.write(event, emit(event, outcome, shared))
                bar.update()
            run.finish()
    except BrokenPipeError:
        _end_output()
        return BROKEN_PIPE
    except OSError as error:
        raise cannot_write(error, run.can_go_on) from None
    except BrokenExecutor:
        raise _broken_worker() from None
    except KeyboardInterrupt:
        if run.can_go_on:
            messages.say("paywallclf: interrupted; the same command goes on from here")
        raise
    if not messages.failed and not run.progress.failed:
        return 0
    return FAILED_INPUT if run.progress.written else CANNOT_RUN


def _end_output() -> None:
    """Let nothing more go to standard output, or Python complains when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _broken_worker() -> click.ClickException:
    return click.ClickException("a worker process ended before its work, as for lack of memory: try fewer --jobs")


# -- the commands ----------------------------------------------------------------------------------------------------------


class _Program(click.Group):
    """A group that ends with our exit codes, and says what is wrong in one line."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            status = super().main(*args, **{**kwargs, "prog_name": "paywallclf", "standalone_mode": False})
        except click.Abort:
            status = INTERRUPTED
        except click.ClickException as error:
            hint = ""
            if isinstance(error, click.UsageError) and error.ctx is not None:
                hint = f" (see {error.ctx.command_path} --help)"
            click.echo(f"paywallclf: {fold(error.format_message())}{hint}", err=True)
            status = CANNOT_RUN
        except OSError as error:  # help, or a table, that standard output does not take
            _end_output()
            click.echo(f"paywallclf: {cannot_write(error).format_message()}", err=True)
            status = CANNOT_RUN
        sys.exit(status or 0)


def _split(context: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(name.strip() for name in value.split(","))


def _known_encoding(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    if value is not None and webencodings.lookup(value) is None:
        raise click.BadParameter(f"{value!r} is no encoding that the web knows; for example utf-8, windows-1252, shift_jis")
    return value


def _checked(
    threshold: float | None, drop: tuple[str, ...] = ("promo",), kinds: tuple[str, ...] | None = None
) -> dict[str, Any]:
    try:
        check_decision(drop, kinds, threshold)
    except ValueError as error:
        raise click.UsageError(str(error), click.get_current_context()) from None
    return {"drop": drop, "kinds": kinds, "threshold": threshold}


def _format_of(form: str | None, output: str | None) -> str | None:
    """The form that is wanted; the name of the output may say it."""
    path = Path(output or "")
    holds = record_form(path)
    if form == "parquet" and output is None:
        raise click.UsageError("--format parquet needs -o: it cannot go to standard output", click.get_current_context())
    if form in RECORD_SUFFIXES and holds not in (None, form):
        raise click.UsageError(f"--format {form} and -o {output} do not go together", click.get_current_context())
    return form or holds or ("text" if path.suffix.lower() == ".txt" else None)


def _as_records(form: str | None, output: str | None) -> bool:
    """Whether what holds no records is to be written as such."""
    return form in RECORD_SUFFIXES or record_form(Path(output or "")) is not None


def _reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what every command that reads pages takes: paths, and how to read and label them."""
    for add in (
        click.option("--jobs", default=1, metavar="N", callback=job_count, help="Processes; -1 for all processors. Default: 1."),
        click.option("--model", metavar="FOLDER", help="A model that was trained and saved. Default: the one that comes along."),
        click.option("--encoding", callback=_known_encoding, help="Of files and standard input. Default: found as browsers do."),
        click.option("--threshold", type=float, help="Probability from which a block is a promo. Default: the model's."),
        click.option("--text", "as_text", is_flag=True, help="Read plain text, whatever the names of the files."),
        click.argument("paths", nargs=-1, metavar="[PATH]..."),
    ):  # fmt: skip
        command = add(command)
    return command


_output_option = click.option(
    "-o", "--output", metavar="PATH", callback=lambda context, option, value: None if value == "-" else value,
    help="A file for one input, a folder for several. A name ending in .txt, .jsonl or .parquet sets the format.",
)  # fmt: skip


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(paywallclf.__version__, prog_name="paywallclf", message="%(prog)s %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Tell the text of an article from the promos around it: paywall, subscription, newsletter, donation, app.

    \b
    Examples:
      paywallclf clean article.html > cleaned.html
      paywallclf classify article.html

    Exit codes: 0 all is well, 1 some input failed (standard error names it, the others went on), 2 it could not run, or no input
    could be read.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(CANNOT_RUN)


@main.command()
@click.option("--show-dropped", is_flag=True, help="List the dropped blocks, on standard error or in the records.")
@click.option("--kinds", callback=_split, help=f"Of promos, drop only these kinds: {', '.join(KINDS)}.")
@click.option("--drop", default="promo", callback=_split, help=f"Labels to drop, of {', '.join(LABELS)}. Default: promo.")
@click.option("--format", "form", type=click.Choice(("html", "text", "jsonl", "parquet")), help="Default: that of the input.")
@_reading_options
@_output_option
def clean(form: str | None, drop: tuple[str, ...], kinds: tuple[str, ...] | None, show_dropped: bool, **common: Any) -> int:
    """Write pages without their promos.

    PATH is a file, a folder (searched for .html, .htm, .xhtml, .txt, .jsonl, .warc and .parquet), or - for standard input, which
    is also read where no PATH is given. All but Parquet may be compressed (.gz, .zst). Of standard input, and of files with other
    names, what they hold is found by looking into them.

    A line of JSONL, or a row of Parquet, is a document, in its field "html" or "text"; its other fields are kept, and the output
    has a record for each. Of WARC, the pages are read (HTML, status 200); their records get "id", "url" and "date".

    \b
    Formats:
      html   the page without what was dropped; plain text stays text
      text   the kept blocks as paragraphs (of a record: in the field "text", in place of "html")
      jsonl, parquet  a record for each document; a name such as .jsonl.gz or .jsonl.zst compresses

    The output is in UTF-8; a page that declares another charset is made to declare that.

    Records that cannot be read are left out, and named in a file beside the output (.errors.jsonl). A run from files to files that
    is interrupted goes on where it was when the same command is given again; until then a file .progress.json lies there.

    \b
    Examples:
      paywallclf clean article.html > cleaned.html
      paywallclf clean pages/ -o cleaned/ --jobs -1
      curl -s https://example.org/article | paywallclf clean --format text
      paywallclf clean crawl.jsonl -o cleaned.jsonl --drop promo,other
      paywallclf clean crawl.warc.gz -o cleaned.parquet --format text --jobs -1
    """
    messages = Messages()
    form = _format_of(form, common["output"])
    decision = _checked(common.pop("threshold"), drop, kinds)
    work = partial(
        clean_page, to=form, encoding=common["encoding"], model=common["model"], listing=show_dropped, decision=decision
    )

    as_records = _as_records(form, common["output"])

    def emit(page: Page, outcome: Outcome, shared: bool) -> Piece:
        wanted = document_form(page.form, form)
        listed = [(block, block.probability(drop, kinds)) for block in outcome.blocks]
        if page.row is not None or as_records:
            row = {**(page.row or {"id": page.where}), wanted: outcome.output}
            if wanted != page.form:
                row.pop(page.form, None)
            if show_dropped:
                row["dropped"] = [dropped_entry(block, probability) for block, probability in listed]
            return row
        for block, probability in listed:
            messages.say(f"{page.where}: {block_line(block, probability)}")
        text = outcome.output
        if wanted != page.form or shared:
            text += "" if text.endswith("\n") else "\n"
        if wanted == "text":
            return (text + "\n" * shared).encode("utf-8", "replace")
        return html_bytes(text)

    return _run(common, form, messages, work, emit)


@main.command()
@click.option("--format", "form", type=click.Choice(("text", "jsonl", "parquet")), help="Default: text.")
@_reading_options
@_output_option
def classify(form: str | None, **common: Any) -> int:
    """List the blocks of pages with their labels.

    PATH is as for clean. In the format text a line is a block: its number, label, kind of promo, probability of promo, and
    text. In the format jsonl a line is a document with all that is known of its blocks; that is a label file: labels can be
    corrected in it, and it can be trained on.

    \b
    Examples:
      paywallclf classify article.html
      paywallclf classify pages/ --format jsonl -o labels.jsonl
    """
    messages = Messages()
    form = _format_of(form, common["output"]) or "text"
    threshold = _checked(common.pop("threshold"))["threshold"]
    work = partial(classify_page, encoding=common["encoding"], threshold=threshold, model=common["model"])
    width = shutil.get_terminal_size().columns if common["output"] is None and sys.stdout.isatty() else None

    as_records = _as_records(form, common["output"])

    def emit(page: Page, outcome: Outcome, shared: bool) -> Piece:
        if as_records:
            # a label file holds a document once, and its labels once
            rest = {name: value for name, value in (page.row or {}).items() if name not in ("html", "text", "path", "label")}
            row = {"id": page.where, **rest, page.form: outcome.output}
            return {**row, "labels": [label_entry(block) for block in outcome.blocks]}
        lines = [_HEADINGS, *(block_line(block, block.probabilities["promo"], width) for block in outcome.blocks)]
        if shared or page.row is not None:
            lines = [f"==> {page.where} <==", *lines, ""]
        return "".join(line + "\n" for line in lines).encode("utf-8", "replace")

    return _run(common, form, messages, work, emit, listing=not as_records)


from paywallclf.cli.inspect import inspect  # noqa: E402 - it stands on the options above

for command in (inspect, train, evaluate):
    main.add_command(command)
