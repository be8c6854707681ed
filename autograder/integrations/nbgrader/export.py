"""The gradebook as CSV with a column a test, scores given by hand included.

nbgrader export --exporter=autograder.integrations.nbgrader.export.TestsExportPlugin --to=tests.csv
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, SubmittedAssignment
from nbgrader.plugins import ExportPlugin

from autograder.exports.summary import points
from autograder.exports.table_csv import table
from autograder.grades.grade_file import write_atomically

_TOTALS = ("raw_score", "late_submission_penalty", "score", "max_score")


class TestsExportPlugin(ExportPlugin):
    """nbgrader's own CSV has totals only."""

    def export(self, gradebook: Gradebook) -> None:
        path = Path(self.to or "grades.csv")
        self.log.info("Exporting grades to %s", path)
        wanted = {str(name) for name in self.assignment}
        students = {str(name) for name in self.student}
        write_atomically(path, table(rows(gradebook, wanted, students)))


def rows(gradebook: Gradebook, wanted: set[str], students: set[str]) -> Iterator[list[str]]:
    """A row a submission: assignment, student, when, how late, a column for each
    ``<notebook>/<cell>``, totals. Empty sets stand for everybody and everything."""
    submissions = [
        submission
        for assignment in gradebook.assignments
        if not wanted or assignment.name in wanted
        for submission in assignment.submissions
        if not students or submission.student.id in students
    ]
    scores = [dict(_scores(submission)) for submission in submissions]
    columns = sorted({column for one in scores for column in one})
    yield ["assignment", "student", "submitted", "late_seconds", *columns, *_TOTALS]
    order = sorted(
        zip(submissions, scores, strict=True),
        key=lambda pair: (pair[0].assignment.name, pair[0].student.id),
    )
    for submission, reached in order:
        penalty = submission.late_submission_penalty or 0.0
        yield [
            submission.assignment.name,
            submission.student.id,
            "" if submission.timestamp is None else f"{submission.timestamp.isoformat()}Z",
            points(submission.total_seconds_late),
            *(reached.get(column, "") for column in columns),
            points(submission.score),
            points(penalty),
            points(max(0.0, submission.score - penalty)),
            points(submission.max_score),
        ]


def _scores(submission: SubmittedAssignment) -> Iterator[tuple[str, str]]:
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            yield f"{notebook.name}/{grade.name}", _shown(grade)


def _shown(grade: Any) -> str:
    """Empty where nobody has graded it yet."""
    if grade.auto_score is None and grade.manual_score is None:
        return ""
    return points(grade.score)
