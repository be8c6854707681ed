"""``<assignment>-<user>/``: student repositories as GitHub Classroom names them, and
``<assignment>-submissions/`` around them, as ``gh classroom clone student-repos`` makes it."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from autograder.submissions.layouts.found import Request, repository_ref
from autograder.submissions.submission import SubmissionRef, displayable
from autograder.text.said import joined, said

EXPECTED = said("layout_classroom")


def recognises(request: Request) -> bool:
    """Only where every folder is such a repository: in other layouts students may be called
    as an assignment is."""
    everything = replace(request, assignments=tuple(request.course.assignments))
    folders = [entry for entry in request.entries() if entry.is_dir()]
    if not 0 < len(folders) == len(_repositories(everything)):
        return False
    if len(folders) == 1 and folders[0].name.endswith("-submissions"):  # no user's, perhaps
        return not recognises(replace(request, folder=Path(folders[0].path)))
    return True


def find(request: Request) -> list[SubmissionRef]:
    refs = [
        repository_ref(request, student, assignment, root)
        for student, assignment, root in _repositories(request)
    ]
    if not refs:
        assignments = joined("either", request.assignments)
        raise request.refuse(
            "classroom", said("layout_where", expected=EXPECTED, assignments=assignments)
        )
    return refs


def _repositories(request: Request) -> list[tuple[str, str, Path]]:
    # The longest name first: 'linear-layer-2-kim' is no work of '2-kim' for 'linear-layer'.
    known = sorted(request.course.assignments, key=len, reverse=True)
    found = []
    for entry in request.entries():
        name = displayable(entry.name)
        assignment = next((one for one in known if name.startswith(f"{one}-")), None)
        user = "" if assignment is None else name[len(assignment) + 1 :]
        if entry.is_dir() and user and assignment in request.assignments:
            found.append((user, str(assignment), Path(entry.path)))
    return found
