"""YAML files changed in one place, with everything else, comments included, as it was.

Positions come from PyYAML's nodes; what is inserted is text. Each function reads the result again
and raises where it would not say what was wanted.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Collection, Iterator
from typing import Any

import yaml

from autograder.errors import UsageError

# Texts that YAML and our reader take for a text without quotes.
_PLAIN = re.compile(r"[^\W\d_][\w ()/.+*^~;-]*(?<! )")
_PLAIN_IN_BLOCK = re.compile(r"[^\W\d_][^:#\n]*(?<! )")
_WIDTH = 100
_HELD = re.compile(r"\$[^$]*\$|`[^`]*`")
_NOT_PLAIN = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def scalar(value: Any, *, flow: bool = True) -> str:
    """A text, a number or lists of them, as it is written in one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        pattern = _PLAIN if flow else _PLAIN_IN_BLOCK
        if pattern.fullmatch(value) and value.lower() not in _NOT_PLAIN:
            return value
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(scalar(one) for one in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{scalar(key)}: {scalar(one)}' for key, one in value.items())}}}"
    return repr(value) if isinstance(value, float) else str(value)


def literal(text: str, indent: int) -> str:
    """A block of text after ``key:``, its lines ``indent`` spaces in."""
    lines = (f"{' ' * indent}{line}" if line else "" for line in text.splitlines())
    return "|-\n" + "\n".join(lines)


def folded(text: str, indent: int) -> str:
    """One paragraph after ``key:``: in the line where it fits, otherwise folded."""
    short = scalar(text, flow=False)
    if len(short) + indent <= _WIDTH:
        return short
    lines = wrapped(text, _WIDTH - indent).split("\n")
    return ">-\n" + "\n".join(f"{' ' * indent}{line}" for line in lines)


def wrapped(text: str, width: int = 96) -> str:
    """The paragraph in lines, none of which ends inside of a formula or of code."""
    held = _HELD.sub(lambda found: found[0].replace(" ", "\0"), text)
    lines = textwrap.wrap(held, width, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace("\0", " ")


def add_exercise(config: str, assignment: str, exercise: str, titles: dict[str, str]) -> str:
    """``config.yaml`` with the exercise at the end of the assignment, which is made where it is
    not there, with ``titles`` by language. Raises :class:`UsageError`."""
    root = _compose(config)
    assignments = _value(root, "assignments")
    if not isinstance(assignments, yaml.MappingNode) or assignments.flow_style:
        raise UsageError(
            "config.yaml: write 'assignments' as a block, one assignment a line, so that one can "
            "be added"
        )
    entry = _value(assignments, assignment)
    if entry is None:
        column = assignments.value[0][0].start_mark.column
        pad = " " * column
        lines = (
            f"{pad}{assignment}:",
            f"{pad}  title: {scalar(titles)}",
            f"{pad}  exercises: [{exercise}]",
        )
        changed = _after_line(config, _last_line(assignments, config), lines)
    else:
        exercises = _value(entry, "exercises")
        if not isinstance(exercises, yaml.SequenceNode):
            raise UsageError(f"config.yaml: '{assignment}' has no list 'exercises'; write one")
        if exercises.flow_style:
            end = exercises.end_mark.index - 1
            comma = ", " if exercises.value else ""
            start = config[:end].rstrip()
            changed = f"{start.rstrip(',')}{comma}{exercise}{config[end:]}"
        else:
            last = exercises.value[-1]
            pad = " " * (exercises.start_mark.column)
            changed = _after_line(config, _last_line(last, config), (f"{pad}- {exercise}",))
    added = yaml.safe_load(changed)["assignments"][assignment]["exercises"]
    if added[-1] != exercise:
        raise UsageError(f"config.yaml: add '{exercise}' to '{assignment}' by hand")
    return changed


def add_items(text: str, key: str, items: Collection[str]) -> str:
    """The file with further items of the block list ``key``, each as lines that begin with
    ``- ``; the list is made at the end where it is not there. Raises :class:`UsageError`."""
    root = _compose(text)
    node = _value(root, key)
    if node is None:
        body = "\n".join(_indented(item, 2) for item in items)
        return f"{text.rstrip()}\n{key}:\n{body}\n"
    if not isinstance(node, yaml.SequenceNode) or node.flow_style:
        raise UsageError(f"write '{key}' as a block list, so that something can be added to it")
    pad = node.start_mark.column
    lines = [line for item in items for line in _indented(item, pad).split("\n")]
    changed = _after_line(text, _last_line(node, text), lines)
    if len(yaml.safe_load(changed)[key]) != len(node.value) + len(items):
        raise UsageError(f"'{key}' could not be added to; do it by hand")
    return changed


def only_languages(text: str, languages: Collection[str], known: Collection[str]) -> str:
    """The file with its texts in ``languages`` alone: of every mapping whose keys are all
    languages that are ``known``, the other entries are cut out."""
    cuts: list[tuple[int, int]] = []
    for node in _mappings(_compose(text)):
        keys = [key.value for key, _ in node.value]
        if not keys or not set(keys) <= set(known) or set(keys) <= set(languages):
            continue
        kept = [number for number, key in enumerate(keys) if key in languages]
        if not kept:  # a text in none of them stays, for somebody to translate
            continue
        for number, (key, value) in enumerate(node.value):
            if key.value in languages:
                continue
            cuts.append(_cut(text, node, number, key, value, kept))
    for start, end in sorted(cuts, reverse=True):
        text = text[:start] + text[end:]
    return text


def _cut(
    text: str,
    node: yaml.MappingNode,
    number: int,
    key: yaml.Node,
    value: yaml.Node,
    kept: list[int],
) -> tuple[int, int]:
    if node.flow_style:
        if number > kept[0]:  # with the comma before it
            return node.value[number - 1][1].end_mark.index, value.end_mark.index
        return key.start_mark.index, node.value[number + 1][0].start_mark.index
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    end = _line_start(text, _last_line(value, text) + 1)
    return start, end


def _indented(item: str, pad: int) -> str:
    return "\n".join(f"{' ' * pad}{line}" if line else "" for line in item.split("\n"))


def _compose(text: str) -> yaml.Node:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise UsageError("the file is no mapping")
    return root


def _value(node: Any, key: str) -> Any:
    if isinstance(node, yaml.MappingNode):
        for found, value in node.value:
            if found.value == key:
                return value
    return None


def _mappings(node: yaml.Node) -> Iterator[yaml.MappingNode]:
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _mappings(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _mappings(item)


def _last_line(node: yaml.Node, text: str) -> int:
    """The number, from 0, of the last line that the node is written on."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return _last_line(node.value[-1][1], text)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return _last_line(node.value[-1], text)
    last = int(node.end_mark.line)
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        # It ends where the next thing begins, after blank lines and comments.
        lines = text.split("\n")
        begin = node.start_mark.line + 1
        first = next((one for one in lines[begin:] if one.strip()), "")
        indent = len(first) - len(first.lstrip())
        while last > begin and not (
            lines[last].strip() and len(lines[last]) - len(lines[last].lstrip()) >= indent
        ):
            last -= 1
    return last


def _line_start(text: str, number: int) -> int:
    index = 0
    for _ in range(number):
        index = text.find("\n", index) + 1
        if index == 0:
            return len(text)
    return index


def _after_line(text: str, number: int, lines: Collection[str]) -> str:
    if not text.endswith("\n"):
        text += "\n"
    at = _line_start(text, number + 1)
    return text[:at] + "".join(f"{line}\n" for line in lines) + text[at:]
