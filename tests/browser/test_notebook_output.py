"""What a notebook shows after a check, in Chromium: to be read on white and on black."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autograder.sandbox.host import Sandbox
from autograder.student import check_html
from autograder.student.checking import check_exercise
from autograder.student.discovery import find_exercises
from autograder.submissions.submission import Submission
from tests.support.chromium import CHROMIUM

ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

# The text and ground colours of JupyterLab's and VS Code's themes, and of exported HTML.
THEMES = {
    "jupyter-light": ("rgba(0,0,0,0.87)", "#ffffff"),
    "jupyter-dark": ("#ffffff", "#111111"),
    "vscode-dark": ("#cccccc", "#1e1e1e"),
    "high-contrast": ("#ffffff", "#000000"),
}
SOURCES = {
    "linear_backward": (
        "import numpy as np\n\ndef linear_backward(x, W, dy):\n    print('seen', x)\n"
        "    return 2 * W.T @ dy, np.outer(dy, x) + (x > 10) * 0.5\n"
    ),
    "dx": "def linear_dx(W, dy):\n    return W @ dy\n",
    "dW": "import numpy as np\n\ndef linear_dW(x, dy):\n    return np.outer(dy, x)\n",
    "jacobian": "def linear_jacobian(W, x):\n    raise NotImplementedError\n",
}

# WCAG 2.2, relative luminance and contrast, of each text on what lies behind it.
CONTRASTS = """
() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const over = (top, below) => {
    const a = top.length > 3 ? top[3] : 1;
    return [0, 1, 2].map(i => a * top[i] + (1 - a) * below[i]);
  };
  const ground = element => {
    if (!element) return [255, 255, 255];
    return over(parse(getComputedStyle(element).backgroundColor), ground(element.parentElement));
  };
  const opacity = element =>
    element ? parseFloat(getComputedStyle(element).opacity) * opacity(element.parentElement) : 1;
  const luminance = colour => {
    const [r, g, b] = colour.map(c => c / 255)
      .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim()) continue;
    const behind = ground(element);
    const colour = parse(getComputedStyle(element).color);
    colour[3] = (colour.length > 3 ? colour[3] : 1) * opacity(element);
    const pair = [luminance(over(colour, behind)), luminance(behind)].sort((a, b) => b - a);
    found.push([(pair[0] + 0.05) / (pair[1] + 0.05), walker.currentNode.data.trim()]);
  }
  return found;
}
"""


@pytest.fixture(scope="module", params=["en", "ko"])
def html(request: pytest.FixtureRequest) -> str:
    works = find_exercises([Path(name) for name in SOURCES], cwd=ROOT)
    checked = []
    with Sandbox("process", works[0].course.limits) as sandbox:
        for work in works:
            source = SOURCES[work.exercise.name]
            submission = Submission("", "linear-layer", {f"{work.exercise.name}.py": source})
            checked.append(
                check_exercise(work.course, work.exercise, submission, sandbox, request.param)
            )
    return check_html.report(checked, request.param)


def page_of(browser: Any, html: str, theme: str, width: int = 900) -> Any:
    colour, ground = THEMES[theme]
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.set_content(
        f'<body style="margin:8px;color:{colour};background:{ground};font-size:14px">{html}'
    )
    return page


@pytest.mark.parametrize("theme", THEMES)
def test_every_text_can_be_read(theme: str, browser: Any, html: str) -> None:
    page = page_of(browser, html, theme)
    found = page.evaluate(CONTRASTS)
    page.close()
    assert len(found) > 50
    assert [(round(ratio, 2), text) for ratio, text in found if ratio < 4.5] == []


@pytest.mark.parametrize("width", [320, 900])
def test_nothing_sticks_out(width: int, browser: Any, html: str) -> None:
    page = page_of(browser, html, "jupyter-light", width)
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    page.close()
    assert overflow <= 0


def test_wrong_elements_are_marked_and_say_what_they_should_be(browser: Any, html: str) -> None:
    page = page_of(browser, html, "jupyter-dark")
    titles = page.eval_on_selector_all("td[title]", "cells => cells.map(cell => cell.title)")
    marked = page.eval_on_selector_all("td", "cells => cells.map(cell => cell.innerText)")
    page.close()
    assert titles[:3] == ["78 ≠ 39", "108 ≠ 54", "138 ≠ 69"]
    assert {"78✗", "108✗", "138✗", "77.5✗", "88.5✗", "39", "63"} <= set(marked)
