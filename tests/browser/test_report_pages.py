"""The pages of a report in Chromium: on a phone, on dark screens, by keyboard, and for axe-core."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autograder.course.roster import read_roster
from autograder.report.gather import gather
from autograder.report.pages import Settings, write_pages
from tests.support.chromium import CHROMIUM
from tests.support.classes import made_class

ROOT = Path(__file__).parents[2]
AXE = ROOT / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
ROSTER = b"student,name\ns0001,Dina Kim\nzoe,Zoe Lee\n"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    out = tmp_path_factory.mktemp("pages")
    roster = read_roster(ROSTER, "roster.csv")
    report = gather(made_class(30), "en", roster=roster, with_alike=True)
    return write_pages(report, Settings(), out)[:5]


def test_no_page_is_wider_than_a_phone(pages: list[Path], browser: Any) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 700})
    for path in pages:
        page.goto(path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path.name
    page.close()


def test_a_student_is_found_and_opened_by_keyboard(pages: list[Path], browser: Any) -> None:
    page = browser.new_page()
    page.goto(pages[0].as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    page.focus("#filter")
    page.keyboard.type("dina")
    shown = page.locator("#everybody tbody tr:visible")
    assert shown.count() == 1
    # The table scrolls, so that it takes the focus before the link in it.
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/students/s0001.html")
    assert "Dina Kim" in page.locator("h1").inner_text()
    page.close()


@pytest.mark.skipif(not AXE.is_file(), reason="there is no axe-core; make axe brings it")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(pages: list[Path], browser: Any, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    for path in pages:
        page.goto(path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        page.evaluate(AXE.read_text("utf-8"))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        said = [f"{one['impact']}: {one['id']}" for one in found["violations"]]
        assert said == [], path.name
    context.close()


def test_axe_notices_what_is_wrong(browser: Any) -> None:
    """The check above can fail."""
    if not AXE.is_file():
        pytest.skip("there is no axe-core; make axe brings it")
    page = browser.new_page()
    page.set_content("<html><body><img src=''><p style='color:#999;background:#aaa'>To be read</p>")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert {"image-alt", "color-contrast"} <= {one["id"] for one in found["violations"]}
    page.close()
