"""Grading many submissions: in parallel, resumable, one file a grade."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from autograder.batch.cache import CourseCache
from autograder.batch.fingerprint import Fingerprints, same_course
from autograder.batch.workers import Settings, WorkerPool
from autograder.errors import AutograderError, GraderFault
from autograder.grades.adjust import without_adjustments
from autograder.grades.deadline import counting, with_deadline
from autograder.grades.grade_file import decode_grade, encode_grade, grade_name, is_edited
from autograder.grades.model import Grade
from autograder.grades.store import FolderStore, GradeStore
from autograder.grading.preparation import prepare_for
from autograder.processes.parallel import CAN_FORK, processors
from autograder.submissions.submission import SubmissionRef, read_submission
from autograder.text.said import said

if TYPE_CHECKING:
    from autograder.sandbox.launch import WarmProcess

__all__ = ["Graded", "Settings", "grade_all", "keep_what_counts"]


class Graded(Struct, frozen=True):
    """A submission that has its grade file; ``fresh`` when it was made in this run."""

    ref: SubmissionRef
    grade: Grade
    fresh: bool
    edited: bool = False
    """Whether somebody changed the file by hand, so that it was left as it is."""

    def outline(self) -> Graded:
        """The same without exercises and files, which are in the grade's file; of one of several
        attempts all, for which a file is to be written."""
        if self.ref.attempt:
            return self
        return replace(self, grade=replace(self.grade, exercises=(), files=()))


Outlook: TypeAlias = Literal["new", "damaged", "forced", "files", "course", "edited", "unchanged"]
"""Why a submission would be run, or in the last two cases would not: it has no grade, none that
can be read, all are to be made again, it was handed in anew, the course, the grader or the options
have changed; its grade was edited by hand, or still holds."""


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
    worked out of the course before. A grade that was edited by hand stays, unless ``force``.

    What the grader itself fails on costs nobody else the grade: at the end, a
    :class:`MachineError` names it.
    """
    fingerprints = settings.fingerprints()
    store = FolderStore(settings.out)
    pending: list[SubmissionRef] = []
    broken: list[str] = []
    for ref in refs:
        try:
            kept = None if force else kept_grade(store, ref, settings, fingerprints)
        except AutograderError:
            raise
        except Exception as error:
            broken.append(f"{ref.student} ({type(error).__name__}: {error})")
            continue
        if kept is None:
            pending.append(ref)
        else:
            yield kept
    if CAN_FORK:  # and the workers, forked after it, share it
        prepared = prepare_for(pending, settings.course, processors(), cache)
        settings = replace(settings, prepared=prepared, cache=cache)
    with (
        deferred_interrupt() as is_over,
        WorkerPool(settings, min(jobs, len(pending)), origin) as crew,
    ):
        for ref, content in filter(None, crew.grade(pending, is_over)):
            if content is not None:
                grade = decode_grade(content)
                store.put(grade_name(ref), grade, content)
                yield Graded(ref, grade, fresh=True)
    count = len(pending) + len(broken)
    raise_faults(broken + crew.broken, count)


def raise_faults(broken: Sequence[str], count: int) -> None:
    if broken:
        which = "; ".join(sorted(broken)[:3])
        raise GraderFault(said("error_grader_fault", n=len(broken), count=count, which=which))


def kept_grade(
    store: GradeStore, ref: SubmissionRef, settings: Settings, fingerprints: Fingerprints
) -> Graded | None:
    """The grade that is there already, where it still holds."""
    name = grade_name(ref)
    grade = store.get(name)
    if grade is None:
        store.set_aside(name)
        return None
    if is_edited(grade):
        return Graded(ref, grade, fresh=False, edited=True)
    if grade.fingerprint != fingerprints.of(read_submission(ref)):
        return None
    # Due dates change, and work is moved to its place, without anything to run again. Whoever
    # called adjusts the grade.
    computed = without_adjustments(grade, settings.course.late)
    settled = with_deadline(replace(computed, found_at=ref.found_at), settings.course, ref)
    if settled == computed:
        return Graded(ref, grade, fresh=False)
    store.put(name, settled, encode_grade(settled))
    return Graded(ref, settled, fresh=False)


def outlook(
    refs: Iterable[SubmissionRef], settings: Settings, *, force: bool = False
) -> Iterator[tuple[SubmissionRef, Outlook]]:
    """What :func:`grade_all` would do with each submission. Reads, and writes nothing."""
    fingerprints = settings.fingerprints()
    store = FolderStore(settings.out)
    for ref in refs:
        name = grade_name(ref)
        grade = store.get(name)
        if grade is None:
            yield ref, "damaged" if store.has(name) else "new"
        elif force:
            yield ref, "forced"
        elif is_edited(grade):
            yield ref, "edited"
        else:
            now = fingerprints.of(read_submission(ref))
            if grade.fingerprint == now:
                yield ref, "unchanged"
            else:
                yield ref, "files" if same_course(grade.fingerprint, now) else "course"


@contextlib.contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
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
            FolderStore(settings.out).put(grade_name(chosen.ref), grade, encode_grade(grade))
        kept.append(chosen)
    return kept
