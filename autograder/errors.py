"""Every exception of ours that a person may get to read, one class per kind of reader.

The library raises; only the command line prints and exits.
"""

from __future__ import annotations

from pathlib import Path


class AutograderError(Exception):
    """Base of all errors that end a command with one clear line and exit code 2."""


class CourseError(AutograderError):
    """The instructor's course is wrong: says what, where, and how to mend it.

    ``line`` and ``column`` count from 1, as editors do. ``more`` are the other errors that were
    found together with this one, which is the first.
    """

    more: tuple[CourseError, ...] = ()

    def __init__(
        self,
        message: str,
        *,
        path: Path | str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        place = "" if path is None else str(path)
        if place and line is not None:
            place += f":{line}:{column or 1}"
        super().__init__(f"{place}: {message}" if place else message)


class UsageError(AutograderError):
    """The call is wrong: a path that is not there, an option that does not fit."""


class MachineError(AutograderError):
    """The machine cannot do what was asked, such as a sandbox its kernel lacks."""


class GraderFault(MachineError):
    """The grader itself failed on some submissions; all others have their grade."""
