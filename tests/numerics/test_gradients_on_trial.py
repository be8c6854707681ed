"""Error estimates of finite differences, with mpmath as the judge, on random functions of the
kinds on which they go wrong: a few here, thousands by ``make numerics``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder.truth.finite_differences import gradient
from tests.numerics.gradients_on_trial import ALLOWED, hold, outcomes
from tests.numerics.random_functions import KINDS, draw


def test_a_few_functions_of_every_kind() -> None:
    hold(outcomes(draw(6 * len(KINDS), 17)))


SMALLEST_REPRODUCTIONS: dict[str, tuple[Callable[[Any], Any], float, float]] = {
    "narrow bump": (lambda x: np.exp(-((x / 0.03) ** 2)), 0.02, -28.4969058),
    "stairs": (lambda x: np.floor(10 * x) + x, 0.123, 1.0),
    "plus and minus": (lambda x: (np.sin(x) + 1e8) - 1e8, 0.5, 0.8775825),
    "float32": (lambda x: np.sin(x.astype(np.float32)).astype(np.float64), 0.5, 0.8775825),
    "log of something small": (np.log, 1e-8, 1e8),
}


@pytest.mark.parametrize("name", SMALLEST_REPRODUCTIONS)
def test_what_was_wrong_once(name: str) -> None:
    function, x, truth = SMALLEST_REPRODUCTIONS[name]
    estimate = gradient(function, np.array([x]))
    assert not estimate.obstacles
    off = abs(float(estimate.value[0]) - truth)
    assert off <= ALLOWED * float(estimate.error[0]) + 1e-6 * abs(truth)
    assert float(estimate.error[0]) < 1e-2 * abs(truth)


def test_an_exception_at_a_step_means_that_it_cannot_be_used() -> None:
    def terms(x: Any) -> Any:
        return np.diag(np.linalg.cholesky(np.array([[1.0, 0.9], [0.9, 1.0]]) + np.diag(x)))

    estimate = gradient(terms, np.array([0.0, 0.0]))
    assert np.all(estimate.error < 1e-6)


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (lambda x: np.abs(x - 0.5), "the slope jumps"),
        (lambda x: np.where(x >= 0.5, 2.0, 0.0) + x, "values jump"),
        (lambda x: np.where(x == 0.5, 1.0, 0.0) + x, "values jump"),
        (lambda x: np.floor(4 * x), "values jump"),
        (lambda x: np.maximum(x - 0.5, 0) ** 1.0, "the slope jumps"),
    ],
)
def test_what_finite_differences_cannot_speak_about_is_named(
    function: Callable[[Any], Any], kind: str
) -> None:
    estimate = gradient(function, np.array([0.25, 0.5]))
    assert [(one.kind, one.element) for one in estimate.obstacles if one.element == (1,)] == [
        (kind, (1,))
    ]


def test_a_loss_outside_of_numpy_that_leaves_no_trace_is_the_limit() -> None:
    """What the documentation says that no choice of steps can see: Python's own numbers."""

    def terms(x: Any) -> Any:
        return np.array([(float(v) + 1e20) - 1e20 for v in x])

    estimate = gradient(terms, np.array([0.5]))
    assert estimate.value[0] == 0
    # In numpy, where every operation is looked at, the same loss is seen.
    seen = gradient(lambda x: (x + 1e20) - 1e20, np.array([0.5]))
    assert seen.error[0] > 0.1
