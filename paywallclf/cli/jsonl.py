"""JSON lines in, pages out."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

from paywallclf.cli.messages import Messages
from paywallclf.cli.reading import BOM, Event, Failure, Input, page_of

#: Bytes from which a line is no record, but a file of something else: it is not read into memory.
_LONGEST_LINE = 1 << 28


def read(source: Input, stream: io.BufferedReader, messages: Messages) -> Iterator[Event]:
    """The pages of JSON lines, from their field html or text. A line that is none becomes a Failure.

    Labels of pages that are files of their own are no pages: `messages` is told.
    """
    number = 0
    while line := stream.readline(_LONGEST_LINE):
        number += 1
        where = f"{source.name}:{number}"
        if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
            while (rest := stream.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
            yield Failure(source, where, f"a line of more than {_LONGEST_LINE >> 20} MiB: no record", number)
            continue
        line = line.removeprefix(BOM) if number == 1 else line
        if not line.strip():
            continue
        try:
            row = _row(line)
        except ValueError as error:
            yield Failure(source, where, str(error), number)
            continue
        if "labels" in row and "path" in row and not any(isinstance(row.get(name), str) for name in ("html", "text")):
            messages.warn(source.name, "a label file, left out: its pages are files of their own")
            return
        yield page_of(source, where, number, row)


def _row(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8"))
    except RecursionError:
        raise ValueError("not JSON that can be read: nested too deep") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 (byte {error.start} of the line)") from None
    except ValueError as error:
        raise ValueError(f"not JSON ({error})") from None
    if not isinstance(row, dict):
        raise ValueError("expected a JSON object")
    return row
