"""Running one exercise of a submission: what the student's code did, without judging it."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Literal, TypeAlias
from weakref import WeakKeyDictionary

import msgspec
import numpy as np
from msgspec import Struct

from autograder.cases import Case
from autograder.compare import NotAnArray
from autograder.exercise import (
    EfficiencyTest,
    ExampleTest,
    Exercise,
    GradientTest,
    PropertyTest,
    RunTest,
    Step,
)
from autograder.sandbox import Died, Outcome, Session
from autograder.sandbox.protocol import (
    Array,
    ExceptionInfo,
    Items,
    Missing,
    Opaque,
    Plain,
    Raised,
    Returned,
    Value,
)
from autograder.sandbox.session import pack_arguments, unpack_leaf
from autograder.submission import Submission
from autograder.truth import argument

OpenSession: TypeAlias = Callable[[], Session]
Output: TypeAlias = "np.ndarray[Any, Any] | NotAnArray"
Outputs: TypeAlias = dict[str, Output]

FailureKind: TypeAlias = Literal[
    "missing_file",
    "missing_function",
    "not_callable",
    "not_a_file",
    "too_large",
    "encoding",
    "unreadable",
    "unparsable",
    "syntax",
    "import",
    "exception",
    "forbidden",
    "memory",
    "timeout",
    "cpu",
    "crashed",
    "malformed",
    "wrong_count",
    "returned_nothing",
    "not_run",
]

# What uses up the machine is not tried a third time in one exercise.
EXHAUSTING: frozenset[FailureKind] = frozenset({"timeout", "cpu", "memory"})
MAX_EXHAUSTING = 2
# How often the steps of an efficiency test are timed.
REPETITIONS = 5


class Failure(Struct, frozen=True):
    """Why there are no outputs. ``detail`` is a name or number that the message quotes."""

    kind: FailureKind
    detail: str = ""
    exception: ExceptionInfo | None = None
    while_loading: bool = False


class Observation(Struct, frozen=True):
    """What the student's code did on one case: outputs by name, or a failure.

    ``again`` are the outputs of the second look that a property test takes; ``changed`` and
    ``shared`` the parameters that the call changed or whose memory a result shares.
    """

    outputs: Outputs = {}
    failure: Failure | None = None
    again: Outputs | None = None
    changed: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    seconds: float = 0.0
    """For an efficiency test: the shortest time that the steps took."""


class ExerciseRun(Struct, frozen=True):
    """Observations by test name, one per case, and what was printed."""

    observations: dict[str, tuple[Observation, ...]]
    output: str = ""


def run_exercise(
    exercise: Exercise,
    cases: Mapping[str, Sequence[Case]],
    submission: Submission,
    open_session: OpenSession,
    *,
    seed: int = 0,
) -> ExerciseRun:
    """Run the tests whose ``cases`` are given, on a submission without a :func:`file_problem`.

    Public tests come first, in their order; hidden ones follow in an order that follows
    from ``seed``, which student code does not know.
    """
    tests = [test for test in _order(exercise, seed) if test.name in cases]
    return _Runner(exercise, submission, open_session).run(tests, cases)


def file_problem(exercise: Exercise, submission: Submission) -> Failure | None:
    """Why there is no source text to run, if there is none."""
    file = f"{exercise.name}.py"
    if file in submission.unreadable:
        return Failure(submission.unreadable[file], file)
    if file not in submission.files:
        return Failure("missing_file", file)
    return None


def _order(exercise: Exercise, seed: int) -> list[RunTest]:
    public = [test for test in exercise.run_tests if test.visibility == "public"]
    hidden = [test for test in exercise.run_tests if test.visibility == "hidden"]
    key = f"{seed}/{exercise.assignment}/{exercise.name}/order".encode()
    random.Random(blake2b(key).digest()).shuffle(hidden)
    return public + hidden


class _Runner:
    """Runs tests one by one, in a new process where the last one died."""

    def __init__(
        self, exercise: Exercise, submission: Submission, open_session: OpenSession
    ) -> None:
        self._exercise = exercise
        self._files = submission.files
        self._open_session = open_session
        self._session: Session | None = None
        self._load_failure: Failure | None = None
        self._exhausting = 0
        self._output = ""

    def run(self, tests: Sequence[RunTest], cases: Mapping[str, Sequence[Case]]) -> ExerciseRun:
        try:
            observations = {test.name: self._run_test(test, cases[test.name]) for test in tests}
        finally:
            self._close()
        return ExerciseRun(observations, self._output)

    def _run_test(self, test: RunTest, cases: Sequence[Case]) -> tuple[Observation, ...]:
        session = self._start()
        observations: list[Observation] = []
        if session is not None and _is_plain(test, cases):
            observations = self._observe_at_once(session, test, cases)
        elif session is not None:
            for case in cases:
                observations.append(self._observe(session, test, case))
                failure = observations[-1].failure
                if not session.alive or (failure is not None and failure.kind in EXHAUSTING):
                    break
        failures = (observation.failure for observation in observations)
        if any(failure is not None and failure.kind in EXHAUSTING for failure in failures):
            self._exhausting += 1
        return tuple(observations) + (self._not_run(observations),) * (
            len(cases) - len(observations)
        )

    def _observe_at_once(
        self, session: Session, test: RunTest, cases: Sequence[Case]
    ) -> list[Observation]:
        """Send all cases and let the answers come, which saves a wait for each."""
        (step,) = test.steps
        calls = [_packed(case, step) for case in cases]
        outcomes = session.call_all(step.target, calls)
        return [_observation(outcome, step.results) for outcome in outcomes]

    def _not_run(self, observations: Sequence[Observation]) -> Observation:
        """Stands for the cases that were not tried, with the reason why."""
        if observations:
            return Observation(failure=observations[-1].failure)
        return Observation(failure=self._load_failure or Failure("not_run"))

    def _start(self) -> Session | None:
        """A session with the submission loaded and a full clock; None where there is none."""
        if self._load_failure is not None or self._exhausting >= MAX_EXHAUSTING:
            return None
        if self._session is not None and self._session.alive:
            self._session.start_clock()
            return self._session
        self._close()
        self._session = self._open_session()
        self._session.start_clock()
        failure = _failure(self._session.load(self._exercise.name, self._files))
        if failure is not None:
            self._load_failure = Failure(
                "import" if failure.kind == "exception" else failure.kind,
                failure.detail,
                failure.exception,
                while_loading=True,
            )
            return None
        self._session.start_clock()
        return self._session

    def _close(self) -> None:
        if self._session is not None:
            self._output += self._session.output()
            self._session = None

    def _observe(self, session: Session, test: RunTest, case: Case) -> Observation:
        if isinstance(test, PropertyTest):
            return self._observe_property(session, test, case)
        observation = self._take_steps(session, test.steps, case)
        if isinstance(test, EfficiencyTest) and observation.failure is None:
            return self._timed(session, test, case, observation)
        return observation

    def _timed(
        self, session: Session, test: EfficiencyTest, case: Case, observation: Observation
    ) -> Observation:
        """Take the steps a few more times and note the shortest time."""
        shortest = math.inf
        for _ in range(REPETITIONS):
            start = time.perf_counter()
            again = self._take_steps(session, test.steps, case)
            shortest = min(shortest, time.perf_counter() - start)
            if again.failure is not None:
                return again
        return msgspec.structs.replace(observation, seconds=shortest)

    def _take_steps(self, session: Session, steps: Sequence[Step], case: Case) -> Observation:
        """Put the student's code through the steps; the outputs are what they assign."""
        inputs = inputs_of(case)
        owners = {step.target.partition(".")[0] for step in steps}
        outputs: Outputs = {}
        for step in steps:
            if step.arguments is None:
                outcome = session.read(step.target)
            else:
                keep = next((name for name in step.results if name in owners), None)
                arguments = [inputs[name] for name in step.arguments]
                outcome = session.call(step.target, arguments, keep=keep)
            if not step.results:
                observation = Observation(failure=_failure(outcome))
            else:
                observation = _observation(outcome, step.results)
            if observation.failure is not None:
                failure = observation.failure
                if failure.kind in ("missing_function", "not_callable"):
                    failure = msgspec.structs.replace(failure, detail=step.target)
                return Observation(failure=failure)
            outputs.update(observation.outputs)
        return Observation(outputs)

    def _observe_property(self, session: Session, test: PropertyTest, case: Case) -> Observation:
        first = self._call(session, case, keep="first", inspect=True)
        observation = self._outputs(first)
        if observation.failure is not None or not isinstance(first, Returned):
            return observation
        match test.property:
            case "inputs_unchanged":
                second = None
            case "repeatable":
                second = self._outputs(self._call(session, case))
            case "fresh_results":
                other = self._outputs(self._call(session, _other_inputs(case)))
                second = other if other.failure else self._outputs(session.read("first"))
            case "linear_in_upstream":
                second = self._outputs(self._call(session, _doubled(case, self._exercise)))
        if second is not None and second.failure is not None:
            return second
        parameters = self._exercise.signature.parameters
        return Observation(
            observation.outputs,
            again=None if second is None else second.outputs,
            changed=tuple(parameters[i] for i in first.changed if i < len(parameters)),
            shared=tuple(parameters[i] for i in first.shared if i < len(parameters)),
        )

    def _call(
        self, session: Session, case: Case, *, keep: str | None = None, inspect: bool = False
    ) -> Outcome:
        signature = self._exercise.signature
        inputs = inputs_of(case)
        arguments = [inputs[name] for name in signature.parameters]
        return session.call(signature.function, arguments, keep=keep, inspect=inspect)

    def _outputs(self, outcome: Outcome) -> Observation:
        return _observation(outcome, self._exercise.signature.outputs)


def inputs_of(case: Case) -> dict[str, Any]:
    """Everything that steps may name: arrays, scalars as Python numbers, functions."""
    return {name: argument(value) for name, value in case.inputs.items()} | case.functions


_packed_cases: WeakKeyDictionary[Case, msgspec.Raw] = WeakKeyDictionary()


def _packed(case: Case, step: Step) -> msgspec.Raw:
    """The arguments of a plain test's one step, encoded once for all students."""
    if case not in _packed_cases:
        inputs = inputs_of(case)
        _packed_cases[case] = pack_arguments([inputs[name] for name in step.arguments or ()])
    return _packed_cases[case]


def _is_plain(test: RunTest, cases: Sequence[Case]) -> bool:
    """Whether the test is one call a case, with nothing to do in between."""
    return (
        isinstance(test, (ExampleTest, GradientTest))
        and len(test.steps) == 1
        and test.steps[0].arguments is not None
        and not any(case.functions for case in cases)
    )


def _observation(outcome: Outcome, names: Sequence[str]) -> Observation:
    failure = _failure(outcome)
    if failure is not None:
        return Observation(failure=failure)
    assert isinstance(outcome, Returned)
    return split_outputs(outcome.value, names)




def _other_inputs(case: Case) -> Case:
    """Different numbers of the same shapes and types, for a call in between."""
    return _map_inputs(case, lambda name, value: value[...] * 3 + 1)


def _doubled(case: Case, exercise: Exercise) -> Case:
    upstream = {gradient.upstream for gradient in exercise.gradients.values()}
    return _map_inputs(case, lambda name, value: value * 2 if name in upstream else value)


def _map_inputs(
    case: Case,
    change: Callable[[str, np.ndarray[Any, Any]], Any],
) -> Case:
    inputs = {
        name: np.asarray(change(name, value), dtype=value.dtype) if value.ndim else value
        for name, value in case.inputs.items()
    }
    return msgspec.structs.replace(case, inputs=inputs)


def split_outputs(value: Value, names: Sequence[str]) -> Observation:
    """The returned value taken apart into the outputs that the signature names."""
    if len(names) == 1:
        return Observation({names[0]: _output(value)})
    if isinstance(value, Items) and len(value.items) == len(names):
        return Observation(
            {name: _output(item) for name, item in zip(names, value.items, strict=True)}
        )
    if isinstance(value, Plain) and value.value is None:
        return Observation(failure=Failure("returned_nothing"))
    count = f"{len(value.items)}" if isinstance(value, Items) else "1"
    return Observation(failure=Failure("wrong_count", count))


def _output(value: Value) -> Output:
    if isinstance(value, Items):
        return NotAnArray(value.kind)
    leaf = unpack_leaf(value)
    if isinstance(leaf, np.ndarray):
        return leaf
    if isinstance(leaf, Opaque):
        return NotAnArray(leaf.type_name)
    if isinstance(leaf, Array):
        # A dtype that does not travel: an empty array that has it tells all there is to tell.
        return np.empty(0, dtype=object if leaf.dtype == "object" else "U1")
    if isinstance(leaf, (bool, int, float)):
        return np.asarray(leaf)
    return NotAnArray(type(leaf).__name__)


def _failure(outcome: Outcome) -> Failure | None:
    match outcome:
        case Died(reason, detail):
            return Failure(reason, detail)
        case Missing(callable=found):
            return Failure("not_callable" if found else "missing_function")
        case Raised(exception=exception):
            return Failure(_kind(exception), exception=exception)
    return None


def _kind(exception: ExceptionInfo) -> FailureKind:
    if exception.type_name == "MemoryError":
        return "memory"
    if exception.type_name == "PermissionError":
        return "forbidden"
    if exception.type_name in ("SyntaxError", "IndentationError", "TabError"):
        return "syntax"
    return "exception"
