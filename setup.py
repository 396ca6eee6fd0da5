"""The compiled loops; all else about the package stands in pyproject.toml."""

from setuptools import Extension, setup

#: Modules in Cython.
COMPILED = (
    "html/guard", "html/rewrite", "html/scan",
    "features/hashing", "features/tokens", "features/elements", "features/shape", "features/context",
    "ensemble",
)  # fmt: skip

setup(ext_modules=[Extension(f"paywallclf.{name.replace('/', '.')}", [f"paywallclf/{name}.pyx"]) for name in COMPILED])
