"""The zip for Gradescope, unpacked and run in a folder laid out like ``/autograder``."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.grades import HOSTILE
from tests.support.small_course import COURSE, PARTLY, RIGHT, WRONG, configured, grades, run

METADATA: dict[str, Any] = {
    "id": 123456,
    "created_at": "2026-12-02T00:30:00.000000+09:00",
    "assignment": {"due_date": "2026-12-01T23:59:00+09:00", "total_points": "10.0"},
    "submission_method": "upload",
    "users": [{"email": "kim@x.edu", "id": 1234, "name": "Kim"}],
    "previous_submissions": [],
}


def build(tmp_path: Path, *arguments: object, course: Path = COURSE) -> Path:
    done = run(
        "gradescope", "build", "linear-layer", "--out", tmp_path / "autograder.zip", *arguments,
        course=course,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return tmp_path / "autograder.zip"


def unpack(path: Path, root: Path) -> None:
    """As Gradescope does: the zip into source/, run_autograder beside it, modes kept."""
    for folder in ("source", "submission", "results"):
        (root / folder).mkdir(parents=True)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(root / "source")
        for entry in archive.infolist():
            (root / "source" / entry.filename).chmod(stat.S_IMODE(entry.external_attr >> 16))
    shutil.copy(root / "source" / "run_autograder", root)
    hand_in(root)


def hand_in(root: Path, metadata: dict[str, Any] = METADATA, **files: str) -> None:
    (root / "submission_metadata.json").write_text(json.dumps(metadata))
    shutil.rmtree(root / "submission")
    (root / "submission").mkdir()
    for name, source in files.items():
        path = root / "submission" / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)


def run_here(root: Path) -> subprocess.CompletedProcess[str]:
    """What run_autograder calls, by this environment's Python."""
    return subprocess.run(
        [sys.executable, "-I", "-m", "autograder", "gradescope", "run", "--root", str(root)],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def results(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "results" / "results.json").read_text("utf-8"))
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "autograder"
    unpack(build(tmp_path), folder)
    return folder


@pytest.mark.slow
def test_the_zip_installs_itself_and_grades_as_grade_does(root: Path, tmp_path: Path) -> None:
    """setup.sh and run_autograder themselves. Dependencies are lent, as there is no network."""
    environment = {
        "PATH": os.environ["PATH"],
        "AUTOGRADER_ROOT": str(root),
        "PYTHON": sys.executable,
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
    }
    lend = root / "source" / "venv" / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    setup = (root / "source" / "setup.sh").read_text()
    # Between the installation and the first use of what was installed.
    last = 'chmod -R go-rwx "$root/source/course"'
    assert last in setup
    lent = f"echo {sysconfig.get_paths()['purelib']} > {lend}/site-packages/lent.pth\n"
    (root / "source" / "setup.sh").write_text(setup.replace(last, lent + last))
    done = subprocess.run(
        [str(root / "source" / "setup.sh")],
        env=environment, cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((root / "source" / "course").stat().st_mode) & 0o077 == 0
    installed = lend / "site-packages" / "autograder" / "__init__.py"
    assert installed.is_file()

    hand_in(root, dx=PARTLY)
    done = subprocess.run(
        [str(root / "run_autograder")],
        env=environment, cwd=root / "submission", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "kim@x.edu: 2 of 10 points, isolation sandbox\n"

    work = tmp_path / "submissions" / "kim" / "linear-layer"
    work.mkdir(parents=True)
    (work / "dx.py").write_text(PARTLY)
    run("grade", tmp_path / "submissions", "--out", tmp_path / "out", "--quiet")
    expected = grades(tmp_path / "out")["kim"]
    result = results(root)
    assert result["score"] == expected["score"]
    assert {test["name"]: test["score"] for test in result["tests"]} == {
        f"dx: {test['name']}": test["score"] for test in expected["exercises"][0]["tests"]
    }


def test_results_state_the_level_and_hide_hidden_tests_until_they_are_due(root: Path) -> None:
    for source, score in ((RIGHT, 10), (WRONG, 0)):
        hand_in(root, dx=source)
        done = run_here(root)
        assert done.returncode == 0, done.stderr
        result = results(root)
        assert result["score"] == score
        assert result["extra_data"]["isolation"] == "sandbox"
        assert result["extra_data"]["student"] == "kim@x.edu"
        assert "leaderboard" not in result
        assert result["stdout_visibility"] == "hidden"
        for test in result["tests"]:
            hidden = test["extra_data"]["visibility"] == "hidden"
            assert test["visibility"] == ("after_due_date" if hidden else "visible")


def test_options_of_the_build_are_in_force(tmp_path: Path) -> None:
    folder = tmp_path / "autograder"
    unpack(
        build(
            tmp_path, "--isolation", "process", "--feedback", "none", "--hidden-tests", "visible",
            "--lang", "ko",
        ),
        folder,
    )  # fmt: skip
    hand_in(folder, dx=WRONG)
    assert run_here(folder).returncode == 0
    result = results(folder)
    assert result["extra_data"]["isolation"] == "process"
    assert "dx: 숨은 테스트" in [test["name"] for test in result["tests"]]
    assert {test["visibility"] for test in result["tests"]} == {"visible"}


def test_due_dates_of_the_course_count(tmp_path: Path) -> None:
    course = configured(
        tmp_path, "late: {penalty_per_day: 10}", assignment="due: 2026-12-01T23:59:00+09:00\n"
        "    extensions: {lee: 2026-12-09T23:59:00+09:00}",
    )  # fmt: skip
    folder = tmp_path / "autograder"
    unpack(build(tmp_path, course=course), folder)
    for user, score in (({"email": "kim@x.edu"}, 9), ({"sid": "lee", "email": "x"}, 10)):
        hand_in(folder, METADATA | {"users": [user]}, dx=RIGHT)
        assert run_here(folder).returncode == 0
        assert results(folder)["score"] == score


@pytest.mark.parametrize(
    "name", ["dx", "linear-layer__dx", "assignments__linear-layer__dx"], ids=lambda name: name
)
def test_files_may_lie_where_bundles_have_them(root: Path, name: str) -> None:
    hand_in(root, METADATA, **{name: RIGHT})
    assert run_here(root).returncode == 0
    assert results(root)["score"] == 10


def test_a_hostile_submission_gets_its_zero(root: Path) -> None:
    hand_in(
        root,
        METADATA | {"users": [{"name": HOSTILE}]},
        dx="import os\n"
        f"open({str(root / 'results' / 'results.json')!r}, 'w').write('{{\"score\": 10}}')\n"
        "os._exit(0)\n",
        autograder="raise SystemExit(0)\n",
        numpy="raise SystemExit(0)\n",
        sitecustomize="raise SystemExit(0)\n",
    )
    (root / "submission" / "results.json").write_text('{"score": 10}')
    assert run_here(root).returncode == 0
    result = results(root)
    assert (result["score"], result["extra_data"]["student"]) == (0, HOSTILE)


def test_nothing_handed_in_is_zero_with_a_reason(root: Path) -> None:
    hand_in(root)
    assert run_here(root).returncode == 0
    result = results(root)
    assert result["score"] == 0
    assert all("dx.py was not handed in" in test["output"] for test in result["tests"][:2])


FAULTS: dict[str, tuple[str, str | None, str]] = {
    "no metadata": ("submission_metadata.json", None, "cannot be read"),
    "metadata that is none": ("submission_metadata.json", "[1]", "is not what it should be"),
    "no settings": ("source/settings.json", None, "unpack the zip"),
    "settings of another version": ("source/settings.json", '{"a": 1}', "unpack the zip"),
    "a damaged course": ("source/course/config.yaml", "title: x\n", "assignments"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_not_the_students_doing_leaves_no_result(root: Path, name: str) -> None:
    hand_in(root, dx=RIGHT)
    file, content, message = FAULTS[name]
    (root / file).unlink()
    if content is not None:
        (root / file).write_text(content)
    done = run_here(root)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (root / "results" / "results.json").exists()


def test_the_zip_is_the_same_again_and_has_one_assignment(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    one = build(tmp_path, course=root).read_bytes()
    assert build(tmp_path, course=root).read_bytes() == one
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        names = archive.namelist()
    assert {"setup.sh", "run_autograder", "settings.json"} < set(names)
    assert "course/tests/hidden/linear-layer/dx.yaml" in names
    assert not [name for name in names if "mlp" in name]


CALLS: dict[str, tuple[tuple[object, ...], str]] = {
    "no such assignment": (("build", "x", "--out", "a.zip"), "x: no such assignment"),
    "a folder": (("build", "linear-layer", "--out", "."), "--out .: is a folder"),
    "an unknown level": (
        ("build", "linear-layer", "--out", "a.zip", "--isolation", "none"),
        "--isolation",
    ),
    "a place that cannot be": (
        ("build", "linear-layer", "--out", "/dev/null/a.zip"),
        "cannot be written",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_wrong_calls_end_with_one_line(name: str, tmp_path: Path) -> None:
    arguments, message = CALLS[name]
    done = run("gradescope", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
