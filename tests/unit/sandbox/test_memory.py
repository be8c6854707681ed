"""What a process does to its heap before it forks."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from autograder.sandbox.memory import keep_freed_memory

PROBE = """
import ctypes
from autograder.sandbox.memory import leave_no_holes

libc = ctypes.CDLL(None)
libc.malloc.argtypes, libc.malloc.restype = (ctypes.c_size_t,), ctypes.c_size_t
libc.free.argtypes = (ctypes.c_size_t,)
SIZES = (24, 200, 1000, 5000, 40_000)
blocks = {size: [libc.malloc(size) for _ in range(200)] for size in SIZES}
holes = {block for size in SIZES for block in blocks[size][::2]}
for hole in holes:
    libc.free(hole)
MEND
reused = [libc.malloc(size) in holes for size in SIZES for _ in range(20)]
print(sum(reused), len(reused))
"""


def reused(mend: str) -> tuple[int, int]:
    done = subprocess.run(
        [sys.executable, "-c", PROBE.replace("MEND", mend)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    count, of = map(int, done.stdout.split())
    return count, of


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's heap")
def test_new_blocks_lie_in_no_hole() -> None:
    if not hasattr(ctypes.CDLL(None), "mallinfo2"):
        pytest.skip("another libc")
    before, of = reused("")
    assert before > of / 2  # the probe finds holes where there are some
    assert reused("leave_no_holes()") == (0, of)


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_elsewhere_memory_is_left_as_it_is(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_library(name: None) -> None:
        raise TypeError("argument of type 'NoneType' is not iterable")  # as on Windows

    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", no_library)
    keep_freed_memory()
