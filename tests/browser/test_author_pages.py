"""The preview of an exercise and a worksheet in Chromium: on a phone, in the dark, on paper, and
while somebody saves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.course.loading import load_course
from autograder.release.worksheet import make_worksheets
from tests.integration.test_preview import KEY, Page
from tests.support.chromium import CHROMIUM
from tests.support.small_course import COURSE, ROOT, copy_course

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
CONTRAST = """() => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(part => {
      const c = part / 255;
      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = one => {
    for (; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (!colour.endsWith(", 0)")) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  return Math.min(...[...document.querySelectorAll("p, h2, h3, td, code, a, .tag")].map(one => {
    const pair = [light(getComputedStyle(one).color), light(behind(one))].sort((a, b) => b - a);
    return (pair[0] + 0.05) / (pair[1] + 0.05);
  }));
}"""


def wait_for_all(page: Any) -> None:
    """Until nothing more follows before a save. The page allows no script to be evaluated again and
    again."""
    page.locator("#state", has_text="up to date").wait_for(timeout=60_000)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    page = Page(copy_course(COURSE, tmp_path_factory.mktemp("preview") / "course"))
    yield page
    page.stop()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_preview_fits_and_is_readable(
    served: Page, browser: Any, width: int, scheme: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda one: errors.append(one.text) if one.type == "error" else None)
    page.goto(served.address + KEY)
    wait_for_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) >= 4.5
    assert page.locator("math").count() > 0
    assert page.locator("#mistakes").count() == 1
    assert [one for one in errors if "favicon" not in one and "403" not in one] == []
    page.close()


def test_a_save_is_followed_where_the_reader_is(served: Page, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 900, "height": 600})
    page.goto(served.address + KEY)
    wait_for_all(page)
    page.evaluate("document.getElementById('tests').scrollIntoView()")
    place = page.evaluate("window.scrollY")
    assert place > 100
    public = served.preview.root / "assignments" / "linear-layer" / "dx.yaml"
    text = public.read_text("utf-8")
    public.write_text(text.replace("Gradient by the input", "Saved anew", 1), "utf-8")
    page.locator("h3", has_text="Saved anew").first.wait_for()
    wait_for_all(page)
    assert page.evaluate("window.scrollY") == place
    page.close()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_worksheet_is_read_and_printed(browser: Any, tmp_path: Path, language: str) -> None:
    course = load_course(ROOT, only=["by-hand"])
    people = {"kim": "Kim Minsu", "lee": ""}
    made = make_worksheets(course, course.assignments["by-hand"], people, language)
    path = tmp_path / "sheets.html"
    path.write_bytes(made.files["by-hand.html"])
    page = browser.new_page(viewport={"width": 360, "height": 800})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate(CONTRAST) >= 4.5
    assert asked == [path.as_uri()]
    assert page.locator(".boxes").count() == 16
    assert page.locator(".given math").count() == 12
    # Each student begins a page of their own.
    printed = page.pdf(prefer_css_page_size=True)
    alone = tmp_path / "one.html"
    alone.write_bytes(made.files["kim/by-hand/worksheet.html"])
    page.goto(alone.as_uri())
    one = page.pdf(prefer_css_page_size=True)
    pages = [content.count(b"/Type /Page\n") for content in (printed, one)]
    assert pages[0] == 2 * pages[1] > 0
    page.close()
