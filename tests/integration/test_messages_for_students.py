"""Sixty mistakes that beginners make, each with what a teacher would say to it; and no sentence in
another language than the student's."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.course.loading import load_course
from autograder.grading.grader import ExerciseGrader, public_part
from autograder.sandbox.host import Sandbox
from autograder.student.check_html import report
from autograder.student.check_text import exercise_text
from autograder.student.checking import CheckedExercise, check_exercise
from autograder.submissions.submission import Submission
from tests.support.latin import latin_sentences

ROOT = Path(__file__).parents[2]
Check = Callable[..., CheckedExercise]


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Check]:
    """Checks a source in one warm sandbox: ``check(exercise, source, language)``."""
    root = tmp_path_factory.mktemp("bundle")
    shutil.copy(ROOT / "config.yaml", root)
    shutil.copytree(ROOT / "assignments", root / "assignments")
    course = load_course(root, public=True)
    exercises = {one.name: one for each in course.assignments.values() for one in each.exercises}
    graders: dict[str, ExerciseGrader] = {}
    with Sandbox("sandbox", course.limits) as sandbox:

        def run(
            name: str, source: str, language: str, others: dict[str, str] | None = None
        ) -> CheckedExercise:
            exercise = exercises[name]
            if name not in graders:
                graders[name] = ExerciseGrader(course, public_part(exercise), sandbox)
            files = {f"{name}.py": source, **(others or {})}
            submission = Submission("", exercise.assignment, files)
            return check_exercise(
                course, exercise, submission, sandbox, language, grader=graders[name]
            )

        yield run


def dx(*lines: str, before: str = "import numpy as np") -> tuple[str, str]:
    """linear_dx(W, dy) with these lines in it."""
    body = "\n".join(f"    {line}" for line in lines)
    return "dx", f"{before}\n\n\ndef linear_dx(W, dy):\n{body}\n"


def whole(source: str) -> tuple[str, str]:
    return "dx", source


def layer(init: str, forward: str, backward: str) -> tuple[str, str]:
    return "linear_module", (
        "import numpy as np\n\n\nclass Linear:\n"
        f"    def __init__(self, W, b):\n        {init}\n\n"
        f"    def forward(self, X):\n        {forward}\n\n"
        f"    def backward(self, dY):\n        {backward}\n"
    )


RAISE = 'raise NotImplementedError("linear_dx is not written yet")'
KEEP = "self.W, self.b = W, b"
FORWARD = "self.X = X; return X @ self.W.T + self.b"

MISTAKES: dict[str, tuple[tuple[str, str], str, str]] = {
    # what is written, and what is left
    "nothing": (dx(RAISE), "Not written yet", "아직 작성하지 않았습니다"),
    "raise-above": (
        dx(RAISE, "return W.T @ dy"),
        "the line `raise NotImplementedError` is still above it (line 5)",
        "그 위에 `raise NotImplementedError` 줄이 남아 있습니다(5번째 줄)",
    ),
    "raise-below": (
        dx("dx = W.T @ dy", RAISE),
        "is still below it (line 6)",
        "그 아래에 `raise NotImplementedError` 줄이 남아",
    ),
    "raise-in-a-branch": (
        dx("if W.ndim == 2:", f"    {RAISE}", "return W.T @ dy"),
        "was reached (line 6)",
        "줄까지 실행되었습니다(6번째 줄)",
    ),
    "backward-is-left": (
        layer(KEEP, FORWARD, "raise NotImplementedError"),
        "Linear.backward is not written yet; other parts are",
        "Linear.backward는 아직 작성하지 않았습니다",
    ),
    "attribute-is-left": (
        layer(KEEP, FORWARD, "return dY @ self.W"),
        "After backward has been called, there is no self.dW",
        "backward를 호출한 뒤에도 self.dW가 없습니다",
    ),
    "method-is-left": (
        ("linear_module", "class Linear:\n    def __init__(self, W, b):\n        self.W = W\n"),
        "The class Linear in linear_module.py has no method forward",
        "class Linear에 메서드 forward가 없습니다",
    ),
    "pass": (dx("pass"), "has no `return`", "`return`이 없어서"),
    "no-return": (dx("dx = W.T @ dy"), "has no `return`", "`return`이 없어서"),
    "print-for-return": (
        dx("print(W.T @ dy)"),
        "Write `return` where `print` is",
        "`print` 대신 `return`을 쓰세요",
    ),
    "return-alone": (dx("dx = W.T @ dy", "return"), "has no `return`", "`return`이 없어서"),
    "return-of-nothing": (
        dx("if W.ndim > 5:", "    return W.T @ dy"),
        "is it reached?",
        "그 줄까지 실행되나요?",
    ),
    "renamed": (
        whole("def linear_Dx(W, dy):\n    return W.T @ dy\n"),
        "There is no function linear_dx in dx.py, but one called linear_Dx",
        "dx.py에 함수 linear_dx는 없고 linear_Dx가 있습니다",
    ),
    "deleted": (
        whole("import numpy as np\n"),
        "There is no linear_dx in dx.py",
        "dx.py에 함수 linear_dx가 없습니다",
    ),
    "a-number-for-the-function": (
        whole("linear_dx = 3\n"),
        "cannot be called: it is not a function",
        "함수가 아니라서",
    ),
    # syntax
    "bracket-left-open": (dx("return (W.T @ dy"), "A `(` is opened", "여기서 연 괄호 `(`"),
    "bracket-too-many": (dx("return W.T @ dy)"), "never opened", "연 적이 없는 괄호"),
    "other-bracket": (dx("return (W.T @ dy]"), "of another kind", "다른 종류의 괄호"),
    "no-colon": (
        whole("def linear_dx(W, dy)\n    return W.T @ dy\n"),
        "A colon is missing",
        "콜론(:)이 빠졌습니다",
    ),
    "not-indented": (
        whole("def linear_dx(W, dy):\nreturn W.T @ dy\n"),
        "nothing is indented",
        "들여쓴 줄이 없습니다",
    ),
    "indented": (dx("x = 1", "  return W.T @ dy"), "indented further", "더 들여썼습니다"),
    "unindented": (
        whole("def linear_dx(W, dy):\n    x = 1\n  return W.T @ dy\n"),
        "indented differently",
        "어느 줄과도 맞지 않습니다",
    ),
    "tabs": (
        whole("def linear_dx(W, dy):\n    if True:\n\treturn 1\n"),
        "Use spaces everywhere",
        "모두 공백을 쓰세요",
    ),
    "quotation-left-open": (dx("print('a)"), "A quotation mark", "따옴표를 닫지"),
    "full-width-comma": (dx("return W.T @ dy，0"), "English input mode", "영문 입력 상태"),
    "number-before-a-name": (dx("return 2dy"), "2 * x, not 2x", "`*`가 빠지지"),
    "one-equals-sign": (dx("if dy = 0:", "    pass"), "`==` compares", "`==`는 비교합니다"),
    "assigned-to-a-sum": (dx("dy + 1 = 2"), "left of `=`", "`=`의 왼쪽에는"),
    "return-outside": (
        whole("def linear_dx(W, dy):\n    x = 1\nreturn W.T @ dy\n"),
        "stands outside the function",
        "함수 밖에 있습니다",
    ),
    "other-language": (dx("return W.T @ dy;;"), "does not understand", "이해하지 못합니다"),
    # names and modules
    "lower-case-w": (dx("return w.T @ dy"), "Did you mean W?", "혹시 W 아닌가요?"),
    "numpy-not-imported": (
        dx("return np.dot(W.T, dy)", before=""),
        "`import numpy as np` is missing",
        "`import numpy as np` 줄이 없습니다",
    ),
    "unknown-name": (dx("return gradient_of_all"), "is not known here", "이름이 없습니다"),
    "used-too-early": (
        dx("if W.ndim > 5:", "    out = dy", "return out"),
        "out is used before it has a value",
        "값을 갖기 전에 쓰였습니다",
    ),
    "no-such-module": (
        dx("return nothing.f(W)", before="import nothing_like_this as nothing"),
        "Imports nothing_like_this (line 1)",
        "nothing_like_this 모듈을 import했습니다",
    ),
    "numpy-lacks-it": (dx("return np.matmull(W.T, dy)"), "Is np.matmul meant?", "혹시 np.matmul"),
    # shapes
    "not-transposed": (
        dx("return W @ dy"),
        "`W` has shape (2, 3) and `dy` has shape (2,)",
        "`W`의 shape은 (2, 3)이고 `dy`의 shape은 (2,)입니다",
    ),
    "product-in-a-loop": (
        dx("for _ in range(1):", "    out = W @ dy", "return out"),
        "@ cannot multiply these two",
        "이 둘은 @로 곱할 수 없습니다",
    ),
    "product-with-a-number": (dx("return W.T @ 2"), "Use * for numbers", "*를 쓰세요"),
    "elementwise": (
        dx("for _ in range(1):", "    out = W * dy", "return out"),
        "cannot be combined element by element",
        "원소별로 계산할 수 없습니다",
    ),
    "dot-in-the-wrong-order": (
        dx("for _ in range(1):", "    out = np.dot(W, dy)", "return out"),
        "Arrays of the shapes (2,3) and (2,)",
        "Shape이 (2,3)인 배열과 (2,)인 배열",
    ),
    "reshape": (dx("return dy.reshape(7, 9)"), "cannot be arranged", "바꿀 수 없습니다"),
    "no-such-axis": (dx("return dy.sum(axis=1)"), "There is no axis 1", "축 1은 없습니다"),
    "stored-where-it-does-not-fit": (
        dx("out = np.zeros(9)", "out[:] = W.T @ dy", "return out"),
        "does not fit where it is to be stored",
        "그 자리의 shape은 (9,)입니다",
    ),
    "index-too-large": (
        dx("return np.array([dy[9]])"),
        "There is no element 9",
        "9번 원소는 없습니다",
    ),
    "too-many-indices": (
        dx("return dy[0, 1]"),
        "has 1 axes, but 2 indices",
        "축이 1개인 배열에 index를 2개",
    ),
    "shape-of-a-vector": (dx("n = dy.shape[1]"), "reaches for an axis", "없는 축을 찾고"),
    "unpacked": (
        dx("m, n = dy.shape"),
        "There are 2 names on the left, but only 1",
        "이름이 2개 있는데 오른쪽 값은 1개",
    ),
    "zeros-of-two-arguments": (dx("out = np.zeros(2, 3)"), "np.zeros((2, 3))", "np.zeros((2, 3))"),
    # types
    "brackets-for-a-call": (dx("return np.zeros[3]"), "not np.zeros[3]", "np.zeros[3]이 아니라"),
    "call-for-brackets": (dx("return W(0)"), "Use square brackets", "대괄호로 고릅니다"),
    "list-times-array": (dx("return [1, 2] * 1.5"), "cannot be multiplied", "곱할 수 없습니다"),
    "list-has-no-transpose": (
        dx("return W.tolist().T"),
        "A list has no T",
        "list에는 T가 없습니다",
    ),
    "truth-of-an-array": (dx("if dy > 0:", "    pass"), "np.where, .any()", "np.where, .any()"),
    "half-an-index": (dx("return dy[len(dy) / 2]"), "`/` makes numbers", "`/`로 나누면"),
    "range-of-a-float": (dx("range(len(dy) / 2)"), "`//` divides", "`//`를 쓰세요"),
    "none-in-a-sum": (dx("out = dy.sort()", "return out + 1"), "is None", "None입니다"),
    "function-lacks-a-parameter": (
        whole("def linear_dx(W):\n    return W\n"),
        "linear_dx takes 1 arguments and was given 2",
        "linear_dx는 인자를 1개 받는데 2개를",
    ),
    "function-has-one-more": (
        whole("def linear_dx(x, W, dy):\n    return W.T @ dy\n"),
        "was called with too few arguments",
        "인자가 모자랍니다",
    ),
    # results
    "a-list": (dx("return (W.T @ dy).tolist()"), "dx is a list", "dx는 numpy 배열이 아니라 list"),
    "comma-after-the-result": (
        dx("return W.T @ dy,"),
        "Is there a comma after the result",
        "쉼표를 찍지",
    ),
    "method-not-called": (dx("return dy.copy"), "Are the parentheses missing", "괄호를 빠뜨리지"),
    "a-text": (dx("return 'dx'"), "dx is a str", "numpy 배열이 아니라 str"),
    "file": (dx("open('out.txt', 'w')"), "Files cannot", "파일을 쓰거나 열 수"),
    "endless": (dx("return linear_dx(W, dy)"), "Calls itself without end", "자기 자신을 끝없이"),
    "input": (dx("return input()"), "input() waits", "입력할 사람이 없습니다"),
    "assertion": (dx("assert W.shape[0] == 77"), "An assert", "assert의 조건이"),
    "whole-numbers-from-the-start": (
        dx("out = np.zeros(W.shape[1], int)", "out += 0.5", "return out"),
        "keep the type of the array",
        "dtype을 그대로 둡니다",
    ),
    "part-of-the-answer": (
        ("linear_backward", "def linear_backward(x, W, dy):\n    return W.T @ dy\n"),
        "Returned 1 value instead of 2",
        "값을 2개가 아니라 1개",
    ),
    "divided-by-zero": (dx("return dy * (1 / 0)"), "Divided by 0", "0으로 나누었습니다"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_as_a_teacher_would(name: str, check: Check) -> None:
    (exercise, source), english, korean = MISTAKES[name]
    for language, expected in (("en", english), ("ko", korean)):
        checked = check(exercise, source, language)
        assert not checked.passed
        shown = exercise_text(checked, language, width=1000)
        messages = " ".join(test.grade.message for test in checked.tests)
        if name == "nothing":
            assert checked.untouched
            assert expected in messages
            continue
        assert not checked.untouched
        assert expected in shown
        assert expected.replace("<", "&lt;") in report([checked], language).replace("&#x27;", "'")
        if language == "ko":
            assert latin_sentences(shown) == []


def test_there_are_sixty() -> None:
    assert len(MISTAKES) >= 60


def test_an_error_is_told_once(check: Check) -> None:
    shown = exercise_text(check("dx", MISTAKES["not-transposed"][0][1], "en"), "en", width=100)
    assert shown.count("ValueError") == 1
    assert shown.count("the same error as above") == 2


def test_a_property_of_wrong_values_is_not_marked_wrong(check: Check) -> None:
    checked = check("dx", dx("return 2 * W.T @ dy")[1], "en")
    shown = exercise_text(checked, "en")
    assert "· The arguments are left unchanged  (is checked once the values are right)" in shown
    assert {one.grade.name for one in checked.tests if one.is_waiting} == {
        "leaves-inputs-alone",
        "keeps-earlier-results",
    }
    changed = check("dx", dx("out = W.T @ dy", "dy *= 2", "return out")[1], "en")
    assert [one.grade.name for one in changed.tests if not one.passed] == ["leaves-inputs-alone"]
    assert not any(one.is_waiting for one in changed.tests)


def test_rules_are_checked_in_public(check: Check) -> None:
    """Nobody passes all public tests and gets nothing for it."""
    right = "def dx_elementwise(W, dy):\n    return W.T @ dy\n"
    checked = check("dx_elementwise", right, "en")
    assert [one.grade.name for one in checked.tests if not one.passed] == [
        "written-element-by-element"
    ]
    assert "Uses @ (line 2)" in exercise_text(checked, "en")
    used = "import rich\n" + right.replace("return", "rich.print()\n    return").replace(
        "W.T @ dy", "W"
    )
    refused = check("dx_elementwise", used, "en")
    assert refused.score == 0
    assert "the exercise gives no points" in exercise_text(refused, "en")
    # What else is wrong is still said.
    assert "Imports rich (line 1)" in exercise_text(refused, "en")
    assert "What you return as dx is `W`" in exercise_text(refused, "en")


def test_a_helper_that_is_not_written_is_named(check: Check) -> None:
    source = "from relu_backward import relu_backward\n\ndef mlp_backward(X, W1, b1, W2, b2, dY):\n"
    source += "    return relu_backward(X, dY)\n"
    helper = "def relu_backward(x, dy):\n    raise NotImplementedError\n"
    checked = check("mlp_backward", source, "en", {"relu_backward.py": helper})
    assert not checked.untouched
    shown = exercise_text(checked, "en", width=200)
    assert "This calls relu_backward of relu_backward.py, which is not written yet" in shown


def test_functions_handed_over_are_shown_and_behave_as_numpys(check: Check) -> None:
    body = "    g = np.zeros_like(x, float)\n    y = f(x).copy()\n    return g + y.shape[0]\n"
    wrong = check(
        "numerical_gradient", f"import numpy as np\ndef numerical_gradient(f, x, h):\n{body}", "en"
    )
    shown = exercise_text(wrong, "en", width=200)
    assert "tuple index out of range" in shown  # y is a number of numpy's, with copy() and shape
    assert "f = lambda x: np.sum(x ** 3)" in shown
    assert "f = lambda x" in report([wrong], "en")
    source = "def numerical_gradient(f, x, h):\n    return f(x[:, None, None][0], 3)\n"
    refused = exercise_text(check("numerical_gradient", source, "en"), "en", width=300)
    assert "does not take what it was called with: an array of shape (1, 1)" in refused


@pytest.mark.parametrize(
    ("line", "marks"),
    [
        ("    return (W.T @ dy", "           ^"),
        ("    가나 = (W.T @ dy", "           ^"),  # Hangul is two columns wide
        ("    return W.T @ dy)", "                   ^"),
    ],
)
def test_a_caret_points_at_what_python_does_not_read(line: str, marks: str, check: Check) -> None:
    checked = check("dx", f"def linear_dx(W, dy):\n{line}\n", "en")
    lines = exercise_text(checked, "en").split("\n")
    at = next(number for number, one in enumerate(lines) if "^" in one)
    assert lines[at - 1].strip() == line.strip()
    indent = len(lines[at - 1]) - len(lines[at - 1].lstrip())
    assert lines[at].rstrip() == " " * indent + marks[4:]
