"""Every mistake in a course gets one line with file, line, column and a mend."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autograder.errors import CourseError
from autograder.loading import load_course

GOOD = Path(__file__).parent.parent / "courses" / "good"
CONFIG = "config.yaml"
PUBLIC = "assignments/linear-layer/dx.yaml"
HIDDEN = "tests/hidden/linear-layer/dx.yaml"
STUB = "assignments/linear-layer/dx.py"
SOLUTION = "solutions/linear-layer/dx.py"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return shutil.copytree(GOOD, tmp_path / "course")


def test_the_good_course_loads(course: Path) -> None:
    loaded = load_course(course)
    exercise = loaded.assignments["linear-layer"].exercises[0]
    assert [test.name for test in exercise.tests] == [
        "worked-example",
        "small-rectangles",
        "rectangles",
        "leaves-inputs-alone",
    ]
    assert exercise.max_score == 10
    assert loaded.limits.wall_seconds == 1
    assert loaded.title == {"en": "A small course", "ko": "A small course"}


# File, what to replace in it, by what, and the beginning of the message with its place.
FLAWS = {
    "unknown key in a test": (
        PUBLIC, "    points: 2", "    point: 2",
        f"{PUBLIC}:16:5: unknown key 'point' in test 'worked-example'; did you mean 'points'?",
    ),
    "unknown key in an exercise": (
        PUBLIC, "forward:", "foward:",
        f"{PUBLIC}:11:1: unknown key 'foward' in the file; did you mean 'forward'?",
    ),
    "unknown key in the hidden file": (
        HIDDEN, "mistakes:", "mistake:",
        f"{HIDDEN}:11:1: unknown key 'mistake' in the file; did you mean 'mistakes'?",
    ),
    "unknown key in the configuration": (
        CONFIG, "seed: 7", "sead: 7",
        f"{CONFIG}:4:1: unknown key 'sead' in the file; did you mean 'seed'?",
    ),
    "points not a number": (
        PUBLIC, "    points: 2", "    points: two",
        f"{PUBLIC}:16:5: 'points' of test 'worked-example' must be a number or a mapping from "
        "output to number, not the text 'two'",
    ),
    "negative points": (
        PUBLIC, "{dx: 2}", "{dx: -2}",
        f"{PUBLIC}:20:14: 'dx' must be from 0 to",
    ),
    "points for something else": (
        PUBLIC, "{dx: 2}", "{dW: 2}",
        f"{PUBLIC}:20:14: points for 'dW', which is not an output here; known here: dx",
    ),
    "wrong type": (
        PUBLIC, "cases: 3", "cases: many",
        f"{PUBLIC}:22:5: 'cases' must be a whole number, not the text 'many'",
    ),
    "unknown dimension": (
        PUBLIC, "{m: 1..4, n: [2, 3], m != n}", "{m: 1..4, n: [2, 3], k: 2}",
        f"{PUBLIC}:23:32: unknown dimension 'k' in test 'small-rectangles'",
    ),
    "dimension not drawn": (
        PUBLIC, "{m: 1..4, n: [2, 3], m != n}", "{m: 1..4}",
        f"{PUBLIC}:19:5: test 'small-rectangles' does not say how to draw the dimension 'n'",
    ),
    "bad range": (
        PUBLIC, "1..4", "4..1",
        f"{PUBLIC}:23:12: '4..1' is not a range of lengths",
    ),
    "duplicate test in one file": (
        HIDDEN, "leaves-inputs-alone", "rectangles",
        f"{HIDDEN}:7:5: there are two tests named 'rectangles'",
    ),
    "duplicate test across files": (
        HIDDEN, "name: rectangles", "name: worked-example",
        f"{HIDDEN}:2:5: there are two tests named 'worked-example'",
    ),
    "duplicate mistake": (
        HIDDEN, "name: changes-inputs", "name: wrong-sign",
        f"{HIDDEN}:15:5: there are two mistakes named 'wrong-sign'",
    ),
    "duplicate key": (
        PUBLIC, "forward: y = W @ x", "forward: y = W @ x\nforward: y = W @ x",
        f"{PUBLIC}:12:1: the key 'forward' is there twice",
    ),
    "bad indentation": (
        PUBLIC, "    given:", "   given:",
        f"{PUBLIC}:17:4: bad YAML:",
    ),
    "a tab": (
        PUBLIC, "    given:", "\tgiven:",
        f"{PUBLIC}:17:1: bad YAML:",
    ),
    "an open bracket": (
        PUBLIC, "dy: [7, 8]}", "dy: [7, 8}",
        f"{PUBLIC}:17:",
    ),
    "an alias": (
        PUBLIC, "W: [m, n]\n", "W: &a [m, n]\n  V: *a\n",
        f"{PUBLIC}:7:6: anchors and aliases",
    ),
    "bad signature": (
        PUBLIC, "linear_dx(W, dy) -> dx", "linear_dx W dy",
        f"{PUBLIC}:5:1: 'linear_dx W dy' is not a signature",
    ),
    "parameter without array": (
        PUBLIC, "  dy: [m]\n", "",
        f"{PUBLIC}:6:1: the parameter 'dy' of linear_dx has no entry in 'arrays'",
    ),
    "array without parameter": (
        PUBLIC, "  dy: [m]\n", "  dy: [m]\n  dz: [m]\n",
        f"{PUBLIC}:9:3: 'dz' is not a parameter of linear_dx; known here: W, dy",
    ),
    "gradient of nothing": (
        PUBLIC, "{of: y,", "{of: z,",
        f"{PUBLIC}:13:8: 'z' is not a name that 'forward' assigns",
    ),
    "gradient by nothing": (
        PUBLIC, "wrt: x", "wrt: v",
        f"{PUBLIC}:13:15: 'v' is not an array",
    ),
    "forward that is not Python": (
        PUBLIC, "y = W @ x", "y = W @",
        f"{PUBLIC}:11:1: the forward pass is not Python",
    ),
    "expression that is not Python": (
        HIDDEN, "dx: -dx", "dx: 'dx +'",
        f"{HIDDEN}:13:15: 'dx +' is not a Python expression",
    ),
    "ragged rows": (
        PUBLIC, "[4, 5, 6]]", "[4, 5]]",
        f"{PUBLIC}:17:13: the rows of 'W' differ in length",
    ),
    "shapes that contradict each other": (
        PUBLIC, "dy: [7, 8]", "dy: [7, 8, 9]",
        f"{PUBLIC}:17:40: the dimension m is 3 in 'dy' and 2 in 'W'",
    ),
    "too many axes": (
        PUBLIC, "dy: [7, 8]", "dy: [[7, 8]]",
        f"{PUBLIC}:17:40: 'dy' has shape (1, 2), which does not fit [m]",
    ),
    "text among numbers": (
        PUBLIC, "[39, 54, 69]", "[39, x, 69]",
        f"{PUBLIC}:18:",
    ),
    "input not given": (
        PUBLIC, ", dy: [7, 8]}", "}",
        f"{PUBLIC}:17:5: the example does not give 'dy'",
    ),
    "no kind of test": (
        PUBLIC, "    against: [finite_differences]\n", "",
        f"{PUBLIC}:19:5: test 'small-rectangles' needs exactly one of",
    ),
    "unknown witness": (
        PUBLIC, "[finite_differences]", "[finite_difference]",
        f"{PUBLIC}:21:15: 'against'[0] must be one of",
    ),
    "unknown property": (
        HIDDEN, "inputs_unchanged", "input_unchanged",
        f"{HIDDEN}:9:5: 'property' must be one of",
    ),
    "missing language": (
        PUBLIC, "  ko: $y = W x$의 $dL/dx$를 구하세요.\n", "",
        f"{PUBLIC}:2:1: 'statement' lacks the key 'ko'",
    ),
    "unknown language": (
        CONFIG, "[en, ko]", "[en, kr]",
        f"{CONFIG}:3:17: 'languages'[1] must be one of en, ko, not 'kr'",
    ),
    "mistake without a hint": (
        HIDDEN, "    hint: {en: Look at the sign., ko: 부호를 확인하세요.}\n", "",
        f"{HIDDEN}:12:5: 'mistakes'[0] lacks the key 'hint'",
    ),
    "mistake without code": (
        HIDDEN, "    outputs: {dx: -dx}\n", "",
        f"{HIDDEN}:12:5: the mistake 'wrong-sign' needs either 'outputs'",
    ),
    "seed not a number": (
        CONFIG, "seed: 7", "seed: seven",
        f"{CONFIG}:4:1: 'seed' must be a whole number, not the text 'seven'",
    ),
    "limit out of range": (
        CONFIG, "wall_seconds: 1", "wall_seconds: 0",
        f"{CONFIG}:5:10: 'wall_seconds' must be from 0.05 to",
    ),
    "exercise that is not there": (
        CONFIG, "[dx]", "[dx, dW]",
        f"{CONFIG}:9:21: there is no assignments/linear-layer/dW.yaml",
    ),
    "exercise listed twice": (
        CONFIG, "[dx]", "[dx, dx]",
        f"{CONFIG}:9:21: the exercise 'dx' is there twice",
    ),
    "a path for a name": (
        CONFIG, "[dx]", "[../dx]",
        f"{CONFIG}:9:17: '../dx' cannot be the name of an exercise",
    ),
    "stub without the function": (
        STUB, "linear_dx", "dx",
        f"{STUB}:1:1: the stub has no function 'linear_dx'",
    ),
    "stub with other parameters": (
        STUB, "(W, dy)", "(dy, W)",
        f"{STUB}:4:1: the stub's linear_dx(dy, W) does not have the parameters",
    ),
    "solution that is not Python": (
        SOLUTION, "return W.T @ dy", "return W.T @",
        f"{SOLUTION}:2:1: the solution is not Python",
    ),
    "two names for one limit": (
        CONFIG, "wall_seconds: 1", "wall_second: 1", "?",
    ),
    "no limit is that large": (
        CONFIG, "wall_seconds: 1", f"wall_seconds: 1{'0' * 400}", "?",
    ),
    "language that the course does not have": (
        CONFIG, "language: en", "language: fr", "?",
    ),
    "assignment with a path for a name": (
        CONFIG, "  linear-layer:", "  ../linear-layer:", "?",
    ),
    "assignment without exercises": (
        CONFIG, "[dx]", "[]", "?",
    ),
    "exercise named by a word of Python": (
        CONFIG, "[dx]", "[lambda]", "?",
    ),
    "title without text": (
        CONFIG, "title: A small course", "title: ''", "?",
    ),
    "shape that is no list": (
        PUBLIC, "  x: [n]", "  x: n", "?",
    ),
    "array named by a word of Python": (
        PUBLIC, "  x: [n]", "  lambda: [n]", "?",
    ),
    "output that is there twice": (
        PUBLIC, "-> dx", "-> dx, dx", "?",
    ),
    "gradient without a forward pass": (
        PUBLIC, "forward: y = W @ x\n", "", "?",
    ),
    "gradient for something else": (
        PUBLIC, "  dx: {of: y", "  dy: {of: y", "?",
    ),
    "gradient of something upstream unknown": (
        PUBLIC, "upstream: dy", "upstream: dz", "?",
    ),
    "forward that assigns nothing": (
        PUBLIC, "forward: y = W @ x", "forward: W @ x", "?",
    ),
    "no tests in the list": (
        HIDDEN, "mistakes:", "tests: []\nmistakes:", "?",
    ),
    "points for nothing": (
        PUBLIC, "{dx: 2}", "{}", "?",
    ),
    "points that are not finite": (
        PUBLIC, "{dx: 2}", "{dx: .nan}", "?",
    ),
    "expectation of nothing": (
        PUBLIC, "{dx: [39, 54, 69]}", "{}", "?",
    ),
    "expectation of something else": (
        PUBLIC, "{dx: [39, 54, 69]}", "{dz: [39, 54, 69]}", "?",
    ),
    "expectation of another shape than the drawn array": (
        PUBLIC, "[39, 54, 69]", "[39, 54]", "?",
    ),
    "unknown array is given": (
        PUBLIC, "dy: [7, 8]}", "dy: [7, 8], z: [1]}", "?",
    ),
    "array that nothing given fixes": (
        PUBLIC, "  x: [n]", "  x: [n]\n  z: [k]", "?",
    ),
    "empty arrays": (
        PUBLIC, "[[1, 2, 3], [4, 5, 6]]", "[[], []]", "?",
    ),
    "number beyond float64": (
        PUBLIC, "dy: [7, 8]", f"dy: [7, 8{'0' * 400}]", "?",
    ),
    "number that is not finite": (
        PUBLIC, "dy: [7, 8]", "dy: [7, .inf]", "?",
    ),
    "fraction in an example of int64": (
        PUBLIC, "dy: [7, 8]}\n", "dy: [7.5, 8]}\n    dtype: int64\n", "?",
    ),
    "rule about an unknown dimension": (
        PUBLIC, "m != n", "m != k", "?",
    ),
    "rule that is not Python": (
        PUBLIC, "m != n", "m !=", "?",
    ),
    "leading axes that no array has": (
        PUBLIC, "{m: 1..4,", '{"...": [[2]], m: 1..4,', "?",
    ),
    "draw of an unknown array": (
        HIDDEN, "n: 1..6}", "n: 1..6}\n    draw: {V: zeros}", "?",
    ),
    "no dtypes": (
        HIDDEN, "n: 1..6}", "n: 1..6}\n    dtypes: []", "?",
    ),
    "mistake with an unknown name": (
        HIDDEN, "{dx: -dx}", "{dx: V.T @ dy}", "?",
    ),
    "mistake in nothing": (
        HIDDEN, "{dx: -dx}", "{}", "?",
    ),
    "mistake in something else": (
        HIDDEN, "{dx: -dx}", "{dW: -dx}", "?",
    ),
    "mistake written twice over": (
        HIDDEN, "    outputs: {dx: -dx}", "    outputs: {dx: -dx}\n    code: pass", "?",
    ),
    "mistake whose code is not Python": (
        HIDDEN, "dx = W.T @ dy", "dx = W.T @", "?",
    ),
    "mistake whose code lacks the function": (
        HIDDEN, "def linear_dx", "def dx", "?",
    ),
    "mistake without a name": (
        HIDDEN, "name: wrong-sign", "name: ''", "?",
    ),
    "test with a name of two lines": (
        HIDDEN, "name: rectangles", 'name: "a\\nb"', "?",
    ),
    "key of the public file in the hidden one": (
        HIDDEN, "mistakes:", "forward: y = W @ x\nmistakes:", "?",
    ),
    "stub with one parameter more": (
        STUB, "(W, dy)", "(W, dy, *rest)", "?",
    ),
    "stub that is not Python": (
        STUB, "    raise NotImplementedError", "    raise (", "?",
    ),
}  # fmt: skip


@pytest.mark.parametrize("flaw", FLAWS)
def test_flaws_are_named_with_their_place(course: Path, flaw: str) -> None:
    file, old, new, message = FLAWS[flaw]
    text = (course / file).read_text("utf-8")
    assert text.count(old) >= 1
    (course / file).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(CourseError) as error:
        load_course(course)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (CONFIG, "config.yaml: there is no such file"),
        (SOLUTION, f"{SOLUTION}: cannot be read"),
        (STUB, f"{STUB}: cannot be read"),
    ],
)
def test_missing_files_are_named(course: Path, file: str, message: str) -> None:
    (course / file).unlink()
    with pytest.raises(CourseError) as error:
        load_course(course)
    assert str(error.value).startswith(message)


def test_files_that_are_no_text_are_named(course: Path) -> None:
    (course / PUBLIC).write_bytes("title: é".encode("latin-1"))
    with pytest.raises(CourseError, match="is not UTF-8"):
        load_course(course)


def test_an_exercise_that_is_not_listed_is_no_secret(course: Path) -> None:
    shutil.copy(course / PUBLIC, course / "assignments/linear-layer/dW.yaml")
    with pytest.raises(CourseError, match=r"dW.yaml is not listed here"):
        load_course(course)


def test_a_bundle_without_solutions_and_hidden_tests_loads(course: Path) -> None:
    shutil.rmtree(course / "solutions")
    shutil.rmtree(course / "tests")
    exercise = load_course(course).assignments["linear-layer"].exercises[0]
    assert exercise.solution_path is None
    assert {test.visibility for test in exercise.tests} == {"public"}
