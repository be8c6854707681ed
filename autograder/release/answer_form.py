"""Forms that students fill in by hand, as YAML and as notebooks."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.authoring.lint import find_weak_seed
from autograder.course.course import Assignment, Course
from autograder.course.exercise import Exercise
from autograder.course.rendering import number
from autograder.course.statement import for_terminal, statement_markdown
from autograder.errors import CourseError
from autograder.grading.by_hand import arrays_like, shapes_of
from autograder.grading.own_numbers import code_of, numbers_seed
from autograder.release.notebook_writing import Cell, notebook
from autograder.text.language import Language
from autograder.text.messages import pick, text
from autograder.truth.cases import draw_cases

Numbers = Mapping[str, "np.ndarray[Any, Any]"]

_BLANK = "_"


def numbers_of(course: Course, exercise: Exercise, student: str | None) -> Numbers:
    """The numbers of a student; for nobody, those that are the same for all, or none. Raises
    :class:`~autograder.errors.CourseError` where they cannot be drawn."""
    if exercise.own_numbers and student is None:
        return {}
    seed = course.seed
    if exercise.own_numbers and student is not None:
        seed = numbers_seed(course, exercise.assignment, student)
    return draw_cases(exercise, exercise.run_tests[0], seed)[0].inputs


def refuse_weak_seed(course: Course, assignments: Sequence[Assignment]) -> None:
    """Raise :class:`~autograder.errors.CourseError` where who has numbers of their own could find
    the seed by trying, and with it the numbers and answers of everybody."""
    own = [one for each in assignments for one in each.exercises if one.own_numbers]
    weak = find_weak_seed(course, own)
    if weak is not None:
        raise CourseError(weak.partition(": ")[2], path="config.yaml")


def form_yaml(course: Course, exercise: Exercise, language: Language, student: str | None) -> bytes:
    """The form of a student, or of nobody: with the code and the numbers where there are such."""
    numbers = numbers_of(course, exercise, student)
    lines = [f"# {line}" for line in _comment(pick(exercise.title, language))]
    lines += [f"# {line}" for line in _comment(text("form_how", language))]
    lines.append(f"exercise: {exercise.name}")
    if exercise.own_numbers and student is not None:
        lines.append(f"code: {code_of(course, exercise.assignment, student)}")
    elif exercise.own_numbers:
        lines += [f"# {line}" for line in _comment(text("form_no_numbers", language))]
        lines.append(f"code: {_BLANK}")
    if numbers:
        lines.append("numbers:")
        for name, array in numbers.items():
            lines += _entry(name, array)
    lines.append("answers:")
    for name, blank in _blanks(exercise, numbers).items():
        title = _plain(pick(exercise.answers[name].title, language))
        lines += [f"  # {line}" for line in _comment(title)]
        lines += _entry(name, blank)
    return ("\n".join(lines) + "\n").encode()


def form_notebook(
    course: Course, exercise: Exercise, language: Language, student: str | None
) -> bytes:
    """The same as a notebook, with a cell that checks whether everything is filled in."""
    numbers = numbers_of(course, exercise, student)
    own = exercise.own_numbers
    code = code_of(course, exercise.assignment, student) if own and student is not None else _BLANK
    lines = []
    if own:
        hint = "" if student is not None else f"  # {text('form_no_numbers', language)}"
        lines += [f'code = "{code}"{hint}', ""]
    lines += [f"# {name} = {_inline(array)}" for name, array in numbers.items()]
    lines += [""] if numbers else []
    for name, blank in _blanks(exercise, numbers).items():
        title = _plain(pick(exercise.answers[name].title, language))
        lines += [f"# {title}"] if title else []
        lines += _assignment(name, blank)
    statement = statement_markdown(exercise, language, level=1, file=f"{exercise.name}.ipynb")
    return notebook(
        [
            Cell("markdown", statement),
            Cell("markdown", text("form_notebook", language)),
            Cell("code", "\n".join(lines)),
            Cell("code", f'import autograder\n\nautograder.check("{exercise.name}")'),
        ]
    )


def _blanks(exercise: Exercise, numbers: Numbers) -> dict[str, np.ndarray[Any, Any]]:
    """By answer, an array of blanks; of one whose lengths are not known, one blank."""
    known = numbers or arrays_like(exercise)
    shapes = shapes_of(exercise, known)
    return {name: np.full(shapes.get(name, (1,)), _BLANK) for name in exercise.answers}


def _comment(shown: str) -> list[str]:
    return textwrap.wrap(_plain(shown), 88)


def _plain(markdown: str) -> str:
    return for_terminal(markdown).replace("`", "").strip()


def _entry(name: str, array: np.ndarray[Any, Any]) -> Iterator[str]:
    """A name and an array in YAML: a row of a matrix a line."""
    if array.ndim < 2:
        yield f"  {name}: {_inline(array)}"
        return
    yield f"  {name}:"
    yield from (f"    - {_inline(row)}" for row in array)


def _assignment(name: str, array: np.ndarray[Any, Any]) -> Iterator[str]:
    if array.ndim < 2:
        yield f"{name} = {_inline(array)}"
        return
    yield f"{name} = ["
    yield from (f"    {_inline(row)}," for row in array)
    yield "]"


def _inline(array: np.ndarray[Any, Any]) -> str:
    if array.ndim:
        return f"[{', '.join(_inline(one) for one in array)}]"
    value = array.item()
    return value if isinstance(value, str) else number(value)
