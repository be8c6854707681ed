"""Runs student code: reads requests, calls functions, writes replies. Knows no truth.

This is the far side of :mod:`autograder.sandbox.protocol`. It runs in the process
that student code can do anything to, so nothing here is relied upon: whatever it
says is checked by the grader, and is a statement about the student's arrays alone.
It keeps references to what it needs so that a student who patches numpy *by
accident* is still graded.

Runs inside the sandbox, sent by the grader.
"""

from __future__ import annotations

import builtins
import gc
import importlib.machinery
import io
import linecache
import os
import random
import sys
import types
import warnings
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.sandbox import protocol
from autograder.sandbox.framing import LARGE, elsewhere, encode, frame
from autograder.sandbox.protocol import (
    HEADER,
    MAX_FRAMES,
    MAX_ITEMS,
    MAX_NDIM,
    MAX_TEXT,
    Again,
    Array,
    Call,
    Callback,
    CallbackResult,
    Done,
    Element,
    Endless,
    ExceptionInfo,
    Frame,
    Function,
    Items,
    Leaf,
    Listed,
    Load,
    Missing,
    Opaque,
    Plain,
    Raised,
    Read,
    RemoteRef,
    Reply,
    Request,
    Returned,
    Value,
    brief,
    raw_bytes,
    unpack_array,
    view_array,
)
from autograder.sandbox.watch import Watch

# What brings back, between two exercises, what there was before the first.
restorers: list[Callable[[], object]] = []
# The streams of this process by their names in `sys`, once they are open.
_streams: dict[str, io.TextIOWrapper] = {}
# How much is read beyond what is being waited for.
READ_AHEAD = 1 << 14

_DOUBLE = np.dtype(np.float64).str
_double = np.float64
_empty = np.empty
_byte = np.dtype(np.uint8)
_view = np.ndarray.view
_astype = np.ndarray.astype
_shares_memory = np.shares_memory
_array_equal = np.array_equal
_argmin = np.argmin
_unravel_index = np.unravel_index
_bytes_of = np.ndarray.tobytes
_set_trace = sys.settrace
_get_trace = sys.gettrace
_collect = gc.collect


def _read_first(descriptor: int, buffers: Sequence[Any]) -> int:
    data = os.read(descriptor, len(buffers[0]))
    buffers[0][: len(data)] = data
    return len(data)


def _write_first(descriptor: int, buffers: Sequence[Any]) -> int:
    return os.write(descriptor, buffers[0])


# Windows has neither.
_readv: Callable[[int, Sequence[Any]], int] = getattr(os, "readv", _read_first)
_writev: Callable[[int, Sequence[Any]], int] = getattr(os, "writev", _write_first)


class SubmissionImporter:
    """Lets the files of one submission import each other, and nothing shadow the libraries.

    A finder and a loader, without the base classes for these: to import them brings in half the
    standard library.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        self.names: list[str] = []
        """Of the modules that were loaded."""
        self.loaded: dict[str, str] = {}
        """Their files."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        name = fullname.replace(".", "/")
        file, is_package = f"{name}.py", False
        if file not in self.files:
            file, is_package = f"{name}/__init__.py", True
            # A folder without that file is a package as well.
            if not any(one.startswith(f"{name}/") for one in self.files):
                return None
        spec = importlib.machinery.ModuleSpec(fullname, self, origin=file, is_package=is_package)  # type: ignore[arg-type]
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        file = module.__spec__.origin if module.__spec__ is not None else ""
        assert file
        self.names.append(module.__name__)
        module.__file__ = file
        self.loaded[file] = self.files.get(file, "")
        exec(compile(self.loaded[file], file, "exec"), module.__dict__)


class Server:
    """Answers requests on a pair of descriptors until they are closed."""

    def __init__(self, reader: int, writer: int) -> None:
        self._reader = reader
        self._writer = writer
        self._module: types.ModuleType | None = None
        self._importer: SubmissionImporter | None = None
        self._files: Mapping[str, str] = {}
        self._kept: dict[str, Any] = {}
        self._held: list[Any] = []
        self._failed = False
        self._number = 0
        self._unread = memoryview(b"")
        self._ahead: deque[Request] = deque()
        self.watch = Watch()

    def greet(self) -> None:
        """Say that this process is confined and has seen no student code; the number is its PID."""
        _writev(self._writer, frame(encode(Done(os.getpid()))))

    def serve(self) -> None:
        while (request := self._next()) is not None:
            self._number = request.number
            reply = self._answer(request)
            self.watch.rest()
            if self.watch.found is not None:  # whatever the code has made of it
                file, line = self.watch.found
                self._send(Endless(request.number, Frame(file, line, "")))
                return
            self._send(reply)

    def _next(self) -> Request | None:
        return self._ahead.popleft() if self._ahead else self._receive()

    def _answer(self, request: Request) -> Reply:
        follows = isinstance(request, (Call, Read)) and request.follows
        left_out = follows and self._failed
        reply = Missing(request.number) if left_out else self._try(request)
        self._failed = isinstance(reply, (Raised, Missing))
        return reply

    def _try(self, request: Request) -> Reply:
        try:
            match request:
                case Load():
                    return self._load(request)
                case Call():
                    return self._call(request)
                case Read():
                    return self._read(request)
                case CallbackResult():
                    raise ValueError("no function was called")
        except BaseException as error:
            return Raised(request.number, self._describe(error))
        finally:
            _flush()

    def _load(self, request: Load) -> Reply:
        self._forget()
        self._files = request.files
        for file, source in request.files.items():
            linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        self._importer = SubmissionImporter(request.files)
        self.watch.files = self._importer.loaded
        sys.meta_path.append(self._importer)
        self._importer.names.append(request.entry)
        file = f"{request.entry}.py"
        module = types.ModuleType(request.entry)
        module.__file__ = file
        self._importer.loaded[file] = request.files[file]
        code = compile(request.files[file], file, "exec")
        sys.modules.setdefault(request.entry, module)
        exec(code, module.__dict__)
        self._module = module
        return Done(request.number)

    def _forget(self) -> None:
        """Begin as a new process does, as far as code that is not about this process can tell."""
        if self._importer is None:
            return
        sys.meta_path.remove(self._importer)
        for name in self._importer.names:
            sys.modules.pop(name, None)
        linecache.cache.clear()
        _set_trace(None)
        # What ends with the objects of that code says nothing more, and comes before all is as it
        # was. With them, their memory is free.
        vars(sys).update(dict.fromkeys(_streams))
        self._module, self._held = None, []
        self._kept.clear()
        _collect()
        vars(sys).update(_streams)
        for restore in restorers:
            restore()
        _seed()

    def _call(self, request: Call) -> Reply:
        found, function = self._find(request.target)
        if not found or not callable(function):
            return Missing(request.number, callable=found)
        arguments: list[Any] = []
        for argument in request.arguments:
            arguments.append(
                arguments[argument.position]
                if isinstance(argument, Again)
                else self._argument(argument)
            )
        if request.in_place and len(self._held) == len(arguments):
            arguments = [_written_into(*both) for both in zip(self._held, arguments, strict=True)]
        self._held = arguments if request.holds else []
        if not request.inspect:
            _let_go(request.arguments)
        lines = None
        if request.count:
            with self.watch.pause():
                result, lines = _count(function, arguments, request.count)
        else:
            result = function(*arguments)
        if request.keep is not None:
            self._kept[request.keep] = result
        value = _pack(result)
        if not request.inspect:
            return Returned(request.number, value, lines=lines)
        changed = tuple(
            position
            for position, sent in enumerate(request.arguments)
            if isinstance(sent, Array) and _is_changed(sent, arguments[position])
        )
        return Returned(
            request.number,
            value,
            changed=changed,
            shared=tuple(
                position
                for position, argument in enumerate(arguments)
                if isinstance(argument, np.ndarray)
                and any(_is_shared(argument, array) for array in _arrays(result))
            ),
            element=_first_change(request.arguments[changed[0]], arguments[changed[0]])
            if changed
            else None,
        )

    def _read(self, request: Read) -> Reply:
        found, value = self._find(request.target)
        if not found:
            return Missing(request.number)
        if request.keep is not None:
            self._kept[request.keep] = value
        return Returned(request.number, _pack(value))

    def _find(self, target: str) -> tuple[bool, Any]:
        """A name of the module, a kept object, or an attribute of a kept object."""
        name, _, attribute = target.partition(".")
        if name in self._kept:
            if not attribute:
                return True, self._kept[name]
            missing = object()
            value = getattr(self._kept[name], attribute, missing)
            return value is not missing, value
        namespace = {} if self._module is None else self._module.__dict__
        return name in namespace, namespace.get(name)

    def _argument(self, argument: Any) -> Any:
        match argument:
            case Array():
                return unpack_array(argument)
            case Plain():
                return argument.value
            case RemoteRef():
                return self._kept[argument.name]
            case Function():
                return self._proxy(argument)
            case Listed():
                items = [self._argument(item) for item in argument.items]
                return tuple(items) if argument.kind == "tuple" else items
        raise TypeError(type(argument).__name__)

    def _proxy(self, function: Function) -> Callable[..., Any]:
        known = {_contents(one.arguments): one.result for one in function.known}

        def call_grader(*arguments: Any, **named: Any) -> Any:
            given = _in_order(function.parameters, arguments, named)
            leaves = tuple(_pack_leaf(argument) for argument in given)
            result = known.get(_contents(leaves)) if known else None
            if result is None:
                self._send(Callback(self._number, function.number, leaves))
                result = self._receive_result()
            if result is None:
                raise TypeError(f"this function cannot be called with {_shapes_of(arguments)}")
            if isinstance(result, Items):
                return tuple(_as_numpy(self._argument(item)) for item in result.items)
            return _as_numpy(self._argument(result))

        return call_grader

    def _receive_result(self) -> Array | Plain | Items | None:
        """What the grader's function returned. Requests that were sent before it are kept."""
        while (request := self._receive()) is not None:
            if isinstance(request, CallbackResult):
                return request.result
            self._ahead.append(request)
        raise RuntimeError("the grader did not answer")

    def _describe(self, error: BaseException) -> ExceptionInfo:
        frames = []
        traceback = error.__traceback__
        while traceback is not None:
            file = traceback.tb_frame.f_code.co_filename
            if file in self._files:
                name = traceback.tb_frame.f_code.co_name[:MAX_TEXT]
                frames.append(Frame(file, traceback.tb_lineno, name))
            traceback = traceback.tb_next
        if isinstance(error, SyntaxError) and error.filename in self._files:
            frames.append(Frame(str(error.filename), error.lineno or 1, "<module>"))
        try:
            message = builtins.str(error.msg if isinstance(error, SyntaxError) else error)
        except BaseException:
            message = ""
        return ExceptionInfo(_name(type(error)), _clean(message), tuple(frames[-MAX_FRAMES:]))

    def _receive(self) -> Request | None:
        header = self._read_exactly(HEADER.size)
        if header is None:
            return None
        payload = self._read_exactly(HEADER.unpack(header)[0])
        return None if payload is None else protocol.decode_request(payload)

    def _read_exactly(self, size: int) -> memoryview | None:
        """The next ``size`` bytes; None at the end."""
        ready = len(self._unread)
        if ready >= size:
            buffer, self._unread = self._unread[:size], self._unread[size:]
            return buffer
        buffer = _empty(size, _byte).data  # not a bytearray, which would be filled twice
        buffer[:ready] = self._unread
        rest = buffer[ready:]
        while rest:
            # Of many small requests, several are there at once. What was read before may be in use.
            ahead = memoryview(bytearray(READ_AHEAD))
            count = _readv(self._reader, [rest, ahead])
            if not count:
                return None
            self._unread = ahead[: max(0, count - len(rest))]
            rest = rest[count:]
        return buffer

    def _send(self, reply: Reply) -> None:
        parts = frame(encode(reply))
        while parts:
            written = _writev(self._writer, parts)
            while parts and written >= len(parts[0]):
                written -= len(parts.pop(0))
            if parts:
                parts[0] = parts[0][written:]


def _as_numpy(value: Any) -> Any:
    """A number as numpy's functions return it, which has ``copy()`` and ``shape``."""
    return _double(value) if type(value) is float else value


def _contents(leaves: Sequence[Leaf]) -> tuple[Any, ...] | None:
    """What tells arguments from others; None where they are not arrays, or large ones."""
    contents = []
    for leaf in leaves:
        if not isinstance(leaf, Array) or not isinstance(leaf.data, memoryview):
            return None
        contents.append((leaf.dtype, leaf.shape, bytes(leaf.data)))
    return tuple(contents)


def _shapes_of(arguments: Sequence[Any]) -> str:
    """What a function was called with, in the words of an error."""
    words = [
        f"an array of shape {argument.shape}"
        if isinstance(argument, np.ndarray)
        else f"a value of type {_name(type(argument))}"
        for argument in arguments
    ]
    return " and ".join(words) or "no arguments"


_REHEARSED = """
import numpy as np

def call(x, W):
    return W.T @ x, np.outer(x, x), x.sum(axis=0), np.zeros(x.shape) + 1.0

class Layer:
    def __init__(self, W):
        self.W = W
"""


def keep_axes() -> None:
    """Have numpy refuse to make a number of an array that has axes, as it does from 2.4 on.

    Before, ``float`` took an array of one element, and ``np.float64`` took its axes away: what
    is right under one numpy would be wrong under another.
    """
    warnings.filterwarnings("error", "Conversion of an array with ndim > 0", DeprecationWarning)


def rehearse() -> None:
    """Answer a few requests that no submission is about, before there is a submission.

    What runs for the first time is slow: the interpreter adapts code to what it sees, and
    in a forked process every page that it writes to must be copied first. Here it happens
    once, for all the processes that are forked afterwards.
    """
    finders, modules = list(sys.meta_path), set(sys.modules)
    server = Server(-1, -1)
    vector, matrix = np.ones(2), np.ones((2, 2))
    arrays: list[tuple[np.ndarray[Any, Any], ...]] = [
        (vector, matrix),
        (vector.astype(np.float32), np.asfortranarray(matrix)),
    ]
    requests: list[Request] = [Load(0, "rehearsal", {"rehearsal.py": _REHEARSED})]
    for arguments in arrays * 8:
        packed = tuple(protocol.pack_array(argument) for argument in arguments)
        requests += [
            Call(0, "call", packed),
            Call(0, "call", packed, keep="result", inspect=True),
            Call(0, "Layer", packed[1:], keep="layer"),
            Read(0, "layer.W"),
            Read(0, "missing"),
        ]
    for request in requests:
        encode(server._answer(protocol.decode_request(encode(request))))
    sys.meta_path[:] = finders
    linecache.cache.clear()
    _seed()
    for name in sys.modules.keys() - modules:
        del sys.modules[name]


def _seed() -> None:
    """What students leave unseeded comes out the same in every run."""
    random.seed(0)
    np.random.seed(0)


def _in_order(
    parameters: Sequence[str], arguments: Sequence[Any], named: Mapping[str, Any]
) -> Sequence[Any]:
    """The arguments of a call, those given by name in their places. Raises :class:`TypeError` as
    Python does."""
    if not named:
        return arguments
    rest = list(parameters[len(arguments) :])
    for name in named:
        if name in parameters and name not in rest:
            raise TypeError(f"got multiple values for argument '{name}'")
        if name not in rest:
            raise TypeError(f"got an unexpected keyword argument '{name}'")
    missing = [name for name in rest if name not in named]
    if missing:
        raise TypeError(f"missing argument '{missing[0]}'")
    return (*arguments, *(named[name] for name in rest))


def _written_into(before: Any, argument: Any) -> Any:
    """The array of the call before, with the numbers of the argument, where they are alike."""
    if (
        isinstance(before, np.ndarray)
        and isinstance(argument, np.ndarray)
        and (before.shape, before.dtype, before.flags.writeable)
        == (argument.shape, argument.dtype, True)
    ):
        before[...] = argument
        return before
    return argument


class _TooManyLinesError(BaseException):
    """Ends a call of which enough is known."""


def _count(function: Callable[..., Any], arguments: Sequence[Any], most: int) -> tuple[Any, int]:
    """The result of a call, and how many times it made Python enter, execute or leave a line:
    its own, numpy's, anybody's. Loops that C runs are not seen. With more than ``most`` the call
    is ended, without a result; code that does the tracing itself, or stops it for a while, counts
    as such."""
    if not _changes_of_tracing:
        _changes_of_tracing.append(0)
        sys.addaudithook(_note_tracing)
    lines = 0

    def trace(*_: Any) -> Any:
        nonlocal lines
        lines += 1
        if lines > most:
            raise _TooManyLinesError
        return trace

    result = None
    _set_trace(trace)
    before = _changes_of_tracing[0]
    try:
        result = function(*arguments)
        if _get_trace() is not trace or _changes_of_tracing[0] != before:
            lines = most + 1
    except _TooManyLinesError:
        pass
    finally:
        _set_trace(None)
    return (result, lines) if lines <= most else (None, most + 1)


# How often this process has changed what is traced; empty until that is of interest.
_changes_of_tracing: list[int] = []


def _note_tracing(event: str, _: Any) -> None:
    if event in _TRACING:
        _changes_of_tracing[0] += 1


_TRACING = frozenset({"sys.settrace", "sys.setprofile", "sys.monitoring.register_callback"})


def _let_go(arguments: Sequence[Any]) -> None:
    """Give back the memory that large arguments came in, for the results."""
    for argument in arguments:
        if isinstance(argument, Array) and len(argument.data) >= LARGE:
            argument.data.release()


def _is_changed(sent: Array, argument: Any) -> bool:
    """Whether an argument holds other numbers than those that were sent.

    Asked of every call, so what is quick comes first: nearly all are the same to the last bit.
    """
    if argument.shape == sent.shape and argument.dtype.str == sent.dtype:
        if argument.nbytes < protocol.SMALL:
            if _bytes_of(argument) == sent.data:
                return False
        elif _array_equal(view_array(sent), argument):
            return False
    return not _array_equal(view_array(sent), argument, equal_nan=True)


def _first_change(sent: Any, argument: Any) -> Element | None:
    """The first element that an argument did not have when it was sent."""
    if argument.shape != sent.shape or argument.dtype.str != sent.dtype:
        return None
    before = view_array(sent)
    same = (before == argument) | ((before != before) & (argument != argument))
    index = tuple(map(int, _unravel_index(int(_argmin(same)), sent.shape)))
    return Element(index, argument[index].item())


def _is_shared(argument: Any, result: Any) -> bool:
    """Whether a result lies, at least in part, in the memory of an argument."""
    return result is argument or (not result.flags.owndata and _shares_memory(argument, result))


class _Output(io.FileIO):
    """What is printed, which nobody can seek in. The object is made before its descriptor leads to
    where it ends up, and would go by what that was then: ``reconfigure()`` would try to seek."""

    def seekable(self) -> bool:
        return False


def open_output() -> None:
    """Make the standard streams anew: line by line, so that what a process printed before it died
    is seen. They can be reconfigured, and wrapped anew around their ``buffer``."""
    out, errors = _text_writer(1), _text_writer(2)
    _streams.update(stdout=out, stderr=errors, __stdout__=out, __stderr__=errors)
    vars(sys).update(_streams)


def _text_writer(descriptor: int) -> io.TextIOWrapper:
    raw = _Output(descriptor, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding="utf-8", errors="replace", line_buffering=True
    )


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            continue


def _name(kind: type) -> str:
    return _clean(type.__dict__["__name__"].__get__(kind))


def _clean(text: str) -> str:
    """The text, cut, with what MessagePack cannot carry replaced."""
    return text[: MAX_TEXT - 1].encode("utf-8", "replace").decode("utf-8")


def _arrays(value: Any) -> list[Any]:
    values = value if isinstance(value, (list, tuple)) else [value]
    return [item for item in values if isinstance(item, np.ndarray)]


def _pack(value: Any) -> Value:
    if isinstance(value, (list, tuple)) and len(value) <= MAX_ITEMS:
        items = tuple(_pack_leaf(item) for item in value)
        return Items("tuple" if isinstance(value, tuple) else "list", items)
    return _pack_leaf(value)


def _pack_leaf(value: Any) -> Leaf:
    if isinstance(value, (np.ndarray, np.generic)):
        return _pack_array(value)
    if value is None or type(value) in (bool, float):
        return Plain(value)
    if type(value) is int and -(1 << 63) <= value < 1 << 63:
        return Plain(value)
    if type(value) is str:
        return Plain(_clean(value))
    text = _clean(brief(value)) if isinstance(value, (list, tuple)) else ""
    return Opaque(_name(type(value)), text)


def _pack_array(value: Any) -> Leaf:
    array = value
    if type(value) is not np.ndarray:
        array = np.asarray(value) if isinstance(value, np.generic) else _view(value, np.ndarray)
    if array.ndim > MAX_NDIM:
        return Opaque(f"{_name(type(value))} with {array.ndim} axes")
    dtype = array.dtype.str
    if dtype in protocol.NUMERIC_DTYPES:
        return _as_sent(array, dtype)
    if array.dtype == np.longdouble:
        return _as_sent(_astype(array, np.float64), _DOUBLE)
    return Array(_clean(array.dtype.name), array.shape, memoryview(b""))


def _as_sent(array: Any, dtype: str) -> Array:
    data = raw_bytes(array)
    if len(data) >= LARGE:
        data = elsewhere(data)
    return Array(dtype, array.shape, data)
