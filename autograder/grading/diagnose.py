"""What wrong answers computed: the search of :mod:`autograder.diagnosis` on what was observed."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import blake2b

import numpy as np
from msgspec.structs import replace

from autograder.course.exercise import (
    EfficiencyTest,
    ExampleTest,
    Exercise,
    GradientTest,
    PropertyTest,
)
from autograder.diagnosis.expressions import Surroundings
from autograder.diagnosis.passes import Derivative, ForwardPass, Statements
from autograder.diagnosis.programs import ARRIVED, UPSTREAM, WAY, Programs, Solution
from autograder.diagnosis.search import Explanation, Search
from autograder.grading.judge import Judgement, Truth
from autograder.grading.run import ExerciseRun
from autograder.text.language import Language
from autograder.text.sentences import Words, joined, words
from autograder.truth.cases import Case
from autograder.truth.expected import Expected
from autograder.truth.forward import run_forward
from autograder.truth.reference import solution_source

# Cases that are searched: so many, no larger than this, of numbers no larger than that.
MAX_CASES = 12
MAX_CASE_ELEMENTS = 3000
MAX_NUMBER = 500.0
# Sentences that one test is explained with.
_MAX_SENTENCES = 3
# Of so many wrong outputs the explanations are kept: many students make the same mistake.
_MAX_KNOWN = 1000


class Diagnoser:
    """Explains wrong outputs of one exercise; what it takes is worked out when first needed."""

    def __init__(
        self,
        exercise: Exercise,
        cases: Mapping[str, Sequence[Case]],
        truths: Mapping[str, Sequence[Truth]],
        known: Mapping[bytes, Explanation | None] | None = None,
    ) -> None:
        self._exercise = exercise
        self._cases = cases
        self._truths = truths
        self._keys: list[tuple[str, int]] = []
        self._programs = _Programs(exercise)
        self.known = dict(known or {})
        """The explanations that were found so far, by what was returned."""

    def explain(self, judgements: Sequence[Judgement], run: ExerciseRun) -> dict[str, Explanation]:
        """The explanation of each wrong output that has one."""
        wrong = {name for one in judgements for name, found in one.wrong.items() if found}
        wrong &= set(self._exercise.signature.outputs)
        seen = (one for observations in run.observations.values() for one in observations)
        if not wrong or all(one.failure is not None for one in seen):
            return {}
        found: dict[str, Explanation] = {}
        search = self._search
        first = self._exercise.run_tests[0].name
        is_wrong = {
            (first if self._exercise.answers else one.test.name, number, output)
            for one in judgements
            for output, numbers in one.wrong.items()
            for number in numbers
        }
        for output in sorted(wrong):
            returned: dict[int, np.ndarray] = {}
            touched = False
            for index, (test, number) in enumerate(self._keys):
                observation = run.observations.get(test, ())
                if number >= len(observation) or observation[number].failure is not None:
                    continue
                value = observation[number].outputs.get(output)
                if isinstance(value, np.ndarray):
                    returned[index] = value
                    touched = touched or (test, number, output) in is_wrong
            if not touched:
                continue
            key = _key(output, returned)
            if key not in self.known:
                while len(self.known) >= _MAX_KNOWN:
                    del self.known[next(iter(self.known))]
                self.known[key] = _explanation(search, output, returned)
            explanation = self.known[key]
            if explanation is not None:
                found[output] = explanation
        return found

    def holds(self, explanation: Explanation, run: ExerciseRun) -> bool:
        """Whether the explanation gives what came back on every ordinary case of the run."""
        search = self._search
        returned = {}
        for index, (test, number) in enumerate(self._keys):
            observation = run.observations[test][number]
            if observation.failure is None:
                returned[index] = observation.outputs[explanation.output]
        arrays = {n: one for n, one in returned.items() if isinstance(one, np.ndarray)}
        return len(arrays) == len(returned) and search.holds(explanation, arrays)

    @cached_property
    def _search(self) -> Search:
        surroundings: list[Surroundings] = []
        if self._exercise.answers:
            self._keys, surroundings = self._by_hand()
        for test in () if self._exercise.answers else self._exercise.run_tests:
            if isinstance(test, EfficiencyTest) or not _is_plain(self._exercise, test):
                continue
            for number, case in enumerate(self._cases[test.name]):
                if len(surroundings) == MAX_CASES:
                    break
                around = self._around(case, self._truths[test.name][number])
                if around is not None:
                    surroundings.append(around)
                    self._keys.append((test.name, number))
        return Search(surroundings)

    def _by_hand(self) -> tuple[list[tuple[str, int]], list[Surroundings]]:
        """The one case that all tests of answers are about, by the first of them: each test knows
        what is right of its own answer."""
        first = self._exercise.run_tests[0].name
        truth: dict[str, Expected] = {}
        for test in self._exercise.run_tests:
            truth |= self._truths[test.name][0]
        around = self._around(self._cases[first][0], truth)
        return ([], []) if around is None else ([(first, 0)], [around])

    def _around(self, case: Case, truth: Truth) -> Surroundings | None:
        """The case as the search sees it; None where its numbers are out of the ordinary."""
        exercise = self._exercise
        right = {name: expected.value for name, expected in truth.items()}
        if set(right) != set(exercise.signature.outputs):
            return None
        known = {name: np.asarray(value) for name, value in right.items() if value is not None}
        if len(known) < len(right) or any(one.dtype.kind == "b" for one in known.values()):
            return None
        if sum(one.size for one in (*case.arrays.values(), *known.values())) > MAX_CASE_ELEMENTS:
            return None
        for name, array in case.arrays.items():
            declared = exercise.arrays.get(name)
            is_whole = declared is not None and declared.dtype is not None
            if not is_whole and array.dtype != np.float64:
                return None
            if array.size and not np.max(np.abs(array)) <= MAX_NUMBER:
                return None
        forward = {}
        if exercise.forward is not None:
            arrays = {name: array.copy() for name, array in case.arrays.items()}
            try:
                with np.errstate(all="ignore"):
                    variables = run_forward(exercise.forward, {**case.functions, **arrays})
            except Exception:  # the witnesses say what is wrong with it
                variables = {}
            forward = {
                name: np.asarray(value)
                for name, value in variables.items()
                if name not in arrays
                and name not in known
                and isinstance(value, (np.ndarray, np.floating, float))
                and np.asarray(value).dtype == np.float64
            }
        upstream = tuple(
            gradient.upstream for gradient in exercise.gradients.values() if gradient.upstream
        )
        forward |= _evaluations(case)
        return Surroundings(
            case.inputs,
            forward,
            known,
            _lengths(exercise, case),
            tuple(dict.fromkeys(upstream)),
            self._programs.on(case, known),
        )


def _key(output: str, returned: Mapping[int, np.ndarray]) -> bytes:
    """The same for the same arrays in the same cases."""
    hasher = blake2b(output.encode(), digest_size=20)
    for number, array in returned.items():
        hasher.update(repr((number, array.dtype.str, array.shape)).encode())
        hasher.update(array.tobytes())
    return hasher.digest()


def _explanation(
    search: Search, output: str, returned: Mapping[int, np.ndarray]
) -> Explanation | None:
    """What explains that this was returned. Numbers of students may overflow. A search that fails
    explains nothing, and costs nobody a grade."""
    with np.errstate(all="ignore"), contextlib.suppress(ArithmeticError, LookupError, ValueError):
        found = search.explain(output, returned)
        return None if found is None or _is_the_answer(found) else found
    return None


class _Programs:
    """The forward pass and the solution of an exercise, to be changed."""

    def __init__(self, exercise: Exercise) -> None:
        self._exercise = exercise

    @cached_property
    def _statements(self) -> Statements | None:
        exercise = self._exercise
        if exercise.forward is None:
            return None
        gradients = exercise.gradients.values()
        return Statements(
            exercise.forward,
            tuple(Derivative(one.output, one.of, one.wrt, one.upstream) for one in gradients),
        )

    @cached_property
    def _solution(self) -> Solution | None:
        exercise = self._exercise
        source = solution_source(exercise)
        if source is None or exercise.is_class:
            return None
        signature = exercise.signature
        return Solution(source, signature.function, signature.parameters, signature.outputs)

    def on(self, case: Case, right: Mapping[str, np.ndarray]) -> Programs:
        """These programs on a case whose right outputs are known."""
        statements = self._statements
        inputs = {**case.functions, **case.arrays}
        forward = None if statements is None else ForwardPass(statements, inputs)
        return Programs(forward, self._solution, inputs, right)


def _is_plain(exercise: Exercise, test: object) -> bool:
    """Whether the test calls the function once, on the arguments of its case."""
    if not isinstance(test, (ExampleTest, GradientTest, PropertyTest)):
        return False
    steps = test.steps
    if exercise.is_class:
        return True
    return all(step.target == exercise.signature.function for step in steps) and len(steps) <= 1


def _is_the_answer(found: Explanation) -> bool:
    """Whether it says that the output is right: another test found it wrong for another reason."""
    return (
        found.about_right and found.factor.is_one and found.shape is None and found.missing is None
    )


def _lengths(exercise: Exercise, case: Case) -> dict[str, float]:
    """What a factor may be made of: the lengths by name, those that have none by what they are
    of, and scalar arguments."""
    lengths: dict[str, float] = {
        name: float(length)
        for name, length in case.dims.items()
        if isinstance(length, (int, np.integer))
    }
    for name, array in case.inputs.items():
        declared = exercise.arrays.get(name)
        shape = () if declared is None else declared.shape
        if array.ndim and "..." in shape and f"{name}.size" not in lengths:
            if len(shape) > 1:
                lengths[f"({name}.size / {name}.shape[-1])"] = float(math.prod(array.shape[:-1]))
            more = {f"len({name})": float(len(array)), f"{name}.size": float(array.size)}
            lengths |= more if not any("len(" in one for one in lengths) else {}
        elif any(isinstance(one, str) and not one.isidentifier() for one in shape):
            for axis, one in enumerate(shape):
                if isinstance(one, str) and not one.isidentifier():
                    written = f"len({name})" if len(shape) == 1 else f"{name}.shape[{axis}]"
                    lengths[written] = float(array.shape[axis])
    if not lengths:
        for name, array in case.inputs.items():
            if array.ndim:
                lengths |= {f"len({name})": float(len(array)), f"{name}.size": float(array.size)}
                if array.ndim > 1:
                    lengths[f"{name}.shape[-1]"] = float(array.shape[-1])
                break
    for name, array in case.inputs.items():
        if array.ndim == 0:
            lengths[name] = float(array)
    return lengths


def _evaluations(case: Case) -> dict[str, np.ndarray]:
    """The values of a function argument near an array argument, one element at a time moved by a
    scalar argument: what numerical gradients are made of."""
    arrays = [name for name, array in case.inputs.items() if array.ndim]
    steps = [name for name, array in case.inputs.items() if array.ndim == 0]
    if len(case.functions) != 1 or len(arrays) != 1 or len(steps) != 1:
        return {}
    ((name, function),) = case.functions.items()
    x, h = case.inputs[arrays[0]], float(case.inputs[steps[0]])
    if x.size > 50:
        return {}
    at, step = arrays[0], steps[0]
    found = {}
    moves = {
        f"{name}({at} + {step}*e)": (0.0, h),
        f"{name}({at} - {step}*e)": (0.0, -h),
        f"{name}({at} + {step}/2*e)": (0.0, h / 2),
        f"{name}({at} - {step}/2*e)": (0.0, -h / 2),
        # Elements that came before stay moved.
        f"{name}({at} + {step}*e, earlier elements at -{step})": (-h, h),
        f"{name}({at} - {step}*e, earlier elements at -{step})": (-h, -h),
        f"{name}({at} + {step}*e, earlier elements at +{step})": (h, h),
        f"{name}({at} - {step}*e, earlier elements at +{step})": (h, -h),
        f"{name}({at}, earlier elements at +{step})": (h, 0.0),
    }
    try:
        with np.errstate(all="ignore"):
            for written, (earlier, here) in moves.items():
                values = np.empty(x.size)
                for i in range(x.size):
                    moved = x.copy().reshape(-1)
                    moved[:i] += earlier
                    moved[i] += here
                    values[i] = float(function(moved.reshape(x.shape)))
                found[written] = values.reshape(x.shape)
            found[f"{name}({at})"] = np.asarray(float(function(x.copy())))
            found[f"{name}({at} + {step})"] = np.asarray(float(function(x + h)))
            found[f"{name}({at} - {step})"] = np.asarray(float(function(x - h)))
    except Exception:  # the course's function does not take it
        return {}
    return {key: value for key, value in found.items() if np.all(np.isfinite(value))}


# Words


def in_words(found: Mapping[str, Explanation], language: Language) -> Words:
    """One sentence for each explained output: what was computed, and where it differs."""
    sentences = [_sentence(one, language) for one in found.values()]
    return joined(sentences[:_MAX_SENTENCES], " ")


def _sentence(found: Explanation, language: Language) -> Words:
    output, factor = found.output, found.factor
    if found.expression.name in ("0", "1"):
        key = "computed_zeros" if found.expression.name == "0" else "computed_ones"
        return words(key, language, output=output)
    if found.missing is not None:
        return words("computed_missing_sum", language, output=output, dim=found.missing)
    if found.ways and (found.added_to.is_one if found.added else factor.is_one):
        return _ways_sentence(found, language)
    if found.added:
        written = str(replace(found, shape=None, others=()))
        said = words("computed_added", language, output=output, expression=written)
        return joined((said, _legend(found, language)))
    sentences = []
    expression = found.expression
    is_transposed = expression.operation == "T" and expression.operands[0].name == f"right {output}"
    program = _program_sentence(found, language)
    if found.about_right or is_transposed:
        if is_transposed:
            sentences.append(words("computed_transposed", language, output=output))
        if not factor.is_one:
            sentences.append(_factor_sentence(found, language))
    elif program or (expression.operation == "leaf" and expression.name.startswith("right ")):
        other = expression.name.removeprefix("right ")
        sentences.append(program or words("computed_other", language, output=output, other=other))
        if not factor.is_one:
            sentences.append(words("computed_other_times", language, factor=factor))
    else:
        first = replace(found, others=(), shape=None)
        choice = joined(("`", words("computed_choice", language), "`"))
        plain = joined((first, *found.others), choice)
        said = words("computed_expression", language, output=output, expression=plain)
        sentences.append(joined((said, _legend(found, language))))
    if found.shape is not None and (found.about_right or found.shape != found.right_shape):
        key = "computed_shape" if found.about_right and factor.is_one else "computed_shape_too"
        sentences.append(
            words(key, language, output=output, shape=found.shape, right_shape=found.right_shape)
        )
    return joined(sentences, " ")


def _ways_sentence(found: Explanation, language: Language) -> Words:
    """What is wrong with what comes through parts of the forward pass."""
    ways = joined(found.ways, words("computed_and", language))
    factor = found.factor
    if not found.added:
        key = "computed_way_only"
    elif factor.negative and factor.top == factor.bottom == "1":
        key = "computed_way_missing"
    elif factor.negative and (factor.top, factor.bottom) == ("2", "1"):
        key = "computed_way_sign"
    else:
        key = "computed_way_weight"
    return words(key, language, output=found.output, ways=ways, factor=factor)


def _program_sentence(found: Explanation, language: Language) -> Words:
    """What another program computes: with a change, or with another incoming gradient."""
    output, change = found.output, found.change
    kind, _, rest = found.expression.name.partition(" ")
    if kind == UPSTREAM:
        return words(f"computed_upstream_{rest.split(' ')[0]}", language, output=output)
    if change is None:
        return joined(())
    if not found.of_solution:
        return words(
            "computed_forward", language, output=output, before=change.before, after=change.after
        )
    kind = change.kind
    # Of the solution nothing is quoted; the names of arguments are known to everybody.
    if kind == "name" and change.after in found.arguments:
        kind = "argument"
    return words(f"computed_change_{kind}", language, output=output, after=change.after)


def _legend(found: Explanation, language: Language) -> Words:
    """What the names in an expression mean that students have not written."""
    kinds = {name.partition(" ")[0] for name in found.expression.leaves if " " in name}
    keys = {ARRIVED: "computed_arrived", WAY: "computed_through"}
    said = [words(key, language) for kind, key in keys.items() if kind in kinds]
    return joined(["", *said], " ")


def _factor_sentence(found: Explanation, language: Language) -> Words:
    output = found.output
    factor = found.factor
    if factor.negative and factor.top == factor.bottom == "1":
        return words("computed_sign", language, output=output)
    alike = [factor, *found.factors]
    bottoms = [one.bottom.strip("()") for one in alike]
    tops = [one.top.strip("()") for one in alike]
    negative = words("computed_sign_too", language) if factor.negative else ""
    choice = words("computed_choice", language)
    if all(one.top == "1" for one in alike):
        said = words("computed_divided", language, output=output, factor=joined(bottoms, choice))
    elif all(one.bottom == "1" for one in alike):
        said = words("computed_multiplied", language, output=output, factor=joined(tops, choice))
    else:
        written = joined((str(one).lstrip("-") for one in alike), choice)
        said = words("computed_multiplied", language, output=output, factor=written)
    return joined((said, negative))
