"""Whether anything secret stands in what students are given."""

from __future__ import annotations

import ast
import base64
import binascii
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
# Text in other clothes: at least 16 bytes of it, as base64 or as hexadecimal digits.
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{22,}={0,2}")
_HEXADECIMAL = re.compile(rb"(?:[0-9a-fA-F]{2}){16,}")


class Leak(Struct, frozen=True):
    """``text`` of the secret file ``secret`` stands in the public file ``public``."""

    secret: str
    public: str
    text: str


def readings(data: bytes) -> str:
    """Everything that the bytes of a public file may say, to look for secrets in: as text in
    UTF-8 or UTF-16, and what is written in it in base64 or hexadecimal."""
    texts = [data.decode("utf-8", "replace")]
    if b"\0" in data:
        texts += [data.decode(encoding, "replace") for encoding in ("utf-16-le", "utf-16-be")]
        data = data.replace(b"\0", b"")
    for run in _HEXADECIMAL.findall(data):
        texts.append(bytes.fromhex(run.decode()).decode("utf-8", "replace"))
    for run in _BASE64.findall(data):
        digits = run.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        digits = digits[: len(digits) - (len(digits) % 4 == 1)]
        try:
            decoded = base64.b64decode(digits + b"=" * (-len(digits) % 4))
        except binascii.Error:
            continue
        texts.append(decoded.decode("utf-8", "replace"))
    return "\n".join(texts)


def _squeezed(text: str) -> str:
    """The text without white space and without the difference of upper and lower case."""
    return _BLANK.sub("", text).casefold()


def long_passages(
    secrets: Mapping[str, str], publics: Mapping[str, str], length: int = LONG
) -> Iterator[Leak]:
    """A passage of at least ``length`` characters that a secret and a public text share,
    white space aside: the first of each pair. Arguments map names to contents."""
    squeezed = {name: _squeezed(text) for name, text in publics.items()}
    # Any such passage has one of the blocks in full into which the public text is cut.
    size = (length + 1) // 2
    blocks: dict[str, list[tuple[str, int]]] = {}
    for name, text in squeezed.items():
        for place in range(0, len(text) - size + 1, size):
            blocks.setdefault(text[place : place + size], []).append((name, place))
    for secret, content in secrets.items():
        text = _squeezed(content)
        found: set[str] = set()
        for start in range(len(text) - size + 1):
            for public, place in blocks.get(text[start : start + size], ()):
                if public not in found:
                    passage = _around(text, start, squeezed[public], place, size)
                    if len(passage) >= length:
                        found.add(public)
                        yield Leak(secret, public, passage)


def _around(one: str, start: int, other: str, place: int, size: int) -> str:
    """What the texts share around ``size`` characters that they share at these places."""
    before = 0
    while min(start, place) > before and one[start - before - 1] == other[place - before - 1]:
        before += 1
    end = size
    while (
        start + end < len(one)
        and place + end < len(other)
        and one[start + end] == other[place + end]
    ):
        end += 1
    return one[start - before : start + end]


def answer_lines(
    solution: str, names: tuple[str, str], public: str, published: str = ""
) -> Iterator[Leak]:
    """Statements of a solution that stand in a public file, whatever their length.

    ``names`` are what to call the two files. Imports, docstrings, bare returns of names and
    what is ``published`` are no secret.
    """
    squeezed, known = _squeezed(public), _squeezed(published)
    for statement in _statements(ast.parse(solution)):
        text = ast.unparse(statement)
        bare = _squeezed(text.removeprefix("return "))
        if len(bare) >= SHORT and bare in squeezed and bare not in known:
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
