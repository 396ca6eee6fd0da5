"""The model folder: arrays in safetensors, settings in JSON, a card. Nothing in it is ever executed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

#: Rises when a newer paywallclf writes what an older one cannot read.
FORMAT_VERSION = 1

ARRAYS_FILE, CONFIG_FILE, CARD_FILE = "model.safetensors", "config.json", "README.md"

#: A configuration is a page of text; a longer one is not ours.
_LONGEST_CONFIG = 1 << 22


class ModelError(ValueError):
    """A model folder that cannot be used: missing, damaged, of another format, or not a model of ours."""


def save(folder: str | Path, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any], card: str) -> None:
    """Write a model folder, made if need be; files of the same names are replaced."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(array) for name, array in sorted(arrays.items())}, folder / ARRAYS_FILE)
    text = json.dumps({"format_version": FORMAT_VERSION, **config}, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / CONFIG_FILE).write_text(text + "\n", encoding="utf-8")
    (folder / CARD_FILE).write_text(card, encoding="utf-8")


def load(folder: str | Path, shapes: Mapping[str, tuple[int | str, ...]]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read a model folder.

    Parameters
    ----------
    folder : str or Path
    shapes : mapping of str to tuple of int or str
        The arrays that a model must have, with their shapes; equal names stand for equal lengths.

    Returns
    -------
    arrays : dict of str to array
        In single precision (they are stored in half or single), read-only.
    config : dict

    Raises
    ------
    ModelError
        With what is wrong and what to do.
    """
    folder = Path(folder)
    config = _read_config(folder)
    version = config.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise ModelError(
            f"{folder / CONFIG_FILE} states no format_version: this is no paywallclf model; train or download it again"
        )
    if version > FORMAT_VERSION:
        raise ModelError(
            f"{folder} has model format {version}; this paywallclf reads up to {FORMAT_VERSION}: upgrade with pip install -U paywallclf"
        )
    arrays = _read_arrays(folder / ARRAYS_FILE)
    _check_arrays(folder, arrays, shapes)
    single = {name: arrays[name].astype(np.float32) for name in shapes}
    for array in single.values():
        array.flags.writeable = False
    return single, config


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG_FILE
    try:
        if path.stat().st_size > _LONGEST_CONFIG:
            raise ModelError(f"{path} is too large to be a model's configuration")
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(
            f"no model in {folder}: {CONFIG_FILE} cannot be read ({error.strerror}); give a folder that save() wrote"
        ) from None
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged ({error}): train or download the model again") from None
    if not isinstance(config, dict):
        raise ModelError(f"{path} is damaged (not a JSON object): train or download the model again")
    return config


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping, has no __iter__
    except FileNotFoundError:
        raise ModelError(f"no model in {path.parent}: {path.name} is missing; give a folder that save() wrote") from None
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is damaged or cut short ({error}): train or download the model again") from None


def _check_arrays(folder: Path, arrays: Mapping[str, NDArray[Any]], shapes: Mapping[str, tuple[int | str, ...]]) -> None:
    lengths: dict[str, int] = {}
    for name, shape in shapes.items():
        array = arrays.get(name)
        if array is None:
            raise ModelError(f"{folder} lacks the array {name!r}: it is no model of this version of paywallclf; train it again")
        fits = len(array.shape) == len(shape) and all(
            have == (lengths.setdefault(want, have) if isinstance(want, str) else want)
            for want, have in zip(shape, array.shape, strict=True)
        )
        if not fits or array.dtype not in (np.float16, np.float32):
            raise ModelError(
                f"{folder}: the array {name!r} is {array.dtype} {array.shape}, expected float16 or float32 {shape}; train it again"
            )
        if name.endswith("_table") and not math.log2(max(1, len(array))).is_integer():
            raise ModelError(f"{folder}: the table {name!r} has {len(array)} rows, no power of two; train it again")
        if not np.isfinite(array).all():
            raise ModelError(f"{folder}: the array {name!r} holds values that are no numbers; train it again")
