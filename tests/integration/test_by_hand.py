"""A class with numbers of their own: from worksheets to grades, in one go."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import yaml

from autograder.authoring.lint import lint_exercise
from autograder.course.course import Course
from autograder.course.loading import load_course
from autograder.course.statement import statement_markdown
from autograder.errors import CourseError
from autograder.grades.feedback import visible
from autograder.grades.grade_file import read_grade
from autograder.grading.own_numbers import code_of, numbers_seed, owner_of, same_code
from autograder.release.answer_form import form_notebook, form_yaml
from autograder.sandbox.host import Sandbox
from autograder.student.check_text import exercise_text
from autograder.student.checking import CheckedExercise, check_exercise
from autograder.student.mistake_index import lock_hints
from autograder.student.to_come import hidden_part
from autograder.submissions.forms import decode
from autograder.submissions.submission import SubmissionRef, read_submission, wanted_of
from autograder.truth.cases import draw_cases
from autograder.truth.reference import load_reference
from tests.support.small_course import ROOT, run

ASSIGNMENT = "by-hand"
CONFIG = """\
title: By hand
languages: [en, ko]
seed: 299152873465918273645918273645918273645
assignments:
  by-hand: {title: By hand, exercises: [jacobian_by_hand, dx_by_hand, dW_by_hand]}
"""
OWN = ("dx_by_hand", "dW_by_hand")
Answers = dict[str, Any]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course of the three exercises of this repository, with a seed that nobody knows."""
    folder = tmp_path_factory.mktemp("course")
    for tree in ("assignments", "solutions", "tests/hidden"):
        shutil.copytree(ROOT / tree / ASSIGNMENT, folder / tree / ASSIGNMENT)
    (folder / "config.yaml").write_text(CONFIG, "utf-8")
    return folder


@pytest.fixture(scope="module")
def course(root: Path) -> Course:
    return load_course(root)


def right_answers(form: Path, course: Course) -> tuple[dict[str, Any], Answers]:
    """The numbers on a form, and what the solution makes of them."""
    content = yaml.safe_load(form.read_text("utf-8"))
    exercises = {one.name: one for one in course.assignments[ASSIGNMENT].exercises}
    exercise = exercises[content["exercise"]]
    numbers = {name: np.array(one, float) for name, one in content["numbers"].items()}
    solution = load_reference(exercise)
    assert solution is not None
    return numbers, dict(zip(exercise.answers, solution(**numbers), strict=True))


def fill_in(form: Path, answers: Answers) -> None:
    head = form.read_text("utf-8").partition("answers:")[0]
    lines = [f"  {name}: {np.asarray(one).tolist()}" for name, one in answers.items()]
    form.write_text(f"{head}answers:\n" + "\n".join(lines) + "\n", "utf-8")


Changes = Callable[[dict[str, Any], Answers], Answers]


def swap_ways(numbers: dict[str, Any], right: Answers) -> Answers:
    """The wrong products, and what follows from them."""
    W, dy = numbers["W"], numbers["dy"]
    wrong = {"through_y1": dy[1] * W[0], "through_y2": dy[0] * W[1]}
    return {**wrong, "dx": wrong["through_y1"] + wrong["through_y2"]}


CLASS: dict[str, dict[str, Changes]] = {
    "right": {},
    "carried": {"dx_by_hand": swap_ways},
    "not-transposed": {
        "dx_by_hand": lambda n, right: right | {"dx": n["W"][:, :2] @ n["dy"]},
        "dW_by_hand": lambda n, right: right | {"dW": right["dW"].T},
    },
    "blank": {"dx_by_hand": lambda n, right: {}},
    "Kim, 이서연": {"dW_by_hand": lambda n, right: right | {"new_W": n["W"] - right["dW"]}},
    "slip": {
        "dx_by_hand": lambda n, right: right | {"through_y1": right["through_y1"] + [0, 1, 0]},
        "jacobian_by_hand": lambda n, right: right | {"J": right["J"].T},
    },
}

DAMAGED = ("easier", "broken")


@pytest.fixture(scope="module")
def sheets(root: Path, course: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worksheets of a class, filled in."""
    out = tmp_path_factory.mktemp("sheets")
    names = [part for name in (*CLASS, *DAMAGED) for part in ("--student", name)]
    made = run("worksheet", ASSIGNMENT, "--out", out, *names, course=root)
    assert made.returncode == 0, made.stderr
    for student, changes in (CLASS | {name: {} for name in DAMAGED}).items():
        for form in sorted((out / student / ASSIGNMENT).glob("*.answers.yaml")):
            numbers, right = right_answers(form, course)
            change = changes.get(form.name.partition(".")[0])
            fill_in(form, right if change is None else change(numbers, right))
    # One hands in the forms of another, one changes the numbers, one leaves a bracket out.
    shutil.copytree(out / "right", out / "copied")
    (out / "codes.csv").rename(out.parent / "codes.csv")
    for student in DAMAGED:
        for name in OWN:
            form = out / student / ASSIGNMENT / f"{name}.answers.yaml"
            text = form.read_text("utf-8")
            if student == "easier":
                text = re.sub(r"^  dy: .*", "  dy: [1, 1]", text, flags=re.MULTILINE)
            else:
                text = text[: text.rindex("]")]
            form.write_text(text, "utf-8")
    return out


@pytest.fixture(scope="module")
def out(root: Path, sheets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grades")
    graded = run("grade", sheets, "--out", folder, "--jobs", 1, course=root)
    assert graded.returncode == 0, graded.stderr
    return folder


def graded(out: Path, student: str) -> dict[str, Any]:
    grade = json.loads((out / student / f"{ASSIGNMENT}.json").read_text("utf-8"))
    return {one["name"]: one for each in grade["exercises"] for one in each["tests"]}


def scores(out: Path, student: str) -> dict[str, float]:
    return {name: one["score"] for name, one in graded(out, student).items()}


FULL = dict.fromkeys(["y", "through_y1", "through_y2", "dy1_dW", "new_W"], 8.0)
FULL |= dict.fromkeys(["J", "dx", "dW"], 20.0)


@pytest.mark.parametrize(
    ("student", "lost", "mistakes"),
    [
        ("right", [], {}),
        ("carried", ["through_y1", "through_y2"], {"through_y1": "upstream-exchanged"}),
        ("not-transposed", ["dx", "dW"], {"dx": "missing-transpose", "dW": "transposed"}),
        ("blank", ["through_y1", "through_y2", "dx"], {}),
        ("Kim, 이서연", ["new_W"], {"new_W": "no-learning-rate"}),
        ("slip", ["through_y1", "J"], {"J": "transposed"}),
        ("copied", ["through_y1", "through_y2", "dx", "dy1_dW", "dW", "new_W"], {}),
        ("easier", ["through_y1", "through_y2", "dx", "dy1_dW", "dW", "new_W"], {}),
        ("broken", ["through_y1", "through_y2", "dx", "dy1_dW", "dW", "new_W"], {}),
    ],
)
def test_points_and_mistakes(
    out: Path, student: str, lost: list[str], mistakes: dict[str, str]
) -> None:
    assert scores(out, student) == FULL | dict.fromkeys(lost, 0)
    tests = graded(out, student)
    assert {name: tests[name]["mistake"] for name in mistakes} == mistakes
    assert all(tests[name]["hint"] for name in mistakes)
    assert all(tests[name]["status"] == "passed" for name in FULL.keys() - lost)


@pytest.mark.parametrize(
    ("student", "test", "said"),
    [
        ("carried", "dx", "dx is wrong, but it follows from what you have in through_y1, "),
        ("blank", "dx", "dx is not filled in."),
        ("slip", "through_y1", "1 of the 3 numbers of through_y1 is wrong: through_y1[2]."),
        ("not-transposed", "dx", "dx has 2 numbers, and should have 3 numbers."),
        ("copied", "dx", "The code "),
        ("easier", "dx", "The numbers in dy on this form are not those that were given to you."),
        ("broken", "dx", "dx_by_hand.answers.yaml cannot be read from line "),
    ],
)
def test_messages(out: Path, student: str, test: str, said: str) -> None:
    assert graded(out, student)[test]["message"].startswith(said)


def test_students_read_what_is_about_their_form_in_their_language(out: Path) -> None:
    """It is hidden, and gives nothing away; what was computed is for instructors."""
    grade = read_grade(out / "slip" / f"{ASSIGNMENT}.json")
    assert grade is not None
    shown = visible(grade, "hints", after_due=False)
    tests = {one.name: one for each in shown.exercises for one in each.tests}
    assert tests["through_y1"].message.startswith("1 of the 3 numbers")
    names = visible(grade, "names", after_due=False)
    tests = {one.name: one for each in names.exercises for one in each.tests}
    assert "numbers" not in tests["through_y1"].message
    assert tests["J"].hint is None


def test_worksheets_have_what_they_should(sheets: Path, course: Course) -> None:
    page = (sheets / "Kim, 이서연" / ASSIGNMENT / "worksheet.html").read_text("utf-8")
    assert code_of(course, ASSIGNMENT, "Kim, 이서연") in page
    assert page.count('class="boxes"') == 8
    assert "http" not in re.sub(r'xmlns="http[^"]*"', "", page)
    assert "<script" not in page
    everything = (sheets / f"{ASSIGNMENT}.html").read_text("utf-8")
    assert everything.count('class="sheet"') == len(CLASS) + len(DAMAGED)
    rows = list(csv.DictReader((sheets.parent / "codes.csv").read_text("utf-8-sig").splitlines()))
    assert {row["student"]: row["code"] for row in rows} == {
        name: code_of(course, ASSIGNMENT, name) for name in (*CLASS, *DAMAGED)
    }


def test_what_is_given_out_has_no_answers(root: Path, course: Course, sheets: Path) -> None:
    """Neither the right values nor what they follow from, and nothing of the seed."""
    text = "".join(
        path.read_text("utf-8")
        for path in (sheets / "blank" / ASSIGNMENT).iterdir()
        if "jacobian" not in path.name and "dW" not in path.name
    )
    _, right = right_answers(sheets / "blank" / ASSIGNMENT / "dx_by_hand.answers.yaml", course)
    for name, value in right.items():
        shown = ", ".join(f"{one:g}" for one in value.ravel())
        assert shown not in text, name
    assert str(course.seed) not in text
    assert "through_y1 + through_y2" not in text


def test_a_form_that_somebody_has_filled_in_stays(root: Path, sheets: Path) -> None:
    form = sheets / "right" / ASSIGNMENT / "dx_by_hand.answers.yaml"
    before = form.read_bytes()
    made = run("worksheet", ASSIGNMENT, "--out", sheets, "--student", "right", course=root)
    assert made.returncode == 0
    assert f"kept {form}" in made.stderr
    assert form.read_bytes() == before
    (sheets / "codes.csv").unlink()


def test_an_appeal_has_the_form_and_no_script(root: Path, out: Path, sheets: Path) -> None:
    told = run(
        "explain", out, "not-transposed", "dx_by_hand", "--appeal", out / "appeal",
        "--submissions", sheets, course=root,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert "missing-transpose" in told.stdout
    folder = out / "appeal" / ASSIGNMENT / "dx_by_hand"
    assert {one.name for one in folder.iterdir()} == {"index.html", "dx_by_hand.answers.yaml"}


# What a student's own computer says


def checked(course: Course, folder: Path, name: str, language: str = "en") -> CheckedExercise:
    assignment = course.assignments[ASSIGNMENT]
    ref = SubmissionRef("", ASSIGNMENT, folder, wanted=wanted_of(assignment))
    exercise = next(one for one in assignment.exercises if one.name == name)
    with Sandbox("process", course.limits) as sandbox:
        return check_exercise(course, exercise, read_submission(ref), sandbox, language)


@pytest.mark.parametrize(
    ("student", "exercise", "said"),
    [
        ("right", "dx_by_hand", "3 of 3 tests"),
        ("carried", "dx_by_hand", "3 of 3 tests"),
        ("slip", "jacobian_by_hand", "J has 3 rows of 2 numbers, and should have 2 rows of 3 numb"),
        ("not-transposed", "dx_by_hand", "dx has 2 numbers, and should have 3 numbers."),
        ("broken", "dx_by_hand", "dx_by_hand.answers.yaml cannot be read from line"),
        ("nobody", "dx_by_hand", "There is no dx_by_hand.answers.yaml here."),
    ],
)
def test_a_check_says_what_is_missing_and_not_what_is_right(
    course: Course, sheets: Path, student: str, exercise: str, said: str
) -> None:
    one = checked(course, sheets / student / ASSIGNMENT, exercise)
    shown = " ".join(exercise_text(one, "en", width=200).split())
    assert said in shown
    assert one.passed == ("of 3 tests" in said)
    assert one.max_score == 0


def test_a_blank_form_is_not_started(course: Course, sheets: Path) -> None:
    folder = sheets / "untouched"
    folder.mkdir()
    exercise = course.assignments[ASSIGNMENT].exercises[1]
    for name, student in (("dx_by_hand", None), ("dW_by_hand", "kim")):
        exercise = next(e for e in course.assignments[ASSIGNMENT].exercises if e.name == name)
        (folder / exercise.file).write_bytes(form_yaml(course, exercise, "ko", student))
        assert checked(course, folder, name).untouched
    shutil.rmtree(folder)


def test_a_notebook_is_a_form_too(course: Course, tmp_path: Path) -> None:
    exercise = course.assignments[ASSIGNMENT].exercises[1]
    content = form_notebook(course, exercise, "en", "kim").decode()
    (tmp_path / "dx_by_hand.ipynb").write_text(content.replace("[_, _, _]", "[1, 2, 3/2]"))
    assert checked(course, tmp_path, "dx_by_hand").passed
    ref = SubmissionRef(
        "kim", ASSIGNMENT, tmp_path, wanted=wanted_of(course.assignments["by-hand"])
    )
    form = decode(read_submission(ref).work["dx_by_hand"].source or "")
    assert form is not None
    assert form.code == code_of(course, ASSIGNMENT, "kim")
    assert form.answers["dx"] == [1, 2, 1.5]


def test_a_bundle_has_the_form_of_a_student_and_nothing_secret(
    course: Course, root: Path, tmp_path: Path
) -> None:
    made = run(
        "release", ASSIGNMENT, tmp_path / "kim", "--student", "kim", "--requirement", "x",
        course=root,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    folder = tmp_path / "kim" / "assignments" / ASSIGNMENT
    form = (folder / "dx_by_hand.answers.yaml").read_text("utf-8")
    assert code_of(course, ASSIGNMENT, "kim") in form
    assert not list(folder.glob("*.py"))
    text = "".join(path.read_text("utf-8") for path in folder.iterdir())
    for secret in ("through_y1 + through_y2", "missing-transpose", str(course.seed)):
        assert secret not in text
    bundle = load_course(tmp_path / "kim", public=True)
    (following,) = (one for one in bundle.assignments[ASSIGNMENT].exercises if "dx" in one.name)
    to_come = hidden_part(following, with_titles=False)
    assert "36 points" in statement_markdown(following, "en", hidden_points=to_come.points)
    assert checked(bundle, folder, "dx_by_hand").untouched


# Whose numbers these are


def test_codes_and_numbers_are_everybodys_own(course: Course) -> None:
    names = [f"student {number}" for number in range(300)]
    codes = {code_of(course, ASSIGNMENT, one) for one in names}
    assert len(codes) == len(names)
    assert all(re.fullmatch("[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", one) for one in codes)
    exercise = course.assignments[ASSIGNMENT].exercises[1]
    drawn = set()
    for name in names[:60]:
        seed = numbers_seed(course, ASSIGNMENT, name)
        inputs = draw_cases(exercise, exercise.run_tests[0], seed)[0].inputs
        for array in inputs.values():
            assert len(np.unique(array)) == array.size
            assert np.all((array >= 2) & (array <= 9) & (array == np.rint(array)))
        drawn.add(str(inputs))
        others = [draw_cases(exercise, test, seed)[0].inputs for test in exercise.run_tests[1:]]
        assert all(str(one) == str(inputs) for one in others)
    assert len(drawn) == 60


def test_a_name_may_be_written_otherwise(course: Course) -> None:
    code = code_of(course, ASSIGNMENT, "Kim Minsu")
    assert code == code_of(course, ASSIGNMENT, " kim  minsu ")
    assert code != code_of(course, ASSIGNMENT, "Kim Minsoo")
    assert code != code_of(course, "other", "Kim Minsu")
    for copied in (code.lower(), code.replace("-", " "), code.replace("0", "O"), f" {code}"):
        assert same_code(code, copied)
        assert owner_of(course, ASSIGNMENT, "Kim Minsu", copied) == "Kim Minsu"
    assert owner_of(course, ASSIGNMENT, "Lee", code) is None
    assert owner_of(course, ASSIGNMENT, "Lee", "") == "Lee"


def test_another_seed_gives_other_codes_and_numbers(course: Course) -> None:
    other = msgspec.structs.replace(course, seed=course.seed + 1)
    assert code_of(course, ASSIGNMENT, "kim") != code_of(other, ASSIGNMENT, "kim")
    assert numbers_seed(course, ASSIGNMENT, "kim") != numbers_seed(other, ASSIGNMENT, "kim")


def test_the_roster_knows_who_is_who(course: Course, tmp_path: Path) -> None:
    """A platform calls people otherwise than the list that worksheets were made from."""
    moved = msgspec.structs.replace(course, root=tmp_path)
    code = code_of(moved, ASSIGNMENT, "Kim Minsu")
    assert owner_of(moved, ASSIGNMENT, "kmin42", code) is None
    (tmp_path / "roster.csv").write_text("student,name,ID\nkmin42,Kim Minsu,7\n", "utf-8")
    assert owner_of(moved, ASSIGNMENT, "kmin42", code) == "Kim Minsu"
    assert owner_of(moved, ASSIGNMENT, "kmin42", "") == "kmin42"
    assert owner_of(moved, ASSIGNMENT, "lee", code) is None


# What is refused, in one line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "has numbers for each student; say who they are with --students FILE"),
        (["--student", "kim", "--student", "Kim"], "'kim' and 'Kim' would have the same numbers"),
        (["--student", " "], "cannot be the name of a student"),
        (["--students", "nowhere.txt"], "nowhere.txt: cannot be read"),
    ],
)
def test_worksheets_that_cannot_be_made(
    root: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    made = run("worksheet", ASSIGNMENT, "--out", tmp_path / "out", *arguments, course=root)
    assert made.returncode == 2
    assert len(made.stderr.strip().splitlines()) == 1
    assert said in made.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "content", ["kim\n# late\nlee\n", "\ufeffkim\r\n\r\nlee", "student\nkim\nlee\n"]
)
def test_names_come_from_a_list(root: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "names.txt").write_text(content, "utf-8")
    made = run(
        "worksheet", ASSIGNMENT, "--out", tmp_path / "out", "--students", tmp_path / "names.txt",
        course=root,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert {one.name for one in (tmp_path / "out").iterdir() if one.is_dir()} == {"kim", "lee"}


def test_a_seed_that_is_found_by_trying_gives_out_no_numbers(root: Path, tmp_path: Path) -> None:
    weak = shutil.copytree(root, tmp_path / "weak")
    (weak / "config.yaml").write_text(re.sub(r"seed: \d+", "seed: 7", CONFIG), "utf-8")
    for command in (["worksheet", ASSIGNMENT, "--out"], ["release", ASSIGNMENT]):
        made = run(*command, tmp_path / "out", "--student", "kim", course=weak)
        assert made.returncode == 2
        assert "config.yaml: 'seed: 7' is found by trying" in made.stderr


@pytest.mark.parametrize(
    ("file", "old", "new", "place", "said"),
    [
        ("public", "answers:", "function: dx(W) -> dx\nanswers:", "", "needs either 'function'"),
        ("public", "shape: [n]\n    points: 20", "shape: [k]\n    points: 20", ":54:13",
         "'k' is no dimension of an array"),
        ("public", "shape: [n]\n    points: 20", "points: 20", ":50:3", "lacks the key 'shape'"),
        ("public", "  through_y1:\n", "  dy:\n", ":42:3", "'dy' is in 'arrays' already"),
        ("public", "dims: {m: 2, n: 3}", "given: {W: [[1, 2, 3]], dy: [1]}", ":60:1",
         "the example does not give 'x'"),
        ("public", "dims: {m: 2, n: 3}\n", "", "", "does not say how to draw the dimension 'm'"),
        ("public", "dims:", "new_arrays: true\ndims:", ":60:1", "'new_arrays' is about code"),
        ("public", "dims:", "given: {W: [[1]], dy: [1], x: [1]}\ndims:", ":61:1",
         "remove one of the two"),
        ("hidden", "follows:", "battery: standard\nfollows:", ":2:1", "'battery' is about code"),
        ("hidden", "  dx: through_y1 + through_y2", "  dX: through_y1", ":3:3",
         "'dX' is not an answer; known here: through_y1, through_y2, dx"),
        ("hidden", "  dx: through_y1 + through_y2", "  dx: W.T @ dy", ":3:3",
         "uses no other answer"),
        ("hidden", "  dx: through_y1 + through_y2", "  dx: through_y3", ":3:3",
         "unknown name 'through_y3'"),
        ("hidden", "outputs: {dx: \"W[:, :2] @ dy\"}", "outputs: {dw: W}", ":6:15",
         "'dw' is not an output"),
    ],
)  # fmt: skip
def test_slips_of_authors(
    root: Path, tmp_path: Path, file: str, old: str, new: str, place: str, said: str
) -> None:
    copy = shutil.copytree(root, tmp_path / "copy")
    tree = "assignments" if file == "public" else "tests/hidden"
    path = copy / tree / ASSIGNMENT / "dx_by_hand.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(CourseError, match=re.escape(said)) as caught:
        load_course(copy)
    assert place in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  dx: through_y1 + through_y2", "  dx: through_y1 - through_y2",
         "does not give 'dx' where all other answers are right"),
        ('{dx: "W[:, :2] @ dy"}', '{dx: "W.T @ dy"}', "gives the right answers with the num"),
    ],
)  # fmt: skip
def test_lint_tries_what_follows_and_what_is_wrong(
    root: Path, tmp_path: Path, old: str, new: str, said: str
) -> None:
    copy = shutil.copytree(root, tmp_path / "copy")
    path = copy / "tests" / "hidden" / ASSIGNMENT / "dx_by_hand.yaml"
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    course = load_course(copy)
    with Sandbox("process", course.limits) as sandbox:
        report = lint_exercise(course, course.assignments[ASSIGNMENT].exercises[1], sandbox)
    assert any(said in one for one in report.problems), report.problems


def test_the_exercises_are_in_order(course: Course) -> None:
    with Sandbox("process", course.limits) as sandbox:
        for exercise in course.assignments[ASSIGNMENT].exercises:
            report = lint_exercise(course, exercise, sandbox)
            assert not report.problems
            assert report.mutation_score == 1
            assert not lock_hints(course, exercise, sandbox)


def test_an_answer_of_another_shape_than_declared_is_a_finding(root: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(root, tmp_path / "copy")
    path = copy / "assignments" / ASSIGNMENT / "dx_by_hand.yaml"
    text = path.read_text("utf-8")
    path.write_text(
        text.replace("shape: [n]\n    points: 20", "shape: [m]\n    points: 20"), "utf-8"
    )
    course = load_course(copy)
    with Sandbox("process", course.limits) as sandbox:
        report = lint_exercise(course, course.assignments[ASSIGNMENT].exercises[1], sandbox)
    said = "the answer 'dx' has the shape [3] and is declared as [2]; write 'shape: [3]'"
    assert any(said in one for one in report.problems)
