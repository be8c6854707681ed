"""Frames out of a stream of bytes that comes in pieces of any size."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.sandbox.protocol import HEADER
from autograder.sandbox.session import Allowance, ReplyTooLarge
from autograder.sandbox.zygote_host import Received

CHUNK = 1 << 14
# Around the size of the buffer, where frames begin, end and are cut.
SIZES = (0, 1, 3, 4, 5, 100, 1000, CHUNK - 5, CHUNK - 4, CHUNK - 3, CHUNK, CHUNK + 1, 3 * CHUNK)


def frame(payload: bytes) -> bytes:
    return HEADER.pack(len(payload)) + payload


@settings(max_examples=200)
@given(st.randoms(use_true_random=False))
def test_frames_come_out_as_they_went_in(chance: random.Random) -> None:
    payloads = [
        bytes([chance.randrange(256)]) * chance.choice(SIZES)
        for _ in range(chance.randrange(1, 12))
    ]
    stream = b"".join(map(frame, payloads))
    received = Received(Allowance(1 << 20))
    found: list[memoryview] = []
    while stream:
        room = received.room()
        assert len(room)  # to read nothing would look like the end
        piece = stream[: min(len(room), chance.choice((1, 2, 3, 7, 500, CHUNK)))]
        room[: len(piece)] = piece
        received.add(len(piece))
        stream = stream[len(piece) :]
        while come := received.payloads(chance.randrange(1, 4)):
            found += come
    assert [bytes(payload) for payload in found] == payloads
    assert not received.is_begun()


def test_what_is_announced_too_large_is_not_waited_for() -> None:
    received = Received(Allowance(1000))
    header = HEADER.pack(1001)
    received.room()[: len(header)] = header
    received.add(len(header))
    with pytest.raises(ReplyTooLarge):
        received.payloads(1)


def test_what_came_before_an_announcement_that_is_too_large_counts() -> None:
    received = Received(Allowance(1000))
    stream = frame(b"one") + frame(b"two") + HEADER.pack(1001)
    received.room()[: len(stream)] = stream
    received.add(len(stream))
    assert [bytes(payload) for payload in received.payloads(3)] == [b"one", b"two"]
    with pytest.raises(ReplyTooLarge):
        received.payloads(1)
