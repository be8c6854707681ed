"""What an author sees of an exercise while writing it, as HTML: the statement as students see it,
the stub, tests with a case each, what mistakes return, and what lint finds.

Pieces of a page, pure: the server puts them together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from autograder.course.course import Course
from autograder.course.exercise import Exercise, Mistake, RunTest, Test
from autograder.course.rendering import as_html
from autograder.course.statement import statement_markdown
from autograder.errors import CourseError
from autograder.grading.grader import ExerciseGrader
from autograder.grading.judge import Judgement, Truth
from autograder.grading.mistakes import mutant
from autograder.grading.run import ExerciseRun
from autograder.submissions.submission import Submission
from autograder.text.language import Language
from autograder.text.messages import pick, sanitize
from autograder.truth.cases import Case
from autograder.truth.expected import Expected
from autograder.truth.reference import solution_source

StudentFile = Callable[[Course, Exercise, Language], str]
"""What a student gets to work in, in a language."""

MAX_ROWS, MAX_COLUMNS = 6, 8
# Lines of a file around the one that a finding is about.
_AROUND = 2
# So many tests that a mistake loses are named.
_NAMED = 4
_PLACE = re.compile(
    r"^(?P<path>[^:\n]+\.(?:yaml|py)):(?P<line>\d+)(?::(?P<column>\d+))?: (?P<said>.*)$", re.DOTALL
)


def statements(exercise: Exercise, languages: Sequence[Language]) -> str:
    """The statement in each language, side by side where there is room."""
    columns = "".join(
        f'<div class="statement" lang="{escape(one)}">'
        f"{as_html(statement_markdown(exercise, one, level=3))}</div>"
        for one in languages
    )
    return f'<h2 id="statement">Statement</h2><div class="columns">{columns}</div>'


def student_files(course: Course, exercise: Exercise, made: StudentFile) -> str:
    """The stub, or the form, in each language."""
    columns = []
    for language in course.languages:
        try:
            content = made(course, exercise, language)
        except (OSError, SyntaxError, ValueError) as error:
            content = str(error)
        columns.append(f"<div><h3>{escape(language)}</h3>{_code(content)}</div>")
    word = "Form" if exercise.answers else "Stub"
    return f'<h2 id="stub">{word}</h2><div class="columns">{"".join(columns)}</div>'


def tests(grader: ExerciseGrader, language: Language) -> Iterator[str]:
    """Each test with the first of its cases, what is right and within what tolerance."""
    exercise = grader.exercise
    yield '<h2 id="tests">Tests</h2>'
    for test in exercise.tests:
        points = sum(part.points for part in test.parts)
        head = (
            f"<h3>{escape(pick(test.title, language) or test.name)} "
            f'<span class="tag">{test.visibility}</span> '
            f'<span class="tag">{points:g} {"point" if points == 1 else "points"}</span></h3>'
            f'<p class="soft"><code>{escape(test.name)}</code>{escape(_about(test))}</p>'
        )
        yield f'<section class="card">{head}{_drawn(grader, test)}</section>'


def _about(test: Test) -> str:
    kind = type(test).__name__.removesuffix("Test").lower()
    cases = getattr(getattr(test, "inputs", None), "cases", None)
    return f": {kind}" + (f", {cases} cases" if cases is not None and cases > 1 else "")


def _drawn(grader: ExerciseGrader, test: Test) -> str:
    cases = grader.cases.get(test.name)
    if not cases:
        return ""
    truths = grader.truths[test.name]
    return (
        f'<p class="soft">{"a case as drawn" if len(cases) > 1 else "the case"}:</p>'
        f"{arrays(cases[0].inputs)}{_functions(cases[0])}"
        f'<p class="soft">right:</p><div class="arrays">'
        f"{''.join(_truth(name, one) for name, one in truths[0].items())}</div>"
    )


def _functions(case: Case) -> str:
    return "".join(
        f"<p><code>{escape(name)} = {escape(source)}</code></p>"
        for name, source in case.function_texts.items()
    )


def _truth(name: str, expected: Expected) -> str:
    if expected.value is None:
        shape = " × ".join(map(str, expected.shape))
        head = f"<code>{escape(name)}</code> {shape}"
        return f'<div class="array">{head}: known along random directions</div>'
    within = ""
    if expected.tolerance is not None:
        within = f"±{float(np.max(expected.tolerance, initial=0.0)):.1e}, "
    return (
        f"<div>{array(name, np.asarray(expected.value))}"
        f'<span class="soft">{within}by the {escape(expected.witness)}</span></div>'
    )


def mistakes(grader: ExerciseGrader, languages: Sequence[Language]) -> Iterator[str]:
    """Each known mistake: the tests that it loses, what it returns in one, and its hint."""
    exercise = grader.exercise
    yield f'<h2 id="mistakes">Mistakes ({len(exercise.mistakes)})</h2>'
    solution = solution_source(exercise) or ""
    for mistake in exercise.mistakes:
        try:
            submission = mutant(exercise, mistake, solution)
            run, judgements = grader.run_untimed(submission)
            body = "".join(_made(grader, submission, run, judgements, languages[0]))
        except CourseError as error:
            body = f'<p class="bad">{escape(str(error))}</p>'
        yield (
            f'<section class="card" id="mistake-{escape(mistake.name)}">'
            f"<h3>{escape(mistake.name)}</h3>{_source(mistake)}{body}"
            f"{''.join(_hint(mistake, one) for one in languages)}</section>"
        )


def _source(mistake: Mistake) -> str:
    written = mistake.code or "\n".join(f"{n} = {one}" for n, one in mistake.outputs.items())
    return _code(written.strip())


def _hint(mistake: Mistake, language: Language) -> str:
    hint = pick(mistake.hint, language)
    return f'<p class="hint" lang="{escape(language)}">{escape(hint)}</p>'


def _made(
    grader: ExerciseGrader,
    submission: Submission,
    run: ExerciseRun,
    judgements: Sequence[Judgement],
    language: Language,
) -> Iterator[str]:
    lost = [one for one in judgements if one.score < one.max_score or one.finding is not None]
    if not lost:
        yield '<p class="bad">loses no points</p>'
        return
    total = sum(one.max_score - one.score for one in lost)
    names = ", ".join(one.test.name for one in lost[:_NAMED])
    more = f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
    yield f'<p>loses <span class="bad">{total:g} points</span> in {escape(names)}{more}</p>'
    first = next((one for one in lost if isinstance(one.test, RunTest) and one.wrong), lost[0])
    said = " ".join(grader.message_lines(first, language, submission))
    yield f'<p><span class="soft">{escape(first.test.name)}:</span> {escape(said)}</p>'
    finding = first.finding
    if finding is None or finding.case is None or finding.failure is not None:
        return
    case = grader.cases[first.test.name][finding.case]
    observation = run.observations[first.test.name][finding.case]
    truth = grader.truths[first.test.name][finding.case]
    yield f'<p class="soft">on case {finding.case + 1}:</p>{arrays(case.inputs)}'
    returned = _returned(first, observation.outputs, truth)
    yield f'<p class="soft">returns:</p><div class="arrays">{returned}</div>'


def _returned(judgement: Judgement, outputs: Mapping[str, Any], truth: Truth) -> str:
    parts = []
    for name in judgement.wrong:
        value, expected = outputs.get(name), truth[name]
        if not isinstance(value, np.ndarray):
            parts.append(f'<div class="array"><code>{escape(name)}</code>: no array</div>')
            continue
        off = None
        if expected.value is not None and expected.value.shape == value.shape and value.ndim:
            slack = 0.0 if expected.tolerance is None else expected.tolerance
            with np.errstate(all="ignore"):
                off = ~(np.abs(value - expected.value) <= slack)
        parts.append(array(name, value, off))
    return "".join(parts)


# Findings


def findings(root: Path, said: Iterable[str], *, checked: bool) -> str:
    """What lint has to say, each where it is about a place with the lines around it."""
    every = list(said)
    if not every:
        state = "nothing is wrong" if checked else "still looking"
        style = "good" if checked else "soft"
        return f'<h2 id="findings">Lint</h2><p class="{style}">{state}</p>'
    items = "".join(_finding(root, one) for one in every)
    return f'<h2 id="findings">Lint ({len(every)})</h2>{items}'


def _finding(root: Path, said: str) -> str:
    match = _PLACE.match(said)
    if match is None:
        return f'<section class="card wrong"><p>{escape(said)}</p></section>'
    line, column = int(match["line"]), int(match["column"] or 1)
    place = f"{match['path']}:{line}:{column}"
    return (
        f'<section class="card wrong"><p>{escape(match["said"])}</p>'
        f'<p class="soft"><code>{escape(place)}</code></p>{_lines(root, match["path"], line)}'
        "</section>"
    )


def _lines(root: Path, name: str, line: int) -> str:
    """The lines around one of a file of the course."""
    path = root / name
    try:
        if not path.resolve().is_relative_to(root.resolve()):
            return ""
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    first = max(1, line - _AROUND)
    shown = []
    for number_, content in enumerate(lines[first - 1 : line + _AROUND], start=first):
        written = f"{number_:4d}  {escape(sanitize(content, 300))}"
        shown.append(f"<mark>{written}</mark>" if number_ == line else written)
    return f'<pre tabindex="0">{chr(10).join(shown)}</pre>'


# Arrays


def arrays(named: Mapping[str, np.ndarray[Any, Any]]) -> str:
    return f'<div class="arrays">{"".join(array(name, one) for name, one in named.items())}</div>'


def array(name: str, value: np.ndarray[Any, Any], off: np.ndarray[Any, Any] | None = None) -> str:
    """An array as a table; of a large one the first rows and columns, of one with more than two
    axes the first matrix. Elements that are ``off`` are marked."""
    shape = " × ".join(map(str, value.shape))
    head = f"<code>{escape(name)}</code>" + (f' <span class="soft">{shape}</span>' if shape else "")
    if not value.ndim:
        return f'<div class="array">{head} = {escape(_element(value.item()))}</div>'
    matrix, marks = value, off
    while matrix.ndim > 2:
        matrix, marks = matrix[0], None if marks is None else marks[0]
    matrix = matrix.reshape(1, -1) if matrix.ndim == 1 else matrix
    marks = None if marks is None else marks.reshape(matrix.shape)
    rows = []
    for row in range(min(len(matrix), MAX_ROWS)):
        cells = [
            f"<td{' class=off' if marks is not None and marks[row, column] else ''}>"
            f"{escape(_element(matrix[row, column].item()))}</td>"
            for column in range(min(matrix.shape[1], MAX_COLUMNS))
        ]
        cells += ["<td>…</td>"] if matrix.shape[1] > MAX_COLUMNS else []
        rows.append(f"<tr>{''.join(cells)}</tr>")
    rows += ["<tr><td>⋮</td></tr>"] if len(matrix) > MAX_ROWS else []
    more = '<span class="soft">first matrix</span>' if value.ndim > 2 else ""
    return f'<div class="array">{head} {more}<table>{"".join(rows)}</table></div>'


def _element(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _code(source: str) -> str:
    return f'<pre tabindex="0">{escape(source)}</pre>'
