"""The options of exports, and what their writers need besides the grades."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from autograder.course.adjustments import Decision
from autograder.course.course import Course, HiddenFeedback
from autograder.course.exercise import FORM
from autograder.course.roster import Roster, course_roster, read_roster
from autograder.errors import UsageError
from autograder.exports.summary import points
from autograder.grades.deadline import all_due
from autograder.grades.model import Grade, TestGrade
from autograder.grades.view import in_order, keys
from autograder.submissions.found_at import in_words
from autograder.text.language import Language
from autograder.text.messages import pick, text

GradescopeVisibility: TypeAlias = Literal["visible", "after_due_date", "after_published", "hidden"]
"""When Gradescope shows a test to its student."""


class Context(Struct, frozen=True):
    feedback: HiddenFeedback = "hints"
    """How much students see of hidden tests, in formats that they see."""
    past_due: frozenset[str] = frozenset()
    """Assignments whose due date has passed for everybody."""
    titles: dict[str, str] = {}
    """What a learning platform calls the column of an assignment; its name otherwise."""
    roster: Roster | None = None
    """Students' IDs on a learning platform, where an option names them."""
    everybody: Roster | None = None
    """The course's roster, where a whole class is written."""
    folders: dict[tuple[str, str], str] = {}
    """By student and assignment, the folder of the files as a repository sees it."""
    folder: str = "assignments/{assignment}"
    """The same for whoever is not in ``folders``."""
    hidden_visibility: GradescopeVisibility = "after_due_date"
    """When Gradescope shows hidden tests, as far as ``feedback`` leaves something of them."""

    def roster_for(self, ids: Collection[str]) -> Roster | None:
        """The roster that has a platform's IDs: the one that an option names or, where it has some
        of ``ids``, the course's."""
        own = self.everybody
        if self.roster is None and own is not None and any(one in own.columns for one in ids):
            return own
        return self.roster

    def absent(self, grades: Sequence[Grade]) -> list[str]:
        """Who is in the class and in none of the grades."""
        if self.everybody is None:
            return []
        return self.everybody.absent(student for student, _ in keys(grades))

    def title(self, assignment: str) -> str:
        return self.titles.get(assignment, assignment)

    def columns(self, assignments: Sequence[str]) -> list[str]:
        """The titles of several assignments. Raises :class:`UsageError` where two are the same:
        a learning platform would put both into one column."""
        titles = [self.title(assignment) for assignment in assignments]
        for title, assignment in zip(titles, assignments, strict=True):
            if titles.count(title) > 1:
                raise UsageError(
                    f"several assignments are called '{title}'; tell them apart with "
                    f"--title {assignment}=TITLE"
                )
        return titles

    def path(self, grade: Grade, file: str) -> str:
        """Where a file of a submission is in the student's repository."""
        key = (grade.student, grade.assignment)
        folder = self.folders.get(key) or self.folder.format(assignment=grade.assignment)
        return "/".join(part for part in (folder.rstrip("/"), file) if part not in ("", "."))


def make_context(
    course: Course | None,
    *,
    language: Language | None = None,
    feedback: HiddenFeedback | None = None,
    titles: Sequence[str] = (),
    roster: Path | None = None,
    folder: str | None = None,
    folders: Mapping[tuple[str, str], str] | None = None,
    hidden_visibility: GradescopeVisibility | None = None,
    whole: bool = False,
) -> Context:
    """What the course and the options say about exports, with titles in ``language`` or, by
    default, the course's. ``whole`` says that a whole class is written, so that the course's roster
    tells who is missing. Raises :class:`UsageError`."""
    default = Context()
    known: dict[str, str] = {}
    past_due: list[str] = []
    if course is not None:
        now = datetime.now(UTC)
        for name, assignment in course.assignments.items():
            known[name] = pick(assignment.title, language or course.language)
            if all_due(assignment, now):
                past_due.append(name)
    return Context(
        feedback=feedback or (default.feedback if course is None else course.feedback),
        past_due=frozenset(past_due),
        titles=known | _titles(titles),
        roster=None if roster is None else _roster(roster),
        everybody=course_roster(course.root) if whole and course is not None else None,
        folders=dict(folders or {}),
        hidden_visibility=hidden_visibility or default.hidden_visibility,
        folder=default.folder if folder is None else folder.replace("{", "{{").replace("}", "}}"),
    )


def _titles(given: Sequence[str]) -> dict[str, str]:
    titles = {}
    for one in given:
        assignment, equals, title = one.partition("=")
        if not equals or not assignment or not title:
            raise UsageError(
                f"--title {one}: write it as ASSIGNMENT=TITLE, such as 'linear-layer=Week 3 (1234)'"
            )
        titles[assignment] = title
    return titles


def _roster(path: Path) -> Roster:
    try:
        return read_roster(path.read_bytes(), str(path))
    except OSError as error:
        raise UsageError(f"--roster {path}: cannot be read: {error.strerror}") from None


# Characters that turn the direction of the text around them, or end lines for some readers.
_TURNING = frozenset("\u061c\u200e\u200f\u2028\u2029") | {
    chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


def shown(foreign: str) -> str:
    """Text from outside, as it is, but for what does not belong in any document: control
    characters other than line ends and tabs, single surrogates and changes of direction
    become visible escapes."""
    return "".join(_shown(char) for char in foreign)


def _shown(char: str) -> str:
    code = ord(char)
    if char in "\n\t":
        return char
    category = unicodedata.category(char)
    if category == "Cs" or code & 0xFFFE == 0xFFFE:  # the latter are no characters
        return "\N{REPLACEMENT CHARACTER}"
    if category == "Cc" or char in _TURNING:
        return char.encode("unicode_escape").decode("ascii")
    return char


def one_line(foreign: str) -> str:
    """The same on one line, for formats where a line is a record."""
    return " ".join(shown(foreign).split())


def explanation(test: TestGrade, language: str) -> str:
    """The message of a test, with the hint where there is one."""
    if test.hint is None:
        return shown(test.message)
    return f"{shown(test.message)}\n{text('word_hint', language, hint=shown(test.hint))}"


def late_line(grade: Grade) -> str:
    """What the due date took off; empty where it took nothing."""
    if not grade.penalty:
        return ""
    return text(
        "late_penalty",
        grade.language,
        penalty=points(grade.penalty),
        score=points(grade.score),
    )


def adjustment_lines(grade: Grade) -> list[str]:
    """A line for each decision of a person about the grade, as its student reads it."""
    return [_adjustment_line(one, grade.language) for one in grade.adjustments]


def _adjustment_line(decision: Decision, language: Language) -> str:
    what = ", ".join(shown(one) for one in (decision.exercise, decision.test) if one)
    values = {
        "about": text("adjusted_about", language, what=what) if what else "",
        "comment": text("adjusted_comment", language, comment=one_line(decision.comment))
        if decision.comment
        else "",
    }
    if decision.excuse:
        return text("adjusted_excuse", language, **values)
    if decision.set is not None:
        return text("adjusted_set", language, points=points(decision.set), **values)
    return text("adjusted_add", language, points=f"{decision.add or 0.0:+.10g}", **values)


def graded_files(grade: Grade) -> list[str]:
    """A line about work that did not lie where it should, and one for each exercise of which
    another file counts than the one named after it."""
    lines = []
    if grade.found_at is not None:
        place = in_words(grade.found_at, grade.assignment, grade.language, to_student=True)
        lines.append(shown(place))
    return lines + [
        text("graded_file", grade.language, exercise=one.name, file=shown(one.file))
        for one in grade.exercises
        if one.file not in ("", f"{one.name}.py", f"{one.name}{FORM}")
    ]


def lost(grade: Grade) -> list[tuple[str, TestGrade]]:
    """The tests that did not pass, each with its exercise."""
    return [
        (exercise.name, test)
        for exercise in grade.exercises
        for test in exercise.tests
        if test.status != "passed"
    ]


def report(grade: Grade) -> str:
    """A grade's lost points in plain lines, as a comment for its student; a hint once."""
    lines = adjustment_lines(grade)
    lines += [late_line(grade)] if grade.penalty else []
    lines += graded_files(grade)
    hints: set[tuple[str, str | None]] = set()
    for exercise, test in lost(grade):
        if (exercise, test.hint) in hints:
            test = replace(test, hint=None)
        hints.add((exercise, test.hint))
        reached = f"{points(test.total)}/{points(test.max_score)}"
        lines.append(
            f"{exercise}, {shown(test.name)}, {reached}: {explanation(test, grade.language)}"
        )
    if not lost(grade):
        lines.append(text("all_passed", grade.language))
    return "\n".join(lines)


def by_student(grades: Sequence[Grade]) -> dict[str, dict[str, Grade]]:
    """Grades by student and assignment, students in order."""
    return dict(each_student(grades))


def each_student(grades: Sequence[Grade]) -> Iterator[tuple[str, dict[str, Grade]]]:
    """The same, a student at a time."""
    for student, own in groupby(in_order(grades), key=lambda grade: grade.student):
        yield student, {grade.assignment: grade for grade in own}
