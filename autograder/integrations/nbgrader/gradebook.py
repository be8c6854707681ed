"""What the gradebook has to hold, and how it gets there, whoever graded.

Cells come from the course, scores from grades. Manual scores, extra credit and comments are
never touched.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from nbformat import reads
from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    Notebook,
    SolutionCell,
    SourceCell,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.utils import compute_checksum, is_grade, is_locked, is_solution

from autograder.course.course import Course
from autograder.grades.late_penalty import due_date, settle
from autograder.integrations.nbgrader.carrier import MARK


class Change(Struct, frozen=True):
    """What a course changed in the gradebook: names of grade cells."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.altered)

    def __str__(self) -> str:
        parts = (("added", self.added), ("removed", self.removed), ("changed", self.altered))
        return "; ".join(f"{word}: {', '.join(names)}" for word, names in parts if names)


def merged(one: Change, other: Change) -> Change:
    return Change(one.added + other.added, one.removed + other.removed, one.altered + other.altered)


def align(gradebook: Gradebook, assignment: str, carriers: Mapping[str, bytes]) -> Change:
    """Give the gradebook the notebooks and cells of the carriers (by exercise), and every
    submission that is there a place for their grades.

    nbgrader itself refuses to add a cell once somebody has handed in. Cells that are not ours
    stay; ours that the course has no more go, with their scores. Commits.
    """
    found = _assignment(gradebook, assignment)
    total = Change()
    for name, content in carriers.items():
        total = merged(total, _align_notebook(gradebook, found, name, content))
    if total:
        gradebook.db.commit()
    return total


def remove_others(gradebook: Gradebook, assignment: str, exercises: Iterable[str]) -> Change:
    """Remove the notebooks of exercises that the course has no more, with their scores."""
    names = set(exercises)
    removed = []
    for notebook in list(gradebook.find_assignment(assignment).notebooks):
        if notebook.name not in names and _is_ours(notebook):
            gradebook.remove_notebook(notebook.name, assignment)
            removed.append(notebook.name)
    return Change(removed=tuple(removed))


def _is_ours(notebook: Notebook) -> bool:
    """Whether it is that of an exercise: all its grade cells are ours."""
    graded = {cell.name for cell in notebook.grade_cells}
    sources = [cell.source or "" for cell in notebook.source_cells if cell.name in graded]
    return bool(sources) and all(MARK in source for source in sources)


def _assignment(gradebook: Gradebook, name: str) -> Assignment:
    try:
        return gradebook.find_assignment(name)
    except MissingEntry:
        return gradebook.update_or_create_assignment(name)


def _align_notebook(
    gradebook: Gradebook, assignment: Assignment, name: str, content: bytes
) -> Change:
    carrier = reads(content.decode(), as_version=4)
    notebook = next((one for one in assignment.notebooks if one.name == name), None)
    if notebook is None:
        kernel = json.dumps(dict(carrier.metadata.kernelspec))
        notebook = Notebook(name=name, assignment=assignment, kernelspec=kernel)
        gradebook.db.add(notebook)
        for submission in assignment.submissions:
            gradebook.db.add(SubmittedNotebook(notebook=notebook, assignment=submission))
        gradebook.db.flush()
    wanted = {
        cell.metadata.nbgrader.grade_id: cell
        for cell in carrier.cells
        if "nbgrader" in cell.metadata
    }
    sources = {cell.name: cell for cell in notebook.source_cells}
    removed = _remove_stale(gradebook, notebook, sources, wanted)
    added, altered = [], []
    graded = {cell.name: cell for cell in notebook.grade_cells}
    solutions = {cell.name: cell for cell in notebook.solution_cells}
    for grade_id, cell in wanted.items():
        if is_grade(cell) and grade_id not in graded:
            _add_grade_cell(gradebook, notebook, grade_id, cell.metadata.nbgrader.points)
            added.append(f"{name}/{grade_id}")
        elif is_grade(cell) and graded[grade_id].max_score != cell.metadata.nbgrader.points:
            graded[grade_id].max_score = cell.metadata.nbgrader.points
            altered.append(f"{name}/{grade_id}")
        if is_solution(cell) and grade_id not in solutions:
            _add_solution_cell(gradebook, notebook, grade_id)
            added.append(f"{name}/{grade_id}")
        source = sources.get(grade_id)
        if source is None:
            source = SourceCell(name=grade_id, notebook=notebook, cell_type=cell.cell_type)
            gradebook.db.add(source)
        # The answer as released is what generate_assignment makes of it: that stays.
        if source.source is None or is_locked(cell):
            source.source = cell.source
            source.locked = is_locked(cell)
            source.checksum = compute_checksum(cell)
    return Change(tuple(added), tuple(removed), tuple(altered))


def _remove_stale(
    gradebook: Gradebook,
    notebook: Notebook,
    sources: Mapping[str, SourceCell],
    wanted: Iterable[str],
) -> list[str]:
    removed = []
    for cell in notebook.grade_cells:
        source = sources.get(cell.name)
        if cell.name in wanted or source is None or MARK not in (source.source or ""):
            continue
        for grade in list(cell.grades):
            gradebook.db.delete(grade)
        gradebook.db.flush()
        gradebook.db.delete(cell)
        gradebook.db.delete(source)
        removed.append(f"{notebook.name}/{cell.name}")
    gradebook.db.flush()
    gradebook.db.expire(notebook)
    return removed


def _add_grade_cell(gradebook: Gradebook, notebook: Notebook, grade_id: str, points: float) -> None:
    cell = GradeCell(name=grade_id, notebook=notebook, max_score=points, cell_type="code")
    _add_cell(gradebook, cell)
    for submitted in notebook.submissions:
        gradebook.db.add(Grade(cell_id=cell.id, notebook=submitted))


def _add_solution_cell(gradebook: Gradebook, notebook: Notebook, grade_id: str) -> None:
    cell = SolutionCell(name=grade_id, notebook=notebook)
    _add_cell(gradebook, cell)
    for submitted in notebook.submissions:
        gradebook.db.add(Comment(cell_id=cell.id, notebook=submitted))


def _add_cell(gradebook: Gradebook, cell: BaseCell) -> None:
    gradebook.db.add(cell)
    gradebook.db.flush()  # gives it its id


def withdraw(gradebook: Gradebook, assignment: str, student: str, notebooks: Iterable[str]) -> None:
    """Take back what was graded automatically, before it is graded again.

    Should that fail, no old score stands for new work: formgrader shows it as to be graded.
    """
    try:
        submission = gradebook.find_submission(assignment, student)
    except MissingEntry:
        return
    names = set(notebooks)
    for submitted in submission.notebooks:
        if submitted.name in names:
            submitted.late_submission_penalty = None
            for grade in submitted.grades:
                grade.auto_score = None
                grade.needs_manual_grade = True
    gradebook.db.commit()


def write_scores(submitted: SubmittedNotebook, scores: Mapping[str, float]) -> None:
    """Store the scores of a notebook's cells. A manual score stays, and asks for another look
    where the automatic one under it has changed. Raises :class:`MissingEntry` for a score that
    the gradebook has no place for."""
    grades = {grade.name: grade for grade in submitted.grades}
    missing = sorted(scores.keys() - grades.keys())
    if missing:
        raise MissingEntry(f"no place for the scores of {submitted.name}: {', '.join(missing)}")
    for name in scores:
        grade = grades[name]
        changed = grade.auto_score != scores[grade.name]
        if changed:
            grade.auto_score = scores[grade.name]
        if grade.manual_score is None:
            grade.needs_manual_grade = False
        elif changed:
            grade.needs_manual_grade = True


def apply_deadline(
    course: Course,
    submission: SubmittedAssignment,
    submitted: datetime,
    *,
    penalty: float | None = None,
) -> None:
    """Time, due date, extension and late penalty as the course says; only the time where it
    names no due date.

    nbgrader knows penalties a notebook. Ours is one an assignment, so it is shared out in
    proportion to the scores: the sum is what ``autograder grade`` takes off, or ``penalty``.
    """
    _set(submission, "timestamp", _naive(submitted))
    name, student = submission.assignment.name, submission.student.id
    assignment = course.assignments[name]
    due = due_date(assignment.due, assignment.extensions, student)
    if due is None or assignment.due is None:
        return
    _set(submission.assignment, "duedate", _naive(assignment.due))
    _set(submission, "extension", due - assignment.due or None)
    ours = {exercise.name for exercise in assignment.exercises}
    notebooks = [one for one in submission.notebooks if one.name in ours]
    scores = [_score(one) for one in notebooks]
    settled = settle(
        sum(scores), assignment.max_score, submitted=submitted, due=due, late=course.late
    )
    taken = settled.penalty if penalty is None else penalty
    for one, share in zip(notebooks, _shares(taken, scores), strict=True):
        _set(one, "late_submission_penalty", share or None)


def _score(submitted: SubmittedNotebook) -> float:
    """The points of a notebook as nbgrader adds them up; its own sum is only as new as the last
    query."""
    total = 0.0
    for grade in submitted.grades:
        reached = grade.auto_score if grade.manual_score is None else grade.manual_score
        if reached is not None:
            total += reached + (grade.extra_credit or 0.0)
    return max(0.0, total)


def _shares(penalty: float, scores: Sequence[float]) -> list[float]:
    """The penalty in proportion to the scores, none larger than its score."""
    total = sum(scores)
    if penalty <= 0 or total <= 0:
        return [0.0 for _ in scores]
    return [min(score, penalty * score / total) for score in scores]


def _set(row: object, attribute: str, value: object) -> None:
    """Assign where it differs, so that what is in step is not written again."""
    if getattr(row, attribute) != value:
        setattr(row, attribute, value)


def _naive(time: datetime) -> datetime:
    """As the gradebook has times: in UTC, without saying so."""
    return time.astimezone(UTC).replace(tzinfo=None)
