"""Processes that grade, one submission at a time each, for a main process that writes."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import wait
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from autograder.batch.cache import CourseCache
from autograder.batch.fingerprint import Fingerprints
from autograder.batch.processor import Processor
from autograder.course.course import Course
from autograder.errors import AutograderError, MachineError
from autograder.grades.deadline import with_deadline
from autograder.grades.grade_file import encode_grade
from autograder.grading.grader import Grader
from autograder.grading.preparation import Prepared
from autograder.processes.lifetime import exit_with_parent
from autograder.processes.parallel import CAN_FORK
from autograder.sandbox.host import Sandbox
from autograder.sandbox.levels import Level
from autograder.sandbox.memory import give_back_freed_memory, keep_freed_memory
from autograder.submissions.reader import reading_process
from autograder.submissions.submission import SubmissionRef, read_submission
from autograder.submissions.submission_time import Evidence
from autograder.text.language import Language
from autograder.text.said import said

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from autograder.sandbox.launch import WarmProcess

# A worker has its next submission in hand, so that it need not wait for it.
_IN_HAND = 2
_LOOK_SECONDS = 0.5
# So often, in grades, a worker gives back memory that it does not use: it takes milliseconds.
_GIVES_BACK_EVERY = 50
# Submissions that killed the workers they were given to, after which the machine is to blame.
_MAX_KILLERS = 5

# A fork has everything imported already, what has been prepared, and the origin's socket.
_METHOD = "fork" if CAN_FORK else "spawn"


class Settings(Struct, frozen=True):
    """Everything that the workers need to know."""

    course: Course
    out: Path
    level: Level
    language: Language
    private: tuple[Path, ...]
    """Folders that student code must not see."""
    prepared: dict[tuple[str, str], Prepared] = {}
    """Exercises by assignment and name; workers prepare others that they need."""
    cache: CourseCache | None = None
    """What was worked out of the course before, and where workers keep more."""

    def fingerprints(self) -> Fingerprints:
        return Fingerprints(self.course, self.level, self.language)


class _Fault(Struct, frozen=True):
    """The grader itself failed on a submission, in this way."""

    description: str


Outcome: TypeAlias = bytes | _Fault | AutograderError
"""The content of a grade's file, or why there is none."""

Task: TypeAlias = tuple[SubmissionRef, Sequence[bytes]]
"""What a worker is given: a submission, and what others have learned meanwhile."""

Result: TypeAlias = tuple[Outcome, bytes]
"""What comes back: the outcome, and what the worker has learned that others can use."""


class WorkerPool:
    """The workers, and what becomes of the work when one of them is killed.

    Nothing that a student hands in should kill a worker: student code does not run in one.
    Should it happen, to a parser or for lack of memory, the submission is tried once more and
    then goes without a grade; the others get theirs. Use as a context manager.
    """

    def __init__(
        self,
        settings: Settings,
        jobs: int,
        origin: WarmProcess | None,
    ) -> None:
        self._settings = settings
        self._jobs = jobs
        self._origin = origin
        self._workers: list[Worker] = []
        self._suspects: list[SubmissionRef] = []
        self._killers = 0
        self.broken: list[str] = []
        """Submissions that the grader itself failed on, and how."""

    def __enter__(self) -> WorkerPool:
        for place in range(self._jobs):
            self._workers.append(self._start(place))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for worker in self._workers:
            worker.stop(at_once=kind is not None)
        for worker in self._workers:
            worker.process.join()

    def _start(self, place: int) -> Worker:
        others = [worker.connection for worker in self._workers if worker.place != place]
        return Worker(place, self._settings, self._origin, others)

    def grade(
        self, refs: Iterable[SubmissionRef | None], is_over: Callable[[], bool]
    ) -> Iterator[tuple[SubmissionRef, bytes | None] | None]:
        """Yield each submission with the content of its grade's file as it comes, or None where
        the grader itself failed on it; once it is over, only those that are in hand.

        ``refs`` is asked for the next when there is somebody to grade it. Where it yields None, so
        does this: whoever made it gets the word. So it does when half a second brings nothing, for
        whoever has something to finish meanwhile. Raises what is wrong with the course or the
        machine."""
        coming = iter(refs)
        again: deque[SubmissionRef] = deque()
        is_empty = False
        while True:
            for worker in self._workers:
                while len(worker.given) < _IN_HAND and not is_over():
                    if again:
                        worker.give(again.popleft())
                        continue
                    if is_empty:
                        break
                    try:
                        ref = next(coming)
                    except StopIteration:
                        is_empty = True
                        break
                    if ref is None:
                        yield None
                    else:
                        worker.give(ref)
            busy = {worker.connection: worker for worker in self._workers if worker.given}
            if not busy:
                return
            ready = wait(list(busy), _LOOK_SECONDS)
            if not ready:
                yield None
            for connection in ready:
                worker = busy[connection]
                ref, outcome, learned = worker.take()
                for other in self._workers:
                    if learned and other is not worker:
                        other.news.append(learned)
                if outcome is None:
                    left = self._replace(worker, ref)
                    if ref not in left:
                        yield ref, None
                    again.extendleft(reversed(left))
                elif isinstance(outcome, bytes):
                    yield ref, outcome
                elif isinstance(outcome, _Fault):  # which must not cost the class its grades
                    self.broken.append(f"{ref.student} ({outcome.description})")
                    yield ref, None
                else:
                    raise outcome

    def _replace(self, worker: Worker, ref: SubmissionRef) -> list[SubmissionRef]:
        """Another worker for one that was killed at work on a submission; what is to be given
        out again."""
        worker.stop(at_once=True)
        worker.process.join()
        self._workers[worker.place] = self._start(worker.place)
        left = list(worker.given)
        if ref not in self._suspects:  # perhaps it was chance
            self._suspects.append(ref)
            return [ref, *left]
        self.broken.append(f"{ref.student} (killed the process that graded it)")
        self._killers += 1
        if self._killers == _MAX_KILLERS:
            raise MachineError(said("error_workers_killed"))
        return left


class Worker:
    """A worker as the main process sees it, and what it has been given to grade."""

    def __init__(
        self,
        place: int,
        settings: Settings,
        origin: WarmProcess | None,
        others: Sequence[Connection[Task, Result]],
    ) -> None:
        context: Any = multiprocessing.get_context(_METHOD)
        self.place = place
        self.given: deque[SubmissionRef] = deque()
        """The submissions that it has been given, the first of which it is grading."""
        self.news: list[bytes] = []
        """What others have learned since it was last given one."""
        self.connection, theirs = context.Pipe()
        # A fork has them too, and would keep itself and the others from seeing them closed.
        ours = [*others, self.connection] if CAN_FORK else []
        arguments = (theirs, ours, settings, place, origin, os.getpid())
        self.process = context.Process(target=_work, args=arguments)
        self.process.start()
        theirs.close()

    def give(self, ref: SubmissionRef) -> None:
        self.given.append(ref)
        with contextlib.suppress(OSError):  # it is gone, as will be seen
            self.connection.send((ref, self.news))
        self.news = []

    def take(self) -> tuple[SubmissionRef, Outcome | None, bytes]:
        """What has become of the first that it was given, and what was learned; None where the
        worker was killed."""
        ref = self.given.popleft()
        try:
            return ref, *self.connection.recv()
        except (EOFError, OSError):
            return ref, None, b""

    def stop(self, *, at_once: bool) -> None:
        """Have it end with what it is grading, or now."""
        self.connection.close()
        if at_once:
            self.process.kill()


def _work(
    connection: Connection[Result, Task],
    not_ours: Sequence[Connection[Task, Result]],
    settings: Settings,
    place: int,
    origin: WarmProcess | None,
    parent: int,
) -> None:
    """Grade what comes, until nothing more will."""
    exit_with_parent(parent)
    for other in not_ours:
        other.close()
    # Ctrl-C reaches every process of the terminal; the main one decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_freed_memory()
    worker: SubmissionGrader | None = None
    with contextlib.suppress(EOFError, OSError):
        while True:
            ref, news = connection.recv()
            outcome: Outcome
            learned = b""
            try:
                worker = worker or SubmissionGrader(settings, origin, place)
                worker.learn(news)
                outcome = worker.grade(ref)
                learned = worker.learned()
            except AutograderError as error:
                outcome = error
            except Exception as error:
                outcome = _Fault(f"{type(error).__name__}: {error}")
            connection.send((outcome, learned))
    if worker is not None:
        worker.keep_explanations()


class SubmissionGrader:
    """A sandbox, and the truths that have been worked out; ``place`` is the number of the worker,
    where there are several."""

    def __init__(
        self, settings: Settings, origin: WarmProcess | None, place: int | None = None
    ) -> None:
        self._course = settings.course
        self._fingerprints = settings.fingerprints()
        self._sandbox = Sandbox(settings.level, settings.course.limits, settings.private, origin)
        self._grader = Grader(
            settings.course,
            self._sandbox,
            settings.language,
            settings.prepared,
            settings.cache,
        )
        Finalize(None, self._sandbox.close, exitpriority=10)
        gc.freeze()
        self._processor = Processor(self._processes, place)
        self._count = 0

    def _processes(self) -> list[int]:
        """Those that this one talks to."""
        found = (self._sandbox.wait_until_ready(), reading_process())
        return [pid for pid in found if pid is not None]

    def keep_explanations(self) -> None:
        """Keep what was found out about wrong answers for a later run."""
        self._grader.keep_explanations()

    def learned(self) -> bytes:
        """What was learned since this was last asked, for others to :meth:`learn`; empty where
        that is nothing."""
        learned = self._grader.learned()
        return pickle.dumps(learned) if learned else b""

    def learn(self, news: Iterable[bytes]) -> None:
        """Hear what others have :meth:`learned`: other workers, in which no student code runs."""
        for learned in news:
            self._grader.learn(pickle.loads(learned))

    def grade(self, ref: SubmissionRef, known: Evidence | None = None) -> bytes:
        """The grade of the submission, as the content of its file. ``known`` tells when it was
        handed in, where its files do not any more."""
        self._processor.settle()
        self._count += 1
        if self._count % _GIVES_BACK_EVERY == 0:
            give_back_freed_memory()
        submission = read_submission(ref)
        grade = self._grader.grade(submission, self._fingerprints.of(submission))
        grade = replace(grade, student_is=ref.student_is, found_at=ref.found_at)
        grade = with_deadline(grade, self._course, ref, known)
        return encode_grade(grade)
