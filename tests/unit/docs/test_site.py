"""The site of the documentation: what its pages are made from. ``make docs`` builds it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autograder.cli import COMMANDS, grade
from docs import make_site
from docs.make_site import BrokenLink, Pages, broken_links, gather, reference
from docs.pictures import drawings

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def pages() -> Pages:
    return gather(ROOT, reference(ROOT))


def small(root: Path, **texts: str) -> Path:
    """A repository with these pages in docs/, and a README."""
    (root / "docs").mkdir()
    for name, text in {"README": "# Start\n", **texts}.items():
        folder = root if name.isupper() else root / "docs"
        (folder / f"{name}.md").write_text(text, "utf-8")
    return root


def test_every_page_of_the_navigation_is_there(pages: Pages) -> None:
    config = (ROOT / "docs" / "zensical.toml").read_text("utf-8")
    named = re.findall(r'= "([\w/.-]+\.md)"', config)
    assert len(named) > 20
    assert set(named) <= set(pages.texts)


def test_every_page_is_in_the_navigation_or_among_the_decisions(pages: Pages) -> None:
    config = (ROOT / "docs" / "zensical.toml").read_text("utf-8")
    ours = {name for name in pages.texts if not name.startswith(("decisions/0", "repository/"))}
    assert ours == {name for name in ours if f'"{name}"' in config}


def test_the_reference_has_every_command_and_option(pages: Pages) -> None:
    page = pages.texts["reference/commands.md"]
    assert all(f"## autograder {name}" in page for name in COMMANDS)
    for parameter in grade.command.params:
        assert all(name in page for name in parameter.opts if name.startswith("--"))


def test_every_decision_is_listed(pages: Pages) -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
    page = pages.texts["decisions/README.md"]
    assert all(f"]({path.name})" in page for path in decisions)


def test_links_between_files_become_links_between_pages(tmp_path: Path) -> None:
    root = small(
        tmp_path,
        one="[two](two.md#there) [start](../README.md) [it](../setup.sh) `[x](y)` [`a`](two.md)\n",
        two="# Two\n\n```text\n[left](alone.md)\n```\n",
    )
    (root / "setup.sh").write_text("echo\n")
    pages = gather(root, {})
    assert pages.texts["one.md"] == (
        "[two](two.md#there) [start](index.md) [it](repository/setup.sh.md) `[x](y)` "
        "[`a`](two.md)\n"
    )
    assert "echo" in pages.texts["repository/setup.sh.md"]


@pytest.mark.parametrize("link", ["nowhere.md", "../nowhere.py", "../docs"])
def test_a_link_to_nowhere_ends_the_build(link: str, tmp_path: Path) -> None:
    root = small(tmp_path, one=f"See [this]({link}).\n", two="# Two\n")
    with pytest.raises(BrokenLink, match=r"docs/one\.md: leads nowhere"):
        gather(root, {})


@pytest.mark.parametrize(
    ("link", "is_broken"),
    [
        ("../two/", False),
        ("../two/#here", False),
        ("../two/#gone", True),
        ("../three/", True),
        ("picture.svg", True),
        ("#top", False),
        ("#bottom", True),
        ("https://example.org/x", False),
    ],
)
def test_a_broken_link_of_the_finished_site_is_found(
    link: str, is_broken: bool, tmp_path: Path
) -> None:
    for name, body in (
        ("one", f'<p id="top"><a href="{link}">x</a></p>'),
        ("two", '<p id="here">'),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text(body)
    assert list(broken_links(tmp_path)) == ([("one/index.html", link)] if is_broken else [])


@pytest.mark.parametrize("name", drawings.drawings())
def test_the_drawings_are_those_of_the_program(name: str) -> None:
    """Mend with: .venv/bin/python docs/pictures/drawings.py"""
    drawn = (ROOT / "docs" / "pictures" / name).read_text("utf-8")
    assert drawn == drawings.drawings()[name]


def test_formulas_are_found_outside_code_only() -> None:
    found = make_site._FORMULA.findall("costs $5 and $x_i$; `$HOME` or $ x $ and $y = W x$.")
    assert found == ["x_i", "y = W x"]
