"""Every command of the pages about nbgrader runs, in their order."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.nbgrader.lab import BIN
from tests.support.documented import NOT_RUN, PAGES, World, documented
from tests.support.small_course import RIGHT, hand_in

COMMANDS = [
    command
    for page in sorted(PAGES, reverse=True)  # the page about nbgrader before the README
    for command in documented(page)
    if command.is_nbgrader and command.line not in NOT_RUN
]


def test_the_commands_run(tmp_path: Path) -> None:
    world = World(tmp_path)
    (world.programs / "nbgrader").symlink_to(BIN / "nbgrader")
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    submitted = world.course / "submitted"
    for command in COMMANDS:
        if "doctor" in command.line:  # it names work that nbgrader itself would pass over
            shutil.rmtree(submitted, ignore_errors=True)
        elif "submitted/" in command.line:
            hand_in(submitted, "kim", RIGHT)
        world.run(command.line.replace("/srv/nbgrader/exchange", str(exchange)), world.course)
    assert (world.course / "tests.csv").is_file()
    assert len(COMMANDS) >= 9
