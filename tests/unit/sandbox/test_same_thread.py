"""Student code in this very thread: the same answers as from a process, and nothing stays."""

from __future__ import annotations

import builtins
import math
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from msgspec import to_builtins
from msgspec.structs import replace

from autograder.sandbox.host import Sandbox
from autograder.sandbox.limits import Limits
from autograder.sandbox.protocol import Array, Raised, Returned
from autograder.sandbox.same_thread import SameThread
from autograder.sandbox.session import Died, Session

CODE = """
import numpy as np
import sys, random, builtins, math, warnings
print("loading")
def double(x):
    return 2 * x
def change(x):
    x[0] = 7
    return x
def call(f, x):
    return f(x) + f(x=x)
def pair(x):
    return [x, x.sum()], "text"
def fails(x):
    return x[10]
def leaves():
    sys.exit(3)
def asks():
    return input()
def one_element(x):
    return np.float64(x[:1])
def a_number_of_axes():  # as numpy says it before 2.4
    warnings.warn(
        "Conversion of an array with ndim > 0 to a scalar is deprecated", DeprecationWarning
    )
def large():
    return np.zeros(1 << 20)
def drawn():
    return random.random() + np.random.rand()
def hurts():
    np.dot = np.array = None
    np.seterr(all="raise")
    np.set_printoptions(precision=1)
    builtins.len = lambda _: 3
    math.pi = 3
    sys.setrecursionlimit(90)
    sys.path.append("x")
    return 1
class Keeps:
    def __init__(self, x): self.x = x
    def get(self): return self.x
"""
X = np.array([1.0, 2.0])


def code_in(sandbox: Sandbox) -> Session:
    session = sandbox.session()
    session.load("work", {"work.py": CODE, "other.py": "value = 5"})
    return session


@pytest.fixture(scope="module")
def apart() -> Iterator[Sandbox]:
    with Sandbox("process", Limits()) as sandbox:
        yield sandbox


CALLS: list[tuple[str, list[Any]]] = [
    ("double", [X]),
    ("change", [X]),
    ("call", [lambda x: 3 * x, X]),
    ("call", [lambda x, y: x, X]),
    ("pair", [X]),
    ("fails", [X]),
    ("leaves", []),
    ("asks", []),
    ("drawn", []),
    ("missing", []),
    ("large", []),
    ("one_element", [X]),
    ("a_number_of_axes", []),
]


@pytest.mark.parametrize(("target", "given"), CALLS)
def test_answers_are_those_of_a_process(apart: Sandbox, target: str, given: list[Any]) -> None:
    with code_in(SameThread(Limits())) as here, code_in(apart) as there:
        inspect = not any(map(callable, given))
        answers = [one.call(target, given, inspect=inspect) for one in (here, there)]
        assert _readable(answers[0]) == _readable(answers[1])
        assert here.output() == there.output() == "loading\n"


def test_no_version_of_numpy_makes_a_number_of_an_array_with_axes(apart: Sandbox) -> None:
    with code_in(SameThread(Limits())) as here, code_in(apart) as there:
        for session in (here, there):
            answer = session.call("one_element", [X])
            assert isinstance(answer, Returned)
            assert isinstance(answer.value, Array)
            assert answer.value.shape == (1,)
            refused = session.call("a_number_of_axes", [])
            assert isinstance(refused, Raised)
            assert refused.exception.type_name == "DeprecationWarning"


def _readable(answer: Any) -> Any:
    """Without the number, which nobody can predict."""
    return to_builtins(answer if isinstance(answer, Died) else replace(answer, number=0))


def test_objects_are_kept() -> None:
    with code_in(SameThread(Limits())) as session:
        session.call("Keeps", [X], keep="layer")
        answer = session.call("layer.get", [])
        assert isinstance(answer, Returned)
        assert bytes(answer.value.data) == X.tobytes()  # type: ignore[union-attr]


def test_nothing_stays_of_a_submission() -> None:
    before = (np.dot, np.array, builtins.len, math.pi, sys.getrecursionlimit(), list(sys.path))
    printing, errors, finders = np.get_printoptions(), np.geterr(), list(sys.meta_path)
    streams = sys.stdin, sys.stdout, sys.stderr
    sandbox = SameThread(Limits())
    with code_in(sandbox) as session:
        session.call("hurts", [])
    now = (np.dot, np.array, builtins.len, math.pi, sys.getrecursionlimit(), list(sys.path))
    assert now == before
    assert (np.get_printoptions(), np.geterr(), sys.meta_path) == (printing, errors, finders)
    assert (sys.stdin, sys.stdout, sys.stderr) == streams
    assert not {"work", "other"} & sys.modules.keys()
    first, second = (code_in(sandbox) for _ in range(2))
    random.random()
    assert _readable(first.call("double", [X])) == _readable(second.call("double", [X]))


def test_what_another_interpreter_did_not_answer_is_not_asked() -> None:
    seen: list[tuple[int, bool]] = []
    sandbox = SameThread(Limits())
    sandbox.begin(
        CODE, lambda number, left: seen.append((number, math.isfinite(left))), {2: Died("timeout")}
    )
    session = code_in(sandbox)
    assert isinstance(session.call("double", [X]), Returned)
    assert session.call("double", [X]) == Died("timeout")
    assert session.call("double", [X]) == Died("timeout")
    assert isinstance(code_in(sandbox).call("double", [X]), Returned)
    numbers = [number for number, is_asked in seen if is_asked]
    assert numbers == [0, 1, 3, 4]
    assert [is_asked for _, is_asked in seen] == [True, False] * 4


def test_other_code_is_not_counted() -> None:
    seen: list[int] = []
    sandbox = SameThread(Limits())
    sandbox.begin("other", lambda number, _: seen.append(number), {0: Died("timeout")})
    assert isinstance(code_in(sandbox).call("double", [X]), Returned)
    assert seen == []


def test_limits_hold() -> None:
    sandbox = SameThread(Limits(reply_mib=1, output_kib=1))
    session = sandbox.session()
    session.load("work", {"work.py": f"{CODE}\nprint('x' * 100_000)"})
    assert session.call("large", []) == Died("oversized")
    assert len(session.output()) == 1024
