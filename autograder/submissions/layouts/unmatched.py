"""Folders that look like students' and hold nothing to grade: who they are, and what is there
instead. Without a word about them a typing error would cost a grade that nobody misses."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from autograder.errors import UsageError
from autograder.submissions.found_at import FoundAt, found_at
from autograder.submissions.layouts.found import Request, entries, is_added, not_read, some
from autograder.submissions.names import meaning, same
from autograder.submissions.submission import displayable
from autograder.text.messages import sanitize
from autograder.text.said import joined, said

# So many names of a folder are looked at, and so alike must names be to be taken for one.
_MAX_NAMES = 50
_ALIKE = 0.7


class Inside(Struct, frozen=True):
    """What is in a folder, by name; ``readable`` is false where nobody may look."""

    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    readable: bool = True

    @property
    def work(self) -> tuple[str, ...]:
        kinds = ("python", "notebook", "form", "archive")
        return tuple(name for name in self.files if meaning(name, (), "").kind in kinds)

    def told(self, belong: str) -> str:
        """What was seen, and where files ``belong``."""
        names = [f"{name}/" for name in self.folders] + list(self.files)
        if self.readable and names:
            return said("unmatched_saw", names=some(names), belong=belong)
        return said("unmatched_empty" if self.readable else "unmatched_unreadable", belong=belong)


def look_into(folder: Path) -> Inside:
    try:
        found = entries(folder)
    except UsageError:
        return Inside(readable=False)
    folders: list[str] = []
    files: list[str] = []
    for entry in found:
        (folders if entry.is_dir() else files).append(entry.name)
    return Inside(tuple(folders[:_MAX_NAMES]), tuple(files))


def candidates(request: Request) -> Iterator[tuple[str, Path]]:
    """The folders that may be a student's, of those asked for, by the student's name."""
    wanted = {same(student) for student in request.students}
    for entry in request.entries():
        student = same(displayable(entry.name))
        if entry.is_dir() and entry.name != "__pycache__" and (not wanted or student in wanted):
            yield student, Path(entry.path)


def complaint(student: str, why: str, *, of: str = "") -> str:
    name = sanitize(student, 60)
    if of:
        return said("unmatched_of", student=name, assignment=of, why=why)
    return said("unmatched", student=name, why=why)


def missing(asked_for: Sequence[str], everybody: Sequence[str], lines: Sequence[str]) -> list[str]:
    """A line for each student asked for by name who is not there, nor in one of ``lines``."""
    return [
        complaint(student, there_are(everybody, [student]))
        for student in asked_for
        if student not in everybody
        and not any(line.startswith(f"{sanitize(student, 60)}: ") for line in lines)
    ]


def there_are(everybody: Sequence[str], asked_for: Sequence[str]) -> str:
    """Some of those who are there, and who of them may have been meant."""
    names = list(dict.fromkeys(everybody))
    near = dict.fromkeys(nearest(student, names) for student in asked_for)
    meant = [f"'{sanitize(student, 60)}'" for student in near if student is not None]
    if meant:
        alike = joined("either", meant)
        return said("unmatched_there_are_near", names=some(names), near=alike)
    return said("unmatched_there_are", names=some(names))


def nearest(name: str, known: Collection[str]) -> str | None:
    """The one of ``known`` that was meant, if any: alike but for capitals and punctuation, or
    nearly. 'week-2' is never 'week-3'."""
    name = same(name)
    plain = {_plain(one): one for one in known if _has_numbers_of(one, name)}
    close = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=_ALIKE)
    return plain[close[0]] if close else None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "-", same(name).casefold()).strip("-")


def _has_numbers_of(known: str, name: str) -> bool:
    """Whether the numbers in ``name`` begin with those in ``known``; '(1)' may follow."""
    ours, theirs = (list(map(int, re.findall(r"[0-9]+", one))) for one in (known, name))
    return theirs[: len(ours)] == ours


class _Student(Struct, frozen=True):
    name: str
    folder: Path
    handed_in: tuple[str, ...]
    """Assignments of the course that are there, under their names."""
    inside: Inside
    meant: dict[str, str]
    """Folders with a name near that of an assignment which is not there, and its name."""


class Misplaced(Struct, frozen=True):
    """Work that does not lie where it should, and can be meant for one assignment alone."""

    student: str
    stored_as: str
    assignment: str
    folder: Path
    found_at: FoundAt
    only_files: bool = False
    """Only what lies directly in the folder."""


def misplaced(request: Request) -> list[Misplaced]:
    """The work that is taken though it lies elsewhere: in a folder with a name near that of the
    assignment, the only one; or directly in the student's folder, or in a folder of any name in
    it, where only one assignment is asked for or its files are named like no other's."""
    return _misplaced_among(*_everybody(request), request)


def _misplaced_among(
    students: Sequence[_Student], common: Collection[str], request: Request
) -> list[Misplaced]:
    found: list[Misplaced] = []
    for one in students:
        for assignment in request.assignments:
            if assignment in one.handed_in:
                continue
            place = _place_of(one, assignment, request, common)
            if place is not None:
                found.append(place)
    return found


def _everybody(request: Request) -> tuple[list[_Student], set[str]]:
    """The students, and the folders that those have who handed something in as they should."""
    students = [_look_at(name, folder, request) for name, folder in candidates(request)]
    return students, {name for one in students if one.handed_in for name in one.inside.folders}


def _place_of(
    one: _Student, assignment: str, request: Request, common: Collection[str]
) -> Misplaced | None:
    near = [seen for seen, name in one.meant.items() if name == assignment]
    if near:
        if len(near) > 1:
            return None
        place = found_at([f"{near[0]}/"], is_near=True)
        return Misplaced(one.name, one.folder.name, assignment, one.folder / near[0], place)
    if one.meant or one.folder.is_symlink() or one.name in request.course.assignments:
        return None
    named = _assignments_named(one, request)
    if one.handed_in:
        # Beside a folder that is right only what cannot belong to that.
        if named != {assignment} or not one.inside.work:
            return None
        place = found_at(one.inside.work)
        return Misplaced(one.name, one.folder.name, assignment, one.folder, place, only_files=True)
    if named != {assignment} and (named or len(request.assignments) > 1):
        return None
    if _is_other_work(one.inside, common) or not has_work(one.folder):
        return None
    if any(
        os.path.isdir(one.folder / seen / assignment)
        for seen in one.inside.folders
        if seen != "assignments"
    ):
        return None  # a class, and no student
    where = one.inside.work or tuple(f"{name}/" for name in one.inside.folders)
    return Misplaced(one.name, one.folder.name, assignment, one.folder, found_at(where))


def _assignments_named(one: _Student, request: Request) -> set[str]:
    """The assignments that the names of files directly in the folder are of, and of no other."""
    named: set[str] = set()
    for file in one.inside.work:
        owners = {
            name
            for name, assignment in request.course.assignments.items()
            if meaning(file, [exercise.name for exercise in assignment.exercises], name).exercise
        }
        if len(owners) == 1:
            named |= owners
    return named


def has_work(folder: Path, depth: int = 0) -> bool:
    """Whether there is code or a zip in the folder, or in one below."""
    inside = look_into(folder)
    return bool(inside.work) or (
        depth < 4 and any(has_work(folder / name, depth + 1) for name in inside.folders)
    )


def files_in(folder: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in entries(folder) if not entry.is_dir()]
    except UsageError:
        return []


def students(folder: Path) -> Iterator[os.DirEntry[str]]:
    """The folders that may be a student's, links to folders included."""
    try:
        with os.scandir(folder) as found:
            ordered = sorted(found, key=lambda entry: os.fsencode(entry.name))
            yield from (entry for entry in ordered if entry.is_dir() and entry.name[0] != ".")
    except OSError as error:
        raise UsageError(said("error_unreadable", path=folder, reason=error.strerror)) from None


def without_assignment(request: Request) -> list[str]:
    """A line for each ``<student>/`` where an assignment is called otherwise or is not there
    at all. Who handed in other assignments of the course, or what others have beside them,
    has made no mistake."""
    students, common = _everybody(request)
    taken = {(one.student, one.assignment) for one in _misplaced_among(students, common, request)}
    lines = []
    for one in students:
        wanted = {
            seen: name
            for seen, name in one.meant.items()
            if name in request.assignments and (same(one.name), name) not in taken
        }
        if any(student == one.name for student, _ in taken) and not wanted:
            continue
        if wanted:
            of = joined("both", dict.fromkeys(wanted.values())) if one.handed_in else ""
            lines.append(complaint(one.name, _did_you_mean(wanted), of=of))
        elif not (one.handed_in or one.meant or _is_other_work(one.inside, common)):
            lines.append(complaint(one.name, _misplaced(one, request)))
    return lines + _loose_files(request, said("belong_in", place="<student>/<assignment>"))


def _look_at(student: str, folder: Path, request: Request) -> _Student:
    known = tuple(request.course.assignments)
    handed_in = tuple(name for name in known if os.path.lexists(os.path.join(folder, name)))
    others = [name for name in known if name not in handed_in]
    inside = look_into(folder) if others else Inside()
    meant = {
        seen: name
        for seen in inside.folders
        if seen not in known and (name := nearest(seen, others)) is not None
    }
    return _Student(student, folder, handed_in, inside, meant)


def _is_other_work(inside: Inside, common: Collection[str]) -> bool:
    """Whether it is all for assignments that this course does not grade."""
    return (
        bool(inside.folders) and not inside.work and all(name in common for name in inside.folders)
    )


def _did_you_mean(meant: dict[str, str]) -> str:
    pairs = [
        said("unmatched_near", seen=sanitize(displayable(seen), 60), name=name)
        for seen, name in meant.items()
    ]
    return joined("in_turn", pairs[:3])


def _misplaced(one: _Student, request: Request) -> str:
    place = sanitize(one.name, 60)
    assignment = request.assignments[0] if len(request.assignments) == 1 else "<assignment>"
    belong = said("belong_in", place=f"{place}/{assignment}")
    if one.inside.work:
        return said("unmatched_directly", names=some(one.inside.work), belong=belong)
    for seen in one.inside.folders:
        for name in request.assignments:
            if os.path.isdir(one.folder / seen / name):
                deep = f"{sanitize(displayable(seen), 60)}/{name}"
                return said("unmatched_deep", deep=deep, place=f"{place}/{name}")
    return one.inside.told(belong)


def _loose_files(request: Request, belong: str) -> list[str]:
    """A line for each file at the top that may be work of somebody."""
    kinds = ("python", "notebook", "form", "archive")
    return [
        said(
            "not_read",
            name=sanitize(displayable(entry.name), 80),
            why=said("not_read_whose", belong=belong),
        )
        for entry in request.entries()
        if not (request.students or entry.is_dir() or is_added(entry.name))
        and meaning(entry.name, (), "").kind in kinds
    ]


def without_files(request: Request) -> list[str]:
    """A line for each ``<student>/`` that has no work in it, and for each file that is no work."""
    loose = not_read(
        request,
        lambda entry: (
            entry.is_dir()
            or meaning(entry.name, (), "").kind in ("python", "notebook", "form", "archive", "text")
        ),
        said("not_read_kind"),
    )
    return loose + [
        complaint(student, inside.told(said("belong_directly", place=sanitize(student, 60))))
        for student, folder in candidates(request)
        if not has_work(folder)
        for inside in [look_into(folder)]
    ]


def no_repositories(request: Request) -> list[str]:
    """A line for each folder that is not called ``<assignment>-<user>``."""
    known: Sequence[str] = tuple(request.course.assignments)
    lines = []
    for entry in request.entries():
        name = displayable(entry.name)
        is_one = any(name.startswith(f"{one}-") and name != f"{one}-" for one in known)
        asked_for = not request.students or name.endswith(request.students)
        if not entry.is_dir() or is_one or not asked_for or name == "__pycache__":
            continue
        # The longest first: in 'linear_layer_2_kim', 2 is no user.
        parts = [name[: separator.start()] for separator in re.finditer(r"[-_ .]", name)]
        near = next((one for part in reversed(parts) if (one := nearest(part, known))), None)
        if near is None:
            lines.append(complaint(name, said("unmatched_repository")))
        elif near in request.assignments:
            lines.append(complaint(name, said("unmatched_repository_near", near=near)))
    return lines
