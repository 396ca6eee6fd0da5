"""Coverage-guided fuzzing of everything in `targets`: ``python tests/fuzz/fuzz.py --seconds 3600 [--findings FOLDER]``.

Starts from the project's own pages and from the inputs that once broke something (``tests/fuzz/cases``). Ends with an error, and the
input in the folder, at the first broken promise, crash or hang. Needs atheris (``pip install atheris``).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent

#: A page that takes so long was meant to: 100 times what the largest inputs take.
SECONDS_OF_A_HANG = 30
#: Pages are cut to this length, in bytes; what time does with length is tested elsewhere.
LONGEST = 8192


def main() -> None:
    """Fuzz, until the time is up or something breaks."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--findings", type=Path, default=HERE / "cases", help="where an input that breaks something is written")
    options = parser.parse_args()

    import atheris  # whoever only looks at this file need not have it

    sys.path.insert(0, str(HERE))
    with atheris.instrument_imports(include=["paywallclf"]):
        import targets

    with tempfile.TemporaryDirectory() as folder:
        seeds = Path(folder, "seeds")
        seeds.mkdir()
        _write_seeds(seeds)
        dictionary = Path(folder, "dictionary")
        dictionary.write_text("\n".join(map(_entry, targets.TOKENS)) + "\n", encoding="ascii")
        arguments = [
            f"-max_total_time={options.seconds}", f"-timeout={SECONDS_OF_A_HANG}", f"-max_len={LONGEST}", f"-dict={dictionary}",
            f"-artifact_prefix={options.findings}/", "-rss_limit_mb=4096", "-print_final_stats=1", str(seeds),
        ]  # fmt: skip
        atheris.Setup([sys.argv[0], *arguments], targets.all_hold)
        atheris.Fuzz()


def _write_seeds(folder: Path) -> None:
    for path in sorted((HERE.parents[1] / "datasets" / "pages").glob("*.html")):
        page = path.read_bytes()
        for part in range(0, len(page), LONGEST):
            (folder / f"{path.stem}_{part}").write_bytes(page[part : part + LONGEST])
    for path in sorted((HERE / "cases").iterdir()):
        (folder / path.name).write_bytes(path.read_bytes())


def _entry(token: str) -> str:
    """A line of libFuzzer's dictionary format."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in token.encode()) + '"'


if __name__ == "__main__":
    main()
