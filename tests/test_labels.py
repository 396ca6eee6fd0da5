"""The label file format: what is read is what was written, and a wrong line is named with its reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paywallclf import parse_html, parse_text
from paywallclf.document import KINDS
from paywallclf.labels import FILE_LABELS, LabelError, Problem, check_label, check_labels, read_labels, write_labels

TEXT = "The ferry was late.\n\nSubscribe now.\n\nThe ferry was late."
HTML = "<p>The ferry was late.</p><p>Subscribe now.</p>"


def written(folder: Path, *rows: Any) -> Path:
    path = folder / "labels.jsonl"
    write_labels(path, rows)
    return path


def document_row(**changes: Any) -> dict[str, Any]:
    row = {"id": "a", "text": TEXT, "labels": [{"index": 1, "label": "promo", "kind": "subscribe"}]} | changes
    return {name: value for name, value in row.items() if value is not ...}


# -- documents -----------------------------------------------------------------------------------------------------------


def test_reads_labels_by_index_and_by_fingerprint(tmp_path: Path) -> None:
    fingerprints = [block.fingerprint for block in parse_text(TEXT).blocks]
    entries = [{"fingerprint": fingerprints[2], "label": "editorial"}, {"index": 1, "label": "promo", "kind": "subscribe"}]
    (found,) = read_labels(written(tmp_path, document_row(labels=entries)))
    assert found.labels == (None, "promo:subscribe", "editorial")  # the second of two equal paragraphs, not the first
    assert found.document == parse_text(TEXT)


def test_reads_html_from_the_row_and_from_a_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.html").write_text(HTML, encoding="utf-8")
    rows = [document_row(text=..., html=HTML), document_row(text=..., path="pages/a.html")]
    inline, beside = read_labels(written(tmp_path, *rows))
    assert inline == beside
    assert inline.document == parse_html(HTML)


def test_the_group_is_the_id_where_none_is_given(tmp_path: Path) -> None:
    with_group, without = read_labels(written(tmp_path, document_row(group="site"), document_row()))
    assert (with_group.id, with_group.group) == ("a", "site")
    assert (without.id, without.group) == ("a", "a")


def test_a_kind_may_be_missing(tmp_path: Path) -> None:
    (found,) = read_labels(written(tmp_path, document_row(labels=[{"index": 1, "label": "promo"}])))
    assert found.labels == (None, "promo", None)


def test_the_own_written_pages_can_be_read() -> None:
    pages = list(read_labels(Path(__file__).parents[1] / "datasets" / "pages" / "labels.jsonl"))
    assert len(pages) >= 30
    assert all(label is not None for page in pages for label in page.labels)


def test_a_row_may_name_its_language(tmp_path: Path) -> None:
    page = HTML.replace("<p>", '<p lang="de">', 1)
    rows = [document_row(text=..., html=page, language="en"), {"text": "Home", "label": "other", "language": "en"}]
    assert [found.document.language for found in read_labels(written(tmp_path, *rows))] == ["en", "en"]
    (found,) = read_labels(table(tmp_path, "text,label,language\nHome,other,en\n"))
    assert found.document.language == "en"
    (problem,) = check_labels(written(tmp_path, document_row(language=1)))
    assert isinstance(problem, Problem)
    assert problem.reason == "language must be a string, not 1"


# -- the short form ------------------------------------------------------------------------------------------------------


def test_a_block_a_line(tmp_path: Path) -> None:
    rows = [
        {"text": "Subscribe now.", "label": "promo", "kind": "subscribe", "group": "site"},
        {"text": "The ferry was late.", "label": "editorial"},
        {"text": "Home", "label": "other", "group": "site"},
    ]
    found = list(read_labels(written(tmp_path, *rows)))
    assert [page.labels for page in found] == [("promo:subscribe",), ("editorial",), ("other",)]
    assert [page.group for page in found] == ["site", "labels.jsonl:2", "site"]
    assert len({page.id for page in found}) == 3
    assert all(page.document.form == "text" for page in found)


def test_a_block_with_newlines_stays_one_block(tmp_path: Path) -> None:
    (found,) = read_labels(written(tmp_path, {"text": "Subscribe\n\n  now.\n", "label": "promo"}))
    assert [block.text for block in found.document.blocks] == ["Subscribe now."]


def test_both_forms_may_stand_in_one_file(tmp_path: Path) -> None:
    found = list(read_labels(written(tmp_path, document_row(), {"text": "Home", "label": "other"})))
    assert [len(page.labels) for page in found] == [3, 1]


def table(folder: Path, content: str | bytes) -> Path:
    path = folder / "blocks.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_table_of_blocks(tmp_path: Path) -> None:
    source = 'text,label,kind,group\n"Subscribe now, for one pound.",promo,subscribe,site\n"The ferry\nwas late.",editorial,,\n'
    subscribe, ferry = read_labels(table(tmp_path, source))
    assert (subscribe.labels, subscribe.group) == (("promo:subscribe",), "site")
    assert [block.text for block in subscribe.document.blocks] == ["Subscribe now, for one pound."]
    assert (ferry.labels, ferry.group, ferry.id) == (("editorial",), "blocks.csv:3", "blocks.csv:3")
    assert [block.text for block in ferry.document.blocks] == ["The ferry was late."]


@pytest.mark.parametrize(
    "source",
    [
        "text,label\nHome,other\n",
        "\ufefftext;label\r\nHome;other\r\n",
        "text\tlabel\tkind\nHome\tother\t\n",
        "label,text\nother,Home",
        " Text , LABEL \n\n Home , other \n , \n",
        "text,label,kind,group,remark\nHome,other,,,seen twice\n",
    ],
)
def test_a_table_as_spreadsheets_save_it(tmp_path: Path, source: str) -> None:
    (found,) = read_labels(table(tmp_path, source))
    assert (found.labels, [block.text for block in found.document.blocks]) == (("other",), ["Home"])


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        (b"words,label\nHome,other\n", 1, "the first line must name the columns text, label"),
        (b"", 1, "the first line must name"),
        ("text,label\nHome,other\n".encode("utf-16"), 1, "not UTF-8: save the table as CSV in UTF-8"),
        ("text,label\nHome,other\nCaf\xe9,other\n".encode("latin-1"), 3, "not UTF-8"),
        (b"text,label\nHome, sweet home,other\n", 2, "3 cells, the first line 2: quote a text that holds the delimiter"),
        (b"text,label,kind\nHome,other\n", 2, "2 cells"),
        (b"text,label\n,other\n", 2, "text is empty"),
        (b"text,label\nHome,\n", 2, "no such label: ''"),
        (b"text,label,kind\nHome,promo,gift\n", 2, "no such kind: 'gift'"),
        (b'text,label\n"two\nlines",other\n"never closed,other\n', 4, "not CSV"),
    ],
)
def test_a_wrong_row_of_a_table_is_named(tmp_path: Path, source: bytes, line: int, reason: str) -> None:
    problems = [found for found in check_labels(table(tmp_path, source)) if isinstance(found, Problem)]
    assert [problem.line for problem in problems] == [line]
    assert reason in problems[0].reason


# -- files ---------------------------------------------------------------------------------------------------------------


def test_blank_lines_crlf_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    line = json.dumps({"text": "Home", "label": "other"})
    path.write_bytes(f"\ufeff{line}\r\n\r\n  \n{line}".encode())
    assert [page.id for page in read_labels(path)] == ["labels.jsonl:1", "labels.jsonl:4"]


def test_reads_line_by_line(tmp_path: Path) -> None:
    """Rows before a wrong one are given: a file need not fit into memory."""
    path = written(tmp_path, document_row(), {"text": "Home"})
    pages = read_labels(path)
    assert next(pages).id == "a"
    with pytest.raises(LabelError, match=r"labels\.jsonl:2: "):
        next(pages)


def test_a_missing_file_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_labels(tmp_path / "nowhere.jsonl"))


@given(text=st.text(st.characters(), min_size=1), group=st.text(st.characters()))
def test_any_text_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, text: str, group: str) -> None:
    path = tmp_path_factory.mktemp("labels") / "labels.jsonl"
    n_blocks = len(parse_text(text).blocks)
    rows = [{"id": "a", "group": group, "text": text, "labels": [{"index": i, "label": "other"} for i in range(n_blocks)]}]
    write_labels(path, rows)
    (found,) = read_labels(path)
    assert (found.document, found.group) == (parse_text(text), group)
    assert found.labels == ("other",) * n_blocks


# -- what is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([1], r"the line must be a JSON object, not \[1\]"),
        (document_row(id=...), "'id' is missing"),
        (document_row(labels=...), "'labels' is missing"),
        (document_row(labels={}), "labels must be a list"),
        (document_row(labels=[1]), "an entry of labels must be a JSON object"),
        (document_row(labels=[{"label": "other"}]), "'index' is missing"),
        (document_row(labels=[{"index": 0}]), "'label' is missing"),
        (document_row(labels=[{"index": 3, "label": "other"}]), "no block with index 3"),
        (document_row(labels=[{"index": -1, "label": "other"}]), "no block with index -1"),
        (document_row(labels=[{"index": True, "label": "other"}]), "no block with index True"),
        (document_row(labels=[{"index": "0", "label": "other"}]), "no block with index '0'"),
        (document_row(labels=[{"fingerprint": "abc-1", "label": "other"}]), "no block with fingerprint 'abc-1'"),
        (document_row(labels=[{"index": 0, "label": "advert"}]), "no such label: 'advert'; expected one of editorial, promo"),
        (document_row(labels=[{"index": 0, "label": ["promo"]}]), "no such label"),
        (
            document_row(labels=[{"index": 0, "label": "promo", "kind": "gift"}]),
            "no such kind: 'gift'; expected one of paywall",
        ),
        (
            document_row(labels=[{"index": 0, "label": "promo"}, {"index": 0, "label": "other"}]),
            "index 0 is labelled both promo and other",
        ),
        (document_row(text=...), "one of html, text and path"),
        (document_row(html=HTML), "one of html, text and path must be there, and no other"),
        (document_row(text=7), "text must be a string, not 7"),
        (document_row(text=..., path="nowhere.html"), "No such file"),
        (document_row(text=..., path="."), "Is a directory"),
        (document_row(labels=[{"fingerprint": ["abc-1"], "label": "other"}]), "no block with fingerprint"),
        (document_row(id=None), "id must be a string"),
        (document_row(group=["a"]), "group must be a string"),
        ({"label": "promo"}, "'text' is missing"),
        ({"label": "promo", "text": None}, "text must be a string"),
        ({"label": "promo", "text": " \n "}, "text is empty"),
        ({"label": "advert", "text": "Buy."}, "no such label: 'advert'"),
    ],
)
def test_names_file_line_and_reason(tmp_path: Path, row: Any, reason: str) -> None:
    path = written(tmp_path, {"text": "Home", "label": "other"}, row)
    with pytest.raises(LabelError, match=reason) as caught:
        list(read_labels(path))
    assert str(caught.value).startswith(f"{path}:2: ")


@pytest.mark.parametrize("line", [b"{", b"\xff\xfe", b"[" * 100_000, b"text,label", b'{"a": 1} {"b": 2}'])
def test_names_the_line_that_is_not_json(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_bytes(b'{"text": "Home", "label": "other"}\n\n' + line + b"\n")
    with pytest.raises(LabelError, match=":3: "):
        list(read_labels(path))


def test_every_wrong_line_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    lines = [
        b'{"text": "Home", "label": "other"}',
        b"{",
        b"\xff",
        b'{"text": "Home", "label": "advert"}',
        b'{"id": "a", "path": "nowhere.html", "labels": []}',
        b'{"text": "Subscribe now.", "label": "promo"}',
    ]
    path.write_bytes(b"\n".join(lines))
    found = list(check_labels(path))
    assert [type(row).__name__ for row in found] == ["LabelledDocument", *["Problem"] * 4, "LabelledDocument"]
    assert [str(row).split(" ")[0] for row in found[1:-1]] == [f"{path}:{line}:" for line in (2, 3, 4, 5)]
    reasons = [row.reason for row in found if isinstance(row, Problem)]
    for reason, expected in zip(
        reasons, ("not JSON", "not UTF-8 (byte 0", "'advert'", "nowhere.html: No such file"), strict=True
    ):
        assert expected in reason


def test_all_that_is_wrong_with_a_document_is_told_at_once(tmp_path: Path) -> None:
    entries = [{"index": 0, "label": "advert"}, {"index": 9, "label": "other"}, {"label": "other"}]
    (problem,) = check_labels(written(tmp_path, document_row(labels=entries)))
    assert isinstance(problem, Problem)
    assert "'advert'" in problem.reason
    assert "no block with index 9" in problem.reason
    assert "'index' is missing" in problem.reason
    (problem,) = check_labels(written(tmp_path, document_row(labels=entries * 10)))
    assert isinstance(problem, Problem)
    assert problem.reason.endswith("; and 27 more")


def test_a_group_of_null_is_none(tmp_path: Path) -> None:
    """Not the group "None", to which all such documents would belong."""
    found = list(read_labels(written(tmp_path, document_row(group=None), {"text": "Home", "label": "other", "group": None})))
    assert [page.group for page in found] == ["a", "labels.jsonl:2"]


def test_every_label_and_kind_is_one_that_fit_takes() -> None:
    from tiny import documents, small

    pages, labels, groups = documents()
    given_labels = [*map(check_label, FILE_LABELS), *(check_label("promo", kind) for kind in KINDS)]
    text = parse_text("\n\n".join(f"Paragraph {n}." for n in range(len(given_labels))))
    small().fit([*pages, text], [*labels, given_labels], [*groups, "all"])
