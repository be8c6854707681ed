"""Exercises made by hand, for tests of the pure core."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from autograder.course.exercise import (
    Array,
    Dims,
    Drawing,
    Example,
    ExampleTest,
    Exercise,
    Gradient,
    GradientTest,
    Part,
    RunTest,
    Signature,
    Step,
)

HERE = Path("course")
PARTS = (Part(("dx",), 1.0), Part(("dW",), 1.0))
STEPS = (Step(("dx", "dW"), "linear_backward", ("x", "W", "dy")),)


def gradient_test(name: str = "t", **drawing: Any) -> GradientTest:
    dims = drawing.pop("dims", {"m": (1, 2, 3, 5), "n": (1, 2, 4)})
    constraints = drawing.pop("constraints", ())
    return GradientTest(
        name=name,
        visibility="hidden",
        parts=PARTS,
        steps=STEPS,
        against=("finite_differences", "reference"),
        inputs=Drawing(dims=Dims(dims, constraints), **drawing),
    )


def example_test(given: dict[str, Any], expect: dict[str, Any], **more: Any) -> ExampleTest:
    return ExampleTest(
        name="example",
        visibility="public",
        parts=PARTS,
        steps=STEPS,
        inputs=Example(given, expect, **more),
    )


def linear_backward_exercise(*tests: RunTest, forward: str = "y = W @ x") -> Exercise:
    """The backward pass of y = W x, with the given tests."""
    return Exercise(
        assignment="linear-layer",
        name="linear_backward",
        title={"en": "Backward"},
        statement={"en": "Backward"},
        signature=Signature("linear_backward", ("x", "W", "dy"), ("dx", "dW")),
        arrays={
            "x": Array("x", ("n",)),
            "W": Array("W", ("m", "n")),
            "dy": Array("dy", ("m",)),
        },
        auxiliary={},
        functions={},
        forward=forward,
        gradients={
            "dx": Gradient("dx", "y", "x", "dy"),
            "dW": Gradient("dW", "y", "W", "dy"),
        },
        tests=tests,
        mistakes=(),
        public_path=HERE / "linear_backward.yaml",
        hidden_path=None,
        stub_path=HERE / "linear_backward.py",
        solution_path=None,
    )


def linear_backward(x: Any, W: Any, dy: Any) -> tuple[Any, Any]:
    return W.T @ dy, np.outer(dy, x)
