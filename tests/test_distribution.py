"""What pyproject.toml says of the package is all of it; `.ci/full` builds the distributions and uses them."""

from __future__ import annotations

import tomllib
from glob import glob
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "paywallclf"
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

#: Made by Python and the compiler, and what it is made from.
MADE = (".pyc", ".pyx", ".c", ".so", ".pyd")


def test_every_package_is_shipped() -> None:
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in PACKAGE.rglob("__init__.py")}
    assert set(SETTINGS["tool"]["setuptools"]["packages"]) == found


def test_every_file_that_is_no_python_is_shipped() -> None:
    patterns = SETTINGS["tool"]["setuptools"]["package-data"]["paywallclf"]
    shipped = {
        PACKAGE / name for pattern in patterns for name in glob(pattern, root_dir=PACKAGE, recursive=True)
    }  # as setuptools does
    files = {path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix not in (".py", *MADE)}
    assert PACKAGE / "models/default/model.safetensors" in files
    assert files <= shipped


@pytest.mark.parametrize(
    "name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff", "mkdocs.yml", "docs", "datasets"]
)
def test_the_source_distribution_holds_what_the_tests_and_the_documentation_need(name: str) -> None:
    listed = [*(ROOT / "MANIFEST.in").read_text(encoding="utf-8").split(), SETTINGS["project"]["readme"]]
    assert (ROOT / name).exists()
    assert name in listed
