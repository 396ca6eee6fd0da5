"""Label files of the command line in, labelled documents out, with what is wrong with them."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from paywallclf.cli.messages import Messages
from paywallclf.labels import CSV_SUFFIXES, LabelledDocument, Problem, check_labels

#: What a folder of pages keeps its labels in.
FOLDER_FILE = "labels.jsonl"

#: Ends of the names of label files. A name without one, as a shell's ``<(...)`` has, is read as JSON lines.
SUFFIXES = (".jsonl", ".ndjson", *CSV_SUFFIXES)

_HOW = 'a label file is JSON lines (.jsonl) or CSV with the columns text,label; "paywallclf inspect PAGE" makes one'


def read_documents(paths: Iterable[str], *, skip_bad: bool, messages: Messages) -> list[LabelledDocument]:
    """All documents of some label files and folders, in their order.

    Every row that cannot be used is told to `messages`.

    Raises
    ------
    click.ClickException
        A path cannot be read or is no label file; rows cannot be used, and `skip_bad` is false; or no label is left.
    """
    documents: list[LabelledDocument] = []
    n_problems = 0
    for path in map(_label_file, paths):
        try:
            for found in _checked(path, messages):
                if isinstance(found, Problem):
                    n_problems += 1
                    messages.say(f"paywallclf: {found}")
                else:
                    documents.append(found)
        except OSError as error:
            hint = ": make it readable for this user" if isinstance(error, PermissionError) else ""
            raise click.ClickException(f"{path} cannot be read: {error.strerror or error}{hint}") from None
    if n_problems:
        counts = f"{n_problems} of {n_problems + len(documents)} rows cannot be used"
        if not skip_bad:
            raise click.ClickException(f"{counts}: mend them, or leave them out with --skip-bad")
        messages.say(f"paywallclf: {counts} and are left out")
    if not any(label is not None for document in documents for label in document.labels):
        raise click.ClickException(f"{', '.join(paths)}: no label in it; {_HOW}")
    return documents


def _label_file(path: str) -> Path:
    file = Path(path)
    if file.is_dir():
        file /= FOLDER_FILE
        if not file.exists():
            raise click.ClickException(
                f"{path}: no {FOLDER_FILE} in this folder; name the label files themselves, as {path}/*.jsonl"
            )
        return file
    if not file.exists():
        raise click.ClickException(f"{path}: no such file or folder")
    if file.suffix and file.suffix.lower() not in SUFFIXES:
        raise click.ClickException(f"{path} is no label file: {_HOW}")
    return file


def _checked(path: Path, messages: Messages) -> Iterator[LabelledDocument | Problem]:
    """What `check_labels` finds; what reading the pages warns of is told."""
    rows = check_labels(path)
    while True:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = next(rows, None)
        if found is None:
            return
        where = f"{path}:{found.line}" if isinstance(found, Problem) else f"{path}: {found.id}"
        for warning in caught:
            messages.warn(where, str(warning.message))
        yield found


def counts(documents: Sequence[LabelledDocument]) -> str:
    """How many documents, groups, labels and promos there are, in words."""
    labels = [label for document in documents for label in document.labels if label is not None]
    promos = sum(label.startswith("promo") for label in labels)
    groups = len({document.group for document in documents})
    several = f"{_counted(len(documents), 'document')} of {_counted(groups, 'group')}"
    return f"{several}; of {_counted(len(labels), 'labelled block')}, {promos:,} {'is' if promos == 1 else 'are'} promo"


def _counted(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def identities(documents: Iterable[LabelledDocument]) -> set[str]:
    """Hashes of the documents' texts, by which a model knows what it was trained on."""
    found = set()
    for labelled in documents:
        texts = "\n".join(block.fingerprint for block in labelled.document.blocks)
        found.add(hashlib.sha256(texts.encode()).hexdigest()[:16])
    return found
