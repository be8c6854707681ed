"""The verdicts of efficiency tests on the answers in ``answers.yaml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml
from msgspec import Struct
from msgspec.structs import replace

from autograder.course.course import Course
from autograder.course.exercise import EfficiencyTest, Exercise
from autograder.course.loading import load_course
from autograder.grading.finding import ManyLines, Slow
from autograder.grading.grader import ExerciseGrader
from autograder.grading.preparation import Prepared
from autograder.sandbox.host import Sandbox
from autograder.submissions.submission import Submission

ROOT = Path(__file__).parent.parent.parent


class Verdict(Struct, frozen=True):
    """Of one test on one answer. ``why`` has the lines or the time that it was refused for."""

    test: str
    passed: bool
    why: str = ""


def answers() -> dict[str, dict[str, dict[str, str]]]:
    """By exercise, ``fast`` and ``slow``, and name: the source."""
    text = Path(__file__).with_name("answers.yaml").read_text("utf-8")
    found: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(text)
    for kinds in found.values():
        for kind, sources in kinds.items():
            kinds[kind] = {name: f"import numpy as np\n{one}" for name, one in sources.items()}
    return found


def timed_exercises() -> tuple[Course, dict[str, Exercise]]:
    """The exercises that have answers, with their efficiency tests and no others."""
    course = load_course(ROOT)
    found = {}
    for assignment in course.assignments.values():
        for exercise in assignment.exercises:
            if exercise.name in answers():
                tests = tuple(t for t in exercise.run_tests if isinstance(t, EfficiencyTest))
                found[exercise.name] = replace(exercise, tests=tests, mistakes=())
    return course, found


def verdicts(
    course: Course,
    exercise: Exercise,
    sources: Mapping[str, str],
    sandbox: Sandbox,
    prepared: Prepared,
) -> Iterator[tuple[str, list[Verdict]]]:
    """The verdicts on each source, of a grader that has timed nothing before."""
    grader = ExerciseGrader(course, exercise, sandbox, prepared=prepared)
    for name, source in sources.items():
        files = {f"{exercise.name}.py": source}
        _, judgements = grader.run(Submission("ada", exercise.assignment, files))
        found = []
        for judgement in judgements:
            finding = judgement.finding
            match None if finding is None else finding.fault:
                case None:
                    why = ""
                case ManyLines(lines):
                    why = f"{lines} lines"
                case Slow(times):
                    why = f"{times:.0f} times"
                case fault:
                    why = f"{fault}"
            found.append(Verdict(judgement.test.name, finding is None, why))
        yield name, found
