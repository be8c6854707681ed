"""A sketch tells whether large arrays are equal as the arrays themselves do."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from autograder.grading.mistakes import AGREEMENT
from autograder.grading.observation import Observation, Timed
from autograder.grading.run import ExerciseRun
from autograder.grading.sketch import SMALLEST, Sketch, Sketches, sketch
from autograder.truth.cases import Case

SCALES = [1e-300, 1e-9, 1.0, 1e6, 1e300]


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    return sketch(one).agrees(sketch(other), AGREEMENT)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("shape", [(SMALLEST,), (200, 300), (3, 5, 7, 11)])
def test_what_differs_by_rounding_agrees(scale: float, shape: tuple[int, ...]) -> None:
    generator = np.random.default_rng(1)
    array = scale * generator.normal(size=shape)
    for _ in range(10):
        off = 1 + 1e-14 * generator.normal(size=shape)
        assert alike(array * off, array)
        assert alike(array, array * off)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    "change",
    [
        lambda a: 2 * a,
        lambda a: -a,
        lambda a: a + 1e-3 * np.max(np.abs(a)),
        lambda a: a[::-1],
        lambda a: np.roll(a, 1, axis=1),
        lambda a: np.where(np.arange(a.size).reshape(a.shape) == 777, 0.9 * a, a),
        lambda a: np.where(np.arange(a.size).reshape(a.shape) == 5, np.nan, a),
        lambda a: np.where(np.arange(a.size).reshape(a.shape) == 5, np.inf, a),
        lambda a: a * (1 + 1e-4),
        lambda a: np.zeros_like(a),
        lambda a: a.T,
        lambda a: np.where(np.abs(a) == np.max(np.abs(a)), -a, a),
    ],
)
def test_what_differs_by_more_does_not(scale: float, change: object) -> None:
    array = scale * np.random.default_rng(2).normal(size=(100, 120))
    changed = change(array)  # type: ignore[operator]
    assert not alike(changed, array)
    assert not alike(array, changed)


def test_nan_and_infinities_in_the_same_places_agree() -> None:
    array = np.random.default_rng(3).normal(size=2000)
    array[[3, 5, 8]] = np.nan, np.inf, -np.inf
    assert alike(array.copy(), array)
    other = array.copy()
    other[[5, 8]] = -np.inf, np.inf
    assert not alike(other, array)


def test_whole_numbers_too() -> None:
    array = np.random.default_rng(4).integers(-5, 5, 3000)
    assert alike(array.astype(np.float64), array)
    assert not alike(np.where(np.arange(3000) == 17, array + 1, array), array)


def test_a_run_takes_little_room_afterwards() -> None:
    large, small = np.ones((300, 400)), np.ones(3)
    whole = Observation(
        {"dW": large, "dx": small},
        again={"dW": large},
        timed=Timed(Case({"x": large}), Observation({"dW": large})),
    )
    run = Sketches().of(ExerciseRun({"test": (whole,)}))
    (found,) = run.observations["test"]
    assert isinstance(found.outputs["dW"], Sketch)
    assert isinstance(found.outputs["dx"], np.ndarray)
    assert found.outputs["dx"].tolist() == small.tolist()
    assert found.again is not None
    assert isinstance(found.again["dW"], Sketch)
    assert found.timed is None
    assert len(pickle.dumps(run)) < 10_000


def test_equal_arrays_are_one_and_others_are_not() -> None:
    sketches = Sketches()
    arrays = [
        np.array([1.0, 0.0]),
        np.array([1.0, 0.0]),
        np.array([1.0, -0.0]),
        np.array([[1.0, 0.0]]),
        np.array([1, 0]),
        np.array([1.0, 0.0], np.float32),
        np.array([1.0, 5.0, 0.0])[::2],
    ]
    runs = [sketches.of(ExerciseRun({"t": (Observation({"dx": one}),)})) for one in arrays]
    found: list[Any] = [run.observations["t"][0].outputs["dx"] for run in runs]
    for one, array in zip(found, arrays, strict=True):
        assert one.dtype == array.dtype
        assert one.shape == array.shape
        assert one.tobytes() == array.tobytes()
    assert [one is found[0] for one in found] == [True, True, False, False, False, False, True]
