"""`paywallclf train`: labels in, a model folder out; every bad row told; an honest before and after."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import tiny
from click.testing import CliRunner, Result
from test_cli_evaluate import label_rows

import paywallclf
from paywallclf import PaywallClassifier
from paywallclf.cli import main
from paywallclf.cli.comparing import compare
from paywallclf.labels import LabelledDocument, read_labels, write_labels
from paywallclf.scoring import Model

PROMO, SENTENCE = tiny._SITES[0][2][0], tiny._SITES[0][3][0]


def run(*arguments: object, command: str = "train") -> Result:
    return CliRunner().invoke(main, [command, *map(str, arguments)])


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.jsonl"
    write_labels(path, label_rows())
    return path


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fit of the default size takes a second, of the small one a tenth."""
    monkeypatch.setattr(
        PaywallClassifier.__init__, "__kwdefaults__", {**PaywallClassifier.__init__.__kwdefaults__, **tiny.SMALL}
    )


# -- from labels alone -----------------------------------------------------------------------------------------------------


def test_the_model_cleans_as_its_labels_say(labels: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    result = run(labels, "--base", "none", "-o", model)
    assert result.exit_code == 0, result.output
    page = tiny.documents()[0][0].source
    cleaned = paywallclf.clean_html(page, model=model, threshold=0.1)
    assert SENTENCE in cleaned
    assert PROMO not in cleaned
    assert str(model) in result.stdout


def test_it_is_the_model_that_fit_gives(labels: Path, tmp_path: Path) -> None:
    assert run(labels, "--base", "none", "-o", tmp_path / "model", "--folds", 0).exit_code == 0
    documents = tiny.documents()[0]
    trained = PaywallClassifier.load(tmp_path / "model").predict_proba(documents)
    for ours, theirs in zip(trained, tiny.fitted().predict_proba(documents), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-3)  # half precision in the file


def test_all_forms_of_labels_may_be_mixed(tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    rows = label_rows()
    for row in rows[:2]:
        (pages / f"{row['id']}.html").write_text(row.pop("html"), encoding="utf-8")
        row["path"] = f"{row['id']}.html"
    write_labels(pages / "labels.jsonl", rows[:2])
    write_labels(tmp_path / "blocks.jsonl", [{"text": PROMO, "label": "promo", "kind": "subscribe"}])
    (tmp_path / "blocks.csv").write_text(f'text,label,kind,group\n"{SENTENCE}",editorial,,harbour\n', encoding="utf-8")
    result = run(pages, tmp_path / "blocks.jsonl", tmp_path / "blocks.csv", "--base", "none", "-o", tmp_path / "model")
    assert result.exit_code == 0, result.output
    assert "4 documents of 2 groups; of 16 labelled blocks, 5 are promo" in result.stdout


# -- on top of another model -------------------------------------------------------------------------------------------------


@pytest.fixture
def adaptations(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Model, list[str]]]:
    """What `adapt` was called on, and with the ids of which documents; it gives its model back."""
    calls: list[tuple[Model, list[str]]] = []

    def adapt(self: PaywallClassifier, documents: Any, labels: Any) -> PaywallClassifier:
        if all(label is None or label == "editorial" for row in labels for label in row):
            raise ValueError("too few labels")
        calls.append((self.model_, [document.source for document in documents]))
        return self

    monkeypatch.setattr(PaywallClassifier, "adapt", adapt, raising=False)
    return calls


@pytest.mark.parametrize("base", ["shipped", "folder"])
def test_the_base_is_adapted_to_all_labels_and_to_all_but_each_share(
    labels: Path, tmp_path: Path, adaptations: list[tuple[Model, list[str]]], base: str
) -> None:
    shipped = Path(paywallclf.__file__).parent / "models" / "default"
    tiny.fitted().save(tmp_path / "folder")
    arguments = ["--base", base if base == "shipped" else tmp_path / base]
    result = run(labels, *arguments, "-o", tmp_path / "model", "--folds", 2)
    assert result.exit_code == 0, result.output
    expected = PaywallClassifier.load(shipped if base == "shipped" else tmp_path / base).model_.arrays["text_intercept"]
    assert all((model.arrays["text_intercept"] == expected).all() for model, _ in adaptations)
    sources = [document.source for document in tiny.documents()[0]]
    assert [len(given) for _, given in adaptations] == [6, 6, 12]
    assert sorted(adaptations[0][1] + adaptations[1][1]) == sorted(sources) == sorted(adaptations[2][1])
    assert json.loads((tmp_path / "model" / "config.json").read_text(encoding="utf-8"))["base"] == base


def test_corrections_move_a_base(tmp_path: Path) -> None:
    """A site writes a promo like news: labelled on two pages, it is suspected on a third."""
    tiny.fitted().save(tmp_path / "base")

    def page(*sentences: str) -> str:
        return tiny.page("harbour", [SENTENCE, *sentences], [])

    news = "Our members keep the ferry times of this town printed."
    rows = []
    for number, other in enumerate(tiny._SITES[0][3][1:]):
        labels = [{"index": 2, "label": "editorial"}, {"index": 3, "label": "promo"}, {"index": 4, "label": "editorial"}]
        rows.append({"id": f"p{number}", "group": "harbour", "html": page(news, other), "labels": labels})
    write_labels(tmp_path / "labels.jsonl", rows)
    assert run(tmp_path / "labels.jsonl", "--base", tmp_path / "base", "-o", tmp_path / "model").exit_code == 0
    before, after = (
        paywallclf.classify_html(page(news), model=tmp_path / name).blocks[3].probabilities["promo"]
        for name in ("base", "model")
    )
    assert after > before


@pytest.mark.usefixtures("adaptations")
def test_promos_alone_may_be_added_to_a_base_but_what_it_refuses_is_one_line(tmp_path: Path) -> None:
    write_labels(tmp_path / "promos.jsonl", [{"text": PROMO, "label": "promo"}])
    assert run(tmp_path / "promos.jsonl", "-o", tmp_path / "model").exit_code == 0
    write_labels(tmp_path / "few.jsonl", [{"text": SENTENCE, "label": "editorial"}])
    result = run(tmp_path / "few.jsonl", "-o", tmp_path / "model")
    assert result.exit_code == 2
    assert result.stderr == f"paywallclf: {tmp_path / 'few.jsonl'}: too few labels\n"


# -- rows that cannot be used ------------------------------------------------------------------------------------------------


@pytest.fixture
def bad(tmp_path: Path, labels: Path) -> Path:
    path = tmp_path / "bad.jsonl"
    lines = labels.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], "{", lines[3], '{"text": "Buy", "label": "advert"}', *lines[4:]]), encoding="utf-8")
    return path


def test_every_bad_row_is_told_and_nothing_is_trained(bad: Path, tmp_path: Path) -> None:
    result = run(bad, "--base", "none", "-o", tmp_path / "model")
    assert result.exit_code == 2
    first, second, summary = result.stderr.splitlines()
    assert first.startswith(f"paywallclf: {bad}:2: not JSON")
    assert second.startswith(f"paywallclf: {bad}:4: no such label: 'advert'")
    assert summary == "paywallclf: 2 of 12 rows cannot be used: mend them, or leave them out with --skip-bad"
    assert not (tmp_path / "model").exists()


def test_bad_rows_of_all_files_are_told(bad: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("text,label\nBuy,advert\n", encoding="utf-8")
    result = run(bad, other)
    assert [line.split(": ")[1] for line in result.stderr.splitlines()[:-1]] == [f"{bad}:2", f"{bad}:4", f"{other}:2"]


def test_skip_bad_leaves_them_out_and_says_how_many(bad: Path, tmp_path: Path) -> None:
    result = run(bad, "--base", "none", "-o", tmp_path / "model", "--skip-bad")
    assert result.exit_code == 0
    assert "2 of 12 rows cannot be used and are left out" in result.stderr
    assert "10 documents of 4 groups" in result.stdout
    assert PaywallClassifier.load(tmp_path / "model").model_.config["documents"] == 10


# -- before and after --------------------------------------------------------------------------------------------------------


def held_out(model: Path) -> dict[tuple[str, str], Any]:
    """The cells of the table that the model keeps, by figure and model."""
    cells, figure = {}, ""
    for row in json.loads((model / "config.json").read_text(encoding="utf-8"))["held_out"]:
        figure = row["figure"] or figure
        cells[figure, row["model"]] = row["value"]
    return cells


def test_no_group_is_judged_by_a_model_that_saw_it(tmp_path: Path) -> None:
    """Two sites that call the same texts by opposite labels: who learned from one is wrong on the other, every time."""
    rows = [
        {"text": text, "label": "promo" if (text == PROMO) == (group == "harbour") else "editorial", "group": group}
        for group in ("harbour", "berge")
        for text in (PROMO, SENTENCE)
    ]
    path = tmp_path / "labels.jsonl"
    write_labels(path, rows * 5)
    assert run(path, "--base", "none", "-o", tmp_path / "model").exit_code == 0
    assert held_out(tmp_path / "model")["average precision", "after"]["value"] < 0.45  # chance: 0.5


def test_each_group_is_held_out_once_and_whole(labels: Path) -> None:
    documents = list(read_labels(labels))
    held: list[str] = []

    def learn(chosen: Sequence[LabelledDocument]) -> Model:
        seen = {labelled.group for labelled in chosen}
        assert len(chosen) == 3 * len(seen)  # three documents a group
        held.extend({labelled.group for labelled in documents} - seen)
        return tiny.fitted().model_

    assert compare(documents, tiny.fitted().model_, learn, folds=3, n_jobs=1).table is not None
    assert sorted(held) == sorted({labelled.group for labelled in documents})


def test_a_model_that_is_no_other_makes_no_difference(labels: Path) -> None:
    same = tiny.fitted().model_
    table = compare(list(read_labels(labels)), same, lambda chosen: same, folds=5, n_jobs=1).table
    assert table is not None
    changes = [row[2] for row in table.rows if row[1] == "change"]
    assert [change.split(" ")[0] for change in changes] == ["+0.00", "+0.00", "+0.00", "+0.000"]


def test_the_table_counts_every_promo_once(labels: Path, tmp_path: Path) -> None:
    result = run(labels, "--base", "none", "-o", tmp_path / "model")
    cells = held_out(tmp_path / "model")
    for model in ("before", "after"):
        assert cells["promo blocks leaked", model]["whole"] == 24
        assert cells["documents leaking", model]["whole"] == 12
    table = [line for line in result.stdout.splitlines() if line.startswith("|")]
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert len(table) == 14
    assert "\n".join(table) in card


def test_few_groups_are_too_little_to_tell(labels: Path, tmp_path: Path) -> None:
    result = run(labels, "--base", "none", "-o", tmp_path / "model")
    assert result.stdout.count("too little data to tell (4 of at least 10 groups)") == 4


def test_labels_of_one_group_hold_documents_out_and_say_so(tmp_path: Path) -> None:
    path = tmp_path / "site.jsonl"
    write_labels(path, [row | {"group": "harbour"} for row in label_rows()])
    result = run(path, "--base", "none", "-o", tmp_path / "model")
    assert "All labels are of one group: documents were held out instead." in result.stdout
    assert held_out(tmp_path / "model")["promo blocks leaked", "after"]["whole"] == 24


def test_documents_without_a_group_are_said_to_flatter(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    write_labels(path, [{name: value for name, value in row.items() if name != "group"} for row in label_rows()])
    assert 'No row names its "group"' in run(path, "--base", "none", "-o", tmp_path / "model").stdout


def test_labels_of_corrections_alone_are_said_to_flatter(tmp_path: Path) -> None:
    rows = label_rows()
    path = tmp_path / "labels.jsonl"
    write_labels(path, rows)
    said = "Most blocks of these documents have no label."
    assert said not in run(path, "--base", "none", "-o", tmp_path / "model").stdout
    write_labels(path, [row | {"labels": row["labels"][1::4]} for row in rows])
    assert said in run(path, "--base", "none", "-o", tmp_path / "model").stdout


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (label_rows()[:1], "Nothing could be held out: there is one document only."),
        (
            [{"text": PROMO, "label": "promo"}, {"text": SENTENCE, "label": "editorial"}],
            "Too little data to hold a share of it out and learn from the rest: ",
        ),
    ],
)
def test_where_nothing_can_be_held_out_a_model_is_written_all_the_same(tmp_path: Path, rows: list[Any], said: str) -> None:
    path = tmp_path / "labels.jsonl"
    write_labels(path, rows)
    result = run(path, "--base", "none", "-o", tmp_path / "model")
    assert result.exit_code == 0, result.output
    assert said in result.stdout
    assert PaywallClassifier.load(tmp_path / "model").model_.config["held_out"] is None


# -- the folder --------------------------------------------------------------------------------------------------------------


def test_the_card_says_what_was_learned(labels: Path, tmp_path: Path) -> None:
    assert run(labels, "--base", "none", "-o", tmp_path / "model", "--folds", 0).exit_code == 0
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "12 documents of 4 groups; of 76 labelled blocks, 24 are promo" in card
    assert "harbour (3)" in card
    assert "subscribe 6" in card
    assert "Nothing was held out." in card


def test_evaluate_knows_what_the_model_was_trained_on(labels: Path, tmp_path: Path) -> None:
    write_labels(tmp_path / "half.jsonl", label_rows()[:6])
    assert run(tmp_path / "half.jsonl", "--base", "none", "-o", tmp_path / "model", "--folds", 0).exit_code == 0
    result = run(labels, "--model", tmp_path / "model", command="evaluate")
    assert "WARNING: this model was trained on 6 of these documents." in result.stdout


def test_a_model_is_replaced_but_nothing_else_is(labels: Path, tmp_path: Path) -> None:
    arguments = (labels, "--base", "none", "--folds", 0, "-o")
    assert run(*arguments, tmp_path / "model").exit_code == 0
    assert run(*arguments, tmp_path / "model").exit_code == 0
    project = tmp_path / "project"
    project.mkdir()
    (project / "README.md").write_text("mine", encoding="utf-8")
    result = run(*arguments, project)
    assert result.exit_code == 2
    assert result.stderr == f"paywallclf: -o {project} holds other files, and no model: give a new or empty folder\n"
    assert [(path.name, path.read_text(encoding="utf-8")) for path in project.iterdir()] == [("README.md", "mine")]


def test_several_processes_learn_the_same(labels: Path, tmp_path: Path) -> None:
    for jobs in (1, 2):
        assert run(labels, "--base", "none", "--folds", 0, "--jobs", jobs, "-o", tmp_path / f"model{jobs}").exit_code == 0
    first, second = ((tmp_path / f"model{jobs}" / "model.safetensors").read_bytes() for jobs in (1, 2))
    assert first == second


# -- what cannot be done -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing argument 'LABELS...'. (see paywallclf train --help)"),
        (["nowhere.jsonl"], "nowhere.jsonl: no such file or folder"),
        (["empty"], "empty: no labels.jsonl in this folder"),
        (
            ["page.html"],
            'page.html is no label file: a label file is JSON lines (.jsonl) or CSV with the columns text,label; "paywall',
        ),
        (["nothing.jsonl"], "nothing.jsonl: no label in it"),
        (["unlabelled.jsonl"], "unlabelled.jsonl: no label in it"),
        (
            ["promos.jsonl", "--base", "none"],
            "promos.jsonl: nothing but promo blocks is labelled; a model learns from promo blocks and others",
        ),
        (["good.jsonl", "--base", "nowhere"], "--base nowhere: no such folder; give shipped, none, or the folder of a model"),
        (["good.jsonl", "--base", "empty"], "--base empty: no model in empty: config.json cannot be read"),
        (["good.jsonl", "-o", "good.jsonl"], "-o good.jsonl is a file: give a folder"),
        (
            ["good.jsonl", "-o", "good.jsonl/model"],
            "-o good.jsonl/model cannot be written: Not a directory; give another folder",
        ),
        (["good.jsonl", "--folds", "1"], "--folds 1: give at least 2 shares, or 0 for no table"),
        (["good.jsonl", "--folds", "-3"], "--folds -3: give at least 2 shares"),
        (["good.jsonl", "--jobs", "0"], "neither a number of processes nor -1"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("nothing.jsonl").touch()
    Path("page.html").write_text("<p>Rain.</p>", encoding="utf-8")
    write_labels("unlabelled.jsonl", [{"id": "a", "text": "Rain.", "labels": []}])
    write_labels("promos.jsonl", [{"text": PROMO, "label": "promo"}])
    write_labels("good.jsonl", [{"text": PROMO, "label": "promo"}, {"text": SENTENCE, "label": "editorial"}])
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("paywallclf: ")
    assert said in line
    assert not Path("paywallclf-model").exists()


def test_the_shipped_model_is_not_overwritten(labels: Path) -> None:
    shipped = Path(paywallclf.__file__).parent / "models" / "default"
    before = (shipped / "config.json").read_bytes()
    result = run(labels, "--base", "none", "-o", shipped)
    assert (result.exit_code, (shipped / "config.json").read_bytes()) == (2, before)
    assert "is the shipped model: give another folder" in result.stderr


def test_a_file_that_may_not_be_read_is_one_line(labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *arguments: Any, **options: Any) -> Any:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)  # a chmod does not stop root, as whom containers run tests
    result = run(labels, "--base", "none", "-o", tmp_path / "model")
    assert (result.exit_code, result.stderr) == (
        2,
        f"paywallclf: {labels} cannot be read: Permission denied: make it readable for this user\n",
    )


def test_a_full_disk_is_one_line(labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **options: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    result = run(labels, "--base", "none", "-o", tmp_path / "model", "--folds", 0)
    assert result.exit_code == 2
    assert (
        result.stderr
        == f"paywallclf: -o {tmp_path / 'model'} cannot be written: No space left on device; give another folder\n"
    )


def test_help_shows_examples() -> None:
    assert "paywallclf train labels.jsonl -o my-model" in run("--help").stdout
