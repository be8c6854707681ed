"""Grading one submission: every stage of the flow, one after the other.

    exercise -> cases -> truth
    submission -> run (sandbox) -> observations
    truth + observations -> judgements -> scores, messages, mistakes -> grade
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from autograder.cases import Case, draw_cases
from autograder.course import Course
from autograder.exercise import Exercise, Language
from autograder.explain import explain_finding
from autograder.grade import (
    ExerciseGrade,
    Grade,
    Judgement,
    TestGrade,
    Timing,
    Truth,
    clamp,
    judge_exercise,
)
from autograder.messages import harmless_lines, pick, text
from autograder.mistakes import explain, mutant
from autograder.reference import load_reference, solution_source
from autograder.run import ExerciseRun, run_exercise
from autograder.sandbox import Sandbox
from autograder.submission import Submission
from autograder.truth import expected_outputs


class ExerciseGrader:
    """Grades one exercise for many students: draws cases and finds the truth once."""

    def __init__(self, course: Course, exercise: Exercise, sandbox: Sandbox) -> None:
        self.exercise = exercise
        self._course = course
        self._sandbox = sandbox
        self.cases: dict[str, tuple[Case, ...]] = {
            test.name: draw_cases(exercise, test, course.seed) for test in exercise.tests
        }
        reference = load_reference(exercise)
        self.truths: dict[str, Sequence[Truth]] = {
            test.name: tuple(
                expected_outputs(exercise, test, case, reference) for case in self.cases[test.name]
            )
            for test in exercise.tests
        }
        self._mutants: dict[str, tuple[ExerciseRun, Sequence[Judgement]]] | None = None

    def run(self, submission: Submission) -> tuple[ExerciseRun, tuple[Judgement, ...]]:
        """What the submission did, and how that is to be judged."""
        run = run_exercise(
            self.exercise,
            self.cases,
            submission,
            self._sandbox.session,
            seed=self._course.seed,
        )
        return run, judge_exercise(self.exercise, self.cases, self.truths, run)

    def mutants(self) -> Mapping[str, tuple[ExerciseRun, Sequence[Judgement]]]:
        """What each known mistake does, found out when it is first asked for."""
        if self._mutants is None:
            solution = solution_source(self.exercise) or ""
            self._mutants = {
                mistake.name: self.run(mutant(self.exercise, mistake, solution))
                for mistake in self.exercise.mistakes
            }
        return self._mutants

    def grade(self, submission: Submission, language: Language) -> ExerciseGrade:
        run, judgements = self.run(submission)
        explained: dict[str, str] = {}
        if any(judgement.wrong_values for judgement in judgements):
            explained = explain(self.exercise, judgements, run, self.mutants())
        tests = tuple(
            self._test_grade(judgement, explained.get(judgement.test.name), language)
            for judgement in judgements
        )
        return ExerciseGrade(
            name=self.exercise.name,
            score=clamp(math.fsum(test.score for test in tests), self.exercise.max_score),
            max_score=self.exercise.max_score,
            tests=tests,
            output=harmless_lines(run.output),
        )

    def _test_grade(
        self, judgement: Judgement, mistake: str | None, language: Language
    ) -> TestGrade:
        test = judgement.test
        message = text("passed", language)
        if judgement.finding is not None:
            message = explain_finding(
                self.exercise,
                judgement.finding,
                self.cases[test.name],
                self._course.limits,
                language,
            )
        hints = {mistake.name: mistake.hint for mistake in self.exercise.mistakes}
        return TestGrade(
            name=test.name,
            visibility=test.visibility,
            score=judgement.score,
            max_score=judgement.max_score,
            status=judgement.status,
            message=message,
            mistake=mistake,
            hint=None if mistake is None else pick(hints[mistake], language),
        )


class Grader:
    """Grades submissions of a course in one sandbox, in one language."""

    def __init__(self, course: Course, sandbox: Sandbox, language: Language) -> None:
        self._course = course
        self._sandbox = sandbox
        self._language = language
        self._exercises: dict[str, tuple[ExerciseGrader, ...]] = {}

    def exercise_graders(self, assignment: str) -> tuple[ExerciseGrader, ...]:
        if assignment not in self._exercises:
            self._exercises[assignment] = tuple(
                ExerciseGrader(self._course, exercise, self._sandbox)
                for exercise in self._course.assignments[assignment].exercises
            )
        return self._exercises[assignment]

    def grade(self, submission: Submission, fingerprint: str) -> Grade:
        """The grade of one submission. What is wrong with the submission is in the grade;
        raises only for what is wrong with the course or the machine."""
        graders = self.exercise_graders(submission.assignment)
        start = time.perf_counter()
        exercises = tuple(grader.grade(submission, self._language) for grader in graders)
        maximum = self._course.assignments[submission.assignment].max_score
        return Grade(
            student=submission.student,
            assignment=submission.assignment,
            score=clamp(math.fsum(exercise.score for exercise in exercises), maximum),
            max_score=maximum,
            isolation=self._sandbox.level,
            language=self._language,
            exercises=exercises,
            fingerprint=fingerprint,
            timing=Timing(
                graded_at=datetime.now(UTC).isoformat(timespec="seconds"),
                seconds=round(time.perf_counter() - start, 6),
            ),
        )
