"""The table that ends a grading run: a line a student, or two where the window is narrow.

It is made by hand and not by rich's tables, which would rather fold a remark over fifteen lines
than cut it. What is cut stands in full in the grade files.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.text import Span, Text

from autograder.course.roster import Roster
from autograder.exports.context import late_line
from autograder.exports.summary import points
from autograder.grades.model import ExerciseGrade, Grade
from autograder.text.messages import sanitize, text
from autograder.text.words import begin_list

_MAX_NAME = 32
_MAX_REMARK = 150
_MAX_REMARKS = 3
# So many of those who handed in nothing are named; all are in summary.csv.
_MAX_ABSENT = 20
# A remark with less room than this, in characters, gets a line of its own.
_LEAST_ROOM = 36
_GAP = 2
_INDENT = 4
_ALL_RIGHT = "✓"


def tables(grades: Sequence[Grade], width: int, roster: Roster | None = None) -> Iterator[Text]:
    """One table an assignment, a row a student: points per exercise, total, what went wrong. On
    the ``roster`` is who else is in the class."""
    for assignment in sorted({grade.assignment for grade in grades}):
        rows = [grade for grade in grades if grade.assignment == assignment]
        rows.sort(key=lambda grade: grade.student)
        absent = () if roster is None else roster.absent(grade.student for grade in rows)
        yield Text("\n").join(table_lines(rows, width, absent))


def table_lines(grades: Sequence[Grade], width: int, absent: Sequence[str] = ()) -> Iterator[Text]:
    """The table of grades for one assignment, no line wider than ``width`` where that is
    possible at all. The exercises have numbers, which the first lines explain. A last line names
    those who handed in nothing."""
    language = grades[0].language
    names = [_cut(sanitize(grade.student), _MAX_NAME) for grade in grades]
    heads = [str(number + 1) for number in range(len(grades[0].exercises))]
    heads.append(text("word_total", language))
    cells = [_scores(grade) for grade in grades]
    name_width = max(map(cell_len, [text("word_student", language), *names]))
    widths = [
        max(cell_len(head), *(len(row[column].text) for row in cells))
        for column, head in enumerate(heads)
    ]
    used = name_width + sum(_GAP + one for one in widths) + _GAP
    beside = width - used >= _LEAST_ROOM

    yield from _legend(grades[0], width)
    heading = _row(text("word_student", language), name_width, map(_Cell, heads), widths)
    if beside:
        heading.append(" " * _GAP + text("word_remark", language))
    heading.stylize("bold")
    yield heading
    for grade, name, scores in zip(grades, names, cells, strict=True):
        line = _row(name, name_width, scores, widths)
        found = remark(grade)
        if beside or found == _ALL_RIGHT:
            line.append(" " * _GAP + _cut(found, max(width - used, 1)))
            yield line
        else:
            yield line
            yield Text(" " * _INDENT + _cut(found, width - _INDENT), style="dim")
    if absent:
        who = begin_list([_cut(sanitize(one), _MAX_NAME) for one in absent], _MAX_ABSENT)
        said = text("table_absent", language, n=len(absent), who=who)
        for part in textwrap.wrap(said, width, subsequent_indent=" " * _INDENT):
            yield Text(part, style="dim")


def _legend(grade: Grade, width: int) -> Iterator[Text]:
    exercises = ", ".join(
        f"{number} {exercise.name} ({points(exercise.max_score)})"
        for number, exercise in enumerate(grade.exercises, start=1)
    )
    title = f"{grade.assignment} ({points(grade.max_score)}): {exercises}"
    for line in textwrap.wrap(title, width, subsequent_indent=" " * _INDENT):
        yield Text(line)


class _Cell(NamedTuple):
    text: str
    style: str = ""


def _row(name: str, name_width: int, cells: Iterable[_Cell], widths: Sequence[int]) -> Text:
    # Text, not str: names and messages must not be taken for markup.
    parts, spans = [set_cell_size(name, name_width)], []
    end = len(parts[0])
    for cell, width in zip(cells, widths, strict=True):
        gap = _GAP + width - cell_len(cell.text)
        parts += (" " * gap, cell.text)
        begin, end = end + gap, end + gap + len(cell.text)
        if cell.style:
            spans.append(Span(begin, end, cell.style))
    return Text("".join(parts), spans=spans)


def _scores(grade: Grade) -> list[_Cell]:
    scores = [_points(exercise.total, exercise.max_score) for exercise in grade.exercises]
    return [*scores, _points(grade.total, grade.max_score)]


def _points(score: float, maximum: float) -> _Cell:
    style = "green" if score >= maximum else "red" if score == 0 else "yellow"
    return _Cell(points(round(score, 2)), style)


def _cut(line: str, width: int) -> str:
    """``line`` in at most ``width`` cells; a wide character, as of Korean, fills two."""
    if cell_len(line) <= width:
        return line
    return set_cell_size(line, width - 1).rstrip() + "…"


def remark(grade: Grade) -> str:
    """What was taken off for being late, and what went wrong, once each: known mistakes by
    name, else the first message; files that are missing come last, where they do not hide what
    the others do."""
    remarks: dict[str, None] = {}
    for exercise in sorted(grade.exercises, key=_is_missing):
        for found in _remarks(exercise):
            remarks[found] = None
    if grade.adjustments and (grade.penalty or grade.total != grade.score):
        computed = text("adjusted_remark", grade.language, score=points(round(grade.score, 2)))
        remarks = {computed: None, **remarks}
    if grade.penalty:
        remarks = {late_line(grade).rstrip("."): None, **remarks}
    shown = list(remarks)[:_MAX_REMARKS]
    return "; ".join(shown) + ("; …" if len(remarks) > _MAX_REMARKS else "") or _ALL_RIGHT


def _is_missing(exercise: ExerciseGrade) -> bool:
    return any(test.status == "missing" for test in exercise.tests)


def _remarks(exercise: ExerciseGrade) -> list[str]:
    lost = [test for test in exercise.tests if test.status != "passed"]
    mistakes = list(dict.fromkeys(test.mistake for test in lost if test.mistake is not None))
    if mistakes:
        return mistakes
    return [sanitize(lost[0].message, _MAX_REMARK).rstrip(".")] if lost else []
