"""From a graded class to a report, feedback files and a point that is defended."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

import autograder
from autograder.errors import UsageError
from autograder.grades.store import read_folder
from autograder.grades.wording import in_language, is_frozen
from tests.support.small_course import COURSE, PARTLY, RIGHT, WRONG, copy_course, hand_in, run

RAISES = "def linear_dx(W, dy):\n    hidden = W @ dy\n    return hidden\n"
PLAIN = "def linear_dx(W, dy):\n    return 2 * W.T @ dy\n"
SLICED = "import numpy as np\ndef linear_dx(W, dy):\n    return np.sum(W, 0)\n"
CHANGES = "def linear_dx(W, dy):\n    dx = W.T @ dy\n    dy *= 0\n    return dx\n"
ANSWERS = {
    **{"ada": RIGHT, "bob": WRONG, "dina": PARTLY, "eve": RAISES, "fred": PLAIN, "gil": SLICED},
    **{"hans_peter": CHANGES, "ida": "def linear_dx(:\n", "jon": "x = 1\n"},
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the class, and its grades in English and in Korean."""
    root = tmp_path_factory.mktemp("class")
    for student, source in ANSWERS.items():
        hand_in(root / "submissions", student, source)
    course = copy_course(COURSE, root / "course")
    (course / "roster.csv").write_text("student,name\nbob,Bob Kim\nzoe,Zoe Lee\n", "utf-8")
    for language in ("en", "ko"):
        out = root / language
        list(autograder.grade(root / "submissions", course, out=out, jobs=2, lang=language))
    return root


def test_a_grade_reads_as_if_it_had_been_made_in_the_readers_language(graded: Path) -> None:
    english, korean = (read_folder(graded / one).grades for one in ("en", "ko"))
    assert len(english) == len(ANSWERS)
    for one, other in zip(english, korean, strict=True):
        assert not is_frozen(one)
        for made, wanted, language in ((one, other, "ko"), (other, one, "en")):
            found = in_language(made, language)
            for exercise, same in zip(found.exercises, wanted.exercises, strict=True):
                for test, twin in zip(exercise.tests, same.tests, strict=True):
                    assert (test.message, test.hint) == (twin.message, twin.hint)


def test_a_report_with_code_and_a_page_each(graded: Path, tmp_path: Path) -> None:
    out = tmp_path / "pages"
    done = run("report", graded / "en", "--out", out, "--csv", course=graded / "course")
    assert done.returncode == 0, done.stderr
    assert "open this" in done.stdout
    index = (out / "index.html").read_text("utf-8")
    assert "Bob Kim" in index
    assert "9 <small>/ 10</small>" in index
    assert "zoe" in (out / "people.html").read_text("utf-8")
    mistakes = (out / "mistakes.html").read_text("utf-8")
    assert "wrong-sign" in mistakes
    assert "return -(W.T @ dy)" in mistakes
    assert (
        "return hidden"
        not in (out / "students" / "eve.html").read_text("utf-8").split("<details>")[0]
    )
    assert 'class="at"' in (out / "students" / "eve.html").read_text("utf-8")
    assert (out / "tests.csv").is_file()
    # Where the submissions are gone, the pages are there all the same.
    shutil.copytree(graded / "en", tmp_path / "en")
    (tmp_path / "en" / ".submissions").unlink()
    done = run("report", tmp_path / "en", "--out", tmp_path / "bare", course=graded / "course")
    assert done.returncode == 0
    assert "--submissions" in done.stderr
    done = run("report", graded / "en", "--out", graded / "en", course=graded / "course")
    assert done.returncode == 2


def test_feedback_is_in_the_readers_language_and_tells_what_is_allowed(
    graded: Path, tmp_path: Path
) -> None:
    command = ("feedback", graded / "en", "--lang", "ko", "--out", tmp_path)
    done = run(*command, course=graded / "course")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "linear-layer" / "bob.html").read_text("utf-8")
    assert "부호를 확인하세요." in page
    assert "틀렸습니다" in page
    assert "are wrong" not in page
    hidden = read_folder(graded / "ko").grades[1].exercises[0].tests[2].message
    assert hidden not in page
    run(*command, "--format", "md", "--student", "hans_peter", course=graded / "course")
    text = (tmp_path / "linear-layer" / "hans_peter.md").read_text("utf-8")
    assert text.startswith("# hans_peter: Linear layer\n")
    assert "&#" not in text


def test_feedback_goes_back_to_moodle_and_canvas(graded: Path, tmp_path: Path) -> None:
    for layout, name, wanted in (
        (
            "moodle",
            "Kim Dina_4711_assignsubmission_file_/dx.py",
            "Kim Dina_4711_assignsubmission_file_feedback.html",
        ),
        ("canvas", "kimdina_12345_67890_dx.py", "kimdina_12345_67890_feedback.html"),
    ):
        folder = tmp_path / layout
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text(WRONG)
        grades = tmp_path / f"grades-{layout}"
        list(autograder.grade(folder, graded / "course", out=grades, jobs=1, layout=layout))
        out = tmp_path / f"feedback-{layout}"
        done = run("feedback", grades, "--out", out, course=graded / "course")
        assert done.returncode == 0, done.stderr
        content = (out / f"linear-layer-{layout}.zip").read_bytes()
        with zipfile.ZipFile(BytesIO(content)) as archive:
            assert archive.namelist() == [wanted]
            assert b"Look at the sign." in archive.read(wanted)


def test_a_lost_point_is_defended(graded: Path, tmp_path: Path) -> None:
    course = graded / "course"
    done = run("explain", graded / "en", "fred", "dx", course=course)
    assert done.returncode == 0, done.stderr
    assert "fred, linear-layer, dx: 1/10" in done.stdout or ": 0/10" in done.stdout
    assert "dx returned" in done.stdout
    assert "dx expected" in done.stdout
    assert "right result multiplied by 2" in done.stdout
    appeal = tmp_path / "appeal"
    options = ("--test", "rectangles", "--appeal", appeal)
    done = run("explain", graded / "en", "fred", *options, course=course)
    assert done.returncode == 0, done.stderr
    folder = appeal / "linear-layer" / "dx"
    assert "rectangles" in (folder / "index.html").read_text("utf-8")
    # The bundle says the same wherever it is.
    tried = subprocess.run(
        [sys.executable, "case_1.py"], cwd=folder, capture_output=True, text=True, check=True
    )
    returned, expected = (
        next(line for line in tried.stdout.splitlines() if line.startswith(word))
        for word in ("dx", "expected")
    )
    first, wanted = (
        float(one.split("[")[1].split()[0].rstrip("]")) for one in (returned, expected)
    )
    assert first == pytest.approx(2 * wanted)
    for call, words in (
        (("nobody",), "no grade of nobody"),
        (("fred", "dz"), "no such exercise"),
        (("fred", "dx", "--test", "x"), "there are worked-example"),
    ):
        done = run("explain", graded / "en", *call, course=course)
        assert done.returncode == 2
        assert words in done.stderr


def test_grades_as_a_tidy_table(graded: Path) -> None:
    rows = autograder.load_grades(graded / "en")
    assert len(rows) == 4 * len(ANSWERS)
    bob = [row for row in rows if row.student == "bob"]
    assert {row.mistake for row in bob} == {"wrong-sign"}
    assert {row.total for row in bob} == {0}
    try:
        import pandas
    except ImportError:
        with pytest.raises(UsageError, match="pandas"):
            autograder.load_grades(graded / "en", as_frame=True)
    else:
        frame = autograder.load_grades(graded / "en", as_frame=True)
        assert isinstance(frame, pandas.DataFrame)
        assert list(frame["student"]) == [row.student for row in rows]
