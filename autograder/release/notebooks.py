"""A notebook an exercise: statement, stub and check, cell by cell."""

from __future__ import annotations

import ast

from autograder.course.exercise import Exercise
from autograder.course.statement import statement_markdown
from autograder.release.notebook_writing import Cell, notebook
from autograder.submissions.submission import decode_source
from autograder.text.language import Language
from autograder.text.messages import text


def exercise_notebook(exercise: Exercise, language: Language) -> bytes:
    """The exercise as a notebook, to be handed in in place of its ``.py`` file."""
    file = f"{exercise.name}.ipynb"
    return notebook(
        [
            Cell("markdown", statement_markdown(exercise, language, level=1, file=file)),
            Cell("code", stub_cell(exercise)),
            Cell("markdown", text("notebook_check", language)),
            Cell("code", f'import autograder\n\nautograder.check("{exercise.name}")'),
        ]
    )


def stub_cell(exercise: Exercise) -> str:
    """The stub without the docstring of its file, which speaks of files."""
    source = decode_source(exercise.stub_path.read_bytes())
    body = ast.parse(source).body
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(body) > 1:
        lines = source.splitlines(keepends=True)[first.end_lineno :]
        return "".join(lines).strip("\n")
    return source.strip("\n")
