"""Programs that differ in one place, and forward passes that are looked into."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.diagnosis.changes import MAX_CHANGES, Program
from autograder.diagnosis.expressions import Surroundings
from autograder.diagnosis.passes import Derivative, ForwardPass, Statements
from autograder.diagnosis.programs import Programs, Solution
from autograder.diagnosis.search import Explanation, Search
from autograder.grading.diagnose import in_words

SOLUTION = """\
import numpy as np

def norm_backward(X, gamma, dY):
    total = 0.0
    Z = X - X.mean(axis=1, keepdims=True)
    for i in range(len(X)):
        total += (dY[i] * Z[i]) @ gamma
    return Z * gamma + total
"""


def sources(program: Program) -> list[tuple[str, str, str]]:
    return [(one.kind, one.before, one.after) for one in map(program.change, range(len(program)))]


@pytest.mark.parametrize(
    "change",
    [
        ("sign", "X - X.mean(axis=1, keepdims=True)", "X + X.mean(axis=1, keepdims=True)"),
        ("axis", "X.mean(axis=1, keepdims=True)", "X.mean(axis=0, keepdims=True)"),
        ("sum", "X.mean(axis=1, keepdims=True)", "X.sum(axis=1, keepdims=True)"),
        ("term", "Z * gamma + total", "Z * gamma"),
        ("factor", "Z * gamma", "Z"),
        ("overwritten", "total += dY[i] * Z[i] @ gamma", "total = dY[i] * Z[i] @ gamma"),
        ("name", "dY", "X"),
        ("direction", "gamma", "gamma[::-1]"),
    ],
)
def test_a_program_has_the_changes_that_students_make(change: tuple[str, str, str]) -> None:
    program = Program(SOLUTION, ("X", "gamma", "dY"))
    kinds = {(kind, after) for kind, _, after in sources(program)}
    assert (change[0], change[2]) in kinds


def test_what_was_given_is_left_as_it_was() -> None:
    program = Program(SOLUTION)
    before = program.compiled().co_consts
    for number in range(len(program)):
        program.compiled(number)
    assert program.compiled().co_consts == before


def test_loops_that_might_not_end_are_not_touched() -> None:
    assert len(Program("def f(x):\n    while x > 0:\n        x -= 1\n    return x\n")) == 0


def test_there_are_not_too_many() -> None:
    long = "def f(a, b, c):\n" + "    a = a * b + c * a\n" * 900 + "    return a\n"
    assert len(Program(long, ("a", "b", "c"))) <= 2 * MAX_CHANGES


FORWARD = """\
mean = np.mean(X, axis=1, keepdims=True)
dev = X - mean
var = np.mean(dev**2, axis=1, keepdims=True)
Y = gamma * dev / np.sqrt(var + 0.1)
"""


def case(seed: int, N: int, n: int, with_solution: bool = False) -> Surroundings:
    draw = np.random.default_rng(seed).standard_normal
    X, gamma, dY = draw((N, n)), draw(n), draw((N, n))
    arguments = {"X": X, "gamma": gamma, "dY": dY}
    dev = X - X.mean(1, keepdims=True)
    s = np.sqrt((dev**2).mean(1, keepdims=True) + 0.1)
    Z, dZ = dev / s, gamma * dY
    dX = (dZ - dZ.mean(1, keepdims=True) - Z * (dZ * Z).mean(1, keepdims=True)) / s
    right = {"dX": dX, "dgamma": (dY * Z).sum(0)}
    derivatives = (Derivative("dX", "Y", "X", "dY"), Derivative("dgamma", "Y", "gamma", "dY"))
    forward = ForwardPass(Statements(FORWARD, derivatives), arguments)
    programs = Programs(forward, None, arguments, right)
    dims = {"N": float(N), "n": float(n)}
    return Surroundings(arguments, {"dev": dev, "s": s}, right, dims, ("dY",), programs)


CASES = [case(1, 3, 4), case(2, 2, 5), case(3, 4, 3)]
SEARCH = Search(CASES)


def test_the_gradients_of_the_forward_pass_are_precise() -> None:
    for one in CASES:
        assert one.programs is not None
        assert one.programs.forward is not None
        for output, right in one.right.items():
            found = one.programs.forward.gradient(output)
            assert found is not None
            assert np.allclose(found, right, rtol=0, atol=1e-10)


def explained(**computed: str) -> Explanation:
    ((output, code),) = computed.items()
    returned = {}
    for number, one in enumerate(CASES):
        s, n = one.forward["s"], one.dims["n"]
        names = {
            **one.arguments, **one.right, "s": s, "Z": one.forward["dev"] / s, "n": n,
            "dZ": one.arguments["gamma"] * one.arguments["dY"],
            "m": lambda a: a.mean(1, keepdims=True),
        }  # fmt: skip
        returned[number] = np.asarray(eval(code, names))
    found = SEARCH.explain(output, returned)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("(dZ - m(dZ)) / s", "dX lacks what comes through `var`"),
        ("(dZ - Z * m(dZ * Z)) / s", "`d(dev)`"),
        ("(dZ - m(dZ) + Z * m(dZ * Z)) / s", "what comes through `var` has the wrong sign"),
        ("(dZ - m(dZ) - n * Z * m(dZ * Z)) / s", "has the wrong weight"),
        ("dX / gamma * 0 + (dZ / gamma - m(dZ / gamma) - Z * m(dZ / gamma * Z)) / s", "`dev"),
    ],
)
def test_ways_that_are_missing_are_found(code: str, said: str) -> None:
    assert said in in_words({"dX": explained(dX=code)}, "en")


def test_a_loss_of_what_arrives_is_found() -> None:
    found = explained(dgamma="Z.sum(0)")
    assert "1 everywhere" in in_words({"dgamma": found}, "en")


def test_a_changed_solution_is_found_and_not_quoted() -> None:
    source = "def f(x, y):\n    return (x + 2 * y) * (x - 3 * y) ** 2\n"
    solution = Solution(source, "f", ("x", "y"), ("z",))
    cases, returned = [], {}
    for number in range(3):
        draw = np.random.default_rng(number).standard_normal
        x, y = draw(4 + number), draw(4 + number)
        arguments, right = {"x": x, "y": y}, {"z": (x + 2 * y) * (x - 3 * y) ** 2}
        programs = Programs(None, solution, arguments, right)
        cases.append(Surroundings(arguments, {}, right, {"n": 4.0 + number}, (), programs))
        returned[number] = (x + 2 * y) * (x + 3 * y) ** 2
    found = Search(cases).explain("z", returned)
    assert found is not None
    assert str(found) == "the solution with `x + 3 * y` for `x - 3 * y` in line 2"
    assert in_words({"z": found}, "en").startswith("In z, a sign is the opposite one")


def test_a_solution_that_fails_or_prints_nothing_of_use_says_nothing() -> None:
    solution = Solution("def f(x):\n    return x.missing + 1\n", "f", ("x",), ("z",))
    for number in range(len(solution.program)):
        assert solution.run(number, {"x": np.ones(3)}) == {}
