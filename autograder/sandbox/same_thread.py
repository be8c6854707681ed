"""Student code in this very thread: for a browser, where there are neither processes nor threads.

Nothing is confined here; the browser confines the page. Nothing can be ended here either: who
starts the interpreter ends it when the time of a question is up, and asks another interpreter
again with what is known by then (:class:`Ended`).
"""

from __future__ import annotations

import io
import linecache
import math
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from msgspec.structs import replace

from autograder.sandbox import child
from autograder.sandbox.child import Server
from autograder.sandbox.clock import Clock
from autograder.sandbox.framing import Elsewhere
from autograder.sandbox.host import Sandbox
from autograder.sandbox.limits import Limits
from autograder.sandbox.protocol import (
    Array,
    Call,
    Callback,
    CallbackResult,
    Endless,
    Items,
    Leaf,
    Load,
    Reply,
    Request,
    Returned,
    Value,
)
from autograder.sandbox.session import (
    Allowance,
    Channel,
    Died,
    Functions,
    Outcome,
    Replies,
    Script,
    Session,
    call_back,
)

Ended: TypeAlias = Mapping[int, Died]
"""By the number of a question, from 0: how an interpreter ended that was asked it before. Only
questions to the source that is being checked have numbers."""

Watch: TypeAlias = Callable[[int, float], None]
"""Is told before each question its number and how many seconds are left for it, and after the
answer the number again and infinity."""

# What student code may have written over, and the next one is to find as it was.
_RESTORED = ("builtins", "math", "numpy", "numpy.linalg", "numpy.random", "random", "time")


class SameThread(Sandbox):
    """Sessions one after the other in this interpreter, each as fresh as can be had."""

    # In a browser some operations take a hundred times as long as elsewhere (longdouble is
    # computed by software) and others three times.
    measures_time = False

    def __init__(self, limits: Limits) -> None:
        super().__init__("process", limits)
        child.keep_axes()
        self.begin("", _nobody, {})

    def begin(self, source: str, watch: Watch, ended: Ended) -> None:
        """Count the questions to ``source`` from now on."""
        self._source = source
        self._watch = watch
        self._ended = ended
        self._asked = 0

    def session(self) -> Session:
        return _DirectSession(self, self._limits)

    def lend(self, *, is_short: bool = True) -> Session:
        return self.session()

    def counts(self, request: Load) -> bool:
        """Whether it is the source that is being checked that is to be loaded."""
        return request.files.get(f"{request.entry}.py") == self._source

    def ask(self, left: float) -> Died | None:
        """Note that a question is about to be asked; what is known to come of it."""
        number, self._asked = self._asked, self._asked + 1
        died = self._ended.get(number)
        if died is None:
            self._watch(number, left)
        return died

    def answered(self) -> None:
        """Note that the answer is there."""
        self._watch(self._asked - 1, math.inf)


def _nobody(number: int, left: float) -> None:
    """Watches nothing."""


class _Server(Server):
    """Answers one request after the other; functions of the grader are called at once."""

    def __init__(self) -> None:
        super().__init__(-1, -1)
        self.functions = Functions()
        self._result: CallbackResult | None = None

    def answer(self, request: Request) -> Reply:
        self._number = request.number
        return self._answer(request)

    def _send(self, reply: Reply) -> None:
        assert isinstance(reply, Callback)
        self._result = CallbackResult(reply.number, call_back(reply, self.functions))

    def _receive(self) -> Request | None:
        return self._result


class _NoChannel(Channel):
    """Nothing has to be sent anywhere."""

    def __init__(self, printed: _Printed, before: _Interpreter) -> None:
        self._printed = printed
        self._before = before
        self._is_over = False

    def exchange(
        self, frames: bytes | memoryview, replies: int, clock: Clock, allowance: Allowance
    ) -> Iterator[list[memoryview]]:
        raise NotImplementedError

    def end(self) -> tuple[int, bytes]:
        if not self._is_over:
            self._is_over = True
            self._before.restore()
        return 0, self._printed.content()


class _DirectSession(Session):
    """What is asked is answered in the call."""

    def __init__(self, sandbox: SameThread, limits: Limits) -> None:
        self._printed = _Printed(limits.output_kib * 1024)
        channel = _NoChannel(self._printed, _Interpreter())
        reply_bytes = limits.reply_mib << 20
        super().__init__(channel, wall_seconds=limits.wall_seconds, reply_bytes=reply_bytes)
        self._sandbox = sandbox
        self._server = _Server()
        self._counts = False

    def ask_all(
        self, script: Script, first: int = 0, call_seconds: Sequence[float | None] = ()
    ) -> Iterator[Replies]:
        """Of ``call_seconds`` nothing can be held: a thread cannot be ended from within."""
        for questions in script.tests[first:]:
            outcomes = []
            for question in questions:
                outcomes.append(self._ask(question.request, question.functions))
                if self._died is not None:
                    break
            self.start_clock()
            yield _Outcomes(self, outcomes)
            if self._died is not None:
                return

    def _ask(self, request: Request, functions: Functions) -> Outcome:
        if self._died is not None:
            return self._died
        if isinstance(request, Load):
            self._counts = self._sandbox.counts(request)
        if self._counts:
            self._died = self._sandbox.ask(self._clock.left())
        if self._died is not None:
            self._channel.end()
            return self._died
        self._server.functions = functions
        with self._printed:
            reply = self._server.answer(_opened(request))
        if self._counts:
            self._sandbox.answered()
        if isinstance(reply, Returned):
            size = _size(reply.value)
            if size > self.allowance.largest:
                self._died = Died("oversized")
                self._channel.end()
                return self._died
            self.allowance.spend(size)
            reply = replace(reply, value=_copied(reply.value))
        assert not isinstance(reply, (Callback, Endless))  # nobody watches
        return reply


class _Outcomes(Replies):
    """Replies that need not be read."""

    def __init__(self, session: Session, outcomes: list[Outcome]) -> None:
        super().__init__(session, (), [])
        self._outcomes = outcomes

    def content(self) -> None:
        """There is nothing that could be compared with what was sent before."""
        return

    def outcomes(self) -> list[Outcome]:
        return self._outcomes


def _leaves(value: Value) -> tuple[Leaf, ...]:
    return value.items if isinstance(value, Items) else (value,)


def _size(value: Value) -> int:
    return sum(len(_bytes_of(leaf)) for leaf in _leaves(value) if isinstance(leaf, Array))


def _bytes_of(array: Array) -> memoryview:
    """The elements, which large arrays set aside."""
    data: object = array.data
    return data.data if isinstance(data, Elsewhere) else array.data


def _opened(request: Request) -> Request:
    """The request with its large arrays opened anew: once they are copied, they are closed."""
    if not isinstance(request, Call):
        return request
    arguments = tuple(
        replace(one, data=memoryview(one.data)) if isinstance(one, Array) else one
        for one in request.arguments
    )
    return replace(request, arguments=arguments)


def _copied(value: Value) -> Value:
    """The value, safe from what its author does later to the arrays that it was made from."""
    copied = tuple(
        Array(leaf.dtype, leaf.shape, memoryview(bytes(_bytes_of(leaf))), leaf.layout)
        if isinstance(leaf, Array)
        else leaf
        for leaf in _leaves(value)
    )
    return Items(value.kind, copied) if isinstance(value, Items) else copied[0]


class _Printed:
    """What is printed as long as this is entered, cut at the limit."""

    def __init__(self, limit: int) -> None:
        self._raw = _Cut(limit)
        self._before: list[tuple[Any, Any, Any]] = []
        self._streams = self._make(), self._make()
        self._stdin = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")

    def _make(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(
            io.BufferedWriter(self._raw),
            encoding="utf-8",
            errors="replace",
            line_buffering=True,
        )

    def __enter__(self) -> None:
        self._before.append((sys.stdin, sys.stdout, sys.stderr))
        sys.stdin, (sys.stdout, sys.stderr) = self._stdin, self._streams

    def __exit__(self, *_: object) -> None:
        sys.stdin, sys.stdout, sys.stderr = self._before.pop()

    def content(self) -> bytes:
        for stream in self._streams:
            try:
                stream.flush()
            except ValueError:  # it was closed
                continue
        return bytes(self._raw.content)


class _Cut(io.RawIOBase):
    """Keeps what is written up to a limit."""

    def __init__(self, limit: int) -> None:
        self.content = bytearray()
        self._limit = limit

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        given = bytes(data)
        self.content += given[: self._limit - len(self.content)]
        return len(given)

    def close(self) -> None:
        """Whoever closes it closes what it is written to: nothing."""


class _Interpreter:
    """The interpreter as it is before a submission, to be made so again."""

    def __init__(self) -> None:
        self._modules = dict(sys.modules)
        self._names = {
            name: dict(vars(sys.modules[name])) for name in _RESTORED if name in sys.modules
        }
        self._finders = list(sys.meta_path)
        self._path = list(sys.path)
        self._filters = list(warnings.filters)
        self._errors = np.geterr()
        self._printing = np.get_printoptions()
        self._depth = sys.getrecursionlimit()
        # What students leave unseeded comes out the same in every run.
        random.seed(0)
        np.random.seed(0)

    def restore(self) -> None:
        """Undo what student code did to what is shared, as far as it is known to be met."""
        sys.settrace(None)
        sys.setprofile(None)
        for name, module in list(sys.modules.items()):
            before = self._modules.get(name)
            if before is None and _is_of_submission(module):
                del sys.modules[name]
            elif before is not None and before is not module:
                sys.modules[name] = before
        sys.modules.update({n: m for n, m in self._modules.items() if n not in sys.modules})
        for name, names in self._names.items():
            space = vars(self._modules[name])
            for key in space.keys() - names.keys():
                if name == "builtins" or not isinstance(space[key], ModuleType):
                    del space[key]
            space.update(names)
        sys.meta_path[:] = self._finders
        sys.path[:] = self._path
        warnings.filters[:] = self._filters  # type: ignore[index]
        np.seterr(**self._errors)
        np.set_printoptions(**self._printing)
        sys.setrecursionlimit(self._depth)
        linecache.clearcache()


def _is_of_submission(module: Any) -> bool:
    """Whether a module is one of the files that were handed in."""
    loader = getattr(getattr(module, "__spec__", None), "loader", None)
    file = getattr(module, "__file__", None)
    return isinstance(loader, child.SubmissionImporter) or (
        loader is None and isinstance(file, str) and "/" not in file and file.endswith(".py")
    )
