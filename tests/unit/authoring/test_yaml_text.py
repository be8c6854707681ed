"""YAML changed in one place: what is added is there, and everything else as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from autograder.authoring.yaml_text import (
    add_exercise,
    add_items,
    folded,
    only_languages,
    scalar,
    wrapped,
)
from autograder.errors import UsageError

ROOT = Path(__file__).parents[3]
FILES = [
    *sorted(ROOT.glob("assignments/*/*.yaml")),
    *sorted(ROOT.glob("tests/hidden/*/*.yaml")),
    ROOT / "config.yaml",
]
CONFIG = """\
title: T
assignments:
  one:          # the first
    title: One
    exercises: [a, b]
  two:
    title: {en: Two}
    exercises:
      - c    # here
      # and no more
"""


def test_an_exercise_is_added_to_a_list_in_one_line() -> None:
    assert add_exercise(CONFIG, "one", "d", {}) == CONFIG.replace("[a, b]", "[a, b, d]")


def test_an_exercise_is_added_to_a_list_of_lines() -> None:
    changed = add_exercise(CONFIG, "two", "d", {})
    assert changed == CONFIG.replace("- c    # here\n", "- c    # here\n      - d\n")


def test_an_assignment_is_added_at_the_end() -> None:
    changed = add_exercise(CONFIG, "three", "d", {"en": "Three: more", "ko": "셋"})
    assert changed.startswith(CONFIG.removesuffix("      # and no more\n"))
    assert yaml.safe_load(changed)["assignments"]["three"] == {
        "title": {"en": "Three: more", "ko": "셋"},
        "exercises": ["d"],
    }


@pytest.mark.parametrize(
    "config",
    ["title: T\n", "assignments: {one: {title: T, exercises: [a]}}\n", "assignments:\n  one: 3\n"],
)
def test_what_cannot_be_changed_safely_is_refused(config: str) -> None:
    with pytest.raises(UsageError, match=r"config\.yaml"):
        add_exercise(config, "one", "d", {})


@pytest.mark.parametrize("key", ["mistakes", "further"])
def test_items_are_added_to_a_list(key: str) -> None:
    text = "mistakes:\n  - name: a\n    code: |\n      x = 1\n\n# the end\nright: []\n"
    changed = yaml.safe_load(add_items(text, key, ["- name: b\n  hint: c", "- name: d"]))
    before = yaml.safe_load(text)
    assert changed == {
        **before,
        key: [*before.get(key, []), {"name": "b", "hint": "c"}, {"name": "d"}],
    }


def keep(value: Any, language: str) -> Any:
    if isinstance(value, dict):
        names = [language] if set(value) == {"en", "ko"} else value
        return {name: keep(value[name], language) for name in names}
    return [keep(one, language) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("language", ["en", "ko"])
def test_other_languages_are_cut_out_of_every_file_of_the_course(language: str) -> None:
    for path in FILES:
        text = path.read_text("utf-8")
        changed = only_languages(text, [language], ["en", "ko"])
        assert yaml.safe_load(changed) == keep(yaml.safe_load(text), language), path
        comments = [line for line in text.splitlines() if line.lstrip().startswith("#")]
        assert [line for line in changed.splitlines() if line.lstrip().startswith("#")] == comments


@pytest.mark.parametrize(
    "value",
    [
        *("plain", "two words", "yes", "null", "1", "a: b", "a #b", "- x", "{x}", "'", '"', "한글"),
        *(
            "-dx",
            "2 * dx",
            "dx.astype(np.float32)",
            "a\\b",
            "a, b",
            " x",
            "x ",
            "~",
            "é",
            "%x",
            "@x",
        ),
        *([1, [2, 3]], {"a": 0.5, "b": [-1, 2.25]}, True, 3, -0.5),
    ],
)
def test_a_value_in_one_line_is_read_back(value: Any) -> None:
    assert yaml.safe_load(f"key: {scalar(value)}\n") == {"key": value}
    assert yaml.safe_load(f"{{key: {scalar(value)}}}") == {"key": value}
    if isinstance(value, str):
        assert yaml.safe_load(f"key: {scalar(value, flow=False)}\n") == {"key": value}


def test_a_long_text_is_folded_and_read_back() -> None:
    text = "The *sum* of `a  b` and $x + y$: " + "word " * 40 + "end"
    assert yaml.safe_load(f"key: {folded(text, 2)}\n") == {"key": text.replace("a  b", "a  b")}
    assert all(line.count("$") % 2 == 0 for line in wrapped(text, 20).split("\n"))
