"""The parts of ``config.yaml`` about due dates, lateness, attempts and feedback."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

from autograder.course.course import HiddenFeedback
from autograder.course.loading.node import Node
from autograder.course.policy import Attempts, Late

# More than any term, to catch a number that was meant to be something else.
_MAX_DAYS = 366
_MAX_MINUTES = 7 * 24 * 60
_MAX_ATTEMPTS = 1000


def load_due_date(node: Node) -> datetime:
    """A date and time with its offset from UTC."""
    example = "2026-12-01T23:59:00+09:00"
    shown = node.text() if isinstance(node.value, str) else ""
    try:
        time = datetime.fromisoformat(shown)
    except ValueError:
        time = None
    if time is None or len(shown) < len("2026-12-01T23:59"):
        raise node.error(
            f"{node.name} must be a date and time such as {example}, not {node.kind()}"
        )
    if time.utcoffset() is None:
        raise node.error(
            f"{node.name} has no offset from UTC, so that it is another moment on every machine; "
            f"write it as {example}"
        )
    return time


def load_extensions(node: Node, due: datetime | None) -> dict[str, datetime]:
    """Due dates of their own, by student, none of them before ``due``."""
    entries = node.mapping()
    if due is None:
        raise node.error("'extensions' without 'due' extend nothing; add 'due' or remove them")
    extensions = {}
    for student, entry in entries.items():
        extensions[student] = load_due_date(entry)
        if extensions[student] < due:
            raise entry.error(
                f"the extension of '{student}' ends before the due date, {due.isoformat()}"
            )
    return extensions


def load_late(node: Node) -> Late:
    entries = node.mapping(("penalty_per_day", "at_most_days", "grace_minutes"))
    default = Late()
    return Late(
        penalty_per_day=entries["penalty_per_day"].number(0, 100)
        if "penalty_per_day" in entries
        else default.penalty_per_day,
        at_most_days=entries["at_most_days"].integer(0, _MAX_DAYS)
        if "at_most_days" in entries
        else default.at_most_days,
        grace_minutes=entries["grace_minutes"].number(0, _MAX_MINUTES)
        if "grace_minutes" in entries
        else default.grace_minutes,
    )


def load_attempts(node: Node) -> Attempts:
    entries = node.mapping(("keep", "at_most"))
    keep = entries["keep"].choice(("best", "last")) if "keep" in entries else "last"
    return Attempts(
        keep="best" if keep == "best" else "last",
        at_most=entries["at_most"].integer(1, _MAX_ATTEMPTS) if "at_most" in entries else None,
    )


def load_feedback(node: Node) -> HiddenFeedback:
    """How much students see of hidden tests."""
    entry = node.mapping(("hidden",), required=("hidden",))["hidden"]
    wanted = entry.choice(get_args(HiddenFeedback))
    policies: tuple[HiddenFeedback, ...] = get_args(HiddenFeedback)
    return next(policy for policy in policies if policy == wanted)
