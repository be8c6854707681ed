"""The standard battery: the hidden tests that every exercise needs, made from what it declares.

From the signature and the arrays follow shapes (no two lengths equal, all equal, each of length 1,
larger ones), memory layouts, dtypes, scales, special values and calls in a row. Special about an
exercise is what its own tests are for. Pure: an exercise's parts in, tests out.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from autograder.course import lengths
from autograder.course.exercise import (
    Array,
    Dims,
    Drawing,
    GradientTest,
    Layout,
    Part,
    PropertyTest,
    RunTest,
    Step,
    Variant,
)
from autograder.text.catalogue import text
from autograder.text.language import Language

PREFIX: Final = "battery-"
GROUPS: Final = (
    "shapes",
    "memory",
    "dtypes",
    "scales",
    "special-values",
    "calls",
    "unchanged-arguments",
    "own-results",
    "two-objects",
    "second-forward",
    "second-backward",
)
"""Each is one test, ``battery-<group>``."""

# Lengths that are drawn where the author says nothing, and the most that a larger case has.
_USUAL: Final = tuple(range(2, 6))
_LARGE: Final = {0: 1001, 1: 1001, 2: 37, 3: 19, 4: 11}
_LARGE_OF_MANY: Final = 6
# A single length that is larger than any block or table that somebody has in mind, of which one
# is left over by blocks of 2, 4, ... 64; and one of several axes, over all of which a right answer
# may loop.
_LONG: Final = 193
_LONG_SIDE: Final = 65
# More calls between than somebody has buffers that take turns.
_BETWEEN: Final = 9
# Of more names it is not asked that no two lengths be equal.
_MANY_NAMES: Final = 4
# From below every threshold that stands for zero to above every one that stands for much, and by
# the way where functions that saturate are neither steep nor flat.
_SCALES: Final = ("1e-13", "1e-8", "4", "1e8")
_LEADING: Final = ((), (3,), (2, 3))
_AT_KINKS: Final = ("dtypes", "special-values")
# Even numbers in matrices and odd ones in vectors: what a layer adds up to is odd, and never 0,
# where rounding would decide on which side of a kink a later step lies.
_EVEN, _ODD = "2 * integers(-4, 4)", "2 * integers(-5, 4) + 1"
_SMALL_EVEN, _SMALL_ODD = "2 * integers(-1, 1)", "2 * integers(-2, 1) + 1"
# Beyond the products that one or two bytes hold.
_LARGE_INTEGERS: Final = "integers(-300, 300)"
_ONE_NONZERO: Final = "np.where(np.arange(ones.size).reshape(ones.shape) == ones.size // 2, 3, 0)"
_WITH_ZEROS: Final = "np.where(uniform < 0.4, -0.0, normal)"


class Battery(Struct, frozen=True):
    """What an exercise says of its battery: how points are given for each output set, which
    groups it leaves out, the lengths to draw from, slack for methods with an error of their own,
    and how arrays are drawn that are not drawn as the exercise says."""

    points: tuple[Part, ...]
    leave_out: tuple[str, ...] = ()
    dims: Dims = Dims()
    tolerance: dict[str, float] = {}
    draw: dict[str, str] = {}


class Subject(Struct, frozen=True):
    """The parts of an exercise that its battery follows from."""

    parameters: tuple[str, ...]
    arrays: Mapping[str, Array]
    auxiliary: Mapping[str, Array]
    steps: tuple[Step, ...]
    is_class: bool
    languages: tuple[Language, ...]

    @property
    def everything(self) -> Mapping[str, Array]:
        return {**self.arrays, **self.auxiliary}

    @property
    def free(self) -> list[str]:
        """The arrays whose numbers nothing restricts: drawn ``normal``, of any dtype."""
        return [
            name
            for name, array in self.everything.items()
            if array.draw == "normal" and array.dtype is None and array.shape
        ]

    @property
    def independent(self) -> list[str]:
        """The arrays and numbers that can be renewed while all others stay: neither the lengths nor
        the numbers of others follow from them."""
        return [
            name
            for name in self.everything
            if not any(
                _mentions(part, name)
                for other, array in self.everything.items()
                if other != name
                for part in (array.draw, *map(str, array.shape))
            )
        ]

    @property
    def untyped(self) -> list[str]:
        """The student's arrays whose dtype nothing fixes."""
        return [name for name, array in self.arrays.items() if array.dtype is None and array.shape]


def battery_tests(battery: Battery, subject: Subject) -> tuple[RunTest, ...]:
    """The tests of the battery, each a hidden one, with the points shared out among them."""
    dims = _dims(battery.dims, subject)
    variants = {
        "shapes": tuple(_shapes(dims, subject)),
        "memory": tuple(_memory(subject)),
        "dtypes": tuple(_dtypes(dims, subject)),
        "scales": tuple(_scales(subject)),
        "special-values": tuple(_special_values(subject)),
        "calls": tuple(_calls(subject)),
        "unchanged-arguments": () if subject.is_class else tuple(_unchanged(dims, subject)),
        "own-results": tuple(_own_results(dims)) if _has_other_numbers(subject) else (),
    } | {
        name: (Variant(),) * 2 if name in _sequences(subject) else ()
        for name in ("two-objects", "second-forward", "second-backward")
    }
    groups = [name for name in GROUPS if variants[name] and name not in battery.leave_out]
    shares = [_shares(part.points, len(groups)) for part in battery.points]
    return tuple(
        _test(
            group,
            tuple(
                Part(part.outputs, share[number])
                for part, share in zip(battery.points, shares, strict=True)
            ),
            Drawing(
                cases=len(variants[group]),
                dims=dims,
                draw=battery.draw,
                variants=variants[group],
            ),
            battery,
            subject,
        )
        for number, group in enumerate(groups)
    )


def _test(
    group: str, parts: tuple[Part, ...], inputs: Drawing, battery: Battery, subject: Subject
) -> RunTest:
    name = PREFIX + group
    key = "battery_" + group.replace("-", "_")
    title = {language: text(key, language) for language in subject.languages}
    if group in ("unchanged-arguments", "own-results"):
        return PropertyTest(
            name=name,
            visibility="hidden",
            parts=parts,
            steps=subject.steps,
            property="inputs_unchanged" if group == "unchanged-arguments" else "fresh_results",
            inputs=inputs,
            tolerance=battery.tolerance,
            reference_at_kinks=True,
            title=title,
        )
    steps, others = _sequences(subject).get(group, (subject.steps, ()))
    return GradientTest(
        name=name,
        visibility="hidden",
        parts=parts,
        steps=steps,
        # At zeros, ties and kinks, where whole numbers often are, the convention decides, which
        # the solution knows.
        against=("reference",) if group in _AT_KINKS else ("finite_differences",),
        inputs=replace(inputs, others=others),
        tolerance=battery.tolerance,
        reference_at_kinks=True,
        title=title,
    )


def _mentions(expression: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", expression) is not None


def _sequences(subject: Subject) -> dict[str, tuple[tuple[Step, ...], tuple[str, ...]]]:
    """For a class, by group: the steps, and the arrays of which they need others.

    A second object with numbers of its own lives beside the first; a method is called with other
    numbers before it is called with those that count.
    """
    if not subject.is_class:
        return {}
    constructor, *rest = subject.steps
    owner = constructor.results[0]
    calls = [step for step in rest if step.arguments and step.target.startswith(f"{owner}.")]
    beside: list[Step] = [constructor, _of_another(constructor, "other_object", owner)]
    for step in rest:
        beside.append(step)
        if step in calls:
            beside.append(_of_another(step, "", owner))
    found = {"two-objects": (tuple(beside), _arguments((constructor, *calls)))}
    for group, call in zip(("second-forward", "second-backward"), calls, strict=False):
        at = subject.steps.index(call)
        repeated = Step((), call.target, _others(call.arguments or ()))
        steps = (*subject.steps[:at], repeated, *subject.steps[at:])
        found[group] = (steps, _arguments((call,)))
    return found


def _of_another(step: Step, result: str, owner: str) -> Step:
    """The step with another object and other numbers."""
    target = step.target.replace(f"{owner}.", "other_object.", 1)
    return Step((result,) if result else (), target, _others(step.arguments or ()))


def _others(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"other_{name}" for name in names)


def _arguments(steps: Sequence[Step]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for step in steps for name in step.arguments or ()))


def _shares(points: float, count: int) -> list[float]:
    """``points`` shared out in quarters, or where these do not go round, in smaller units; the
    first ones get what is left over."""
    if not count:
        return []
    for units in (4, 20, 100, 1000):
        whole = round(points * units)
        if abs(whole - points * units) < 1e-9 and (whole >= count or units == 1000):
            each, left = divmod(whole, count)
            return [(each + (number < left)) / units for number in range(count)]
    return [points / count] * count


def _dims(given: Dims, subject: Subject) -> Dims:
    shapes = [array.shape for array in subject.everything.values()]
    names = lengths.dimensions(shapes)
    # An array of leading axes alone has one: without any it would be a number.
    leading = _LEADING[1:] if ("...",) in shapes else _LEADING
    choices = {
        name: given.choices.get(name, leading if name == "..." else _USUAL) for name in names
    }
    return Dims(choices, given.constraints)


def _named(dims: Dims) -> list[str]:
    return [name for name in dims.choices if name != "..."]


def _shapes(dims: Dims, subject: Subject) -> Iterator[Variant]:
    names = _named(dims)
    different = tuple(f"{one} != {other}" for one, other in itertools.combinations(names, 2))
    for variant in _by_leading_axes(dims):
        yield replace(variant, rules=different if len(names) <= _MANY_NAMES else ())
    if len(names) > 1:
        common = sorted(set.intersection(*(set(dims.choices[name]) for name in names)))
        for length in common[-1:]:
            yield Variant(dims={name: (length,) for name in names})
        for name in names:
            yield Variant(dims={name: (1,)})
    yield Variant(dims={name: (1,) for name in names} | _one_leading_axis(dims, 1))
    large = _LARGE.get(len(names), _LARGE_OF_MANY)
    lengths_of = {name: (large + 4 * number,) for number, name in enumerate(names)}
    yield Variant(dims=lengths_of | _one_leading_axis(dims, large))
    for name in names if len(names) > 1 else ():
        long = _LONG_SIDE if len(names) > _MANY_NAMES or _is_side(name, subject) else _LONG
        yield Variant(dims={name: (long,)} | _one_leading_axis(dims, 16))


def _is_side(name: str, subject: Subject) -> bool:
    return any(
        sum(_mentions(str(length), name) for length in array.shape) > 1
        for array in subject.everything.values()
    )


def _one_leading_axis(dims: Dims, length: int) -> dict[str, tuple[tuple[int, ...], ...]]:
    return {"...": ((length,),)} if "..." in dims.choices else {}


def _by_leading_axes(dims: Dims) -> Iterator[Variant]:
    for leading in dims.choices.get("...", (None,)):
        yield Variant(dims={} if leading is None else {"...": (leading,)})


def _own_results(dims: Dims) -> Iterator[Variant]:
    """With lengths of 1 a sum may be a view of what it sums."""
    for variant in _by_leading_axes(dims):
        yield replace(variant, between=_BETWEEN)
    yield from _single(dims)


def _unchanged(dims: Dims, subject: Subject) -> Iterator[Variant]:
    yield from _memory(subject)
    yield from _single(dims)


def _single(dims: Dims) -> Iterator[Variant]:
    """One length after the other is 1."""
    for name in _named(dims):
        yield Variant(dims={name: (1,)})


def _memory(subject: Subject) -> Iterator[Variant]:
    """All arrays alike, and one after the other alone."""
    layouts: tuple[Layout, ...] = ("F", "strided", "reversed")
    for layout in layouts:
        yield Variant(layout=layout)
    names = [
        name
        for name, array in subject.arrays.items()
        if len(array.shape) > 1 or "..." in array.shape
    ]
    for name in names if len(subject.arrays) > 1 else ():
        yield Variant(layout="F", laid_out=(name,))


def _dtypes(dims: Dims, subject: Subject) -> Iterator[Variant]:
    """Integers up to 9, and small ones, for which functions that saturate do not."""
    untyped = subject.untyped
    # Where there are leading axes alone, many numbers: of few, all may happen to be special.
    many = {} if _named(dims) else _one_leading_axis(dims, 16)
    yield _of_integers(untyped, subject, many, _EVEN, _ODD)
    yield Variant(dtypes=dict.fromkeys(untyped, "float32"), dims=many)
    yield _of_integers(untyped, subject, many)
    if len(untyped) > 1:
        for name in untyped:
            yield _of_integers([name], subject, many)
            yield Variant(dtypes={name: "float32"}, dims=many)
    if len(untyped) > 2:
        for name in untyped:
            others = [other for other in untyped if other != name]
            yield _of_integers(others, subject, many)


def _of_integers(
    names: Sequence[str],
    subject: Subject,
    dims: Mapping[str, tuple[Any, ...]],
    even: str = _SMALL_EVEN,
    odd: str = _SMALL_ODD,
) -> Variant:
    draw = {
        name: odd if len(subject.everything[name].shape) == 1 else even
        for name in names
        if name in subject.free
    }
    return Variant(dtypes=dict.fromkeys(names, "int64"), draw=draw, dims=dict(dims))


def _scales(subject: Subject) -> Iterator[Variant]:
    free = subject.free
    if not free:
        return
    for scale in _SCALES:
        yield Variant(draw={name: f"{scale} * normal" for name in free})
    yield Variant(draw={name: "10.0 ** integers(-8, 8) * normal" for name in free})
    yield Variant(dtypes=dict.fromkeys(free, "int64"), draw=dict.fromkeys(free, _LARGE_INTEGERS))
    if len(free) > 1:
        for name in free:
            yield Variant(draw={name: "1e-7 * normal"})
            yield Variant(draw={name: "1e7 * normal"})
            yield Variant(draw={name: "4 * normal"})


def _special_values(subject: Subject) -> Iterator[Variant]:
    free = subject.free
    if not free:
        return
    yield Variant(draw=dict.fromkeys(free, _WITH_ZEROS))
    yield Variant(draw=dict.fromkeys(free, _ONE_NONZERO))
    yield Variant(draw=dict.fromkeys(free, "integers(-1, 1)"))
    yield Variant(draw=dict.fromkeys(free, "zeros"))
    yield Variant(draw=dict.fromkeys(free, "ones"))
    yield Variant(draw=dict.fromkeys(free, "-2.5 * ones"))
    for name in free:
        yield Variant(draw={name: "zeros"})
        yield Variant(draw={name: "-1.5 * ones"})
    for one, other in itertools.combinations(subject.arrays, 2):
        alike = subject.arrays[one].shape == subject.arrays[other].shape
        if alike and other in free and other in subject.untyped and one in subject.untyped:
            yield Variant(same=(one, other))


def _calls(subject: Subject) -> Iterator[Variant]:
    """The same call three times, then one argument after the other renewed while the others
    stay, or with its rows in another order; then all; then arrays of the caller's that hold other
    numbers than in the call before."""
    everything = tuple(subject.everything)
    yield Variant()
    yield Variant(keep=everything)
    yield Variant(keep=everything)
    for name in subject.independent:
        others = tuple(other for other in everything if other != name)
        yield Variant(keep=others, rolled=(name,) if _is_elementwise(subject, name) else ())
    yield Variant(same_dims=True, holds=True)
    if not subject.is_class:
        yield Variant(same_dims=True, in_place=True)


# What the numbers of an array are drawn by one by one, whatever its other numbers are.
_BY_ELEMENT: Final = frozenset(
    ("abs", "away_from_zero", "integers", "normal", "np", "signs", "uniform", "where")
)


def _is_elementwise(subject: Subject, name: str) -> bool:
    """True where an array has rows that may stand in any order."""
    array = subject.everything[name]
    shapes = [other.shape for other in subject.everything.values()]
    known = _BY_ELEMENT | set(lengths.dimensions(shapes))
    return bool(array.shape) and set(re.findall(r"[A-Za-z_]\w*", array.draw)) <= known


def _has_other_numbers(subject: Subject) -> bool:
    """True where a second call of a function can have other numbers."""
    return not subject.is_class and any(
        array.shape and array.dtype != "int64" for array in subject.arrays.values()
    )


def steps_of(tests: Sequence[RunTest], outputs: Collection[str]) -> tuple[Step, ...]:
    """The steps of the first test that produces all outputs; none where no test does."""
    for test in tests:
        produced = {name for step in test.steps for name in step.results}
        if set(outputs) <= produced:
            return test.steps
    return ()
