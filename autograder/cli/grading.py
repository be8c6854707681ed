"""What ``autograder grade`` does, when its options have been read."""

from __future__ import annotations

import codecs
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct
from msgspec.structs import replace

from autograder.batch.adjusting import without_effect
from autograder.batch.folder import (
    CHANGES,
    FILES,
    PRUNED,
    ClassFolder,
    GradeOptions,
    open_class,
    prune,
)
from autograder.batch.grading import Graded
from autograder.cli import EXIT_FAILED, EXIT_INTERRUPTED
from autograder.cli.changes import change_lines, summary_line, unused_line
from autograder.cli.exporting import repository_folders, write_export
from autograder.cli.language import cli_language, say
from autograder.course.course import HiddenFeedback
from autograder.course.roster import Roster
from autograder.errors import GraderFault
from autograder.exports.changes import write_changes
from autograder.exports.context import Context, make_context
from autograder.exports.files import remarkable
from autograder.exports.formats import FORMATS, ClassFormat
from autograder.exports.summary import points
from autograder.grades.changes import compare
from autograder.grades.grade_file import FolderOfGrades, is_edited
from autograder.grades.model import Grade
from autograder.grades.store import read_folder
from autograder.submissions.found_at import in_words
from autograder.submissions.layouts import AUTO, LAYOUTS, Found
from autograder.submissions.layouts.unmatched import nearest
from autograder.submissions.names import same
from autograder.submissions.submission import displayable
from autograder.text.messages import sanitize
from autograder.text.said import in_language
from autograder.text.words import begin_list

if TYPE_CHECKING:
    from autograder.sandbox.launch import WarmProcess

# Of what is the same kind of complaint, so many lines are shown.
MAX_COMPLAINTS = 20
# So many names are in one line.
_NAMED = 10


class Request(Struct, frozen=True, kw_only=True):
    """What the command prints and writes besides the grades: its other options."""

    formats: tuple[str, ...]
    roster: Path | None
    feedback: HiddenFeedback | None
    fail_under: float | None
    quiet: bool
    prune: bool = False
    excel: bool = False
    dry_run: bool = False


def grade(options: GradeOptions, request: Request, origin: WarmProcess | None) -> int:
    """Grade, report, and return the exit code. Raises
    :class:`~autograder.errors.AutograderError`."""
    with open_class(options) as opened:
        context = make_context(
            opened.course,
            language=opened.settings.language,
            feedback=request.feedback,
            roster=request.roster,
        )
        context = replace(context, everybody=opened.roster)
        found = opened.found
        _say_what_was_found(found, options.layout)
        complain(_extensions_of_nobody(opened))
        if request.dry_run:
            _say_what_would_run(opened)
            return 0
        before = read_folder(opened.settings.out)
        graded, left, fault = _grade(opened, origin)
    folder = opened.write_summary(excel=request.excel)
    gone = opened.gone(folder) if left is None else []
    if gone and _wants_to_prune(gone, opened, request):
        prune(gone, opened.settings.out)
        _say_pruned(gone, opened)
        folder = opened.write_summary(excel=request.excel)
    graded = _as_in(folder, graded)
    _report(graded, opened, left=left, quiet=request.quiet)
    _say_about_files([one.grade for one in graded], opened.settings.out)
    _say_about_times([one.grade for one in graded])
    _say_about_changes(graded, folder)
    _say_about_adjustments(opened, folder)
    _say_what_changed(before, folder, opened, excel=request.excel)
    _recall_unmatched(found)
    if left is not None:
        return EXIT_INTERRUPTED
    if request.formats:
        context = replace(context, folders=repository_folders([one.ref for one in graded]))
    for name in request.formats:
        _write_format(
            name, graded, folder.grades, context, opened.settings.out, excel=request.excel
        )
    code = _hold_against(request.fail_under, graded)
    if fault is not None:
        raise fault
    return code


# Why a submission would be run, in the order in which it is said.
_REASONS = ("new", "damaged", "files", "course", "forced")


def _say_what_would_run(opened: ClassFolder) -> None:
    """How many submissions would be run and why, with names, and how many would not."""
    students: dict[str, list[str]] = {}
    for ref, why in opened.outlook():
        students.setdefault(why, []).append(sanitize(ref.student, 60))
    to_run = [why for why in _REASONS if why in students]
    count, every = sum(len(students[why]) for why in to_run), sum(map(len, students.values()))
    click.echo(say("dry_run", n=count, all=every, out=opened.settings.out))
    for reason in (*_REASONS, "edited", "unchanged"):
        names = students.get(reason, [])
        if names:
            who = begin_list(list(dict.fromkeys(names)), _NAMED)
            click.echo(say(f"dry_run_{reason}", n=len(names), who=who))
    if opened.adjustments:
        click.echo(say("dry_run_adjustments", n=len(opened.adjustments)))


def _say_about_adjustments(opened: ClassFolder, folder: FolderOfGrades) -> None:
    """How many grades people decided about, and decisions that no grade has."""
    if not opened.adjustments:
        return
    count = sum(bool(grade.adjustments) for grade in folder.grades)
    click.echo(say("adjustments_applied", n=count))
    if opened.options.students or opened.options.assignments or opened.found.layout == "repository":
        return
    complain([unused_line(*pair) for pair in without_effect(opened.adjustments, folder)])


def _say_what_changed(
    before: FolderOfGrades, after: FolderOfGrades, opened: ClassFolder, *, excel: bool
) -> None:
    """Where there were grades before: which of them changed, here and in a file."""
    if not before.grades:
        return
    comparison = compare(before.grades, after.grades)
    if comparison.changed:
        _show_lines(list(change_lines(replace(comparison, added=(), gone=()))))
        click.echo(summary_line(comparison))
    write_changes(opened.settings.out / CHANGES, comparison, mark=codecs.BOM_UTF8 if excel else b"")


def _show_lines(lines: Sequence[str]) -> None:
    for line in lines[:MAX_COMPLAINTS]:
        click.echo(line)
    if len(lines) > MAX_COMPLAINTS:
        in_all = say("change_all_in", file=CHANGES)
        click.echo(say("grade_and_more_of", count=len(lines) - MAX_COMPLAINTS, in_all=in_all))


def _extensions_of_nobody(opened: ClassFolder) -> list[str]:
    """A line for each extension in the course whose student handed nothing in, and whose name is
    near that of somebody who did: a typing error would cost them the extension."""
    if opened.options.students or opened.found.layout == "repository":
        return []
    lines = []
    for name, assignment in opened.course.assignments.items():
        students = [ref.student for ref in opened.found.refs if ref.assignment == name]
        known = {same(student) for student in students}
        for student in assignment.extensions if students else ():
            near = None if same(student) in known else nearest(student, known)
            if near is not None:
                values = {"student": sanitize(student, 60), "near": sanitize(near, 60)}
                lines.append(say("grade_extension_of_nobody", assignment=name, **values))
    return lines


def _wants_to_prune(gone: Sequence[Path], opened: ClassFolder, request: Request) -> bool:
    """Say whose grades are left of nobody, and ask where there is somebody to ask."""
    if request.prune:
        return True
    out = opened.settings.out
    who = _names(gone)
    click.echo(
        say("grade_gone", n=len(gone), out=out, submissions=opened.options.submissions, who=who),
        err=True,
    )
    if request.quiet or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return click.confirm(say("grade_gone_ask", folder=out / PRUNED), default=False, err=True)


def _say_pruned(gone: Sequence[Path], opened: ClassFolder) -> None:
    folder = opened.settings.out / PRUNED
    click.echo(say("grade_pruned", n=len(gone), folder=folder, who=_names(gone)), err=True)


def _names(files: Sequence[Path]) -> str:
    names = dict.fromkeys(sanitize(displayable(file.parent.name), 60) for file in files)
    return begin_list(list(names), _NAMED)


def _say_about_files(grades: Sequence[Grade], out: Path) -> None:
    """A line for each file that was used under another name, or not used though it may be work."""
    lines = [line for grade in grades for line in remarkable(grade, cli_language())]
    complain(lines, say("grade_files_in", file=out / FILES))


def _say_about_times(grades: Sequence[Grade]) -> None:
    """What the due dates rest upon, where that is less than a time that somebody noted."""
    for assignment in dict.fromkeys(grade.assignment for grade in grades):
        ours = [one for one in grades if one.assignment == assignment and one.known_by]
        by_files = [one for one in ours if one.known_by == "files"]
        if by_files:
            late = sum(1 for one in by_files if one.late_seconds)
            counts = {"n": len(by_files), "all": len(ours), "late": late}
            click.echo(say("grade_by_file_times", assignment=assignment, **counts), err=True)
        marked = sum(1 for one in ours if one.known_by == "late_mark" and one.late_seconds)
        if marked:
            click.echo(say("grade_late_mark", assignment=assignment, n=marked), err=True)
        zones = Counter(
            one.known_by_note for one in ours if one.known_by == "timestamp" and one.known_by_note
        )
        for zone, count in sorted(zones.items()):
            click.echo(say("grade_zone", assignment=assignment, zone=zone, n=count), err=True)
        lines = []
        for one in ours:
            about = {"student": sanitize(one.student, 60), "assignment": assignment}
            if one.known_by != "timestamp" and one.known_by_note:
                note = sanitize(one.known_by_note, 60)
                lines.append(say("grade_bad_timestamp", text=note, **about))
            if one.known_by == "nothing":
                lines.append(say("grade_no_time", **about))
        complain(lines)


def _say_about_changes(graded: Sequence[Graded], folder: FolderOfGrades) -> None:
    """Grade files that somebody changed by hand, or that are none any more."""
    edited = {(one.grade.student, one.grade.assignment) for one in graded if one.edited}
    edited |= {(one.student, one.assignment) for one in folder.grades if is_edited(one)}
    lines = [
        say(
            "grade_edited",
            student=sanitize(one.student, 60),
            assignment=one.assignment,
            score=points(one.total),
        )
        for one in folder.grades
        if (one.student, one.assignment) in edited
    ]
    complain([*lines, *(say("grade_damaged", file=file) for file in folder.damaged)])


def _grade(
    opened: ClassFolder, origin: WarmProcess | None
) -> tuple[list[Graded], int | None, GraderFault | None]:
    """The grades, in outline; where that was interrupted, how many submissions are left; and what
    the grader itself failed on, which must not keep the others from being summed up."""
    fault: GraderFault | None = None
    graded: list[Graded] = []
    count = len(opened.found.refs)
    try:
        with _progress(count) as advance:
            for one in opened.grade(origin):
                graded.append(one.outline())
                advance()
    except KeyboardInterrupt:
        # Which of several attempts counts is not known yet.
        return [one for one in graded if not one.ref.attempt], count - len(graded), None
    except GraderFault as error:
        fault = error
    return opened.keep_what_counts(graded), None, fault


def _as_in(folder: FolderOfGrades, graded: Sequence[Graded]) -> list[Graded]:
    """The grades with all that is in the folder about them."""
    whole = {(one.student, one.assignment): one for one in folder.grades}
    return [
        replace(one, grade=whole.get((one.grade.student, one.grade.assignment), one.grade))
        for one in graded
    ]


def _hold_against(percent: float | None, graded: list[Graded]) -> int:
    """1 where a grade is below the threshold, with a line about each one."""
    if percent is None:
        return 0
    below = sorted(
        (grade.student, grade.assignment, grade.total, grade.max_score)
        for grade in (one.grade for one in graded)
        if 100 * grade.total < percent * grade.max_score - 1e-9
    )
    complain(
        [
            say(
                "grade_below",
                percent=f"{percent:g}",
                student=sanitize(student),
                assignment=assignment,
                score=points(total),
                max_score=points(most),
            )
            for student, assignment, total, most in below
        ],
        say("grade_below_in_all", percent=f"{percent:g}", below=len(below), all=len(graded)),
    )
    return EXIT_FAILED if below else 0


def complain(lines: Sequence[str], in_all: str = "") -> None:
    """The first few lines, on standard error, and what there is in all where that is more."""
    for line in lines[:MAX_COMPLAINTS]:
        click.echo(in_language(line, cli_language()), err=True)
    more = len(lines) - MAX_COMPLAINTS
    if more > 0:
        key = "grade_and_more_of" if in_all else "grade_and_more"
        click.echo(say(key, count=more, in_all=in_all), err=True)


def _say_what_was_found(found: Found, layout: str) -> None:
    if layout == AUTO:
        expected = in_language(LAYOUTS[found.layout].expected, cli_language())
        click.echo(say("grade_layout", layout=found.layout, expected=expected))
    complain(
        [say("grade_left_out", name=in_language(name, cli_language())) for name in found.left_out]
    )
    complain(
        [
            f"{sanitize(ref.student, 60)}: {in_words(ref.found_at, ref.assignment, cli_language())}"
            for ref in found.refs
            if ref.found_at is not None
        ]
    )
    complain(found.unmatched)
    if found.nobody:
        who = begin_list([sanitize(name, 60) for name in found.nobody], _NAMED)
        click.echo(say("times_unknown", file="--times", who=who), err=True)


def _recall_unmatched(found: Found) -> None:
    """Once more at the end, where somebody reads it: grades may be missing."""
    count = len(found.unmatched)
    if count:
        click.echo(say("grade_warnings", n=count), err=True)


def _write_format(
    name: str,
    graded: Sequence[Graded],
    everybody: Sequence[Grade],
    context: Context,
    out: Path,
    *,
    excel: bool,
) -> None:
    """Write one format to ``out``, of a class all of it, as in the summary; annotations, about
    this call, go where the runner sees them."""
    chosen = FORMATS[name]
    grades = [one.grade for one in graded]
    if isinstance(chosen, ClassFormat) and name != "github":
        grades = list(everybody)
    if name == "github":
        write_export(name, grades, context, out=None)
    elif isinstance(chosen, ClassFormat) or len(grades) == 1:
        write_export(name, grades, context, out=out / chosen.file_name, excel=excel)
    else:
        write_export(name, grades, context, out=out / name)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, nothing elsewhere; call what it yields once a submission."""
    if not sys.stderr.isatty():
        yield _import_the_report
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = TextColumn(say("grade_progress")), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)


def _import_the_report() -> None:
    """While the workers are busy, and not before they start."""

    import autograder.exports.table  # noqa: F401


def _report(graded: list[Graded], opened: ClassFolder, *, left: int | None, quiet: bool) -> None:
    grades = [one.grade for one in graded]
    if not quiet and grades:
        _show(grades, opened.roster if left is None else None)
    fresh = sum(one.fresh for one in graded)
    kept = len(graded) - fresh
    key = ("grade_done" if left is None else "grade_interrupted") + ("_kept" if kept else "")
    click.echo(say(key, fresh=fresh, kept=kept, left=left, out=opened.settings.out))


def _show(grades: Sequence[Grade], roster: Roster | None) -> None:
    from autograder.exports.table import tables

    is_terminal = sys.stdout.isatty()
    # Into a file or a log there is no width to keep to, unless somebody names one.
    width = shutil.get_terminal_size((80 if is_terminal else 140, 24)).columns
    if not (is_terminal or os.environ.get("FORCE_COLOR")):
        for table in tables(grades, width, roster):
            click.echo(f"{table.plain}\n")
        return
    from rich.console import Console

    console = Console(width=width, highlight=False)
    for table in tables(grades, width, roster):
        console.print(table, "", sep="\n", no_wrap=True, overflow="ignore", crop=False)
