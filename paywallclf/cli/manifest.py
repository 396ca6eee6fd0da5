"""How far a run is, on disk: what an interrupted run goes on from without losing or doubling a record."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import paywallclf
from paywallclf.cli.outputs import FileSink
from paywallclf.cli.reading import ERRORS_SUFFIX, Failure, Input
from paywallclf.cli.writing import Targets

_SUFFIX = ".progress.json"


@dataclass
class Progress:
    """How far a run is.

    Attributes
    ----------
    input, record : int
        The last record that is done: the number of its input, and its number there.
    written, failed : int
        Records that are in the outputs, and that are named in the side file instead.
    skipped : dict of str to int
        Records that are no pages, by reason.
    output : str or None
        The output that was open.
    place, errors_place : int
        Up to where that output, and the side file, are good.
    """

    input: int = 0
    record: int = 0
    written: int = 0
    failed: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    output: str | None = None
    place: int = 0
    errors_place: int = 0


class Manifest:
    """The file beside an output that says how far its run is. It is there from the first checkpoint to the end of the run.

    Parameters
    ----------
    output : str
        The file or folder that is written.
    inputs : sequence of Input
    options : object
        All else that decides what is written; anything that JSON can hold.
    """

    def __init__(self, output: str, inputs: Sequence[Input], options: object) -> None:
        self.path = _beside(output, _SUFFIX)
        self._run = _digest(inputs, options)

    def load(self) -> Progress | None:
        """How far an interrupted run came; None where there is none.

        Raises
        ------
        ValueError
            It was another run, or what it wrote has changed.
        """
        try:
            saved = json.loads(self.path.read_text(encoding="utf-8"))
            progress = Progress(**saved["progress"])
            same = saved["run"] == self._run
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{self.path} is damaged: delete it to begin anew") from None
        if not same:
            raise ValueError(
                f"{self.path} is of an unfinished run with other inputs, options or another model: "
                "repeat that one, choose another output, or delete the file to begin anew"
            )
        output = progress.output
        if output is not None and not output.endswith(".parquet") and progress.place > _size(Path(output)):
            raise ValueError(f"{output} has changed since its run was interrupted: delete {self.path} to begin anew")
        return progress

    def save(self, progress: Progress) -> None:
        """Replace what is saved, in one step."""
        new = self.path.with_name(self.path.name + ".new")
        with new.open("w", encoding="utf-8") as file:
            json.dump({"run": self._run, "progress": asdict(progress)}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self.path)

    def remove(self) -> None:
        """The run is complete."""
        self.path.unlink(missing_ok=True)


class Errors:
    """The side file that names the failed records of a run, a JSON line each; there is none before the first.

    Parameters
    ----------
    output : str
        The file or folder that it lies beside.
    place : int
        Up to where an interrupted run's file is good.
    """

    def __init__(self, output: str, place: int) -> None:
        self.path = _beside(output, ERRORS_SUFFIX)
        self._file = FileSink(self.path, place) if place else None
        if not place:
            self.path.unlink(missing_ok=True)

    def write(self, failure: Failure) -> None:
        """Name a record, its place and the reason."""
        self._file = self._file or FileSink(self.path)
        self._file.write({"id": failure.id, "place": failure.where, "reason": failure.reason})

    def checkpoint(self) -> int:
        """Up to where it is on the disk."""
        return self._file.checkpoint() if self._file is not None else 0

    def release(self) -> None:
        """Close it."""
        if self._file is not None:
            self._file.release()


def can_resume(inputs: Sequence[Input], targets: Targets) -> bool:
    """Whether the inputs can be read once more, and the output be written on: both are files, and no pipes or devices."""
    return has_side_files(targets) and all(os.path.isfile(source.name) for source in inputs)


def has_side_files(targets: Targets) -> bool:
    """Whether the output is of a kind that files can lie beside: no pipe or device."""
    return targets is not None and (isinstance(targets, Mapping) or targets.is_file() or not targets.exists())


def _beside(output: str, suffix: str) -> Path:
    path = Path(output)
    return path.with_name(path.name + suffix)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _digest(inputs: Sequence[Input], options: object) -> str:
    """What tells a run from another: the version, the options, and of each input the name, the size and the time."""
    digest = hashlib.sha256(json.dumps([paywallclf.__version__, options], sort_keys=True).encode())
    for source in inputs:
        status = os.stat(source.name)
        digest.update(json.dumps([source.name, str(source.relative), status.st_size, status.st_mtime_ns]).encode())
    return digest.hexdigest()


def model_digest(model: Any) -> str:
    """What tells a model from another: its settings and what it learned."""
    digest = hashlib.sha256(json.dumps(dict(model.config), sort_keys=True, default=str).encode())
    for name in sorted(model.arrays):
        digest.update(name.encode() + model.arrays[name].tobytes())
    return digest.hexdigest()
