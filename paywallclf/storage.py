"""The model folder: arrays in safetensors, settings in JSON, a card. Nothing in it is ever executed."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from paywallclf.ensemble import mix_trees
from paywallclf.scoring import FEATURES, THRESHOLDS

#: Rises when the arrays of a model change: what one version writes, the others cannot read.
FORMAT_VERSION = 3

ARRAYS_FILE, CONFIG_FILE, CARD_FILE = "model.safetensors", "config.json", "README.md"

#: The model that comes with the package.
SHIPPED = Path(__file__).resolve().parent / "models" / "default"

#: A configuration is a page of text, as is the header of the arrays, and the largest tables that can be asked for take 2 GB; more
#: is not ours. In bytes.
_LONGEST_TEXT, _LONGEST_ARRAYS = 1 << 18, 1 << 31

#: No fit gives larger numbers, nor divides by smaller ones; with these, no score leaves the range of single precision.
_LARGEST, _SMALLEST_SCALE = 1e6, 1e-12


class ModelError(ValueError):
    """A model folder that cannot be used: missing, damaged, of another format, or not a model of ours."""


def save(folder: str | Path, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any], card: str) -> None:
    """Write a model folder, made if need be; files of the same names are replaced."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    data = to_bytes({name: np.ascontiguousarray(array, _stored(name)) for name, array in sorted(arrays.items())})
    # the hash finds what no other check can: a damaged weight, or the arrays of one model beside the settings of another
    settings = {**config, "format_version": FORMAT_VERSION, "sha256": hashlib.sha256(data).hexdigest()}
    text = json.dumps(settings, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / ARRAYS_FILE).write_bytes(data)
    (folder / CONFIG_FILE).write_text(text + "\n", encoding="utf-8")
    (folder / CARD_FILE).write_text(card, encoding="utf-8")


def rounded(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The arrays as `load` gives them after `save`, so that a saved model says the same."""
    return {name: _in_memory(array.astype(_stored(name))) for name, array in arrays.items()}


def _stored(name: str) -> type[Any]:
    """Tables are stored in half precision, the numbers of trees' nodes whole, all else in single precision."""
    return {"table": np.float16, "nodes": np.int32}.get(name.rpartition("_")[2], np.float32)


def _in_memory(array: NDArray[Any]) -> NDArray[Any]:
    return array if array.dtype == np.int32 else array.astype(np.float32, copy=False)


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
        In single precision (they are stored in half or single), the nodes of trees as int32.
    config : dict

    Raises
    ------
    ModelError
        With what is wrong and what to do.
    """
    folder = Path(folder)
    config = _read_config(folder / CONFIG_FILE)
    _check_config(folder / CONFIG_FILE, config)
    arrays = _read_arrays(folder / ARRAYS_FILE, shapes, config.get("sha256"))
    return arrays, config


def _read_config(path: Path) -> dict[str, Any]:
    _check_file(path, _LONGEST_TEXT)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _missing(path, error) from None
    try:
        config = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from None
    if not isinstance(config, dict):
        raise _damaged(path, "not a JSON object")
    return config


def _check_file(path: Path, longest: int) -> None:
    """Refuse what would never end to be read: a pipe, a device, or far too much."""
    try:
        status = path.stat()
    except OSError as error:
        raise _missing(path, error) from None
    if not stat.S_ISREG(status.st_mode):
        raise ModelError(f"no model in {path.parent}: {path.name} is no file; give a folder that save() wrote")
    if status.st_size > longest:
        raise _damaged(path, f"{status.st_size} bytes, too large to be a model's")


def _check_config(path: Path, config: Mapping[str, Any]) -> None:
    version = config.get("format_version")
    if type(version) is not int or version < 1:
        raise ModelError(f"{path} states no format_version: this is no paywallclf model; train or download it again")
    if version != FORMAT_VERSION:
        todo = "upgrade with pip install -U paywallclf" if version > FORMAT_VERSION else "train the model again"
        raise ModelError(f"{path.parent} has model format {version}; this paywallclf reads {FORMAT_VERSION}: {todo}")
    thresholds = config.get("thresholds")
    if not isinstance(thresholds, dict):
        raise _damaged(path, "no thresholds")
    for name in THRESHOLDS:
        value = thresholds.get(name)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 1:
            raise _damaged(path, f"the threshold for {name!r} is {value!r}, expected a number from 0 to 1")
    if not isinstance(config.get("parameters", {}), dict):
        raise _damaged(path, "parameters is not a JSON object")


def _read_arrays(path: Path, shapes: Mapping[str, tuple[int | str, ...]], sha256: str | None) -> dict[str, NDArray[Any]]:
    """The arrays in single precision, their shapes checked before they are read: a wrong file costs no memory."""
    _check_file(path, _LONGEST_ARRAYS)
    try:
        with path.open("rb") as opened:
            if int.from_bytes(opened.read(8), "little") > _LONGEST_TEXT:  # of the header, which is parsed whole
                raise _damaged(path, "its header is too large to be a model's")
            opened.seek(0)
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        with safe_open(path, framework="numpy") as file:
            _check_shapes(path, {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}, shapes)  # noqa: SIM118
            arrays = {name: _checked(path, name, file.get_tensor(name)) for name in shapes}
        _check_trees(path, arrays)
    except OSError as error:
        raise _missing(path, error) from None
    except ModelError:
        raise
    except (SafetensorError, ValueError, TypeError, AttributeError) as error:
        raise _damaged(path, str(error)) from None
    if sha256 is not None and digest != sha256:
        raise _damaged(path, f"its SHA-256 is not the one that {CONFIG_FILE} states")
    return arrays


def _checked(path: Path, name: str, array: NDArray[Any]) -> NDArray[Any]:
    expected = (np.int32,) if _stored(name) is np.int32 else (np.float16, np.float32)
    if array.dtype not in expected:
        raise _damaged(
            path, f"the array {name!r} holds {array.dtype}, expected {' or '.join(dtype.__name__ for dtype in expected)}"
        )
    array = _in_memory(array)  # what follows is many times slower in half precision
    if not np.isfinite(array).all():
        raise _damaged(path, f"the array {name!r} holds values that are no numbers")
    if array.size and max(float(array.max()), -float(array.min())) > _LARGEST:
        raise _damaged(path, f"the array {name!r} holds numbers beyond {_LARGEST:g}")
    if name.endswith("_scale") and not (np.abs(array) >= _SMALLEST_SCALE).all():
        raise _damaged(path, f"the array {name!r} holds a zero to divide by, or next to one")
    return array


def _check_trees(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    for name in (name for name in arrays if name.endswith("_tree_nodes")):
        values = arrays[f"{name.removesuffix('_nodes')}_values"]
        try:
            mix_trees(arrays[name], values, np.zeros((0, len(FEATURES)), np.float32), np.zeros(0), 0.0, 0.0)
        except ValueError as error:
            raise _damaged(path, f"in {name!r}, {error}") from None


def _check_shapes(path: Path, found: Mapping[str, tuple[int, ...]], expected: Mapping[str, tuple[int | str, ...]]) -> None:
    differing = sorted(found.keys() ^ expected.keys())
    if differing:
        what = "lacks" if differing[0] in expected else "has an unknown"
        raise ModelError(
            f"{path} {what} array {differing[0]!r:.60}: it is no model of this version of paywallclf; "
            "upgrade with pip install -U paywallclf, or train the model again"
        )
    lengths: dict[str, int] = {}
    for name, shape in expected.items():
        fits = len(found[name]) == len(shape) and all(
            have == (lengths.setdefault(want, have) if isinstance(want, str) else want)
            for want, have in zip(shape, found[name], strict=True)
        )
        if not fits:
            raise _damaged(path, f"the array {name!r} has shape {found[name]}, expected {shape}")
        if name.endswith("_table") and found[name][0].bit_count() != 1:
            raise _damaged(path, f"the table {name!r} has {found[name][0]} rows, no power of two")


def _missing(path: Path, error: OSError) -> ModelError:
    return ModelError(
        f"no model in {path.parent}: {path.name} cannot be read ({error.strerror or error}); give a folder that save() wrote"
    )


def _damaged(path: Path, reason: str) -> ModelError:
    return ModelError(f"{path} is damaged or cut short ({reason}): train or download the model again")
