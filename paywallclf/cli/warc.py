"""WARC files in, pages out: the records of a web archive, past those that are damaged."""

from __future__ import annotations

import contextlib
import io
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import webencodings

from paywallclf.cli.compression import GZIP, ZSTANDARD, needed
from paywallclf.cli.reading import Event, Failure, Input, Page, Skipped

#: Bytes from which a response is no page; browsers give up far below.
LARGEST = 1 << 26

#: Why a record is passed over.
NO_RESPONSE, NOT_200, NOT_HTML = "not a response", "not status 200", "not HTML"

_HTML = ("text/html", "application/xhtml+xml")

#: How a record can begin, compressed by itself or not at all.
_BEGINNING = re.compile(b"|".join((re.escape(GZIP + b"\x08"), re.escape(ZSTANDARD), rb"(?<=\n)WARC/\d\.\d+\r?\n")))
_CHUNK, _OVERLAP, _HEAD, _PIECE = 1 << 20, 16, 1024, 64

_RECORD_ID = re.compile(rb"^WARC-Record-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s"';,]+)""", re.IGNORECASE)


def read(source: Input, stream: io.BufferedReader) -> Iterator[Event]:
    """The pages of a web archive: responses of status 200 that are HTML, and the texts of a WET file.

    A damaged record becomes a Failure, and reading goes on with the next that is whole; so does one that is too large.
    """
    number = 0
    skipped: Counter[str] = Counter()
    for place, record_id, found in _readings(stream):
        if isinstance(found, str):
            skipped[found] += 1
            number += 1
            continue
        if skipped:
            yield Skipped(source, number, dict(skipped))
            skipped.clear()
        number += 1
        where = f"{source.name}@{place}"
        if isinstance(found, Exception):
            yield Failure(source, where, f"damaged record: {found}", number, record_id)
        else:
            html, form, row = found
            yield Page(source, where, html, form, {"id": record_id or where, **row}, number)
    if skipped:
        yield Skipped(source, number, dict(skipped))


# -- a record --------------------------------------------------------------------------------------------------------------

#: Why a record is passed over; or its text, form, and what the output says of it.
_Content = str | tuple[str | bytes, str, dict[str, Any]]


def _content(record: Any) -> _Content:
    kind = (record.headers.get("WARC-Type") or "").lower()
    if kind not in ("response", "resource", "conversion"):
        return NO_RESPONSE
    declared = record.headers.get("Content-Type") or ""
    headers = None
    if record.is_http:
        record.parse_http()
        headers = record.http_headers
        if headers.status_code != 200:
            return NOT_200
        declared = headers.get("Content-Type") or record.headers.get("WARC-Identified-Payload-Type") or ""
    media_type = declared.split(";")[0].strip().lower()
    form = "text" if kind == "conversion" and media_type == "text/plain" else "html"
    if form == "html" and media_type and media_type not in _HTML:
        return NOT_HTML
    length = record.content_length
    if length > LARGEST:
        raise ValueError(f"larger than {LARGEST >> 20} MiB")
    data = record.reader.read()
    if len(data) < length:
        raise OSError("cut short")
    if headers is not None:
        data = _decoded(data, headers)
    if not media_type and not _looks_like_markup(data):
        return NOT_HTML
    row = {"url": record.headers.get("WARC-Target-URI"), "date": record.headers.get("WARC-Date")}
    charset = _CHARSET.search(declared)
    if form == "text":
        return data.decode("utf-8", "replace"), form, row  # as WET files are by their definition
    if charset is not None and webencodings.lookup(charset[1]) is not None:
        from paywallclf.html.encoding import decode

        return decode(data, charset[1]), form, row
    return data, form, row


def _decoded(data: bytes, headers: Any) -> bytes:
    """The body without its transfer and content encodings; as it is, if the crawler took them away and left the headers."""
    names = [
        name.strip().lower()
        for key in ("Content-Encoding", "Transfer-Encoding")
        for name in (headers.get(key) or "").split(",")
    ]
    for name in reversed(names):
        decode = _DECODERS.get(name)
        if decode is None or _looks_like_markup(data):
            continue
        try:
            data = decode(data)
        except (OSError, zlib.error) as error:
            raise OSError(f"its content is not in the encoding {name} that it names ({error})") from None
        if len(data) > LARGEST:
            raise ValueError(f"larger than {LARGEST >> 20} MiB when it is decoded")
    return data


def _looks_like_markup(data: bytes) -> bool:
    return data[:256].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _inflated(data: bytes) -> bytes:
    """Gzip or zlib; without an end it gives what is there, as of a page that the crawler cut off at its limit."""
    return zlib.decompressobj(wbits=47).decompress(data, LARGEST + 1)


def _deflated(data: bytes) -> bytes:
    try:
        return _inflated(data)
    except zlib.error:  # what servers send as deflate often lacks zlib's header
        return zlib.decompressobj(wbits=-15).decompress(data, LARGEST + 1)


def _through(reader: str) -> Callable[[bytes], bytes]:
    def decode(data: bytes) -> bytes:
        decoded: bytes = getattr(_library("stream_io"), reader)(io.BytesIO(data)).read(LARGEST + 1)
        return decoded

    return decode


_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": _inflated,
    "x-gzip": _inflated,
    "deflate": _deflated,
    "br": _through("BrotliReader"),
    "zstd": _through("ZstdReader"),
    "chunked": _through("ChunkedReader"),
}


# -- the records, past damaged ones -------------------------------------------------------------------------------------------


def _library(module: str) -> Any:
    return needed(f"fastwarc.{module}", "warc", "reading WARC")


#: Of a record: its place (a byte of the file), its id, and its content or what is wrong with it.
_Reading = tuple[int, str | None, _Content | Exception]


def _readings(stream: io.BufferedReader) -> Iterator[_Reading]:
    """The records of an archive.

    fastwarc ends at an error. Where each record is compressed by itself, or none is, the next is looked for from there.
    """
    iterator = _library("warc").ArchiveIterator
    place, beginning = 0, b""
    lost: _Reading | None = None  # something after a record; the search may tell which record it was
    while True:
        record, held = None, None
        try:
            for record in iterator(stream, parse_http=False):
                # a record is good once the next has been reached: a checksum comes at the end of what it is of
                yield from (reading for reading in (lost, held) if reading is not None)
                lost = held = None
                place = record.stream_pos
                try:
                    found: _Content | Exception = _content(record)
                except ValueError as error:  # of this record alone
                    found = error
                held = (place, _plain_id(record.record_id), found)
                record = None
            yield from (reading for reading in (lost, held) if reading is not None)
            return
        except OSError as error:
            if record is not None:
                lost = None
                yield place, _plain_id(record.record_id), error
            elif held is None:
                lost = None
                yield place, _id_in(beginning), error
            elif _is_whole(stream, place):
                yield from (reading for reading in (lost, held) if reading is not None)
                lost = (place, None, OSError(f"after this record: {error}"))
            else:
                lost = None
                yield place, held[1], error
        next_one = _next_beginning(stream, place + 1)
        if next_one is None:
            if lost is not None:
                yield lost
            return
        place, beginning = next_one
        stream.seek(place)


def _is_whole(stream: io.BufferedReader, place: int) -> bool:
    """Whether what is compressed from a byte on, up to its end, is undamaged; what is not compressed has nothing to tell by."""
    if not stream.seekable():
        return True
    stream.seek(place)
    data = stream.read(LARGEST)
    try:
        if data.startswith(GZIP):
            gzip = zlib.decompressobj(wbits=31)
            while not gzip.eof and data:
                gzip.decompress(data, _CHUNK)
                data = gzip.unconsumed_tail
            return gzip.eof
        if data.startswith(ZSTANDARD):
            reader = _library("stream_io").ZstdReader(io.BytesIO(data[: _frame_length(data)]))
            while reader.read(_CHUNK):
                pass
    except (OSError, zlib.error):
        return False
    return True


def _frame_length(data: bytes) -> int:
    """Bytes of the Zstandard frame that data begins with, from its headers (RFC 8878, 3.1.1)."""
    descriptor = data[4]
    is_single, has_checksum = descriptor >> 5 & 1, descriptor >> 2 & 1
    size_field = (is_single, 2, 4, 8)[descriptor >> 6]
    place = 5 + (not is_single) + (0, 1, 2, 4)[descriptor & 3] + size_field
    is_last = False
    while not is_last and place < len(data):
        block = int.from_bytes(data[place : place + 3], "little")
        is_last = bool(block & 1)
        place += 3 + (1 if block >> 1 & 3 == 1 else block >> 3)  # of a block that repeats one byte, only that is there
    return place + 4 * has_checksum


def _plain_id(record_id: str | None) -> str | None:
    return record_id.strip().strip("<>") if record_id else None


def _id_in(beginning: bytes) -> str | None:
    match = _RECORD_ID.search(beginning)
    return _plain_id(match[1].decode("utf-8", "replace")) if match else None


def _next_beginning(stream: io.BufferedReader, start: int) -> tuple[int, bytes] | None:
    """Where the next record begins, from a byte on, and how; None where there is none, or the stream cannot go back."""
    if not stream.seekable():
        return None
    position = max(start - 1, 0)
    while True:
        stream.seek(position)
        chunk = stream.read(_CHUNK)
        for match in _BEGINNING.finditer(chunk):
            place = position + match.start()
            if place >= start and (beginning := _beginning(stream, place)).startswith(b"WARC/"):
                return place, beginning
        if len(chunk) < _CHUNK:
            return None
        position += _CHUNK - _OVERLAP


def _beginning(stream: io.BufferedReader, place: int) -> bytes:
    """The first bytes of what stands at a place, decompressed; as many as come before any damage."""
    stream.seek(place)
    data = stream.read(_CHUNK)
    if data.startswith(GZIP):
        gzip, decoded = zlib.decompressobj(wbits=31), b""
        with contextlib.suppress(zlib.error):
            for start in range(0, len(data), _PIECE):
                decoded += gzip.decompress(data[start : start + _PIECE])
                if len(decoded) >= _HEAD or gzip.eof:
                    break
        return decoded
    if data.startswith(ZSTANDARD):
        with contextlib.suppress(OSError):
            return bytes(_library("stream_io").ZstdReader(io.BytesIO(data)).read(_HEAD))
        return b""
    return data[:_HEAD]
