"""YAML with positions: what is read, where it stands, and what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from autograder.course.loading import yaml_source
from autograder.course.loading.yaml_source import MAX_BYTES, Document, read_yaml
from autograder.errors import CourseError


def parsed(tmp_path: Path, content: str | bytes) -> Document:
    path = tmp_path / "x.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_yaml(path, tmp_path)


def refusal(tmp_path: Path, content: str | bytes) -> str:
    with pytest.raises(CourseError) as error:
        parsed(tmp_path, content)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture(params=["libyaml", "PyYAML"])
def _either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiled parser where PyYAML has it, and the one in Python where it has not."""
    if request.param == "libyaml":
        if not yaml.__with_libyaml__:
            pytest.skip("PyYAML was built without libyaml")
        return

    class PurePython(yaml_source._PlainScalars, yaml.SafeLoader):
        pass

    monkeypatch.setattr(yaml_source, "_Loader", PurePython)


@pytest.mark.usefixtures("_either_parser")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        # Words that YAML 1.1 takes for truth values.
        *((word, word) for word in ("y", "n", "Y", "N", "yes", "No", "on", "OFF")),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("7", 7),
        ("-7", -7),
        ("010", 10),
        ("1e-8", 1e-8),
        ("1e8", 1e8),
        ("1E+8", 1e8),
        ("-1.5e3", -1500.0),
        (".5", 0.5),
        ("1.", 1.0),
        (".inf", float("inf")),
        ("-.inf", float("-inf")),
        # Ranges, times, dates and grouped digits are texts here.
        *((word, word) for word in ("1..9", "1:30", "2024-01-01", "1_000", "0x10", "1e", "0.1.2")),
        ("'7'", "7"),
        ("!!str 7", "7"),
        ("!!float 7", 7.0),
        ("[1, y, 1e-8]", [1, "y", 1e-8]),
        ("{n: 3, y: on}", {"n": 3, "y": "on"}),
        ("한국어 $x^2$", "한국어 $x^2$"),
    ],
)
def test_values(tmp_path: Path, text: str, value: Any) -> None:
    found = parsed(tmp_path, f"key: {text}\n").data["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.usefixtures("_either_parser")
def test_keys_are_words_as_they_are_written(tmp_path: Path) -> None:
    content = "y: 1\nn: 2\non: 3\ntrue: 4\n7: 5\nm != n:\n~: 6\n"
    expected = {"y": 1, "n": 2, "on": 3, "true": 4, "7": 5, "m != n": None, "~": 6}
    assert parsed(tmp_path, content).data == expected


@pytest.mark.usefixtures("_either_parser")
def test_places_are_those_of_the_keys_and_items(tmp_path: Path) -> None:
    document = parsed(tmp_path, "a:\n  - 1\n  - {제목: [x, y]}\nb: |\n  text\n")
    assert document.place(("a",)) == (1, 1)
    assert document.place(("a", 0)) == (2, 5)
    assert document.place(("a", 1)) == (3, 5)
    assert document.place(("a", 1, "제목")) == (3, 6)
    assert document.place(("a", 1, "제목", 1)) == (3, 14)
    assert document.place(("b",)) == (4, 1)


def test_the_place_of_what_is_not_there_is_that_of_what_surrounds_it(tmp_path: Path) -> None:
    document = parsed(tmp_path, "a: 1\nb:\n  c: 2\n")
    assert document.place(("b", "d", "e")) == (2, 1)
    assert document.place(("z",)) == (1, 1)


def test_errors_name_the_file_from_the_root_of_the_course(tmp_path: Path) -> None:
    document = parsed(tmp_path, "a: 1\nb: 2\n")
    assert str(document.error(("b",), "is\nwrong")) == "x.yaml:2:1: is wrong"


@pytest.mark.usefixtures("_either_parser")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "x.yaml:1:1: the file is empty"),
        ("# nothing\n", "x.yaml:1:1: the file is empty"),
        ("- a\n", "x.yaml:1:1: the file must be a mapping: lines of the form 'key: value'"),
        ("a: 1\nb: 2\na: 3\n", "x.yaml:3:1: the key 'a' is there twice; remove one"),
        ("a: {b: 1, b: 2}\n", "x.yaml:1:11: the key 'b' is there twice; remove one"),
        ("y: 1\n'y': 2\n", "x.yaml:2:1: the key 'y' is there twice; remove one"),
        ("? [a]\n: 1\n", "x.yaml:1:3: a key must be a single word or number"),
        (
            "a: &x {b: 1}\nc: *x\n",
            "x.yaml:1:4: anchors and aliases (& and *) are not supported; write the value out",
        ),
        (
            "a: &x {b: 1}\nc:\n  <<: *x\n",
            "x.yaml:1:4: anchors and aliases (& and *) are not supported; write the value out",
        ),
        (
            "a: &x [*x]\n",
            "x.yaml:1:4: anchors and aliases (& and *) are not supported; write the value out",
        ),
        ("a: !!binary aGk=\n", "x.yaml:1:4: the tag !!binary is not supported; remove it"),
        ("a: !!set {b}\n", "x.yaml:1:4: the tag !!set is not supported; remove it"),
        ("a: !mine [1]\n", "x.yaml:1:4: the tag !mine is not supported; remove it"),
        (
            "a: !!python/object/apply:os.system [ls]\n",
            "x.yaml:1:4: the tag !!python/object/apply:os.system is not supported; remove it",
        ),
        (
            "a: 1\nb: !!int abc\n",
            "x.yaml:2:4: 'abc' is not a usable !!int; write a plain value",
        ),
        (
            f"a: {'9' * 5000}\n",
            "x.yaml:1:4: the number 999999999999… has 5000 digits; write one of at most 1000, or "
            "put quotes around a text",
        ),
        (
            "a: 1\né: b\x07\n",
            "x.yaml:2:5: the control character U+0007 cannot be in YAML; remove it",
        ),
        (
            'a: 1\nb: "c\\e[2J"\n',
            "x.yaml:2:4: the character U+001B cannot be shown; remove it",
        ),
        ('"\\x9b": 1\n', "x.yaml:1:1: the character U+009B cannot be shown; remove it"),
        (
            "a: " + "[" * 100 + "]" * 100,
            "x.yaml:1:68: nested deeper than 64 levels; write it flatter",
        ),
    ],
)
def test_refusals(tmp_path: Path, content: str, message: str) -> None:
    assert refusal(tmp_path, content) == message


@pytest.mark.usefixtures("_either_parser")
@pytest.mark.parametrize(
    ("content", "line", "mend"),
    [
        ("a:\n\tb: 1\n", 2, "indent with spaces, not tabs"),
        ("a:\n  - b: 1\n   c: 2\n", 3, "check the indentation of this line"),
        ("a: b: c\n", 1, "put quotes around texts with ': '"),
        ("a: [1, 2\nb: 3\n", 2, "check "),
        ("a: 'b\nc: d\n", 3, "check quotes"),
        ("a: *x\n", 1, "anchors and aliases (& and *) are not supported"),
        ("a: 1\n---\nb: 2\n", 2, "remove the line '---'"),
    ],
)
def test_what_is_not_yaml_gets_its_line_and_a_mend(
    tmp_path: Path, content: str, line: int, mend: str
) -> None:
    message = refusal(tmp_path, content)
    assert message.startswith(f"x.yaml:{line}:")
    assert "bad YAML: " in message
    assert mend in message


def test_a_bomb_of_aliases_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 64)]
    assert "anchors and aliases" in refusal(tmp_path, "\n".join(lines))


@pytest.mark.usefixtures("_either_parser")
def test_nesting_without_end_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a: " + "[" * 50_000).startswith("x.yaml:1")


def test_bytes_that_are_no_utf8_are_found(tmp_path: Path) -> None:
    message = refusal(tmp_path, "a: 1\n제목: ".encode() + "é".encode("latin-1"))
    assert message == "x.yaml:2:5: is not UTF-8 (byte 13); save it as UTF-8"
    assert "is not UTF-8" in refusal(tmp_path, "a: 1\n".encode("utf-16"))


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    document = parsed(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert document.data == {"a": 1, "b": 2}
    assert document.place(("b",)) == (2, 1)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "large.yaml").write_text("a: 1\n" + "#" * MAX_BYTES, "utf-8")
    for name, message in {
        "none.yaml": "none.yaml: there is no such file; create it",
        "folder.yaml": "folder.yaml: is not a file; put a YAML file here",
        "large.yaml": "large.yaml: is larger than 1 MiB",
        "large.yaml/x.yaml": "large.yaml/x.yaml: cannot be read: ",
    }.items():
        with pytest.raises(CourseError) as error:
            read_yaml(tmp_path / name, tmp_path)
        assert str(error.value).startswith(message)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.yaml")
    with pytest.raises(CourseError, match="is not a file"):
        read_yaml(tmp_path / "x.yaml", tmp_path)


def test_a_file_outside_the_root_is_shown_in_full(tmp_path: Path) -> None:
    with pytest.raises(CourseError) as error:
        read_yaml(tmp_path / "none.yaml", tmp_path / "course")
    assert str(error.value).startswith(str(tmp_path / "none.yaml"))


WORDS = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4)
)


@given(data=st.dictionaries(WORDS, TREES, max_size=4))
def test_json_is_yaml(data: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    text = json.dumps(data, ensure_ascii=False)
    assert parsed(tmp_path_factory.mktemp("yaml"), text).data == data


@given(content=st.binary(max_size=60) | st.text("ab:-?[]{},&*!|>'\"%@` \n\t#~19.", max_size=60))
def test_any_file_is_a_mapping_or_one_line_of_error(
    content: bytes | str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("yaml")
    try:
        data = parsed(folder, content).data
    except CourseError:
        refusal(folder, content)
    else:
        assert isinstance(data, dict)
