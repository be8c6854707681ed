"""What GitHub Classroom's reporter takes from a grading step: JSON in base64.

The shape is that of https://github.com/classroom-resources/autograding-grading-reporter,
which adds up the tests' points and prints their names and messages to the log.
"""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from autograder.exports.context import (
    Context,
    adjustment_lines,
    explanation,
    late_line,
    one_line,
)
from autograder.grades.model import Grade

_STATUS = {"passed": "pass", "error": "error", "timeout": "error", "crashed": "error"}


def write(grade: Grade, context: Context) -> bytes:
    """``status`` is ``error`` where some code did not come to an answer, else ``fail`` where
    points were lost. A late penalty is a test with negative points, so that the sum is right; so
    is what people decided about more than a test."""
    tests: list[dict[str, Any]] = []
    for exercise in grade.exercises:
        for test in exercise.tests:
            tests.append(
                {
                    "name": _log_line(f"{exercise.name}: {test.name}"),
                    "status": _STATUS.get(test.status, "fail"),
                    "score": test.total,
                    "message": _log_line(explanation(test, grade.language)),
                    "test_code": "",
                    "filename": context.path(grade, test.file or f"{exercise.name}.py"),
                    "line_no": test.line or 0,
                    "duration": 0,
                }
            )
    if grade.penalty:
        tests.append(
            {
                "name": _log_line(late_line(grade)),
                "status": "fail",
                "score": -grade.penalty,
                "message": _log_line(late_line(grade)),
                "test_code": "",
                "filename": "",
                "line_no": 0,
                "duration": 0,
            }
        )
    decided = round(grade.total + (grade.penalty or 0.0) - _sum_of_tests(grade), 9)
    if grade.adjustments and decided:
        lines = _log_line("; ".join(adjustment_lines(grade)))
        tests.append(
            {
                "name": lines,
                "status": "pass" if decided > 0 else "fail",
                "score": decided,
                "message": lines,
                "test_code": "",
                "filename": "",
                "line_no": 0,
                "duration": 0,
            }
        )
    seen = {test["status"] for test in tests}
    result = {
        "version": 1,
        "status": "error" if "error" in seen else "fail" if "fail" in seen else "pass",
        "max_score": grade.max_score,
        "tests": tests,
        # Ours; the reporter does not look at them.
        "student": grade.student,
        "assignment": grade.assignment,
    }
    return base64.b64encode(msgspec.json.encode(result)) + b"\n"


def _sum_of_tests(grade: Grade) -> float:
    return sum(test.total for exercise in grade.exercises for test in exercise.tests)


def _log_line(foreign: str) -> str:
    """A line in a log that GitHub's runner does not take for a command to it."""
    line = one_line(foreign).replace("##[", "## [")
    return f"- {line}" if line.startswith("::") else line
