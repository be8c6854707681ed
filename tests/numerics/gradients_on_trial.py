"""The error estimates of finite differences, held against mpmath on random functions.

``python -m tests.numerics.gradients_on_trial 4000`` prints a table, one line a kind: how large the
true error is beside the estimated one, and how useful the estimates are; it fails where they are
not what :func:`hold` wants.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from autograder.truth.finite_differences import Estimate, gradient
from tests.numerics.random_functions import SMOOTH, Problem, draw

# The share of the estimate that a tolerance allows; see autograder.truth.witnesses.
ALLOWED = 8.0

# So many elements may be off by more than the tolerance allows for: 0.1 %.
MAY_BE_ABOVE = 1e-3
NEVER_ABOVE = 1e3


class Outcome(NamedTuple):
    """One element: the true error over the estimated one, the estimated error relative to the
    derivative, and whether finite differences said that they cannot speak."""

    problem: Problem
    element: int
    truth: float
    value: float
    error: float
    ratio: float
    silent: bool


def outcomes(problems: Sequence[Problem]) -> list[Outcome]:
    found = []
    for problem in problems:
        with np.errstate(all="ignore"):
            estimate: Estimate = gradient(problem.terms, problem.x)
        truths = problem.derivatives() if problem.differentiable else [np.nan] * len(problem.x)
        reported = {obstacle.element for obstacle in estimate.obstacles}
        for index, truth in enumerate(truths):
            value, error = float(estimate.value[index]), float(estimate.error[index])
            off = abs(np.longdouble(estimate.value[index]) - np.longdouble(truth))
            ratio = float(off / error) if error > 0 else float("inf")
            silent = (index,) in reported or not np.isfinite(error)
            found.append(Outcome(problem, index, float(truth), value, error, ratio, silent))
    return found


def hold(found: list[Outcome]) -> None:
    spoken = [one for one in found if one.problem.differentiable and not one.silent]
    above = [one for one in spoken if not one.ratio <= ALLOWED]
    assert len(above) <= MAY_BE_ABOVE * len(spoken), above
    assert [one for one in above if not one.ratio <= NEVER_ABOVE] == []
    # Who says nothing is never wrong, and of no use.
    smooth = [one for one in found if one.problem.kind in SMOOTH]
    assert smooth
    assert not any(one.silent for one in smooth)
    assert np.median([1 / max(one.ratio, 1e-300) for one in smooth]) < 100
    # Where there is no derivative, it is said.
    unclear = [one for one in found if not one.problem.differentiable and one.element == 0]
    assert all(one.silent for one in unclear)
    # And where there is one, it is found.
    useful: dict[str, list[bool]] = defaultdict(list)
    for one in spoken:
        useful[one.problem.kind].append(one.error <= 1e-3 * abs(one.truth))
    assert {kind: np.mean(those) for kind, those in useful.items() if np.mean(those) < 0.6} == {}


def main(count: int, seed: int) -> None:
    kinds: dict[str, list[Outcome]] = defaultdict(list)
    every = outcomes(draw(count, seed))
    for outcome in every:
        kinds[outcome.problem.kind].append(outcome)
    print(
        f"{'kind':26} {'n':>5} {'silent':>6} {'max ratio':>9} {'> 8':>6} {'useless':>7} "
        f"{'median est/true':>15}"
    )
    total = above = 0
    for kind, found in kinds.items():
        spoken = [one for one in found if not one.silent and np.isfinite(one.truth)]
        ratios = np.array([one.ratio for one in spoken])
        total, above = total + len(found), above + int(np.sum(ratios > ALLOWED))
        useless = np.mean([one.error > 1e-3 * abs(one.truth) for one in spoken] or [False])
        median = 1 / max(float(np.median(ratios)), 1e-300) if len(ratios) else np.nan
        print(
            f"{kind:26} {len(found):5} {len(found) - len(spoken):6} "
            f"{max(ratios, default=0):9.3g} {int(np.sum(ratios > ALLOWED)):6} {useless:7.1%} "
            f"{median:15.3g}"
        )
    hold(every)
    print(f"{above} of {total} above {ALLOWED:g} ({above / total:.3%})")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*given, *(4000, 0)[len(given) :])
