"""Proof that an exercise is well tested: what `autograder lint` checks.

The known mistakes are to the hidden tests what the hidden tests are to students: each
must be caught. This is mutation testing with mutants that people really write.
"""

from __future__ import annotations

import ast
import io
import multiprocessing
import re
import secrets
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from functools import cached_property
from multiprocessing.util import Finalize
from pathlib import Path

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from autograder.authoring import latex
from autograder.authoring.leaks import LONG_IN_FILES, Leak, answer_lines, long_passages, readings
from autograder.authoring.mutation import Hole, Mutation, run_mutants
from autograder.authoring.statements import changed_arguments, contradictions
from autograder.course.course import Course
from autograder.course.exercise import Drawing, EfficiencyTest, Exercise, SourceTest
from autograder.errors import CourseError
from autograder.grades.model import TestGrade
from autograder.grading.by_hand import followed_from, shapes_of
from autograder.grading.failures import Failure
from autograder.grading.finding import ManyLines, Slow
from autograder.grading.grader import ExerciseGrader
from autograder.grading.judge import Judgement
from autograder.grading.mistakes import explaining, mutant
from autograder.grading.own_numbers import numbers_seed
from autograder.grading.run import ExerciseRun
from autograder.processes.parallel import CAN_FORK
from autograder.sandbox.host import Sandbox
from autograder.submissions.submission import Submission, decode_source
from autograder.text.messages import text
from autograder.text.words import shorten
from autograder.truth.compare import compare
from autograder.truth.reference import solution_source

Mutants = Mapping[str, tuple[ExerciseRun, Sequence[Judgement]]]

# The lines of a stub between which students write.
START = "# ---- your code starts here ----"
END = "# ---- your code ends here ----"
# With it begin texts that are still to be written.
NOT_WRITTEN = "TODO"

# Bits of a seed that is drawn, and of one that nobody finds by trying.
SEED_BITS = 128
SAFE_SEED_BITS = 64
# Where each student has other numbers, mistakes are tried with those of so many.
STUDENTS_TRIED = 4
# So many seeds are named in a complaint.
_SEEDS_LISTED = 8


class Report(Struct, frozen=True):
    """What lint found out about one exercise. ``idle`` are hidden tests that catch no mistake;
    ``notes`` are worth knowing and nothing wrong."""

    exercise: str
    points: float
    tests: int
    cases: int
    mistakes: int
    caught: int
    idle: tuple[str, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()
    mutation: Mutation | None = None
    """What became of the solution's mutants; None where they were not run."""

    @property
    def mutation_score(self) -> float:
        """The share of known mistakes that lose points in the hidden tests, 0 to 1."""
        return self.caught / self.mistakes if self.mistakes else 0.0


def find_weak_seed(course: Course, exercises: Sequence[Exercise]) -> str | None:
    """Why the seed is no secret, where hidden tests of the exercises need one; None otherwise.

    A student who knows one hidden input, from a hint or a message, can try seeds until it comes
    out: some 100,000 a second.
    """
    if course.seed_is_public or not any(map(_has_hidden, exercises)):
        return None
    if course.seed >> SAFE_SEED_BITS:
        return None
    saw = f"'seed: {course.seed}' is found by trying" if course.has_seed else "there is no 'seed'"
    return (
        f"config.yaml: {saw}, and with it the hidden inputs; write 'seed: "
        f"{secrets.randbits(SEED_BITS) | 1 << (SEED_BITS - 1)}', or 'seed_is_public: true' where "
        "the course is an example"
    )


def _has_hidden(exercise: Exercise) -> bool:
    return any(test.visibility == "hidden" for test in exercise.tests)


def lint_exercise(
    course: Course,
    exercise: Exercise,
    sandbox: Sandbox,
    *,
    with_mutants: bool = True,
    seeds: int = 0,
) -> Report:
    """Check everything about one exercise that can be checked by itself; ``with_mutants``, also
    that its tests catch the mutants of the solution; with ``seeds``, also that nothing depends on
    the course's seed, under so many others."""
    try:
        report = _Linter(course, exercise, sandbox, with_mutants).report()
        if seeds:
            found = tuple(_under_seeds(course, exercise, sandbox, seeds))
            report = replace(report, problems=report.problems + found)
        return report
    except CourseError as error:
        name = f"{exercise.assignment}/{exercise.name}"
        tests, mistakes = len(exercise.tests), len(exercise.mistakes)
        message = str(error).removeprefix(f"{course.root}/")
        return Report(name, exercise.max_score, tests, 0, mistakes, 0, (), (message,))


def _under_seeds(course: Course, exercise: Exercise, sandbox: Sandbox, seeds: int) -> Iterator[str]:
    """What holds under the course's seed and not under one of ``seeds`` others, each complaint
    once, with the seeds."""
    complaints: dict[str, list[int]] = {}
    for seed in range(1, seeds + 1):
        other = replace(course, seed=seed)
        try:
            found = list(_under_seed(ExerciseGrader(other, exercise, sandbox), course.language))
        except CourseError as error:
            found = [str(error)]
        for complaint in found:
            complaints.setdefault(complaint, []).append(seed)
    for complaint, those in complaints.items():
        listed = ", ".join(map(str, those[:_SEEDS_LISTED]))
        more = ", ..." if len(those) > _SEEDS_LISTED else ""
        yield f"under {len(those)} of {seeds} seeds ({listed}{more}): {complaint}"


def _under_seed(grader: ExerciseGrader, language: str) -> Iterator[str]:
    """Of the solution, the right answers and the mistakes, what fares as it should not."""
    exercise = grader.exercise
    right = {"the solution": solution_source(exercise) or ""}
    right |= {f"the right answer '{answer.name}'": answer.code for answer in exercise.right}
    for name, source in right.items():
        files = {f"{exercise.name}.py": source}
        grade = grader.grade(Submission("lint", exercise.assignment, files), language)
        for test in grade.tests:
            # Time does not depend on the seed, and is looked at once.
            if test.status != "passed" and not _is_timed(exercise, test.name):
                yield f"{name} fails test '{test.name}'"
    for name, (_, judgements) in grader.mutants().items():
        if not _loses_hidden(judgements):
            yield f"the mistake '{name}' loses no points in the hidden tests"


def _is_timed(exercise: Exercise, name: str) -> bool:
    return any(
        test.name == name and isinstance(test, EfficiencyTest) for test in exercise.run_tests
    )


class Linting(Struct, frozen=True):
    """What is linted, and how; ``root`` is hidden from student code."""

    course: Course
    root: Path
    with_mutants: bool = True
    seeds: int = 0


def lint_exercises(linting: Linting, exercises: Sequence[Exercise], jobs: int) -> Iterator[Report]:
    """The reports in the order of the exercises, made by ``jobs`` processes."""
    jobs = min(jobs, len(exercises))
    if jobs <= 1 or not CAN_FORK:
        with Sandbox("sandbox", linting.course.limits, [linting.root]) as sandbox:
            for exercise in exercises:
                yield _lint_with(linting, exercise, sandbox)
        return
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, context, _start_helper, (linting,)) as pool:
        # Those that take long begin first, lest one process wait for the last of them.
        order = sorted(range(len(exercises)), key=lambda number: -_work(exercises[number]))
        reports = {number: pool.submit(_lint_one, exercises[number]) for number in order}
        try:
            for number in range(len(exercises)):
                yield reports[number].result()
        finally:
            for report in reports.values():
                report.cancel()


def _work(exercise: Exercise) -> int:
    """How exercises compare in the time that they take, roughly."""
    cases = sum(
        test.inputs.cases if isinstance(test.inputs, Drawing) else 1 for test in exercise.run_tests
    )
    return cases * len(exercise.signature.parameters) * len(exercise.signature.outputs)


# Of a helper process: what it lints with.
_helper: tuple[Linting, Sandbox] | None = None


def _start_helper(linting: Linting) -> None:
    global _helper
    sandbox = Sandbox("sandbox", linting.course.limits, [linting.root])
    Finalize(None, sandbox.close, exitpriority=10)
    _helper = linting, sandbox


def _lint_one(exercise: Exercise) -> Report:
    assert _helper is not None
    linting, sandbox = _helper
    return _lint_with(linting, exercise, sandbox)


def _lint_with(linting: Linting, exercise: Exercise, sandbox: Sandbox) -> Report:
    with redirect_stdout(io.StringIO()):  # what a solution prints is no report
        return lint_exercise(
            linting.course,
            exercise,
            sandbox,
            with_mutants=linting.with_mutants,
            seeds=linting.seeds,
        )


class _Linter:
    def __init__(
        self, course: Course, exercise: Exercise, sandbox: Sandbox, with_mutants: bool
    ) -> None:
        self._course = course
        self._exercise = exercise
        self._sandbox = sandbox
        self._with_mutants = with_mutants
        self._grader = ExerciseGrader(course, exercise, sandbox, thorough=True)

    def report(self) -> Report:
        exercise = self._exercise
        if exercise.solution_path is None:
            raise exercise.error("function", "there is no solution to hold the tests against")
        problems = [
            *self._check_statement(),
            *([] if exercise.answers else self._check_stub()),
            *self._check_solution(),
            *self._check_right_answers(),
            *(
                self._check_answers()
                if exercise.answers
                else (*self._check_trivial_answers(), *self._check_evidence())
            ),
        ]
        mutants = self._known_mistakes()
        caught = [name for name, mutant in mutants.items() if _loses_hidden(mutant[1])]
        disabled = self._caught_out_of_service() - {*caught}
        problems += self._check_mistakes(mutants, [*caught, *disabled])
        problems += self._check_efficiency(mutants)
        mutation = None
        if self._with_mutants and not exercise.answers:  # which have all that the solution gives
            tested, grader = self._whole or (exercise, self._grader)
            mutation = run_mutants(self._course, tested, self._sandbox, grader)
            problems += [_hole(hole) for hole in mutation.holes]
        notes = (
            *self._out_of_service(disabled),
            *self._paces(mutants),
            *(() if exercise.answers else self._without_public_hint(mutants)),
            *self._same_everywhere(),
        )
        return Report(
            exercise=f"{exercise.assignment}/{exercise.name}",
            points=exercise.max_score,
            tests=len(exercise.tests),
            cases=sum(len(cases) for cases in self._grader.cases.values()),
            mistakes=len(mutants),
            caught=len(caught),
            idle=tuple(self._idle_tests(mutants)),
            problems=tuple(problems),
            notes=notes,
            mutation=mutation,
        )

    def _known_mistakes(self) -> Mutants:
        """What each known mistake does. One that loses points in another hidden test is not
        timed."""
        exercise = self._exercise
        solution = solution_source(exercise) or ""
        found: dict[str, tuple[ExerciseRun, Sequence[Judgement]]] = {}
        for mistake in exercise.mistakes:
            submission = mutant(exercise, mistake, solution)
            run, judgements = self._grader.run_untimed(submission)
            if not _loses_hidden(judgements):
                run, judgements = self._grader.run(submission)
            found[mistake.name] = run, judgements
        return found

    def _check_statement(self) -> Iterator[str]:
        exercise = self._exercise
        texts = {"statement": exercise.statement, "title": exercise.title}
        texts |= {f"mistakes.{one.name}": one.hint for one in exercise.mistakes}
        for place, versions in texts.items():
            name = place
            if place.startswith("mistakes."):
                name = f"hint of '{place.removeprefix('mistakes.')}'"
            for language in self._course.languages:
                for problem in _text_problems(versions.get(language, "")):
                    yield str(exercise.error(place, f"{name} ({language}): {problem}"))
        for language in self._course.languages:
            for problem in contradictions(exercise, language):
                yield str(exercise.error("statement", problem))

    def _check_stub(self) -> Iterator[str]:
        """Two lines say where students write."""
        path = self._exercise.stub_path
        lines = [line.strip() for line in decode_source(path.read_bytes()).splitlines()]
        for marker, place in ((START, "start"), (END, "end")):
            if lines.count(marker) != 1:
                many = "several lines" if marker in lines else "no line"
                yield self._in_stub(
                    1,
                    f"the stub has {many} '{marker}'; write it once, on a line of its own, where "
                    f"students' code {place}s",
                )
        if lines.count(START) == lines.count(END) == 1:
            written = lines[lines.index(START) + 1 : lines.index(END)]
            is_open = any("NotImplementedError" in one for one in written)
            if lines.index(START) < lines.index(END) and not is_open:
                yield self._in_stub(
                    lines.index(START) + 2,
                    "nothing says that the stub is to be written; write 'raise NotImplementedError"
                    f'("{self._exercise.signature.function} is not written yet")\' there',
                )
        if lines.count(START) == lines.count(END) == 1 and lines.index(END) < lines.index(START):
            yield self._in_stub(
                lines.index(END) + 1, f"'{END}' stands above '{START}'; exchange the two"
            )

    def _in_stub(self, line: int, message: str) -> str:
        path = self._exercise.stub_path.relative_to(self._course.root)
        return str(CourseError(message, path=path, line=line, column=1))

    def _check_solution(self) -> Iterator[str]:
        solution = solution_source(self._exercise) or ""
        for where, names in changed_arguments(self._exercise, self._grader.cases).items():
            yield str(
                CourseError(
                    f"the solution changes {' and '.join(map(repr, names))} in test '{where}'; "
                    "write into an array of its own, as students must",
                    path=(self._exercise.solution_path or Path()).relative_to(self._course.root),
                    line=1,
                )
            )
        yield from self._prints(solution)
        grade = self._grader.grade(self._submission(solution), self._course.language)
        lost: dict[str, list[TestGrade]] = {}
        for test in grade.tests:
            if test.status != "passed":
                lost.setdefault(test.message, []).append(test)
        for first, *others in lost.values():
            more = f" The same in {len(others)} more." if others else ""
            yield self._lost("the solution", first) + more

    def _prints(self, solution: str) -> Iterator[str]:
        """What a solution prints would be printed for every case, also here."""
        for node in ast.walk(ast.parse(solution)):
            match node:
                case ast.Call(func=ast.Name(id="print")):
                    path = (self._exercise.solution_path or Path()).relative_to(self._course.root)
                    message = "the solution prints; remove the line"
                    line, column = node.lineno, node.col_offset + 1
                    yield str(CourseError(message, path=path, line=line, column=column))

    def _check_right_answers(self) -> Iterator[str]:
        for answer in self._exercise.right:
            grade = self._grader.grade(self._submission(answer.code), self._course.language)
            for test in grade.tests:
                if test.score < test.max_score or test.status != "passed":
                    yield self._lost(f"the right answer '{answer.name}'", test)

    def _lost(self, answer: str, test: TestGrade) -> str:
        """Why a right answer does not have all points of a test."""
        if test.score < test.max_score and test.message == text("passed", self._course.language):
            points = f"{test.score:g} of its {test.max_score:g}" if test.score else "no"
            return (
                f"the test '{test.name}' gives {points} points: zeros, ones or an input handed "
                "back would be right there, too"
            )
        return (
            f"{answer} fails test '{test.name}' "
            f"({test.score:g} of {test.max_score:g}): {test.message}"
        )

    def _check_answers(self) -> Iterator[str]:
        """Answers have the lengths that are declared, and what follows from right ones is right.
        Where each student has other numbers, mistakes are wrong with those of several."""
        exercise = self._exercise
        case = self._grader.cases[exercise.run_tests[0].name][0]
        declared = shapes_of(exercise, case.inputs)
        right = {
            name: np.asarray(self._grader.truths[name][0][name].value)
            for name in exercise.signature.outputs
        }
        for name, answer in exercise.answers.items():
            value = right[name]
            if value.shape != declared[name]:
                shape = f"[{', '.join(map(str, value.shape))}]"
                yield str(
                    exercise.error(
                        f"tests.{name}",
                        f"the answer '{name}' has the shape {shape} and is declared as "
                        f"[{', '.join(map(str, declared[name]))}]; write 'shape: {shape}'",
                    )
                )
            elif answer.follows is not None:
                names = {**case.inputs, **right}
                followed = followed_from(answer.follows, names, self._grader.truths[name][0][name])
                if followed is None or not compare(followed, value).ok:
                    yield str(
                        exercise.error(
                            f"follows.{name}",
                            f"'{answer.follows}' does not give '{name}' where all other answers "
                            "are right; mend it",
                        )
                    )
        if exercise.own_numbers:
            yield from self._check_own_numbers()

    def _check_own_numbers(self) -> Iterator[str]:
        """Under the numbers of a few students, the mistakes that give the right answer."""
        hidden: dict[str, int] = {}
        for number in range(STUDENTS_TRIED):
            seed = numbers_seed(self._course, self._exercise.assignment, f"student {number}")
            course = replace(self._course, seed=seed)
            grader = ExerciseGrader(course, self._exercise, self._sandbox)
            for name, (_, judgements) in grader.mutants().items():
                if not _loses_hidden(judgements):
                    hidden[name] = hidden.get(name, 0) + 1
        for name, count in hidden.items():
            yield (
                f"the mistake '{name}' gives the right answers with the numbers of {count} of "
                f"{STUDENTS_TRIED} students; draw others with 'draw', or remove the mistake"
            )

    def _check_trivial_answers(self) -> Iterator[str]:
        stub = decode_source(self._exercise.stub_path.read_bytes())
        answers = {"the stub": stub} | trivial_answers(self._exercise)
        for name, source in answers.items():
            submission = self._submission(source)
            _, judgements = self._grader.run_untimed(submission)
            for judgement in self._grader.add_source_tests(submission, judgements):
                timed = isinstance(judgement.test, EfficiencyTest)
                if judgement.score > 0 and not timed:
                    yield f"{name} gets {judgement.score:g} points in test '{judgement.test.name}'"

    def _check_evidence(self) -> Iterator[str]:
        """A test whose right answers are all trivial gives nobody its points."""
        for test in self._exercise.run_tests:
            for output in {output for part in test.parts for output in part.outputs}:
                truths = self._grader.truths[test.name]
                if all(truth[output].is_trivial for truth in truths):
                    yield (
                        f"test '{test.name}': every right '{output}' is all zeros, all ones or an "
                        "input, which proves nothing; add a case where it is not"
                    )

    def _check_mistakes(self, mutants: Mutants, caught: Sequence[str]) -> Iterator[str]:
        if not mutants:
            hidden = f"tests/hidden/{self._exercise.assignment}/{self._exercise.name}.yaml"
            message = "there are no known mistakes to hold the hidden tests against"
            yield str(CourseError(f"{message}; write some under 'mistakes'", path=hidden, line=1))
        for name, (run, judgements) in mutants.items():
            if name not in caught:
                message = (
                    f"the mistake '{name}' loses no points in the hidden tests; add a case in "
                    "which it is wrong, or remove it"
                )
                yield str(self._exercise.error(f"mistakes.{name}", message))
                continue
            if not _loses_hidden(judgements):
                continue  # a test that is disabled catches it
            hints = explaining(self._exercise, judgements, run, mutants, self._grader.truths)
            others = sorted({other for found in hints.values() for other in found} - {name})
            if others:
                yield f"the mistake '{name}' cannot be told from {', '.join(map(repr, others))}"
            if not any(name in found for found in hints.values()):
                yield f"the mistake '{name}' does not get its own hint"

    @cached_property
    def _whole(self) -> tuple[Exercise, ExerciseGrader] | None:
        """The exercise with its disabled tests in service; None where there are none, or where
        they do not even run, which may be why they are disabled."""
        if not self._exercise.disabled:
            return None
        tests = (*self._exercise.tests, *(one.test for one in self._exercise.disabled))
        whole = replace(self._exercise, tests=tests)
        grader = ExerciseGrader(self._course, whole, self._sandbox, thorough=True)
        try:
            grader.truths  # noqa: B018
        except CourseError:
            return None
        return whole, grader

    def _caught_out_of_service(self) -> set[str]:
        """The mistakes that would be caught if no test were disabled; all, where the disabled
        tests do not even run."""
        if not self._exercise.disabled:
            return set()
        if self._whole is None:
            return {mistake.name for mistake in self._exercise.mistakes}
        mutants = self._whole[1].mutants()
        return {name for name, (_, judgements) in mutants.items() if _loses_hidden(judgements)}

    def _out_of_service(self, mistakes: Collection[str]) -> Iterator[str]:
        """The tests that are disabled, and the mistakes that nothing else catches."""
        for one in self._exercise.disabled:
            yield f"the test '{one.name}' is disabled: {' '.join(one.reason.split())}"
        for name in sorted(mistakes):
            yield f"nothing in service catches the mistake '{name}'"

    def _check_efficiency(self, mutants: Mutants) -> Iterator[str]:
        """A test in which nothing slow fails may allow everything: where arrays are small, the
        time of a call hides that of a loop."""
        for test in self._efficiency_tests():
            if not _slow(test, mutants):
                error = self._exercise.error(
                    f"tests.{test.name}",
                    f"no known mistake is right in test '{test.name}' and too slow, so that "
                    "nothing shows that it notices loops; add a mistake whose 'code' is, and "
                    "where it passes, choose longer 'dims'",
                )
                yield str(error)

    def _paces(self, mutants: Mutants) -> Iterator[str]:
        """How long the solution takes in efficiency tests, and known mistakes that are right."""
        for test in self._efficiency_tests():
            solution = self._submission(solution_source(self._exercise) or "")
            ratio = self._grader.slowdown(test, solution)
            yardstick = "forward pass" if test.relative_to == "forward" else "reference"
            slow = _slow(test, mutants)
            others = ", ".join(f"'{name}' {times}" for name, times in slow.items())
            yield (
                f"test '{test.name}' allows {test.at_most:g} times the time of the {yardstick}: "
                f"the solution takes {_times(ratio)}{f', {others}' if others else ''}"
            )

    def _efficiency_tests(self) -> Iterator[EfficiencyTest]:
        for test in self._exercise.run_tests:
            if isinstance(test, EfficiencyTest):
                yield test

    def _without_public_hint(self, mutants: Mutants) -> Iterator[str]:
        """The mistakes that no public test notices, so that `autograder check` says nothing."""
        silent = [
            name
            for name, (_, judgements) in mutants.items()
            if not any(
                numbers
                for judgement in judgements
                if judgement.test.visibility == "public"
                for numbers in judgement.wrong.values()
            )
        ]
        if silent:
            yield f"no public test notices, and so 'check' gives no hint: {', '.join(silent)}"

    def _same_everywhere(self) -> Iterator[str]:
        """Texts of several words that are the same in every language of the course."""
        exercise = self._exercise
        texts = {"title": exercise.title, "statement": exercise.statement}
        of_tests = "answer" if exercise.answers else "test"
        texts |= {f"title of {of_tests} '{one.name}'": one.title for one in exercise.tests}
        texts |= {f"hint of '{one.name}'": one.hint for one in exercise.mistakes}
        for name, versions in texts.items():
            if len(versions) > 1 and len(set(versions.values())) == 1:
                text = next(iter(versions.values()))
                if len(text.split()) > 1:
                    languages = ", ".join(f"{language}: ..." for language in versions)
                    yield (
                        f"{name}: '{shorten(text, 40)}' stands for all languages; write "
                        f"{{{languages}}} to translate it"
                    )

    def _idle_tests(self, mutants: Mutants) -> Iterator[str]:
        for test in self._exercise.tests:
            if test.visibility == "hidden" and not isinstance(test, SourceTest):
                judged = [
                    judgement
                    for _, judgements in mutants.values()
                    for judgement in judgements
                    if judgement.test.name == test.name
                ]
                if all(judgement.status == "passed" for judgement in judged):
                    yield test.name

    def _submission(self, source: str) -> Submission:
        return Submission("lint", self._exercise.assignment, {f"{self._exercise.name}.py": source})


_PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _text_problems(text: str) -> Iterator[str]:
    if not text.strip():
        yield "there is no text in this language; write one"
    if text.lstrip().startswith(NOT_WRITTEN):
        yield f"is still to be written; replace the {NOT_WRITTEN}"
    yield from latex.problems(text)
    for block in _PYTHON_BLOCK.findall(text):
        if ">>>" not in block:
            try:
                ast.parse(textwrap.dedent(block))
            except SyntaxError as error:
                line = block.splitlines()[(error.lineno or 1) - 1 :][:1]
                near = f" near '{line[0].strip()}'" if line else ""
                yield f"the code after '```python' is not Python: {error.msg}{near}; mend it"


def _hole(hole: Hole) -> str:
    """A mutant that gets full points: its difference on lines of its own where it is a diff."""
    indented = "".join(f"\n        {line}" for line in hole.difference.splitlines())
    return (
        f"a mutant gets full points ({hole.what}); it is wrong for {hole.on}; "
        "add a hidden test with such a case"
    ) + (indented if hole.difference != hole.what else "")


def _slow(test: EfficiencyTest, mutants: Mutants) -> dict[str, str]:
    """The mistakes that fail the test for their time alone, and how many times as long they take
    as what it is relative to."""
    found: dict[str, str] = {}
    for name, (_, judgements) in mutants.items():
        finding = next((one.finding for one in judgements if one.test.name == test.name), None)
        if finding is None:
            continue
        match finding.fault:
            case ManyLines(lines, most):
                over = "over " if lines > most else ""
                found[name] = f"{over}{min(lines, most)} lines of Python"
            case Slow(times):
                found[name] = _times(times)
            case Failure("timeout" | "cpu"):
                others = (one for one in judgements if not isinstance(one.test, EfficiencyTest))
                if all(one.finding is None for one in others):
                    found[name] = "more than the limits"
    return found


def _times(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:.0f}"


def _loses_hidden(judgements: Sequence[Judgement]) -> bool:
    return any(
        judgement.test.visibility == "hidden" and judgement.score < judgement.max_score
        for judgement in judgements
    )


# What stands around the solution, so that a trivial answer has the right shapes.
_TRIVIAL_FUNCTION = """
_solution = {entry}
def {entry}(*arguments):
    results = _solution(*arguments)
    if isinstance(results, tuple):
        return tuple(_trivial(result, arguments) for result in results)
    return _trivial(results, arguments)
"""
_TRIVIAL_CLASS = """
_solution = {entry}
class {entry}:
    def __init__(self, *arguments):
        self._inner = _solution(*arguments)
    def __getattr__(self, name):
        value = getattr(self._inner, name)
        if callable(value):
            return lambda *arguments: _trivial(value(*arguments), arguments)
        return _trivial(value, ())
"""
_TRIVIAL_RESULTS = {
    "an answer of zeros": "0",
    "an answer of ones": "1",
}
_SAME_EVERYWHERE = """
import numpy as np
def _trivial(result, arguments):
    if isinstance(result, (bool, np.bool_)):
        return bool({value})
    return np.full_like(result, {value}) if isinstance(result, np.ndarray) else float({value})
"""
_INPUT_BACK = """
import numpy as np
def _trivial(result, arguments):
    for argument in arguments:
        if np.shape(argument) == np.shape(result) and not callable(argument):
            return argument
    return np.zeros_like(result) if isinstance(result, np.ndarray) else 0.0
"""


def trivial_answers(exercise: Exercise) -> dict[str, str]:
    """Sources that answer with zeros, with ones, and with an input of the right shape."""
    solution = solution_source(exercise) or ""
    template = _TRIVIAL_CLASS if exercise.is_class else _TRIVIAL_FUNCTION
    wrapped = solution + template.format(entry=exercise.signature.function)
    answers = {
        name: wrapped + _SAME_EVERYWHERE.format(value=value)
        for name, value in _TRIVIAL_RESULTS.items()
    }
    return answers | {"an input handed back": wrapped + _INPUT_BACK}


def find_leaks(course: Course, assignment: str) -> list[Leak]:
    """Everything from the secret trees that stands in the assignment's public folder."""
    public = {
        _shown(course, path): readings(path.read_bytes())
        for path in sorted((course.root / "assignments" / assignment).rglob("*"))
        if path.is_file()
    }
    return leaks_in(course, course.assignments[assignment].exercises, public)


def leaks_in(
    course: Course, exercises: Sequence[Exercise], public: Mapping[str, str]
) -> list[Leak]:
    """What the ``public`` texts, by name, contain of solutions, hidden tests and hints.

    A statement of a solution may stand in another exercise's files, whose forward pass is
    public. It may not in the exercise's own; nor in files of no exercise, unless another
    exercise publishes it anyway.
    """
    names = {exercise.name for exercise in exercises}
    published = {
        exercise.name: exercise.public_path.read_text("utf-8")
        + ("" if exercise.answers else readings(exercise.stub_path.read_bytes()))
        for exercise in exercises
    }
    files: dict[str, str] = {}
    hints: dict[str, str] = {}
    leaks: list[Leak] = []
    for exercise in exercises:
        solution = solution_source(exercise)
        if solution is not None and exercise.solution_path is not None:
            name = _shown(course, exercise.solution_path)
            files[name] = solution
            for path, text in public.items():
                stem = Path(path).stem
                if stem == exercise.name:
                    leaks += answer_lines(solution, (name, path), text)
                elif stem not in names:
                    others = "".join(published[other] for other in names - {exercise.name})
                    leaks += answer_lines(solution, (name, path), text, others)
        for test in exercise.pytest_tests:
            files[_shown(course, test.path)] = test.path.read_text("utf-8", "replace")
        if exercise.hidden_path is not None:
            name = _shown(course, exercise.hidden_path)
            files[name] = exercise.hidden_path.read_text("utf-8")
            for mistake in exercise.mistakes:
                for language, hint in mistake.hint.items():
                    hints[f"{name} (hint of '{mistake.name}', {language})"] = hint
    leaks += long_passages(hints, public)
    leaks += long_passages(files, public, LONG_IN_FILES)
    return leaks


def _shown(course: Course, path: Path) -> str:
    return str(path.relative_to(course.root))
