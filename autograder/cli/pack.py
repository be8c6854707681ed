"""``autograder pack``: an assignment with its secrets, for a workflow that grades."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import click

from autograder.cli.language import say
from autograder.cli.options import course_option, find_course, pick_assignment
from autograder.course.loading import load_course
from autograder.grades.grade_file import write_atomically
from autograder.release.grading import grading_files


@click.command("pack", help=say("help_pack"))
@click.argument("assignment")
@click.option("--out", type=click.Path(path_type=Path), required=True, help=say("option_pack_out"))
@course_option
def command(assignment: str, out: Path, course: Path | None) -> int:

    root = find_course(course)
    loaded = load_course(root, only=[assignment])
    files = grading_files(loaded, pick_assignment(assignment, loaded, root))
    content = packed(files)
    write_atomically(out, content)
    size = f"{len(content) / 1024:.0f}"
    click.echo(say("pack_done", assignment=assignment, n=len(files), size=size, out=out))
    return 0


def packed(files: dict[str, bytes]) -> bytes:
    """A .tar.gz of ``files``; the same files give the same bytes."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as archive,
    ):
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
