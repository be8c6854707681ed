"""Everything that takes in bytes from outside, at inputs that nobody would think of.

A few hundred for each target here, some made from nothing and some from right ones by changing
parts of them; ``make fuzz`` goes on for longer.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.security.fuzz_targets import SEEDS, TARGETS

# Words that mean something to one of the formats.
_WORDS = [
    b"", b"0", b"-1", b"1e999", b".nan", b".inf", b"null", b"~", b"true", b"[", b"]", b"{", b"}",
    b":", b": ", b"- ", b"\n", b"\t", b"  ", b"&a ", b"*a", b"!!python/object:os.system ",
    b"!!int ", b"|", b">", b"'", b'"', b"#", b"\\u0000", b"\xff", b"\xed\xa0\x80", b"\xe2\x80\xae",
    b"\x1b", b"__import__(1)", b"lambda: 0", b"9" * 30,
    b"1..9", b"9..1", b"m != n", b"!!timestamp ",
    b"2026-99-99", b"!!binary ", b"<<: ", b"? ", b"---", b"...", b"%YAML 1.1\n", b"\xc4", b"\xdd",
    b"\x90", b"\xc0", b"\xcf", b"\xd6\xff", b"a" * 300,
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A right input in which parts were replaced, repeated, moved or cut off."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        middle = draw(st.one_of(st.sampled_from(_WORDS), st.binary(max_size=6)))
        data = data[:start] + middle + draw(st.sampled_from([b"", data[start:end]])) + data[end:]
    return data


@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_cause_more_than_a_refusal(name: str) -> None:
    @settings(max_examples=200, suppress_health_check=list(HealthCheck))
    @given(st.one_of(mutated(SEEDS[name]), mutated(SEEDS[name]), st.binary(max_size=300)))
    def run(data: bytes) -> None:
        TARGETS[name](data)

    run()


def _zip_with_a_name_that_is_not_utf_8() -> bytes:
    (zipped,) = SEEDS["class_zip"]
    directory = zipped.index(b"PK\1\2")
    # Bit 11 of the flags says that the name is UTF-8.
    return zipped[:directory] + zipped[directory:].replace(b"eve", b"\xabve", 1).replace(
        b"PK\1\2\x14\x03\x14\0\0\0", b"PK\1\2\x14\x03\x14\0\0\x08", 1
    )


# What fuzzing has found, so that it stays mended.
FOUND = [
    ("text", b"2026-12-01 23:59:00 Nowhere/Atlantis"),
    ("text", b"2026-12-01 23:59:00 0UTC"),
    ("grade_file", b'{"student": "\x80kim"}'),
    ("class_zip", _zip_with_a_name_that_is_not_utf_8()),
]


@pytest.mark.parametrize(("name", "data"), FOUND)
def test_what_was_found_is_refused(name: str, data: bytes) -> None:
    TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_right_is_taken(name: str) -> None:
    for seed in SEEDS[name]:
        TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_cut_off_anywhere_is_refused(name: str) -> None:
    generator = random.Random(0)
    for seed in SEEDS[name]:
        for _ in range(20):
            TARGETS[name](seed[: generator.randrange(len(seed))])
