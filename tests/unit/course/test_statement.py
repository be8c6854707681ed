"""The statement that students read: complete, in both languages, readable on GitHub."""

from __future__ import annotations

import re
from html import unescape

import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace

from autograder.authoring import latex
from autograder.course.exercise import Exercise
from autograder.course.statement import for_github, statement_markdown
from tests.support.whole_course import COURSE

EXERCISES = [
    exercise for assignment in COURSE.assignments.values() for exercise in assignment.exercises
]


def exercise(name: str) -> Exercise:
    return next(one for one in EXERCISES if one.name == name)


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("one", EXERCISES, ids=lambda one: one.name)
def test_statement_has_everything(one: Exercise, language: str) -> None:
    written = statement_markdown(one, language)
    assert written.startswith(f"## {one.title[language]}\n")
    assert one.statement[language].strip() in written
    assert f"`{one.file}`" in written
    assert f"{one.max_score:g}" in written
    if one.answers:  # the form shows the shapes
        assert all(f"| `{name}` |" in written for name in one.answers)
    else:
        assert written.lower().count("shape") >= 1
    assert not list(latex.problems(written))
    assert "{" not in re.sub(r"\$\$.*?\$\$|\$.*?\$|`.*?`", "", written, flags=re.DOTALL)


def without_table(one: Exercise) -> Exercise:
    return replace(one, statement={"en": "Do it.", "ko": "하세요."})


def test_statement_says_shapes_points_and_what_to_write() -> None:
    one = without_table(exercise("linear_backward"))
    written = statement_markdown(one, "en", level=1)
    assert written.startswith("# Backward pass of a linear layer\n\nDo it.\n\n")
    assert "Write `linear_backward(x, W, dy) -> dx, dW` in `linear_backward.py`." in written
    assert "| `W` | `(m, n)` |\n| `dy` | `(m,)` |\n| `dx` (returned) | `(n,)` |" in written
    assert "| `dW` (returned) | `(m, n)` |" in written
    assert "에 작성할 것은" in statement_markdown(one, "ko")
    module = exercise("linear_module")
    assert "Write `Linear` in `linear_module.py`." in statement_markdown(module, "en")
    assert "in `a.ipynb`" in statement_markdown(module, "en", file="a.ipynb")
    axes = statement_markdown(without_table(exercise("leading_axes")), "en")
    assert "`(..., n)`" in axes
    train = statement_markdown(without_table(exercise("train")), "en")
    assert "| `lr` | a number |" in train
    check = statement_markdown(without_table(exercise("check_linear")), "en")
    assert "| `backward` | a function |" in check


def test_a_table_of_shapes_is_there_once() -> None:
    written = statement_markdown(exercise("dx"), "ko")
    assert written.count("| --- | --- | --- |") == 1
    assert ":--" not in written


@pytest.mark.parametrize("one", EXERCISES, ids=lambda one: one.name)
def test_formulas_reach_github_unchanged(one: Exercise) -> None:
    """Whatever Markdown does to text, formulas are code to it, and come out as they were."""
    written = statement_markdown(one, "en")
    without_code = re.sub(r"```.*?```|`[^`\n]*`", "", written, flags=re.DOTALL)
    formulas = [
        "".join((display or inline).split())
        for display, inline in re.findall(r"\$\$(.+?)\$\$|\$([^$]+?)\$", without_code, re.DOTALL)
    ]
    assert formulas
    html = MarkdownIt("commonmark").enable("table").render(for_github(written))
    read = re.findall(
        r'<code class="language-math">(.*?)</code>|\$<code>(.*?)</code>\$', html, re.DOTALL
    )
    found = ["".join(unescape(display or inline).split()) for display, inline in read]
    assert found == formulas


def test_code_and_display_within_a_line_stay() -> None:
    assert for_github("`a $b$ c` and $x$\n") == "`a $b$ c` and $`x`$\n"
    assert for_github("so $$x$$ here") == "so $$x$$ here"
    assert for_github("- point\n\n  $$x \\\\ y$$\n  more\n") == (
        "- point\n\n  ```math\n  x \\\\ y\n  ```\n  more\n"
    )
