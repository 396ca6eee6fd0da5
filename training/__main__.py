"""``python -m training build|fit|evaluate|locked|languages|adapt|card|plot``: from labelled pages to the shipped model and its card."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import click

from paywallclf import ModelError, PaywallClassifier, __version__
from training import corpus, sources
from training.annotations import ANNOTATIONS, AnnotationError, annotation, write_annotations
from training.blocks import read_blocks
from training.card import CardError, card, readme_figures
from training.corpus import LabelledPage
from training.fit import describe, fit

#: What stands around the figures of the README.
FIGURES = ("<!-- figures -->", "<!-- /figures -->")

FOLDER = click.Path(file_okay=False, path_type=Path)

Command = Callable[..., None]


def data_options(command: Command) -> Command:
    """Where the labelled pages come from."""
    for option in (
        click.option("--annotations", "annotated", type=FOLDER, default=ANNOTATIONS, help="The stand-off labels."),
        click.option(
            "--checkouts", type=FOLDER, help="Folder with a checkout for each source of datasets/sources.toml, instead."
        ),
        click.option(
            "--corpus", "folder", type=FOLDER, help="Folder of gold v1  [default: $PAYWALLCLF_CORPUS or ../shared/corpus]"
        ),
    ):
        command = option(command)
    return command


jobs_option = click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Processes.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """How the shipped model is made."""


@main.command()
@data_options
def build(folder: Path | None, checkouts: Path | None, annotated: Path) -> None:
    """Align the labels with the pages, and report how much aligned.

    From the corpus: lay gold v1 over our own blocks and write the annotations. From checkouts: lay the annotations over the pages.
    """
    if checkouts:
        load_checkouts(checkouts, annotated)
        return
    folder = corpus_folder(folder)
    pages, rows = [], []
    for row in corpus.read_rows(folder):
        page = corpus.label_page(row, corpus.read_page(folder, row["page"]))
        pages.append(page)
        rows.append(annotation(page, name=row["name"], site=row["site"]))
    written = write_annotations(annotated, rows)
    click.echo(alignment_table(pages))
    click.echo(f"\n{sum(path.stat().st_size for path in written) / 1e6:.1f} MB of annotations in {annotated}", err=True)


@main.command("fit")
@data_options
@jobs_option
@click.option("--output", type=FOLDER, default=Path("build/model"), show_default=True, help="The model folder to write.")
@click.option("--version", default=__version__, show_default=True, help="The model's version.")
def fit_command(folder: Path | None, checkouts: Path | None, annotated: Path, jobs: int, output: Path, version: str) -> None:
    """Fit a model to all pages and save it. The same data gives the same model."""
    pages = load_pages(folder, checkouts, annotated)
    written = read_blocks()
    classifier = fit(pages, PaywallClassifier(n_jobs=jobs), written)
    record = {"fingerprint": data_fingerprint(pages), **describe(pages, written)}
    config = {**classifier.model_.config, "version": version, "training_data": record}
    classifier.model_ = replace(classifier.model_, config=config)
    classifier.save(output, card(config, sources.read_sources()))
    click.echo(f"{classifier.model_.name} in {output}", err=True)


@main.command("evaluate")
@data_options
@jobs_option
@click.option(
    "--output", type=FOLDER, default=Path("build"), show_default=True, help="For evaluation.json, evaluation.md and folds/."
)
@click.option("--peers/--no-peers", default=True, help="Compare with the extractors that are installed.")
@click.option(
    "--only",
    metavar="NAMES",
    help="Print these parts alone, and write no file: promo, corrections, fragments, article, access, peers.",
)
def evaluate_command(
    folder: Path | None, checkouts: Path | None, annotated: Path, jobs: int, output: Path, peers: bool, only: str | None
) -> None:
    """Print the tables of the evaluation: leave-group-out, five folds. Fold models of the same data are used again."""
    from training.evaluate import PARTS, evaluate
    from training.folds import fold_models

    parts = tuple(only.split(",")) if only else PARTS
    if not set(parts) <= set(PARTS):
        raise click.UsageError(f"--only {only}: expected some of {', '.join(PARTS)}")
    pages = load_pages(folder, checkouts, annotated)
    models = fold_models(pages, PaywallClassifier(n_jobs=jobs), output / "folds", read_blocks())
    tables = evaluate(pages, models, n_jobs=jobs, with_peers=peers, only=parts)
    if only:  # the card is written from files of the whole evaluation
        click.echo("\n".join(tables.lines))
        return
    tables.figures["training_data"] = data_fingerprint(pages)
    tables.write(output)
    click.echo((output / "evaluation.md").read_text(encoding="utf-8"))


@main.command("locked")
@data_options
@jobs_option
@click.option("--output", type=FOLDER, default=Path("build"), show_default=True, help="For locked.md and locked.json.")
def locked_command(folder: Path | None, checkouts: Path | None, annotated: Path, jobs: int, output: Path) -> None:
    """Print the tables of the locked fifth of the groups, by a model of the others. To be run once, when all is decided."""
    from training.evaluate import evaluate
    from training.folds import FOLDS, is_locked

    pages = load_pages(folder, checkouts, annotated)
    model = fit([page for page in pages if not is_locked(page)], PaywallClassifier(n_jobs=jobs), read_blocks())
    locked = [page for page in pages if is_locked(page)]
    tables = evaluate(locked, [model] * FOLDS, n_jobs=jobs, only=("promo", "fragments", "article", "access", "peers"))
    tables.write(output, "locked")
    click.echo("\n".join(tables.lines))


@main.command("languages")
@data_options
@jobs_option
@click.option("--output", type=FOLDER, default=Path("build"), show_default=True, help="For languages.md and languages.json.")
def languages_command(folder: Path | None, checkouts: Path | None, annotated: Path, jobs: int, output: Path) -> None:
    """Print what the written blocks are worth: languages that a model has seen on no page."""
    from training.languages import languages_table

    tables = languages_table(load_pages(folder, checkouts, annotated), read_blocks(), n_jobs=jobs)
    tables.write(output, "languages")
    click.echo("\n".join(tables.lines))


@main.command("adapt")
@data_options
@jobs_option
@click.option("--output", type=FOLDER, default=Path("build"), show_default=True, help="For adapt.md, adapt.json and folds/.")
def adapt_command(folder: Path | None, checkouts: Path | None, annotated: Path, jobs: int, output: Path) -> None:
    """Print what twenty labelled blocks of a publisher are worth. Fold models of the same data are used again."""
    from training.adapt import adapt_table
    from training.folds import fold_models

    pages = load_pages(folder, checkouts, annotated)
    models = fold_models(pages, PaywallClassifier(n_jobs=jobs), output / "folds", read_blocks())
    tables = adapt_table(pages, models, n_jobs=jobs)
    tables.figures["training_data"] = data_fingerprint(pages)
    tables.write(output, "adapt")
    click.echo("\n".join(tables.lines))


@main.command("card")
@click.option("--model", "model", type=FOLDER, default=Path("build/model"), show_default=True, help="The model folder.")
@click.option("--evaluation", type=click.Path(path_type=Path), default=Path("build/evaluation.json"), show_default=True)
@click.option("--readme", type=click.Path(dir_okay=False, path_type=Path), help="A README whose figures to write anew.")
def card_command(model: Path, evaluation: Path, readme: Path | None) -> None:
    """Write the model's card from its configuration and the evaluation's output."""
    try:
        figures = json.loads(evaluation.read_text(encoding="utf-8"))
        classifier = PaywallClassifier.load(model)
        text = card(classifier.model_.config, sources.read_sources(), figures)
    except (ModelError, CardError) as error:
        raise click.ClickException(str(error)) from None
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{evaluation} cannot be read ({error}): run python -m training evaluate") from None
    classifier.save(model, text)
    if readme:
        before, _, rest = readme.read_text(encoding="utf-8").partition(FIGURES[0])
        after = rest.partition(FIGURES[1])[2]
        readme.write_text(f"{before}{FIGURES[0]}\n{readme_figures(figures)}\n{FIGURES[1]}{after}", encoding="utf-8")
    click.echo(text)


@main.command("plot")
@click.option("--benchmarks", type=click.File(encoding="utf-8"), required=True, help="What pytest --benchmark-json wrote.")
@click.option("--evaluation", type=click.File(encoding="utf-8"), default="build/evaluation.json", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), default=Path("build/speed.svg"), show_default=True)
def plot_command(benchmarks: TextIO, evaluation: TextIO, output: Path) -> None:
    """Draw speed against leak, of the extractors alone and after clean_html."""
    from training.plot import PlotError, milliseconds, speed_and_leak

    try:
        svg = speed_and_leak(milliseconds(json.load(benchmarks)), json.load(evaluation))
    except PlotError as error:
        raise click.ClickException(str(error)) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise click.ClickException(f"not what pytest and python -m training evaluate write: {error!r}") from None
    output.write_text(svg, encoding="utf-8")


def load_pages(folder: Path | None, checkouts: Path | None, annotated: Path) -> list[LabelledPage]:
    return load_checkouts(checkouts, annotated) if checkouts else list(corpus.load(corpus_folder(folder)))


def corpus_folder(folder: Path | None) -> Path:
    folder = folder or corpus.default_folder()
    if not (folder / "gold.jsonl.gz").is_file():
        raise click.ClickException(f"no corpus in {folder}: give --corpus, or --checkouts with copies of the public sources")
    return folder


def load_checkouts(checkouts: Path, annotated: Path) -> list[LabelledPage]:
    """The pages of the checkouts; prints how they match."""
    try:
        pages, matches = sources.load(checkouts, annotated)
    except AnnotationError as error:
        raise click.ClickException(str(error)) from None
    click.echo(match_table(matches), err=True)
    if not pages:
        raise click.ClickException(f"no pages in {checkouts}: datasets/sources.toml says what to clone")
    return pages


def data_fingerprint(pages: Sequence[LabelledPage]) -> str:
    """What ties a model to an evaluation: the hash of the data and of the parameters."""
    from training.folds import fingerprint

    return fingerprint(pages, PaywallClassifier(), read_blocks())


def alignment_table(pages: Iterable[LabelledPage]) -> str:
    lines = [f"{'source':14}{'pages':>6}{'gold blocks':>13}{'aligned':>10}{'promo blocks':>14}{'aligned':>10}"]
    for source, found in corpus.alignment(pages).items():
        blocks, promos = share(found.blocks_aligned, found.blocks), share(found.promos_aligned, found.promos)
        lines.append(f"{source:14}{found.pages:6}{found.blocks:13,}{blocks:>10}{found.promos:14,}{promos:>10}")
    return "\n".join(lines)


def match_table(matches: Iterable[sources.Match]) -> str:
    lines = [f"{'source':14}{'annotated':>10}{'found':>7}{'same blocks':>13}{'fingerprints':>14}{'matched':>9}"]
    for match in matches:
        matched = share(match.found, match.fingerprints)
        counts = f"{match.annotated:10}{match.pages:7}{match.same:13}{match.fingerprints:14,}{matched:>9}"
        lines.append(f"{match.source:14}{counts}" + (f"  {match.problem}" if match.problem else ""))
    return "\n".join(lines)


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "-"


if __name__ == "__main__":
    main(prog_name="python -m training")
