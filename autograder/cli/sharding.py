"""What ``autograder grade --shard`` does, when its options have been read."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import click

from autograder.batch.folder import GradeOptions
from autograder.batch.shards import (
    Elsewhere,
    OpenShard,
    Shard,
    ShardResult,
    grade_shard,
    open_shard,
    parse_shard,
    prune_shard,
)
from autograder.cli import EXIT_INTERRUPTED
from autograder.cli.grading import Request, complain
from autograder.cli.language import cli_language, say
from autograder.cli.merge import put_together
from autograder.errors import GraderFault, UsageError
from autograder.text.said import in_language, said

if TYPE_CHECKING:
    from autograder.sandbox.launch import WarmProcess


def grade_part(
    given: str | None,
    options: GradeOptions,
    request: Request,
    origin: WarmProcess | None,
    scheduler: str | None = None,
) -> int:
    """Grade a shard, and return the exit code; without one everything, put together at the end.
    Raises :class:`~autograder.errors.AutograderError`."""
    shard = parse_shard("1/1" if given is None else given, os.environ)
    refuse_options(request)
    result = ShardResult()
    fault: GraderFault | None = None
    with open_shard(options, shard) as opened:
        say_left_out(opened.left_out if opened.packed is None else ())
        try:
            total = None if opened.packed is not None else len(opened.found)
            with progress(total) as advance, _cluster(scheduler, opened) as elsewhere:
                for _ in grade_shard(opened, result, origin, elsewhere):
                    advance()
        except KeyboardInterrupt:
            _say(opened, shard, result, "shard_interrupted")
            return EXIT_INTERRUPTED
        except GraderFault as error:
            fault = error
        say_left_out(opened.left_out if opened.packed is not None else ())
        complain(opened.unmatched)
        _say(opened, shard, result, "shard_done")
        if result.gone and request.prune:
            prune_shard(opened)
        elif result.gone:
            click.echo(say("shard_gone", n=result.gone), err=True)
    code = 0 if given is not None else put_together(options, opened.course, quiet=request.quiet)
    if fault is not None:
        raise fault
    return code


@contextmanager
def _cluster(address: str | None, opened: OpenShard) -> Iterator[Elsewhere | None]:
    """What grades on a cluster, where there is one."""
    if address is None:
        yield None
        return
    try:
        from autograder.batch.cluster import Cluster, grade_on, order_of
    except ImportError:
        raise UsageError(said("error_no_dask")) from None

    def tell(line: str) -> None:
        click.echo(in_language(line, cli_language()), err=True)

    with Cluster(address, order_of(opened), opened.options.jobs, tell) as cluster:
        yield partial(grade_on, cluster)


def refuse_options(request: Request) -> None:
    """Refuse options that are about a whole class, which no shard knows. Raises
    :class:`UsageError`."""
    later = {
        "--format": request.formats,
        "--roster": request.roster,
        "--fail-under": request.fail_under,
        "--excel": request.excel,
        "--dry-run": request.dry_run,
    }
    for option, value in later.items():
        if value not in (None, False, ()):
            raise UsageError(said("error_shard_option", option=option))


def say_left_out(names: Sequence[str]) -> None:
    """A line for each of the first of what was not unpacked."""
    complain([say("grade_left_out", name=in_language(name, cli_language())) for name in names])


def _say(opened: OpenShard, shard: Shard, result: ShardResult, key: str) -> None:
    values = {"number": shard.number, "of": shard.of, "fresh": result.fresh, "kept": result.kept}
    click.echo(say(key, file=shard.path(opened.options.out), **values))


@contextmanager
def progress(total: int | None) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, or of a stream a count; nothing elsewhere. Call what it yields once a
    submission."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = TextColumn(say("grade_progress")), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)
