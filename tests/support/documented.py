"""The commands that a page of the documentation tells its readers to type, and a shell for them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from msgspec import Struct

from tests.support.small_course import COURSE, RIGHT, WRONG, copy_course, hand_in, write_source

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "docs/students.md",
    "docs/ko/students.md",
    "docs/instructors.md",
    "docs/nbgrader.md",
    "docs/ci.md",
)
"""The front door: whose commands are all run."""

NOT_RUN = {
    "make test": "runs this test",
    "python3 -m venv .venv": "each test has the environment that it runs in",
    ". .venv/bin/activate": "each test has the environment that it runs in",
    "python -m pip install -r requirements.txt": "takes the network; test_release installs one",
    "python -m pip install .": "takes the network; the tests run in an installed package",
    "python -m pip install '.[nbgrader]'": "takes the network; CI installs it for these tests",
    "python -m tests.support.run_action path/to/workspace assignment=linear-layer course=course": (
        "makes a virtual environment; test_action does it once for all its tests"
    ),
    "gpg --symmetric --cipher-algo AES256 course.tar.gz": "asks for a passphrase",
}
"""Commands that are left out, with the reason."""

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,3} (.+)$", re.MULTILINE)


class Command(Struct, frozen=True):
    """``line`` is on one line and without the comment after it."""

    page: str
    section: str
    line: str

    @property
    def is_nbgrader(self) -> bool:
        return "nbgrader" in self.line.split(" --")[0] or self.page == "docs/nbgrader.md"


def documented(page: str) -> list[Command]:
    """The commands of the page's shell blocks, in order, each with the heading that it is under."""
    text = (ROOT / page).read_text("utf-8")
    found = []
    for block in _BLOCK.finditer(text):
        section = _HEADING.findall(
            re.sub(r"^```.*?^```$", "", text[: block.start()], flags=re.S | re.M)
        )
        for line in block[1].replace("\\\n", " ").splitlines():
            command = re.split(r"\s{2,}#|^#", line)[0].strip()
            if command:
                found.append(Command(page, section[-1], " ".join(command.split())))
    return found


class World:
    """Folders as the pages presume them, and a shell in which ``autograder`` is this one.

    ``course`` has submissions in several layouts, a roster and a repository beside it; ``bundle``
    is what students get, with their work in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done: set[tuple[Path, str]] = set()
        """What has been run already, for lines that several pages have."""
        self.course = copy_course(COURSE, folder / "course")
        hidden = self.course / "tests" / "hidden" / "linear-layer" / "dx.yaml"
        hidden.write_text("battery: standard\n" + hidden.read_text("utf-8"), "utf-8")
        for name in ("submissions", "submitted"):
            hand_in(self.course / name, "kim", RIGHT)
            hand_in(self.course / name, "lee", WRONG)
        write_source(self.course / "class" / "linear-layer-kim", RIGHT)
        write_source(self.course / "canvas", RIGHT, "kimminsu_101_9001_dx.py")
        shutil.make_archive(str(self.course / "canvas"), "zip", self.course / "canvas")
        (self.course / "roster.csv").write_text("student,email\nkim,kim@x.edu\nlee,lee@x.edu\n")
        self.repository = write_source(folder / "repository", RIGHT)
        self.programs = folder / "bin"
        self.programs.mkdir()
        for name, call in (("autograder", "-m autograder"), ("python", ""), ("python3", "")):
            program = self.programs / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {call} "$@"\n')
            program.chmod(0o755)

    @property
    def bundle(self) -> Path:
        folder = self.folder / "bundle"
        if not folder.is_dir():
            self.run(f"autograder release linear-layer '{folder}'", self.course)
            write_source(folder / "assignments" / "linear-layer", RIGHT)
        return folder

    def run(self, line: str, cwd: Path) -> str:
        """Run a line in bash and return what it prints; it must end with 0."""
        environment = os.environ | {
            "PATH": f"{self.programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
        }
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}"
        return done.stdout
