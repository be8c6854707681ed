"""Gradescope's ``results.json``.

https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format
"""

from __future__ import annotations

from typing import Any

import msgspec

from autograder.exports.context import (
    Context,
    adjustment_lines,
    explanation,
    graded_files,
    late_line,
    shown,
)
from autograder.grades.model import Grade
from autograder.text.messages import text


def write(grade: Grade, context: Context) -> bytes:
    """Hidden tests are visible when the context says so, by default after the due date; until
    then Gradescope shows no total either. What a student is never to see of them is not in the
    grade any more. There is no leaderboard: without the key Gradescope makes none."""
    tests: list[dict[str, Any]] = [
        {
            "name": f"{exercise.name}: {shown(test.name)}",
            "name_format": "text",
            "number": f"{number}.{place}",
            "score": test.total,
            "max_score": test.max_score,
            "status": "passed" if test.status == "passed" else "failed",
            "output": explanation(test, grade.language),
            "output_format": "text",
            "visibility": (context.hidden_visibility if test.visibility == "hidden" else "visible"),
            "extra_data": {"visibility": test.visibility, "mistake": test.mistake},
        }
        for number, exercise in enumerate(grade.exercises, start=1)
        for place, test in enumerate(exercise.tests, start=1)
    ]
    result = {
        "score": grade.total,
        "output": _output(grade),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {
            "student": shown(grade.student),
            "assignment": grade.assignment,
            "max_score": grade.max_score,
            "isolation": grade.isolation,
        },
        "tests": tests,
    }
    return msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n"


def _output(grade: Grade) -> str:
    """What people decided, the late penalty, and what the student's code printed."""
    parts = adjustment_lines(grade)
    parts += [late_line(grade)] if grade.penalty else []
    parts += graded_files(grade)
    for exercise in grade.exercises:
        if exercise.output:
            printed = text("printed", grade.language, exercise=exercise.name)
            parts.append(f"{printed}\n{shown(exercise.output)}")
    return "\n\n".join(parts)
