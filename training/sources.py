"""Labelled pages from plain checkouts of the public repositories: ``datasets/sources.toml`` says where, the annotations say what."""

from __future__ import annotations

import gzip
import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paywallclf.api import parse_html
from training.annotations import ANNOTATIONS, lay, read_annotations
from training.corpus import LabelledPage

#: The pinned sources.
SOURCES = Path(__file__).parents[1] / "datasets" / "sources.toml"

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Source:
    """A public repository that labelled pages come from.

    Attributes
    ----------
    name : str
    repository, commit, licence, credit : str
    checkout : str
        Its folder among the checkouts.
    paths : tuple of str
        Patterns from ``{name}``, a page's name, to the page's file in the checkout. The first that exists is read.
    blob : bool
        Whether pages are read by the git object that their name ends with.
    """

    name: str
    repository: str
    commit: str
    licence: str
    credit: str
    checkout: str
    paths: tuple[str, ...]
    blob: bool


@dataclass(slots=True)
class Match:
    """How the annotations of a source fit a checkout.

    Attributes
    ----------
    source : str
    annotated : int
        Pages that have annotations.
    pages, same : int
        Pages that were found; those that have exactly the blocks that were labelled.
    fingerprints, found : int
        Fingerprints listed for the pages that were found; those of them that the pages have.
    problem : str
        Why no page was read, or empty.
    """

    source: str
    annotated: int
    pages: int = 0
    same: int = 0
    fingerprints: int = 0
    found: int = 0
    problem: str = ""


def read_sources(path: Path = SOURCES) -> dict[str, Source]:
    """The sources by name."""
    with path.open("rb") as file:
        tables = tomllib.load(file)
    return {name: _source(name, table) for name, table in tables.items()}


def _source(name: str, table: dict[str, Any]) -> Source:
    return Source(
        name=name,
        repository=table["repository"],
        commit=table["commit"],
        licence=table["licence"],
        credit=table["credit"],
        checkout=table.get("checkout", name),
        paths=tuple(table.get("paths", ())),
        blob=table.get("blob", False),
    )


def read_page(source: Source, checkout: Path, name: str) -> bytes | None:
    """A page as its source has it, or None where the checkout lacks it."""
    data = _read_blob(checkout, name) if source.blob else _read_file(source, checkout, name)
    return gzip.decompress(data) if data is not None and data.startswith(_GZIP) else data


def _read_file(source: Source, checkout: Path, name: str) -> bytes | None:
    for pattern in source.paths:
        path = checkout / pattern.format(name=name)
        found = sorted(path.parent.glob(path.name)) if name.endswith("*") else [path]
        if len(found) == 1 and found[0].is_file():
            return found[0].read_bytes()
    return None


def _read_blob(checkout: Path, name: str) -> bytes | None:
    blob = name.rpartition("@")[2]
    found = subprocess.run(["git", "-C", str(checkout), "cat-file", "blob", blob], capture_output=True, check=False)
    return found.stdout if found.returncode == 0 else None


def load(checkouts: Path, annotated: Path = ANNOTATIONS, sources: Path = SOURCES) -> tuple[list[LabelledPage], list[Match]]:
    """The labelled pages of all sources that have a checkout, and how each source fits.

    A page that differs from the one that was labelled keeps the labels of the blocks that are listed; its other blocks read
    ``any`` (see `training.annotations`). What is missing is told, and the rest goes on.

    Parameters
    ----------
    checkouts : Path
        A folder with a checkout for each source.
    annotated : Path
        The folder of the annotations.
    sources : Path
        The pinned sources.
    """
    pages: list[LabelledPage] = []
    matches = []
    for source in read_sources(sources).values():
        path = annotated / f"{source.name}.jsonl"
        rows = list(read_annotations(path)) if path.is_file() else []
        found, match = _load_source(source, checkouts / source.checkout, rows)
        pages += found
        matches.append(match)
    return pages, matches


def _load_source(source: Source, checkout: Path, rows: Sequence[dict[str, Any]]) -> tuple[list[LabelledPage], Match]:
    match = Match(source.name, len(rows))
    if not checkout.is_dir():
        match.problem = f"no checkout at {checkout}: git clone {source.repository} and check out {source.commit}"
        return [], match
    pages = []
    for row in rows:
        html = read_page(source, checkout, row["name"])
        if html is None:
            continue
        laid = lay(row, parse_html(html))
        match.pages += 1
        match.same += laid.same
        match.fingerprints += laid.listed
        match.found += laid.found
        pages.append(laid.page)
    if rows and not pages:
        match.problem = f"{checkout} has none of its pages: is it {source.repository} at {source.commit}?"
    return pages, match
