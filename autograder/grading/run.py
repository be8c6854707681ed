"""Running one exercise of a submission: what the student's code did, without judging it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from autograder.course.exercise import (
    EfficiencyTest,
    Exercise,
    PropertyTest,
    RunTest,
    Step,
    Visibility,
)
from autograder.grading.failures import MAX_EXHAUSTING, Failure
from autograder.grading.observation import (
    Change,
    Observation,
    Outputs,
    Timed,
    change_of,
    failure_of,
    observation_of,
)
from autograder.grading.plan import Plan, inputs_of, is_one_call, kept_as
from autograder.grading.submission_budget import Budget
from autograder.sandbox.protocol import Returned
from autograder.sandbox.session import Allowance, Outcome, Replies, Session
from autograder.submissions.submission import Submission
from autograder.truth.cases import Case

# What is run again in a new process if it fails has little time, to load and in a call, in one that
# has run others: to wait for a loop without end twice would make it twice as dear.
SHARED_LOAD_SECONDS = 0.3
SHARED_CALL_SECONDS = 0.02

OpenSession: TypeAlias = Callable[[], Session]
Until: TypeAlias = Callable[[str, tuple[Observation, ...]], bool]


def exhaustion(observations: Sequence[Observation], *, is_timed: bool = False) -> int:
    """How much of :data:`MAX_EXHAUSTING` the observations of one test use up. Who takes long where
    it ``is_timed`` is slow, and need not take long in other tests."""
    failures = (one.failure for one in observations)
    most = max((one.consequences.exhausting for one in failures if one is not None), default=0)
    return min(most, 1) if is_timed else most


class ExerciseRun(Struct, frozen=True):
    """Observations by test name, one per case, and what was printed."""

    observations: dict[str, tuple[Observation, ...]]
    output: str = ""
    exhausting: int = 0
    """How much of :data:`MAX_EXHAUSTING` is used up."""
    load_failure: Failure | None = None
    """Why the file cannot be loaded, which is not tried again."""
    is_alone: bool = True
    """Whether its processes had run no other exercise's code before."""

    @property
    def has_failed(self) -> bool:
        """Whether there is no result somewhere: the code raised, took too long or was not run."""
        several = itertools.chain.from_iterable(self.observations.values())
        return self.load_failure is not None or any(one.has_failed for one in several)


def run_exercise(
    plan: Plan,
    submission: Submission,
    open_session: OpenSession,
    tests: Sequence[RunTest] | None = None,
    before: ExerciseRun | None = None,
    budget: Budget | None = None,
    until: Until = lambda _, __: False,
) -> ExerciseRun:
    """Run all tests of the plan, or some, on a submission without a :func:`file_problem`. What was
    run ``before`` is part of the result, and of what the submission may use up; ``budget`` is its
    time for all exercises. Ends early after a test of which ``until``, asked with its name
    and observations, is true."""
    runner = _Runner(plan, submission, open_session, before, budget or Budget(math.inf))
    return runner.run(plan.tests if tests is None else tests, until)


def file_problem(exercise: Exercise, submission: Submission) -> Failure | None:
    """Why there is no source text to run, if there is none."""
    file = f"{exercise.name}.py"
    if file in submission.unreadable:
        return Failure(submission.unreadable[file], exercise.file)
    if file not in submission.files:
        return Failure("missing_file", exercise.file)
    return None


class _Runner:
    """Runs tests one by one, in a new process where the last one died."""

    def __init__(
        self,
        plan: Plan,
        submission: Submission,
        open_session: OpenSession,
        before: ExerciseRun | None,
        budget: Budget,
    ) -> None:
        before = before or ExerciseRun({})
        self._plan = plan
        self._entry = plan.exercise.name
        self._files = submission.files
        self._open_session = open_session
        self._session: Session | None = None
        self._called: Session | None = None  # in which the exercise's code has been called
        self._allowance: Allowance | None = None
        self._before = before
        self._budget = budget
        self._charged = 0.0
        self._load_failure = before.load_failure
        self._has_answered = False
        self._crashes = 0
        for observations in before.observations.values():
            self._note(observations)
        self._exhausting = before.exhausting
        self._output = ""
        self._is_alone = before.is_alone
        self._printed_before = before.output

    def run(self, tests: Sequence[RunTest], until: Until) -> ExerciseRun:
        observations = dict(self._before.observations)
        try:
            for name, observed in self._observations(tests):
                observations[name] = observed
                if until(name, observed):
                    break
        finally:
            self._close()
        output = _joined(self._printed_before, self._output)
        return ExerciseRun(
            observations, output, self._exhausting, self._load_failure, self._is_alone
        )

    def _observations(
        self, tests: Sequence[RunTest]
    ) -> Iterator[tuple[str, tuple[Observation, ...]]]:
        for (is_timed, _), group in itertools.groupby(tests, self._kind):
            run = self._run_timed if is_timed else self._run_together
            yield from run(list(group))

    def _kind(self, test: RunTest) -> tuple[bool, Visibility]:
        """Tests of one kind may be run together. Public and hidden ones may not: the process has
        the inputs of all, and messages about public tests show whatever it answers."""
        return isinstance(test, EfficiencyTest), test.visibility

    def _run_together(
        self, tests: Sequence[RunTest]
    ) -> Iterator[tuple[str, tuple[Observation, ...]]]:
        """Send all the questions and let the answers come."""
        script = self._plan.script(tests)
        done = 0
        while done < len(tests):
            session = self._start()
            if session is None:
                yield from ((test.name, self._complete(test, ())) for test in tests[done:])
                return
            seconds = [self._plan.call_seconds(test) for test in tests]
            if session.is_short:
                seconds = [SHARED_CALL_SECONDS] * len(tests)
            answers = session.ask_all(script, done, seconds)
            for test, replies in zip(tests[done:], answers, strict=False):
                done += 1
                self._called = session
                yield test.name, self._complete(test, self._read(test, session, replies))
                if self._is_over:  # it may live, and go on with the others
                    break

    def _run_timed(self, tests: Sequence[RunTest]) -> Iterator[tuple[str, tuple[Observation, ...]]]:
        """Ask one question after the other."""
        for test in tests:
            assert isinstance(test, EfficiencyTest)
            session = self._start()
            observations: list[Observation] = []
            if session is not None:
                session.start_clock(call_seconds=self._plan.call_seconds(test))
                for number, case in enumerate(self._plan.cases[test.name]):
                    observations.append(self._timed(test, case, number))
                    if _is_exhausting(observations[-1]):
                        break
            yield test.name, self._complete(test, observations)

    def _complete(
        self, test: RunTest, observations: Sequence[Observation]
    ) -> tuple[Observation, ...]:
        """One observation for each case of the test."""
        self._exhausting += exhaustion(observations, is_timed=isinstance(test, EfficiencyTest))
        self._note(observations)
        missing = len(self._plan.cases[test.name]) - len(observations)
        # The same tuple where nothing is missing, by which it is recognised.
        return (
            (*observations, *(self._not_run(observations),) * missing)
            if missing
            else tuple(observations)
        )

    def _note(self, observations: Sequence[Observation]) -> None:
        self._has_answered = self._has_answered or any(map(_is_answer, observations))
        self._crashes += not self._has_answered and any(map(_has_crashed, observations))

    @property
    def _only_crashes(self) -> bool:
        """Whether the code has ended its process too often, and done nothing else."""
        return self._crashes >= MAX_EXHAUSTING and not self._has_answered

    def _read(self, test: RunTest, session: Session, replies: Replies) -> tuple[Observation, ...]:
        """What the replies to a test say."""
        content = replies.content()
        before = self._plan.answers.get(test.name, content)
        if before is not None:
            return before
        kept = None if content is None else replies.keep()
        outcomes = iter(replies.outcomes())
        observations = []
        questions = self._plan.questions(test) or ()
        for case, several in zip(self._plan.cases[test.name], questions, strict=False):
            answers = list(itertools.islice(outcomes, len(several)))
            if not answers:
                break
            observations.append(self._put_together(test, case, answers))
        if not session.alive:
            return tuple(observations)
        return self._plan.answers.put(test.name, kept, tuple(observations))

    def _put_together(self, test: RunTest, case: Case, answers: Sequence[Outcome]) -> Observation:
        """One observation from the answers to the questions about one case."""
        if not is_one_call(test):
            return _of_steps(test.steps, answers)
        names = test.steps[0].results
        accept_lists = self._plan.exercise.accept_lists
        observations = [
            observation_of(answer, names, accept_lists=accept_lists) for answer in answers
        ]
        for observation in observations:
            if observation.failure is not None:
                return observation
        first, looked_at = observations[0], answers[0]
        if not isinstance(looked_at, Returned):
            return first
        exercise = self._plan.exercise
        parameters = exercise.signature.parameters
        is_new = exercise.new_arrays or (
            isinstance(test, PropertyTest) and test.property == "fresh_results"
        )
        shared = looked_at.shared if is_new else ()
        changed = tuple(parameters[i] for i in looked_at.changed if i < len(parameters))
        return Observation(
            first.outputs,
            again=observations[-1].outputs if len(observations) > 1 else None,
            changed=changed,
            change=_first_change(case, changed, looked_at),
            shared=tuple(parameters[i] for i in shared if i < len(parameters)),
        )

    def _timed(self, test: EfficiencyTest, case: Case, number: int) -> Observation:
        """Take the steps of the case and count the lines that they execute for it. Where these are
        not too many and the answer is right, count them for a smaller case and, where that does not
        say enough, note the time of taking the steps on other inputs.

        Those are drawn for this one timing: an answer that was kept or told by somebody who had
        them before cannot be right.
        """
        session = self._start()
        if session is None:
            return self._not_run([])
        most = self._plan.most_lines(test, number)
        # Once it has been called, it has imported what it imports only then. The timed answer is
        # held against the truth as well, where it is to others, so this one may be traced.
        lines, observation = None, Observation()
        if most and session is self._called and self._plan.draws_anew:
            lines, observation = _count_lines(session, test.steps, case, most)
            if session.died is not None:
                return Observation(failure=failure_of(session.died))
            if lines is not None and lines > most:  # to wait for what comes of it could take long
                return Observation(seconds=math.inf, lines=lines, is_ended=True)
        if lines is None:  # or it dislikes to be counted
            session.start_clock(call_seconds=self._plan.call_seconds(test))
            observation = _take_steps(session, test.steps, case)
        if observation.failure is not None:
            return observation
        if not self._plan.is_right(test, number, observation):
            return replace(observation, seconds=math.inf)
        if most:
            smaller, fewer = self._plan.smaller(test), None
            if smaller:
                fewer, _ = _count_lines(session, test.steps, smaller[number], most)
            if lines is None:
                lines, _ = _count_lines(session, test.steps, case, most)
            if session.died is not None:
                return Observation(failure=failure_of(session.died))
            observation = replace(observation, lines=lines, fewer_lines=fewer)
            if self._plan.is_too_long(test, number, observation):
                return replace(observation, seconds=math.inf)
        anew = self._plan.drawn_anew(test)[number]
        session.start_clock()
        start = session.seconds()
        again = _take_steps(session, test.steps, anew)
        seconds = session.seconds() - start
        return replace(observation, seconds=seconds, timed=Timed(anew, again))

    def _not_run(self, observations: Sequence[Observation]) -> Observation:
        """Stands for the cases that were not tried, with the reason why."""
        if observations:
            return Observation(failure=observations[-1].failure)
        failure = Failure("crashed_before" if self._only_crashes else "not_run")
        return Observation(failure=self._load_failure or failure)

    @property
    def _is_over(self) -> bool:
        """Whether what the exercise or the submission may use is used up."""
        self._charge()
        is_exhausted = self._exhausting >= MAX_EXHAUSTING or self._only_crashes
        return is_exhausted or self._budget.is_spent

    def _start(self) -> Session | None:
        """A session with the submission loaded and a full clock; None where there is none."""
        if self._load_failure is not None or self._is_over:
            return None
        if self._session is not None and self._session.alive:
            self._session.start_clock()
            return self._session
        self._close()
        self._session = self._open_session()
        self._is_alone &= self._session.is_first
        self._allowance = self._allowance or self._session.allowance
        self._session.allowance = self._allowance
        self._session.start_clock(SHARED_LOAD_SECONDS if self._session.is_short else None)
        failure = failure_of(self._session.load(self._entry, self._files))
        if failure is not None:
            self._load_failure = replace(
                failure,
                kind="import" if failure.kind == "exception" else failure.kind,
                while_loading=True,
            )
            return None
        self._session.start_clock()
        return self._session

    def _charge(self) -> None:
        """Take what the session has used from the submission's budget."""
        if self._session is not None:
            used = self._session.used()
            self._budget.take(used - self._charged)
            self._charged = used

    def _close(self) -> None:
        if self._session is not None:
            self._charge()
            self._charged = 0.0
            self._output += self._session.output()
            self._session = None


def _joined(before: str, after: str) -> str:
    """What was printed in two processes, once where the second began as the first did: a file
    that prints while it is loaded prints the same in each."""
    return after if after.startswith(before) else before + after


def _is_answer(observation: Observation) -> bool:
    """Whether the process was there after the call, if only to say that it failed."""
    return observation.failure is None or not observation.failure.consequences.ends_process


def _has_crashed(observation: Observation) -> bool:
    """Whether the code has ended its process; a kill may come from a machine without memory."""
    failure = observation.failure
    return failure is not None and failure.kind == "crashed" and failure.detail != "SIGKILL"


def _is_exhausting(observation: Observation) -> bool:
    return observation.failure is not None and observation.failure.consequences.exhausting > 0


def _first_change(case: Case, changed: Sequence[str], reply: Returned) -> Change | None:
    array = case.inputs.get(changed[0]) if changed else None
    return None if array is None else change_of(changed[0], array, reply.element)


def _count_lines(
    session: Session, steps: Sequence[Step], case: Case, most: int
) -> tuple[int | None, Observation]:
    """How many lines of Python the steps execute, up to one more than ``most``, and, where they are
    no more than that, what comes of it; None where they fail."""
    session.start_clock()
    counted: list[int] = []
    observation = _take_steps(session, steps, case, most, counted)
    if observation.failure is not None and sum(counted) <= most:
        return None, observation
    return min(sum(counted), most + 1), observation


def _take_steps(
    session: Session,
    steps: Sequence[Step],
    case: Case,
    count: int = 0,
    counted: list[int] | None = None,
) -> Observation:
    """Take the steps one after the other; the outputs are what they assign. Where lines are to be
    counted, up to ``count`` of each call, ``counted`` gets their numbers."""
    inputs = inputs_of(case)

    def answers() -> Iterator[Outcome]:
        for step in steps:
            if step.arguments is None:
                yield session.read(step.target)
                continue
            arguments = [inputs[name] for name in step.arguments]
            outcome = session.call(step.target, arguments, keep=kept_as(step, steps), count=count)
            if counted is not None and isinstance(outcome, Returned):
                counted.append(count + 1 if outcome.lines is None else outcome.lines)
                if counted[-1] > count:  # it was ended, without a result
                    return
            yield outcome

    return _of_steps(steps, answers())


def _of_steps(steps: Sequence[Step], answers: Iterable[Outcome]) -> Observation:
    """What the steps assigned, from the answer to each; those after a failure are not looked at."""
    outputs: Outputs = {}
    for step, outcome in zip(steps, answers, strict=False):
        observation = (
            observation_of(outcome, step.results)
            if step.results
            else Observation(failure=failure_of(outcome))
        )
        if observation.failure is not None:
            return Observation(failure=_naming(step, observation.failure))
        outputs.update(observation.outputs)
    return Observation(outputs)


def _naming(step: Step, failure: Failure) -> Failure:
    """The failure, with the name that was missing."""
    if failure.kind in ("missing_function", "not_callable"):
        return replace(failure, detail=step.target)
    return failure
