"""GitHub Actions: annotations for the log, a summary of the step, and its outputs.

https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from autograder.exports.context import (
    Context,
    adjustment_lines,
    explanation,
    late_line,
    lost,
    one_line,
    shown,
)
from autograder.exports.markdown import class_table, details
from autograder.exports.summary import points
from autograder.grades.model import Grade, TestGrade
from autograder.text.messages import text

# GitHub refuses a summary of more than 1 MiB.
MAX_SUMMARY_BYTES = 1_000_000


def write(grades: Sequence[Grade], context: Context) -> bytes:
    """The annotations: a line for each place in the student's files and what is wrong there.

    Tests that have the same to say are put together: GitHub shows ten annotations a step.
    """
    lines = []
    for grade in grades:
        together: dict[tuple[str, str, int, str], list[TestGrade]] = {}
        for exercise, test in lost(grade):
            file = context.path(grade, test.file or f"{exercise}.py")
            key = (exercise, file, test.line or 1, explanation(test, grade.language))
            together.setdefault(key, []).append(test)
        for (exercise, file, line, message), tests in together.items():
            lines.append(_command("error", message, file, line, _title(exercise, tests)))
        for decided in adjustment_lines(grade):
            title = f"{one_line(grade.student)}: {grade.assignment}"
            lines.append(f"::notice title={_property(title)}::{_data(decided)}")
        if grade.penalty:
            title = f"{one_line(grade.student)}: {grade.assignment}"
            lines.append(f"::warning title={_property(title)}::{_data(late_line(grade))}")
    return "".join(f"{line}\n" for line in lines).encode()


def _command(kind: str, message: str, file: str, line: int, title: str) -> str:
    properties = f"file={_property(file)},line={line},title={_property(title)}"
    return f"::{kind} {properties}::{_data(message)}"


def _title(exercise: str, tests: Sequence[TestGrade]) -> str:
    names = ", ".join(one_line(test.name) for test in tests)
    reached = points(sum(test.total for test in tests))
    return f"{exercise}: {names} ({reached}/{points(sum(test.max_score for test in tests))})"


def _data(value: str) -> str:
    escaped = value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    # An older form of command is looked for anywhere in a line.
    return escaped.replace("##[", "## [")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


def summary(grades: Sequence[Grade], _context: Context) -> str:
    """Markdown for ``$GITHUB_STEP_SUMMARY``; without the details where it would be too long."""
    table = class_table(grades)
    ending = [] if any(lost(grade) for grade in grades) else ["", _all_passed(grades)]
    whole = "\n".join([*table, *details(grades), *ending]) + "\n"
    if len(whole.encode()) <= MAX_SUMMARY_BYTES:
        return whole
    short = "\n".join(table).encode()[:MAX_SUMMARY_BYTES].decode("utf-8", "ignore")
    return short[: short.rindex("\n") + 1]


def _all_passed(grades: Sequence[Grade]) -> str:
    return text("all_passed", grades[0].language) if grades else ""


def outputs(grades: Sequence[Grade], _context: Context) -> str:
    """Lines for ``$GITHUB_OUTPUT``: ``score``, ``max_score``, ``passed`` and ``grades``, which
    is JSON on one line."""
    listed = [
        {
            "student": shown(grade.student),
            "assignment": grade.assignment,
            "score": grade.total,
            "max_score": grade.max_score,
        }
        for grade in grades
    ]
    passed = not any(lost(grade) for grade in grades)
    return (
        f"score={points(sum(grade.total for grade in grades))}\n"
        f"max_score={points(sum(grade.max_score for grade in grades))}\n"
        f"passed={'true' if passed else 'false'}\n"
        f"grades={msgspec.json.encode(listed).decode()}\n"
    )
