"""Every command of the README and of the start pages runs, in folders as the pages presume them."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.documented import NOT_RUN, PAGES, ROOT, Command, World, documented

COMMANDS = [command for page in PAGES for command in documented(page)]
HERE = [c for c in COMMANDS if c.line not in NOT_RUN and not c.is_nbgrader]
# Where the reader of a section is, besides the course's folder.
IN_THE_BUNDLE = {
    "I am a student",
    "Check",
    "확인하기",
    "Begin",
    "시작하기",
    "Hand in",
    "제출하기",
    "Completion",
    "자동 완성",
}
IN_A_REPOSITORY = {"In CI, or in Gradescope"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


def place(world: World, command: Command) -> Path:
    if command.line.startswith("make "):
        return ROOT
    if command.section in IN_THE_BUNDLE:
        return world.bundle
    return world.repository if command.section in IN_A_REPOSITORY else world.course


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_run(page: str, world: World) -> None:
    """In the order of the page: a command may use what the one before it has written."""
    for command in HERE:
        once = (place(world, command), command.line)
        if command.page == page and once not in world.done:
            world.done.add(once)
            run(command, world)


def run(command: Command, world: World) -> None:
    where = place(world, command)
    if command.line.startswith("make "):
        world.run(command.line.replace("make ", "make --dry-run "), where)
    elif "--watch" in command.line:
        watch(command.line, where)
    else:
        world.run(command.line, where)


def watch(line: str, where: Path) -> None:
    """It goes on until it is interrupted, and then ends with the code of the last check."""
    arguments = line.removeprefix("autograder ").split()
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "autograder", *arguments],
        cwd=where,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    with process.stdout:
        said = []
        for text in process.stdout:
            said.append(text)
            if "Ctrl-C" in text:
                break
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, "".join(said)


def test_all_pages_have_commands_and_nothing_is_left_out_that_is_not_there() -> None:
    assert {command.page for command in COMMANDS} == set(PAGES)
    assert set(NOT_RUN) <= {command.line for command in COMMANDS}


def test_the_program_in_python_runs(world: World) -> None:
    page = (ROOT / "docs" / "instructors.md").read_text("utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (world.folder / "program.py").write_text(program)
    printed = world.run(f"python '{world.folder / 'program.py'}'", world.course)
    assert "kim" in printed
    assert "lee" in printed
