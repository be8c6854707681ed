"""What the grader and the process that runs student code say to each other.

Frames are a 4-byte big-endian length and that many bytes of MessagePack. To each
:data:`Request` comes one :data:`Reply` that repeats its number, in the order in which
they were sent; where no request depends on a reply, several are sent at once. Arrays
travel as dtype, shape and raw bytes; nothing is ever pickled.

This module also runs inside the sandbox, as code that the grader sends along,
so it imports nothing but the standard library, numpy and msgspec. Nothing
here is secret. The grader treats every reply as hostile: a frame's length is
checked before it is read, its structure while it is decoded, an array's size
before the array is made.
"""

from __future__ import annotations

import itertools
import math
import struct
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
import numpy as np
from msgspec import Meta, Struct

HEADER = struct.Struct("!I")
# Arrays of fewer bytes are copied rather than looked at: that takes one call instead of four.
SMALL = 4096

# Longer texts from student code are cut before they are sent, and refused after.
MAX_TEXT = 4000
MAX_FRAMES = 20
MAX_ITEMS = 256
MAX_NDIM = 8
MAX_LENGTH = 1 << 40

# How many elements and levels of a list are described, and how much of a text.
MAX_SHOWN = 6
MAX_DEPTH = 3
MAX_BRIEF_TEXT = 60

NUMERIC_DTYPES = frozenset(
    f"{order}{kind}{size}"
    for order in "<>|"
    for kind, sizes in (("f", (2, 4, 8)), ("i", (1, 2, 4, 8)), ("u", (1, 2, 4, 8)), ("c", (8, 16)))
    for size in sizes
) | {"|b1"}

_ITEMSIZES = {name: np.dtype(name).itemsize for name in NUMERIC_DTYPES}

# Lengths are refused before what they announce is decoded: a short message must not
# become a gigabyte of objects.
ShortText: TypeAlias = Annotated[str, Meta(max_length=MAX_TEXT)]
Length: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_LENGTH)]
Position: TypeAlias = Annotated[int, Meta(ge=0, lt=MAX_ITEMS)]
Positions: TypeAlias = Annotated[tuple[Position, ...], Meta(max_length=MAX_ITEMS)]

Layout: TypeAlias = Literal["C", "F", "strided", "reversed"]
Scalar: TypeAlias = bool | int | float | ShortText | None


class Array(Struct, frozen=True, tag="array", array_like=True):
    """``data`` holds the elements in C order; ``layout`` is how the receiver lays them out."""

    dtype: ShortText
    shape: Annotated[tuple[Length, ...], Meta(max_length=MAX_NDIM)]
    data: memoryview
    layout: Layout = "C"


class Plain(Struct, frozen=True, tag="plain", array_like=True):
    """A Python scalar."""

    value: Scalar


class Opaque(Struct, frozen=True, tag="opaque", array_like=True):
    """Something that is not sent, by the name of its type; of a list also how it begins."""

    type_name: ShortText
    text: ShortText = ""


class RemoteRef(Struct, frozen=True, tag="kept", array_like=True):
    """An object that stays with the student's process, under the name it was kept by."""

    name: str


Leaf: TypeAlias = Array | Plain | Opaque


class Items(Struct, frozen=True, tag="items", array_like=True):
    """A list or tuple. Anything nested deeper arrives as :class:`Opaque`."""

    kind: Literal["list", "tuple"]
    items: Annotated[tuple[Leaf, ...], Meta(max_length=MAX_ITEMS)]


class Known(Struct, frozen=True, array_like=True):
    """What a function returns for these arguments."""

    arguments: tuple[Array, ...]
    result: Array | Plain | Items


class Function(Struct, frozen=True, tag="function", array_like=True):
    """A function that stays with the grader; calling it sends a :class:`Callback`, but for what is
    ``known`` already. ``parameters`` are the names of its arguments."""

    number: int
    parameters: tuple[str, ...] = ()
    known: tuple[Known, ...] = ()


class Again(Struct, frozen=True, tag="again", array_like=True):
    """The very object that is the argument at another position, further in front."""

    position: int


class Listed(Struct, frozen=True, tag="listed", array_like=True):
    """A list or tuple of arrays, scalars and kept objects, to be handed to student code."""

    kind: Literal["list", "tuple"]
    items: tuple[Array | Plain | RemoteRef, ...]


Value: TypeAlias = Array | Plain | Opaque | Items
Argument: TypeAlias = Array | Plain | Function | RemoteRef | Listed | Again


class Load(Struct, frozen=True, tag="load"):
    """Run the module ``entry`` of the submission; its siblings can be imported."""

    number: int
    entry: str
    files: dict[str, str]


class Call(Struct, frozen=True, tag="call"):
    """Call ``target``, a name in the module or, after a kept object's name and a dot, its method.

    ``keep`` leaves the result with the student's process under that name as well.
    ``inspect`` reports what the call did to its arguments. ``count`` counts the lines of Python
    that the call executes, and ends it where they are more than that. ``in_place`` writes the
    numbers of arrays into those that the call before had in their places and, with ``holds``, left
    there. ``follows`` leaves out what comes after a request that failed, and answers
    :class:`Missing`.
    """

    number: int
    target: str
    arguments: tuple[Argument, ...]
    keep: str | None = None
    inspect: bool = False
    count: int = 0
    holds: bool = False
    in_place: bool = False
    follows: bool = False


class Read(Struct, frozen=True, tag="read"):
    """Send the kept object ``target``, or its attribute after a dot, or a name of the module.

    ``keep`` leaves it with the student's process under that name as well; for ``follows`` see
    :class:`Call`.
    """

    number: int
    target: str
    keep: str | None = None
    follows: bool = False


class CallbackResult(Struct, frozen=True, tag="callback-result"):
    number: int
    result: Array | Plain | Items | None
    """None where the function refused its arguments."""


Request: TypeAlias = Load | Call | Read | CallbackResult


class Frame(Struct, frozen=True):
    """One line of a traceback, of the student's own files only."""

    file: ShortText
    line: int
    function: ShortText


class ExceptionInfo(Struct, frozen=True):
    type_name: ShortText
    message: ShortText
    frames: Annotated[tuple[Frame, ...], Meta(max_length=MAX_FRAMES)] = ()


class Done(Struct, frozen=True, tag="done"):
    """The module is loaded."""

    number: int


class Element(Struct, frozen=True, tag="element", array_like=True):
    """An element of an array: where it is, and its value."""

    index: Annotated[tuple[Length, ...], Meta(max_length=MAX_NDIM)]
    value: bool | int | float


class Returned(Struct, frozen=True, tag="returned"):
    """``changed``: positions of the arguments that the call changed. ``shared``: positions
    of the arguments that the result shares memory with.

    ``element`` is the first one that the first of ``changed`` has now and had not before; None
    where its shape or type changed. ``lines`` are those that were executed, where they were to be
    counted; where they are more than they may be, there is no result.
    """

    number: int
    value: Value
    changed: Positions = ()
    shared: Positions = ()
    element: Element | None = None
    lines: Length | None = None


class Raised(Struct, frozen=True, tag="raised"):
    number: int
    exception: ExceptionInfo


class Missing(Struct, frozen=True, tag="missing"):
    """The name asked for is not there, or what is there cannot be called."""

    number: int
    callable: bool = False


class Endless(Struct, frozen=True, tag="endless"):
    """The code is in a loop that never ends, and the process will not answer again. The frame is
    the loop's first line, in a function without a name."""

    number: int
    frame: Frame


class Callback(Struct, frozen=True, tag="callback"):
    """Student code calls a function that was handed to it."""

    number: int
    function: int
    arguments: Annotated[tuple[Leaf, ...], Meta(max_length=MAX_ITEMS)]


Answer: TypeAlias = Done | Returned | Raised | Missing | Callback
Reply: TypeAlias = Answer | Endless

encode = msgspec.msgpack.Encoder().encode
decode_request = msgspec.msgpack.Decoder(Request).decode
_decode_reply = msgspec.msgpack.Decoder(Reply).decode


class MalformedReply(Exception):
    """What came back is not a reply to what was asked."""


def decode_reply(payload: bytes | memoryview) -> Reply:
    """The reply in ``payload``, checked in every field. Raises :class:`MalformedReply`."""
    try:
        reply: Reply = _decode_reply(payload)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise MalformedReply(str(error)[:200]) from None
    if isinstance(reply, Returned):
        value = reply.value
        _check_items(value.items if isinstance(value, Items) else (value,))
    elif isinstance(reply, Callback):
        _check_items(reply.arguments)
    return reply


def _check_items(items: tuple[Leaf, ...]) -> None:
    """What the types do not say. All other lengths are checked while decoding."""
    for item in items:
        if isinstance(item, Array):
            _check_array(item)


def _check_array(array: Array) -> None:
    # Without the zeros: numpy multiplies all lengths, and an empty array may overflow too.
    if 0 in array.shape and math.prod(length or 1 for length in array.shape) > MAX_LENGTH:
        raise MalformedReply("impossible shape")
    itemsize = _ITEMSIZES.get(array.dtype)
    if itemsize is None:
        if array.data:
            raise MalformedReply("bytes of a dtype that is not numeric")
    elif len(array.data) != math.prod(array.shape) * itemsize:
        raise MalformedReply("the bytes of an array do not fit its shape")


def brief(value: Any, depth: int = 0) -> str:
    """How a value looks, on one line; of long and deep ones only the beginning."""
    if isinstance(value, (list, tuple)):
        inner = _beginning(value, depth)
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, np.generic) or (type(value) is np.ndarray and value.ndim == 0):
        value = value.item()
    if type(value) is np.ndarray:
        if value.ndim == 1 and value.dtype.kind in "fiub":
            return f"array([{_beginning(value, depth)}])"
        return f"array{value.shape}"
    if type(value) is float:
        return f"{value:.6g}"
    if type(value) is int and -(1 << 63) <= value < 1 << 63:
        return f"{value}"
    if type(value) is str:
        return repr(value[:MAX_BRIEF_TEXT])
    if value is None or type(value) is bool:
        return repr(value)
    if isinstance(value, Array):
        return f"array{value.shape}"
    if isinstance(value, Opaque):
        return value.text or f"<{value.type_name}>"
    return f"<{type(value).__name__}>"


def _beginning(values: Any, depth: int) -> str:
    if depth >= MAX_DEPTH:
        return "…"
    items = [brief(item, depth + 1) for item in itertools.islice(values, MAX_SHOWN)]
    return ", ".join([*items, "…"] if len(values) > MAX_SHOWN else items)


def pack_array(array: np.ndarray[Any, Any]) -> Array:
    """The numeric ``array`` as it travels, with the layout it has here."""
    layout: Layout = "strided"
    if array.flags.c_contiguous:
        layout = "C"
    elif array.flags.f_contiguous:
        layout = "F"
    elif array.ndim and array.strides[-1] < 0:
        layout = "reversed"
    return Array(array.dtype.str, array.shape, raw_bytes(array), layout)


def raw_bytes(array: np.ndarray[Any, Any]) -> memoryview:
    """The elements in C order; large ones copied only where they are not in that order already."""
    if array.nbytes < SMALL:
        return memoryview(array.tobytes())
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def view_array(array: Array) -> np.ndarray[Any, Any]:
    """The numeric array, without a copy, read-only where the bytes are.

    Raises :class:`TypeError` where these are too few for the shape.
    """
    return np.ndarray(array.shape, array.dtype, array.data)


def unpack_array(array: Array) -> np.ndarray[Any, Any]:
    """A fresh, writable array, laid out as asked."""
    flat = view_array(array)
    if array.layout == "F":
        return flat.copy("F")
    if array.layout == "strided" and flat.ndim:
        buffer = np.zeros((*flat.shape[:-1], 2 * flat.shape[-1]), dtype=flat.dtype)
        view = buffer[..., 1::2]
        view[...] = flat
        return view
    if array.layout == "reversed" and flat.ndim:
        return flat[..., ::-1].copy()[..., ::-1]
    return flat.copy()
