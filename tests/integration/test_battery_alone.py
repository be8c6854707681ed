"""The standard battery without any further test catches the mutants of an exercise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from autograder.authoring.mutation import run_mutants
from autograder.course.battery import GROUPS, Battery, Subject, battery_tests
from autograder.course.exercise import Exercise, Part, Step
from autograder.grading.grader import ExerciseGrader
from autograder.sandbox.host import Sandbox
from tests.support.whole_course import COURSE

LAYERS = {one.name: one for one in COURSE.assignments["layers"].exercises}

pytestmark = pytest.mark.course


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("sandbox", COURSE.limits, [COURSE.root]) as opened:
        yield opened


def with_the_battery_alone(exercise: Exercise) -> Exercise:
    """As a new exercise with ``battery: standard`` and not one test of its own."""
    outputs = exercise.signature.outputs
    call = Step(outputs, exercise.signature.function, exercise.signature.parameters)
    subject = Subject(
        exercise.signature.parameters,
        exercise.arrays,
        exercise.auxiliary,
        (call,),
        False,
        COURSE.languages,
    )
    battery = Battery((Part(outputs, float(len(GROUPS))),))
    return replace(exercise, tests=battery_tests(battery, subject))


@pytest.mark.parametrize("name", ["rmsnorm_backward", "embedding_backward", "conv1d_backward"])
def test_the_battery_alone_catches_mutants(name: str, sandbox: Sandbox) -> None:
    exercise = with_the_battery_alone(LAYERS[name])
    found = run_mutants(COURSE, exercise, sandbox, ExerciseGrader(COURSE, exercise, sandbox))
    assert found.count > 25
    assert found.share >= 0.95, [hole.what for hole in found.holes]


def test_less_than_the_battery_does_not(sandbox: Sandbox) -> None:
    """The figure is no matter of course."""
    exercise = with_the_battery_alone(LAYERS["rmsnorm_backward"])
    few = tuple(test for test in exercise.tests if test.name == "battery-memory")
    exercise = replace(exercise, tests=few)
    found = run_mutants(COURSE, exercise, sandbox, ExerciseGrader(COURSE, exercise, sandbox))
    assert found.share < 0.95
