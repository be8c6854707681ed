"""What `nbgrader autograde`, formgrader's button and ``NbGraderAPI.autograde`` run of ours.

``nbgrader_config.py`` names an exporter, which reads what was handed in, and preprocessors in the
place of nbgrader's ``Execute``, ``SaveAutoGrades`` and ``AssignLatePenalties``. Notebooks that are
no exercises of the course go through nbgrader's own, unchanged.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_args

import nbformat
from msgspec import Struct
from nbconvert.exporters import NotebookExporter
from nbgrader.api import Gradebook
from nbgrader.preprocessors import AssignLatePenalties, Execute, SaveAutoGrades
from nbgrader.utils import determine_grade, is_grade
from traitlets import Enum, Unicode
from traitlets.config import Configurable

from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.errors import AutograderError
from autograder.integrations.nbgrader import gradebook as book
from autograder.integrations.nbgrader.carrier import (
    StudentsCells,
    compose,
    fill,
    read_students_cells,
    write_notebook,
)
from autograder.integrations.nbgrader.grading import CourseGrader, course_grader
from autograder.integrations.nbgrader.settings import ignore_autoflush_warnings
from autograder.sandbox.levels import Level
from autograder.submissions import reader
from autograder.submissions.submission import (
    Submission,
    SubmissionRef,
    read_submission,
    wanted_of,
)
from autograder.submissions.submission_time import is_a_time, submission_time

Resources = dict[str, Any]


class Autograder(Configurable):
    """Settings in ``nbgrader_config.py``: ``c.Autograder.course``, ``c.Autograder.isolation``."""

    course = Unicode("", help="The course's folder; default: nbgrader's own.").tag(config=True)
    isolation = Enum(
        get_args(Level), "sandbox", help="How student code is kept apart: sandbox or process."
    ).tag(config=True)


class Place(Struct, frozen=True):
    """Where nbgrader stands: whose work on which notebook, and the folders."""

    student: str
    assignment: str
    notebook: str
    db_url: str
    root: Path
    submitted: Path
    autograded: Path
    source: Path

    def ref(self, course: Course) -> SubmissionRef:
        return SubmissionRef(
            self.student,
            self.assignment,
            self.submitted,
            timestamp_file=self.submitted / "timestamp.txt",
            wanted=wanted_of(course.assignments[self.assignment]),
        )


def _place(converter: Any, resources: Resources) -> Place:
    mine, folders = resources["nbgrader"], converter.coursedir
    student, assignment = mine["student"], mine["assignment"]
    root = Path(folders.root)

    def folder(step: str, whose: str) -> Path:
        return root / str(folders.format_path(step, whose, assignment))

    return Place(
        student=student,
        assignment=assignment,
        notebook=mine["notebook"],
        db_url=mine["db_url"],
        root=root,
        submitted=folder(folders.submitted_directory, student),
        autograded=folder(folders.autograded_directory, student),
        source=folder(folders.source_directory, "."),
    )


def _grader(configurable: Any, place: Place) -> CourseGrader:
    settings = Autograder(config=configurable.config)
    root = Path(settings.course).expanduser() if settings.course else place.root
    # <submitted>/<student>/<assignment>: links up to there are the instructor's.
    reader.read_apart(place.submitted.parent.parent.absolute())
    private = tuple(dict.fromkeys((root.absolute(), place.root.absolute())))
    try:
        return course_grader(root.absolute(), settings.isolation, private)
    except AutograderError as error:
        # nbgrader prints a traceback of a hundred lines around it.
        configurable.log.error("autograder: %s", error)
        raise


class SubmissionExporter(NotebookExporter):
    """Reads what was handed in without trusting it: a notebook that is damaged or hostile is
    its student's problem alone, and never stops the run.

    nbgrader loads the file as it is, and everything in it reaches gradebook, formgrader and
    feedback. Here, of an exercise's notebook nothing but source text is taken over into a new
    one.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        ignore_autoflush_warnings()
        converter = self.parent
        self._theirs = converter.pre_convert_hook
        # Runs before a submission's first notebook is touched; nbgrader's own call of it says
        # '*' for the student.
        converter.pre_convert_hook = self._before_submission
        for folder, notebooks in list(converter.assignments.items()):
            timestamp = Path(folder, "timestamp.txt")
            if not os.path.lexists(timestamp):
                continue
            ordinary = timestamp.is_file() and not timestamp.is_symlink()
            if ordinary and is_a_time(timestamp):
                continue
            self.log.error("%s is no time; the submission is not graded", timestamp)
            # nbgrader fails on it before the hook, or waits for ever to read it.
            self._withdraw(notebooks)
            if not ordinary:
                del converter.assignments[folder]

    def _before_submission(self, **arguments: Any) -> None:
        self._withdraw(self.parent.notebooks)
        if self._theirs is not None:
            self._theirs(**arguments)

    def _withdraw(self, notebooks: list[str]) -> None:
        found = [self.parent.init_single_notebook_resources(one)["nbgrader"] for one in notebooks]
        if found:
            with Gradebook(found[0]["db_url"]) as gradebook:
                names = [one["notebook"] for one in found]
                book.withdraw(gradebook, found[0]["assignment"], found[0]["student"], names)

    def from_filename(self, filename: str, resources: Any = None, **options: Any) -> Any:
        place = _place(self.parent, resources)
        if Path(filename).absolute().parent != place.submitted.absolute():
            return super().from_filename(filename, resources, **options)
        grader = _grader(self, place)
        exercise = grader.exercise(place.assignment, place.notebook)
        if exercise is None:
            self._warn_of_own(place, grader.course)
            return super().from_filename(filename, resources, **options)
        language = grader.language(place.assignment, place.source)
        carrier = grader.carriers(place.assignment, language)[place.notebook]
        with Gradebook(place.db_url) as gradebook:
            change = book.align(gradebook, place.assignment, {place.notebook: carrier})
        if change:
            self.log.warning("autograder: the gradebook is now as the course: %s", change)
        composed = nbformat.from_dict(_composed(place, grader.course, exercise, carrier))
        resources["metadata"] = {"name": place.notebook, "path": str(place.submitted)}
        resources["output_extension"] = self.file_extension
        # There is nothing in it that nbgrader's sanitizing preprocessors would find.
        return nbformat.writes(composed), resources

    def _warn_of_own(self, place: Place, course: Course) -> None:
        """Once a run: nothing keeps such a notebook's code from what the instructor can read."""
        if place.assignment not in course.assignments or place.notebook in _warned_of:
            return
        _warned_of.add(place.notebook)
        self.log.warning(
            "autograder: %s.ipynb is no exercise of the course: nbgrader runs what students handed "
            "in for it in a kernel that can read hidden tests, solutions and the gradebook; keep "
            "it in a course of its own, on an account that cannot read this one",
            place.notebook,
        )


# Notebooks that have been warned of in this process.
_warned_of: set[str] = set()


def _composed(place: Place, course: Course, exercise: Exercise, carrier: bytes) -> dict[str, Any]:
    submission = read_submission(place.ref(course))
    cells = read_students_cells(place.submitted / f"{exercise.name}.ipynb", carrier)
    return compose(carrier, cells, submission, exercise.name)


class ExternalGrade(Execute):
    """In the place of nbgrader's ``Execute``: grades in the sandbox, and runs no cell."""

    def preprocess(self, nb: Any, resources: Resources, km: Any = None) -> tuple[Any, Resources]:
        place = _place(self.parent.parent, resources)
        grader = _grader(self, place)
        exercise = grader.exercise(place.assignment, place.notebook)
        if exercise is None:
            result: tuple[Any, Resources] = super().preprocess(nb, resources, km)
            return result
        language = grader.language(place.assignment, place.source)
        graded = grader.grade(exercise, read_submission(place.ref(grader.course)), language)
        outputs = [dict(cell) for cell in nb.cells]
        fill(outputs, graded.grade, graded.cells, graded.language)
        nb.cells = [nbformat.from_dict(cell) for cell in outputs]
        return nb, resources


class SaveScores(SaveAutoGrades):
    """In the place of nbgrader's ``SaveAutoGrades``, which stores cell by cell: all scores of a
    notebook at once, with the course's due date and late penalty, and the scores of exercises
    that were handed in as ``.py`` without their notebook."""

    def preprocess(self, nb: Any, resources: Resources) -> tuple[Any, Resources]:
        place = _place(self.parent.parent, resources)
        grader = _grader(self, place)
        if grader.exercise(place.assignment, place.notebook) is None:
            result: tuple[Any, Resources] = super().preprocess(nb, resources)
            return result
        scores = {
            cell.metadata.nbgrader.grade_id: determine_grade(cell, self.log)[0]
            for cell in nb.cells
            if is_grade(cell)
        }
        with Gradebook(place.db_url) as gradebook:
            submission = gradebook.find_submission(place.assignment, place.student)
            submitted = {one.name: one for one in submission.notebooks}
            book.write_scores(submitted[place.notebook], scores)
            if place.notebook == _first(grader, place):
                handed_in = read_submission(place.ref(grader.course))
                for exercise in _without_notebook(grader, place):
                    graded = self._grade_file(grader, place, exercise, handed_in)
                    book.write_scores(submitted[exercise.name], graded)
            submitted_at = submission_time(place.ref(grader.course))
            book.apply_deadline(grader.course, submission, submitted_at)
            gradebook.db.commit()
        return nb, resources

    def _grade_file(
        self, grader: CourseGrader, place: Place, exercise: Exercise, submission: Submission
    ) -> dict[str, float]:
        language = grader.language(place.assignment, place.source)
        carrier = grader.carriers(place.assignment, language)[exercise.name]
        notebook = compose(carrier, StudentsCells(), submission, exercise.name)
        graded = grader.grade(exercise, submission, language)
        scores = fill(notebook["cells"], graded.grade, graded.cells, graded.language)
        write_notebook(place.autograded / f"{exercise.name}.ipynb", notebook)
        return scores


class LatePenalties(AssignLatePenalties):
    """In the place of nbgrader's ``AssignLatePenalties``, which takes off by notebook what the
    course takes off by assignment."""

    def preprocess(self, nb: Any, resources: Resources) -> tuple[Any, Resources]:
        place = _place(self.parent.parent, resources)
        grader = _grader(self, place)
        if (
            grader.exercise(place.assignment, place.notebook) is not None
            and grader.course.assignments[place.assignment].due is not None
        ):
            return nb, resources
        # Also an exercise's whose due date only formgrader has been told.
        result: tuple[Any, Resources] = super().preprocess(nb, resources)
        return result


def _first(grader: CourseGrader, place: Place) -> str | None:
    """The notebook of an assignment that the whole submission's business is done with."""
    names = [exercise.name for exercise in grader.course.assignments[place.assignment].exercises]
    return next((name for name in sorted(names) if _has_notebook(place, name)), None)


def _without_notebook(grader: CourseGrader, place: Place) -> list[Exercise]:
    exercises = grader.course.assignments[place.assignment].exercises
    return [exercise for exercise in exercises if not _has_notebook(place, exercise.name)]


def _has_notebook(place: Place, name: str) -> bool:
    return os.path.lexists(place.submitted / f"{name}.ipynb")
