"""``autograder gradescope``: an autograder for Gradescope, and what it runs there."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from autograder.cli.language import say
from autograder.cli.options import course_option, find_course, language_option, pick_assignment
from autograder.course.course import HiddenFeedback, pick_language
from autograder.course.loading import load_course
from autograder.errors import UsageError
from autograder.exports.context import GradescopeVisibility, make_context
from autograder.exports.formats import export_bytes
from autograder.exports.summary import points
from autograder.grades.grade_file import write_atomically
from autograder.integrations.gradescope.build import Settings, autograder_zip
from autograder.integrations.gradescope.run import RESULTS, grade_submission, load, read_settings
from autograder.sandbox.levels import Level, require_level
from autograder.text.messages import sanitize
from autograder.text.said import said


@click.group("gradescope", help=say("help_gradescope"))
def command() -> None: ...


@command.command("build", help=say("help_gradescope_build"))
@click.argument("assignment")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help=say("option_gradescope_out")
)
@click.option(
    "--isolation",
    type=click.Choice(get_args(Level)),
    default="sandbox",
    show_default=True,
    help=say("option_gradescope_isolation"),
)
@click.option(
    "--feedback",
    type=click.Choice(get_args(HiddenFeedback)),
    help=say("option_gradescope_feedback"),
)
@click.option(
    "--hidden-tests",
    type=click.Choice(get_args(GradescopeVisibility)),
    default="after_due_date",
    show_default=True,
    help=say("option_gradescope_hidden_tests"),
)
@course_option
@language_option
def build(
    assignment: str,
    out: Path,
    isolation: Level,
    feedback: HiddenFeedback | None,
    hidden_tests: GradescopeVisibility,
    course: Path | None,
    language: str | None,
) -> int:

    root = find_course(course)
    loaded = load_course(root, only=[assignment])
    chosen = pick_assignment(assignment, loaded, root)
    if out.is_dir():
        raise UsageError(said("error_out_folder", out=out))
    settings = Settings(
        assignment=assignment,
        isolation=isolation,
        language=pick_language(language, loaded),
        feedback=feedback or loaded.feedback,
        hidden_tests=hidden_tests,
    )
    content = autograder_zip(loaded, chosen, settings)
    write_atomically(out, content)
    size = f"{len(content) / 1024:.0f}"
    click.echo(say("gradescope_done", assignment=assignment, size=size, out=out))
    return 0


@command.command("run", hidden=True, help=say("help_gradescope_run"))
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    default=Path("/autograder"),
    show_default=True,
    help=say("option_gradescope_root"),
)
def run(root: Path) -> int:

    root = root.absolute()
    settings = read_settings(root)
    require_level(settings.isolation)
    course = load(root)
    grade = grade_submission(root, course, settings)
    context = make_context(
        course, feedback=settings.feedback, hidden_visibility=settings.hidden_tests
    )
    write_atomically(root / RESULTS, export_bytes("gradescope", [grade], context))
    worth = {"score": points(grade.total), "max_score": points(grade.max_score)}
    student = sanitize(grade.student)
    click.echo(say("gradescope_graded", student=student, level=grade.isolation, **worth))
    return 0
