"""How fast a class is graded, beside what else one could do, measured in one run.

    python benchmarks/mixed_class.py [--students 60] [--rounds 3] [--assignments NAME...]

The class is made of many answers: the right and wrong ones of ``tests/answers``, the solutions, the
known mistakes and the slow answers of ``tests/efficiency``; some raise, some end their process. No
two files are the same, but several may be the same program, which is run once. Measured, in turns:

* the whole command, sandbox on: with one and two jobs; the first time, with nothing kept of the
  course; with one answer in fifty that loops without end in the place of another; and with no
  program twice, where each is run;
* a fresh ``python -c "import numpy"``, and a bare fork of a process that has numpy: what an
  exercise costs at the least where each has a process of that kind;
* a bare loop: the same calls of the same answers in one process, without any isolation, limits or
  judging, and without the start of that process. Answers that end their process are left out. No
  grader reaches it: nothing that comes back is looked at. ``peers.py`` has a loop that judges, too.

Then where the time of one job goes. Only ratios within one run mean anything: machines differ, and
so do their moods. ``--processor-time`` measures that of all processes in the place of wall time,
for a machine that does something else besides; two jobs then take as much as one.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from autograder.batch.cache import FOLDER  # noqa: E402
from autograder.course.course import Course  # noqa: E402
from autograder.course.exercise import Exercise  # noqa: E402
from autograder.course.loading import load_course  # noqa: E402
from autograder.grading import grader as grading  # noqa: E402
from autograder.grading.judge import judge_test  # noqa: E402
from autograder.grading.mistakes import mutant  # noqa: E402
from autograder.grading.plan import inputs_of  # noqa: E402
from autograder.grading.preparation import prepare  # noqa: E402
from autograder.grading.timing import baseline_seconds  # noqa: E402
from autograder.sandbox.host import Sandbox  # noqa: E402
from autograder.sandbox.session import Session  # noqa: E402
from autograder.submissions.submission import Submission  # noqa: E402
from autograder.truth.reference import solution_source  # noqa: E402
from autograder.truth.witnesses import run_steps  # noqa: E402

HEAD = "import numpy as np\n"
SHARES = {"right": 70, "wrong": 26, "slow": 2, "crash": 2}
LOOP_EVERY = 50
# What does not come back to a bare loop, or in no bearable time.
FATAL = ("slow", "crash", "loop")
CRASHES = ("raise ValueError('no')", "import os; os._exit(1)", "1 / 0")

Pool = dict[str, list[str]]
Class = list[dict[str, tuple[str, str]]]
"""For each student, by exercise: the kind of the answer, and its source."""


def processor_time() -> float:
    """Seconds of this process and all that have ended and were waited for."""
    usages = (resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in usages)


clock: Callable[[], float] = time.perf_counter


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processor-time", action="store_true")
    parser.add_argument("--assignments", nargs="*", default=[])
    arguments = parser.parse_args()
    global clock
    clock = processor_time if arguments.processor_time else time.perf_counter
    course = load_course(ROOT)
    names = arguments.assignments or list(course.assignments)
    exercises = [
        one for name in names for one in course.assignments[name].exercises if not one.answers
    ]  # not those that are worked out by hand
    answers, different = (
        make_class(exercises, arguments.students, arguments.seed, no_program_twice=twice)
        for twice in (False, True)
    )
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), course, exercises, answers, different, arguments.rounds)
    where_time_goes(course, exercises, different[: max(5, arguments.students // 6)])


def pool(exercise: Exercise) -> Pool:
    """Sources by kind."""
    text = (ROOT / "tests/answers" / f"{exercise.name}.yaml").read_text("utf-8")
    found = {kind: [HEAD + one for one in of.values()] for kind, of in yaml.safe_load(text).items()}
    solution = solution_source(exercise) or ""
    right = [solution, *found["right"], *(one.code for one in exercise.right)]
    wrong = [*found["wrong"]]
    for mistake in exercise.mistakes:
        wrong.append(mutant(exercise, mistake, solution).files[f"{exercise.name}.py"])
    text = (ROOT / "tests/efficiency/answers.yaml").read_text("utf-8")
    slow = yaml.safe_load(text).get(exercise.name, {}).get("slow", {}).values()
    return {
        "right": right,
        "wrong": wrong,
        "slow": [HEAD + one for one in slow] or [_with(exercise, solution, SLOW)],
        "crash": [_with(exercise, solution, one) for one in CRASHES],
        "loop": [_with(exercise, solution, "while True: pass")],
    }


# Takes as long as a few thousand lines of Python do.
SLOW = "sum(i * i for i in range(3000))"


def _with(exercise: Exercise, solution: str, statement: str) -> str:
    """The solution, which does this first in every call."""
    name = exercise.signature.function
    wrapper = f"def {name}(*a, **k):\n    {statement}\n    return _right(*a, **k)\n"
    return f"{solution}\n_right = {name}\n{wrapper}"


def make_class(
    exercises: list[Exercise], students: int, seed: int, *, no_program_twice: bool = False
) -> Class:
    generator = random.Random(seed)
    pools = {one.name: pool(one) for one in exercises}
    kinds, weights = zip(*SHARES.items(), strict=True)
    answers: Class = []
    for number in range(students):
        mine = {}
        for one in exercises:
            (kind,) = generator.choices(kinds, weights)
            source = generator.choice(pools[one.name][kind])
            mine[one.name] = kind, signed(source, number, no_program_twice=no_program_twice)
        answers.append(mine)
    return answers


def signed(source: str, number: int, *, no_program_twice: bool) -> str:
    """The file of the student with this number: another comment, or another program, than those of
    the others."""
    return f"{source}\nhanded_in_by = {number}\n" if no_program_twice else f"# {number}\n{source}"


def with_loops(answers: Class, exercises: list[Exercise]) -> Class:
    """The same class, in which every fiftieth answer loops."""
    loops = {one.name: pool(one)["loop"][0] for one in exercises}
    changed, count = [], 0
    for number, mine in enumerate(answers):
        theirs = dict(mine)
        for name in mine:
            count += 1
            if count % LOOP_EVERY == 0:
                theirs[name] = "loop", f"# {number}\n{loops[name]}"
        changed.append(theirs)
    return changed


def write_class(folder: Path, answers: Class, exercises: list[Exercise]) -> None:
    where = {one.name: one.assignment for one in exercises}
    for number, mine in enumerate(answers):
        for name, (_, source) in mine.items():
            target = folder / f"student-{number:04}" / where[name]
            target.mkdir(parents=True, exist_ok=True)
            (target / f"{name}.py").write_text(source, "utf-8")


def measure(
    folder: Path,
    course: Course,
    exercises: list[Exercise],
    answers: Class,
    different: Class,
    rounds: int,
) -> None:
    write_class(folder / "class", answers, exercises)
    write_class(folder / "different", different, exercises)
    write_class(folder / "loops", with_loops(answers, exercises), exercises)
    count = len(answers) * len(exercises)
    calls = prepare_calls(course, exercises, answers)
    import_numpy = [sys.executable, "-c", "import numpy"]
    times: dict[str, list[float]] = {}

    def note(name: str, seconds: float, of: int = count) -> None:
        times.setdefault(name, []).append(seconds / of)

    for _ in range(rounds):  # in turn, so that a slow moment of the machine hits all
        note("import numpy", sum(timed(import_numpy) for _ in range(10)), 10)
        note("bare fork", forks(100), 100)
        shutil.rmtree(ROOT / FOLDER, ignore_errors=True)
        note("2 jobs, first run", grade(folder / "class", folder / "out", 2))
        note("2 jobs", grade(folder / "class", folder / "out", 2))
        note("bare loop", bare_loop(calls))
        note("1 job", grade(folder / "class", folder / "out", 1))
        note("2 jobs, different", grade(folder / "different", folder / "out", 2))
        note("1 job, different", grade(folder / "different", folder / "out", 1))
        note("2 jobs, loops", grade(folder / "loops", folder / "out", 2))
        note("1 job, loops", grade(folder / "loops", folder / "out", 1))
    report(times, len(answers), len(exercises))


def report(times: Mapping[str, list[float]], students: int, exercises: int) -> None:
    rounds = len(times["1 job"])
    print(
        f"{students} students, {exercises} exercises, {os.cpu_count()} cores, "
        f"medians of {rounds} rounds; ratios are medians of the ratios of each round"
    )
    for name, values in times.items():
        print(f"{name:>18}: {statistics.median(values) * 1e3:8.2f} ms an exercise")

    def ratio(one: str, other: str) -> float:
        return statistics.median(a / b for a, b in zip(times[one], times[other], strict=True))

    for one in ("2 jobs", "2 jobs, first run", "2 jobs, different"):
        print(f"import numpy / {one}: {ratio('import numpy', one):.1f}")
    for one in ("1 job", "2 jobs"):
        print(f"{one} / bare loop: {ratio(one, 'bare loop'):.2f}")
        print(f"{one}, different / bare loop: {ratio(f'{one}, different', 'bare loop'):.2f}")
        print(f"{one}: with loops / without: {ratio(f'{one}, loops', one):.2f}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"largest process: {peak / 1024:.0f} MiB")


def grade(submissions: Path, out: Path, jobs: int) -> float:
    """Seconds for the whole command on the whole class."""
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "autograder", "grade", str(submissions), "--quiet"]
    return timed([*command, "--out", str(out), "--jobs", str(jobs), "--course", str(ROOT)])


def timed(command: list[str]) -> float:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    start = clock()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return clock() - start


def forks(count: int) -> float:
    start = clock()
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    return clock() - start


Calls = list[tuple[Exercise, str, list[tuple[Any, Any]]]]


def prepare_calls(course: Course, exercises: list[Exercise], answers: Class) -> Calls:
    """Each answer with the steps and inputs of all its tests."""
    prepared = dict(zip((e.name for e in exercises), prepare(exercises, course.seed), strict=True))
    cases = {
        one.name: [
            (test, case) for test in one.run_tests for case in prepared[one.name].cases[test.name]
        ]
        for one in exercises
    }
    by_name = {one.name: one for one in exercises}
    return [
        (by_name[name], source, cases[name])
        for mine in answers
        for name, (kind, source) in mine.items()
        if kind not in FATAL
    ]


def bare_loop(calls: Calls) -> float:
    """Seconds for all answers, those that are left out as if they cost as much as others."""
    start = clock()
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()), np.errstate(all="ignore"):
        for exercise, source, cases in calls:
            names: dict[str, Any] = {"__name__": exercise.name}
            try:
                exec(compile(source, "answer", "exec"), names)
                function = names[exercise.signature.function]
            except BaseException:
                continue
            for test, case in cases:
                inputs = {
                    name: value.copy() if isinstance(value, np.ndarray) else value
                    for name, value in inputs_of(case).items()
                }
                try:
                    run_steps(exercise, test.steps, function, inputs)
                except BaseException:
                    continue
    share = (SHARES["right"] + SHARES["wrong"]) / sum(SHARES.values())
    return (clock() - start) / share


class Stopwatch:
    """Seconds spent in functions, without those of measured ones inside them."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inner = [0.0]

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*arguments: Any, **named: Any) -> Any:
            with self.of(name):
                return function(*arguments, **named)

        return measured

    def of(self, name: str) -> _Of:
        return _Of(self, name)


class _Of:
    def __init__(self, watch: Stopwatch, name: str) -> None:
        self._watch, self._name = watch, name

    def __enter__(self) -> None:
        self._watch._inner.append(0.0)
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        taken = time.perf_counter() - self._start
        own = taken - self._watch._inner.pop()
        self._watch._inner[-1] += taken
        seconds = self._watch.seconds
        seconds[self._name] = seconds.get(self._name, 0.0) + own


def where_time_goes(course: Course, exercises: list[Exercise], answers: Class) -> None:
    """Grade in this process, and print the parts of the time."""
    watch = Stopwatch()
    asked, patched_kind = Session.ask_all, grading.ExerciseGrader

    def ask_all(session: Session, *arguments: Any, **named: Any) -> Iterator[Any]:
        replies = asked(session, *arguments, **named)
        while True:
            with watch.of("calls"):
                one = next(replies, None)
            if one is None:
                return
            yield one

    patched: list[tuple[Any, str, Any]] = [
        (Sandbox, "_open", watch.around("fork and confine", Sandbox._open)),
        (Sandbox, "end_lent", watch.around("end", Sandbox.end_lent)),
        (Session, "load", watch.around("load", Session.load)),
        (Session, "_ask", watch.around("calls", Session._ask)),
        (Session, "ask_all", ask_all),
        (Session, "output", watch.around("end", Session.output)),
        (grading, "judge_test", watch.around("judge", judge_test)),
        (
            patched_kind,
            "mistakes_behind",
            watch.around("known mistakes", patched_kind.mistakes_behind),
        ),
        (patched_kind, "computed", watch.around("explanations", patched_kind.computed)),
        (grading, "baseline_seconds", watch.around("yardstick", baseline_seconds)),
    ]
    by_exercise: dict[str, float] = {}
    by_kind: dict[str, list[float]] = {}
    mine: dict[str, float] = {}

    def noted(function: Callable[..., Any]) -> Callable[..., Any]:
        def of_exercise(grader: grading.ExerciseGrader, *arguments: Any, **named: Any) -> Any:
            start = time.perf_counter()
            found = function(grader, *arguments, **named)
            name = grader.exercise.name
            mine[name] = mine.get(name, 0.0) + time.perf_counter() - start
            return found

        return of_exercise

    patched += [
        (patched_kind, name, noted(getattr(patched_kind, name))) for name in ("start", "finish")
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in patched]
    with Sandbox("sandbox", course.limits) as sandbox:
        names = [(one.assignment, one.name) for one in exercises]
        ready = dict(zip(names, prepare(exercises, course.seed), strict=True))
        grader = grading.Grader(course, sandbox, "en", ready)
        start = time.perf_counter()
        assignments = list(dict.fromkeys(one.assignment for one in exercises))
        for assignment in assignments:
            for one in grader.exercise_graders(assignment):  # what is worked out once
                one._plan  # noqa: B018
                one.mutants()
        once = time.perf_counter() - start
        try:
            for owner, name, function in patched:
                setattr(owner, name, function)
            with watch.of("the rest"):
                for theirs in answers:
                    files = {f"{name}.py": source for name, (_, source) in theirs.items()}
                    for assignment in assignments:
                        grader.grade(Submission("s", assignment, files), "")
                    for name, seconds in mine.items():
                        by_exercise[name] = by_exercise.get(name, 0.0) + seconds
                        by_kind.setdefault(theirs[name][0], []).append(seconds)
                    mine.clear()
        finally:
            for owner, name, function in before:
                setattr(owner, name, function)
    count = len(answers) * len(exercises)
    print(f"once for each worker: {once:.2f} s")
    print("ms of wall time an exercise, in one process:")
    for name, seconds in sorted(watch.seconds.items(), key=lambda one: -one[1]):
        print(f"{name:>18}: {seconds / count * 1e3:7.2f}")
    for kind, values in by_kind.items():
        middle, mean = statistics.median(values), statistics.mean(values)
        print(f"{kind:>18}: median {middle * 1e3:6.1f}, mean {mean * 1e3:6.1f} of {len(values)}")
    for name, seconds in sorted(by_exercise.items(), key=lambda one: -one[1]):
        print(f"{name:>22}: {seconds / len(answers) * 1e3:6.1f}")


if __name__ == "__main__":
    main()
