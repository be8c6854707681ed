"""Where ``export`` and ``grade --format`` put their files."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from autograder.cli.language import say
from autograder.errors import MachineError, UsageError
from autograder.exports import canvas, github, moodle
from autograder.exports.context import Context
from autograder.exports.formats import (
    FORMATS,
    ClassFormat,
    export_bytes,
    export_files,
    for_format,
)
from autograder.grades.grade_file import write_atomically
from autograder.grades.model import Grade
from autograder.grades.view import GradeView, only
from autograder.submissions.names import same
from autograder.submissions.submission import SubmissionRef
from autograder.text.messages import sanitize
from autograder.text.said import said
from autograder.text.words import begin_list

# So many students are named in one line.
_NAMED = 10


def repository_folders(refs: Sequence[SubmissionRef]) -> dict[tuple[str, str], str]:
    """Where each submission's files are, as the repository that they are in sees them: the one
    that a workflow runs on, or one that it has checked out into a folder of its own."""
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    found = {}
    for ref in refs:
        folder = ref.folder.resolve()
        if folder.is_relative_to(workspace):
            root = next(
                (one for one in _upwards(folder, workspace) if (one / ".git").is_dir()), workspace
            )
            found[ref.student, ref.assignment] = folder.relative_to(root).as_posix()
    return found


def _known_to_roster(name: str, grades: Sequence[Grade], context: Context) -> Sequence[Grade]:
    """The grades without those of students that the roster has no ID of, who are named: one of
    them must not keep a class from its grades."""
    ids = {"canvas": canvas.IDS, "moodle": moodle.IDS}.get(name)
    roster = None if ids is None else context.roster_for(ids)
    if ids is None or roster is None:
        return grades
    roster.ids(ids, name.capitalize())
    students = list(dict.fromkeys(grade.student for grade in grades))
    missing = roster.missing(students, ids)
    if missing:
        who = begin_list([sanitize(one, 60) for one in missing], _NAMED)
        click.echo(say("export_without", count=len(missing), roster=roster.name, who=who), err=True)
    left_out = frozenset(missing)
    return only(grades, lambda grade: grade.student not in left_out)


def _upwards(folder: Path, top: Path) -> Iterator[Path]:
    yield folder
    for parent in folder.parents:
        if not parent.is_relative_to(top):
            return
        yield parent


def write_export(
    name: str,
    grades: Sequence[Grade],
    context: Context,
    *,
    out: Path | None,
    excel: bool = False,
) -> list[Path]:
    """Write grades in a format to ``out``, or to the terminal where that is None.

    Of a format with a file a grade, ``out`` is the file of a single one, and the folder for
    several. ``excel`` puts a byte order mark before CSV. Returns the files.
    """
    chosen = FORMATS[name]
    grades = _known_to_roster(name, grades, context)
    if name == "github":
        _tell_github(grades, context)
    if isinstance(chosen, ClassFormat) or len(grades) == 1:
        content = export_bytes(name, grades, context)
        if excel and chosen.file_name.endswith(".csv"):
            content = codecs.BOM_UTF8 + content
        if out is None:
            click.echo(content, nl=False)
            return []
        path = out / chosen.file_name if out.is_dir() else out
        write_atomically(path, content)
        return [path]
    if out is None:
        raise UsageError(said("error_grade_a_file", format=name, n=len(grades)))
    if out.is_file():
        raise UsageError(said("error_out_file", out=out, n=len(grades), format=name))
    paths = []
    for file, content in export_files(name, grades, context).items():
        write_atomically(out / file, content)
        paths.append(out / file)
    return paths


def _tell_github(grades: Sequence[Grade], context: Context) -> None:
    """Append to the files that the runner reads a step's summary and outputs from."""
    readable = for_format("github", grades, context)
    for variable, written in (
        ("GITHUB_STEP_SUMMARY", github.summary(readable, context)),
        ("GITHUB_OUTPUT", github.outputs(readable, context)),
    ):
        path = os.environ.get(variable)
        if path:
            try:
                with open(path, "a", encoding="utf-8", newline="") as file:
                    file.write(written)
            except OSError as error:
                raise MachineError(
                    said("error_variable", variable=variable, path=path, reason=error.strerror)
                ) from None


def select(
    grades: Sequence[Grade], students: Sequence[str], assignments: Sequence[str], where: Path
) -> Sequence[Grade]:
    """The grades asked for. Raises :class:`UsageError` where there is none."""
    names = {same(student) for student in students}
    if not names and not assignments:
        return grades
    found: Sequence[Grade]
    if isinstance(grades, GradeView):  # where students are known by these names
        found = grades.of(names, assignments)
    else:
        found = [
            grade
            for grade in grades
            if (not names or same(grade.student) in names)
            and (not assignments or grade.assignment in assignments)
        ]
    if not found:
        wanted = ", ".join(sanitize(name, 60) for name in (*students, *assignments))
        raise UsageError(said("error_no_grade_of", where=where, wanted=wanted))
    return found
