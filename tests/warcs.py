"""Web archives for tests, written as crawlers write them: each record compressed by itself."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fastwarc.stream_io import GzipWriter, ZstdWriter
from fastwarc.warc import WarcRecord, WarcRecordType

_WRITERS = {".gz": GzipWriter, ".zst": ZstdWriter}


@dataclass(frozen=True)
class Record:
    """A record of a crawl; by default a page."""

    number: int
    body: bytes
    headers: str = "Content-Type: text/html; charset=utf-8"
    status: int = 200
    kind: str = "response"

    @property
    def id(self) -> str:
        return f"urn:uuid:{self.number:08}-0000-0000-0000-000000000000"

    @property
    def url(self) -> str:
        return f"https://harbour.example/{self.number}"


def write_warc(path: Path, records: Iterable[Record]) -> list[int]:
    """Write the records; gives the byte at which each begins."""
    places = []
    with path.open("wb") as file:
        for record in records:
            places.append(file.tell())
            file.write(_bytes(record, path.suffix))
    return places


def _bytes(record: Record, suffix: str) -> bytes:
    made = WarcRecord()
    made.init_headers(getattr(WarcRecordType, record.kind), record.id.removeprefix("urn:uuid:").encode())
    made.headers["WARC-Record-ID"] = f"<{record.id}>"
    made.headers["WARC-Target-URI"] = record.url
    made.headers["WARC-Date"] = "2026-03-01T06:00:00Z"
    if record.kind in ("response", "request"):
        made.is_http = True
        first = f"HTTP/1.1 {record.status} Status" if record.kind == "response" else "GET / HTTP/1.1"
        made.set_bytes_content(f"{first}\r\n{record.headers}\r\n\r\n".encode() + record.body)
    else:
        made.headers["Content-Type"] = record.headers.partition(": ")[2]
        made.set_bytes_content(record.body)
    stream = io.BytesIO()
    writer = _WRITERS[suffix](stream) if suffix in _WRITERS else stream
    made.write(writer)
    if suffix in _WRITERS:
        writer.close()
    return stream.getvalue()
