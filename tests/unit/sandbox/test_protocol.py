"""The wire format, and that the grader's side of it refuses whatever is not a reply."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.sandbox import protocol
from autograder.sandbox.protocol import (
    Array,
    ExceptionInfo,
    Frame,
    Items,
    MalformedReply,
    Plain,
    Raised,
    Returned,
    decode_reply,
    encode,
    pack_array,
    unpack_array,
)

DTYPES = st.sampled_from(["<f8", "<f4", ">f8", "<i8", "|b1", "<c16"])


@given(hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
def test_arrays_arrive_bit_for_bit(array: np.ndarray[Any, Any]) -> None:
    reply = decode_reply(encode(Returned(7, pack_array(array))))
    assert isinstance(reply, Returned)
    assert isinstance(reply.value, Array)
    received = unpack_array(reply.value)
    assert received.dtype == array.dtype
    assert received.shape == array.shape
    assert received.tobytes() == array.tobytes()
    assert received.flags.writeable


@pytest.mark.parametrize("layout", ["C", "F", "strided"])
def test_layouts_arrive_as_they_left(layout: str) -> None:
    base = np.arange(24.0).reshape(4, 6)
    array = {"C": base, "F": np.asfortranarray(base), "strided": base[:, ::2]}[layout]
    received = unpack_array(pack_array(array))
    assert np.array_equal(received, array)
    assert received.flags.c_contiguous == (layout == "C")
    assert received.flags.f_contiguous == (layout == "F")


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(payload: bytes) -> None:
    try:
        decode_reply(payload)
    except MalformedReply:
        return


@pytest.mark.parametrize(
    "reply",
    [
        Returned(1, Array("<f8", (1 << 40,), memoryview(b""))),
        Returned(1, Array("<f8", (-1, -8), memoryview(bytes(64)))),
        Returned(1, Array("<f8", (2,), memoryview(bytes(15)))),
        Returned(1, Array("<f8", (1,) * 9, memoryview(bytes(8)))),
        Returned(1, Array("object", (1,), memoryview(bytes(8)))),
        Returned(1, Array("|V8", (1,), memoryview(bytes(8)))),
        Returned(1, Array("x" * 5000, (1,), memoryview(b""))),
        Returned(1, Items("list", (Plain(1),) * 257)),
        Returned(1, Plain("x" * 5000)),
        Raised(1, ExceptionInfo("E" * 5000, "")),
        Raised(1, ExceptionInfo("E", "m" * 5000)),
        Raised(1, ExceptionInfo("E", "", (Frame("f", 1, "g"),) * 21)),
    ],
)
def test_lies_about_size_are_refused(reply: protocol.Reply) -> None:
    with pytest.raises(MalformedReply):
        decode_reply(encode(reply))


def test_deep_nesting_is_refused() -> None:
    nested: Any = 1
    for _ in range(500):
        nested = [nested]
    with pytest.raises(MalformedReply):
        decode_reply(msgspec.msgpack.encode({"type": "returned", "number": 1, "value": nested}))


def test_requests_are_not_replies() -> None:
    with pytest.raises(MalformedReply):
        decode_reply(encode(protocol.Read(1, "x")))
