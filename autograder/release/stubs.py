"""Stubs as students get them: in their language, and with a word on how to check them where they
are run as programs.

A course has one stub an exercise, with docstrings in the language of its author. In another
language they are written anew from what the exercise declares: its arrays and their shapes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from autograder.authoring.lint import END, START
from autograder.course.exercise import Exercise
from autograder.course.statement import array_lines
from autograder.submissions.submission import decode_source
from autograder.text.catalogue import FALLBACK
from autograder.text.language import Language
from autograder.text.messages import pick, text

_RAISED = re.compile(r"(raise NotImplementedError)\(.*\)$")


def stub_source(exercise: Exercise, language: Language, *, is_file: bool = True) -> str:
    """The stub in ``language``; as a file, or as the cell of a notebook, which has no docstring of
    its own and is not run as a program."""
    source = decode_source(exercise.stub_path.read_bytes())
    lines = source.rstrip("\n").split("\n")
    tree = ast.parse(source)
    replaced = list(_docstrings(tree, exercise, language))
    for first, last, new in sorted(replaced, reverse=True):
        lines[first - 1 : last] = new
    header = tree.body[0]
    if ast.get_docstring(tree) is not None:
        lines = [""] * (header.end_lineno or 1) + lines[header.end_lineno or 1 :]
    body = "\n".join(_translated(line, language) for line in lines).strip("\n")
    if not is_file:
        return body
    title = pick(exercise.title, language)
    docstring = text("stub_header", language, name=exercise.name, title=title)
    how = text("stub_run", language, name=exercise.name)
    return f'"""{docstring}\n"""\n\n{body}\n\n\nif __name__ == "__main__":\n    print({how!r})\n'


def _translated(line: str, language: Language) -> str:
    """Markers, and the message of the exception, in ``language``."""
    if language == FALLBACK:
        return line
    bare = line.strip()
    for marker, key in ((START, "stub_start"), (END, "stub_end")):
        if bare == marker:
            return line.replace(marker, f"# ---- {text(key, language)} ----")
    return _RAISED.sub(rf'\1("{text("stub_not_written", language)}")', line)


def _docstrings(
    tree: ast.Module, exercise: Exercise, language: Language
) -> Iterator[tuple[int, int, list[str]]]:
    """First and last line of each docstring but the file's, and what stands there instead."""
    if language == FALLBACK:
        return
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            continue
        if ast.get_docstring(node) is None:
            continue
        first = node.body[0]
        indent = " " * first.col_offset
        content = _content(node, exercise, language)
        new = [f'{indent}"""{content[0]}']
        new += [f"{indent}{line}" if line else "" for line in content[1:]]
        if len(new) > 1:
            new.append(f'{indent}"""')
        else:
            new[0] += '"""'
        yield first.lineno, first.end_lineno or first.lineno, new


def _content(
    node: ast.FunctionDef | ast.ClassDef, exercise: Exercise, language: Language
) -> Sequence[str]:
    if isinstance(node, ast.FunctionDef) and node.name == exercise.signature.function:
        outputs = exercise.signature.outputs
        names = exercise.signature.parameters
        results = list(array_lines(exercise, language, outputs))
        key = "stub_returns" if len(outputs) == 1 else "stub_returns_several"
        return [
            text(key, language, outputs=", ".join(outputs)),
            "",
            *array_lines(exercise, language, names),
            *(["", text("stub_results", language), *results] if results else []),
        ]
    if isinstance(node, ast.ClassDef):
        names = exercise.signature.parameters
        return [pick(exercise.title, language), "", *array_lines(exercise, language, names)]
    names = tuple(argument.arg for argument in node.args.args if argument.arg != "self")
    return list(array_lines(exercise, language, names)) or [node.name]
