"""Due dates and attempts applied to grades."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec.structs import replace

from autograder.course import Assignment, Course
from autograder.grade import Grade
from autograder.policy import Attempt, attempt_that_counts, due_date, settle
from autograder.submission import SubmissionRef
from autograder.submitted import submission_time


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


def numbered(refs: Iterable[SubmissionRef]) -> list[SubmissionRef]:
    """The submissions, with those of the same student for the same assignment numbered by
    time as attempts; ordered by student, assignment and attempt."""
    groups: dict[tuple[str, str], list[SubmissionRef]] = {}
    for ref in refs:
        groups.setdefault((ref.student, ref.assignment), []).append(ref)
    found: list[SubmissionRef] = []
    for _, group in sorted(groups.items()):
        if len(group) > 1:
            group.sort(key=lambda ref: (submission_time(ref), str(ref.folder)))
            group = [replace(ref, attempt=number) for number, ref in enumerate(group, start=1)]
        found.extend(group)
    return found


def counting(
    graded: Sequence[tuple[SubmissionRef, Grade]], course: Course
) -> tuple[SubmissionRef, Grade]:
    """The attempt that counts among those of one student for one assignment."""
    attempts = [Attempt(submission_time(ref), grade.total) for ref, grade in graded]
    return graded[attempt_that_counts(attempts, course.attempts)]
