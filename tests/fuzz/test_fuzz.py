"""The fuzz targets without a fuzzer: inputs that once broke something, and random ones, on every machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from targets import TARGETS

CASES = sorted((Path(__file__).parent / "cases").glob("*/*"))
SEEDS = {name: list(target.seeds().values()) for name, target in TARGETS.items()}


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_once_broke_something_does_not(path: Path) -> None:
    TARGETS[path.parent.name].check(path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_sound_holds(name: str) -> None:
    for data in SEEDS[name][::5]:
        TARGETS[name].check(data)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_promise_holds_for_random_pieces(name: str, data: st.DataObject) -> None:
    tokens = [token.encode() for token in TARGETS[name].tokens]
    pieces = st.lists(st.one_of(st.sampled_from(tokens), st.binary(max_size=3)), max_size=30)
    TARGETS[name].check(b"".join(data.draw(pieces)))


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_every_promise_holds_for_what_is_nearly_sound(name: str, data: st.DataObject) -> None:
    sound = data.draw(st.sampled_from(SEEDS[name]))
    start = data.draw(st.integers(0, len(sound)))
    end = data.draw(st.integers(start, min(len(sound), start + 40)))
    inserted = data.draw(st.one_of(st.sampled_from(TARGETS[name].tokens).map(str.encode), st.binary(max_size=9)))
    TARGETS[name].check(sound[:start] + inserted + sound[end:])
