"""What takes in bytes from outside, as functions that raise for a fault of ours and nothing else.

Each catches what it may raise for bad input. Used by the tests with a few hundred inputs, and by
``make fuzz`` with millions.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from autograder.course.exercise import SourceTest
from autograder.course.loading import load_course
from autograder.course.loading.yaml_source import read_yaml
from autograder.errors import AutograderError, CourseError
from autograder.exports.context import shown
from autograder.grades.grade_file import read_grade
from autograder.grading.observation import Observation, observation_of
from autograder.grading.source_rules import first_broken_rule
from autograder.sandbox.protocol import (
    Array,
    Callback,
    Element,
    ExceptionInfo,
    Frame,
    Items,
    MalformedReply,
    Opaque,
    Plain,
    Raised,
    Returned,
    decode_reply,
    encode,
    pack_array,
)
from autograder.sandbox.session import Functions, _call_back
from autograder.submissions.layouts import gradescope_metadata
from autograder.submissions.notebook import NotebookError, source_from_notebook
from autograder.submissions.submission import decode_source, displayable
from autograder.submissions.submission_time import parse_timestamp
from autograder.text.messages import sanitize, sanitize_lines
from autograder.truth.compare import NotAnArray, compare
from autograder.truth.expected import Expected

COURSE = Path(__file__).parent / "course"


@cache
def _folder() -> Path:
    """A scratch folder for the life of the process."""
    folder = Path(tempfile.mkdtemp(prefix="autograder-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _file(data: bytes, name: str) -> Path:
    path = _folder() / name
    path.write_bytes(data)
    return path


def reply(data: bytes) -> None:
    """A frame from a process of student code, up to the verdict."""
    try:
        received = decode_reply(data)
    except MalformedReply:
        return
    if isinstance(received, Callback):
        functions = Functions()
        functions.by_number.append(lambda *arguments: sum(np.sum(one) for one in arguments))
        functions.saw(np.ones(3))
        try:
            encode(_call_back(received, functions))
        except MalformedReply:
            return
        return
    for names in (("dx",), ("dx", "dW")):
        seen: Observation = observation_of(received, names, accept_lists=True)
        for output in seen.outputs.values():
            verdict = compare(_EXPECTED, output)
            assert not verdict.ok or (
                not isinstance(output, NotAnArray) and np.array_equal(output, [1.0, 2.0])
            )
        if seen.failure is not None and seen.failure.exception is not None:
            exception = seen.failure.exception
            for text in (exception.type_name, exception.message, *_texts(exception)):
                assert sanitize(text).isprintable()


def _texts(exception: ExceptionInfo) -> list[str]:
    return [text for frame in exception.frames for text in (frame.file, frame.function)]


_EXPECTED = Expected(
    shape=(2,),
    value=np.array([1.0, 2.0]),
    tolerance=np.array([0.0, 0.0]),
    itemsize=8,
    witness="example",
)


def yaml(data: bytes) -> None:
    """A YAML file, parsed."""
    try:
        read_yaml(_file(data, "file.yaml"))
    except CourseError as error:
        _check_line(error)


def course(data: bytes) -> None:
    """The YAML of an exercise's hidden tests, loaded as part of its course."""
    _load("tests/hidden/layer/linear_backward.yaml", data)


def exercise(data: bytes) -> None:
    """The public YAML of an exercise, loaded as part of its course."""
    _load("assignments/layer/linear_backward.yaml", data)


def config(data: bytes) -> None:
    """A course's configuration."""
    _load("config.yaml", data)


def _load(changed: str, data: bytes) -> None:
    root = _folder() / changed.replace("/", "-")
    if not root.exists():
        shutil.copytree(COURSE, root)
    (root / changed).write_bytes(data)
    try:
        load_course(root)
    except CourseError as error:
        _check_line(error)


def _check_line(error: CourseError) -> None:
    assert "\n" not in str(error)
    assert error.message


def notebook(data: bytes) -> None:
    """A notebook that was handed in."""
    try:
        source_from_notebook(data)
    except NotebookError:
        return


def source(data: bytes) -> None:
    """A Python file that was handed in, up to the rules about it."""
    try:
        text = decode_source(data)
    except (SyntaxError, UnicodeError, LookupError):
        return
    text.encode()
    try:
        first_broken_rule(_RULES, "answer.py", {"answer.py": text, "helpers.py": ""})
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return


_RULES = SourceTest(
    name="rules",
    visibility="public",
    parts=(),
    imports=("numpy",),
    forbid=("for", "numpy.linalg"),
    require=("matmul",),
)


def metadata(data: bytes) -> None:
    """The description of a Gradescope export, in which students' names are."""
    try:
        found = gradescope_metadata.read_metadata(_file(data, "submission_metadata.yml"))
    except AutograderError:
        return
    for about in found.values():
        for student in about.students:
            assert displayable(student).encode()
    msgspec.json.encode(found)


def grade_file(data: bytes) -> None:
    """A grade file that may have been damaged."""
    read_grade(_file(data, "grade.json"))


def text(data: bytes) -> None:
    """What code printed, on its way to a grade, a document and a terminal."""
    printed = data.decode("utf-8", "replace")
    assert all(char.isprintable() or char in "\n\t" for char in sanitize_lines(printed))
    assert sanitize(printed).isprintable()
    shown(printed).encode()
    parse_timestamp(printed)


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    one.__name__: one
    for one in (
        *(reply, yaml, course, exercise, config, notebook, source, metadata),
        *(grade_file, text),
    )
}

_ARRAYS = tuple(pack_array(array) for array in (np.ones(2), np.ones((2, 3)), np.array([True])))
SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "reply": (
        encode(Returned(1, _ARRAYS[0])),
        encode(Returned(1, Items("tuple", _ARRAYS), changed=(0,), shared=(1,))),
        encode(Returned(1, _ARRAYS[0], changed=(1,), element=Element((0, 2), 3.0))),
        encode(Returned(1, Items("list", (Opaque("list", "[1, 2]"), Plain(3))))),
        encode(Returned(1, Plain("text"))),
        encode(Returned(1, Array("object", (3,), memoryview(b"")))),
        encode(Raised(1, ExceptionInfo("ValueError", "no", (Frame("a.py", 3, "f"),)))),
        encode(Callback(1, 0, (_ARRAYS[0], Plain(3)))),
    ),
    "yaml": tuple(path.read_bytes() for path in sorted(COURSE.rglob("*.yaml"))),
    "course": ((COURSE / "tests/hidden/layer/linear_backward.yaml").read_bytes(),),
    "exercise": ((COURSE / "assignments/layer/linear_backward.yaml").read_bytes(),),
    "config": ((COURSE / "config.yaml").read_bytes(),),
    "notebook": (
        b'{"cells": [{"cell_type": "code", "source": ["%matplotlib inline\\n", "x = !ls\\n"]},'
        b' {"cell_type": "code", "source": "def f(x):\\n    return f\'{x!r:>{3}}\'"}]}',
    ),
    "source": (b"# coding: utf-8\nimport numpy as np\ndef f(x):\n    return x @ x.T\n",),
    "metadata": (
        b"submission_1:\n  :submitters:\n  - :name: Kim\n    :sid: '1'\n"
        b"  :created_at: 2026-11-24 10:00:00.000 Z\n  :score: !ruby/object:X {a: 1}\n",
    ),
    "grade_file": (b'{"student": "kim", "assignment": "a", "score": 1, "exercises": []}',),
    "text": (b"2026-12-01 23:59:00.123456 UTC", "\x1b[31m\u202e0x7f00deadbeef\x9b".encode()),
}
