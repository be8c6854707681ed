"""action.yml, step by step as GitHub's runner runs it, on repositories of students."""

from __future__ import annotations

import base64
import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from autograder.cli.pack import packed
from autograder.course.loading import load_course
from autograder.release.grading import grading_files
from tests.support.run_action import ACTION, Result, run_action
from tests.support.small_course import COURSE, RIGHT, WRONG, copy_course, run

Act = Callable[..., Result]
FOLDER = Path("submission") / "assignments" / "linear-layer"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle as students get it; to be copied."""
    folder = tmp_path_factory.mktemp("released") / "submission"
    done = run("release", "linear-layer", folder, "--github")
    assert done.returncode == 0, done.stderr
    return folder


def check_out(folder: Path, released: Path) -> Path:
    """What two checkouts leave: the student's bundle and the instructor's course."""
    workspace = folder / "workspace"
    shutil.copytree(released, workspace / "submission")
    (workspace / "submission" / ".git").mkdir()
    copy_course(COURSE, workspace / "course")
    return workspace


def act_in(folder: Path, source: str | None = None, **changes: str) -> Result:
    workspace = folder / "workspace"
    if source is not None:
        (workspace / FOLDER / "dx.py").write_text(source)
    inputs = {"assignment": "linear-layer", "course": "course", "python": sys.executable}
    inputs |= {name.replace("_", "-"): value for name, value in changes.items()}
    temporary = folder / "runner"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    return run_action(workspace, inputs, temporary)


@pytest.fixture
def workspace(tmp_path: Path, released: Path) -> Path:
    return check_out(tmp_path, released)


@pytest.fixture
def act(workspace: Path) -> Act:
    return functools.partial(act_in, workspace.parent)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory, released: Path) -> Result:
    """What an honest wrong answer gets."""
    folder = tmp_path_factory.mktemp("honest")
    check_out(folder, released)
    return act_in(folder, WRONG)


def test_a_wrong_backward_is_annotated_summed_up_and_fails(act: Act) -> None:
    result = act("import numpy as np\n\n\ndef linear_dx(W, dy):\n    return -(W.T @ dy)\n")
    assert result.code == 1
    assert result.outputs["score"] == "0"
    assert result.outputs["max_score"] == "10"
    assert result.outputs["passed"] == "false"
    errors = [line for line in result.annotations if "file=" in line]
    assert errors
    # The path as the student's repository has it, though it is checked out into a folder.
    assert all(
        line.startswith("::error file=assignments/linear-layer/dx.py,line=") for line in errors
    )
    assert any("Look at the sign" in line for line in errors)
    assert "| kim | linear-layer | 0 / 10 |" in result.summary
    below = "::error title=autograder::Below 100 %25: kim, linear-layer: 0 of 10 points"
    assert below in result.annotations
    assert Path(result.outputs["junit"]).is_file()
    classroom = json.loads(base64.b64decode(result.outputs["classroom"]))
    assert (classroom["status"], classroom["max_score"]) == ("fail", 10)


def test_an_exception_is_annotated_at_its_line(act: Act) -> None:
    result = act("\n\ndef linear_dx(W, dy):\n    raise ValueError('no')\n")
    assert any("dx.py,line=4," in line for line in result.annotations)


def test_the_right_one_passes(act: Act) -> None:
    result = act(RIGHT)
    assert (result.code, result.annotations) == (0, [])
    assert result.outputs["passed"] == "true"
    assert (result.outputs["score"], result.outputs["max_score"]) == ("10", "10")
    assert "| kim | linear-layer | 10 / 10 |" in result.summary
    assert json.loads(base64.b64decode(result.outputs["classroom"]))["status"] == "pass"


def test_inputs_choose_threshold_language_feedback_and_student(act: Act) -> None:
    result = act(
        WRONG, fail_under="0", language="ko", feedback="none", student="lee", isolation="process"
    )
    assert result.code == 0
    assert "| lee | linear-layer | 0 / 10 |" in result.summary
    assert "숨은 테스트" in result.summary
    assert "leaves-inputs-alone" not in result.summary + result.log


# What a student may put into the repository


ALL_IS_WELL = """
import numpy, os, sys
numpy.allclose = lambda *a, **k: True
sys.exit = lambda *a: os._exit(0)
for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
    if name in os.environ:
        open(os.environ[name], "a").write("score=10\\npassed=true\\n")
print("taken in")
"""
CHEATS: dict[str, dict[str, str]] = {
    "conftest.py": {"conftest.py": ALL_IS_WELL},
    "sitecustomize.py": {"sitecustomize.py": ALL_IS_WELL, "usercustomize.py": ALL_IS_WELL},
    "numpy.py": {"numpy.py": ALL_IS_WELL, "numpy/__init__.py": ALL_IS_WELL},
    "autograder.py": {
        "autograder.py": ALL_IS_WELL,
        "autograder/__init__.py": ALL_IS_WELL,
        "autograder/__main__.py": ALL_IS_WELL,
    },
    "a virtual environment": {
        ".venv/bin/python": "#!/bin/sh\necho taken in\nexit 0\n",
        ".venv/bin/python3": "#!/bin/sh\necho taken in\nexit 0\n",
        ".venv/pyvenv.cfg": "home = /usr/bin\n",
        "pyvenv.cfg": "home = /usr/bin\n",
    },
    "configuration of pip": {
        "pip.conf": "[global]\nindex-url = http://127.0.0.1:1/\n",
        ".config/pip/pip.conf": "[global]\nindex-url = http://127.0.0.1:1/\n",
    },
    "a course": {
        "config.yaml": "title: mine\nassignments: {linear-layer: {title: x, exercises: [dx]}}\n",
        "assignments/linear-layer/dx.yaml": "title: x\n",
        "tests/hidden/linear-layer/dx.yaml": "tests: []\n",
        "solutions/linear-layer/dx.py": "def linear_dx(W, dy): return -(W.T @ dy)\n",
        "course/config.yaml": "title: mine\nassignments: {}\n",
    },
    "the workflow's side": {
        "action.yml": "runs: {using: composite, steps: []}\n",
        "action/grade.sh": "echo passed=true >> $GITHUB_OUTPUT; exit 0\n",
        ".github/actions/x/action.yml": "runs: {using: composite, steps: []}\n",
        ".bashrc": "exit 0\n",
        ".env": "PYTHONPATH=.\n",
        "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--collect-only'\n",
        "setup.py": ALL_IS_WELL,
    },
    "beside the exercise": {
        "assignments/linear-layer/numpy.py": ALL_IS_WELL,
        "assignments/linear-layer/conftest.py": ALL_IS_WELL,
        "assignments/linear-layer/sitecustomize.py": ALL_IS_WELL,
        "assignments/linear-layer/autograder.py": ALL_IS_WELL,
        "assignments/linear-layer/msgspec.py": ALL_IS_WELL,
    },
    "programs": {
        name: "#!/bin/sh\necho taken in\nexit 0\n"
        for name in ("python3", "python", "bash", "tar", "gpg", "realpath", "base64", "git")
    },
}


@pytest.mark.parametrize("name", CHEATS)
def test_files_in_the_repository_gain_nothing(
    act: Act, honest: Result, workspace: Path, name: str
) -> None:
    (workspace / FOLDER / "dx.py").write_text(WRONG)
    for file, content in CHEATS[name].items():
        path = workspace / "submission" / file
        if file.count("/") and path.parent.with_suffix(".py").is_file():
            path.parent.with_suffix(".py").unlink()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(0o755)
    cheating = act()
    assert cheating.code == 1
    assert cheating.outputs["score"] == "0"
    assert cheating.outputs["passed"] == "false"
    assert cheating.outputs["grades"] == honest.outputs["grades"]
    assert "taken in" not in cheating.log + cheating.summary
    # And the same files take nothing from somebody who is right.
    if name != "beside the exercise":
        assert act(RIGHT).code == 0


def test_code_cannot_write_the_runners_files(act: Act, workspace: Path, tmp_path: Path) -> None:
    runner = tmp_path / "runner"
    result = act(
        "import glob, os\n"
        f"for path in glob.glob({str(runner)!r} + '/**', recursive=True):\n"
        "    try:\n"
        "        open(path, 'a').write('passed=true\\nscore=10\\n')\n"
        "    except Exception:\n"
        "        pass\n"
        "print('::set-output name=score::10')\n"
        "def linear_dx(W, dy):\n"
        "    print('::error::x')\n"
        "    return dy\n"
    )
    assert result.code == 1
    assert result.outputs["score"] == "0"
    assert "set-output" not in result.log
    assert "score=10" not in result.summary


def test_links_to_the_solution_gain_nothing(act: Act, workspace: Path) -> None:
    """Git keeps links, and a checkout beside the course knows where they could point."""
    folder = workspace / FOLDER
    solution = workspace / "course" / "solutions" / "linear-layer"
    assert (solution / "dx.py").is_file()
    (folder / "dx.py").unlink()
    (folder / "dx.py").symlink_to(
        Path("..", "..", "..", "course", "solutions", "linear-layer") / "dx.py"
    )
    assert (folder / "dx.py").read_text() == (solution / "dx.py").read_text()
    result = act()
    assert (result.code, result.outputs["score"]) == (1, "0")
    shutil.rmtree(folder)
    folder.symlink_to(solution)
    result = act()
    assert result.code == 2
    assert "not a folder of layout repository" in result.log
    folder.unlink()
    (workspace / "submission" / "dx.py").symlink_to(solution / "dx.py")
    result = act()
    assert (result.code, result.outputs["score"]) in {(1, "0"), (2, "")}


def test_a_course_in_the_students_checkout_is_refused(act: Act, workspace: Path) -> None:
    copy_course(COURSE, workspace / "submission" / "course")
    for course in ("submission/course", "submission", "submission/../submission/course"):
        result = act(RIGHT, course=course)
        assert result.code == 2
        assert "lies in the student's checkout" in result.log
        assert result.outputs["score"] == ""
    (workspace / "linked").symlink_to(workspace / "submission" / "course")
    assert "lies in the student's checkout" in act(RIGHT, course="linked").log


# The course from elsewhere


def archive() -> bytes:
    course = load_course(COURSE)
    return packed(grading_files(course, course.assignments["linear-layer"]))


def test_the_course_may_be_an_archive_in_a_secret(act: Act) -> None:
    secret = base64.b64encode(archive()).decode()
    assert act(RIGHT, course="", course_archive=secret).code == 0
    result = act(WRONG, course="", course_archive=secret)
    assert (result.code, result.outputs["score"]) == (1, "0")
    assert secret[:40] not in result.log


@pytest.mark.skipif(shutil.which("gpg") is None, reason="needs gpg")
def test_the_course_may_be_encrypted(act: Act, workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "course.tar.gz").write_bytes(archive())
    (tmp_path / "home").mkdir(mode=0o700)
    encrypted = workspace / "course.tar.gz.gpg"
    subprocess.run(
        ["gpg", "--quiet", "--batch", "--pinentry-mode", "loopback", "--passphrase", "sesame",
         "--symmetric", "--output", str(encrypted), str(tmp_path / "course.tar.gz")],
        env={**os.environ, "GNUPGHOME": str(tmp_path / "home")},
        check=True,
    )  # fmt: skip
    shutil.rmtree(workspace / "course")
    assert act(RIGHT, course="course.tar.gz.gpg", course_key="sesame").code == 0
    wrong = act(RIGHT, course="course.tar.gz.gpg", course_key="other")
    assert (wrong.code, "cannot be decrypted" in wrong.log) == (2, True)
    assert "course-key: is empty" in act(RIGHT, course="course.tar.gz.gpg").log
    changed = bytearray(encrypted.read_bytes())
    changed[-40] ^= 1
    encrypted.write_bytes(changed)
    assert act(RIGHT, course="course.tar.gz.gpg", course_key="sesame").code == 2


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "no course": ({"course": ""}, "say where the hidden tests come from"),
    "a course that is not there": ({"course": "nowhere"}, "there is no nowhere in the workspace"),
    "two courses": ({"course_archive": "eA=="}, "give one of them"),
    "no archive": ({"course": "", "course_archive": "!!"}, "is not a .tar.gz in base64"),
    "no submission": ({"submission": "nowhere"}, "there is no folder nowhere"),
    "the whole workspace": ({"submission": "."}, "lies in the student's checkout"),
    "an unknown assignment": (
        {"assignment": "x"},
        "--assignment x: no such assignment; the course has linear-layer",
    ),
    "an unknown level": ({"isolation": "none"}, "Invalid value for '--isolation'"),
    "a python without the package": ({"python": "/usr/bin/env"}, "has no backprop-autograder"),
    "an empty checkout": ({"submission": "empty"}, "saw nothing"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_with_the_call_is_an_annotation(
    act: Act, honest: Result, workspace: Path, name: str
) -> None:
    (workspace / "empty").mkdir()
    changes, message = REFUSED[name]
    result = act(RIGHT, **changes)
    assert result.code == 2
    assert any(message in line for line in result.annotations), result.log
    assert "Traceback" not in result.log
    assert result.outputs["passed"] == ""


def test_the_example_uses_inputs_that_there_are() -> None:
    inputs = yaml.safe_load((ACTION / "action.yml").read_text("utf-8"))["inputs"]
    path = ACTION / "examples" / "github" / "grade-push.yml"
    steps = yaml.safe_load(path.read_text("utf-8"))["jobs"]["grade"]["steps"]
    (ours,) = [step for step in steps if "backprop-autograder@" in step.get("uses", "")]
    assert set(ours["with"]) <= set(inputs)
    assert {name for name, one in inputs.items() if one.get("required")} <= set(ours["with"])


# GitLab


@pytest.mark.slow
def test_the_script_of_gitlab_grades_and_reports(workspace: Path, tmp_path: Path) -> None:
    """The example's script as a GitLab runner runs it, but for the installation."""
    path = ACTION / "examples" / "gitlab" / ".gitlab-ci.yml"
    job = yaml.safe_load(path.read_text("utf-8"))["grade"]
    project = workspace / "submission"
    (tmp_path / "secret").write_bytes(base64.b64encode(archive()))
    script = "set -eo pipefail\n" + "\n".join(
        line.replace("venv/bin/python", sys.executable)
        for line in job["script"]
        if " pip " not in line and " venv " not in line
    )
    report = project / "autograder-report"
    for source, code in ((WRONG, 1), (RIGHT, 0)):
        (workspace / FOLDER / "dx.py").write_text(source)
        (project / "sitecustomize.py").write_text("raise SystemExit(0)\n")
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=project,
            env={
                "PATH": os.environ["PATH"],
                "TMPDIR": str(tmp_path),
                "CI_PROJECT_DIR": str(project),
                "GITLAB_USER_LOGIN": "kim",
                "AUTOGRADER_COURSE": str(tmp_path / "secret"),
                **{name: str(value) for name, value in job["variables"].items()},
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert (report / "junit.xml").is_file()
        assert "| kim | linear-layer |" in (report / "grades.md").read_text("utf-8")
    assert job["artifacts"]["reports"]["junit"] == "autograder-report/junit.xml"
