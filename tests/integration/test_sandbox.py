"""Processes of student code: what they can do, how they end, what the grader sees of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.errors import MachineError
from autograder.sandbox.host import Sandbox
from autograder.sandbox.launch import warm_process
from autograder.sandbox.levels import LEVELS, Level
from autograder.sandbox.limits import Limits
from autograder.sandbox.protocol import (
    HEADER,
    Array,
    Callback,
    Element,
    Items,
    Missing,
    Opaque,
    Plain,
    Raised,
    Returned,
    encode,
    unpack_array,
)
from autograder.sandbox.session import Died, Outcome, Script, question

# Nothing here needs a minute, however busy the machine is; what is to use up its time gets less.
LIMITS = Limits(wall_seconds=60.0, memory_mib=256, output_kib=4, reply_mib=1)


@pytest.fixture(scope="module", params=["sandbox", "process"])
def anywhere(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    level: Level = request.param
    with Sandbox(level, LIMITS) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def sandboxed() -> Iterator[Sandbox]:
    with Sandbox("sandbox", LIMITS) as sandbox:
        yield sandbox


def ask(
    sandbox: Sandbox,
    source: str,
    *arguments: object,
    inspect: bool = False,
    seconds: float | None = None,
) -> Outcome:
    """Load ``source`` and call its function ``f``, which may take ``seconds``."""
    with sandbox.session() as session:
        loaded = session.load("work", {"work.py": source})
        if isinstance(loaded, (Raised, Died)):
            return loaded
        session.start_clock(seconds)
        return session.call("f", arguments, inspect=inspect)


def raised(outcome: Outcome) -> tuple[str, str]:
    assert isinstance(outcome, Raised), outcome
    return outcome.exception.type_name, outcome.exception.message


def value(outcome: Outcome) -> object:
    assert isinstance(outcome, Returned), outcome
    if isinstance(outcome.value, Plain):
        return outcome.value.value
    if isinstance(outcome.value, Array) and outcome.value.shape == ():  # a number of numpy's
        return np.frombuffer(outcome.value.data, outcome.value.dtype)[0].item()
    return outcome.value


def test_calls_and_returns(anywhere: Sandbox) -> None:
    W, dy = np.arange(6.0).reshape(2, 3), np.array([7.0, 8.0])
    outcome = ask(anywhere, "def f(W, dy): return W.T @ dy, dy", W, dy)
    assert isinstance(outcome, Returned)
    assert isinstance(outcome.value, Items)
    dx, same = outcome.value.items
    assert isinstance(dx, Array)
    assert isinstance(same, Array)
    assert np.array_equal(unpack_array(dx), W.T @ dy)
    assert np.array_equal(unpack_array(same), dy)


def test_reports_what_a_call_did_to_its_arguments(anywhere: Sandbox) -> None:
    source = "def f(a, b, c):\n    b += 1\n    return c[1:]"
    outcome = ask(anywhere, source, np.ones(3), np.ones(3), np.ones(3), inspect=True)
    assert isinstance(outcome, Returned)
    assert (outcome.changed, outcome.shared) == ((1,), (2,))


CHANGES = {
    "b[1, 0] = 5": Element((1, 0), 5.0),
    "b *= -1": Element((0, 1), -1.0),  # b[0, 0] is nan, and stays so
    "b += np.nan": Element((0, 1), float("nan")),
    "b.shape = 4": None,
    "b[1, 0] += 0": None,
}


@pytest.mark.parametrize("code", CHANGES)
def test_reports_the_first_element_that_a_call_changed(code: str, anywhere: Sandbox) -> None:
    source = f"import numpy as np\ndef f(a, b):\n    {code}"
    b = np.array([[np.nan, 1.0], [1.0, 1.0]])
    outcome = ask(anywhere, source, np.ones(3), b, inspect=True)
    assert isinstance(outcome, Returned)
    assert repr(outcome.element) == repr(CHANGES[code])


def test_functions_stay_with_the_grader(anywhere: Sandbox) -> None:
    calls = []

    def loss(x: Any) -> float:
        calls.append(x.copy())
        return float(x.sum())

    assert value(ask(anywhere, "def f(g, x): return g(x) + g(2 * x)", loss, np.ones(3))) == 9.0
    assert len(calls) == 2
    kind, _ = raised(ask(anywhere, "def f(g): return g(object())", loss))
    assert kind == "TypeError"
    kind, _ = raised(ask(anywhere, "def f(g): return g()", loss))
    assert kind == "TypeError"


ODD_ARGUMENTS = {
    "a shape that broadcasts": "np.ones((2000, 1))",
    "an empty array with a large axis": "np.ones((0, 1 << 30))",
    "text": "'x' * 100",
    "nothing": "None",
    "a number beyond 64 bits": "1 << 64",
    "text in an array": "np.array(['x'])",
    "a list": "[1.0, 2.0]",
}


@pytest.mark.parametrize("argument", ODD_ARGUMENTS.values(), ids=ODD_ARGUMENTS)
def test_functions_of_the_grader_refuse_odd_arguments(sandboxed: Sandbox, argument: str) -> None:
    def never(x: Any) -> float:
        raise AssertionError("called")

    source = f"import numpy as np\ndef f(g, x): return g({argument})"
    assert raised(ask(sandboxed, source, never, np.ones(3)))[0] == "TypeError"


def test_functions_of_the_grader_take_no_longer_for_large_numbers(sandboxed: Sandbox) -> None:
    """As Python's own numbers these would take days and all memory."""

    def power(x: Any) -> Any:
        return x**x

    source = "def f(g, x): return g((1 << 62) + 1)"
    assert isinstance(ask(sandboxed, source, power, np.ones(3)), Returned)


def test_functions_of_the_grader_take_the_arrays_of_the_call(sandboxed: Sandbox) -> None:
    source = "def f(g, x): return g(x + 1j) + g(2 * x) + g(x[:5])"
    outcome = ask(sandboxed, source, lambda x: float(np.abs(x).sum()), np.ones(5000))
    assert isinstance(value(outcome), float)


class Noted:
    """A function that notes what it is called with; ``foreseen`` as the grader has it."""

    def __init__(self, *foreseen: Any) -> None:
        self.foreseen = [(one,) for one in foreseen]
        self.parameters = ("x",)
        self.seen: list[Any] = []

    def __call__(self, x: Any) -> Any:
        self.seen.append(np.asarray(x).tolist())
        return np.asarray(x) * 2


CALLS_OFTEN = """
import numpy as np
def f(g, x, times):
    return sum(g(x + n).sum() for n in range(times))
def plain(x):
    return x
def size(x):
    return x.size
"""


def test_functions_are_called_between_questions_that_are_asked_in_one_go(anywhere: Sandbox) -> None:
    """Questions that come before their answers wait."""
    x, large = np.ones(3), np.ones(1_000_000)  # which no socket takes at once
    handed = [Noted() for _ in range(4)]
    tests = [
        [
            question("plain", [x]),
            question("f", [handed[0], x, 3]),
            question("f", [handed[1], x, 1]),
        ],
        [
            question("f", [handed[2], x, 0]),
            question("len", []),
            question("f", [handed[3], x, 2]),
        ],
        [question("size", [large])],
    ]
    with anywhere.session() as session:
        session.load("m", {"m.py": CALLS_OFTEN})
        found = [one.outcomes() for one in session.ask_all(Script(tests))]
        assert session.alive
    assert [len(one.seen) for one in handed] == [3, 1, 0, 2]
    assert [value(one) for one in found[0][1:]] == [36.0, 6.0]
    assert isinstance(found[1][1], Missing)
    assert value(found[1][2]) == 18.0
    assert value(found[2][0]) == 1_000_000


def test_a_function_that_is_called_for_ever_ends_with_the_time_of_its_test(
    sandboxed: Sandbox,
) -> None:
    calls = "def f(g, x):\n    for _ in iter(int, 1):\n        g(x)\ndef plain(x): return x\n"
    tests = [[question("plain", [1.0])], [question("f", [Noted(), 1.0]), question("plain", [1.0])]]
    with sandboxed.session() as session:
        session.load("m", {"m.py": calls})
        session._wall_seconds = 0.3
        first, second = (one.outcomes() for one in session.ask_all(Script(tests)))
    assert value(first[0]) == 1.0
    assert second == [Died("timeout", "0.3")]


FORGED_CALLS = {
    "of a question that hands over no function": (0, 1),
    "of the question after": (1, 2),
    "of one that is over": (1, 0),
    "of a number that nobody asked": (1, None),
}


@pytest.mark.parametrize(("during", "named"), FORGED_CALLS.values(), ids=FORGED_CALLS)
def test_calls_of_other_questions_are_no_replies(
    sandboxed: Sandbox, during: int, named: int | None
) -> None:
    handed = Noted()
    script = Script([[question("f", [0]), question("f", [handed]), question("f", [handed])]])
    numbers = script.numbers[0]
    forged = encode(Callback(7 if named is None else numbers[named], 0, (Plain(1.0),)))
    source = (
        "import os\ntimes = []\ndef f(g):\n    times.append(g)\n"
        f"    if len(times) > {during}:\n"
        f"        os.write(3, {HEADER.pack(len(forged)) + forged!r})\n    return 1.0\n"
    )
    with sandboxed.session() as session:
        session.load("m", {"m.py": source})
        (replies,) = session.ask_all(script)
        outcomes = replies.outcomes()
    assert isinstance(outcomes[-1], Died)
    assert outcomes[-1].reason == "malformed"
    assert not handed.seen


def test_what_a_function_returns_for_foreseen_arguments_is_sent_along(anywhere: Sandbox) -> None:
    x = np.array([[1.0, -2.0], [0.0, 3.0]])
    handed = Noted(x)
    source = """
import numpy as np
def f(g, x):
    first, again = g(x), g(x=np.asfortranarray(x))
    first[0, 0] = 99.0  # is nobody else's
    return [again, g(x.copy()), first]
"""
    result = value(ask(anywhere, source, handed, x))
    assert isinstance(result, Items)
    assert handed.seen == [x.tolist()]  # when it was sent
    again, third, first = (unpack_array(one) for one in result.items if isinstance(one, Array))
    assert again.tolist() == third.tolist() == (2 * x).tolist()
    assert first[0, 0] == 99.0


OTHER_ARGUMENTS = {
    "other numbers": "x + 1",
    "the other zero": "np.where(x == 0, -0.0, x)",
    "another type": "x.astype(np.float32)",
    "another shape": "x.ravel()",
    "fewer axes": "x[:, 0]",
    "a number": "x[0, 0]",
    "a matrix of another kind of numbers": "x + 0j",
}


@pytest.mark.parametrize("argument", OTHER_ARGUMENTS.values(), ids=OTHER_ARGUMENTS)
def test_for_other_arguments_the_function_is_called(anywhere: Sandbox, argument: str) -> None:
    x = np.array([[1.0, -2.0], [0.0, 3.0]])
    handed = Noted(x)
    source = f"import numpy as np\ndef f(g, x): return g({argument})"
    assert isinstance(ask(anywhere, source, handed, x), Returned)
    expected = eval(argument, {"np": np, "x": x})
    assert repr(handed.seen) == repr([x.tolist(), np.asarray(expected).tolist()])


def test_arguments_that_a_function_refuses_are_not_foreseen(anywhere: Sandbox) -> None:
    def refuses(x: Any) -> Any:
        raise ValueError("no")

    refuses.foreseen = [(np.ones(2),)]  # type: ignore[attr-defined]
    outcome = ask(anywhere, "def f(g, x): return g(x)", refuses, np.ones(2))
    assert raised(outcome)[0] == "TypeError"


def test_results_that_do_not_travel_are_refused(sandboxed: Sandbox) -> None:
    for result in (1 << 70, "text", object(), np.array([object()]), 1j):
        outcome = ask(sandboxed, "def f(g): return g(1.0)", lambda x, result=result: result)
        assert raised(outcome)[0] == "TypeError"


def test_results_together_have_a_limit_too(sandboxed: Sandbox) -> None:
    """Each reply is small enough; all of them would fill the grader's memory."""
    source = "import numpy as np\nlarge = np.ones(100_000)\ndef f(): return large"
    with sandboxed.session() as session:
        session.load("work", {"work.py": source})
        outcomes = [session.call("f", []) for _ in range(10)]
    assert isinstance(outcomes[0], Returned)
    assert outcomes[-1] == Died("oversized")


def test_a_session_may_go_on_with_the_allowance_of_another(sandboxed: Sandbox) -> None:
    source = "import numpy as np\ndef f(): return np.ones(120_000)"
    allowance = None
    reasons = []
    for _ in range(6):
        with sandboxed.session() as session:
            session.allowance = allowance = allowance or session.allowance
            session.load("work", {"work.py": source})
            outcome = session.call("f", [])
            reasons.append(outcome.reason if isinstance(outcome, Died) else "")
    assert reasons == ["", "", "", "", "oversized", "oversized"]


def test_objects_stay_with_the_student(anywhere: Sandbox) -> None:
    source = """
class Counter:
    def __init__(self, start): self.count = start
    def add(self, n):
        self.count += n
        return self.count
"""
    with anywhere.session() as session:
        session.load("work", {"work.py": source})
        session.call("Counter", [5], keep="counter")
        assert value(session.call("counter.add", [2])) == 7
        assert value(session.read("counter.count")) == 7
        assert isinstance(session.read("counter.nothing"), Missing)


def test_files_of_a_submission_import_each_other_and_shadow_nothing(anywhere: Sandbox) -> None:
    files = {
        "work.py": "import helpers, json\ndef f(): return helpers.two() + len(json.dumps(1))",
        "helpers.py": "def two(): return 2",
        "json.py": "def dumps(x): return 'shadowed'",
        "numpy.py": "raise RuntimeError('shadowed')",
    }
    with anywhere.session() as session:
        session.load("work", files)
        assert value(session.call("f", [])) == 3


def test_tracebacks_show_the_students_own_lines(anywhere: Sandbox) -> None:
    outcome = ask(anywhere, "import numpy as np\ndef f():\n    return np.ones(2) @ np.ones(3)")
    assert isinstance(outcome, Raised)
    assert [(frame.file, frame.line) for frame in outcome.exception.frames] == [("work.py", 3)]


def test_syntax_errors_name_their_line(anywhere: Sandbox) -> None:
    outcome = ask(anywhere, "x = 1\ndef f(:\n")
    assert isinstance(outcome, Raised)
    assert outcome.exception.type_name == "SyntaxError"
    assert outcome.exception.frames[-1].line == 2


def test_prints_are_kept_up_to_a_limit_even_of_a_process_that_dies(anywhere: Sandbox) -> None:
    with anywhere.session() as session:
        session.load("work", {"work.py": "import os\ndef f():\n  print('hello')\n  os._exit(3)"})
        assert session.call("f", []) == Died("crashed", "exit code 3")
        assert session.output() == "hello\n"
    with anywhere.session() as session:
        session.load("work", {"work.py": "def f():\n  for _ in range(100): print('x' * 99999)"})
        assert value(session.call("f", [])) is None
        assert session.output() == "x" * 4096


@pytest.mark.parametrize(
    ("source", "died"),
    [
        ("def f():\n    for _ in iter(int, 1): pass", Died("timeout")),
        ("def f():\n    while True: pass", Died("endless")),
        ("import time\ndef f(): time.sleep(60)", Died("timeout")),
        ("import os, signal\ndef f(): os.kill(os.getpid(), signal.SIGSTOP)", Died("timeout")),
        ("import os\ndef f(): os._exit(0)", Died("crashed", "exit code 0")),
        ("import ctypes\ndef f(): ctypes.string_at(0)", Died("crashed", "SIGSEGV")),
        ("import os\ndef f(): os.abort()", Died("crashed", "SIGABRT")),
        ("import os\ndef f(): os.write(3, b'\\0\\0\\0\\7nonsense')", Died("malformed")),
        ("import os\ndef f(): os.write(3, b'\\xff\\xff\\xff\\xff')", Died("oversized")),
        ("import numpy as np\ndef f(): return np.ones(1 << 20)", Died("oversized")),
    ],
)
def test_ways_to_die(anywhere: Sandbox, source: str, died: Died) -> None:
    outcome = ask(anywhere, source, seconds=0.2 if died.reason == "timeout" else None)
    assert isinstance(outcome, Died)
    assert outcome.reason == died.reason
    assert not died.detail or outcome.detail == died.detail


def test_a_dead_session_stays_dead_and_the_next_one_is_new(anywhere: Sandbox) -> None:
    with anywhere.session() as session:
        session.load("work", {"work.py": "import os\ndef f(): os._exit(1)\ndef g(): return 1"})
        died = session.call("f", [])
        assert isinstance(died, Died)
        assert session.call("g", []) == died
    assert value(ask(anywhere, "def f(): return 1")) == 1


def test_a_reply_for_later_is_refused(anywhere: Sandbox) -> None:
    """A frame written in advance is not taken for the answer to the next request."""
    source = """
import os, msgspec, struct
def f():
    payload = msgspec.msgpack.encode(
        {"type": "returned", "number": 0, "value": ["plain", 1.0], "changed": [], "shared": []})
    os.write(3, struct.pack("!I", len(payload)) + payload)
"""
    assert isinstance(ask(anywhere, source), Died)


def test_memory_is_limited(anywhere: Sandbox) -> None:
    source = "import numpy as np\ndef f(): return len(np.ones(1 << 26))"
    assert raised(ask(anywhere, source))[0] == "MemoryError"
    assert value(ask(anywhere, "def f(): return 1")) == 1


@pytest.mark.parametrize(
    "value_source",
    ["object()", "{}", "lambda: 0", "b'x'", "1j", "1 << 70", "type('X' * 9999, (), {})()"],
)
def test_what_does_not_travel_is_named(anywhere: Sandbox, value_source: str) -> None:
    assert isinstance(value(ask(anywhere, f"def f(): return {value_source}")), Opaque)


def test_hostile_array_subclasses_send_their_real_numbers(anywhere: Sandbox) -> None:
    source = """
import numpy as np
class Liar(np.ndarray):
    shape = property(lambda self: (99,))
    dtype = property(lambda self: np.dtype('int8'))
    def tobytes(self, *a): return b'lies'
    def __eq__(self, other): return True
    def __array__(self, *a, **k): return np.ones(99)
def f(): return np.zeros(2).view(Liar)
"""
    outcome = value(ask(anywhere, source))
    assert isinstance(outcome, Array)
    assert np.array_equal(unpack_array(outcome), np.zeros(2))


FORBIDDEN = {
    "read a file": "open('/etc/passwd').read()",
    "list a folder": "os.listdir('/')",
    "look at processes": "os.listdir('/proc')",
    "write a file": "open('/tmp/autograder-attack', 'w')",
    "write shared memory": "open('/dev/shm/attack', 'w')",
    "make a folder": "os.mkdir('/tmp/autograder-attack')",
    "rename": "os.rename('/tmp', '/tmp2')",
    "change rights": "os.chmod('/tmp', 0)",
    "open a socket": "socket.socket()",
    "pair sockets": "socket.socketpair()",
    "fork": "os.fork()",
    "run a program": "subprocess.run(['/bin/true'])",
    "signal another": "os.kill(os.getppid(), 9)",
    "signal all": "os.kill(-1, 9)",
    "change its name": "open('/proc/self/comm', 'w')",
    "change scheduling": "os.sched_setaffinity(0, {0})",
    "make a memory file": "os.memfd_create('x')",
}


@pytest.mark.parametrize("action", FORBIDDEN)
def test_the_sandbox_forbids(sandboxed: Sandbox, action: str) -> None:
    source = f"import os, resource, socket, subprocess\ndef f(): {FORBIDDEN[action]}"
    assert raised(ask(sandboxed, source))[0] == "PermissionError"


def test_limits_cannot_be_changed(sandboxed: Sandbox) -> None:
    source = "import resource as r\ndef f(): r.setrlimit(r.RLIMIT_CPU, (1, 99))"
    assert raised(ask(sandboxed, source)) == ("ValueError", "not allowed to raise maximum limit")


def test_the_sandbox_forbids_threads(sandboxed: Sandbox) -> None:
    source = "import threading\ndef f(): threading.Thread(target=print).start()"
    assert raised(ask(sandboxed, source)) == ("RuntimeError", "can't start new thread")


def test_the_grader_s_environment_stays_out(
    sandboxed: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    with Sandbox("sandbox", LIMITS) as fresh:
        source = "import os\ndef f(): return ' '.join(sorted(os.environ))"
        assert "TOKEN" not in str(value(ask(fresh, source)))


def test_a_child_holds_nothing_but_its_channel(sandboxed: Sandbox) -> None:
    source = """
import os
def f():
    found = []
    for fd in range(64):
        try: os.fstat(fd); found.append(fd)
        except OSError: pass
    return str(found)
"""
    assert value(ask(sandboxed, source)) == "[0, 1, 2, 3]"


def test_a_course_beside_the_python_installation_is_refused() -> None:
    private = Path(os.__file__).parent / "course"
    with pytest.raises(MachineError, match="move it elsewhere"):
        Sandbox("sandbox", LIMITS, [private]).warm_up()


@pytest.mark.parametrize(("source", "reason"), [
    ("def f(): return 5", None),
    ("import time\ndef f(): time.sleep(9)", "timeout"),
    ("def f():\n    while True: print('x' * 1000)", "timeout"),
])  # fmt: skip
def test_who_answered_while_the_grader_was_suspended_was_in_time(
    anywhere: Sandbox, source: str, reason: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with anywhere.session() as session:
        session.load("work", {"work.py": source})
        session.start_clock(0.3)
        left = session._clock.left

        def wakes_up_late(*meter: Any) -> float:
            time.sleep(0.5 if left(*meter) > 0 else 0)
            return left(*meter)

        monkeypatch.setattr(session._clock, "left", wakes_up_late)
        outcome = session.call("f", [])
    assert (outcome.reason if isinstance(outcome, Died) else None) == reason
    assert reason is not None or value(outcome) == 5


def zygote(sandbox: Sandbox) -> int:
    pid = sandbox.wait_until_ready()
    assert pid is not None
    return pid


def test_a_killed_zygote_is_replaced(anywhere: Sandbox) -> None:
    assert value(ask(anywhere, "def f(): return 1")) == 1
    os.kill(zygote(anywhere), 9)
    time.sleep(0.05)
    assert value(ask(anywhere, "def f(): return 2")) == 2


def test_what_is_left_unseeded_comes_out_the_same(anywhere: Sandbox) -> None:
    source = "import random, numpy as np\ndef f(): return random.random(), np.random.rand()"
    first, second = (value(ask(anywhere, source)) for _ in range(2))
    assert isinstance(first, Items)
    assert first == second


@pytest.mark.parametrize("level", LEVELS)
def test_sandboxes_begin_with_forks_of_a_warm_process(level: Level) -> None:
    with warm_process(level) as origin:
        assert origin is not None
        with (
            Sandbox(level, LIMITS, origin=origin) as one,
            Sandbox(level, LIMITS, origin=origin) as two,
        ):
            assert value(ask(one, "def f(): return 1")) == 1
            assert value(ask(two, "def f(): return 2")) == 2
            assert zygote(one) != zygote(two)
            assert parent_of(zygote(one)) == parent_of(zygote(two)) != os.getpid()
            os.kill(zygote(one), 9)
            time.sleep(0.05)
            assert value(ask(one, "def f(): return 3")) == 3
            assert value(ask(two, "def f(): return 4")) == 4
            fork = zygote(two)
    with pytest.raises(ProcessLookupError):
        os.kill(fork, 0)


@pytest.mark.parametrize("level", LEVELS)
def test_a_warm_process_that_is_gone_is_done_without(level: Level) -> None:
    with warm_process(level) as origin:
        with Sandbox(level, LIMITS, origin=origin) as sandbox:
            value(ask(sandbox, "def f(): return 1"))
            os.kill(parent_of(zygote(sandbox)), 9)
            time.sleep(0.05)
            assert value(ask(sandbox, "def f(): return 2")) == 2
        with Sandbox(level, LIMITS, origin=origin) as sandbox:
            assert value(ask(sandbox, "def f(): return 3")) == 3


def parent_of(pid: int | None) -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("PPid"))


FAILS_AT = """
done = []
def make(n):
    done.append("make")
    if n < 0:
        raise ValueError("negative")
    return n
def step():
    done.append("step")
    return len(done)
"""


@pytest.mark.parametrize(("n", "count"), [(1, 2), (-1, 1)])
def test_steps_that_follow_one_that_failed_are_left_out(
    anywhere: Sandbox, n: int, count: int
) -> None:
    """They are asked in one go; those of the next case are not left out."""
    case = [question("make", [n]), question("step", [], follows=True)]
    script = Script([[*case, question("step", []), question("missing"), question("step", [])]])
    with anywhere.session() as session:
        session.load("m", {"m.py": FAILS_AT})
        ((made, followed, *rest),) = (one.outcomes() for one in session.ask_all(script))
    assert isinstance(made, Returned if n > 0 else Raised)
    assert isinstance(followed, Returned if n > 0 else Missing)
    first, missing, last = rest
    assert (value(first), value(last)) == (count + 1, count + 2)
    assert isinstance(missing, Missing)
