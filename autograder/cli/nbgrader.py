"""``autograder nbgrader``: build, sync and doctor."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.cli import EXIT_FAILED
from autograder.cli.exporting import select
from autograder.cli.language import say
from autograder.cli.options import course_option, find_course, language_option
from autograder.course.course import Course, pick_language
from autograder.course.loading import load_course
from autograder.errors import AutograderError, UsageError
from autograder.integrations.nbgrader import require_nbgrader
from autograder.text.said import said

_CONFIG = "nbgrader_config.py"

_into_option = click.option(
    "--into",
    type=click.Path(path_type=Path),
    help=say("option_nbgrader_into"),
)
_db_option = click.option("--db", "db_url", help=say("option_nbgrader_db"))


@click.group("nbgrader", help=say("help_nbgrader"))
def command() -> None: ...


@command.command("build", help=say("help_nbgrader_build"))
@click.argument("assignment")
@_into_option
@click.option("--course-id", help=say("option_nbgrader_course_id"))
@click.option(
    "--exchange",
    type=click.Path(path_type=Path),
    help=say("option_nbgrader_exchange"),
)
@course_option
@language_option
def build_command(
    assignment: str,
    into: Path | None,
    course_id: str | None,
    exchange: Path | None,
    course: Path | None,
    language: str | None,
) -> int:

    require_nbgrader()
    from autograder.integrations.nbgrader.build import build

    place, root = _places(course, into)
    loaded = load_course(place)
    _known(loaded, assignment)
    built = build(
        loaded,
        loaded.assignments[assignment],
        pick_language(language, loaded),
        root=root,
        course_id=course_id,
        exchange=exchange,
    )
    if built.config is not None:
        click.echo(say("nbgrader_wrote", path=built.config))
    for path in built.written:
        click.echo(say("nbgrader_wrote", path=path))
    for path in built.removed:
        click.echo(say("nbgrader_removed", path=path))
    if built.change:
        click.echo(say("nbgrader_gradebook", change=built.change))
    if not built.written and not built.removed:
        click.echo(say("nbgrader_current", folder=built.folder))
    return 0


@command.command("sync", help=say("help_nbgrader_sync"))
@click.argument("grades", type=click.Path(path_type=Path))
@click.option("--assignment", "assignments", multiple=True, help=say("option_only_this"))
@click.option("--student", "students", multiple=True, help=say("option_only_this"))
@_into_option
@_db_option
@course_option
def sync_command(
    grades: Path,
    assignments: tuple[str, ...],
    students: tuple[str, ...],
    into: Path | None,
    db_url: str | None,
    course: Path | None,
) -> int:

    require_nbgrader()
    from autograder.grades.store import read_grades
    from autograder.integrations.nbgrader.settings import load_settings
    from autograder.integrations.nbgrader.sync import sync

    place, root = _places(course, into)
    loaded = load_course(place)
    found = select(read_grades(grades), students, assignments, grades)
    settings = load_settings(root, db_url=db_url)
    done = sync(loaded, found, settings)
    if done.change:
        click.echo(say("nbgrader_gradebook", change=done.change))
    key = "nbgrader_synced_some" if done.unchanged else "nbgrader_synced"
    click.echo(say(key, written=done.written, unchanged=done.unchanged))
    return 0


@command.command("doctor", help=say("help_nbgrader_doctor"))
@_into_option
@_db_option
@course_option
def doctor_command(into: Path | None, db_url: str | None, course: Path | None) -> int:

    require_nbgrader()
    from autograder.integrations.nbgrader.doctor import examine

    place, root = _places(course, into)
    loaded = load_course(place)
    findings = list(examine(loaded, root, db_url=db_url))
    for finding in findings:
        click.echo(str(finding))
    if not findings:
        click.echo(say("nbgrader_well"))
    return EXIT_FAILED if findings else 0


def _known(course: Course, assignment: str) -> None:
    if assignment not in course.assignments:
        known = ", ".join(course.assignments)
        raise UsageError(said("error_no_assignment", name=assignment, known=known))


def _places(course: Path | None, into: Path | None) -> tuple[Path, Path]:
    """The course's folder and nbgrader's, absolute, as its own configuration may name another one
    yet. In an nbgrader course's folder, or below it, both are found from its configuration."""
    if into is not None and not into.is_dir():
        raise UsageError(said("error_no_folder", option="--into", path=into))
    has_own = course is not None and (course / _CONFIG).is_file()
    root = into or (None if has_own else _nearest_config())
    place = course
    if place is None and root is not None:
        place = _course_named_in(root)
    found = find_course(place)
    return found, (root or found).absolute()


def _nearest_config() -> Path | None:
    here = Path.cwd()
    return next((one for one in (here, *here.parents) if (one / _CONFIG).is_file()), None)


def _course_named_in(root: Path) -> Path | None:
    """The course that nbgrader's configuration names, or which lies in its folder."""
    from autograder.integrations.nbgrader.settings import load_settings

    try:
        named = load_settings(root).config.Autograder.get("course")
    except AutograderError:  # the command says so when it reads it
        named = None
    if isinstance(named, str) and named:
        return root / Path(named).expanduser()
    return root if (root / "config.yaml").is_file() else None
