"""From a YAML document to the structs that declare it: types, bounds, keys, required keys.

A walker over the document, guided by what :mod:`msgspec.inspect` says of the struct. Unlike
``msgspec.convert`` it knows where everything is written, tells structs apart by their keys, and
goes on after an error.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from msgspec import inspect

from autograder.course.declaration import TESTS, Declared, WrittenPropertyEntry
from autograder.course.loading.node import Findings, Node, brief, suggest
from autograder.course.loading.syntax import check_expression, parse_leading, parse_range
from autograder.course.loading.yaml_source import Document
from autograder.errors import CourseError
from autograder.text.language import Language, Text
from autograder.text.words import nearest

_NOTHING: dict[str, Any] = {}
_WORDS: dict[type[inspect.Type], str] = {
    inspect.StrType: "a text",
    inspect.BoolType: "true or false",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.VarTupleType: "a list",
    inspect.DictType: "a mapping",
    inspect.StructType: "a mapping",
}

File = TypeVar("File", bound=Declared)


def convert(file: type[File], document: Document, languages: tuple[Language, ...]) -> File:
    """The ``document`` as what it is declared to be.

    Raises the first :class:`CourseError`, with all others of the file in its ``more``.
    """
    walker = _Walker(languages)
    found = walker.value(type_of(file), Node.root(document))
    walker.raise_first()
    assert isinstance(found, file)
    return found


@cache
def type_of(declared: type) -> inspect.Type:
    """What msgspec says of the class, once and for all."""
    return inspect.type_info(declared)


# What is made of types, by their identity: they are those of :func:`type_of`, which last.
_PLAIN: dict[int, tuple[inspect.Type, dict[str, Any]]] = {}
_FIELDS: dict[int, dict[str, inspect.Field]] = {}


def plain(kind: inspect.Type) -> tuple[inspect.Type, dict[str, Any]]:
    """The type without its metadata, and what :func:`~autograder.course.declaration.form` says
    of it. None, which in a struct stands for a key that is not there, is left out."""
    found = _PLAIN.get(id(kind))
    if found is None:
        found = _PLAIN[id(kind)] = _plain(kind)
    return found


def _plain(kind: inspect.Type) -> tuple[inspect.Type, dict[str, Any]]:
    extra: dict[str, Any] = {}
    while True:
        if isinstance(kind, inspect.Metadata):
            extra = (kind.extra or _NOTHING) | extra
            kind = kind.type
        elif isinstance(kind, inspect.UnionType):
            types = tuple(one for one in kind.types if not isinstance(one, inspect.NoneType))
            if len(types) > 1:
                return inspect.UnionType(types), extra
            (kind,) = types
        else:
            return kind, extra


class _Walker(Findings):
    """Each method gives the value of a node, or raises :class:`CourseError`; what is inside a
    value is noted where it is wrong, and left out."""

    def __init__(self, languages: tuple[Language, ...]) -> None:
        super().__init__()
        self.languages = languages

    def value(self, kind: inspect.Type, node: Node) -> Any:
        kind, extra = plain(kind)
        if "reader" in extra:
            return _READERS[extra["reader"]](node, self)
        if extra.get("single") and not isinstance(node.value, list):
            assert isinstance(kind, inspect.VarTupleType)
            item, inner = plain(kind.item_type)
            return (self._typed(item, inner | extra, node),)
        return self._typed(kind, extra, node)

    def _typed(self, kind: inspect.Type, extra: dict[str, Any], node: Node) -> Any:
        if "reader" in extra:
            return _READERS[extra["reader"]](node, self)
        if isinstance(kind, inspect.UnionType):
            return self.value(self._chosen(kind, extra, node), node)
        if not _fits(kind, node.value):
            raise _wrong_type((kind,), extra, node)
        match kind:
            case inspect.StrType():
                return node.choice(extra["choices"]) if "choices" in extra else node.value
            case inspect.LiteralType(values=choices):
                return node.choice([str(choice) for choice in choices])
            case inspect.IntType(ge=low, le=high):
                return node.integer(low, high)
            case inspect.FloatType(ge=low, le=high):
                return node.number(low, high)
            case inspect.VarTupleType(item_type=item, min_length=least):
                _refuse_empty(node, least, extra, item)
                return tuple(self._each((item, one) for one in node.items()))
            case inspect.DictType(value_type=item, min_length=least):
                _refuse_empty(node, least, extra, item)
                values = self._each((item, entry) for entry in node.entries().values())
                return dict(zip(node.value, values, strict=False))
            case inspect.StructType():
                return self._struct(kind, node)
        return node.value

    def _chosen(self, kind: inspect.UnionType, extra: dict[str, Any], node: Node) -> inspect.Type:
        for one in kind.types:
            if _fits(plain(one)[0], node.value):
                return one
        raise _wrong_type(tuple(plain(one)[0] for one in kind.types), extra, node)

    def _each(self, pairs: Iterable[tuple[inspect.Type, Node]]) -> list[Any]:
        found = []
        for kind, node in pairs:
            try:
                found.append(self.value(kind, node))
            except CourseError as error:
                self.errors.append(error)
        return found

    def _struct(self, kind: inspect.StructType, node: Node) -> Any:
        declared, fields = kind.cls, _FIELDS.get(id(kind))
        if fields is None:
            fields = _FIELDS[id(kind)] = {field.encode_name: field for field in kind.fields}
        name = node.value.get("name")
        label = getattr(declared, "label", "")
        if label and isinstance(name, str) and is_name(name):
            node.name = f"{label} '{name.strip()}'"
        meant = self._check_keys(fields, node)
        either = getattr(declared, "either", {})
        if either and len(either.keys() & (node.value.keys() | meant)) != 1:
            ways = " or ".join(f"'{key}' ({what})" for key, what in either.items())
            self.errors.append(node.error(f"{node.name} needs either {ways}"))
        known = [key for key in fields if key in node.value]
        values = self._each((fields[key].type, node.child(key)) for key in known)
        if self.errors:
            return None  # nobody will see it
        names = (fields[key].name for key in known)
        found = declared(**dict(zip(names, values, strict=True)))
        if isinstance(found, Declared):
            found.__dict__["node"] = node
        return found

    def _check_keys(self, fields: Mapping[str, inspect.Field], node: Node) -> set[str | None]:
        """Note unknown and missing keys; the known ones that were probably meant."""
        meant = set()
        for key in node.value:
            if key not in fields:
                message = f"unknown key '{key}' in {node.name}{suggest(key, fields)}"
                self.errors.append(node.error(message, key))
                meant.add(nearest(key, fields))
        for key, field in fields.items():
            if field.required and key not in node.value and key not in meant:
                self.errors.append(node.error(_lacks(node, key, field)))
        return meant

    def struct(self, declared: type[Declared], node: Node) -> Any:
        kind = type_of(declared)
        assert isinstance(kind, inspect.StructType)
        return self._struct(kind, node)


def _fits(kind: inspect.Type, value: Any) -> bool:
    match kind:
        case inspect.StrType() | inspect.LiteralType():
            return isinstance(value, str)
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.IntType():
            return isinstance(value, int) and not isinstance(value, bool)
        case inspect.FloatType():
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case inspect.VarTupleType():
            return isinstance(value, list)
        case inspect.DictType() | inspect.StructType():
            return isinstance(value, dict)
    return True


def _wrong_type(kinds: tuple[inspect.Type, ...], extra: dict[str, Any], node: Node) -> CourseError:
    words = extra.get("words") or " or ".join(
        dict.fromkeys(_WORDS.get(type(kind), "a text") for kind in kinds)
    )
    if words == "a list" and isinstance(node.value, str):
        words += f" such as [{brief(node.value)}]"
    return node.error(f"{node.name} must be {words}, not {node.kind()}")


def _lacks(node: Node, key: str, field: inspect.Field) -> str:
    kind = field.type
    schema = kind.extra_json_schema if isinstance(kind, inspect.Metadata) else None
    example = (schema or _NOTHING).get("examples", [None])[0]
    such_as = "" if example is None else f", such as '{key}: {example}'"
    return f"{node.name} lacks the key '{key}'; add it{such_as}"


def _refuse_empty(node: Node, least: int | None, extra: dict[str, Any], item: inspect.Type) -> None:
    if not least or node.value:
        return
    kind, _ = plain(item)
    cure = extra.get("empty", "give at least one")
    if isinstance(kind, inspect.LiteralType):
        cure = f"use some of {', '.join(map(str, kind.values))}"
    raise node.error(f"{node.name} is empty; {cure}")


# What has a form of its own


def _read_text(node: Node, walker: _Walker) -> Text:
    """A text per language of the course; one plain text stands for all of them."""
    if isinstance(node.value, str):
        if not node.value.strip():
            raise node.error(f"{node.name} has no text; write one")
        return dict.fromkeys(walker.languages, node.value.strip())
    if not isinstance(node.value, dict):
        raise node.error(f"{node.name} must be a text, or one by language, not {node.kind()}")
    entries = node.entries(walker.languages)
    for language in walker.languages:
        if language not in entries:
            raise node.error(f"{node.name} lacks the key '{language}'; add it")
    for language, entry in entries.items():
        if not isinstance(entry.value, str):
            raise entry.error(f"{entry.name} must be a text, not {entry.kind()}")
        if not entry.value.strip():
            raise node.error(f"{node.name} has no text in '{language}'", language)
    return {language: entry.value.strip() for language, entry in entries.items()}


def is_name(text: str) -> bool:
    """True for a name that fits into one line of a table."""
    return 1 <= len(text.strip()) <= 80 and text.strip().isprintable()


def _read_name(node: Node, walker: _Walker) -> str:
    if not isinstance(node.value, str) or not is_name(node.value):
        raise node.error(
            f"{node.name} must be a text of 1 to 80 characters in one line, not {node.kind()}"
        )
    return node.value.strip()


def _read_expression(node: Node, walker: _Walker) -> str:
    return check_expression(node)


def _read_time(node: Node, walker: _Walker) -> datetime:
    """A date and time with its offset from UTC."""
    example = "2026-12-01T23:59:00+09:00"
    shown = node.value if isinstance(node.value, str) else ""
    try:
        time = datetime.fromisoformat(shown)
    except ValueError:
        time = None
    if time is None or len(shown) < len("2026-12-01T23:59"):
        raise node.error(
            f"{node.name} must be a date and time such as {example}, not {node.kind()}"
        )
    if time.utcoffset() is None:
        raise node.error(
            f"{node.name} has no offset from UTC, so that it is another moment on every machine; "
            f"write it as {example}"
        )
    return time


def _read_lengths(node: Node, walker: _Walker) -> Any:
    """The lengths of a dimension, or None for a rule."""
    name = str(node.keys[-1])
    if name == "...":
        return parse_leading(node)
    if name.isidentifier():
        return parse_range(node)
    if node.value is not None:
        raise node.error(f"'{name}' is neither a dimension nor a rule such as 'm != n'")
    return None


def _read_numbers(node: Node, walker: _Walker) -> Any:
    """Numbers in nested lists."""
    if not _are_numbers(node.value):
        _refuse_others(node)
    return node.value


def _are_numbers(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_are_numbers, value))
    kind = type(value)
    return (kind is int or kind is float) and abs(value) <= sys.float_info.max


def _refuse_others(node: Node) -> None:
    """Raise :class:`CourseError` for the first thing that is no number."""
    if isinstance(node.value, list):
        for item in node.items():
            _refuse_others(item)
    elif isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
        wanted = "a number" if isinstance(node.keys[-1], int) else "a number or a list of numbers"
        raise node.error(f"{node.name} must be {wanted}, not {node.kind()}")
    elif not abs(node.value) <= sys.float_info.max:
        raise node.error(f"{node.name} is {brief(node.value)}; write a number below 1.8e308")


def _read_outcome(node: Node, walker: _Walker) -> Any:
    return node.value if isinstance(node.value, bool) else _read_numbers(node, walker)


def _read_test(node: Node, walker: _Walker) -> Any:
    """A test, of the kind that its keys say."""
    if not isinstance(node.value, dict):
        raise node.error(f"{node.name} must be a mapping, not {node.kind()}")
    kinds = [key for key in node.value if key in TESTS]
    if "property" in kinds:  # of what is expected, too
        kinds = [kind for kind in kinds if kind != "expect"]
    name = f"test '{node.value['name']}'" if "name" in node.value else node.name
    if len(kinds) > 1:
        raise node.error(
            f"{name} needs at most one of {', '.join(map(repr, TESTS))}, and has "
            + " and ".join(map(repr, kinds))
        )
    kind = kinds[0] if kinds else "expect" if "given" in node.value else "against"
    _check_inputs(node, name, kind)
    is_written = kind == "property" and "given" in node.value
    return walker.struct(WrittenPropertyEntry if is_written else TESTS[kind], node)


def _check_inputs(node: Node, name: str, kind: str) -> None:
    """Inputs are written out or drawn, and what is expected comes out of the former."""
    if "given" in node.value:
        if kind not in ("expect", "property"):
            instead = "write 'expect' instead"
            if kind in ("against", "efficiency"):
                instead = f"draw the inputs with 'dims', or {instead} of '{kind}'"
            raise node.error(
                f"{name} has '{kind}', for which no inputs are written out; {instead}", "given"
            )
        for key in ("cases", "dims", "draw"):
            if key in node.value:
                raise node.error(
                    f"{name} has both 'given' and '{key}', but its inputs are either written "
                    "out or drawn; remove one of the two",
                    key,
                )
    elif kind == "property" and "expect" in node.value:
        raise node.error(
            "'expect' says what comes out of written inputs, and there are none; add 'given'",
            "expect",
        )


def _read_student(node: Node, walker: _Walker) -> str:
    """A name as it is written: numbers of students may begin with 0."""
    if isinstance(node.value, bool) or not isinstance(node.value, (str, int, float)):
        raise node.error(f"{node.name} must be the name of a student, not {node.kind()}")
    name = (
        node.value if isinstance(node.value, str) else node.document.written(node.keys, node.value)
    )
    if not name.strip():
        raise node.error(f"{node.name} is empty; write the name of a student")
    return name.strip()


_READERS: dict[str, Callable[[Node, _Walker], Any]] = {
    "text": _read_text,
    "name": _read_name,
    "expression": _read_expression,
    "time": _read_time,
    "lengths": _read_lengths,
    "numbers": _read_numbers,
    "outcome": _read_outcome,
    "test": _read_test,
    "student": _read_student,
}
