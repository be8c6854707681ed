"""JUnit XML of the ``xunit2`` family, which Jenkins, GitLab and GitHub actions read.

A suite a submission, a case a test; points are properties of the suite, since a case has
none in this family.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from autograder.exports.context import (
    Context,
    adjustment_lines,
    explanation,
    late_line,
    one_line,
    shown,
)
from autograder.exports.summary import points
from autograder.grades.model import Grade, TestGrade

# The code did not come to an answer; anything else that lost points gave a wrong one.
_ERRORS = ("error", "timeout", "crashed")


def write(grades: Sequence[Grade], _context: Context) -> bytes:
    suites = ElementTree.Element("testsuites", name="autograder")
    for grade in grades:
        _add_suite(suites, grade)
    for count in ("tests", "failures", "errors"):
        suites.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    ElementTree.indent(suites)
    written: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _add_suite(suites: ElementTree.Element, grade: Grade) -> None:
    tests = [(exercise.name, test) for exercise in grade.exercises for test in exercise.tests]
    failed = [test for _, test in tests if test.status != "passed"]
    errors = sum(test.status in _ERRORS for test in failed)
    suite = ElementTree.SubElement(
        suites,
        "testsuite",
        name=f"{grade.assignment}: {shown(grade.student)}",
        tests=str(len(tests)),
        failures=str(len(failed) - errors),
        errors=str(errors),
        skipped="0",
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in _properties(grade, tests):
        ElementTree.SubElement(properties, "property", name=name, value=value)
    for exercise, test in tests:
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"{grade.assignment}.{exercise}", name=shown(test.name)
        )
        if test.status != "passed":
            kind = "error" if test.status in _ERRORS else "failure"
            problem = ElementTree.SubElement(
                case, kind, type=test.mistake or test.status, message=one_line(test.message)
            )
            problem.text = explanation(test, grade.language)


def _properties(grade: Grade, tests: Sequence[tuple[str, TestGrade]]) -> list[tuple[str, str]]:
    found = [
        ("student", shown(grade.student)),
        ("assignment", grade.assignment),
        ("score", points(grade.total)),
        ("max_score", points(grade.max_score)),
        ("isolation", grade.isolation),
    ]
    if grade.penalty:
        found.append(("late", late_line(grade)))
    found += [("adjusted", line) for line in adjustment_lines(grade)]
    found += [
        (f"points {exercise}/{shown(test.name)}", f"{points(test.total)}/{points(test.max_score)}")
        for exercise, test in tests
    ]
    return found
