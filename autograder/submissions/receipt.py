"""The receipt that ``autograder submit`` puts beside a student's files."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

RECEIPT: Final = "receipt.json"
MAX_BYTES: Final = 1 << 16


class Receipt(Struct, frozen=True):
    """Who handed in what, by the student's own computer: ``made`` is its clock's time."""

    student: str
    assignment: str
    made: str
    hash: str
    files: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """The hash, short enough to be written down."""
        return "-".join(self.hash[start : start + 4] for start in range(0, 16, 4))


def hash_of(files: Mapping[str, bytes]) -> str:
    """SHA-256 over names and contents, whatever their order."""
    whole = sha256()
    for name in sorted(files):
        for part in (name.encode("utf-8", "surrogatepass"), files[name]):
            whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()


def read_receipt(content: bytes) -> Receipt | None:
    """The receipt in a file of that name; None where it is none."""
    try:
        return msgspec.json.decode(content[:MAX_BYTES], type=Receipt)
    except (msgspec.MsgspecError, UnicodeError):
        return None
