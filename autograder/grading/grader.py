"""Grading one submission: every stage of the flow, one after the other.

exercise -> cases -> truth
submission -> run (sandbox) -> observations
truth + observations -> judgements -> scores, messages, mistakes -> grade
"""

from __future__ import annotations

import contextlib
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from autograder.course.course import Course
from autograder.course.exercise import EfficiencyTest, Exercise, RunTest
from autograder.errors import CourseError
from autograder.grades.model import (
    ExerciseGrade,
    FileUse,
    Grade,
    TestGrade,
    Timing,
    clamp,
)
from autograder.grading.attempt import seed_of
from autograder.grading.by_hand import carry_forward, explain_answer, observe
from autograder.grading.call_seconds import call_seconds
from autograder.grading.clashes import find_shapes, fitting_in_words
from autograder.grading.diagnose import Diagnoser, in_words
from autograder.grading.efficiency import most_times
from autograder.grading.explain import explain_finding, note_on
from autograder.grading.failures import Failure
from autograder.grading.finding import Slow, WrongWhenTimed
from autograder.grading.judge import (
    Judgement,
    Truth,
    fail_exercise,
    is_refusal,
    is_right,
    judge_anew,
    judge_lines,
    judge_pytest,
    judge_source,
    judge_test,
    judge_time,
    refused,
    slowdown,
    without_unproven,
)
from autograder.grading.known_mistakes import KnownMistakes, Mutants, Part
from autograder.grading.known_programs import KnownPrograms, Learned, Program
from autograder.grading.leaves_alone import leaves_alone
from autograder.grading.mistakes import with_shapes
from autograder.grading.observation import Observation
from autograder.grading.own_numbers import numbers_seed, owner_of
from autograder.grading.plan import Plan
from autograder.grading.preparation import Prepared, prepare, with_tests
from autograder.grading.run import ExerciseRun, OpenSession, Until, file_problem, run_exercise
from autograder.grading.same_program import program_in
from autograder.grading.shared_process import Rule, SharedProcess, rule_of, rules_of
from autograder.grading.sketch import Sketches
from autograder.grading.source_rules import BrokenRule, first_broken_rule
from autograder.grading.submission_budget import Budget
from autograder.grading.timing import baseline_lines, baseline_seconds
from autograder.sandbox.host import Sandbox
from autograder.sandbox.session import Session
from autograder.submissions.forms import Form, decode
from autograder.submissions.notebook import place_of
from autograder.submissions.submission import Submission
from autograder.text.language import Language, Text
from autograder.text.messages import sanitize, sanitize_lines
from autograder.text.sentences import Words, authored, joined, words
from autograder.truth.cases import Case
from autograder.truth.expected import expected_anew
from autograder.truth.reference import load_reference
from autograder.truth.witnesses import Reference

if TYPE_CHECKING:
    from autograder.batch.cache import CourseCache
    from autograder.diagnosis.search import Explanation
    from autograder.diagnosis.shapes import Clash
    from autograder.grading.hidden_pytest.process import PytestRunner

# So many of the files handed in are named in a grade.
MAX_FILES_NAMED = 300
# How often an answer that took too long is timed again, and how often at least where it stays this
# many times above what is allowed, which no busy machine makes of an answer that is fast enough.
RETIMINGS = 8
RETIMINGS_OF_SLOW = 2
FAR_TOO_SLOW = 3.0
# So many seeds are tried for a submission's own hidden inputs.
SEEDS_TRIED = 4
# Tests that are tried first where one failure is enough.
_QUICK = 3


def form_in(exercise: Exercise, submission: Submission) -> Form | None:
    """What was filled in for an exercise without code, of a submission as that has it; None where
    there is no form, or the exercise asks for code."""
    source = submission.files.get(f"{exercise.name}.py") if exercise.answers else None
    return None if source is None else decode(source)


def public_part(exercise: Exercise) -> Exercise:
    """The exercise as students have it: no solution, no hidden tests, no mistakes."""
    return replace(
        exercise,
        tests=tuple(test for test in exercise.tests if test.visibility == "public"),
        mistakes=(),
        hidden_path=None,
        solution_path=None,
    )


class Started(Struct, frozen=True, eq=False):
    """An exercise of a submission of which the public tests have been run; ``is_over`` where there
    is nothing to run. ``submission`` is as that exercise has it. The ``process`` may have run other
    exercises of the submission."""

    submission: Submission
    run: ExerciseRun
    judgements: tuple[Judgement, ...]
    budget: Budget | None
    is_over: bool
    process: SharedProcess | None = None
    leaves_alone: bool = False
    """Whether the code changes nothing in that process; see :mod:`.leaves_alone`."""
    faults: Mapping[str, BrokenRule | Failure] | None = None
    """Of its source, where code was run; see :meth:`ExerciseGrader.source_faults`."""
    program: bytes | None = None
    """What its file is, where that looks at its arguments alone; see :mod:`.same_program`."""
    known_as: Program | None = None
    """The program, where its grade is that of whoever hands in the same one."""
    recurs: bool = False
    """Whether the program came before, and is to be run alone, so that its grade can be kept."""
    grade: ExerciseGrade | None = None
    """What the same program got before, where nothing was run."""

    @property
    def needs_own_process(self) -> bool:
        """Whether the hidden tests begin with a new process. What was wrong in the public ones will
        hardly be right now, and unless it is a program would be run a second time."""
        return self.recurs or not (self.program is not None or _all_passed(self.judgements))


class ExerciseGrader:
    """Grades one exercise for many students: draws cases and finds the truth once."""

    def __init__(
        self,
        course: Course,
        exercise: Exercise,
        sandbox: Sandbox,
        *,
        thorough: bool = False,
        prepared: Prepared | None = None,
        public: ExerciseGrader | None = None,
        cache: CourseCache | None = None,
    ) -> None:
        self._public = public
        self._cache = cache
        self.exercise = exercise
        self._thorough = thorough
        self._given = prepared
        self._course = course
        self._sandbox = sandbox
        self._owner: str | None = None  # of the numbers, where each student has others
        self._baselines: dict[str, float] = {}
        # How many answers each test has taken points from, of those asked for full points.
        self._noticed: Counter[str] = Counter()
        self._unremarkable: dict[tuple[str, float, Language], TestGrade] = {}
        self._sketches = Sketches()
        self.programs = KnownPrograms()

    @cached_property
    def _prepared(self) -> Prepared:
        if self._given is not None:
            return self._given
        if self._public is not None:  # public tests are the same under every seed
            hidden = [with_tests(self.exercise, "hidden")]
            (drawn,) = prepare(hidden, self._course.seed, thorough=self._thorough)
            known = self._public._prepared
            return Prepared({**known.cases, **drawn.cases}, {**known.truths, **drawn.truths})
        # What is kept is of public tests alone where hidden inputs are drawn for each attempt.
        has_all = self._course.hidden_inputs == "fixed" and not self._thorough
        cache = self._cache if has_all else None
        (prepared,) = prepare(
            [self.exercise], self._course.seed, thorough=self._thorough, cache=cache
        )
        return prepared

    @cached_property
    def rules(self) -> frozenset[Rule]:
        """What the code must obey."""
        return rules_of(self.exercise)

    def obeyed(self, started: Started) -> frozenset[Rule]:
        """Which of its rules the code obeys that has been run."""
        faults = started.faults or {}
        return self.rules.difference(
            rule_of(test) for test in self.exercise.source_tests if test.name in faults
        )

    @property
    def cases(self) -> Mapping[str, Sequence[Case]]:
        """The cases of every test that runs code, by the test's name."""
        return self._prepared.cases

    @property
    def truths(self) -> Mapping[str, Sequence[Truth]]:
        """What is expected, by test and case. Raises :class:`~autograder.errors.CourseError`
        where the witnesses disagree."""
        return self._prepared.truths

    @cached_property
    def _plan(self) -> Plan:
        return Plan(
            self.exercise,
            self.cases,
            self._course.seed,
            draws_anew=self._reference is not None,
            yardsticks={
                test.name: baseline_lines(
                    self.exercise, test, self.cases[test.name], self._sandbox.session
                )
                for test in self.exercise.run_tests
                if isinstance(test, EfficiencyTest)
            },
            call_seconds=None if self._reference is None else self._call_seconds,
            is_right=lambda test, number, observation: is_right(
                test, number, self.truths[test.name][number], observation
            ),
        )

    def _call_seconds(self, test: RunTest) -> float:
        assert self._reference is not None
        return call_seconds(
            self.exercise, test, self.cases[test.name], self._reference, self._course.limits
        )

    @cached_property
    def _reference(self) -> Reference | None:
        return load_reference(self.exercise)

    def grade(self, submission: Submission, language: Language) -> ExerciseGrade:
        """The grade of one exercise; see :meth:`Grader.grade` for several."""
        return self.finish(self.start(submission), language)

    def for_attempt(self, submission: Submission) -> ExerciseGrader:
        """What grades this submission: this, or where the course says so one with hidden inputs
        of its own, which cost what preparing a class costs. Not every seed need serve: chance may
        find no inputs that satisfy their rules."""
        if self.exercise.own_numbers:
            return self._with_own_numbers(submission)
        has_hidden = any(test.visibility == "hidden" for test in self.exercise.tests)
        if self._course.hidden_inputs == "fixed" or not has_hidden:
            return self
        if file_problem(self.exercise, submission.for_exercise(self.exercise.name)) is not None:
            return self  # nothing will be asked
        for number in range(SEEDS_TRIED):
            seed = seed_of(self._course, submission, number)
            course = replace(self._course, seed=seed, hidden_inputs="fixed")
            own = ExerciseGrader(course, self.exercise, self._sandbox, public=self)
            with contextlib.suppress(CourseError):
                _ = own.truths
                return own
        raise CourseError(
            f"under {SEEDS_TRIED} seeds, hidden inputs cannot be drawn or what is expected is not "
            "certain; 'autograder lint --seeds 20' says why",
            path=self.exercise.hidden_path,
        )

    def _with_own_numbers(self, submission: Submission) -> ExerciseGrader:
        """What grades this submission by the numbers of its student."""
        assignment = submission.assignment
        form = form_in(self.exercise, submission.for_exercise(self.exercise.name))
        if form is None:
            return self  # nothing is filled in
        owner = owner_of(self._course, assignment, submission.student, form.code)
        if owner is None:
            return self  # it will be refused
        seed = numbers_seed(self._course, assignment, owner)
        course = replace(self._course, seed=seed, hidden_inputs="fixed")
        own = ExerciseGrader(course, self.exercise, self._sandbox)
        own._owner = owner
        return own

    def _start_form(self, submission: Submission, form: Form) -> Started:
        """What a form answers, judged. An error before costs nothing again."""
        case = self.cases[self.exercise.tests[0].name][0]
        observation = observe(self.exercise, form, case.inputs)
        if self.exercise.own_numbers and self._owner is None:
            observation = Observation(failure=Failure("other_code", form.code))
        run = ExerciseRun({test.name: (observation,) for test in self.exercise.run_tests})
        judgements = carry_forward(
            self.exercise,
            [
                judge_test(test, self.truths[test.name], run.observations[test.name])
                for test in self.exercise.run_tests
            ],
            self.truths,
            case,
            observation,
        )
        return Started(submission, run, judgements, None, True)

    def start(
        self,
        submission: Submission,
        budget: Budget | None = None,
        *,
        process: SharedProcess | None = None,
        leaves_alone: bool = False,
        language: Language | None = None,
    ) -> Started:
        """Run the public tests. Their processes have ended when this returns, unless the exercise
        shares a ``process`` with the next, which is to be started then; ``leaves_alone`` says
        whether the code is known to change nothing there. ``budget`` is what is left of the
        submission's time. Nothing is run where the same program was graded before in this
        ``language``."""
        submission = submission.for_exercise(self.exercise.name)
        problem = file_problem(self.exercise, submission)
        if problem is not None:
            judgements = fail_exercise(self.exercise, problem)
            return Started(submission, ExerciseRun({}), judgements, None, True)
        form = form_in(self.exercise, submission)
        if form is not None:
            return self._start_form(submission, form)
        budget = budget or Budget(math.inf)
        faults = self.source_faults(submission)
        file = submission.files[f"{self.exercise.name}.py"]
        program = program_in(file) if process or language else None
        known_as: Program | None = None
        recurs = False
        # Tests for pytest may import what else was handed in.
        if program and language and not faults and not self.exercise.pytest_tests:
            known_as = program, language
            grade = self.programs.grade(known_as)
            if grade is not None:
                return Started(submission, ExerciseRun({}), (), None, True, grade=grade)
            recurs = known_as in self.programs
        public = [test for test in self._plan.tests if test.visibility == "public"]
        if process is not None:
            process.admit(self.rules, alone=recurs)
        run, judgements = self._run_and_judge(
            submission, public, ExerciseRun({}), budget, process, program
        )
        started = Started(
            submission,
            run,
            judgements,
            budget,
            is_over=False,
            process=process,
            leaves_alone=leaves_alone,
            faults=faults,
            program=program,
            known_as=known_as,
            recurs=recurs,
        )
        self._note_in_process(started)
        return started

    def leaves_alone(self, submission: Submission) -> bool:
        """Whether what runs after this exercise of the submission finds what it would have found
        without."""
        files = submission.for_exercise(self.exercise.name).files
        return leaves_alone(files.get(f"{self.exercise.name}.py", ""))

    def _note_in_process(self, started: Started) -> None:
        """Note in the process that exercises share that this code has run in it."""
        if started.process is not None:
            started.process.has_run(self.obeyed(started), leaves_alone=started.leaves_alone)

    def finish(self, started: Started, language: Language) -> ExerciseGrade:
        """Run the hidden tests, and put the grade together."""
        submission = started.submission
        name = self.exercise.name
        file = submission.work[name].file if name in submission.work else ""
        if started.grade is not None:
            return replace(started.grade, file=file)
        run, judgements = self._run_rest(started)
        explained = self.mistakes_behind(judgements, run, submission)
        computed = self.computed(judgements, run)
        judgements = self.add_source_tests(submission, judgements, started.faults)
        hints = {mistake.name: mistake.hint for mistake in self.exercise.mistakes}
        tests = tuple(
            self.test_grade(
                judgement, explained.get(judgement.test.name), hints, language, submission, computed
            )
            for judgement in judgements
        )
        grade = ExerciseGrade(
            name=name,
            score=clamp(math.fsum(test.score for test in tests), self.exercise.max_score),
            max_score=self.exercise.max_score,
            tests=tests,
            output=sanitize_lines(run.output),
            file=file,
        )
        if started.known_as is not None and _is_certain(run, judgements, started.budget):
            # What somebody's other files did to a process is not to be what others get.
            is_alone = started.run.is_alone and run.is_alone
            self.programs.keep(started.known_as, grade if is_alone else None)
        return grade

    def computed(
        self, judgements: Sequence[Judgement], run: ExerciseRun
    ) -> Mapping[str, Explanation]:
        """The expression behind each wrong output, where one is found."""
        if not any(one.is_explainable and one.wrong for one in judgements):
            return {}
        return self._diagnoser.explain(judgements, run)

    @cached_property
    def _diagnoser(self) -> Diagnoser:
        return Diagnoser(self.exercise, self.cases, self.truths, self._kept_explanations())

    def _kept_explanations(self) -> dict[bytes, Explanation | None]:
        if self._cache is None:
            return {}
        name = self._entry("explanations")
        known: dict[bytes, Explanation | None] = self._cache.get([name]).get(name, {})
        return known

    def keep_explanations(self) -> None:
        """Keep the explanations that were found, for those who grade later."""
        if self._cache is None or "_diagnoser" not in self.__dict__:
            return
        found, before = self._diagnoser.known, self._kept_explanations()
        if not found.keys() <= before.keys():
            self._cache.put({self._entry("explanations"): {**before, **found}})

    def _entry(self, kind: str) -> str:
        return f"{self.exercise.assignment}.{self.exercise.name}.{kind}"

    def run(self, submission: Submission) -> tuple[ExerciseRun, tuple[Judgement, ...]]:
        """What the submission did, and how that is to be judged."""
        return self._run_rest(self.start(submission))

    def _run_rest(self, started: Started) -> tuple[ExerciseRun, tuple[Judgement, ...]]:
        if started.budget is None or started.is_over:
            return started.run, started.judgements
        hidden = [test for test in self._plan.tests if test.visibility == "hidden"]
        run, judgements = started.run, started.judgements
        if hidden:
            process, program = started.process, started.program
            if process is not None:
                process.admit(self.rules, alone=started.needs_own_process)
            further, rest = self._run_and_judge(
                started.submission, hidden, run, started.budget, process, program
            )
            self._note_in_process(started)
            order = {test.name: number for number, test in enumerate(self.exercise.run_tests)}
            everything = sorted((*judgements, *rest), key=lambda one: order[one.test.name])
            run, judgements = further, tuple(everything)
        return self._add_pytest(started.submission, run, judgements, started.budget)

    def _run_and_judge(
        self,
        submission: Submission,
        tests: Sequence[RunTest],
        before: ExerciseRun,
        budget: Budget,
        process: SharedProcess | None = None,
        program: bytes | None = None,
    ) -> tuple[ExerciseRun, tuple[Judgement, ...]]:
        """What the submission did in ``tests``, after what it did ``before``.

        Where it shares a ``process`` with the exercises before it, an answer that is wrong is run
        again in a new process, lest somebody lose points here for what their code for another
        exercise has changed. Not so a ``program`` after code that leaves others alone.
        """
        before = replace(before, is_alone=True)
        if process is None:
            return self._judged(submission, tests, before, budget, self._sandbox.session)
        is_undisturbed = program is not None and process.is_as_new

        def lend() -> Session:
            return self._sandbox.lend(is_short=not is_undisturbed)

        run, judgements = self._judged(submission, tests, before, budget, lend)
        if (
            run.is_alone
            or _all_passed(judgements)
            or (is_undisturbed and _is_repeatable(run, judgements))
            or budget.is_spent
        ):
            return run, judgements
        process.end()
        return self._judged(submission, tests, before, budget, self._sandbox.lend)

    def _judged(
        self,
        submission: Submission,
        tests: Sequence[RunTest],
        before: ExerciseRun,
        budget: Budget,
        open_session: OpenSession,
    ) -> tuple[ExerciseRun, tuple[Judgement, ...]]:
        """What the submission did in ``tests``, and how that is to be judged."""
        truths = self.truths  # asked for first, it is worked out while the sandbox starts
        run = run_exercise(self._plan, submission, open_session, tests, before, budget)
        return run, tuple(
            self._judge_time(self._judge(test, truths, run), run, submission, budget)
            for test in self.exercise.run_tests
            if test in tests
        )

    def _add_pytest(
        self,
        submission: Submission,
        run: ExerciseRun,
        judgements: tuple[Judgement, ...],
        budget: Budget,
    ) -> tuple[ExerciseRun, tuple[Judgement, ...]]:
        if self._pytest is None:
            return run, judgements
        further = ExerciseRun({})
        if not budget.is_spent:
            start = time.monotonic()
            further = self._pytest.run(submission)
            budget.take(time.monotonic() - start)
        run = replace(
            run,
            observations=run.observations | further.observations,
            output=run.output + further.output,
        )
        return run, judgements + tuple(
            judge_pytest(test, further.observations.get(test.name, ()))
            for test in self.exercise.pytest_tests
        )

    def _judge(
        self, test: RunTest, truths: Mapping[str, Sequence[Truth]], run: ExerciseRun
    ) -> Judgement:
        """A test judged; equal answers are judged once."""
        observations = run.observations[test.name]
        return self._plan.answers.judgement(
            test.name, observations, lambda: judge_test(test, truths[test.name], observations)
        )

    @cached_property
    def _pytest(self) -> PytestRunner | None:
        """What runs the exercise's hidden test files, where it has some."""
        if not self.exercise.pytest_tests:
            return None
        from autograder.grading.hidden_pytest.process import PytestRunner

        return PytestRunner(self._course, self.exercise, self._sandbox.session)

    def add_source_tests(
        self,
        submission: Submission,
        judgements: tuple[Judgement, ...],
        faults: Mapping[str, BrokenRule | Failure] | None = None,
    ) -> tuple[Judgement, ...]:
        """The judgements together with those of the rules about the source, in the exercise's
        order; all without points where a rule is broken that the exercise depends on. ``faults``
        are those of the source, where they are known."""
        if not self.exercise.answers:  # nobody fills in zeros without having thought
            judgements = without_unproven(judgements)
        if faults is None:
            faults = self.source_faults(submission)
        sources = [
            judge_source(test, faults.get(test.name), judgements)
            for test in self.exercise.source_tests
        ]
        order = {test.name: number for number, test in enumerate(self.exercise.tests)}
        everything = sorted((*judgements, *sources), key=lambda one: order[one.test.name])
        for judgement in sources:
            if is_refusal(judgement):
                return refused(everything, judgement)
        return tuple(everything)

    def gets_full_points(self, submission: Submission) -> bool:
        """Whether it loses no point; how long it takes does not matter. Ends with the first test
        that takes points. Tests that took some from others come first."""
        if self.source_faults(submission):
            return False
        often = sorted(self._untimed, key=lambda test: -self._noticed[test.name])[:_QUICK]
        rest = [test for test in self._untimed if test not in often]
        timed = [test for test in self._plan.tests if isinstance(test, EfficiencyTest)]
        by_name = {test.name: test for test in self.exercise.run_tests}
        found: list[str] = []

        def takes_points(name: str, observations: tuple[Observation, ...]) -> bool:
            judgement = judge_test(by_name[name], self.truths[name], observations)
            if judgement.score < judgement.max_score:
                found.append(name)
                self._noticed[name] += 1
            return bool(found)

        for tests in ([*often, *rest], timed):
            self._run(submission, tests, takes_points)
            if found:
                return False
        budget = Budget(math.inf)
        _, judgements = self._add_pytest(submission, ExerciseRun({}), (), budget)
        return all(judgement.score >= judgement.max_score for judgement in judgements)

    def explains(self, submission: Submission) -> bool | None:
        """Whether an expression is found for every output that the submission gets wrong; None
        where none is wrong, or where it mostly fails."""
        tests = [test for test in self.exercise.run_tests if not isinstance(test, EfficiencyTest)]
        run = self._run(submission, tests)
        judgements = [self._judge(test, self.truths, run) for test in tests]
        returns: dict[str, list[bool]] = {}
        for one in judgements:
            for output, numbers in one.wrong.items():
                seen = (run.observations[one.test.name][number] for number in numbers)
                returns.setdefault(output, []).extend(each.failure is None for each in seen)
        # What mostly fails is explained by how it fails.
        wrong = {name for name, one in returns.items() if one and 2 * sum(one) > len(one)}
        wrong &= set(self.exercise.signature.outputs)
        return wrong <= set(self.computed(judgements, run)) if wrong else None

    def run_untimed(self, submission: Submission) -> tuple[ExerciseRun, tuple[Judgement, ...]]:
        """As :meth:`run`, but tests of efficiency are not run, and count as passed."""
        budget = Budget(math.inf)
        run, judgements = self._run_and_judge(submission, self._untimed, ExerciseRun({}), budget)
        run, judgements = self._add_pytest(submission, run, judgements, budget)
        passed = tuple(
            Judgement(test, tuple(part.points for part in test.parts), None, {})
            for test in self.exercise.run_tests
            if isinstance(test, EfficiencyTest)
        )
        order = {test.name: number for number, test in enumerate(self.exercise.tests)}
        both = sorted((*judgements, *passed), key=lambda one: order[one.test.name])
        return run, tuple(both)

    def mutants(self) -> Mutants:
        """What each known mistake does, found out when it is first asked for."""
        try:
            return self._known_mistakes.usual()
        finally:
            self._for_mistakes.leave()

    def mistakes_behind(
        self, judgements: Sequence[Judgement], run: ExerciseRun, submission: Submission
    ) -> dict[str, str]:
        """The names of the tests that lost points to a known mistake, and of that mistake."""
        if not any(judgement.is_explainable for judgement in judgements):
            return {}
        try:
            return self._known_mistakes.behind(judgements, run, submission, self._plan, self.truths)
        finally:
            self._for_mistakes.leave()

    @cached_property
    def _known_mistakes(self) -> KnownMistakes:
        return KnownMistakes(self.exercise, self._begin, self._complete, self._cache)

    @cached_property
    def _for_mistakes(self) -> SharedProcess:
        """The process that known mistakes share, and no student's code."""
        return SharedProcess(self._sandbox)

    def _begin(self, mistake: Submission) -> Part:
        alone = self.leaves_alone(mistake)
        started = self.start(mistake, process=self._for_mistakes, leaves_alone=alone)
        return self._part_of(mistake, started.run, started.judgements, is_whole=started.is_over)

    def _complete(self, mistake: Submission, part: Part) -> Part:
        submission = mistake.for_exercise(self.exercise.name)
        started = Started(
            submission,
            part.run,
            part.judgements,
            Budget(math.inf),
            part.is_whole,
            process=self._for_mistakes,
            leaves_alone=self.leaves_alone(mistake),
            program=program_in(submission.files[f"{self.exercise.name}.py"]),
        )
        run, judgements = self._run_rest(started)
        return self._part_of(mistake, run, judgements, is_whole=True)

    def _part_of(
        self,
        mistake: Submission,
        run: ExerciseRun,
        judgements: tuple[Judgement, ...],
        *,
        is_whole: bool,
    ) -> Part:
        shaped = with_shapes(self.exercise, self.cases, run, mistake)
        return Part(self._sketches.of(shaped), judgements, is_whole)

    def run_mutant(self, submission: Submission) -> tuple[ExerciseRun, tuple[Judgement, ...]]:
        """What a mistake does, with the shapes that met where it fails."""
        run, judgements = self.run(submission)
        return with_shapes(self.exercise, self.cases, run, submission), judgements

    def _run(
        self, submission: Submission, tests: Sequence[RunTest], until: Until = lambda _, __: False
    ) -> ExerciseRun:
        return run_exercise(self._plan, submission, self._sandbox.session, tests, until=until)

    @cached_property
    def _untimed(self) -> list[RunTest]:
        """The tests in the order in which they are run, but for those of efficiency."""
        return [test for test in self._plan.tests if not isinstance(test, EfficiencyTest)]

    def _judge_time(
        self, judgement: Judgement, run: ExerciseRun, submission: Submission, budget: Budget
    ) -> Judgement:
        """Hold the lines and then the time of an efficiency test against those of what it is
        relative to. Who took too long is timed again, in turn with that and in a new process, lest
        a busy moment of the machine decide."""
        test = judgement.test
        if not isinstance(test, EfficiencyTest) or judgement.finding is not None:
            return judgement
        judgement = judge_lines(judgement, test, run, self._plan.yardsticks[test.name])
        if judgement.finding is not None:
            return judgement
        judgement = judge_anew(judgement, self._truths_anew(test, run), run)
        if judgement.finding is not None or not self._sandbox.measures_time:
            return judgement
        if test.name not in self._baselines:
            self._baselines[test.name] = self._baseline(test)
        ratio = slowdown(test, run, self._baselines[test.name])
        shortest = math.inf
        for number in range(RETIMINGS):
            hopeless = number >= RETIMINGS_OF_SLOW and ratio > FAR_TOO_SLOW * most_times(test)
            if ratio <= most_times(test) or hopeless or budget.is_spent:
                break
            shortest = self._baselines[test.name] = min(shortest, self._baseline(test))
            again = run_exercise(
                self._plan, submission, self._sandbox.session, [test], budget=budget
            )
            # Only the time of a right answer counts.
            judged = judge_anew(judgement, self._truths_anew(test, again), again)
            if judged.finding is None:
                ratio = min(ratio, slowdown(test, again, shortest))
        return judge_time(judgement, test, ratio)

    def _truths_anew(self, test: EfficiencyTest, run: ExerciseRun) -> list[Truth | None]:
        """What is expected on the inputs that were drawn to be timed."""
        found: list[Truth | None] = []
        for truth, observation in zip(
            self.truths[test.name], run.observations[test.name], strict=True
        ):
            if observation.timed is None or self._reference is None:
                found.append(None)
                continue
            case = observation.timed.case
            found.append(expected_anew(self.exercise, test, case, self._reference, truth))
        return found

    def slowdown(self, test: EfficiencyTest, submission: Submission) -> float:
        """The time of a submission without a :func:`file_problem` as a multiple of that of what
        the test is relative to: the shortest of a few, in turn and each in a new process."""
        baselines, ratios = [], []
        for _ in range(RETIMINGS_OF_SLOW):
            baselines.append(self._baseline(test))
            ratios.append(slowdown(test, self._run(submission, [test]), 1.0))
        return min(ratios) / max(min(baselines), 1e-9)

    def _baseline(self, test: EfficiencyTest) -> float:
        """The seconds of what an efficiency test is relative to, as they are now."""
        return baseline_seconds(self.exercise, test, self.cases[test.name], self._sandbox.session)

    def source_faults(self, submission: Submission) -> dict[str, BrokenRule | Failure]:
        """The rule for the source that each test finds broken, or why it cannot tell; nothing for
        one that finds none."""
        faults: dict[str, BrokenRule | Failure] = {}
        for test in self.exercise.source_tests:
            fault: BrokenRule | Failure | None = file_problem(self.exercise, submission)
            if fault is None:
                try:
                    fault = first_broken_rule(test, f"{self.exercise.name}.py", submission.files)
                except (SyntaxError, ValueError, RecursionError, MemoryError):
                    fault = Failure("unparsable", f"{self.exercise.name}.py")
            if fault is not None:
                faults[test.name] = fault
        return faults

    def test_grade(
        self,
        judgement: Judgement,
        mistake: str | None,
        hints: Mapping[str, Text],
        language: Language,
        submission: Submission,
        computed: Mapping[str, Explanation] | None = None,
    ) -> TestGrade:
        """The judgement in words. ``hints`` has the hint of each mistake by its name;
        ``submission`` is what was run, to quote from; ``computed`` says what wrong outputs are,
        for want of a mistake that explains them."""
        test = judgement.test
        if judgement.finding is None and mistake is None:
            return self._without_finding(judgement, language, submission)
        clash = self._clash(judgement, submission)
        message = joined(self.message_lines(judgement, language, submission), " ")
        finding = judgement.finding
        failure = None if finding is None else finding.failure
        hint = {} if failure is None else dict(failure.hint)
        if mistake is not None:
            hint = hints[mistake]
        found = {
            output: explanation
            for output, explanation in (computed or {}).items()
            if failure is None and judgement.finding is not None and judgement.wrong.get(output)
        }
        shown = authored(hint, language) or in_words(found, language)
        if not shown and clash is not None:
            shown = fitting_in_words(clash, language)
        file, line = _place(self.exercise, judgement)
        if isinstance(line, int) and place_of(submission.files.get(str(file), ""), line):
            file = line = UNSET  # no line of a file: the message names the cell
        return TestGrade(
            name=test.name,
            visibility=test.visibility,
            score=judgement.score,
            max_score=judgement.max_score,
            status=judgement.status,
            message=str(message),
            mistake=mistake,
            hint=str(shown) or None,
            said=UNSET if finding is None and judgement.status == "passed" else message.said,
            hint_said=shown.said if shown else UNSET,
            computed=", ".join(f"{name} = {one}" for name, one in found.items()) or UNSET,
            file=file,
            line=line,
        )

    def _without_finding(
        self, judgement: Judgement, language: Language, submission: Submission
    ) -> TestGrade:
        """What nothing is said about, which is the same for everybody with as many points."""
        key = judgement.test.name, judgement.score, language
        if key not in self._unremarkable:
            message = joined(self.message_lines(judgement, language, submission), " ")
            self._unremarkable[key] = TestGrade(
                name=judgement.test.name,
                visibility=judgement.test.visibility,
                score=judgement.score,
                max_score=judgement.max_score,
                status=judgement.status,
                message=str(message),
                mistake=None,
                hint=None,
                said=UNSET if judgement.status == "passed" else message.said,
            )
        return self._unremarkable[key]

    def message_lines(
        self, judgement: Judgement, language: Language, submission: Submission
    ) -> tuple[Words, ...]:
        """The judgement in words, in lines: see :func:`explain_finding`; what a student should
        know besides follows on the last."""
        finding = judgement.finding
        if finding is None:
            earned = judgement.score >= judgement.max_score
            return (words("passed" if earned else "unproven", language),)
        form = form_in(self.exercise, submission)
        if form is not None:
            case = self.cases[judgement.test.name][0]
            observation = observe(self.exercise, form, case.inputs)
            return (explain_answer(self.exercise, finding, observation, language),)
        lines = explain_finding(
            self.exercise,
            finding,
            self._case(judgement),
            self._course.limits,
            language,
            submission.files,
            self._clash(judgement, submission),
        )
        note = note_on(self.exercise, finding, submission, language)
        return (*lines[:-1], joined((lines[-1], note))) if note else lines

    def _case(self, judgement: Judgement) -> Case:
        """The case that the finding is about; an empty one where it is about none."""
        number = None if judgement.finding is None else judgement.finding.case
        return Case({}) if number is None else self.cases[judgement.test.name][number]

    def _clash(self, judgement: Judgement, submission: Submission) -> Clash | None:
        finding = judgement.finding
        if finding is None or finding.case is None:
            return None
        return find_shapes(self.exercise, finding.failure, self._case(judgement), submission)


def _is_certain(run: ExerciseRun, judgements: Sequence[Judgement], budget: Budget | None) -> bool:
    """Whether the same program would get the same grade, and in the same words. Who failed, took
    too long or had no time left may have had bad luck, and failures are told with lines of the
    file."""
    faults = [one.finding.fault for one in judgements if one.finding is not None]
    is_failure = any(isinstance(one, Failure | Slow | WrongWhenTimed) for one in faults)
    is_spent = budget is not None and budget.is_spent
    return not (run.has_failed or is_failure or is_spent)


def _is_repeatable(run: ExerciseRun, judgements: Sequence[Judgement]) -> bool:
    """Whether the code did nothing that hangs on memory and luck, or on how much of its processor
    time a process has used before."""
    faults = [one.finding.fault for one in judgements if one.finding is not None]
    failures = (one.failure for several in run.observations.values() for one in several)
    return (
        run.load_failure is None
        and not any(isinstance(one, Slow | WrongWhenTimed) for one in faults)
        and all(failure is None or failure.consequences.is_repeatable for failure in failures)
    )


def _all_passed(judgements: Sequence[Judgement]) -> bool:
    return all(one.status == "passed" for one in judgements)


def _place(
    exercise: Exercise, judgement: Judgement
) -> tuple[str, int] | tuple[UnsetType, UnsetType]:
    """The file and line of the student that the finding is about, where there is one."""
    finding = judgement.finding
    rule = None if finding is None else finding.fault
    if isinstance(rule, BrokenRule) and rule.line > 0:
        return sanitize(rule.file or f"{exercise.name}.py"), rule.line
    frame = None if finding is None or finding.failure is None else finding.failure.frame
    if frame is None or frame.line < 1:
        return UNSET, UNSET
    return sanitize(frame.file), frame.line


class Grader:
    """Grades submissions of a course in one sandbox, in one language."""

    def __init__(
        self,
        course: Course,
        sandbox: Sandbox,
        language: Language,
        prepared: Mapping[tuple[str, str], Prepared] | None = None,
        cache: CourseCache | None = None,
    ) -> None:
        self._cache = cache
        self._course = course
        self._sandbox = sandbox
        self._language = language
        self._prepared = prepared or {}
        self._exercises: dict[str, tuple[ExerciseGrader, ...]] = {}

    def exercise_graders(self, assignment: str) -> tuple[ExerciseGrader, ...]:
        if assignment not in self._exercises:
            self._exercises[assignment] = tuple(
                ExerciseGrader(
                    self._course,
                    exercise,
                    self._sandbox,
                    prepared=self._prepared.get((assignment, exercise.name)),
                    cache=self._cache,
                )
                for exercise in self._course.assignments[assignment].exercises
            )
        return self._exercises[assignment]

    def keep_explanations(self) -> None:
        """See :meth:`ExerciseGrader.keep_explanations`."""
        for graders in self._exercises.values():
            for grader in graders:
                grader.keep_explanations()

    def learned(self) -> dict[tuple[str, str], list[Learned]]:
        """What was found out about programs since this was last asked, by assignment and
        exercise: news for others who grade the same class."""
        return {
            (assignment, grader.exercise.name): news
            for assignment, graders in self._exercises.items()
            for grader in graders
            if (news := grader.programs.news())
        }

    def learn(self, learned: Mapping[tuple[str, str], Sequence[Learned]]) -> None:
        """Hear what others have :meth:`learned`."""
        for (assignment, name), news in learned.items():
            for grader in self.exercise_graders(assignment):
                if grader.exercise.name == name:
                    grader.programs.hear(news)

    def grade(self, submission: Submission, fingerprint: str) -> Grade:
        """The grade of one submission. What is wrong with the submission is in the grade;
        raises only for what is wrong with the course or the machine."""
        graders = [
            grader.for_attempt(submission)
            for grader in self.exercise_graders(submission.assignment)
        ]
        start = time.perf_counter()
        # Of all exercises the public tests first: their messages show what student code says,
        # and what one process knows another may come to know.
        budget = Budget(self._course.limits.submission_seconds)
        process = SharedProcess(self._sandbox)
        try:
            # What obeys many rules disturbs those with fewer rules least; then comes what leaves
            # alone what others find.
            in_turn = [(grader, grader.leaves_alone(submission)) for grader in graders]
            in_turn.sort(key=lambda both: (-len(both[0].rules), not both[1]))
            started: list[tuple[ExerciseGrader, Started]] = []
            for grader, leaves_alone in in_turn:
                one = grader.start(
                    submission,
                    budget,
                    process=process,
                    leaves_alone=leaves_alone,
                    language=self._language,
                )
                started.append((grader, one))
            process.end()
            # Of the same kind those first that need a process of their own, in which others go on.
            started.sort(
                key=lambda both: (
                    -len(both[0].rules),
                    not both[1].leaves_alone,
                    not both[1].needs_own_process,
                )
            )
            grades: dict[str, ExerciseGrade] = {}
            for grader, one in started:
                grades[grader.exercise.name] = grader.finish(one, self._language)
            exercises = tuple(grades[grader.exercise.name] for grader in graders)
        finally:
            process.end()
        maximum = self._course.assignments[submission.assignment].max_score
        return Grade(
            student=submission.student,
            assignment=submission.assignment,
            score=clamp(math.fsum(exercise.score for exercise in exercises), maximum),
            max_score=maximum,
            isolation=self._sandbox.level,
            enforced=self._sandbox.enforced,
            language=self._language,
            exercises=exercises,
            fingerprint=fingerprint,
            files=tuple(
                FileUse(one.path, one.used_as, one.reason, one.meant, one.fault)
                for one in submission.handed_in[:MAX_FILES_NAMED]
            ),
            timing=Timing(
                graded_at=datetime.now(UTC).isoformat(timespec="seconds"),
                seconds=round(time.perf_counter() - start, 6),
            ),
        )
