"""``autograder preview``: an exercise as its students will see it, while it is being written."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from autograder.authoring.preview import Preview, serve
from autograder.cli.language import say
from autograder.cli.lint import chosen_exercises
from autograder.cli.options import course_option, find_course
from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.errors import CourseError, UsageError
from autograder.release.answer_form import form_yaml
from autograder.release.stubs import stub_source
from autograder.text.language import Language
from autograder.text.said import said


@click.command("preview", help=say("help_preview"))
@click.argument("exercise", required=False)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help=say("option_preview_port"))
@course_option
def command(exercise: str | None, port: int, course: Path | None) -> int:

    preview = Preview(find_course(course), _student_file)
    loaded = preview.load()
    if isinstance(loaded, CourseError):
        if exercise is None:
            raise loaded
        click.echo(say("error", message=str(loaded)), err=True)
        raise UsageError(said("error_preview_course"))
    key = ""
    if exercise is not None:
        chosen = chosen_exercises(loaded, [exercise])
        key = f"{chosen[0].assignment}/{chosen[0].name}"
    try:
        server, address = serve(preview, port)
    except OSError as error:
        raise UsageError(said("error_preview_port", port=port, reason=error.strerror)) from None
    preview.wanted = key
    with server, contextlib.suppress(KeyboardInterrupt):
        click.echo(say("preview_at", address=address + key))
        preview.follow()
    click.echo("", err=True)
    return 0


def _student_file(course: Course, exercise: Exercise, language: Language) -> str:
    if exercise.answers:
        return form_yaml(course, exercise, language, None).decode()
    return stub_source(exercise, language)
