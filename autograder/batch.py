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
from autograder.output.grade_file import decode_grade, grade_path, read_grade, write_grade
from autograder.sandbox import Level, Sandbox
from autograder.sandbox.memory import keep_freed_memory
from autograder.submission import SubmissionRef, read_submission


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
    pool: ProcessPoolExecutor | None = None
    futures: dict[Future[bytes], SubmissionRef] = {}
    broken: list[str] = []
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
            pool = pool or _start_pool(settings, jobs)
            futures[pool.submit(_grade_one, ref)] = ref
        for future in as_completed(futures):
            ref = futures[future]
            try:
                grade = decode_grade(future.result())
            except (AutograderError, BrokenProcessPool):
                raise
            except Exception as error:
                # A fault of ours with one submission must not cost the class its grades.
                broken.append(f"{ref.student} ({type(error).__name__}: {error})")
                continue
            yield Graded(ref, grade, fresh=True)
    except BrokenProcessPool:
        raise MachineError(
            "a grading process was killed (out of memory?); "
            "what is graded is kept, run the command again to go on"
        ) from None
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)
    if broken:
        raise MachineError(
            f"the grader itself failed on {len(broken)} of {len(futures)} submissions, the "
            f"others are graded; please report this: {'; '.join(broken[:3])}"
        )


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
        initargs=(settings, jobs, context.Value("i", 0)),
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


def _initialize_worker(settings: Settings, jobs: int, started: Synchronized[int]) -> None:
    global _worker
    with started.get_lock():
        number = started.value
        started.value += 1
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
