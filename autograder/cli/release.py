"""``autograder release``: an assignment as students get it."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from autograder.cli.language import say
from autograder.cli.options import (
    course_option,
    find_course,
    language_option,
    pick_assignment,
    refuse_inside_course,
)
from autograder.course.course import Assignment, Course, pick_language
from autograder.course.loading import load_course
from autograder.errors import UsageError
from autograder.release.answer_form import refuse_weak_seed
from autograder.release.bundle import Options, make_bundle
from autograder.release.github import ACTION, COURSE_REPOSITORY, WORKFLOW, Classroom
from autograder.release.packages import SYSTEMS, Target
from autograder.release.writing import write_bundle
from autograder.text.said import said

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
@click.option("--student", metavar="NAME", help=say("option_release_student"))
@click.option("--colab", metavar="OWNER/REPO[@BRANCH]", help=say("option_release_colab"))
@click.option("--web", is_flag=True, help=say("option_release_web"))
@click.option("--pyodide", metavar="cdn|PATH", help=say("option_release_pyodide"))
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
    student: str | None,
    colab: str | None,
    web: bool,
    pyodide: str | None,
    course: Path | None,
    language: str | None,
) -> int:

    for name, value in (("--action", action), ("--course-repository", course_repository)):
        if value is not None and not github:
            raise UsageError(said("error_needs_github", option=name))
        if value is not None and ("/" not in value or not value.isprintable() or " " in value):
            raise UsageError(said("error_owner_repo", option=name, value=repr(value)))
    if requirement is not None and not requirement.strip().isprintable():
        raise UsageError(said("error_one_line"))
    _check_options(notebook, offline, pythons, colab)
    others = (notebook, github, action, course_repository, requirement, offline, pythons)
    _check_web(web, pyodide, any((*others, devcontainer, colab)))
    root = find_course(course)
    loaded = load_course(root, only=assignments or None)
    chosen = [pick_assignment(name, loaded, root) for name in assignments or loaded.assignments]
    if github and len(chosen) > 1:
        raise UsageError(said("error_github_one"))
    refuse_inside_course(destination, root)
    if web:
        return _release_site(loaded, chosen, destination, pyodide or "", language)
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
        student=student,
    )
    if student is not None:
        refuse_weak_seed(loaded, chosen)
    bundle = make_bundle(loaded, chosen, options)
    done = write_bundle(bundle, destination)
    for name in bundle.left_out:
        click.echo(say("release_left_out", name=name), err=True)
    for name in done.kept:
        click.echo(say("release_kept", path=destination / name), err=True)
    if github and "OWNER" in classroom.action + classroom.course_repository:
        click.echo(say("release_owner", path=destination / WORKFLOW), err=True)
    counts = {"written": len(done.written), "n": len(bundle.files)}
    names = ", ".join(bundle.assignments)
    click.echo(say("release_done", assignment=names, folder=destination, **counts))
    return 0


def _check_web(web: bool, pyodide: str | None, has_others: bool) -> None:
    if pyodide is not None and not web:
        raise UsageError(said("error_needs_option", option="--pyodide", other="--web"))
    if web and pyodide is None:
        raise UsageError(said("error_web_pyodide"))
    if web and has_others:
        raise UsageError(said("error_web_alone"))


def _release_site(
    course: Course,
    assignments: Sequence[Assignment],
    destination: Path,
    pyodide: str,
    language: str | None,
) -> int:
    from autograder.release.site.build import make_site
    from autograder.release.site.pyodide import find_runtime
    from autograder.release.site.writing import write_site

    runtime = find_runtime(pyodide)
    site = make_site(course, assignments, pick_language(language, course), runtime)
    written = write_site(site, destination)
    for name in site.left_out:
        click.echo(say("release_left_out", name=name), err=True)
    names = ", ".join(site.assignments)
    counts = {"written": written, "n": len(site.files)}
    click.echo(say("release_done", assignment=names, folder=destination, **counts))
    size = sum(map(len, site.files.values())) / 1e6
    click.echo(say("release_site", folder=destination, size=f"{size:.1f}"))
    return 0


def _check_options(
    notebook: bool, offline: Sequence[str], pythons: Sequence[str], colab: str | None
) -> None:
    if pythons and not offline:
        raise UsageError(said("error_needs_option", option="--python", other="--offline"))
    for version in pythons:
        if not re.fullmatch(r"3\.\d{1,2}", version):
            raise UsageError(said("error_python_version", version=version))
    if colab is not None and not notebook:
        raise UsageError(said("error_needs_option", option="--colab", other="--notebook"))
    if colab is not None and not re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w./-]+)?", colab):
        raise UsageError(said("error_owner_repo", option="--colab", value=repr(colab)))
