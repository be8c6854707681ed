"""A new course: configuration with a secret seed, exercises, schemas, workflow, README.

The template ``empty`` lies in this package and holds nothing that has to be secret. ``linear`` and
``layers`` are a real course with its solutions, which the package that students install must not
hold: they come from the package ``backprop-autograder-course`` or from a checkout.
"""

from __future__ import annotations

import importlib.util
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from msgspec import Struct

from autograder.authoring.yaml_text import only_languages, scalar
from autograder.course.course import Course
from autograder.course.declaration import FILES
from autograder.course.loading.course import load_course
from autograder.course.schema import FOLDER, modeline, schema_file
from autograder.errors import MachineError, UsageError
from autograder.grades.grade_file import write_atomically
from autograder.text.catalogue import languages as known_languages
from autograder.text.language import Language, Text
from autograder.text.messages import pick

TEMPLATES: Final = ("empty", "linear", "layers")
_FOLDER = Path(__file__).with_name("templates")
_COURSE_PACKAGE = "autograder_course"
# The assignments of the lecture itself.
_LINEAR = ("by-hand", "linear-layer", "batched-linear", "gradient-checking")
_SEED_BITS = 128

_TITLES: Final[Mapping[str, Text]] = {
    "course": {"en": "A new course", "ko": "새 강좌"},
    "first-steps": {"en": "First steps", "ko": "첫걸음"},
}


class Template(Struct, frozen=True):
    """Where exercises are copied from: the assignments with their titles, and their exercises."""

    root: Path
    title: Text
    assignments: Mapping[str, tuple[Text, tuple[str, ...]]]
    limits: Mapping[str, object] = {}


def course_files(
    template: str, languages: Sequence[Language], source: Path | None
) -> dict[str, bytes]:
    """The files of a new course by path. ``source`` is the course that ``linear`` and ``layers``
    are taken from, where it is given.

    Raises :class:`UsageError` where a language or the template is not to be had.
    """
    for language in languages:
        if language not in known_languages():
            raise UsageError(f"--lang {language}: there are {', '.join(known_languages())}")
    chosen = _empty() if template == "empty" else _taken_from(_source(source), template, languages)
    files: dict[str, bytes] = {"config.yaml": _config(chosen, languages).encode()}
    for tree in ("assignments", "solutions", "tests/hidden"):
        for assignment, (_, exercises) in chosen.assignments.items():
            files |= _copied(chosen.root, f"{tree}/{assignment}", exercises, languages)
    files |= {f"{FOLDER}/{name}.json": schema_file(name) for name in FILES}
    files[".gitignore"] = (_FOLDER / "gitignore").read_bytes()
    files[".github/workflows/course.yml"] = (_FOLDER / "course.yml").read_bytes()
    readme = (_FOLDER / f"readme.{languages[0]}.md").read_text("utf-8")
    title = pick(chosen.title, languages[0])
    first = next(iter(chosen.assignments))
    files["README.md"] = readme.format(title=title, assignment=first).encode()
    return files


def write_course(folder: Path, files: Mapping[str, bytes]) -> Course:
    """Write the files into the new ``folder``, and read the course that they make.

    Raises :class:`UsageError` where something is in the folder, and :class:`MachineError` where
    the disk refuses.
    """
    try:
        if folder.exists() and any(one.name != ".git" for one in folder.iterdir()):
            raise UsageError(f"{folder}: is not empty; name a new folder")
    except NotADirectoryError:
        raise UsageError(f"{folder}: is a file; name a new folder") from None
    except OSError as error:
        raise MachineError(f"{folder}: cannot be read: {error.strerror}") from None
    for name, content in files.items():
        write_atomically(folder / name, content)
    return load_course(folder)


def _empty() -> Template:
    exercises = {"first-steps": (_TITLES["first-steps"], ("square_backward",))}
    return Template(_FOLDER / "empty", _TITLES["course"], exercises)


def _source(given: Path | None) -> Path:
    """The course to copy: the one given, that of the installed package, or this checkout's."""
    if given is not None:
        if not (given / "config.yaml").is_file():
            raise UsageError(f"--from {given}: there is no config.yaml; name a course's folder")
        return given
    found = importlib.util.find_spec(_COURSE_PACKAGE)
    if found is not None and found.submodule_search_locations:
        return Path(next(iter(found.submodule_search_locations)))
    checkout = Path(__file__).parents[2]
    if (checkout / "config.yaml").is_file() and (checkout / "solutions").is_dir():
        return checkout
    raise UsageError(
        "this template holds solutions and hidden tests, and is no part of the package that "
        "students install: install backprop-autograder-course, which lies in the project's "
        "repository under packaging/course, or name a checkout with --from"
    )


def _taken_from(root: Path, template: str, languages: Sequence[Language]) -> Template:
    course = load_course(root)
    if not (root / "solutions").is_dir():
        raise UsageError(f"{root}: has no solutions; name the whole course, and no bundle")
    for language in languages:
        if language not in course.languages:
            raise UsageError(f"--lang {language}: it is written in {', '.join(course.languages)}")
    names = [one for one in course.assignments if template == "layers" or one in _LINEAR]
    if not names:
        raise UsageError(f"{root}: has none of the assignments {', '.join(_LINEAR)}")
    return Template(
        root,
        course.title,
        {
            name: (
                course.assignments[name].title,
                tuple(exercise.name for exercise in course.assignments[name].exercises),
            )
            for name in names
        },
    )


def _config(template: Template, languages: Sequence[Language]) -> str:
    def texts(versions: Text) -> str:
        return scalar({language: pick(versions, language) for language in languages})

    seed = secrets.randbits(_SEED_BITS)
    lines = [
        modeline(PurePosixPath("config.yaml")).rstrip(),
        f"title: {texts(template.title)}",
        f"language: {languages[0]}",
        f"languages: [{', '.join(languages)}]",
        f"seed: {seed}    # the hidden inputs follow from it: a secret",
        "assignments:",
    ]
    for name, (title, exercises) in template.assignments.items():
        lines += [f"  {name}:", f"    title: {texts(title)}", "    exercises:"]
        lines += [f"      - {exercise}" for exercise in exercises]
    return "\n".join(lines) + "\n"


def _copied(
    root: Path, folder: str, exercises: Sequence[str], languages: Sequence[Language]
) -> dict[str, bytes]:
    """The files of one tree of an assignment, YAML with its texts in ``languages`` alone."""
    found: dict[str, bytes] = {}
    for path in sorted((root / folder).rglob("*")):
        inner = path.relative_to(root)
        if not path.is_file() or any(
            part.startswith(".") or part == "__pycache__" for part in inner.parts
        ):
            continue
        content = path.read_bytes()
        if path.suffix == ".yaml":
            text = only_languages(content.decode("utf-8-sig"), languages, known_languages())
            content = text.encode()
        found[inner.as_posix()] = content
    return found
