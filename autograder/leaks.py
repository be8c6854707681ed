"""Whether anything secret stands in what students are given."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

# White space aside, this many characters in common are no coincidence: in prose, and in
# files that share headers, titles and the form of a test.
LONG = 40
LONG_IN_FILES = 200
# A statement of the solution shorter than this is anybody's: `return dx`.
SHORT = 6

_BLANK = re.compile(r"\s+")


class Leak(Struct, frozen=True):
    """``text`` of the secret file ``secret`` stands in the public file ``public``."""

    secret: str
    public: str
    text: str


def long_passages(
    secrets: Mapping[str, str], publics: Mapping[str, str], length: int = LONG
) -> Iterator[Leak]:
    """A passage of at least ``length`` characters that a secret and a public text share,
    white space aside: the first of each pair. Arguments map names to contents."""
    squeezed = {name: _BLANK.sub("", text) for name, text in publics.items()}
    windows = {
        name: {text[i : i + length] for i in range(len(text) - length + 1)}
        for name, text in squeezed.items()
    }
    for secret, content in secrets.items():
        text = _BLANK.sub("", content)
        for public, known in windows.items():
            for start in range(len(text) - length + 1):
                if text[start : start + length] in known:
                    end = start + length
                    while end < len(text) and text[start : end + 1] in squeezed[public]:
                        end += 1
                    yield Leak(secret, public, text[start:end])
                    break


def answer_lines(solution: str, names: tuple[str, str], public: str) -> Iterator[Leak]:
    """Statements of a solution that stand in its own public file, whatever their length.

    ``names`` are what to call the two files. Imports, docstrings and bare returns of names
    are no secret.
    """
    squeezed = _BLANK.sub("", public)
    for statement in _statements(ast.parse(solution)):
        text = ast.unparse(statement)
        bare = _BLANK.sub("", text.removeprefix("return "))
        if len(bare) >= SHORT and bare in squeezed:
            yield Leak(*names, text)


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)) or (
            isinstance(node, ast.Return) and not _is_names(node.value)
        ):
            yield node


def _is_names(value: ast.expr | None) -> bool:
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    return all(isinstance(part, (ast.Name, ast.Constant)) or part is None for part in parts)
