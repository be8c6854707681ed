"""``autograder.check("dx")`` in a notebook: the function as its cells define it, checked the way
it will be graded.

The cells that ran are taken from IPython's history and treated as those of a notebook that was
handed in: definitions count, and nothing that other statements did. What works only thanks to
them fails here as it would when graded. The code runs in a process of its own, so that an
endless loop costs two seconds and not the notebook.
"""

from __future__ import annotations

import ast
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from autograder.course.near import language_near
from autograder.errors import AutograderError, UsageError
from autograder.grading.unfinished import is_stub
from autograder.sandbox.host import Sandbox
from autograder.student import check_html
from autograder.student.checking import CheckedExercise, check_exercise
from autograder.student.discovery import Work, find_exercises
from autograder.submissions.forms import encode, read_assignments
from autograder.submissions.notebook import (
    Extract,
    NotebookError,
    extract,
    parse_notebook,
)
from autograder.submissions.submission import Submission, read_submission
from autograder.submissions.submission import Work as Counting
from autograder.text.catalogue import FALLBACK
from autograder.text.language import Language
from autograder.text.messages import text
from autograder.text.said import said, worded


class Report:
    """What a notebook shows: HTML, and in a terminal text. ``passed`` is True when every public
    test passed; ``problem`` says why nothing could be checked."""

    def __init__(
        self, checked: Sequence[CheckedExercise], language: Language, problem: str = ""
    ) -> None:
        self.checked = tuple(checked)
        self.language = language
        self.problem = problem

    @property
    def passed(self) -> bool:
        return not self.problem and all(one.passed for one in self.checked)

    def __repr__(self) -> str:
        if self.problem:
            return self.problem
        # Not before somebody reads it: in a notebook nobody does.
        from autograder.student.check_text import exercise_text

        width = max(40, min(shutil.get_terminal_size().columns, 100))
        return "\n".join(
            exercise_text(one, self.language, width=width).rstrip() for one in self.checked
        )

    def _repr_html_(self) -> str:
        if self.problem:
            return check_html.problem(self.problem)
        return check_html.report(self.checked, self.language)


def check(*names: str, lang: Language | None = None) -> Report:
    """Check exercises by name, as the cells of this notebook define them, or all of them.

    The report shows itself: as HTML in a notebook, as text in a terminal. Never raises for a
    call or a course that is wrong: a traceback of ours helps nobody.
    """
    try:
        works = find_exercises([Path(name) for name in names])
        course = works[0].course
        chosen = lang or course.language
        if chosen not in course.languages:
            known = ", ".join(course.languages)
            raise UsageError(
                said("error_not_in_language", option=f"lang='{chosen}'", languages=known)
            )
        shell = _shell()
        checked = []
        with Sandbox("process", course.limits) as sandbox:
            for work, submission in _submissions(works, shell, chosen, bool(names)):
                one = check_exercise(work.course, work.exercise, submission, sandbox, chosen)
                notes = () if shell is None else _notes(work, one, shell, chosen)
                checked.append(replace(one, notes=notes))
    except AutograderError as error:
        language = lang or language_near(Path.cwd()) or FALLBACK
        return Report((), language, worded(error, language))
    return Report(checked, chosen)


def _submissions(
    works: Sequence[Work], shell: Any, language: Language, named: bool
) -> list[tuple[Work, Submission]]:
    """What to check: cells where there are any, and files elsewhere."""
    if shell is None:
        return [(work, read_submission(work.ref)) for work in works]
    cells = shell.history_manager.input_hist_parsed
    defined = _defined(source_of_cells(cells))
    found = []
    for work in works:
        if work.exercise.answers:
            found.append((work, _filled_in(work, cells)))
            continue
        function = work.exercise.signature.function
        if function in defined:
            found.append((work, _submission(work, extract_cells(cells, [function]))))
        elif named:
            failed = _failed_cell(cells, function)
            if failed is not None:
                raise UsageError(
                    text("check_cell_failed_only", language, function=function, cell=failed)
                )
            key = "check_not_in_cell" if function in shell.user_ns else "check_run_cell"
            raise UsageError(text(key, language, function=function))
    if not found:
        names = ", ".join(work.exercise.signature.function for work in works)
        raise UsageError(text("check_nothing_defined", language, functions=names))
    return found


def _filled_in(work: Work, cells: Sequence[str]) -> Submission:
    """The answers that cells assign; the file where they assign none."""
    exercise = work.exercise
    statements = [one for cell in cells[1:] if _is_python(cell) for one in ast.parse(cell).body]
    form = read_assignments(statements, exercise.name, tuple(exercise.answers))
    if not form.answers:
        return read_submission(work.ref)
    source = encode(form)
    files = {f"{exercise.name}.py": source}
    counting = {exercise.name: Counting(f"{exercise.name}.ipynb", source)}
    return Submission("", exercise.assignment, files, work=counting)


def _notes(work: Work, checked: CheckedExercise, shell: Any, language: Language) -> tuple[str, ...]:
    """What a student should know besides: that the latest cell with the function did not run, that
    a file beside the notebook counts instead of it, that what cells compute does not count."""
    notes = [
        text("computed_in_cell", language, name=name)
        for name in _unknown_names(checked)
        if name in shell.user_ns
    ]
    if work.exercise.answers:
        return ()
    function = work.exercise.signature.function
    failed = _failed_cell(shell.history_manager.input_hist_parsed, function)
    if failed is not None:
        notes.append(text("check_cell_failed", language, function=function, cell=failed))
    here = read_submission(replace(work.ref, folder=Path.cwd(), files=None))
    counting = here.work.get(work.exercise.name)
    source = None if counting is None else counting.source
    if counting is not None and counting.file.endswith(".py") and source is not None:
        begun = not is_stub(source, function)
        notes += [text("check_file_beside", language, file=counting.file)] if begun else []
    return tuple(notes)


def _unknown_names(checked: CheckedExercise) -> Iterator[str]:
    """The names that the code did not know, each once."""
    failures = (one.finding.failure for one in checked.tests if one.finding is not None)
    messages = {
        one.exception.message: None
        for one in failures
        if one is not None and one.exception is not None and one.exception.type_name == "NameError"
    }
    for message in messages:
        match = re.match(r"name '(\w+)' is not defined", message)
        if match is not None:
            yield match[1]


def _failed_cell(cells: Sequence[str], function: str) -> int | None:
    """The number of the latest cell that was to define the function, if Python cannot read it."""
    defines = re.compile(rf"^[ \t]*(?:def|class)[ \t]+{re.escape(function)}\b", re.MULTILINE)
    for number in range(len(cells) - 1, 0, -1):
        if defines.search(cells[number]):
            return None if _is_python(cells[number]) else number
    return None


def _submission(work: Work, found: Extract) -> Submission:
    """The cells, with the Python files beside the notebook, which they may import."""
    here = read_submission(replace(work.ref, folder=Path.cwd(), files=None))
    files: Mapping[str, str] = {
        name: content for name, content in here.files.items() if name.endswith(".py")
    }
    name = work.exercise.name
    return Submission(
        "",
        work.exercise.assignment,
        {**files, f"{name}.py": found.source},
        work={name: Counting(f"{name}.py", found.source, left_out=found.left_out)},
    )


def source_of_cells(cells: Sequence[str]) -> str:
    """All definitions in ``cells``, which ran in this order, by their numbers in it."""
    return extract_cells(cells, None).source


def extract_cells(cells: Sequence[str], roots: Sequence[str] | None) -> Extract:
    """What the functions ``roots`` need of cells that ran in this order.

    A cell that Python cannot read did not run, and defines nothing.
    """
    content = msgspec.json.encode(
        {
            "cells": [
                {"cell_type": "code", "source": cell if _is_python(cell) else ""}
                for cell in cells[1:]
            ]
        }
    )
    try:
        return extract(parse_notebook(content), roots)
    except NotebookError as error:
        raise UsageError(said("error_cells", error=error)) from None


def _is_python(cell: str) -> bool:
    try:
        ast.parse(cell)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _defined(source: str) -> set[str]:
    return {
        name
        for statement in ast.parse(source).body
        for name in (
            [statement.name]
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            else [
                node.id
                for node in ast.walk(statement)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            ]
        )
    }


def _shell() -> Any:
    """IPython's shell where this runs in one; None elsewhere."""
    interactive = sys.modules.get("IPython")
    return None if interactive is None else interactive.get_ipython()
