"""The command line over crawls: web archives, compressed JSON lines, Parquet, damage, interruption, memory."""

from __future__ import annotations

import datetime
import gzip
import io
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tiny
from click.testing import CliRunner, Result
from conftest import PAGES
from fastwarc.stream_io import ZstdReader, ZstdWriter
from warcs import Record, write_warc

import paywallclf
from paywallclf.cli import main

ROOT = Path(__file__).parents[1]

SENTENCES = ["The ferry left the harbour at six, an hour late.", "The council will vote on the new pier in March."]
PROMOS = ["Subscribe now for one pound a week", "Unlimited access on every device, cancel any time"]
PAGE = tiny.page("harbour", SENTENCES, PROMOS)
PAGE_SOURCES = [path.read_text(encoding="utf-8") for path in PAGES]


def run(*arguments: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "paywallclf", *map(str, arguments)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def rows(output: str | bytes | Path) -> list[dict[str, object]]:
    output = output.read_bytes() if isinstance(output, Path) else output
    return [json.loads(line) for line in output.splitlines()]


def said(result: Result) -> list[str]:
    return result.stderr.splitlines()


def unpacked(path: Path) -> bytes:
    """What a compressed file holds."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return bytes(ZstdReader(io.BytesIO(path.read_bytes())).read())
    return path.read_bytes()


def packed(path: Path, data: bytes) -> Path:
    """Write a file, compressed if its name says so."""
    if path.suffix == ".gz":
        data = gzip.compress(data)
    elif path.suffix == ".zst":
        stream = io.BytesIO()
        with ZstdWriter(stream) as writer:
            writer.write(data)
        data = stream.getvalue()
    path.write_bytes(data)
    return path


def lines(documents: Sequence[dict[str, object]]) -> bytes:
    return "".join(json.dumps(document) + "\n" for document in documents).encode()


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model that tells PROMOS from SENTENCES."""
    folder = tmp_path_factory.mktemp("model")
    tiny.fitted().save(folder)
    return folder


# -- web archives ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_the_pages_of_a_web_archive_become_records_with_url_and_date(suffix: str, tmp_path: Path, model: Path) -> None:
    records = [Record(number, html.encode()) for number, html in enumerate(PAGE_SOURCES)]
    path = tmp_path / f"crawl.warc{suffix}"
    write_warc(path, records)
    result = run("clean", path, "--model", model)
    assert (result.exit_code, result.stderr.count("warning") - len(said(result))) == (0, 0)
    assert rows(result.stdout) == [
        {
            "id": record.id,
            "url": record.url,
            "date": "2026-03-01T06:00:00Z",
            "html": paywallclf.clean_html(record.body, encoding="utf-8", model=model),
        }
        for record in records
    ]


def test_the_charset_of_the_http_header_outranks_the_page(tmp_path: Path) -> None:
    html = '<meta charset="windows-1252"><p>Привет, читатель.</p>'
    write_warc(
        tmp_path / "crawl.warc.gz",
        [
            Record(1, html.encode("koi8-r"), 'Content-Type: text/html; Charset="KOI8-R"'),
            Record(2, "<p>Привет</p>".encode(), "Content-Type: text/html; charset=klingon"),
        ],
    )
    result = run("clean", tmp_path / "crawl.warc.gz", "--threshold", "1")
    assert [row["html"] for row in rows(result.stdout)] == [html, "<p>Привет</p>"]


def test_what_is_no_page_is_skipped_and_counted(tmp_path: Path) -> None:
    page = Record(5, b"<p>Rain is expected on Friday.</p>")
    skipped = [
        Record(1, b"software: harbour", "Content-Type: application/warc-fields", kind="warcinfo"),
        Record(2, b"", "Host: harbour.example", kind="request"),
        Record(3, b"\xff\xd8\xff", "Content-Type: image/jpeg"),
        Record(4, b"<p>Not found</p>", status=404),
        Record(6, b"<p>Moved</p>", status=301),
        Record(7, b"\x00\x01", "Server: harbour"),
    ]
    untyped = Record(8, b"\n<!doctype html><p>Rain.</p>", "Server: harbour")
    write_warc(tmp_path / "crawl.warc", [*skipped[:4], page, *skipped[4:], untyped])
    result = run("clean", tmp_path / "crawl.warc", "--threshold", "1")
    assert result.exit_code == 0
    assert [row["id"] for row in rows(result.stdout)] == [page.id, untyped.id]
    assert said(result) == ["paywallclf: 2 pages; skipped: 2 not HTML, 2 not a response, 2 not status 200"]


def test_encoded_bodies_are_decoded_and_those_that_are_no_longer_encoded_are_taken(tmp_path: Path) -> None:
    html = PAGE.encode()
    deflate = zlib.compressobj(wbits=-15)
    bodies = [
        ("gzip", gzip.compress(html)),
        ("deflate", zlib.compress(html)),
        ("deflate", deflate.compress(html) + deflate.flush()),
        ("gzip", html),  # the crawler decoded it, and left the header
        ("zstd", packed(tmp_path / "body.zst", html).read_bytes()),
    ]
    records = [
        Record(number, body, f"Content-Type: text/html\r\nContent-Encoding: {name}")
        for number, (name, body) in enumerate(bodies)
    ]
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(html), html)
    records.append(Record(8, chunked, "Content-Type: text/html\r\nTransfer-Encoding: chunked"))
    write_warc(tmp_path / "crawl.warc.gz", records)
    result = run("clean", tmp_path / "crawl.warc.gz", "--threshold", "1")
    assert [row["html"] for row in rows(result.stdout)] == [PAGE] * 6
    assert result.exit_code == 0


def test_a_body_that_is_not_in_its_encoding_is_damaged(tmp_path: Path) -> None:
    bad = Record(1, b"\x01\x02\x03\x04" * 9, "Content-Type: text/html\r\nContent-Encoding: gzip")
    write_warc(tmp_path / "crawl.warc.gz", [bad, Record(2, PAGE.encode())])
    result = run("clean", tmp_path / "crawl.warc.gz")
    assert result.exit_code == 1
    assert len(rows(result.stdout)) == 1
    assert "not in the encoding gzip" in result.stderr


def test_the_texts_of_a_wet_file_are_cleaned_as_text(tmp_path: Path, model: Path) -> None:
    text = "\n\n".join([*SENTENCES, *PROMOS])
    record = Record(1, text.encode(), "Content-Type: text/plain", kind="conversion")
    write_warc(tmp_path / "crawl.warc.wet.gz", [record])
    (row,) = rows(run("clean", tmp_path / "crawl.warc.wet.gz", "--model", model).stdout)
    assert row["text"] == paywallclf.clean_text(text, model=model) != text
    assert (row["id"], row["url"]) == (record.id, record.url)


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_a_web_archive_can_come_from_a_pipe(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"crawl.warc{suffix}"
    write_warc(path, [Record(number, PAGE.encode()) for number in range(3)])
    result = run("clean", stdin=path.read_bytes())
    assert (result.exit_code, result.stdout) == (0, run("clean", path).stdout)
    assert len(rows(result.stdout)) == 3


# -- damage --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("bad", [0, 2, 5])
@pytest.mark.parametrize("where", ["beginning", "middle", "end"])
def test_a_damaged_record_of_a_web_archive_is_named_and_the_others_are_read(
    suffix: str, bad: int, where: str, tmp_path: Path
) -> None:
    path = tmp_path / f"crawl.warc{suffix}"
    records = [Record(number, html.encode()) for number, html in enumerate(PAGE_SOURCES[:6])]
    places = [*write_warc(path, records), path.stat().st_size]
    start, end = places[bad : bad + 2]
    data = bytearray(path.read_bytes())
    middle = {"beginning": start + 12, "middle": (start + end) // 2, "end": end - 6}[where]
    for place in range(middle, middle + 4):
        data[place] ^= 0xFF
    path.write_bytes(data)
    output = tmp_path / "cleaned.jsonl"
    result = run("clean", path, "-o", output, "--threshold", "1")
    assert result.exit_code == 1
    assert [row["id"] for row in rows(output)] == [record.id for record in records if record.number != bad]
    (error,) = rows(tmp_path / "cleaned.jsonl.errors.jsonl")
    assert "damaged record" in str(error["reason"])
    assert error["id"] in (None, records[bad].id)
    # the place is that of the record; where its beginning cannot be read, that of the record before it
    assert error["place"] in (f"{path}@{start}", f"{path}@{places[max(bad - 1, 0)]}")
    assert said(result)[-1] == f"paywallclf: 1 of 6 failed: named in {output}.errors.jsonl"


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_a_web_archive_that_was_cut_short_gives_all_whole_pages(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"crawl.warc{suffix}"
    write_warc(path, [Record(number, html.encode()) for number, html in enumerate(PAGE_SOURCES[:4])])
    path.write_bytes(path.read_bytes()[:-700])
    result = run("clean", path, "--threshold", "1")
    assert result.exit_code == 1
    assert [row["html"] for row in rows(result.stdout)] == PAGE_SOURCES[:3]
    assert len([line for line in said(result) if "damaged" in line]) == 1


def test_a_damaged_record_that_is_not_compressed_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "crawl.warc"
    records = [Record(number, html.encode()) for number, html in enumerate(PAGE_SOURCES[:4])]
    places = write_warc(path, records)
    data = bytearray(path.read_bytes())
    data[places[2] : places[2] + 8] = b"\0" * 8
    path.write_bytes(data)
    result = run("clean", path, "--threshold", "1")
    assert result.exit_code == 1
    assert [row["id"] for row in rows(result.stdout)] == [records[number].id for number in (0, 1, 3)]


def test_neighbouring_damaged_records_are_both_named(tmp_path: Path) -> None:
    path = tmp_path / "crawl.warc.gz"
    records = [Record(number, html.encode()) for number, html in enumerate(PAGE_SOURCES[:5])]
    places = write_warc(path, records)
    data = bytearray(path.read_bytes())
    for number in (1, 2):
        middle = (places[number] + places[number + 1]) // 2
        data[middle : middle + 4] = b"\xff" * 4
    path.write_bytes(data)
    output = tmp_path / "cleaned.jsonl"
    run("clean", path, "-o", output, "--threshold", "1")
    assert [row["id"] for row in rows(output)] == [records[number].id for number in (0, 3, 4)]
    assert [row["id"] for row in rows(tmp_path / "cleaned.jsonl.errors.jsonl")] == [records[1].id, records[2].id]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_compressed_file_gives_what_comes_before_and_is_named(suffix: str, damage: str, tmp_path: Path) -> None:
    whole = [{"id": number, "html": html} for number, html in enumerate(PAGE_SOURCES * 4)]
    path = packed(tmp_path / f"crawl.jsonl{suffix}", lines(whole))
    data = bytearray(path.read_bytes())
    if damage == "cut":
        del data[-2000:]
    else:
        data[len(data) // 2 : len(data) // 2 + 8] = b"\xff" * 8
    path.write_bytes(data)
    result = run("clean", path, "--threshold", "1")
    assert result.exit_code == 1
    found = rows(result.stdout)
    assert found == whole[: len(found)]
    assert len(found) < len(whole)
    (line,) = said(result)
    assert line.startswith(f"paywallclf: {path}: ")
    assert "damaged after record" in line or not found


def test_a_damaged_row_group_of_parquet_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "crawl.parquet"
    table = pa.table({"id": list(range(90)), "html": [f"<p>Sentence {number} of the day.</p>" for number in range(90)]})
    pq.write_table(table, path, row_group_size=30, compression="zstd")
    place = pq.ParquetFile(path).metadata.row_group(1).column(1).data_page_offset
    data = bytearray(path.read_bytes())
    data[place : place + 60] = b"\xff" * 60
    path.write_bytes(data)
    output = tmp_path / "cleaned.jsonl"
    assert run("clean", path, "-o", output).exit_code == 1
    assert [row["id"] for row in rows(output)] == [*range(30), *range(60, 90)]
    (error,) = rows(tmp_path / "cleaned.jsonl.errors.jsonl")
    assert error["place"] == f"{path}:31-60"


# -- JSON lines and Parquet ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_json_lines_are_read_and_written_compressed(suffix: str, tmp_path: Path, model: Path) -> None:
    documents: list[dict[str, object]] = [{"id": number, "html": html} for number, html in enumerate(PAGE_SOURCES)]
    path = packed(tmp_path / f"crawl.jsonl{suffix}", lines(documents))
    output = tmp_path / f"cleaned.jsonl{suffix}"
    assert run("clean", path, "-o", output, "--model", model).exit_code == 0
    expected = [{**row, "html": paywallclf.clean_html(row["html"], model=model)} for row in documents]
    assert rows(unpacked(output)) == expected


def test_compression_is_seen_in_the_data_whatever_the_name_says(tmp_path: Path) -> None:
    path = tmp_path / "crawl.jsonl"
    path.write_bytes(gzip.compress(lines([{"html": PAGE}])))
    (tmp_path / "plain.jsonl.gz").write_bytes(lines([{"html": PAGE}]))
    (tmp_path / "page").write_bytes(gzip.compress(PAGE.encode()))
    assert run("clean", path).stdout == run("clean", tmp_path / "plain.jsonl.gz").stdout
    assert run("clean", tmp_path / "page", "--threshold", "1").stdout == PAGE


def test_parquet_keeps_its_other_columns_and_their_types(tmp_path: Path, model: Path) -> None:
    moment = datetime.datetime(2026, 3, 1, 6, tzinfo=datetime.UTC)
    schema = pa.schema(
        [
            ("id", pa.int32()), ("html", pa.large_string()), ("seen", pa.timestamp("ns", "UTC")), ("price", pa.decimal128(9, 2)),
            ("vector", pa.list_(pa.float32())), ("none", pa.string()), ("raw", pa.binary()),
        ]
    )  # fmt: skip
    row = {"html": PAGE, "seen": moment, "price": Decimal("1.50"), "vector": [0.5, 1.5], "none": None, "raw": b"\xff"}
    path = tmp_path / "crawl.parquet"
    pq.write_table(pa.Table.from_pylist([{"id": number, **row} for number in range(3)], schema), path)
    output = tmp_path / "cleaned.parquet"
    assert run("clean", path, "-o", output, "--model", model).exit_code == 0
    cleaned = pq.read_table(output)
    assert cleaned.schema.equals(schema)
    assert cleaned.to_pylist() == [
        {"id": number, **row, "html": paywallclf.clean_html(PAGE, model=model)} for number in range(3)
    ]
    assert not (tmp_path / "cleaned.parquet.parts").exists()
    (first, *_) = rows(run("clean", path, "--threshold", "1").stdout)
    assert first == {"id": 0, **row, "seen": "2026-03-01T06:00:00+00:00", "price": "1.50", "raw": "/w=="}


def test_parquet_of_bytes_is_decoded_as_browsers_do(tmp_path: Path) -> None:
    html = '<meta charset="koi8-r"><p>Привет, читатель.</p>'
    pq.write_table(pa.table({"html": [html.encode("koi8-r")]}), tmp_path / "crawl.parquet")
    output = tmp_path / "cleaned.parquet"
    assert run("clean", tmp_path / "crawl.parquet", "-o", output, "--threshold", "1").exit_code == 0
    assert pq.read_table(output).to_pylist() == [{"html": html}]


def test_records_of_any_shape_go_to_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paywallclf.cli.run.CHECKPOINT_RECORDS", 2)  # a part for every two records
    documents: list[dict[str, object]] = [
        {"html": "<p>one</p>", "n": 1, "mixed": 1, "meta": {"a": 1}, "empty": {}, "tags": []},
        {"html": "<p>two</p>", "n": 2, "mixed": "x", "meta": {"a": 2}, "empty": {}, "tags": []},
        {"html": "<p>three</p>", "n": 2.5, "mixed": True, "meta": {"b": "z"}, "tags": ["t"], "late": "\ud800"},
        {"text": "four", "n": 2**70},
    ]
    output = tmp_path / "cleaned.parquet"
    result = run("clean", "-o", output, "--threshold", "1", stdin=lines(documents))
    assert result.exit_code == 0, result.stderr
    found = pq.read_table(output).to_pylist()
    assert [row["html"] or row["text"] for row in found] == ["<p>one</p>", "<p>two</p>", "<p>three</p>", "four"]
    assert [row["mixed"] for row in found] == ["1", "x", "true", None]
    assert [row["n"] for row in found] == ["1", "2", "2.5", str(2**70)]
    assert found[2]["meta"] == {"a": None, "b": "z"}
    assert [row["tags"] for row in found] == [[], [], ["t"], None]
    assert found[0]["empty"] == "{}"
    assert found[2]["late"] == "?"


def test_classify_gives_parquet_of_all_that_is_known_of_the_blocks(tmp_path: Path, model: Path) -> None:
    path = tmp_path / "crawl.warc.gz"
    write_warc(path, [Record(number, html.encode()) for number, html in enumerate(PAGE_SOURCES)])
    output = tmp_path / "labels.parquet"
    assert run("classify", path, "-o", output, "--model", model).exit_code == 0
    in_json = rows(run("classify", path, "--format", "jsonl", "--model", model).stdout)
    for row, expected in zip(pq.read_table(output).to_pylist(), in_json, strict=True):
        labels = [{name: value for name, value in entry.items() if value is not None} for entry in row.pop("labels")]
        assert labels == expected.pop("labels")
        assert row == expected


def test_a_folder_of_archives_goes_to_a_folder_of_records(tmp_path: Path) -> None:
    folder = tmp_path / "crawl"
    (folder / "march").mkdir(parents=True)
    write_warc(folder / "march" / "1.warc.gz", [Record(1, PAGE.encode()), Record(2, PAGE.encode())])
    write_warc(folder / "march" / "2.warc.zst", [Record(3, PAGE.encode())])
    packed(folder / "more.jsonl.gz", lines([{"id": 4, "html": PAGE}]))
    (folder / "page.html").write_text(PAGE)

    def found(output: Path) -> dict[str, int]:
        files = [path for path in output.rglob("*") if path.is_file()]
        return {str(path.relative_to(output)): len(unpacked(path).splitlines()) for path in files}

    assert run("clean", folder, "-o", tmp_path / "a").exit_code == 0
    assert found(tmp_path / "a") == {"march/1.jsonl": 2, "march/2.jsonl": 1, "more.jsonl.gz": 1, "page.html": 1}
    assert run("clean", folder, "-o", tmp_path / "b", "--format", "parquet").exit_code == 0
    counts = {name: pq.read_table(tmp_path / "b" / name).num_rows for name in found(tmp_path / "b")}
    assert counts == {"march/1.parquet": 2, "march/2.parquet": 1, "more.parquet": 1, "page.parquet": 1}
    assert run("clean", folder, "-o", tmp_path / "all.parquet").exit_code == 0
    assert pq.read_table(tmp_path / "all.parquet").num_rows == 5
    assert run("classify", folder, "-o", tmp_path / "c").exit_code == 0
    assert set(found(tmp_path / "c")) == {"march/1.txt", "march/2.txt", "more.txt", "page.txt"}


def test_nothing_gives_an_empty_file_of_the_format(tmp_path: Path) -> None:
    write_warc(tmp_path / "crawl.warc", [Record(1, b"<p>Gone</p>", status=404)])
    assert run("clean", tmp_path / "crawl.warc", "-o", tmp_path / "a.parquet").exit_code == 0
    assert pq.read_table(tmp_path / "a.parquet").num_rows == 0
    assert run("clean", tmp_path / "crawl.warc", "-o", tmp_path / "a.jsonl").exit_code == 0
    assert (tmp_path / "a.jsonl").read_bytes() == b""


# -- interruption ------------------------------------------------------------------------------------------------------------------

N_RECORDS = 1100


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two archives and a file of lines; some records damaged, one archive cut short."""
    folder = tmp_path_factory.mktemp("crawl")
    pages = [Record(number, PAGE.replace("six", str(number)).encode()) for number in range(N_RECORDS)]
    pages[7:7] = [Record(90007, b"", kind="request"), Record(90008, b"<p>Gone</p>", status=410)]
    places = write_warc(folder / "1.warc.gz", pages)
    data = bytearray((folder / "1.warc.gz").read_bytes())
    for number in (3, 600, 601, 1000):
        middle = (places[number] + places[number + 1]) // 2
        data[middle : middle + 4] = b"\xff" * 4
    (folder / "1.warc.gz").write_bytes(data)
    documents = [{"id": f"line {number}", "html": PAGE.replace("six", str(number))} for number in range(500)]
    broken = lines(documents).replace(b'"line 400"', b'"line 400')
    (folder / "2.jsonl.gz").write_bytes(gzip.compress(broken)[:-900])
    write_warc(folder / "3.warc", [Record(50_000 + number, PAGE.encode()) for number in range(100)])
    return folder


def outputs(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def killed_in_the_middle(arguments: list[str], folder: Path, wait: float) -> bool:
    """Run the program and kill it, once it has made another checkpoint and some time went by; False if it ended before."""
    process = subprocess.Popen(command(*arguments), stderr=subprocess.DEVNULL, env=environment(), start_new_session=True)

    def saved() -> set[tuple[int, int]]:
        found = set()
        for path in folder.glob("*.progress.json"):
            try:
                status = path.stat()
            except FileNotFoundError:  # it was the last
                continue
            found.add((status.st_ino, status.st_mtime_ns))
        return found

    before = saved()
    give_up = time.monotonic() + 60
    while process.poll() is None and saved() == before and time.monotonic() < give_up:
        time.sleep(0.002)
    time.sleep(wait)
    in_the_middle = process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    return in_the_middle


@pytest.mark.parametrize(
    ("name", "jobs"),
    [
        ("cleaned.jsonl", 1),
        ("cleaned.jsonl", 2),
        ("cleaned.jsonl.gz", 1),
        ("cleaned.jsonl.zst", 1),
        ("cleaned.parquet", 1),
        ("cleaned.parquet", 2),
        ("cleaned", 2),
    ],
)
def test_a_run_that_is_killed_and_given_again_ends_with_the_same_bytes(
    name: str, jobs: int, crawl: Path, tmp_path: Path, model: Path
) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    options = ["--model", str(model), "--jobs", str(jobs)]
    whole = run("clean", crawl, "-o", tmp_path / "whole" / name, *options)
    assert whole.exit_code == 1
    arguments = ["clean", str(crawl), "-o", str(tmp_path / "killed" / name), *options]
    kills = sum(killed_in_the_middle(arguments, tmp_path / "killed", wait) for wait in (0.02, 0.0))
    assert kills >= 1
    resumed = run(*arguments)
    assert resumed.exit_code == 1
    assert said(resumed)[0].startswith("paywallclf: going on with an interrupted run, after ")
    assert said(resumed)[-2:] == [line.replace("/whole/", "/killed/") for line in said(whole)[-2:]]
    assert outputs(tmp_path / "killed") == outputs(tmp_path / "whole")
    assert run(*arguments).stderr.count("going on") == 0  # it is complete: given once more, it begins anew


def test_a_full_disk_is_said_and_the_run_goes_on_when_there_is_room(crawl: Path, tmp_path: Path, model: Path) -> None:
    expected = tmp_path / "expected.jsonl"
    run("clean", crawl, "-o", expected, "--model", model)
    output = tmp_path / "cleaned.jsonl"
    arguments = ["clean", crawl, "-o", output, "--model", model]
    # a limit on the size of files, which a full disk looks like to the program
    limit = expected.stat().st_size // 2
    full = subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        env=environment(),
        timeout=120,
        preexec_fn=lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))),  # type: ignore[func-returns-value]
    )  # fmt: skip
    assert full.returncode == 2
    assert full.stderr.splitlines()[-1] == (
        f"paywallclf: {output} cannot be written: File too large; the same command goes on from here once it can"
    )
    assert run(*arguments).exit_code == 1
    assert output.read_bytes() == expected.read_bytes()


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_says_how_to_go_on(jobs: int, crawl: Path, tmp_path: Path, model: Path) -> None:
    output = tmp_path / "cleaned.jsonl"
    arguments = ["clean", crawl, "-o", output, "--model", model, "--jobs", jobs]
    process = subprocess.Popen(command(*arguments), stderr=subprocess.PIPE, env=environment(), start_new_session=True)
    while process.poll() is None and not (tmp_path / "cleaned.jsonl.progress.json").exists():
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert errors.decode().rstrip().splitlines()[-1] == "paywallclf: interrupted; the same command goes on from here"
    assert run(*arguments).exit_code == 1
    numbers = [row["id"] for row in rows(output)]
    assert len(numbers) == len(set(numbers)) > N_RECORDS


def test_an_interrupted_run_is_not_gone_on_with_by_another(crawl: Path, tmp_path: Path, model: Path) -> None:
    output = tmp_path / "cleaned.jsonl"
    arguments = ["clean", crawl, "-o", output, "--model", model]
    assert killed_in_the_middle(list(map(str, arguments)), tmp_path, 0)
    manifest = tmp_path / "cleaned.jsonl.progress.json"
    before = output.read_bytes()
    for other in (
        [*arguments, "--drop", "promo,other"],
        [*arguments, "--format", "text"],
        ["clean", crawl / "1.warc.gz", "-o", output, "--model", model],
        ["clean", crawl, "-o", output],
        ["classify", crawl, "-o", output, "--model", model],
    ):
        result = run(*other)
        assert result.exit_code == 2
        (line,) = said(result)
        assert line.startswith(f"paywallclf: {manifest} is of an unfinished run with other inputs, options or another model")
    assert output.read_bytes() == before
    output.write_bytes(b"")
    assert "has changed since its run was interrupted" in run(*arguments).stderr
    manifest.write_text("{")
    assert "is damaged: delete it to begin anew" in run(*arguments).stderr
    manifest.unlink()
    assert run(*arguments, "--jobs", "2").exit_code == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cleaned.jsonl", "cleaned.jsonl.errors.jsonl"]


def test_a_model_that_is_replaced_changes_no_run_that_goes_on(tmp_path: Path, model: Path) -> None:
    mine = tmp_path / "model"
    shutil.copytree(model, mine)
    process = subprocess.Popen(
        command("clean", "--model", mine), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(lines([{"html": PAGE}]))
    process.stdin.flush()
    first = process.stdout.readline()
    assert not any(promo.encode() in first for promo in PROMOS)
    config = json.loads((mine / "config.json").read_text())
    config["thresholds"] = dict.fromkeys(config["thresholds"], 1.0)
    (mine / "config.json").write_text(json.dumps(config))
    rest, _ = process.communicate(lines([{"html": PAGE}]), timeout=60)
    assert rest == first


# -- size --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "jobs"), [("cleaned.jsonl.gz", 1), ("cleaned.parquet", 2)])
def test_memory_does_not_grow_with_the_number_of_records(name: str, jobs: int, tmp_path: Path, model: Path) -> None:
    def peak(n_records: int) -> int:
        """Of the largest process, in MiB."""
        crawl = tmp_path / f"{n_records}.jsonl"
        crawl.write_bytes(lines([{"id": number, "html": PAGE + "<!-- " + "filler " * 8000} for number in range(n_records)]))
        program = (
            "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; "
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, code)"
        )
        arguments = command("clean", crawl, "-o", tmp_path / f"{n_records} {name}", "--model", model, "--jobs", jobs)
        said = subprocess.check_output([sys.executable, "-c", program, *arguments], env=environment(), text=True, timeout=120)
        size, code = map(int, said.split())
        assert code == 0
        return size >> 10

    # the records of the larger take 80 MB more, and so does its output; both fill a row group, and what waits between the processes
    # varies by some 30 MB on a busy machine
    assert peak(3000) < peak(1500) + 40


def test_a_row_group_of_parquet_is_not_held_whole(tmp_path: Path) -> None:
    from paywallclf.cli import parquet
    from paywallclf.cli.reading import Input

    path = tmp_path / "crawl.parquet"
    pages = [
        random.Random(number).randbytes(10_000).hex() for number in range(1500)
    ]  # 30 MB, of which half cannot be compressed
    pq.write_table(pa.table({"html": pages}), path, use_dictionary=False, compression="zstd", write_batch_size=64)
    assert pq.ParquetFile(path).num_row_groups == 1
    before = pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _ in parquet.read(Input(str(path), path, "parquet"))]
    assert len(held) == len(pages)
    assert max(held) < 10e6


def test_damage_alone_is_read_in_flat_memory_too() -> None:
    from paywallclf.cli.reading import Failure, Input
    from paywallclf.cli.work import outcomes_of

    taken = 0

    def endless() -> Iterator[Failure]:
        nonlocal taken
        while True:
            taken += 1
            yield Failure(Input("crawl.jsonl", Path("crawl.jsonl"), "jsonl"), "crawl.jsonl:1", "no JSON", taken)

    outcomes = outcomes_of(endless(), str, 2)  # type: ignore[arg-type]
    assert [next(outcomes)[0].record for _ in range(200)] == list(range(1, 201))
    outcomes.close()
    assert taken < 500


# -- what goes wrong ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"%PDF-1.7 ...", "paper.html", "a PDF: give pages as HTML, text, JSONL, WARC or Parquet"),
        (b"\x89PNG\r\n\x1a\n...", "chart", "an image: give pages as"),
        (b"PK\x03\x04...", "article.txt", "a ZIP file: give pages as"),
        (b"\x1f\x8b\x08\x00 and then nothing of use", "page.html.gz", "page.html.gz: "),
        (gzip.compress(b"<p>Rain</p>" * 1000)[:-20], "page.html.gz", "damaged: "),
        (b"no archive at all", "crawl.warc.gz", "damaged record: Invalid WARC header"),
        (b"PAR1 but no more", "crawl.parquet", "no Parquet file that can be read"),
        (b"{]", "crawl.jsonl", "crawl.jsonl:1: not JSON"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "article.doc", "an Office document: give pages as"),
        (random.Random(0).randbytes(9_000), "program", "no text, but binary data: give pages as"),
        (b"id,html\n1,<p>Rain</p>\n", "pages.csv", "a table (.csv): give its rows as JSON lines or Parquet"),
        (b'[\n  {"html": "<p>Rain</p>"}\n]', "pages.json", "give a document a line"),
        (b'{\n  "html": "<p>Rain</p>"\n}', "page", "give a document a line"),
    ],
)  # fmt: skip
def test_an_input_of_the_wrong_format_is_said_in_one_line(content: bytes, name: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    result = run("clean", path)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = said(result)
    assert line.startswith(f"paywallclf: {path}")
    assert words in line


def test_a_file_that_may_not_be_read_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "page.html"
    path.write_text(PAGE)

    def refuse(name: object, *arguments: object) -> None:
        raise PermissionError(13, "Permission denied", str(name))

    monkeypatch.setattr("paywallclf.cli.reading.open", refuse, raising=False)  # root may read anything
    result = run("clean", path)
    assert result.exit_code == 2
    assert said(result) == [f"paywallclf: {path}: Permission denied: make it readable for this user"]


def test_a_folder_that_may_not_be_read_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.html").write_text(PAGE)

    def refuse(name: object) -> None:
        raise PermissionError(13, "Permission denied", str(name))

    monkeypatch.setattr(os, "scandir", refuse)  # root may read anything
    result = run("clean", tmp_path)
    assert result.exit_code == 2
    assert said(result) == [f"paywallclf: {tmp_path}: Permission denied: make it readable for this user"]


@pytest.mark.parametrize("arguments", [["clean"], ["classify"], ["clean", "--format", "jsonl"]])
def test_a_full_device_is_said_in_one_line(arguments: list[str], tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(PAGE)
    result = run(*arguments, path, "-o", "/dev/full")
    assert result.exit_code == 2
    remedy = "cannot be written: No space left on device; make room, or give another place"
    assert said(result) == [f"paywallclf: /dev/full {remedy}"]
    with open("/dev/full", "wb") as full:
        process = subprocess.run(command(*arguments, path), stdout=full, stderr=subprocess.PIPE, env=environment(), timeout=60)
    assert process.returncode == 2
    assert process.stderr.decode().splitlines() == [f"paywallclf: the output {remedy}"]


@pytest.mark.parametrize("arguments", [["--help"], ["clean", "--help"], ["evaluate", PAGES[0].parent / "labels.jsonl"]])
def test_what_goes_to_a_full_standard_output_is_said_in_one_line(arguments: list[object]) -> None:
    with open("/dev/full", "wb") as full:
        process = subprocess.run(command(*arguments), stdout=full, stderr=subprocess.PIPE, env=environment(), timeout=120)
    assert process.returncode == 2
    (line,) = process.stderr.decode().splitlines()
    assert line.startswith("paywallclf: the output cannot be written: No space left on device")


@pytest.mark.parametrize(
    ("module", "extra", "make"),
    [
        ("fastwarc", "warc", lambda path: write_warc(path / "in.warc.gz", [Record(1, b"<p>Rain</p>")])),
        ("fastwarc.stream_io", "warc", lambda path: packed(path / "in.jsonl.zst", b"{}")),
        ("pyarrow.parquet", "parquet", lambda path: pq.write_table(pa.table({"html": ["<p>Rain</p>"]}), path / "in.parquet")),
    ],
)
def test_a_missing_extra_is_named(
    module: str, extra: str, make: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path)  # type: ignore[operator]
    monkeypatch.setitem(sys.modules, module, None)
    result = run("clean", tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = said(result)
    assert line.endswith(f"which is not installed: pip install 'paywallclf[{extra}]'")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "parquet"], "--format parquet needs -o"),
        (["--format", "jsonl", "-o", "out.parquet"], "--format jsonl and -o out.parquet do not go together"),
        (["--format", "parquet", "-o", "out.jsonl.gz"], "--format parquet and -o out.jsonl.gz do not go together"),
        (["-o", "gone/out.parquet"], "cannot be written: No such file or directory; make the folder first"),
        (["-o", "page.html/out.jsonl"], "cannot be written: Not a directory"),
    ],
)
def test_an_output_that_cannot_be_is_said_in_one_line(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("page.html").write_text(PAGE)
    result = run("clean", "page.html", *arguments)
    assert result.exit_code == 2
    (line,) = said(result)
    assert words in line
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_many_failures_are_named_in_the_side_file_and_the_first_on_the_screen(tmp_path: Path) -> None:
    path = tmp_path / "crawl.jsonl"
    path.write_bytes(b'{"id": 1}\n' * 40)
    output = tmp_path / "cleaned.jsonl"
    result = run("clean", path, "-o", output)
    assert result.exit_code == 2  # there is nothing in the output
    assert len(rows(tmp_path / "cleaned.jsonl.errors.jsonl")) == 40
    assert rows(tmp_path / "cleaned.jsonl.errors.jsonl")[39]["id"] == "1"
    assert len(said(result)) == 12
    # the side file is no input of a later run, and goes when nothing fails any more
    path.write_bytes(lines([{"html": PAGE}]))
    assert run("clean", tmp_path, "-o", tmp_path / "out").exit_code == 0
    output.unlink()
    assert run("clean", path, "-o", output).exit_code == 0
    assert not (tmp_path / "cleaned.jsonl.errors.jsonl").exists()
