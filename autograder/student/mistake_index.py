"""Known mistakes that a student's own computer can recognise, without being told what they are.

A bundle holds neither the hidden YAML nor the code of a mistake. For each mistake it holds the
hint under a lock, and the key is what the mistake *does* on the public tests: who makes it has
the key, and who does not cannot read the hint. So nothing of the secret files can be read in
a bundle, and the hints do not spoil the exercise.

The key is a hash of a transcript: in which cases an output is wrong, the exceptions, the changed
inputs, and of each wrong array a few whole numbers. An array's numbers differ between machines
by rounding, so it is projected on random weights, p = sum(w a), and p / step is rounded. Where
p lies within its step is stored in the open (a fuzzy extractor: Dodis, Ostrovsky, Reyzin and
Smith, Fuzzy Extractors, 2008), so that a value near the edge between two steps is no problem:
anything within half a step of what the mistake gave finds the same whole number.
"""

from __future__ import annotations

import math
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b, shake_256
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
from msgspec import Struct

from autograder.course.course import Course
from autograder.course.exercise import Exercise, Mistake
from autograder.errors import CourseError
from autograder.grading.grader import ExerciseGrader, public_part
from autograder.grading.judge import Judgement, Truth
from autograder.grading.mistakes import (
    agreement_of,
    failure_key,
    is_low_precision,
    mutant,
    other_values,
)
from autograder.grading.observation import Observation, Output
from autograder.grading.run import ExerciseRun
from autograder.sandbox.host import Sandbox
from autograder.text.language import Text
from autograder.text.messages import sanitize, sanitize_lines
from autograder.text.said import said
from autograder.truth.compare import NotAnArray, Reason, compare
from autograder.truth.expected import Expected
from autograder.truth.reference import solution_source

FILE_NAME = "hints.json"
VERSION = 1
MAX_BYTES = 1 << 24

PROJECTIONS = 2
# The width of a step relative to how far equal results may be apart: half of it either way.
STEP = 4.0
# The place within a step is kept in so many parts.
PARTS = 1000

_KEY_BYTES = 32
_TAG_BYTES = 16

Sketch: TypeAlias = tuple[int, ...]
"""Of one array: the binary exponent of its largest element, and the place of each projection
within its step, in :data:`PARTS`."""


class Lock(Struct, frozen=True):
    """Opens where the mistake is made in ``output``. ``key`` is the content's, encrypted."""

    output: str
    sketches: tuple[Sketch, ...]
    key: bytes


class LockedHint(Struct, frozen=True):
    """A mistake's name and hint, encrypted, with a lock for every output that it makes wrong."""

    locks: tuple[Lock, ...]
    content: bytes

    def is_about(self, output: str) -> bool:
        return any(lock.output == output for lock in self.locks)


class Hint(Struct, frozen=True):
    """The ``name`` of a mistake, and what to tell those who make it."""

    name: str
    text: Text


class _File(Struct, frozen=True):
    version: int
    exercises: dict[str, tuple[LockedHint, ...]]


def build_index(course: Course, assignment: str, sandbox: Sandbox) -> bytes:
    """The content of :data:`FILE_NAME` for an assignment of a complete course.

    The same for the same course. Raises :class:`CourseError` where public tests cannot be
    judged without the solution.
    """
    locked = {
        exercise.name: lock_hints(course, exercise, sandbox)
        for exercise in course.assignments[assignment].exercises
    }
    encoded = msgspec.json.encode(_File(VERSION, locked))
    return msgspec.json.format(encoded, indent=0) + b"\n"


def index_path(root: Path, assignment: str) -> Path:
    """Where the bundle or course at ``root`` keeps the locked hints of ``assignment``."""
    return root / "assignments" / assignment / FILE_NAME


def read_index(path: Path) -> dict[str, tuple[LockedHint, ...]]:
    """The locked hints by exercise; none where there is no such file.

    Raises :class:`CourseError` where the file is damaged.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(said("reason_no_file"))
        if status.st_size > MAX_BYTES:
            raise ValueError(said("reason_large", limit=MAX_BYTES))
        file = msgspec.json.decode(path.read_bytes(), type=_File)
        if file.version != VERSION:
            raise ValueError(said("reason_version", version=file.version))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error.args[0]
        raise CourseError(said("error_hints", reason=reason), path=path) from None
    return file.exercises


def lock_hints(course: Course, exercise: Exercise, sandbox: Sandbox) -> tuple[LockedHint, ...]:
    """The hints of all mistakes that lose points in the public tests, in their order."""
    if exercise.answers:  # of which nothing can be tested without what is right
        return ()
    grader = ExerciseGrader(course, public_part(exercise), sandbox)
    solution = solution_source(exercise) or ""
    found = []
    for mistake in exercise.mistakes:
        for values in (None, *other_values(mistake)):
            run, judgements = grader.run_mutant(mutant(exercise, mistake, solution, values))
            locked = _lock(exercise, mistake, judgements, run, grader.truths)
            if locked.locks:
                found.append(locked)
    return tuple(found)


def find_hints(
    exercise: Exercise,
    hints: Sequence[LockedHint],
    judgements: Sequence[Judgement],
    run: ExerciseRun,
    truths: Mapping[str, Sequence[Truth]],
) -> dict[str, Hint]:
    """The hint of the mistake that explains a test, by the name of the test.

    As in :func:`autograder.grading.mistakes.explaining`, a mistake that explains everything goes
    before those that explain one output of several.
    """
    outputs = list(dict.fromkeys(name for judgement in judgements for name in judgement.wrong))
    wrong = [name for name in outputs if any(one.wrong.get(name) for one in judgements)]
    opened: dict[str, dict[int, Hint]] = {}
    for output in wrong:
        opened[output] = {}
        for number, locked in enumerate(hints):
            hint = _open(exercise, output, locked, judgements, run, truths)
            if hint is not None:
                opened[output][number] = hint
    right = [name for name in outputs if name not in wrong]
    whole = [
        number
        for number, locked in enumerate(hints)
        if all(number in found for found in opened.values())
        and not any(locked.is_about(name) for name in right)
    ]
    contradicted = {
        number
        for number, locked in enumerate(hints)
        if any(locked.is_about(name) and number not in opened.get(name, ()) for name in outputs)
    }
    explained: dict[str, Hint] = {}
    for output, everything in opened.items():
        found = {n: hint for n, hint in everything.items() if n not in contradicted}
        if found:
            chosen = found[whole[0]] if whole else next(iter(found.values()))
            for judgement in judgements:
                if judgement.wrong.get(output):
                    explained.setdefault(judgement.test.name, chosen)
    return explained


# Locking and opening


def _lock(
    exercise: Exercise,
    mistake: Mistake,
    judgements: Sequence[Judgement],
    run: ExerciseRun,
    truths: Mapping[str, Sequence[Truth]],
) -> LockedHint:
    content = msgspec.json.encode(Hint(mistake.name, mistake.hint))
    transcripts: list[tuple[str, list[Sketch], bytes]] = []
    wrong = dict.fromkeys(name for judgement in judgements for name in judgement.wrong)
    for output in mistake.outputs or wrong:
        sketches: list[Sketch] = []

        def read(array: _Array, sketches: list[Sketch] = sketches) -> Sequence[int]:
            sketch, numbers = array.sketched()
            sketches.append(sketch)
            return numbers

        transcript = _transcript(exercise, output, judgements, run, truths, read)
        if transcript is not None:
            transcripts.append((output, sketches, transcript))
    # Nobody who lacks the hint or one of the transcripts can work this out.
    secret = blake2b(content, digest_size=_KEY_BYTES)
    for _, _, transcript in transcripts:
        secret.update(transcript)
    key = secret.digest()
    return LockedHint(
        locks=tuple(
            Lock(output, tuple(sketches), _xor(key, _stream(transcript, len(key))))
            for output, sketches, transcript in transcripts
        ),
        content=_encrypt(key, content),
    )


def _open(
    exercise: Exercise,
    output: str,
    locked: LockedHint,
    judgements: Sequence[Judgement],
    run: ExerciseRun,
    truths: Mapping[str, Sequence[Truth]],
) -> Hint | None:
    for lock in locked.locks:
        if lock.output != output:
            continue
        sketches = iter(lock.sketches)
        try:
            transcript = _transcript(exercise, output, judgements, run, truths, _reader(sketches))
        except _Mismatch:
            continue
        if transcript is None or next(sketches, None) is not None:
            continue
        content = _decrypt(_xor(lock.key, _stream(transcript, len(lock.key))), locked.content)
        if content is not None:
            return _hint_in(content)
    return None


def _hint_in(content: bytes) -> Hint | None:
    """None where it is none: who has the key can also lock up something else."""
    try:
        hint = msgspec.json.decode(content, type=Hint)
    except (msgspec.MsgspecError, UnicodeError):
        return None
    text = {language: sanitize_lines(words) for language, words in hint.text.items()}
    return Hint(sanitize(hint.name), text)


def _reader(sketches: Iterator[Sketch]) -> Callable[[_Array], Sequence[int]]:
    def read(array: _Array) -> Sequence[int]:
        sketch = next(sketches, None)
        if sketch is None or len(sketch) != 1 + PROJECTIONS:
            raise _Mismatch
        if any(abs(place) > PARTS for place in sketch[1:]):
            raise _Mismatch
        return array.numbers(sketch)

    return read


class _Mismatch(Exception):
    """The lock is made for other arrays."""


def _encrypt(key: bytes, content: bytes) -> bytes:
    encrypted = _xor(content, _stream(key, len(content)))
    return blake2b(encrypted, key=key, digest_size=_TAG_BYTES).digest() + encrypted


def _decrypt(key: bytes, content: bytes) -> bytes | None:
    """None with a wrong key."""
    tag, encrypted = content[:_TAG_BYTES], content[_TAG_BYTES:]
    if len(key) != _KEY_BYTES:
        return None
    if blake2b(encrypted, key=key, digest_size=_TAG_BYTES).digest() != tag:
        return None
    return _xor(encrypted, _stream(key, len(encrypted)))


def _stream(key: bytes, length: int) -> bytes:
    return shake_256(key).digest(length)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


# Transcripts


def _transcript(
    exercise: Exercise,
    output: str,
    judgements: Sequence[Judgement],
    run: ExerciseRun,
    truths: Mapping[str, Sequence[Truth]],
    read: Callable[[_Array], Sequence[int]],
) -> bytes | None:
    """What happened where ``output`` was wrong; None where it never was.

    ``read`` makes an array into whole numbers.
    """
    said: list[Any] = [exercise.assignment, exercise.name, output]
    wrong_cases = [
        (run.observations[one.test.name][number], truths[one.test.name][number][output])
        for one in judgements
        for number in one.wrong.get(output, ())
    ]
    if wrong_cases and all(_is_nearly_right(output, *both) for both in wrong_cases):
        # By what little, and therefore in which cases, is a matter of the machine.
        return msgspec.json.encode([*said, "nearly right"])
    for judgement in judgements:
        name = judgement.test.name
        wrong = judgement.wrong.get(output, ())
        if wrong:
            said += [name, wrong]
        for number in wrong:
            place = f"{exercise.name}/{output}/{name}/{number}"
            observation = run.observations[name][number]
            said.append(_said(output, observation, truths[name][number][output], place, read))
    return msgspec.json.encode(said) if len(said) > 3 else None


def _is_nearly_right(output: str, observation: Observation, expected: Expected) -> bool:
    value = observation.outputs.get(output)
    if observation.changed or not isinstance(value, np.ndarray):
        return False
    return compare(expected, value).reason is Reason.nearly_right


def _said(
    output: str,
    observation: Observation,
    expected: Expected,
    place: str,
    read: Callable[[_Array], Sequence[int]],
) -> list[Any]:
    if observation.failure is not None:
        return list(failure_key(observation.failure))
    values = [observation.outputs.get(output)]
    if observation.again is not None:
        values.append(observation.again.get(output))
    return [
        observation.changed,
        observation.shared,
        *(
            _value_said(value, expected, f"{place}/{look}", read)
            for look, value in enumerate(values)
        ),
    ]


def _value_said(
    value: Output | None, expected: Expected, place: str, read: Callable[[_Array], Sequence[int]]
) -> list[Any]:
    if value is None or isinstance(value, NotAnArray):
        return ["" if value is None else value.type_name]
    if value.dtype.kind not in "fiu":
        return [value.shape, value.dtype.kind]
    low = is_low_precision(value, expected)
    array = _Array(value, place, agreement_of(low, expected))
    return [value.shape, low, array.not_finite(), *read(array)]


class _Array:
    """An array whose numbers are to be told from others that are not nearly the same.

    ``place`` seeds the weights; ``agreement`` is how far apart equal ones may be, relative to
    the largest.
    """

    def __init__(self, value: np.ndarray[Any, Any], place: str, agreement: float) -> None:
        flat = np.asarray(value, dtype=np.float64).reshape(-1)
        self._finite = np.isfinite(flat)
        self._flat = np.where(self._finite, flat, 0.0)
        self._nan = np.isnan(flat)
        seed = int.from_bytes(blake2b(place.encode(), digest_size=16).digest(), "big")
        generator = np.random.default_rng(seed)
        # Uniform: the only distribution whose bits no version of numpy is free to change.
        self._weights = 2.0 * generator.random((PROJECTIONS, flat.size)) - 1.0
        self._step = STEP * agreement * math.sqrt(max(flat.size, 1))

    def not_finite(self) -> str:
        """Where it is nan and where infinite."""
        if self._finite.all():
            return ""
        return "".join(
            "." if fine else "n" if nan else "i"
            for fine, nan in zip(self._finite, self._nan, strict=True)
        )

    def sketched(self) -> tuple[Sketch, Sequence[int]]:
        """The sketch to find the same whole numbers by, and these numbers."""
        largest = float(np.max(np.abs(self._flat), initial=0.0))
        exponent = math.frexp(largest)[1]
        positions = self._projected(exponent)
        numbers = np.rint(positions)
        places = np.rint((positions - numbers) * PARTS)
        return (exponent, *map(int, places)), [int(number) for number in numbers]

    def numbers(self, sketch: Sketch) -> Sequence[int]:
        """The whole numbers by a sketch. Raises :class:`_Mismatch` for one far out of range."""
        exponent, *places = sketch
        largest = float(np.max(np.abs(self._flat), initial=0.0))
        if abs(math.frexp(largest)[1] - exponent) > 1 or abs(exponent) > 1100:
            raise _Mismatch
        positions = self._projected(exponent) - np.array(places) / PARTS
        return [int(number) for number in np.rint(positions)]

    def _projected(self, exponent: int) -> np.ndarray[Any, Any]:
        # In two halves: 2**-1074 has no reciprocal.
        scaled = np.ldexp(np.ldexp(self._flat, -(exponent // 2)), -(exponent - exponent // 2))
        return np.asarray(self._weights @ scaled / self._step)
