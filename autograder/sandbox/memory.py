"""Keeping memory that was freed, because fresh pages are dear.

Also runs inside the sandbox, sent by the grader.
"""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
_PAGE = 1 << 12


def keep_freed_memory() -> None:
    """Have malloc reuse blocks of a few megabytes instead of giving them back; a hint, without
    effect where the C library is not glibc. A first touch of a page costs more than the copy
    that follows, and arrays of a megabyte come and go with every large case. What is larger,
    or more, goes back: one hostile reply must not leave a worker large for good."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    mallopt(_M_TRIM_THRESHOLD, 1 << 23)
    mallopt(_M_TOP_PAD, 1 << 22)
    mallopt(_M_MMAP_THRESHOLD, 1 << 22)


def begin_on_a_huge_page() -> None:
    """Have the next large block of this process, and of its forks, begin on a huge page.

    With huge pages the heap ends at the end of one. What is left of it has been touched, and
    every small part of it would have to be copied when a fork writes to it. So it is taken
    up here by a block that nobody uses.
    """
    try:
        libc = ctypes.CDLL(None)
        mallinfo, malloc = libc.mallinfo2, libc.malloc
    except (AttributeError, OSError):
        return
    mallinfo.restype, malloc.restype = _Mallinfo, ctypes.c_void_p
    left: int = mallinfo().keepcost
    if left > _PAGE:
        malloc(ctypes.c_size_t(left - _PAGE))


class _Mallinfo(ctypes.Structure):
    """``struct mallinfo2``; see mallinfo(3)."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd",
            "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    )  # fmt: skip
