"""A notebook an exercise: statement, stub and check, cell by cell."""

from __future__ import annotations

from autograder.course.exercise import Exercise
from autograder.course.statement import statement_markdown
from autograder.release.editors import Colab
from autograder.release.notebook_writing import Cell, notebook
from autograder.release.stubs import stub_source
from autograder.text.language import Language
from autograder.text.messages import text


def exercise_notebook(exercise: Exercise, language: Language, colab: Colab | None = None) -> bytes:
    """The exercise as a notebook, to be handed in in place of its ``.py`` file. With ``colab``, it
    has a button that opens it there, and a cell that prepares it."""
    file = f"{exercise.name}.ipynb"
    before = [] if colab is None else [Cell("markdown", colab.badge), Cell("code", colab.setup)]
    return notebook(
        [
            *before,
            Cell("markdown", statement_markdown(exercise, language, level=1, file=file)),
            Cell("code", stub_source(exercise, language, is_file=False)),
            Cell("markdown", text("notebook_check", language)),
            Cell("code", f'import autograder\n\nautograder.check("{exercise.name}")'),
        ]
    )
