"""Microsoft Teams' library *Student Work*, as SharePoint or OneDrive downloads it:
``Submitted files/Kim Minsu/Homework 1/Version 2/dx.py``.

Teams keeps every time that a student turned in as a version; the highest counts. Where there are
several homeworks, the one whose name is nearest to that of the assignment, or its title, is read.
Microsoft documents the library (Assignments Admin Documentation); the folders in it are as the
tool teams_assignment_explorer (README) reads them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from autograder.errors import UsageError
from autograder.submissions.layouts.found import Request, entries
from autograder.submissions.layouts.unmatched import complaint, nearest
from autograder.submissions.names import same
from autograder.submissions.submission import SubmissionRef, displayable
from autograder.text.said import said

EXPECTED = said("layout_teams")

_SUBMITTED = ("submitted files", "제출된 파일")
_LIBRARY = (*_SUBMITTED, "working files", "작업 중인 파일")
_VERSION = re.compile(r"(?:version|버전)\s*(\d{1,6})", re.IGNORECASE)


def recognises(request: Request) -> bool:
    return any(_versions(homework) for _, homework in _homeworks(_top(request)))


def agreement(request: Request) -> float:
    """How many of the students have a homework with versions, or how much of the library it is."""
    if _top(request) != request.folder:
        is_library = recognises(request)
        return is_library * request.share(lambda entry: entry.name.casefold() in _LIBRARY)
    with_versions: dict[str, bool] = {}
    for student, homework in _homeworks(request.folder):
        with_versions[student] = with_versions.get(student, False) or bool(_versions(homework))
    return request.share(lambda entry: with_versions.get(same(displayable(entry.name)), False))


def unmatched(request: Request) -> list[str]:
    """A line for each student of whom nothing is read."""
    if request.students:
        return []
    read = {ref.student for ref in find(request)}
    return [
        complaint(student, said("unmatched_version"))
        for student in dict.fromkeys(
            same(displayable(entry.name)) for entry in _folders(_top(request))
        )
        if student not in read
    ]


def find(request: Request) -> list[SubmissionRef]:
    if not recognises(request):
        raise request.refuse("teams", EXPECTED)
    assignment = request.the_assignment("teams")
    titles = [assignment, *request.course.assignments[assignment].title.values()]
    by_student: dict[str, list[Path]] = {}
    for student, homework in _homeworks(_top(request)):
        if _versions(homework):
            by_student.setdefault(student, []).append(homework)
    refs = []
    for student, homeworks in by_student.items():
        chosen = homeworks[0]
        if len(homeworks) > 1:
            known = {displayable(one.name): one for one in homeworks}
            meant = next((near for t in titles if (near := nearest(t, known))), None)
            if meant is None:
                continue  # other homework
            chosen = known[meant]
        versions = _versions(chosen)
        refs.append(request.ref(student, assignment, versions[max(versions)]))
    return refs


def _top(request: Request) -> Path:
    """The folder of the students: this one, or the one of what was submitted in it."""
    for entry in request.entries():
        if entry.is_dir() and entry.name.casefold() in _SUBMITTED:
            return Path(entry.path)
    return request.folder


def _homeworks(folder: Path) -> list[tuple[str, Path]]:
    return [
        (same(displayable(student.name)), Path(homework.path))
        for student in _folders(folder)
        for homework in _folders(Path(student.path))
    ]


def _versions(homework: Path) -> dict[int, Path]:
    return {
        int(match[1]): Path(entry.path)
        for entry in _folders(homework)
        if (match := _VERSION.fullmatch(same(entry.name).strip()))
    }


def _folders(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return [entry for entry in entries(folder) if entry.is_dir()]
    except UsageError:
        return []
