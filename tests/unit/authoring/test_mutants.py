"""Mutants: each operator changes what it says, and behaviours go wrong where they say."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from autograder.authoring.mutants import Mutant, difference, mutants
from autograder.course.exercise import Signature
from tests.support.exercises import linear_backward_exercise

EXERCISE = linear_backward_exercise()
SOLUTION = "import numpy as np\n\ndef linear_backward(x, W, dy):\n    {body}\n"


def of(body: str) -> list[Mutant]:
    return [one for one in mutants(EXERCISE, SOLUTION.format(body=body)) if not one.is_behaviour]


@pytest.mark.parametrize(
    ("body", "mutated"),
    [
        ("return W @ x - dy", "return ((W @ x) + (dy))"),
        ("return W @ x - dy", "return (W @ x)"),
        ("return W.T @ dy", "return W @ dy"),
        ("return W.T @ dy", "return ((dy) @ (W.T))"),
        ("return W @ dy", "return ((W.T) @ (dy))"),
        ("return dy.sum(axis=0)", "return dy.sum(axis=1)"),
        ("return dy.sum(axis=0)", "return dy.mean(axis=0)"),
        ("return -dy", "return (dy)"),
        ("return dy * (x > 0)", "return dy * ((x >= 0))"),
        ("return np.outer(dy, x)", "return np.outer(x, dy)"),
        ("return x.copy()", "return x"),
        ("return np.zeros(x.shape)", "return np.zeros(x.shape, dtype=x.dtype)"),
        ("return dy / 2.0", "return dy / (2 * 2.0)"),
        ("return x, dy", "return (dy, x)"),
        ("x -= dy; return x", "x += dy; return x"),
        ("return np.sum(x, keepdims=True)", "return np.sum(x, keepdims=False)"),
        ("return np.zeros(3, dtype=float)", "return np.zeros(3)"),
    ],
)
def test_operators_change_one_place(body: str, mutated: str) -> None:
    assert SOLUTION.format(body=mutated) in [one.source for one in of(body)]


def test_every_mutant_is_another_program_and_none_comes_twice() -> None:
    body = "return W.T @ dy + 0 * x, np.outer(dy, x) if x.any() else np.zeros(W.shape)"
    found = mutants(EXERCISE, SOLUTION.format(body=body))
    sources = [one.source for one in found]
    assert len(set(sources)) == len(sources) > 20
    for source in sources:
        compile(source, "mutant", "exec")


def test_text_that_is_not_ascii_is_replaced_at_the_right_place() -> None:
    body = '"기울기"; return W.T @ dy  # 전치'
    assert SOLUTION.format(body='"기울기"; return W @ dy  # 전치') in [
        one.source for one in of(body)
    ]


def test_the_difference_is_a_diff_of_lines() -> None:
    solution = SOLUTION.format(body="return W.T @ dy")
    (mutant,) = [one for one in of("return W.T @ dy") if one.what == "'W' not transposed"]
    assert difference(solution, mutant) == "-    return W.T @ dy\n+    return W @ dy"


def test_attributes_are_shared_added_up_and_kept() -> None:
    exercise = replace(EXERCISE, is_class=True, signature=Signature("Layer", ("W",), ("dx", "dW")))
    source = "class Layer:\n    def __init__(self, W):\n        self.W = W\n"
    found = {one.what: one.source for one in mutants(exercise, source)}
    assert "type(self).W = W" in found["self.W is shared by all objects"]
    assert 'getattr(self, "W", 0)' in found["self.W adds up over calls"]
    assert not any("remembers" in what for what in found)  # no wrapper around a class


X, W, DY = np.array([9.0, 10.0, 11.0]), np.arange(1.0, 7).reshape(2, 3), np.array([7.0, 8.0])


def behaviour(what: str) -> Callable[..., Any]:
    solution = SOLUTION.format(body="return W.T @ dy, np.outer(dy, x)")
    (mutant,) = [one for one in mutants(EXERCISE, solution) if one.what == what]
    names: dict[str, Any] = {}
    exec(mutant.source, names)
    function: Callable[..., Any] = names["linear_backward"]
    return function


def right(x: Any, W: Any, dy: Any) -> tuple[Any, Any]:
    return W.T @ dy, np.outer(dy, x)


def same(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


SITUATIONS: dict[str, tuple[Any, ...]] = {
    "goes wrong where an axis has the length 1": (X, np.ones((1, 3)), np.ones(1)),
    "goes wrong where every axis has the length 1": (np.ones(1), np.ones((1, 1)), np.ones(1)),
    "goes wrong for arrays of more than 200 elements": (
        np.ones(15), np.ones((14, 15)), np.ones(14),
    ),
    "reads arguments in the order of their memory": (X, np.asfortranarray(W), DY),
    "takes arguments for contiguous": (np.arange(12.0)[::2][:3], W, DY),
    "gives results the dtype of 'x'": (X.astype(int), W + 0.5, DY + 0.25),
    "goes wrong where 'dy' has an exact zero": (X, W, np.array([0.0, 1.0])),
    "goes wrong where all elements of 'x' are equal": (np.full(3, 2.0), W, DY),
    "takes 'x' for positive": (-X, W, DY),
    "takes small numbers for zero": (1e-9 * X, W, DY),
    "takes large numbers for a million": (1e9 * X, W, DY),
    "computes in float32": (X + 1e-9, W, DY),
}  # fmt: skip


@pytest.mark.parametrize("what", SITUATIONS)
def test_behaviours_are_right_but_in_their_situation(what: str) -> None:
    function = behaviour(what)
    if what != "computes in float32":
        assert same(function(X, W, DY), right(X, W, DY))
    assert not same(function(*SITUATIONS[what]), right(*SITUATIONS[what]))


@pytest.mark.parametrize(
    "what",
    [
        "remembers results by the shapes of the arguments",
        "remembers results by 'W' alone",
        "adds up over calls",
    ],
)
def test_behaviours_that_remember_are_right_the_first_time(what: str) -> None:
    function = behaviour(what)
    assert same(function(X, W, DY), right(X, W, DY))
    assert not same(function(2 * X, W, DY), right(2 * X, W, DY))


def test_further_behaviours() -> None:
    third = behaviour("goes wrong from the third call on")
    outcomes = [same(third(X, W, DY), right(X, W, DY)) for _ in range(3)]
    assert outcomes == [True, True, False]
    changed = W.copy()
    assert same(behaviour("changes its argument 'W'")(X, changed, DY), right(X, W, DY))
    assert not np.array_equal(changed, W)
    buffered = behaviour("returns the same buffer again")
    first = buffered(X, W, DY)
    buffered(2 * X, W, 3 * DY)
    assert not same(first, right(X, W, DY))


def test_names_of_mutants_are_sentences() -> None:
    for mutant in mutants(EXERCISE, SOLUTION.format(body="return W.T @ dy, np.outer(dy, x)")):
        assert re.match(r"\S.*\S$", mutant.what)
