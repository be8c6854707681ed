"""What follows from the declaration of the YAML: schemas, modelines, tables of keys."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from autograder.course.declaration import FILES
from autograder.course.loading.yaml_source import read_yaml
from autograder.course.schema import (
    json_schema,
    key_table,
    modeline,
    schema_file,
    schema_files,
    with_tables,
    yaml_files,
)
from tests.support.small_course import COURSE, ROOT, copy_course, run

KINDS = {"config.yaml": "config", "assignments": "exercise", "tests": "hidden"}
PAGES = sorted((ROOT / "docs").glob("*.md"))


def validator(name: str) -> Any:
    return Draft202012Validator(json_schema(name))


def test_every_file_of_the_course_is_valid_under_its_schema() -> None:
    validators = {name: validator(name) for name in FILES}
    files = list(yaml_files(ROOT))
    assert len(files) > 60
    for path in files:
        errors = validators[KINDS[path.parts[0]]].iter_errors(read_yaml(ROOT / path).data)
        assert [f"{path}: {error.json_path}: {error.message}" for error in errors] == []


@pytest.mark.parametrize("name", FILES)
def test_schemas_are_schemas_themselves(name: str) -> None:
    Draft202012Validator.check_schema(json_schema(name))
    assert json.loads(schema_file(name)) == json_schema(name)


def test_the_course_has_current_schemas_and_every_file_names_its_own() -> None:
    assert list(schema_files(ROOT)) == []  # else: autograder schema --write


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_of_keys_are_current(page: Path) -> None:
    text = page.read_text("utf-8")
    assert with_tables(text) == text  # else: make keys


def test_every_key_is_in_a_table_of_the_documentation() -> None:
    rows = {line.split("|")[1].strip() for page in PAGES for line in page.read_text().splitlines()
            if line.startswith("| `")}  # fmt: skip
    for name in FILES:
        for one in json_schema(name)["$defs"].values():
            for key in one.get("properties", {}):
                assert f"`{key}`" in rows


def test_every_key_is_described() -> None:
    for name in FILES:
        for title, one in json_schema(name)["$defs"].items():
            for key, schema in one.get("properties", {}).items():
                assert schema.get("description"), f"{title}.{key}"
                assert "](" not in schema["description"]  # links lead nowhere from an editor


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("config.yaml", "# yaml-language-server: $schema=schema/config.json\n"),
        ("assignments/a/x.yaml", "# yaml-language-server: $schema=../../schema/exercise.json\n"),
        ("tests/hidden/a/x.yaml", "# yaml-language-server: $schema=../../../schema/hidden.json\n"),
    ],
)
def test_a_file_names_its_schema_by_a_path_from_itself(path: str, line: str) -> None:
    assert modeline(PurePosixPath(path)) == line


# The class that gets a key, a file with that key misspelt, and how the table of it is called.
INTO = {
    "ExerciseFile": ("assignments/linear-layer/dx.yaml", "forward:", "exercise"),
    "HiddenFile": ("tests/hidden/linear-layer/dx.yaml", "mistakes:", "hidden"),
    "DrawnTest": ("tests/hidden/linear-layer/dx.yaml", "    dims: {m: 3", "DrawnTest"),
    "MistakeEntry": ("tests/hidden/linear-layer/dx.yaml", "    outputs:", "MistakeEntry"),
    "AssignmentEntry": ("config.yaml", "    exercises:", "AssignmentEntry"),
}
ASKED = """
import sys
from autograder.course import schema
from autograder.course.loading import load_course
from autograder.errors import CourseError
print(schema.key_table([sys.argv[2]]).count("| how hard it is |"))
print(schema.schema_file(sys.argv[3]).count(b"how hard it is"))
try:
    load_course(sys.argv[1])
except CourseError as error:
    print(error)
"""


@pytest.mark.parametrize("declared", INTO)
def test_a_key_that_is_declared_is_in_schema_documentation_and_errors(
    declared: str, tmp_path: Path
) -> None:
    """In a copy of the package with one line more and no other edit."""
    shutil.copytree(ROOT / "autograder", tmp_path / "package" / "autograder")
    path = tmp_path / "package" / "autograder" / "course" / "declaration.py"
    before, line, after = path.read_text("utf-8").partition(f"class {declared}(")
    head, docstring, body = after.partition('."""\n')
    key = '    difficulty: Annotated[Literal["easy", "hard"], form("how hard it is")] = "easy"\n'
    path.write_text(before + line + head + docstring + key + body, "utf-8")
    course = copy_course(COURSE, tmp_path / "course")
    file, before_this, table = INTO[declared]
    text = (course / file).read_text("utf-8")
    indent = " " * (len(before_this) - len(before_this.lstrip()))
    misspelt = text.replace(before_this, f"{indent}dificulty: easy\n{before_this}", 1)
    (course / file).write_text(misspelt, "utf-8")
    kind = KINDS[PurePosixPath(file).parts[0]]
    done = subprocess.run(
        [sys.executable, "-c", ASKED, course, table, kind],
        capture_output=True, text=True, timeout=120, check=True,
        env={"PYTHONPATH": str(tmp_path / "package")}, cwd=tmp_path,
    )  # fmt: skip
    rows, mentions, error = done.stdout.splitlines()
    assert int(rows) == 1
    assert int(mentions) >= 1
    assert error.startswith(f"{file}:")
    assert "unknown key 'dificulty'" in error
    assert "did you mean 'difficulty'?" in error


def test_a_table_stands_between_its_markers() -> None:
    page = "Before\n<!-- keys: FeedbackEntry -->\nold\n<!-- end of keys -->\nafter\n"
    assert with_tables(page) == (
        "Before\n<!-- keys: FeedbackEntry -->\n"
        "| key | | meaning |\n| --- | --- | --- |\n"
        "| `hidden` | required | of hidden tests: `none`, `names`, `hints` or `all` |\n"
        "<!-- end of keys -->\nafter\n"
    )
    assert key_table(["EfficiencyEntry.efficiency"]).startswith("| key | meaning |\n")


def test_the_command_prints_a_schema(tmp_path: Path) -> None:
    for name in FILES:
        done = run("schema", name, course=tmp_path)
        assert (done.returncode, done.stdout) == (0, schema_file(name).decode())


@pytest.mark.parametrize("arguments", [(), ("exercise", "--write"), ("exercises",)])
def test_the_command_says_what_it_takes(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = run("schema", *arguments, course=tmp_path)
    assert done.returncode == 2
    assert "hidden" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_brings_schemas_into_a_course_and_changes_nothing_twice(
    tmp_path: Path,
) -> None:
    course = copy_course(COURSE, tmp_path / "course")
    public = course / "assignments" / "linear-layer" / "dx.yaml"
    public.write_bytes(public.read_bytes().replace(b"\n", b"\r\n"))
    before = public.read_bytes()
    done = run("schema", "--write", course=course)
    assert done.returncode == 0
    assert "assignments/linear-layer/dx.yaml: written" in done.stdout
    assert public.read_bytes().splitlines()[1:] == before.splitlines()
    assert (course / "schema" / "hidden.json").read_bytes() == schema_file("hidden")
    again = run("schema", "--write", course=course)
    assert again.stdout == "All schemas are current, and every file names its own.\n"
    assert run("lint", "--no-mutants", course=course).returncode == 0
