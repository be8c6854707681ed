"""`autograder release --web` as used: what is in the site, what is not, and what is refused."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from autograder.authoring.lint import leaks_in
from autograder.course.loading import load_course
from autograder.release.site.pyodide import HOST, VERSION
from tests.support.small_course import COURSE, copy_course, run

RUNTIME = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = run("release", folder, "--web", "--pyodide", "cdn")
    assert done.returncode == 0, done.stderr
    assert f"python -m http.server --directory {folder}" in done.stdout
    return folder


def only(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


def test_the_page_names_what_there_is(site: Path) -> None:
    page = (site / "index.html").read_text("utf-8")
    for name in ("app-*.js", "style-*.css", "site-*.json"):
        assert f'"{only(site, name).name}"' in page
    assert "unsafe-inline'" not in page.partition("script-src")[2].partition(";")[0]
    content = json.loads(only(site, "site-*.json").read_text("utf-8"))
    assert {content["worker"], content["files"], content["package"]} <= {
        path.name for path in site.iterdir()
    }
    assert all(one["url"].startswith(HOST) and one["sha256"] for one in content["runtime"])
    assert all(VERSION in one["url"] for one in content["runtime"])
    listed = set(json.loads((site / "files.json").read_text("utf-8"))["files"])
    there = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert there - listed == {"index.html", "files.json"}
    assert set(content["texts"]) == {"en", "ko"}
    exercise = content["assignments"][0]["exercises"][0]
    assert set(exercise["statement"]) == set(exercise["stub"]) == {"en", "ko"}


def test_nothing_secret_is_in_the_site(site: Path) -> None:
    secrets = [
        path.read_text("utf-8")
        for folder in ("solutions", "tests/hidden")
        for path in (COURSE / folder).rglob("*")
        if path.is_file()
    ]
    lines = {line.strip() for text in secrets for line in text.splitlines() if len(line) > 40}
    with zipfile.ZipFile(only(site, "course-*.zip")) as archive:
        names = archive.namelist()
        course = [archive.read(name).decode("utf-8", "replace") for name in names]
    assert not [name for name in names if "solution" in name or "hidden/" in name]
    assert "seed" not in "".join(course[names.index("config.yaml")])
    public = "".join(
        path.read_text("utf-8") for path in (COURSE / "assignments").rglob("*.*") if path.is_file()
    )
    everything = "".join([*course, only(site, "site-*.json").read_text("utf-8")])
    assert lines
    assert not [line for line in lines if line in everything and line not in public]
    with zipfile.ZipFile(only(site, "package-*.zip")) as archive:
        rooms = {name.split("/")[1] for name in archive.namelist() if name.startswith("autograder")}
    assert not rooms & {"cli", "release", "authoring", "batch", "integrations"}


def test_the_leak_check_of_lint_finds_nothing_but_what_is_planted(site: Path) -> None:
    course = load_course(COURSE)
    texts = {}
    for path in (one for one in site.rglob("*") if one.is_file()):
        if path.suffix != ".zip":
            texts[path.name] = path.read_text("utf-8", "replace")
            continue
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                texts[f"{path.name}/{name}"] = archive.read(name).decode("utf-8", "replace")
    for assignment in course.assignments.values():
        assert leaks_in(course, assignment.exercises, texts) == []
        solution = next((COURSE / "solutions" / assignment.name).glob("*.py"))
        planted = {**texts, "app.js": f"// {solution.read_text('utf-8')}"}
        found = leaks_in(course, assignment.exercises, planted)
        assert {one.public for one in found} == {"app.js"}


def test_a_leak_is_refused(tmp_path: Path) -> None:
    course = tmp_path / "course"
    copy_course(COURSE, course)
    solution = next((course / "solutions").rglob("*.py"))
    (course / "assignments" / solution.parent.name / "notes.txt").write_text(
        solution.read_text("utf-8"), "utf-8"
    )
    done = run("release", tmp_path / "site", "--web", "--pyodide", "cdn", course=course)
    assert done.returncode == 2
    assert "notes.txt" in done.stderr
    assert not (tmp_path / "site").exists()


def test_the_same_course_gives_the_same_site_and_an_earlier_one_is_replaced(
    site: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    shutil.copytree(site, again)
    (again / "app-0123456789ab.js").write_text("old")
    listing = json.loads((again / "files.json").read_text("utf-8"))
    listing["files"].append("app-0123456789ab.js")
    (again / "files.json").write_text(json.dumps(listing))
    (again / "CNAME").write_text("example.org")
    done = run("release", again, "--web", "--pyodide", "cdn")
    assert done.returncode == 0, done.stderr
    assert not (again / "app-0123456789ab.js").exists()
    assert (again / "CNAME").exists()  # is not ours
    for path in site.rglob("*"):
        if path.is_file():
            assert (again / path.relative_to(site)).read_bytes() == path.read_bytes(), path.name


def runtime(folder: Path, version: str = VERSION) -> Path:
    """Something that looks like Pyodide."""
    folder.mkdir()
    for name in RUNTIME:
        (folder / name).write_bytes(b"x")
    known = {"sha256": "ebb61241d962b98b21597d7ce43b67668a6d5bab3acec4fbe958657320d7cd08"}
    lock = {"info": {"version": version}, "packages": {"numpy": known}}
    (folder / "pyodide-lock.json").write_text(json.dumps(lock))
    return folder


def archived(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"pyodide/{path.name}")
    return buffer.getvalue()


WRONG = {
    "no pyodide": (["--web"], "add --pyodide cdn"),
    "no web": (["--pyodide", "cdn"], "--pyodide is for --web"),
    "notebooks": (["--web", "--pyodide", "cdn", "--notebook"], "of the other options"),
    "nowhere": (["--web", "--pyodide", "{tmp}/nowhere"], "no such folder or archive"),
    "empty": (["--web", "--pyodide", "{tmp}/empty"], "has no pyodide-lock.json"),
    "other version": (["--web", "--pyodide", "{tmp}/other"], "is Pyodide 0.26.0"),
    "no numpy": (["--web", "--pyodide", "{tmp}/small"], "the small archives of Pyodide lack numpy"),
    "no numpy in an archive": (["--web", "--pyodide", "{tmp}/small.zip"], "lack numpy"),
    "another numpy": (["--web", "--pyodide", "{tmp}/damaged"], "by its SHA-256"),
    "no lock": (["--web", "--pyodide", "{tmp}/unlocked"], "is not the lock file"),
    "no archive": (["--web", "--pyodide", "{tmp}/text"], "{tmp}/text"),
}


@pytest.fixture(scope="module")
def runtimes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runtimes")
    (folder / "empty").mkdir()
    runtime(folder / "other", "0.26.0")
    small = runtime(folder / "small")
    (folder / "small.zip").write_bytes(archived(small))
    damaged = runtime(folder / "damaged")
    (damaged / "numpy-2.0.2-cp312-cp312-pyodide_2024_0_wasm32.whl").write_bytes(b"x")
    (runtime(folder / "unlocked") / "pyodide-lock.json").write_text("[]")
    (folder / "text").write_text("text")
    return folder


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls_end_with_one_line(name: str, runtimes: Path, tmp_path: Path) -> None:
    options, message = WRONG[name]
    given = [one.format(tmp=runtimes) for one in options]
    done = run("release", tmp_path / "site", *given)
    assert done.returncode == 2
    assert message.format(tmp=runtimes) in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "site").exists()


def test_other_files_are_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    done = run("release", tmp_path, "--web", "--pyodide", "cdn")
    assert done.returncode == 2
    assert "has other files in it" in done.stderr
    assert (tmp_path / "index.html").read_text() == "mine"
