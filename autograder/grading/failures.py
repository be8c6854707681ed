"""The reasons why a call of student code gave no outputs, and what follows from each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from autograder.grades.model import Status
from autograder.sandbox.protocol import ExceptionInfo, Frame
from autograder.submissions.listing import Unreadable

FailureKind: TypeAlias = Literal[
    Unreadable,
    "missing_file",
    "missing_function",
    "not_callable",
    "unparsable",
    "syntax",
    "import",
    "exception",
    "forbidden",
    "memory",
    "recursion",
    "timeout",
    "endless",
    "cpu",
    "crashed",
    "malformed",
    "oversized",
    "wrong_count",
    "returned_nothing",
    "not_run",
    "crashed_before",
    "check",
    "check_error",
    "check_timeout",
    "form",
    "other_code",
    "other_numbers",
    "no_elements",
    "not_a_number",
]


class Consequences(Struct, frozen=True):
    """What a failure means for its test, and for the tests after it."""

    status: Status = "error"
    exhausting: int = 0
    """How much of :data:`MAX_EXHAUSTING` it uses up."""
    ends_process: bool = False
    """Nobody is left to ask, or no further question is allowed; no pytest test may catch it."""
    is_explainable: bool = False
    """The code ran and did something that a known mistake may do too."""
    is_repeatable: bool = False
    """Code that looks at nothing but its arguments would do the same in another process."""


# What uses up memory is not tried a third time in one exercise, nor what ends its process before it
# has answered anything; what uses up time is not tried again.
MAX_EXHAUSTING = 2

_WRONG_RESULT = Consequences("failed", is_explainable=True, is_repeatable=True)
_NO_END = Consequences("timeout", exhausting=MAX_EXHAUSTING, ends_process=True, is_repeatable=True)
_MISSING = Consequences("missing", is_repeatable=True)

_CONSEQUENCES: Final[Mapping[FailureKind, Consequences]] = {
    "missing_file": _MISSING,
    "missing_function": _MISSING,
    "not_callable": _MISSING,
    "timeout": _NO_END,
    "endless": _NO_END,
    "cpu": Consequences("timeout", exhausting=MAX_EXHAUSTING, ends_process=True),
    "check_timeout": Consequences("timeout"),
    "not_run": Consequences("timeout", ends_process=True, is_repeatable=True),
    "crashed_before": Consequences("crashed", ends_process=True),
    "memory": Consequences(exhausting=1, ends_process=True),
    "oversized": Consequences(exhausting=1, ends_process=True),
    "crashed": Consequences("crashed", ends_process=True),
    "malformed": Consequences(ends_process=True),
    "forbidden": Consequences(ends_process=True),
    "exception": Consequences(is_explainable=True, is_repeatable=True),
    "recursion": Consequences(is_explainable=True, is_repeatable=True),
    "wrong_count": _WRONG_RESULT,
    "returned_nothing": _WRONG_RESULT,
    "no_elements": _WRONG_RESULT,
    "not_a_number": _WRONG_RESULT,
    "check": _WRONG_RESULT,
    "check_error": _WRONG_RESULT,
}
_ORDINARY = Consequences()


class Failure(Struct, frozen=True):
    """Why there are no outputs. ``detail`` is a name or number that the message quotes."""

    kind: FailureKind
    detail: str = ""
    exception: ExceptionInfo | None = None
    while_loading: bool = False
    hint: tuple[tuple[str, str], ...] = ()
    """Language and text: what the author of a failed pytest test has to say to the student."""
    loop: Frame | None = None
    """The first line of the loop that never ends."""
    met: tuple[str, ...] | None = None
    """The shapes that met where an operation failed, as they are compared."""

    @property
    def frame(self) -> Frame | None:
        """The line of the student that it is about: where the exception was raised, or the loop."""
        if self.loop is not None or self.exception is None or not self.exception.frames:
            return self.loop
        return self.exception.frames[-1]

    @property
    def consequences(self) -> Consequences:
        return _CONSEQUENCES.get(self.kind, _ORDINARY)
