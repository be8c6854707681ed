"""``<student>.py``, or ``<student>/`` with the files in it and no folder for the assignment.

A single file is looked at for every exercise of the assignment.
"""

from __future__ import annotations

from pathlib import Path

from autograder.submissions.layouts.found import Request, entries
from autograder.submissions.submission import SubmissionRef, displayable, storable

EXPECTED = "<student>.py files or <student>/ folders with .py files"

_SUFFIXES = (".py", ".ipynb")


def recognises(request: Request) -> bool:
    return bool(_work(request))


def find(request: Request) -> list[SubmissionRef]:
    work = _work(request)
    if not work:
        raise request.refuse("flat", EXPECTED)
    assignment = request.the_assignment("flat")
    refs = []
    for path in work:
        student = displayable(path.name)
        if path.is_dir():
            refs.append(SubmissionRef(student, assignment, path, stored_as=path.name))
            continue
        student = student.removesuffix(path.suffix)
        names = [f"{one.name}.py" for one in request.course.assignments[assignment].exercises]
        if path.suffix == ".ipynb":
            names = [f"{assignment}.ipynb"]
        refs.append(
            SubmissionRef(
                student,
                assignment,
                request.folder,
                files=dict.fromkeys(names, path),
                stored_as=storable(student),
            )
        )
    return refs


def _work(request: Request) -> list[Path]:
    return [
        Path(entry.path)
        for entry in request.entries()
        if (entry.is_file() and entry.name.endswith(_SUFFIXES))
        or (entry.is_dir() and any(one.name.endswith(_SUFFIXES) for one in _inside(entry.path)))
    ]


def _inside(path: str) -> list[Path]:
    return [Path(entry.path) for entry in entries(Path(path))]
