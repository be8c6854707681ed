"""Keeping memory that was freed, because fresh pages are dear.

Also runs inside the sandbox, as source text.
"""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3


def keep_freed_memory() -> None:
    """Have malloc reuse large blocks instead of giving them back; a hint, without effect
    where the C library is not glibc. A first touch of a page costs more than the copy
    that follows, and arrays of a megabyte come and go with every large case."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    mallopt(_M_TRIM_THRESHOLD, 1 << 30)
    mallopt(_M_TOP_PAD, 1 << 24)
    mallopt(_M_MMAP_THRESHOLD, 1 << 25)  # the most that glibc takes
