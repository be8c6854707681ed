"""The search for what was computed, its words, and shapes that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.diagnosis.changes import Change, Kind
from autograder.diagnosis.expressions import (
    MAX_ELEMENTS,
    RIGHT,
    Expression,
    Found,
    Surroundings,
    Table,
)
from autograder.diagnosis.programs import FORWARD, SOLUTION, UPSTREAM, WAY
from autograder.diagnosis.search import Explanation, Factor, Search
from autograder.diagnosis.shapes import Clash, find_clash
from autograder.grading.clashes import fitting_in_words, shapes_in_words
from autograder.grading.diagnose import in_words

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


SHAPES = st.lists(st.sampled_from([0, 1, 2, 3]), min_size=1, max_size=4).map(tuple)
NUMPY: dict[str, Callable[..., Any]] = {
    "@": np.matmul,
    "*": np.multiply,
    "outer": np.multiply.outer,
}


@given(st.sampled_from(sorted(NUMPY)), SHAPES, SHAPES)
def test_the_size_of_a_result_is_that_of_numpy(
    operation: str, one: tuple[int, ...], other: tuple[int, ...]
) -> None:
    left, right = (
        Found(Expression("leaf", name=name), np.ones(shape), 1)
        for name, shape in (("a", one), ("b", other))
    )
    try:
        size = NUMPY[operation](left.value, right.value).size
    except ValueError:
        size = 0
    assert Table(operation, [left], [right]).size == (0 if size > MAX_ELEMENTS else size)


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


def test_what_is_found_does_not_depend_on_who_was_asked_about_before() -> None:
    lengths = [*LENGTHS, (5, 4, 3)]
    cases = [surroundings(seed, *one) for seed, one in enumerate(lengths)]
    shared = Search(cases)
    for several in combinations(range(len(cases)), 2):
        returned = {number: -cases[number].right["dW"].T for number in several}
        with np.errstate(all="ignore"):
            found = shared.explain("dW", returned)
        assert str(found) == "-(right dW).T", several


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
    (
        Explanation("dW", leaf(RIGHT + "dW"), Factor(bottom="N"), factors=(Factor(bottom="m"),)),
        "dW is the right result divided by N or m.",
        "dW는 맞는 결과를 N 또는 m으로 나눈 값입니다.",
    ),
    (
        Explanation("dx", leaf("$d z")),
        "What you return as dx is `d(z)`. Here d(z) is the gradient that arrives at z",
        "dx로 반환한 값은 `d(z)`입니다. 여기서 d(z)는 forward pass의 z에 전해진 gradient입니다.",
    ),
    (
        Explanation("dX", leaf(f"{WAY} dX var"), Factor(negative=True), added=True),
        "dX lacks what comes through `var`, as if that were a constant.",
        "dX에 `var` 쪽을 거쳐 오는 부분이 빠졌습니다.",
    ),
    (
        Explanation(
            "dX",
            Expression("+", (leaf(f"{WAY} dX mean"), leaf(f"{WAY} dX var"))),
            Factor(negative=True),
            added=True,
        ),
        "dX lacks what comes through `mean` and `var`",
        "dX에 `mean`, `var` 쪽을 거쳐 오는 부분이 빠졌습니다.",
    ),
    (
        Explanation("dX", leaf(f"{WAY} dX var"), Factor("2", negative=True), added=True),
        "In dX, what comes through `var` has the wrong sign.",
        "dX에서 `var` 쪽을 거쳐 오는 부분의 부호가 반대입니다.",
    ),
    (
        Explanation("dX", leaf(f"{WAY} dX var"), Factor("(n - 1)"), added=True),
        "In dX, what comes through `var` has the wrong weight: it differs from the right one by",
        "dX에서 `var` 쪽을 거쳐 오는 부분의 계수가 맞는 값과 (n - 1)만큼 다릅니다.",
    ),
    (
        Explanation("dX", leaf(f"{WAY} dX var")),
        "dX is nothing but what comes through `var`",
        "dX에는 `var` 쪽을 거쳐 오는 부분만 있습니다.",
    ),
    (
        Explanation("dX", leaf(f"{WAY} dX var"), added=True, added_to=Factor(bottom="N")),
        "What you return as dX is `right dX / N + through(var)`: the part besides",
        "dX로 반환한 값은 `right dX / N + through(var)`입니다(right는 맞는 결과). 맞는 결과 외의 "
        "부분은 들어가면 안 됩니다. 여기서 through(z)는",
    ),
    (
        Explanation("dX", leaf(f"{UPSTREAM} 1 dX")),
        "dX is what comes out when the incoming gradient is 1 everywhere",
        "dX는 전해진 gradient가 모두 1일 때의 값입니다.",
    ),
    (
        Explanation("dX", leaf(f"{UPSTREAM} output dX"), Factor(bottom="N")),
        "In dX, the output of the layer stands where the incoming gradient belongs. It is",
        "dX에서 전해진 gradient가 들어갈 자리에 layer의 출력이 쓰였습니다. 거기에 1/N이",
    ),
    (
        Explanation("dW", leaf(f"{UPSTREAM} first dW")),
        "Only the first sample counts in dW.",
        "dW에 첫 번째 sample만 쓰였습니다.",
    ),
    (
        Explanation("dW", leaf(f"{UPSTREAM} last dW")),
        "Only the last sample counts in dW.",
        "dW에 마지막 sample만 쓰였습니다.",
    ),
    (
        Explanation(
            "dX",
            leaf(f"{FORWARD} 3 dX"),
            change=Change("axis", 1, "X.mean(axis=1)", "X.mean(axis=0)"),
        ),
        "dX belongs to another forward pass: to one with `X.mean(axis=0)` in place of "
        "`X.mean(axis=1)`.",
        "dX는 다른 forward pass의 답입니다. `X.mean(axis=1)` 대신 `X.mean(axis=0)`라고 쓴 것과",
    ),
]

CHANGES: dict[Kind, tuple[str, str]] = {
    "sign": ("a sign is the opposite one", "부호 하나가 반대입니다"),
    "term": ("a term of a sum or difference is missing", "항 하나가 빠졌습니다"),
    "factor": ("a factor or a divisor is missing", "곱하거나 나누어야 할 것 하나가 빠졌습니다"),
    "division": ("is divided that should be multiplied", "곱해야 할 것으로 나누었습니다"),
    "multiplication": ("is multiplied that should be divided", "나누어야 할 것을 곱했습니다"),
    "elementwise": ("element by element", "원소별로 곱했습니다"),
    "operation": ("one operation is another", "연산 하나가 다릅니다"),
    "order": ("the order is wrong", "순서가 바뀌었습니다"),
    "transpose": ("a transpose is missing", "전치가 하나 빠졌거나"),
    "axis": ("runs along the wrong axis", "축이 틀렸습니다"),
    "sum": ("there is a sum where a mean belongs", "평균을 내야 할 곳에 합을 썼습니다"),
    "mean": ("there is a mean where", "평균을 썼습니다"),
    "extreme": ("there is a largest or smallest", "최댓값이나 최솟값을 썼습니다"),
    "power": ("a power is wrong", "거듭제곱이 틀렸습니다"),
    "number": ("a number that you wrote out is wrong", "직접 적은 숫자 하나가 틀렸습니다"),
    "comparison": ("a comparison is wrong", "비교가 틀려서"),
    "function": ("a function is not applied", "함수 하나가 빠졌습니다"),
    "name": ("one array stands where another belongs", "자리에 다른 배열이 쓰였습니다"),
    "direction": ("in the wrong direction", "반대 방향으로 따라갔습니다"),
    "overwritten": ("values overwrite each other", "덮어썼습니다"),
    "statement": ("a step of the computation is missing", "한 단계가 빠졌습니다"),
    "slice": ("the wrong part of an array", "배열의 다른 부분을 가져왔습니다"),
}


@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_change_of_the_solution_is_said_without_quoting_it(kind: Kind) -> None:
    change = Change(kind, 7, "secret * formula", "zeta")
    found = Explanation("dX", leaf(f"{SOLUTION} 4 dX"), change=change, arguments=("X",))
    for language, said in zip(("en", "ko"), CHANGES[kind], strict=True):
        words = in_words({"dX": found}, language)
        assert said in words
        assert "secret" not in words
        assert "zeta" not in words
    assert str(found) == "the solution with `zeta` for `secret * formula` in line 7"


def test_an_argument_in_another_ones_place_is_named() -> None:
    change = Change("name", 7, "secret", "X")
    found = Explanation("dX", leaf(f"{SOLUTION} 4 dX"), change=change, arguments=("X", "dY"))
    assert "`X` stands somewhere where another array belongs" in in_words({"dX": found}, "en")
    assert "쓰인 것이 있습니다: `X`" in in_words({"dX": found}, "ko")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_orders_that_fit_are_listed(language: str) -> None:
    words = {
        "en": "By their shapes these would fit: `X.T @ dY`, `dY.T @ X`.",
        "ko": "Shape만 보면 다음은 가능합니다: `X.T @ dY`, `dY.T @ X`.",
    }
    clash = Clash("@", "X", "dY", (4, 3), (4, 2), ("X.T @ dY", "dY.T @ X"))
    assert words[language] in shapes_in_words(clash, language) + fitting_in_words(clash, language)


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


SPELLINGS: list[tuple[str, list[str]]] = [
    (
        "X @ dY",
        [
            "np.dot(X, dY)",
            "X.dot(dY)",
            "np.matmul(X, dY)",
            "dY.T @ X.T",
            "np.dot(dY.T, X.T)",
            "dY.T.dot(X.T)",
            "np.einsum('ij,jk->ik', X, dY)",
            "np.inner(X, dY.T)",
            "(dY.T @ X.T).T",
            "2 * X @ dY",
            "np.transpose(X).T @ dY",
            "(X @ dY) / len(X)",
            "np.matmul(dY.T, X.T).T",
        ],
    ),
    (
        "dY @ X",
        ["np.dot(dY, X)", "dY.dot(X)", "np.matmul(dY, X)", "X.T @ dY.T", "X.T.dot(dY.T)",
         "np.einsum('ij,jk->ik', dY, X)", "np.dot(X.T, dY.T).T"],
    ),
    (
        "X * dY",
        ["dY * X", "np.multiply(X, dY)", "np.multiply(dY, X)", "(X * dY).sum(axis=0)",
         "np.sum(X * dY, axis=0)", "2 * (X * dY)", "X * dY / len(X)"],
    ),
    (
        "W @ dY.T @ X @ X",
        ["np.dot(W, dY.T) @ X @ X", "W.dot(dY.T).dot(X).dot(X)", "((W @ dY.T) @ X) @ X.T.T"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("one", "others"), SPELLINGS)
def test_failures_are_alike_however_they_are_spelled(one: str, others: list[str]) -> None:
    shapes = [(4, 3), (3, 2), (4, 2)]

    def key(code: str) -> tuple[str, ...] | None:
        clash = find_clash(SOURCE.format(code=code), "backward", 5, shapes)
        return None if clash is None else clash.key

    assert key(one) is not None
    assert {other: key(other) for other in others} == dict.fromkeys(others, key(one))
    assert len({key(spelled) for spelled, _ in SPELLINGS[:3]}) == 3


def test_what_is_added_in_place_must_have_the_shape() -> None:
    source = "def backward(X, dY):\n    dX = np.zeros_like(X)\n    dX += dY\n    return dX\n"
    clash = find_clash(source, "backward", 3, [(4, 1), (4, 2)])
    assert clash is not None
    assert (clash.left_shape, clash.right_shape) == ((4, 1), (4, 2))
