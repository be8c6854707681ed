"""Drawing the inputs of a test. Pure: the same seed gives the same cases, anywhere.

The generator of a case is seeded with everything that names it, so that adding a test
or a case leaves all others as they were. The course's seed takes part only where a test is
hidden: with the public cases of a bundle, students must not get the key to the hidden ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from itertools import product
from types import CodeType
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from autograder.course import lengths
from autograder.course.exercise import (
    WHOLE_AND_SMALL,
    Array,
    Dims,
    Drawing,
    Dtype,
    Example,
    Exercise,
    Layout,
    RunTest,
    Variant,
)
from autograder.errors import CourseError

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"

MAX_DRAWS = 2000
# So many combinations of lengths are gone through where chance finds none.
MAX_ENUMERATED = 200_000
# How often a case of a variant is drawn whose lengths do not fit its numbers.
VARIANT_DRAWS = 20
# How often numbers for calculating by hand are drawn until all of them differ.
TELLING_DRAWS = 500
INTEGER_RANGE = 9
# Lengths from here on are halved for smaller cases; where there are none, those from there on.
_LONG, _SHORT = 16, 4


class Case(Struct, frozen=True, eq=False, weakref=True):
    """One set of inputs: arrays by name (scalars have shape ``()``), and functions.

    ``auxiliary`` are the arrays of the forward pass that the student's code does not get.
    """

    inputs: dict[str, NumpyArray]
    auxiliary: dict[str, NumpyArray] = {}
    functions: dict[str, Callable[..., Any]] = {}
    dims: dict[str, Any] = {}
    function_texts: dict[str, str] = {}
    """The functions as the YAML has them."""
    holds: bool = False
    in_place: bool = False
    """Whether the caller writes the numbers into the arrays of the case before, which it holds."""
    between: int = 1
    """The calls between the first one and the look at its results, in a test of fresh results."""

    @property
    def arrays(self) -> dict[str, NumpyArray]:
        return {**self.inputs, **self.auxiliary}


class Drawn(Struct, frozen=True, eq=False):
    """The numbers of a case, before they are laid out in memory; these can be pickled.

    ``arrays`` are all of the case's by name, in C order and of its dtype (scalars have shape
    ``()``); ``dims`` are the lengths that were drawn.
    """

    arrays: dict[str, NumpyArray]
    dims: dict[str, Any]
    variant: Variant | None = None
    """What the case has for itself, where cases are not alike."""


def draw_cases(exercise: Exercise, test: RunTest, seed: int) -> tuple[Case, ...]:
    """The cases of ``test``. Raises :class:`~autograder.errors.CourseError` where
    its drawing cannot work."""
    return lay_out(exercise, test, draw(exercise, test, seed))


def draw(exercise: Exercise, test: RunTest, seed: int, salt: str = "") -> tuple[Drawn, ...]:
    """The numbers of each case of ``test``; others for each ``salt``. Raises as
    :func:`draw_cases` does."""
    inputs = test.inputs
    if isinstance(inputs, Example):
        one = _draw_given(exercise, test, inputs, _generator(exercise, test, 0, seed, salt))
        return (one,) * len(inputs.layouts)
    if exercise.own_numbers:
        return (_draw_telling(exercise, test, inputs, seed, salt),)
    generators = (_generator(exercise, test, number, seed, salt) for number in range(inputs.cases))
    if inputs.variants:
        return tuple(_draw_variants(exercise, test, inputs, generators))
    return tuple(
        _draw_one(exercise, test, inputs, number, generator)
        for number, generator in enumerate(generators)
    )


def draw_smaller(exercise: Exercise, test: RunTest, seed: int) -> tuple[Case, ...]:
    """The cases of ``test`` with its long axes half as long; none where that does not fit its
    rules, or there is nothing to halve."""
    drawing = test.inputs
    if not isinstance(drawing, Drawing) or drawing.variants:
        return ()
    longest = max(map(_longest, drawing.dims.choices.values()), default=0)
    long = _LONG if longest >= _LONG else _SHORT
    choices = {
        name: tuple(dict.fromkeys(_halved(choice, long) for choice in lengths))
        for name, lengths in drawing.dims.choices.items()
    }
    if choices == drawing.dims.choices:
        return ()
    dims = replace(drawing.dims, choices=choices)
    smaller = replace(test, inputs=replace(drawing, dims=dims))
    try:
        return lay_out(exercise, smaller, draw(exercise, smaller, seed, "smaller"))
    except CourseError:
        return ()


def _longest(choices: Sequence[Any]) -> int:
    """The greatest length among those of a dimension, or of leading axes."""
    lengths = (choice if isinstance(choice, tuple) else (choice,) for choice in choices)
    return max((length for several in lengths for length in several), default=0)


def _halved(choice: Any, long: int) -> Any:
    if isinstance(choice, tuple):
        return tuple(_halved(length, long) for length in choice)
    return (choice + 1) // 2 if choice >= long else choice


def lay_out(exercise: Exercise, test: RunTest, drawn: Sequence[Drawn]) -> tuple[Case, ...]:
    """The cases with these numbers: arrays as the test's layouts say, and functions."""
    return tuple(_case(exercise, test, number, one) for number, one in enumerate(drawn))


def trivial_answers(
    shape: tuple[int, ...], inputs: Mapping[str, NumpyArray]
) -> Iterator[NumpyArray]:
    """What one can return without any thought: zeros, ones, an input handed back."""
    yield np.zeros(shape)
    yield np.ones(shape)
    for array in inputs.values():
        if array.shape == shape:
            yield array


def is_trivial(
    value: NumpyArray, inputs: Mapping[str, NumpyArray], tolerance: NumpyArray | float = 0.0
) -> bool:
    """Whether zeros, ones, or an input handed back would be the right answer.

    Truth values are never trivial by themselves: of two answers, one is always a constant.
    """
    if value.dtype == np.bool_:
        return False
    return any(
        bool(np.all(np.abs(answer - value) <= tolerance))
        for answer in trivial_answers(value.shape, inputs)
    )


def _generator(
    exercise: Exercise, test: RunTest, number: int, seed: int, salt: str = ""
) -> np.random.Generator:
    source = "public" if test.visibility == "public" else str(seed)
    # Answers by hand are all about the same numbers.
    name = "answers" if exercise.answers else test.name
    key = f"{source}/{exercise.assignment}/{exercise.name}/{name}/{number}"
    key += f"/{salt}" if salt else ""
    return np.random.default_rng(int.from_bytes(blake2b(key.encode()).digest()[:16], "big"))


def _draw_given(
    exercise: Exercise, test: RunTest, example: Example, generator: np.random.Generator
) -> Drawn:
    arrays: dict[str, NumpyArray] = {}
    dims: dict[str, Any] = {}
    for array in (*exercise.arrays.values(), *exercise.auxiliary.values()):
        if array.name in example.given:
            value = np.array(example.given[array.name], dtype=array.dtype or example.dtype)
            dims.update(_dims_of(array, value.shape))
        else:
            dtype = array.dtype or "float64"
            value = _draw_array(
                exercise, f"tests.{test.name}", array, array.draw, dtype, dims, arrays, generator
            )
        arrays[array.name] = value
    return Drawn(arrays, dims)


def _dims_of(array: Array, shape: tuple[int, ...]) -> dict[str, Any]:
    """The lengths that a given array's shape fixes."""
    names, sizes = list(array.shape), list(shape)
    found: dict[str, Any] = {}
    if "..." in names:
        leading = len(sizes) - (len(names) - 1)
        found["..."] = tuple(sizes[:leading])
        names, sizes = names[1:], sizes[leading:]
    found.update(
        (name, size)
        for name, size in zip(names, sizes, strict=True)
        if isinstance(name, str) and not lengths.is_formula(name)
    )
    return found


def _draw_one(
    exercise: Exercise,
    test: RunTest,
    drawing: Drawing,
    number: int,
    generator: np.random.Generator,
) -> Drawn:
    dims = _draw_dims(exercise, test.name, drawing.dims, generator)
    dtype = drawing.dtypes[number % len(drawing.dtypes)]
    return _draw_arrays(exercise, test, drawing, dtype, dims, generator, Variant(), {})


def _draw_telling(
    exercise: Exercise, test: RunTest, drawing: Drawing, seed: int, salt: str
) -> Drawn:
    """Numbers for calculating by hand, of which no two in an array are the same, as far as nothing
    else is said of how it is drawn: who takes one for another should not be right by chance."""
    first = None
    for number in range(TELLING_DRAWS):
        generator = _generator(exercise, test, number, seed, salt)
        drawn = _draw_one(exercise, test, drawing, 0, generator)
        if all(
            len(np.unique(drawn.arrays[name])) == drawn.arrays[name].size
            for name, array in exercise.arrays.items()
            if array.draw == WHOLE_AND_SMALL
        ):
            return drawn
        first = first or drawn
    assert first is not None
    return first


def _draw_arrays(
    exercise: Exercise,
    test: RunTest,
    drawing: Drawing,
    dtype: Dtype,
    dims: Mapping[str, Any],
    generator: np.random.Generator,
    variant: Variant,
    kept: Mapping[str, NumpyArray],
) -> Drawn:
    arrays: dict[str, NumpyArray] = {}
    for array in (*exercise.arrays.values(), *exercise.auxiliary.values()):
        if array.name in kept:
            arrays[array.name] = kept[array.name]
            continue
        expression = variant.draw.get(array.name) or drawing.draw.get(array.name, array.draw)
        arrays[array.name] = _draw_array(
            exercise,
            f"tests.{test.name}",
            array,
            expression,
            array.dtype or variant.dtypes.get(array.name, dtype),
            dims,
            arrays,
            generator,
        )
    for name in drawing.others:
        array = exercise.arrays[name]
        expression = drawing.draw.get(name, array.draw)
        arrays[f"other_{name}"] = _draw_array(
            exercise,
            f"tests.{test.name}",
            array,
            expression,
            array.dtype or dtype,
            dims,
            arrays,
            generator,
        )
    for name in variant.same[1:]:
        arrays[name] = arrays[variant.same[0]]
    return Drawn(arrays, dict(dims), variant if drawing.variants else None)


def _draw_variants(
    exercise: Exercise, test: RunTest, drawing: Drawing, generators: Iterable[np.random.Generator]
) -> Iterator[Drawn]:
    """A case for each variant, but for those whose lengths no draw satisfies."""
    before: Drawn | None = None
    for variant, generator in zip(drawing.variants, generators, strict=True):
        drawn = _draw_variant(exercise, test, drawing, variant, before, generator)
        before = drawn or before
        if drawn is not None:
            yield drawn


def _draw_variant(
    exercise: Exercise,
    test: RunTest,
    drawing: Drawing,
    variant: Variant,
    before: Drawn | None,
    generator: np.random.Generator,
) -> Drawn | None:
    choices = drawing.dims.choices | variant.dims
    dims = Dims(choices, drawing.dims.constraints + variant.rules)
    if before is not None and (variant.same_dims or variant.keep):
        dims = Dims({name: (length,) for name, length in before.dims.items()})
    kept = {} if before is None else {name: before.arrays[name] for name in variant.keep}
    if before is not None:
        kept |= _rolled({name: before.arrays[name] for name in variant.rolled})
    for _ in range(VARIANT_DRAWS):
        try:
            drawn = _draw_dims(exercise, test.name, dims, generator)
        except CourseError:  # the exercise's rules exclude these lengths
            return None
        try:
            return _draw_arrays(exercise, test, drawing, "float64", drawn, generator, variant, kept)
        except CourseError:  # a length that follows from numbers did not fit these
            continue
    return None


def _rolled(arrays: Mapping[str, NumpyArray]) -> dict[str, NumpyArray]:
    """The arrays with their last row first; without those that stay the same by it."""
    rolled = {name: np.roll(value, 1, axis=0) for name, value in arrays.items()}
    return {
        name: value for name, value in rolled.items() if not np.array_equal(value, arrays[name])
    }


def _case(exercise: Exercise, test: RunTest, number: int, drawn: Drawn) -> Case:
    inputs = test.inputs
    variant = drawn.variant or Variant(layout=inputs.layouts[number % len(inputs.layouts)])
    arrays = {
        name: _laid_out(
            _as_index(exercise, name, value),
            variant.layout if name in (variant.laid_out or drawn.arrays) else "C",
        )
        for name, value in drawn.arrays.items()
    }
    # The cases of an example differ in nothing but their layout.
    chosen = 0 if isinstance(inputs, Example) else number
    others = () if isinstance(inputs, Example) else inputs.others
    names = (*exercise.arrays, *(f"other_{name}" for name in others))
    return Case(
        inputs={name: arrays[name] for name in names},
        auxiliary={name: arrays[name] for name in exercise.auxiliary},
        function_texts={
            name: _chosen(inputs.functions.get(name, expressions), chosen)
            for name, expressions in exercise.functions.items()
        },
        functions={
            name: _function(exercise, inputs.functions.get(name, expressions), chosen)
            for name, expressions in exercise.functions.items()
        },
        dims=drawn.dims,
        holds=variant.holds,
        in_place=variant.in_place,
        between=variant.between,
    )


def _as_index(exercise: Exercise, name: str, value: NumpyArray) -> NumpyArray:
    """Labels as integers of the size that numpy indexes with: elsewhere than in a browser, where
    that is 32 bits, they are int64 already. Not every function takes larger ones."""
    declared = exercise.arrays.get(name)
    is_label = declared is not None and declared.dtype == "int64"
    return value.astype(np.intp, copy=False) if is_label else value


def _chosen(expressions: tuple[str, ...], number: int) -> str:
    return expressions[number % len(expressions)]


def _function(exercise: Exercise, expressions: tuple[str, ...], number: int) -> Callable[..., Any]:
    source = _chosen(expressions, number)
    function: Callable[..., Any] = _evaluate(exercise, "functions", source, {})
    return function


def _draw_dims(
    exercise: Exercise, test: str, dims: Dims, generator: np.random.Generator
) -> dict[str, Any]:
    for _ in range(MAX_DRAWS):
        drawn = {
            name: choices[int(generator.integers(len(choices)))]
            for name, choices in dims.choices.items()
        }
        if all(_evaluate(exercise, f"tests.{test}", rule, drawn) for rule in dims.constraints):
            return drawn
    # Rare, or none: looked for without luck.
    rules = ", ".join(dims.constraints)
    if math.prod(len(choices) for choices in dims.choices.values()) > MAX_ENUMERATED:
        raise exercise.error(
            f"tests.{test}",
            f"test '{test}': no dimensions satisfy {rules} in {MAX_DRAWS} tries; give 'dims' "
            "fewer lengths, of which more satisfy it",
        )
    every = (
        dict(zip(dims.choices, lengths, strict=True)) for lengths in product(*dims.choices.values())
    )
    fitting = [
        drawn
        for drawn in every
        if all(_evaluate(exercise, f"tests.{test}", rule, drawn) for rule in dims.constraints)
    ]
    if not fitting:
        raise exercise.error(
            f"tests.{test}",
            f"test '{test}': no lengths in 'dims' satisfy {rules}; change the one or the other",
        )
    return fitting[int(generator.integers(len(fitting)))]


def _draw_array(
    exercise: Exercise,
    place: str,
    array: Array,
    expression: str,
    dtype: Dtype,
    dims: Mapping[str, Any],
    arrays: Mapping[str, NumpyArray],
    generator: np.random.Generator,
) -> NumpyArray:
    shape = _shape(exercise, place, array, dims, arrays)
    integers = dtype == "int64"
    names = {
        **{name: length for name, length in dims.items() if name != "..."},
        **arrays,
        **_vocabulary(expression, shape, integers, generator),
    }
    value = np.asarray(_evaluate(exercise, place, expression, names))
    try:
        value = np.array(np.broadcast_to(value, shape), order="C")
        if value.dtype.kind == "c":
            raise TypeError("its numbers are complex")
        with np.errstate(all="ignore"):
            value = np.rint(value) if integers else value.astype(dtype)
        finite = bool(np.all(np.isfinite(value)))
    except (TypeError, ValueError) as error:
        raise exercise.error(
            place, f"the expression '{expression}' cannot fill '{array.name}' of {shape}: {error}"
        ) from None
    if not finite:
        raise exercise.error(
            place, f"the expression '{expression}' gives '{array.name}' nan or inf as {dtype}"
        )
    return value.astype(np.int64) if integers else value


def _vocabulary(
    expression: str, shape: tuple[int, ...], integers: bool, generator: np.random.Generator
) -> dict[str, Any]:
    """The words of a draw expression, for one array."""

    def whole(low: int, high: int) -> NumpyArray:
        return generator.integers(low, high, size=shape, endpoint=True)

    def away_from_zero(margin: float) -> NumpyArray:
        signs = 2.0 * generator.integers(0, 1, size=shape, endpoint=True) - 1.0
        return np.asarray(signs * (margin + np.abs(generator.standard_normal(shape))))

    words: dict[str, Any] = {"integers": whole, "away_from_zero": away_from_zero}
    # Made only where the expression asks for them: large arrays take their time. Drawn in a fixed
    # order.
    if "zeros" in expression:
        words["zeros"] = np.zeros(shape)
    if "ones" in expression:
        words["ones"] = np.ones(shape)
    if "normal" in expression:
        words["normal"] = (
            whole(-INTEGER_RANGE, INTEGER_RANGE)
            if integers
            else np.asarray(generator.standard_normal(shape))
        )
    if "uniform" in expression:
        words["uniform"] = np.asarray(generator.uniform(size=shape))
    if "signs" in expression:
        words["signs"] = 2.0 * whole(0, 1) - 1.0
    return words


def _shape(
    exercise: Exercise,
    place: str,
    array: Array,
    dims: Mapping[str, Any],
    arrays: Mapping[str, NumpyArray],
) -> tuple[int, ...]:
    """The lengths of the axes. Raises :class:`CourseError` where one that follows from numbers
    among the ``arrays`` is none."""
    shape: list[int] = []
    for name in array.shape:
        if name == "...":
            shape.extend(dims["..."])
        elif lengths.is_formula(name):
            shape.append(_worked_out(exercise, place, array, str(name), {**arrays, **dims}))
        else:
            shape.append(dims[name] if isinstance(name, str) else name)
    return tuple(shape)


def _worked_out(
    exercise: Exercise, place: str, array: Array, formula: str, known: Mapping[str, Any]
) -> int:
    parts = ", ".join(f"{name} = {known[name]}" for name in lengths.names(formula))
    try:
        length = lengths.evaluate(formula, known)
    except ZeroDivisionError:
        raise exercise.error(
            place, f"the length '{formula}' of '{array.name}' divides by zero for {parts}"
        ) from None
    if not 1 <= length <= lengths.MAX_LENGTH:
        raise exercise.error(
            place,
            f"the length '{formula}' of '{array.name}' is {length} for {parts}, and must be from 1 "
            f"to {lengths.MAX_LENGTH}; draw other numbers, or add a rule to 'dims'",
        )
    return length


def _laid_out(value: NumpyArray, layout: Layout) -> NumpyArray:
    """The same numbers in memory as the layout says."""
    if layout == "F":
        return np.asfortranarray(value) if value.ndim else value
    if layout == "reversed" and value.ndim:
        return value[..., ::-1].copy()[..., ::-1]
    if layout == "strided" and value.ndim:
        buffer = np.zeros((*value.shape[:-1], 2 * value.shape[-1]), dtype=value.dtype)
        buffer[..., 1::2] = value
        return buffer[..., 1::2]
    return value


def _evaluate(exercise: Exercise, place: str, expression: str, names: Mapping[str, Any]) -> Any:
    """An instructor's expression. Raises :class:`CourseError` where it fails."""
    try:
        return eval(_compiled(expression), {"np": np, **names})
    except (Exception, SystemExit) as error:  # exit() must not end the grader
        raise exercise.error(
            place, f"the expression '{expression}' fails: {type(error).__name__}: {error}"
        ) from None


@cache
def _compiled(expression: str) -> CodeType:
    return compile(expression.strip(), "<expression>", "eval")
