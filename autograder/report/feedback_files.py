"""A file for each student: what they may see of their grade, to hand out or to upload."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from autograder.exports.context import adjustment_lines, graded_files, late_line, lost
from autograder.exports.summary import points
from autograder.report.html import page
from autograder.report.student import Work, student_body
from autograder.submissions.submission import SubmissionRef, displayable, storable
from autograder.text.language import Language
from autograder.text.messages import text

Format: TypeAlias = Literal["html", "md"]
Platform: TypeAlias = Literal["moodle", "canvas"]

# What the names of downloads begin with. Moodle takes a file of feedback by the number of the
# participant (mod/assign/feedback/file/importziplib.php), Canvas by those of the student and of a
# file that was handed in (Assignment#infer_comment_context_from_filename).
_DOWNLOADS: Final[dict[Platform, re.Pattern[str]]] = {
    "moodle": re.compile(r"(?P<start>[^_]+_\d+_assignsubmission_file_?)", re.DOTALL),
    "canvas": re.compile(r"(?P<start>(?:.+?_)??\d+_\d+_)", re.DOTALL),
}
# Characters of Markdown that mean something within a line. Not the underscore, which within words
# means nothing, and so reads well in an e-mail.
_MEANING = re.compile(r"[\\`*\[\]<>|]")


def feedback_files(
    works: Sequence[Work], language: Language, kind: Format, names: Mapping[str, str]
) -> dict[str, bytes]:
    """The content of each file by its name, ``<assignment>/<student>.html`` or ``.md``, in the
    order of ``works``.

    Grades are as their students may see them. ``names`` are full names, of those that are known.
    """
    files: dict[str, bytes] = {}
    taken: set[str] = set()
    for work in works:
        grade = work.grade
        stem = f"{grade.assignment}/{storable(grade.student)}"
        while stem.casefold() in taken:
            stem += "_"
        taken.add(stem.casefold())
        heading = names.get(grade.student) or grade.student
        files[f"{stem}.{kind}"] = (
            _markdown(work, heading, language)
            if kind == "md"
            else page(f"{heading}: {work.title}", student_body(heading, [work], language), language)
        )
    return files


def _markdown(work: Work, heading: str, language: Language) -> bytes:
    grade = work.grade
    reached = text(
        "report_points", language, points=points(grade.total), max_score=points(grade.max_score)
    )
    lines = [f"# {_plain(heading)}: {_plain(work.title)}", "", f"**{reached}**"]
    notes = [*adjustment_lines(grade), *filter(None, [late_line(grade)]), *graded_files(grade)]
    for note in notes:
        lines += ["", _plain(note)]
    for exercise in dict.fromkeys(name for name, _ in lost(grade)):
        lines += ["", f"## {_plain(exercise)}", ""]
        hints: dict[str, None] = {}
        for name, test in lost(grade):
            if name == exercise:
                reached = f"{points(test.total)}/{points(test.max_score)}"
                lines.append(f"- {_plain(test.name)}, {reached}: {_plain(test.message)}")
                hints |= {test.hint: None} if test.hint else {}
        for hint in hints:
            lines += ["", f"> {_plain(text('word_hint', language, hint=hint))}"]
    if not lost(grade):
        lines += ["", text("all_passed", language)]
    return ("\n".join(lines) + "\n").encode()


def _plain(foreign: str) -> str:
    """Text that stays text in Markdown, and can be read as it is."""
    from autograder.exports.context import one_line

    return _MEANING.sub(lambda match: "\\" + match[0], one_line(foreign))


def platform_of(refs: Sequence[SubmissionRef]) -> Platform | None:
    """The learning platform that the submissions were downloaded from, where their names tell and
    it takes files of feedback back."""
    for platform in _DOWNLOADS:
        if refs and all(upload_name(ref, platform, "html") for ref in refs):
            return platform
    return None


def upload_name(ref: SubmissionRef, platform: Platform, kind: Format) -> str:
    """What the platform calls a student's file of feedback; empty where nothing tells."""
    paths = [ref.folder.name, *(path.name for path in (ref.files or {}).values())]
    for name in map(displayable, paths):
        match = _DOWNLOADS[platform].match(name)
        if match is not None:
            start = match["start"]
            return f"{start if start.endswith('_') else start + '_'}feedback.{kind}"
    return ""


def upload_zip(files: Mapping[str, bytes]) -> bytes:
    """A zip with the files, the same for the same ones."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue()
