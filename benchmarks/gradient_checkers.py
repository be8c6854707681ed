"""How often gradient checkers refuse right gradients and accept wrong ones, on the same functions.

    python benchmarks/gradient_checkers.py [--count 30] [--seed 0]

Compared are torch.autograd.gradcheck, jax.test_util.check_grads, check_vjp of HIPS autograd, the
``rel_error < 1e-7`` of cs231n with a step of 1e-5, and this engine; those that are not installed
are left out. Every function is a layer with a loss; the gradient that is handed in is right
(rounded from 60 digits), or wrong by 1e-6 in its largest element. All checkers are used with
their defaults.
"""

from __future__ import annotations

import argparse
import importlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from autograder.truth.finite_differences import gradient
from tests.numerics.random_functions import Problem, layernorm, mixed_scales, power, smooth

Checker: TypeAlias = Callable[[Problem, Any], bool]
WRONG = 1e-6
KINDS = (smooth, power, layernorm, mixed_scales)


def ours(problem: Problem, claimed: Any) -> bool:
    """Within eight times the estimated error and the rounding of a few operations."""
    estimate = gradient(problem.terms, problem.x)
    rounding = 64 * 2.0**-53 * np.abs(estimate.value)
    off = np.abs(claimed - estimate.value)
    return bool(np.all(off <= 8 * estimate.error + rounding)) and not estimate.obstacles


def cs231n(problem: Problem, claimed: Any) -> bool:
    """max |a - b| / max(1e-8, |a| + |b|) < 1e-7, with central differences of step 1e-5."""
    numerical = np.zeros_like(problem.x)
    for index in range(len(problem.x)):
        step = np.zeros_like(problem.x)
        step[index] = 1e-5
        above, below = problem.terms(problem.x + step), problem.terms(problem.x - step)
        numerical[index] = (np.sum(above) - np.sum(below)) / 2e-5
    size = np.maximum(1e-8, np.abs(claimed) + np.abs(numerical))
    return bool(np.max(np.abs(claimed - numerical) / size) < 1e-7)


def torch_checker() -> Checker:
    torch = importlib.import_module("torch")

    def check(problem: Problem, claimed: Any) -> bool:
        class Layer(torch.autograd.Function):  # type: ignore[misc, name-defined]
            @staticmethod
            def forward(context: Any, x: Any) -> Any:
                return torch.tensor(np.sum(problem.terms(x.detach().numpy())))

            @staticmethod
            def backward(context: Any, upstream: Any) -> Any:
                return upstream * torch.tensor(claimed)

        x = torch.tensor(problem.x, requires_grad=True)
        return bool(torch.autograd.gradcheck(Layer.apply, (x,), raise_exception=False))

    return check


def jax_checker() -> Checker:
    jax = importlib.import_module("jax")
    test_util = importlib.import_module("jax.test_util")
    jax.config.update("jax_enable_x64", True)

    def check(problem: Problem, claimed: Any) -> bool:
        def f(x: Any) -> Any:
            return jax.pure_callback(
                lambda v: np.float64(np.sum(problem.terms(np.asarray(v)))),
                jax.ShapeDtypeStruct((), np.float64),
                x,
            )

        layer = jax.custom_vjp(f)
        layer.defvjp(lambda x: (f(x), None), lambda _, upstream: (upstream * claimed,))
        try:
            test_util.check_grads(layer, (jax.numpy.asarray(problem.x),), 1, modes=["rev"])
        except AssertionError:
            return False
        return True

    return check


def autograd_checker() -> Checker:
    extend = importlib.import_module("autograd.extend")
    test_util = importlib.import_module("autograd.test_util")

    def check(problem: Problem, claimed: Any) -> bool:
        layer = extend.primitive(lambda x: np.sum(problem.terms(x)))
        extend.defvjp(layer, lambda _, x: lambda upstream: upstream * claimed)
        try:
            test_util.check_vjp(layer, problem.x)
        except AssertionError:
            return False
        return True

    return check


def checkers() -> dict[str, Checker]:
    """By name, those that are installed."""
    found: dict[str, Checker] = {}
    makers = {
        "torch gradcheck": torch_checker,
        "jax check_grads": jax_checker,
        "autograd check_vjp": autograd_checker,
    }
    for name, make in makers.items():
        try:
            found[name] = make()
        except ImportError:
            print(f"{name}: not installed")
    return found | {"cs231n rel_error < 1e-7": cs231n, "this engine": ours}


def main(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    problems = [KINDS[number % len(KINDS)](rng) for number in range(count)]
    claims = [np.asarray(one.derivatives(), dtype=np.float64) for one in problems]
    print(f"{'of ' + str(count):26} right refused  wrong accepted")
    for name, check in checkers().items():
        refused = accepted = 0
        for problem, right in zip(problems, claims, strict=True):
            wrong = right.copy()
            wrong[np.argmax(np.abs(right))] *= 1 + WRONG
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                refused += not check(problem, right)
                accepted += check(problem, wrong)
        print(f"{name:26} {refused:13}  {accepted:14}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog=Path(__file__).name)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    main(given.count, given.seed)
