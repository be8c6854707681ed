"""What students computed, written as a known mistake that an author can paste."""

from __future__ import annotations

import ast
import re

from autograder.course.exercise import Exercise
from autograder.text.language import Language

_SHAPE = re.compile(r" in shape \(.*?\)")
_NAMES_OF_NUMPY = frozenset({"np"})


def mistake_yaml(
    computed: str, exercise: Exercise | None, languages: tuple[Language, ...], number: int
) -> str:
    """An entry for ``mistakes`` in the exercise's hidden file, from what a grade says was computed
    (``dx = -W @ dy, dW = dW.T``).

    Names of right results are theirs, and lengths those of an array that has them. What an
    expression of a mistake cannot say is left as a comment for the author.
    """
    outputs = _parts(computed, exercise)
    lines = [f"  - name: computed-{number}", "    outputs:"]
    notes: list[str] = []
    for output, written in outputs.items():
        first, *others = written.split(" or ")
        expression = _as_expression(_SHAPE.sub("", first), exercise)
        lines.append(f"      {output}: {_quoted(expression)}")
        if others or _SHAPE.search(first):
            notes.append(f"{output} was found as: {written}")
        notes += [f"{name} is not known here" for name in _unknown(expression, exercise)]
    hint = ", ".join(f"{language}: TODO" for language in languages)
    lines.append(f"    hint: {{{hint}}}")
    return "\n".join([*(f"  # {note}" for note in notes), *lines]) + "\n"


def _parts(computed: str, exercise: Exercise | None) -> dict[str, str]:
    names = r"\w+" if exercise is None else "|".join(exercise.signature.outputs)
    places = list(re.finditer(rf"(?:^|, )({names}) = ", computed))
    ends = [one.start() for one in places[1:]] + [len(computed)]
    return {one[1]: computed[one.end() : end] for one, end in zip(places, ends, strict=True)}


def _as_expression(written: str, exercise: Exercise | None) -> str:
    written = re.sub(r"\bright (\w+)", r"\1", written)
    if exercise is None:
        return written
    for name in _unknown(written, exercise):
        length = _length(name, exercise)
        if length is not None:
            written = re.sub(rf"\b{re.escape(name)}\b", length, written)
    return written


def _unknown(expression: str, exercise: Exercise | None) -> list[str]:
    """Names that a mistake's expression does not see, in their order."""
    if exercise is None:
        return []
    known = {*exercise.signature.parameters, *exercise.signature.outputs, *_NAMES_OF_NUMPY}
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError):
        return []
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return [one for one in dict.fromkeys(names) if one not in known]


def _length(dimension: str, exercise: Exercise) -> str | None:
    """An expression for the length called ``dimension``."""
    for array in exercise.arrays.values():
        if dimension in array.shape:
            place = array.shape.index(dimension)
            leading = array.shape[0] == "..."
            return f"{array.name}.shape[{place - len(array.shape) if leading else place}]"
    return None


def _quoted(expression: str) -> str:
    """The expression as YAML takes it for a text."""
    if re.search(r"[:#{}\[\],&*!|>'\"%@`]|^[-?]\s", expression) or expression[:1] in "-?":
        return "'" + expression.replace("'", "''") + "'"
    return expression
