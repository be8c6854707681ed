"""Grading many submissions: in parallel, resumable, one file a grade."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from autograder.batch.cache import CourseCache
from autograder.batch.workers import Settings, WorkerPool
from autograder.errors import MachineError
from autograder.grades.deadline import counting, with_deadline
from autograder.grades.grade_file import (
    decode_grade,
    grade_path,
    read_grade,
    write_atomically,
    write_grade,
)
from autograder.grades.model import Grade
from autograder.grading.preparation import prepare_for
from autograder.processes.parallel import CAN_FORK, processors
from autograder.submissions.submission import SubmissionRef, read_submission

if TYPE_CHECKING:
    from autograder.sandbox.launch import WarmProcess

__all__ = ["Graded", "Settings", "grade_all", "keep_what_counts"]


class Graded(Struct, frozen=True):
    """A submission that has its grade file; ``fresh`` when it was made in this run."""

    ref: SubmissionRef
    grade: Grade
    fresh: bool


def grade_all(
    refs: Iterable[SubmissionRef],
    settings: Settings,
    *,
    jobs: int,
    force: bool = False,
    origin: WarmProcess | None = None,
    cache: CourseCache | None = None,
) -> Iterator[Graded]:
    """Grade the submissions, yielding each when its file is written.

    Those that are graded and unchanged come first and are not run, unless ``force``.
    Interrupted, it finishes what is being graded, leaves the rest, and raises
    :class:`KeyboardInterrupt`; interrupted again, at once. ``origin`` is a
    :func:`~autograder.sandbox.launch.warm_process` for the workers' sandboxes, ``cache`` what was
    worked out of the course before.
    """
    fingerprints = settings.fingerprints()
    pending: list[SubmissionRef] = []
    paths: list[Path] = []
    for ref in refs:
        path = grade_path(settings.out, ref)
        grade = None if force else read_grade(path)
        if grade is None or grade.fingerprint != fingerprints.of(read_submission(ref)):
            pending.append(ref)
            paths.append(path)
            continue
        # Due dates change without anything to run again.
        settled = with_deadline(grade, settings.course, ref)
        if settled != grade:
            write_grade(path, settled)
        yield Graded(ref, settled, fresh=False)
    if CAN_FORK:  # and the workers, forked after it, share it
        prepared = prepare_for(pending, settings.course, processors(), cache)
        settings = replace(settings, prepared=prepared)
    with (
        _deferred_interrupt() as is_over,
        WorkerPool(settings, pending, min(jobs, len(pending)), origin) as crew,
    ):
        for number, content in crew.grade(is_over):
            write_atomically(paths[number], content)
            yield Graded(pending[number], decode_grade(content), fresh=True)
    if crew.broken:
        raise MachineError(
            f"the grader itself failed on {len(crew.broken)} of {len(pending)} submissions, the "
            f"others are graded; please report this: {'; '.join(sorted(crew.broken)[:3])}"
        )


@contextlib.contextmanager
def _deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Note Ctrl-C, which what is yielded then tells, and raise :class:`KeyboardInterrupt` at the
    end; when it comes again, at once. Elsewhere than in the main thread there is none."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    interrupts = 0

    def note(*_: object) -> None:
        nonlocal interrupts
        interrupts += 1
        if interrupts > 1:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: interrupts > 0
    finally:
        signal.signal(signal.SIGINT, before)
    if interrupts:
        raise KeyboardInterrupt


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
