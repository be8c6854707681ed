"""``<student>.py``, or ``<student>/`` with the files in it and no folder for the assignment.

A single file is looked at for every exercise of the assignment.
"""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from autograder.submissions.layouts.found import Request
from autograder.submissions.layouts.unmatched import has_work
from autograder.submissions.names import meaning
from autograder.submissions.submission import SubmissionRef, displayable
from autograder.text.said import said

EXPECTED = said("layout_flat")

_CODE = ("python", "notebook", "form")


def recognises(request: Request) -> bool:
    return bool(_work(request)) and not is_around(request)


def is_around(request: Request) -> bool:
    """Whether there is one folder, with folders with work and no work directly in it: it is around
    a class, and no student's."""
    inside = request.entries()
    if len(inside) != 1 or not inside[0].is_dir():
        return False
    entries_within = replace(request, folder=Path(inside[0].path)).entries()
    folders = [one for one in entries_within if one.is_dir() and has_work(Path(one.path))]
    return len(folders) > 1 and not any(
        one.is_file() and _kind(one.name) in _CODE for one in entries_within
    )


def find(request: Request) -> list[SubmissionRef]:
    work = _work(request)
    if not work or is_around(request):
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
        elif path.suffix.casefold() == ".zip" or _kind(path.name) == "form":
            names = [path.name]
            student = student.removesuffix(".answers")
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
