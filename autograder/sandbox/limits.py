"""How much student code may use."""

from __future__ import annotations

from msgspec import Struct


class Limits(Struct, frozen=True):
    """What one submission may use, per exercise unless said otherwise."""

    wall_seconds: float = 2.0
    """Wall time for the calls of one test."""
    submission_seconds: float = 60.0
    """Wall time for all that is run of one submission."""
    cpu_seconds: int = 5
    """CPU time of one process of student code."""
    memory_mib: int = 512
    """Memory beyond what the interpreter and numpy take."""
    open_files: int = 32
    file_size_mib: int = 0
    """Size of any file that student code writes."""
    output_kib: int = 16
    """How much of what is printed is kept."""
    reply_mib: int = 64
    """Size of one returned result on the wire."""
