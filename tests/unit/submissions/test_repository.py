"""What the repository promises to its readers: files, names and commands that must agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from autograder.course.loading import load_course

ROOT = Path(__file__).resolve().parents[3]
CLASS = ROOT / "examples" / "submissions"
# The exercises in which the sample class makes every known mistake.
HIDDEN = [
    ROOT / "tests" / "hidden" / "linear-layer" / f"{name}.yaml"
    for name in ("dx", "dW", "linear_backward")
]
COURSE_FILES = [
    ROOT / "config.yaml",
    *sorted((ROOT / "assignments").rglob("*.yaml")),
    *sorted((ROOT / "tests" / "hidden").rglob("*.yaml")),
]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", HIDDEN, ids=relative)
def test_sample_class_makes_every_known_mistake(path: Path) -> None:
    mistakes = yaml.safe_load(path.read_text("utf-8"))["mistakes"]
    assert len(mistakes) >= 8
    for mistake in mistakes:
        student = CLASS / f"mistake-{mistake['name']}"
        assert (student / "linear-layer" / f"{path.stem}.py").is_file(), student.name


def test_every_mistaken_student_makes_a_known_mistake() -> None:
    known = {
        f"mistake-{mistake['name']}"
        for path in HIDDEN
        for mistake in yaml.safe_load(path.read_text("utf-8"))["mistakes"]
    }
    assert {path.name for path in CLASS.glob("mistake-*")} == known


def test_examples_readme_lists_exactly_the_class() -> None:
    text = (ROOT / "examples" / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in CLASS.iterdir())


def test_every_assignment_is_worth_100_points() -> None:
    assignments = load_course(ROOT).assignments
    assert {
        name: assignment.max_score for name, assignment in assignments.items()
    } == dict.fromkeys(assignments, 100)


def test_commands_in_the_readme_are_targets() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    named = set(
        re.findall(r"^make ([a-z-]+)", (ROOT / "README.md").read_text("utf-8"), flags=re.MULTILINE)
    )
    assert {"demo", "test"} <= named <= targets


def test_ci_runs_targets() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    script = ROOT / ".ci" / "run"
    command = re.compile(r'^"\$\{plain\[@\]\}" make ([a-z-]+)$', flags=re.MULTILINE)
    named = set(command.findall(script.read_text("utf-8")))
    assert {"lint", "test", "test-nbgrader"} <= named <= targets
    assert script.stat().st_mode & 0o111, "not executable"


@pytest.mark.parametrize("path", COURSE_FILES, ids=relative)
def test_yaml_has_no_tabs(path: Path) -> None:
    assert "\t" not in path.read_text("utf-8")


@pytest.mark.parametrize("path", COURSE_FILES, ids=relative)
def test_every_text_is_in_both_languages(path: Path) -> None:
    for text in texts(yaml.safe_load(path.read_text("utf-8"))):
        assert set(text) == {"en", "ko"}
        # A title may be a term that Korean borrows as it is.
        assert re.search("[가-힣]", text["ko"]) or text["ko"] == "Linear layer"
        assert not re.search("[가-힣]", text["en"])


def texts(node: object) -> list[dict[str, str]]:
    """Every mapping from languages to text in a document."""
    if isinstance(node, dict):
        if "en" in node or "ko" in node:
            return [node]
        return [found for value in node.values() for found in texts(value)]
    if isinstance(node, list):
        return [found for value in node for found in texts(value)]
    return []
