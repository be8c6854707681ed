"""What an exercise asks for, as Markdown with LaTeX: for bundles, notebooks and carriers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from autograder.course.exercise import Drawing, Exercise, PropertyTest, SourceTest, Test
from autograder.text.language import Language
from autograder.text.messages import pick, text

CODE_OR_MATH = re.compile(
    r"(?P<code>```.*?```|`[^`\n]*`)"
    r"|(?P<line>[^\S\n]*)\$\$(?P<display>.+?)\$\$[^\S\n]*\n?"
    r"|\$(?P<inline>[^$]+?)\$",
    re.DOTALL,
)
# The header of a table that a statement has itself, in any language.
_SHAPES = re.compile(r"^\s*\|.*\bshape\b.*\|\s*\n\s*\|[ :|-]+\|", re.IGNORECASE | re.MULTILINE)


def statement_markdown(
    exercise: Exercise,
    language: Language,
    *,
    level: int = 2,
    file: str | None = None,
    hidden_points: float = 0.0,
) -> str:
    """Title (a heading of ``level``), statement, what to write, points, rules and shapes.

    Shapes are left out where the statement has a table of them. ``file`` is where to write it,
    by default the exercise's ``.py`` file. ``hidden_points`` are given by tests that ``exercise``,
    as a bundle has it, is without. Formulas are between dollar signs, as Jupyter and
    most readers of Markdown take them.
    """
    statement = pick(exercise.statement, language).strip()
    write = text(
        "statement_fill" if exercise.answers else "statement_write",
        language,
        function=_signature(exercise),
        names=", ".join(f"`{name}`" for name in exercise.answers),
        file=file or exercise.file,
    )
    blocks = [
        f"{'#' * level} {pick(exercise.title, language)}",
        statement,
        f"{write} {points_line(exercise, language, hidden_points)}",
        "\n".join(f"* {rule}" for rule in rules(exercise, language)),
        "\n".join(_tables(exercise, statement, language)),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def points_line(exercise: Exercise, language: Language, hidden_points: float = 0.0) -> str:
    """What the exercise is worth, and how much of it the public tests show."""
    public = math.fsum(
        part.points for test in exercise.tests if test.visibility == "public" for part in test.parts
    )
    # Of answers by hand, students have the points with the statement.
    worth = exercise.max_score + (0.0 if exercise.answers else hidden_points)
    key = "statement_points"
    if public == worth or exercise.answers:
        key = "statement_points_public"
    elif public == 0:
        key = "statement_points_practice"
    # Half a point is no single one.
    n = 1 if worth == 1 else 2
    return text(key, language, n=n, points=f"{worth:g}", public=f"{public:g}")


def rules(exercise: Exercise, language: Language) -> Iterator[str]:
    """What costs points besides wrong values, as far as public tests say it: a sentence each."""
    public = [test for test in exercise.tests if test.visibility == "public"]
    for test in public:
        if not isinstance(test, SourceTest):
            continue
        if test.imports is not None:
            yield text("statement_imports", language, names=_libraries(test.imports, language))
        for key, words in (("forbid", test.forbid), ("require", test.require)):
            if words:
                names = ", ".join(_rule_name(word, language) for word in words)
                yield text(f"statement_{key}", language, names=names)
    properties = {test.property for test in public if isinstance(test, PropertyTest)}
    if "inputs_unchanged" in properties:
        yield text("statement_unchanged", language)
    if "fresh_results" in properties or exercise.new_arrays:
        yield text("statement_own_results", language)
    dtypes = {dtype for test in public for dtype in _dtypes(test) if dtype != "float64"}
    if dtypes:
        yield text("statement_dtypes", language, names=", ".join(sorted(dtypes, reverse=True)))


def _rule_name(word: str, language: Language) -> str:
    """A word of a rule as a statement lists it. ``products`` stands for a group of functions."""
    if word == "products":
        return text("statement_products", language)
    return f"`{rule_word(word)}`"


def rule_word(word: str) -> str:
    """A word of a rule as it stands in code: ``@`` for ``matmul``, ``np.dot`` for ``numpy.dot``."""
    return "@" if word == "matmul" else re.sub(r"^numpy\.", "np.", word)


def _libraries(imports: tuple[str, ...], language: Language) -> str:
    own = text("statement_standard_library", language)
    names = [own if name == "stdlib" else name for name in imports]
    if len(names) < 2:
        return "".join(names) or text("statement_no_library", language)
    return text("statement_list", language, names=", ".join(names[:-1]), last=names[-1])


def _dtypes(test: Test) -> tuple[str, ...]:
    inputs = getattr(test, "inputs", None)
    if isinstance(inputs, Drawing):
        return inputs.dtypes
    return () if inputs is None else (inputs.dtype,)


def _signature(exercise: Exercise) -> str:
    return exercise.signature.function if exercise.is_class else str(exercise.signature)


def _tables(exercise: Exercise, statement: str, language: Language) -> Iterator[str]:
    """The arrays with their shapes, where the statement has no table of them; or the answers."""
    if exercise.answers:
        yield from _answer_table(exercise, language)
    elif not _SHAPES.search(statement):
        yield from _shape_table(exercise, language)


def _answer_table(exercise: Exercise, language: Language) -> Iterator[str]:
    """A row for each answer: what it is, and the points."""
    words = [text(f"word_{word}", language) for word in ("answer", "points")]
    yield f"| {words[0]} |  | {words[1]} |"
    yield "| :-- | :-- | --: |"
    points = {test.name: test.parts[0].points for test in exercise.tests}
    for answer in exercise.answers.values():
        title = pick(answer.title, language)
        yield f"| `{answer.name}` | {title} | {points.get(answer.name, 0):g} |"


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


def array_lines(exercise: Exercise, language: Language, names: Sequence[str]) -> Iterator[str]:
    """A line for each of the parameters and results ``names`` of which the shape is known."""
    everything = exercise.arrays | exercise.auxiliary
    for name in names:
        gradient = exercise.gradients.get(name)
        shape: tuple[str | int, ...] | None = None
        if name in everything:
            shape = everything[name].shape
        elif gradient is not None and gradient.upstream is not None:
            shape = everything[gradient.wrt].shape
        if name in exercise.functions:
            yield f"{name}: {text('word_function', language)}"
        elif shape is not None:
            shown = _shape(shape, language).strip("`")
            yield f"{name}: shape {shown}" if shape else f"{name}: {shown}"


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
    return CODE_OR_MATH.sub(_protected, markdown)


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


# Commands of TeX that a terminal can show as one character.
_SIGNS = {
    "partial": "∂", "sum": "Σ", "prod": "Π", "cdot": "·", "times": "×", "ldots": "…", "dots": "…",
    "le": "≤", "ge": "≥", "ne": "≠", "in": "∈", "to": "→", "leftarrow": "←", "rightarrow": "→",
    "infty": "∞", "sqrt": "√", "top": "ᵀ", "odot": "⊙", "approx": "≈", "pm": "±",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε",
    "eta": "η", "theta": "θ", "lambda": "λ", "mu": "μ", "pi": "π", "sigma": "σ", "phi": "φ",
    "Phi": "Φ", "Delta": "Δ", "quad": "  ", "qquad": "   ",
}  # fmt: skip
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_MATRIX = re.compile(r"\\begin\{[bp]?matrix\}(.*?)\\end\{[bp]?matrix\}", re.DOTALL)


def for_terminal(markdown: str) -> str:
    """The same Markdown with its formulas as code, in characters that a terminal has."""
    return CODE_OR_MATH.sub(_plain_formula, markdown)


def _plain_formula(match: re.Match[str]) -> str:
    if match["code"] is not None:
        return match[0]
    formula = match["inline"] if match["inline"] is not None else match["display"]
    plain = formula_in_characters(formula)
    if match["inline"] is not None:
        return f"`{plain}`"
    return f"\n{match['line']}    {plain}\n\n"


def formula_in_characters(formula: str) -> str:
    """A formula in LaTeX in the characters that a terminal has."""
    shown = _MATRIX.sub(_rows, " ".join(formula.split()))
    shown = re.sub(r"\\(?:text|mathrm|operatorname|mathbf)\s*\{([^{}]*)\}", r"\1", shown)
    shown = re.sub(r"\\(?:left|right|big|Big|bigl|bigr|Bigl|Bigr)(?![A-Za-z])", "", shown)
    shown = re.sub(r"\\[,;:! ]", " ", shown)
    for _ in range(3):
        shown = re.sub(r"([_^])\{([^{}]*)\}", _script, shown)
        shown = re.sub(r"\\sqrt\s*\{([^{}]*)\}", _root, shown)
        shown = _FRACTION.sub(_fraction, shown)
    shown = re.sub(r"\\([A-Za-z]+)", lambda found: _SIGNS.get(found[1], found[1]), shown)
    return " ".join(shown.replace("\\{", "{").replace("\\}", "}").split())


def _rows(match: re.Match[str]) -> str:
    rows = [" ".join(row.replace("&", " ").split()) for row in match[1].split("\\\\")]
    return f"[{'; '.join(row for row in rows if row)}]"


def _script(match: re.Match[str]) -> str:
    mark, content = match[1], match[2].strip()
    return f"{mark}{content}" if len(content) == 1 else f"{mark}({content})"


def _root(match: re.Match[str]) -> str:
    content = match[1].strip()
    return f"√{content}" if len(content) == 1 else f"√({content})"


def _fraction(match: re.Match[str]) -> str:
    parts = [part.strip() for part in match.groups()]
    return "/".join(
        part if re.fullmatch(r"\S+|\\partial \S+", part) else f"({part})" for part in parts
    )
