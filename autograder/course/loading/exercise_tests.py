"""Tests in the YAML: their kinds, points, drawings, and what must fit together."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, get_args

from autograder.course import lengths
from autograder.course.exercise import (
    Array,
    Dims,
    Drawing,
    Dtype,
    EfficiencyTest,
    Example,
    ExampleTest,
    Gradient,
    GradientTest,
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
    Yardstick,
)
from autograder.course.loading.examples import DTYPES, ExampleReader, read_choices, read_layouts
from autograder.course.loading.node import Node, suggest
from autograder.course.loading.syntax import (
    check_draw,
    check_expression,
    parse_leading,
    parse_range,
    parse_step,
    read_functions,
)
from autograder.text.language import Language

MAX_POINTS = 1_000_000

PROPERTIES = get_args(PropertyName)
WITNESSES = tuple(name for name in get_args(WitnessName) if name != "example")
YARDSTICKS = get_args(Yardstick)

# The key that makes a test one of a kind, and the keys that the kind has besides.
_COMMON = ("name", "title", "points", "credit")
_DRAWN = ("cases", "dims", "draw", "dtypes", "layouts", "functions", "tolerance")
_WRITTEN = ("given", "expect", "dtype", "layouts", "functions", "tolerance", "differentiable")
_KINDS: dict[str, tuple[str, ...]] = {
    "expect": (*_WRITTEN, "steps"),
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
        self._examples = ExampleReader(arrays, auxiliary, gradients, self._read_functions)
        shapes = [array.shape for array in self._everything.values()]
        self._dims = set(lengths.dimensions(shapes))
        # A length that follows from dimensions alone is a rule about them.
        self._rules = tuple(
            f"1 <= {length} <= {lengths.MAX_LENGTH}"
            for length in dict.fromkeys(filter(lengths.is_formula, itertools.chain(*shapes)))
            if self._dims.issuperset(lengths.names(str(length)))
        )

    def read(self, node: Node, visibility: Visibility) -> Test:
        kind = self._kind(node)
        entries = node.mapping(required=("name",))
        name = read_name(entries["name"], "test")
        node.name = f"test '{name}'"
        if kind == "property" and self._is_class:
            raise entries["property"].error("a class is tested with 'steps', not 'property'")
        written = "given" in entries or "expect" in entries
        if written:
            self._check_written(node, entries, kind)
        keys = _WRITTEN if kind == "property" and written else _KINDS[kind]
        entries = node.mapping((*_COMMON, kind, *keys))
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
            "tolerance": self._tolerance(entries, self._outputs(steps)),
        }
        if kind == "expect":
            return ExampleTest(inputs=self._examples.read(entries), **common)
        if kind == "property" and written:
            return self._property(entries, common, self._examples.read(entries))
        drawing = self._drawing(node, entries)
        if kind == "property":
            return self._property(entries, common, drawing)
        if kind == "efficiency":
            return self._efficiency(entries, common, drawing)
        against = read_choices(entries["against"], WITNESSES)
        if "finite_differences" in against:
            self._check_differentiable(entries["against"], common["parts"])
        elif visibility == "public":
            raise entries["against"].error(
                "students do not have the reference to hold a public test against; add "
                "'finite_differences', or make the test a hidden one"
            )
        return GradientTest(against=against, inputs=drawing, **common)

    def _property(
        self, entries: Mapping[str, Node], common: Mapping[str, Any], inputs: Drawing | Example
    ) -> PropertyTest:
        node = entries["property"]
        node.choice(PROPERTIES)
        if node.value == "fresh_results" and not self._has_other_numbers():
            raise node.error(
                "'fresh_results' calls a second time with other numbers, and inputs that are "
                "scalars or int64 keep theirs; test 'repeatable'"
            )
        if node.value == "linear_in_upstream":
            for output in _all_outputs(common["parts"]):
                gradient = self._gradients.get(output)
                if gradient is None or gradient.upstream is None:
                    raise node.error(
                        f"'{output}' is linear in no upstream gradient; name one in 'gradients', "
                        f"such as '{output}: {{of: y, wrt: x, upstream: dy}}', or test another "
                        "property"
                    )
        expected = inputs.expect if isinstance(inputs, Example) else ()
        self._check_known(node, common, expected)
        return PropertyTest(property=node.value, inputs=inputs, **common)

    def _has_other_numbers(self) -> bool:
        return any(array.shape and array.dtype != "int64" for array in self._arrays.values())

    def _efficiency(
        self, entries: Mapping[str, Node], common: Mapping[str, Any], drawing: Drawing
    ) -> EfficiencyTest:
        node = entries["efficiency"]
        limits = node.mapping(("at_most", "relative_to"), required=("at_most",))
        relative_to: Any = "reference"
        if "relative_to" in limits:
            relative_to = limits["relative_to"].choice(YARDSTICKS)
        if relative_to == "reference" and common["visibility"] == "public":
            raise node.error(
                "students do not have the reference to time a public test by; add "
                "'relative_to: forward'"
            )
        if relative_to == "forward" and not self._forward_names:
            raise limits["relative_to"].error(
                "the exercise has no 'forward' to time the test by; add it, or make the test a "
                "hidden one that is relative to the reference"
            )
        self._check_known(node, common, ())
        return EfficiencyTest(
            at_most=limits["at_most"].number(1.5, 1e6),
            relative_to=relative_to,
            inputs=drawing,
            **common,
        )

    def _check_written(self, node: Node, entries: Mapping[str, Node], kind: str) -> None:
        """Inputs are written out or drawn, and what is expected comes out of the former."""
        if kind not in ("expect", "property"):
            instead = "write 'expect' instead"
            if kind in ("against", "efficiency"):
                instead = f"draw the inputs with 'dims', or {instead} of '{kind}'"
            raise entries["given"].error(
                f"{node.name} has '{kind}', for which no inputs are written out; {instead}"
            )
        for key in ("cases", "dims", "draw"):
            if "given" in entries and key in entries:
                raise entries[key].error(
                    f"{node.name} has both 'given' and '{key}', but its inputs are either written "
                    "out or drawn; remove one of the two"
                )
        if "property" in entries and "given" not in entries:
            raise entries["expect"].error(
                "'expect' says what comes out of written inputs, and there are none; add 'given'"
            )

    def _check_known(
        self, node: Node, common: Mapping[str, Any], expected: Collection[str]
    ) -> None:
        """What a public test holds against the truth is known without the reference."""
        for output in _all_outputs(common["parts"]):
            known = (*self._gradients, *self._forward_names, *expected)
            if common["visibility"] == "public" and output not in known:
                raise node.error(
                    f"nothing public says what '{output}' must be, neither 'gradients' nor "
                    "'forward'; add 'given' and 'expect', or make the test a hidden one"
                )

    def _kind(self, node: Node) -> str:
        kinds = [key for key in node.mapping() if key in _KINDS]
        if "property" in kinds:  # of what is expected, too
            kinds = [kind for kind in kinds if kind != "expect"]
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
        for item in entries["steps"].several():
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
        produced = outputs
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
                if name in produced and name not in outputs:
                    raise points.error(
                        f"points for '{name}', of which 'expect' says nothing; add it there, or "
                        "remove its points",
                        name,
                    )
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

    def _tolerance(self, entries: Mapping[str, Node], outputs: tuple[str, ...]) -> dict[str, float]:
        if "tolerance" not in entries:
            return {}
        allowed = entries["tolerance"].mapping(outputs)
        return {name: entry.number(0, 0.1) for name, entry in allowed.items()}

    def _check_differentiable(self, node: Node, parts: tuple[Part, ...]) -> None:
        for output in _all_outputs(parts):
            if output not in self._gradients and output not in self._forward_names:
                raise node.error(
                    f"finite differences cannot speak about '{output}': neither does 'forward' "
                    f"compute it nor does 'gradients' say what it is a gradient of; add "
                    f"'{output}: {{of: y, wrt: x}}' to 'gradients', with the names of 'forward', "
                    "or remove finite_differences"
                )

    def _drawing(self, node: Node, entries: Mapping[str, Node]) -> Drawing:
        draw = entries["draw"].mapping(self._everything) if "draw" in entries else {}
        cases = entries["cases"].integer(1, 1000) if "cases" in entries else 1
        dims = self._read_dims(node, entries)
        dtypes: tuple[Dtype, ...] = ("float64",)
        layouts: tuple[Layout, ...] = ("C",)
        if "dtypes" in entries:
            dtypes = read_choices(entries["dtypes"], DTYPES)
            _check_all_used(entries["dtypes"], dtypes, cases)
        if "layouts" in entries:
            layouts = read_layouts(entries["layouts"], self._most_axes(dims), "arrays")
            _check_all_used(entries["layouts"], layouts, cases)
        return Drawing(
            cases=cases,
            dims=dims,
            draw={name: check_draw(entry, name, self._everything) for name, entry in draw.items()},
            dtypes=dtypes,
            layouts=layouts,
            functions=self._read_functions(entries),
        )

    def _most_axes(self, dims: Dims) -> int:
        """The number of axes of the array that has most, of those that the student's code gets."""
        leading = max((len(lengths) for lengths in dims.choices.get("...", ())), default=0)
        return max(
            (
                len(array.shape) + (leading - 1 if "..." in array.shape else 0)
                for array in self._arrays.values()
            ),
            default=0,
        )

    def _read_functions(self, entries: Mapping[str, Node]) -> dict[str, tuple[str, ...]]:
        if "functions" not in entries:
            return {}
        if not self._functions:
            raise entries["functions"].error(
                f"no parameter of {self._signature.function} is a function; remove 'functions', or "
                "give the exercise a 'functions' of its own"
            )
        return {
            name: read_functions(entry)
            for name, entry in entries["functions"].mapping(self._functions).items()
        }

    def read_optional_dims(self, node: Node, entries: Mapping[str, Node]) -> Dims:
        """The lengths that ``dims`` names, which need not be all."""
        return self._read_dims(node, entries, optional=True)

    def _read_dims(
        self, node: Node, entries: Mapping[str, Node], *, optional: bool = False
    ) -> Dims:
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
        if optional:
            return Dims(choices, (*constraints, *self._rules))
        for name in sorted(self._dims - set(choices)):
            lengths = '"...": [[], [5]]' if name == "..." else f"{name}: 1..9"
            written = ", or write all inputs out in 'given'" if "property" in entries else ""
            raise node.error(
                f"{node.name} does not say how to draw the dimension '{name}'; "
                f"add 'dims: {{{lengths}}}'{written}"
            )
        return Dims(choices, (*constraints, *self._rules))

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


def _all_outputs(parts: Iterable[Part]) -> list[str]:
    return [output for part in parts for output in part.outputs]


def _check_all_used(node: Node, choices: Sequence[str], cases: int) -> None:
    """Cases take the choices in turn: with fewer cases, the last would silently not be used."""
    if len(choices) > cases:
        raise node.error(
            f"{node.name} has {len(choices)} entries, which the cases take in turn, and there "
            f"{'is 1 case' if cases == 1 else f'are {cases} cases'}; write "
            f"'cases: {len(choices)}', or remove some"
        )


def read_name(node: Node, kind: str) -> str:
    """The name of a test or a mistake: it must fit into one line of a table."""
    name = node.text().strip()
    if not 1 <= len(name) <= 80 or not name.isprintable():
        raise node.error(f"a {kind}'s name has 1 to 80 characters, in one line")
    return name


def _suggest_kind(node: Node) -> str:
    for key in node.value:
        hint = suggest(key, _KINDS)
        if key not in (*_COMMON, *_KINDS) and hint.startswith("; did"):
            return hint
    return ""


def _as_text(node: Node, text: str) -> Node:
    return Node(node.document, node.keys, text, node.name)
