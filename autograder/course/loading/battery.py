"""``battery`` and ``right`` in the hidden YAML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec.structs import replace

from autograder.course.battery import GROUPS, Battery, Subject, battery_tests, steps_of
from autograder.course.declaration import BatteryEntry, RightEntry
from autograder.course.exercise import (
    Array,
    Dims,
    Part,
    RightAnswer,
    RunTest,
    Signature,
    Step,
    Test,
)
from autograder.course.loading.exercise_tests import Setting, read_dims, read_tolerance
from autograder.course.loading.node import Node
from autograder.course.loading.python_source import check_code
from autograder.course.loading.syntax import check_draw
from autograder.text.language import Language


def read_battery(
    entry: Literal["standard"] | BatteryEntry,
    node: Node,
    setting: Setting,
    tests: Sequence[Test],
    languages: tuple[Language, ...],
) -> tuple[RunTest, ...]:
    """The tests of the battery at ``node``. A class takes its steps from one of ``tests``.

    Raises :class:`~autograder.errors.CourseError`.
    """
    outputs = setting.signature.outputs
    draws = {} if isinstance(entry, str) else _draws(entry, setting)
    subject = Subject(
        setting.signature.parameters,
        _redrawn(setting.arrays, draws),
        _redrawn(setting.auxiliary, draws),
        _steps(node, setting, tests),
        setting.is_class,
        languages,
    )
    if isinstance(entry, str):
        battery = Battery((Part(outputs, float(len(GROUPS))),), dims=Dims({}, setting.rules))
    else:
        battery = Battery(
            points=_points(entry, outputs),
            leave_out=entry.leave_out,
            dims=read_dims(entry, setting, optional=True),
            tolerance=read_tolerance(entry, outputs),
            draw=draws,
        )
    found = battery_tests(battery, subject)
    if not found:
        raise node.error("nothing is left of the battery; remove it, or leave out less")
    return found


def _draws(entry: BatteryEntry, setting: Setting) -> dict[str, str]:
    everything = {**setting.arrays, **setting.auxiliary}
    given = entry.at("draw").entries(everything) if entry.draw is not None else {}
    return {name: check_draw(node, name, everything) for name, node in given.items()}


def _redrawn(arrays: Mapping[str, Array], draws: Mapping[str, str]) -> dict[str, Array]:
    return {name: replace(one, draw=draws.get(name, one.draw)) for name, one in arrays.items()}


def _steps(node: Node, setting: Setting, tests: Sequence[Test]) -> tuple[Step, ...]:
    signature = setting.signature
    if not setting.is_class:
        return (Step(signature.outputs, signature.function, signature.parameters),)
    steps = steps_of([test for test in tests if isinstance(test, RunTest)], signature.outputs)
    if not steps:
        raise node.error(
            "the battery of a class takes its steps from a test, and none has steps that "
            f"give all of {', '.join(signature.outputs)}; write one"
        )
    return steps


def _points(entry: BatteryEntry, outputs: tuple[str, ...]) -> tuple[Part, ...]:
    """By default a point for each group."""
    if entry.points is None:
        return (Part(outputs, float(len(GROUPS) - len(entry.leave_out))),)
    if isinstance(entry.points, dict):
        entry.at("points").entries(outputs)
        return tuple(Part((name,), points) for name, points in entry.points.items())
    return (Part(outputs, entry.points),)


def read_right(entry: RightEntry, signature: Signature) -> RightAnswer:
    """A whole right solution. Raises :class:`~autograder.errors.CourseError`."""
    return RightAnswer(entry.name, check_code(entry.at("code"), signature))
