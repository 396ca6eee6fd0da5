"""`paywallclf evaluate`: what it counts, what it writes, what it says when there is nothing to count."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import tiny
from click.testing import CliRunner, Result

from paywallclf.cli import main
from paywallclf.document import Document
from paywallclf.labels import write_labels

PAGES = Path(__file__).parents[1] / "datasets" / "pages"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["evaluate", *map(str, arguments)])


def label_rows() -> list[dict[str, Any]]:
    """The dozen documents of `tiny` in the label format."""
    rows = []
    for number, (document, labels, group) in enumerate(zip(*tiny.documents(), strict=True)):
        entries = []
        for index, label in enumerate(labels):
            name, _, kind = label.partition(":")
            entries.append({"index": index, "label": name, **({"kind": kind} if kind else {})})
        rows.append({"id": f"d{number}", "group": group, document.form: document.source, "labels": entries})
    return rows


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    tiny.fitted().save(folder)
    return folder


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.jsonl"
    write_labels(path, label_rows())
    return path


def figures(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "evaluation.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)


def rows_of(found: dict[str, Any], table: str, key: str) -> dict[str, dict[str, Any]]:
    return {row[key]: row for row in found["tables"][table]}


def expected_errors(threshold: float | None = None) -> tuple[int, int]:
    """Promos that stay and editorial words that go, counted the plain way."""
    leaked = lost = 0
    for document, labels, chances in zip(*tiny.documents()[:2], tiny.fitted().predict_proba(tiny.documents()[0]), strict=True):
        bound = tiny.fitted().model_.threshold(document.layout, chances[:, 1]) if threshold is None else threshold
        for block, label, chance in zip(document.blocks, labels, chances[:, 1], strict=True):
            leaked += label.startswith("promo") and chance < bound
            lost += len(block.text.split()) * (label == "editorial" and chance >= bound)
    return leaked, lost


def test_counts_what_leaks_and_what_is_lost(labels: Path, model: Path, tmp_path: Path) -> None:
    result = run(labels, "--model", model, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    thresholds = rows_of(figures(tmp_path / "out"), "thresholds", "threshold")
    for name, threshold in (("default", None), ("0.01", 0.01), ("0.5", 0.5), ("0.9", 0.9)):
        leaked, lost = expected_errors(threshold)
        row = thresholds[name]
        assert (row["promo blocks leaked"]["part"], row["editorial words lost"]["part"]) == (leaked, lost)
        assert row["promo blocks leaked"]["whole"] == 24  # all promos of the dozen are long enough to count
    assert thresholds["0.9"]["promo blocks leaked"]["part"] > thresholds["0.01"]["promo blocks leaked"]["part"]


def test_short_promos_are_told_apart(tmp_path: Path, model: Path) -> None:
    path = tmp_path / "short.jsonl"
    write_labels(
        path, [{"text": "Sign up", "label": "promo"}, {"text": tiny.documents()[0][0].blocks[2].text, "label": "other"}]
    )
    assert run(path, "--model", model, "-o", tmp_path / "out").exit_code == 0
    summary = rows_of(figures(tmp_path / "out"), "default_threshold", "figure")
    assert summary["promo blocks leaked"]["value"]["whole"] == 0
    assert summary["short promos leaked (told apart)"]["value"]["whole"] == 1


def test_the_terminal_shows_the_tables_that_the_markdown_holds(labels: Path, model: Path, tmp_path: Path) -> None:
    result = run(labels, "--model", model, "-o", tmp_path / "out")
    markdown = (tmp_path / "out" / "evaluation.md").read_text(encoding="utf-8")
    tables = [line for line in result.stdout.splitlines() if line.startswith("|")]
    assert len(tables) > 30
    assert set(tables) <= set(markdown.splitlines())
    assert "12 documents of 4 groups; of 76 labelled blocks, 24 are promo" in result.stdout
    for heading in ("By kind of promo", "Leak and loss over thresholds", "Worst misses", "Worst false alarms"):
        assert f"## {heading}" in markdown


def test_leak_and_loss_come_by_kind_and_by_language(labels: Path, model: Path, tmp_path: Path) -> None:
    rows = label_rows()
    for row in rows:
        if "html" in row:
            row["html"] = row["html"].replace(
                "<html>", '<html lang="pt_BR">' if row["group"] == "harbour" else '<html lang="ja">'
            )
    write_labels(labels, rows)
    assert run(labels, "--model", model, "-o", tmp_path / "out").exit_code == 0
    found = figures(tmp_path / "out")
    kinds = rows_of(found, "kinds", "kind")
    assert {kind: row["promo blocks"] for kind, row in kinds.items()} == dict.fromkeys(
        ("subscribe", "newsletter", "paywall", "register"), 6
    )
    assert [row["leaked"]["whole"] for row in kinds.values()] == [6] * 4
    languages = rows_of(found, "languages", "language")
    promos = {language: row["promo blocks leaked"]["whole"] for language, row in languages.items()}
    assert promos == {"pt": 4, "ja": 12, "not stated": 8}
    leaked = found["tables"]["thresholds"][0]["promo blocks leaked"]["part"]
    for rows, column in ((kinds, "leaked"), (languages, "promo blocks leaked")):
        assert sum(row[column]["part"] for row in rows.values()) == leaked


def test_errors_are_listed_the_worst_first_with_their_text(tmp_path: Path, model: Path) -> None:
    """Labels turned round: what the model finds is false, what it keeps was to go."""
    rows = label_rows()
    for row in rows:
        for entry in row["labels"]:
            entry["label"] = "editorial" if entry["label"] == "promo" else "promo"
            entry.pop("kind", None)
    path = tmp_path / "turned.jsonl"
    write_labels(path, rows)
    assert run(path, "--model", model, "-o", tmp_path / "out").exit_code == 0
    found = figures(tmp_path / "out")
    assert all(error["label"] == "promo" for error in found["misses"])
    assert all(error["label"] == "editorial" for error in found["false_alarms"])
    misses = [error["probability"] for error in found["misses"]]
    alarms = [error["probability"] for error in found["false_alarms"]]
    assert misses == sorted(misses)
    assert alarms == sorted(alarms, reverse=True)
    error = found["misses"][0]
    document: Document = dict(zip((row["id"] for row in rows), tiny.documents()[0], strict=True))[error["document"]]
    assert document.blocks[error["index"]].text == error["text"]
    for name in ("evaluation.md", "evaluation.html"):
        assert error["text"] in (tmp_path / "out" / name).read_text(encoding="utf-8")


def test_the_page_stands_alone_and_shows_text_as_text(tmp_path: Path, model: Path) -> None:
    attack = "<script>alert(1)</script> & <img src=x onerror=alert(1)> for one pound a week"
    path = tmp_path / "attack.jsonl"
    lone = "half a pair \ud83d of a surrogate, and a bell \x07"
    write_labels(path, [{"text": attack, "label": "promo"}, {"text": lone, "label": "promo"}, *label_rows()])
    result = run(path, "--model", model, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    page = (tmp_path / "out" / "evaluation.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("<svg") == 4
    assert not re.search(r"""(?:src|href)=["'](?!#)""", page.replace('xlink:href="#', 'href="#'))
    assert "default-src 'none'" in page


def test_without_matplotlib_all_but_the_page_is_written(
    labels: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("evaluation_page", "plots"):
        monkeypatch.delitem(sys.modules, f"paywallclf.cli.{module}", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = run(labels, "--model", model, "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert "pip install matplotlib" in result.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["evaluation.json", "evaluation.md"]


def test_several_processes_say_the_same(labels: Path, model: Path) -> None:
    assert run(labels, "--model", model, "--jobs", 2).stdout == run(labels, "--model", model).stdout


def test_the_shipped_model_is_measured_where_none_is_named() -> None:
    result = run(PAGES)
    assert result.exit_code == 0
    assert "the shipped model" in result.stdout
    assert "give flattering figures" in result.stdout


@pytest.mark.parametrize(("label", "missing"), [("promo", "loss"), ("editorial", "leak and average precision")])
def test_labels_of_one_class_tell_what_they_can(tmp_path: Path, model: Path, label: str, missing: str) -> None:
    path = tmp_path / "one.jsonl"
    write_labels(path, [{"text": "The ferry left the harbour at six.", "label": label}])
    result = run(path, "--model", model, "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert f"{missing} cannot be told" in result.stdout
    assert "drawn over few groups (1)" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.jsonl"], "nowhere.jsonl: no such file or folder"),
        (["empty"], "empty: no labels.jsonl in this folder"),
        (["page.html"], "page.html is no label file"),
        (["nothing.jsonl"], "nothing.jsonl: no label in it"),
        (["good.jsonl", "--model", "nowhere"], "no model in"),
        (["good.jsonl", "--model", "damaged"], "is damaged or cut short"),
        (["good.jsonl", "--model", "newer"], "upgrade with pip install -U paywallclf"),
        (["good.jsonl", "-o", "good.jsonl"], "-o good.jsonl is a file: give a folder"),
        (["good.jsonl", "-o", "good.jsonl/out"], "-o good.jsonl/out cannot be written: Not a directory; give another folder"),
        (["good.jsonl", "--jobs", "0"], "neither a number of processes nor -1"),
        (["bad.jsonl"], "1 of 2 rows cannot be used: mend them, or leave them out with --skip-bad"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("nothing.jsonl").touch()
    Path("page.html").write_text("<p>Rain.</p>", encoding="utf-8")
    write_labels("good.jsonl", [{"text": "Rain.", "label": "editorial"}])
    write_labels("bad.jsonl", [{"text": "Rain.", "label": "editorial"}, {"text": "Rain.", "label": "weather"}])
    for name, file, change in (("damaged", "model.safetensors", lambda data: data[:99]), ("newer", "config.json", newer)):
        Path(name).mkdir()
        for path in model.iterdir():
            data = path.read_bytes()
            (Path(name) / path.name).write_bytes(change(data) if path.name == file else data)
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert said in lines[-1]
    assert all(line.startswith("paywallclf: ") for line in lines)
    assert len(lines) == 1 + ("bad.jsonl" in arguments)


def newer(config: bytes) -> bytes:
    return re.sub(rb'"format_version": \d+', b'"format_version": 99', config)


def test_a_full_disk_is_one_line(labels: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **options: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    result = run(labels, "--model", model, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert (
        result.stderr == f"paywallclf: -o {tmp_path / 'out'} cannot be written: No space left on device; give another folder\n"
    )


def test_help_shows_examples() -> None:
    assert "paywallclf evaluate labels.jsonl" in run("--help").stdout
