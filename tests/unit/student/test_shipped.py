"""What public tests expect, handed on without the large arrays that chance drew."""

from __future__ import annotations

import pickle
from typing import Any

import msgspec
import numpy as np
import pytest

from autograder.course.exercise import Exercise, RunTest
from autograder.student.shipped import pack, unpack
from autograder.truth.cases import Drawn, draw
from autograder.truth.witnesses import Projection, random_direction
from tests.support.exercises import gradient_test, linear_backward_exercise


def large() -> tuple[Exercise, RunTest]:
    test = gradient_test(cases=2, dims={"m": (40,), "n": (50,)})
    test = msgspec.structs.replace(test, visibility="public")
    return linear_backward_exercise(test), test


def entry_of(exercise: Exercise, test: RunTest) -> tuple[dict[str, tuple[Drawn, ...]], list[Any]]:
    drawn = {test.name: draw(exercise, test, 0)}
    other = np.random.default_rng(0).normal(size=(30, 30))
    directions = [random_direction((40, 50)), other]
    return drawn, [drawn, [Projection(one, 1.0, 1e-12) for one in directions]]


def test_large_arrays_are_drawn_again() -> None:
    exercise, test = large()
    drawn, entry = entry_of(exercise, test)
    packed = pack(drawn, entry)
    assert len(packed) < 0.4 * len(pickle.dumps(entry, 4))
    again, projections = unpack(exercise, packed)
    for one, other in zip(again[test.name], drawn[test.name], strict=True):
        assert all(np.array_equal(one.arrays[name], other.arrays[name]) for name in other.arrays)
    for one, other in zip(projections, entry[1], strict=True):
        assert np.array_equal(one.direction, other.direction)


def test_what_is_drawn_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    exercise, test = large()
    packed = pack(*entry_of(exercise, test))
    monkeypatch.setattr(
        "autograder.student.shipped.draw", lambda exercise, test, _: draw(exercise, test, 0, "x")
    )
    with pytest.raises(ValueError, match="drawn"):
        unpack(exercise, packed)
