"""Compressed files: read by what they begin with, written by what they are called."""

from __future__ import annotations

import gzip
import importlib
import io
import zlib
from typing import Any, BinaryIO, Protocol, cast

import click

#: What compressed data begins with.
GZIP, ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

#: Ends of the names of compressed files.
SUFFIXES = (".gz", ".zst")

#: What reading damaged data raises; gzip's own error is an OSError.
ERRORS = (OSError, EOFError, zlib.error)


class Frame(Protocol):
    """A stretch of compressed data that can be read without what comes before it."""

    def compress(self, data: bytes, /) -> bytes:
        """Take data, and give what of it is ready to be written."""

    def flush(self) -> bytes:
        """End the stretch, and give the rest of it."""


def needed(module: str, extra: str, purpose: str) -> Any:
    """A module of an extra, or one line on how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError:
        message = f"{purpose} needs {module.partition('.')[0]}, which is not installed: pip install 'paywallclf[{extra}]'"
        raise click.ClickException(message) from None


def decompressed(stream: io.BufferedReader) -> io.BufferedReader:
    """The stream, decompressed where it begins as gzip or Zstandard do, whatever it is called."""
    head = stream.peek(4)
    if head.startswith(GZIP):
        # typeshed does not know that a GzipFile has all that a raw stream has
        return io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=stream)))
    if head.startswith(ZSTANDARD):
        return io.BufferedReader(_Zstandard(stream))
    return stream


class _Zstandard(io.RawIOBase):
    """A Zstandard reader as a raw stream; one that notices where its input was cut short."""

    def __init__(self, stream: BinaryIO) -> None:
        library = needed("fastwarc.stream_io", "warc", "reading Zstandard")
        self._reader = library.ZstdReader(stream)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._reader.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def new_frame(suffix: str) -> Frame | None:
    """What compresses for a file whose name ends so; None for one that is not compressed."""
    if suffix == ".gz":
        return zlib.compressobj(6, wbits=31)  # with gzip's header, and without its time: the same input gives the same bytes
    if suffix == ".zst":
        return _ZstandardFrame()
    return None


class _ZstandardFrame:
    def __init__(self) -> None:
        library = needed("fastwarc.stream_io", "warc", "writing Zstandard")
        self._written = io.BytesIO()
        self._writer = library.ZstdWriter(self._written)

    def compress(self, data: bytes) -> bytes:
        self._writer.write(data)
        return self._taken()

    def flush(self) -> bytes:
        self._writer.finish()
        return self._taken()

    def _taken(self) -> bytes:
        data = self._written.getvalue()
        self._written.seek(0)
        self._written.truncate()
        return data
