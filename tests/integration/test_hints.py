"""Every known mistake of this repository's course, recognised with public files alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.course.loading import load_course
from autograder.errors import CourseError
from autograder.grading.grader import ExerciseGrader, public_part
from autograder.grading.mistakes import mutant
from autograder.sandbox.host import Sandbox
from autograder.student import checking, mistake_index
from autograder.student.checking import CheckedExercise, check_exercise
from autograder.student.mistake_index import (
    FILE_NAME,
    VERSION,
    build_index,
    index_path,
    lock_hints,
    read_index,
)
from autograder.submissions.submission import Submission
from autograder.truth.reference import solution_source
from tests.support.whole_course import COURSE, EXERCISES, ROOT, for_every_exercise


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("process", COURSE.limits) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def bundle(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """What students have: no solutions, no hidden tests, and the locked hints of the exercises that
    the tests ask about: those of all exercises take long."""
    root = tmp_path_factory.mktemp("bundle")
    shutil.copy(ROOT / "config.yaml", root)
    shutil.copytree(ROOT / "assignments", root / "assignments")
    for path in (root / "assignments").glob(f"*/{FILE_NAME}"):
        path.unlink()
    course = load_course(root, public=True)
    lock(course, linear_backward(), sandbox)
    return course


def lock(bundle: Course, exercise: Exercise, sandbox: Sandbox) -> None:
    """Add the locked hints of the exercise to the bundle."""
    path = index_path(bundle.root, exercise.assignment)
    content = msgspec.json.decode(path.read_bytes()) if path.exists() else {"exercises": {}}
    if exercise.name not in content["exercises"]:
        hints = {exercise.name: lock_hints(COURSE, exercise, sandbox)}
        content = {"version": VERSION, "exercises": content["exercises"] | hints}
        path.write_bytes(msgspec.json.encode(content))
        checking._read.cache_clear()


GRADERS: dict[tuple[Path, str], ExerciseGrader] = {}


def check(
    bundle: Course, exercise: Exercise, source: str, sandbox: Sandbox, language: str = "en"
) -> CheckedExercise:
    public = next(
        one
        for one in bundle.assignments[exercise.assignment].exercises
        if one.name == exercise.name
    )
    submission = Submission("", exercise.assignment, {f"{exercise.name}.py": source})
    grader = GRADERS.setdefault(
        (bundle.root, exercise.name), ExerciseGrader(bundle, public_part(public), sandbox)
    )
    return check_exercise(bundle, public, submission, sandbox, language, grader=grader)


@pytest.mark.slow
@for_every_exercise
def test_known_mistakes_get_their_hint(
    exercise: Exercise, bundle: Course, sandbox: Sandbox
) -> None:
    solution = solution_source(exercise) or ""
    lock(bundle, exercise, sandbox)
    assert check(bundle, exercise, solution, sandbox).passed
    for number, mistake in enumerate(exercise.mistakes):
        source = mutant(exercise, mistake, solution).files[f"{exercise.name}.py"]
        language = COURSE.languages[number % len(COURSE.languages)]
        checked = check(bundle, exercise, source, sandbox, language)
        found = {test.grade.mistake for test in checked.tests if not test.passed}
        hints = {test.grade.hint for test in checked.tests if test.grade.hint}
        assert found - {None} == {mistake.name}, (mistake.name, found)
        assert hints == {mistake.hint[language]}


@pytest.mark.parametrize("step", ["3e-6", "4e-6", "1.1e-5"])
def test_a_mistake_of_rounding_errors_is_recognised_however_a_machine_rounds(
    step: str, bundle: Course, sandbox: Sandbox
) -> None:
    exercise = next(one for one in EXERCISES if one.name == "batched_backward")
    lock(bundle, exercise, sandbox)
    mistake = next(one for one in exercise.mistakes if one.name == "numerical-derivative")
    assert mistake.code is not None
    assert "h = 6e-6" in mistake.code
    checked = check(bundle, exercise, mistake.code.replace("6e-6", step), sandbox)
    assert hints_of(checked) - {None} == {mistake.name}
    message = next(one.grade.message for one in checked.tests if one.grade.mistake == mistake.name)
    assert "dW is nearly right but not exact" in message


def test_hints_are_there_in_each_language(bundle: Course, sandbox: Sandbox) -> None:
    for language in COURSE.languages:
        checked = check(bundle, linear_backward(), made_mistake(), sandbox, language)
        hints = {test.grade.hint for test in checked.tests if test.grade.hint}
        assert hints == {linear_backward().mistakes[0].hint[language]}


@for_every_exercise
def test_untouched_stubs_fail_kindly(exercise: Exercise, bundle: Course, sandbox: Sandbox) -> None:
    stub = exercise.stub_path.read_text("utf-8")
    checked = check(bundle, exercise, stub, sandbox)
    assert checked.untouched
    assert not checked.passed


def linear_backward() -> Exercise:
    return next(one for one in EXERCISES if one.name == "linear_backward")


def hints_of(checked: CheckedExercise) -> set[str | None]:
    wrong = [test for test in checked.tests if not (test.passed or test.is_waiting)]
    return {test.grade.mistake for test in wrong}


@pytest.mark.parametrize(
    "body",
    [
        # The same numbers, summed in other orders and other styles.
        "return 2.0 * np.einsum('ij,i->j', W, dy), 2.0 * np.einsum('i,j->ij', dy, x)",
        "return sum(2 * W[i] * dy[i] for i in range(len(dy))), np.multiply.outer(2 * dy, x)",
        "return (W.T.astype(np.longdouble) @ dy * 2).astype(float), (x * dy[:, None] * 2)",
    ],
)
def test_the_same_mistake_in_another_style(body: str, bundle: Course, sandbox: Sandbox) -> None:
    source = f"import numpy as np\ndef linear_backward(x, W, dy):\n    {body}\n"
    assert hints_of(check(bundle, linear_backward(), source, sandbox)) == {"factor-two"}


@pytest.mark.parametrize(
    "body",
    [
        "return 2.000001 * W.T @ dy, 2.000001 * np.outer(dy, x)",
        "return 2 * W.T @ dy + 1e-6, 2 * np.outer(dy, x)",
        "return 3 * W.T @ dy, 3 * np.outer(dy, x)",
        "return W.T @ dy * (1 + (x > 9)), np.outer(dy, x)",
    ],
)
def test_another_mistake_gets_no_hint(body: str, bundle: Course, sandbox: Sandbox) -> None:
    source = f"import numpy as np\ndef linear_backward(x, W, dy):\n    {body}\n"
    checked = check(bundle, linear_backward(), source, sandbox)
    assert not checked.passed
    assert "factor-two" not in hints_of(checked) or "2 * np.outer" in body


def test_an_answer_that_no_hint_is_about_is_explained(bundle: Course, sandbox: Sandbox) -> None:
    """The search needs the forward pass and the truth of public cases only."""
    source = (
        "import numpy as np\ndef linear_backward(x, W, dy):\n"
        "    return W.T @ dy / len(dy), np.outer(dy, x) + 0.5 * W\n"
    )
    for language, said in (("en", "right result divided by m"), ("ko", "m으로 나눈 값")):
        checked = check(bundle, linear_backward(), source, sandbox, language)
        hints = " ".join(test.grade.hint or "" for test in checked.tests)
        assert said in hints
        assert "`right dW + W / 2`" in hints


def test_two_mistakes_each_get_theirs(bundle: Course, sandbox: Sandbox) -> None:
    source = "import numpy as np\ndef linear_backward(x, W, dy):\n    return W @ dy, -1\n"
    assert hints_of(check(bundle, linear_backward(), source, sandbox)) != {None}
    source = (
        "import numpy as np\n"
        "def linear_backward(x, W, dy):\n    return (W.T @ dy).reshape(-1, 1), np.outer(dy, dy)\n"
    )
    checked = check(bundle, linear_backward(), source, sandbox)
    assert hints_of(checked) == {"column-vector"}  # of a test, the first output's


def test_nothing_secret_can_be_read_in_the_index(bundle: Course) -> None:
    for exercise in (linear_backward(),):
        path = index_path(bundle.root, exercise.assignment)
        content = path.read_text("utf-8")
        for mistake in exercise.mistakes:
            assert f'"{mistake.name}"' not in content
            for hint in mistake.hint.values():
                assert hint[:20] not in content
            for expression in mistake.outputs.values():
                is_public = expression in exercise.signature.outputs
                assert len(expression) < 8 or is_public or expression not in content


def test_the_index_is_the_same_each_time(sandbox: Sandbox) -> None:
    one = COURSE.assignments["linear-layer"]
    few = replace(linear_backward(), mistakes=linear_backward().mistakes[:3])
    course = replace(COURSE, assignments={one.name: replace(one, exercises=(few,))})
    written = [build_index(course, one.name, sandbox) for _ in range(2)]
    assert written[0] == written[1]
    assert written[0].count(b"locks") == 3


def test_without_an_index_there_are_no_hints(
    bundle: Course, sandbox: Sandbox, tmp_path: Path
) -> None:
    shutil.copy(ROOT / "config.yaml", tmp_path)
    shutil.copytree(ROOT / "assignments", tmp_path / "assignments")
    source = "def linear_backward(x, W, dy):\n    return W @ dy, 1\n"
    plain = load_course(tmp_path, public=True)
    assert hints_of(check(plain, linear_backward(), source, sandbox)) == {None}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "truncated"),
        (b"[]", "Expected `object`"),
        (b'{"version": 2, "exercises": {}}', "version 2"),
        (b'{"version": 1, "exercises": {"dx": [{"locks": 3}]}}', "Expected `array`"),
        (b"\xff\xfe", "malformed|invalid"),
        (b"[" * 100_000, "."),
    ],
)
def test_a_damaged_index_is_one_line(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "hints.json"
    path.write_bytes(content)
    with pytest.raises(CourseError, match=reason) as caught:
        read_index(path)
    assert "delete it to go without hints" in str(caught.value)
    assert "\n" not in str(caught.value)


def with_index(bundle: Course, folder: Path, content: bytes) -> Course:
    """A copy of the bundle with another index for linear-layer."""
    root = folder / "bundle"
    shutil.copytree(bundle.root, root)
    index_path(root, "linear-layer").write_bytes(content)
    return load_course(root, public=True)


FORGED: dict[str, Callable[[dict[str, Any]], object]] = {
    "other arrays": lambda lock: lock.update(sketches=[[10**6, 2**62, -(2**62)], [], [5]]),
    "no key": lambda lock: lock.update(key=""),
    "a long key": lambda lock: lock.update(key="A" * 4000),
    "numbers that fit nowhere": lambda lock: [
        sketch.__setitem__(slice(1, 3), [10**30, -(10**30)]) for sketch in lock["sketches"]
    ],
    "numbers that just fit": lambda lock: [
        sketch.__setitem__(slice(1, 3), [2**64 - 1, -(2**63)]) for sketch in lock["sketches"]
    ],
    "huge numbers": lambda lock: [
        sketch.__setitem__(0, 10**30) for sketch in lock["sketches"]
    ],
}  # fmt: skip


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_index_harms_nobody(
    forged: str, bundle: Course, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The file is not ours once it is in a bundle."""
    content = msgspec.json.decode(index_path(bundle.root, "linear-layer").read_bytes())
    for hints in content["exercises"].values():
        for locked in hints:
            for lock in locked["locks"]:
                FORGED[forged](lock)
    course = with_index(bundle, tmp_path, msgspec.json.encode(content))
    assert hints_of(check(course, linear_backward(), made_mistake(), sandbox)) == {None}


def made_mistake() -> str:
    exercise = linear_backward()
    source = solution_source(exercise) or ""
    return mutant(exercise, exercise.mistakes[0], source).files["linear_backward.py"]


def test_a_hint_that_somebody_else_has_locked_up_is_only_text(
    bundle: Course, sandbox: Sandbox, tmp_path: Path
) -> None:
    exercise = linear_backward()
    evil = replace(exercise.mistakes[0], name="a\x1b[2J", hint={"en": "b\x1b]0;c\x07\nd"})
    index = lock_hints(COURSE, replace(exercise, mistakes=(evil,)), sandbox)
    content = {"version": 1, "exercises": {"linear_backward": index}}
    course = with_index(bundle, tmp_path, msgspec.json.encode(content))
    checked = check(course, exercise, made_mistake(), sandbox)
    hinted = [test.grade for test in checked.tests if test.grade.mistake]
    assert {grade.mistake for grade in hinted} == {r"a\x1b[2J"}
    assert {grade.hint for grade in hinted} == {"b\\x1b]0;c\\x07\nd"}


def test_what_somebody_else_has_locked_up_and_is_no_hint_is_none(
    bundle: Course, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encrypt = mistake_index._encrypt
    monkeypatch.setattr(mistake_index, "_encrypt", lambda key, _: encrypt(key, b'{"name": 1}'))
    index = lock_hints(COURSE, linear_backward(), sandbox)
    content = {"version": 1, "exercises": {"linear_backward": index}}
    course = with_index(bundle, tmp_path, msgspec.json.encode(content))
    assert hints_of(check(course, linear_backward(), made_mistake(), sandbox)) == {None}


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), Path.mkdir])
def test_an_index_that_is_no_file_is_one_line(
    make: Callable[[Path], object], tmp_path: Path
) -> None:
    make(tmp_path / "hints.json")
    with pytest.raises(CourseError, match="not an ordinary file"):
        read_index(tmp_path / "hints.json")


def test_index_survives_rounding() -> None:
    """Numbers that differ by rounding have the same key, wherever they lie in a step."""
    from autograder.student.mistake_index import _Array

    generator = np.random.default_rng(1)
    for _ in range(300):
        value = generator.standard_normal(12) * 10.0 ** generator.integers(-300, 300)
        sketch, numbers = _Array(value, "place", 1e-9).sketched()
        near = value * (1 + 1e-13 * generator.standard_normal(12))
        assert _Array(near, "place", 1e-9).numbers(sketch) == numbers
        far = value * (1 + 1e-6 * generator.standard_normal(12))
        assert _Array(far, "place", 1e-9).numbers(sketch) != numbers
