"""How fast a class is graded here and by others, in one run.

    python benchmarks/peers.py --peers .venv-peers [--students 30] [--rounds 3]

The class: six exercises about the linear layer, seven answers in ten right, no two files the same
(with ``--no-program-twice`` no two programs, so that each is run here, too); none that loops, for
which most of the others wait for minutes. All do the same work: every test of
the course that runs code, public and hidden, with the very inputs that it has here (some 15 tests
and 80 cases an exercise), read from a file. The others hold each result against the solution and
against central differences of the forward pass, element by element; where an array has more than
500 elements, against the solution alone. A test of what a call leaves behind looks at that, too.

* gradescope-utils: a process for each student, which runs unittest with its JSON runner, a test
  case for each test of the course;
* check50: ``check50 --dev`` for each student, a check for each exercise, which names the tests that
  fail, on all processors;
* otter-grader: ``otter.api.grade_submission`` for each student, in one process and without a
  container, a test file for each exercise with a case for each test;
* nbgrader: one ``nbgrader autograde`` for the class, a hidden test cell for each exercise, which
  names the tests that fail;
* a bare loop: one process for the class, which loads each answer and runs the others' checks,
  without isolation, limits, hints or files; in ``mixed_class.py`` a bare loop is the calls alone,
  without a look at what they return;
* ``autograder grade`` with one and two jobs, sandbox on, and the first time with one job, with
  nothing kept of the course.

They take turns, and whole commands are measured, start included. Only ratios within one run mean
anything. ``--processor-time`` measures that of all processes in the place of wall time;
``--leave-out otter-grader`` saves a quarter of an hour where a class has 300 students. Each of the
others must give a right answer full points and a wrong one fewer, or the measurement ends with 1.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import pickle
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from autograder.batch.cache import FOLDER  # noqa: E402
from autograder.course.course import Course  # noqa: E402
from autograder.course.exercise import Exercise, PropertyTest  # noqa: E402
from autograder.course.loading import load_course  # noqa: E402
from autograder.grading.preparation import prepare as prepare_cases  # noqa: E402
from autograder.release.notebook_writing import Cell, notebook  # noqa: E402
from autograder.truth.reference import solution_source  # noqa: E402
from benchmarks.mixed_class import processor_time, signed  # noqa: E402

ASSIGNMENT = "linear-layer"
WANTED = {"nbgrader": 30, "otter-grader": 25, "check50": 12, "gradescope-utils": 3.5}
MOST_WANTED = {"1 job": 1.3, "2 jobs": 0.7}

# Beside it lie the solutions, and the cases of each exercise: by test, its property and its cases,
# and of each case all arrays by name.
CHECKS = '''
import functools
import importlib
import pathlib
import pickle

import numpy as np

FUNCTIONS = {functions}
PARAMETERS = {parameters}
TESTS = {tests}
FOLDER = pathlib.Path(__file__).parent
STEP = 1e-6
PRECISION = 1e-5
ELEMENTS = 500


@functools.cache
def cases(exercise):
    return pickle.loads((FOLDER / (exercise + ".cases")).read_bytes())


@functools.cache
def solution(exercise):
    return getattr(importlib.import_module("solution_" + exercise), FUNCTIONS[exercise])


def central_differences(function, array):
    """By the elements of the array, the last axes; None where they are too many."""
    if array.size > ELEMENTS:
        return None
    array = array.astype(float)
    step = STEP * (np.abs(array).max() or 1.0)
    columns = []
    for place in np.ndindex(array.shape):
        up, down = array.copy(), array.copy()
        up[place] += step
        down[place] -= step
        columns.append((function(up) - function(down)) / (2 * step))
    return np.stack(columns, axis=-1).reshape(np.shape(columns[0]) + array.shape)


def gradients(exercise, x, W, dy=None):
    by_x = lambda: central_differences(lambda x: dy @ (W @ x), x)
    by_W = lambda: central_differences(lambda W: dy @ (W @ x), W)
    return {{
        "jacobian": lambda: (central_differences(lambda x: W @ x, x),),
        "dx_elementwise": lambda: (by_x(),),
        "dx": lambda: (by_x(),),
        "dW_elementwise": lambda: (by_W(),),
        "dW": lambda: (by_W(),),
        "linear_backward": lambda: (by_x(), by_W()),
    }}[exercise]()


def several(results):
    return results if isinstance(results, (tuple, list)) else (results,)


def are_close(found, expected):
    slack = PRECISION * np.abs(expected).max()
    return np.allclose(found, expected, rtol=PRECISION, atol=slack)


def check(exercise, test, function):
    of_test, arrays_of_cases = cases(exercise)[test]
    for arrays in arrays_of_cases:
        inputs = [arrays[name] for name in PARAMETERS[exercise]]
        given = [one.copy() for one in inputs]
        found = several(function(*given))
        if of_test == "inputs_unchanged":
            assert all(map(np.array_equal, given, inputs)), "an argument was changed"
        if of_test == "fresh_results":
            function(*(3 * one + 1 for one in inputs))
        expected = several(solution(exercise)(*inputs))
        assert len(found) == len(expected), "too few or too many results"
        for one, right, measured in zip(found, expected, gradients(exercise, **arrays)):
            assert np.shape(one) == right.shape, "of another shape"
            assert are_close(one, right), "not what the solution returns"
            assert measured is None or are_close(one, measured), "not the measured gradient"


def failures(exercise, function):
    """The tests that fail, with the reason of each."""
    found = []
    for test in TESTS[exercise]:
        try:
            check(exercise, test, function)
        except Exception as error:
            found.append(test + ": " + repr(error))
    return found
'''

UNITTEST = """
import importlib
import unittest

import checks
from gradescope_utils.autograder_utils.decorators import weight
from gradescope_utils.autograder_utils.json_test_runner import JSONTestRunner


class Tests(unittest.TestCase):
    pass


for exercise, function in checks.FUNCTIONS.items():
    for name in checks.TESTS[exercise]:
        @weight(1)
        def test(self, exercise=exercise, function=function, name=name):
            checks.check(exercise, name, getattr(importlib.import_module(exercise), function))
        setattr(Tests, f"test_{exercise}_{name}", test)

with open("results.json", "w") as file:
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Tests)
    JSONTestRunner(visibility="visible", stream=file).run(suite)
"""

CHECK50 = '''
@check50.check()
def check_{exercise}():
    """{exercise} is right"""
    function = getattr(check50.py.import_("{exercise}.py"), "{function}")
    failures = checks.failures("{exercise}", function)
    if failures:
        raise check50.Failure("; ".join(failures))
'''

BARE_LOOP = """
import contextlib
import io
import json
import pathlib
import sys

import checks

scores = {}
tests = [(exercise, test) for exercise in checks.FUNCTIONS for test in checks.TESTS[exercise]]
for student in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    failed = 0
    for exercise, function in checks.FUNCTIONS.items():
        (path,) = student.glob("*/" + exercise + ".py")
        names = {"__name__": exercise}
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(path.read_bytes(), str(path), "exec"), names)
            failed += len(checks.failures(exercise, names[function]))
    scores[student.name] = 1 - failed / len(tests)
print(json.dumps(scores))
"""

OTTER = """
import json
import sys

from otter.api import grade_submission

configuration, *notebooks = sys.argv[1:]
for notebook in notebooks:
    results = grade_submission(notebook, configuration, quiet=True)
    print(json.dumps([notebook, results.total / results.possible]), file=sys.stderr)
"""


Class = list[dict[str, tuple[bool, str]]]
"""For each student, by exercise: whether the answer is right, and its source."""
Scores = dict[str, float]
"""The share of all points that each student got."""
Grade = Callable[[], Scores]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", type=Path, required=True, help="their virtual environment")
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processor-time", action="store_true")
    parser.add_argument("--no-program-twice", action="store_true")
    parser.add_argument("--leave-out", nargs="*", default=[], choices=list(WANTED), metavar="PEER")
    arguments = parser.parse_args()
    clock = processor_time if arguments.processor_time else time.perf_counter
    course = load_course(ROOT, only=(ASSIGNMENT,))
    exercises = list(course.assignments[ASSIGNMENT].exercises)
    twice = arguments.no_program_twice
    answers = make_class(exercises, arguments.students, arguments.seed, no_program_twice=twice)
    with tempfile.TemporaryDirectory() as folder:
        tools = arguments.peers.absolute() / "bin"
        graders = prepare(Path(folder), tools, course, exercises, answers)
        for name in arguments.leave_out:
            del graders[name]
        times: dict[str, list[float]] = {name: [] for name in graders}
        for _ in range(arguments.rounds):
            for name, grade in graders.items():
                start = clock()
                scores = grade()
                times[name].append((clock() - start) / len(answers))
                if wrong := misjudged(answers, scores):
                    print(f"{name} says something else of {', '.join(wrong)}", file=sys.stderr)
                    if name not in WANTED:  # others run all answers of a student together
                        return 1
    report(times, len(answers), len(exercises))
    return 0


def make_class(
    exercises: list[Exercise], students: int, seed: int, *, no_program_twice: bool
) -> Class:
    """Answers whose mistakes show in many cases: the others' tests are plainer than ours."""
    generator = random.Random(seed)
    answers: Class = []
    for number in range(students):
        mine = {}
        for one in exercises:
            is_right = generator.random() < 0.7
            sources = _right(one) if is_right else _plainly_wrong(one)
            text = signed(generator.choice(sources), number, no_program_twice=no_program_twice)
            mine[one.name] = is_right, text
        answers.append(mine)
    return answers


def _right(exercise: Exercise) -> list[str]:
    text = (ROOT / "tests" / "answers" / f"{exercise.name}.yaml").read_text("utf-8")
    answers = yaml.safe_load(text)["right"].values()
    return [solution_source(exercise) or "", *(f"import numpy as np\n{one}" for one in answers)]


def _plainly_wrong(exercise: Exercise) -> list[str]:
    """The solution with its results changed in a few ways."""
    name = exercise.signature.function
    changes = ("-found", "2 * found", "found + 1.0", "0 * found", "found.sum()", "found[..., None]")
    return [
        f"{solution_source(exercise)}\n_right = {name}\ndef {name}(*arguments):\n"
        "    results = _right(*arguments)\n"
        "    several = results if isinstance(results, tuple) else (results,)\n"
        f"    several = tuple({change} for found in several)\n"
        "    return several if isinstance(results, tuple) else several[0]\n"
        for change in changes
    ]


def misjudged(answers: Class, scores: Scores) -> list[str]:
    """The students who have full points with a wrong answer, or fewer with right ones alone."""
    return [
        name
        for name, mine in zip(names(answers), answers, strict=True)
        if (abs(scores[name] - 1) < 1e-9) != all(is_right for is_right, _ in mine.values())
    ]


def names(answers: Class) -> list[str]:
    return [f"student-{number:04}" for number in range(len(answers))]


def report(times: dict[str, list[float]], students: int, exercises: int) -> None:
    rounds = len(times["1 job"])
    print(
        f"{students} students, {exercises} exercises, {os.cpu_count()} cores, "
        f"medians of {rounds} rounds; ratios are medians of the ratios of each round"
    )
    for name, values in times.items():
        print(f"{name:>18}: {statistics.median(values):.3f} s a student")
    for name, wanted in WANTED.items():
        if name not in times:
            continue
        pairs = zip(times[name], times["1 job"], strict=True)
        ratio = statistics.median(theirs / ours for theirs, ours in pairs)
        print(f"{name} / 1 job: {ratio:.1f} (wanted: {wanted})")
    for name, wanted in MOST_WANTED.items():
        pairs = zip(times[name], times["bare loop"], strict=True)
        ratio = statistics.median(ours / bare for ours, bare in pairs)
        print(f"{name} / bare loop: {ratio:.2f} (wanted: at most {wanted})")


# What each grader needs


def prepare(
    folder: Path, tools: Path, course: Course, exercises: list[Exercise], answers: Class
) -> dict[str, Grade]:
    files = folder / "files"
    for name, mine in zip(names(answers), answers, strict=True):
        target = files / name / ASSIGNMENT
        target.mkdir(parents=True)
        for exercise, (_, source) in mine.items():
            (target / f"{exercise}.py").write_text(source, "utf-8")
    shared = folder / "shared"
    shared.mkdir()
    functions = {one.name: one.signature.function for one in exercises}
    tests = {one.name: [test.name for test in one.run_tests] for one in exercises}
    write_checks(shared, course, exercises, functions, tests)
    return {
        "bare loop": bare_loop(folder, shared, files),
        "1 job, first run": lambda: ours(files, folder / "grades", 1, is_first=True),
        "2 jobs": lambda: ours(files, folder / "grades", 2),
        "1 job": lambda: ours(files, folder / "grades", 1),
        "gradescope-utils": gradescope(folder, tools, shared, files, names(answers)),
        "check50": check50(folder, tools, shared, functions, files, names(answers)),
        "otter-grader": otter(folder, tools, shared, functions, tests, answers),
        "nbgrader": nbgrader(folder, tools, shared, functions, tests, answers),
    }


def write_checks(
    shared: Path,
    course: Course,
    exercises: list[Exercise],
    functions: dict[str, str],
    tests: dict[str, list[str]],
) -> None:
    """The module ``checks``, and what it reads: solutions, and cases as they are drawn here."""
    parameters = {one.name: tuple(one.signature.parameters) for one in exercises}
    text = CHECKS.format(functions=functions, parameters=parameters, tests=tests)
    (shared / "checks.py").write_text(text, "utf-8")
    for exercise, prepared in zip(exercises, prepare_cases(exercises, course.seed), strict=True):
        source = solution_source(exercise) or ""
        (shared / f"solution_{exercise.name}.py").write_text(source, "utf-8")
        cases = {
            test.name: (
                test.property if isinstance(test, PropertyTest) else None,
                [case.arrays for case in prepared.cases[test.name]],
            )
            for test in exercise.run_tests
        }
        (shared / f"{exercise.name}.cases").write_bytes(pickle.dumps(cases))


def bare_loop(folder: Path, shared: Path, files: Path) -> Grade:
    script = folder / "bare_loop.py"
    script.write_text(BARE_LOOP, "utf-8")

    def grade() -> Scores:
        printed = call([sys.executable, str(script), str(files)], folder, shared)
        scores: Scores = json.loads(printed.splitlines()[-1])
        return scores

    return grade


def ours(files: Path, out: Path, jobs: int, *, is_first: bool = False) -> Scores:
    shutil.rmtree(out, ignore_errors=True)
    if is_first:
        shutil.rmtree(ROOT / FOLDER, ignore_errors=True)
    command = [sys.executable, "-m", "autograder", "grade", str(files), "--quiet"]
    call([*command, "--out", str(out), "--jobs", str(jobs), "--course", str(ROOT)], ROOT, ROOT)
    grades = [json.loads(path.read_bytes()) for path in out.glob("*/*.json")]
    return {one["student"]: one["score"] / one["max_score"] for one in grades}


def gradescope(folder: Path, tools: Path, shared: Path, files: Path, students: list[str]) -> Grade:
    script = folder / "gradescope" / "run_tests.py"
    script.parent.mkdir()
    script.write_text(UNITTEST, "utf-8")

    def grade() -> Scores:
        scores = {}
        for name in students:
            work = files / name / ASSIGNMENT
            call([str(tools / "python"), str(script)], work, shared, work)
            results = work / "results.json"
            content = json.loads(results.read_bytes())
            results.unlink()
            tests = content["tests"]
            scores[name] = sum(one["score"] == one["max_score"] for one in tests) / len(tests)
        return scores

    return grade


def check50(
    folder: Path,
    tools: Path,
    shared: Path,
    functions: dict[str, str],
    files: Path,
    students: list[str],
) -> Grade:
    checks = folder / "check50"
    checks.mkdir()
    (checks / ".cs50.yml").write_text("check50: true\n")
    text = "import check50\nimport check50.py\nimport checks\n"
    for exercise, function in functions.items():
        text += CHECK50.format(exercise=exercise, function=function)
    (checks / "__init__.py").write_text(text, "utf-8")
    output = folder / "check50.json"

    def grade() -> Scores:
        scores = {}
        for name in students:
            work = files / name / ASSIGNMENT
            command = [str(tools / "check50"), "--dev", str(checks)]
            output.unlink(missing_ok=True)
            # It ends with 1 where a check fails.
            call(
                [*command, "-o", "json", "--output-file", str(output)], work, shared, may_be=(0, 1)
            )
            results = json.loads(output.read_bytes())["results"]
            scores[name] = sum(bool(one["passed"]) for one in results) / len(results)
        return scores

    return grade


def otter(
    folder: Path,
    tools: Path,
    shared: Path,
    functions: dict[str, str],
    tests: dict[str, list[str]],
    answers: Class,
) -> Grade:
    work = folder / "otter"
    (work / "tests").mkdir(parents=True)
    for exercise, function in functions.items():
        lines = ">>> import checks\n>>> checks.check({!r}, {!r}, {})\n"
        cases = [
            {"code": lines.format(exercise, test, function), "hidden": False, "locked": False}
            for test in tests[exercise]
        ]
        suite = {"cases": cases, "scored": True, "setup": "", "teardown": "", "type": "doctest"}
        content = {"name": exercise, "points": len(cases), "suites": [suite]}
        text = f"OK_FORMAT = True\n\ntest = {content!r}\n"
        (work / "tests" / f"{exercise}.py").write_text(text, "utf-8")
    command = [str(tools / "otter"), "generate", "-t", "tests", "-o", "autograder.zip"]
    call([*command, "--no-environment"], work, shared)
    (work / "grade.py").write_text(OTTER, "utf-8")
    notebooks = []
    for name, mine in zip(names(answers), answers, strict=True):
        path = work / f"{name}.ipynb"
        path.write_bytes(notebook([Cell("code", source, {}) for _, source in mine.values()]))
        notebooks.append(str(path))

    def grade() -> Scores:
        command = [str(tools / "python"), "grade.py", "autograder.zip", *notebooks]
        lines = call(command, work, shared).splitlines()
        found = (json.loads(line) for line in lines if line.startswith('["'))
        return {Path(path).stem: float(score) for path, score in found}

    return grade


def nbgrader(
    folder: Path,
    tools: Path,
    shared: Path,
    functions: dict[str, str],
    tests: dict[str, list[str]],
    answers: Class,
) -> Grade:
    work = folder / "nbgrader"
    source = work / "source" / ASSIGNMENT / "layer.ipynb"
    source.parent.mkdir(parents=True)
    (work / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'bench'\n"
    )
    cells = []
    for exercise, function in functions.items():
        stub = f"### BEGIN SOLUTION\n{function} = None\n### END SOLUTION"
        test = (
            "### BEGIN HIDDEN TESTS\nimport checks\n"
            f"failures = checks.failures({exercise!r}, {function})\n"
            "assert not failures, failures\n### END HIDDEN TESTS"
        )
        cells.append(Cell("code", stub, _of_nbgrader(exercise, solution=True)))
        metadata = _of_nbgrader(f"test-{exercise}", grade=True, locked=True)
        metadata["nbgrader"]["points"] = len(tests[exercise])
        cells.append(Cell("code", test, metadata))
    source.write_bytes(notebook(cells))
    call([str(tools / "nbgrader"), "generate_assignment", ASSIGNMENT], work, shared)
    released = (work / "release" / ASSIGNMENT / "layer.ipynb").read_text("utf-8")
    for name, mine in zip(names(answers), answers, strict=True):
        content = json.loads(released)
        for cell in content["cells"]:
            grade_id = cell["metadata"]["nbgrader"]["grade_id"]
            if grade_id in mine:
                cell["source"] = mine[grade_id][1]
        target = work / "submitted" / name / ASSIGNMENT / "layer.ipynb"
        target.parent.mkdir(parents=True)
        target.write_text(json.dumps(content), "utf-8")

    def grade() -> Scores:
        shutil.rmtree(work / "autograded", ignore_errors=True)
        call([str(tools / "nbgrader"), "autograde", ASSIGNMENT], work, shared)
        call([str(tools / "nbgrader"), "export", "--to=totals.csv"], work, shared)
        with open(work / "totals.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return {row["student_id"]: float(row["score"]) / float(row["max_score"]) for row in rows}

    return grade


def _of_nbgrader(grade_id: str, **options: bool) -> dict[str, dict[str, object]]:
    plain: dict[str, object] = {"grade": False, "solution": False, "locked": False, "task": False}
    return {"nbgrader": {"schema_version": 3, "grade_id": grade_id, **plain, **options}}


def call(command: list[str], folder: Path, *path: Path, may_be: tuple[int, ...] = (0,)) -> str:
    """All that the command prints. Ends the measurement where it fails: with another exit code
    than it ``may_be``."""
    tools = Path(command[0]).parent
    environment = {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "PYTHONDONTWRITEBYTECODE": "",
        "OPENBLAS_NUM_THREADS": "1",
    }
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode not in may_be:
        sys.exit(f"error: {' '.join(command)} failed:\n{done.stdout[-3000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
