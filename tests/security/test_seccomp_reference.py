"""The filter against the one that libseccomp compiles from the same rules.

libseccomp has its own tables of system calls and its own compiler. For both architectures, both
programs are run on the same calls, and must answer alike. Skipped where the library is not there;
no process is restricted.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import random
import struct
import tempfile
from collections.abc import Iterator

import pytest

from autograder.sandbox import seccomp

PID = 4321
EPERM, ENOSYS = 0x00050001, 0x00050026
ALLOW = 0x7FFF0000
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
COMPARE_MASKED_EQUAL = 7
LOW = 0xFFFFFFFF


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operation", ctypes.c_int),
        ("mask", ctypes.c_uint64),
        ("value", ctypes.c_uint64),
    )


def conditions() -> Iterator[tuple[str, list[tuple[int, int, int]]]]:
    """Each call that is allowed, with what its arguments must be: argument, mask, value."""
    for name in seccomp.ALLOWED:
        yield name, []
    for name, argument, values in (
        ("ioctl", 1, seccomp.IOCTL_COMMANDS),
        ("fcntl", 1, seccomp.FCNTL_COMMANDS),
        ("madvise", 2, seccomp.MADVICE),
        ("kill", 0, (PID,)),
        ("tgkill", 0, (PID,)),
        ("clock_gettime", 0, seccomp.CLOCKS),
        ("clock_getres", 0, seccomp.CLOCKS),
        ("clock_nanosleep", 0, seccomp.CLOCKS),
        ("getpgid", 0, (0, PID)),
        ("getsid", 0, (0, PID)),
        ("sched_getaffinity", 0, (0, PID)),
    ):
        for value in values:
            yield name, [(argument, LOW, value)]
    yield "futex", [(1, 128, 128)]
    for pid in (0, PID):
        yield "prlimit64", [(0, LOW, pid), (2, (1 << 64) - 1, 0)]


@pytest.fixture(scope="module")
def library() -> ctypes.CDLL:
    name = ctypes.util.find_library("seccomp")
    if name is None:
        pytest.skip("libseccomp is not installed")
    found = ctypes.CDLL(name, use_errno=True)
    found.seccomp_init.restype = ctypes.c_void_p
    found.seccomp_init.argtypes = [ctypes.c_uint32]
    return found


def compiled(library: ctypes.CDLL, machine: str) -> tuple[bytes, dict[str, int]]:
    """libseccomp's program, and the number of each call in its tables."""
    token = ARCHITECTURES[machine]
    context = ctypes.c_void_p(library.seccomp_init(EPERM))
    ours = library.seccomp_arch_native()
    if ours & LOW != token:
        assert library.seccomp_arch_add(context, ctypes.c_uint32(token)) == 0
        assert library.seccomp_arch_remove(context, ctypes.c_uint32(ours)) == 0
    # SCMP_FLTATR_ACT_BADARCH: a call of another architecture is refused like any other.
    assert library.seccomp_attr_set(context, 2, ctypes.c_uint32(EPERM)) == 0
    numbers: dict[str, int] = {}
    rules = [(ALLOW, name, wanted) for name, wanted in conditions()]
    for action, name, wanted in [*rules, (ENOSYS, "clone3", [])]:
        number = library.seccomp_syscall_resolve_name_arch(ctypes.c_uint32(token), name.encode())
        numbers[name] = number
        if number < 0:  # does not exist there
            continue
        comparisons = (_Comparison * max(len(wanted), 1))(
            *(
                _Comparison(index, COMPARE_MASKED_EQUAL, mask, value)
                for index, mask, value in wanted
            )
        )
        # Rules are given by the numbers of the machine that this runs on, and translated.
        native = library.seccomp_syscall_resolve_name(name.encode())
        code = library.seccomp_rule_add_array(
            context, ctypes.c_uint32(action), native, len(wanted), comparisons
        )
        assert code == 0, (name, code)
    with tempfile.TemporaryFile() as file:
        assert library.seccomp_export_bpf(context, file.fileno()) == 0
        library.seccomp_release(context)
        file.seek(0)
        return file.read(), numbers


def answer(program: list[tuple[int, int, int, int]], data: bytes) -> int:
    """Run classic BPF on a struct seccomp_data; see linux/bpf_common.h."""
    accumulator, position = 0, 0
    while True:
        code, if_true, if_false, operand = program[position]
        position += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, operand)
            case 0x05:
                position += operand
            case 0x54:
                accumulator &= operand
            case 0x15:
                position += if_true if accumulator == operand else if_false
            case 0x25:
                position += if_true if accumulator > operand else if_false
            case 0x35:
                position += if_true if accumulator >= operand else if_false
            case 0x45:
                position += if_true if accumulator & operand else if_false
            case 0x06:
                return operand
            case _:
                raise AssertionError(hex(code))


def read(code: bytes) -> list[tuple[int, int, int, int]]:
    return list(struct.iter_unpack("HBBI", code))


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_the_tables_have_the_numbers_of_libseccomp(library: ctypes.CDLL, machine: str) -> None:
    _, numbers = compiled(library, machine)
    column = list(ARCHITECTURES).index(machine)
    for name, ours in seccomp.ALLOWED.items():
        theirs = numbers[name]
        assert ours[column] == (theirs if theirs >= 0 else None), name


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_both_filters_answer_alike(library: ctypes.CDLL, machine: str) -> None:
    ours = read(seccomp.build_filter(machine, PID))
    theirs = read(compiled(library, machine)[0])
    source = random.Random(20)
    telling = [0, 1, 2, PID, PID + 1, LOW, 1 << 31, 128, 129, 256, *seccomp.CLOCKS]
    telling += [*seccomp.IOCTL_COMMANDS, *seccomp.FCNTL_COMMANDS, *seccomp.MADVICE]
    tokens = [ARCHITECTURES[machine]] * 8 + [0x40000003, 0xC00000F3]
    calls = [(number, token) for number in range(512) for token in tokens]
    calls += [(source.getrandbits(32), tokens[0]) for _ in range(3000)]
    answers = set()
    for number, token in calls:
        words = [
            source.choice(telling) | source.choice((0, 0, 0, 1 << 32, LOW << 32)) for _ in range(6)
        ]
        data = struct.pack("<IIQ6Q", number, token, 0, *words)
        assert answer(ours, data) == answer(theirs, data), (number, hex(token), words)
        answers.add(answer(ours, data))
    assert answers == {ALLOW, EPERM, ENOSYS}
