"""Known mistakes from the mutants of a solution: tests catch them, and hints tell them apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from autograder.authoring.drafts import hint_draft
from autograder.authoring.lint import NOT_WRITTEN, Mutants
from autograder.authoring.mutants import Mutant, mutants
from autograder.authoring.yaml_text import add_items, folded, literal, scalar
from autograder.course.course import Course
from autograder.course.exercise import Exercise, Mistake
from autograder.errors import UsageError
from autograder.grades.grade_file import write_atomically
from autograder.grading.grader import ExerciseGrader
from autograder.grading.judge import Judgement
from autograder.grading.mistakes import explaining
from autograder.grading.run import ExerciseRun
from autograder.sandbox.host import Sandbox
from autograder.submissions.submission import Submission
from autograder.text.language import Language
from autograder.truth.reference import solution_source


def add_mistakes(course: Course, exercise: Exercise, root: Path, count: int) -> tuple[str, ...]:
    """The names of at most ``count`` mistakes that were added to the hidden file, with drafts
    of their hints. Raises :class:`~autograder.errors.CourseError` where the exercise does not work,
    and :class:`UsageError` where it has no hidden file."""
    if exercise.hidden_path is None or exercise.solution_path is None:
        raise UsageError(f"{exercise.name} has no hidden file and no solution; write them first")
    solution = solution_source(exercise) or ""
    with Sandbox("sandbox", course.limits, [root]) as sandbox:
        grader = ExerciseGrader(course, exercise, sandbox)
        known = {one.name for one in exercise.mistakes}
        chosen = list(_chosen(grader, exercise, solution, count))
    items, names = [], []
    for mutant, wrong in chosen:
        name = _name(mutant.what, known)
        known.add(name)
        names.append(name)
        hints = "\n".join(
            f"    {language}: {_hint(mutant.what, wrong, language)}"
            for language in course.languages
        )
        code = literal(mutant.source.strip(), 4)
        items.append(f"- name: {name}\n  code: {code}\n  hint:\n{hints}")
    if items:
        text = exercise.hidden_path.read_text("utf-8")
        write_atomically(exercise.hidden_path, add_items(text, "mistakes", items).encode())
    return tuple(names)


def _hint(what: str, wrong: Sequence[str], language: Language) -> str:
    draft = hint_draft(what, wrong, language)
    if draft is None:
        return scalar(f"{NOT_WRITTEN}: {what}", flow=False)
    return folded(draft, 6)


def _wrong(exercise: Exercise, judgements: Sequence[Judgement]) -> Sequence[str]:
    """The outputs that some test finds wrong, in the order of the signature."""
    seen = {name for judgement in judgements for name in judgement.wrong}
    outputs = exercise.signature.outputs
    return [name for name in outputs if name in seen] or outputs


def _chosen(
    grader: ExerciseGrader, exercise: Exercise, solution: str, count: int
) -> Iterator[tuple[Mutant, Sequence[str]]]:
    """Mutants, with the outputs that they make wrong: those that answer wrongly, lose hidden points
    and are explained by no other mistake. First come those that a public test notices, one for
    each way to be wrong."""
    known: dict[str, tuple[ExerciseRun, Sequence[Judgement]]] = dict(grader.mutants())
    unnoticed: list[Mutant] = []
    given = 0
    for must_be_noticed in (True, False):
        candidates = list(_spread(mutants(exercise, solution))) if must_be_noticed else unnoticed
        for mutant in candidates:
            if given == count:
                return
            files = {f"{exercise.name}.py": mutant.source}
            run, judgements = grader.run(Submission("new", exercise.assignment, files))
            if not _is_wrong(judgements):
                continue
            if must_be_noticed and not _is_noticed(judgements):
                unnoticed.append(mutant)
            elif _is_new(grader, exercise, mutant, run, judgements, known):
                known[mutant.what] = run, judgements
                given += 1
                yield mutant, _wrong(exercise, judgements)


def _spread(found: Sequence[Mutant]) -> Iterator[Mutant]:
    """Those that change the source, by turns one of each kind of change."""
    kinds: dict[str, list[Mutant]] = {}
    for mutant in found:
        if not mutant.is_behaviour:
            kinds.setdefault(re.sub(r"'[^']*'|[\d.]+", "", mutant.what), []).append(mutant)
    while kinds:
        for kind in list(kinds):
            yield kinds[kind].pop(0)
            if not kinds[kind]:
                del kinds[kind]


def _is_wrong(judgements: Sequence[Judgement]) -> bool:
    """True where hidden tests take points for numbers, and not only for exceptions."""
    return any(
        judgement.test.visibility == "hidden"
        and judgement.score < judgement.max_score
        and judgement.finding is not None
        and judgement.finding.failure is None
        for judgement in judgements
    )


def _is_noticed(judgements: Sequence[Judgement]) -> bool:
    return any(
        judgement.test.visibility == "public" and judgement.finding is not None
        for judgement in judgements
    )


def _is_new(
    grader: ExerciseGrader,
    exercise: Exercise,
    mutant: Mutant,
    run: ExerciseRun,
    judgements: Sequence[Judgement],
    known: Mutants,
) -> bool:
    """True where no known mistake explains it, and it explains itself and none of them."""
    if mutant.what in known:
        return False
    names = (*known, mutant.what)
    described = {one.name: one for one in exercise.mistakes}
    mistakes = (described.get(name) or Mistake(name, {}, code="") for name in names)
    exercise = replace(exercise, mistakes=tuple(mistakes))
    if any(explaining(exercise, judgements, run, known, grader.truths).values()):
        return False
    alone = {mutant.what: (run, judgements)}
    own = explaining(exercise, judgements, run, alone, grader.truths)
    if not any(mutant.what in found for found in own.values()):
        return False
    return not any(
        any(explaining(exercise, other, other_run, alone, grader.truths).values())
        for other_run, other in known.values()
    )


# Operators in names.
_WORDS = {
    **{"**": "power", "@": "product", "*": "times", "/": "over", "+=": "add", "-=": "subtract"},
    **{">=": "at-least", "<=": "at-most", ">": "above", "<": "below", "==": "equals"},
    **{"+": "plus", "-": "minus", "=": "assign"},
}


def _name(what: str, taken: set[str]) -> str:
    """A name such as ``times-became-over``, without what is too long to be one."""
    if re.search(r"(left out|exchanged|transposed)$", what):
        what = re.sub(r"'[^']{13,}'( and )?", " ", what).strip()
    for sign, word in _WORDS.items():
        what = what.replace(sign, f" {word} ")
    words = re.sub(r"[^\w]+", "-", what.replace("'", "")).strip("-").lower()[:40].strip("-")
    name = words or "mutant"
    number = 2
    while name in taken:
        name, number = f"{words}-{number}", number + 1
    return name
