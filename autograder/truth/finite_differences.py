"""Derivatives from values of a function alone: central differences that know their error.

For a scalar function f and a direction v,

    D(h) = (f(x + h v) - f(x - h v)) / (2 h)  =  f'(x; v) + c h^2 + O(h^4),

so two steps tell how large the truncation error is, and their combination
(4 D(h/2) - D(h)) / 3 removes its first term (Richardson extrapolation). What remains is
weighed against the rounding of f, which is measured (:mod:`autograder.truth.rounding`) and
grows as h shrinks, about as u S / h. Steps go down from the size of x until rounding has taken
over, and the level with the smallest error is taken, after three questions were asked of it:

- Do smaller steps contradict it? Beyond the scale on which f varies, two large steps can agree
  and both be wrong. What the contradiction amounts to is charged to the error.
- Is f a parabola between the steps? The even part E(h) = f(x + h v) - 2 f(x) + f(x - h v) must
  shrink as h^2. A narrow bump at x, a kink and a jump move E in another way, and leave D alone
  where they are symmetric. What h^2 does not explain is charged as well.
- Can it be used at all? Where f raises or is not finite, it cannot.

A value that jumps at x, or a slope that does, is reported as an :class:`Obstacle`.
For functions of degree two or less in x (a linear layer is linear in each of its arguments)
nothing is truncated, and a large step gives nearly full precision.

No choice of steps can see what happens between the points that it visits, nor a loss inside
f that leaves no trace in its values. The second is why rounding is measured inside f.

Sources: Press et al., Numerical Recipes, 3rd ed., section 5.7 (Ridders' method); Moré and Wild,
Estimating Computational Noise, SIAM J. Sci. Comput. 33 (2011); Higham, Accuracy and Stability of
Numerical Algorithms, 2nd ed., chapter 3.
"""

from __future__ import annotations

import copy
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from autograder.truth.rounding import Sizes, rounding_sizes

Floats: TypeAlias = "np.ndarray[Any, np.dtype[np.floating[Any]]]"
Function: TypeAlias = Callable[[Floats], Floats]

# The first step, relative to a power of two near the size of x: the golden ratio, far from all
# simple fractions, for at x = 1 a step of 1 sees nothing of sin(2 pi x); to 20 bits, for then
# x + h is exact, and so is much of what f does with it.
FIRST_STEP = 648_055 / 2**20
# Steps go down by this factor, at most this often.
REDUCTION = 1.0 / 16
LEVELS = 14
# Rounding has taken over when it has been larger than the best error for so many levels.
LEVELS_OF_ROUNDING = 2
# In units of the unit roundoff: the last operation of f, and what was measured inside.
LAST_ROUNDING = 2.0
ROUNDING_INSIDE = 4.0
# The noise with which that is measured, well above rounding and as small as it can be: f need not
# be linear beyond.
NOISE = 2.0**-44
NOISE_OF_LONGDOUBLE = 2.0**-55
# In a browser it is computed by software, digit by digit. Without it errors are estimated as
# where longdouble is no wider than float64.
HAS_LONGDOUBLE = sys.platform != "emscripten"
# Noise that is estimated from differences has few numbers to go by.
NOISE_FACTOR = 8.0
# The spacing of the points for that, relative to x: fine enough for their sixth differences to
# leave nothing of a smooth function, and coarser than single precision.
NOISE_SPACING = 2.0**-20
NOISE_POINTS = 7
# A jump or a kink is reported where it has been so many times the rounding for so many levels.
CLEARLY = 64.0
LEVELS_OF_OBSTACLE = 4
# The digits that are left in the float64 that comes out.
LAST_DIGIT = 2.0**-52
# An error of nothing would be too sure of numbers that are smaller than float64 can hold.
SMALLEST = 2.0**-1074


class Obstacle(NamedTuple):
    """Why finite differences cannot speak, and about which element of x (None: a direction)."""

    kind: Literal["values jump", "the slope jumps", "no step can be used"]
    element: tuple[int, ...] | None = None


class Estimate(NamedTuple):
    """A derivative and a bound, never far below the truth, on its absolute error.

    ``value`` and ``error`` are float64 arrays of the same shape; an error of inf says that
    nothing is known. ``obstacles`` say where and why finite differences cannot speak. ``steps``
    are those that the values come from, 0 where none can be used.
    """

    value: Floats
    error: Floats
    obstacles: tuple[Obstacle, ...]
    steps: Floats


def directional_derivative(terms: Function, x: Floats, direction: Floats) -> Estimate:
    """d/dh of ``sum(terms(x + h direction))`` at h = 0, of shape ``()``.

    ``terms`` maps an array of x's shape to the terms whose sum is differentiated. Terms, not
    their sum, because differences of terms do not suffer from the cancellation between them.
    ``x`` and ``direction`` have any one shape and a float dtype; all finite. Raises what
    ``terms`` raises at ``x``; where it raises elsewhere, that step is not used.
    """
    return Measured(terms, x, total=True).along(direction)


def gradient(terms: Function, x: Floats) -> Estimate:
    """The gradient of ``sum(terms(x))`` by every element of ``x``, of x's shape."""
    return Measured(terms, x, total=True).gradient()


def jacobian(function: Function, x: Floats) -> Estimate:
    """d function / d x, of shape ``function(x).shape + x.shape``."""
    return Measured(function, x, total=False).gradient()


def _ladder(size: float, reach: float, own: float) -> Iterator[float]:
    """Steps to try, the largest first: that of the largest element, in case f is linear; then
    down from that of this element or 1; at last down from this element, if it is tiny."""
    if size > reach / REDUCTION:
        yield _first_step(size)
    last = _first_step(reach)
    for _ in range(LEVELS):
        yield last
        last *= REDUCTION
    step = _first_step(own) if own > 0 else 0.0
    while step >= last:
        step *= REDUCTION
    for _ in range(LEVELS):
        if 0 < own < reach * REDUCTION and step > own * 2.0**-50:
            yield step
        step *= REDUCTION


def _first_step(size: float) -> float:
    return FIRST_STEP * float(2.0 ** np.round(np.log2(size)))


class Measured:
    """A function, in the highest precision that it takes, that knows how it rounds.

    ``shape`` is that of what is differentiated: of the terms, or () with ``total``.
    """

    def __init__(self, function: Function, x: Floats, *, total: bool) -> None:
        self._function = function
        self._total = total
        self.x: Floats = np.asarray(x, dtype=np.float64)
        with np.errstate(all="ignore"):
            found = self._in_longdouble()
            if found is None:
                value = np.array(function(self.x))
                sizes = self._sizes(value, NOISE)
                if sizes.least_precise > 2.0**-53:
                    # Above that rounding, too.
                    sizes = self._sizes(value, 2.0**8 * sizes.least_precise)
            else:
                value, sizes = found
                self.x = self.x.astype(np.longdouble)
        # A function may compute in less than it was given: its result tells, or what it asks for.
        precision = np.finfo(value.dtype if value.dtype.kind == "f" else np.float64)
        self.unit_roundoff = max(float(precision.eps) / 2, sizes.least_precise)
        self.at_x = value
        self.shape: tuple[int, ...] = () if total else value.shape
        self.inside = self.unit_roundoff * ROUNDING_INSIDE * np.nan_to_num(sizes.of["value"])
        if not sizes.everywhere:
            with np.errstate(all="ignore"):
                self.inside = self.inside + NOISE_FACTOR * self._noise()

    def _in_longdouble(self) -> tuple[Floats, Sizes] | None:
        """The value and the sizes of what is rounded where all of it is in longdouble; otherwise
        None, for an array of that type may hold numbers that have been through float64."""
        if not HAS_LONGDOUBLE:
            return None
        try:
            value = np.array(self._function(self.x.astype(np.longdouble)))
            if value.dtype != np.longdouble:
                return None
            sizes = self._sizes(value, NOISE_OF_LONGDOUBLE)
        except (TypeError, ValueError):  # linear algebra refuses longdouble
            return None
        precise = max(sizes.least_precise, float(np.finfo(value.dtype).eps) / 2) < 2.0**-53
        return (value, sizes) if precise and sizes.everywhere else None

    def _sizes(self, value: Floats, noise: float) -> Sizes:
        return rounding_sizes(
            lambda arrays: self._named(self._function(arrays["x"])),
            {"x": self.x.astype(value.dtype) if value.dtype == np.longdouble else self.x},
            self._named(value),
            20_230_919,
            noise=noise,
        )

    def _named(self, value: Any) -> dict[str, Any]:
        return {"value": np.sum(value) if self._total else value}

    def gradient(self) -> Estimate:
        """The derivative by every element of x, of the function's shape and then x's."""
        shape = (*self.shape, *self.x.shape)
        value, error, steps = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        obstacles: list[Obstacle] = []
        size = _largest(self.x, 1.0)
        for index in np.ndindex(self.x.shape):
            unit = np.zeros_like(self.x)
            unit[index] = 1.0
            own = float(np.abs(self.x[index]))
            found = _search(self, unit, _ladder(size, max(own, 1.0), own), index)
            value[(..., *index)] = found.value
            error[(..., *index)] = found.error
            steps[(..., *index)] = found.steps
            obstacles += found.obstacles
        return Estimate(value, error, tuple(obstacles), steps)

    def gradient_again(self, function: Function, steps: Floats) -> Floats:
        """The same derivative of another function, one that is nearly the same, with the steps of
        an :class:`Estimate`."""
        value = np.zeros(steps.shape)
        for index in np.ndindex(self.x.shape):
            unit = np.zeros_like(self.x)
            unit[index] = 1.0
            value[(..., *index)] = self.along_again(function, unit, steps[(..., *index)])
        return value

    def along_again(self, function: Function, direction: Floats, steps: Floats) -> Floats:
        """The same in one direction."""
        other = copy.copy(self)
        other._function = function
        value = np.zeros(np.shape(steps))
        with np.errstate(all="ignore"):
            for step in np.unique(steps[steps > 0]):
                points = other.around(float(step) * direction)
                if points is not None:
                    wide, narrow = other.slopes(points, float(step))
                    value = np.where(steps == step, _extrapolated(wide, narrow), value)
        return np.asarray(np.nan_to_num(value, nan=0.0, posinf=0.0, neginf=0.0), dtype=np.float64)

    def along(self, direction: Floats) -> Estimate:
        """The derivative in one direction, of the function's shape."""
        along = np.asarray(direction, dtype=self.x.dtype)
        moved = np.abs(along[along != 0])
        if moved.size == 0:
            nothing = np.zeros(self.shape)
            return Estimate(nothing, nothing, (), nothing)
        own = _smallest_but_zero(np.abs(self.x[along != 0]) / moved)
        largest = float(moved.max())
        steps = _ladder(_largest(self.x, 1.0) / largest, 1.0 / largest, own)
        return _search(self, along, steps, None)

    def summed(self, terms: Floats) -> Floats:
        return terms.sum() if self._total else terms

    def norm(self, terms: Floats) -> Floats:
        """The size of errors of this size in every term, which are independent."""
        return np.sqrt((terms * terms).sum()) if self._total else terms

    def at(self, change: Floats) -> Floats | None:
        """The terms there; None where the function cannot be evaluated."""
        try:
            terms = np.asarray(self._function(self.x + change))
        except Exception:  # such as LinAlgError: outside of its domain
            return None
        return terms if terms.shape == self.at_x.shape else None

    def around(self, change: Floats) -> list[Floats] | None:
        """The terms at x + change, x - change, and half as far; None where one cannot be had."""
        points = [self.at(factor * change) for factor in (1.0, -1.0, 0.5, -0.5)]
        found = [terms for terms in points if terms is not None]
        return found if len(found) == len(points) else None

    def slopes(self, points: list[Floats], step: float) -> tuple[Floats, Floats]:
        """D(step) and D(step / 2) by the terms around x."""
        above, below, near_above, near_below = points
        return (
            self.summed(above - below) / (2 * step),
            self.summed(near_above - near_below) / step,
        )

    def _noise(self) -> Floats:
        """The rounding that shows in values at x and at some distance from it.

        Of a smooth function the sixth differences of closely spaced values vanish; what remains
        is noise, a standard deviation of 30 times that of the values (Moré and Wild, 2011). A
        jump is on one side only. Numbers that are all multiples of one that is not small, such as
        (f + C) - C, have been rounded to it.
        """
        generator = np.random.default_rng(20_230_920)
        # Irregular, so that x + scale has all its digits, and all that f leaves of them show.
        scale = np.maximum(np.abs(self.x), 1.0) * generator.uniform(0.5, 0.7, self.x.shape)
        scale = scale * generator.choice([-1.0, 1.0], size=self.x.shape)
        differences, seen = np.zeros(self.shape), []
        # Spacings of their own, lest all be multiples of the one that f rounds its argument to.
        for place, spacing in ((0.0, 1.0), (1.0, 0.7548), (-1.0, 0.5698)):
            sides = []
            for side in (1.0, -1.0):
                steps = [place + side * spacing * NOISE_SPACING * k for k in range(NOISE_POINTS)]
                values = [self.at(step * scale) for step in steps]
                found = [value for value in values if value is not None]
                seen += found
                if len(found) == NOISE_POINTS:
                    sides.append(_sixth_differences([self.summed(value) for value in found]))
            if sides:
                differences = np.fmax(differences, np.min(sides, axis=0))
        quanta = self.norm(_quanta(seen)) if seen else 0.0
        return np.asarray(np.fmax(differences, quanta))


def _extrapolated(wide: Floats, narrow: Floats) -> Floats:
    return np.asarray((4 * narrow - wide) / 3)


def _sixth_differences(values: list[Floats]) -> Floats:
    fifth = np.diff(np.asarray(values), 5, axis=0)
    sixth = np.diff(fifth, axis=0)
    noise = np.fmax(
        np.sqrt(np.mean(fifth**2, axis=0) / 252), np.sqrt(np.mean(sixth**2, axis=0) / 924)
    )
    return np.nan_to_num(np.asarray(noise, dtype=np.float64), posinf=0.0)


def _quanta(values: list[Floats]) -> Floats:
    """The largest power of two of which all values are multiples, element by element."""
    table = np.asarray(values, dtype=np.float64)
    fraction, exponent = np.frexp(np.where(np.isfinite(table), table, 0.0))
    digits = (fraction * 2.0**53).astype(np.int64)
    lowest = np.ldexp((digits & -digits).astype(np.float64), exponent - 53)
    least = np.min(np.where(table == 0, np.inf, lowest), axis=0)
    return np.where(np.isfinite(least), least, 0.0) / 4


class _Level(NamedTuple):
    """What one step h says, arrays of one shape.

    ``value`` is the extrapolated derivative, ``error`` what it may be off by, ``rounding`` the
    part of rounding in that. ``odd`` and ``even`` are the sizes of f(x + h) - f(x - h) and of
    E(h); ``slope_gap`` is D(h/2) - D(h), ``even_gap`` 4 E(h/2) - E(h).
    """

    step: float
    value: Floats
    error: Floats
    rounding: Floats
    odd: Floats
    even: Floats
    slope_gap: Floats
    even_gap: Floats


def _level(function: Measured, along: Floats, step: float, larger: _Level | None) -> _Level | None:
    """The level of this step; ``larger`` is the one before."""
    points = function.around(step * along)
    if points is None:
        return None
    above, below, near_above, near_below = points
    center = function.at_x
    wide, narrow = function.slopes(points, step)
    even = function.summed((above - center) + (below - center))
    near_even = function.summed((near_above - center) + (near_below - center))
    value = _extrapolated(wide, narrow)
    last = function.norm(np.abs(above) + np.abs(below) + np.abs(near_above) + np.abs(near_below))
    noise = LAST_ROUNDING * function.unit_roundoff * last + function.inside
    rounding = noise / step
    slope_gap, even_gap = narrow - wide, 4 * near_even - even
    truncation, unexplained = np.abs(slope_gap), np.abs(even_gap)
    if larger is not None and larger.step * REDUCTION == step:
        # The gaps of a smooth function are a h^2 + b h^4 and c h^4. Where they shrink like that,
        # b is known, and nothing else is left of the extrapolation.
        shrinks = truncation <= 2 * REDUCTION**2 * np.abs(larger.slope_gap)
        fourth = np.abs(REDUCTION**4 * larger.slope_gap - REDUCTION**2 * slope_gap)
        truncation = np.where(shrinks, np.minimum(fourth, truncation), truncation)
        # What the larger step lets expect is explained. Where much less is found, that step was no
        # smooth one, and says nothing: kinks lie within it.
        expected = REDUCTION**4 * np.abs(larger.even_gap)
        smooth = unexplained >= expected / 2
        unexplained = np.where(smooth, np.maximum(unexplained - 2 * expected, 0.0), unexplained)
    # 4 E(h/2) - E(h) has the noise of some twenty values.
    unexplained = np.maximum(unexplained / step - 8 * rounding, 0.0)
    error = truncation + unexplained + rounding + np.abs(value) * LAST_DIGIT + SMALLEST
    fine = np.isfinite(value) & np.isfinite(error)
    return _Level(
        step,
        np.where(fine, value, np.nan),
        np.where(fine, error, np.inf),
        rounding,
        np.abs(wide * (2 * step)),
        np.abs(even),
        slope_gap,
        even_gap,
    )


def _search(
    function: Measured, along: Floats, steps: Iterator[float], index: tuple[int, ...] | None
) -> Estimate:
    """The derivative along ``along``, by the best of the steps; of every element its own."""
    levels: list[_Level] = []
    with np.errstate(all="ignore"):
        taken_over = np.full(function.shape, -1)  # the first level confirms nothing
        best, best_value = np.full(function.shape, np.inf), np.zeros(function.shape)
        for step in steps:
            level = _level(function, along, step, levels[-1] if levels else None)
            if level is None:
                continue
            levels.append(level)
            contradicts = ~(np.abs(level.value - best_value) <= level.error + best)
            better = contradicts | (level.error < best)
            best_value = np.where(better, level.value, best_value)
            best = np.where(better, level.error, best)
            # This level knows what its rounding lets it know: no more than the best one does, or
            # all digits of a float64.
            digits = 4 * np.abs(best_value) * LAST_DIGIT
            sure = ~contradicts & (level.error <= 4 * level.rounding + digits)
            over = (level.rounding >= best) | (best <= digits)
            taken_over = np.where(sure & over, taken_over + 1, np.minimum(taken_over, 0))
            if np.all(taken_over >= LEVELS_OF_ROUNDING):
                break
        if not levels:
            nothing = np.zeros(function.shape)
            nowhere = Obstacle("no step can be used", index)
            return Estimate(nothing, nothing + np.inf, (nowhere,), nothing)
        value, error, chosen = _most_certain(levels)
        obstacle = _obstacle(levels, error, index)
    if obstacle is not None and obstacle.kind != "the slope jumps":
        error = np.full_like(error, np.inf)
    return Estimate(value, error, () if obstacle is None else (obstacle,), chosen)


def _most_certain(levels: list[_Level]) -> tuple[Floats, Floats, Floats]:
    """Of estimates by ever smaller steps, the most certain one, element by element, and its
    step."""
    if np.ndim(levels[0].value) == 0:
        return _most_certain_number(levels)
    values = np.asarray([level.value for level in levels])
    errors = np.asarray([level.error for level in levels])
    for number in range(len(levels) - 1):
        gap = np.abs(values[number] - values[number + 1 :]) - errors[number + 1 :]
        contradiction = np.max(np.nan_to_num(gap, nan=0.0, neginf=0.0), axis=0)
        errors[number] = np.maximum(errors[number], contradiction)
    best = np.argmin(errors, axis=0)[np.newaxis]
    value = np.take_along_axis(values, best, axis=0)[0]
    error = np.take_along_axis(errors, best, axis=0)[0]
    known = np.isfinite(error)
    return (
        np.where(known, value, 0.0).astype(np.float64),
        np.asarray(error, dtype=np.float64),
        np.where(known, np.array([level.step for level in levels])[best[0]], 0.0),
    )


def _most_certain_number(levels: list[_Level]) -> tuple[Floats, Floats, Floats]:
    """The same for numbers, of which there are many."""
    best_value, best, best_step = 0.0, np.asarray(math.inf), 0.0
    for number, level in enumerate(levels):
        error = level.error
        for other in levels[number + 1 :]:
            gap = abs(level.value - other.value) - other.error
            if gap > error:
                error = gap
        if error < best:
            best_value, best, best_step = float(level.value), error, level.step
    return np.array(best_value), np.array(float(best)), np.array(best_step)


def _obstacle(
    levels: list[_Level], error: Floats, index: tuple[int, ...] | None
) -> Obstacle | None:
    """A jump of f at x, or of its slope, that smaller and smaller steps do not make smaller."""
    if not np.all(np.isfinite(error)) and not any(np.any(np.isfinite(one.error)) for one in levels):
        return Obstacle("no step can be used", index)
    if len(levels) < LEVELS_OF_OBSTACLE:
        return None
    steps = np.array([level.step for level in levels])
    noise = np.array([level.rounding * level.step for level in levels])
    moved = np.array([np.maximum(level.odd, level.even) for level in levels])
    bent = np.array([level.even / level.step for level in levels])
    if np.any(_stays(moved, noise, steps)):
        return Obstacle("values jump", index)
    if np.any(_stays(bent, noise / steps.reshape(-1, *[1] * (noise.ndim - 1)), steps)):
        return Obstacle("the slope jumps", index)
    return None


def _stays(sizes: Floats, noise: Floats, steps: Floats) -> Any:
    """Where sizes hardly change from level to level, down to the smallest steps at which they
    are clearly more than noise."""
    clear = sizes > CLEARLY * noise
    # An element counts from the last level on at which it is clear.
    levels = np.arange(len(steps)).reshape(-1, *[1] * (sizes.ndim - 1))
    last = np.max(np.where(clear, levels, -1), axis=0)
    window = (levels <= last) & (levels > last - LEVELS_OF_OBSTACLE)
    least = np.min(np.where(window, sizes, np.inf), axis=0)
    most = np.max(np.where(window, sizes, 0.0), axis=0)
    stays = np.all(clear | ~window, axis=0) & (last >= LEVELS_OF_OBSTACLE - 1)
    # Smaller steps show nothing else, but less: rounding would hide it there.
    hidden = np.all((levels <= last) | (least <= 2 * CLEARLY * noise), axis=0)
    return stays & hidden & (most <= 1.5 * least)


def _largest(x: Floats, least: float = 0.0) -> float:
    """The largest magnitude in x, or ``least`` if that is larger."""
    return float(np.max(np.abs(x), initial=least))


def _smallest_but_zero(sizes: Floats) -> float:
    positive = sizes[sizes > 0]
    return float(positive.min()) if positive.size else 0.0
