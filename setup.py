"""The compiled loops; all else about the package stands in pyproject.toml."""

from setuptools import Extension, setup

#: Modules in Cython.
COMPILED = ("html/guard", "html/scan", "features/loops", "features/shape", "features/context")

setup(ext_modules=[Extension(f"paywallclf.{name.replace('/', '.')}", [f"paywallclf/{name}.pyx"]) for name in COMPILED])
