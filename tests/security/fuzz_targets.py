"""What takes in bytes from outside, as functions that raise for a fault of ours and nothing else.

Each catches what it may raise for bad input. Used by the tests with a few hundred inputs, and by
``make fuzz`` with millions.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from autograder.course.exercise import SourceTest
from autograder.course.loading import load_course
from autograder.course.loading.yaml_source import read_yaml
from autograder.course.roster import read_roster
from autograder.errors import AutograderError, CourseError
from autograder.exports.context import shown
from autograder.grades.grade_file import read_grade
from autograder.grading.observation import Observation, observation_of
from autograder.grading.source_rules import first_broken_rule
from autograder.integrations.gradescope import run as gradescope_run
from autograder.integrations.nbgrader.carrier import students_cells
from autograder.sandbox.endless_loops import loops_around
from autograder.sandbox.protocol import (
    Array,
    Callback,
    Element,
    Endless,
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
from autograder.sandbox.session import Died, Functions, call_back
from autograder.student.mistake_index import read_index
from autograder.submissions.choice import Wanted, choose
from autograder.submissions.layouts import gradescope_metadata
from autograder.submissions.layouts.archive import _unpack_into
from autograder.submissions.listing import list_items
from autograder.submissions.names import meaning, same
from autograder.submissions.notebook import NotebookError, source_from_notebook
from autograder.submissions.submission import (
    decode_source,
    displayable,
    is_reserved,
    storable,
)
from autograder.submissions.submission_time import head_of, parse_timestamp, time_of_commit
from autograder.submissions.times import read_times
from autograder.text.messages import sanitize, sanitize_lines
from autograder.truth.compare import NotAnArray, compare
from autograder.truth.expected import Expected
from tests.support.small_course import copy_course

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
            encode(call_back(received, functions))
        except MalformedReply:
            return
        return
    outcome = Died("endless", at=received.frame) if isinstance(received, Endless) else received
    for names in (("dx",), ("dx", "dW")):
        seen: Observation = observation_of(outcome, names, accept_lists=True)
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
        copy_course(COURSE, root)
    (root / changed).write_bytes(data)
    try:
        load_course(root)
    except CourseError as error:
        _check_line(error)


def _check_sentence(error: AutograderError) -> None:
    assert "\n" not in str(error)


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
    """A Python file that was handed in, up to the rules about it and its loops."""
    try:
        text = decode_source(data)
    except (SyntaxError, UnicodeError, LookupError):
        return
    text.encode()
    with contextlib.suppress(RecursionError, MemoryError):
        for line in range(1, text.count("\n") + 2):
            loops_around(text, line)
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


def handed_in(data: bytes) -> None:
    """A file of a submission, as a notebook, as Python and as what may be either."""
    endings = (".py", ".ipynb", ".txt", ".py.txt", ".md")
    ending = endings[data[0] % len(endings)] if data else ".py"
    _choose({f"linear_backward{ending}": data[1:], "batched.py": b"import linear_backward\n"})


def archive(data: bytes) -> None:
    """A zip in a submission."""
    _choose({"work.zip": data})


def _choose(files: Mapping[str, bytes]) -> None:
    folder = _folder() / "handed-in"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    chosen = choose(list_items(folder, None, None), _WANTED, "layer")
    assert len({one.path for one in chosen.handed_in}) == len(chosen.handed_in) or files
    msgspec.json.encode(chosen)


_WANTED = (
    Wanted("linear_backward", "linear_backward"),
    Wanted("batched", "batched", whole=True),
)


def class_zip(data: bytes) -> None:
    """The zip of a class."""
    target = _folder() / "unpacked"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    done = _unpack_into((str(_file(data, "class.zip")), str(target)))
    assert done.fault is None or done.fault.key
    msgspec.json.encode(done)
    inside = target.resolve()
    assert all(path.resolve().is_relative_to(inside) for path in target.rglob("*"))
    assert sorted(path.name for path in _folder().parent.glob("evil*")) == []


def commit(data: bytes) -> None:
    """What a repository says of its last commit."""
    git = _folder() / "repository" / ".git"
    (git / "refs" / "heads").mkdir(parents=True, exist_ok=True)
    head, _, rest = data.partition(b"\0")
    (git / "HEAD").write_bytes(head)
    (git / "packed-refs").write_bytes(rest)
    name = head_of(git)
    assert name is None or len(name) in (40, 64)
    time_of_commit(rest)


def cells(data: bytes) -> None:
    """A notebook that was handed in through nbgrader."""
    found = students_cells(data, _CARRIER)
    msgspec.json.encode(found)


_CARRIER = b'{"cells": [{"metadata": {"nbgrader": {"grade_id": "answer"}}}]}'


def times(data: bytes) -> None:
    """A CSV of when work was handed in."""
    try:
        read_times(data, "times.csv")
    except AutograderError as error:
        _check_sentence(error)


def roster(data: bytes) -> None:
    """A CSV of a platform's with everybody in it."""
    try:
        read_roster(data, "roster.csv")
    except AutograderError as error:
        _check_sentence(error)


def index(data: bytes) -> None:
    """The locked hints in a bundle."""
    try:
        read_index(_file(data, "hints.json"))
    except CourseError as error:
        _check_line(error)


def user(data: bytes) -> None:
    """What Gradescope says of who has just handed in."""
    try:
        found = gradescope_run._read(_file(data, "metadata.json"), gradescope_run._Metadata, "")
    except AutograderError as error:
        _check_sentence(error)
        return
    assert all(isinstance(one.student, str) for one in found.users)


def name(data: bytes) -> None:
    """What students call files and folders."""
    given = displayable(os.fsdecode(data))
    given.encode()
    meant = meaning(given.replace("/", "_"), ("linear_backward", "batched"), "layer")
    assert meant.distance >= 0
    stored = storable(given)
    assert 0 < len(stored.encode()) < 250
    assert not {"/", "\0"} & set(stored)
    assert not is_reserved(stored) or not stored
    same(given)


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
        *(grade_file, text, handed_in, archive, class_zip, commit, cells, times, roster),
        *(index, user, name),
    )
}


def _zipped(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for number, one in enumerate(names):
            file.writestr(one, b"x = 1\n" * (number + 1))
    return made.getvalue()


_ARRAYS = tuple(pack_array(array) for array in (np.ones(2), np.ones((2, 3)), np.array([True])))
SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "reply": (
        encode(Returned(1, _ARRAYS[0])),
        encode(Returned(1, Items("tuple", _ARRAYS), changed=(0,), shared=(1,))),
        encode(Returned(1, _ARRAYS[0], changed=(1,), element=Element((0, 2), 3.0))),
        encode(Returned(1, Items("list", (Opaque("list", "[1, 2]"), Plain(3))))),
        encode(Endless(1, Frame("a.py", 3, ""))),
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
    "handed_in": (
        b"\0import numpy as np\ndef linear_backward(x, W, dy):\n    return W.T @ dy, x\n",
        b'\1{"cells": [{"cell_type": "code", "source": ["%time x = 1\\n", "!ls\\n"]},'
        b' {"cell_type": "code", "source": "%%writefile batched.py\\ndef batched(W, dY): ..."},'
        b' {"cell_type": "code", "source": "@jit\\ndef linear_backward(x): return await x"}]}',
        b"\3# coding: cp949\nexec('def linear_backward(x): return 1')\n"
        b"if __name__ == '__main__': x\n",
    ),
    "archive": (_zipped("linear_backward.py", "layer/batched.ipynb", "../evil.py", "x.zip"),),
    "class_zip": (_zipped("eve/layer/linear_backward.py", "ada/layer/../evil.py", "C:\\evil.py"),),
    "commit": (
        b"ref: refs/heads/main\n\0" + b"0" * 40 + b" refs/heads/main\ncommitter e <e> 1 +0000\n",
        b"0" * 40 + b"\0committer e <e@e> 99999999999 -0100\n",
    ),
    "cells": (
        b'{"cells": [{"cell_type": "code", "source": ["x"], "metadata": {"nbgrader": '
        b'{"grade_id": "answer"}}}, {"cell_type": "markdown", "source": "<b>"}]}',
    ),
    "times": (
        "학번,제출 시각\n1,2026. 12. 1. 오후 3:00\n".encode(),
        b"student,time\nkim,2026-12-01 1:00\n",
    ),
    "roster": (
        b"Student,ID,SIS Login ID,Section\nKim,1,kim,1\n",
        "이름,학번\n김,1\n".encode("cp949"),
    ),
    "index": (b'{"version": 1, "exercises": {"dx": []}}',),
    "user": (
        b'{"users": [{"sid": "1", "email": null, "name": "Kim"}], '
        b'"created_at": "2026-11-24T10:00:00Z"}',
    ),
    "name": (b"linear_backward (1).py", "김_123_linear-backward.py.txt".encode(), b"..\xff/con"),
}
