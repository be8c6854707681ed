"""What the student's part of the package uses of msgspec, in Python alone: for the browser.

Pyodide has no msgspec of the version that this package needs. This one file goes into the site in
its place, as the module ``msgspec``. It does the same with the structs that the package declares
(``tests/unit/release/test_stand_in.py`` holds the two against each other), and no more: neither
MessagePack nor the checks of lengths and bounds that matter for input from strangers.

It is not imported by the package.
"""

from __future__ import annotations

import base64
import inspect as _inspect
import json as _json
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

__version__ = "0.19"


class _Sign:
    """A value that stands for there being none."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name

    def __bool__(self) -> bool:
        if self._name == "UNSET":
            return False
        raise TypeError("NODEFAULT is neither true nor false")

    def __copy__(self) -> _Sign:
        return self

    def __deepcopy__(self, _: Any) -> _Sign:
        return self


class UnsetType(_Sign):
    """The type of :data:`UNSET`."""

    def __reduce__(self) -> str:
        return "UNSET"


UNSET: Any = UnsetType("UNSET")
NODEFAULT: Any = _Sign("NODEFAULT")


class MsgspecError(Exception):
    """What all errors are."""


class DecodeError(MsgspecError):
    """What is to be decoded is no JSON."""


class ValidationError(DecodeError):
    """What is to be decoded is not of the type that was asked for."""


class Raw(bytes):
    """Bytes that are encoded already."""


class Meta:
    """What a type alone does not say."""

    NAMES = (
        *("gt", "ge", "lt", "le", "multiple_of", "pattern", "min_length", "max_length", "tz"),
        *("title", "description", "examples", "extra_json_schema", "extra"),
    )

    def __init__(self, **given: Any) -> None:
        for name in self.NAMES:
            setattr(self, name, given.pop(name, None))
        if given:
            raise TypeError(f"unknown: {', '.join(given)}")


class _Field:
    def __init__(self, default: Any, default_factory: Any, name: str | None) -> None:
        self.default = default
        self.default_factory = default_factory
        self.name = name


def field(
    *, default: Any = NODEFAULT, default_factory: Any = NODEFAULT, name: str | None = None
) -> Any:
    """A field with a default, or another name in what is encoded."""
    return _Field(default, default_factory, name)


class _Config:
    """What a class was declared with."""

    INHERITED: ClassVar[dict[str, Any]] = {
        "frozen": False,
        "eq": True,
        "order": False,
        "array_like": False,
        "omit_defaults": False,
        "forbid_unknown_fields": False,
        "kw_only": False,
        "tag": None,
        "tag_field": None,
    }

    def __init__(self, given: dict[str, Any]) -> None:
        for name, value in given.items():
            setattr(self, name, value)


def _is_class_variable(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return annotation.startswith(("ClassVar", "typing.ClassVar"))
    return annotation is ClassVar or typing.get_origin(annotation) is ClassVar


class StructMeta(type):
    """Makes a class out of annotations."""

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> StructMeta:
        inherited: dict[str, Any] = dict(_Config.INHERITED)
        positional: dict[str, Any] = {}
        keywords: dict[str, Any] = {}
        names: dict[str, str] = {}
        for base in reversed(bases):
            if isinstance(base, StructMeta) and hasattr(base, "__struct_config__"):
                config = base.__struct_config__
                inherited |= {key: getattr(config, key) for key in inherited}
                inherited["kw_only"] = False  # it is about a class's own fields
                for one in base.__struct_fields__:
                    into = keywords if one in base._keywords else positional
                    into[one] = base._defaults.get(one, NODEFAULT)
                names |= base._names
        for key in ("dict", "weakref", "gc", "cache_hash", "rename", "repr_omit_defaults"):
            options.pop(key, None)
        unknown = options.keys() - inherited.keys()
        if unknown:
            raise TypeError(f"unknown: {', '.join(unknown)}")
        settings = inherited | options
        cls = super().__new__(mcs, name, bases, dict(namespace))
        for key, annotation in _inspect.get_annotations(cls).items():
            if _is_class_variable(annotation):
                continue
            default = namespace.get(key, NODEFAULT)
            if isinstance(default, _Field):
                if default.name is not None:
                    names[key] = default.name
                if default.default_factory is not NODEFAULT:
                    default = _Factory(default.default_factory)
                else:
                    default = default.default
            if isinstance(default, (list, dict, set, bytearray)):
                if default:
                    raise TypeError(f"{key} has a default that can be changed")
                default = _Factory(type(default))
            if settings["kw_only"]:
                positional.pop(key, None)
                keywords[key] = default
            else:
                keywords.pop(key, None)
                positional[key] = default
            if key in namespace:
                type.__delattr__(cls, key)
        fields = (*positional, *keywords)
        if settings["tag"] is True:
            settings["tag"] = name
        if settings["tag"] is not None and settings["tag_field"] is None:
            settings["tag_field"] = "type"
        cls._names = names
        cls._keywords = frozenset(keywords)
        cls._defaults = {
            key: value for key, value in (positional | keywords).items() if value is not NODEFAULT
        }
        cls.__struct_fields__ = fields
        cls.__struct_encode_fields__ = tuple(names.get(key, key) for key in fields)
        cls.__struct_config__ = _Config(settings)
        type.__setattr__(cls, "__match_args__", tuple(positional))
        if "__init__" not in namespace:
            made = _make_init(cls, tuple(positional), tuple(keywords))
            type.__setattr__(cls, "__init__", made)
        if settings["eq"]:
            cls.__eq__ = _equal
            cls.__hash__ = _hash if settings["frozen"] else None
        else:
            cls.__eq__ = object.__eq__
            cls.__hash__ = object.__hash__
        if "__hash__" in namespace:
            cls.__hash__ = namespace["__hash__"]
        if "__eq__" in namespace:
            cls.__eq__ = namespace["__eq__"]
        if settings["order"]:
            cls.__lt__, cls.__le__ = _less, _less_or_equal
            cls.__gt__, cls.__ge__ = _greater, _greater_or_equal
        cls.__setattr__ = _refuse if settings["frozen"] else object.__setattr__
        cls.__delattr__ = _refuse if settings["frozen"] else object.__delattr__
        return cls

    def __init__(cls, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments)

    # Set in __new__.
    _names: dict[str, str]
    _keywords: frozenset[str]
    _defaults: dict[str, Any]
    __struct_fields__: tuple[str, ...]
    __struct_encode_fields__: tuple[str, ...]
    __struct_config__: Any
    __match_args__: tuple[str, ...]
    __eq__: Any
    __hash__: Any
    __lt__: Any
    __le__: Any
    __gt__: Any
    __ge__: Any
    __setattr__: Any
    __delattr__: Any


class _Factory:
    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


def _make_init(cls: StructMeta, positional: tuple[str, ...], keywords: tuple[str, ...]) -> Any:
    """``__init__`` as Python source: as quick as one that somebody wrote."""
    space: dict[str, Any] = {"_MISSING": NODEFAULT}

    def parameter(name: str) -> str:
        if name not in cls._defaults:
            return name
        default = cls._defaults[name]
        space[f"_default_{name}"] = NODEFAULT if isinstance(default, _Factory) else default
        return f"{name}=_default_{name}"

    parts = ["self", *map(parameter, positional)]
    if keywords:
        parts += ["*", *map(parameter, keywords)]
    # What has a default may come before what has none, as keywords.
    seen = False
    for name in positional:
        seen = seen or name in cls._defaults
        if seen and name not in cls._defaults:
            raise TypeError(f"{cls.__name__}: '{name}' has no default, and follows what has one")
    lines = [f"def __init__({', '.join(parts)}):", "    own = self.__dict__"]
    for name in (*positional, *keywords):
        default = cls._defaults.get(name)
        if isinstance(default, _Factory):
            space[f"_make_{name}"] = default.make
            lines.append(f"    if {name} is _MISSING: {name} = _make_{name}()")
        lines.append(f"    own[{name!r}] = {name}")
    if hasattr(cls, "__post_init__"):
        lines.append("    self.__post_init__()")
    exec("\n".join(lines), space)
    made = space["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _values(one: Any) -> tuple[Any, ...]:
    own = one.__dict__
    return tuple([own[name] for name in type(one).__struct_fields__])


def _equal(self: Any, other: Any) -> Any:
    if type(self) is not type(other):
        return NotImplemented
    return _values(self) == _values(other)


def _hash(self: Any) -> int:
    return hash((type(self), *_values(self)))


def _less(self: Any, other: Any) -> Any:
    return _values(self) < _values(other) if type(self) is type(other) else NotImplemented


def _less_or_equal(self: Any, other: Any) -> Any:
    return _values(self) <= _values(other) if type(self) is type(other) else NotImplemented


def _greater(self: Any, other: Any) -> Any:
    return _values(self) > _values(other) if type(self) is type(other) else NotImplemented


def _greater_or_equal(self: Any, other: Any) -> Any:
    return _values(self) >= _values(other) if type(self) is type(other) else NotImplemented


def _refuse(self: Any, *_: Any) -> None:
    raise AttributeError(f"immutable type: '{type(self).__name__}'")


class Struct(metaclass=StructMeta):
    """A class whose fields are its annotations."""

    def __repr__(self) -> str:
        inner = ", ".join(
            f"{name}={getattr(self, name)!r}" for name in type(self).__struct_fields__
        )
        return f"{type(self).__name__}({inner})"


# structs


def replace(struct: Any, /, **changes: Any) -> Any:
    """A copy with other values."""
    cls = type(struct)
    unknown = changes.keys() - set(cls.__struct_fields__)
    if unknown:
        raise TypeError(f"`{cls.__name__}` has no field '{min(unknown)}'")
    made = object.__new__(cls)
    own = struct.__dict__
    made.__dict__.update({name: own[name] for name in cls.__struct_fields__})
    made.__dict__.update(changes)
    return made


def asdict(struct: Any) -> dict[str, Any]:
    """The values by the fields' names."""
    return dict(zip(type(struct).__struct_fields__, _values(struct), strict=True))


def astuple(struct: Any) -> tuple[Any, ...]:
    """The values."""
    return _values(struct)


# Encoding


def to_builtins(value: Any) -> Any:
    """Dicts, lists and scalars."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Struct):
        return _struct_to_builtins(value)
    if isinstance(value, dict):
        return {to_builtins(key): to_builtins(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_builtins(one) for one in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        shown = value.isoformat()
        return shown.removesuffix("+00:00") + "Z" if shown.endswith("+00:00") else shown
    raise TypeError(f"Encoding objects of type {type(value).__name__} is unsupported")


def _struct_to_builtins(value: Any) -> Any:
    cls: Any = type(value)
    config, own = cls.__struct_config__, value.__dict__
    if config.array_like:
        tag = [] if config.tag is None else [config.tag]
        return tag + [to_builtins(own[name]) for name in cls.__struct_fields__]
    found = {} if config.tag is None else {config.tag_field: config.tag}
    for name, key in zip(cls.__struct_fields__, cls.__struct_encode_fields__, strict=True):
        one = own[name]
        if one is UNSET or (config.omit_defaults and _is_default(cls, name, one)):
            continue
        found[key] = to_builtins(one)
    return found


def _is_default(cls: Any, name: str, value: Any) -> bool:
    default = cls._defaults.get(name, NODEFAULT)
    if isinstance(default, _Factory):
        return type(value) is default.make and not value
    return default is value or (
        type(default) is type(value)
        and isinstance(value, (bool, int, float, str, tuple))
        and bool(default == value)
    )


def _finite(value: Any) -> Any:
    """JSON has neither nan nor infinity: null."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, list):
        return [_finite(one) for one in value]
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return value


def _json_encode(value: Any) -> bytes:
    plain = _finite(to_builtins(value))
    return _json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()


def _json_format(content: Any, *, indent: int = 2) -> Any:
    text = content if isinstance(content, str) else bytes(content).decode()
    loaded = _json.loads(text)
    if indent < 0:
        shown = _json.dumps(loaded, ensure_ascii=False, separators=(",", ":"))
    elif indent == 0:
        shown = _json.dumps(loaded, ensure_ascii=False, separators=(", ", ": "))
    else:
        shown = _json.dumps(loaded, ensure_ascii=False, indent=indent)
    return shown if isinstance(content, str) else shown.encode()


# Decoding


def convert(value: Any, type: Any, **_: Any) -> Any:
    """``value`` as a ``type``. Raises :class:`ValidationError`."""
    return _converted(value, type, "$")


def _json_decode(content: Any, *, type: Any = Any, **_: Any) -> Any:
    try:
        text = content if isinstance(content, str) else bytes(content).decode()
        loaded = _json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise
    except ValueError as error:  # UnicodeDecodeError is one, too
        if isinstance(error, UnicodeError):
            raise
        raise DecodeError(f"JSON is malformed: {error}") from None
    return _converted(loaded, type, "$")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_HINTS: dict[Any, dict[str, Any]] = {}


def _hints(cls: Any) -> dict[str, Any]:
    found = _HINTS.get(cls)
    if found is None:
        found = _HINTS[cls] = typing.get_type_hints(cls, include_extras=True)
    return found


_NONE = type(None)


def _wrong(expected: str, value: Any, path: str) -> ValidationError:
    names = {dict: "object", list: "array", str: "str", _NONE: "null"}
    found = names.get(type(value), type(value).__name__)
    return ValidationError(f"Expected `{expected}`, got `{found}` - at `{path}`")


def _converted(value: Any, kind: Any, path: str) -> Any:
    if kind is Any or kind is object:
        return value
    origin = typing.get_origin(kind)
    if origin is Annotated:
        return _converted(value, typing.get_args(kind)[0], path)
    if origin is typing.Union or origin is types.UnionType:
        return _one_of(value, typing.get_args(kind), path)
    if origin is Literal:
        if value not in typing.get_args(kind):
            raise ValidationError(f"Invalid enum value {value!r} - at `{path}`")
        return value
    if kind is None or kind is _NONE:
        if value is not None:
            raise _wrong("null", value, path)
        return None
    base = origin or kind
    if base is float and type(value) is int:
        return float(value)
    if base in (bool, int, float, str):
        if type(value) is not base:
            raise _wrong(base.__name__, value, path)
        return value
    if base is bytes:
        if type(value) is not str:
            raise _wrong("bytes", value, path)
        try:
            return base64.b64decode(value, validate=True)
        except ValueError:
            raise ValidationError(f"Invalid base64 encoded string - at `{path}`") from None
    if base is datetime:
        try:
            return datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValidationError(f"Invalid RFC3339 encoded datetime - at `{path}`") from None
    if base in _SEQUENCES:
        return _sequence(value, base, typing.get_args(kind), path)
    if base is dict or base is typing.get_origin(typing.Mapping[str, Any]):
        return _mapping(value, typing.get_args(kind), path)
    if isinstance(base, StructMeta):
        return _struct(value, base, path)
    raise TypeError(f"Type '{kind}' is not supported")


_SEQUENCES: dict[Any, Callable[[Iterable[Any]], Any]] = {
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    typing.get_origin(typing.Sequence[int]): list,
}


def _sequence(value: Any, base: Any, inner: tuple[Any, ...], path: str) -> Any:
    if not isinstance(value, (list, tuple)):
        raise _wrong("array", value, path)
    if base is tuple and inner and inner[-1] is not Ellipsis:
        if len(value) != len(inner):
            raise ValidationError(
                f"Expected `array` of length {len(inner)}, got {len(value)} - at `{path}`"
            )
        return tuple(
            _converted(one, kind, f"{path}[{number}]")
            for number, (one, kind) in enumerate(zip(value, inner, strict=True))
        )
    kind = inner[0] if inner else Any
    return _SEQUENCES[base]([_converted(one, kind, f"{path}[...]") for one in value])


def _mapping(value: Any, inner: tuple[Any, ...], path: str) -> Any:
    if not isinstance(value, dict):
        raise _wrong("object", value, path)
    of_keys, of_values = inner or (Any, Any)
    return {
        _converted(key, of_keys, f"key in {path}"): _converted(one, of_values, f"{path}[...]")
        for key, one in value.items()
    }


def _struct(value: Any, cls: Any, path: str) -> Any:
    config, hints = cls.__struct_config__, _hints(cls)
    if config.array_like:
        if not isinstance(value, (list, tuple)):
            raise _wrong("array", value, path)
        rest = list(value)
        if config.tag is not None and (not rest or rest.pop(0) != config.tag):
            raise ValidationError(f"Invalid value - at `{path}[0]`")
        given = dict(zip(cls.__struct_fields__, rest, strict=False))
    else:
        if not isinstance(value, dict):
            raise _wrong("object", value, path)
        tag = value.get(config.tag_field, config.tag) if config.tag is not None else None
        if tag != config.tag:
            raise ValidationError(f"Invalid value {tag!r} - at `{path}.{config.tag_field}`")
        names = dict(zip(cls.__struct_encode_fields__, cls.__struct_fields__, strict=True))
        given = {names[key]: one for key, one in value.items() if key in names}
        if config.forbid_unknown_fields:
            for key in value:
                if key not in names and key != config.tag_field:
                    raise ValidationError(f"Object contains unknown field `{key}` - at `{path}`")
    for name in cls.__struct_fields__:
        if name not in given and name not in cls._defaults:
            raise ValidationError(f"Object missing required field `{name}` - at `{path}`")
    return cls(
        **{name: _converted(one, hints[name], f"{path}.{name}") for name, one in given.items()}
    )


def _one_of(value: Any, kinds: tuple[Any, ...], path: str) -> Any:
    if value is None and _NONE in kinds:
        return None
    problem: ValidationError | None = None
    exact = [kind for kind in kinds if kind is type(value)]
    for kind in (*exact, *kinds):
        if kind is UnsetType or kind is _NONE:
            continue
        try:
            return _converted(value, kind, path)
        except ValidationError as error:
            problem = problem or error
    raise problem or _wrong("null", value, path)


# inspect


class _Described:
    """A type, described: fields by name, all with a default."""

    NAMES: ClassVar[dict[str, Any]] = {}

    def __init__(self, *given: Any, **named: Any) -> None:
        own = self.__dict__
        own.update(self.NAMES)
        own.update(zip(self.NAMES, given, strict=False))
        own.update(named)

    def __init_subclass__(cls) -> None:
        type.__setattr__(cls, "__match_args__", tuple(cls.NAMES))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    __hash__ = object.__hash__


def _type(name: str, base: type = _Described, /, **names: Any) -> Any:
    return type(name, (base,), {"NAMES": names})


_Type = _type("Type")
_BOUNDS = {"gt": None, "ge": None, "lt": None, "le": None, "multiple_of": None}
_LENGTHS = {"min_length": None, "max_length": None}
_KINDS: dict[str, Any] = {
    "Type": _Type,
    "Metadata": _type("Metadata", _Type, type=None, extra_json_schema=None, extra=None),
    "AnyType": _type("AnyType", _Type),
    "NoneType": _type("NoneType", _Type),
    "BoolType": _type("BoolType", _Type),
    "IntType": _type("IntType", _Type, **_BOUNDS),
    "FloatType": _type("FloatType", _Type, **_BOUNDS),
    "StrType": _type("StrType", _Type, **_LENGTHS, pattern=None),
    "BytesType": _type("BytesType", _Type, **_LENGTHS),
    "DateTimeType": _type("DateTimeType", _Type, tz=None),
    "LiteralType": _type("LiteralType", _Type, values=()),
    "UnionType": _type("UnionType", _Type, types=()),
    "VarTupleType": _type("VarTupleType", _Type, item_type=None, **_LENGTHS),
    "TupleType": _type("TupleType", _Type, item_types=()),
    "ListType": _type("ListType", _Type, item_type=None, **_LENGTHS),
    "DictType": _type("DictType", _Type, key_type=None, value_type=None, **_LENGTHS),
    "StructType": _type("StructType", _Type, cls=None, fields=(), tag_field=None, tag=None),
    "Field": _type(
        "Field",
        name="",
        encode_name="",
        type=None,
        required=True,
        default=NODEFAULT,
        default_factory=NODEFAULT,
    ),
}


def type_info(kind: Any) -> Any:
    """What there is to know of a type."""
    return _described(kind, {})


def _described(kind: Any, structs: dict[Any, Any]) -> Any:
    metas: list[Any] = []
    while typing.get_origin(kind) is Annotated:
        kind, *more = typing.get_args(kind)
        metas = [one for one in more if isinstance(one, Meta)] + metas
    found = _bare(kind, structs)
    schema: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for meta in metas:
        for name in ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern"):
            value = getattr(meta, name)
            if value is not None and name in found.NAMES:
                setattr(found, name, value)
        for name in ("title", "description", "examples"):
            if getattr(meta, name) is not None:
                schema[name] = getattr(meta, name)
        schema |= meta.extra_json_schema or {}
        extra |= meta.extra or {}
    if schema or extra:
        return _KINDS["Metadata"](found, schema or None, extra or None)
    return found


_SCALARS = {
    bool: "BoolType",
    int: "IntType",
    float: "FloatType",
    str: "StrType",
    bytes: "BytesType",
    datetime: "DateTimeType",
    None: "NoneType",
    _NONE: "NoneType",
    Any: "AnyType",
}


def _bare(kind: Any, structs: dict[Any, Any]) -> Any:
    if isinstance(kind, typing.Hashable) and kind in _SCALARS:
        return _KINDS[_SCALARS[kind]]()
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    base = origin or kind
    if origin is Literal:
        return _KINDS["LiteralType"](tuple(sorted(inner)))
    if origin is typing.Union or origin is types.UnionType:
        found = tuple(_described(one, structs) for one in inner if one is not UnsetType)
        return _KINDS["UnionType"](found) if len(found) > 1 else found[0]
    if base is tuple and len(inner) == 2 and inner[1] is Ellipsis:
        return _KINDS["VarTupleType"](_described(inner[0], structs))
    if base is tuple and inner:
        return _KINDS["TupleType"](tuple(_described(one, structs) for one in inner))
    if base is list:
        return _KINDS["ListType"](_described(inner[0] if inner else Any, structs))
    if base is dict or base is typing.get_origin(typing.Mapping[str, Any]):
        keys, values = inner or (Any, Any)
        return _KINDS["DictType"](_described(keys, structs), _described(values, structs))
    if isinstance(base, StructMeta):
        return _struct_info(base, structs)
    return _KINDS["AnyType"]()


def _struct_info(cls: Any, structs: dict[Any, Any]) -> Any:
    if cls in structs:
        return structs[cls]
    config = cls.__struct_config__
    found = structs[cls] = _KINDS["StructType"](cls, (), config.tag_field, config.tag)
    hints = _hints(cls)
    fields = []
    for name, key in zip(cls.__struct_fields__, cls.__struct_encode_fields__, strict=True):
        default = cls._defaults.get(name, NODEFAULT)
        is_made = isinstance(default, _Factory)
        fields.append(
            _KINDS["Field"](
                name,
                key,
                _described(hints[name], structs),
                required=default is NODEFAULT,
                default=NODEFAULT if is_made else default,
                default_factory=default.make if is_made else NODEFAULT,
            )
        )
    found.fields = tuple(fields)
    return found


# The modules


class _Decoder:
    def __init__(self, type: Any = Any, **_: Any) -> None:
        self.type = type

    def decode(self, content: Any) -> Any:
        """What :func:`_json_decode` gives."""
        return _json_decode(content, type=self.type)


class _Encoder:
    def __init__(self, **_: Any) -> None:
        """Options make no difference."""

    def encode(self, value: Any) -> bytes:
        """What :func:`_json_encode` gives."""
        return _json_encode(value)


class _NoMessagePack:
    """Is made where a module is imported, and never used in a browser."""

    def __init__(self, *_: Any, **__: Any) -> None:
        """Nothing is kept."""

    def _refuse(self, *_: Any) -> Any:
        raise NotImplementedError("there is no MessagePack here")

    encode = decode = _refuse


def modules() -> Iterator[tuple[str, types.ModuleType]]:
    """The modules that ``import msgspec`` and its likes are to find, by name."""
    json = types.ModuleType("msgspec.json")
    json.__dict__.update(
        encode=_json_encode,
        decode=_json_decode,
        format=_json_format,
        Decoder=_Decoder,
        Encoder=_Encoder,
    )
    structs = types.ModuleType("msgspec.structs")
    structs.__dict__.update(replace=replace, asdict=asdict, astuple=astuple)
    msgpack = types.ModuleType("msgspec.msgpack")
    msgpack.__dict__.update(Encoder=_NoMessagePack, Decoder=_NoMessagePack)
    inspect = types.ModuleType("msgspec.inspect")
    inspect.__dict__.update(_KINDS, type_info=type_info)
    whole = types.ModuleType("msgspec")
    whole.__path__ = []
    whole.__dict__.update(
        Struct=Struct,
        StructMeta=StructMeta,
        Meta=Meta,
        Raw=Raw,
        field=field,
        convert=convert,
        to_builtins=to_builtins,
        UNSET=UNSET,
        UnsetType=UnsetType,
        NODEFAULT=NODEFAULT,
        MsgspecError=MsgspecError,
        DecodeError=DecodeError,
        ValidationError=ValidationError,
        json=json,
        structs=structs,
        msgpack=msgpack,
        inspect=inspect,
    )
    yield "msgspec", whole
    for module in (json, structs, msgpack, inspect):
        yield module.__name__, module


def install() -> None:
    """Have every ``import msgspec`` from now on find this."""
    sys.modules.update(modules())
