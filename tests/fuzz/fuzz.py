"""Coverage-guided fuzzing of `targets`: ``python tests/fuzz/fuzz.py --seconds 3600 [--target NAME] [--findings FOLDER]``.

Each target starts from sound inputs of its own and from those that once broke something (``tests/fuzz/cases/NAME``). Ends with an
error, and the input in the folder, at the first broken promise, crash or hang. Needs atheris (``pip install atheris``).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent

#: A process fuzzes for so many seconds and hands on what it found: what atheris records of the strings that are compared grows by
#: some 80 kB an input, to the limit of memory in an hour.
SECONDS_OF_A_PROCESS = 300

#: An input that takes so long was meant to: 100 times what the largest ones take.
SECONDS_OF_A_HANG = 30


def main() -> None:
    """Fuzz one target, or each in a process of its own, until the time is up or something breaks."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=20, help="in all")
    parser.add_argument("--target", help="default: one after the other")
    parser.add_argument("--corpus", type=Path, help="fuzz in this process, and keep here the inputs that reach new code")
    parser.add_argument("--findings", type=Path, default=HERE / "cases", help="where an input that breaks something is written")
    options = parser.parse_args()

    import atheris  # whoever only looks at this file need not have it

    sys.path.insert(0, str(HERE))
    with atheris.instrument_imports(include=["paywallclf"]):
        from targets import TARGETS

    if options.corpus is None:
        with tempfile.TemporaryDirectory() as corpus:
            for name, target in TARGETS.items():
                if options.target in (None, name):
                    share = target.share if options.target is None else 1
                    _fuzz_in_processes(name, max(1, round(options.seconds * share)), Path(corpus, name), options.findings)
        return

    target = TARGETS[options.target]
    findings = options.findings / options.target
    findings.mkdir(parents=True, exist_ok=True)
    options.corpus.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        seeds = Path(folder, "seeds")
        seeds.mkdir()
        for name, data in target.seeds().items():
            (seeds / name).write_bytes(data)
        dictionary = Path(folder, "dictionary")
        dictionary.write_text("\n".join(map(_entry, target.tokens)) + "\n", encoding="ascii")
        arguments = [
            f"-max_total_time={options.seconds}", f"-timeout={SECONDS_OF_A_HANG}", f"-max_len={target.longest}",
            f"-dict={dictionary}", f"-artifact_prefix={findings}/", "-rss_limit_mb=4096", "-print_final_stats=1",
            f"-report_slow_units={SECONDS_OF_A_HANG}", str(options.corpus), str(seeds),
            *map(str, (HERE / "cases").glob(options.target)),
        ]  # fmt: skip
        atheris.Setup([sys.argv[0], *arguments], target.check)
        atheris.Fuzz()


def _fuzz_in_processes(name: str, seconds: int, corpus: Path, findings: Path) -> None:
    for start in range(0, seconds, SECONDS_OF_A_PROCESS):
        part = min(SECONDS_OF_A_PROCESS, seconds - start)
        print(f"== {name}, {part} s", flush=True)
        command = [
            sys.executable,
            __file__,
            "--target",
            name,
            "--seconds",
            str(part),
            "--corpus",
            corpus,
            "--findings",
            findings,
        ]
        subprocess.run(command, check=True)


def _entry(token: str) -> str:
    """A line of libFuzzer's dictionary format."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in token.encode()) + '"'


if __name__ == "__main__":
    main()
