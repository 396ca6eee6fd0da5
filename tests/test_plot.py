"""The plot of speed against leak: what it takes, and that everything measured is on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

pytest.importorskip("matplotlib", reason="the plot needs matplotlib: pip install '.[plot]'")

from training.__main__ import main


def timed(name: str, ms: float, pages: str = "corpus") -> dict[str, Any]:
    return {"extra_info": {"name": name, "ms_per_page": ms, "pages": pages}}


def leaking(extractor: str, how: str, share: float) -> dict[str, Any]:
    return {"extractor": extractor, "how": how, "promo blocks leaked": {"value": share}}


TIMES = {
    "benchmarks": [
        timed("clean_html", 3),
        timed("harbour", 20),
        timed("ferry", 2),
        timed("harbour", 9, "generated"),
        {"extra_info": {}},
    ]
}
LEAKS = {
    "peers": [
        leaking("harbour", "alone", 0.1), leaking("harbour", "clean_html before", 0.03), leaking("ferry", "alone", 0.2),
        leaking("ferry", "clean_html before", 0.05), leaking("quay", "alone", 0.5), leaking("none", "clean_html", 0.07),
    ]
}  # fmt: skip


def plot(folder: Path, times: Any, leaks: Any) -> Any:
    (folder / "times.json").write_text(json.dumps(times))
    (folder / "leaks.json").write_text(json.dumps(leaks))
    arguments = [
        "plot",
        "--benchmarks",
        folder / "times.json",
        "--evaluation",
        folder / "leaks.json",
        "--output",
        folder / "o.svg",
    ]
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_draws_every_tool_that_was_timed_and_measured(tmp_path: Path) -> None:
    result = plot(tmp_path, TIMES, LEAKS)
    assert result.exit_code == 0, result.output
    svg = (tmp_path / "o.svg").read_text()
    assert all(f">{name}<" in svg for name in ("harbour", "ferry", "clean_html"))
    assert ">quay<" not in svg  # nobody timed it


@pytest.mark.parametrize(
    ("times", "leaks", "said"),
    [({"benchmarks": []}, LEAKS, "no time of clean_html"), (TIMES, {}, "no extractor that was timed"), ([], LEAKS, "not what pytest"),
     ({"benchmarks": [{}]}, LEAKS, "not what pytest")],
)  # fmt: skip
def test_says_what_is_missing(tmp_path: Path, times: Any, leaks: Any, said: str) -> None:
    result = plot(tmp_path, times, leaks)
    assert result.exit_code == 1
    assert said in result.output
    assert not (tmp_path / "o.svg").exists()
