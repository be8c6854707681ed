"""The system calls that student code may make: a seccomp filter, as plain Linux BPF.

Landlock decides which files can be opened; this filter decides everything else.
It is a list of what is allowed, so that a system call added to Linux tomorrow is
refused: no processes or threads, no sockets, no signals to others, no changes to
the file system, to limits or to scheduling. A refused call fails with ``EPERM``,
which Python turns into a ``PermissionError`` that the student can read.

Runs inside the sandbox, sent by the grader; imports the standard library only. See
seccomp(2), linux/filter.h, linux/audit.h and the system call tables of each
architecture (asm/unistd_64.h, asm-generic/unistd.h).
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from typing import NamedTuple

# Name: number on x86_64, number on aarch64 (None: does not exist there).
ALLOWED: dict[str, tuple[int | None, int | None]] = {
    # files, which Landlock restricts further
    "read": (0, 63),
    "write": (1, 64),
    "open": (2, None),
    "close": (3, 57),
    "stat": (4, None),
    "fstat": (5, 80),
    "lstat": (6, None),
    "lseek": (8, 62),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "readv": (19, 65),
    "writev": (20, 66),
    "access": (21, None),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "getcwd": (79, 17),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getdents64": (217, 61),
    "openat": (257, 56),
    "newfstatat": (262, 79),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "statx": (332, 291),
    "close_range": (436, 436),
    # waiting
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "pause": (34, None),
    "nanosleep": (35, 101),
    "sched_yield": (24, 124),
    "wait4": (61, 260),
    "restart_syscall": (219, 128),
    # memory
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "mremap": (25, 216),
    "msync": (26, 227),
    # the process's own signals, clocks and numbers
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "getitimer": (36, 102),
    "setitimer": (38, 103),
    "alarm": (37, None),
    "time": (201, None),
    "gettimeofday": (96, 169),
    "times": (100, 153),
    "getrusage": (98, 165),
    "getrlimit": (97, 163),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getppid": (110, 173),
    "getpgrp": (111, None),
    "getuid": (102, 174),
    "getgid": (104, 176),
    "geteuid": (107, 175),
    "getegid": (108, 177),
    "getgroups": (115, 158),
    "uname": (63, 160),
    "sysinfo": (99, 179),
    "getcpu": (309, 168),
    "getrandom": (318, 278),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "exit": (60, 93),
    "exit_group": (231, 94),
}

# Allowed for some arguments only; see `_conditions`.
IOCTL = (16, 29)
FCNTL = (72, 25)
MADVISE = (28, 233)
KILL = (62, 129)
TGKILL = (234, 131)
PRLIMIT64 = (302, 261)
FUTEX = (202, 98)
CLOCK_GETTIME, CLOCK_GETRES, CLOCK_NANOSLEEP = (228, 113), (229, 114), (230, 115)
# What these tell of another process: its session, its group, the processors it may use.
OF_A_PROCESS = {
    "getpgid": (121, 155),
    "getsid": (124, 156),
    "sched_getaffinity": (204, 123),
}
# glibc falls back from clone3 to clone, whose refusal Python reports well, on ENOSYS only.
CLONE3 = (435, 435)

IOCTL_COMMANDS = (
    0x5401,  # TCGETS: isatty()
    0x5413,  # TIOCGWINSZ
    0x541B,  # FIONREAD
    0x5421,  # FIONBIO
    0x5450,  # FIONCLEX
    0x5451,  # FIOCLEX
)
# What malloc and Python use. Not what takes a page of the machine out of service, which root
# may (MADV_HWPOISON, MADV_SOFT_OFFLINE), nor what reaches beyond this process (MADV_MERGEABLE).
MADVICE = (0, 1, 2, 3, 4, 8, 14, 15, 18)  # NORMAL .. DONTNEED, FREE, (NO)HUGEPAGE, WIPEONFORK
# Without it, a futex is known by its place in a file, and two processes that map the same library
# can wake each other.
FUTEX_PRIVATE_FLAG = 128
# CLOCK_REALTIME .. CLOCK_BOOTTIME and CLOCK_TAI. Negative ones are clocks of other processes and
# of devices; those between make the machine wake up.
CLOCKS = (0, 1, 2, 3, 4, 5, 6, 7, 11)
FCNTL_COMMANDS = (0, 1, 2, 3, 4, 1030)  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, ..._CLOEXEC

ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_RET_ERRNO = 0x00050000
_RET_ALLOW = 0x7FFF0000
_EPERM, _ENOSYS = 1, 38

_LD_ABS, _JEQ, _JGE, _JSET, _RET = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data

# Stands for the process's own number in a filter that is built before there is a process.
_ANY_PID = 0x7E57C0DE

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2


class Instruction(NamedTuple):
    code: int
    jump_true: int
    jump_false: int
    operand: int

    def pack(self) -> bytes:
        return struct.pack("HBBI", *self)


def _load(offset: int) -> Instruction:
    return Instruction(_LD_ABS, 0, 0, offset)


def _return(action: int) -> Instruction:
    return Instruction(_RET, 0, 0, action)


def _argument(index: int) -> int:
    """Offset of the low half of an argument (both architectures are little-endian)."""
    return _ARGUMENTS + 8 * index


def _allow_if_any(index: int, values: tuple[int, ...]) -> list[Instruction]:
    program = [_load(_argument(index))]
    for value in values:
        program += [Instruction(_JEQ, 0, 1, value), _return(_RET_ALLOW)]
    return [*program, _return(_RET_ERRNO | _EPERM)]


def _require_bit(index: int, bit: int) -> list[Instruction]:
    return [
        _load(_argument(index)),
        Instruction(_JSET, 0, 1, bit),
        _return(_RET_ALLOW),
        _return(_RET_ERRNO | _EPERM),
    ]


def _when(number: int, body: list[Instruction]) -> list[Instruction]:
    """``body``, which always returns, for the system call ``number``."""
    return [Instruction(_JEQ, 0, len(body), number), *body]


def _conditions(column: int, pid: int) -> dict[int, list[Instruction]]:
    query_only = [
        _load(_argument(0)),
        Instruction(_JEQ, 2, 0, 0),
        Instruction(_JEQ, 1, 0, pid),
        _return(_RET_ERRNO | _EPERM),
        _load(_argument(2)),
        Instruction(_JEQ, 0, 3, 0),
        _load(_argument(2) + 4),
        Instruction(_JEQ, 0, 1, 0),
        _return(_RET_ALLOW),
        _return(_RET_ERRNO | _EPERM),
    ]
    return {
        IOCTL[column]: _allow_if_any(1, IOCTL_COMMANDS),
        FCNTL[column]: _allow_if_any(1, FCNTL_COMMANDS),
        MADVISE[column]: _allow_if_any(2, MADVICE),
        KILL[column]: _allow_if_any(0, (pid,)),
        TGKILL[column]: _allow_if_any(0, (pid,)),
        PRLIMIT64[column]: query_only,
        CLONE3[column]: [_return(_RET_ERRNO | _ENOSYS)],
        FUTEX[column]: _require_bit(1, FUTEX_PRIVATE_FLAG),
        **{
            clock[column]: _allow_if_any(0, CLOCKS)
            for clock in (CLOCK_GETTIME, CLOCK_GETRES, CLOCK_NANOSLEEP)
        },
        **{numbers[column]: _allow_if_any(0, (0, pid)) for numbers in OF_A_PROCESS.values()},
    }


def _search(decisions: list[tuple[int, list[Instruction]]]) -> list[Instruction]:
    """Find the decision for the loaded number, by halves: each holds from its first number up
    to that of the next.

    Linux runs a filter that is installed once for every system call that there is, to know
    which it always allows; one by one, that takes longer than a test.
    """
    if len(decisions) == 1:
        return decisions[0][1]
    middle = len(decisions) // 2
    below, above = _search(decisions[:middle]), _search(decisions[middle:])
    return [Instruction(_JGE, len(below), 0, decisions[middle][0]), *below, *above]


def build_filter(machine: str, pid: int) -> bytes:
    """The filter program for ``machine`` and the process ``pid``, as an array of sock_filter.

    Raises :class:`OSError` where the architecture has no table here.
    """
    if machine not in ARCHITECTURES:
        raise OSError(f"no system call table for the architecture {machine!r}")
    column, audit_arch = ARCHITECTURES[machine]
    program = [
        _load(_ARCH),
        Instruction(_JEQ, 1, 0, audit_arch),
        _return(_RET_ERRNO | _EPERM),
        _load(_NUMBER),
    ]
    calls = (numbers[column] for numbers in ALLOWED.values())
    bodies = {number: [_return(_RET_ALLOW)] for number in calls if number is not None}
    bodies |= _conditions(column, pid)
    refused = [_return(_RET_ERRNO | _EPERM)]
    decisions: list[tuple[int, list[Instruction]]] = []
    for number in sorted({0, *bodies, *(number + 1 for number in bodies)}):
        body = bodies.get(number, refused)
        if not decisions or decisions[-1][1] != body:
            decisions.append((number, body))
    program += _search(decisions)
    return b"".join(instruction.pack() for instruction in program)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


class PreparedFilter:
    """The filter for this machine, built before there is the process that it is for.

    Everything that can be is done here, because what a child touches for the first time
    it pays for. Raises :class:`OSError` where the architecture has no table.
    """

    def __init__(self) -> None:
        self._prctl = ctypes.CDLL(None, use_errno=True).prctl
        code = build_filter(platform.machine(), _ANY_PID)
        self._code = ctypes.create_string_buffer(code, len(code))
        self._program = _Program(len(code) // 8, ctypes.addressof(self._code))
        self._address = ctypes.c_void_p(ctypes.addressof(self._program))
        marker = struct.pack("I", _ANY_PID)
        self._pids = [
            ctypes.c_uint32.from_buffer(self._code, offset)
            for offset in range(4, len(code), 8)
            if code[offset : offset + 4] == marker
        ]

    def install(self) -> None:
        """Restrict this process, irreversibly; see
        :func:`~autograder.sandbox.landlock.renounce_new_privileges`. Raises :class:`OSError`
        where that fails."""
        pid = os.getpid()
        for place in self._pids:
            place.value = pid
        if self._prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, self._address, 0, 0):
            number = ctypes.get_errno()
            raise OSError(number, f"seccomp: {os.strerror(number)}")
