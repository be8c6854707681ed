"""How much student code may use."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """What one submission may use, per exercise unless said otherwise.

    Values are as they are given: the bounds hold for what is read from ``config.yaml``.
    """

    wall_seconds: Annotated[
        float,
        Meta(
            ge=0.05,
            le=3600,
            description="processor time for the calls of one test, and time that they may sleep",
        ),
    ] = 2.0
    call_seconds: Annotated[
        float,
        Meta(
            ge=0.05,
            le=3600,
            description="processor time that each call may take, however little the reference "
            "needs; up to `wall_seconds` where that needs more",
        ),
    ] = 0.2
    submission_seconds: Annotated[
        float,
        Meta(
            ge=1,
            le=1 << 20,
            description="processor time and sleep for all that is run of one submission",
        ),
    ] = 60.0
    cpu_seconds: Annotated[
        int, Meta(ge=1, le=3600, description="processor time of one process of student code")
    ] = 5
    memory_mib: Annotated[
        int, Meta(ge=32, le=1 << 20, description="memory beyond what Python and numpy take")
    ] = 512
    open_files: Annotated[
        int, Meta(ge=8, le=4096, description="files that are open at the same time")
    ] = 32
    file_size_mib: Annotated[
        int, Meta(ge=0, le=1 << 20, description="size of any file that student code writes")
    ] = 0
    output_kib: Annotated[
        int, Meta(ge=0, le=10_240, description="how much is kept of what is printed")
    ] = 16
    reply_mib: Annotated[
        int, Meta(ge=1, le=1024, description="size of one returned result on the wire")
    ] = 64
