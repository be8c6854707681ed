"""The whole way of an assignment, with nbgrader's own commands and real Unix users.

build, generate_assignment, release_assignment, fetch, edit, submit, collect, autograde,
formgrader in a browser, a score by hand, grading again, feedback generated, released and
fetched, export.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

import autograder
from tests.nbgrader.browser import Browser, browser, free_port, wait_for
from tests.nbgrader.lab import ASSIGNMENT, BIN, RIGHT, WRONG, Lab, cell, change_notebook

TOKEN = "only-for-this-test"

pytestmark = [
    pytest.mark.skipif(
        os.name != "posix" or os.geteuid() != 0, reason="makes Unix users, which takes root"
    ),
    pytest.mark.skipif(
        any(shutil.which(tool) is None for tool in ("useradd", "runuser")),
        reason="there is no useradd or no runuser here",
    ),
]


class Person:
    """A Unix user with a home of their own."""

    def __init__(self, name: str, home: Path) -> None:
        self.name, self.home = name, home
        subprocess.run(
            ["useradd", "--create-home", "--home-dir", str(home), "--shell", "/bin/sh", name],
            check=True,
            capture_output=True,
        )

    def command(self, *arguments: object) -> list[str]:
        variables = {
            "HOME": str(self.home),
            "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONWARNINGS": "ignore",
        }
        return [
            *opened_way(),
            *("runuser", "-u", self.name, "--", "env", "-i"),
            *(f"{key}={value}" for key, value in variables.items()),
            *map(str, arguments),
        ]

    def run(self, *arguments: object, cwd: Path | None = None, status: int = 0) -> str:
        done = subprocess.run(
            self.command(*arguments),
            cwd=cwd or self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == status, f"{arguments}\n{done.stdout}"
        return done.stdout

    def owns(self, folder: Path) -> None:
        who = pwd.getpwnam(self.name)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, who.pw_uid, who.pw_gid, follow_symlinks=False)

    def write(self, path: Path, content: str) -> None:
        path.write_text(content, "utf-8")
        self.owns(path)


@cache
def opened_way() -> tuple[str, ...]:
    """Makes a command run where everybody can reach this Python and this package, as they would
    on a teaching server, though these lie in a folder that is root's alone.

    In a mount namespace of the command's own: the folder is covered by an empty one that may be
    walked through, with just what is needed mounted back into it.
    """
    needed = {Path(sys.base_prefix), Path(sys.prefix), Path(autograder.__file__).parents[1]}
    script = ["set -e", "mount --make-rprivate /", "stage=$(mktemp -d)", "mount -t tmpfs x $stage"]
    covered: dict[Path, list[Path]] = {}
    for path in sorted(path.resolve() for path in needed):
        closed = [one for one in (path, *path.parents) if not one.stat().st_mode & 0o001]
        if closed:
            covered.setdefault(closed[-1], []).append(path)
    if not covered:
        return ()
    for folder, paths in covered.items():
        for number, path in enumerate(paths):
            script += [f"mkdir $stage/{number}", f"mount --bind '{path}' $stage/{number}"]
        script += [f"mount -t tmpfs -o mode=0711 x '{folder}'"]
        for number, path in enumerate(paths):
            script += [f"mkdir -p '{path}'", f"mount --bind $stage/{number} '{path}'"]
        script += [f"umount $stage/{number}" for number in range(len(paths))]
        script += ["rmdir $stage/*"]
    script += ["umount $stage", "rmdir $stage", 'exec "$@"']
    return ("unshare", "--mount", "sh", "-c", "\n".join(script), "sh")


@contextmanager
def people(world: Path, *names: str) -> Iterator[list[Person]]:
    made = []
    try:
        for name in names:
            made.append(Person(f"{name}{os.getpid()}", world / name))
        yield made
    finally:
        for person in made:
            # Nothing of theirs may keep running, such as a kernel.
            subprocess.run(["pkill", "-KILL", "-u", person.name], check=False)
            subprocess.run(["userdel", person.name], check=False, capture_output=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_assignment_goes_all_the_way(world: Path, tmp_path: Path) -> None:
    with people(world, "teacher", "ada", "bob", "eve") as (teacher, ada, bob, eve):
        probe = subprocess.run(
            teacher.command(sys.executable, "-c", "import autograder"),
            capture_output=True,
            text=True,
            check=False,
        )
        if probe.returncode != 0:
            pytest.skip(f"other users cannot run {sys.executable}: {probe.stderr[-300:]}")
        lab = Lab(world)
        lab.exchange.chmod(0o777)
        with open(lab.root / "config.yaml", "a", encoding="utf-8") as file:
            file.write("    due: 2100-01-01T00:00:00+09:00\nlate: {penalty_per_day: 10}\n")
        teacher.owns(lab.root)
        lab.root.chmod(0o700)
        release(teacher, lab)
        students = [ada, bob, eve]
        for student in students:
            fetch(student, lab)
        submit(ada, notebook=RIGHT)
        submit(bob, file=WRONG)
        submit(eve, raw="{ this is no notebook")
        teacher.run("nbgrader", "collect", ASSIGNMENT, cwd=lab.root)
        teacher.run("nbgrader", "autograde", ASSIGNMENT, cwd=lab.root)
        assert totals(lab, students) == {ada.name: 10, bob.name: 0, eve.name: 0}
        grade_in_formgrader(teacher, lab, ada=ada, bob=bob, pictures=tmp_path)
        # Bob hands in again. What was given by hand stays.
        submit(bob, file=RIGHT)
        teacher.run("nbgrader", "collect", "--update", ASSIGNMENT, cwd=lab.root)
        teacher.run("nbgrader", "autograde", ASSIGNMENT, cwd=lab.root)
        assert totals(lab, students) == {ada.name: 10, bob.name: 10 - 2 + 1.5, eve.name: 0}
        agree_with_autograder_grade(teacher, lab)
        feedback(teacher, lab, students)
        export(teacher, lab)


def release(teacher: Person, lab: Lab) -> None:
    teacher.run("autograder", "nbgrader", "build", ASSIGNMENT, *lab.new_config, cwd=lab.root)
    teacher.run("nbgrader", "generate_assignment", ASSIGNMENT, cwd=lab.root)
    teacher.run("nbgrader", "release_assignment", ASSIGNMENT, cwd=lab.root)
    doctor = teacher.run("autograder", "nbgrader", "doctor", cwd=lab.root)
    assert doctor == "All is well.\n"


def fetch(student: Person, lab: Lab) -> None:
    student.write(
        student.home / "nbgrader_config.py",
        "c = get_config()\n"
        f"c.CourseDirectory.course_id = 'ml'\nc.Exchange.root = {str(lab.exchange)!r}\n",
    )
    student.run("nbgrader", "fetch_assignment", ASSIGNMENT)
    # The secret parts of the course are out of a student's reach.
    student.run("cat", lab.root / "solutions" / ASSIGNMENT / "dx.py", status=1)


def submit(
    student: Person, *, notebook: str | None = None, file: str | None = None, raw: str | None = None
) -> None:
    folder = student.home / ASSIGNMENT
    if notebook is not None:
        path = folder / "dx.ipynb"

        def answer(content: object) -> None:
            cell(content, "answer")["source"] = notebook

        change_notebook(path, answer)
    if raw is not None:
        (folder / "dx.ipynb").write_text(raw)
    if file is not None:
        (folder / "dx.py").write_text(file)
    student.run("nbgrader", "submit", ASSIGNMENT)


def totals(lab: Lab, students: list[Person]) -> dict[str, float]:
    return {student.name: lab.score(student.name) for student in students}


def grade_in_formgrader(
    teacher: Person, lab: Lab, *, ada: Person, bob: Person, pictures: Path
) -> None:
    """Look at both, grade Bob again with the button, and give him points by hand."""
    if shutil.which("chromedriver") is None or shutil.which("chromium") is None:
        pytest.fail("the cycle needs chromium and chromium-driver (Debian packages)")
    with formgrader(teacher, lab) as url, browser(pictures / "profile") as page:
        page.open(f"{url}/formgrader?token={TOKEN}")
        wait_for(lambda: page.shows(ASSIGNMENT))
        page.screenshot(pictures / "assignments.png")
        page.open(f"{url}/formgrader/manage_submissions/{ASSIGNMENT}")
        wait_for(lambda: page.shows(bob.name) and page.shows("graded"))
        press_autograde(page, bob)
        wait_for(lambda: page.shows(f"Successfully autograded '{ASSIGNMENT}'"))
        page.screenshot(pictures / "submissions.png")
        page.run("document.querySelectorAll('.modal button').forEach(button => button.click())")
        page.open(f"{url}/formgrader/submissions/{submission_id(lab, ada)}")
        wait_for(lambda: page.shows("All right."))
        page.screenshot(pictures / "ada.png")
        page.open(f"{url}/formgrader/submissions/{submission_id(lab, bob)}")
        wait_for(lambda: page.shows("Look at the sign."))
        # The file that was handed in is there to be read.
        assert page.shows("return -(W.T @ dy)")
        wait_for(lambda: page.run("return document.querySelector('input.score') !== null"))
        give(page, "1.5", "Only the sign.")
        page.screenshot(pictures / "bob.png")
        wait_for(lambda: lab.score(bob.name) == 1.5)
        wait_for(lambda: comment(lab, bob) == "Only the sign.")


def press_autograde(page: Browser, student: Person) -> None:
    pressed = page.run(
        """
        const row = [...document.querySelectorAll('tr')].find(
            row => row.innerText.includes(arguments[0]));
        const button = row && row.querySelector('.autograde a');
        if (button) button.click();
        return !!button;
        """,
        student.name,
    )
    assert pressed


def give(page: Browser, points: str, words: str) -> None:
    """A score for the first test and a comment on the answer, as a person types them."""
    page.type("input.score", points)
    page.type("textarea.comment", words)
    page.click("input.score")  # leaving the comment saves it


def comment(lab: Lab, student: Person) -> str | None:
    with lab.gradebook() as gradebook:
        found = gradebook.find_comment("answer", "dx", ASSIGNMENT, student.name).manual_comment
        return None if found is None else str(found)


def submission_id(lab: Lab, student: Person) -> str:
    with lab.gradebook() as gradebook:
        return str(gradebook.find_submission_notebook("dx", ASSIGNMENT, student.name).id)


@contextmanager
def formgrader(teacher: Person, lab: Lab) -> Iterator[str]:
    port = free_port()
    log = open(lab.root.parent / "server.log", "wb")  # noqa: SIM115 (closed below)
    server = subprocess.Popen(
        teacher.command(
            *("jupyter", "server", "--no-browser", f"--ServerApp.port={port}"),
            *("--ServerApp.ip=127.0.0.1", f"--IdentityProvider.token={TOKEN}"),
            f"--ServerApp.root_dir={lab.root}",
        ),
        cwd=lab.root,
        stdout=log,
        stderr=log,
    )
    url = f"http://127.0.0.1:{port}"
    try:

        def answers() -> bool:
            with urllib.request.urlopen(f"{url}/api?token={TOKEN}", timeout=5) as reply:
                return bool(reply.status == 200)

        wait_for(answers, 120)
        yield url
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def agree_with_autograder_grade(teacher: Person, lab: Lab) -> None:
    teacher.run("autograder", "grade", "submitted", "--out", "grades", "--quiet", cwd=lab.root)
    for path in (lab.root / "grades").glob("*/*.json"):
        grade = json.loads(path.read_text("utf-8"))
        assert lab.scores(grade["student"]) == {
            f"{exercise['name']}/{test['name']}": test["score"]
            for exercise in grade["exercises"]
            for test in exercise["tests"]
        }
        assert grade["late_seconds"] == 0
    done = teacher.run("autograder", "nbgrader", "sync", "grades", cwd=lab.root)
    again = teacher.run("autograder", "nbgrader", "sync", "grades", cwd=lab.root)
    assert "3 unchanged" in again, done + again


def feedback(teacher: Person, lab: Lab, students: list[Person]) -> None:
    teacher.run("nbgrader", "generate_feedback", ASSIGNMENT, cwd=lab.root)
    teacher.run("nbgrader", "release_feedback", ASSIGNMENT, cwd=lab.root)
    for student in students:
        student.run("nbgrader", "fetch_feedback", ASSIGNMENT)
    pages = {
        student: next((student.home / ASSIGNMENT / "feedback").rglob("dx.html")).read_text("utf-8")
        for student in students
        # Of Bob's two submissions the last has it; Eve's notebook is no notebook.
    }
    ada, bob, eve = students
    assert "All right." in pages[ada]
    assert "Only the sign." in pages[bob]
    assert "return W.T @ dy" not in pages[eve]
    assert "cannot be read" in pages[eve]
    for page in pages.values():
        assert "finite_differences" not in page
        assert 'src="http' not in page


def export(teacher: Person, lab: Lab) -> None:
    teacher.run("nbgrader", "export", "--to=totals.csv", cwd=lab.root)
    plugin = "autograder.integrations.nbgrader.export.TestsExportPlugin"
    teacher.run("nbgrader", "export", f"--exporter={plugin}", "--to=tests.csv", cwd=lab.root)
    assert (lab.root / "totals.csv").read_text("utf-8").count(ASSIGNMENT) == 3
    header = (lab.root / "tests.csv").read_text("utf-8").splitlines()[0]
    assert "dx/rectangles" in header
