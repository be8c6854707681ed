"""Right answers under many seeds: how many of them are refused?

``python -m tests.numerics.right_answers_on_trial 100 [exercise ...]`` draws the cases of every
exercise with that many seeds and holds against what is expected, in this process:

- all right answers of ``tests/answers``, the solution and those in the hidden YAML: none may be
  refused;
- the solution with one element of ordinary size wrong by 1e-6: it must be refused.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from autograder.course.course import Course
from autograder.course.exercise import EfficiencyTest, Exercise
from autograder.course.loading import load_course
from autograder.truth.cases import Case, draw_cases
from autograder.truth.compare import NotAnArray, compare
from autograder.truth.expected import Expected, expected_outputs
from autograder.truth.reference import load_reference, load_right
from autograder.truth.witnesses import argument, run_steps

ROOT = Path(__file__).resolve().parents[2]
# Wrong by so much, relative, in one element that is at least this large beside the largest.
WRONG = 1e-6
ORDINARY = 1e-3


def programs(source: str, function: str) -> Any:
    names: dict[str, Any] = {"np": np}
    exec(compile(source, "<answer>", "exec"), names)
    return names[function]


def right_answers(course: Path, exercise: Exercise) -> dict[str, Any]:
    """By name: the solution, and every right answer that is written down."""
    function = exercise.signature.function
    found = {"solution": load_reference(exercise)}
    path = course / "tests" / "answers" / f"{exercise.name}.yaml"
    if path.exists():
        sources = yaml.safe_load(path.read_text("utf-8"))["right"]
        found |= {name: programs(source, function) for name, source in sources.items()}
    written = zip(exercise.right, load_right(exercise), strict=True)
    found |= {answer.name: program for answer, program in written}
    return found


def expectations(
    exercise: Exercise, seed: int
) -> Iterator[tuple[str, int, Case, Mapping[str, Expected]]]:
    """Test, number, case and expected outputs of every case that a seed draws."""
    reference, right = load_reference(exercise), load_right(exercise)
    for test in exercise.run_tests:
        if isinstance(test, EfficiencyTest) or (test.visibility == "public" and seed > 0):
            continue  # too large, or the same under every seed
        for number, case in enumerate(draw_cases(exercise, test, seed)):
            yield test.name, number, case, expected_outputs(exercise, test, case, reference, right)


def outputs_of(exercise: Exercise, test: str, case: Case, program: Callable[..., Any]) -> Any:
    steps = next(one.steps for one in exercise.run_tests if one.name == test)
    inputs = {name: argument(array.copy()) for name, array in case.inputs.items()}
    with np.errstate(all="ignore"):
        return run_steps(exercise, steps, program, {**inputs, **case.functions})


def as_handed_in(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic, float, int)):
        return np.asarray(value)
    if isinstance(value, (list, tuple)):
        return np.array(value)
    return NotAnArray(type(value).__name__)


def refused(exercise: Exercise, seed: int, answers: Mapping[str, Any]) -> Iterator[str]:
    """What is refused of right answers, and accepted of wrong ones, under this seed."""
    caught: dict[str, bool] = {}
    for test, number, case, expected in expectations(exercise, seed):
        where = f"seed {seed}, {test} {number}"
        for name, program in answers.items():
            try:
                with redirect_stdout(StringIO()):
                    names = outputs_of(exercise, test, case, program)
            except Exception as error:
                yield f"{exercise.name}: right '{name}' fails, {where}: {error}"
                continue
            for output, right in expected.items():
                verdict = compare(right, as_handed_in(names[output]))
                if not verdict.ok:
                    yield f"{exercise.name}: right '{name}' refused, {where}, {output}: {verdict}"
        for output, right in expected.items():
            if right.value is not None and right.itemsize == 8 and not right.is_truth_value:
                caught[output] = caught.get(output, False) or refuses_wrong(right)
    for output, fine in caught.items():
        if not fine:
            yield f"{exercise.name}: wrong '{output}' accepted everywhere, seed {seed}"


def refuses_wrong(right: Expected) -> bool:
    """Whether one element of ordinary size that is wrong by 1e-6 is refused."""
    assert right.value is not None
    size = np.abs(right.value)
    if not size.size or not size.max() > 2.0**-1000:
        return False
    element = int(np.argmin(np.where(size >= ORDINARY * size.max(), size, np.inf)))
    wrong = np.array(right.value)
    wrong.flat[element] *= 1 + WRONG
    return not compare(right, wrong).ok


def main(course: Course, seeds: int, names: list[str]) -> int:
    counts: Counter[str] = Counter()
    for assignment in course.assignments.values():
        for exercise in assignment.exercises:
            if names and exercise.name not in names and assignment.name not in names:
                continue
            if exercise.answers:  # by hand, in numbers
                continue
            answers = right_answers(course.root, exercise)
            for seed in range(seeds):
                for complaint in refused(exercise, seed, answers):
                    counts[exercise.name] += 1
                    if counts[exercise.name] <= 10:
                        print(complaint, flush=True)
            print(
                f"{assignment.name}/{exercise.name}: {len(answers)} right answers, {seeds} seeds, "
                f"{counts[exercise.name]} complaints",
                flush=True,
            )
    return sum(counts.values())


if __name__ == "__main__":
    course_root = ROOT
    words = sys.argv[1:]
    if words and words[0].startswith("--course="):
        course_root = Path(words.pop(0).removeprefix("--course=")).resolve()
    sys.exit(bool(main(load_course(course_root), int(words[0]), words[1:])))
