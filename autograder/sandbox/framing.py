"""Frames on their way out of a child, in which large arrays are not copied.

What MessagePack makes of a reply has a mark in place of the elements of every large array. The
frame is then given in parts, to be written one after the other: the elements are among them,
where they have been all along.
"""

from __future__ import annotations

import os
import struct
from typing import cast

import msgspec

from autograder.sandbox.protocol import HEADER

# Arrays of so many bytes are sent from where they are.
LARGE = 1 << 16

# How MessagePack announces bytes whose number takes four.
_BIN_32 = struct.Struct("!BI")
_MARK = os.urandom(16)
_aside: list[memoryview] = []


class Elsewhere:
    """Stands for bytes that are not copied, which are its ``data``."""

    def __init__(self, data: memoryview) -> None:
        self.data = data


def elsewhere(data: memoryview) -> memoryview:
    """In place of the elements of a large array: they are not to be copied."""
    return cast(memoryview, Elsewhere(data))


def _set_aside(value: Elsewhere) -> msgspec.Raw:
    _aside.append(value.data)
    return msgspec.Raw(_MARK)


encode = msgspec.msgpack.Encoder(enc_hook=_set_aside).encode


def frame(payload: bytes) -> list[memoryview]:
    """The frame of what :func:`encode` gave last, in parts."""
    if not _aside:
        return [memoryview(HEADER.pack(len(payload)) + payload)]
    before, *after = payload.split(_MARK)
    parts: list[bytes | memoryview] = [before]
    for data, piece in zip(_aside, after, strict=True):
        parts += [_BIN_32.pack(0xC6, len(data)), data, piece]
    _aside.clear()
    return [memoryview(part) for part in (HEADER.pack(sum(map(len, parts))), *parts)]
