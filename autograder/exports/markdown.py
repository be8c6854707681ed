"""Grades as Markdown: the table of the class, and what each student lost points for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autograder.exports.context import (
    Context,
    adjustment_lines,
    explanation,
    graded_files,
    late_line,
    lost,
    shown,
)
from autograder.exports.summary import points
from autograder.grades.model import Grade
from autograder.text.messages import text

# Marks of Markdown and HTML, mentions, the colon and the point that make links and emoji, and
# white space at either end or in a row.
_MEANING = re.compile(
    r"[\\`*_\[\]<>&|~$@#^\t]|:(?=\S)|(?<=\bwww)\."
    r"|^[^\S\n]|[^\S\n]$|(?<=\s)[^\S\n]|[^\S\n](?=\n)",
    re.IGNORECASE,
)


def write(grades: Sequence[Grade], context: Context) -> bytes:
    lines = [*class_table(grades, context.absent(grades)), *details(grades)]
    return ("\n".join(lines) + "\n").encode()


def class_table(grades: Sequence[Grade], absent: Sequence[str] = ()) -> list[str]:
    """Lines of a table with a row a grade, and one for each of those who handed in nothing."""
    language = grades[0].language if grades else "en"
    words = [text(f"word_{word}", language) for word in ("student", "assignment", "points")]
    lines = [_row(words), "| :-- | :-- | --: |"]
    for grade in grades:
        reached = f"{points(grade.total)} / {points(grade.max_score)}"
        lines.append(_row([escape(grade.student), escape(grade.assignment), reached]))
    return lines + [_row([escape(student), "–", "–"]) for student in absent]


def details(grades: Sequence[Grade]) -> list[str]:
    """For each grade that lost points, a heading and a table with a row a lost test."""
    lines = []
    for grade in grades:
        missed = lost(grade)
        files = graded_files(grade)
        decided = adjustment_lines(grade)
        if not (missed or grade.penalty or files or decided):
            continue
        lines += ["", f"### {escape(grade.student)} · {escape(grade.assignment)}", ""]
        for line in decided:
            lines += [escape(line), ""]
        if grade.penalty:
            lines += [escape(late_line(grade)), ""]
        for line in files:
            lines += [escape(line), ""]
        if missed:
            words = ("exercise", "test", "points", "remark")
            lines.append(_row([text(f"word_{word}", grade.language) for word in words]))
            lines.append("| :-- | :-- | --: | :-- |")
        for exercise, test in missed:
            reached = f"{points(test.total)} / {points(test.max_score)}"
            remark = escape(explanation(test, grade.language), line_end="<br>")
            lines.append(_row([escape(exercise), escape(test.name), reached, remark]))
    return lines


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def escape(foreign: str, line_end: str = "&#10;") -> str:
    """Text that stays text: what could mean something, and white space that would be dropped,
    becomes a character reference, which never means anything but its character."""
    text = shown(foreign)
    escaped = _MEANING.sub(lambda match: f"&#{ord(match[0])};", text)
    return escaped.replace("\n", line_end)
