"""``files.csv``: what every student handed in, what was used, and why the rest was not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from autograder.exports.summary import spreadsheet_safe
from autograder.grades.grade_file import write_atomically
from autograder.grades.model import FileUse, Grade
from autograder.submissions.found_at import in_words
from autograder.text.catalogue import text
from autograder.text.language import Language
from autograder.text.messages import sanitize

COLUMNS = ("student", "assignment", "file", "used_as", "remark")

# What needs no word: it is not the student's, or no work at all.
_UNREMARKABLE = frozenset({"system", "platform", "not_code", "other_counts"})


def write_files(path: Path, grades: Iterable[Grade], encoding: str = "utf-8") -> None:
    """Write the table, ordered by student, assignment and file."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for grade in grades:
        for row in rows(grade):
            writer.writerow([spreadsheet_safe(cell) for cell in row])
    write_atomically(path, buffer.getvalue().encode(encoding, "replace"))


def rows(grade: Grade) -> Iterator[Sequence[str]]:
    """A row for each file of a submission, after one for the place that it was found in."""
    if grade.found_at is not None:
        said = in_words(grade.found_at, grade.assignment, grade.language)
        yield (grade.student, grade.assignment, "", "", said)
    for file in sorted(grade.files, key=lambda one: one.path):
        used = " ".join(file.used_as)
        said = remark(file, grade.assignment, grade.language)
        yield (grade.student, grade.assignment, file.path, used, said)


def remark(file: FileUse, assignment: str, language: Language) -> str:
    """What is to be said about a file: under which other name it was used, or why it was not;
    empty where it was used under its own."""
    if file.reason:
        meant = f"'{sanitize(file.meant, 80)}'" if file.meant else ""
        key = f"unused_{file.reason}"
        if file.reason in ("near", "other_counts") and not meant:
            key = "unused_unneeded"
        said = text(key, language, meant=meant, path=sanitize(file.path, 80))
        return f"{said} ({sanitize(file.fault)})" if file.fault else said
    stem = file.path.removesuffix(".ipynb")
    is_usual = stem == assignment or all(
        file.path == one or stem == one.removesuffix(".py") for one in file.used_as
    )
    return "" if is_usual else text("used_as", language, names=", ".join(file.used_as))


def remarkable(grade: Grade, language: Language) -> list[str]:
    """A line for each file that somebody should know about: used under another name, or not used
    though it may be work."""
    lines = []
    nothing_used = not any(file.used_as for file in grade.files)
    for file in grade.files:
        said = remark(file, grade.assignment, language)
        if not said or (file.reason in _UNREMARKABLE and not nothing_used):
            continue
        if file.reason in ("system", "platform"):
            continue
        student, path = sanitize(grade.student, 60), sanitize(file.path, 80)
        lines.append(text("file_line", language, student=student, file=path, remark=said))
    return lines
