"""The filter program, run by a small BPF interpreter: what it allows and what it refuses."""

from __future__ import annotations

import struct

import pytest

from autograder.sandbox.seccomp import ALLOWED, build_filter

PID = 4321
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, REFUSE, NO_SUCH_CALL = 0x7FFF0000, 0x00050001, 0x00050026


def decide(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """What the filter answers to one system call (linux/filter.h, struct seccomp_data)."""
    code = build_filter(machine, PID)
    program = [struct.unpack("HBBI", code[i : i + 8]) for i in range(0, len(code), 8)]
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number, arch or ARCHITECTURES[machine], 0, *padded)
    accumulator, position = 0, 0
    while True:
        operation, if_true, if_false, operand = program[position]
        position += 1
        match operation:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, operand)
            case 0x15:
                position += if_true if accumulator == operand else if_false
            case 0x35:
                position += if_true if accumulator >= operand else if_false
            case 0x45:
                position += if_true if accumulator & operand else if_false
            case 0x06:
                return int(operand)
            case _:
                raise AssertionError(hex(operation))


@pytest.mark.parametrize(("machine", "column"), [("x86_64", 0), ("aarch64", 1)])
def test_allows_its_list_and_nothing_else(machine: str, column: int) -> None:
    allowed = {numbers[column] for numbers in ALLOWED.values() if numbers[column] is not None}
    decided = {number for number in range(600) if decide(machine, number) == ALLOW}
    # ioctl, kill, tgkill and futex refuse arguments of 0; the others allow them.
    conditional = (
        *((72, 25), (28, 233), (302, 261)),  # F_DUPFD, MADV_NORMAL, a query of prlimit64
        *((228, 113), (229, 114), (230, 115)),  # CLOCK_REALTIME
        *((121, 155), (124, 156), (204, 123)),  # of the process itself
    )
    assert decided == allowed | {numbers[column] for numbers in conditional}


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize("number", [600, 5000, 0x40000000, 0x40000001, 1 << 31, 0xFFFFFFFF])
def test_numbers_beyond_the_list_are_refused(machine: str, number: int) -> None:
    """Those from 0x40000000 on are x32's, of which some would be allowed as others'."""
    assert decide(machine, number) == REFUSE


REFUSED_ON_X86_64 = {
    "socket": 41, "connect": 42, "sendto": 44, "bind": 49, "socketpair": 53, "clone": 56,
    "fork": 57, "vfork": 58, "execve": 59, "rename": 82, "mkdir": 83, "unlink": 87, "symlink": 88,
    "chmod": 90, "chown": 92, "ptrace": 101, "setuid": 105, "mknod": 133, "setpriority": 141,
    "prctl": 157, "setrlimit": 160, "chroot": 161, "mount": 165, "shmget": 29, "semget": 64,
    "msgget": 68, "sched_setaffinity": 203, "keyctl": 250, "mq_open": 240, "unshare": 272,
    "perf_event_open": 298, "process_vm_readv": 310, "process_vm_writev": 311, "seccomp": 317,
    "memfd_create": 319, "bpf": 321, "execveat": 322, "userfaultfd": 323, "pidfd_send_signal": 424,
    "io_uring_setup": 425, "openat2": 437, "landlock_create_ruleset": 444,
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED_ON_X86_64)
def test_refuses_what_attacks_need(name: str) -> None:
    assert decide("x86_64", REFUSED_ON_X86_64[name]) == REFUSE


def test_signals_reach_only_the_process_itself() -> None:
    assert decide("x86_64", 62, PID, 9) == ALLOW
    for pid in (1, PID + 1, 0, 0xFFFFFFFF):
        assert decide("x86_64", 62, pid, 9) == REFUSE
        assert decide("x86_64", 234, pid, pid, 9) == REFUSE


def test_limits_can_be_asked_but_not_set() -> None:
    assert decide("x86_64", 302, 0, 0, 0, 0xFFFF) == ALLOW
    assert decide("x86_64", 302, PID, 0, 0, 0xFFFF) == ALLOW
    assert decide("x86_64", 302, 0, 0, 0xDEAD, 0) == REFUSE
    assert decide("x86_64", 302, 0, 0, 1 << 40, 0) == REFUSE
    assert decide("x86_64", 302, PID + 1, 0, 0, 0xFFFF) == REFUSE


def test_fcntl_cannot_ask_for_signals_and_ioctl_cannot_type() -> None:
    assert decide("x86_64", 72, 3, 8) == REFUSE  # F_SETOWN
    assert decide("x86_64", 72, 3, 1031) == REFUSE  # F_SETPIPE_SZ
    assert decide("x86_64", 16, 0, 0x5412) == REFUSE  # TIOCSTI
    assert decide("x86_64", 16, 0, 0x5401) == ALLOW  # TCGETS


def test_other_ways_into_the_kernel_are_closed() -> None:
    assert decide("x86_64", 0, arch=0x40000003) == REFUSE  # 32-bit calls
    assert decide("x86_64", 0x40000000) == REFUSE  # x32
    assert decide("x86_64", 435) == NO_SUCH_CALL  # clone3


def test_unknown_architecture_is_refused() -> None:
    with pytest.raises(OSError, match="riscv64"):
        build_filter("riscv64", PID)


def test_memory_advice_cannot_take_pages_from_the_machine() -> None:
    assert decide("x86_64", 28, 0, 4096, 4) == ALLOW  # MADV_DONTNEED, which malloc uses
    for advice in (9, 12, 21, 100, 101):  # REMOVE, MERGEABLE, PAGEOUT, HWPOISON, SOFT_OFFLINE
        assert decide("x86_64", 28, 0, 4096, advice) == REFUSE


@pytest.mark.parametrize("number", [228, 229, 230])
def test_clocks_are_those_of_the_process_itself(number: int) -> None:
    assert decide("x86_64", number, 2) == ALLOW  # CLOCK_PROCESS_CPUTIME_ID
    for pid in (0, 1, PID, PID + 1):  # see MAKE_PROCESS_CPUCLOCK
        for kind in (2, 3, 6):
            assert decide("x86_64", number, (~pid << 3 | kind) & 0xFFFFFFFF) == REFUSE
            assert decide("x86_64", number, (~pid << 3 | kind) & (1 << 64) - 1) == REFUSE
    assert decide("x86_64", number, 9) == REFUSE  # CLOCK_BOOTTIME_ALARM


@pytest.mark.parametrize("number", [121, 124, 204])
def test_nothing_is_told_of_other_processes(number: int) -> None:
    assert decide("x86_64", number, 0) == decide("x86_64", number, PID) == ALLOW
    assert decide("x86_64", number, 1) == decide("x86_64", number, PID + 1) == REFUSE


def test_a_futex_wakes_nobody_elsewhere() -> None:
    for operation in range(13):
        assert decide("x86_64", 202, 0x1000, operation | 128) == ALLOW
        assert decide("x86_64", 202, 0x1000, operation) == REFUSE
        assert decide("aarch64", 98, 0x1000, operation | 256) == REFUSE
    assert decide("x86_64", 324, 1) == REFUSE  # membarrier, which interrupts all processors
