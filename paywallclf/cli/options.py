"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click


def job_count(context: click.Context, option: click.Parameter, value: int) -> int:
    """A number of processes, or -1."""
    if value == 0 or value < -1:
        raise click.BadParameter(f"{value} is neither a number of processes nor -1, for all processors")
    return value


def output_folder(output: str) -> Path:
    """The folder to write into, made if need be: that it cannot be written is better known before the work."""
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise click.ClickException(f"-o {output} is a file: give a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".paywallclf"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise cannot_write(folder, error) from None
    return folder


def cannot_write(folder: Path, error: OSError) -> click.ClickException:
    """The error that says so."""
    return click.ClickException(f"-o {folder} cannot be written: {error.strerror or error}; give another folder")
