"""Forms that students fill in with numbers, read without trusting them.

A form is YAML: ``exercise``, ``code``, ``numbers`` (those that it was made for) and ``answers``. It
may also be a notebook, or Python, whose assignments are read and never run. Numbers are read from
what is written and not as YAML reads it, to which ``010`` is eight and ``1:30`` ninety.
"""

from __future__ import annotations

import ast
import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from fractions import Fraction
from typing import Any, TypeAlias

import msgspec
import yaml
from msgspec import Struct

from autograder.text.messages import sanitize

MAX_BYTES = 1 << 17
MAX_NUMBERS = 1000  # of one answer
MAX_DEPTH = 4
MAX_ENTRIES = 200
_SHOWN = 40

Filled: TypeAlias = Any
"""A number; None where nothing is filled in; text that is no number; or a list of these."""


class Form(Struct, frozen=True, omit_defaults=True):
    """What a form says. ``line`` is where its YAML breaks off, where it does."""

    exercise: str = ""
    code: str = ""
    numbers: dict[str, Filled] = {}
    answers: dict[str, Filled] = {}
    line: int = 0

    @property
    def filled(self) -> int:
        """How many numbers are filled in."""
        return sum(one is not None for value in self.answers.values() for one in flat(value))


def flat(value: Filled) -> Iterator[float | str | None]:
    """The elements of an answer, one after the other."""
    if isinstance(value, list):
        for one in value:
            yield from flat(one)
    else:
        yield value


def encode(form: Form) -> str:
    """The form as the source text that stands for it in a submission: JSON, a value a line."""
    lines = []
    for name, value in msgspec.to_builtins(form).items():
        if isinstance(value, dict):
            inner = [f"  {_json(key)}: {_json(one)}" for key, one in value.items()]
            value = "{\n" + ",\n".join(inner) + "\n}"
        else:
            value = _json(value)
        lines.append(f'"{name}": {value}')
    return "{" + ",\n".join(lines) + "}\n"


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode()


def decode(source: str) -> Form | None:
    """The form that a source text stands for; None for any other text."""
    try:
        return msgspec.json.decode(source, type=Form)
    except (msgspec.MsgspecError, RecursionError):
        return None


def read_yaml(content: bytes) -> Form | None:
    """The form in a YAML file; None for YAML that is none."""
    try:
        text = content[:MAX_BYTES].decode("utf-8-sig")
    except UnicodeError:
        return None
    text = text.replace("\t", "  ").replace("\r\n", "\n")
    try:
        root = _composed(text)
    except yaml.MarkedYAMLError as error:
        # A bracket or a quote that is not closed is noticed further down.
        is_open = re.match("while (parsing a flow|scanning a quoted)", error.context or "")
        mark = error.context_mark if is_open else error.problem_mark or error.context_mark
        return _broken(text, mark.line + 1 if mark is not None else 1)
    except (yaml.YAMLError, ValueError, RecursionError):
        return _broken(text, 1)
    if not isinstance(root, yaml.MappingNode):
        return None
    entries = _entries(root)
    answers = entries.get("answers")
    exercise = entries.get("exercise")
    if answers is None or not isinstance(exercise, yaml.ScalarNode):
        return None
    code, numbers = entries.get("code"), entries.get("numbers")
    return Form(
        exercise=exercise.value.strip(),
        code=code.value.strip(" _?") if isinstance(code, yaml.ScalarNode) else "",
        numbers=_values(numbers) if isinstance(numbers, yaml.MappingNode) else {},
        answers=_values(answers) if isinstance(answers, yaml.MappingNode) else {},
    )


def _broken(text: str, line: int) -> Form | None:
    """A form whose YAML breaks off; None where the text is no form at all."""
    found = re.search(r"^exercise:[ ]*([A-Za-z_]\w*)", text, re.MULTILINE)
    if found is None or re.search(r"^answers:", text, re.MULTILINE) is None:
        return None
    return Form(exercise=found[1], line=line)


def _composed(text: str) -> yaml.Node | None:
    """The nodes of the only document. Raises :class:`yaml.YAMLError`, also for aliases, by which
    a small file could hold much."""
    loader = yaml.SafeLoader(text)
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise _refused(event)
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH + 4:
                raise _refused(event)
        node: yaml.Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()


def _refused(event: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem_mark=event.start_mark)


def _entries(node: yaml.MappingNode) -> dict[str, yaml.Node]:
    pairs = node.value[:MAX_ENTRIES]
    return {key.value: value for key, value in pairs if isinstance(key, yaml.ScalarNode)}


def _values(node: yaml.MappingNode) -> dict[str, Filled]:
    return {name: _bounded(_of_node(value, 0)) for name, value in _entries(node).items()}


def _of_node(node: yaml.Node, depth: int) -> Filled:
    if isinstance(node, yaml.ScalarNode):
        return read_text(node.value)
    if isinstance(node, yaml.SequenceNode) and depth < MAX_DEPTH:
        return [_of_node(one, depth + 1) for one in node.value[: MAX_NUMBERS + 1]]
    return "{...}"


def _bounded(value: Filled) -> Filled:
    """The value; of one with far too many elements, that it is too much."""
    for count, _ in enumerate(flat(value), start=1):
        if count > MAX_NUMBERS:
            return "..."
    return value


_BLANK = re.compile(r"[_?\s.…-]*|null|none|~|todo", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?")


def read_text(text: str) -> Filled:
    """The number that is written, ``-2``, ``0.5`` or ``1/3``; several, as ``(39, 54, 69)`` or, a
    row at a time, as ``1 2; 3 4``; None for a blank; the text itself where it is none of these."""
    written = unicodedata.normalize("NFKC", text[:2000]).strip()
    written = re.sub("[\u2212\u2010-\u2015]", "-", written)
    if _BLANK.fullmatch(written):
        return None
    number = _number(written)
    if number is not None:
        return number
    inner = written.strip("()[]{}").replace("\n", ";")
    rows = [row for row in re.split(r"\)\s*,?\s*\(|\]\s*,?\s*\[|;", inner) if row.strip(" ,()[]")]
    split = [re.split(r"\s*,\s*|\s+", row.strip(" ,()[]")) for row in rows]
    read = [[None if _BLANK.fullmatch(one) else _number(one) for one in row] for row in split]
    blank = [[_BLANK.fullmatch(one) is not None for one in row] for row in split]
    several = len(read) > 1 or (read and len(read[0]) > 1) or written[0] in "(["
    if (
        not read
        or not several
        or any(
            one is None and not empty
            for row, blanks in zip(read, blank, strict=True)
            for one, empty in zip(row, blanks, strict=True)
        )
    ):
        return sanitize(written, _SHOWN)
    return read[0] if len(read) == 1 else read


def _number(text: str) -> float | None:
    tight = re.sub(r"^([+-])\s+", r"\1", re.sub(r"\s*/\s*", "/", text))
    top, slash, bottom = tight.partition("/")
    if not _NUMBER.fullmatch(top) or (slash and not _NUMBER.fullmatch(bottom)):
        return None
    try:
        value = float(Fraction(top) / Fraction(bottom) if slash else Fraction(top))
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return value if math.isfinite(value) else None


# Notebooks and Python


def read_assignments(statements: Iterable[ast.stmt], exercise: str, names: Collection[str]) -> Form:
    """The form that assignments of ``names`` and ``code`` are; the last of each counts."""
    answers: dict[str, Filled] = {}
    code = ""
    for statement in statements:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            continue
        target = statement.targets[0]
        if not isinstance(target, ast.Name):
            continue
        if target.id in names:
            answers[target.id] = _bounded(_of_tree(statement.value, 0))
        elif target.id == "code" and isinstance(statement.value, ast.Constant):
            code = str(statement.value.value).strip(" _?")
    return Form(exercise=exercise, code=code[:_SHOWN], answers=answers)


def _of_tree(tree: ast.expr, depth: int) -> Filled:
    match tree:
        case ast.List(elts=items) | ast.Tuple(elts=items) if depth < MAX_DEPTH:
            return [_of_tree(one, depth + 1) for one in items[: MAX_NUMBERS + 1]]
        case ast.Call(args=[inner, *_]) if _called(tree) in ("array", "asarray"):
            return _of_tree(inner, depth)
        case ast.Name(id="_") | ast.Constant(value=None):
            return None
        case ast.Constant(value=str(written)):
            return read_text(written)
    try:
        return read_text(ast.unparse(tree)[:200])
    except (ValueError, RecursionError):
        return "..."


def _called(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
