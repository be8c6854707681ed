"""Grading many submissions: in parallel, resumable, one file a grade."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.util import Finalize
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from autograder.course import Course
from autograder.deadline import counting, with_deadline
from autograder.errors import AutograderError, MachineError
from autograder.exercise import Language
from autograder.fingerprint import Fingerprints
from autograder.grade import Grade
from autograder.grader import Grader
from autograder.orphans import end_with
from autograder.output.grade_file import decode_grade, grade_path, read_grade, write_grade
from autograder.sandbox import Level, Sandbox
from autograder.sandbox.memory import keep_freed_memory
from autograder.submission import SubmissionRef, read_submission

# Workers killed, each by another submission, after which the machine is to blame.
_MAX_KILLED = 5


class Settings(Struct, frozen=True):
    """Everything that the workers need to know."""

    course: Course
    out: Path
    level: Level
    language: Language
    private: tuple[Path, ...]
    """Folders that student code must not see."""

    def fingerprints(self) -> Fingerprints:
        return Fingerprints(self.course, self.level, self.language)


class Graded(Struct, frozen=True):
    """A submission that has its grade file; ``fresh`` when it was made in this run."""

    ref: SubmissionRef
    grade: Grade
    fresh: bool


def grade_all(
    refs: Iterable[SubmissionRef], settings: Settings, *, jobs: int, force: bool = False
) -> Iterator[Graded]:
    """Grade the submissions, yielding each when its file is written.

    Those that are graded and unchanged come first and are not run, unless ``force``.
    Closing the iterator finishes what is being graded and leaves the rest.
    """
    fingerprints = settings.fingerprints()
    crew = _Crew(settings, jobs)
    try:
        for ref in refs:
            path = grade_path(settings.out, ref)
            grade = None if force else read_grade(path)
            if grade is not None and grade.fingerprint == fingerprints.of(read_submission(ref)):
                # Due dates change without anything to run again.
                settled = with_deadline(grade, settings.course, ref)
                if settled != grade:
                    write_grade(path, settled)
                yield Graded(ref, settled, fresh=False)
                continue
            crew.submit(ref)
        yield from crew.results()
    finally:
        crew.dismiss()
    if crew.broken:
        raise MachineError(
            f"the grader itself failed on {len(crew.broken)} of {crew.submitted} submissions, the "
            f"others are graded; please report this: {'; '.join(crew.broken[:3])}"
        )


class _Crew:
    """The pool of workers, and what becomes of the work when one of them is killed.

    Nothing that a student hands in should kill a worker: student code does not run in one.
    Should it happen, to a parser or for lack of memory, what the pool has left is graded one
    by one until the culprit is found, which goes without a grade; the others get theirs.
    """

    def __init__(self, settings: Settings, jobs: int) -> None:
        self._settings = settings
        self._jobs = jobs
        self._pool: ProcessPoolExecutor | None = None
        self._futures: dict[Future[bytes], SubmissionRef] = {}
        self._left: list[SubmissionRef] = []
        self.submitted = 0
        self.broken: list[str] = []

    def submit(self, ref: SubmissionRef) -> None:
        self.submitted += 1
        self._start(ref, self._jobs)

    def _start(self, ref: SubmissionRef, jobs: int) -> None:
        if self._pool is None:
            self._pool = _start_pool(self._settings, jobs)
        try:
            self._futures[self._pool.submit(_grade_one, ref)] = ref
        except BrokenProcessPool:
            self._left.append(ref)

    def results(self) -> Iterator[Graded]:
        killed = 0
        yield from self._finish()
        while self._left:
            left, self._left = self._left, []
            while left and not self._left:
                self._start(left.pop(0), 1)
                yield from self._finish()
            self.dismiss()
            if self._left:
                killed += 1
                (culprit,) = self._left
                self.broken.append(f"{culprit.student} (killed the process that graded it)")
                if killed == _MAX_KILLED:
                    raise MachineError(
                        "grading processes are killed again and again (out of memory?); "
                        "what is graded is kept, run the command again to go on"
                    )
            self._left = []
            for ref in left:
                self._start(ref, self._jobs)
            yield from self._finish()

    def _finish(self) -> Iterator[Graded]:
        """Yield what is done, and put aside what a broken pool has left."""
        futures, self._futures = self._futures, {}
        for future in as_completed(futures):
            ref = futures[future]
            try:
                grade = decode_grade(future.result())
            except AutograderError:
                raise
            except BrokenProcessPool:
                self._left.append(ref)
                continue
            except Exception as error:
                # A fault of ours with one submission must not cost the class its grades.
                self.broken.append(f"{ref.student} ({type(error).__name__}: {error})")
                continue
            yield Graded(ref, grade, fresh=True)
        if self._left:
            self._left.sort(key=lambda ref: (ref.student, ref.assignment, ref.attempt))
            self.dismiss()

    def dismiss(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def keep_what_counts(graded: Sequence[Graded], settings: Settings) -> list[Graded]:
    """One grade a student and assignment: of several attempts the one that counts, which is
    written to its place among the grades."""
    groups: dict[tuple[str, str], list[Graded]] = {}
    for one in graded:
        groups.setdefault((one.ref.student, one.ref.assignment), []).append(one)
    kept = []
    for group in groups.values():
        chosen = group[0]
        if chosen.ref.attempt:
            ref, grade = counting([(one.ref, one.grade) for one in group], settings.course)
            chosen = Graded(replace(ref, attempt=0), grade, any(one.fresh for one in group))
            write_grade(grade_path(settings.out, chosen.ref), grade)
        kept.append(chosen)
    return kept


def _start_pool(settings: Settings, jobs: int) -> ProcessPoolExecutor:
    # A fork has everything imported already; elsewhere it is unsafe.
    method = "fork" if sys.platform == "linux" else "spawn"
    context = multiprocessing.get_context(method)
    return ProcessPoolExecutor(
        jobs,
        mp_context=context,
        initializer=_initialize_worker,
        initargs=(settings, jobs, context.Value("i", 0), os.getpid()),
    )


def _bind_to_processor(worker: int, jobs: int, zygote: int | None) -> None:
    """Give each of ``jobs`` workers a processor of its own, where there are enough (Linux).

    A worker and the process of student code that it talks to are hardly ever busy at the
    same time. On one processor they hand over to each other without waking another one;
    two workers together are a quarter faster for it. As batch work, neither interrupts the
    other for every message: answers are read when all of a test's have come.

    ``zygote`` is the process that forks those of student code, which inherit both.
    """
    if not hasattr(os, "sched_getaffinity"):
        return
    processors = sorted(os.sched_getaffinity(0))
    for pid in (0,) if zygote is None else (0, zygote):
        with contextlib.suppress(OSError):  # a hint: in some containers it is refused
            os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0))
            if jobs <= len(processors):
                os.sched_setaffinity(pid, {processors[worker]})


class _Worker:
    """One process of the pool: a sandbox of its own, and the truths it has worked out.

    ``place`` is its number, from 0, and how many there are.
    """

    def __init__(self, settings: Settings, place: tuple[int, int]) -> None:
        self._out = settings.out
        self._course = settings.course
        self._fingerprints = settings.fingerprints()
        self._sandbox = Sandbox(settings.level, settings.course.limits, settings.private)
        self._grader = Grader(settings.course, self._sandbox, settings.language)
        Finalize(None, self._sandbox.close, exitpriority=10)
        self._sandbox.warm_up()

        self._place = place
        self._is_placed = False

    def grade(self, ref: SubmissionRef) -> bytes:
        """Grade the submission and write its file; the file's content."""
        content = self._grade(ref)
        if not self._is_placed:
            # Not before: while the zygote starts, the truth is worked out beside it.
            self._is_placed = True
            gc.freeze()
            _bind_to_processor(*self._place, self._sandbox.zygote_pid)
        return content

    def _grade(self, ref: SubmissionRef) -> bytes:
        submission = read_submission(ref)
        grade = self._grader.grade(submission, self._fingerprints.of(submission))
        grade = with_deadline(grade, self._course, ref)
        return write_grade(grade_path(self._out, ref), grade)


_worker: _Worker | AutograderError | None = None


def _initialize_worker(
    settings: Settings, jobs: int, started: Synchronized[int], parent: int
) -> None:
    global _worker
    with started.get_lock():
        number = started.value
        started.value += 1
    end_with(parent)
    # Ctrl-C reaches every process of the terminal; the main one decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_freed_memory()
    try:
        _worker = _Worker(settings, (number, jobs))
    except AutograderError as error:
        _worker = error  # raised with the first task: a failing initializer says nothing


def _grade_one(ref: SubmissionRef) -> bytes:
    if isinstance(_worker, AutograderError):
        raise _worker
    assert _worker is not None
    return _worker.grade(ref)
