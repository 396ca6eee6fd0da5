"""Bytes to text, in the order of the HTML standard: byte-order mark, given charset, meta, then a guess."""

from __future__ import annotations

import codecs
import re

import webencodings
from bs4.dammit import EncodingDetector
from charset_normalizer import from_bytes

#: How much of the bytes the guess reads, and how much the search for a meta reads (the standard says 1024; pages exceed it).
_GUESSED, _SEARCHED = 50_000, 8_192

_UTF16 = frozenset(("utf-16le", "utf-16be"))

_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)


def decode(source: bytes, encoding: str | None = None) -> str:
    """The text of a page. Bytes that its encoding does not know become U+FFFD.

    Parameters
    ----------
    source : bytes
    encoding : str, optional
        The charset that the HTTP header gave; outranks all but a byte-order mark. A name that the encoding standard does not
        know is passed over, as browsers do, and so is UTF-16 over bytes that hold no NUL.

    Raises
    ------
    TypeError
        `encoding` is no str.
    """
    if encoding is not None and not isinstance(encoding, str):
        raise TypeError(f"encoding must be the name of a charset, not {type(encoding).__name__}")
    if source.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):  # to the standard UTF-16 with a NUL first: no page
        return source.decode("utf-32", "replace")
    given = _known(encoding)
    if given is not None and given.name in _UTF16 and b"\0" not in source:  # every tag in UTF-16 holds one: it is another
        given = None
    known = given or _declared(source)
    if known is None and not source.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return source.decode(_guess(source), "replace")
    text: str = webencodings.decode(source, known or webencodings.UTF8, errors="replace")[0]
    return text


def _known(name: str | None) -> webencodings.Encoding | None:
    known = webencodings.lookup(name) if name else None
    # browsers show nothing at all of a page in one of the encodings that the standard gave up for this
    return None if known is not None and known.name == "replacement" else known


def _declared(source: bytes) -> webencodings.Encoding | None:
    """What a meta, or an XML declaration, says."""
    head = _COMMENT.sub(b"", source[:_SEARCHED])
    known = _known(EncodingDetector.find_declared_encoding(head, is_html=True, search_entire_document=True))
    if known is None:
        return None
    if known.name in _UTF16:  # a page whose meta could be read as ASCII is not in UTF-16, whatever it says
        return webencodings.UTF8
    return _known("windows-1252") if known.name == "x-user-defined" else known


def _guess(source: bytes) -> str:
    """The name of a codec."""
    try:
        source.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(source) - 4 and error.reason == "unexpected end of data":
            return "utf-8"  # cut short within a character
    else:
        return "utf-8"
    best = from_bytes(source[:_GUESSED]).best()
    return best.encoding if best is not None else "windows-1252"
