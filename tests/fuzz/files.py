"""What must hold for any model file and any label file: it is read, or there is one clear error of ours."""

from __future__ import annotations

import json
import sys
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))  # what runs this need not be pytest

from conftest import PAGES, labelled
from tiny import documents, page, small

from paywallclf import ModelError, PaywallClassifier, parse_html, parse_text, render, scoring, storage
from paywallclf.document import KINDS, LABELS
from paywallclf.labels import FILE_LABELS, LabelError, Problem, check_labels, read_labels

MODEL_TOKENS = [
    *scoring.SHAPES, *('"dtype":"F16"', '"F32"', '"F64"', '"I64"', '"BF16"', '"BOOL"', '"U8"'), '"shape":[', '"data_offsets":[',
    "__metadata__", "NaN", "Infinity", "-1", "1e999", "9223372036854775807", "18446744073709551615", "null", "true", "{}", "[]",
    '"format_version"', '"thresholds"', '"html"', '"text"', '"parameters"', '"sha256"', '"name"', '"version"', '"cv"', "\\u0000",
    "\\ud800", "\xff", "[[[[[[[[", '{"a":{"a":{"a":',
]  # fmt: skip
LABEL_TOKENS = [
    '"id"', '"group"', '"html"', '"text"', '"path"', '"labels"', '"fingerprint"', '"index"', '"label"', '"kind"', '"language"',
    *FILE_LABELS, *KINDS, "text,label", "text\tlabel", "text;label", ",kind", ",group", ",language", '""', '"\n', "\r\n", "\ufeff",
    "\0", "null", "true", "NaN", "-1", "1e999", "9" * 40, "[]", "{}", "..", "/", "\\ud800", "\\u0000", "\u2028", "[[[[[[[[",
]  # fmt: skip

_temporary = tempfile.TemporaryDirectory()  # until the process ends
_folder = Path(_temporary.name)
_layouts = [parse_html(page("site", ["Rain fell."], ["Subscribe now"])).layout, parse_text("Rain fell.\n\nSubscribe.").layout]


def _sound_model() -> Path:
    """The smallest model that a fit gives; its configuration does not state the arrays' hash, which would hide all else."""
    folder = _folder / "model"
    if not folder.exists():
        classifier = small(text_bits=1, markup_bits=1, kind_bits=1, hidden=1).fit(*documents())
        classifier.save(folder, card="")
        config = json.loads((folder / storage.CONFIG_FILE).read_bytes())
        del config["sha256"]
        (folder / storage.CONFIG_FILE).write_text(json.dumps(config), encoding="utf-8")
    return folder


def _check_model(changed: str, data: bytes) -> None:
    file = _sound_model() / changed
    sound = file.read_bytes()
    file.write_bytes(data)
    try:
        with suppress(ModelError):
            model = PaywallClassifier.load(file.parent).model_
            for layout in _layouts:
                scores = scoring.score(model.arrays, layout, kinds=True)
                assert np.isfinite(scores.labels).all()
                assert np.isfinite(scores.kinds).all()
                assert 0 <= model.threshold(layout, scores.promo) <= 1
            assert model.name
    finally:
        file.write_bytes(sound)


def model_arrays(data: bytes) -> None:
    """A model whose arrays are these gives numbers, or is refused."""
    _check_model(storage.ARRAYS_FILE, data)


def model_config(data: bytes) -> None:
    """A model whose configuration is this gives numbers, or is refused."""
    _check_model(storage.CONFIG_FILE, data)


def model_seeds(changed: str) -> dict[str, bytes]:
    """The sound file."""
    return {"sound": (_sound_model() / changed).read_bytes()}


def _check_labels(name: str, data: bytes) -> None:
    path = _folder / name
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _check_rows(path, data)


def _check_rows(path: Path, data: bytes) -> None:
    found = list(check_labels(path))
    for each in found:
        if isinstance(each, Problem):
            assert each.reason
            assert 1 <= each.line <= data.count(b"\n") + data.count(b"\r") + 1
            continue
        assert len(each.labels) == len(each.document.blocks)
        for label in each.labels:
            assert label is None or label in FILE_LABELS or label.removeprefix("promo:") in KINDS
        dropped = {index for index, label in enumerate(each.labels) if (label or "").startswith("promo")}
        assert type(render(labelled(each.document, dropped))) is str
    with suppress(LabelError):
        assert list(read_labels(path)) == found


def json_labels(data: bytes) -> None:
    """Every line of a file is read or named with what is wrong with it."""
    _check_labels("labels.jsonl", data)


def csv_labels(data: bytes) -> None:
    """The same of a table."""
    _check_labels("labels.csv", data)


def json_seeds() -> dict[str, bytes]:
    """Own blocks in the short form, and own pages with labels of all kinds."""
    found = {}
    for path in sorted((Path(__file__).parents[2] / "datasets" / "blocks").glob("*.jsonl")):
        found[path.stem] = b"".join(path.read_bytes().splitlines(keepends=True)[:4])
    for path in PAGES[:8]:
        html = path.read_text(encoding="utf-8")[:3000]
        blocks = parse_html(html).blocks
        entries = [{"fingerprint": block.fingerprint, "label": LABELS[block.index % 3]} for block in blocks[:9]]
        entries += [{"index": block.index, "label": "promo", "kind": KINDS[block.index % 7]} for block in blocks[9:16]]
        row = {"id": path.stem, "group": "own", "html": html, "labels": entries}
        found[path.stem] = (json.dumps(row) + "\n" + json.dumps({**row, "html": None, "path": "a.html"}) + "\n").encode()
    return found


def csv_seeds() -> dict[str, bytes]:
    """Own blocks as tables."""
    found = {}
    for path in sorted((Path(__file__).parents[2] / "datasets" / "blocks").glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[:6]]
        lines = ["text,label,kind,group"]
        for row in rows:
            cells = [row["text"], row["label"], row.get("kind") or "", row.get("group") or ""]
            lines.append(",".join('"' + cell.replace('"', '""') + '"' for cell in cells))
        found[path.stem] = ("\r\n".join(lines) + "\r\n").encode()
    return found
