"""Exercises that students work out by hand: the keys ``answers``, ``given`` and ``follows``."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from autograder.course import lengths
from autograder.course.declaration import AnswerEntry, Declared, ExerciseFile, HiddenFile
from autograder.course.exercise import (
    Answer,
    Drawing,
    Example,
    ExampleTest,
    GradientTest,
    Origin,
    Part,
    RunTest,
    Step,
    WitnessName,
)
from autograder.course.loading.examples import check_given
from autograder.course.loading.exercise_tests import Setting, read_dims
from autograder.course.loading.node import Node, suggest
from autograder.course.loading.syntax import check_expression, check_name

# What belongs to exercises with code, and what to those without, of either file.
_OF_CODE = ("outputs", "functions", "tests", "new_arrays", "accept_lists")
_OF_CODE_HIDDEN = ("battery", "tests", "right")
_OF_ANSWERS = ("given", "dims")


def refuse_code(file: ExerciseFile, hidden: HiddenFile | None, pytest: Collection[Any]) -> None:
    """Raise :class:`~autograder.errors.CourseError` where keys of exercises with code stand beside
    ``answers``, or the other way round."""
    if file.answers is None:
        of_answers: list[tuple[Declared | None, str]] = [(file, key) for key in _OF_ANSWERS]
        for owner, key in [*of_answers, (hidden, "follows")]:
            if owner is not None and owner.has(key):
                raise owner.error(f"'{key}' belongs to exercises with 'answers'; remove it", key)
        return
    pairs: list[tuple[Declared | None, tuple[str, ...]]] = [
        (file, _OF_CODE),
        (hidden, _OF_CODE_HIDDEN),
    ]
    for declared, keys in pairs:
        for key in keys:
            if declared is not None and declared.has(key):
                raise declared.error(
                    f"'{key}' is about code, and here students fill in 'answers'; remove it", key
                )
    if pytest:
        raise file.error(
            "there are tests for pytest, which call code, and here students fill in 'answers'; "
            "remove the test file",
            "answers",
        )
    if file.given is not None and file.dims is not None:
        raise file.error(
            "'dims' draws lengths, and 'given' has all numbers; remove one of the two", "dims"
        )


def read_answers(
    file: ExerciseFile, hidden: HiddenFile | None, setting: Setting
) -> dict[str, Answer]:
    """The answers by name; none of an exercise with code."""
    found: dict[str, Answer] = {}
    for name in file.answers or {}:
        if name in setting.everything:
            message = f"'{name}' is in 'arrays' already; call the answer otherwise"
            raise file.error(message, "answers", name)
    follows = read_follows(hidden, setting)
    for name, entry in (file.answers or {}).items():
        node = file.at("answers", name)
        check_name(node, name, "answer")
        found[name] = Answer(name, _shape(entry, setting), entry.title or {}, follows.get(name))
    return found


def _shape(entry: AnswerEntry, setting: Setting) -> tuple[str | int, ...]:
    """The lengths, each a number, a dimension of an array, or what follows from these."""
    found: list[str | int] = []
    for item in entry.at("shape").items():
        length = item.value if isinstance(item.value, int) else lengths.parse(item.value)
        if length is None:
            raise item.error(f"'{item.value}' is no length; write 3, n, or n - k + 1")
        for name in lengths.names(str(length)):
            if name not in setting.dims:
                raise item.error(
                    f"'{name}' is no dimension of an array{suggest(name, setting.dims)}; "
                    "write a length, or a dimension that 'arrays' has"
                )
        found.append(length)
    return tuple(found)


def read_follows(hidden: HiddenFile | None, setting: Setting) -> dict[str, str]:
    """What answers are made of: expressions of arrays and of other answers."""
    if hidden is None or hidden.follows is None:
        return {}
    signature = setting.signature
    found = {}
    for name in hidden.follows:
        node = hidden.at("follows", name)
        if name not in signature.outputs:
            raise node.error(f"'{name}' is not an answer{suggest(name, signature.outputs)}")
        others = [one for one in signature.outputs if one != name]
        found[name] = check_expression(node, [*signature.parameters, *others])
        if not any(one in _names(node) for one in others):
            raise node.error(
                f"'{found[name]}' uses no other answer, so nothing is carried forward; write "
                f"'{name}' as what it is made of, with one of {', '.join(others) or 'no others'}"
            )
    return found


def _names(node: Node) -> set[str]:
    tree = ast.parse(str(node.value).strip(), mode="eval")
    return {one.id for one in ast.walk(tree) if isinstance(one, ast.Name)}


def answer_tests(file: ExerciseFile, setting: Setting) -> Iterator[tuple[RunTest, Origin]]:
    """A hidden test for each answer, all about the same numbers, and where it is written."""
    if file.answers is None:
        return
    signature = setting.signature
    steps = (Step(signature.outputs, signature.function, signature.parameters),)
    if file.given is not None:
        file.at("given").entries(setting.everything)
        check_given(file, setting.arrays, setting.everything)
    for name, entry in file.answers.items():
        node = file.at("answers", name)
        common: dict[str, Any] = {
            "name": name,
            "visibility": "hidden",
            "steps": steps,
            "parts": (Part((name,), entry.points),),
            "title": entry.title or {},
            "tolerance": {name: entry.tolerance} if entry.tolerance else {},
        }
        origin = Origin(Path(node.document.shown), *node.document.place(node.keys))
        if file.given is not None:
            yield ExampleTest(inputs=Example(file.given), **common), origin
        else:
            drawing = Drawing(dims=read_dims(file, setting))
            against: tuple[WitnessName, ...] = ("finite_differences", "reference")
            yield GradientTest(against=against, inputs=drawing, **common), origin
