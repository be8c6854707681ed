"""``autograder check``: the public tests on a student's own files."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from autograder.cli import EXIT_FAILED, printable
from autograder.cli.language import cli_language, say
from autograder.cli.options import language_option
from autograder.course.course import pick_language
from autograder.errors import AutograderError
from autograder.text.said import worded

if TYPE_CHECKING:
    from autograder.course.exercise import Exercise
    from autograder.sandbox.host import Sandbox
    from autograder.student.checking import CheckedExercise
    from autograder.student.discovery import Work

    Checked: TypeAlias = tuple[CheckedExercise, str]
    """An exercise, and the file that was checked."""
    Latest: TypeAlias = Collection[str] | None
    """The names of the exercises that were saved last; None for all."""
    Show: TypeAlias = Callable[[Sequence[Work], Iterator[Checked], str, Latest], None]
    """Shows each of the works when it has been checked, in a language."""

# How often --watch looks at the files, in seconds: a person does not notice a third.
POLL = 0.3
_WATCHED = (".py", ".ipynb", ".yaml", ".json")
MAX_WIDTH = 100
MIN_WIDTH = 40


@click.command("check", help=say("help_check"))
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--watch", is_flag=True, help=say("option_check_watch"))
@click.option("--json", "as_json", is_flag=True, help=say("option_check_json"))
@language_option
def command(paths: tuple[Path, ...], watch: bool, as_json: bool, language: str | None) -> int:

    show: Show = _show_json if as_json else _show_text
    with ExitStack() as stack:
        checker = Checker(paths, language, stack)
        if watch:
            return _watch(checker, show, quiet=as_json)
        return 0 if checker.check(show) else EXIT_FAILED


class Checker:
    """Checks the same paths as often as asked, in one warm process."""

    def __init__(self, paths: tuple[Path, ...], language: str | None, stack: ExitStack) -> None:
        self.paths = paths
        self._language = language
        self._stack = stack
        self._sandbox: Sandbox | None = None
        self.language = cli_language()
        self.passed = False
        """Whether all public tests passed in the last check."""
        self._has_checked = False
        self.folders = {Path.cwd(), *(path if path.is_dir() else path.parent for path in paths)}
        self.seen = _state(self.folders)
        """What the files were like when the last check began."""

    def check(self, show: Show) -> bool:
        """Check, show, and return whether all passed. Raises :class:`AutograderError`."""
        before, self.seen = self.seen, _state(self.folders)
        latest = self._saved_last(before) if self._has_checked else None
        self._has_checked = True
        works = self.find()
        if latest is not None:
            latest &= {work.exercise.name for work in works}
            if latest:
                works = tuple(sorted(works, key=lambda work: work.exercise.name in latest))
        checked = (one for _, one in self.checked(works))
        show(works, checked, self.language, latest or None)
        return self.passed

    def find(self) -> tuple[Work, ...]:
        """What is to be checked, and the language in which. Raises :class:`AutograderError`."""
        from autograder.student.discovery import find_exercises

        self.passed = False
        works = find_exercises(self.paths)
        for work in works:
            self.folders |= {work.course.root, work.exercise.public_path.parent, work.ref.folder}
        self.seen = _state(self.folders)
        self.language = pick_language(self._language, works[0].course)
        return works

    def _saved_last(self, before: dict[str, tuple[int, int]]) -> set[str]:
        """The names, without their ending, of the files that are not as they were."""
        return {
            Path(path).stem
            for path in before.keys() | self.seen.keys()
            if before.get(path) != self.seen.get(path)
        }

    def has_changed(self) -> bool:
        """Whether any file is not as it was when the last check began."""
        return _state(self.folders) != self.seen

    def checked(self, works: tuple[Work, ...]) -> Iterator[tuple[Work, Checked]]:
        """Each of the works with what the check has found, one after the other."""
        from autograder.sandbox.host import Sandbox

        if self._sandbox is None:
            # Student code on the student's own computer: kept apart, not locked up.
            self._sandbox = self._stack.enter_context(Sandbox("process", works[0].course.limits))
        from autograder.student.checking import check_exercise
        from autograder.submissions.reader import bounded
        from autograder.submissions.submission import read_submission

        passed = True
        for number, work in enumerate(works, start=1):
            # Their own file, but one that takes a parser minutes looks like a check that hangs.
            with bounded():
                submission = read_submission(work.ref)
            checked = check_exercise(
                work.course, work.exercise, submission, self._sandbox, self.language
            )
            passed = passed and checked.passed
            # Known before it is shown: Ctrl-C may come as soon as somebody has read it.
            self.passed = passed and number == len(works)
            yield work, (checked, shown_file(work, submission.file_for(work.exercise.name)))


def shown_file(work: Work, name: str) -> str:
    """The file as the student would name it from here."""
    path = (work.ref.files or {}).get(name, work.ref.folder / name)
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _show_text(
    works: Sequence[Work],
    checked: Iterator[Checked],
    language: str,
    latest: Collection[str] | None = None,
) -> None:
    """All exercises, and what is to come. With ``latest``, the others in a line each, above: what
    was saved last stays in view."""
    from rich.console import Console
    from rich.text import Text

    from autograder.student.check_text import exercise_lines, wrapped
    from autograder.student.to_come import summary_lines
    from autograder.text.messages import pick, text

    console = Console(highlight=False)
    width = max(MIN_WIDTH, min(console.width, MAX_WIDTH))
    now = datetime.now().astimezone()

    def show(*lines: Text) -> None:
        # Soft wrap: the lines are as long as they should be.
        console.print(*lines, sep="\n", soft_wrap=True)

    several = len({work.exercise.assignment for work in works}) > 1

    def show_summary(work: Work) -> None:
        if several and not begun:  # the course as it was handed out is no wall of lines
            return
        for line in summary_lines(work.course, assignment, points, now, language):
            show(*wrapped(Text(line, "dim"), width))

    total = passed = 0
    assignment, start, key = "", "", ""
    points: list[tuple[Exercise, float, float]] = []
    begun = False
    for number, work in enumerate(works):
        if work.exercise.assignment != assignment:
            if assignment:
                show_summary(works[number - 1])
                show(Text(""))
            assignment, points, begun = work.exercise.assignment, [], False
            title = pick(work.course.assignments[assignment].title, language)
            show(*wrapped(Text(f"{title} ({assignment})", "bold"), width))
        one, file = next(checked)
        lines = exercise_lines(one, language, width)
        is_latest = latest is None or work.exercise.name in latest
        show(*(lines if is_latest else lines[:1]))
        points.append((work.exercise, one.score, one.max_score))
        begun = begun or not one.untouched
        total += 1
        passed += one.passed
        if one.untouched and not start:
            start, key = file, "check_start_form" if one.exercise.answers else "check_start"
    if works:
        show_summary(works[-1])
    if passed == total:
        by_hand = works and all(work.exercise.answers for work in works)
        done = text("check_filled" if by_hand else "check_all_passed", language)
        show(*wrapped(Text(done, "green"), width))
    elif total == 1 and not start:
        show(*wrapped(text("check_not_yet", language), width))
    elif total > 1:
        show(*wrapped(text("check_summary", language, passed=passed, total=total), width))
    if start:
        show(*wrapped(text(key, language, file=start), width))


def _show_json(
    works: Sequence[Work],
    checked: Iterator[Checked],
    language: str,
    latest: Collection[str] | None = None,
) -> None:
    from autograder.student import check_json

    everything = list(checked)
    encoded = check_json.encode(everything, language)
    # A line each where a program reads along, as with --watch.
    click.echo(check_json.indented(encoded) if sys.stdout.isatty() else encoded)


def _watch(checker: Checker, show: Show, *, quiet: bool) -> int:
    """Check, and again whenever one of the files has changed, until Ctrl-C."""
    from autograder.text.messages import text

    try:
        while True:
            try:
                checker.check(show)
            except AutograderError as error:
                # It may be mended in the next moment: a file half written, a YAML being edited.
                message = worded(error, checker.language)
                click.echo(say("error", message=printable(message)), err=True)
            if not quiet:
                click.echo(text("check_watching", checker.language))
            while not checker.has_changed():
                time.sleep(POLL)
            if not quiet:
                click.echo(f"\n──── {time.strftime('%H:%M:%S')} ────")
    except KeyboardInterrupt:
        click.echo("", err=True)
        return 0 if checker.passed else EXIT_FAILED


def _state(folders: Iterable[Path]) -> dict[str, tuple[int, int]]:
    """Every file that a check may depend on, with its time of change and size."""
    found = {}
    for folder in folders:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.endswith(_WATCHED):
                        status = entry.stat()
                        found[entry.path] = status.st_mtime_ns, status.st_size
        except OSError:  # gone, or a file of it is, between two looks
            continue
    return found
