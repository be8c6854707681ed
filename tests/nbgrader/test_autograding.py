"""nbgrader autograde with this grader underneath."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.nbgrader.lab import (
    ASSIGNMENT,
    LOOPS,
    PARTIAL,
    RIGHT,
    WRONG,
    Lab,
    cell,
    change_notebook,
    check,
)


def as_graded(cells: dict[str, float | None]) -> dict[str, float]:
    """Scores of the gradebook; none is missing."""
    assert None not in cells.values(), cells
    return {name: float(score or 0.0) for name, score in cells.items()}


def test_both_ways_of_answering_give_what_autograder_grade_gives(lab: Lab) -> None:
    lab.hand_in("notebook", dx=RIGHT, dx2=PARTIAL)
    lab.hand_in("file", dx_py=RIGHT, dx2_py=WRONG)
    lab.hand_in("mixed", dx=PARTIAL, dx2_py=RIGHT)
    lab.hand_in("both", dx=RIGHT, dx_py=WRONG)  # the file counts
    lab.hand_in("untouched")
    lab.hand_in("loops", dx=LOOPS, dx2=RIGHT)
    lab.nbgrader("autograde", ASSIGNMENT)
    expected = lab.grade()
    assert {student: as_graded(lab.scores(student)) for student in expected} == expected
    totals = {student: lab.score(student) for student in expected}
    assert totals == {
        "notebook": 12, "file": 10, "mixed": 12, "both": 0, "untouched": 0, "loops": 10,
    }  # fmt: skip


def test_without_our_configuration_stock_autograde_gives_nothing(lab: Lab) -> None:
    lab.hand_in("ada", dx=RIGHT)
    (lab.root / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'ml'\n"
    )
    lab.nbgrader("autograde", ASSIGNMENT)
    assert set(lab.scores("ada").values()) == {0.0}


def test_a_configuration_that_fails_to_load_gives_nothing(lab: Lab) -> None:
    lab.hand_in("ada", dx=RIGHT)
    lab.edit("nbgrader_config.py", "configure(c)", "configure(c, unknown=1)")
    lab.nbgrader("autograde", ASSIGNMENT)
    assert set(lab.scores("ada").values()) == {0.0}


def duplicate_answer(notebook: Any) -> None:
    notebook["cells"].insert(1, json.loads(json.dumps(cell(notebook, "answer"))))
    notebook["cells"][1]["source"] = RIGHT
    notebook["cells"][2]["source"] = ""


def without_grade_cells(notebook: Any) -> None:
    cell(notebook, "answer")["source"] = RIGHT
    notebook["cells"] = [
        one for one in notebook["cells"] if not one["metadata"].get("nbgrader", {}).get("grade")
    ]


def without_metadata(notebook: Any) -> None:
    cell(notebook, "answer")["source"] = RIGHT
    for one in notebook["cells"]:
        one["metadata"] = {}


def more_points(notebook: Any) -> None:
    for one in notebook["cells"]:
        if one["metadata"]["nbgrader"].get("grade"):
            one["metadata"]["nbgrader"]["points"] = 1e6
            one["outputs"] = [
                {"output_type": "execute_result", "execution_count": 1, "metadata": {},
                 "data": {"text/plain": "5.0"}}
            ]  # fmt: skip


def old_format(notebook: Any) -> None:
    cell(notebook, "answer")["source"] = RIGHT
    for one in notebook["cells"]:
        one["metadata"]["nbgrader"]["schema_version"] = 1


def invented_cells(notebook: Any) -> None:
    extra = json.loads(json.dumps(cell(notebook, "worked-example")))
    extra["metadata"]["nbgrader"] |= {"grade_id": "bonus", "points": 1000}
    notebook["cells"].append(extra)


def other_types(notebook: Any) -> None:
    for one in notebook["cells"]:
        one["cell_type"] = "raw"
        one.pop("outputs", None)


DAMAGED: dict[str, tuple[Callable[[Any], None] | bytes, float]] = {
    "not JSON": (b"{", 0),
    "nothing": (b"", 0),
    "a list": (b"[]", 0),
    "no cells": (b'{"cells": 3, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', 0),
    "deep": (b"[" * 100_000, 0),
    "not UTF-8": (b'{"cells": [], "metadata": {"\xff": 1}}', 0),
    "an answer twice": (duplicate_answer, 10),
    "no grade cells": (without_grade_cells, 10),
    "no metadata": (without_metadata, 10),
    "more points": (more_points, 0),
    "old format": (old_format, 10),
    "invented cells": (invented_cells, 0),
    "other types": (other_types, 0),
}


def test_damaged_and_hostile_notebooks_affect_their_own_student_alone(lab: Lab) -> None:
    expected = {}
    for number, (damage, score) in enumerate(DAMAGED.values()):
        lab.hand_in(f"s{number:02}", dx=damage)
        expected[f"s{number:02}"] = score
    link = lab.hand_in("s90") / "dx.ipynb"
    link.unlink()
    link.symlink_to(lab.root / "solutions" / ASSIGNMENT / "dx.py")
    folder = lab.hand_in("s91") / "dx.ipynb"
    folder.unlink()
    folder.mkdir()
    lab.hand_in("zoe", dx=RIGHT, dx2=RIGHT)
    lab.nbgrader("autograde", ASSIGNMENT)
    students = [*expected, "s90", "s91", "zoe"]
    found = {student: lab.score(student) for student in students}
    assert found == expected | {"s90": 0, "s91": 0, "zoe": 20}
    graded = lab.grade()
    assert {student: as_graded(lab.scores(student)) for student in students} == graded


def test_an_exercise_without_its_notebook_counts_by_its_file(lab: Lab) -> None:
    folder = lab.hand_in("ada", dx=RIGHT, dx2_py=RIGHT)
    (folder / "dx2.ipynb").unlink()
    folder = lab.hand_in("bob", dx2=RIGHT, dx_py=PARTIAL)
    (folder / "dx.ipynb").unlink()
    lab.autograde("ada", "bob")
    assert (lab.score("ada"), lab.score("bob")) == (20, 12)
    assert "All right." in lab.feedback("ada", "dx2")


class TestRegrading:
    def test_new_work_replaces_the_old_score(self, lab: Lab) -> None:
        lab.hand_in("ada", dx=RIGHT)
        lab.autograde("ada")
        lab.hand_in("ada", dx=WRONG)
        lab.autograde("ada")
        assert lab.score("ada") == 0

    @pytest.mark.parametrize("flaw", ["course", "fifo", "timestamp", "sandbox"])
    def test_a_failed_one_leaves_no_old_score(
        self, lab: Lab, flaw: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = lab.hand_in("ada", dx=RIGHT)
        lab.autograde("ada")
        assert lab.score("ada") == 10
        if flaw == "course":
            lab.edit(f"tests/hidden/{ASSIGNMENT}/dx.yaml", "cases: 6", "cases: many")
        elif flaw == "fifo":
            os.mkfifo(folder / "pipe")
        elif flaw == "timestamp":
            (folder / "timestamp.txt").write_text("yesterday")
        else:
            import autograder.integrations.nbgrader.grading as grading
            from autograder.errors import MachineError

            def refuse(*_: object) -> None:
                raise MachineError("no sandbox here")

            monkeypatch.setattr(grading.CourseGrader, "grade", refuse)
        log = lab.autograde("ada", success=False)
        assert lab.score("ada") == 0
        assert lab.scores("ada")["dx/rectangles"] is None
        with lab.gradebook() as gradebook:
            assert gradebook.find_submission(ASSIGNMENT, "ada").needs_manual_grade
        if flaw == "course":
            assert "dx.yaml:5:5" in log

    def test_a_bad_timestamp_leaves_no_old_score_without_force_either(self, lab: Lab) -> None:
        folder = lab.hand_in("ada", dx=RIGHT)
        lab.nbgrader("autograde", ASSIGNMENT)
        (folder / "timestamp.txt").write_text("yesterday")
        lab.nbgrader("autograde", ASSIGNMENT, status=1)
        assert lab.score("ada") == 0

    def test_a_timestamp_that_cannot_be_read_stops_nobody(self, lab: Lab) -> None:
        folder = lab.hand_in("eve", dx=RIGHT)
        lab.hand_in("zoe", dx=RIGHT)
        lab.autograde("eve")
        (folder / "timestamp.txt").unlink()
        os.mkfifo(folder / "timestamp.txt")
        assert "timestamp.txt is no time" in lab.nbgrader("autograde", ASSIGNMENT, "--force")
        assert (lab.score("eve"), lab.score("zoe")) == (0, 10)

    def test_what_is_skipped_keeps_its_score(self, lab: Lab) -> None:
        lab.hand_in("ada", dx=RIGHT)
        lab.nbgrader("autograde", ASSIGNMENT)
        lab.nbgrader("autograde", ASSIGNMENT)
        assert lab.score("ada") == 10

    def test_scores_and_comments_by_hand_stay(self, lab: Lab) -> None:
        lab.hand_in("ada", dx=WRONG)
        lab.autograde("ada")
        by_hand(lab, "ada")
        lab.autograde("ada")
        lab.grade()
        lab.autograder("nbgrader", "sync", lab.grades)
        with lab.gradebook() as gradebook:
            key = ("dx", ASSIGNMENT, "ada")
            grade = gradebook.find_grade("rectangles", *key)
            assert (grade.auto_score, grade.manual_score, grade.extra_credit) == (0, 3, 0.5)
            assert gradebook.find_comment("answer", *key).comment == "Nearly."
        assert lab.score("ada") == 3.5


def by_hand(lab: Lab, student: str) -> None:
    with lab.gradebook() as gradebook:
        key = ("dx", ASSIGNMENT, student)
        grade = gradebook.find_grade("rectangles", *key)
        grade.manual_score, grade.extra_credit = 3, 0.5
        gradebook.find_comment("answer", *key).manual_comment = "Nearly."
        gradebook.db.commit()


NEW_TEST = """\
tests:
  - name: added later
    points: 4
    against: [finite_differences]
    dims: {m: 3, n: 2}
"""


class TestCourseChanges:
    def test_a_test_added_later_is_graded(self, lab: Lab) -> None:
        lab.hand_in("ada", dx=RIGHT)
        lab.hand_in("bob", dx=RIGHT)
        lab.autograde("ada", "bob")
        by_hand(lab, "ada")
        lab.edit(f"tests/hidden/{ASSIGNMENT}/dx.yaml", "tests:\n", NEW_TEST)
        lab.autograde("bob")
        assert lab.score("bob") == 14
        # Not graded again yet: a place for the new test, without points.
        assert lab.score("ada") == 10 - 5 + 3.5
        lab.autograde("ada")
        assert lab.score("ada") == 14 - 5 + 3.5
        assert lab.grade()["ada"]["dx/added later"] == 4

    def test_nbgrader_generates_the_changed_assignment(self, lab: Lab) -> None:
        lab.hand_in("ada", dx=RIGHT)
        lab.autograde("ada")
        lab.edit(f"tests/hidden/{ASSIGNMENT}/dx.yaml", "tests:\n", NEW_TEST)
        assert "added: dx/added-later-" in lab.build()
        check(lab.api().generate_assignment(ASSIGNMENT))
        lab.autograde("ada")
        assert lab.score("ada") == 14

    def test_a_test_removed_or_worth_more_changes_the_highest_score(self, lab: Lab) -> None:
        lab.hand_in("ada", dx=RIGHT)
        lab.autograde("ada")
        hidden = f"tests/hidden/{ASSIGNMENT}/dx.yaml"
        lab.edit(hidden, "points: 5", "points: 7")
        lab.edit(
            hidden,
            "  - name: leaves-inputs-alone\n    points: 1\n    property: inputs_unchanged\n"
            "    dims: {m: 3, n: 4}\n",
            "",
        )
        lab.autograde("ada")
        with lab.gradebook() as gradebook:
            submission = gradebook.find_submission(ASSIGNMENT, "ada")
            assert (submission.score, submission.max_score) == (11, 21)
        assert "dx/leaves-inputs-alone" not in lab.scores("ada")

    def test_an_exercise_removed_counts_no_more(self, lab: Lab) -> None:
        lab.hand_in("ada", dx=RIGHT, dx2=RIGHT)
        lab.autograde("ada")
        lab.edit("config.yaml", "[dx, dx2]", "[dx]")
        for tree in ("assignments", "tests/hidden"):
            (lab.root / tree / ASSIGNMENT / "dx2.yaml").unlink()
        assert "Gradebook: removed: dx2" in lab.build()
        check(lab.api().generate_assignment(ASSIGNMENT))
        with lab.gradebook() as gradebook:
            submission = gradebook.find_submission(ASSIGNMENT, "ada")
            assert (submission.score, submission.max_score) == (10, 10)
        lab.autograde("ada")
        assert lab.score("ada") == 10

    def test_an_exercise_added_later_is_graded(self, lab: Lab) -> None:
        lab.hand_in("ada", dx=RIGHT)
        lab.autograde("ada")
        lab.add_exercise("dx3")
        lab.edit("config.yaml", "dx2]", "dx2, dx3]")
        lab.build()
        check(lab.api().generate_assignment(ASSIGNMENT))
        lab.hand_in("ada", dx=RIGHT, dx3=RIGHT)
        lab.autograde("ada")
        assert lab.score("ada") == 20


class TestAttacks:
    """What earns full marks or shows secrets with nbgrader alone."""

    PATCHES = (
        "import numpy as np\nimport numpy.testing\n"
        "np.allclose = np.array_equal = lambda *a, **k: True\n"
        "numpy.testing.assert_allclose = lambda *a, **k: None\n"
        "import builtins\nbuiltins.AssertionError = Warning\n"
    )

    READS = """\
def linear_dx(W, dy):
    import glob, sqlite3
    found = []
    for pattern in ("**/*.db", "**/*.yaml", "**/solutions/**/*.py", "**/source/**/*"):
        found += glob.glob({root!r} + "/" + pattern, recursive=True)
    for path in found + [{root!r} + "/gradebook.db", {root!r} + "/source/linear-layer/dx.ipynb"]:
        try:
            text = open(path, "rb").read()
        except OSError:
            continue
        raise ValueError("read " + path)
    sqlite3.connect({root!r} + "/gradebook.db").execute("UPDATE grade SET auto_score = 99")
    return W.T @ dy
"""

    @pytest.mark.parametrize(
        "answer",
        [
            PATCHES + "def linear_dx(W, dy):\n    return 0 * W[0]\n",
            "import os\ndef linear_dx(W, dy):\n    os._exit(0)\n",
            "import sys\ndef linear_dx(W, dy):\n    print('10.0'); sys.exit(0)\n",
            "class All(float):\n    __eq__ = __le__ = __ge__ = lambda *a: True\n"
            "def linear_dx(W, dy):\n    return All(1)\n",
        ],
        ids=["patched asserts", "exits", "prints a score", "equal to all"],
    )
    def test_changing_what_compares_gains_nothing(self, lab: Lab, answer: str) -> None:
        lab.hand_in("eve", dx=answer, dx2_py=answer)
        lab.autograde("eve")
        assert lab.score("eve") == 0

    def test_blanking_the_grade_cells_gains_nothing(self, lab: Lab) -> None:
        def blank(notebook: Any) -> None:
            for one in notebook["cells"]:
                if one["metadata"]["nbgrader"].get("grade"):
                    one["source"] = "100.0"
            cell(notebook, "answer")["source"] = (
                "from IPython.display import Javascript\n"
                "get_ipython().set_next_input('1.0', replace=True)\n"
                "get_ipython().run_cell = lambda *a, **k: None\n"
            )

        lab.hand_in("eve", dx=blank)
        lab.autograde("eve")
        assert lab.score("eve") == 0

    def test_reading_the_course_and_the_gradebook_gains_nothing(self, lab: Lab) -> None:
        lab.hand_in("ada", dx=WRONG)
        lab.hand_in("eve", dx=self.READS.format(root=str(lab.root)))
        lab.autograde("ada", "eve")
        assert (lab.score("ada"), lab.score("eve")) == (0, 0)
        page = lab.feedback("eve")
        assert "read /" not in page
        assert "unable to open database file" in page

    def test_html_in_the_work_stays_text(self, lab: Lab) -> None:
        script = "<script>alert(1)</script><img src=x onerror=alert(2)>"

        def inject(notebook: Any) -> None:
            cell(notebook, "answer")["source"] = (
                f"# {script}\ndef linear_dx(W, dy):\n    print('''{script}''')\n"
                f"    raise ValueError('''{script}''')\n"
            )
            cell(notebook, "answer")["outputs"] = [
                {"output_type": "display_data", "metadata": {}, "data": {"text/html": script}}
            ]
            notebook["metadata"]["title"] = script
            for kind in ("markdown", "raw"):
                notebook["cells"].append(
                    {"cell_type": kind, "id": kind, "metadata": {"format": "text/html"},
                     "source": f"{script}\n\n[x](javascript:alert(3))"}
                )  # fmt: skip

        lab.hand_in("eve", dx=inject, dx2_py=f"'''{script}'''\n" + WRONG)
        lab.autograde("eve")
        for exercise in ("dx", "dx2"):
            page = lab.feedback("eve", exercise)
            assert "alert(1)" in page  # is shown ...
            assert "<script>alert" not in page  # ... as text
            assert "<img src=x" not in page
            assert 'href="javascript' not in page

    def test_what_is_planted_in_autograded_outputs_is_not_taken_over(self, lab: Lab) -> None:
        lab.hand_in("eve", dx=more_points)
        lab.autograde("eve")
        autograded = lab.root / "autograded" / "eve" / ASSIGNMENT / "dx.ipynb"
        for one in json.loads(autograded.read_text("utf-8"))["cells"]:
            assert one["metadata"].get("nbgrader", {}).get("points", 0) <= 5


class TestFeedback:
    def test_says_what_is_wrong_without_showing_hidden_tests(self, lab: Lab) -> None:
        lab.hand_in("ada", dx=WRONG)
        lab.autograde("ada")
        page = lab.feedback("ada")
        assert "Look at the sign." in page
        assert "What a hidden test checks is not shown" in page
        for secret in ("finite_differences", "cases: 6", "W.T @ dy\n", "inputs_unchanged"):
            assert secret not in page

    def test_needs_no_network(self, lab: Lab) -> None:
        lab.hand_in("ada", dx=RIGHT)
        lab.autograde("ada")
        page = lab.feedback("ada")
        for remote in ('src="http', "src='http", 'href="http', "@import", "url(http"):
            assert remote not in page
        assert "<math" in page
        assert "$y = W x$" not in page

    def test_is_in_the_language_of_the_notebooks(self, tmp_path: Path) -> None:
        lab = Lab(tmp_path)
        lab.autograder("nbgrader", "build", ASSIGNMENT, "--lang", "ko", *lab.new_config)
        check(lab.api().generate_assignment(ASSIGNMENT))
        lab.hand_in("ada", dx=WRONG)
        lab.autograde("ada")
        assert "부호를 확인하세요." in lab.feedback("ada")

    def test_with_policy_none_hidden_tests_are_one_cell(self, tmp_path: Path) -> None:
        lab = Lab(tmp_path)
        lab.edit("config.yaml", "seed: 7", "seed: 7\nfeedback: {hidden: none}")
        lab.generate()
        released = (lab.root / "release" / ASSIGNMENT / "dx.ipynb").read_text("utf-8")
        assert "leaves-inputs-alone" not in released
        lab.hand_in("ada", dx=PARTIAL)
        lab.hand_in("bob", dx=RIGHT)
        lab.autograde("ada", "bob")
        assert lab.scores("ada")["dx/hidden-tests"] == 0
        assert lab.scores("bob")["dx/hidden-tests"] == 6
        assert (lab.score("ada"), lab.score("bob")) == (2, 10)
        assert "Look at the sign." not in lab.feedback("ada")


DUE = """\
    due: 2026-11-24T18:00:00+09:00
    extensions: {cyd: 2026-11-24T20:00:00+09:00}
late: {penalty_per_day: 10, at_most_days: 2}
"""


def test_late_seconds_and_penalties_agree_with_autograder_grade(lab: Lab) -> None:
    with open(lab.root / "config.yaml", "a", encoding="utf-8") as file:
        file.write(DUE)
    times = {
        "ada": "2026-11-24 08:59:59.000000 UTC",  # in time
        "bob": "2026-11-24 10:00:00.000000 UTC",  # an hour late: a day begun
        "cyd": "2026-11-24 10:00:00.000000 UTC",  # within the extension
        "dan": "2026-11-26 08:00:00.000000 UTC",  # two days begun
        "eve": "2026-11-27 10:00:00.000000 UTC",  # too late
        "fay": "2026-11-24 19:00:00.000000 KST",  # an hour late, elsewhere
        "gil": "2026-11-24 19:00:00 +0900",
    }
    for student, time in times.items():
        folder = lab.hand_in(student, dx=RIGHT, dx2=WRONG if student == "bob" else PARTIAL)
        (folder / "timestamp.txt").write_text(time)
    lab.nbgrader("autograde", ASSIGNMENT)
    lab.grade()
    with lab.gradebook() as gradebook:
        for student in times:
            path = lab.grades / student / f"{ASSIGNMENT}.json"
            grade = json.loads(path.read_text("utf-8"))
            found = gradebook.find_submission(ASSIGNMENT, student)
            assert found.total_seconds_late == grade["late_seconds"], student
            assert (found.late_submission_penalty or 0) == pytest.approx(grade["penalty"])
            total = found.score - (found.late_submission_penalty or 0)
            assert total == pytest.approx(grade["final_score"])
            for notebook in found.notebooks:
                assert (notebook.late_submission_penalty or 0) <= notebook.score
        penalty = gradebook.find_submission(ASSIGNMENT, "bob").late_submission_penalty
        assert penalty == pytest.approx(2)
        assert gradebook.find_submission(ASSIGNMENT, "ada").late_submission_penalty in (None, 0)
        assert gradebook.find_submission(ASSIGNMENT, "eve").late_submission_penalty == 12
    before = {student: lab.score(student) for student in times}
    lab.autograder("nbgrader", "sync", lab.grades)
    assert {student: lab.score(student) for student in times} == before


NOTEBOOK = {
    "cells": [
        {"cell_type": "code", "id": "a", "execution_count": None, "outputs": [],
         "source": "### BEGIN SOLUTION\nx = 1\n### END SOLUTION",
         "metadata": {"nbgrader": {"schema_version": 3, "grade_id": "x", "grade": False,
                                   "solution": True, "locked": False, "task": False}}},
        {"cell_type": "code", "id": "b", "execution_count": None, "outputs": [],
         "source": "assert x == 1",
         "metadata": {"nbgrader": {"schema_version": 3, "grade_id": "test-x", "grade": True,
                                   "solution": False, "locked": True, "task": False,
                                   "points": 3}}},
    ],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3",
                                "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}  # fmt: skip


def test_notebooks_of_other_authors_are_run_by_nbgrader(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.build()
    for folder in (ASSIGNMENT, "reflection"):
        path = lab.root / "source" / folder / "thoughts.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(NOTEBOOK))
        check(lab.api().generate_assignment(folder))
    lab.hand_in("ada", dx=RIGHT)
    path = lab.root / "submitted" / "ada" / ASSIGNMENT / "thoughts.ipynb"

    def answer(notebook: Any) -> None:
        cell(notebook, "x")["source"] = "x = 1"

    change_notebook(path, answer)
    said = lab.autograde("ada")
    assert "thoughts.ipynb is no exercise of the course" in said
    assert "a kernel that can read hidden tests" in said
    assert lab.scores("ada")["thoughts/test-x"] == 3
    assert lab.score("ada") == 13


def test_the_gradebook_as_csv_has_a_column_a_test(lab: Lab) -> None:
    lab.hand_in("ada", dx=PARTIAL)
    lab.hand_in("=cmd", dx=RIGHT)
    lab.autograde("ada", "=cmd")
    by_hand(lab, "ada")
    exporter = "autograder.integrations.nbgrader.export.TestsExportPlugin"
    lab.nbgrader("export", f"--exporter={exporter}", "--to=tests.csv")
    header, *rows = (lab.root / "tests.csv").read_text("utf-8").splitlines()
    columns = [column.strip('"') for column in header.split(",")]
    table = [dict(zip(columns, row.split('","'), strict=True)) for row in rows]
    assert {"dx/rectangles", "dx/worked-example", "dx2/rectangles"} <= set(columns)
    assert [row["student"] for row in table] == ["'=cmd", "ada"]
    assert [row["dx/rectangles"] for row in table] == ["5", "3.5"]
    assert table[1]["raw_score"] == "5.5"
