"""How much the site loads, and how fast it checks: ``make web-speed``.

The first check comes right after the first visit has loaded. Later ones take turns with
``autograder check`` in CPython, which has no sandbox: the command as a whole, and a warm process.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from autograder.course.course import Course
from autograder.course.loading import load_course
from autograder.sandbox.host import Sandbox
from tests.support.chromium import chromium
from tests.web.site import DX, RIGHT, ROOT, Native, Student, release, served

REPEATS = 5


def main() -> None:
    """Print what is measured, a line each."""
    course = load_course(ROOT)
    with tempfile.TemporaryDirectory() as temporary:
        sites = {"linear-layer": ["linear-layer"], "the whole course": []}
        for number, (title, names) in enumerate(sites.items()):
            site = Path(temporary, f"site{number}")
            release(course, site, names)
            size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
            print(f"{title}: {size / 1e6:.2f} MB as served, everything local", flush=True)
        _measure(course, site, Path(temporary, "bundle"))


def _measure(course: Course, site: Path, bundle: Path) -> None:
    (course_zip,) = site.glob("course-*.zip")
    with zipfile.ZipFile(course_zip) as archive:
        archive.extractall(bundle)
    exercise = next(one for one in course.assignments["linear-layer"].exercises if one.name == "dx")
    (bundle / "assignments" / exercise.assignment / exercise.file).write_text(RIGHT, "utf-8")
    command = [sys.executable, "-m", "autograder", "check", exercise.name]
    with (
        chromium() as browser,
        served(site) as address,
        Sandbox("process", course.limits) as sandbox,
    ):
        begin = time.monotonic()
        student = Student(browser.new_page(), address, DX)
        print(f"first visit: {time.monotonic() - begin:.2f} s until Python is ready")
        student.write(RIGHT)
        print(f"first check: {_seconds(student.check):.2f} s")
        native = Native(bundle, sandbox)
        native.check(exercise, RIGHT, course.language)
        ways: dict[str, Callable[[], object]] = {
            "page": student.check,
            "command": lambda: subprocess.run(command, cwd=bundle, check=True, capture_output=True),
            "warm process": lambda: native.check(exercise, RIGHT, course.language),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(REPEATS):
            for name, way in ways.items():
                seconds[name].append(_seconds(way))
        assert student.passed
    medians = {name: statistics.median(one) for name, one in seconds.items()}
    for name, median in medians.items():
        ratio = medians["page"] / median
        print(f"later checks, {name}: {median:.3f} s; the page takes {ratio:.2f} times as long")


def _seconds(way: Callable[[], object]) -> float:
    begin = time.monotonic()
    way()
    return time.monotonic() - begin


if __name__ == "__main__":
    main()
