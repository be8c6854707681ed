"""Programs of many kinds, run on arrays that carry samples of their rounding."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder.truth.noisy import LeftNumpy, Noise, noise_of, seen_by
from autograder.truth.rounding import Sizes, rounded_coarsely, rounding_sizes

X = np.array([[0.5, -1.25, 2.0], [3.0, 0.75, -0.5]])
V = np.array([1.5, -0.25, 0.75])


def sizes_of(program: Callable[..., Any], *arrays: Any) -> tuple[Any, Sizes]:
    """What the program gives for plain arrays, and the size of what it rounds."""
    named = {str(number): np.asarray(array, dtype=float) for number, array in enumerate(arrays)}

    def evaluate(inputs: Any) -> Any:
        with seen_by([program], noise_of(inputs.values())):
            return {"y": program(*(inputs[name].copy() for name in named))}

    value = np.asarray(evaluate(named)["y"], dtype=float)
    return value, rounding_sizes(evaluate, named, {"y": value}, 1)


def into_out(x: Any, v: Any) -> Any:
    result = np.empty(x.shape)
    np.multiply(x, v, out=result)
    return result


def in_place(x: Any, v: Any) -> Any:
    y = x + 0.0
    y *= v
    y[0] += 1.0
    y.T[1] -= 2.0
    return y


def by_elements(x: Any, v: Any) -> Any:
    result = np.zeros(2)
    for i in range(2):
        for j in range(3):
            result[i] += float(x[i, j]) * v[j]
    return result


def through_math(x: Any, v: Any) -> Any:
    return np.array([math.fsum(math.exp(a) * b for a, b in zip(row, v, strict=True)) for row in x])


def scattered(x: Any, v: Any) -> Any:
    result = np.zeros(4)
    np.add.at(result, np.array([1, 1, 3]), v)
    return result + x.sum()


def as_lists(x: Any, v: Any) -> Any:
    return [sum(a * b for a, b in zip(row, v.tolist(), strict=True)) for row in x.tolist()]


class Layer:
    def __init__(self, x: Any) -> None:
        self.x = x

    def forward(self, v: Any) -> Any:
        self.kept = copy.deepcopy(v)
        return self.x @ self.kept


PROGRAMS: dict[str, Callable[..., Any]] = {
    "matmul": lambda x, v: x @ v,
    "vectors": lambda x, v: (v @ v) * x.T @ x @ v,
    "einsum": lambda x, v: np.einsum("ij,j->i", x, v),
    "tensordot": lambda x, v: np.tensordot(x, v, axes=1),
    "dot and outer": lambda x, v: np.outer(np.dot(x, v), v),
    "linalg": lambda x, v: np.linalg.solve(np.eye(3) + np.outer(v, v), v) + np.linalg.norm(x),
    "where": lambda x, v: np.where(x > 0, x * v, np.exp(x)),
    "concatenate": lambda x, v: np.concatenate([x, v[None] * 2]) / 3,
    "reductions": lambda x, v: x.mean(axis=-1, keepdims=True) + x.std(0) + np.add.reduce(v),
    "all axes": lambda x, v: np.sum(x * v) + x.max() - np.prod(v, keepdims=True),
    "accumulate": lambda x, v: np.cumsum(x, axis=1) * np.maximum.accumulate(v),
    "masks": lambda x, v: np.divide(v, x, out=np.zeros_like(x), where=x > 0),
    "fancy indices": lambda x, v: x[[0, 1, 1], [2, 0, 1]] * v[::-1][np.array([0, 2, 2])],
    "several results": lambda x, v: np.linalg.eigh(x.T @ x)[0] * v,
    "out": into_out,
    "in place": in_place,
    "elements": by_elements,
    "math": through_math,
    "add.at": scattered,
    "lists": as_lists,
    "a class": lambda x, v: Layer(x).forward(v),
    "float": lambda x, v: float(np.sum(x @ v)),
    "float as a type": lambda x, v: np.full(2, 0.0, dtype=float) + (x @ v).astype(float),
    "is it a float": lambda x, v: (
        v * (2.0 if x.dtype == float and isinstance(x[0, 0], float) else 0)
    ),
    "stacked lists": lambda x, v: np.array([row @ v for row in x]) * 2,
    "longdouble inside": lambda x, v: (x.astype(np.longdouble) @ v).astype(float),
    "complex step": lambda x, v: np.imag(np.exp(x + 1e-20j * v)) / 1e-20,
    "roll and pad": lambda x, v: np.pad(np.roll(x, 1, axis=1) * v, 1)[1:-1, 1:-1],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_way_to_compute_is_sampled_everywhere(name: str) -> None:
    value, sizes = sizes_of(PROGRAMS[name], X, V)
    assert sizes.everywhere
    size = sizes.of["y"]
    assert size.shape == value.shape
    assert np.all(np.isfinite(size))
    # Of the size of the numbers that were added up, of which none is above a hundred here.
    assert np.all(size < 1e3)
    assert np.all(size[value != 0] > 1e-3 * np.abs(value[value != 0]))


LEAVING: dict[str, Callable[..., Any]] = {
    "apply_along_axis": lambda x, v: np.apply_along_axis(lambda row: row @ v, 1, x),
    "a function of ours": lambda x, v: np.array([float.__mul__(float(a), 2.0) for a in x.flat]),
    "strings": lambda x, v: np.array([float(f"{float(a)!r}") for a in v]),
}


@pytest.mark.parametrize("name", LEAVING)
def test_what_leaves_numpy_is_said_and_measured_all_the_same(name: str) -> None:
    _, sizes = sizes_of(LEAVING[name], X, V)
    assert np.all(sizes.of["y"] >= 0)
    assert np.any(sizes.of["y"] > 0.1)


def test_a_type_that_is_less_precise_is_reported() -> None:
    _, sizes = sizes_of(lambda x: (x.astype(np.float32) * 2).astype(float), X)
    assert not sizes.everywhere
    assert sizes.least_precise == 2.0**-24


def test_what_cancels_has_the_size_of_what_it_was() -> None:
    """p - 1 for a p that is 1 to the last digit."""

    def dz(z: Any) -> Any:
        p = np.exp(z - z.max())
        return p / p.sum() - np.array([1.0, 0.0])

    value, sizes = sizes_of(dz, np.array([50.0, 0.0]))
    assert value[0] == 0
    assert 0.3 < sizes.of["y"][0] < 300


def test_two_uses_of_a_number_do_not_cancel() -> None:
    """Another right program may work out one of them in another way."""
    value, sizes = sizes_of(lambda x, v: (x @ v) - (x @ v) * 1.0, X, V)
    assert np.all(value == 0)
    assert np.all(sizes.of["y"] > 0.1)


def test_decisions_are_those_of_the_value() -> None:
    """At the kink of a ReLU, on the edge of a floor, among equal numbers."""
    zero = np.array([0.0, 2.0, 2.0])
    _, sizes = sizes_of(
        lambda x: (x > 0) + np.floor(x) + np.argmax(x) + np.sign(x) + (x // 1.0), zero
    )
    assert np.all(sizes.of["y"] < 100)
    _, sizes = sizes_of(lambda x: np.sort(x)[[int(x[1]) - 1]], zero)
    assert np.all(sizes.of["y"] < 100)


def test_what_is_not_rounded_has_the_size_of_the_inputs() -> None:
    for program in (lambda x: -x.T.copy(), lambda x: np.maximum(x, -9), lambda x: np.flip(x)[::1]):
        value, sizes = sizes_of(program, X)
        assert np.all(sizes.of["y"] < 2.5 * np.abs(value))


def test_subnormal_numbers_lose_what_they_cannot_hold() -> None:
    value, sizes = sizes_of(lambda z: 1e3 * np.exp(z), np.array([-740.0, -745.0, -800.0]))
    assert np.all(value < 1e-315)
    assert np.all(2.0**-53 * sizes.of["y"] > 100 * 2.0**-1074)


def test_outside_of_a_domain_samples_do_not_count() -> None:
    value, sizes = sizes_of(lambda c: np.sqrt(1 - c * c), np.array([1.0, 0.5]))
    assert value[0] == 0
    assert np.all(np.isfinite(sizes.of["y"]))


def test_the_modules_of_a_program_are_as_they_were_afterwards() -> None:
    before = dict(globals())
    sizes_of(by_elements, X, V)
    with pytest.raises(ZeroDivisionError):
        sizes_of(lambda x: 1 / 0, X)
    assert globals() == before
    assert math is before["math"]


def test_what_cannot_carry_samples_says_so() -> None:
    noise = Noise(0, 2.0**-40, 2.0**-1022, 3)
    noisy = noise.of_input(X)
    assert isinstance(noisy, np.ndarray)
    assert isinstance(noisy[0, 0], float)
    for leave in (np.asarray, lambda a: float(a[0, 0]), lambda a: a.astype(np.float32)):
        with pytest.raises(LeftNumpy):
            leave(noisy)


def test_coarse_rounding_is_the_same_at_every_call_and_smooth() -> None:
    coarse = rounded_coarsely(lambda a: np.tanh(a["x"] @ V) * 3, 5, 2.0**-26, 2.0**-1022)
    once, again = coarse({"x": X}), coarse({"x": X})
    assert np.array_equal(once, again)
    exact = np.tanh(X @ V) * 3
    assert np.all(once != exact)
    assert np.allclose(once, exact, rtol=1e-6)
    slope = (coarse({"x": X + 1e-4}) - coarse({"x": X - 1e-4})) / 2e-4
    right = 3 * (1 - np.tanh(X @ V) ** 2) * V.sum()
    assert np.allclose(slope, right, rtol=1e-5, atol=1e-6)
