"""Importing paywallclf is cheap: what a name needs is loaded when the name is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import paywallclf

PUBLIC = [
    "Block", "Document", "ModelError", "PaywallClassifier", "PaywallWarning", "Result", "classify_html", "classify_text",
    "clean_html", "clean_many", "clean_text", "explain", "load_model", "parse_html", "parse_text", "render",
]  # fmt: skip

#: What takes long to import, or is only for some.
HEAVY = ("numpy", "scipy", "sklearn", "joblib", "safetensors", "bs4", "selectolax", "click", "tqdm")


def loaded_after(code: str) -> set[str]:
    """The modules that a fresh Python has loaded after some code."""
    program = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(paywallclf.__file__).parents[1],
    )
    return set(result.stdout.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = loaded_after("import paywallclf")
    assert "paywallclf" in loaded
    assert not loaded & set(HEAVY)
    assert not {name for name in loaded if name.startswith("paywallclf.")}


def test_cleaning_loads_no_scikit_learn() -> None:
    loaded = loaded_after("import paywallclf\npaywallclf.clean_html('<p>Rain is expected.</p>')")
    assert "numpy" in loaded
    assert not loaded & {"sklearn", "scipy", "joblib", "click"}


def test_parsing_loads_no_model() -> None:
    code = "import paywallclf\npaywallclf.parse_html('<p>Rain</p>')\nfrom paywallclf import api\nassert not api._load.cache_info().currsize"
    loaded_after(code)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there(name: str) -> None:
    assert name in paywallclf.__all__
    assert name in dir(paywallclf)
    assert getattr(paywallclf, name).__name__ == name


def test_no_public_name_is_untested() -> None:
    assert set(paywallclf.__all__) == {*PUBLIC, "__version__"}


def test_everything_public_says_what_it_does() -> None:
    for name in PUBLIC:
        assert (getattr(paywallclf, name).__doc__ or "").strip(), name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'paywallclf' has no attribute 'clean_pdf'"):
        paywallclf.clean_pdf  # noqa: B018
