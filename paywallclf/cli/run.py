"""One run of a command over its inputs: what was written, what failed, and how far it is safe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from paywallclf.cli.manifest import Errors, Manifest, Progress, can_resume, has_side_files
from paywallclf.cli.messages import Messages
from paywallclf.cli.outputs import Piece, Writer
from paywallclf.cli.reading import Event, Failure, Input, Page, Skipped, read_events
from paywallclf.cli.writing import Targets

#: A checkpoint is made after so many records, or so many bytes of output: so much is done once more after an interruption, and
#: so much is a row group in Parquet. Counted in what was read, not in time: then the same input gives the same bytes.
CHECKPOINT_RECORDS, CHECKPOINT_BYTES = 500, 1 << 25

#: Failures that are said; where a side file names them all, the rest only fills the screen.
_SAID = 10


class Run:
    """A run, from where an interrupted one with the same inputs, options and output had come to.

    Parameters
    ----------
    inputs : sequence of Input
    output : str or None
        As it was given.
    targets : mapping of Input to Path, Path or None
        Where the outputs go.
    options : object
        What decides what is written, but for the inputs; anything that JSON can hold.
    messages : Messages

    Attributes
    ----------
    progress : Progress

    Raises
    ------
    ValueError
        Another run that was interrupted had the same output.
    OSError
        The output cannot be written.
    """

    def __init__(
        self, inputs: Sequence[Input], output: str | None, targets: Targets, options: object, messages: Messages
    ) -> None:
        self._inputs, self._messages = inputs, messages
        self._manifest = Manifest(output, inputs, options) if output is not None and can_resume(inputs, targets) else None
        saved = self._manifest.load() if self._manifest is not None else None
        self.progress = progress = saved or Progress()
        if self._manifest is not None and saved is not None:
            done = progress.written + progress.failed
            messages.say(f"paywallclf: going on with an interrupted run, after {done:,} records ({self._manifest.path})")
        self._errors = Errors(output, progress.errors_place) if output is not None and has_side_files(targets) else None
        types = {}
        if any(source.form == "parquet" for source in inputs):
            from paywallclf.cli.parquet import types_of

            types = types_of(inputs)
        self._writer = Writer(targets, Path(progress.output) if progress.output else None, progress.place, types)
        self._records = self._size = 0

    def events(self) -> Iterator[Event]:
        """What is left to do."""
        return read_events(self._inputs, messages=self._messages, after=(self.progress.input, self.progress.record))

    def write(self, page: Page, piece: Piece) -> None:
        """Write the output of a page."""
        self._size += self._writer.write(page.input, piece)
        self.progress.written += 1
        self._done(page)

    def fail(self, failure: Failure) -> None:
        """Name a record that failed."""
        self.progress.failed += 1
        if self._errors is not None:
            self._errors.write(failure)
        if self._errors is None or self.progress.failed <= _SAID:
            self._messages.error(failure.where, failure.reason)
        elif self.progress.failed == _SAID + 1:
            self._messages.say(f"paywallclf: what fails from here on is named in {self._errors.path}")
        self._done(failure)

    def skip(self, skipped: Skipped) -> None:
        """Count records that are no pages."""
        counts = self.progress.skipped
        for reason, count in skipped.reasons.items():
            counts[reason] = counts.get(reason, 0) + count
        self.progress.input, self.progress.record = skipped.input.number, skipped.record

    def _done(self, event: Page | Failure) -> None:
        self.progress.input, self.progress.record = event.input.number, event.record
        self._records += 1
        if self._records >= CHECKPOINT_RECORDS or self._size >= CHECKPOINT_BYTES:
            self._checkpoint()

    def _checkpoint(self) -> None:
        output, self.progress.place = self._writer.checkpoint()
        self.progress.output = None if output is None else str(output)
        if self._errors is not None:
            self.progress.errors_place = self._errors.checkpoint()
        if self._manifest is not None:
            self._manifest.save(self.progress)
        self._writer.tidy()
        self._records = self._size = 0

    def finish(self) -> None:
        """Complete the outputs, and say what is not in them."""
        if self._manifest is not None and self._manifest.path.exists():
            self._checkpoint()  # what takes long from here on is to join a Parquet file: that can be interrupted too
        self._writer.finish()
        if self._errors is not None:
            self._errors.checkpoint()
        if self._manifest is not None:
            self._manifest.remove()
        self._writer.tidy()
        progress = self.progress
        if progress.skipped:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(progress.skipped.items()))
            self._messages.say(f"paywallclf: {progress.written:,} pages; skipped: {reasons}")
        if progress.failed and self._errors is not None:
            count = progress.written + progress.failed
            self._messages.say(f"paywallclf: {progress.failed:,} of {count:,} failed: named in {self._errors.path}")

    @property
    def can_go_on(self) -> bool:
        """Whether the same command would go on from a checkpoint."""
        return self._manifest is not None and self._manifest.path.exists()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *exception: object) -> None:
        """Close all files, whatever their state."""
        self._writer.release()
        if self._errors is not None:
            self._errors.release()
