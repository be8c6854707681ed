"""The pages of a report: the class, its mistakes, its people, and a page for each student."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from autograder import __version__
from autograder.course.course import Course, HiddenFeedback
from autograder.course.exercise import Exercise
from autograder.exports.summary import points
from autograder.grades.feedback import visible
from autograder.grades.grade_file import write_atomically
from autograder.grades.model import Grade
from autograder.report.gather import (
    AssignmentReport,
    ClassReport,
    Item,
    MistakeReport,
    telling_lines,
)
from autograder.report.html import (
    Number,
    Wide,
    columns,
    details,
    esc,
    meter,
    navigation,
    page,
    plain_code,
    table,
    tiles,
)
from autograder.report.statistics import Estimate
from autograder.report.student import Work, score_cell, student_body
from autograder.report.suggestion import mistake_yaml
from autograder.submissions.submission import Submission, storable
from autograder.text.messages import text

Reader: TypeAlias = Callable[[Grade], Submission | None]
"""What was handed in for a grade, where that is there."""

STUDENTS = "students"
# So many students of one mistake are named without being asked.
_NAMED = 12
_BORDERS = tuple(f"{10 * part}" for part in range(10))


class Settings(Struct, frozen=True, kw_only=True):
    """What pages need besides the numbers: how much student pages show of hidden tests,
    assignments whose due dates have passed for everybody, and what was handed in."""

    course: Course | None = None
    feedback: HiddenFeedback = "hints"
    past_due: frozenset[str] = frozenset()
    work: Reader = lambda _: None


def write_pages(report: ClassReport, settings: Settings, out: Path) -> list[Path]:
    """Write all pages into ``out`` and return them, the first to open first. Raises
    :class:`~autograder.errors.MachineError`."""
    pages = _Pages(report, settings)
    paths = []
    for file, content in (*pages.of_class().items(), *pages.of_students()):
        write_atomically(out / file, content)
        paths.append(out / file)
    return paths


def class_pages(report: ClassReport, settings: Settings) -> dict[str, bytes]:
    """The pages about everybody, by their files."""
    return _Pages(report, settings).of_class()


class _Pages:
    def __init__(self, report: ClassReport, settings: Settings) -> None:
        self._report = report
        self._settings = settings
        self._files = file_names(report.students)

    def _say(self, key: str, /, **values: object) -> str:
        return text(key, self._report.language, **values)

    def of_class(self) -> dict[str, bytes]:
        return {
            file: self._page(file, self._say(key), body())
            for file, key, body in (
                ("index.html", "report_class", self._class),
                ("mistakes.html", "report_mistakes", self._mistakes),
                ("people.html", "report_people", self._people),
            )
        }

    def of_students(self) -> Iterator[tuple[str, bytes]]:
        for student in self._report.students:
            file = f"{STUDENTS}/{self._files[student]}"
            yield file, self._page(file, *self._student(student))

    def _page(self, file: str, title: str, body: str) -> bytes:
        up = "../" if "/" in file else ""
        links = [
            (f"{up}index.html", self._say("report_class")),
            (f"{up}mistakes.html", self._say("report_mistakes")),
            (f"{up}people.html", self._say("report_people")),
        ]
        name = self._report.title
        footer = self._say("report_made", version=__version__)
        return page(
            f"{title} – {name}" if name else title,
            body,
            self._report.language,
            navigation=navigation(links, file, self._say("report_pages")),
            skip=self._say("report_skip"),
            end=f'<footer class="small">{esc(footer)}</footer>\n'
            + (_FILTER if file == "index.html" else ""),
        )

    # The class

    def _class(self) -> str:
        parts = [f"<h1>{esc(self._report.title or self._say('report_class'))}</h1>"]
        for assignment in self._report.assignments:
            parts += self._assignment(assignment)
        parts += self._everybody()
        return "\n".join(parts)

    def _assignment(self, one: AssignmentReport) -> Iterator[str]:
        yield f"<h2>{esc(one.title)}</h2>"
        low, median, high = one.quartiles
        adjusted = [(self._say("report_adjusted"), str(one.adjusted))] if one.adjusted else []
        yield tiles(
            [
                (self._say("report_handed_in"), self._of(one.students, len(self._report.students))),
                (self._say("report_late"), str(one.late)),
                (self._say("report_mean"), f"{one.mean:.0%}"),
                (
                    self._say("report_median"),
                    f"{median:.0%} <small>{low:.0%} – {high:.0%}</small>",
                ),
                (self._say("report_alpha"), _interval(one.alpha)),
                *adjusted,
            ]
        )
        yield f'<p class="soft small">{esc(self._about_alpha(one.alpha))}</p>'
        yield self._histogram(one)
        yield from self._items(one)

    def _of(self, count: int, every: int) -> str:
        return f"{count} <small>/ {every}</small>"

    def _about_alpha(self, alpha: Estimate | None) -> str:
        if alpha is None:
            return self._say("report_alpha_none")
        level = "high" if alpha.value >= 0.8 else "middle" if alpha.value >= 0.6 else "low"
        return self._say(f"report_alpha_{level}")

    def _histogram(self, one: AssignmentReport) -> str:
        counts = ", ".join(
            f"{10 * place}–{10 * place + 10} %: {count}"
            for place, count in enumerate(one.bins)
            if count
        )
        label = self._say("report_histogram_label", counts=counts)
        picture = columns(one.bins, _BORDERS, label, self._say("report_histogram"))
        head = [self._say("report_share"), self._say("report_students")]
        rows = [
            [f"{10 * place} – {10 * place + 10} %", Number(count)]
            for place, count in enumerate(one.bins)
        ]
        return picture + details(self._say("report_numbers"), table(head[0], head, rows))

    def _items(self, one: AssignmentReport) -> Iterator[str]:
        yield f"<h3>{esc(self._say('report_tests'))}</h3>"
        if one.tests:
            hardest = min(one.tests, key=lambda item: item.statistics.facility.value)
            share = f"{hardest.statistics.facility.value:.0%}"
            name = f"{hardest.exercise}/{hardest.test}"
            yield f"<p>{esc(self._say('report_hardest', test=name, share=share))}</p>"
        head = [
            self._say(key)
            for key in (
                *("word_test", "word_points", "report_facility", "report_facility_share"),
                *("report_passed", "report_discrimination", "report_efficiency", "word_remark"),
            )
        ]
        rows = [self._item(exercise, one) for exercise in one.exercises]
        first = [self._say("word_exercise"), *head[1:]]
        yield table(f"{one.title}: {first[0]}", first, rows)
        notable = [item for item in one.tests if item.remark]
        if notable:
            yield f"<h4>{esc(self._say('report_notable'))}</h4>"
            rows = [self._item(item, one) for item in notable]
            yield table(self._say("report_notable"), head, rows)
        every = [self._item(item, one) for item in one.tests]
        label = self._say("report_all_tests", n=len(every))
        yield details(label, table(label, head, every))
        yield details(
            self._say("report_what_numbers_mean"),
            "".join(
                f"<p>{esc(self._say(key))}</p>"
                for key in (
                    *("report_about_facility", "report_about_discrimination"),
                    *("report_about_efficiency", "report_about_alpha", "report_about_zeros"),
                )
            ),
        )
        if one.other_tests:
            yield f"<p>{esc(self._say('report_other_tests', n=one.other_tests))}</p>"

    def _item(self, item: Item, one: AssignmentReport) -> list[str]:
        found = item.statistics
        facility = found.facility
        name = esc(item.exercise)
        if item.test:
            hidden = item.visibility == "hidden"
            tag = f' <span class="tag">{esc(self._say("report_hidden"))}</span>' if hidden else ""
            name = f"{name}/{esc(item.test)}{tag}"
        discrimination = found.discrimination
        return [
            name,
            Number(points(item.max_score)),
            meter(facility),
            Number(_interval(facility, percent=True)),
            Number(f"{item.passed} / {one.students - one.other_tests}"),
            Number(_interval(discrimination)),
            Number("–" if found.efficiency is None else f"{found.efficiency:.0%}"),
            Wide(esc(self._say(item.remark)) if item.remark else ""),
        ]

    def _everybody(self) -> Iterator[str]:
        report = self._report
        yield f"<h2>{esc(self._say('report_everybody'))}</h2>"
        label = self._say("report_filter")
        words = f'aria-label="{esc(label)}" placeholder="{esc(label)}"'
        yield f'<p><input type="search" id="filter" {words}></p>'
        head = [self._say("word_student"), self._say("report_name")]
        head += [f"{one.title} ({points(one.max_score)})" for one in report.assignments]
        rows = [
            [
                self._link(student),
                esc(report.names.get(student, "")),
                *(score_cell(report.grades.get((student, a.name))) for a in report.assignments),
            ]
            for student in report.students
        ]
        yield table(self._say("report_everybody"), head, rows, identifier="everybody")

    def _link(self, student: str) -> str:
        return f'<a href="{STUDENTS}/{esc(_address(self._files[student]))}">{esc(student)}</a>'

    def _links(self, students: Sequence[str]) -> str:
        """The first few, and the others folded away."""
        shown = ", ".join(map(self._link, students[:_NAMED]))
        if len(students) <= _NAMED:
            return shown
        rest = students[_NAMED:]
        more = details(self._say("report_and_more", n=len(rest)), ", ".join(map(self._link, rest)))
        return f"{shown} {more}"

    # Mistakes

    def _mistakes(self) -> str:
        parts = [f"<h1>{esc(self._say('report_mistakes'))}</h1>"]
        parts.append(f"<p>{esc(self._say('report_about_mistakes'))}</p>")
        if not self._report.mistakes:
            parts.append(f"<p>{esc(self._say('report_no_mistakes'))}</p>")
        for one in self._report.mistakes:
            parts += self._mistake(one, one.mistake)
        parts.append(f"<h1>{esc(self._say('report_unexplained'))}</h1>")
        parts.append(f"<p>{esc(self._say('report_about_unexplained'))}</p>")
        for number, one in enumerate(self._report.unexplained, start=1):
            parts += self._mistake(one, one.computed or self._say("report_otherwise"))
            if one.computed:
                parts.append(self._suggestion(one, number))
        return "\n".join(parts)

    def _mistake(self, one: MistakeReport, title: str) -> Iterator[str]:
        where = f"{self._title(one.assignment)}, {one.exercise}"
        yield f'<h2>{esc(title)} <span class="soft small">{esc(where)}</span></h2>'
        said = self._say(
            "report_who",
            n=len(one.students),
            share=f"{one.share:.0%}",
            points=points(round(one.points, 2)),
        )
        yield f"<p><strong>{esc(said)}</strong></p>"
        if one.hint and one.mistake:
            hint = self._say("word_hint", hint=one.hint)
            yield f'<p class="hint">{esc(hint)}</p>'
        elif not one.mistake:
            yield f'<p class="hint">{esc(one.hint or one.message)}</p>'
        example = self._example(one)
        if example:
            yield example
        yield f"<p>{self._links(one.students)}</p>"

    def _example(self, one: MistakeReport) -> str:
        """Lines of the first of them whose work is there."""
        exercise = self._exercise(one.assignment, one.exercise)
        for student in one.students[:3] if exercise is not None else ():
            submission = self._settings.work(self._report.grades[student, one.assignment])
            source = None if submission is None else submission.source_for(one.exercise)
            assert exercise is not None
            signature = exercise.signature
            lines = telling_lines(source or "", signature.function, signature.outputs)
            if lines:
                heading = self._say("report_example", student=student)
                listing = plain_code("\n".join(lines))
                return f'<p class="soft small">{esc(heading)}</p>{listing}'
        return ""

    def _suggestion(self, one: MistakeReport, number: int) -> str:
        course = self._settings.course
        languages = ("en",) if course is None else course.languages
        exercise = self._exercise(one.assignment, one.exercise)
        written = mistake_yaml(one.computed, exercise, languages, number)
        return details(self._say("report_as_mistake"), plain_code(written))

    def _exercise(self, assignment: str, name: str) -> Exercise | None:
        course = self._settings.course
        known = None if course is None else course.assignments.get(assignment)
        if known is None:
            return None
        return next((one for one in known.exercises if one.name == name), None)

    def _title(self, assignment: str) -> str:
        return next(
            (one.title for one in self._report.assignments if one.name == assignment), assignment
        )

    # People

    def _people(self) -> str:
        parts = [f"<h1>{esc(self._say('report_people'))}</h1>"]
        parts.append(f"<p>{esc(self._say('report_about_people'))}</p>")
        by_key: dict[str, list[list[str]]] = {}
        for remark in self._report.people:
            said = self._say(f"{remark.key}_said", **remark.detail)
            row = [
                self._link(remark.student),
                esc(self._report.names.get(remark.student, "")),
                esc(self._title(remark.assignment)),
                Wide(esc(said)),
            ]
            by_key.setdefault(remark.key, []).append(row)
        head = [
            self._say(key)
            for key in ("word_student", "report_name", "word_assignment", "word_remark")
        ]
        for key, rows in by_key.items():
            parts.append(f'<h2>{esc(self._say(key))} <span class="soft">{len(rows)}</span></h2>')
            parts.append(table(self._say(key), head, rows))
        if not by_key:
            parts.append(f"<p>{esc(self._say('report_nobody'))}</p>")
        if self._report.alike:
            parts.append(f"<h2>{esc(self._say('report_alike'))}</h2>")
            parts.append(f"<p>{esc(self._say('report_about_alike'))}</p>")
            alike = [self._say(k) for k in ("word_assignment", "report_tests", "report_students")]
            found = [
                [
                    esc(self._title(one.assignment)),
                    Number(one.tests),
                    Wide(", ".join(map(self._link, one.students))),
                ]
                for one in self._report.alike
            ]
            parts.append(table(self._say("report_alike"), alike, found))
        return "\n".join(parts)

    # Students

    def _student(self, student: str) -> tuple[str, str]:
        report, settings = self._report, self._settings
        works = []
        for assignment in report.assignments:
            grade = report.grades.get((student, assignment.name))
            if grade is not None:
                after_due = assignment.name in settings.past_due
                seen = visible(grade, settings.feedback, after_due=after_due)
                works.append(Work(seen, assignment.title, settings.work(grade)))
        name = report.names.get(student, "")
        heading = f"{name} ({student})" if name else student
        body = student_body(heading, works, report.language)
        missing = [a.title for a in report.assignments if (student, a.name) not in report.grades]
        for title in missing:
            nothing = text("report_nothing_handed_in", report.language)
            body += f"\n<h2>{esc(title)}</h2><p>{esc(nothing)}</p>"
        return heading, body


def file_names(students: Sequence[str]) -> dict[str, str]:
    """A file's name for each student, unlike any other whatever the file system."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for student in students:
        name = storable(student)
        while name.casefold() in taken:
            name += "_"
        taken.add(name.casefold())
        names[student] = f"{name}.html"
    return names


def _address(file: str) -> str:
    """A file's name as part of an address."""
    from urllib.parse import quote

    return quote(file)


def _interval(estimate: Estimate | None, *, percent: bool = False) -> str:
    """The number with its interval, in HTML."""
    if estimate is None:
        return "–"

    def shown(value: float) -> str:
        return f"{100 * value:.0f}" if percent else f"{value:.2f}".replace("-", "−")

    value = shown(estimate.value) + (" %" if percent else "")
    if estimate.low is None or estimate.high is None:
        return value
    return f'{value} <small class="soft">{shown(estimate.low)} – {shown(estimate.high)}</small>'


_FILTER = """<script>
const box = document.getElementById("filter");
const rows = [...document.querySelectorAll("#everybody tbody tr")];
const words = rows.map((row) => row.textContent.normalize("NFC").toLowerCase());
box.addEventListener("input", () => {
  const wanted = box.value.normalize("NFC").trim().toLowerCase();
  rows.forEach((row, place) => { row.hidden = !words[place].includes(wanted); });
});
</script>
"""
