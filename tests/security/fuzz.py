"""``make fuzz``: atheris at everything that takes in bytes from outside, coverage-guided.

    python -m tests.security.fuzz [SECONDS]          every target, one after the other
    python -m tests.security.fuzz SECONDS TARGET     one of them

A crash ends it with the input's file; make it a test in test_fuzz.py before mending it.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

SECONDS = 600


def main(seconds: int, target: str | None) -> int:
    if importlib.util.find_spec("atheris") is None:
        print(
            f"atheris has no wheel for Python {sys.version_info.major}.{sys.version_info.minor} "
            "on this machine: nothing is fuzzed; the tests do some of it without"
        )
        return 0
    if target is not None:
        return _fuzz(target, seconds)
    from tests.security.fuzz_targets import TARGETS

    failed = []
    for name in TARGETS:
        each = str(max(1, seconds // len(TARGETS)))
        done = subprocess.run(
            [sys.executable, "-m", "tests.security.fuzz", each, name],
            capture_output=True,
            text=True,
        )
        runs = [line for line in done.stderr.splitlines() if line.startswith("Done ")]
        print(f"{name:12} {runs[-1] if runs else 'CRASHED'}", flush=True)
        if done.returncode:
            failed.append(name)
            print(done.stdout[-2000:], done.stderr[-3000:])
    return 1 if failed else 0


def _fuzz(target: str, seconds: int) -> int:
    import atheris

    with atheris.instrument_imports(include=["autograder"]):
        from tests.security.fuzz_targets import SEEDS, TARGETS
    corpus = Path(tempfile.mkdtemp(prefix=f"autograder-fuzz-{target}-"))
    for number, seed in enumerate(SEEDS[target]):
        (corpus / f"seed-{number}").write_bytes(seed)
    arguments = [sys.argv[0], str(corpus), f"-max_total_time={seconds}", "-max_len=4096"]
    atheris.Setup(arguments, TARGETS[target])
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(
        main(int(sys.argv[1]) if sys.argv[1:] else SECONDS, sys.argv[2] if sys.argv[2:] else None)
    )
