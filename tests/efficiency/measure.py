"""Hold answers of which it is known whether they are slow against the efficiency tests, again and
again, while other processes keep every processor busy: ``make efficiency``.

Prints each answer that got another verdict than it must, and those that came closest to one.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time

from autograder.grading.preparation import prepare
from autograder.sandbox.host import Sandbox
from tests.efficiency.verdicts import answers, timed_exercises, verdicts

RUNS = 20


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    busy = [
        multiprocessing.Process(target=_keep_busy, daemon=True) for _ in range(os.cpu_count() or 1)
    ]
    course, exercises = timed_exercises()
    ready = prepare(list(exercises.values()), course.seed)
    for process in busy:
        process.start()
    wrong = 0
    try:
        with Sandbox("sandbox", course.limits) as sandbox:
            for (name, exercise), prepared in zip(exercises.items(), ready, strict=True):
                for kind, sources in answers()[name].items():
                    seen: dict[tuple[str, str], list[str]] = {}
                    start = time.perf_counter()
                    for _ in range(runs):
                        for answer, found in verdicts(course, exercise, sources, sandbox, prepared):
                            for one in found:
                                if one.passed != (kind == "fast"):
                                    seen.setdefault((answer, one.test), []).append(one.why)
                    wrong += len(seen)
                    taken = time.perf_counter() - start
                    tests = len(exercise.tests)
                    print(
                        f"{name}: {len(sources)} {kind} answers, {tests} tests, {runs} runs: "
                        f"{len(seen)} with another verdict ({taken:.0f} s)",
                        flush=True,
                    )
                    for (answer, test), why in seen.items():
                        print(f"  {answer}, {test}: {len(why)} of {runs}: {', '.join(why[:3])}")
    finally:
        for process in busy:
            process.terminate()
    return 1 if wrong else 0


def _keep_busy() -> None:
    while True:
        sum(i * i for i in range(100_000))


if __name__ == "__main__":
    sys.exit(main())
