"""Starts a command as a container of Docker's does: few capabilities, its default filter.

The filter refuses what Docker's default profile refuses to containers without further
capabilities (https://github.com/moby/profiles/blob/main/seccomp/default.json). What it cannot
reproduce are the container's own namespaces and its read-only parts of ``/proc``.

    python -m tests.security.container [without-landlock] COMMAND...
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

# x86_64 and aarch64 numbers, as in autograder/sandbox/seccomp.py.
REFUSED = {
    "acct": (163, 89), "add_key": (248, 217), "bpf": (321, 280), "clock_adjtime": (305, 266),
    "clock_settime": (227, 112), "delete_module": (176, 106), "finit_module": (313, 273),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fsopen": (430, 430), "fspick": (433, 433),
    "get_mempolicy": (239, 236), "init_module": (175, 105), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "io_uring_setup": (425, 425), "kcmp": (312, 272),
    "kexec_file_load": (320, 294), "kexec_load": (246, 104), "keyctl": (250, 219),
    "lookup_dcookie": (212, 18), "mbind": (237, 235), "migrate_pages": (256, 238),
    "mount": (165, 40), "mount_setattr": (442, 442), "move_mount": (429, 429),
    "move_pages": (279, 239), "open_by_handle_at": (304, 265), "open_tree": (428, 428),
    "perf_event_open": (298, 241), "pidfd_getfd": (438, 438), "pivot_root": (155, 41),
    "process_madvise": (440, 440), "quotactl": (179, 60), "reboot": (169, 142),
    "request_key": (249, 218), "set_mempolicy": (238, 237), "setns": (308, 268),
    "settimeofday": (164, 170), "swapoff": (168, 225), "swapon": (167, 224),
    "syslog": (103, 116), "umount2": (166, 39), "unshare": (272, 97), "userfaultfd": (323, 282),
}  # fmt: skip
LANDLOCK = {"landlock_create_ruleset": (444, 444), "landlock_add_rule": (445, 445)}
_CLONE = (56, 220)
_CLONE3 = 435
_NEW_NAMESPACES = 0x7E020000
# chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, net_raw,
# sys_chroot, mknod, audit_write, setfcap
CAPABILITIES = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)

_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 24, 38, 22
_EPERM, _ENOSYS, _ALLOW = 0x00050001, 0x00050026, 0x7FFF0000


def filter_code(column: int, *, without_landlock: bool) -> bytes:
    """The filter as an array of sock_filter."""
    program = [(0x20, 0, 0, 0)]  # the number of the system call
    refused = REFUSED | (LANDLOCK if without_landlock else {})
    for numbers in refused.values():
        program += [(0x15, 0, 1, numbers[column]), (0x06, 0, 0, _EPERM)]
    program += [(0x15, 0, 1, _CLONE3), (0x06, 0, 0, _ENOSYS)]
    program += [(0x15, 0, 3, _CLONE[column]), (0x20, 0, 0, 16)]
    program += [(0x45, 0, 1, _NEW_NAMESPACES), (0x06, 0, 0, _EPERM)]
    program += [(0x06, 0, 0, _ALLOW)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def main(arguments: list[str]) -> None:
    without_landlock = arguments[0] == "without-landlock"
    command = arguments[without_landlock:]
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0:
        for capability in set(range(41)) - set(CAPABILITIES):
            libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
        kept = sum(1 << capability for capability in CAPABILITIES)
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        if libc.capset(header, (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0)):
            raise OSError(ctypes.get_errno(), "capset")
    column = {"x86_64": 0, "aarch64": 1}[os.uname().machine]
    code = filter_code(column, without_landlock=without_landlock)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(buffer))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        _PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0
    ):
        raise OSError(ctypes.get_errno(), "seccomp")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
