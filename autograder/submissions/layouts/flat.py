"""``<student>.py``, or ``<student>/`` with the files in it and no folder for the assignment.

A single file is looked at for every exercise of the assignment.
"""

from __future__ import annotations

from pathlib import Path

from autograder.submissions.layouts.found import Request
from autograder.submissions.layouts.unmatched import has_work
from autograder.submissions.names import meaning
from autograder.submissions.submission import SubmissionRef, displayable

EXPECTED = "<student>.py files or <student>/ folders with .py files"

_CODE = ("python", "notebook")


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
            refs.append(request.ref(student, assignment, path, stored_as=path.name))
            continue
        student = student[: -len(path.suffix)]
        names = [f"{one.name}.py" for one in request.course.assignments[assignment].exercises]
        if path.suffix.casefold() == ".ipynb":
            names = [f"{assignment}.ipynb"]
        elif path.suffix.casefold() == ".zip":
            names = [path.name]
        files = dict.fromkeys(names, path)
        refs.append(request.ref(student, assignment, request.folder, files=files))
    return refs


def _work(request: Request) -> list[Path]:
    return [
        Path(entry.path)
        for entry in request.entries()
        if (entry.is_file() and _kind(entry.name) in (*_CODE, "archive"))
        or (entry.is_dir() and has_work(Path(entry.path)))
    ]


def _kind(name: str) -> str:
    return meaning(name, (), "").kind
