"""`autograder init` and `autograder new`: a course that grades, and exercises that load."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from autograder.authoring.new_course import course_files, write_course
from autograder.course.loading import load_course
from autograder.release.wheel import build_wheel
from tests.support.small_course import COURSE, ROOT

SOLUTION = """\
import numpy as np


def gelu_backward(x, dy):
    s = 1 / (1 + np.exp(-1.702 * x))
    return dy * (s + 1.702 * x * s * (1 - s))
"""
FORWARD = "y = x / (1 + np.exp(-1.702 * x))"
GELU = ("layers/gelu_backward", "gelu_backward(x, dy) -> dx", "--forward", FORWARD)


def autograder(
    *arguments: object, cwd: Path, typed: str | None = None
) -> subprocess.CompletedProcess[str]:
    """The command line in a folder, without ``--course``."""
    return subprocess.run(
        [sys.executable, "-m", "autograder", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=cwd,
        input="" if typed is None else typed,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A new course."""
    write_course(tmp_path / "course", course_files("empty", ["en", "ko"], None))
    return tmp_path / "course"


def test_a_new_course_grades(course: Path, tmp_path: Path) -> None:
    handed_in = tmp_path / "submissions" / "kim" / "first-steps"
    handed_in.mkdir(parents=True)
    solution = course / "solutions/first-steps/square_backward.py"
    (handed_in / "square_backward.py").write_bytes(solution.read_bytes())
    graded = autograder("grade", tmp_path / "submissions", "--out", tmp_path / "out", cwd=course)
    assert graded.returncode == 0, graded.stderr
    assert "10" in (tmp_path / "out" / "summary.csv").read_text("utf-8").splitlines()[-1]


def test_seeds_are_secret_and_none_is_like_another(tmp_path: Path) -> None:
    assert autograder("init", "a", cwd=tmp_path).returncode == 0
    write_course(tmp_path / "b", course_files("empty", ["en"], None))
    seeds = {load_course(tmp_path / name).seed for name in ("a", "b")}
    assert len(seeds) == 2
    assert all(seed.bit_length() > 96 for seed in seeds)


def test_a_course_has_the_languages_asked_for(tmp_path: Path) -> None:
    assert autograder("init", "a", "--lang", "ko", cwd=tmp_path).returncode == 0
    loaded = load_course(tmp_path / "a")
    assert loaded.languages == ("ko",)
    assert "제곱" in loaded.assignments["first-steps"].exercises[0].title["ko"]
    assert "공개하지 마세요" in (tmp_path / "a" / "README.md").read_text("utf-8")


def test_the_lecture_is_a_template(tmp_path: Path) -> None:
    done = autograder("init", "a", "--template", "linear", "--from", ROOT, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    loaded = load_course(tmp_path / "a")
    assert "linear-layer" in loaded.assignments
    assert "layers" not in loaded.assignments
    for name in ("assignments/linear-layer/dx.py", "solutions/linear-layer/dx.py"):
        assert (tmp_path / "a" / name).read_bytes() == (ROOT / name).read_bytes()
    assert loaded.seed != load_course(ROOT, only=()).seed


def test_the_package_of_students_has_no_solution_of_the_course() -> None:
    _, content = build_wheel()
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        held = b"\n".join(wheel.read(name) for name in wheel.namelist())
    for path in sorted((ROOT / "solutions").glob("*/*.py")):
        statements = path.read_text("utf-8").partition("def ")[2].strip()
        assert statements.encode() not in held, path


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("init", "full"), "full: is not empty"),
        (("init", "file"), "file: is a file"),
        (("init", "a", "--lang", "xx"), "--lang xx: there are en, ko"),
        (("init", "a", "--from", "b"), "--from names the course"),
        (("init", "a", "--template", "linear", "--from", "b"), "there is no config.yaml"),
        (
            ("init", "a", "--template", "linear", "--from", str(COURSE), "--lang", "ko"),
            "no solutions",
        ),
    ],
)
def test_a_course_that_cannot_be_made_is_said(
    tmp_path: Path, arguments: tuple[str, ...], what: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").write_text("")
    (tmp_path / "file").write_text("")
    if "no solutions" in what:
        bundle = tmp_path / "bundle"
        bundle.mkdir()
        for name in ("config.yaml", "assignments"):
            (bundle / name).symlink_to(COURSE / name)
        arguments = tuple(str(bundle) if one == str(COURSE) else one for one in arguments)
    done = autograder(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert what in done.stderr
    assert done.stderr.count("\n") == 1


# New exercises


def test_all_files_of_an_exercise_are_written(course: Path) -> None:
    done = autograder("new", *GELU, cwd=course)
    assert done.returncode == 0, done.stderr
    for said in ('x: ["..."]', 'dy: ["..."], the upstream gradient of y', "config.yaml: written"):
        assert said in done.stdout
    exercise = load_course(course).assignments["layers"].exercises[0]
    assert str(exercise.signature) == "gelu_backward(x, dy) -> dx"
    assert set(exercise.statement) == {"en", "ko"}
    assert all("| `dx` |" in statement for statement in exercise.statement.values())
    assert [test.name for test in exercise.tests][:3] == [
        "worked-example",
        "small-arrays",
        "leaves-inputs-alone",
    ]
    assert any(test.name.startswith("battery-") for test in exercise.tests)
    assert {"wrong-sign", "ignores-the-layer"} <= {one.name for one in exercise.mistakes}
    for name in ("assignments/layers/gelu_backward.yaml", "tests/hidden/layers/gelu_backward.yaml"):
        first = (course / name).read_text("utf-8").splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema=../")
        schema = (course / name).parent / first.partition("$schema=")[2]
        assert schema.is_file()


@pytest.mark.slow
def test_from_nothing_to_lint_green(course: Path) -> None:
    assert autograder("new", *GELU, cwd=course).returncode == 0
    before = autograder("lint", "layers", "--no-mutants", cwd=course)
    assert before.returncode != 0
    (course / "solutions/layers/gelu_backward.py").write_text(SOLUTION)
    added = autograder("new", "layers/gelu_backward", "--mistakes", "2", cwd=course)
    assert added.stdout.count("added: ") == 2, added.stderr
    unwritten = autograder("lint", "layers", "--no-mutants", cwd=course)
    assert unwritten.stdout.count("is still to be written") == 2
    path = course / "assignments/layers/gelu_backward.yaml"
    path.write_text(path.read_text("utf-8").replace("TODO:", "Look at it again,"), "utf-8")
    done = autograder("lint", cwd=course)
    assert done.returncode == 0, done.stdout
    assert "square_backward: 10 points" in done.stdout
    assert "6 of 6 mistakes caught" in done.stdout


def test_what_is_not_given_is_asked_for(course: Path) -> None:
    typed = f"nonsense\nlayers/gelu_backward\nf(x\ngelu_backward(x, dy) -> dx\n{FORWARD}\n\n"
    done = autograder("new", cwd=course, typed=typed)
    assert done.returncode == 0, done.stderr
    assert "'nonsense': write it as ASSIGNMENT/NAME" in done.stdout + done.stderr
    assert "'f(x' is not a signature" in done.stdout + done.stderr
    assert (course / "solutions/layers/gelu_backward.py").is_file()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ((), "say what to write"),
        (("layers/gelu_backward",), "say what to write"),
        (("gelu_backward", *GELU[1:]), "write it as ASSIGNMENT/NAME"),
        (("layers/2d", *GELU[1:]), "write it as ASSIGNMENT/NAME"),
        (("../x/gelu", *GELU[1:]), "write it as ASSIGNMENT/NAME"),
        (("first-steps/square_backward", *GELU[1:]), "is there already"),
        ((*GELU[:3], "y = = x"), "--forward is not Python"),
        ((*GELU, "--shape", "x"), "--shape 'x': write it as"),
        ((*GELU[:3], "y = x * np.nan"), "no small numbers were found"),
        ((*GELU[:3], "y = np.floor(x)"), "no small numbers were found"),
        ((*GELU[:3], "y = (1e13 + x) - 1e13"), "does not work, and nothing was written"),
        (("layers/gelu_backward", "--mistakes", "2"), "there is no exercise layers/gelu_backward"),
        (("--mistakes", "2"), "takes the name of an exercise"),
    ],
)
def test_an_exercise_that_cannot_be_made_is_said_and_nothing_written(
    course: Path, arguments: tuple[str, ...], what: str
) -> None:
    before = {path: path.read_bytes() for path in course.rglob("*") if path.is_file()}
    done = autograder("new", *arguments, cwd=course)
    assert done.returncode == 2, done.stdout
    assert what in done.stderr.splitlines()[-1]
    after = {path: path.read_bytes() for path in course.rglob("*") if path.is_file()}
    assert after == before


def test_mistakes_need_a_solution_that_works(course: Path) -> None:
    assert autograder("new", *GELU, cwd=course).returncode == 0
    done = autograder("new", "layers/gelu_backward", "--mistakes", "2", cwd=course)
    assert done.returncode == 2
    assert "still to be written" in done.stderr
    hidden = yaml.safe_load((course / "tests/hidden/layers/gelu_backward.yaml").read_text("utf-8"))
    assert len(hidden["mistakes"]) == 4
