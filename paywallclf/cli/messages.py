"""What the command line says on standard error: a line for each thing, naming the input."""

from __future__ import annotations

import errno
import sys

import click
from tqdm import tqdm

from paywallclf.document import fold

#: What to do where an output cannot be written.
_REMEDIES = {
    errno.ENOENT: "make the folder first",
    errno.EACCES: "give another place, or make this one writable for this user",
    errno.EROFS: "give another place",
    errno.ENOSPC: "make room, or give another place",
}


class Messages:
    """Says things, and remembers whether one of them was that an input failed.

    Attributes
    ----------
    failed : bool
    """

    failed = False

    def say(self, line: str) -> None:
        """Write a line; above the progress bar, where there is one."""
        tqdm.write(line, file=sys.stderr)
        sys.stderr.flush()

    def warn(self, where: str, message: str) -> None:
        """Say what may not be as it was wanted."""
        self.say(f"paywallclf: {where}: warning: {fold(message)}")

    def error(self, where: str, message: str) -> None:
        """Say why an input failed."""
        self.failed = True
        self.say(f"paywallclf: {where}: {fold(message)}")


def cannot_write(error: OSError, can_go_on: bool = False) -> click.ClickException:
    """The error that says so, and what to do."""
    remedy = "the same command goes on from here once it can" if can_go_on else _REMEDIES.get(error.errno or 0)
    hint = f"; {remedy}" if remedy else ""
    return click.ClickException(f"{error.filename or 'the output'} cannot be written: {error.strerror or error}{hint}")
