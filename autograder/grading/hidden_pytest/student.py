"""The ``student`` fixture: the student's module, as far as a test can reach it from outside.

Calls run in the student's process. Numbers, texts and numeric arrays come back as they are;
anything else stays there and is a :class:`Handle` here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TypeAlias

import numpy as np

from autograder.grading.failures import Failure
from autograder.grading.hidden_pytest.messages import (
    Answered,
    Ask,
    CallBack,
    FromFork,
    FromGrader,
    Lost,
)
from autograder.sandbox.protocol import Function, Opaque, RemoteRef
from autograder.sandbox.session import parameters_of

Exchange: TypeAlias = Callable[[FromFork], FromGrader]

_MAX_LENGTH = 100_000
_MAX_DEPTH = 4


class StudentError(Exception):
    """The student's code did not do what was asked of it."""

    failure: Failure

    def __str__(self) -> str:
        exception = self.failure.exception
        if exception is not None:
            return exception.message
        return f"{self.failure.kind} {self.failure.detail}".rstrip()


class StudentGone(BaseException):
    """The student's process is gone. No ``except Exception`` in a test may take it for
    something that the code did."""


class Link:
    """Asks the grader; remembers the first failure that nothing can make good.

    ``functions_travel`` says that ``exchange`` takes functions themselves as arguments, where
    otherwise their numbers are handed over and :class:`CallBack` comes back for them.
    """

    def __init__(self, exchange: Exchange, *, functions_travel: bool = False) -> None:
        self._exchange = exchange
        self._functions_travel = functions_travel
        self._kept = 0
        self.fatal: Failure | None = None

    def ask(self, path: str, target: str, arguments: tuple[Any, ...] | None) -> Any:
        """The value of ``target``, or its result. ``path`` is what messages call it."""
        return self._ask(path, target, arguments, 0)

    def _ask(self, path: str, target: str, arguments: tuple[Any, ...] | None, depth: int) -> Any:
        functions: list[Callable[..., Any]] = []
        packed = None
        if arguments is not None:
            packed = tuple(_packed(argument, functions) for argument in arguments)
            if self._functions_travel:
                packed = tuple(
                    functions[one.number] if isinstance(one, Function) else one for one in packed
                )
        keep = f"#{self._kept}"
        answer = self._exchange(Ask(target, packed, keep))
        verdict: BaseException | None = None
        while isinstance(answer, CallBack):
            result, raised = _called_back(answer, functions)
            verdict = verdict or raised
            answer = self._exchange(result)
        if verdict is not None:
            raise verdict
        if isinstance(answer, Lost):
            self._refuse(path, answer.failure)
        assert isinstance(answer, Answered)
        if arguments is not None:
            path = f"{path}(…)"
        return self._unpacked(path, keep, answer.value, depth)

    def _unpacked(self, path: str, keep: str, value: Any, depth: int) -> Any:
        if isinstance(value, Opaque):
            self._kept += 1
            return Handle(self, path, keep, value.type_name)
        if not isinstance(value, (list, tuple)) or not any(isinstance(v, Opaque) for v in value):
            return value
        self._kept += 1
        if depth == _MAX_DEPTH:
            return Handle(self, path, keep, type(value).__name__)
        items = [
            self._ask(f"{path}[{i}]", f"{keep}.__getitem__", (i,), depth + 1)
            if isinstance(item, Opaque)
            else item
            for i, item in enumerate(value)
        ]
        return items if isinstance(value, list) else tuple(items)

    def misused(self, what: str) -> StudentError:
        """An object stands where only a value can: numpy would take the error for a no."""
        failure = Failure("check_error", what)
        self.fatal = self.fatal or failure
        return _error_of(failure)

    def _refuse(self, path: str, failure: Failure) -> NoReturn:
        if failure.consequences.ends_process:
            self.fatal = self.fatal or failure
            raise StudentGone
        if failure.kind in ("missing_function", "not_callable"):
            failure = Failure(failure.kind, path)
        raise _error_of(failure)


class Student:
    """The student's module: ``student.linear_backward(x, W, dy)``, ``student.Linear(W, b)``."""

    def __init__(self, link: Link) -> None:
        self.__link = link

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by Python itself
            raise AttributeError(name)
        value = self.__link.ask(name, name, None)
        if isinstance(value, Handle) and value.__dict__["_kind"] in ("function", "type"):
            self.__dict__[name] = value  # asked once a test; other values may change
        return value

    def __repr__(self) -> str:
        return "student"


class Handle:
    """An object in the student's process: call it, read and set its attributes and items, hand
    it back as an argument. It never equals anything, and is neither true nor false."""

    def __init__(self, link: Link, path: str, kept: str, kind: str) -> None:
        # By way of the dictionary: setting an attribute sets the student's.
        self.__dict__.update(_link=link, _path=path, _kept=kept, _kind=kind)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        if keywords:
            raise TypeError(f"hand arguments to {self._path} by position")
        return self._link.ask(self._path, self._kept, arguments)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._link.ask(f"{self._path}.{name}", f"{self._kept}.{name}", None)

    def __setattr__(self, name: str, value: Any) -> None:
        self._method("__setattr__", name, value)

    def __getitem__(self, key: Any) -> Any:
        return self._method("__getitem__", key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._method("__setitem__", key, value)

    def __contains__(self, key: Any) -> bool:
        return self._method("__contains__", key) is True

    def __len__(self) -> int:
        length = self._method("__len__")
        if type(length) is not int or not 0 <= length <= _MAX_LENGTH:
            raise _error_of(Failure("check_error", f"the length of {self._path} is {length!r:.40}"))
        return length

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def __bool__(self) -> bool:
        raise self._link.misused(self._what())

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = object.__hash__

    def __array__(self, *_: Any, **__: Any) -> np.ndarray[Any, Any]:
        raise self._link.misused(self._what())

    def __repr__(self) -> str:
        return str(self._path)  # as it stands in the test, for messages

    def _method(self, name: str, *arguments: Any) -> Any:
        return self._link.ask(f"{self._path}.{name}", f"{self._kept}.{name}", arguments)

    def _what(self) -> str:
        return f"{self._path}: {self._kind}"


def _packed(argument: Any, functions: list[Callable[..., Any]]) -> Any:
    """The argument as the grader takes it. Raises :class:`TypeError` for what cannot travel:
    a fault of the test."""
    if isinstance(argument, Handle):
        return RemoteRef(argument.__dict__["_kept"])
    if isinstance(argument, np.generic):
        return _packed(argument.item(), functions)
    if isinstance(argument, np.ndarray):
        if argument.dtype.kind not in "biufc":
            raise TypeError(f"cannot hand an array of dtype {argument.dtype} to student code")
        return argument
    if isinstance(argument, (list, tuple)):
        items: list[Callable[..., Any]] = []
        packed = [_packed(item, items) for item in argument]
        if items:
            raise TypeError("cannot hand a list of functions to student code")
        return tuple(packed) if isinstance(argument, tuple) else packed
    if argument is None or isinstance(argument, (bool, float, str)):
        return argument
    if isinstance(argument, int) and -(1 << 63) <= argument < 1 << 63:
        return argument
    if callable(argument):
        functions.append(argument)
        return Function(len(functions) - 1, parameters_of(argument))
    raise TypeError(
        f"cannot hand a {type(argument).__name__} to student code; "
        "use arrays, numbers, texts, functions, what student code returned, or lists of them"
    )


def _called_back(
    call: CallBack, functions: list[Callable[..., Any]]
) -> tuple[Answered | None, BaseException | None]:
    """The result of the test's function, None where it refused the student's arguments; and
    what it said against them, such as an `assert` that does not hold, which is for the test."""
    try:
        with np.errstate(all="ignore"):
            result = _packed(functions[call.function](*call.arguments), [])
        return Answered(tuple(result) if isinstance(result, list) else result), None
    except AssertionError as error:
        return None, error
    except Exception:
        return None, None
    except BaseException as error:  # pytest.fail()
        return None, error


# What `pytest.raises` may name. The student chooses the name, never the class.
_BUILTIN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    FloatingPointError,
    IndexError,
    KeyError,
    np.linalg.LinAlgError,
    LookupError,
    NameError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
    ZeroDivisionError,
)
_ERRORS: dict[str, type[StudentError]] = {
    base.__name__: type(f"Student{base.__name__}", (StudentError, base), {}) for base in _BUILTIN
}


def _error_of(failure: Failure) -> StudentError:
    name = "" if failure.exception is None else failure.exception.type_name
    if failure.kind == "missing_function":
        name = "AttributeError"  # so that hasattr() works
    error = _ERRORS.get(name, StudentError)()
    error.failure = failure
    return error
