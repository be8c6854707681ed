"""The search for what was computed, its words, and shapes that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder.diagnosis.expressions import RIGHT, Expression, Surroundings
from autograder.diagnosis.search import Explanation, Factor, Search
from autograder.diagnosis.shapes import find_clash
from autograder.grading.diagnose import fitting_in_words, in_words, shapes_in_words

LENGTHS = [(4, 3, 2), (3, 5, 4), (6, 2, 5)]


def surroundings(seed: int, N: int, n: int, m: int) -> Surroundings:
    draw = np.random.default_rng(seed).standard_normal
    X, W, b, dY = draw((N, n)), draw((n, m)), draw(m), draw((N, m))
    right = {"dX": dY @ W.T, "dW": X.T @ dY, "db": dY.sum(0)}
    dims = {"N": float(N), "n": float(n), "m": float(m)}
    arguments = {"X": X, "W": W, "b": b, "dY": dY}
    return Surroundings(arguments, {"Y": X @ W + b}, right, dims, ("dY",))


CASES = [surroundings(seed, *lengths) for seed, lengths in enumerate(LENGTHS)]
SEARCH = Search(CASES)


def explain(output: str, compute: Callable[..., Any], cases: int = 3) -> Explanation | None:
    returned = {
        number: np.asarray(compute(**case.arguments)) for number, case in enumerate(CASES[:cases])
    }
    return SEARCH.explain(output, returned)


@pytest.mark.parametrize(
    ("output", "compute", "said"),
    [
        ("dW", lambda X, W, b, dY: X.T @ dY / len(X), "right dW / N"),
        ("dW", lambda X, W, b, dY: -3.7 * X.T @ dY, "-3.7 * right dW"),
        ("dW", lambda X, W, b, dY: dY.T @ X, "(right dW).T"),
        ("dW", lambda X, W, b, dY: X.T @ dY + 0.5 * W, "right dW + W / 2"),
        ("db", lambda X, W, b, dY: dY, "dY"),
        ("db", lambda X, W, b, dY: dY.sum(), "dY.sum()"),
        ("db", lambda X, W, b, dY: dY.sum(0)[None], "right db in shape (1, 2)"),
        ("db", lambda X, W, b, dY: np.zeros(b.shape), "0"),
        ("dX", lambda X, W, b, dY: X.T @ dY, "right dW"),
        (
            "dX",
            lambda X, W, b, dY: dY @ (W - 0.1 * X.T @ dY).T,
            "right dX - 0.1 * dY @ (right dW).T",
        ),
        ("dX", lambda X, W, b, dY: dY @ W.T / len(X) + X, "right dX / N + X"),
    ],
)
def test_what_was_computed_is_found(output: str, compute: Callable[..., Any], said: str) -> None:
    assert str(explain(output, compute)) == said


def test_random_numbers_are_not_explained() -> None:
    draw = np.random.default_rng(7).standard_normal
    for _ in range(50):
        assert explain("dW", lambda X, W, b, dY: draw(W.shape)) is None
        assert explain("db", lambda X, W, b, dY: draw(())) is None


def test_what_differs_from_case_to_case_is_not_explained() -> None:
    assert explain("dW", lambda X, W, b, dY: X.T @ dY / (1 if len(X) == 4 else len(X))) is None


def test_one_case_tells_nothing() -> None:
    assert explain("dW", lambda X, W, b, dY: -X.T @ dY, cases=1) is None


def test_a_factor_with_two_names_is_said_to_have_two() -> None:
    square = [surroundings(seed, k, k, k + 1) for seed, k in enumerate((2, 3, 4))]
    returned = {i: case.right["dW"] / case.dims["N"] for i, case in enumerate(square)}
    found = Search(square).explain("dW", returned)
    assert found is not None
    assert "divided by N or n" in in_words({"dW": found}, "en")


def leaf(name: str) -> Expression:
    return Expression("leaf", name=name)


SENTENCES: list[tuple[Explanation, str, str]] = [
    (Explanation("dW", leaf("0")), "dW is 0 everywhere", "dW는 입력과 상관없이 모두 0입니다."),
    (Explanation("db", leaf("1")), "db is 1 everywhere", "db는 입력과 상관없이 모두 1입니다."),
    (
        Explanation("db", leaf("dY"), missing="N"),
        "db has an axis too many: the sum over N is missing.",
        "db에 축이 하나 더 있습니다. N에 대한 합이 빠졌습니다.",
    ),
    (
        Explanation("dW", leaf(RIGHT + "dW"), Factor(bottom="N")),
        "dW is the right result divided by N.",
        "dW는 맞는 결과를 N으로 나눈 값입니다.",
    ),
    (
        Explanation("dW", leaf(RIGHT + "dW"), Factor(bottom="k", negative=True)),
        "dW is the right result divided by k. Its sign is wrong, too.",
        "dW는 맞는 결과를 k로 나눈 값입니다. 부호도 반대입니다.",
    ),
    (
        Explanation("dx1", leaf(RIGHT + "dx1"), Factor(top="2", value=2.0)),
        "dx1 is the right result multiplied by 2.",
        "dx1은 맞는 결과에 2를 곱한 값입니다.",
    ),
    (
        Explanation("dW", leaf(RIGHT + "dW"), Factor("N", "m")),
        "dW is the right result multiplied by N/m.",
        "dW는 맞는 결과에 N/m을 곱한 값입니다.",
    ),
    (
        Explanation("dx", leaf(RIGHT + "dx"), Factor(negative=True)),
        "dx has the wrong sign",
        "dx의 부호가 반대입니다.",
    ),
    (
        Explanation("dW", Expression("T", (leaf(RIGHT + "dW"),))),
        "dW is transposed",
        "dW가 전치되어 있습니다.",
    ),
    (
        Explanation("dX", leaf(RIGHT + "dW"), Factor(top="2")),
        "What you return as dX is dW. It is multiplied by 2.",
        "dX로 반환한 값은 dW입니다. 거기에 2가 곱해져 있습니다.",
    ),
    (
        Explanation("db", leaf(RIGHT + "db"), shape=(1, 3), right_shape=(3,)),
        "db holds the right numbers in shape (1, 3); the shape must be (3,).",
        "db의 숫자는 맞지만 shape이 (1, 3)입니다. 맞는 shape은 (3,)입니다.",
    ),
    (
        Explanation("loss", leaf(RIGHT + "loss"), Factor(bottom="2"), shape=(1, 1)),
        "loss is the right result divided by 2. Its shape is (1, 1) and must be ().",
        "loss는 맞는 결과를 2로 나눈 값입니다. shape도 (1, 1)입니다. 맞는 shape은 ()입니다.",
    ),
    (
        Explanation("dx", leaf("x"), Factor(top="0.1", value=0.1), added=True),
        "What you return as dx is `right dx + 0.1 * x`",
        "dx로 반환한 값은 `right dx + 0.1 * x`입니다(right는 맞는 결과).",
    ),
    (
        Explanation("dx", leaf("dy")),
        "What you return as dx is `dy`.",
        "dx로 반환한 값은 `dy`입니다.",
    ),
    (
        Explanation("db1", leaf("dy"), others=(leaf("x"),)),
        "What you return as db1 is `dy` or `x`.",
        "db1로 반환한 값은 `dy` 또는 `x`입니다.",
    ),
]


@pytest.mark.parametrize(("found", "english", "korean"), SENTENCES)
def test_every_sentence_in_both_languages(found: Explanation, english: str, korean: str) -> None:
    assert in_words({found.output: found}, "en").startswith(english)
    assert in_words({found.output: found}, "ko").startswith(korean)


SOURCE = """\
import numpy as np

def backward(X, W, dY):
    Y = X @ W
    dW = {code}
    return dW
"""


@pytest.mark.parametrize(
    ("code", "met", "fitting"),
    [
        ("X @ dY", ((4, 3), (4, 2)), {"X.T @ dY", "dY.T @ X"}),
        ("np.dot(dY, X)", ((4, 2), (4, 3)), {"X.T @ dY", "dY.T @ X"}),
        ("X.dot(dY)", ((4, 3), (4, 2)), {"X.T @ dY", "dY.T @ X"}),
        ("X.T @ (dY * W)", ((4, 2), (3, 2)), set()),
        ("dY.sum(axis=1) + W", ((4,), (3, 2)), set()),
        ("Y @ X", ((4, 2), (4, 3)), {"Y.T @ X", "X.T @ Y"}),
    ],
)
def test_shapes_that_met(code: str, met: tuple[Any, Any], fitting: set[str]) -> None:
    clash = find_clash(SOURCE.format(code=code), "backward", 5, [(4, 3), (3, 2), (4, 2)])
    assert clash is not None
    assert (clash.left_shape, clash.right_shape) == met
    assert set(clash.fitting) == fitting
    for language, word in (("en", "has shape (4"), ("ko", "의 shape은 (4")):
        assert word in shapes_in_words(clash, language) + fitting_in_words(clash, language)


@pytest.mark.parametrize("code", ["X.T @ dY", "unknown(X) @ dY", "X[0] @ dY"])
def test_what_cannot_be_told_is_not_said(code: str) -> None:
    assert find_clash(SOURCE.format(code=code), "backward", 5, [(4, 3), (3, 2), (4, 2)]) is None


def test_a_source_that_is_no_python_is_not_read() -> None:
    assert find_clash("def f(:", "f", 1, []) is None
