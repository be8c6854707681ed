"""A table of what a browser and CPython say of the same answers: ``make web-verdicts``.

All right and wrong answers of ``tests/answers`` and ``tests/wrong_answers``, and the code of every
known mistake; forms of answers by hand. Differences are printed; the last lines count them.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.course.loading import load_course
from autograder.grading.mistakes import mutant
from autograder.release.answer_form import form_yaml, numbers_of
from autograder.sandbox.host import Sandbox
from autograder.text.language import Language
from autograder.truth.reference import load_reference, solution_source
from tests.support.chromium import chromium
from tests.web.site import ROOT, Browser, Native, release, served, verdict
from tests.wrong_answers.measure import wrong_answers

_KINDS = ("right", "wrong", "class", "mistake")


def answers(course: Course, exercise: Exercise) -> Iterator[tuple[str, str, str]]:
    """Kind, title and source of each; of answers by hand, filled in forms."""
    if exercise.answers:
        yield from _forms(course, exercise)
        return
    file = ROOT / "tests" / "answers" / f"{exercise.name}.yaml"
    if file.is_file():
        for kind, given in yaml.safe_load(file.read_text("utf-8")).items():
            for title, source in given.items():
                yield kind, title, f"import numpy as np\n{source}"
    for one in wrong_answers():
        if one.exercise == exercise.name:
            yield "class", f"{one.kind}: {one.title}", one.source
    solution = solution_source(exercise) or ""
    for mistake in exercise.mistakes:
        submission = mutant(exercise, mistake, solution)
        yield "mistake", mistake.name, submission.files[f"{exercise.name}.py"]


def _forms(course: Course, exercise: Exercise) -> Iterator[tuple[str, str, str]]:
    student = "Kim"
    form = form_yaml(course, exercise, course.language, student).decode()
    head, word, _ = form.partition("answers:\n")
    numbers = numbers_of(course, exercise, student)
    solution = load_reference(exercise)
    assert solution is not None
    right = dict(zip(exercise.answers, solution(**numbers), strict=True))
    yield "right", "the solution", head + word + _filled(right)
    for mistake in exercise.mistakes:
        names = {"np": np, **numbers, **right}
        wrong = {name: eval(written, names) for name, written in mistake.outputs.items()}
        yield "mistake", mistake.name, head + word + _filled(right | wrong)


def _filled(answers: Mapping[str, Any]) -> str:
    return "".join(f"  {name}: {np.asarray(one).tolist()}\n" for name, one in answers.items())


class Table:
    """How many answers of each kind were asked about, and of how many both say the same."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.same: Counter[str] = Counter()
        """To the letter."""
        self.judged: Counter[str] = Counter()
        """The same statuses and points."""
        self.different: list[str] = []
        self.refused: list[str] = []
        """Right answers that are refused in the browser alone."""

    def compare(
        self,
        exercise: Exercise,
        given: Iterable[tuple[str, str, str]],
        page: Browser,
        native: Native,
        language: Language,
    ) -> None:
        """Ask both about the ``given`` answers: kind, title, source."""
        for kind, title, source in given:
            self.asked[kind] += 1
            here = native.check(exercise, source, language)
            there = of_page(page.check(exercise, source, language))
            self.judged[kind] += judged(there) == judged(here)
            if verdict(there) == verdict(here):
                self.same[kind] += 1
            else:
                lines = there.get("problem") or _difference(verdict(here), verdict(there))
                self.different.append(f"{exercise.name}, {kind} '{title}':\n{lines}")
            if kind == "right" and here["passed"] and not there["passed"]:
                self.refused.append(f"{exercise.name}: {title}")


@contextlib.contextmanager
def both(course: Course, site: Path, browser: Any) -> Iterator[tuple[Browser, Native]]:
    """The course, of which ``site`` is the site, in the browser and in CPython."""
    with (
        tempfile.TemporaryDirectory() as temporary,
        Sandbox("process", course.limits) as sandbox,
    ):
        # The course in the site is what students get otherwise, too.
        (course_zip,) = site.glob("course-*.zip")
        with zipfile.ZipFile(course_zip) as archive:
            archive.extractall(temporary)
        with served(site) as address:
            yield Browser(browser.new_page(), address), Native(Path(temporary), sandbox)


def main(names: Collection[str]) -> None:
    """Compare them all, or those to the assignments and exercises ``names``."""
    course = load_course(ROOT)
    chosen = [
        one.name
        for one in course.assignments.values()
        if not names or one.name in names or any(own.name in names for own in one.exercises)
    ]
    table = Table()
    with tempfile.TemporaryDirectory() as temporary:
        release(course, Path(temporary), chosen)
        _compare(course, Path(temporary), table, names)
    for kind in _KINDS:
        print(
            f"{kind}: of {table.asked[kind]}, {table.judged[kind]} judged the same, "
            f"{table.same[kind]} the same to the letter"
        )
    print(f"right answers refused in the browser alone: {table.refused or 'none'}")
    asked = max(sum(table.asked.values()), 1)
    for what, counts in (("judged the same", table.judged), ("to the letter", table.same)):
        same = sum(counts.values())
        print(f"{same} of {asked} {what}: {same / asked:.2%}")


def _compare(course: Course, site: Path, table: Table, names: Collection[str]) -> None:
    with chromium() as browser, both(course, site, browser) as (page, native):
        for assignment in course.assignments.values():
            for exercise in assignment.exercises:
                if names and not {exercise.name, assignment.name} & set(names):
                    continue
                begin, shown = time.monotonic(), len(table.different)
                table.compare(exercise, answers(course, exercise), page, native, course.language)
                for different in table.different[shown:]:
                    print(f"\n{different}")
                print(f"{exercise.name}: {time.monotonic() - begin:.0f} s", flush=True)


def judged(exercise: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Status and points of each test."""
    return [(one["name"], one["status"], one["score"]) for one in exercise["tests"]]


def of_page(result: dict[str, Any]) -> dict[str, Any]:
    """The exercise of what the page would be told, as ``autograder check --json`` has it."""
    if result["problem"]:
        return {"passed": False, "tests": [], "problem": result["problem"]}
    found: dict[str, Any] = json.loads(result["check"])["exercises"][0]
    return found


def _difference(here: list[Any], there: list[Any]) -> str:
    lines = difflib.unified_diff(
        [repr(one) for one in here],
        [repr(one) for one in there],
        "CPython",
        "browser",
        n=0,
        lineterm="",
    )
    return "\n".join(f"  {line[:700]}" for line in lines)


if __name__ == "__main__":
    main(sys.argv[1:])
