"""What changed between two states of grades, in lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from autograder.cli.language import say
from autograder.course.adjustments import Adjustment
from autograder.exports.summary import points
from autograder.grades.changes import Comparison, GradeChange, TestChange
from autograder.grades.model import Grade
from autograder.text.messages import sanitize

# So many tests of one grade are named.
_MAX_TESTS = 4


def change_lines(comparison: Comparison) -> Iterator[str]:
    """A line for each grade that changed, is new or is gone."""
    for change in comparison.changed:
        yield _line(change)
    for change in comparison.added:
        if change.after is not None:
            yield say("change_added", **_who(change), after=points(change.after.total))
    for change in comparison.gone:
        if change.before is not None:
            yield say("change_gone", **_who(change), before=points(change.before.total))


def summary_line(comparison: Comparison) -> str:
    """How many of the grades changed, and how many went up or down, as shares of their highest
    scores."""
    pairs = [
        (_share(one.before), _share(one.after))
        for one in comparison.changed
        if one.before is not None and one.after is not None
    ]
    up = sum(after > before for before, after in pairs)
    down = sum(after < before for before, after in pairs)
    return say(
        "change_summary" if pairs else "change_none",
        n=len(pairs),
        all=comparison.both,
        up=up,
        down=down,
        same=len(pairs) - up - down,
    )


def _share(grade: Grade) -> float:
    return round(grade.total / grade.max_score, 9) if grade.max_score else 0.0


def unused_line(adjustment: Adjustment, student: str) -> str:
    """A line for a decision that no grade of the student has, as nothing was handed in."""
    return say(
        "adjustment_unused",
        place=f"{adjustment.path}:{adjustment.line}",
        student=sanitize(student, 60),
        assignment=adjustment.assignment,
    )


def _who(change: GradeChange) -> dict[str, object]:
    return {"student": sanitize(change.student, 60), "assignment": change.assignment}


def _line(change: GradeChange) -> str:
    before, after = change.before, change.after
    assert before is not None
    assert after is not None
    highest = ""
    if before.max_score != after.max_score:
        highest = say(
            "change_highest", before=points(before.max_score), after=points(after.max_score)
        )
    tests = [_test(one, with_exercise=len(after.exercises) > 1) for one in change.tests]
    shown = "; ".join(tests[:_MAX_TESTS]) + ("; …" if len(tests) > _MAX_TESTS else "")
    return say(
        "change_line",
        **_who(change),
        before=points(before.total),
        after=points(after.total),
        highest=highest,
        tests=f" ({shown})" if shown else "",
    )


def _test(change: TestChange, *, with_exercise: bool) -> str:
    name = sanitize(change.test, 80)
    if with_exercise:
        name = f"{change.exercise}/{name}"
    before, after = change.before, change.after
    if before is None:
        return say("change_new_test", test=name)
    if after is None:
        return say("change_gone_test", test=name)
    if before.status != after.status:
        was, is_now = say(f"status_{before.status}"), say(f"status_{after.status}")
    else:
        was = f"{points(before.points)}/{points(before.max_points)}"
        is_now = f"{points(after.points)}/{points(after.max_points)}"
    return say("change_test", test=name, before=was, after=is_now)
