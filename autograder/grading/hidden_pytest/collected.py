"""Hidden test files under pytest: collected once, run case by case in a fork.

This is the only module of the grader that imports pytest. Collecting takes 10 to 30 ms and
``pytest.main`` for every submission would take 20; a case that is collected runs in less than
one. So pytest is set up as :func:`pytest.main` does it, and its hooks are called from here.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import re
import sys
import warnings
from collections.abc import Generator, Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.testing  # here, and not once in every fork
import pytest
from _pytest.config import _prepareconfig
from msgspec import Struct

from autograder.errors import CourseError
from autograder.grading.failures import Failure
from autograder.grading.hidden_pytest.messages import Ended, Place
from autograder.grading.hidden_pytest.student import Exchange, Link, Student, StudentError
from autograder.sandbox.protocol import MAX_TEXT, ExceptionInfo
from autograder.text.catalogue import languages
from autograder.text.language import Text
from autograder.text.messages import sanitize_lines

# What writes files, prints, or is for other kinds of test.
_PLUGINS_LEFT_OUT = ("cacheprovider", "faulthandler", "tmpdir", "doctest", "junitxml", "stepwise")


class Spec(Struct, frozen=True):
    """The files of one exercise. ``names`` are the tests that stand in them, as their text
    says; ``seed`` is the course's."""

    root: Path
    files: tuple[Path, ...]
    names: tuple[str, ...]
    seed: int

    @property
    def hidden(self) -> Path:
        return self.root / "tests" / "hidden"


class Case(Struct, frozen=True):
    """A test with one set of parameters, which ``parameters`` names (empty without)."""

    test: str
    parameters: str


@cache
def collected(spec: Spec) -> CollectedTests:
    """The tests, collected once a process: a fork has them already.

    Raises :class:`CourseError` for what is wrong with the files.
    """
    return CollectedTests(spec)


class CollectedTests:
    """The cases of one exercise's files, in pytest's order."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._plugin = _Plugin(spec)
        with _quiet():
            self._items = self._collect()
        self.cases = tuple(_case(item) for item in self._items)
        self._check_names()

    def run(self, number: int, exchange: Exchange) -> Ended:
        """Run one case, asking for the student's code through ``exchange``."""
        item, later = self._items[number], self._items[number + 1 :]
        # Every student gets the same numbers, also from generators that nobody seeded.
        seed = blake2b(f"{self._spec.seed}/{item.nodeid}".encode(), digest_size=4).digest()
        random.seed(seed)
        np.random.seed(int.from_bytes(seed, "big"))
        self._plugin.begin(exchange)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=later[0] if later else None)
        return self._plugin.ended()

    def _collect(self) -> list[pytest.Function]:
        spec = self._spec
        arguments = [
            *("-c", os.devnull, "--rootdir", str(spec.root), f"--confcutdir={spec.hidden}"),
            *("--import-mode=importlib", "--capture=no", "--quiet", "--tb=no"),
            *(part for name in _PLUGINS_LEFT_OUT for part in ("-p", f"no:{name}")),
            *map(str, spec.files),
        ]
        for name in _imported:
            sys.modules.pop(name, None)
        known = set(sys.modules)
        try:
            config = _prepareconfig(arguments, [self._plugin])
            config._do_configure()
            session = pytest.Session.from_config(config)
            config.hook.pytest_sessionstart(session=session)
            items = session.perform_collect()
        except (Exception, pytest.exit.Exception, SystemExit) as error:  # a broken conftest.py
            raise self._course_error(error) from None
        finally:
            found = set(sys.modules) - known
            _imported.update(name for name in found if name.partition(".")[0] == "tests")
        if self._plugin.broken is not None:
            raise self._course_error(self._plugin.broken)
        return [item for item in items if isinstance(item, pytest.Function)]

    def _check_names(self) -> None:
        """The text of the files and pytest agree on the tests, so on what a grade is out of."""
        ran = {case.test for case in self.cases}
        for name in self._spec.names:
            if name not in ran:
                raise CourseError(
                    f"pytest does not run '{name}'; write it so that pytest finds it, not "
                    "under a condition and not in a class with __init__",
                    path=self._shown(self._path_of(name)),
                    line=1,
                )
        for item, case in zip(self._items, self.cases, strict=True):
            if case.test not in self._spec.names:
                raise CourseError(
                    f"pytest runs '{case.test}', whose points cannot be read; write the "
                    "function out in this file with '@pytest.mark.points(1)' above it",
                    path=self._shown(item.path),
                    line=(item.location[1] or 0) + 1,
                )

    def _path_of(self, name: str) -> Path:
        return next(path for path in self._spec.files if path.name == name.partition("::")[0])

    def _course_error(self, error: BaseException) -> CourseError:
        cause = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        place = place_of(cause.__traceback__, self._spec)
        return CourseError(
            f"the test file cannot be run: {_one_line(cause)}",
            path=place.path if place else self._shown(self._spec.files[0]),
            line=place.line if place else 1,
            column=place.column if place else 1,
        )

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(self._spec.root))


class _Plugin:
    """Gives tests their fixtures and watches how they end."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self.broken: BaseException | None = None
        self._link: Link | None = None
        self._hint: Text = {}
        self._called = False
        self._ended = Ended()

    def begin(self, exchange: Exchange) -> None:
        self._link = Link(exchange)
        self._hint = {}
        self._called = False
        self._ended = Ended()

    def ended(self) -> Ended:
        assert self._link is not None
        if self._link.fatal is not None:
            # Whatever the test made of it.
            return Ended(self._link.fatal)
        if self._ended.failure is None and not self._called:
            return Ended(Failure("check_error", "the test did not run"))
        return self._ended

    @pytest.fixture
    def student(self) -> Student:
        """The student's module. Calls run in the sandbox; arrays come back."""
        assert self._link is not None
        return Student(self._link)

    @pytest.fixture
    def hint(self) -> Any:
        """``assert ..., hint(en="...", ko="...")``: what the student is told when it fails."""

        def say(message: str = "", **by_language: str) -> str:
            said = by_language or dict.fromkeys(languages(), message)
            # What a student returned may be quoted in it.
            self._hint = {
                language: sanitize_lines(str(text)[:MAX_TEXT]) for language, text in said.items()
            }
            return next(iter(self._hint.values()))

        return say

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "points(n): what the test is worth")

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any]
    ) -> None:
        if isinstance(node, pytest.Collector) and call.excinfo is not None:
            self.broken = self.broken or call.excinfo.value

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.when == "call":
            self._called = True
        unexpected = report.outcome != "passed" or hasattr(report, "wasxfail")
        if unexpected and self._ended.failure is None:
            self._ended = self._ended_by(report, call.excinfo)
        return report

    def _ended_by(
        self, report: pytest.TestReport, raised: pytest.ExceptionInfo[BaseException] | None
    ) -> Ended:
        if raised is None:
            return Ended(Failure("check_error", f"{report.outcome}, by a marker"))
        error = raised.value
        place = place_of(raised.tb, self._spec)
        if isinstance(error, StudentError):
            return Ended(error.failure, place)
        if isinstance(error, (AssertionError, pytest.fail.Exception)):
            return Ended(_failed_check(error, self._hint), place)
        return Ended(
            Failure("check_error", _one_line(error), hint=tuple(self._hint.items())), place
        )


# <function allclose at 0x7f...>, <built-in method max of ...>, <ufunc 'isfinite'>
_CALLABLE = re.compile(r"<(?:built-in )?(?:function|method|bound method|ufunc) '?([\w.]+)[^<>]*>")
# where allclose = np.allclose
_SAME_NAME = re.compile(r"(?:where|and)\s+(\w+) = (?:[\w.]+\.)?\1")
_REWRITTEN = re.compile(r"(?:^|\n)assert ")


def _failed_check(error: BaseException, hint: Text) -> Failure:
    """The failure, with all that is known of the values in ``exception`` where they are known:
    by them it is told whether two failures have the same reason."""
    message = _text(error)
    values = None
    # Else it is the author's alone.
    if _REWRITTEN.search(message) or "\n" in message or message.startswith("DID NOT "):
        values = ExceptionInfo("AssertionError", message[:MAX_TEXT])
    detail = explained(error, with_own_words=not hint)
    return Failure(
        "check", detail or ("" if hint else type(error).__name__), values, hint=tuple(hint.items())
    )


def explained(error: BaseException, *, with_own_words: bool) -> str:
    """The message of an assertion: the author's own, or else pytest's account of the values."""
    message = _text(error)
    found = _REWRITTEN.search(message)
    start = len(message) if found is None else found.start()
    own, values = message[:start], message[start:]
    message = own if own and with_own_words else values
    lines = [re.sub(r"^\s*\+\s+", "", line) for line in _CALLABLE.sub(r"\1", message).split("\n")]
    told = " ".join(line for line in lines if not _SAME_NAME.fullmatch(line))
    return " ".join(told.replace("\\n", " ").split())


def _one_line(error: BaseException) -> str:
    name, message = type(error).__name__, " ".join(_text(error).split())
    if isinstance(error, pytest.skip.Exception):
        name = "skipped"
    return f"{name}: {message}" if message else name


def _text(error: BaseException) -> str:
    """The message, with no more than is ever shown of what it quotes: that may be any size."""
    return str(error)[: 4 * MAX_TEXT]


def place_of(traceback: TracebackType | None, spec: Spec) -> Place | None:
    """The last frame that lies in the course's hidden tests."""
    place = None
    while traceback is not None:
        path = Path(traceback.tb_frame.f_code.co_filename)
        if path.is_relative_to(spec.hidden):
            positions = list(traceback.tb_frame.f_code.co_positions())
            column = positions[traceback.tb_lasti // 2][2]
            shown = str(path.relative_to(spec.root))
            place = Place(shown, traceback.tb_lineno, (column or 0) + 1)
        traceback = traceback.tb_next
    return place


def _case(item: pytest.Function) -> Case:
    classes = [] if item.cls is None else [item.cls.__name__]
    name = "::".join([item.path.name, *classes, item.originalname])
    return Case(name, item.name.removeprefix(item.originalname).strip("[]"))


# What collecting has imported in this process. pytest names a module by its path in the course,
# and would take another course's module of that name for it.
_imported: set[str] = set()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without output, bytecode files in the course, or the user's own settings of pytest."""
    kept = {name: os.environ.pop(name, None) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")}
    kept["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.dont_write_bytecode = bytecode
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
