"""The compiled loops; all else about the package stands in pyproject.toml."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension("paywallclf.html.scan", ["paywallclf/html/scan.pyx"]),
        Extension("paywallclf.features.loops", ["paywallclf/features/loops.pyx"]),
    ]
)
