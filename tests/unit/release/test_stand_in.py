"""What stands in for msgspec in a browser does as msgspec does, with the package's own structs."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tomllib
import types
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.small_course import copy_course

ROOT = Path(__file__).parents[3]
FILE = ROOT / "autograder" / "release" / "site" / "stand_in.py"


def _stand_in() -> Any:
    spec = importlib.util.spec_from_file_location("stand_in", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["stand_in"] = module
    spec.loader.exec_module(module)
    return dict(module.modules())["msgspec"]


BOTH = {"msgspec": msgspec, "stand-in": _stand_in()}
# Declared in both ways; no postponed annotations inside of exec.
CODE = """
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
Struct, Meta, field, UNSET, UnsetType = m.Struct, m.Meta, m.field, m.UNSET, m.UnsetType

class Point(Struct, frozen=True, order=True):
    x: int
    y: float = 0.5

class Named(Point, frozen=True, kw_only=True):
    label: ClassVar[str] = "name"
    name: str
    tags: tuple[str, ...] = ()

class Mutable(Struct):
    items: list[int] = []
    by_name: dict[str, Point] = field(default_factory=dict)
    renamed: int = field(default=3, name="other")

class Circle(Struct, frozen=True, tag="circle", omit_defaults=True):
    radius: float
    note: str | None = None
    extra: str | UnsetType = UNSET

class Square(Struct, frozen=True, tag="square", array_like=True):
    side: int
    data: bytes = b""

class Strict(Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["a", "b"] = "a"
    when: datetime | None = None
    number: Annotated[int, Meta(ge=1, description="a number", extra={"words": "w"})] = 1

class Whole(Struct):
    circles: tuple[Circle, ...]
    strict: Strict
    any: Any = None
    sizes: dict[str, float] = {}
"""


def declared(m: Any) -> dict[str, Any]:
    """What the code declares with one of the two."""
    module = types.ModuleType("declared")
    sys.modules["declared"] = module
    vars(module)["m"] = m
    exec(CODE, vars(module))
    return vars(module)


@pytest.fixture(params=BOTH)
def space(request: pytest.FixtureRequest) -> dict[str, Any]:
    return declared(BOTH[request.param])


def test_structs(space: dict[str, Any]) -> None:
    m, point, named, mutable = (space[one] for one in ("m", "Point", "Named", "Mutable"))
    assert point(1) == point(1, 0.5) != point(2)
    assert hash(point(1)) == hash(point(1, 0.5))
    assert sorted([point(2), point(1, 9.0)]) == [point(1, 9.0), point(2)]
    assert repr(point(1)) == "Point(x=1, y=0.5)"
    with pytest.raises(AttributeError):
        point(1).x = 2
    with pytest.raises(TypeError):
        point()
    with pytest.raises(TypeError):
        point(1, 2, 3)
    one = named(1, name="n")
    assert (one.x, one.name, one.tags, named.label) == (1, "n", (), "name")
    with pytest.raises(TypeError):
        named(1, 2.0, "n")
    assert point(1) != one
    assert m.structs.replace(one, name="o").name == "o"
    with pytest.raises(TypeError):
        m.structs.replace(one, other=1)
    assert m.structs.asdict(point(1)) == {"x": 1, "y": 0.5}
    assert m.structs.astuple(point(1)) == (1, 0.5)
    first, second = mutable(), mutable()
    first.items.append(1)
    assert second.items == []
    with pytest.raises(TypeError):
        hash(first)
    assert point.__struct_fields__ == ("x", "y")
    assert point.__match_args__ == ("x", "y")


JSON = [
    ("Mutable", b'{"items":[1,2],"by_name":{"a":{"x":1,"y":2}},"other":4}'),
    ("Circle", b'{"type":"circle","radius":2.0}'),
    ("Square", b'["square",3,"AAE="]'),
    ("Strict", b'{"kind":"b","when":"2026-01-02T03:04:05Z","number":7}'),
    ("Whole", b'{"circles":[{"type":"circle","radius":1.5,"note":"n"}],"strict":{"kind":"a",'
              b'"when":null,"number":1},"any":[1,{"b":null}],"sizes":{"a":1.0}}'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content"), JSON, ids=[name for name, _ in JSON])
def test_json_comes_and_goes(space: dict[str, Any], name: str, content: bytes) -> None:
    m = space["m"]
    value = m.json.decode(content, type=space[name])
    assert json.loads(m.json.encode(value)) == json.loads(
        msgspec.json.encode(msgspec.json.decode(content)).replace(b'"y":2}', b'"y":2.0}')
    )
    assert m.json.decode(m.json.encode(value), type=space[name]) == value


WRONG = [
    ("Point", b'{"x":"1"}'),
    ("Point", b'{"x":1.5}'),
    ("Point", b"{}"),
    ("Point", b"[1]"),
    ("Point", b'{"x":true}'),
    ("Point", b"{"),
    ("Point", b'{"x":NaN}'),
    ("Circle", b'{"type":"square","radius":1}'),
    ("Strict", b'{"unknown":1}'),
    ("Strict", b'{"kind":"c"}'),
    ("Strict", b'{"when":"yesterday"}'),
    ("Square", b'["square",1,"%"]'),
    ("Mutable", b'{"by_name":[]}'),
    ("Whole", b'{"circles":[1],"strict":{}}'),
]


@pytest.mark.parametrize(("name", "content"), WRONG)
def test_what_is_wrong_is_refused(space: dict[str, Any], name: str, content: bytes) -> None:
    with pytest.raises(space["m"].DecodeError):
        space["m"].json.decode(content, type=space[name])


@pytest.mark.parametrize("indent", [-1, 0, 1, 2])
def test_json_is_laid_out_alike(indent: int) -> None:
    content = msgspec.json.encode({"a": [1, 2.5, {"b": "é"}], "c": [], "d": {}, "e": None})
    formats = [m.json.format(content, indent=indent) for m in BOTH.values()]
    assert json.loads(formats[0]) == json.loads(formats[1])
    if indent > 0:
        assert formats[0] == formats[1]


def _outline(kind: Any) -> Any:
    """What convert and the schemas read of a description."""
    found: dict[str, Any] = {"": type(kind).__name__}
    names = ("type", "extra", "extra_json_schema", "ge", "le", "gt", "lt", "min_length")
    for name in (*names, "item_type", "key_type", "value_type", "values", "tag"):
        value = getattr(kind, name, None)
        if value is not None:
            is_type = hasattr(value, "__module__") and "type" in name
            found[name] = _outline(value) if is_type else value
    if hasattr(kind, "types"):
        found["types"] = sorted((_outline(one) for one in kind.types), key=repr)
    if hasattr(kind, "fields"):
        found["fields"] = [
            (one.name, one.encode_name, one.required, _outline(one.type)) for one in kind.fields
        ]
    return found


def test_types_are_described_alike() -> None:
    outlines = []
    for m in BOTH.values():
        found = declared(m)
        outlines.append([_outline(m.inspect.type_info(found[one])) for one in ("Strict", "Whole")])
    assert outlines[0] == outlines[1]


CHECK = """
import importlib.abc, sys
FORBIDDEN = {forbidden!r}
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in FORBIDDEN and caller_is_ours():
            raise ImportError(name + " is not there in a browser")
def caller_is_ours():
    frame = sys._getframe(2)
    while frame and "importlib" in frame.f_code.co_filename:
        frame = frame.f_back
    return frame is not None and "/autograder/" in frame.f_code.co_filename
sys.meta_path.insert(0, Refuse())
if {stands_in!r}:
    sys.path.insert(0, {folder!r})
    import stand_in
    stand_in.install()
import json
from pathlib import Path
from autograder.student.page import Page
page = Page(Path({course!r}))
sources = {sources!r}
found = [page.check("linear-layer", "dx", {{"dx": one}}, "ko", {{}}, lambda *_: None)
         for one in sources for _ in range(2)]
found.append(page.pack("linear-layer", {{"dx": sources[0]}}, "kim", 540, "en")[:40])
found.append(page.run("linear-layer", "dx", {{"dx": "print(1)\\n1/0"}}, lambda *_: None))
print(json.dumps(found))
"""
RIGHT = "import numpy as np\ndef linear_dx(W, dy):\n    return W.T @ dy\n"
SOURCES = [
    RIGHT,
    RIGHT.replace("W.T", "W"),
    RIGHT.replace("@ dy", "@@ dy"),
    RIGHT.replace("return", "W *= 2; print('한글'); return"),
]


def _checked(course: Path, *, stands_in: bool) -> list[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (rule,) = [
        one for one in contracts["tool"]["importlinter"]["contracts"] if one["type"] == "forbidden"
    ]
    code = CHECK.format(
        forbidden=set(rule["forbidden_modules"]) | {"rich", "click"},
        stands_in=stands_in,
        folder=str(FILE.parent),
        course=str(course),
        sources=SOURCES,
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=280, cwd="/"
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: list[str] = json.loads(done.stdout)
    return found


def test_a_page_checks_the_same_without_what_a_browser_lacks(tmp_path: Path) -> None:
    """The same with msgspec and with what stands in for it, and nothing forbidden is imported."""
    copy_course(ROOT / "tests" / "courses" / "good", tmp_path / "course")
    with_it, without = (_checked(tmp_path / "course", stands_in=one) for one in (False, True))
    assert [json.loads(one) for one in with_it[:-2]] == [json.loads(one) for one in without[:-2]]
    assert with_it[-2:] == without[-2:]
    results = [json.loads(one) for one in without[:-2]]
    assert [one["passed"] for one in results] == [True, True] + [False] * 6
    assert results[0] == results[1]  # the first leaves nothing for the second
    assert "ZeroDivisionError" in without[-1]
