"""Every command of the pages about nbgrader runs, in their order."""

from __future__ import annotations

from pathlib import Path

from tests.nbgrader.lab import BIN
from tests.support.documented import NOT_RUN, PAGES, World, documented

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
    for command in COMMANDS:
        world.run(command.line.replace("/srv/nbgrader/exchange", str(exchange)), world.course)
    assert (world.course / "tests.csv").is_file()
    assert len(COMMANDS) >= 9
