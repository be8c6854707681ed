"""Hidden ``test_*.py`` files: their tests and points, read without running them.

What a grade is out of must be known before anything runs, so the points stand in a
decorator as a plain number. When the file is run, pytest must find exactly these tests.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from autograder.course.declaration import MAX_POINTS
from autograder.course.exercise import Origin, Part, PytestTest
from autograder.course.loading.python_source import error_place, error_reason, parse_python
from autograder.course.loading.yaml_source import MAX_BYTES
from autograder.errors import CourseError
from autograder.text.words import nearest

_MARKER = "points"
_LONGEST_NAME = 80

_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Found(Struct, frozen=True):
    """A test, and where its function is written."""

    test: PytestTest
    origin: Origin


def pytest_files(root: Path, assignment: str, exercise: str) -> list[Path]:
    """The exercise's ``test_<exercise>.py`` and ``test_<exercise>_*.py``, by name.

    A file whose name also begins with that of a longer exercise (``test_dx_elementwise.py``
    beside ``dx``) belongs to the longer one.
    """
    public = root / "assignments" / assignment
    names = {path.stem for path in public.glob("*.yaml")} | {exercise}
    return [
        path
        for path in hidden_test_files(root, assignment)
        if owner_of(path.stem, names) == exercise
    ]


def hidden_test_files(root: Path, assignment: str) -> list[Path]:
    """All files of the assignment that pytest takes for test files."""
    folder = root / "tests" / "hidden" / assignment
    return sorted(path for path in folder.glob("test_*.py") if path.is_file())


def owner_of(stem: str, exercises: Iterable[str]) -> str | None:
    """Which of the ``exercises`` the file ``<stem>.py`` tests, if any."""
    fitting = [
        name for name in exercises if stem == f"test_{name}" or stem.startswith(f"test_{name}_")
    ]
    return max(fitting, key=len, default=None)


def read_pytest_file(path: Path, root: Path) -> list[Found]:
    """The tests of one file, in its order. Raises :class:`CourseError`."""
    return _Reader(path, root).read()


class _Reader:
    def __init__(self, path: Path, root: Path) -> None:
        self._path = path
        self._shown = path.relative_to(root)

    def read(self) -> list[Found]:
        found: dict[str, Found] = {}
        for name, function, markers in self._functions(self._parse()):
            test = self._test(name, function, markers)
            if test.name in found:
                raise self._error(
                    function,
                    f"there are two tests '{name}', and Python keeps the second; rename one",
                )
            place = Origin(self._shown, function.lineno, function.col_offset + 1)
            found[test.name] = Found(test, place)
        if not found:
            raise CourseError(
                "there is no test in this file; write one, such as 'def test_shapes(student):'",
                path=self._shown,
                line=1,
            )
        return list(found.values())

    def _parse(self) -> ast.Module:
        try:
            content = self._path.read_bytes()
        except OSError as error:
            raise CourseError(f"cannot be read: {error.strerror}", path=self._shown) from None
        if len(content) > MAX_BYTES:
            raise CourseError(f"is larger than {MAX_BYTES >> 20} MiB", path=self._shown)
        try:
            return parse_python(content)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line, column = error_place(error)
            raise CourseError(
                f"the test file is not Python: {error_reason(error)}",
                path=self._shown,
                line=line,
                column=column,
            ) from None

    def _functions(self, tree: ast.Module) -> Iterator[tuple[str, _Function, list[list[ast.expr]]]]:
        """Every test function: its name, its definition, and its decorators and those of its
        class, nearest first."""
        for statement in tree.body:
            if isinstance(statement, _Function) and statement.name.startswith("test"):
                yield statement.name, statement, [statement.decorator_list]
            elif isinstance(statement, ast.ClassDef) and statement.name.startswith("Test"):
                for inner in statement.body:
                    if isinstance(inner, _Function) and inner.name.startswith("test"):
                        markers = [inner.decorator_list, statement.decorator_list]
                        yield f"{statement.name}::{inner.name}", inner, markers

    def _test(self, name: str, function: _Function, markers: list[list[ast.expr]]) -> PytestTest:
        if isinstance(function, ast.AsyncFunctionDef):
            raise self._error(function, f"'{name}' is async, which is not supported; drop 'async'")
        shown = f"{self._path.name}::{name}"
        if len(shown) > _LONGEST_NAME:
            raise self._error(
                function, f"'{shown}' is too long for a table (80 characters); use a shorter name"
            )
        points = self._points(name, function, markers)
        return PytestTest(
            name=shown, visibility="hidden", parts=(Part((), points),), path=self._path
        )

    def _points(self, name: str, function: _Function, markers: list[list[ast.expr]]) -> float:
        others: list[str] = []
        for decorators in markers:
            for decorator in decorators:
                marker = _marker_name(decorator)
                if marker == _MARKER:
                    return self._number(decorator)
                if marker is not None:
                    others.append(marker)
        near = next((one for one in others if nearest(one, [_MARKER])), None)
        raise self._error(
            function,
            f"the test '{name}' has no points; "
            + (
                f"did you mean '@pytest.mark.points' by '@pytest.mark.{near}'?"
                if near
                else "put '@pytest.mark.points(1)' above it"
            ),
        )

    def _number(self, decorator: ast.expr) -> float:
        arguments = decorator.args if isinstance(decorator, ast.Call) else []
        keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
        if len(arguments) == 1 and not keywords:
            try:
                value = ast.literal_eval(arguments[0])
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                value = None
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if is_number and math.isfinite(value) and 0 <= value <= MAX_POINTS:
                return float(value)
        raise self._error(
            decorator,
            f"points must be one number written out, from 0 to {MAX_POINTS}, such as 'points(2)', "
            "so that they are known before the test runs",
        )

    def _error(self, node: ast.stmt | ast.expr, message: str) -> CourseError:
        return CourseError(message, path=self._shown, line=node.lineno, column=node.col_offset + 1)


def _marker_name(decorator: ast.expr) -> str | None:
    """``x`` of ``@pytest.mark.x`` and ``@pytest.mark.x(...)``, or of ``@mark.x``."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    if not isinstance(target, ast.Attribute):
        return None
    owner = target.value
    name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", None)
    return target.attr if name == "mark" else None
