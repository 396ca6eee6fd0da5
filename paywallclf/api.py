"""The calls that people make: parse, classify, render, clean. Each joins a reader, a model and a writer."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from paywallclf import scoring, storage, text
from paywallclf.document import KINDS, LABELS, NEARLY_ALL, Block, Document, Layout, check_decision, decide, document
from paywallclf.html import lexbor
from paywallclf.html.rewrite import plan_removal
from paywallclf.html.segment import Segments, UnreadableError

if TYPE_CHECKING:
    from bs4 import Tag

    from paywallclf.classifier import PaywallClassifier

    Html: TypeAlias = str | bytes | Tag
    AnyModel: TypeAlias = str | Path | scoring.Model | PaywallClassifier | None


class PaywallWarning(UserWarning):
    """The result may not be what was wanted: a page came back as it was, or lost nearly all its text."""


@dataclass(frozen=True, slots=True)
class Result:
    """One page of `clean_many`.

    Attributes
    ----------
    index : int
        The page's place in the input, from 0.
    output : str, bytes, bs4.Tag or None
        The cleaned page; after an error the page as it came.
    error : Exception or None
    """

    index: int
    output: Any
    error: Exception | None = None


# -- models --------------------------------------------------------------------------------------------------------------

_loading = threading.Lock()


def load_model(name_or_path: str | Path | None = None) -> scoring.Model:
    """A model, read-only, loaded once and shared by threads.

    Parameters
    ----------
    name_or_path : str or Path, optional
        A folder that `PaywallClassifier.save` wrote. Default: the shipped model.

    Raises
    ------
    ModelError
        The folder is missing, damaged, of a newer format, or no model.
    """
    if name_or_path is None or name_or_path == "default":
        with _loading:
            return _load(storage.SHIPPED, 0)
    path = Path(name_or_path)
    try:
        path = path.resolve()
        written = (path / storage.CONFIG_FILE).stat().st_mtime_ns
    except OSError:  # `storage.load` says what is wrong
        written = 0
    except ValueError as error:
        raise storage.ModelError(f"no model in {str(path)!r}: {error}") from None
    with _loading:
        return _load(path, written)


@lru_cache(maxsize=8)
def _load(path: Path, written: int) -> scoring.Model:
    return scoring.Model(*storage.load(path, scoring.SHAPES))


def _resolve(model: AnyModel) -> scoring.Model:
    if isinstance(model, scoring.Model):
        return model
    if model is None or isinstance(model, (str, Path)):
        return load_model(model)
    learned = getattr(model, "model_", None)
    if isinstance(learned, scoring.Model):
        return learned
    raise TypeError(
        f"model must be a folder, a fitted PaywallClassifier or what load_model returned, not {type(model).__name__}"
    )


# -- parse ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Page:
    """A page on its way: the source as text or soup, its tree (of text, the canonical HTML), and the tree's blocks."""

    source: Any
    form: str
    tree: Any
    segments: Segments


def _read(html: Html, encoding: str | None) -> _Page:
    if isinstance(html, bytes):
        from paywallclf.html.encoding import decode  # with its detector, a third of the package's import time

        html = decode(html, encoding)
    form = "html" if isinstance(html, str) else "soup"
    tree: Any
    try:
        if isinstance(html, str):
            tree, segments = lexbor.read(html)
        elif _is_soup(html):
            from paywallclf.html import soup

            tree, segments = soup.read(html)
        else:
            raise TypeError(f"html must be str, bytes, BeautifulSoup or Tag, not {type(html).__name__}")
    except UnreadableError as error:
        _warn_as_it_is(str(error))
        tree, segments = html, Segments()
    return _Page(html, form, tree, segments)


def _warn_as_it_is(reason: str) -> None:
    warnings.warn(f"the page is left as it is: {reason}", PaywallWarning, stacklevel=4)


def _is_soup(value: Any) -> bool:
    bs4 = sys.modules.get("bs4")  # who has a soup has imported it
    return bs4 is not None and isinstance(value, bs4.Tag)


def _checked_text(source: str) -> str:
    if not isinstance(source, str):
        raise TypeError(f"text must be str, not {type(source).__name__}; decode bytes first, or use the functions for HTML")
    return source


def parse_html(html: Html, *, encoding: str | None = None) -> Document:
    """Read a page into blocks, without labels: what training and annotation start from.

    Parameters
    ----------
    html : str, bytes, BeautifulSoup or Tag
        A page or a fragment. Bytes are decoded as browsers do: byte-order mark, `encoding`, meta, then a guess.
    encoding : str, optional
        The charset of the HTTP header; for bytes only.

    Raises
    ------
    TypeError
        `html` is of another type.

    Warns
    -----
    PaywallWarning
        The page nests too deep to be read; it comes back without blocks.
    """
    page = _read(html, encoding)
    return document(page.source, page.form, page.segments.layout, _language(page.segments.layout))


def _language(layout: Layout) -> str | None:
    if layout.tags and layout.tags[0] == "html":
        value = (layout.attributes[0].get("lang") or "").strip()
        return value.replace("_", "-").split("-")[0].lower() or None
    return None


def parse_text(source: str) -> Document:
    """Read plain text into blocks: its paragraphs, parted by blank lines, or where it has none, its lines.

    Raises
    ------
    TypeError
        `source` is no str.
    """
    return document(_checked_text(source), "text", Layout.of_text(text.blocks(source)))


# -- classify ------------------------------------------------------------------------------------------------------------


def classify_html(
    html: Html, *, threshold: float | None = None, encoding: str | None = None, model: AnyModel = None
) -> Document:
    """Read a page and label its blocks.

    Parameters
    ----------
    html, encoding
        As for `parse_html`.
    threshold : float, optional
        Probability of promo from which a block is labelled promo. Default: the model's.
    model : str, Path, PaywallClassifier or Model, optional
        Default: the shipped model.

    Returns
    -------
    Document
    """
    return _classify(parse_html(html, encoding=encoding), threshold, model)


def classify_text(source: str, *, threshold: float | None = None, model: AnyModel = None) -> Document:
    """Read plain text and label its paragraphs; arguments as for `classify_html`."""
    return _classify(parse_text(source), threshold, model)


def _classify(parsed: Document, threshold: float | None, model: AnyModel) -> Document:
    check_decision((), None, threshold)
    learned = _resolve(model)
    scores = scoring.score(learned.arrays, parsed.layout, kinds=True)
    assert scores.kinds is not None
    threshold = learned.threshold(parsed.layout, scores.promo) if threshold is None else threshold
    blocks = []
    for block, chances, kinds in zip(parsed.blocks, scores.labels.tolist(), scores.kinds.tolist(), strict=True):
        editorial, promo, other = chances
        label = "promo" if promo >= threshold else "editorial" if editorial >= other else "other"
        kind = KINDS[max(range(len(kinds)), key=kinds.__getitem__)] if label == "promo" else None
        blocks.append(
            Block(
                block.index, block.text, block.tag, block.path, block.fingerprint, label, kind,
                dict(zip(LABELS, chances, strict=True)), dict(zip(KINDS, kinds, strict=True)),
            )
        )  # fmt: skip
    from paywallclf.access import access_of  # cleaning does without

    labelled = replace(parsed, blocks=tuple(blocks), model=learned.name, threshold=threshold)
    return replace(labelled, access=access_of(labelled))


# -- render --------------------------------------------------------------------------------------------------------------


def render(
    document: Document,
    *,
    drop: Iterable[str] = ("promo",),
    kinds: Iterable[str] | None = None,
    threshold: float | None = None,
    form: str | None = None,
    mark: bool = False,
) -> Any:
    """The document without the blocks of some labels, in the form that it came in, or as plain text.

    Parameters
    ----------
    document : Document
        From `classify_html` or `classify_text`.
    drop, kinds, threshold
        As for `clean_html`; `threshold` defaults to the one that the document was labelled by.
    form : {None, "text"}
        ``"text"``: the kept blocks as paragraphs parted by blank lines; items of a list and rows of a table on a line each.
    mark : bool
        Instead of removing blocks, set the attribute ``data-paywallclf`` to their label on the elements that would go.

    Returns
    -------
    str, or a new BeautifulSoup or Tag for a document read from one

    Raises
    ------
    ValueError
        A label, kind, form or threshold does not exist, the document has no labels, or `mark` is asked of plain text.

    Warns
    -----
    PaywallWarning
        Nearly all text went, or the page comes back unchanged: a template in it holds a style or script within SVG or MathML, and
        written out it could be another page.
    """
    if form not in (None, "text"):
        raise ValueError(f"form must be None or 'text', not {form!r}")
    if mark and (form == "text" or document.form == "text"):
        raise ValueError("mark needs HTML: plain text has no attributes")
    dropped = {block.index for block in document.dropped(drop, kinds, threshold)}
    if not mark:
        _warn_if_nearly_all(document.layout.texts, dropped)
    if form == "text" and document.form != "text":
        from paywallclf.plain import as_text

        return as_text(document.layout, [block.index for block in document.blocks if block.index not in dropped])
    if document.form == "text":
        return text.without(document.source, dropped)
    if not dropped and document.form == "html":
        return document.source
    page = _read(document.source, None)
    if page.segments.layout.texts != [block.text for block in document.blocks]:
        raise ValueError("the document's source has changed since it was read")
    return _write(page, dropped, [block.label or "" for block in document.blocks] if mark else None)


def _write(page: _Page, dropped: set[int], labels: list[str] | None = None) -> Any:
    if not page.segments.rewritable:
        _warn_as_it_is("written out without them it would be another page")
        return page.source
    removal = plan_removal(page.segments, dropped)
    if page.form == "soup":
        from paywallclf.html import soup

        if labels is None:
            soup.remove(removal)
        else:
            soup.mark(removal, labels)
        return page.tree
    html = lexbor.without(page.tree, removal) if labels is None else lexbor.marked(page.tree, removal, labels)
    return lexbor.as_declared(html, page.source)


# -- clean ---------------------------------------------------------------------------------------------------------------


def clean_html(
    html: Html,
    *,
    drop: Iterable[str] = ("promo",),
    kinds: Iterable[str] | None = None,
    threshold: float | None = None,
    encoding: str | None = None,
    model: AnyModel = None,
) -> Any:
    """The same page without its subscription promos.

    Parameters
    ----------
    html : str, bytes, BeautifulSoup or Tag
        A page or a fragment.
    drop : iterable of {"editorial", "promo", "other"}
        The labels whose blocks go. ``("promo", "other")`` leaves the article alone.
    kinds : iterable of str, optional
        Of promo, only these kinds go: paywall, subscribe, newsletter, register, donate, follow, app. Default: all.
    threshold : float, optional
        A block goes when the summed probability of the labels in `drop` reaches this. Default: the model's for promos; where more
        is dropped, also what does not belong to the page's likeliest text, so that no page with an article comes back empty.
    encoding : str, optional
        The charset of the HTTP header, for bytes; outranks a meta.
    model : str, Path, PaywallClassifier or Model, optional
        Default: the shipped model.

    Returns
    -------
    str for str and bytes; a new BeautifulSoup or Tag for those
        The text of every kept block is in it, in order, unchanged. A page with nothing to drop comes back as it was.

    Raises
    ------
    TypeError
        `html` is of another type.
    ValueError
        A label, kind or threshold does not exist.
    ModelError
        `model` cannot be used.

    Warns
    -----
    PaywallWarning
        Nearly all text went, or the page comes back unchanged: it nests too deep to be read, or could not be written out as the
        same page.

    Examples
    --------
    >>> from paywallclf import clean_html
    >>> clean_html("<p>Rain is expected on Friday, the weather service said in its morning report.</p>")
    '<p>Rain is expected on Friday, the weather service said in its morning report.</p>'
    """
    drop, kinds, threshold = check_decision(drop, kinds, threshold)
    learned = _resolve(model)
    page = _read(html, encoding)
    dropped = _decide(page.segments.layout, learned, drop, kinds, threshold)
    if dropped:
        return _write(page, dropped)
    return page.tree if page.form == "soup" else page.source


def clean_text(
    source: str,
    *,
    drop: Iterable[str] = ("promo",),
    kinds: Iterable[str] | None = None,
    threshold: float | None = None,
    model: AnyModel = None,
) -> str:
    """The same plain text without its subscription promos, paragraph by paragraph: for what an extractor hands over.

    Arguments, errors and warnings as for `clean_html`; newlines, bullets and indents of what stays are kept.
    """
    drop, kinds, threshold = check_decision(drop, kinds, threshold)
    learned = _resolve(model)
    layout = Layout.of_text(text.blocks(_checked_text(source)))
    return text.without(source, _decide(layout, learned, drop, kinds, threshold))


def _decide(
    layout: Layout,
    model: scoring.Model,
    drop: tuple[str, ...],
    kinds: tuple[str, ...] | None,
    threshold: float | None,
) -> set[int]:
    if not layout.texts or not drop or kinds == ():
        return set()
    if drop == ("promo",) and kinds is None:
        chances = scoring.score_promo(model.arrays, layout)
        totals = promos = chances.tolist()
    else:
        scores = scoring.score(model.arrays, layout, kinds=kinds is not None)
        chances = scores.promo
        totals = _summed(scores, drop, kinds).tolist()
        promos = _summed(scores, ("promo",), kinds).tolist() if "promo" in drop else []
    default = model.threshold(layout, chances) if threshold is None else threshold
    dropped = set(decide(drop, totals, promos, layout.texts, threshold, default))
    _warn_if_nearly_all(layout.texts, dropped)
    return dropped


def _warn_if_nearly_all(texts: list[str], dropped: set[int]) -> None:
    if dropped and sum(len(texts[index]) for index in dropped) >= NEARLY_ALL * sum(map(len, texts)):
        warnings.warn("nearly all text of the page was dropped", PaywallWarning, stacklevel=4)


def _summed(scores: scoring.Scores, drop: tuple[str, ...], kinds: tuple[str, ...] | None) -> NDArray[np.float64]:
    total = np.zeros(len(scores.labels))
    for label in drop:
        share = scores.labels[:, LABELS.index(label)]
        if label == "promo" and kinds is not None and scores.kinds is not None:
            some = np.zeros(len(share))
            for kind in kinds:
                some = some + scores.kinds[:, KINDS.index(kind)]
            share = share * some
        total = total + share
    return total


# -- many pages ----------------------------------------------------------------------------------------------------------


def clean_many(
    pages: Iterable[Any],
    *,
    n_jobs: int = 1,
    on_error: str = "keep",
    form: str = "html",
    drop: Iterable[str] = ("promo",),
    kinds: Iterable[str] | None = None,
    threshold: float | None = None,
    encoding: str | None = None,
    model: AnyModel = None,
) -> Iterator[Result]:
    """Clean pages one after the other, or in several processes; results come in the order of the input.

    The input is read only as far ahead as the workers need, so an endless one stays flat in memory.

    Parameters
    ----------
    pages : iterable of str or bytes (with one process also BeautifulSoup or Tag)
    n_jobs : int
        Processes; 1 works in this one, -1 takes as many as there are processors.
    on_error : {"keep", "raise"}
        ``"keep"``: a page that fails comes back as it was, with the error beside it.
    form : {"html", "text"}
        What the pages are.
    drop, kinds, threshold, encoding, model
        As for `clean_html`.

    Yields
    ------
    Result

    Raises
    ------
    ValueError
        An argument does not exist; at once, before a page is read.
    """
    drop, kinds, threshold = check_decision(drop, kinds, threshold)
    if isinstance(pages, (str, bytes)):
        raise TypeError("pages must be an iterable of pages, not one page: use clean_html or clean_text for one")
    pages = iter(pages)
    if on_error not in ("keep", "raise"):
        raise ValueError(f"on_error must be 'keep' or 'raise', not {on_error!r}")
    if form not in ("html", "text"):
        raise ValueError(f"form must be 'html' or 'text', not {form!r}")
    if not isinstance(n_jobs, int) or n_jobs == 0 or n_jobs < -1:
        raise ValueError(f"n_jobs must be a number of processes or -1, not {n_jobs!r}")
    options: dict[str, Any] = {"drop": drop, "kinds": kinds, "threshold": threshold, "model": _resolve(model)}
    clean = partial(clean_html, encoding=encoding, **options) if form == "html" else partial(clean_text, **options)
    return _results(pages, partial(_attempt, clean=clean), n_jobs, on_error == "raise")


def _results(pages: Iterator[Any], attempt: Callable[[tuple[int, Any]], Result], n_jobs: int, stop: bool) -> Iterator[Result]:
    from paywallclf.parallel import ordered_map  # one page does without multiprocessing

    with closing(ordered_map(attempt, enumerate(pages), n_jobs)) as results:
        for result in results:
            if stop and result.error is not None:
                raise result.error
            yield result


def _attempt(numbered: tuple[int, Any], clean: Callable[[Any], Any]) -> Result:
    index, page = numbered
    try:
        return Result(index, clean(page))
    except Exception as error:  # a crawl must not end with one page; the error goes to the caller beside it
        return Result(index, page, error)
