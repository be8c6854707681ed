"""What a report says about a class, and that its pages stand by themselves."""

from __future__ import annotations

import csv
import html.parser
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from autograder.course.loading import load_course
from autograder.course.roster import read_roster
from autograder.grades.model import Grade
from autograder.report.gather import ClassReport, gather, telling_lines
from autograder.report.html import columns, esc, meter, table
from autograder.report.pages import Settings, class_pages, file_names, write_pages
from autograder.report.statistics import Estimate
from autograder.report.suggestion import mistake_yaml
from autograder.report.tables import write_tables
from autograder.text.sentences import Sentence
from tests.support.classes import made_class
from tests.support.grades import HOSTILE, PUBLIC, WRONG, grade, perfect
from tests.support.small_course import COURSE, copy_course

VOID = {"meta", "input", "rect", "path", "br"}


class Checker(html.parser.HTMLParser):
    """Raises for tags that do not match, and collects what a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "data")]
        if tag == "link":
            self.fetched.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


def checked(page: Path) -> Checker:
    checker = Checker()
    checker.feed(page.read_text("utf-8"))
    checker.close()
    assert checker.open == []
    return checker


@pytest.fixture(scope="module")
def report() -> ClassReport:
    return gather(made_class(40), "en", with_alike=True)


def test_pages_are_whole_and_fetch_nothing(report: ClassReport, tmp_path: Path) -> None:
    pages = write_pages(report, Settings(), tmp_path)
    assert pages[0].name == "index.html"
    assert len(pages) == 3 + 40
    for page in pages[:6]:
        assert checked(page).fetched == []
    text = (tmp_path / "index.html").read_text("utf-8")
    for address in set(re.findall(r'href="([^"#]+)"', text)):
        assert (tmp_path / address).is_file(), address


def test_what_students_call_themselves_and_print_stays_text(tmp_path: Path) -> None:
    (exercise,) = grade().exercises
    hostile = replace(
        grade(HOSTILE),
        exercises=(replace(exercise, output="<script>alert(1)</script>\x1b[2J"),),
    )
    report = gather([hostile, perfect("lee")], "en")
    pages = write_pages(
        report, Settings(feedback="all", past_due=frozenset(["linear-layer"])), tmp_path
    )
    for page in pages:
        tags = checked(page).tags
        assert tags.count("script") == (page.name == "index.html")
        assert "b" not in tags
        assert "\x1b" not in page.read_text("utf-8")


def test_names_of_files_differ_whatever_the_file_system() -> None:
    names = file_names(["a/b", "A/B", "a_b", "con", "ㄱ", "..", "index.html"])
    assert len({name.casefold() for name in names.values()}) == 7
    assert not any("/" in name for name in names.values())


def test_everybody_on_the_roster_is_in_the_table(tmp_path: Path) -> None:
    roster = read_roster(b"student,name\ns0001,Dina Kim\nzoe,Zoe Lee\n", "roster.csv")
    report = gather(made_class(3), "ko", roster=roster)
    assert report.students == ("s0000", "s0001", "s0002", "zoe")
    assert report.assignments[0].absent == ("zoe",)
    assert ("zoe", "report_absent") in {(one.student, one.key) for one in report.people}
    write_pages(report, Settings(), tmp_path)
    assert "제출한 것이 없습니다." in (tmp_path / "students" / "zoe.html").read_text("utf-8")
    assert "Dina Kim" in (tmp_path / "index.html").read_text("utf-8")
    assert '<html lang="ko">' in (tmp_path / "index.html").read_text("utf-8")


def test_student_pages_show_what_feedback_allows(tmp_path: Path) -> None:
    report = gather([grade("kim")], "en")
    page = tmp_path / "students" / "kim.html"
    for policy, shown, not_shown in (
        ("none", ["hidden tests"], ["rectangles", "Look at the sign", "0.2718281828"]),
        ("hints", ["rectangles", "Look at the sign"], ["0.2718281828"]),
    ):
        write_pages(report, Settings(feedback=policy), tmp_path)  # type: ignore[arg-type]
        text = page.read_text("utf-8")
        assert all(one in text for one in shown)
        assert not any(one in text for one in not_shown)


def test_the_mistakes_and_who_makes_them(report: ClassReport) -> None:
    (one, *_) = report.mistakes
    assert (one.mistake, one.hint) == ("wrong-sign", "Look at the sign.")
    grades = [g for g in made_class(40) if g.assignment == one.assignment]
    makers = [
        g.student
        for g in grades
        if any(
            test.mistake == one.mistake
            for exercise in g.exercises
            if exercise.name == one.exercise
            for test in exercise.tests
        )
    ]
    assert list(one.students) == makers
    assert one.share == pytest.approx(len(makers) / len(grades))
    counts = [len(each.students) for each in report.mistakes]
    assert counts == sorted(counts, reverse=True)
    computed = [each for each in report.unexplained if each.computed]
    assert computed
    assert report.unexplained[: len(computed)] == tuple(computed)


def _only(key: str, report: ClassReport) -> set[tuple[str, str]]:
    return {(one.student, one.assignment) for one in report.people if one.key == key}


def lost(student: str, assignment: str, *tests: object, total: float) -> Grade:
    made = tuple(tests)
    exercise = replace(grade().exercises[0], tests=made, score=total, max_score=10.0)
    return replace(
        grade(student), assignment=assignment, score=total, max_score=10.0, exercises=(exercise,)
    )


def test_people_who_are_worth_a_look() -> None:
    slow = replace(WRONG, mistake=None, said=Sentence(key="too_slow"))
    grades = [
        lost("zero", "a", replace(WRONG, mistake=None), total=0),
        lost("one", "a", WRONG, total=5),
        lost("two", "a", WRONG, replace(WRONG, mistake="other"), total=0.5),
        lost("slow", "a", slow, PUBLIC, total=5),
        lost("down", "a", PUBLIC, total=10),
        lost("down", "b", WRONG, total=6),
        lost("steady", "a", PUBLIC, total=9),
        lost("steady", "b", PUBLIC, total=7),
    ]
    report = gather(grades, "en")
    assert _only("report_zero", report) == {("zero", "a")}
    assert _only("report_one_mistake", report) == {("one", "a"), ("down", "b")}
    assert _only("report_slow", report) == {("slow", "a")}
    assert _only("report_dropped", report) == {("down", "b")}
    absent = {("zero", "b"), ("one", "b"), ("two", "b"), ("slow", "b")}
    assert _only("report_absent", report) == absent


def test_the_same_rare_wrong_result_is_shown_where_it_is_asked_for() -> None:
    odd = replace(WRONG, mistake=None, message="dx[0] is 17, not 3")
    common = replace(WRONG, mistake=None, message="dx[0] is 0, not 3")
    grades = [lost(f"s{n}", "a", odd if n < 2 else common, total=5) for n in range(20)]
    grades += [lost("known", "a", WRONG, total=5), lost("known2", "a", WRONG, total=5)]
    assert gather(grades, "en").alike == ()
    (one,) = gather(grades, "en", with_alike=True).alike
    assert one.students == ("s0", "s1")


def test_a_test_that_the_better_students_fail_is_named() -> None:
    grades = []
    for number in range(30):
        good = number >= 15
        first = replace(PUBLIC, name="reversed", score=0.0 if good else 2.0)
        rest = replace(PUBLIC, name="rest", score=2.0 if good else 0.0)
        grades.append(lost(f"s{number}", "a", first, rest, total=2))
    (assignment,) = gather(grades, "en").assignments
    assert [one.remark for one in assignment.tests] == ["report_reversed", "report_reversed"]
    assert gather(grades[:5], "en").assignments[0].tests[0].remark == ""  # too few to say so


def test_grades_of_other_tests_are_counted_apart() -> None:
    grades = [lost(f"s{n}", "a", PUBLIC, total=2) for n in range(3)]
    grades.append(lost("old", "a", WRONG, total=2))
    (assignment,) = gather(grades, "en").assignments
    assert assignment.other_tests == 1
    assert [one.test for one in assignment.tests] == ["worked-example"]


def test_tables_have_the_same_numbers(report: ClassReport, tmp_path: Path) -> None:
    write_tables(report, tmp_path)
    with open(tmp_path / "tests.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    tests = [one for a in report.assignments for one in (*a.exercises, *a.tests)]
    assert len(rows) == len(tests)
    for row, one in zip(rows, tests, strict=True):
        assert float(row["facility"]) == pytest.approx(one.statistics.facility.value, rel=1e-5)
        if one.statistics.discrimination is not None:
            # A negative number is one, and no text.
            value = one.statistics.discrimination.low
            assert float(row["discrimination_low"]) == pytest.approx(value, rel=1e-5)
    with open(tmp_path / "mistakes.csv", encoding="utf-8", newline="") as file:
        mistakes = list(csv.DictReader(file))
    assert [row["mistake"] for row in mistakes[: len(report.mistakes)]] == [
        one.mistake for one in report.mistakes
    ]


def test_one_student_is_a_class(tmp_path: Path) -> None:
    report = gather([perfect("only")], "en", with_alike=True)
    for page in write_pages(report, Settings(), tmp_path):
        checked(page)
    assert report.assignments[0].alpha is None
    assert "Nobody stands out." in (tmp_path / "people.html").read_text("utf-8")


def test_five_thousand_students_fit_into_a_page() -> None:
    report = gather(made_class(5000), "en")
    pages = class_pages(report, Settings())
    assert pages["index.html"].count(b"<tr>") > 5000
    assert max(map(len, pages.values())) < 5_000_000


def test_bars_and_columns_say_what_they_show() -> None:
    assert 'width="25"' in meter(Estimate(0.25, 0.1, 0.4, 10))
    assert "M10 10H40" in meter(Estimate(0.25, 0.1, 0.4, 10))
    assert "whisker" not in meter(Estimate(0.25, None, None, 1))
    picture = columns([0, 4, 2], ["0", "1", "2"], "a < b", "below")
    assert 'aria-label="a &lt; b"' in picture
    assert picture.count("height:80%") == 1
    assert picture.count("height:40%") == 1
    assert esc('<"&') == "&lt;&quot;&amp;"
    assert '<th scope="row">x</th>' in table("t", ["a"], [["x"]])


def test_what_was_computed_becomes_a_mistake_that_loads(tmp_path: Path) -> None:
    (exercise,) = load_course(COURSE).assignments["linear-layer"].exercises
    written = mistake_yaml("dx = 2 * right dx / n or dy @ W", exercise, ("en", "ko"), 3)
    assert "dx: 2 * dx / W.shape[1]" in written or "dx: '2 * dx / W.shape[1]'" in written
    assert "# dx was found as: 2 * right dx / n or dy @ W" in written
    root = copy_course(COURSE, tmp_path / "course")
    hidden = root / "tests" / "hidden" / "linear-layer" / "dx.yaml"
    hidden.write_text(hidden.read_text("utf-8").rstrip("\n") + "\n" + written, "utf-8")
    (again,) = load_course(root).assignments["linear-layer"].exercises
    assert again.mistakes[-1].name == "computed-3"
    assert again.mistakes[-1].outputs == {"dx": "2 * dx / W.shape[1]"}


@pytest.mark.parametrize(
    ("computed", "outputs"),
    [
        ("dx = -W @ dy", {"dx": "'-W @ dy'"}),
        ("dx = dy @ W in shape (1, 3)", {"dx": "'dy @ W'"}),
        ("dx = np.sum(a, 0), dW = right dW.T", {"dx": "'np.sum(a, 0)'", "dW": "dW.T"}),
    ],
)
def test_expressions_become_yaml(computed: str, outputs: dict[str, str]) -> None:
    written = mistake_yaml(computed, None, ("en",), 1)
    for output, expression in outputs.items():
        assert f"      {output}: {expression}\n" in written


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("def f(W, dy):\n    return W @ dy\n", ["return W @ dy"]),
        (
            "def f(W, dy):\n    dx = W @ dy\n    dx = -dx\n    return dx\n",
            ["dx = -dx", "return dx"],
        ),
        ("def g():\n    return 1\n", []),
        ("def f(:\n", []),
        ("def f():\n    pass\n", []),
    ],
)
def test_the_lines_that_tell(source: str, lines: list[str]) -> None:
    assert telling_lines(source, "f", ("dx",)) == lines
