"""What follows from the declaration of the YAML besides reading it: JSON Schema, tables of keys.

In: the name of a file (``exercise``, ``hidden``, ``config``, ``adjustments``) or of a declared
class. Out: a schema for editors, a table in Markdown for the documentation.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

import msgspec
from msgspec import NODEFAULT, inspect

from autograder.course import declaration
from autograder.course.adjustments import FILE as ADJUSTMENTS
from autograder.course.declaration import DEFINITIONS, FILES
from autograder.course.loading.convert import plain, type_of

FOLDER: Final = "schema"
"""Where a course has its schemas."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_TABLE = re.compile(r"(<!-- keys: ([\w. ]+) -->\n).*?(<!-- end of keys -->)", re.DOTALL)
_TYPES: Final[dict[type[inspect.Type], str]] = {
    inspect.StrType: "string",
    inspect.BoolType: "boolean",
    inspect.IntType: "integer",
    inspect.FloatType: "number",
    inspect.DateTimeType: "string",
}
_BOUNDS: Final = {
    "ge": "minimum",
    "le": "maximum",
    "pattern": "pattern",
    "min_length": "minLength",
    "max_length": "maxLength",
}


# JSON Schema


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the file called ``name`` in :data:`FILES`."""
    definitions: dict[str, Any] = dict(DEFINITIONS)
    top = _schema(type_of(FILES[name]), definitions)
    used = _used(top, definitions)
    return {"$schema": _DIALECT, **top, "$defs": {key: definitions[key] for key in sorted(used)}}


def schema_file(name: str) -> bytes:
    """The schema as it lies in a course: ``schema/<name>.json``."""
    return msgspec.json.format(msgspec.json.encode(json_schema(name)), indent=2) + b"\n"


def _schema(kind: inspect.Type, definitions: dict[str, Any]) -> dict[str, Any]:
    notes: dict[str, Any] = {}
    bare: inspect.Type = kind
    while isinstance(bare, inspect.Metadata):
        notes = (bare.extra_json_schema or {}) | notes
        bare = bare.type
    if "description" in notes:
        notes["description"] = _LINK.sub(r"\1", notes["description"])
    bare, extra = plain(kind)
    return notes | _constraints(bare, extra, definitions)


def _constraints(
    kind: inspect.Type, extra: dict[str, Any], definitions: dict[str, Any]
) -> dict[str, Any]:
    if "schema" in extra:
        return dict(extra["schema"])
    if "among" in extra:
        return {"anyOf": [_schema(type_of(one), definitions) for one in extra["among"]]}
    match kind:
        case inspect.UnionType(types=types):
            return {"anyOf": [_schema(one, definitions) for one in types]}
        case inspect.LiteralType(values=values):
            return {"enum": list(values)}
        case inspect.VarTupleType(item_type=item, min_length=least):
            items = _schema(item, definitions)
            several = {"type": "array", "items": items} | ({"minItems": least} if least else {})
            return {"anyOf": [items, several]} if extra.get("single") else several
        case inspect.DictType(key_type=key, value_type=value, min_length=least):
            entries = {"type": "object", "additionalProperties": _schema(value, definitions)}
            if isinstance(key, inspect.StrType) and key.pattern is not None:
                entries["propertyNames"] = {"pattern": key.pattern}
            return entries | ({"minProperties": least} if least else {})
        case inspect.StructType():
            return _reference(kind, definitions)
    found: dict[str, Any] = {"type": _TYPES[type(kind)]}
    for name, keyword in _BOUNDS.items():
        if getattr(kind, name, None) is not None:
            found[keyword] = getattr(kind, name)
    return found | ({"enum": list(extra["choices"])} if "choices" in extra else {})


def _reference(kind: inspect.StructType, definitions: dict[str, Any]) -> dict[str, Any]:
    name = kind.cls.__name__
    if name not in definitions:
        definitions[name] = {}  # until it is known, for structs inside themselves
        definitions[name] = {
            "type": "object",
            "properties": {
                field.encode_name: _property(field, definitions) for field in kind.fields
            },
            "required": [field.encode_name for field in kind.fields if field.required],
            "additionalProperties": False,
        }
        either = getattr(kind.cls, "either", None)
        if either:
            definitions[name]["oneOf"] = [{"required": [key]} for key in either]
    return {"$ref": f"#/$defs/{name}"}


def _property(field: inspect.Field, definitions: dict[str, Any]) -> dict[str, Any]:
    schema, default = _schema(_described(field), definitions), _default(field)
    return schema if default is None else schema | {"default": default}


def _default(field: inspect.Field) -> Any:
    """The default, where it is a number, a word or words; else None."""
    default = None if field.default is NODEFAULT else field.default
    if isinstance(default, tuple):
        return list(default) or None
    return default if isinstance(default, (bool, int, float, str)) else None


def _described(field: inspect.Field) -> inspect.Type:
    """The type of the field without the None that stands for a key that is not there."""
    kind = field.type
    if isinstance(kind, inspect.UnionType):
        types = tuple(one for one in kind.types if not isinstance(one, inspect.NoneType))
        if len(types) == 1:
            return types[0]
    return kind


def _used(schema: Any, definitions: dict[str, Any]) -> set[str]:
    """The definitions that the schema refers to, and those that these do."""
    found: set[str] = set()
    waiting = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            name = str(one.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                waiting.append(definitions[name])
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return found


# The line that names the schema


def modeline(path: PurePosixPath) -> str:
    """The comment by which editors find the schema of the file at ``path`` in a course."""
    top = path.parts[0].removesuffix(".yaml")
    name = {"assignments": "exercise", "tests": "hidden"}.get(top, top)
    up = "../" * (len(path.parts) - 1)
    return f"# yaml-language-server: $schema={up}{FOLDER}/{name}.json\n"


def yaml_files(root: Path) -> Iterator[PurePosixPath]:
    """The files of the course that have a schema, relative to its ``root``."""
    yield PurePosixPath("config.yaml")
    if (root / ADJUSTMENTS).is_file():
        yield PurePosixPath(ADJUSTMENTS)
    for pattern in ("assignments/*/*.yaml", "tests/hidden/*/*.yaml"):
        for path in sorted(root.glob(pattern)):
            yield PurePosixPath(path.relative_to(root).as_posix())


def schema_files(root: Path) -> dict[str, bytes]:
    """By path, what is missing for editors in the course at ``root``: schemas that are not
    there or not current, and files without the line that names theirs."""
    files = {f"{FOLDER}/{name}.json": schema_file(name) for name in FILES}
    for path in yaml_files(root):
        content = (root / path).read_bytes()
        line = modeline(path).encode()
        if line.strip() not in map(bytes.strip, content.splitlines()):
            mark = BOM_UTF8 if content.startswith(BOM_UTF8) else b""
            files[str(path)] = mark + line + content.removeprefix(mark)
    return {
        name: content
        for name, content in files.items()
        if not (root / name).is_file() or (root / name).read_bytes() != content
    }


# Tables of keys


def with_tables(markdown: str) -> str:
    """The page with its tables of keys as the declaration has them.

    A table stands between ``<!-- keys: NAME ... -->`` and ``<!-- end of keys -->``. A name is that
    of a file (``exercise``), of a class (its own keys, not those that it inherits), or of one
    key of a class (``GradientTestEntry.against``).
    """
    return _TABLE.sub(lambda found: found[1] + key_table(found[2].split()) + found[3], markdown)


def key_table(names: list[str]) -> str:
    """The table of the keys that ``names`` name, as :func:`with_tables` understands them."""
    return _table([_row(field, alone="." in name) for name in names for field in _fields(name)])


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    head: tuple[str, ...] = ("key", "", "meaning")
    if not any(note for _, note, *_ in rows):
        head, rows = ("key", "meaning"), [(key, meaning) for key, _, meaning in rows]
    lines = [head, ("---",) * len(head), *((f"`{key}`", *rest) for key, *rest in rows)]
    return "".join(f"|{''.join(_cell(cell) for cell in line)}\n" for line in lines)


def tables(name: str) -> Iterator[tuple[str, str]]:
    """All keys of the file called ``name`` in :data:`FILES`, for a reference: the table of the
    file and of each mapping in it, with the keys that it inherits, and with what it is."""
    declared: list[type] = [FILES[name]]
    for key in _used(json_schema(name), json_schema(name)["$defs"]):
        below = getattr(declaration, key, None)
        if isinstance(below, type) and below not in declared:
            declared.append(below)
    for one in declared[:1] + sorted(declared[1:], key=lambda one: one.__name__):
        kind = type_of(one)
        assert isinstance(kind, inspect.StructType)
        title = (one.__doc__ or "").partition("\n")[0].removesuffix(".").replace("``", "`")
        yield title, _table([_row(field, alone=False) for field in kind.fields])


def _cell(text: str) -> str:
    return f" {text} |" if text else " |"


def _fields(name: str) -> Iterator[inspect.Field]:
    name, _, key = name.partition(".")
    declared = FILES.get(name) or getattr(declaration, name)
    kind = type_of(declared)
    assert isinstance(kind, inspect.StructType)
    own = set(declared.__annotations__)
    if name in FILES:
        own = {field.name for field in kind.fields}
    yield from (f for f in kind.fields if f.name in own and key in ("", f.encode_name))


def _row(field: inspect.Field, *, alone: bool) -> tuple[str, str, str]:
    """Key, default and meaning; of one that stands ``alone``, key and meaning."""
    kind = _described(field)
    meaning = (kind.extra_json_schema or {}) if isinstance(kind, inspect.Metadata) else {}
    default = _default(field)
    note = "required" if field.required else ""
    if default is not None and default is not False:
        shown = default if isinstance(default, (str, int, float)) else ", ".join(default)
        note = f"`{str(shown).lower() if shown is True else shown}`"
    return field.encode_name, "" if alone else note, str(meaning.get("description", ""))
