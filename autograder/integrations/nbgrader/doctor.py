"""What is wrong with nbgrader's side of a course, each with its mend."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from nbgrader.api import Gradebook

from autograder.authoring.lint import leaks_in
from autograder.course.course import Assignment, Course
from autograder.errors import AutograderError
from autograder.integrations.nbgrader.build import is_ours, source_files
from autograder.integrations.nbgrader.carrier import MARK, language_of
from autograder.integrations.nbgrader.cells import grade_cells
from autograder.integrations.nbgrader.config import MEND, faults
from autograder.integrations.nbgrader.settings import (
    CONFIG,
    Settings,
    has_gradebook,
    has_version,
    is_current,
    load_settings,
    open_gradebook,
    sqlite_file,
)
from autograder.sandbox.levels import Level, require_level
from autograder.submissions.layouts.found import some
from autograder.submissions.layouts.unmatched import look_into
from autograder.text.words import shorten


class Finding(Struct, frozen=True):
    where: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.mend}"


def examine(course: Course, root: Path, *, db_url: str | None = None) -> Iterator[Finding]:
    """Everything that is wrong, in the order in which to mend it."""
    yield from _environment()
    try:
        settings = load_settings(root, db_url=db_url)
    except AutograderError as error:
        yield Finding(
            str(root / CONFIG), _without_place(error, root / CONFIG), "mend the line it names"
        )
        return
    yield from _config(course, root, settings)
    yield from _isolation(settings)
    for assignment in course.assignments.values():
        yield from _source(course, assignment, settings)
        yield from _stale(assignment, settings)
        yield from _unseen(assignment, settings)
        for step in ("source", "release"):
            yield from _secrets(course, assignment, settings.folder(step, assignment.name))
    yield from _gradebook(course, settings)
    yield from _exchange(settings)
    yield from _readable_secrets(course, settings)


def _without_place(error: AutograderError, place: Path) -> str:
    return str(error).removeprefix(f"{place}: ")


def _environment() -> Iterator[Finding]:
    if shutil.which("alembic") is None:
        yield Finding(
            "PATH",
            "has no program 'alembic', without which nbgrader cannot make a gradebook",
            "activate the environment that nbgrader is installed in, or put its folder of "
            "programs on PATH",
        )


def _config(course: Course, root: Path, settings: Settings) -> Iterator[Finding]:
    path = root / CONFIG
    if not path.is_file():
        yield Finding(
            str(path),
            "is not there, so nbgrader would autograde without this grader",
            "write it with 'autograder nbgrader build ASSIGNMENT'",
        )
        return
    for fault in faults(settings.config, course.root):
        yield Finding(str(path), fault, MEND)
    if not settings.course_id:
        yield Finding(
            str(path),
            "has no c.CourseDirectory.course_id, so nothing can be released",
            "add c.CourseDirectory.course_id = 'name'",
        )
    named = settings.config.Autograder.get("course")
    if isinstance(named, str) and named and not _same(Path(named), course.root):
        yield Finding(
            str(path),
            f"grades with another course, {named}",
            f"call configure(c, course={str(course.root)!r}), or name that one with --course",
        )


def _same(one: Path, other: Path) -> bool:
    return one.expanduser().resolve() == other.resolve()


def _isolation(settings: Settings) -> Iterator[Finding]:
    weaker = settings.config.Autograder.get("isolation") == "process"
    level: Level = "process" if weaker else "sandbox"
    try:
        require_level(level)
    except AutograderError as error:
        yield Finding(
            CONFIG,
            str(error),
            "in nbgrader_config.py, the weaker level is c.Autograder.isolation = 'process'",
        )


def _source(course: Course, assignment: Assignment, settings: Settings) -> Iterator[Finding]:
    """Whether ``source/`` and ``release/`` are what would be built today."""
    build = f"run 'autograder nbgrader build {assignment.name}'"
    folder = settings.folder("source", assignment.name)
    if not folder.is_dir():
        return
    language = course.language
    for exercise in assignment.exercises:
        path = folder / f"{exercise.name}.ipynb"
        if path.is_file():
            language = language_of(path.read_bytes(), course)
    try:
        wanted = source_files(course, assignment, language)
    except AutograderError as error:
        yield Finding(str(folder), f"cannot be built: {error}", "mend the course")
        return
    for name, content in wanted.items():
        path = folder / name
        if not path.is_file():
            yield Finding(str(path), "is missing", build)
        elif name.endswith(".ipynb") and not is_ours(path):
            yield Finding(
                str(path), "is a notebook of somebody else under an exercise's name", "move it away"
            )
        elif path.read_bytes() != content:
            yield Finding(str(path), "is not what the course says today", build)
    for path in sorted(folder.glob("*.ipynb")):
        if path.name not in wanted and not is_ours(path):
            yield Finding(
                str(path),
                "is a notebook of your own: nbgrader runs what students hand in for it in a kernel "
                "that can read hidden tests, solutions and the gradebook",
                "move it to a course of its own, on an account that cannot read this one",
            )
    released = settings.folder("release", assignment.name)
    for exercise in assignment.exercises:
        path = released / f"{exercise.name}.ipynb"
        if path.is_file() and not _fails_closed(path):
            yield Finding(
                str(path),
                "has a grade cell that does not raise, which stock nbgrader gives full marks for",
                f"{build}, then 'nbgrader generate_assignment --force {assignment.name}'",
            )


def _stale(assignment: Assignment, settings: Settings) -> Iterator[Finding]:
    """Whether what was released is what ``source/`` has: nbgrader leaves statement and grade cells
    as they are, so they must be the same."""
    source = settings.folder("source", assignment.name)
    release = settings.folder("release", assignment.name)
    for exercise in assignment.exercises:
        for ending in (".ipynb", ".py"):
            wanted, there = (folder / f"{exercise.name}{ending}" for folder in (source, release))
            if not wanted.is_file() or not there.is_file():
                continue
            if _locked(wanted) != _locked(there):
                yield Finding(
                    str(there),
                    "is older than what is in source/",
                    f"run 'nbgrader generate_assignment --force {assignment.name}' and release it "
                    "again",
                )
                break


def _locked(path: Path) -> object:
    """Of a notebook, the cells that students may not change; of another file, all."""
    content = path.read_bytes()
    if path.suffix != ".ipynb":
        return content
    try:
        return [
            "".join(cell["source"])
            for cell in json.loads(content)["cells"]
            if cell["metadata"].get("nbgrader", {}).get("locked")
        ]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _unseen(assignment: Assignment, settings: Settings) -> Iterator[Finding]:
    """Submissions with work in them and none of the assignment's notebooks: nbgrader goes by the
    names of notebooks, and passes over them."""
    root = settings.folder("submitted", assignment.name, "*").parent.parent
    known = {f"{exercise.name}.ipynb" for exercise in assignment.exercises}
    for folder in sorted(root.glob(f"*/{assignment.name}")) if root.is_dir() else ():
        inside = look_into(folder)
        if inside.work and not known & {*inside.files}:
            yield Finding(
                str(folder),
                f"has no notebook that nbgrader knows, but {some(inside.work)}: "
                "'nbgrader autograde' passes over it",
                "run 'autograder grade submitted/ --out grades' and 'autograder nbgrader sync "
                "grades', which find the work in it, or give the notebook its name",
            )


def _fails_closed(path: Path) -> bool:
    """Whether every grade cell of a notebook is one of ours."""
    try:
        cells = json.loads(path.read_bytes())["cells"]
        return all(
            MARK in "".join(cell["source"])
            for cell in cells
            if cell["metadata"].get("nbgrader", {}).get("grade")
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False


def _secrets(course: Course, assignment: Assignment, folder: Path) -> Iterator[Finding]:
    """Solutions and hidden tests among what students get."""
    texts: dict[str, str] = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and path.stat().st_size <= _MAX_BYTES:
            texts[str(path)] = _text(path)
    seen: set[tuple[str, str]] = set()
    for leak in leaks_in(course, assignment.exercises, texts):
        if (leak.public, leak.secret) not in seen:
            seen.add((leak.public, leak.secret))
            yield Finding(
                leak.public,
                f"contains a passage of {leak.secret}, which is secret: {shorten(leak.text, 60)}",
                "remove it, and release the assignment again if it is released",
            )


_MAX_BYTES = 1 << 22


def _text(path: Path) -> str:
    """A file as text; a notebook as the text of its cells."""
    content = path.read_bytes()
    if path.suffix == ".ipynb":
        try:
            cells = json.loads(content)["cells"]
            return "\n".join("".join(cell["source"]) for cell in cells)
        except (ValueError, LookupError, TypeError, RecursionError):
            pass
    return content.decode("utf-8", "replace")


def _gradebook(course: Course, settings: Settings) -> Iterator[Finding]:
    try:
        if not has_gradebook(settings.db_url):
            return
        if not has_version(settings.db_url):
            file = sqlite_file(settings.db_url)
            yield Finding(
                str(file or "the gradebook"),
                "has no version: making it was broken off, as where alembic is not on PATH",
                "delete it if it is new and empty, and run 'nbgrader generate_assignment' again",
            )
            return
        if not is_current(settings.db_url):
            file = sqlite_file(settings.db_url)
            yield Finding(
                str(file or "the gradebook"),
                "has the schema of another version of nbgrader",
                "copy it, then run 'nbgrader db upgrade'",
            )
            return
        with open_gradebook(settings) as gradebook:
            for assignment in course.assignments.values():
                yield from _assignment(course, assignment, gradebook)
    except AutograderError as error:
        yield Finding("the gradebook", str(error), "see c.CourseDirectory.db_url")


def _assignment(course: Course, assignment: Assignment, gradebook: Gradebook) -> Iterator[Finding]:
    found = next((one for one in gradebook.assignments if one.name == assignment.name), None)
    if found is None:
        return
    where = f"gradebook, {assignment.name}"
    build = f"run 'autograder nbgrader build {assignment.name}'"
    mend = build if found.submissions else f"{build} and 'nbgrader generate_assignment --force'"
    notebooks = {one.name: one for one in found.notebooks}
    for exercise in assignment.exercises:
        wanted = {
            cell.grade_id: cell.points
            for cell in grade_cells(exercise, course.feedback, course.language)
        }
        notebook = notebooks.get(exercise.name)
        if notebook is None:
            yield Finding(where, f"lacks the exercise {exercise.name}", mend)
            continue
        there = {cell.name: cell.max_score for cell in notebook.grade_cells}
        lacks = sorted(wanted.keys() - there.keys())
        stale = sorted(there.keys() - wanted.keys())
        other = sorted(name for name in wanted.keys() & there.keys() if wanted[name] != there[name])
        for names, what in (
            (lacks, "lacks"),
            (stale, "has what the course has not:"),
            (other, "has other points for"),
        ):
            if names:
                yield Finding(f"{where}/{exercise.name}", f"{what} {', '.join(names)}", mend)
    if assignment.due is not None and found.duedate is not None:
        due = assignment.due.astimezone(UTC).replace(tzinfo=None)
        if found.duedate != due:
            yield Finding(
                where,
                f"has the due date {found.duedate.isoformat()}Z, config.yaml {due.isoformat()}Z",
                "autograde or sync sets it to that of config.yaml",
            )
    elif assignment.due is None and found.duedate is not None:
        yield Finding(
            where,
            f"has a due date, {found.duedate.isoformat()}Z, which config.yaml has not",
            f"add 'due: {_aware(found.duedate)}' to config.yaml, or take it out in formgrader",
        )


def _aware(time: datetime) -> str:
    return time.replace(tzinfo=UTC).isoformat()


def _exchange(settings: Settings) -> Iterator[Finding]:
    root = settings.exchange
    if not root.is_dir():
        yield Finding(
            str(root),
            "the exchange is not there",
            f"mkdir -p {root} && chmod 777 {root}, or set c.Exchange.root",
        )
        return
    if stat.S_IMODE(root.stat().st_mode) & 0o007 != 0o007:
        yield Finding(str(root), "the exchange is not open to everybody", f"chmod 777 {root}")
    if not settings.course_id:
        return
    mine = root / settings.course_id
    inbound, outbound = mine / "inbound", mine / "outbound"
    if inbound.is_dir():
        mode = stat.S_IMODE(inbound.stat().st_mode)
        if mode & 0o003 != 0o003:
            yield Finding(str(inbound), "students cannot submit", f"chmod o+wx {inbound}")
        if mode & 0o004:
            yield Finding(
                str(inbound), "students can see who has submitted", f"chmod o-r {inbound}"
            )
    if outbound.is_dir() and stat.S_IMODE(outbound.stat().st_mode) & 0o005 != 0o005:
        yield Finding(str(outbound), "students cannot fetch", f"chmod o+rx {outbound}")


def _readable_secrets(course: Course, settings: Settings) -> Iterator[Finding]:
    """Secret files that every user of this machine can read."""
    secrets = [course.root / "solutions", course.root / "tests" / "hidden"]
    secrets += [settings.root / name for name in ("submitted", "autograded", "feedback")]
    database = sqlite_file(settings.db_url)
    if database is not None:
        secrets.append(database)
    for path in secrets:
        if path.exists() and _open_to_all(path.resolve()):
            yield Finding(
                str(path), "can be read by every user of this machine", f"chmod -R o-rwx {path}"
            )


def _open_to_all(path: Path) -> bool:
    """Whether others may read it, and walk to it."""
    if not path.stat().st_mode & (stat.S_IXOTH if path.is_dir() else stat.S_IROTH):
        return False
    return _walkable(path)


def _walkable(path: Path) -> bool:
    return all(os.stat(parent).st_mode & stat.S_IXOTH for parent in path.parents)
