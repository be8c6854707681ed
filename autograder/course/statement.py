"""What an exercise asks for, as Markdown with LaTeX: for bundles, notebooks and carriers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from autograder.course.exercise import Exercise
from autograder.text.language import Language
from autograder.text.messages import pick, text

_CODE_OR_MATH = re.compile(
    r"(?P<code>```.*?```|`[^`\n]*`)"
    r"|(?P<line>[^\S\n]*)\$\$(?P<display>.+?)\$\$[^\S\n]*\n?"
    r"|\$(?P<inline>[^$]+?)\$",
    re.DOTALL,
)
# The header of a table that a statement has itself, in any language.
_SHAPES = re.compile(r"^\s*\|.*\bshape\b.*\|\s*\n\s*\|[ :|-]+\|", re.IGNORECASE | re.MULTILINE)


def statement_markdown(
    exercise: Exercise, language: Language, *, level: int = 2, file: str | None = None
) -> str:
    """Title (a heading of ``level``), statement, what to write, shapes and points.

    Shapes are left out where the statement has a table of them. ``file`` is where to write it,
    by default the exercise's ``.py`` file. Formulas are between dollar signs, as Jupyter and
    most readers of Markdown take them.
    """
    statement = pick(exercise.statement, language).strip()
    write = text(
        "statement_write",
        language,
        function=_signature(exercise),
        file=file or f"{exercise.name}.py",
    )
    blocks = [
        f"{'#' * level} {pick(exercise.title, language)}",
        statement,
        f"{write} {points_line(exercise, language)}",
        "" if _SHAPES.search(statement) else "\n".join(_shape_table(exercise, language)),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def points_line(exercise: Exercise, language: Language) -> str:
    """What the exercise is worth, and how much of it the public tests show."""
    public = math.fsum(
        part.points for test in exercise.tests if test.visibility == "public" for part in test.parts
    )
    worth = exercise.max_score
    key = "statement_points"
    if public == worth:
        key = "statement_points_public"
    elif public == 0:
        key = "statement_points_practice"
    # Half a point is no single one.
    n = 1 if worth == 1 else 2
    return text(key, language, n=n, points=f"{worth:g}", public=f"{public:g}")


def _signature(exercise: Exercise) -> str:
    return exercise.signature.function if exercise.is_class else str(exercise.signature)


def _shape_table(exercise: Exercise, language: Language) -> Iterator[str]:
    """A row for each argument, and for each result whose shape follows from one of them."""
    yield f"| {text('word_array', language)} | {text('word_shape', language)} |"
    yield "| :-- | :-- |"
    for array in exercise.arrays.values():
        yield f"| `{array.name}` | {_shape(array.shape, language)} |"
    for name in exercise.functions:
        yield f"| `{name}` | {text('word_function', language)} |"
    everything = exercise.arrays | exercise.auxiliary
    returned = text("word_returned", language)
    for name in exercise.signature.outputs:
        gradient = exercise.gradients.get(name)
        if gradient is not None and gradient.upstream is not None:
            shape = everything[gradient.wrt].shape
            yield f"| `{name}` ({returned}) | {_shape(shape, language)} |"


def _shape(shape: tuple[str | int, ...], language: Language) -> str:
    if not shape:
        return text("word_number", language)
    return f"`({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})`"


def for_github(markdown: str) -> str:
    r"""The same Markdown with its formulas as GitHub and GitLab read them without fail.

    Between dollar signs alone, Markdown takes ``\\`` and ``\,`` for escapes of its own; code
    that is marked as mathematics it leaves alone.
    https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting
    """
    return _CODE_OR_MATH.sub(_protected, markdown)


def _protected(match: re.Match[str]) -> str:
    begins_line = match.string[: match.start()].endswith("\n") or match.start() == 0
    if match["code"] is not None or (match["display"] is not None and not begins_line):
        return match[0]
    if match["inline"] is not None:
        return f"$`{' '.join(match['inline'].split())}`$"
    indent = match["line"]
    lines = [line.strip() for line in match["display"].strip().split("\n")]
    fenced = ["```math", *lines, "```", ""]
    return "\n".join(f"{indent}{line}" if line else "" for line in fenced)
