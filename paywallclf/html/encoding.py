"""Bytes to text, in the order of the HTML standard: byte-order mark, given charset, meta, then a guess."""

from __future__ import annotations

import webencodings
from bs4.dammit import EncodingDetector
from charset_normalizer import from_bytes

#: How much of the bytes the guess reads, and how much the search for a meta reads (the standard says 1024; pages exceed it).
_GUESSED, _SEARCHED = 50_000, 8_192

_UTF16 = frozenset(("utf-16le", "utf-16be"))


def decode(source: bytes, encoding: str | None = None) -> str:
    """The text of a page. Bytes that its encoding does not know become U+FFFD.

    Parameters
    ----------
    source : bytes
    encoding : str, optional
        The charset that the HTTP header gave; outranks all but a byte-order mark. A name that the encoding standard does not
        know is passed over, as browsers do.
    """
    text: str = webencodings.decode(source, _find(source, encoding), errors="replace")[0]
    return text


def _find(source: bytes, encoding: str | None) -> webencodings.Encoding | str:
    known = webencodings.lookup(encoding) if encoding else None
    if known is not None:
        return known
    head = source[:_SEARCHED]
    declared = EncodingDetector.find_declared_encoding(head, is_html=True, search_entire_document=True)
    known = webencodings.lookup(declared) if declared else None
    if known is not None:
        # a page whose meta could be read as ASCII is not in UTF-16, whatever it says
        return webencodings.UTF8 if known.name in _UTF16 else known
    return _guess(source)


def _guess(source: bytes) -> webencodings.Encoding | str:
    try:
        source.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(source) - 4 and error.reason == "unexpected end of data":
            return webencodings.UTF8  # cut short within a character
    else:
        return webencodings.UTF8
    best = from_bytes(source[:_GUESSED]).best()
    known = webencodings.lookup(best.encoding.replace("_", "-")) if best is not None else None
    return known or "windows-1252"
