"""Due dates and attempts applied to grades."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from autograder.course.course import Assignment, Course
from autograder.grades.model import Grade
from autograder.grades.policy import Attempt, attempt_that_counts, due_date, settle
from autograder.submissions.submission import SubmissionRef
from autograder.submissions.submission_time import submission_time


def with_deadline(grade: Grade, course: Course, ref: SubmissionRef) -> Grade:
    """The grade with what handing it in when it was makes of its score.

    A grade of an assignment without a due date has none of these fields.
    """
    assignment = course.assignments[grade.assignment]
    due = due_date(assignment.due, assignment.extensions, grade.student)
    if due is None:
        return replace(grade, submitted=None, late_seconds=None, penalty=None, final_score=None)
    submitted = submission_time(ref)
    settled = settle(grade.score, grade.max_score, submitted=submitted, due=due, late=course.late)
    return replace(
        grade,
        # In the course's own offset, so that it reads the same wherever it is graded.
        submitted=submitted.astimezone(due.tzinfo).isoformat(timespec="seconds"),
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
    attempts = [Attempt(submission_time(ref), grade.total) for ref, grade in graded]
    return graded[attempt_that_counts(attempts, course.attempts)]
