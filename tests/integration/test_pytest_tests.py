"""Hidden test_*.py files in `autograder grade` and `autograder lint`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from autograder.course.course import HiddenFeedback
from autograder.course.loading import load_course
from autograder.errors import CourseError, MachineError
from autograder.grades.feedback import visible
from autograder.grades.grade_file import read_grade
from tests.support.processes import wait_until
from tests.support.pytest_course import HIDDEN, TESTS, make_course
from tests.support.small_course import COURSE, contents, hand_in, read, run

NAMES = (
    "test_dx.py::test_sizes",
    "test_dx.py::test_values",
    "test_dx.py::TestRefusals::test_of_a_wrong_length",
)


RIGHT = "def linear_dx(W, dy):\n    return W.T @ dy\n"
SUBMISSIONS = {
    "right": RIGHT,
    "einsum": "import numpy as np\ndef linear_dx(W, dy): return np.einsum('ij,i->j', W, dy)\n",
    "sign": "def linear_dx(W, dy): return -(W.T @ dy)\n",
    "zeros": "import numpy as np\ndef linear_dx(W, dy): return np.zeros(W.shape[1])\n",
    "no-refusal": "import numpy as np\ndef linear_dx(W, dy): return W[:len(dy)].T @ dy[:len(W)]\n",
    "nothing": "def linear_dx(W, dy): pass\n",
    "objects": "import numpy as np\ndef linear_dx(W, dy): return np.array([None, 1])\n",
    # An object that is whatever the grader asks it to be, over there.
    "chameleon": (
        "import numpy as np\nclass Any(np.ndarray):\n    pass\n"
        "class Yes:\n    def __eq__(self, other): return True\n"
        "    def __array__(self, *a, **k): return np.zeros(2)\n    def __len__(self): return 2\n"
        "    def __bool__(self): return True\n    def __getitem__(self, i): return self\n"
        "def linear_dx(W, dy): return Yes()\n"
    ),
    "raises": "def linear_dx(W, dy): raise ValueError('boom')\n",
    "asserts": "def linear_dx(W, dy): assert False, 'not mine'\n",
    "leaves": "import os\ndef linear_dx(W, dy): os._exit(0)\n",
    "sys-exit": "import sys\ndef linear_dx(W, dy): sys.exit(0)\n",
    "huge": "import numpy as np\ndef linear_dx(W, dy): return np.zeros((1 << 20, 1))\n",
    "stub": "def linear_dx(W, dy): raise NotImplementedError\n",
    "renamed": "def dx(W, dy): return W.T @ dy\n",
    "no-python": "def linear_dx(:\n",
    "loops": "def linear_dx(W, dy):\n    while True: pass\n",
    "counts": "def linear_dx(W, dy):\n    return sum(iter(int, 1))\n",
    # Right but for the process that ends in the one test with a wrong length.
    "leaves-late": (
        "import os\ndef linear_dx(W, dy):\n    if len(W) != len(dy): os._exit(0)\n"
        "    return W.T @ dy\n"
    ),
}


@pytest.fixture(scope="module")
def grades(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pytest")
    course = make_course(folder)
    for student, source in SUBMISSIONS.items():
        hand_in(folder / "in", student, source)
    done = run("grade", folder / "in", "--out", folder / "out", course=course)
    assert done.returncode == 0, done.stderr
    return folder / "out"


@pytest.fixture(scope="module")
def graded(grades: Path) -> Callable[[str], dict[str, Any]]:
    """The grades of the pytest tests of each submission, by the tests' names."""

    def tests(student: str) -> dict[str, Any]:
        (exercise,) = read(grades, student)["exercises"]
        return {test["name"]: test for test in exercise["tests"] if "::" in test["name"]}

    return tests


Graded = Callable[[str], dict[str, Any]]


@pytest.mark.parametrize("student", ["right", "einsum"])
def test_what_is_right_gets_all_points(graded: Graded, student: str) -> None:
    tests = graded(student)
    assert tuple(tests) == NAMES
    assert [tests[name]["score"] for name in NAMES] == [2, 1, 1]
    assert {test["status"] for test in tests.values()} == {"passed"}
    assert {test["visibility"] for test in tests.values()} == {"hidden"}


@pytest.mark.parametrize(
    ("student", "status", "message"),
    [
        ("sign", "failed", "A check does not hold: Not equal to tolerance"),
        ("zeros", "failed", "A check does not hold: Not equal to tolerance"),
        ("nothing", "failed", "The test could not go on with what was returned: TypeError"),
        ("objects", "failed", "linear_dx(…): array of dtype object"),
        ("chameleon", "failed", "linear_dx(…): Yes"),
        ("raises", "error", "Raised ValueError: boom (line 1 of dx.py"),
        ("asserts", "error", "AssertionError: not mine"),
        ("leaves", "crashed", "ended in the middle of the test (exit code 0)"),
        ("sys-exit", "error", "Raised SystemExit"),
        ("huge", "failed", "A check does not hold"),
        ("stub", "error", "Not written yet"),
        ("renamed", "missing", "There is no linear_dx in dx.py"),
        ("no-python", "error", "Python does not understand this line"),
        ("loops", "timeout", "Never ends: nothing leads out of this loop (line 2 of dx.py"),
        ("counts", "timeout", "Did not return within 1 s"),
    ],
)
def test_what_is_wrong_gets_none(graded: Graded, student: str, status: str, message: str) -> None:
    tests = graded(student)
    assert {test["score"] for test in tests.values()} == {0}
    assert tests[NAMES[0]]["status"] == status
    assert message in tests[NAMES[0]]["message"]


def test_each_test_stands_for_itself(graded: Graded) -> None:
    for student, status in (("no-refusal", "failed"), ("leaves-late", "crashed")):
        tests = graded(student)
        assert [tests[name]["score"] for name in NAMES] == [2, 1, 0]
        assert tests[NAMES[2]]["status"] == status
    assert "DID NOT RAISE" in graded("no-refusal")[NAMES[2]]["message"]


def test_messages_give_values_and_the_authors_words(graded: Graded) -> None:
    tests = graded("zeros")
    assert "[1-2]" in tests[NAMES[0]]["message"]
    assert "assert False where False = allclose(array([0., 0.])" in tests[NAMES[1]]["message"]
    assert tests[NAMES[1]]["hint"] == "Is W transposed?"
    assert tests[NAMES[2]]["message"] == "A check does not hold: the plain case"
    assert tests[NAMES[2]]["hint"] is None


def test_known_mistakes_are_named(graded: Graded) -> None:
    for test in graded("sign").values():
        assert (test["mistake"], test["hint"]) == ("wrong-sign", "Look at the sign.")
    # The same words, other values: another mistake.
    assert {test["mistake"] for test in graded("zeros").values()} == {None}


def test_students_see_no_more_of_them_than_of_other_hidden_tests(grades: Path) -> None:
    grade = read_grade(grades / "zeros" / "linear-layer.json")
    assert grade is not None
    policies: tuple[HiddenFeedback, ...] = ("none", "names", "hints", "all")
    for policy in policies:
        shown = msgspec.json.encode(visible(grade, policy, after_due=False)).decode()
        assert "allclose" not in shown
        assert ("test_dx.py::test_values" in shown) == (policy != "none")
        assert ("Is W transposed?" in shown) == (policy in ("hints", "all"))


def test_the_hint_is_in_the_language_of_the_grade(tmp_path: Path) -> None:
    tests = (
        TESTS
        + """

@pytest.mark.points(1)
def test_words(student, hint):
    if np.any(student.linear_dx(np.ones((2, 2)), np.ones(2)) != 2):
        pytest.fail(hint(en="Twos.", ko="모두 2입니다."))
"""
    )
    course = make_course(tmp_path, tests)
    hand_in(tmp_path / "in", "zeros", SUBMISSIONS["zeros"])
    done = run("grade", tmp_path / "in", "--out", tmp_path / "out", "--lang", "ko", course=course)
    assert done.returncode == 0, done.stderr
    found = {t["name"]: t for t in read(tmp_path / "out", "zeros")["exercises"][0]["tests"]}
    assert found[NAMES[1]]["hint"] == "W를 전치했나요?"
    words = found["test_dx.py::test_words"]
    assert words["hint"] == "모두 2입니다."
    assert words["message"] == "확인한 조건이 성립하지 않습니다: 모두 2입니다."


def test_every_student_gets_the_same_numbers_in_any_order(tmp_path: Path) -> None:
    """Generators of the module and of numpy start anew for every submission."""
    course = make_course(tmp_path)
    for number in range(6):
        hand_in(tmp_path / "in", f"s{number}", SUBMISSIONS["sign" if number % 2 else "zeros"])
    for out, jobs in (("one", 1), ("two", 2)):
        done = run("grade", tmp_path / "in", "--out", tmp_path / out, "--jobs", jobs, course=course)
        assert done.returncode == 0, done.stderr
    one = contents(tmp_path / "one")
    assert one == contents(tmp_path / "two")
    messages = [
        [test["message"] for test in one[f"s{number}/linear-layer.json"]["exercises"][0]["tests"]]
        for number in (1, 3, 5)
    ]
    assert messages[0] == messages[1] == messages[2]


def test_a_changed_test_or_conftest_grades_again(tmp_path: Path) -> None:
    course = make_course(tmp_path)
    hand_in(tmp_path / "in", "ada", RIGHT)

    def grade() -> str:
        done = run("grade", tmp_path / "in", "--out", tmp_path / "out", course=course)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "1 graded." in grade()
    assert "0 graded, 1 unchanged" in grade()
    (course / HIDDEN / "test_dx.py").write_text(TESTS + "\n# more\n", "utf-8")
    assert "1 graded." in grade()
    (course / HIDDEN / "conftest.py").write_text("import numpy\n", "utf-8")
    assert "1 graded." in grade()
    assert not list(course.rglob("__pycache__"))


def test_tests_that_hang_or_eat_memory_cost_their_points_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.grading.hidden_pytest import process
    from autograder.sandbox.host import Sandbox
    from autograder.submissions.submission import Submission

    monkeypatch.setattr(process, "OWN_SECONDS", 0.5)
    tests = (
        TESTS
        + """

@pytest.mark.points(1)
def test_waits_for_the_right_answer(student):
    dx = student.linear_dx(np.eye(2), np.ones(2))
    while not np.allclose(dx, 1):
        pass


@pytest.mark.points(1)
def test_products(student):
    dx = student.linear_dx(np.ones((2, 3)), np.ones(2))
    assert np.allclose(np.outer(dx, dx), 4)


@pytest.mark.points(1)
def test_last(student):
    assert np.allclose(student.linear_dx(np.eye(2), np.ones(2)), 1)
"""
    )
    course = load_course(make_course(tmp_path, tests))
    exercise = course.assignments["linear-layer"].exercises[0]
    wrong = (
        "import numpy as np\ndef linear_dx(W, dy):\n"
        "    if W.shape == (2, 2):\n        return np.zeros(2)\n"
        "    if W.shape == (2, 3):\n        return np.ones(1 << 20)\n    return W.T @ dy\n"
    )
    with Sandbox("sandbox", course.limits) as sandbox:
        runner = process.PytestRunner(course, exercise, sandbox.session)
        found = runner.run(Submission("eve", "linear-layer", {"dx.py": wrong})).observations
    kinds = {
        name.split("::")[-1]: {one.failure.kind if one.failure else "" for one in ones}
        for name, ones in found.items()
    }
    assert kinds == {
        "test_sizes": {""},
        "test_values": {""},
        "test_of_a_wrong_length": {"check"},
        "test_waits_for_the_right_answer": {"check_timeout"},
        "test_products": {"check_error"},
        "test_last": {"check"},
    }


def test_a_test_that_has_lost_its_process_is_over(tmp_path: Path) -> None:
    """A new process for each of its cases would make a class wait as long as there are many."""
    from autograder.grading.hidden_pytest.process import PytestRunner
    from autograder.sandbox.host import Sandbox
    from autograder.sandbox.session import Session
    from autograder.submissions.submission import Submission

    course = load_course(make_course(tmp_path))
    exercise = course.assignments["linear-layer"].exercises[0]
    opened = []

    def open_session() -> Session:
        opened.append(1)
        return sandbox.session()

    with Sandbox("sandbox", course.limits) as sandbox:
        runner = PytestRunner(course, exercise, open_session)
        opened.clear()
        submission = Submission("eve", "linear-layer", {"dx.py": SUBMISSIONS["leaves"]})
        found = runner.run(submission).observations
    assert len(opened) == len(NAMES)
    assert {one.failure and one.failure.kind for ones in found.values() for one in ones} == {
        "crashed"
    }


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing ends with its parent")
def test_a_test_that_hangs_ends_with_the_grader(tmp_path: Path) -> None:
    tests = (
        TESTS
        + f"""

@pytest.mark.points(1)
def test_waits_for_the_right_answer(student):
    import os, pathlib
    if student.linear_dx(np.eye(1), np.ones(1))[0] != 1:
        pathlib.Path({str(tmp_path / "written")!r}).write_text(str(os.getpid()))
        os.rename({str(tmp_path / "written")!r}, {str(tmp_path / "pid")!r})
        while True:
            pass
"""
    )
    course = make_course(tmp_path, tests)
    hand_in(tmp_path / "in", "zeros", SUBMISSIONS["zeros"])
    command = [sys.executable, "-m", "autograder", "grade", str(tmp_path / "in")]
    command += ["--out", str(tmp_path / "out"), "--course", str(course), "--jobs", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as grader:
        wait_until((tmp_path / "pid").exists)
        pid = int((tmp_path / "pid").read_text())
        os.kill(pid, 0)
        grader.kill()
    wait_until(lambda: not Path(f"/proc/{pid}").exists())


def test_it_works_where_processes_cannot_fork(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.grading.hidden_pytest import process
    from autograder.sandbox.host import Sandbox
    from autograder.submissions.submission import Submission

    monkeypatch.setattr(process, "METHOD", "spawn")
    course = load_course(make_course(tmp_path))
    exercise = course.assignments["linear-layer"].exercises[0]
    submission = Submission("eve", "linear-layer", {"dx.py": SUBMISSIONS["no-refusal"]})
    with Sandbox("process", course.limits) as sandbox:
        runner = process.PytestRunner(course, exercise, sandbox.session)
        found = runner.run(submission).observations
    kinds = [one.failure and one.failure.kind for ones in found.values() for one in ones]
    assert kinds == [None, None, None, None, "check"]


def test_without_pytest_there_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.grading.hidden_pytest.process import PytestRunner
    from autograder.sandbox.host import Sandbox

    course = load_course(make_course(tmp_path))
    monkeypatch.delitem(sys.modules, "autograder.grading.hidden_pytest.collected", raising=False)
    monkeypatch.setitem(sys.modules, "_pytest.config", None)
    exercise = course.assignments["linear-layer"].exercises[0]
    sandbox = Sandbox("process", course.limits)
    with pytest.raises(MachineError, match="linear-layer/dx has tests for pytest, which is not"):
        PytestRunner(course, exercise, sandbox.session)


def test_exercises_without_such_files_do_without_pytest(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys\nfrom pathlib import Path\nfrom autograder.grading.grader import Grader\n"
        "from autograder.course.loading import load_course\n"
        "from autograder.sandbox.host import Sandbox\n"
        "from autograder.submissions.submission import Submission\n"
        f"course = load_course(Path({str(COURSE)!r}))\n"
        "with Sandbox('process', course.limits) as sandbox:\n"
        "    grader = Grader(course, sandbox, 'en')\n"
        f"    grade = grader.grade(Submission('a', 'linear-layer', {{'dx.py': {RIGHT!r}}}), '')\n"
        "assert grade.score == 10, grade\n"
        "assert not [name for name in sys.modules if name in ('pytest', '_pytest')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# Lint

LINTED = {
    "points for anything": (
        "np.testing.assert_allclose(student.linear_dx(W, dy), W.T @ dy)",
        "assert student.linear_dx(W, dy).shape == (n,)",
        "an answer of zeros gets 2 points in test 'test_dx.py::test_sizes'",
    ),
    "a test that catches nothing": (
        "np.testing.assert_allclose(student.linear_dx(W, dy), W.T @ dy)",
        "assert student.linear_dx(W, dy).shape == (n,)",
        "idle: test_dx.py::test_sizes",
    ),
    "a test that does without the student": (
        "def test_values(student, hint, W):", "def test_values(hint, W):\n    return",
        "the stub gets 1 points in test 'test_dx.py::test_values'",
    ),
    "a test that the solution fails": (
        "linear_dx(W, dy), W.T @ dy)", "linear_dx(W, dy), 2 * W.T @ dy)",
        f"{HIDDEN}/test_dx.py:16:5: the solution fails the test 'test_dx.py::test_sizes': "
        "Not equal to tolerance",
    ),
    "a name that is not there": (
        "dy = np.random", "dy = numpy.random",
        f"{HIDDEN}/test_dx.py:21:10: the solution fails the test 'test_dx.py::test_values': "
        "NameError: name 'numpy' is not defined",
    ),
    "a fixture that is not there": (
        "def test_values(student, hint, W):", "def test_values(studnet, hint, W):",
        "the solution fails the test 'test_dx.py::test_values': FixtureLookupError: ",
    ),
    "an argument that cannot travel": (
        "student.linear_dx(W, dy)\n    dx", "student.linear_dx({}, dy)\n    dx",
        "TypeError: cannot hand a dict to student code",
    ),
    "a skipped test": (
        "dy = np.random", "pytest.skip('later')\n    dy = np.random",
        "the solution fails the test 'test_dx.py::test_values': skipped: later",
    ),
    "a test that is expected to fail": (
        "@pytest.mark.points(1)\ndef", "@pytest.mark.points(1)\n@pytest.mark.xfail\ndef",
        "the solution fails the test 'test_dx.py::test_values': passed, by a marker",
    ),
    "no parameters": (
        "[(1, 2), (3, 4), (5, 1)]", "[]",
        "the solution fails the test 'test_dx.py::test_sizes': skipped: got empty parameter set",
    ),
    "an error while the file is read in": (
        "rng = np", "0 / 0\nrng = np",
        f"{HIDDEN}/test_dx.py:4:1: the test file cannot be run: ZeroDivisionError",
    ),
    "an import that is not there": (
        "import pytest\n", "import pytest\nimport nowhere\n",
        f"{HIDDEN}/test_dx.py:3:1: the test file cannot be run: ModuleNotFoundError: No module",
    ),
    "a test that pytest does not find": (
        "class TestRefusals:\n", "class TestRefusals:\n    def __init__(self): pass\n\n",
        "pytest does not run 'test_dx.py::TestRefusals::test_of_a_wrong_length'",
    ),
    "a test that cannot be read": (
        "rng = np", "exec('def test_more(student): pass')\nrng = np",
        "pytest runs 'test_dx.py::test_more', whose points cannot be read",
    ),
}  # fmt: skip


def test_lint_takes_good_tests(tmp_path: Path) -> None:
    done = run("lint", "--no-mutants", course=make_course(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ linear-layer/dx: 14 points, 7 tests" in done.stdout


@pytest.mark.parametrize("flaw", LINTED)
def test_lint_names_each_flaw(tmp_path: Path, flaw: str) -> None:
    old, new, message = LINTED[flaw]
    assert old in TESTS
    done = run("lint", "--no-mutants", course=make_course(tmp_path, TESTS.replace(old, new, 1)))
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == 1 or "idle" in message


def test_a_course_may_be_called_by_a_relative_path_or_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = make_course(tmp_path, TESTS.replace("dy = np.random", "dy = numpy.random"))
    (tmp_path / "link").symlink_to(course)
    monkeypatch.chdir(tmp_path)
    for path in ("course", "link"):
        done = run("lint", "--no-mutants", course=Path(path))
        assert f"{HIDDEN}/test_dx.py:21:10: the solution fails" in done.stdout
        assert "Traceback" not in done.stderr


def test_a_hidden_test_in_the_stub_is_a_leak(tmp_path: Path) -> None:
    course = make_course(tmp_path)
    stub = course / "assignments/linear-layer/dx.py"
    stub.write_text(stub.read_text("utf-8") + "\n\n" + TESTS, "utf-8")
    done = run("lint", "--no-mutants", course=course)
    assert done.returncode == 1
    assert f"of {HIDDEN}/test_dx.py" in done.stdout


def test_a_broken_conftest_is_named(tmp_path: Path) -> None:
    course = make_course(tmp_path)
    (course / HIDDEN / "conftest.py").write_text("import numpy\nnumpy.nothing_like_it\n", "utf-8")
    done = run("lint", "--no-mutants", course=course)
    assert done.returncode == 1
    assert f"{HIDDEN}/conftest.py:2:1: the test file cannot be run: AttributeError" in done.stdout


def test_a_mistake_that_only_a_pytest_test_catches_is_caught_and_named(tmp_path: Path) -> None:
    course = make_course(tmp_path)
    path = course / HIDDEN / "dx.yaml"
    text = path.read_text("utf-8")
    text += (
        "  - name: takes-any-length\n    code: |\n      def linear_dx(W, dy):\n"
        "          return W[: len(dy)].T @ dy[: len(W)]\n"
        "    hint: {en: What if the lengths differ?, ko: 길이가 다르면요?}\n"
    )
    path.write_text(text, "utf-8")
    done = run("lint", "--no-mutants", course=course)
    assert done.returncode == 0, done.stdout
    assert "3 of 3 mistakes caught" in done.stdout


# Reading the files

READ = {
    "no points": (
        "test_dx.py", "@pytest.mark.points(1)\ndef test_values", "def test_values",
        "test_dx.py:19:1: the test 'test_values' has no points; put '@pytest.mark.points(1)'",
    ),
    "a typing error in the marker": (
        "test_dx.py", "mark.points(1)\ndef", "mark.point(1)\ndef",
        "test_dx.py:20:1: the test 'test_values' has no points; did you mean "
        "'@pytest.mark.points' by '@pytest.mark.point'?",
    ),
    "points that are computed": (
        "test_dx.py", "points(2)", "points(1 + len('a'))",
        "test_dx.py:12:2: points must be one number written out",
    ),
    "points that are negative": (
        "test_dx.py", "points(2)", "points(-2)", "test_dx.py:12:2: points must be one number",
    ),
    "points that are true": (
        "test_dx.py", "points(2)", "points(True)", "test_dx.py:12:2: points must be one number",
    ),
    "points without a number": (
        "test_dx.py", "points(2)", "points", "test_dx.py:12:2: points must be one number",
    ),
    "no Python": (
        "test_dx.py", "rng =", "rng = =", "test_dx.py:4:7: the test file is not Python: invalid",
    ),
    "two tests of one name": (
        "test_dx.py", "def test_values", "def test_sizes",
        "test_dx.py:20:1: there are two tests 'test_sizes'",
    ),
    "an async test": (
        "test_dx.py", "def test_values", "async def test_values",
        "test_dx.py:20:1: 'test_values' is async",
    ),
    "no tests": (
        "test_dx.py", TESTS, "import pytest\n", "test_dx.py:1:1: there is no test in this file",
    ),
    "a name too long": (
        "test_dx.py", "test_values", "test_" + "long_" * 20, "is too long for a table",
    ),
    "of no exercise": (
        "test_dy.py", "", "", f"{HIDDEN}/test_dy.py tests none of these exercises; call it",
    ),
    "of a name that goes on": (
        "test_dxy.py", "", "", f"{HIDDEN}/test_dxy.py tests none of these exercises; call it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("flaw", READ)
def test_what_cannot_be_read_stops_with_its_place(tmp_path: Path, flaw: str) -> None:
    name, old, new, message = READ[flaw]
    course = make_course(tmp_path, TESTS.replace(old, new, 1), name)
    with pytest.raises(CourseError) as caught:
        load_course(course)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_belong_to_the_exercise_of_the_longest_name(tmp_path: Path) -> None:
    course = make_course(tmp_path)
    for tree in ("assignments", "solutions"):
        for path in (course / tree / "linear-layer").glob("dx.*"):
            shutil.copy(path, path.with_name(f"dx_fast{path.suffix}"))
    config = course / "config.yaml"
    config.write_text(config.read_text().replace("[dx]", "[dx, dx_fast]"))
    for name in ("test_dx_more", "test_dx_fast", "test_dx_fast_too"):
        (course / HIDDEN / f"{name}.py").write_text(TESTS)
    dx, fast = load_course(course).assignments["linear-layer"].exercises
    files = [{test.path.stem for test in one.pytest_tests} for one in (dx, fast)]
    assert files == [{"test_dx", "test_dx_more"}, {"test_dx_fast", "test_dx_fast_too"}]


def test_the_points_are_known_without_running_anything(tmp_path: Path) -> None:
    course = make_course(tmp_path, "raise SystemExit\n" + TESTS)
    assert load_course(course).assignments["linear-layer"].max_score == 14
