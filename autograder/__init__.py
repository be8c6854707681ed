"""Grades exercises in backpropagation: right, explained, and in a sandbox.

The names below are the package's Python API. Each imports its room when it is first used, so that
``import autograder`` stays quick. They return frozen data, print nothing, end no program, and
raise errors under :class:`AutograderError` only.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.batch.folder import grade as grade
    from autograder.course.loading import load_course as load_course
    from autograder.errors import AutograderError as AutograderError
    from autograder.exports.formats import export as export
    from autograder.grades.store import read_grades as read_grades
    from autograder.grades.table import load_grades as load_grades
    from autograder.student.check_function import check_function as check_function
    from autograder.student.notebook_check import check as check
    from autograder.truth.numerical_gradient import numerical_gradient as numerical_gradient

__version__ = "0.1.0"

_ROOMS = {
    "AutograderError": "errors",
    "check": "student.notebook_check",
    "check_function": "student.check_function",
    "export": "exports.formats",
    "grade": "batch.folder",
    "load_course": "course.loading",
    "load_grades": "grades.table",
    "numerical_gradient": "truth.numerical_gradient",
    "read_grades": "grades.store",
}

__all__ = [*_ROOMS]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_ROOMS])
