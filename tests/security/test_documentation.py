"""docs/security.md lists promises with the tests that check them; those tests exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autograder.sandbox.levels import CONFINED, LIMITED

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`((?:[\w/]+/)?test_\w+\.py(?:::\w+)?)`", PAGE)))


def test_the_page_names_tests() -> None:
    assert len(NAMED) > 20


@pytest.mark.parametrize("name", NAMED)
def test_a_named_test_exists(name: str) -> None:
    file, _, function = name.partition("::")
    path = ROOT / file if "/" in file else ROOT / "tests" / "security" / file
    assert not function or f"def {function}(" in path.read_text("utf-8")


def test_every_promise_names_a_test() -> None:
    table = PAGE.partition("## Promises")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| ")][2:]
    assert len(rows) >= 15
    assert all(re.search(r"`[^`]*test_\w+\.py", row[2]) for row in rows)


def test_the_page_names_what_is_enforced() -> None:
    assert all(f"`{word}`" in PAGE for word in CONFINED + LIMITED)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([\w/.-]+\.md)\)", PAGE):
        assert (ROOT / "docs" / target).is_file(), target
