"""``adjustments.yaml``: read, and held against the course that it is about."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from autograder.course.adjustments import FILE, Adjustment, Decision, normal
from autograder.course.course import Assignment, Course
from autograder.course.declaration import FILES, ActionEntry, AdjustmentEntry, AdjustmentsFile
from autograder.course.exercise import Exercise
from autograder.course.loading.convert import convert
from autograder.course.loading.node import Findings, suggest
from autograder.course.loading.yaml_source import read_yaml
from autograder.errors import CourseError, UsageError

_ACTIONS = ("add", "set", "excuse")


def load_adjustments(
    course: Course, path: Path | None = None, text: str | None = None
) -> tuple[Adjustment, ...]:
    """The adjustments in ``path``, by default those beside the course's configuration; none where
    the course has no such file. ``text`` is what the file is to have.

    Raises the first :class:`~autograder.errors.CourseError`, with all others in its ``more``: for
    what is not declared, and for names of assignments, exercises and tests that the course lacks.
    Students are checked by :func:`unknown_students`, once it is known who there is.
    """
    file = course.root / FILE if path is None else path
    if path is None and not file.exists():
        return ()
    document = read_yaml(file, course.root, text)
    found = convert(FILES["adjustments"], document, course.languages)
    assert isinstance(found, AdjustmentsFile)
    findings = Findings()
    adjustments = []
    for entry in found.adjustments:
        with findings.collect():
            adjustments.append(_adjustment(entry, course, document.shown))
    findings.raise_first()
    return tuple(adjustments)


def with_adjustment(text: str, adjustment: Adjustment) -> str:
    """The content ``text`` of an ``adjustments.yaml``, which may be empty, with one more entry at
    the end. What is there stays as it is written. Raises :class:`UsageError` where the list is not
    written with an entry a line."""
    lines = text.splitlines()
    listed = [line for line in lines if line.lstrip().startswith("- ") or line.strip() == "-"]
    begins = [line for line in lines if line.startswith("adjustments:")]
    indent = 2
    if not begins:
        lines.append("adjustments:")
    elif not listed:
        place = lines.index(begins[0])
        if lines[place].split("#")[0].strip() not in ("adjustments:", "adjustments: []"):
            raise UsageError("the list is in brackets; write the new entry by hand")
        lines[place] = "adjustments:"
    else:
        indent = len(listed[0]) - len(listed[0].lstrip())
    written = yaml.safe_dump(
        [_entry(adjustment)], allow_unicode=True, sort_keys=False, width=1_000_000
    )
    return "\n".join([*lines, *(" " * indent + line for line in written.splitlines()), ""])


def _entry(adjustment: Adjustment) -> dict[str, Any]:
    decision = adjustment.decision
    action = {
        key: _number(value)
        for key, value in (("add", decision.add), ("set", decision.set))
        if value is not None
    }
    if decision.excuse:
        action["excuse"] = True
    students = adjustment.students
    entry: dict[str, Any] = {}
    if students is not None:
        entry["student"] = students[0] if len(students) == 1 else list(students)
    entry["assignment"] = adjustment.assignment
    entry |= {key: v for key in ("exercise", "test") if (v := getattr(decision, key))}
    entry |= {"all": action} if students is None else action
    return entry | {key: v for key in ("comment", "by") if (v := getattr(decision, key))}


def _number(points: float) -> float:
    return int(points) if points == int(points) else points


def unknown_students(
    adjustments: Collection[Adjustment], students: Collection[str]
) -> list[CourseError]:
    """An error for each student of ``adjustments`` who is not among ``students``."""
    known = set(map(normal, students))
    named = {
        student: one for one in adjustments if one.students is not None for student in one.students
    }
    return [
        one.error(f"there is no student '{student}'{_near(student, students)}")
        for student, one in named.items()
        if normal(student) not in known
    ]


def _near(student: str, students: Collection[str]) -> str:
    found = suggest(student, list(students))
    return found if found.startswith("; did you mean") else ""


def _adjustment(entry: AdjustmentEntry, course: Course, shown: str) -> Adjustment:
    assignment = course.assignments.get(entry.assignment)
    if assignment is None:
        raise entry.error(
            f"there is no assignment '{entry.assignment}'"
            f"{suggest(entry.assignment, list(course.assignments))}",
            "assignment",
        )
    exercise = _exercise(entry, assignment)
    _check_test(entry, exercise)
    if entry.all is not None and entry.student is not None:
        raise entry.error("'all' is for everybody; remove it, or 'student'", "all")
    if entry.all is None and entry.student is None:
        raise entry.error(
            "an adjustment needs a 'student', or 'all' for everybody, such as 'all: {add: 1}'"
        )
    action: ActionEntry | AdjustmentEntry = entry if entry.all is None else entry.all
    own = [key for key in _ACTIONS if entry.has(key)]
    if entry.all is not None and own:
        raise entry.error(f"'{own[0]}' for everybody belongs into 'all'", own[0])
    _check_action(action, assignment, exercise, entry)
    line, column = entry.node.document.place(entry.node.keys)
    decision = Decision(
        exercise=entry.exercise or "",
        test=entry.test or "",
        add=action.add,
        set=action.set,
        excuse=action.excuse,
        comment=entry.comment or "",
        by=entry.by or "",
    )
    students = None if entry.all is not None else tuple(entry.student or ())
    return Adjustment(entry.assignment, decision, students, shown, line, column)


def _exercise(entry: AdjustmentEntry, assignment: Assignment) -> Exercise | None:
    if entry.exercise is None:
        if entry.test is not None:
            raise entry.error("a 'test' belongs to an 'exercise'; name it, too", "test")
        return None
    names = [one.name for one in assignment.exercises]
    if entry.exercise not in names:
        raise entry.error(
            f"there is no exercise '{entry.exercise}' in {assignment.name}"
            f"{suggest(entry.exercise, names)}",
            "exercise",
        )
    return assignment.exercises[names.index(entry.exercise)]


def _check_test(entry: AdjustmentEntry, exercise: Exercise | None) -> None:
    if entry.test is None or exercise is None:
        return
    names = [test.name for test in exercise.tests]
    if entry.test in names:
        return
    if any(test.name == entry.test for test in exercise.disabled):
        raise entry.error(
            f"the test '{entry.test}' is disabled and counts for nobody; remove the adjustment",
            "test",
        )
    raise entry.error(
        f"there is no test '{entry.test}' in {exercise.assignment}/{exercise.name}"
        f"{suggest(entry.test, names)}",
        "test",
    )


def _check_action(
    action: ActionEntry | AdjustmentEntry,
    assignment: Assignment,
    exercise: Exercise | None,
    entry: AdjustmentEntry,
) -> None:
    given = [key for key in _ACTIONS if action.has(key)]
    if len(given) != 1:
        raise action.error(
            "an adjustment needs exactly one of 'add' (points), 'set' (points) and "
            "'excuse: true'" + (f", and has {' and '.join(map(repr, given))}" if given else "")
        )
    if given == ["excuse"]:
        if not action.excuse:
            raise action.error("'excuse' is true or not there; remove the adjustment", "excuse")
        if exercise is None:
            raise action.error(
                "a whole assignment is excused where its grades go, such as in the learning "
                "platform; name an 'exercise' or a 'test' to excuse here",
                "excuse",
            )
        if len(assignment.exercises) == 1 and (entry.test is None or len(exercise.tests) == 1):
            raise action.error("nothing is left that could count instead; use 'set'", "excuse")
        return
    highest = _highest(assignment, exercise, entry.test)
    if action.set is not None and action.set > highest:
        raise action.error(f"'set' is {action.set:g}, and there are {highest:g} points", "set")
    if action.add is not None and abs(action.add) > highest:
        raise action.error(f"'add' is {action.add:g}, and there are {highest:g} points", "add")


def _highest(assignment: Assignment, exercise: Exercise | None, test: str | None) -> float:
    if exercise is None:
        return assignment.max_score
    if test is None:
        return exercise.max_score
    return sum(part.points for one in exercise.tests if one.name == test for part in one.parts)
