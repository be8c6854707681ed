"""A student's page: points, what went wrong, hints, and the code with the lines concerned.

It shows what the grade shows: whoever gives a page to its student makes it of a grade as
:func:`autograder.grades.feedback.visible` leaves it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import UNSET, Struct

from autograder.exports.context import adjustment_lines, graded_files, late_line
from autograder.exports.summary import points
from autograder.grades.model import ExerciseGrade, Grade, TestGrade
from autograder.report.html import Cell, Number, Wide, code, details, esc, plain_code, table
from autograder.submissions.submission import Submission
from autograder.text.language import Language
from autograder.text.messages import text

# More lines of a file than anybody reads are not shown.
_MAX_LINES = 400


class Work(Struct, frozen=True):
    """A grade, what the assignment is called, and what was handed in, where that is there."""

    grade: Grade
    title: str
    submission: Submission | None = None


def student_body(name: str, works: Sequence[Work], language: Language) -> str:
    """What a student's page says, under the heading ``name``."""
    parts = [f"<h1>{esc(name)}</h1>"]
    for work in works:
        parts += _work(work, language)
    return "\n".join(parts)


def _work(work: Work, language: Language) -> Iterator[str]:
    grade = work.grade
    yield f"<h2>{esc(work.title)}</h2>"
    reached = text(
        "report_points", language, points=points(grade.total), max_score=points(grade.max_score)
    )
    yield f"<p><strong>{esc(reached)}</strong>{_lateness(grade, language)}</p>"
    for line in adjustment_lines(grade):
        yield f'<p class="decided">{esc(line)}</p>'
    if grade.adjustments:
        computed = text("report_computed", language, points=points(grade.score))
        yield f'<p class="soft small">{esc(computed)}</p>'
    for line in graded_files(grade):
        yield f'<p class="soft small">{esc(line)}</p>'
    for exercise in grade.exercises:
        yield from _exercise(exercise, work.submission, language)


def _lateness(grade: Grade, language: Language) -> str:
    line = late_line(grade)
    return f" {esc(line)}" if line else ""


def _exercise(
    exercise: ExerciseGrade, submission: Submission | None, language: Language
) -> Iterator[str]:
    reached = f"{points(exercise.total)} / {points(exercise.max_score)}"
    yield f'<h3>{esc(exercise.name)} <span class="soft">{reached}</span></h3>'
    head = [text(f"word_{word}", language) for word in ("test", "points", "remark")]
    rows = [_row(test, language) for test in exercise.tests]
    yield table(f"{exercise.name}: {head[0]}", head, rows)
    for hint in dict.fromkeys(test.hint for test in exercise.tests if test.hint):
        yield f'<p class="hint">{esc(text("word_hint", language, hint=hint))}</p>'
    source = _source(exercise, submission)
    if source is not None:
        file, lines = source, [test.line for test in exercise.tests]
        marked = {one for one in lines if one is not UNSET}
        listing = code(_cut(file), marked, text("report_code_of", language, name=exercise.name))
        summary = text("report_code", language, file=exercise.file or f"{exercise.name}.py")
        yield details(summary, listing)
    if exercise.output.strip():
        heading = text("printed", language, exercise=exercise.name)
        yield details(heading, plain_code(exercise.output))


def _row(test: TestGrade, language: Language) -> list[str]:
    reached = f"{points(test.total)} / {points(test.max_score)}"
    if test.adjusted is not UNSET:
        computed = text("adjusted_remark", language, score=points(test.score))
        reached += f' <span class="soft">({esc(computed)})</span>'
    mark, style = ("✓", "good") if test.status == "passed" else ("✗", "bad")
    said = f'<span class="{style}" aria-hidden="true">{mark}</span> {esc(test.message)}'
    return [esc(test.name), Number(reached), Wide(said)]


def _source(exercise: ExerciseGrade, submission: Submission | None) -> str | None:
    if submission is None:
        return None
    return submission.source_for(exercise.name)


def _cut(source: str) -> str:
    lines = source.splitlines()
    return "\n".join([*lines[:_MAX_LINES], "…"]) if len(lines) > _MAX_LINES else source


def score_cell(grade: Grade | None) -> Cell:
    """The points of a grade, or a dash."""
    if grade is None:
        return Number("–")
    return Number(f"{points(round(grade.total, 2))}")
