"""A part of a class, for everything that starts the same command many times.

A shard is its number of how many. A hash of student and assignment says which shard a submission is
of, so that any machine knows without asking another. Its grades are one database,
``OUT/shards/00003-of-00050.sqlite``; run again it goes on where it was, or finds nothing to do.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from autograder.batch.cache import CourseCache
from autograder.batch.fingerprint import Fingerprints
from autograder.batch.folder import (
    GradeOptions,
    open_course,
    read_adjustments,
    read_class_times,
    refuse_places,
    with_times,
)
from autograder.batch.grading import Graded, deferred_interrupt, kept_grade, raise_faults
from autograder.batch.origin import write_origin
from autograder.batch.parcel import Row
from autograder.batch.workers import Settings, WorkerPool
from autograder.course.adjustments import Adjustment
from autograder.course.course import Course
from autograder.errors import AutograderError, UsageError
from autograder.grades.adjust import adjust
from autograder.grades.database import GradeDatabase
from autograder.grades.deadline import counting
from autograder.grades.grade_file import decode_grade, encode_grade, grade_name
from autograder.grades.model import Grade
from autograder.grades.store import SHARDS, has_files
from autograder.grading.preparation import prepare_for
from autograder.processes.parallel import CAN_FORK, processors
from autograder.submissions.layouts import AUTO
from autograder.submissions.layouts import submissions as find_in_layout
from autograder.submissions.layouts.packed import STDIN, Packed, is_packed, open_packed
from autograder.submissions.reader import bounded
from autograder.submissions.submission import SubmissionRef
from autograder.submissions.times import Times
from autograder.text.said import said

if TYPE_CHECKING:
    from autograder.sandbox.launch import WarmProcess

MAX_SHARDS = 99_999
_FILE = re.compile(r"(\d{5})-of-(\d{5})\.sqlite")
# So many submissions are looked at before workers start, to see which exercises there are.
_LOOKED_AT = 64

_OF_ASSIGNMENT = "name NOT LIKE '.%' AND assignment = ?"
_TABLES = (
    "CREATE TABLE IF NOT EXISTS shard (number INTEGER, of INTEGER)",
    "CREATE TABLE IF NOT EXISTS assignments (name TEXT PRIMARY KEY, fingerprint TEXT, "
    "policy TEXT, decisions TEXT, submissions INTEGER, complete INTEGER)",
)


class Shard(Struct, frozen=True):
    """Number ``number`` of ``of``, from 1."""

    number: int
    of: int

    def has(self, student: str, assignment: str) -> bool:
        """Whether a submission is of this shard."""
        return shard_of(student, assignment, self.of) == self.number

    def path(self, out: Path) -> Path:
        """Its file in a folder of grades."""
        return out / SHARDS / f"{self.number:05}-of-{self.of:05}.sqlite"


def shard_of(student: str, assignment: str, of: int) -> int:
    """The number of the shard, from 1 to ``of``, that a submission is of."""
    key = f"{student}\0{assignment}".encode()
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "big") % of + 1


# Where the number of a task is, by the name of its variable, and what the first one is called.
_VARIABLES = {
    "SLURM_ARRAY_TASK_ID": 1,
    "AWS_BATCH_JOB_ARRAY_INDEX": 0,
    "JOB_COMPLETION_INDEX": 0,
}
_SIZE = "AWS_BATCH_JOB_ARRAY_SIZE"


def parse_shard(text: str, environment: Mapping[str, str]) -> Shard:
    """The shard that ``3/50`` says, or ``auto/50`` with the number that a system of jobs puts into
    the environment. Raises :class:`UsageError`."""
    match = re.fullmatch(r"(auto|[0-9]{1,6})/([0-9]{1,6})", text.strip())
    if match is None:
        raise UsageError(said("error_shard", given=text))
    of = int(match[2])
    if not 1 <= of <= MAX_SHARDS:
        raise UsageError(said("error_shard_of", given=text, limit=MAX_SHARDS))
    number = _from_environment(of, environment) if match[1] == "auto" else int(match[1])
    if not 1 <= number <= of:
        raise UsageError(said("error_shard_number", given=text, of=of))
    return Shard(number, of)


def _from_environment(of: int, environment: Mapping[str, str]) -> int:
    there = [name for name in _VARIABLES if environment.get(name)]
    if len(there) != 1:
        names = ", ".join(there or _VARIABLES)
        raise UsageError(said("error_shard_several" if there else "error_shard_none", names=names))
    (name,) = there
    value, first = environment[name], _VARIABLES[name]
    if not (value.isascii() and value.isdecimal()) or not first <= int(value) < of + first:
        raise UsageError(
            said("error_shard_variable", name=name, value=value, first=first, last=of + first - 1)
        )
    size = environment.get(_SIZE, "")
    if name == "AWS_BATCH_JOB_ARRAY_INDEX" and size and size != str(of):
        raise UsageError(said("error_shard_size", name=_SIZE, value=size, of=of))
    return int(value) + 1 - first


def shard_files(out: Path) -> dict[Path, Shard]:
    """The files of shards in a folder of grades, in order of their numbers."""
    folder = out / SHARDS
    found = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        match = _FILE.fullmatch(path.name)
        if match is not None:
            found[path] = Shard(int(match[1]), int(match[2]))
    return found


def refuse_others(out: Path, of: int) -> None:
    """Raise :class:`UsageError` where a folder has grades of another kind: in files, or in shards
    of another number, which have other submissions."""
    if has_files(out):
        raise UsageError(said("error_shard_files", folder=out))
    for path, shard in shard_files(out).items():
        if shard.of != of:
            raise UsageError(said("error_shard_others", path=path, of=of, other=shard.of))


class OpenShard(Struct, frozen=True, eq=False):
    """A shard whose submissions can be graded."""

    shard: Shard
    options: GradeOptions
    course: Course
    settings: Settings
    cache: CourseCache
    store: GradeDatabase
    adjustments: tuple[Adjustment, ...]
    packed: Packed | None
    found: list[SubmissionRef]
    left_out: list[str]
    unmatched: list[str]
    """Both are whole at the end."""
    times: Times | None
    """When work of a stream was handed in, where a file says so."""

    @property
    def assignments(self) -> tuple[str, ...]:
        """Those that are graded."""
        return self.options.assignments or tuple(self.course.assignments)

    def refs(self) -> Iterator[SubmissionRef]:
        """The submissions of the shard; each can be read until it is :meth:`done`."""
        if self.packed is None:
            yield from self.found
            return
        for ref in self.packed.refs():
            if self.times is None:
                yield ref
            else:
                yield self.times.apply(ref, self.course.assignments[ref.assignment].due)
        self.left_out.extend(self.packed.left_out)
        self.unmatched.extend(self.packed.lines)

    def done(self, ref: SubmissionRef) -> None:
        """Delete what was unpacked of a submission."""
        if self.packed is not None:
            self.packed.done(ref)

    def finish(self, grade: Grade) -> Grade:
        """The grade with what people decided about it."""
        return adjust(grade, self.adjustments, self.course.late)


Elsewhere: TypeAlias = Callable[
    [OpenShard, Iterator[SubmissionRef | None], Callable[[], bool], list[str]],
    Iterator[tuple[SubmissionRef, Row] | None],
]
"""Grades submissions on other machines; see :func:`autograder.batch.cluster.grade_on`."""


class ShardResult(Struct):
    """What became of a shard: how many were made in this run, how many were there before, and
    those for which there is no submission any more."""

    fresh: int = 0
    kept: int = 0
    gone: int = 0


@contextmanager
def open_shard(options: GradeOptions, shard: Shard) -> Iterator[OpenShard]:
    """Load the course, look for the submissions and open the shard's file, as long as the context
    lasts. Raises :class:`~autograder.errors.AutograderError`."""
    refuse_others(options.out, shard.of)
    cache, course, language = open_course(options)
    adjustments = read_adjustments(course, options)
    times = None if options.times is None else read_class_times(options.times)
    path = options.submissions
    is_stream = is_packed(path) and options.layout in ("nbgrader", AUTO)
    if is_stream and options.layout == AUTO and _is_zip(path):
        is_stream = False  # which may be of any platform
    if path == STDIN and not is_stream:
        raise UsageError(said("error_stream_layout", layout=options.layout))
    with ExitStack() as stack:
        packed = None
        found: list[SubmissionRef] = []
        left_out: list[str] = []
        lines: list[str] = []
        stack.enter_context(bounded(path if path.is_dir() else None))
        if is_stream:
            packed = stack.enter_context(
                open_packed(
                    path,
                    course,
                    wants=shard.has,
                    assignments=options.assignments,
                    students=options.students,
                )
            )
            place = packed.folder
        else:
            there = stack.enter_context(
                find_in_layout(
                    path,
                    course,
                    layout=options.layout,
                    assignments=options.assignments,
                    students=options.students,
                )
            )
            refuse_places(options, there.layout)
            if times is not None:
                there = with_times(there, times, course)
            found = [ref for ref in there.refs if shard.has(ref.student, ref.assignment)]
            left_out, lines, place = [*there.left_out], [*there.unmatched], there.folder
        private = (options.course, options.submissions, options.out, place)
        settings = Settings(
            course,
            options.out.absolute(),
            options.isolation,
            language,
            private=tuple(dict.fromkeys(one.absolute() for one in private if one != STDIN)),
        )
        file = shard.path(options.out)
        is_new = not file.exists()
        after = stack.enter_context(ExitStack())  # when the file is closed
        store = stack.enter_context(GradeDatabase(file, write=True))
        _begin(store, shard)
        try:
            yield OpenShard(
                *(shard, options, course, settings, cache, store, adjustments, packed, found),
                *(left_out, lines, times if is_stream else None),
            )
        except AutograderError:
            if is_new and not store.ask("SELECT 1 FROM grades LIMIT 1"):
                after.callback(_remove, file, options.out)
            raise


def _remove(file: Path, out: Path) -> None:
    """Take back the file of a shard that never began, and the folders that were made for it."""
    with contextlib.suppress(OSError):
        file.unlink()
        file.parent.rmdir()
        out.rmdir()


def _is_zip(path: Path) -> bool:
    import zipfile

    return path != STDIN and zipfile.is_zipfile(path)


def _begin(store: GradeDatabase, shard: Shard) -> None:
    for statement in _TABLES:
        store.tell(statement)
    store.tell("DELETE FROM shard")
    store.tell("INSERT INTO shard VALUES (?, ?)", shard.number, shard.of)
    ((last,),) = store.ask("SELECT coalesce(max(run), 0) FROM grades")
    store.run = int(str(last)) + 1
    store.commit()


def grade_shard(
    opened: OpenShard,
    result: ShardResult,
    origin: WarmProcess | None = None,
    elsewhere: Elsewhere | None = None,
) -> Iterator[SubmissionRef]:
    """Grade what has no grade yet, yielding each submission when its grade is written, or was
    before; ``result`` counts. Memory does not grow with their number. ``elsewhere`` grades instead
    of processes of this machine.

    Interrupted, it finishes what is being graded and raises :class:`KeyboardInterrupt`. At the end
    it raises :class:`GraderFault` where the grader itself failed on some.
    """
    store, options, settings = opened.store, opened.options, opened.settings
    fingerprints = settings.fingerprints()
    _note(opened, fingerprints, complete=False)
    ready: list[SubmissionRef] = []
    broken: list[str] = []
    attempts: dict[tuple[str, str], list[SubmissionRef]] = {}

    def pending() -> Iterator[SubmissionRef | None]:
        for ref in opened.refs():
            if ref.attempt:
                attempts.setdefault((ref.student, ref.assignment), []).append(ref)
            try:
                kept = None if options.force else kept_grade(store, ref, settings, fingerprints)
            except AutograderError:
                raise
            except Exception as error:
                broken.append(f"{ref.student} ({type(error).__name__}: {error})")
                opened.done(ref)
                continue
            if kept is None:
                yield ref
                continue
            opened.done(ref)
            store.touch(grade_name(ref))
            _adjust(kept, opened, store)
            ready.append(ref)
            yield None

    def flush() -> Iterator[SubmissionRef]:
        result.kept += len(ready)
        yield from ready
        ready.clear()

    coming = pending()
    first: list[SubmissionRef] = []
    for one in coming:
        if one is not None:
            first.append(one)
            if len(first) == _LOOKED_AT:
                break
        yield from flush()
    with deferred_interrupt() as is_over:
        if first and elsewhere is not None:
            for graded in elsewhere(opened, chain(first, coming), is_over, broken):
                yield from flush()
                if graded is not None:
                    ref, row = graded
                    result.fresh += 1
                    store.put_rows([(*row.columns, store.run, row.size, row.grade)])
                    yield ref
                store.commit_in_time()
        elif first:
            if CAN_FORK:
                prepared = prepare_for(first, opened.course, processors(), opened.cache)
                settings = replace(settings, prepared=prepared, cache=opened.cache)
            with WorkerPool(settings, min(options.jobs, len(first)), origin) as pool:
                for made in pool.grade(chain(first, coming), is_over):
                    yield from flush()
                    if made is None:
                        store.commit_in_time()
                        continue
                    ref, content = made
                    opened.done(ref)
                    if content is not None:
                        result.fresh += 1
                        _put(ref, content, opened, store)
                        yield ref
            broken += pool.broken
        yield from flush()
        is_whole = not is_over()
        store.commit()
    _choose_attempts(attempts, opened, store)
    if is_whole and not broken and not options.students:
        _note(opened, fingerprints, complete=True)
        if opened.packed is None:
            write_origin(options.out, options.submissions, options.layout)
        result.gone = _gone(opened)
    store.commit()
    raise_faults(broken, result.fresh + len(broken))


def _put(ref: SubmissionRef, content: bytes, opened: OpenShard, store: GradeDatabase) -> None:
    grade = decode_grade(content)
    if not ref.attempt:
        adjusted = opened.finish(grade)
        if adjusted != grade:
            grade, content = adjusted, encode_grade(adjusted)
    store.put(grade_name(ref), grade, content)


def _adjust(kept: Graded, opened: OpenShard, store: GradeDatabase) -> None:
    """Write what people decided about a grade that was there."""
    if not (kept.ref.attempt or kept.edited):
        grade = opened.finish(kept.grade)
        if grade != kept.grade:
            store.put(grade_name(kept.ref), grade, encode_grade(grade))


def _choose_attempts(
    attempts: Mapping[tuple[str, str], list[SubmissionRef]],
    opened: OpenShard,
    store: GradeDatabase,
) -> None:
    """Put the attempt that counts where the grades are, of each who has several that are all
    graded."""
    for refs in attempts.values():
        graded = [(ref, grade) for ref in refs if (grade := store.get(grade_name(ref))) is not None]
        if len(graded) == len(refs):
            ref, grade = counting(graded, opened.course)
            grade = opened.finish(grade)
            store.put(grade_name(replace(ref, attempt=0)), grade, encode_grade(grade))


def _note(
    opened: OpenShard,
    fingerprints: Fingerprints,
    *,
    complete: bool,
) -> None:
    """Write of each assignment what its grades are made of, how many there are, and whether that is
    all."""
    if opened.options.students:
        return
    for name in opened.assignments:
        opened.store.tell(
            "INSERT OR REPLACE INTO assignments VALUES (?, ?, ?, ?, ?, ?)",
            *(name, fingerprints.of_course(name), policy_of(opened.course, name)),
            decisions_of(opened.adjustments, name),
            *(opened.store.count(_OF_ASSIGNMENT, name), int(complete)),
        )
    opened.store.commit()


def policy_of(course: Course, assignment: str) -> str:
    """A hash of what makes points of scores: due dates, late policy and attempts."""
    one = course.assignments[assignment]
    parts = (course.late, course.attempts, one.due, sorted(one.extensions.items()))
    return blake2b(msgspec.json.encode(parts), digest_size=20).hexdigest()


def decisions_of(adjustments: Sequence[Adjustment], assignment: str) -> str:
    """A hash of what people decided about an assignment."""
    decided = [one for one in adjustments if one.assignment == assignment]
    return blake2b(msgspec.json.encode(decided), digest_size=20).hexdigest()


def _gone(opened: OpenShard) -> int:
    """How many grades there are of whom there is no submission any more. In a class that was
    looked at whole."""
    older = f"{_OF_ASSIGNMENT} AND run < ?"
    return sum(opened.store.count(older, one, opened.store.run) for one in opened.assignments)


def prune_shard(opened: OpenShard) -> None:
    """Delete the grades of whom there is no submission any more, after the shard was graded."""
    for name in opened.assignments:
        opened.store.tell(
            "DELETE FROM grades WHERE assignment = ? AND run < ?", name, opened.store.run
        )
    _note(opened, opened.settings.fingerprints(), complete=True)
