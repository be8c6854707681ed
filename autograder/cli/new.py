"""``autograder new``: all files of an exercise, from its signature and its forward pass."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from autograder.authoring.guess import guess, parse_shape, parse_signature
from autograder.authoring.more_mistakes import add_mistakes
from autograder.authoring.scaffold import NewExercise, title_of
from autograder.authoring.writing import write_exercise
from autograder.cli.language import say
from autograder.cli.options import course_option, find_course
from autograder.course.loading.course import load_course
from autograder.errors import UsageError

_PLACE = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_-]*)/([A-Za-z_][A-Za-z0-9_]*)")


@click.command("new", help=say("help_new"))
@click.argument("exercise", required=False)
@click.argument("signature", required=False)
@click.option("--forward", help=say("option_new_forward"))
@click.option(
    "--shape", "shapes", multiple=True, metavar="'W: [m, n]'", help=say("option_new_shape")
)
@click.option("--title", help=say("option_new_title"))
@click.option(
    "--mistakes", type=click.IntRange(1, 50), metavar="N", help=say("option_new_mistakes")
)
@course_option
def command(
    exercise: str | None,
    signature: str | None,
    forward: str | None,
    shapes: tuple[str, ...],
    title: str | None,
    mistakes: int | None,
    course: Path | None,
) -> int:

    root = find_course(course)
    if mistakes is not None:
        if exercise is None or signature is not None or forward is not None:
            raise UsageError(say("new_mistakes_alone"))
        return _mistakes(root, *_place(exercise), mistakes)
    if exercise is None or signature is None or forward is None:
        exercise, signature, forward = _ask(exercise, signature, forward)
    assignment, name = _place(exercise)
    # An exercise as it is named in the course: its texts are in the course's languages.
    languages = load_course(root, only=()).languages
    found = guess(parse_signature(signature), forward, dict(parse_shape(shape) for shape in shapes))
    titles = {} if title is None else dict.fromkeys(languages, title)
    made = NewExercise(assignment, name, found, languages, titles)
    of_assignment = {
        language: title_of(assignment.replace("-", "_"), language) for language in languages
    }
    files = write_exercise(root, made, of_assignment)
    click.echo(say("new_guessed"))
    for remark in found.remarks:
        click.echo(f"    {remark}")
    for path in files:
        click.echo(say("new_written", file=path))
    click.echo(say("new_next", public=made.public, solution=made.solution, exercise=exercise))
    return 0


def _place(exercise: str) -> tuple[str, str]:
    match = _PLACE.fullmatch(exercise)
    if match is None:
        raise UsageError(say("new_place", exercise=exercise))
    return match[1], match[2]


def _ask(exercise: str | None, signature: str | None, forward: str | None) -> tuple[str, str, str]:
    """What is not given, asked for; an answer that cannot be is asked for again."""
    try:
        if exercise is None:
            exercise = click.prompt(say("new_ask_exercise"), value_proc=_place_asked)
        if signature is None:
            signature = click.prompt(say("new_ask_signature"), value_proc=_signature_asked)
        if forward is None:
            lines = [click.prompt(say("new_ask_forward"))]
            while line := click.prompt(say("new_ask_more"), default="", show_default=False):
                lines.append(line)
            forward = "\n".join(lines)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise UsageError(say("new_needs")) from None
    assert exercise is not None
    assert signature is not None
    return exercise, signature, forward


def _place_asked(value: str) -> str:
    try:
        _place(value.strip())
    except UsageError as error:
        raise click.BadParameter(str(error)) from None
    return value.strip()


def _signature_asked(value: str) -> str:
    try:
        parse_signature(value)
    except UsageError as error:
        raise click.BadParameter(str(error)) from None
    return value


def _mistakes(root: Path, assignment: str, name: str, count: int) -> int:
    """Add mistakes from the mutants of the solution to the hidden file."""
    loaded = load_course(root, only=(assignment,))
    found = loaded.assignments.get(assignment)
    exercise = next((one for one in found.exercises if one.name == name), None) if found else None
    if exercise is None:
        raise UsageError(say("new_no_exercise", exercise=f"{assignment}/{name}"))
    added = add_mistakes(loaded, exercise, root.absolute(), count)
    for mistake in added:
        click.echo(say("new_mistake_added", name=mistake))
    path = f"tests/hidden/{assignment}/{name}.yaml"
    click.echo(say("new_mistakes_next", file=path) if added else say("new_no_mistakes"))
    return 0
