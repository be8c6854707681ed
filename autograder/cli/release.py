"""``autograder release``: an assignment as students get it."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from autograder.cli.language import say
from autograder.cli.options import course_option, find_course, language_option, pick_assignment
from autograder.course.course import pick_language
from autograder.course.loading import load_course
from autograder.errors import UsageError
from autograder.release.bundle import Options, make_bundle
from autograder.release.github import ACTION, COURSE_REPOSITORY, WORKFLOW, Classroom
from autograder.release.packages import SYSTEMS, Target
from autograder.release.writing import write_bundle

_THIS = f"{sys.version_info[0]}.{sys.version_info[1]}"


@click.command("release", help=say("help_release"))
@click.argument("assignments", nargs=-1)
@click.argument("destination", metavar="DEST", type=click.Path(path_type=Path))
@click.option("--notebook", is_flag=True, help=say("option_release_notebook"))
@click.option(
    "--github",
    is_flag=True,
    help=say("option_release_github"),
)
@click.option(
    "--action",
    metavar="OWNER/REPO@REF",
    help=say("option_release_action", default=ACTION),
)
@click.option(
    "--course-repository",
    metavar="OWNER/REPO",
    help=say("option_release_course_repository", default=COURSE_REPOSITORY),
)
@click.option(
    "--requirement",
    help=say("option_release_requirement"),
)
@click.option(
    "--offline", type=click.Choice(SYSTEMS), multiple=True, help=say("option_release_offline")
)
@click.option("--python", "pythons", multiple=True, help=say("option_release_python"))
@click.option("--devcontainer", is_flag=True, help=say("option_release_devcontainer"))
@click.option("--colab", metavar="OWNER/REPO[@BRANCH]", help=say("option_release_colab"))
@course_option
@language_option
def command(
    assignments: tuple[str, ...],
    destination: Path,
    notebook: bool,
    github: bool,
    action: str | None,
    course_repository: str | None,
    requirement: str | None,
    offline: tuple[str, ...],
    pythons: tuple[str, ...],
    devcontainer: bool,
    colab: str | None,
    course: Path | None,
    language: str | None,
) -> int:

    for name, value in (("--action", action), ("--course-repository", course_repository)):
        if value is not None and not github:
            raise UsageError(f"{name} is for --github; add it")
        if value is not None and ("/" not in value or not value.isprintable() or " " in value):
            raise UsageError(f"{name} {value!r}: write it as OWNER/REPO")
    if requirement is not None and not requirement.strip().isprintable():
        raise UsageError("--requirement: give one line, as in requirements.txt")
    _check_options(notebook, offline, pythons, colab)
    root = find_course(course)
    loaded = load_course(root, only=assignments or None)
    chosen = [pick_assignment(name, loaded, root) for name in assignments or loaded.assignments]
    if github and len(chosen) > 1:
        raise UsageError("--github is for a repository of one assignment; name one")
    _refuse_course(destination, root)
    classroom = Classroom(action or ACTION, course_repository or COURSE_REPOSITORY)
    options = Options(
        language=pick_language(language, loaded),
        notebooks=notebook,
        github=classroom if github else None,
        requirement=None if requirement is None else requirement.strip(),
        offline=tuple(
            Target(system, version) for system in offline for version in pythons or (_THIS,)
        ),
        devcontainer=devcontainer,
        colab=colab,
    )
    bundle = make_bundle(loaded, chosen, options)
    done = write_bundle(bundle, destination)
    for name in bundle.left_out:
        click.echo(f"Left out, as it belongs to no exercise: {name}", err=True)
    for name in done.kept:
        click.echo(f"Kept, as somebody has worked on it: {destination / name}", err=True)
    if github and "OWNER" in classroom.action + classroom.course_repository:
        click.echo(f"Fill in OWNER in {destination / WORKFLOW}", err=True)
    changed = f"{len(done.written)} of {len(bundle.files)} files"
    click.echo(f"{', '.join(bundle.assignments)}: {changed} written to {destination}")
    return 0


def _check_options(
    notebook: bool, offline: Sequence[str], pythons: Sequence[str], colab: str | None
) -> None:
    if pythons and not offline:
        raise UsageError("--python is for --offline; add it")
    for version in pythons:
        if not re.fullmatch(r"3\.\d{1,2}", version):
            raise UsageError(f"--python {version}: write it as 3.12")
    if colab is not None and not notebook:
        raise UsageError("--colab is for --notebook; add it")
    if colab is not None and not re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w./-]+)?", colab):
        raise UsageError(f"--colab {colab!r}: write it as OWNER/REPO or OWNER/REPO@BRANCH")


def _refuse_course(destination: Path, root: Path) -> None:
    """A bundle among the course's own files would be taken for part of it."""
    inside = destination.resolve()
    course = root.resolve()
    for folder in ("assignments", "solutions", "tests"):
        if inside.is_relative_to(course / folder):
            raise UsageError(f"{destination}: lies in the course's {folder}/; name another folder")
