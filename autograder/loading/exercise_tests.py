"""Tests in the YAML: their kinds, points, drawings, and what must fit together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, get_args

import numpy as np

from autograder.exercise import (
    Array,
    Dims,
    Drawing,
    Dtype,
    EfficiencyTest,
    ExampleTest,
    Gradient,
    GradientTest,
    Language,
    Layout,
    Part,
    PropertyName,
    PropertyTest,
    Signature,
    SourceTest,
    Step,
    Test,
    Visibility,
    WitnessName,
)
from autograder.loading.node import Node, suggest
from autograder.loading.syntax import check_expression, parse_leading, parse_range, parse_step

MAX_POINTS = 1_000_000

DTYPES = get_args(Dtype)
LAYOUTS = get_args(Layout)
PROPERTIES = get_args(PropertyName)
WITNESSES = tuple(name for name in get_args(WitnessName) if name != "example")

# By dimension: its length (for "...", the lengths of all leading axes), and the array that says so.
Lengths: TypeAlias = dict[str, tuple[int | tuple[int, ...], str]]

# The key that makes a test one of a kind, and the keys that the kind has besides.
_COMMON = ("name", "title", "points", "credit")
_DRAWN = ("cases", "dims", "draw", "dtypes", "layouts", "functions", "tolerance")
_KINDS: dict[str, tuple[str, ...]] = {
    "expect": ("given", "steps", "dtype", "functions", "tolerance"),
    "against": (*_DRAWN, "steps"),
    "property": _DRAWN,
    "efficiency": (*_DRAWN, "steps"),
    "source": ("refuse",),
}


class TestReader:
    """Reads the tests of one exercise."""

    def __init__(
        self,
        *,
        signature: Signature,
        is_class: bool,
        arrays: Mapping[str, Array],
        auxiliary: Mapping[str, Array],
        functions: Mapping[str, tuple[str, ...]],
        gradients: Mapping[str, Gradient],
        forward_names: frozenset[str],
        languages: tuple[Language, ...],
    ) -> None:
        self._signature = signature
        self._is_class = is_class
        self._arrays = arrays
        self._everything = {**arrays, **auxiliary}
        self._functions = functions
        self._gradients = gradients
        self._forward_names = forward_names
        self._languages = languages
        self._dims = {
            name
            for array in self._everything.values()
            for name in array.shape
            if isinstance(name, str)
        }

    def read(self, node: Node, visibility: Visibility) -> Test:
        kind = self._kind(node)
        entries = node.mapping(required=("name",))
        name = read_name(entries["name"], "test")
        node.name = f"test '{name}'"
        entries = node.mapping((*_COMMON, kind, *_KINDS[kind]))
        if kind == "source":
            return self._source(node, entries, visibility)
        steps = self._steps(node, entries)
        common: dict[str, Any] = {
            "name": name,
            "visibility": visibility,
            "steps": steps,
            "parts": self._parts(node, entries, self._outputs(steps)),
            "proportional": self._proportional(entries),
            "title": self._title(entries),
            "tolerance": self._tolerance(entries),
        }
        if kind == "expect":
            return self._example(entries, common)
        common["drawing"] = self._drawing(node, entries)
        if kind == "against":
            against = entries["against"]
            for item in against.items():
                item.choice(WITNESSES)
            if not against.value:
                raise against.error(f"'against' names no witness; use {' or '.join(WITNESSES)}")
            if "finite_differences" in against.value:
                self._check_differentiable(against, common["parts"])
            return GradientTest(against=tuple(against.value), **common)
        if kind == "property":
            if self._is_class:
                raise entries["property"].error("a class is tested with 'steps', not 'property'")
            entries["property"].choice(PROPERTIES)
            return PropertyTest(property=entries["property"].value, **common)
        limits = entries["efficiency"].mapping(("at_most",), required=("at_most",))
        return EfficiencyTest(at_most=limits["at_most"].number(1.5, 1e6), **common)

    def _kind(self, node: Node) -> str:
        kinds = [key for key in node.mapping() if key in _KINDS]
        if len(kinds) != 1:
            found = " and ".join(f"'{kind}'" for kind in kinds) or "none of them"
            name = f"test '{node.value['name']}'" if "name" in node.value else "a test"
            raise node.error(
                f"{name} needs exactly one of {', '.join(map(repr, _KINDS))}, and has {found}"
                + _suggest_kind(node)
            )
        return kinds[0]

    def _title(self, entries: Mapping[str, Node]) -> dict[str, str]:
        return entries["title"].by_language(self._languages) if "title" in entries else {}

    def _proportional(self, entries: Mapping[str, Node]) -> bool:
        if "credit" not in entries:
            return False
        return entries["credit"].choice(("all", "proportional")) == "proportional"

    def _steps(self, node: Node, entries: Mapping[str, Node]) -> tuple[Step, ...]:
        signature = self._signature
        if "steps" not in entries:
            if self._is_class:
                raise node.error(f"{node.name} lacks 'steps': how is {signature.function} used?")
            return (Step(signature.outputs, signature.function, signature.parameters),)
        inputs = {*self._arrays, *self._functions}
        assigned: list[str] = []
        steps = []
        for item in entries["steps"].items():
            step = parse_step(item, signature.function, inputs, assigned)
            for name in step.results:
                if name in assigned or name in inputs:
                    raise item.error(f"'{name}' is assigned already; use another name")
            assigned += step.results
            steps.append(step)
        if not steps:
            raise entries["steps"].error("'steps' has no steps")
        return tuple(steps)

    def _outputs(self, steps: tuple[Step, ...]) -> tuple[str, ...]:
        """What points may be given for: everything assigned that is an output."""
        owners = {step.target.partition(".")[0] for step in steps if "." in step.target}
        return tuple(name for step in steps for name in step.results if name not in owners)

    def _parts(
        self, node: Node, entries: Mapping[str, Node], outputs: tuple[str, ...]
    ) -> tuple[Part, ...]:
        if "points" not in entries:
            raise node.error(f"{node.name} lacks 'points', such as 'points: 2'")
        points = entries["points"]
        if "expect" in entries:
            expected = entries["expect"].mapping()
            if not expected:
                raise entries["expect"].error(f"'expect' of {node.name} is empty; give an output")
            for name in expected:
                if name not in outputs:
                    raise entries["expect"].error(
                        f"'{name}' is not an output here{suggest(name, outputs)}", name
                    )
            outputs = tuple(name for name in outputs if name in expected)
        if isinstance(points.value, dict):
            if not points.value:
                raise points.error(
                    f"'points' of {node.name} is empty; give points to an output, such as "
                    f"'{{{outputs[0]}: 1}}'"
                )
            parts = []
            for name, entry in points.mapping().items():
                if name not in outputs:
                    raise points.error(
                        f"points for '{name}', which is not an output here{suggest(name, outputs)}",
                        name,
                    )
                parts.append(Part((name,), entry.number(0, MAX_POINTS)))
            return tuple(parts)
        if isinstance(points.value, bool) or not isinstance(points.value, (int, float)):
            raise points.error(
                f"'points' of {node.name} must be a number or a mapping from output to number, "
                f"not {points.kind()}"
            )
        return (Part(outputs, points.number(0, MAX_POINTS)),)

    def _tolerance(self, entries: Mapping[str, Node]) -> dict[str, float]:
        if "tolerance" not in entries:
            return {}
        return {
            name: entry.number(0, 0.1) for name, entry in entries["tolerance"].mapping().items()
        }

    def _check_differentiable(self, node: Node, parts: tuple[Part, ...]) -> None:
        for part in parts:
            for output in part.outputs:
                if output not in self._gradients and output not in self._forward_names:
                    raise node.error(
                        f"finite differences cannot speak about '{output}': it has no entry in "
                        "'gradients'"
                    )

    def _drawing(self, node: Node, entries: Mapping[str, Node]) -> Drawing:
        draw = entries["draw"].mapping(self._everything) if "draw" in entries else {}
        return Drawing(
            cases=entries["cases"].integer(1, 1000) if "cases" in entries else 1,
            dims=self._read_dims(node, entries),
            draw={name: check_expression(entry) for name, entry in draw.items()},
            dtypes=self._words(entries, "dtypes", DTYPES) or ("float64",),
            layouts=self._words(entries, "layouts", LAYOUTS) or ("C",),
            functions=self._read_functions(entries),
        )

    def _words(self, entries: Mapping[str, Node], key: str, known: tuple[str, ...]) -> Any:
        if key not in entries:
            return ()
        if isinstance(entries[key].value, str):
            return (entries[key].choice(known),)
        words = tuple(item.choice(known) for item in entries[key].items())
        if not words:
            raise entries[key].error(
                f"{entries[key].name} is empty; use some of {', '.join(known)}"
            )
        return words

    def _read_functions(self, entries: Mapping[str, Node]) -> dict[str, tuple[str, ...]]:
        if "functions" not in entries:
            return {}
        return {
            name: tuple(check_expression(item) for item in entry.items())
            for name, entry in entries["functions"].mapping(self._functions).items()
        }

    def _read_dims(self, node: Node, entries: Mapping[str, Node]) -> Dims:
        dims = entries["dims"].mapping() if "dims" in entries else {}
        choices: dict[str, tuple[Any, ...]] = {}
        constraints = []
        for name, entry in dims.items():
            if name == "..." or name.isidentifier():
                if name not in self._dims:
                    raise entries["dims"].error(
                        f"unknown dimension '{name}' in {node.name}"
                        f"{suggest(name, sorted(self._dims))}",
                        name,
                    )
                choices[name] = parse_leading(entry) if name == "..." else parse_range(entry)
            elif entry.value is None:
                known = sorted(self._dims - {"..."})
                constraints.append(check_expression(_as_text(entry, name), known))
            else:
                raise entries["dims"].error(
                    f"'{name}' is neither a dimension nor a rule such as 'm != n'", name
                )
        for name in sorted(self._dims - set(choices)):
            lengths = '"...": [[], [5]]' if name == "..." else f"{name}: 1..9"
            raise node.error(
                f"{node.name} does not say how to draw the dimension '{name}'; "
                f"add 'dims: {{{lengths}}}'"
            )
        return Dims(choices, tuple(constraints))

    def _example(self, entries: Mapping[str, Node], common: dict[str, Any]) -> ExampleTest:
        dtype: Dtype = "float64"
        if "dtype" in entries:
            entries["dtype"].choice(DTYPES)
            dtype = entries["dtype"].value
        given = entries["given"].mapping(self._everything) if "given" in entries else {}
        lengths: Lengths = {}
        for name, array in self._everything.items():
            if name in given:
                numbers = _numbers(given[name])
                _check_dtype(given[name], numbers, array.dtype or dtype)
                self._check_shape(given[name], array, numbers.shape, lengths)
                continue
            where = entries.get("given") or entries["name"]
            if name in self._arrays:
                raise where.error(f"the example does not give '{name}'; add it to 'given'")
            for dim in array.shape:
                if isinstance(dim, str) and dim not in lengths:
                    raise where.error(
                        f"the example does not give '{name}', and nothing before it fixes its "
                        f"dimension '{dim}'; add '{name}' to 'given'"
                    )
        expect = entries["expect"].mapping()
        for name, entry in expect.items():
            shape = () if isinstance(entry.value, bool) else _numbers(entry).shape
            gradient = self._gradients.get(name)
            if gradient is None or gradient.upstream is None:
                continue
            wanted = _known_shape(self._everything[gradient.wrt], lengths)
            if shape != wanted:
                raise entry.error(
                    f"'{name}' has shape {shape}, but it is a gradient by '{gradient.wrt}', "
                    f"whose shape is {wanted}; change the one or the other"
                )
        return ExampleTest(
            given={name: entry.value for name, entry in given.items()},
            expect={name: entry.value for name, entry in expect.items()},
            dtype=dtype,
            functions=self._read_functions(entries),
            **common,
        )

    def _check_shape(
        self,
        node: Node,
        array: Array,
        shape: tuple[int, ...],
        lengths: Lengths,
    ) -> None:
        """The given array has the axes that its dimensions say, all of one length each."""
        names = array.shape
        found: list[int | tuple[int, ...]] = [*shape]
        if names[:1] == ("...",) and len(shape) >= len(names) - 1:
            leading = len(shape) - (len(names) - 1)
            found = [shape[:leading], *shape[leading:]]
        if len(names) != len(found):
            raise node.error(
                f"'{array.name}' has shape {shape}, which does not fit "
                f"[{', '.join(map(str, names))}]; write a list in a list for every axis"
            )
        if 0 in shape:
            raise node.error(f"'{array.name}' has no numbers; give at least one along every axis")
        for dim, length in zip(names, found, strict=True):
            if isinstance(dim, int):
                if dim != length:
                    raise node.error(
                        f"'{array.name}' has length {length} where 'arrays' says {dim}; change "
                        "the one or the other"
                    )
                continue
            known, source = lengths.setdefault(dim, (length, array.name))
            if known != length:
                raise node.error(
                    f"the dimension {dim} is {length} in '{array.name}' and {known} in "
                    f"'{source}'; give them the same length"
                )

    def _source(
        self, node: Node, entries: Mapping[str, Node], visibility: Visibility
    ) -> SourceTest:
        rules = entries["source"].mapping(("imports", "require", "forbid"))
        refuse = entries["refuse"].truth() if "refuse" in entries else False
        if refuse and "points" in entries:
            raise entries["points"].error("a test with 'refuse: true' has no points of its own")
        parts: tuple[Part, ...] = ()
        if not refuse:
            parts = self._parts(node, entries, self._signature.outputs)
        if not rules:
            raise entries["source"].error("'source' has no rules: imports, require or forbid")
        return SourceTest(
            name=entries["name"].text(),
            visibility=visibility,
            parts=parts,
            imports=rules["imports"].words() if "imports" in rules else None,
            require=rules["require"].words() if "require" in rules else (),
            forbid=rules["forbid"].words() if "forbid" in rules else (),
            refuse=refuse,
            title=self._title(entries),
        )


def read_name(node: Node, kind: str) -> str:
    """The name of a test or a mistake: it must fit into one line of a table."""
    name = node.text().strip()
    if not 1 <= len(name) <= 80 or not name.isprintable():
        raise node.error(f"a {kind}'s name has 1 to 80 characters, in one line")
    return name


def _known_shape(array: Array, lengths: Lengths) -> tuple[int, ...]:
    """The shape that the given arrays fix."""
    shape: list[int] = []
    for dim in array.shape:
        length = dim if isinstance(dim, int) else lengths[dim][0]
        shape.extend(length if isinstance(length, tuple) else (length,))
    return tuple(shape)


def _check_dtype(node: Node, numbers: np.ndarray[Any, Any], dtype: Dtype) -> None:
    """Numbers that the dtype would silently change are not those of the example."""
    if dtype == "int64":
        if np.any(numbers != np.rint(numbers)) or np.any(np.abs(numbers) >= 2.0**63):
            raise node.error(f"{node.name} is int64 here; write whole numbers below 2**63")
    elif np.any(np.abs(numbers) > np.finfo(dtype).max):
        raise node.error(f"{node.name} is {dtype} here, which cannot hold numbers this large")


def _suggest_kind(node: Node) -> str:
    for key in node.value:
        hint = suggest(key, _KINDS)
        if key not in _COMMON and hint.startswith("; did"):
            return hint
    return ""


def _as_text(node: Node, text: str) -> Node:
    return Node(node.document, node.keys, text, node.name)


def _numbers(node: Node) -> np.ndarray[Any, Any]:
    """The array that nested lists of numbers make."""
    _check_numbers(node)
    try:
        array = np.array(node.value, dtype=np.float64)
    except ValueError:
        raise node.error(
            f"the rows of {node.name} differ in length; give them all the same"
        ) from None
    except OverflowError:
        raise node.error(f"{node.name} has a number too large for float64") from None
    if not np.all(np.isfinite(array)):
        raise node.error(f"{node.name} must be finite; write numbers below 1.8e308")
    return array


def _check_numbers(node: Node) -> None:
    if isinstance(node.value, list):
        for item in node.items():
            _check_numbers(item)
    elif isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
        raise node.error(f"{node.name} must be numbers in lists, not {node.kind()}")
