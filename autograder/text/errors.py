"""Errors whose text is a message of the catalogues, for what students get to read.

The library raises before anybody knows the reader's language: the error carries the message's key
and values, its own text is English, and whoever shows it words it.
"""

from __future__ import annotations

from typing import TypeVar

from autograder.errors import AutograderError, CourseError
from autograder.text.catalogue import FALLBACK, text
from autograder.text.language import Language

_Error = TypeVar("_Error", bound=AutograderError)


def worded(kind: type[_Error], key: str, /, **values: object) -> _Error:
    """An error of the ``kind`` that says the message ``key``."""
    made = kind(text(key, FALLBACK, **values))
    made.key, made.values = key, values
    return made


def error_text(error: AutograderError, language: Language) -> str:
    """The error in ``language``, as far as it is one of :func:`worded`."""
    if error.key:
        return text(error.key, language, **error.values)
    if isinstance(error, CourseError) and language != FALLBACK:
        return text("course_error", language, message=str(error))
    return str(error)
