"""Keeping memory that was freed, because fresh pages are dear.

Also runs inside the sandbox, sent by the grader.
"""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
_LEFT = 1 << 16
# Sizes of blocks that fill every hole, the largest first; 24 bytes is the smallest.
_HOLES = (*(1 << bits for bits in range(16, 10, -1)), *range(1016, 23, -16))


def keep_freed_memory() -> None:
    """Have malloc reuse blocks of a few megabytes instead of giving them back; a hint, without
    effect where the C library is not glibc. A first touch of a page costs more than the copy
    that follows, and arrays of a megabyte come and go with every large case. What is larger,
    or more, goes back: one hostile reply must not leave a worker large for good."""
    if sys.platform != "linux":  # Windows has no CDLL(None)
        return
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallopt"):  # not glibc
        return
    libc.mallopt(_M_TRIM_THRESHOLD, 1 << 23)
    libc.mallopt(_M_TOP_PAD, 1 << 22)
    libc.mallopt(_M_MMAP_THRESHOLD, 1 << 22)


def give_back_freed_memory() -> None:
    """Give back the pages that malloc keeps though all in them is freed; without effect where the
    C library is not glibc. A process that goes on for long scatters what it keeps over ever more
    pages."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "malloc_trim"):  # glibc
            libc.malloc_trim(0)


def leave_no_holes() -> None:
    """Have what this process's forks allocate lie together, and begin on a huge page.

    A fork pays for every page that it writes to first, with a copy of it or an empty one. In
    the holes between what is there already, new objects would be spread over many pages; so
    the holes are filled with blocks that nobody uses. With huge pages the heap ends at the end
    of one. What is left of it has been touched, and every small part would have to be copied;
    it is taken up as well, but for what a large block may begin with: two arrays of a megabyte
    then fit in the next huge page, with what comes along with them.
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallinfo2"):  # not glibc 2.33 or later
        return
    malloc, free, mallinfo = libc.malloc, libc.free, libc.mallinfo2
    malloc.argtypes, malloc.restype = (ctypes.c_size_t,), ctypes.c_size_t
    free.argtypes, mallinfo.restype = (ctypes.c_size_t,), _Mallinfo
    beyond: int = malloc(_HOLES[0] * 2)
    free(beyond)
    for size in _HOLES:
        while (block := malloc(size)) < beyond:
            pass
        free(block)
    left: int = mallinfo().keepcost
    if left > _LEFT:
        malloc(left - _LEFT)


class _Mallinfo(ctypes.Structure):
    """``struct mallinfo2``; see mallinfo(3)."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd",
            "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    )  # fmt: skip
