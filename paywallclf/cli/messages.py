"""What the command line says on standard error: a line for each thing, naming the input."""

from __future__ import annotations

import sys

from tqdm import tqdm

from paywallclf.document import fold


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
