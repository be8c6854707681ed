"""What the command line does where its standard streams lead nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.small_course import COURSE, RIGHT, hand_in

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux")

COMMAND = f"{sys.executable} -m autograder"


@pytest.fixture(autouse=True, params=["buffered", "unbuffered"])
def buffering(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams as users have them, and as many developers and containers do: what cannot be
    written is found out at the end, or at once."""
    if request.param == "buffered":
        monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    else:
        monkeypatch.setenv("PYTHONUNBUFFERED", "1")


def shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, timeout=280, check=False
    )


@pytest.fixture
def grade(tmp_path: Path) -> str:
    """The command that grades one submission."""
    hand_in(tmp_path / "in", "ada", RIGHT)
    return f"{COMMAND} grade {tmp_path}/in --out {tmp_path}/out --course {COURSE}"


def test_grades_are_written_where_nothing_can_be_printed(grade: str, tmp_path: Path) -> None:
    done = shell(f"{grade} > /dev/full")
    assert (done.returncode, done.stderr) == (2, "error: No space left on device\n")
    assert (tmp_path / "out" / "ada" / "linear-layer.json").exists()


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_are_done_without(grade: str, tmp_path: Path, closed: str) -> None:
    done = shell(f"{grade} {closed}")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out" / "ada" / "linear-layer.json").exists()
    assert ("1 graded" in done.stdout) == (">&-" not in closed.split())


@pytest.mark.parametrize("arguments", ["--help", "grade --help", "check --help"])
def test_help_that_cannot_be_shown_is_an_error(arguments: str) -> None:
    done = shell(f"{COMMAND} {arguments} > /dev/full")
    assert (done.returncode, done.stderr) == (2, "error: No space left on device\n")


@pytest.mark.parametrize(
    "arguments",
    [
        "grade nowhere --out out",
        "grade --no-such-option",
        "gradee",
        "check nothing",
        "lint nothing",
    ],
)
def test_an_error_that_cannot_be_said_is_one_all_the_same(arguments: str) -> None:
    assert shell(f"{COMMAND} {arguments} 2> /dev/full").returncode == 2


def test_an_interrupt_that_cannot_be_said_is_one_all_the_same(tmp_path: Path) -> None:
    program = tmp_path / "interrupted.py"
    program.write_text(
        "import contextlib\nfrom autograder import cli\nfrom autograder.cli import lint\n"
        "def interrupt(**_):\n"
        "    with contextlib.suppress(OSError):\n        print('half a page', end='')\n"
        "    raise KeyboardInterrupt\n"
        "lint.command.callback = interrupt\ncli.main(['lint'])\n"
    )
    for redirection in ("2> /dev/full", "> /dev/full", "> /dev/full 2>&1"):
        assert shell(f"{sys.executable} {program} {redirection}").returncode == 130, redirection


@pytest.mark.parametrize("arguments", ["--help", "check --help"])
def test_a_reader_that_has_gone_is_no_failure_of_the_work(arguments: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [*COMMAND.split(), *arguments.split()]
    done = subprocess.run(
        command, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=280, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (2, "")
