"""Frames on their way out of a child are what the protocol says, copied or not."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.sandbox.framing import LARGE, elsewhere, encode, frame
from autograder.sandbox.protocol import (
    HEADER,
    Array,
    Done,
    Items,
    Returned,
    decode_reply,
    view_array,
)
from autograder.sandbox.protocol import encode as encode_plainly


def array(count: int, *, in_place: bool) -> Array:
    data = memoryview(np.arange(count, dtype=np.float64).tobytes())
    return Array("<f8", (count,), elsewhere(data) if in_place else data)


@pytest.mark.parametrize("counts", [(LARGE,), (LARGE, 3, LARGE + 1), (3, LARGE // 8)])
def test_large_arrays_arrive_as_if_they_had_been_copied(counts: tuple[int, ...]) -> None:
    def reply(*, in_place: bool) -> Returned:
        arrays = (array(count, in_place=in_place and count > 3) for count in counts)
        return Returned(7, Items("tuple", tuple(arrays)))

    payload = encode_plainly(reply(in_place=False))
    sent = b"".join(frame(encode(reply(in_place=True))))
    assert sent == HEADER.pack(len(payload)) + payload
    received = decode_reply(memoryview(sent)[HEADER.size :])
    assert isinstance(received, Returned)
    assert isinstance(received.value, Items)
    for count, item in zip(counts, received.value.items, strict=True):
        assert isinstance(item, Array)
        np.testing.assert_array_equal(view_array(item), np.arange(count))


def test_elements_stay_where_they_are() -> None:
    elements = np.zeros(LARGE)
    parts = frame(encode(Returned(1, Array("<f8", (LARGE,), elsewhere(elements.data)))))
    elements[:] = 1.0
    assert any(bytes(part) == elements.tobytes() for part in parts)


def test_a_small_reply_is_one_part_and_nothing_of_the_last_one_is_left() -> None:
    frame(encode(Returned(1, array(LARGE, in_place=True))))
    (part,) = frame(encode(Done(2)))
    assert decode_reply(part[HEADER.size :]) == Done(2)
