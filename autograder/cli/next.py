"""``autograder next``: the statement of the next exercise that is not finished."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from autograder.cli.check import MAX_WIDTH, MIN_WIDTH, Checker, shown_file
from autograder.cli.language import say
from autograder.cli.options import language_option


@click.command("next", help=say("help_next"))
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@language_option
def command(paths: tuple[Path, ...], language: str | None) -> int:

    from rich.console import Console
    from rich.markdown import Markdown
    from rich.text import Text

    from autograder.course.statement import for_terminal, statement_markdown
    from autograder.student.check_text import points_in_words
    from autograder.student.to_come import to_come
    from autograder.text.messages import text

    with ExitStack() as stack:
        checker = Checker(paths, language, stack)
        works = checker.find()
        found = next(
            ((work, one) for work, (one, _) in checker.checked(works) if not one.passed), None
        )
    chosen = checker.language
    console = Console(highlight=False)
    width = max(MIN_WIDTH, min(console.width, MAX_WIDTH))
    if found is None:
        console.print(Text(text("check_all_passed", chosen), "green"), width=width)
        console.print(text("next_submit", chosen), width=width)
        return 0
    work, one = found
    hidden = to_come(work.course, work.exercise)
    statement = statement_markdown(
        work.exercise, chosen, level=1, hidden_points=0.0 if hidden is None else hidden.points
    )
    console.print(Markdown(for_terminal(statement), justify="left"), width=width)
    console.print()
    if not one.untouched and one.max_score:
        state = points_in_words(one, chosen)
        console.print(text("next_begun", chosen, state=state), width=width, markup=False)
    name = work.exercise.name
    file = shown_file(work, one.file if one.file and not one.untouched else work.exercise.file)
    console.print(text("next_file", chosen, file=file), width=width, markup=False)
    console.print(f"  autograder check {name}", width=width, markup=False)
    return 0
