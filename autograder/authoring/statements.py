"""What an author writes held against the tests: numbers of examples, arguments that change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from autograder.course.exercise import ExampleTest, Exercise
from autograder.truth.cases import Case
from autograder.truth.reference import load_reference
from autograder.truth.trusted_time_limit import TooLong, limited
from autograder.truth.witnesses import argument, run_steps

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"

_EXAMPLE = re.compile(
    r"\*\*(?:Example|Examples|For example|예|예제|예시|보기)\b[^*]*\*\*(.*?)(?=\n\s*\n|\Z)",
    re.DOTALL,
)
_FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$]+?)\$", re.DOTALL)
_NAME = r"(?:\\?[A-Za-z]+|\\(?:mathrm|mathit|text)\{[^}]*\})(?:\\?[A-Za-z]+)*(?:_\{?\w+\}?)?"
_EQUATION = re.compile(rf"^\s*({_NAME})\s*(?:=|\\approx)\s*(.+)$", re.DOTALL)
_MATRIX = re.compile(r"\\begin\{([pbv]?matrix)\}(.*)\\end\{\1\}", re.DOTALL)
_FRACTION = re.compile(r"\\[dt]?frac\{(-?\d+)\}\{(\d+)\}")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:/\d+(?:\.\d*)?)?")
_GREEK = {r"\varepsilon": "eps", r"\epsilon": "epsilon", r"\lambda": "lam"}


def contradictions(exercise: Exercise, language: str) -> Iterator[str]:
    """What the example of the statement says otherwise than the worked example that it shares
    numbers with, one complaint for each array."""
    examples = [test for test in exercise.tests if isinstance(test, ExampleTest)]
    said = dict(numbers_of(exercise.statement.get(language, "")))
    best: tuple[int, str, list[str]] | None = None
    for test in examples:
        known = {**test.inputs.given, **test.inputs.expect}
        agree, differ = 0, []
        for name, value in said.items():
            expected = _known(name, known)
            if expected is None or expected.size != value.size:
                continue
            if _same(value, expected):
                agree += 1
            else:
                differ.append(
                    f"the example of the statement ({language}) has {name} = {_shown(value)}, and "
                    f"test '{test.name}' has {_shown(expected)}; change the one or the other"
                )
        if agree and not differ:
            return
        if agree and (best is None or agree > best[0]):
            best = agree, test.name, differ
    if best is not None:
        yield from best[2]


def numbers_of(statement: str) -> Iterator[tuple[str, NumpyArray]]:
    """The arrays that the example of a statement gives, where they can be read: in formulas such
    as ``$dx = (1, 2)$`` and ``$W = \\begin{pmatrix} 1 & 2 \\end{pmatrix}$``."""
    for paragraph in _EXAMPLE.finditer(statement):
        for formula in _FORMULA.finditer(paragraph[1]):
            equation = _EQUATION.match(formula[1] or formula[2])
            if equation is None:
                continue
            value = _read(equation[2])
            if value is not None:
                yield _plain_name(equation[1]), value


def _plain_name(tex: str) -> str:
    for command, name in _GREEK.items():
        tex = tex.replace(command, name)
    tex = re.sub(r"\\(?:mathrm|mathit|text)\{([^}]*)\}", r"\1", tex)
    return tex.replace("\\_", "_").replace("\\", "").replace("_{", "").replace("}", "")


def _known(name: str, known: Mapping[str, Any]) -> NumpyArray | None:
    for one in (name, name.replace("_", "")):
        if one in known and not isinstance(known[one], bool):
            return np.asarray(known[one], dtype=np.float64)
    return None


def _read(text: str) -> NumpyArray | None:
    """A number, a vector in brackets or a matrix; None where it is none of these."""
    text = _FRACTION.sub(r"\1/\2", text).replace("\\,", "").strip().rstrip(".,;")
    matrix = _MATRIX.fullmatch(text)
    if matrix is not None:
        rows = [row.split("&") for row in matrix[2].split("\\\\") if row.strip()]
        if len({len(row) for row in rows}) != 1:
            return None
        numbers = [_number(cell) for row in rows for cell in row]
    elif text.startswith("(") and text.endswith(")"):
        numbers = [_number(cell) for cell in text[1:-1].split(",") if cell.strip()]
    else:
        numbers = [_number(text)]
    if not numbers or None in numbers:
        return None
    return np.asarray(numbers, dtype=np.float64)


def _number(text: str) -> float | None:
    text = text.strip().replace(" ", "").replace("{", "").replace("}", "")
    if not _NUMBER.fullmatch(text):
        return None
    above, _, below = text.partition("/")
    return float(above) / float(below) if below else float(above)


def _same(said: NumpyArray, expected: NumpyArray) -> bool:
    """True where each number that is said is what is expected, rounded to its decimals."""
    return all(
        abs(one - other) <= max(0.51 * 10.0 ** -_decimals(one), 1e-9 * abs(other))
        for one, other in zip(said.flat, expected.flat, strict=True)
    )


def _decimals(number: float) -> int:
    text = repr(float(number))
    if "e" in text or text.endswith(".0"):
        return 9
    return len(text.split(".")[1])


def _shown(value: NumpyArray) -> str:
    return f"({', '.join(f'{one:.6g}' for one in value.flat)})"


def changed_arguments(
    exercise: Exercise, cases: Mapping[str, Sequence[Case]]
) -> dict[str, tuple[str, ...]]:
    """By test, the arguments that the solution changes in its first case; only the first test
    with such a case. What raises is found elsewhere."""
    reference = load_reference(exercise)
    if reference is None:
        return {}
    for test in exercise.run_tests:
        for case in cases[test.name][:1]:
            given = {name: argument(array.copy()) for name, array in case.inputs.items()}
            try:
                with limited(), np.errstate(all="ignore"):
                    run_steps(exercise, test.steps, reference, {**given, **case.functions})
            except (Exception, SystemExit, TooLong):
                continue
            changed = tuple(
                name
                for name, array in case.inputs.items()
                if array.ndim and not np.array_equal(given[name], array, equal_nan=True)
            )
            if changed:
                return {test.name: changed}
    return {}
