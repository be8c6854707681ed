"""Runs hidden test files on a submission: a fork with pytest on one side, the session with the
student's code on the other.

A fork for every submission starts from the same state, whatever tests did with globals and
generators before, and can be ended when a test does not end by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
import warnings
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.errors import CourseError, MachineError
from autograder.grading.failures import MAX_EXHAUSTING, Failure
from autograder.grading.hidden_pytest.messages import (
    BLANKS,
    Answered,
    Ask,
    Begin,
    Blank,
    CallBack,
    Ended,
    FromFork,
    FromGrader,
    Lost,
    blanks_of,
    plain,
)
from autograder.grading.observation import Observation, failure_of
from autograder.grading.run import ExerciseRun, OpenSession, exhaustion
from autograder.processes.lifetime import exit_with_parent
from autograder.sandbox.protocol import Function, Returned
from autograder.sandbox.session import Session
from autograder.submissions.submission import Submission
from autograder.text.messages import sanitize
from autograder.truth.reference import solution_source

if TYPE_CHECKING:
    from autograder.grading.hidden_pytest.collected import Spec

# What a case may take by itself, beside the student's code.
OWN_SECONDS = 10.0
# What it may allocate: from a wrong shape, broadcasting makes an array of any size.
OWN_MEMORY = 1 << 30

# A fork has everything collected already. Elsewhere it is unsafe, and each process collects anew.
METHOD = "fork" if sys.platform == "linux" else "spawn"

_DETAIL = 250


class PytestRunner:
    """The hidden test files of one exercise, which its solution passes.

    Raises :class:`CourseError` where it does not, and where a file cannot be run;
    :class:`MachineError` where there is no pytest.
    """

    def __init__(self, course: Course, exercise: Exercise, open_session: OpenSession) -> None:
        try:
            from autograder.grading.hidden_pytest.collected import Spec, collected
        except ImportError:
            raise MachineError(
                f"{exercise.assignment}/{exercise.name} has tests for pytest, which is not "
                "installed here; install it with 'pip install pytest'"
            ) from None
        self._exercise = exercise
        self._open_session = open_session
        self._wall_seconds = course.limits.wall_seconds
        root = course.root.resolve()
        files = [root / test.path.relative_to(course.root) for test in exercise.pytest_tests]
        self._spec = Spec(
            root,
            tuple(dict.fromkeys(files)),
            tuple(test.name for test in exercise.pytest_tests),
            course.seed,
        )
        self._cases = collected(self._spec).cases
        self._blanks = self._hold_against_solution()

    def run(self, submission: Submission) -> ExerciseRun:
        """What the cases of each test came to."""
        run = self._run(submission)
        observations: dict[str, tuple[Observation, ...]] = {}
        endings = zip(run.endings(), run.blanks, self._blanks, strict=True)
        for case, (ended, blanks, usual) in zip(self._cases, endings, strict=True):
            failure = ended.failure
            if failure is None and blanks - usual:
                failure = Failure(min(blanks - usual))
            if failure is not None and failure.kind == "check" and case.parameters:
                detail = f"{sanitize(failure.detail, _DETAIL)} [{case.parameters}]"
                failure = replace(failure, detail=detail)
            observation = Observation(failure=failure)
            observations[case.test] = (*observations.get(case.test, ()), observation)
        return ExerciseRun(observations, run.output)

    def _hold_against_solution(self) -> list[frozenset[Blank]]:
        """The blanks that are right, case by case: those among the solution's answers."""
        exercise = self._exercise
        source = solution_source(exercise)
        if source is None:
            return [frozenset(BLANKS)] * len(self._cases)
        solution = Submission("", exercise.assignment, {f"{exercise.name}.py": source})
        run = self._run(solution)
        for case, ended in zip(self._cases, run.endings(), strict=True):
            failure, place = ended.failure, ended.place
            if failure is None:
                continue
            detail = failure.detail or failure.kind
            if failure.exception is not None and failure.kind != "check":
                detail = f"{failure.exception.type_name}: {failure.exception.message}"
            message = f"the solution fails the test '{case.test}': {sanitize(detail)}"
            if place is None:
                raise exercise.error(f"tests.{case.test}", message)
            raise CourseError(message, path=place.path, line=place.line, column=place.column)
        return run.blanks

    def _run(self, submission: Submission) -> _Run:
        tests = [case.test for case in self._cases]
        entry = self._exercise.name
        return _Run(self._spec, tests, entry, submission, self._open_session, self._wall_seconds)


class _Hung(BaseException):
    """The test did not say anything for too long. No ``except Exception`` on the way from a
    function of the test, called by student code, may stop it."""


class _Run:
    """One submission under the tests of an exercise."""

    def __init__(
        self,
        spec: Spec,
        tests: Sequence[str],
        entry: str,
        submission: Submission,
        open_session: OpenSession,
        wall_seconds: float,
    ) -> None:
        self.output = ""
        self.blanks: list[frozenset[Blank]] = []
        """What of the answers was blank, for each case."""
        self._spec = spec
        self._tests = tests
        self._entry = entry
        self._files = submission.files
        self._open_session = open_session
        self._wall_seconds = wall_seconds
        self._session: Session | None = None
        self._load_failure: Failure | None = None
        self._exhausting = 0
        self._lost: Failure | None = None
        self._answers_blank: frozenset[Blank] = frozenset()
        self._test = ""
        self._student_left = 0.0
        self._own_left = 0.0

    def endings(self) -> list[Ended]:
        """How each case ended. A case that hangs or kills its fork costs only its test."""
        endings: list[Ended] = []
        try:
            while len(endings) < len(self._tests):
                failure = self._begin(len(endings))
                if failure is None:
                    self._in_a_fork(endings)
                else:  # without a fork, where nothing can be asked anyway
                    self._note(Ended(failure), endings)
        finally:
            self._close()
        return endings

    def _in_a_fork(self, endings: list[Ended]) -> None:
        """Run the cases from the first that has not ended, as far as one fork gets."""
        context: Any = multiprocessing.get_context(METHOD)
        here, there = context.Pipe()
        ours = here if METHOD == "fork" else None
        arguments = (there, ours, self._spec, len(endings), os.getpid())
        process = context.Process(target=_serve, args=arguments)
        with warnings.catch_warnings():
            # Threads that we have not started: those of the sandbox, which the fork never uses.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        there.close()
        try:
            while len(endings) < len(self._tests):
                ended = self._answer(here, self._receive(here))
                if ended is not None:
                    self._note(ended, endings)
        except _Hung:
            self._close()
            self._note(Ended(Failure("check_timeout", f"{OWN_SECONDS:g}")), endings)
        except (EOFError, OSError):
            self._note(Ended(Failure("check_error", "the process of the test ended")), endings)
        finally:
            process.kill()
            process.join()
            process.close()
            here.close()

    def _note(self, ended: Ended, endings: list[Ended]) -> None:
        endings.append(ended)
        self.blanks.append(self._answers_blank)
        self._answers_blank = frozenset()
        failure = ended.failure
        if failure is None or self._lost is not None:
            return
        self._exhausting += exhaustion([Observation(failure=failure)])
        if failure.kind == "check_timeout":
            self._exhausting += 1
        if self._session is None or not self._session.alive:
            self._lost = failure

    def _answer(self, here: Connection[FromGrader, FromFork], message: FromFork) -> Ended | None:
        match message:
            case Begin(number):
                failure = self._begin(number)
                here.send(None if failure is None else Lost(failure))
            case Ask():
                here.send(self._ask(here, message))
            case Ended():
                return message
        return None

    def _begin(self, number: int) -> Failure | None:
        """Make ready for a case: a process with the submission in it, and time.

        A test that has lost its process has lost its points. Its other cases are not run: with
        a new process each, they would take as long as there are many.
        """
        if self._load_failure is not None:
            return self._load_failure
        if self._exhausting >= MAX_EXHAUSTING:
            return Failure("not_run")
        if self._test != self._tests[number]:
            self._test = self._tests[number]
            self._student_left = self._wall_seconds
            self._own_left = OWN_SECONDS
            self._lost = None
        if self._lost is not None:
            return self._lost
        if self._session is not None and self._session.alive:
            return None
        self._close()
        self._session = self._open_session()
        self._session.start_clock()
        failure = failure_of(self._session.load(self._entry, self._files))
        if failure is not None:
            kind = "import" if failure.kind == "exception" else failure.kind
            self._load_failure = replace(failure, kind=kind, while_loading=True)
        return self._load_failure

    def _ask(self, here: Connection[FromGrader, FromFork], ask: Ask) -> Answered | Lost:
        session = self._session
        assert session is not None
        session.start_clock(self._student_left)
        if ask.arguments is None:
            outcome = session.read(ask.target, keep=ask.keep)
        else:
            arguments = [
                self._function(here, argument) if isinstance(argument, Function) else argument
                for argument in ask.arguments
            ]
            outcome = session.call(ask.target, arguments, keep=ask.keep)
        self._student_left = max(0.0, self._student_left - session.spent())
        failure = failure_of(outcome)
        if failure is not None and failure.kind == "timeout":
            failure = replace(failure, detail=f"{self._wall_seconds:g}")  # of all calls together
        if failure is not None:
            return Lost(failure)
        assert isinstance(outcome, Returned)
        answer = plain(outcome.value)
        self._answers_blank |= blanks_of(ask.target, answer)
        return Answered(answer)

    def _function(self, here: Connection[FromGrader, FromFork], function: Function) -> Any:
        """Stands for a function of the test, which the fork has."""

        def call(*arguments: Any) -> Any:
            here.send(CallBack(function.number, arguments))
            answer = self._receive(here)
            if not isinstance(answer, Answered):
                raise TypeError("the function refused its arguments")
            return answer.value

        call.__dict__["parameters"] = function.parameters
        return call

    def _receive(self, here: Connection[FromGrader, FromFork]) -> FromFork:
        start = time.monotonic()
        if not here.poll(self._own_left):
            raise _Hung
        self._own_left = max(0.0, self._own_left - (time.monotonic() - start))
        return here.recv()

    def _close(self) -> None:
        if self._session is not None:
            self.output += self._session.output()
            self._session = None


def _serve(
    there: Connection[FromFork, FromGrader],
    ours: Connection[FromGrader, FromFork] | None,
    spec: Spec,
    first: int,
    grader: int,
) -> None:
    """The fork: run the cases from ``first`` on, asking the grader for everything."""
    from autograder.grading.hidden_pytest.collected import collected

    exit_with_parent(grader)
    if ours is not None:
        ours.close()  # so that this process notices when the grader is gone
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    tests = collected(spec)
    _limit_memory()

    def exchange(message: FromFork) -> FromGrader:
        try:
            there.send(message)
            return there.recv()
        except (EOFError, OSError, MemoryError):
            # Half read, it would be followed by what student code has made up.
            os._exit(1)

    for number in range(first, len(tests.cases)):
        refused = exchange(Begin(number))
        if isinstance(refused, Lost):
            there.send(Ended(refused.failure))
        else:
            there.send(tests.run(number, exchange))


def _limit_memory() -> None:
    if sys.platform == "linux":
        import resource

        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + OWN_MEMORY, used + OWN_MEMORY))
