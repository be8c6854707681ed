"""The command line. The only place that prints, and that ends the program.

Commands are imported when they are called, so that ``--help`` answers at once.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from autograder import __version__
from autograder.cli.language import cli_language, say, say_click, translate_click
from autograder.course.near import is_bundle_near
from autograder.errors import AutograderError
from autograder.text.said import worded
from autograder.text.terminal import make_printable
from autograder.text.words import nearest

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

COMMANDS = (
    "check",
    "next",
    "submit",
    "grade",
    "merge",
    "adjust",
    "diff",
    "explain",
    "report",
    "feedback",
    "export",
    "release",
    "worksheet",
    "gradescope",
    "pack",
    "init",
    "new",
    "preview",
    "lint",
    "schema",
    "nbgrader",
)
"""Each is a module of that name, and has a line ``command_<name>`` in the catalogues."""

FOR_STUDENTS = ("check", "next", "submit")
"""What a student's bundle shows of these."""


def _shown() -> Sequence[str]:
    """The commands that help and suggestions name here."""
    return FOR_STUDENTS if is_bundle_near(Path.cwd()) else COMMANDS


class LazyGroup(click.Group):
    """Commands that live in modules of the same name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_shown())

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"autograder.cli.{name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            near = nearest(name, _shown())
            key = "no_such_command_near" if near else "no_such_command"
            raise click.UsageError(
                say(key, name=printable(name), near=near or "", known=", ".join(_shown())), ctx
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(say_click("Commands")):
            formatter.write_dl([(name, say(f"command_{name}")) for name in _shown()])


translate_click()  # before click says anything, as it does in what follows


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=say("help_program"),
)
@click.version_option(__version__, prog_name="autograder")
def cli() -> None: ...


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the program.

    0: all well. 1: the work under test fails. 2: the call, the course or the machine is
    wrong. 130: interrupted.
    """
    # Before numpy is loaded: the grader's own arithmetic is small, and runs in parallel.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Arrays and plain data make no cycles. Looked for as often as usual, they are a tenth of
    # the time of grading.
    gc.set_threshold(200_000)
    _open_standard_streams()
    try:
        result: Any = cli.main(args=arguments, prog_name="autograder", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        _end(EXIT_INTERRUPTED)
    except click.ClickException as error:
        with contextlib.suppress(OSError):
            error.show()
        _end(EXIT_USAGE)
    except AutograderError as error:
        _complain(worded(error, cli_language()))
        _end(EXIT_USAGE)
    except SystemExit as ended:
        # Completion in a shell has said all. For a reader who has gone, click would end with 1.
        _end(0 if ended.code == 0 else EXIT_USAGE)
    except BrokenPipeError:  # the reader of our output has gone, as `| head` does
        _end(EXIT_USAGE)
    except OSError as error:
        if isinstance(error.__context__, KeyboardInterrupt):  # click could not end the line
            _end(EXIT_INTERRUPTED)
        # A full disk under our output, no more descriptors: nothing that a traceback explains.
        place = "" if error.filename is None else f"{error.filename}: "
        _complain(place + (error.strerror or str(error)))
        _end(EXIT_USAGE)
    _end(result if isinstance(result, int) else 0)


def _complain(message: str) -> None:
    with contextlib.suppress(OSError):  # there is nowhere left to say it
        click.echo(say("error", message=printable(message)), err=True)


def _open_standard_streams() -> None:
    """Those that are closed lead nowhere, and nothing that is opened later takes their place.
    The others print every character, in whatever encoding."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    make_printable(sys.stdout)
    make_printable(sys.stderr)


def _end(code: int) -> NoReturn:
    """End the program at once, with what it has printed written as far as that is possible.

    Python would free one object after the other first, which takes longer than to grade a
    submission, and end with 120 where a stream cannot be flushed."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    atexit._run_exitfuncs()
    os._exit(code)


def printable(message: str) -> str:
    """One line that no terminal takes for a command."""
    return "".join(char if char.isprintable() else " " for char in message)
