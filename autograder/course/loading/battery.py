"""``battery`` and ``right`` in the hidden YAML."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from autograder.course.battery import GROUPS, Battery, Subject, battery_tests
from autograder.course.exercise import Dims, Part, RightAnswer, RunTest, Signature
from autograder.course.loading.exercise_tests import MAX_POINTS, read_name
from autograder.course.loading.node import Node, suggest
from autograder.course.loading.python_source import check_code

STANDARD = "standard"
_KEYS = ("points", "except", "dims", "tolerance")


def read_battery(
    node: Node,
    subject: Subject,
    outputs: tuple[str, ...],
    read_dims: Callable[[Node, Mapping[str, Node]], Dims],
) -> tuple[RunTest, ...]:
    """The tests of the battery. They follow from ``subject``; ``read_dims`` reads lengths
    as a test does. Raises :class:`~autograder.errors.CourseError`."""
    if isinstance(node.value, str):
        if node.value != STANDARD:
            raise node.error(f"there is no battery '{node.value}'{suggest(node.value, [STANDARD])}")
        entries: dict[str, Node] = {}
    else:
        entries = node.mapping(_KEYS)
    left_out = _left_out(entries["except"]) if "except" in entries else ()
    battery = Battery(
        points=_points(entries.get("points"), outputs, len(GROUPS) - len(left_out)),
        leave_out=left_out,
        dims=read_dims(node, entries),
        tolerance=_tolerance(entries.get("tolerance"), outputs),
    )
    found = battery_tests(battery, subject)
    if not found:
        raise node.error("nothing is left of the battery; remove it, or leave out less")
    return found


def _left_out(node: Node) -> tuple[str, ...]:
    items = [node] if isinstance(node.value, str) else list(node.items())
    return tuple(item.choice(GROUPS) for item in items)


def _points(node: Node | None, outputs: tuple[str, ...], groups: int) -> tuple[Part, ...]:
    """By default a point for each group."""
    if node is None:
        return (Part(outputs, float(groups)),)
    if isinstance(node.value, dict):
        return tuple(
            Part((name,), entry.number(0, MAX_POINTS))
            for name, entry in node.mapping(outputs).items()
        )
    return (Part(outputs, node.number(0, MAX_POINTS)),)


def _tolerance(node: Node | None, outputs: tuple[str, ...]) -> dict[str, float]:
    if node is None:
        return {}
    return {name: entry.number(0, 0.1) for name, entry in node.mapping(outputs).items()}


def read_right(node: Node, signature: Signature) -> tuple[RightAnswer, ...]:
    """Whole right solutions. Raises :class:`~autograder.errors.CourseError`."""
    found: dict[str, RightAnswer] = {}
    for item in node.items():
        entries = item.mapping(("name", "code"), required=("name", "code"))
        name = read_name(entries["name"], "right answer")
        if name in found:
            raise item.error(f"there are two right answers named '{name}'; rename one", "name")
        found[name] = RightAnswer(name, check_code(entries["code"], signature))
    return tuple(found.values())
