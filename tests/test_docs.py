"""Every sample of the README and the documentation runs, page by page and in order, as a reader would paste it.

Those of docs/recipes.md, which need other libraries, run in test_recipes.py.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from warcs import Record, write_warc

import paywallclf
from paywallclf.labels import read_labels

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

#: A sample, and the comment before it, if any.
FENCE = re.compile(r"(?:^<!-- (?P<note>[^>]*) -->\n)?^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)

#: Samples that install the package: `.ci/run` runs them, in a fresh environment.
INSTALLS = ("try", "test")


@dataclass(frozen=True)
class Sample:
    language: str
    code: str
    note: str

    @property
    def missing(self) -> str | None:
        """The package that the sample needs and that is not installed."""
        needed = self.note.removeprefix("needs ") if self.note.startswith("needs ") else None
        spec = importlib.util.find_spec(needed) if needed else None
        return needed if spec is None or spec.origin is None else None  # no origin: a folder of that name, as our datasets/


def samples(page: Path) -> Iterator[Sample]:
    for found in FENCE.finditer(page.read_text(encoding="utf-8")):
        yield Sample(found["language"], found["code"], found["note"] or "")


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the samples take for granted: the repository's data, and pages, labels and a crawl of the reader."""
    (tmp_path / "datasets").symlink_to(ROOT / "datasets")
    (tmp_path / "pages").mkdir()
    rows = [json.loads(line) for line in (ROOT / "datasets/pages/labels.jsonl").open(encoding="utf-8")]
    rows = [row | {"path": f"datasets/pages/{row['path']}"} for row in rows if row["id"].startswith(("en_", "de_"))]
    for name, some in (("labels", rows[:6]), ("other-labels", rows[6:])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in some), encoding="utf-8")
    crawled = []
    for row in rows[:4]:
        page = (tmp_path / row["path"]).read_text(encoding="utf-8")
        (tmp_path / "pages" / f"{row['id']}.html").write_text(page, encoding="utf-8")
        crawled.append({"id": row["id"], "html": page})
    write_warc(tmp_path / "crawl.warc.gz", [Record(number, row["html"].encode()) for number, row in enumerate(crawled)])
    (tmp_path / "crawl.jsonl").write_text("".join(json.dumps(row) + "\n" for row in crawled), encoding="utf-8")
    text = "Rain is expected on Friday.\n\nSubscribe to continue reading."
    (tmp_path / "article.txt").write_text(text, encoding="utf-8")
    (tmp_path / "articles.jsonl").write_text(json.dumps({"id": 1, "text": text}) + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_shell(code: str) -> str:
    """What the commands print, run as in an activated environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code], capture_output=True, text=True, env=os.environ | {"PATH": path}
    )
    assert done.returncode == 0, f"{code}{done.stdout[-1000:]}{done.stderr[-2000:]}"
    return done.stdout


def run_page(page: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """Run the samples of a page, hold what they print to the block ``text`` after them, and give their names."""
    fetched = SimpleNamespace(
        text="<p>Rain is expected on Friday.</p>",
        content=b"<p>Rain is expected on Friday.</p>",
        charset_encoding="utf-8",
        headers={"content-type": "text/html; charset=utf-8"},
    )
    names: dict[str, object] = {"response": fetched, "__name__": "__main__"}
    printed, missing = None, None
    for sample in samples(page):
        if sample.note in INSTALLS:
            continue
        if sample.missing:
            missing, printed = sample.missing, None
        elif sample.language == "python":
            capsys.readouterr()
            exec(compile(sample.code, page.name, "exec"), names)
            printed = capsys.readouterr().out
        elif sample.language == "sh":
            printed = run_shell(sample.code)
        elif sample.language == "text" and printed is not None:
            assert printed == sample.code
        else:
            printed = None
    if missing:
        pytest.skip(f"the other samples ran; one of {page.name} needs {missing}")
    return names


@pytest.mark.parametrize(
    "page", [pytest.param(page, id=page.name) for page in PAGES[1:] if any(samples(page)) and page.name != "recipes.md"]
)
def test_the_samples_run(page: Path, workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_page(page, capsys)


def test_the_samples_are_found() -> None:
    languages = [sample.language for page in PAGES for sample in samples(page)]
    fences = sum(page.read_text(encoding="utf-8").count("```") for page in PAGES)
    assert len(languages) * 2 == fences, "a sample that names no language is never run"
    assert set(languages) <= {"python", "sh", "text", "json"}


def test_the_readme_leaves_the_article_without_its_promos(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = run_page(ROOT / "README.md", capsys)
    assert names["article"] == "<p>Rain is expected on Friday.</p>"
    assert "Vous avez lu 4 articles" not in str(names["text"])  # the meter of the example page
    assert "L’odeur de chlore" in str(names["text"])  # how its article begins


def test_the_label_files_that_are_shown_are_label_files(tmp_path: Path) -> None:
    shown = [sample for sample in samples(ROOT / "docs/label-files.md") if sample.language in ("json", "text")]
    assert len(shown) == 3
    for sample in shown:
        path = tmp_path / ("labels.csv" if sample.language == "text" else "labels.jsonl")
        path.write_text(sample.code, encoding="utf-8")
        labels = {label for row in read_labels(path) for label in row.labels}
        assert "promo:subscribe" in labels


def test_every_page_is_in_the_navigation() -> None:
    listed = re.findall(r": ([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == [page.name for page in PAGES[1:]]


def test_the_reference_names_everything_public() -> None:
    named = set(re.findall(r"^::: ([\w.]+)$", (ROOT / "docs/reference.md").read_text(encoding="utf-8"), re.MULTILINE))
    public = {f"paywallclf.{name}" for name in paywallclf.__all__ if not name.startswith("__")}
    for module in (ROOT / "paywallclf/integrations").glob("*.py"):
        source = module.read_text(encoding="utf-8")  # not imported: what each needs is an extra
        public |= {
            f"paywallclf.integrations.{module.stem}.{name}" for name in re.findall(r"^class ([A-Z]\w*)", source, re.MULTILINE)
        }
    assert public <= named
