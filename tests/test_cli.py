"""The command line: what goes in, what comes out, what is said, and how it ends."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
import tiny
from click.testing import CliRunner, Result

import paywallclf
from paywallclf.cli import main
from paywallclf.labels import read_labels
from paywallclf.parallel import ordered_map

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "datasets" / "pages"
BRIDGE = PAGES / "en_council_news_no_promo.html"

SENTENCES = ["The ferry left the harbour at six, an hour late.", "The council will vote on the new pier in March."]
PROMOS = ["Subscribe now for one pound a week", "Unlimited access on every device, cancel any time"]
PAGE = tiny.page("harbour", SENTENCES, PROMOS)


def run(*arguments: object, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "paywallclf", *map(str, arguments)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def execute(*arguments: object, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command(*arguments), capture_output=True, env=environment(), timeout=120, **options)  # type: ignore[call-overload]


def rows(output: str | bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines()]


def lines_of(result: Result) -> list[str]:
    return result.stderr.splitlines()


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model that tells PROMOS from SENTENCES."""
    folder = tmp_path_factory.mktemp("model")
    tiny.fitted().save(folder)
    return folder


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    path.write_text(PAGE, encoding="utf-8")
    return path


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of two pages, a text, a JSONL file, and a file that is none of our business."""
    folder = tmp_path / "site"
    (folder / "news").mkdir(parents=True)
    (folder / "front.html").write_text(PAGE, encoding="utf-8")
    (folder / "news" / "pier.HTM").write_text(PAGE, encoding="utf-8")
    (folder / "news" / "notes.txt").write_text("\n\n".join(SENTENCES), encoding="utf-8")
    (folder / "crawl.jsonl").write_text(json.dumps({"html": PAGE}) + "\n", encoding="utf-8")
    (folder / "style.css").write_text("p {}", encoding="utf-8")
    return folder


# -- clean -----------------------------------------------------------------------------------------------------------------


def test_clean_writes_what_clean_html_returns(page: Path, model: Path) -> None:
    result = run("clean", page, "--model", model)
    assert result.exit_code == 0
    assert result.stdout == paywallclf.clean_html(PAGE, model=model)
    assert all(sentence in result.stdout for sentence in SENTENCES)
    assert not any(promo in result.stdout for promo in PROMOS)


@pytest.mark.parametrize("name", sorted(path.name for path in PAGES.glob("*.html")))
def test_a_page_that_loses_nothing_comes_back_to_the_byte(name: str) -> None:
    source = (PAGES / name).read_bytes()
    assert run("clean", PAGES / name, "--threshold", "1").stdout_bytes == source


@pytest.mark.parametrize("arguments", [["clean"], ["clean", "-"]])
def test_standard_input_is_read_where_no_path_is_given(arguments: list[str], model: Path) -> None:
    result = run(*arguments, "--model", model, stdin=PAGE)
    assert result.stdout == paywallclf.clean_html(PAGE, model=model)


def test_standard_input_that_begins_with_a_brace_is_json_lines(model: Path) -> None:
    result = run("clean", "--model", model, stdin=json.dumps({"html": PAGE, "url": "u"}) + "\n")
    assert rows(result.stdout) == [{"html": paywallclf.clean_html(PAGE, model=model), "url": "u"}]


def test_text_files_and_the_text_option_go_paragraph_by_paragraph(tmp_path: Path, model: Path) -> None:
    source = "\r\n\r\n".join([*SENTENCES, *PROMOS]) + "\r\n"
    expected = paywallclf.clean_text(source, model=model)
    assert expected != source
    path = tmp_path / "article.txt"
    path.write_bytes(source.encode())
    assert run("clean", path, "--model", model).stdout_bytes == expected.encode()
    assert run("clean", "--text", "--model", model, stdin=source.encode()).stdout_bytes == expected.encode()


@pytest.mark.parametrize("name", ["article.md", "article", "-"])
def test_what_has_no_tag_and_no_telling_name_is_plain_text(name: str, tmp_path: Path, model: Path) -> None:
    source = "\n\n".join([*SENTENCES, "1 < 2, and 3 <3", *PROMOS]) + "\n"
    expected = paywallclf.clean_text(source, model=model)
    assert SENTENCES[0] in expected
    assert PROMOS[0] not in expected
    path = tmp_path / name
    path.write_text(source, encoding="utf-8")
    assert run("clean", name if name == "-" else path, "--model", model, stdin=source).stdout == expected


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16le", "utf-16be", "utf-8-sig"])
def test_a_page_without_a_telling_name_is_html_in_any_encoding(encoding: str, tmp_path: Path, model: Path) -> None:
    source = "Привет! " * 9 + PAGE
    path = tmp_path / "page"
    path.write_bytes(source.encode(encoding))
    option = ["--encoding", encoding] if encoding.endswith("e") else []
    assert run("clean", path, "--model", model, *option).stdout.lstrip("\ufeff") == paywallclf.clean_html(source, model=model)


def test_format_text_gives_the_kept_blocks_as_paragraphs(page: Path, model: Path) -> None:
    document = paywallclf.classify_html(PAGE, model=model)
    result = run("clean", page, "--format", "text", "--model", model)
    assert result.stdout == paywallclf.render(document, form="text") + "\n"
    for block in document.kept():
        assert block.text in result.stdout


def test_format_jsonl_gives_a_record_for_each_document(page: Path, model: Path) -> None:
    result = run("clean", page, "--format", "jsonl", "--model", model)
    assert rows(result.stdout) == [{"id": str(page), "html": paywallclf.clean_html(PAGE, model=model)}]


def test_records_keep_their_other_fields_and_their_place(tmp_path: Path, model: Path) -> None:
    path = tmp_path / "crawl.jsonl"
    first = {"url": "https://harbour.example/1", "html": PAGE, "meta": {"é": [1, None, 2.5]}}
    second = {"id": 7, "text": "\n\n".join([*SENTENCES, *PROMOS])}
    path.write_text("\ufeff" + json.dumps(first) + "\n\n" + json.dumps(second), encoding="utf-8")
    cleaned = rows(run("clean", path, "--model", model).stdout)
    assert cleaned == [
        {**first, "html": paywallclf.clean_html(PAGE, model=model)},
        {**second, "text": paywallclf.clean_text(second["text"], model=model)},
    ]
    as_text = rows(run("clean", path, "--format", "text", "--model", model).stdout)
    assert "html" not in as_text[0]
    assert as_text[0]["text"] == paywallclf.render(paywallclf.classify_html(PAGE, model=model), form="text")


def test_drop_kinds_and_threshold_decide_as_in_the_library(page: Path, model: Path) -> None:
    def library(**decision: object) -> str:
        return str(paywallclf.clean_html(PAGE, model=model, **decision))

    both = run("clean", page, "--drop", "promo, other", "--model", model).stdout
    assert both == library(drop=("promo", "other")) != library()
    assert run("clean", page, "--kinds", "app,donate", "--model", model).stdout == library(kinds=("app", "donate")) != library()
    assert run("clean", page, "--threshold", "1", "--model", model).stdout == PAGE


def test_show_dropped_lists_what_went_on_standard_error_or_in_the_record(page: Path, model: Path) -> None:
    dropped = paywallclf.classify_html(PAGE, model=model).dropped()
    assert dropped
    result = run("clean", page, "--show-dropped", "--model", model)
    assert result.stdout == paywallclf.clean_html(PAGE, model=model)
    assert len(lines_of(result)) == len(dropped)
    for line, block in zip(lines_of(result), dropped, strict=True):
        assert line.startswith(f"{page}: ")
        found = line.removeprefix(f"{page}: ").split(maxsplit=4)
        assert found == [str(block.index), block.label, block.kind, f"{block.probabilities['promo']:.3f}", block.text]
    (record,) = rows(run("clean", page, "--show-dropped", "--format", "jsonl", "--model", model).stdout)
    assert [(entry["index"], entry["label"], entry["kind"], entry["text"]) for entry in record["dropped"]] == [  # type: ignore[attr-defined]
        (block.index, block.label, block.kind, block.text) for block in dropped
    ]


def test_files_are_decoded_as_browsers_do_and_written_in_utf_8_that_they_declare(tmp_path: Path) -> None:
    source = (
        '<?xml version="1.0" encoding="ISO-8859-1"?><html><head><meta http-equiv="Content-Type" '
        'content="text/html; charset=ISO-8859-1"></head><body><p>Café serré.</p><p>The charset=latin1 of old.</p></body></html>'
    )
    path = tmp_path / "old.html"
    path.write_bytes(source.encode("latin-1"))
    result = run("clean", path, "--threshold", "1")
    assert result.stdout_bytes.decode("utf-8") == source.replace("ISO-8859-1", "utf-8")


def test_encoding_is_the_charset_of_the_http_header() -> None:
    source = "<p>Привет, читатель.</p>"
    result = run("clean", "--threshold", "1", "--encoding", "koi8-r", stdin=source.encode("koi8-r"))
    assert result.stdout_bytes.decode("utf-8") == source


# -- outputs ---------------------------------------------------------------------------------------------------------------


def test_a_folder_goes_to_a_folder_under_the_same_names(site: Path, tmp_path: Path, model: Path) -> None:
    output = tmp_path / "cleaned"
    assert run("clean", site, "-o", output, "--model", model).exit_code == 0
    names = {str(path.relative_to(output)) for path in output.rglob("*") if path.is_file()}
    assert names == {"front.html", "crawl.jsonl", os.path.join("news", "pier.HTM"), os.path.join("news", "notes.txt")}
    cleaned = paywallclf.clean_html(PAGE, model=model)
    assert (output / "news" / "pier.HTM").read_text(encoding="utf-8") == cleaned
    assert rows((output / "crawl.jsonl").read_bytes()) == [{"html": cleaned}]


def test_an_output_folder_inside_the_input_folder_is_not_read_again(site: Path, model: Path) -> None:
    for _ in range(2):
        assert run("clean", site, "-o", site / "cleaned", "--model", model).exit_code == 0
    assert not (site / "cleaned" / "cleaned").exists()


def test_one_input_goes_to_one_file_whose_ending_sets_the_format(page: Path, tmp_path: Path, model: Path) -> None:
    for name, form in [("out.html", "html"), ("out.txt", "text"), ("out.jsonl", "jsonl")]:
        assert run("clean", page, "-o", tmp_path / name, "--model", model).exit_code == 0
        assert (tmp_path / name).read_text(encoding="utf-8") == run("clean", page, "--format", form, "--model", model).stdout


def test_records_of_a_folder_go_to_one_jsonl_file(site: Path, tmp_path: Path, model: Path) -> None:
    output = tmp_path / "all.jsonl"
    assert run("clean", site, "-o", output, "--model", model).exit_code == 0
    assert output.read_text(encoding="utf-8") == run("clean", site, "--format", "jsonl", "--model", model).stdout
    assert len(rows(output.read_bytes())) == 4


@pytest.mark.parametrize("how", ["same", "link", "folder"])
def test_an_input_is_never_overwritten(how: str, page: Path, tmp_path: Path) -> None:
    output = {"same": page, "link": tmp_path / "link.html", "folder": tmp_path}[how]
    if how == "link":
        output.symlink_to(page)
    result = run("clean", page, "-o", output)
    assert result.exit_code == 2
    assert "would be overwritten" in result.stderr
    assert page.read_text(encoding="utf-8") == PAGE


def test_two_inputs_are_never_written_to_one_file(site: Path, tmp_path: Path) -> None:
    result = run("clean", site / "front.html", site, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert "would both be written to" in result.stderr
    assert not (tmp_path / "out").exists()
    assert run("clean", site, "-o", tmp_path / "out.html").exit_code == 2


# -- classify --------------------------------------------------------------------------------------------------------------


def test_classify_prints_a_line_for_each_block(page: Path, model: Path) -> None:
    heading, *lines = run("classify", page, "--model", model).stdout.splitlines()
    assert heading.split() == ["block", "label", "kind", "promo", "text"]
    blocks = paywallclf.classify_html(PAGE, model=model).blocks
    for line, block in zip(lines, blocks, strict=True):
        probability = f"{block.probabilities['promo']:.3f}"
        assert line.split(maxsplit=4) == [str(block.index), block.label, block.kind or "-", probability, block.text]
        assert line.index(block.text, 36) == heading.index("text")


def test_classify_names_each_of_several_documents(site: Path) -> None:
    result = run("classify", site)
    headers = [line for line in result.stdout.splitlines() if line.startswith("==> ")]
    assert headers == [
        f"==> {site / name} <=="
        for name in ("crawl.jsonl:1", "front.html", os.path.join("news", "notes.txt"), os.path.join("news", "pier.HTM"))
    ]


def test_classify_does_not_hand_control_characters_to_a_terminal() -> None:
    result = run("classify", stdin="<p>Rain \x1b]0;owned\x07 on Friday.</p>")
    assert "\x1b" not in result.stdout
    assert "on Friday." in result.stdout


def test_classify_jsonl_is_a_label_file(site: Path, tmp_path: Path, model: Path) -> None:
    more = {"id": "n7", "group": "harbour", "text": "\n\n".join([*SENTENCES, *PROMOS]), "html": None, "path": "x", "label": "y"}
    (site / "more.jsonl").write_text(json.dumps(more), encoding="utf-8")
    output = tmp_path / "labels.jsonl"
    assert run("classify", site, "-o", output, "--model", model).exit_code == 0
    read = {labelled.id: labelled for labelled in read_labels(output)}
    assert len(read) == 5
    labelled = read[str(site / "front.html")]
    expected = paywallclf.classify_html(PAGE, model=model).blocks
    assert [block.fingerprint for block in labelled.document.blocks] == [block.fingerprint for block in expected]
    assert list(labelled.labels) == [f"promo:{block.kind}" if block.label == "promo" else block.label for block in expected]
    assert read["n7"].group == "harbour"
    assert read["n7"].document.source == more["text"]


@pytest.mark.parametrize("name", sorted(path.name for path in PAGES.glob("*.html")))
def test_classify_jsonl_of_real_markup_is_read_back_with_every_block(name: str, tmp_path: Path) -> None:
    assert run("classify", PAGES / name, "-o", tmp_path / "labels.jsonl").exit_code == 0
    (labelled,) = read_labels(tmp_path / "labels.jsonl")
    assert None not in labelled.labels
    (record,) = rows((tmp_path / "labels.jsonl").read_bytes())
    for entry in record["labels"]:  # type: ignore[attr-defined]
        assert sum(entry["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert set(entry["kinds"]) == set(paywallclf.document.KINDS)


# -- what goes wrong -------------------------------------------------------------------------------------------------------


def test_a_damaged_line_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    path = tmp_path / "crawl.jsonl"
    good = b'{"html": "<p>one</p>"}\n'
    bad = [b'{"html": \n', b"[1]\n", b'{"text": "caf\xe9"}\n', b'{"url": "u"}\n', b'{"html": 5}\n', b"[" * 100_000 + b"\n"]
    path.write_bytes(good + b"".join(bad) + good)
    result = run("clean", path)
    assert result.exit_code == 1
    assert result.stdout_bytes == good * 2
    assert [line.split(": ")[1] for line in lines_of(result)] == [f"{path}:{number}" for number in range(2, 8)]


def test_lone_surrogates_of_a_record_survive() -> None:
    line = '{"text": "Rain \\ud800 on Friday."}\n'
    assert run("clean", "--threshold", "1", stdin=line).stdout == line


def test_a_label_file_beside_its_pages_is_no_failure() -> None:
    result = run("clean", PAGES, "--format", "jsonl", "--threshold", 1)
    assert result.exit_code == 0
    assert len(rows(result.stdout)) == len(list(PAGES.glob("*.html")))
    assert lines_of(result) == [
        f"paywallclf: {PAGES / 'labels.jsonl'}: warning: a label file, left out: its pages are files of their own"
    ]


def test_an_input_that_cannot_be_read_is_named_and_the_others_go_on(page: Path, tmp_path: Path, model: Path) -> None:
    (tmp_path / "loop.html").symlink_to(tmp_path / "gone")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.html").symlink_to(tmp_path / "gone")
    (folder / "b.html").write_text(PAGE, encoding="utf-8")
    result = run("clean", folder, "--model", model)
    assert result.exit_code == 1
    assert result.stdout.rstrip("\n") == paywallclf.clean_html(PAGE, model=model)
    assert lines_of(result) == [f"paywallclf: {folder / 'a.html'}: No such file or directory"]


def test_a_page_that_fails_is_named_and_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(source: bytes, **options: object) -> str:
        if b"six" in source:
            raise RuntimeError("a bug,\nin two lines")
        return source.decode()

    monkeypatch.setattr(paywallclf, "clean_html", fails)
    (tmp_path / "a.html").write_text("<p>six</p>")
    (tmp_path / "b.html").write_text("<p>five</p>")
    result = run("clean", tmp_path)
    assert (result.exit_code, result.stdout) == (1, "<p>five</p>\n")
    assert lines_of(result) == [f"paywallclf: {tmp_path / 'a.html'}: RuntimeError: a bug, in two lines"]


def test_warnings_are_one_line_that_names_the_input(page: Path) -> None:
    for extra in ([], ["--format", "text"], ["--jobs", "2"]):
        result = run("clean", page, "--threshold", "0", *extra)
        assert result.exit_code == 0
        assert lines_of(result) == [f"paywallclf: {page}: warning: nearly all text of the page was dropped"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["clean", "gone.html"], "gone.html: no such file or folder"),
        (["clean", "--dorp", "promo"], "--dorp"),
        (["clean", "--drop", "advert"], "expected some of editorial, promo, other"),
        (["clean", "--kinds", "promo"], "expected some of paywall"),
        (["clean", "--threshold", "7"], "between 0 and 1"),
        (["clean", "--threshold", "nan"], "between 0 and 1"),
        (["clean", "--format", "pdf"], "--format"),
        (["clean", "--encoding", "klingon"], "klingon"),
        (["clean", "--jobs", "0"], "--jobs"),
        (["classify", "--model", "gone"], "no model in"),
        (["clean", BRIDGE, "-o", "gone/x.html"], "cannot be written"),
        (["polish"], "polish"),
    ],
)
def test_what_cannot_run_is_said_in_one_line(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments, stdin="")
    assert result.exit_code == 2
    (line,) = lines_of(result)
    assert line.startswith("paywallclf: ")
    assert said in line
    assert result.stdout == ""


def test_a_folder_without_pages_is_said(tmp_path: Path) -> None:
    result = run("clean", tmp_path)
    assert result.exit_code == 2
    assert ".jsonl" in result.stderr


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version").stdout == f"paywallclf {paywallclf.__version__}\n"
    for name in ("clean", "classify"):
        result = run(name, "--help")
        assert result.exit_code == 0
        assert f"  paywallclf {name} " in result.stdout.split("Examples:")[1]
    bare = run()
    assert bare.exit_code == 2
    assert "Commands:" in bare.stderr


# -- processes, pipes and signals ------------------------------------------------------------------------------------------


@pytest.fixture
def crawl(tmp_path: Path) -> Path:
    """More records than any window of pages under way holds."""
    path = tmp_path / "crawl.jsonl"
    path.write_text(
        "".join(json.dumps({"id": number, "html": PAGE.replace("six", str(number))}) + "\n" for number in range(400)),
        encoding="utf-8",
    )
    return path


def test_several_processes_give_the_same_in_the_same_order(crawl: Path, model: Path) -> None:
    one = execute("clean", crawl, "--model", model)
    two = execute("clean", crawl, "--model", model, "--jobs", 2)
    assert one.returncode == two.returncode == 0
    assert one.stdout == two.stdout
    assert [row["id"] for row in rows(two.stdout)] == list(range(400))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_input_is_read_only_as_far_ahead_as_the_workers_need(n_jobs: int) -> None:
    taken = 0

    def endless() -> object:
        nonlocal taken
        while True:
            taken += 1
            yield taken

    results = ordered_map(float, endless(), n_jobs)  # type: ignore[arg-type, var-annotated]
    assert [next(results) for _ in range(100)] == [float(number) for number in range(1, 101)]
    results.close()
    assert taken <= 100 + n_jobs * 64


def test_a_pipe_carries_standard_input_through_without_a_progress_bar(model: Path) -> None:
    result = execute("clean", "--model", model, input=PAGE.encode())
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode() == paywallclf.clean_html(PAGE, model=model)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_reader_that_leaves_ends_it_quietly(crawl: Path, jobs: int) -> None:
    process = subprocess.Popen(
        command("clean", crawl, "--jobs", jobs), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == 141


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_ends_every_process_without_a_traceback(jobs: int, tmp_path: Path) -> None:
    process = _endless(jobs, tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) == 130
    assert process.stderr is not None
    assert process.stderr.read().strip() == b""


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    process = _endless(2, tmp_path)
    process.kill()
    process.wait(60)
    # the workers hold the other end of standard error: it ends when the last of them has
    assert process.stderr is not None
    os.set_blocking(process.stderr.fileno(), False)
    give_up = time.monotonic() + 30
    while (said := process.stderr.read()) is None and time.monotonic() < give_up:
        time.sleep(0.05)
    if said is None:
        os.killpg(process.pid, signal.SIGKILL)
    assert said == b""


def _endless(jobs: int, tmp_path: Path) -> subprocess.Popen[bytes]:
    """The program at work on an input that does not end, in a group of processes of its own."""
    feed = tmp_path / "feed.jsonl"
    os.mkfifo(feed)
    output = tmp_path / "cleaned.jsonl"
    process = subprocess.Popen(
        command("clean", feed, "-o", output, "--jobs", jobs), stderr=subprocess.PIPE, env=environment(), start_new_session=True
    )
    writer = os.open(feed, os.O_WRONLY)  # stays open in this process: the input never ends
    os.write(writer, (json.dumps({"html": "<p>Rain.</p>"}) + "\n").encode() * 1000)
    give_up = time.monotonic() + 60
    while not (output.exists() and output.stat().st_size) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert output.stat().st_size
    return process


def test_a_terminal_shows_progress_over_several_inputs(site: Path, tmp_path: Path) -> None:
    said = _on_a_terminal("clean", site, "-o", tmp_path / "out")
    assert "4 pages" in said
    assert "pages" not in _on_a_terminal("clean", site / "front.html", "-o", tmp_path / "one.html")


def _on_a_terminal(*arguments: object) -> str:
    """What standard error says where it is a terminal."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    process = subprocess.Popen(command(*arguments), stderr=theirs, stdout=theirs, stdin=theirs, env=environment())
    os.close(theirs)
    said = b""
    try:
        while piece := os.read(ours, 4096):
            said += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    assert process.wait(60) == 0
    return said.decode()


def test_help_and_version_load_neither_numpy_nor_a_model() -> None:
    code = "import sys; from paywallclf.cli import main; assert not {'numpy', 'selectolax', 'sklearn'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env=environment(), timeout=60)
