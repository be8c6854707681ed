"""Due dates and attempts applied to grades."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from autograder.course.course import Assignment, Course
from autograder.grades.late_penalty import Attempt, attempt_that_counts, due_date, settle
from autograder.grades.model import Grade
from autograder.submissions.submission import SubmissionRef
from autograder.submissions.submission_time import Evidence, evidence

# Of attempts without a time, the first.
_NO_TIME = datetime(2, 1, 1, tzinfo=UTC)


def with_deadline(
    grade: Grade, course: Course, ref: SubmissionRef, told: Evidence | None = None
) -> Grade:
    """The grade with what handing it in when it was makes of its score; ``told`` is when that
    was, where it is not to be looked for.

    A grade of an assignment without a due date has none of these fields.
    """
    assignment = course.assignments[grade.assignment]
    due = due_date(assignment.due, assignment.extensions, grade.student)
    if due is None:
        return replace(
            grade,
            submitted=None,
            known_by=None,
            known_by_note=None,
            late_seconds=None,
            penalty=None,
            final_score=None,
        )
    found = told or evidence(ref)
    # Of a mark that says "late" without a time, the least; without any evidence, in time.
    is_late = ref.is_late and due == assignment.due
    known = found.time or (due + timedelta(seconds=1) if is_late else due)
    settled = settle(grade.score, grade.max_score, submitted=known, due=due, late=course.late)
    return replace(
        grade,
        # In the course's own offset, so that it reads the same wherever it is graded.
        submitted=None
        if found.time is None
        else found.time.astimezone(due.tzinfo).isoformat(timespec="seconds"),
        known_by=found.source,
        known_by_note=found.note or None,
        late_seconds=settled.late_seconds,
        penalty=settled.penalty,
        final_score=settled.final_score,
    )


def all_due(assignment: Assignment, now: datetime) -> bool:
    """Whether the due date has passed for everybody, extensions included; no due date never
    passes."""
    if assignment.due is None:
        return False
    return now > max([assignment.due, *assignment.extensions.values()])


def counting(
    graded: Sequence[tuple[SubmissionRef, Grade]], course: Course
) -> tuple[SubmissionRef, Grade]:
    """The attempt that counts among those of one student for one assignment."""
    attempts = [Attempt(evidence(ref).time or _NO_TIME, grade.total) for ref, grade in graded]
    return graded[attempt_that_counts(attempts, course.attempts)]
