"""The extractors that people have, each as a function from HTML to plain text, and a way to find a block in what they give.

The tools run as their documentation tells scrapers to run them. None of them touches the network here.
"""

from __future__ import annotations

import gzip
import logging
import re
import statistics
import sys
import time
import unicodedata
import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from importlib import metadata, util
from pathlib import Path

from paywallclf.html.segment import BLOCK_LEVEL

Extractor = Callable[[str], str]

#: Blocks with more squeezed characters than this are found by one of their ends: tools change a link or a quote in the middle.
LONG_BLOCK = 200

#: Squeezed characters of an end of a long block that must stand in the output.
END = 60

#: Pages that ``python -m training.peers`` times.
TIMED_PAGES = 20

#: jusText's stop lists by language code. Where a page states a language that is not here (Chinese, Japanese, Thai), jusText's
#: own language-independent mode runs: an English list would call all of such a page boilerplate.
STOPLISTS = {
    "af": "Afrikaans", "ar": "Arabic", "az": "Azerbaijani", "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali", "bs": "Bosnian",
    "ca": "Catalan", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "eo": "Esperanto",
    "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian", "fi": "Finnish", "fr": "French", "ga": "Irish", "gl": "Galician",
    "gu": "Gujarati", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian",
    "is": "Icelandic", "it": "Italian", "ka": "Georgian", "kk": "Kazakh", "kn": "Kannada", "ko": "Korean", "ku": "Kurdish",
    "ky": "Kyrgyz", "la": "Latin", "lb": "Luxembourgish", "lt": "Lithuanian", "lv": "Latvian", "mk": "Macedonian", "ml": "Malayalam",
    "mr": "Marathi", "ms": "Malay", "mt": "Maltese", "nb": "Norwegian_Bokmal", "ne": "Nepali", "nl": "Dutch", "nn": "Norwegian_Nynorsk",
    "no": "Norwegian_Bokmal", "oc": "Occitan", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak",
    "sl": "Slovenian", "sq": "Albanian", "sr": "Serbian", "su": "Sundanese", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil",
    "te": "Telugu", "tk": "Turkmen", "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek",
    "vi": "Vietnamese", "yo": "Yoruba",
}  # fmt: skip

_LANGUAGE = re.compile(r"<html\b[^>]*?\blang\s*=\s*[\"']?\s*([a-z]{2,3})\b", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")

_log = logging.getLogger(__name__)

# The tools warn about every page that they find odd, up to an error and a traceback each. Set once, for this process.
for _name in ("trafilatura", "htmldate", "courlan", "readability", "newspaper", "justext"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)


def _guarded(extract: Callable[[str], str | None]) -> Extractor:
    @wraps(extract)
    def guarded(html: str) -> str:
        try:
            # lxml refuses a decoded page that declares an encoding; the declaration is void once the page is decoded.
            return extract(_XML_DECLARATION.sub("", html, count=1)) or ""
        # A tool may raise anything on a broken page (ValueError, AssertionError, its own classes, RecursionError). A scraper
        # skips that page, so it counts as an empty output; one page must not end the evaluation of thousands.
        except Exception as error:
            _log.debug("%s: %s: %s", extract.__name__, type(error).__name__, error)
            return ""

    return guarded


@_guarded
def trafilatura(html: str) -> str | None:
    """`trafilatura.extract` with its defaults (comments and tables included)."""
    from trafilatura import extract

    return extract(html)


@_guarded
def readability_lxml(html: str) -> str:
    """The text of `Document.summary`, a line for each block-level element."""
    from lxml.html import document_fromstring
    from readability import Document

    root = document_fromstring(Document(html).summary())
    for element in root.iter():
        if element.tag in BLOCK_LEVEL:
            element.text = "\n" + (element.text or "")
        if element.tag in BLOCK_LEVEL or element.tag == "br":
            element.tail = "\n" + (element.tail or "")
    lines = (" ".join(line.split()) for line in str(root.text_content()).split("\n"))
    return "\n".join(line for line in lines if line)


@_guarded
def resiliparse(html: str) -> str:
    """`extract_plain_text` with ``main_content=True``."""
    from resiliparse.extract.html2text import extract_plain_text

    return str(extract_plain_text(html, main_content=True))


@_guarded
def newspaper4k(html: str) -> str:
    """`Article.text` of the page handed over as ``input_html``; images and refreshes are not fetched.

    On pages that say they are Japanese, Chinese, Korean, Arabic, Thai or Hindi it raises unless its language extras are
    installed (``newspaper4k[all]``), so it gives nothing there: leave those out, or install them, before comparing.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # missing extras for its summaries, time zones that it does not know
        from newspaper import Article

        article = Article("https://example.org/", fetch_images=False, follow_meta_refresh=False)
        article.download(input_html=html)
        article.parse()
    return str(article.text)


@_guarded
def justext(html: str) -> str:
    """The paragraphs that are not boilerplate, by the stop list of the page's ``lang`` (English where it states none)."""
    import justext as tool

    match = _LANGUAGE.search(html)
    name = STOPLISTS.get(match[1].lower()) if match else "English"
    if name:
        paragraphs = tool.justext(html, tool.get_stoplist(name))
    else:
        paragraphs = tool.justext(html, frozenset(), stopwords_low=0, stopwords_high=0)
    return "\n".join(paragraph.text for paragraph in paragraphs if not paragraph.is_boilerplate)


#: Name → extractor: the page's HTML in, its plain text out, ``""`` where the tool gives nothing or raises.
PEERS: dict[str, Extractor] = {
    "trafilatura": trafilatura,
    "readability-lxml": readability_lxml,
    "resiliparse": resiliparse,
    "newspaper4k": newspaper4k,
    "justext": justext,
}

#: Where the module that one imports is not named as the distribution.
MODULES = {"readability-lxml": "readability", "newspaper4k": "newspaper"}


def available() -> dict[str, Extractor]:
    """The peers that are installed."""
    return {name: extract for name, extract in PEERS.items() if util.find_spec(MODULES.get(name, name))}


def versions() -> dict[str, str]:
    """Name → version of the peers that are installed."""
    return {name: metadata.version(name) for name in available()}


def squeeze(text: str) -> str:
    """The letters and digits of a text, NFKC, lower case: what is left when tools have changed spaces, quotes and markup."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).lower()))


def is_in(block_text: str, squeezed_output: str) -> bool:
    """Whether a block stands in a tool's output.

    A plain search: a block of a few letters is found by chance in any long text, so leave out those below the length that the
    measure asks for. A block without letters or digits is never in.

    Parameters
    ----------
    block_text : str
        As it stands in the page.
    squeezed_output : str
        `squeeze` of the tool's whole output.
    """
    wanted = squeeze(block_text)
    if len(wanted) > LONG_BLOCK:
        return wanted[:END] in squeezed_output or wanted[-END:] in squeezed_output
    return bool(wanted) and wanted in squeezed_output


def kept_words(block_text: str, squeezed_output: str) -> int:
    """The words of an editorial block that survived: all of them or none. A word is a run between white space."""
    return len(block_text.split()) if is_in(block_text, squeezed_output) else 0


def _read(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8", "replace")


def main(paths: Sequence[str]) -> None:
    """Time each installed peer on the first pages of a list (HTML files, UTF-8, gzipped or not)."""
    pages = [_read(Path(path)) for path in paths[:TIMED_PAGES]]
    print(f"{'peer':<18}{'version':<10}{'pages':>6}{'empty':>7}{'median ms':>11}{'mean ms':>9}")
    for name, extract in available().items():
        extract("<html><body><p>The import is not timed.</p></body></html>")
        times, empty = [], 0
        for page in pages:
            start = time.perf_counter()
            empty += not extract(page)
            times.append(1000 * (time.perf_counter() - start))
        figures = f"{statistics.median(times):>11.1f}{statistics.mean(times):>9.1f}" if times else ""
        print(f"{name:<18}{versions()[name]:<10}{len(pages):>6}{empty:>7}{figures}")


if __name__ == "__main__":
    main(sys.argv[1:])
