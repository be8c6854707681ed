"""``autograder explain``: a lost point defended, with the inputs that it was lost on."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import click

from autograder.batch.origin import HandedIn
from autograder.cli.choices import LAYOUTS
from autograder.cli.exporting import select
from autograder.cli.language import say
from autograder.cli.options import course_option, language_option
from autograder.cli.reading import Reading, read_all, work_behind
from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.errors import UsageError
from autograder.exports.context import adjustment_lines
from autograder.exports.summary import points
from autograder.grades.grade_file import write_atomically
from autograder.grades.model import Grade
from autograder.report.explanation import Explained, explain_exercise, telling
from autograder.report.html import esc, page, plain_code
from autograder.report.script import script
from autograder.sandbox.host import Sandbox
from autograder.sandbox.levels import LEVELS, Level, require_level
from autograder.student.check_text import failure_text
from autograder.student.checking import CheckedTest
from autograder.submissions.submission import Submission
from autograder.text.messages import sanitize


@click.command("explain", help=say("help_explain"))
@click.argument("grades", type=click.Path(path_type=Path))
@click.argument("student")
@click.argument("exercise", required=False)
@click.option("--assignment", "assignments", multiple=True, help=say("option_only_this"))
@click.option("--test", "tests", multiple=True, help=say("option_explain_test"))
@click.option("--script", "as_script", is_flag=True, help=say("option_explain_script"))
@click.option("--appeal", type=click.Path(path_type=Path), help=say("option_explain_appeal"))
@click.option("--submissions", type=click.Path(path_type=Path), help=say("option_submissions"))
@click.option(
    "--layout", type=click.Choice(LAYOUTS), default="auto", help=say("option_layout_of_those")
)
@click.option(
    "--isolation",
    type=click.Choice(LEVELS),
    default="sandbox",
    show_default=True,
    help=say("option_grade_isolation"),
)
@course_option
@language_option
def command(
    grades: Path,
    student: str,
    exercise: str | None,
    assignments: tuple[str, ...],
    tests: tuple[str, ...],
    as_script: bool,
    appeal: Path | None,
    submissions: Path | None,
    layout: str,
    isolation: Level,
    course: Path | None,
    language: str | None,
) -> int:

    require_level(isolation)
    found = read_all(grades, course, language)
    if found.course is None:
        raise UsageError(say("explain_no_course"))
    chosen = select(found.grades, (student,), assignments, grades)
    pairs = _exercises(chosen, found.course, exercise)
    _refuse_unknown(tests, pairs)
    with work_behind(grades, found.course, submissions, layout) as work:
        if work is None:
            raise UsageError(say("explain_no_work"))
        private = [found.course.root, grades]
        with Sandbox(isolation, found.course.limits, private) as sandbox:
            for grade, one in pairs:
                submission = _submission(work, grade)
                explained = explain_exercise(found.course, one, submission, sandbox, found.language)
                _print(found, grade, explained, tests, as_script=as_script)
                if appeal is not None:
                    _write_appeal(appeal, found, grade, explained, submission, tests)
    return 0


def _exercises(
    grades: Sequence[Grade], course: Course, name: str | None
) -> list[tuple[Grade, Exercise]]:
    """The exercises that points were lost in, or the one that is named, each with its grade.
    Raises :class:`UsageError` where there is none."""
    every = [
        (grade, exercise)
        for grade in grades
        if grade.assignment in course.assignments
        for exercise in course.assignments[grade.assignment].exercises
    ]
    if name is not None:
        named = [pair for pair in every if pair[1].name == name]
        if not named:
            known = ", ".join(one.name for _, one in every)
            raise UsageError(f"{sanitize(name, 60)}: no such exercise here; there are {known}")
        return named
    lost = {
        (grade.assignment, one.name)
        for grade in grades
        for one in grade.exercises
        if any(test.status != "passed" for test in one.tests)
    }
    return [pair for pair in every if (pair[1].assignment, pair[1].name) in lost]


def _submission(work: HandedIn, grade: Grade) -> Submission:
    submission = work.of(grade)
    if submission is None:
        raise UsageError(
            say("explain_gone", student=sanitize(grade.student, 60), assignment=grade.assignment)
        )
    return submission


def _refuse_unknown(tests: Sequence[str], pairs: Sequence[tuple[Grade, Exercise]]) -> None:
    known = [test.name for _, exercise in pairs for test in exercise.tests]
    for name in tests:
        if name not in known:
            raise UsageError(f"--test {sanitize(name, 60)}: there are {', '.join(known)}")


def _print(
    found: Reading, grade: Grade, explained: Explained, tests: Sequence[str], *, as_script: bool
) -> None:
    checked = explained.checked
    kept = next(one for one in grade.exercises if one.name == checked.exercise.name)
    if as_script:
        for test in telling(explained, tests):
            written = _script(grade, explained, test)
            if written:
                click.echo(written)
        return
    reached = f"{points(kept.total)}/{points(kept.max_score)}"
    click.echo(
        f"{sanitize(grade.student, 60)}, {grade.assignment}, {checked.exercise.name}: {reached}"
    )
    for line in adjustment_lines(grade):
        click.echo(f"  {line}")
    for one in checked.tests:
        mark = "✓" if one.passed else "✗"
        before = next((test for test in kept.tests if test.name == one.grade.name), None)
        counted = one.grade if before is None else before
        click.echo(
            f"  {mark} {one.grade.name} ({counted.visibility}) "
            f"{points(counted.total)}/{points(counted.max_score)}"
        )
        if before is not None and before.score != one.grade.score:
            click.echo("      " + say("explain_differs", now=points(one.grade.score)))
    for one in telling(explained, tests):
        title = one.grade.name
        if one.grade.mistake is not None:
            title += f" [{one.grade.mistake}]"
        if one.case is not None and not one.case.while_loading:
            title = say("check_case", title=title, number=one.case.number)
        click.echo(f"\n{title}")
        for line in failure_text(one, checked, found.language).splitlines():
            click.echo(f"  {line}".rstrip())
    click.echo("")


def _script(grade: Grade, explained: Explained, test: CheckedTest) -> str:
    """The script of a test with a failing case; empty where there is none to try."""
    case = test.case
    cases = explained.cases.get(test.grade.name)
    if case is None or cases is None or case.while_loading:
        return ""
    exercise = explained.checked.exercise
    if exercise.answers:  # there is no code to run
        return ""
    note = (
        f"{grade.student}, {exercise.assignment}/{exercise.name}, test {test.grade.name}, "
        f"case {case.number}\n{test.grade.message}"
    )
    return script(exercise, test, cases[case.number - 1], note=_comments(note))


def _comments(note: str) -> str:
    """Text for comments: each of its lines is one."""
    return "\n".join(sanitize(line, 400) for line in note.splitlines())


def _write_appeal(
    folder: Path,
    found: Reading,
    grade: Grade,
    explained: Explained,
    submission: Submission,
    tests: Sequence[str],
) -> None:
    """The same as a folder to hand to the student: a page, the files, and a script a case."""
    checked = explained.checked
    exercise = checked.exercise
    target = folder / grade.assignment / exercise.name
    if target.exists():
        shutil.rmtree(target)
    sections = []
    for number, test in enumerate(telling(explained, tests), start=1):
        shown = failure_text(test, checked, found.language, width=100)
        sections.append(f"<h2>{esc(test.grade.name)}</h2>{plain_code(shown)}")
        written = _script(grade, explained, test)
        if written:
            name = f"case_{number}.py"
            write_atomically(target / name, written.encode())
            how = say("explain_try", file=name)
            sections.append(f"<p>{esc(how)}</p>")
    files = submission.for_exercise(exercise.name).files
    if exercise.answers:
        files = {exercise.file: files.get(f"{exercise.name}.py", "")}
    for name, source in files.items():
        path = (target / name).resolve()
        if path.is_relative_to(target.resolve()):
            write_atomically(path, source.encode("utf-8", "replace"))
    title = f"{grade.student}: {checked.title}"
    reached = next(one for one in grade.exercises if one.name == exercise.name)
    summary = say(
        "report_points", points=points(reached.total), max_score=points(reached.max_score)
    )
    body = f"<h1>{esc(title)}</h1><p>{esc(summary)}</p>{''.join(sections)}"
    write_atomically(target / "index.html", page(title, body, found.language))
    click.echo(say("explain_written", folder=target))
    assert found.course is not None
    if found.course.assignments[grade.assignment].due and grade.assignment not in found.past_due:
        click.echo(say("explain_not_due", assignment=grade.assignment), err=True)
