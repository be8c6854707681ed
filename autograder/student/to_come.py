"""What an assignment still asks for beyond its public tests: hidden points, and the due date.

A bundle has no hidden tests. It has a file that says what they are worth and, unless the course
keeps even that to itself, what they are about.
"""

from __future__ import annotations

import math
import stat
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from autograder.course.battery import GROUPS, PREFIX
from autograder.course.course import Course
from autograder.course.exercise import EfficiencyTest, Exercise, Test
from autograder.course.statement import for_terminal
from autograder.student.checking import complete_exercise
from autograder.text.language import Language, Text
from autograder.text.messages import pick, text

FILE_NAME = "hidden-points.json"
MAX_BYTES = 1 << 20
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class ToCome(Struct, frozen=True):
    """The points of the hidden tests of an exercise, and what these are about: groups of the
    battery, ``efficiency``, and titles of others."""

    points: float
    about: tuple[str | Text, ...] = ()


def hidden_part(exercise: Exercise, *, with_titles: bool) -> ToCome:
    """What the hidden tests of a complete exercise give. Without ``with_titles``, nothing is said
    of what they are about."""
    hidden = [test for test in exercise.tests if test.visibility == "hidden"]
    points = math.fsum(part.points for test in hidden for part in test.parts)
    about: list[str | Text] = []
    for test in hidden if with_titles else ():
        if any(part.points for part in test.parts):
            one = _about(test)
            if one is not None and one not in about:
                about.append(one)
    return ToCome(round(points, 9), tuple(about))


def _about(test: Test) -> str | Text | None:
    if isinstance(test, EfficiencyTest):
        return "efficiency"
    group = test.name.removeprefix(PREFIX)
    if group != test.name and group in GROUPS:
        return group
    return test.title or None


def encode_to_come(exercises: Sequence[Exercise], *, with_titles: bool) -> bytes:
    """The file of an assignment's bundle."""
    found = {one.name: hidden_part(one, with_titles=with_titles) for one in exercises}
    return msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n"


def file_path(root: Path, assignment: str) -> Path:
    return root / "assignments" / assignment / FILE_NAME


def to_come(course: Course, exercise: Exercise) -> ToCome | None:
    """What the hidden tests give, from the file of a bundle or from the tests themselves; None
    where neither is there."""
    found = _read(file_path(course.root, exercise.assignment)).get(exercise.name)
    if found is not None:
        return found
    complete = complete_exercise(course, exercise)
    return None if complete is None else hidden_part(complete, with_titles=True)


@cache
def _read(path: Path) -> Mapping[str, ToCome]:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            return {}
        return msgspec.json.decode(path.read_bytes(), type=dict[str, ToCome])
    except (OSError, msgspec.MsgspecError, UnicodeError):
        return {}


def about_in_words(parts: Sequence[ToCome], language: Language, *, most: int = 6) -> str:
    """What the hidden tests are about, the most frequent first, at most so many."""
    counts: dict[str, int] = {}
    for part in parts:
        for one in part.about:
            word = (
                text(f"to_come_{one}".replace("-", "_"), language) if isinstance(one, str) else ""
            )
            if isinstance(one, dict):
                word = for_terminal(pick(one, language)).replace("`", "")
            counts[word] = counts.get(word, 0) + 1
    words = sorted(counts, key=lambda word: -counts[word])
    about = ", ".join(words[:most])
    return text("to_come_and_others", language, about=about) if len(words) > most else about


def due_in_words(due: datetime, now: datetime, language: Language) -> str:
    """The due date with its weekday, and how long that is from ``now``, both with a time zone. The
    zone is named where it is not that of ``now``."""
    shown = text(
        "due_date",
        language,
        weekday=text(f"weekday_{due.weekday()}", language),
        month_name=text(f"month_{due.month}", language),
        day=due.day,
        time=f"{due:%H:%M}",
    )
    if due.utcoffset() != now.utcoffset():
        zone = f"{due:%z}"
        shown += f" UTC{zone[:3]}:{zone[3:5]}"
    seconds = (due - now).total_seconds()
    return f"{shown} ({_distance(seconds, language)})"


def _distance(seconds: float, language: Language) -> str:
    key = "due_in" if seconds >= 0 else "due_ago"
    away = abs(seconds)
    for unit, length in (("days", _DAY), ("hours", _HOUR)):
        if away >= 2 * length or (unit == "hours" and away >= length):
            number = int(away // length)
            return text(f"{key}_{unit}", language, n=number)
    return text(f"{key}_minutes", language, n=int(away // _MINUTE))


def summary_lines(
    course: Course,
    assignment: str,
    checked: Sequence[tuple[Exercise, float, float]],
    now: datetime,
    language: Language,
) -> Iterator[str]:
    """The points of the public tests of the exercises, with their maximum; what hidden tests give
    besides, and when the work is due."""
    maximum = math.fsum(most for _, _, most in checked)
    score = math.fsum(points for _, points, _ in checked)
    parts = [one for exercise, _, _ in checked if (one := to_come(course, exercise)) is not None]
    hidden = math.fsum(part.points for part in parts)
    if checked and all(exercise.answers for exercise, _, _ in checked):
        yield text("to_come_by_hand", language, points=f"{hidden:g}")
        hidden = 0.0
    elif maximum:
        yield text("to_come_public", language, score=f"{score:g}", points=f"{maximum:g}")
    elif hidden:
        yield text("to_come_practice", language)
    if hidden:
        about = about_in_words(parts, language)
        key = "to_come_hidden_about" if about else "to_come_hidden"
        yield text(key, language, points=f"{hidden:g}", about=about)
    due = course.assignments[assignment].due
    if due is not None:
        yield text("to_come_due", language, due=due_in_words(due, now, language))
