"""YAML with positions: plain data, and where in the file each piece of it is written."""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from autograder.errors import CourseError

Key: TypeAlias = str | int
Keys: TypeAlias = tuple[Key, ...]

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
# Of a whole number: more than any float64 has, and few enough for int().
MAX_DIGITS = 1000

# What controls a terminal, or cannot be written in UTF-8. As escapes they get through YAML.
# Not as one set, nor as what is allowed: it would take longer to compile than any course to read.
_CONTROL = re.compile(r"[\0-\x08\x0b-\x1f\x7f-\x9f]|[\ud800-\udfff]")

_YAML = "tag:yaml.org,2002:"
_TAGS: dict[type[yaml.Node], frozenset[str]] = {
    yaml.MappingNode: frozenset({f"{_YAML}map"}),
    yaml.SequenceNode: frozenset({f"{_YAML}seq"}),
    yaml.ScalarNode: frozenset(_YAML + kind for kind in ("str", "int", "float", "bool", "null")),
}

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_IMPLICIT: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


class _PlainScalars:
    """YAML 1.2's idea of plain scalars: ``y``, ``n``, ``on`` and ``no`` are words."""

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: Any) -> str:
        if kind is yaml.ScalarNode:
            if implicit[0] and value is not None:
                for tag, pattern in _IMPLICIT.get(value[:1], ()):
                    if pattern.match(value):
                        return tag
            return f"{_YAML}str"
        return f"{_YAML}seq" if kind is yaml.SequenceNode else f"{_YAML}map"


class _Loader(_PlainScalars, _BASE):  # type: ignore[misc]
    pass


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$|^[-+]?\.(?:inf|nan)$",
        "-+.0123456789",
    ),
):
    for _letter in _first:
        _IMPLICIT.setdefault(_letter, []).append((_tag, re.compile(_pattern)))


class Document:
    """A parsed file. ``data`` is made of dicts, lists, texts, numbers, truth values and None."""

    def __init__(self, path: Path, shown: str, root: yaml.Node) -> None:
        self.shown = shown
        self.path = path
        # The node whose position an entry is said to have: of those with a key, the key.
        self._nodes: dict[Keys, yaml.Node] = {}
        self._seen: set[int] = set()
        # Numbers that are written in another way than Python writes them.
        self._written: dict[Keys, str] = {}
        self.data: Any = self._build(root, ())

    def written(self, keys: Sequence[Key], value: Any) -> str:
        """The number ``value`` at ``keys`` as it is written in the file, such as ``0123``."""
        return self._written.get(tuple(keys), str(value))

    def place(self, keys: Sequence[Key]) -> tuple[int, int]:
        """Line and column, from 1, of the entry at ``keys``, or of the nearest one around it."""
        keys = tuple(keys)
        while keys and keys not in self._nodes:
            keys = keys[:-1]
        return _position(self._nodes[keys]) if keys in self._nodes else (1, 1)

    def error(self, keys: Sequence[Key], message: str) -> CourseError:
        """The error that ``message`` is, at the place of ``keys``."""
        line, column = self.place(keys)
        # A quoted value may hold line breaks; an error is one line.
        message = message.replace("\r", " ").replace("\n", " ")
        return CourseError(message, path=self.shown, line=line, column=column)

    def _build(self, node: yaml.Node, keys: Keys) -> Any:
        self._nodes.setdefault(keys, node)
        if id(node) in self._seen:  # such nodes make trees of any size from a few lines
            raise self._error_at(
                node, "anchors and aliases (& and *) are not supported; write the value out"
            )
        self._seen.add(id(node))
        if node.tag not in _TAGS[type(node)]:
            raise self._error_at(node, f"the tag {_shown(node.tag)} is not supported; remove it")
        if len(keys) > MAX_DEPTH:
            raise self._error_at(node, f"nested deeper than {MAX_DEPTH} levels; write it flatter")
        if isinstance(node, yaml.MappingNode):
            return self._build_mapping(node, keys)
        if isinstance(node, yaml.SequenceNode):
            return [self._build(item, (*keys, i)) for i, item in enumerate(node.value)]
        value = self._scalar(node)
        if isinstance(value, (int, float)) and str(value) != node.value:
            self._written[keys] = node.value
        return value

    def _build_mapping(self, node: yaml.MappingNode, keys: Keys) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._error_at(key_node, "a key must be a single word or number")
            key = self._text(key_node)
            if key in mapping:
                raise self._error_at(key_node, f"the key '{key}' is there twice; remove one")
            inner = (*keys, key)
            self._nodes[inner] = key_node
            mapping[key] = self._build(value_node, inner)
        return mapping

    def _scalar(self, node: yaml.Node) -> Any:
        text = self._text(node)
        try:
            match node.tag:
                case "tag:yaml.org,2002:int":
                    if len(text) > MAX_DIGITS:
                        raise self._error_at(
                            node,
                            f"the number {text[:12]}… has {len(text)} digits; write one of at "
                            f"most {MAX_DIGITS}, or put quotes around a text",
                        )
                    return int(text)
                case "tag:yaml.org,2002:float":
                    return float(text.replace(".inf", "inf").replace(".nan", "nan"))
                case "tag:yaml.org,2002:bool":
                    return {"true": True, "false": False}[text.lower()]
                case "tag:yaml.org,2002:null":
                    return None
        except (KeyError, ValueError):
            raise self._error_at(
                node, f"'{text[:30]}' is not a usable {_shown(node.tag)}; write a plain value"
            ) from None
        return text

    def _text(self, node: yaml.Node) -> str:
        text = str(node.value)
        control = _CONTROL.search(text)
        if control is not None:
            raise self._error_at(
                node, f"the character U+{ord(control[0]):04X} cannot be shown; remove it"
            )
        return text

    def _error_at(self, node: yaml.Node, message: str) -> CourseError:
        line, column = _position(node)
        return CourseError(message, path=self.shown, line=line, column=column)


def _shown(tag: str) -> str:
    """As it is written in a file: ``!!int`` for ``tag:yaml.org,2002:int``."""
    return tag.replace(_YAML, "!!")


def _position(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def read_yaml(path: Path, root: Path | None = None, text: str | None = None) -> Document:
    """Parse the file, or ``text``, which it is to have. Raises :class:`CourseError` with line and
    column where it cannot be.

    Errors show the path relative to ``root``.
    """
    shown = str(path.relative_to(root)) if root and path.is_relative_to(root) else str(path)
    text = _read_text(path, shown) if text is None else text
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, shown, text) from None
    except yaml.reader.ReaderError as error:
        raise _character_error(error, shown, text) from None
    except RecursionError:
        raise CourseError("nested too deeply; write it flatter", path=shown, line=1) from None
    if node is None:
        raise CourseError("the file is empty", path=shown, line=1)
    document = Document(path, shown, node)
    if not isinstance(document.data, dict):
        raise document.error((), "the file must be a mapping: lines of the form 'key: value'")
    return document


def _read_text(path: Path, shown: str) -> str:
    try:
        status = path.stat()
        # Reading a pipe or a device would wait for ever.
        if not stat.S_ISREG(status.st_mode):
            raise CourseError("is not a file; put a YAML file here", path=shown)
        if status.st_size > MAX_BYTES:
            raise CourseError(
                f"is larger than {MAX_BYTES >> 20} MiB; draw large arrays instead of writing them",
                path=shown,
            )
        content = path.read_bytes()
    except FileNotFoundError:
        raise CourseError("there is no such file; create it", path=shown) from None
    except OSError as error:
        raise CourseError(f"cannot be read: {error.strerror}", path=shown) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        raise CourseError(
            f"is not UTF-8 (byte {error.start}); save it as UTF-8",
            path=shown,
            line=before.count(b"\n") + 1,
            column=len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1,
        ) from None


def _character_error(error: yaml.reader.ReaderError, shown: str, text: str) -> CourseError:
    # Not the error's own position: libyaml counts bytes there, PyYAML characters.
    before = text[: text.find(chr(error.character))]
    return CourseError(
        f"the control character U+{error.character:04X} cannot be in YAML; remove it",
        path=shown,
        line=before.count("\n") + 1,
        column=len(before) - before.rfind("\n"),
    )


# What libyaml and PyYAML say where a line begins too far to the left or right.
_SIGNS_OF_INDENTATION = ("indent", "block", "mapping values", "expected key", "'-' indicator")


_MERGE = re.compile(r"(?:<{7}|>{7}) |={7}$")
# Signs of other keyboards that look like those of YAML.
_FULL_WIDTH = {
    **dict(zip("，：｛｝［］（）", ",:{}[]()", strict=True)),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("‘’", "'"),
    "\u3000": " ",
}


def _syntax_error(error: yaml.MarkedYAMLError, shown: str, text: str) -> CourseError:
    mark = error.problem_mark or error.context_mark
    line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
    lines = text.splitlines()
    here = lines[line - 1] if line <= len(lines) else ""
    problem = error.problem or "cannot be parsed"
    markers = [number for number, one in enumerate(lines, 1) if _MERGE.match(one)]
    strange = next((one for one in here if one in _FULL_WIDTH), None)
    if markers:
        line, column, problem = markers[0], 1, "a merge was not finished here"
        mend = "keep one side, and remove the lines <<<<<<<, ======= and >>>>>>>"
    elif strange is not None:
        mend = (
            f"'{strange}' is not '{_FULL_WIDTH[strange]}'; type that, or put quotes around a text"
        )
    elif "another document" in problem:
        problem, mend = "a second document begins here", "remove the line '---'"
    elif "alias" in problem:
        mend = "anchors and aliases (& and *) are not supported; put quotes around a text with '*'"
    elif "\t" in here[: len(here) - len(here.lstrip())]:
        mend = "indent with spaces, not tabs"
    elif any(sign in problem for sign in _SIGNS_OF_INDENTATION):
        mend = (
            "check the indentation of this line and the one above, and put quotes around texts "
            "with ': '"
        )
    else:
        mend = "check quotes, brackets and indentation around it"
    return CourseError(f"bad YAML: {problem}; {mend}", path=shown, line=line, column=column)
