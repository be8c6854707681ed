"""Worksheets on paper: a page of HTML for each student, with their numbers and boxes for answers.

What a page needs is in it: no script, no font, no network.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path

from msgspec import Struct

from autograder.course.course import Assignment, Course
from autograder.course.exercise import Exercise
from autograder.course.rendering import array_latex, as_html, formula_html
from autograder.errors import UsageError
from autograder.grading.by_hand import in_words, shapes_of
from autograder.grading.own_numbers import code_of
from autograder.release.answer_form import form_yaml, numbers_of, refuse_weak_seed
from autograder.submissions.submission import storable
from autograder.text.language import Language
from autograder.text.messages import pick, text
from autograder.text.said import said

SHEET = "worksheet.html"
CODES = "codes.csv"


class Worksheets(Struct, frozen=True):
    """``files`` are the pages by path; ``forms`` those of students to fill in, which stay as they
    are where somebody has begun."""

    files: dict[str, bytes]
    forms: dict[str, bytes]


def make_worksheets(
    course: Course, assignment: Assignment, students: Mapping[str, str], language: Language
) -> Worksheets:
    """The worksheets of an assignment for ``students``, by name, with what else they are called.

    ``<student>/<assignment>/`` has a student's page and forms, in the layout that is graded;
    ``<assignment>.html`` has all pages, to be printed, and ``codes.csv`` says whose the codes are.
    Raises :class:`UsageError` where there is nothing to work out by hand, and
    :class:`~autograder.errors.CourseError` where numbers cannot be drawn.
    """
    exercises = [one for one in assignment.exercises if one.answers]
    if not exercises:
        raise UsageError(said("error_no_answers", assignment=assignment.name))
    if not students and any(one.own_numbers for one in exercises):
        raise UsageError(said("error_whose_numbers", assignment=assignment.name))
    refuse_weak_seed(course, [assignment])
    files: dict[str, bytes] = {}
    forms: dict[str, bytes] = {}
    sheets = []
    for student, name in students.items():
        folder = f"{storable(student)}/{assignment.name}"
        sheet = _sheet(course, assignment, exercises, language, student, name)
        title = f"{pick(assignment.title, language)}: {name or student}"
        files[f"{folder}/{SHEET}"] = _page(title, sheet, language)
        for exercise in exercises:
            content = form_yaml(course, exercise, language, student)
            forms[f"{folder}/{exercise.file}"] = content
        sheets.append(sheet)
    if students:
        codes = {one: code_of(course, assignment.name, one) for one in students}
        files[CODES] = _table(codes)
    else:
        sheets = [_sheet(course, assignment, exercises, language, None, "")]
    title = pick(assignment.title, language)
    files[f"{assignment.name}.html"] = _page(title, "\n".join(sheets), language)
    return Worksheets(files, forms)


def _table(codes: Mapping[str, str]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["student", "code"])
    # A name that begins like a formula is not to be taken for one.
    writer.writerows((f"'{one}" if one[:1] in "=+-@" else one, code) for one, code in codes.items())
    return buffer.getvalue().encode("utf-8-sig")


def _page(title: str, body: str, language: Language) -> bytes:
    return (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n<main>\n"
        f"{body}\n</main>\n</body>\n</html>\n"
    ).encode()


@cache
def _style() -> str:
    return Path(__file__).with_name("worksheet.css").read_text("utf-8")


def _sheet(
    course: Course,
    assignment: Assignment,
    exercises: Sequence[Exercise],
    language: Language,
    student: str | None,
    name: str,
) -> str:
    """Everything on the paper of a student, or of nobody."""
    rows = []
    shown = "" if student is None else f"{name} ({student})" if name else student
    rows.append((text("worksheet_name", language), escape(shown) or "&nbsp;" * 30))
    if student is not None and any(one.own_numbers for one in exercises):
        code = escape(code_of(course, assignment.name, student))
        rows.append((text("worksheet_code", language), f'<span class="code">{code}</span>'))
    words = "".join(f"<dt>{escape(word)}</dt><dd>{value}</dd>" for word, value in rows)
    how = text("worksheet_how", language)
    parts = [
        f"<header><div><h1>{escape(pick(assignment.title, language))}</h1>"
        f"<p>{escape(pick(course.title, language))}</p></div><dl>{words}</dl></header>",
        f"<p>{escape(how)}</p>",
    ]
    for place, exercise in enumerate(exercises, start=1):
        parts += _section(course, exercise, language, student, place)
    return f'<article class="sheet">\n{"".join(parts)}\n</article>'


def _section(
    course: Course, exercise: Exercise, language: Language, student: str | None, place: int
) -> Iterator[str]:
    numbers = numbers_of(course, exercise, student)
    points = {test.name: test.parts[0].points for test in exercise.tests}
    yield f"<section><h2>{place}. {as_html(pick(exercise.title, language), inline=True)} "
    yield f'<span class="points">({_points(exercise.max_score, language)})</span></h2>'
    yield as_html(pick(exercise.statement, language))
    if exercise.own_numbers:
        given = "".join(formula_html(array_latex(name, one)) for name, one in numbers.items())
        yield f'<h3>{escape(text("answer_given_out", language))}</h3><div class="given">{given}'
        yield "</div>"
    yield '<div class="answers">'
    shapes = shapes_of(exercise, numbers)
    for answer in exercise.answers.values():
        title = as_html(pick(answer.title, language), inline=True) or escape(answer.name)
        named = f"<code>{escape(answer.name)}</code>: {title}" if answer.title else title
        worth = f'<span class="points">({_points(points[answer.name], language)})</span>'
        boxes = _boxes(answer.name, shapes[answer.name], language)
        yield f'<div class="answer"><p>{named} {worth}</p>{boxes}</div>'
    yield "</div></section>"


def _points(points: float, language: Language) -> str:
    key = "statement_points_public"
    return escape(text(key, language, n=1 if points == 1 else 2, points=f"{points:g}").strip("."))


def _boxes(name: str, shape: tuple[int, ...], language: Language) -> str:
    columns = shape[-1] if shape else 1
    count = 1
    for length in shape[:-1]:
        count *= length
    row = f"<tr>{'<td></td>' * columns}</tr>"
    label = escape(f"{name}: {in_words(shape, language)}")
    return f'<table class="boxes" aria-label="{label}"><tbody>{row * count}</tbody></table>'
