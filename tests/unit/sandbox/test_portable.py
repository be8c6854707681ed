"""What students use runs where there is no fork, no `resource` and no Landlock."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from autograder.errors import MachineError
from autograder.sandbox import bootstrap, host
from autograder.sandbox.host import Sandbox
from autograder.sandbox.limits import Limits
from autograder.sandbox.protocol import (
    HEADER,
    Array,
    Call,
    Items,
    Load,
    Plain,
    Raised,
    Returned,
    decode_reply,
    encode,
    pack_array,
    view_array,
)
from autograder.sandbox.session import Died, Script, question

ROOT = Path(__file__).parents[3]
LIMITS = Limits(wall_seconds=60.0, cpu_seconds=2, memory_mib=256, output_kib=1, reply_mib=1)

# Everything that Python has on Unix alone and that somebody might reach for.
ELSEWHERE = """
import os, sys
for name in ("resource", "fcntl", "pwd", "grp", "termios", "pty", "posix_ipc"):
    sys.modules[name] = None  # importing it raises ImportError
for name in (
    "fork", "forkpty", "readv", "writev", "pidfd_open", "setsid", "wait4", "waitid", "getuid",
    "geteuid", "sched_getaffinity", "sched_setaffinity", "sysconf", "O_NOFOLLOW", "O_NONBLOCK",
    "O_CLOEXEC",
):
    if hasattr(os, name):
        delattr(os, name)
"""


def run_elsewhere(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ELSEWHERE + program, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )


def test_the_modules_of_a_student_import_everywhere() -> None:
    done = run_elsewhere(
        "import autograder.cli.check, autograder.student.checking, autograder.student.discovery\n"
        "import autograder.student.check_text, autograder.student.check_json\n"
        "import autograder.sandbox.plain_host\n"
        "print(sorted(name for name in sys.modules if name.startswith('autograder.sandbox.')))\n"
    )
    assert done.returncode == 0, done.stderr
    assert "zygote" not in done.stdout
    assert "landlock" not in done.stdout


def test_check_works_everywhere(tmp_path: Path) -> None:
    answer = tmp_path / "linear_backward.py"
    answer.write_text(
        "import numpy as np\n\n"
        "def linear_backward(x, W, dy):\n    return W.T @ dy, np.outer(dy, x)\n"
    )
    program = "from autograder.cli import main\nmain(sys.argv[1:])\n"
    done = run_elsewhere(program, "check", str(answer))
    assert done.returncode == 0, done.stderr + done.stdout
    assert "✓ linear_backward" in done.stdout
    answer.write_text("def linear_backward(x, W, dy):\n    return W @ dy, 0 * W\n")
    done = run_elsewhere(program, "check", str(answer))
    assert done.returncode == 1, done.stderr
    assert "Hint: Let the shapes speak." in done.stdout


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setattr(host, "can_fork", lambda: False)
    with Sandbox("process", LIMITS) as sandbox:
        yield sandbox


def ask(
    sandbox: Sandbox, source: str, *arguments: object, seconds: float | None = None
) -> tuple[object, str]:
    """Load ``source`` and call its function ``f``, which may take ``seconds``."""
    session = sandbox.session()
    with session:
        session.start_clock()
        outcome = session.load("s", {"s.py": source})
        if not isinstance(outcome, (Raised, Died)):
            session.start_clock(seconds)
            outcome = session.call("f", arguments)
        return outcome, session.output()


def test_arrays_go_there_and_back(plain: Sandbox) -> None:
    x = np.arange(60_000.0).reshape(300, 200)
    outcome, printed = ask(plain, "def f(x):\n    print('seen', x.shape)\n    return x.T * 2", x)
    assert isinstance(outcome, Returned)
    assert isinstance(outcome.value, Array)
    assert np.array_equal(view_array(outcome.value), x.T * 2)
    assert printed == "seen (300, 200)\n"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def f():\n    while True: pass", "endless"),
        ("def f(): sum(iter(int, 1))", "timeout"),
        ("import time\ndef f(): time.sleep(60)", "timeout"),
        ("import os\ndef f(): os._exit(3)", "crashed"),
        ("import os\ndef f(): os.write(4, b'\\0\\0\\0\\1!')", "malformed"),
        ("import os\ndef f(): os.write(4, b'x' * 100)", "oversized"),
    ],
)
def test_a_process_that_dies_says_how(plain: Sandbox, source: str, reason: str) -> None:
    outcome, _ = ask(plain, source, seconds=0.2 if reason == "timeout" else None)
    assert isinstance(outcome, Died)
    assert outcome.reason == reason
    # And the next one is not bothered.
    assert isinstance(ask(plain, "def f(): return 1")[0], Returned)


def test_functions_are_called_between_questions_that_are_asked_in_one_go(plain: Sandbox) -> None:
    def double(x: Any) -> Any:
        return 2 * x

    x, large = np.ones(3), np.ones(100_000)
    source = "def f(g, x): return float(g(x).sum() + g(x + 1).sum())\ndef size(x): return x.size"
    script = Script(
        [
            [question("f", [double, x]), question("size", [large])],
            [question("f", [double, x]), question("size", [large])],
        ]
    )
    with plain.session() as session:
        session.load("m", {"m.py": source})
        found = [one.outcomes() for one in session.ask_all(script)]
    values = [
        one.value.value if isinstance(one, Returned) and isinstance(one.value, Plain) else one
        for of_test in found
        for one in of_test
    ]
    assert values == [18.0, 100_000, 18.0, 100_000]


def test_each_session_is_a_process_of_its_own(plain: Sandbox) -> None:
    assert isinstance(ask(plain, "import numpy\nnumpy.mark = 1\ndef f(): return 1")[0], Returned)
    outcome, _ = ask(plain, "import numpy\ndef f(): return hasattr(numpy, 'mark')")
    assert isinstance(outcome, Returned)
    assert encode(outcome.value) == encode(Returned(0, outcome.value).value)
    assert "False" in repr(outcome.value)


def test_what_is_printed_is_bounded(plain: Sandbox) -> None:
    outcome, printed = ask(plain, "def f():\n    print('y' * 10**6)\n    return 1")
    assert isinstance(outcome, Returned)
    assert len(printed) == 1024


def test_an_exception_comes_with_its_line(plain: Sandbox) -> None:
    outcome, _ = ask(plain, "def f():\n    return 1 / 0")
    assert isinstance(outcome, Raised)
    assert outcome.exception.type_name == "ZeroDivisionError"
    assert outcome.exception.frames[-1].line == 2


def test_memory_runs_out_as_an_exception(plain: Sandbox) -> None:
    outcome, _ = ask(plain, "import numpy as np\ndef f(): return np.ones(10**9).sum()")
    assert isinstance(outcome, Raised)
    assert "Memory" in outcome.exception.type_name


def test_a_python_that_does_not_start_is_one_line(
    plain: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "library_folders", lambda: ["/nowhere"])
    plain.close()
    with pytest.raises(MachineError, match=r"does not start: .*(msgspec|numpy)") as caught:
        plain.session()
    assert "\n" not in str(caught.value)


def test_no_process_is_left_over(plain: Sandbox) -> None:
    session = plain.session()
    session.load("s", {"s.py": "def f(): return 1"})
    session.output()
    host = plain._zygote
    waiting = host._next  # type: ignore[union-attr]
    assert waiting is not None
    plain.close()
    assert waiting._process.poll() is not None


def test_the_child_reads_and_writes_without_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows os has neither readv nor writev."""
    monkeypatch.delattr(os, "readv")
    monkeypatch.delattr(os, "writev")
    child = _fresh("autograder.sandbox.child")
    to_child, ours_out = os.pipe()
    ours_in, from_child = os.pipe()
    server = child.Server(to_child, from_child)
    thread = threading.Thread(target=server.serve)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    thread.start()
    x = np.arange(50_000.0)
    for request in (
        Load(1, "s", {"s.py": "def f(x): return x + 1, x.sum()"}),
        Call(2, "f", (pack_array(x),)),
    ):
        payload = encode(request)
        frame = HEADER.pack(len(payload)) + payload
        writing = threading.Thread(target=_write_all, args=(ours_out, frame))
        writing.start()
        (size,) = HEADER.unpack(_read_all(ours_in, HEADER.size))
        reply = decode_reply(_read_all(ours_in, size))
        writing.join()
    os.close(ours_out)
    thread.join(10)
    for descriptor in (to_child, ours_in, from_child):
        os.close(descriptor)
    assert isinstance(reply, Returned)
    assert isinstance(reply.value, Items)
    first = reply.value.items[0]
    assert isinstance(first, Array)
    assert np.array_equal(view_array(first), x + 1)


def _fresh(name: str) -> ModuleType:
    """The module again, as if it were imported for the first time."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _read_all(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = os.read(descriptor, size - len(data))
        assert chunk
        data += chunk
    return data
