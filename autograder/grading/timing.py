"""What an efficiency test is held against: the lines and the time of what it is relative to.

That is the reference solution or, for students, who do not have it, the forward pass. A backward
pass costs a small multiple of its forward pass, whatever the function (Griewank and Walther,
Evaluating Derivatives, 2nd ed., 2008: the cheap gradient principle).
"""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence

from msgspec.structs import replace

from autograder.course.exercise import EfficiencyTest, Exercise, Step
from autograder.grading.efficiency import Yardstick
from autograder.grading.observation import Observation
from autograder.grading.plan import Plan
from autograder.grading.run import OpenSession, run_exercise
from autograder.submissions.submission import Submission
from autograder.truth.cases import Case
from autograder.truth.reference import solution_source

# How often each case is timed; the shortest time counts.
REPETITIONS = 10


def baseline_seconds(
    exercise: Exercise, test: EfficiencyTest, cases: Sequence[Case], open_session: OpenSession
) -> float:
    """The seconds that what ``test`` is relative to takes for all ``cases`` together.

    It is run like a submission, in a process of the same sandbox. Raises
    :class:`~autograder.errors.CourseError` where it fails.
    """
    repeated = [case for case in cases for _ in range(REPETITIONS)]
    observations = _run(exercise, test, repeated, None, open_session)
    seconds = [observation.seconds for observation in observations]
    return math.fsum(
        min(seconds[start : start + REPETITIONS]) for start in range(0, len(seconds), REPETITIONS)
    )


def baseline_lines(
    exercise: Exercise, test: EfficiencyTest, cases: Sequence[Case], open_session: OpenSession
) -> Yardstick:
    """The lines that what ``test`` is relative to executes for each case. Raises as
    :func:`baseline_seconds` does."""
    observations = _run(exercise, test, cases, (), open_session)
    return Yardstick(tuple(one.lines or 0 for one in observations))


def _run(
    exercise: Exercise,
    test: EfficiencyTest,
    cases: Sequence[Case],
    smaller: Sequence[Case] | None,
    open_session: OpenSession,
) -> Sequence[Observation]:
    """What ``test`` is relative to, run on the cases; lines are counted with ``smaller`` ones."""
    if test.relative_to == "forward":
        name, source = "the forward pass", _forward_source(exercise)
        test = replace(test, steps=_forward_steps(exercise, test))
        cases = [replace(case, inputs=case.arrays, auxiliary={}) for case in cases]
    else:
        name, source = "the reference solution", solution_source(exercise) or ""
    submission = Submission("", exercise.assignment, {f"{exercise.name}.py": source})
    plan = Plan(
        exercise,
        {test.name: cases},
        0,
        counts_lines=smaller is not None,
        smaller={} if smaller is None else {test.name: smaller},
    )
    observations = run_exercise(plan, submission, open_session, [test]).observations[test.name]
    for failure in (observation.failure for observation in observations):
        if failure is not None:
            raised = failure.exception
            reason = f"{raised.type_name}: {raised.message}" if raised else failure.kind
            raise exercise.error(
                f"tests.{test.name}", f"test '{test.name}': {name} cannot be timed: {reason}"
            )
    return observations


def _forward_source(exercise: Exercise) -> str:
    """A file with the forward pass as a function of all arrays, and one that does nothing."""
    results = ", ".join(_results(exercise))
    tree = ast.parse(
        "import numpy as np\n"
        f"def forward({', '.join(_arrays(exercise))}):\n    return {results}\n"
        "def wait(): pass\n"
    )
    function = tree.body[1]
    assert isinstance(function, ast.FunctionDef)
    function.body[:0] = ast.parse(exercise.forward or "").body
    return ast.unparse(tree)


def _forward_steps(exercise: Exercise, test: EfficiencyTest) -> tuple[Step, ...]:
    """As many steps as the test has: each goes to the process and back."""
    forward = Step(_results(exercise), "forward", _arrays(exercise))
    return (forward, *(Step((), "wait", ()) for _ in test.steps[1:]))


def _arrays(exercise: Exercise) -> tuple[str, ...]:
    return (*exercise.arrays, *exercise.auxiliary)


def _results(exercise: Exercise) -> tuple[str, ...]:
    """What the gradients are of."""
    return tuple(dict.fromkeys(gradient.of for gradient in exercise.gradients.values()))
