"""Where outputs go: standard output, files and folders, and how far they are safely written."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from paywallclf.cli.compression import Frame, new_frame
from paywallclf.cli.reading import Input
from paywallclf.cli.writing import Targets, json_line

#: What goes out at once: the text of a page, or a record.
Piece = bytes | Mapping[str, Any]


class Sink(Protocol):
    """One file that is written."""

    def write(self, piece: Any, /) -> int:
        """Take a piece, and give its size."""

    def checkpoint(self) -> int:
        """Make sure of all that was taken, and give the place to go on from."""

    def finish(self) -> None:
        """Complete the file."""

    def tidy(self) -> None:
        """Remove what was of use until the file was known to be complete."""

    def release(self) -> None:
        """Let go of the file as it is."""


class FileSink:
    """A file, or standard output, of text or JSON lines; compressed if its name says so.

    Parameters
    ----------
    path : Path or None
        None is standard output.
    place : int
        Length up to which the output of an interrupted run is good; it is written on from there.
    """

    def __init__(self, path: Path | None, place: int = 0) -> None:
        if path is None and sys.stdout is None:
            raise OSError("standard output is closed")
        self._suffix = path.suffix.lower() if path is not None else ""
        self._frame: Frame | None = None
        self._path = path
        self._file: BinaryIO = sys.stdout.buffer if path is None else path.open("r+b" if place else "wb")
        if place:
            self._file.truncate(place)
            self._file.seek(place)

    def write(self, piece: Piece) -> int:
        """Write text, or a record as a line; it is flushed, so that what reads a pipe has it at once."""
        data = piece if isinstance(piece, bytes) else json_line(piece)
        self._frame = self._frame or new_frame(self._suffix)
        self._file.write(data if self._frame is None else self._frame.compress(data))
        self._file.flush()
        return len(data)

    def checkpoint(self) -> int:
        """End the compressed stretch, if any, and see that all is on the disk; gives the length of the file."""
        self._end_frame()
        if self._path is None or not self._path.is_file():
            return 0
        os.fsync(self._file.fileno())
        return self._file.tell()

    def _end_frame(self) -> None:
        if self._frame is not None:
            self._file.write(self._frame.flush())
            self._frame = None
        self._file.flush()

    def finish(self) -> None:
        """Write what is left; without waiting for the disk, which for a file a page takes longer than cleaning it."""
        self._end_frame()
        self.release()

    def tidy(self) -> None:
        """Nothing was put beside it."""

    def release(self) -> None:
        """Close the file, unless it is standard output."""
        if self._path is not None:
            self._file.close()


class Writer:
    """Writes the outputs of inputs that come one after the other; at most one file is open.

    Parameters
    ----------
    targets : mapping of Input to Path, Path or None
        As `choose_targets` gives them.
    path, place
        The output to go on with and the place in it, as `checkpoint` gave them in an interrupted run.
    types : mapping of str to pyarrow.DataType, optional
        Known types of columns, for Parquet.
    """

    def __init__(
        self, targets: Targets, path: Path | None = None, place: int = 0, types: Mapping[str, Any] | None = None
    ) -> None:
        self._targets, self._types = targets, types or {}
        self._path: Path | None = None
        self._sink: Sink | None = None
        self._finished: list[Sink] = []
        if not isinstance(targets, Mapping):
            self._open(targets, place)
        elif path is not None:
            self._open(path, place)

    def _open(self, path: Path | None, place: int = 0) -> None:
        if path is not None and path.suffix.lower() == ".parquet":
            from paywallclf.cli.parquet import ParquetSink

            self._sink = ParquetSink(path, place, self._types)
        else:
            self._sink = FileSink(path, place)
        self._path = path

    def write(self, source: Input, piece: Piece) -> int:
        """Write a piece of the output of an input; gives its size."""
        if isinstance(self._targets, Mapping) and (path := self._targets[source]) != self._path:
            self.finish()
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open(path)
        assert self._sink is not None
        try:
            return self._sink.write(piece)
        except OSError as error:
            raise self._named(error) from None

    def checkpoint(self) -> tuple[Path | None, int]:
        """The output that is open, and a place in it up to which all is on the disk."""
        try:
            return self._path, 0 if self._sink is None else self._sink.checkpoint()
        except OSError as error:
            raise self._named(error) from None

    def finish(self) -> None:
        """Complete the output that is open."""
        if self._sink is not None:
            sink, self._sink = self._sink, None
            try:
                sink.finish()
            except OSError as error:
                raise self._named(error) from None
            self._path = None
            self._finished.append(sink)

    def tidy(self) -> None:
        """Remove what lies beside outputs until they are known to be complete."""
        for sink in self._finished:
            sink.tidy()
        self._finished.clear()

    def release(self) -> None:
        """Let go of the open output, whatever its state: what went wrong with it was said."""
        if self._sink is not None:
            with contextlib.suppress(OSError):
                self._sink.release()

    def _named(self, error: OSError) -> OSError:
        """The error, with the name of the output: a full disk tells none."""
        if isinstance(error, BrokenPipeError) or self._path is None:
            return error
        return type(error)(error.errno, error.strerror, error.filename or str(self._path))
