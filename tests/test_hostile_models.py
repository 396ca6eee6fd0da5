"""Model files that someone made to break us: one clear error, or numbers, and no more memory than some sizes of the file."""

from __future__ import annotations

import gzip
import json
import os
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from test_storage import ARRAYS, CONFIG, _refused_in_little_memory, change_arrays, change_config, refused
from tiny import documents, fitted

from paywallclf import ModelError, PaywallClassifier, load_model, scoring


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound model folder, for the test to damage."""
    fitted().save(tmp_path / "model", card="")
    return tmp_path / "model"


# -- numbers, or one clear error -----------------------------------------------------------------------------------------


def _misshapen(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Shapes that are not that one: a dimension more, one less, none, longer, shorter, empty."""
    longer = [(*shape[:axis], shape[axis] + 1, *shape[axis + 1 :]) for axis in range(len(shape))]
    shorter = [(*shape[:axis], shape[axis] - 1, *shape[axis + 1 :]) for axis in range(len(shape)) if shape[axis]]
    return [(*shape, 1), (1, *shape), shape[1:], (), (0,) * len(shape), *longer, *shorter]


@pytest.mark.parametrize("name", scoring.SHAPES)
def test_any_array_of_any_wrong_shape_is_refused_or_does_no_harm(folder: Path, name: str) -> None:
    """The length of a layer that no other array shares is free."""
    sound = load_file(folder / ARRAYS)
    for shape in _misshapen(sound[name].shape):
        change_arrays(folder, lambda arrays, shape=shape: arrays.update({name: np.ones(shape, np.float32)}))
        _scores_or_is_refused(folder)
        save_file(sound, folder / ARRAYS)


@pytest.mark.parametrize("name", scoring.SHAPES)
def test_any_array_of_any_values_is_refused_or_gives_probabilities(folder: Path, name: str) -> None:
    sound = load_file(folder / ARRAYS)
    limits = np.finfo(np.float32)
    for value in (0, -1, 1e-30, 1e6, -1e6, 65504, limits.max, limits.min, limits.tiny, np.nan, np.inf, -np.inf):
        change_arrays(folder, lambda arrays, value=value: arrays.update({name: np.full(sound[name].shape, value, np.float32)}))
        _scores_or_is_refused(folder)
        save_file(sound, folder / ARRAYS)


def test_arrays_that_are_all_as_large_as_may_be_give_probabilities(folder: Path) -> None:
    rng = np.random.default_rng(3)

    def change(arrays: dict[str, np.ndarray]) -> None:
        for name, array in arrays.items():
            arrays[name] = np.full_like(array, 1e-12) if name.endswith("_scale") else rng.choice([-1e6, 1e6], array.shape)
            arrays[name] = arrays[name].astype(np.float32)

    change_arrays(folder, change)
    _scores_or_is_refused(folder)


def _scores_or_is_refused(folder: Path) -> None:
    try:
        model = PaywallClassifier.load(folder).model_
    except ModelError as error:
        assert str(folder) in str(error)  # noqa: PT017
        return
    for document in documents()[0][::2]:
        scores = scoring.score(model.arrays, document.layout, kinds=True)
        assert scores.kinds is not None
        for chances in (scores.labels, scores.kinds):
            np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-6)
            assert (chances >= 0).all()


# -- what would not end, or is elsewhere ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [ARRAYS, CONFIG])
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes or devices in the file system")
def test_what_would_never_end_to_be_read_is_refused_unread(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)
    refused(folder, f"no model in .*: {name} is no file")
    (folder / name).unlink()
    (folder / name).symlink_to("/dev/zero")
    refused(folder, f"no model in .*: {name} is no file")


def test_huge_arrays_are_refused_unread(folder: Path) -> None:
    with (folder / ARRAYS).open("r+b") as file:
        file.truncate(1 << 40)  # takes no room on the disk
    _refused_in_little_memory(folder)


def test_names_of_arrays_are_no_paths(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    for name in ("../outside", str(outside), "a" * 100_000):
        change_arrays(folder, lambda arrays, name=name: arrays.update({name: arrays["text_intercept"]}))
        with pytest.raises(ModelError, match="has an unknown array") as caught:
            PaywallClassifier.load(folder)
        assert len(str(caught.value)) < 1000
        change_arrays(folder, lambda arrays, name=name: arrays.pop(name))
    assert not outside.exists()


@pytest.mark.parametrize("name", ["nul\0", "a" * 5000, "../" * 2000, "http://localhost/model", "\udcff", ""])
def test_a_name_that_is_no_folder_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match=r"no model in|states no format_version"):
        load_model(name)


# -- the memory that a model takes ---------------------------------------------------------------------------------------

#: Peak memory of loading, in sizes of the file: stored in half precision, a model takes twice its file in single precision, and
#: its largest array for a moment as much again.
SIZES = 5


def test_loading_takes_the_memory_of_a_few_copies(folder: Path) -> None:
    change_arrays(
        folder, lambda arrays: arrays.update({name: _many(array) for name, array in arrays.items() if "_table" in name})
    )
    size = (folder / ARRAYS).stat().st_size
    assert size > 30 << 20
    growth = _growth(folder)
    assert growth < SIZES * size + (16 << 20)


def _many(array: np.ndarray) -> np.ndarray:
    return np.resize(array, (1 << 19, array.shape[1])).astype(np.float16)


def _growth(folder: Path) -> int:
    """By how many bytes the peak of a process grows with loading a folder, refused or not."""
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc to read a process's peak memory from")
    program = textwrap.dedent("""
        import sys
        from paywallclf import ModelError, load_model

        def peak():  # in kB; getrusage would begin with what the parent had
            return int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])

        load_model()
        before = peak()
        try:
            load_model(sys.argv[1])
        except ModelError:
            pass
        print(peak() - before)
    """)
    done = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True)
    return int(done.stdout) << 10


def _header(n: int) -> bytes:
    entries = {f"array {i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(n)}
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text


@pytest.mark.parametrize(
    "data",
    [
        _header(100_000),
        _header(3000),
        struct.pack("<Q", 9_000_000) + b"[" * 9_000_000,
        struct.pack("<Q", 9_000_000) + b'{"a":' * 1_800_000,
        struct.pack("<Q", 9_000_000) + b'{"' + b"a" * 8_999_998,
        gzip.compress(bytes(50_000_000), mtime=0),
    ],
    ids=["many names", "names", "brackets", "objects", "a name", "gzip"],
)
def test_arrays_that_are_none_take_the_memory_of_their_file(folder: Path, data: bytes) -> None:
    (folder / ARRAYS).write_bytes(data)
    change_config(folder, sha256=...)
    refused(folder, "damaged|has an unknown array|lacks array")
    growth = _growth(folder)
    assert growth < 2 * len(data) + (16 << 20)


@pytest.mark.parametrize("text", ["[]," * 87_000, '{"":' * 60_000, '"' + "\\u1234" * 40_000 + '"', "1," * 130_000])
def test_a_configuration_takes_little_memory(folder: Path, text: str) -> None:
    (folder / CONFIG).write_text(f'{{"name": [{text}', encoding="utf-8")
    refused(folder, "damaged")
    assert _growth(folder) < 24 << 20
