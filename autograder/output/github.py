"""GitHub Actions: annotations for the log, a summary of the step, and its outputs.

https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from autograder.grade import Grade, TestGrade
from autograder.messages import text
from autograder.output.context import Context, explanation, late_line, lost, one_line, shown
from autograder.output.markdown import class_table, details
from autograder.output.summary import points

# GitHub refuses a summary of more than 1 MiB.
MAX_SUMMARY_BYTES = 1_000_000


def write(grades: Sequence[Grade], context: Context) -> bytes:
    """The annotations: a line for each place in the student's files and what is wrong there."""
    lines: dict[str, None] = {}
    for grade in grades:
        for exercise, test in lost(grade):
            lines[_annotation(grade, exercise, test, context)] = None
        if grade.penalty:
            title = _property(f"{one_line(grade.student)}: {grade.assignment}")
            lines[f"::warning title={title}::{_data(late_line(grade))}"] = None
    return "".join(f"{line}\n" for line in lines).encode()


def _annotation(grade: Grade, exercise: str, test: TestGrade, context: Context) -> str:
    file = test.file or f"{exercise}.py"
    reached = f"{points(test.score)}/{points(test.max_score)}"
    properties = {
        "file": context.path(grade, file),
        "line": str(test.line or 1),
        "title": f"{exercise}: {one_line(test.name)} ({reached})",
    }
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::error {listed}::{_data(explanation(test, grade.language))}"


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
