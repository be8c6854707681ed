"""The reference solution, as a function in the grader's own process."""

from __future__ import annotations

import traceback
import types
from collections.abc import Callable
from typing import Any

from autograder.course.exercise import Exercise
from autograder.errors import CourseError
from autograder.truth.trusted_time_limit import TooLong, limited


def solution_source(exercise: Exercise) -> str | None:
    """The text of the solution file; None in a course without solutions."""
    if exercise.solution_path is None:
        return None
    try:
        return exercise.solution_path.read_text("utf-8")
    except UnicodeError:
        raise CourseError("is not UTF-8; save it as UTF-8", path=exercise.solution_path) from None
    except OSError as error:
        raise CourseError(
            f"cannot be read: {error.strerror}", path=exercise.solution_path
        ) from None


def _line_in(file: str, error: BaseException) -> int | None:
    """Where ``file`` was when ``error`` came up, which may have been in what it called."""
    if isinstance(error, SyntaxError) and error.filename == file:  # such as return at the top
        return error.lineno
    steps = traceback.walk_tb(error.__traceback__)
    return next(
        (line for frame, line in reversed([*steps]) if frame.f_code.co_filename == file), None
    )


def load_right(exercise: Exercise) -> tuple[Callable[..., Any], ...]:
    """The functions of the exercise's further right answers, which are the instructor's code too.
    Raises :class:`CourseError` where one does not run."""
    found = []
    for answer in exercise.right:
        names: dict[str, Any] = {}
        try:
            exec(compile(answer.code, f"right answer '{answer.name}'", "exec"), names)
        except (Exception, SystemExit) as error:
            raise exercise.error(
                f"right.{answer.name}",
                f"the right answer '{answer.name}' does not run: {type(error).__name__}: {error}",
            ) from None
        found.append(names[exercise.signature.function])
    return tuple(found)


def load_reference(exercise: Exercise) -> Callable[..., Any] | None:
    """The solution's function; None in a course without solutions.

    The solution is the instructor's code and is trusted. Raises :class:`CourseError`
    where it does not run or lacks the function.
    """
    source = solution_source(exercise)
    if source is None:
        return None
    module = types.ModuleType(f"solutions_{exercise.name}")
    try:
        with limited():
            exec(compile(source, str(exercise.solution_path), "exec"), module.__dict__)
    except TooLong as error:
        raise CourseError(
            f"the solution {error}",
            path=exercise.solution_path,
            line=_line_in(str(exercise.solution_path), error),
        ) from None
    except (Exception, SystemExit) as error:  # exit() would end the grader without a word
        raise CourseError(
            f"the solution does not run: {type(error).__name__}: {error}; mend this line",
            path=exercise.solution_path,
            line=_line_in(str(exercise.solution_path), error),
        ) from None
    function = getattr(module, exercise.signature.function, None)
    if not callable(function):
        raise CourseError(
            f"the solution has no function {exercise.signature.function!r}",
            path=exercise.solution_path,
        )
    return function  # type: ignore[no-any-return]
