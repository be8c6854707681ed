"""``config.yaml``, the exercises it names, and the files that belong to them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Container, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from autograder.course.course import Assignment, Course
from autograder.course.declaration import FILES, AssignmentEntry, ConfigFile
from autograder.course.exercise import Exercise
from autograder.course.loading.convert import convert
from autograder.course.loading.exercise import load_exercise as _load_exercise
from autograder.course.loading.node import Findings, Node
from autograder.course.loading.pytest_files import hidden_test_files, owner_of
from autograder.course.loading.python_source import check_file
from autograder.course.loading.yaml_source import Document, read_yaml
from autograder.errors import CourseError
from autograder.processes.parallel import parallel_map
from autograder.text.catalogue import languages as known_languages
from autograder.text.language import Language, Text

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


def load_course(
    root: str | Path, *, only: Container[str] | None = None, public: bool = False, jobs: int = 1
) -> Course:
    """The course in the folder ``root``, with the exercises of the assignments in ``only``.

    ``public`` reads only what students have: no solution, no hidden test, and none of the
    stubs, which are theirs to change. ``jobs`` processes read the exercises. Raises
    :class:`~autograder.errors.CourseError` for the first thing that is wrong with it; what else was
    found is in its ``more``.
    """
    root = Path(root)
    document = read_yaml(root / "config.yaml", root)
    config = _config(document)
    languages = tuple(dict.fromkeys(config.languages))
    if config.language is not None and config.language not in languages:
        config.at("language").choice(languages)
    for name in config.assignments:
        _check_name(config.at("assignments", name), name, "assignment")
    outlines = [
        _outline(root, name, entry, public)
        for name, entry in config.assignments.items()
        if only is None or name in only
    ]
    exercises = _load_exercises(root, outlines, languages, public, jobs)
    assignments = {one.name: _with_exercises(one, exercises) for one in outlines}
    _refuse_stray_folders(root, assignments)
    return Course(
        root=root,
        title=config.title,
        language=config.language or languages[0],
        languages=languages,
        hand_in=config.hand_in,
        seed=config.seed,
        limits=config.limits,
        assignments=assignments,
        late=config.late,
        attempts=config.attempts,
        feedback="hints" if config.feedback is None else config.feedback.hidden,
        has_seed=config.has("seed"),
        seed_is_public=config.seed_is_public,
        hidden_inputs=config.hidden_inputs,
    )


def _config(document: Document) -> ConfigFile:
    """The configuration, whose texts are in the languages that it names itself."""
    named = document.data.get("languages", ["en"])
    languages = tuple(one for one in known_languages() if isinstance(named, list) and one in named)
    config = convert(FILES["config"], document, languages or known_languages())
    assert isinstance(config, ConfigFile)
    return config


def _load_exercises(
    root: Path,
    outlines: Sequence[_Outline],
    languages: tuple[Language, ...],
    public: bool,
    jobs: int,
) -> list[Exercise]:
    """All exercises, or the first error with those of all other exercises."""

    def load(assignment: str, name: str) -> Exercise | CourseError:
        try:
            return load_exercise(root, assignment, name, languages, public=public)
        except CourseError as error:
            return error

    loaded = parallel_map(
        lambda one: load(*one),
        [(outline.name, name) for outline in outlines for name in outline.exercises],
        jobs,
    )
    findings = Findings()
    for one in loaded:
        if isinstance(one, CourseError):
            findings.errors += (one, *one.more)
    findings.raise_first()
    return [one for one in loaded if isinstance(one, Exercise)]


def load_exercise(
    root: Path,
    assignment: str,
    name: str,
    languages: tuple[Language, ...],
    *,
    public: bool = False,
) -> Exercise:
    """One exercise with everything that belongs to it, or everything ``public``.

    Raises :class:`~autograder.errors.CourseError`.
    """
    exercise = _load_exercise(root, assignment, name, languages, public=public)
    if public:
        return exercise
    if not exercise.answers:  # there is no code to begin with
        check_file(exercise, exercise.stub_path, root, "stub")
    if exercise.solution_path is not None:
        check_file(exercise, exercise.solution_path, root, "solution")
    return exercise


def _check_name(node: Node, name: str, kind: str) -> None:
    if not _NAME.fullmatch(name):
        raise node.error(
            f"'{name}' cannot be the name of an {kind}; use letters, digits, '_' and '-'"
        )


class _Outline(Struct, frozen=True):
    """An assignment whose exercises have not been read."""

    name: str
    title: Text
    exercises: tuple[str, ...]
    due: datetime | None
    extensions: dict[str, datetime]


def _outline(root: Path, name: str, entry: AssignmentEntry, public: bool) -> _Outline:
    check_extensions(entry)
    for item in entry.at("exercises").items():
        _check_name(item, item.value, "exercise")
        check_exercise_name(root, name, item, entry.exercises[: int(item.keys[-1])])
    if not public:
        _refuse_strays(root, name, entry.exercises, entry.at("exercises"))
    return _Outline(name, entry.title, entry.exercises, entry.due, entry.extensions or {})


def check_extensions(entry: AssignmentEntry) -> None:
    """Extensions extend something: none of them ends before the due date."""
    if entry.extensions is None:
        return
    if entry.due is None:
        raise entry.error(
            "'extensions' without 'due' extend nothing; add 'due' or remove them", "extensions"
        )
    for student, due in entry.extensions.items():
        if due < entry.due:
            raise entry.error(
                f"the extension of '{student}' ends before the due date, {entry.due.isoformat()}",
                "extensions",
                student,
            )


def check_exercise_name(root: Path, assignment: str, item: Node, before: Sequence[str]) -> None:
    """An exercise can be called so, has a file, and is not among those ``before`` it."""
    name = item.value
    if not name.isidentifier() or keyword.iskeyword(name):
        raise item.error(
            f"'{name}' cannot be the name of an exercise, which is a Python module; use "
            "letters, digits and '_', such as 'linear_dx'"
        )
    if name in before:
        raise item.error(f"the exercise '{name}' is there twice; remove one")
    path = root / "assignments" / assignment / f"{name}.yaml"
    if not path.is_file():
        raise item.error(
            f"there is no {path.relative_to(root)} for the exercise '{name}'; create it"
        )


def _with_exercises(outline: _Outline, exercises: Sequence[Exercise]) -> Assignment:
    own = tuple(one for one in exercises if one.assignment == outline.name)
    return Assignment(outline.name, outline.title, own, outline.due, outline.extensions)


def _refuse_stray_folders(root: Path, assignments: Container[str]) -> None:
    """Hidden tests in a folder whose name is misspelt would silently not be used."""
    hidden = root / "tests" / "hidden"
    for path in sorted(hidden.glob("*/*.y*ml")):
        name = path.parent.name
        if name not in assignments and not (root / "assignments" / name).is_dir():
            raise CourseError(
                f"there is no assignment '{name}' that these hidden tests belong to; rename the "
                "folder or move it away",
                path=path.relative_to(root),
                line=1,
            )


def _refuse_strays(root: Path, assignment: str, names: Sequence[str], node: Node) -> None:
    """An exercise that is written but not listed would silently not be graded.

    A whole assignment that is not listed is a draft, and stops nobody.
    """
    for tree in (root / "assignments", root / "tests" / "hidden"):
        for path in sorted((tree / assignment).glob("*.y*ml")):
            if path.suffix != ".yaml":
                raise node.error(
                    f"{path.relative_to(root)} would not be read; rename it to {path.stem}.yaml"
                )
            if path.stem not in names:
                raise node.error(
                    f"{path.relative_to(root)} is not listed here; add '{path.stem}' to "
                    "'exercises' or move the file away"
                )
    for path in hidden_test_files(root, assignment):
        if owner_of(path.stem, names) is None:
            raise node.error(
                f"{path.relative_to(root)} tests none of these exercises; call it "
                "test_<exercise>.py or test_<exercise>_<anything>.py"
            )
