"""autograder nbgrader build and doctor."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.nbgrader.lab import ASSIGNMENT, RIGHT, Lab, cell, check, environment


def test_a_released_assignment_has_nothing_secret_and_fails_closed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    folder = lab.root / "release" / ASSIGNMENT
    assert sorted(path.name for path in folder.iterdir()) == [
        "dx.ipynb",
        "dx.py",
        "dx2.ipynb",
        "dx2.py",
    ]
    notebook = json.loads((folder / "dx.ipynb").read_text("utf-8"))
    answer = "".join(cell(notebook, "answer")["source"])
    assert answer.startswith("def linear_dx(W, dy):")
    assert "raise NotImplementedError()" in answer
    grade_cells = [
        one for one in notebook["cells"] if one["metadata"].get("nbgrader", {}).get("grade")
    ]
    assert len(grade_cells) == 4
    for one in grade_cells:
        with pytest.raises(RuntimeError, match="autograder"):
            exec("".join(one["source"]), {})
    whole = json.dumps(notebook)
    assert "finite_differences" not in whole
    assert "W.T @ dy" not in whole


def test_building_again_changes_nothing(lab: Lab) -> None:
    assert "is up to date" in lab.build()


def test_an_exercise_that_is_gone_is_removed(lab: Lab) -> None:
    lab.edit("config.yaml", "[dx, dx2]", "[dx]")
    for tree in ("assignments", "tests/hidden"):
        (lab.root / tree / ASSIGNMENT / "dx2.yaml").unlink()
    assert "dx2.ipynb, which belongs to no exercise" in lab.build()
    left = sorted(path.name for path in (lab.root / "source" / ASSIGNMENT).iterdir())
    assert left == ["dx.ipynb", "dx.py"]


def test_the_course_is_found_from_the_configuration(tmp_path: Path) -> None:
    """In nbgrader's folder neither --course nor --into is needed."""
    lab = Lab(tmp_path)
    place = tmp_path / "nbgrader"
    (place / "notes").mkdir(parents=True)
    lab.autograder("nbgrader", "build", ASSIGNMENT, "--into", place, *lab.new_config)
    for folder in (place, place / "notes"):
        done = subprocess.run(
            [sys.executable, "-m", "autograder", "nbgrader", "build", ASSIGNMENT],
            cwd=folder, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert "is up to date" in done.stdout


def test_with_a_course_elsewhere(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    place = tmp_path / "nbgrader"
    place.mkdir()
    lab.autograder("nbgrader", "build", ASSIGNMENT, "--into", place, *lab.new_config)
    assert (place / "source" / ASSIGNMENT / "dx.ipynb").is_file()
    course, lab.root = lab.root, place
    check(lab.api().generate_assignment(ASSIGNMENT))
    lab.hand_in("ada", dx=RIGHT)
    lab.autograde("ada")
    assert lab.score("ada") == 10
    assert course.is_dir()


def foreign_notebook(lab: Lab) -> None:
    (lab.root / "source" / ASSIGNMENT / "dx.ipynb").write_text('{"cells": [], "metadata": {}}')


def config_without_call(lab: Lab) -> None:
    lab.edit("nbgrader_config.py", "configure(c)\n", "")


def config_with_fault(lab: Lab) -> None:
    lab.edit("nbgrader_config.py", "c = get_config()", "c = get_config(\n")


def stub_without_place(lab: Lab) -> None:
    lab.edit(f"assignments/{ASSIGNMENT}/dx.py", "raise NotImplementedError", "pass  #")


def solution_in_assignments(lab: Lab) -> None:
    lab.edit(
        f"assignments/{ASSIGNMENT}/dx.py",
        "raise NotImplementedError",
        "return W.T @ dy\n    raise NotImplementedError",
    )


@pytest.mark.parametrize(
    ("flaw", "message"),
    [
        (foreign_notebook, "was not written by this command"),
        (config_without_call, "add as the last line of nbgrader_config.py"),
        (config_with_fault, "nbgrader goes on without it: SyntaxError"),
        (stub_without_place, "has no 'raise NotImplementedError'"),
        (solution_in_assignments, "solutions/linear-layer/dx.py"),
    ],
)
def test_build_refuses_in_one_line(lab: Lab, flaw: Callable[[Lab], None], message: str) -> None:
    flaw(lab)
    said = lab.autograder("nbgrader", "build", ASSIGNMENT, status=2)
    assert message in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing",), "nothing: no such assignment; the course has linear-layer"),
        ((ASSIGNMENT, "--course-id", "x"), "leave out --course-id and --exchange"),
        ((ASSIGNMENT, "--lang", "fr"), "--lang fr"),
        ((ASSIGNMENT, "--into", "nowhere"), "--into nowhere: no such folder"),
    ],
)
def test_bad_calls_get_one_line(lab: Lab, arguments: tuple[str, ...], message: str) -> None:
    said = lab.autograder("nbgrader", "build", *arguments, status=2)
    assert message in said
    assert said.count("\n") == 1


def test_a_course_id_that_nbgrader_would_break_on(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    said = lab.autograder("nbgrader", "build", ASSIGNMENT, "--course-id", "a+b c", status=2)
    assert "--course-id a+b c: use letters" in said
    assert not (lab.root / "source").exists()


def doctor(lab: Lab) -> list[str]:
    """Findings, in this process: what it sees is the same."""
    from autograder.course.loading import load_course
    from autograder.integrations.nbgrader.doctor import examine

    return [str(finding) for finding in examine(load_course(lab.root), lab.root)]


def no_alembic(lab: Lab) -> None:
    os.environ["PATH"] = "/nowhere"


def no_config(lab: Lab) -> None:
    (lab.root / "nbgrader_config.py").unlink()


def stock_preprocessors(lab: Lab) -> None:
    with open(lab.root / "nbgrader_config.py", "a") as file:
        file.write("c.Autograde.autograde_preprocessors = ['nbgrader.preprocessors.Execute']\n")


def no_exclusion(lab: Lab) -> None:
    with open(lab.root / "nbgrader_config.py", "a") as file:
        file.write("c.Autograde.exclude_overwriting = {'linear-layer': ['dx.py']}\n")


def solution_in_source(lab: Lab) -> None:
    path = lab.root / "source" / ASSIGNMENT / "dx.py"
    path.write_text(RIGHT)


def hidden_test_in_release(lab: Lab) -> None:
    text = (lab.root / "tests" / "hidden" / ASSIGNMENT / "dx.yaml").read_text("utf-8")
    path = lab.root / "release" / ASSIGNMENT / "dx.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    notebook["cells"].append(
        {"cell_type": "markdown", "id": "x", "metadata": {}, "source": text.splitlines(True)}
    )
    path.write_text(json.dumps(notebook))


def grade_cell_that_passes(lab: Lab) -> None:
    path = lab.root / "release" / ASSIGNMENT / "dx.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    cell(notebook, "rectangles")["source"] = ["# tested elsewhere"]
    path.write_text(json.dumps(notebook))


def later_test(lab: Lab) -> None:
    lab.edit(
        f"tests/hidden/{ASSIGNMENT}/dx.yaml",
        "tests:\n",
        "tests:\n  - name: later\n    points: 4\n    against: [reference]\n"
        "    dims: {m: 2, n: 3}\n",
    )


def due_date(lab: Lab) -> None:
    from datetime import datetime

    with lab.gradebook() as gradebook:
        gradebook.update_or_create_assignment(ASSIGNMENT, duedate=datetime(2026, 12, 1))


def no_exchange(lab: Lab) -> None:
    lab.exchange.rmdir()


def closed_exchange(lab: Lab) -> None:
    lab.exchange.chmod(0o755)


def notebook_of_ones_own(lab: Lab) -> None:
    cell = {"cell_type": "code", "metadata": {}, "source": "1", "outputs": []}
    path = lab.root / "source" / ASSIGNMENT / "essay.ipynb"
    path.write_text(json.dumps({"cells": [cell], "nbformat": 4, "metadata": {}}))


def notebook_of_another_name(lab: Lab) -> None:
    lab.hand_in("ada", dx=RIGHT)
    folder = lab.root / "submitted" / "ada" / ASSIGNMENT
    for path in folder.glob("*.ipynb"):
        path.unlink() if path.name != "dx.ipynb" else path.rename(folder / "week5.ipynb")
    for path in folder.glob("*.py"):
        path.unlink()


def listed_inbound(lab: Lab) -> None:
    inbound = lab.exchange / "ml" / "inbound"
    inbound.mkdir(parents=True)
    inbound.chmod(0o777)


def broken_gradebook(lab: Lab) -> None:
    import sqlite3

    with sqlite3.connect(lab.root / "gradebook.db") as database:
        database.execute("DROP TABLE alembic_version")


def older_gradebook(lab: Lab) -> None:
    import sqlite3

    with sqlite3.connect(lab.root / "gradebook.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '724cde206c17'")


def stale_release(lab: Lab) -> None:
    path = lab.root / "release" / ASSIGNMENT / "dx.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    cell(notebook, "statement")["source"] = ["# The statement of last week"]
    path.write_text(json.dumps(notebook))


FLAWS: dict[Callable[[Lab], None], str] = {
    no_alembic: r"PATH: has no program 'alembic'.*activate the environment",
    no_config: r"nbgrader_config.py: is not there.*autograder nbgrader build",
    config_with_fault: r"nbgrader_config.py: cannot be loaded.*mend the line",
    stock_preprocessors: r"autograde_preprocessors lacks .*ExternalGrade.*configure\(c\)",
    no_exclusion: r"exclude_overwriting lacks dx2.py of linear-layer.*configure\(c\)",
    solution_in_source: r"source/linear-layer/dx.py: contains a passage of solutions/.*remove it",
    hidden_test_in_release: r"release/linear-layer/dx.ipynb: contains .*tests/hidden.*remove it",
    grade_cell_that_passes: r"release/.*dx.ipynb: has a grade cell that does not raise",
    notebook_of_ones_own: r"essay.ipynb: is a notebook of your own.*hidden tests.*move it",
    notebook_of_another_name: r"ada/linear-layer: has no notebook .*week5.ipynb.*passes over.*sync",
    foreign_notebook: r"source/.*dx.ipynb: is a notebook of somebody else.*move it away",
    later_test: r"gradebook, linear-layer/dx: lacks later.*autograder nbgrader build",
    due_date: r"gradebook, linear-layer: has a due date.*add 'due: 2026-12-01T00:00:00\+00:00'",
    no_exchange: r"the exchange is not there.*mkdir -p",
    closed_exchange: r"the exchange is not open to everybody; chmod 777",
    listed_inbound: r"inbound: students can see who has submitted; chmod o-r",
    older_gradebook: r"gradebook.db: has the schema of another version.*nbgrader db upgrade",
    stale_release: r"release/.*dx.ipynb: is older than .*generate_assignment --force",
    broken_gradebook: r"gradebook.db: has no version.*delete it",
}


@pytest.fixture
def private_lab(lab: Lab) -> Lab:
    lab.root.chmod(0o700)
    return lab


def test_doctor_is_content_with_what_was_built(private_lab: Lab) -> None:
    assert private_lab.autograder("nbgrader", "doctor") == "All is well.\n"


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.__name__)
def test_doctor_finds_each_flaw_and_says_how_to_mend_it(
    private_lab: Lab, flaw: Callable[[Lab], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.environ["PATH"])  # put back afterwards, whatever a flaw does
    flaw(private_lab)
    found = doctor(private_lab)
    assert any(re.search(FLAWS[flaw], line) for line in found), found


def test_doctor_ends_with_1_where_something_is_wrong(private_lab: Lab) -> None:
    private_lab.exchange.chmod(0o755)
    assert "chmod 777" in private_lab.autograder("nbgrader", "doctor", status=1)


def test_secrets_that_everybody_can_read_are_found(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.integrations.nbgrader import doctor as module

    # The folders of a test are root's alone, so that walking to them is granted here.
    monkeypatch.setattr(module, "_walkable", lambda path: True)
    lab.root.chmod(0o755)
    found = doctor(lab)
    assert any("solutions: can be read by every user" in line for line in found)


def test_without_nbgrader_there_is_one_line(monkeypatch: pytest.MonkeyPatch, lab: Lab) -> None:
    import importlib.util

    from autograder.errors import MachineError
    from autograder.integrations.nbgrader import require_nbgrader

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MachineError, match=r"pip install .*\[nbgrader\]"):
        require_nbgrader()


def test_the_core_does_not_import_nbgrader(lab: Lab) -> None:
    import subprocess

    lab.hand_in("ada", dx=RIGHT)
    script = (
        "import sys\nfrom autograder.cli import main\n"
        "try:\n    main(sys.argv[1:])\nfinally:\n"
        "    assert not {'nbgrader', 'nbformat', 'traitlets'} & set(sys.modules), 'imported'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "grade", "submitted", "--out", "grades"],
        cwd=lab.root,
        env=environment(lab.root.parent / "home"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
