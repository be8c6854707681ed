"""What a child may read, as a Landlock ruleset that the zygote builds once for all of them.

To build the rules takes a millisecond; to enter a ruleset that is there takes microseconds.

Runs inside the sandbox, sent by the grader; imports the standard library only. See
landlock(7) and linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence

# The oldest ABI with all that a child needs.
MIN_ABI = 6

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_ALL_FS = (1 << 16) - 1  # up to LANDLOCK_ACCESS_FS_IOCTL_DEV, of ABI 5
_ALL_NET = (1 << 2) - 1  # binding and connecting TCP sockets, of ABI 4
_ALL_SCOPES = (1 << 2) - 1  # abstract Unix sockets and signals, of ABI 6
_PR_SET_NO_NEW_PRIVS = 38
# From ABI 7 on, refusals of a domain go to the machine's audit log, which students could fill.
_LOG_ABI, _LOG_SAME_EXEC_OFF = 7, 1


class _RulesetAttr(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def abi_version() -> int:
    """The version of Landlock that this kernel has and allows; below 1 where there is none."""
    number, size = ctypes.c_long(_CREATE_RULESET), ctypes.c_size_t(0)
    version: int = ctypes.CDLL(None).syscall(number, None, size, _CREATE_RULESET_VERSION)
    return version


def renounce_new_privileges() -> None:
    """Have this process and its children never gain a privilege, as by running a set-user-ID
    program: whoever restricts himself must have done so. Raises :class:`OSError`."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")


class Ruleset:
    """Reading below ``readable``, and nothing else: no other file, no change to any, no TCP,
    no signal to a process outside. Raises :class:`OSError` where the kernel lacks a part.

    Whoever enters it must have called :func:`renounce_new_privileges`, or a parent of theirs.
    """

    def __init__(self, readable: Sequence[str]) -> None:
        self._syscall = ctypes.CDLL(None, use_errno=True).syscall
        attr = _RulesetAttr(_ALL_FS, _ALL_NET, _ALL_SCOPES)
        self._ruleset = self._call(
            _CREATE_RULESET, ctypes.byref(attr), ctypes.c_size_t(ctypes.sizeof(attr)), 0
        )
        self._flags = _LOG_SAME_EXEC_OFF if abi_version() >= _LOG_ABI else 0
        for path in readable:
            self._allow(path)

    def enter(self) -> None:
        """Restrict this process, irreversibly."""
        self._call(_RESTRICT_SELF, self._ruleset, self._flags)

    def _allow(self, path: str) -> None:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            access = _READ_FILE | (_READ_DIR if os.path.isdir(path) else 0)
            attr = _PathBeneathAttr(access, descriptor)
            self._call(_ADD_RULE, self._ruleset, _RULE_PATH_BENEATH, ctypes.byref(attr), 0)
        finally:
            os.close(descriptor)

    def _call(self, number: int, *arguments: object) -> int:
        result: int = self._syscall(ctypes.c_long(number), *arguments)
        if result < 0:
            code = ctypes.get_errno()
            raise OSError(code, f"landlock: {os.strerror(code)}")
        return result
