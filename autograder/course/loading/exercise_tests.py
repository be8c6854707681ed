"""Tests in the YAML: their points, steps and drawings, and what must fit together."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from autograder.course import lengths
from autograder.course.declaration import (
    BatteryEntry,
    DrawnPropertyEntry,
    DrawnTest,
    EfficiencyEntry,
    ExampleEntry,
    ExerciseFile,
    GradientTestEntry,
    RunEntry,
    SourceEntry,
    TestEntry,
    WrittenPropertyEntry,
    WrittenTest,
)
from autograder.course.exercise import (
    Array,
    Dims,
    Drawing,
    EfficiencyTest,
    Example,
    ExampleTest,
    Gradient,
    GradientTest,
    Layout,
    Part,
    PropertyTest,
    RunTest,
    Signature,
    SourceTest,
    Step,
    Test,
    Visibility,
)
from autograder.course.loading.examples import read_example
from autograder.course.loading.node import Node, suggest
from autograder.course.loading.syntax import (
    check_draw,
    check_expression,
    check_function_expressions,
    parse_step,
)

# The number of axes from which on an array can lie in memory in another way.
_AXES: dict[Layout, int] = {"C": 0, "F": 2, "strided": 1, "reversed": 1}


class Setting(Struct, frozen=True):
    """The parts of an exercise that its tests refer to."""

    signature: Signature
    is_class: bool
    arrays: Mapping[str, Array]
    auxiliary: Mapping[str, Array]
    functions: Mapping[str, tuple[str, ...]]
    gradients: Mapping[str, Gradient]
    forward_names: frozenset[str]

    @property
    def everything(self) -> dict[str, Array]:
        return {**self.arrays, **self.auxiliary}

    @property
    def dims(self) -> tuple[str, ...]:
        return lengths.dimensions(array.shape for array in self.everything.values())

    @property
    def rules(self) -> tuple[str, ...]:
        """A length that follows from dimensions alone is a rule about them."""
        dims = itertools.chain(*(array.shape for array in self.everything.values()))
        return tuple(
            f"1 <= {length} <= {lengths.MAX_LENGTH}"
            for length in dict.fromkeys(filter(lengths.is_formula, dims))
            if set(self.dims).issuperset(lengths.names(str(length)))
        )


def read_test(entry: TestEntry, setting: Setting, visibility: Visibility) -> Test:
    """The test that the ``entry`` declares. Raises :class:`~autograder.errors.CourseError`."""
    if isinstance(entry, SourceEntry):
        return _source_test(entry, setting, visibility)
    assert isinstance(entry, RunEntry)
    return _run_test(entry, setting, visibility)


def _run_test(entry: RunEntry, setting: Setting, visibility: Visibility) -> RunTest:
    if setting.is_class and isinstance(entry, (DrawnPropertyEntry, WrittenPropertyEntry)):
        raise entry.error("a class is tested with 'steps', not 'property'", "property")
    steps = read_steps(entry, setting)
    outputs = _outputs(steps)
    common: dict[str, Any] = {
        "name": entry.name,
        "visibility": visibility,
        "steps": steps,
        "parts": read_parts(entry, outputs),
        "title": entry.title or {},
        "tolerance": read_tolerance(entry, outputs),
    }
    match entry:
        case ExampleEntry():
            return ExampleTest(inputs=_example(entry, setting), **common)
        case WrittenPropertyEntry():
            inputs = _example(entry, setting)
            test = PropertyTest(property=entry.property, inputs=inputs, **common)
            check_property(entry.at("property"), test, setting, inputs.expect)
            return test
        case DrawnPropertyEntry():
            test = PropertyTest(
                property=entry.property, inputs=read_drawing(entry, setting), **common
            )
            check_property(entry.at("property"), test, setting)
            return test
        case EfficiencyEntry():
            timed = EfficiencyTest(
                at_most=entry.efficiency.at_most,
                relative_to=entry.efficiency.relative_to,
                lines=entry.efficiency.lines,
                inputs=read_drawing(entry, setting),
                **common,
            )
            check_efficiency(entry, timed, setting)
            return timed
    assert isinstance(entry, GradientTestEntry)
    gradient = GradientTest(against=entry.against, inputs=read_drawing(entry, setting), **common)
    check_witnesses(entry, gradient, setting)
    return gradient


def _example(entry: ExampleEntry | WrittenPropertyEntry, setting: Setting) -> Example:
    functions = read_functions(entry, setting)
    example = read_example(entry, setting.arrays, setting.auxiliary, setting.gradients, functions)
    if entry.has("layouts"):
        _check_layouts(entry.at("layouts"), entry.layouts, _axes_given(entry, setting), "given")
    return example


def _axes_given(entry: WrittenTest, setting: Setting) -> int:
    def axes(value: Any) -> int:
        return 1 + axes(value[0]) if isinstance(value, list) else 0

    return max((axes(v) for name, v in entry.given.items() if name in setting.arrays), default=0)


# What a test of one kind must be


def check_property(
    node: Node, test: PropertyTest, setting: Setting, expected: Collection[str] = ()
) -> None:
    """The property can be tested on the results, which are known."""
    if test.property == "fresh_results" and not any(
        array.shape and array.dtype != "int64" for array in setting.arrays.values()
    ):
        raise node.error(
            "'fresh_results' calls a second time with other numbers, and inputs that are "
            "scalars or int64 keep theirs; test 'repeatable'"
        )
    if test.property == "linear_in_upstream":
        for output in _all_outputs(test):
            gradient = setting.gradients.get(output)
            if gradient is None or gradient.upstream is None:
                raise node.error(
                    f"'{output}' is linear in no upstream gradient; name one in 'gradients', "
                    f"such as '{output}: {{of: y, wrt: x, upstream: dy}}', or test another "
                    "property"
                )
    check_known(node, test, setting, expected)


def check_efficiency(entry: EfficiencyEntry, test: EfficiencyTest, setting: Setting) -> None:
    """There is something to time the test by."""
    if test.relative_to == "reference" and test.visibility == "public":
        raise entry.error(
            "students do not have the reference to time a public test by; add "
            "'relative_to: forward'",
            "efficiency",
        )
    if test.relative_to == "forward" and not setting.forward_names:
        raise entry.error(
            "the exercise has no 'forward' to time the test by; add it, or make the test a "
            "hidden one that is relative to the reference",
            "efficiency",
            "relative_to",
        )
    check_known(entry.at("efficiency"), test, setting)


def check_witnesses(entry: GradientTestEntry, test: GradientTest, setting: Setting) -> None:
    """The witnesses that are named can speak, and students have what says what is right."""
    if not entry.has("against"):
        check_known(entry.node, test, setting)
    elif "finite_differences" in entry.against:
        for output in _all_outputs(test):
            if output not in setting.gradients and output not in setting.forward_names:
                raise entry.error(
                    f"finite differences cannot speak about '{output}': neither does 'forward' "
                    f"compute it nor does 'gradients' say what it is a gradient of; add "
                    f"'{output}: {{of: y, wrt: x}}' to 'gradients', with the names of 'forward', "
                    "or remove finite_differences",
                    "against",
                )
    elif test.visibility == "public":
        raise entry.error(
            "students do not have the reference to hold a public test against; add "
            "'finite_differences', or make the test a hidden one",
            "against",
        )


def check_known(
    node: Node, test: RunTest, setting: Setting, expected: Collection[str] = ()
) -> None:
    """What a public test holds against the truth is known without the reference."""
    known = (*setting.gradients, *setting.forward_names, *expected)
    for output in _all_outputs(test):
        if test.visibility == "public" and output not in known:
            raise node.error(
                f"nothing public says what '{output}' must be, neither 'gradients' nor "
                "'forward'; add 'given' and 'expect', or make the test a hidden one"
            )


def _all_outputs(test: RunTest) -> list[str]:
    return [output for part in test.parts for output in part.outputs]


# Steps and points


def read_steps(entry: RunEntry, setting: Setting) -> tuple[Step, ...]:
    """The steps of the test, by default one call of the function."""
    signature = setting.signature
    if not entry.has("steps"):
        if setting.is_class:
            raise entry.error(f"{entry.node.name} lacks 'steps': how is {signature.function} used?")
        return (Step(signature.outputs, signature.function, signature.parameters),)
    inputs = {*setting.arrays, *setting.functions}
    assigned: list[str] = []
    steps = []
    for item in entry.at("steps").several():
        step = parse_step(item, signature.function, inputs, assigned)
        for name in step.results:
            if name in assigned or name in inputs:
                raise item.error(f"'{name}' is assigned already; use another name")
        assigned += step.results
        steps.append(step)
    return tuple(steps)


def _outputs(steps: Sequence[Step]) -> tuple[str, ...]:
    """What points may be given for: everything assigned that is an output."""
    owners = {step.target.partition(".")[0] for step in steps if "." in step.target}
    return tuple(name for step in steps for name in step.results if name not in owners)


def read_parts(entry: RunEntry | SourceEntry, produced: tuple[str, ...]) -> tuple[Part, ...]:
    """The points by what they are given for, of the outputs that the test has."""
    outputs = produced
    expected = getattr(entry, "expect", None)
    if expected is not None:
        for name in expected:
            if name not in produced:
                raise entry.error(
                    f"'{name}' is not an output here{suggest(name, produced)}", "expect", name
                )
        outputs = tuple(name for name in produced if name in expected)
    if not isinstance(entry.points, dict):
        assert entry.points is not None
        return (Part(outputs, entry.points),)
    for name in entry.points:
        if name in produced and name not in outputs:
            raise entry.error(
                f"points for '{name}', of which 'expect' says nothing; add it there, or "
                "remove its points",
                "points",
                name,
            )
        if name not in outputs:
            raise entry.error(
                f"points for '{name}', which is not an output here{suggest(name, outputs)}",
                "points",
                name,
            )
    return tuple(Part((name,), points) for name, points in entry.points.items())


def read_tolerance(entry: Any, outputs: Iterable[str]) -> dict[str, float]:
    """The slack of a test or a battery, of outputs that it has."""
    if entry.tolerance is None:
        return {}
    entry.at("tolerance").entries(list(outputs))
    found: dict[str, float] = entry.tolerance
    return found


# Drawn inputs


def read_drawing(entry: DrawnTest, setting: Setting) -> Drawing:
    """How the cases of a test are drawn."""
    everything = setting.everything
    dims = read_dims(entry, setting)
    for key in ("dtypes", "layouts"):
        if entry.has(key):
            _check_all_used(entry.at(key), getattr(entry, key), entry.cases)
    if entry.has("layouts"):
        most = _most_axes(dims, setting.arrays.values())
        _check_layouts(entry.at("layouts"), entry.layouts, most, "arrays")
    draw = entry.at("draw").entries(everything) if entry.draw is not None else {}
    return Drawing(
        cases=entry.cases,
        dims=dims,
        draw={name: check_draw(node, name, everything) for name, node in draw.items()},
        dtypes=entry.dtypes,
        layouts=entry.layouts,
        functions=read_functions(entry, setting),
    )


def read_dims(
    entry: DrawnTest | BatteryEntry | ExerciseFile, setting: Setting, *, optional: bool = False
) -> Dims:
    """The lengths and rules under ``dims``; with ``optional``, it need not name all dimensions."""
    choices: dict[str, tuple[Any, ...]] = {}
    constraints = []
    for name, lengths_of in (entry.dims or {}).items():
        if lengths_of is None:  # a rule
            node = entry.at("dims", name)
            rule = Node(node.document, node.keys, name, node.name)
            constraints.append(check_expression(rule, sorted({*setting.dims} - {"..."})))
        elif name not in setting.dims:
            raise entry.error(
                f"unknown dimension '{name}' in {entry.node.name}"
                f"{suggest(name, sorted(setting.dims))}",
                "dims",
                name,
            )
        else:
            choices[name] = lengths_of
    for name in [] if optional else sorted({*setting.dims} - set(choices)):
        example = '"...": [[], [5]]' if name == "..." else f"{name}: 1..9"
        is_property = isinstance(entry, DrawnPropertyEntry)
        written = ", or write all inputs out in 'given'" if is_property else ""
        raise entry.error(
            f"{entry.node.name} does not say how to draw the dimension '{name}'; "
            f"add 'dims: {{{example}}}'{written}"
        )
    return Dims(choices, (*constraints, *setting.rules))


def read_functions(entry: RunEntry, setting: Setting) -> dict[str, tuple[str, ...]]:
    """The functions that the test has in place of the exercise's."""
    if entry.functions is None:
        return {}
    if not setting.functions:
        raise entry.error(
            f"no parameter of {setting.signature.function} is a function; remove 'functions', or "
            "give the exercise a 'functions' of its own",
            "functions",
        )
    return {
        name: check_function_expressions(node)
        for name, node in entry.at("functions").entries(setting.functions).items()
    }


def _most_axes(dims: Dims, arrays: Iterable[Array]) -> int:
    """The number of axes of the array that has most, of those that the student's code gets."""
    leading = max((len(axes) for axes in dims.choices.get("...", ())), default=0)
    return max(
        (len(array.shape) + (leading - 1 if "..." in array.shape else 0) for array in arrays),
        default=0,
    )


def _check_layouts(node: Node, layouts: Iterable[Layout], axes: int, where: str) -> None:
    """Arrays with at most so many ``axes``, which ``where`` says, can lie like this."""
    for layout in layouts:
        if axes < _AXES[layout]:
            raise node.error(
                f"no array in '{where}' has {_AXES[layout]} or more axes, without which "
                f"'{layout}' is nothing special; remove it, or give such an array"
            )


def _check_all_used(node: Node, choices: Sequence[str], cases: int) -> None:
    """Cases take the choices in turn: with fewer cases, the last would silently not be used."""
    if len(choices) > cases:
        raise node.error(
            f"{node.name} has {len(choices)} entries, which the cases take in turn, and there "
            f"{'is 1 case' if cases == 1 else f'are {cases} cases'}; write "
            f"'cases: {len(choices)}', or remove some"
        )


# Source


def _source_test(entry: SourceEntry, setting: Setting, visibility: Visibility) -> SourceTest:
    rules = entry.source
    if entry.refuse and entry.points is not None:
        raise entry.error("a test with 'refuse: true' has no points of its own", "points")
    if not entry.refuse and entry.points is None:
        raise entry.error(f"{entry.node.name} lacks the key 'points'; add it, such as 'points: 1'")
    if not rules.node.value:
        raise rules.error("'source' has no rules: imports, require or forbid")
    return SourceTest(
        name=entry.name,
        visibility=visibility,
        parts=() if entry.refuse else read_parts(entry, setting.signature.outputs),
        imports=rules.imports,
        require=rules.require,
        forbid=rules.forbid,
        refuse=entry.refuse,
        title=entry.title or {},
    )
