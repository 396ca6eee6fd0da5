"""The fuzz targets without a fuzzer: inputs that once broke something, and random ones, on every machine."""

from __future__ import annotations

from pathlib import Path

import pytest
import targets
from hypothesis import given, settings
from hypothesis import strategies as st

CASES = sorted((Path(__file__).parent / "cases").iterdir())

pieces = st.one_of(st.sampled_from([token.encode() for token in targets.TOKENS]), st.binary(max_size=3))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_what_once_broke_something_does_not(path: Path) -> None:
    targets.all_hold(path.read_bytes())


@settings(max_examples=150, deadline=None)
@given(data=st.lists(pieces, max_size=30).map(b"".join))
def test_every_promise_holds_for_random_markup(data: bytes) -> None:
    targets.all_hold(data)
