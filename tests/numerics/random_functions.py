"""Random functions of many kinds, written twice: in numpy, and in mpmath, which is the judge.

Every kind is a way in which finite differences go wrong. A :class:`Problem` is one function with
one point; :func:`draw` makes as many as one likes, always the same ones for the same seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import mpmath
import numpy as np

mpmath.mp.dps = 60


class Problem(NamedTuple):
    """A function of an array of shape (n,), in numpy and in mpmath, and where to look at it.

    ``terms`` gives the terms whose sum is differentiated, ``exact`` that sum of n mpf numbers.
    ``differentiable`` says whether there is a derivative at ``x``.
    """

    kind: str
    terms: Callable[[Any], Any]
    exact: Callable[[Sequence[Any]], Any]
    x: Any
    differentiable: bool = True

    def derivatives(self) -> Any:
        """The partial derivatives at x, by mpmath with 60 digits; as longdouble."""
        exact = [mpmath.mpf(float(value)) for value in self.x]
        found = []
        for index in range(len(exact)):

            def along(t: Any, index: int = index) -> Any:
                return self.exact([*exact[:index], t, *exact[index + 1 :]])

            step = mpmath.mpf(2) ** -90 * max(abs(exact[index]), mpmath.mpf(2) ** -40)
            slope = (along(exact[index] + step) - along(exact[index] - step)) / (2 * step)
            found.append(_longdouble(slope))
        return np.array(found)


def _longdouble(value: Any) -> Any:
    high = float(value)
    return np.longdouble(high) + np.longdouble(float(value - mpmath.mpf(high)))


Pair = tuple[Callable[[Any], Any], Callable[[Any], Any]]


def smooth_pair(rng: np.random.Generator, depth: int = 2) -> Pair:
    """A smooth function of one number, of the size of 1 where that is."""
    a, b = float(rng.uniform(0.3, 2.0)), float(rng.normal())
    if depth == 0:
        return (lambda v: a * v + b), (lambda v: a * v + b)
    inner, inner_exact = smooth_pair(rng, depth - 1)
    other, other_exact = smooth_pair(rng, depth - 1)
    choices: list[Pair] = [
        (lambda v: np.sin(inner(v)), lambda v: mpmath.sin(inner_exact(v))),
        (lambda v: np.tanh(inner(v)), lambda v: mpmath.tanh(inner_exact(v))),
        (lambda v: np.exp(-(inner(v) ** 2)), lambda v: mpmath.exp(-(inner_exact(v) ** 2))),
        (lambda v: np.log(1 + inner(v) ** 2), lambda v: mpmath.log(1 + inner_exact(v) ** 2)),
        (lambda v: 1 / (2 + inner(v) ** 2), lambda v: 1 / (2 + inner_exact(v) ** 2)),
        (lambda v: inner(v) * other(v), lambda v: inner_exact(v) * other_exact(v)),
        (lambda v: inner(v) + other(v), lambda v: inner_exact(v) + other_exact(v)),
        (lambda v: np.sqrt(1 + inner(v) ** 2), lambda v: mpmath.sqrt(1 + inner_exact(v) ** 2)),
        (lambda v: np.exp(0.5 * inner(v)), lambda v: mpmath.exp(inner_exact(v) / 2)),
        (lambda v: inner(v) ** 3, lambda v: inner_exact(v) ** 3),
    ]
    return choices[int(rng.integers(len(choices)))]


def dot(row: Any, x: Sequence[Any]) -> Any:
    return mpmath.fsum(mpmath.mpf(float(w)) * v for w, v in zip(row, x, strict=True))


def smooth(rng: np.random.Generator) -> Problem:
    n, m = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    W = rng.standard_normal((m, n))
    inner, inner_exact = smooth_pair(rng, 1)
    outer, outer_exact = smooth_pair(rng, 1)

    def exact(x: Sequence[Any]) -> Any:
        h = [inner_exact(v) for v in x]
        return mpmath.fsum(outer_exact(dot(row, h)) for row in W)

    return Problem("smooth", lambda x: outer(W @ inner(x)), exact, rng.standard_normal(n))


def float64_only(rng: np.random.Generator) -> Problem:
    known = smooth(rng)
    how = int(rng.integers(4))

    def solve(x: Any) -> Any:
        return known.terms(np.linalg.solve(np.eye(len(x)), x))

    def inside(x: Any) -> Any:
        return known.terms(np.asarray(x, dtype=np.float64))

    def copied(x: Any) -> Any:
        other = np.zeros(len(x))
        other[:] = x
        return known.terms(other)

    def stored(x: Any) -> Any:
        """longdouble outside, and not one digit more."""
        result = known.terms(x.astype(np.float64))
        return result.astype(x.dtype) if x.dtype == np.longdouble else result

    return known._replace(kind="float64 only", terms=(solve, inside, copied, stored)[how])


def oscillating(rng: np.random.Generator) -> Problem:
    w = float(10 ** rng.uniform(0, 3.5))
    c = float(rng.normal())
    return Problem(
        "oscillating",
        lambda x: np.sin(w * x) + c * x,
        lambda x: mpmath.fsum(mpmath.sin(mpmath.mpf(w) * v) + mpmath.mpf(c) * v for v in x),
        rng.standard_normal(2),
    )


def kinks(rng: np.random.Generator) -> Problem:
    W = rng.standard_normal((3, 2))
    slope = float(rng.uniform(0, 0.5))

    def terms(x: Any) -> Any:
        h = W @ x
        return np.maximum(h, slope * h) + np.abs(h - 0.3)

    def exact(x: Sequence[Any]) -> Any:
        h = [dot(row, x) for row in W]
        third = mpmath.mpf(0.3)
        return mpmath.fsum(max(v, mpmath.mpf(slope) * v) + abs(v - third) for v in h)

    return Problem("kinks", terms, exact, rng.standard_normal(2))


def close_kink(rng: np.random.Generator) -> Problem:
    gap = float(10 ** rng.uniform(-9, -1)) * float(rng.choice([-1, 1]))
    x = rng.standard_normal(1)
    at = float(x[0] + gap)
    return Problem(
        "kink close by",
        lambda v: np.abs(v - at) + np.maximum(v, at) * 0.5,
        lambda v: abs(v[0] - mpmath.mpf(at)) + max(v[0], mpmath.mpf(at)) / 2,
        x,
    )


def power(rng: np.random.Generator) -> Problem:
    k = int(rng.integers(4, 10))
    return Problem(
        "power", lambda x: x**k, lambda x: mpmath.fsum(v**k for v in x), 3 * rng.standard_normal(3)
    )


def mixed_scales(rng: np.random.Generator) -> Problem:
    n = 3
    x = 10.0 ** rng.integers(-8, 9, n) * rng.uniform(0.5, 2, n)
    W = 10.0 ** rng.integers(-4, 5, (2, n)) * rng.standard_normal((2, n))
    choices = [
        (lambda v: np.log(v), lambda v: mpmath.fsum(mpmath.log(a) for a in v)),
        (lambda v: np.sqrt(v), lambda v: mpmath.fsum(mpmath.sqrt(a) for a in v)),
        (lambda v: 1 / v, lambda v: mpmath.fsum(1 / a for a in v)),
        (lambda v: W @ v, lambda v: mpmath.fsum(dot(row, v) for row in W)),
        (lambda v: (W @ v) ** 2, lambda v: mpmath.fsum(dot(row, v) ** 2 for row in W)),
        (lambda v: v * np.log(v), lambda v: mpmath.fsum(a * mpmath.log(a) for a in v)),
        (lambda v: np.arctan(v), lambda v: mpmath.fsum(mpmath.atan(a) for a in v)),
    ]
    terms, exact = choices[int(rng.integers(len(choices)))]
    return Problem("mixed scales", terms, exact, x)


def log_of_scales(rng: np.random.Generator) -> Problem:
    x = np.array([1e8, 1e-8]) * rng.uniform(0.5, 2, 2)
    return Problem("log of 1e8 and 1e-8", np.log, lambda v: mpmath.fsum(map(mpmath.log, v)), x)


def float32_inside(rng: np.random.Generator) -> Problem:
    known = smooth(rng)
    how = int(rng.integers(4))
    c = float(rng.uniform(0.5, 2))

    def cast(x: Any) -> Any:
        return np.float64(known.terms(x.astype(np.float32)).astype(np.float32))

    def scaled(x: Any) -> Any:
        """No longer a float32 number, but no more precise than one."""
        return c * cast(x)

    def halfway(x: Any) -> Any:
        return known.terms(np.asarray(np.float32(x) + np.float32(0), dtype=np.float64))

    def returned(x: Any) -> Any:
        return known.terms(x.astype(np.float32)).astype(np.float32)

    factor = c if how == 1 else 1.0
    return known._replace(
        kind="float32 inside",
        terms=(cast, scaled, halfway, returned)[how],
        exact=lambda x: mpmath.mpf(factor) * known.exact(x),
    )


def plus_minus(rng: np.random.Generator) -> Problem:
    known = smooth(rng)
    how = int(rng.integers(3))
    # Python's own numbers are not looked into: there the loss must show in the values.
    C = float(10 ** rng.uniform(2, 8 if how == 1 else 16)) * float(rng.choice([-1, 1]))

    def by_python(x: Any) -> Any:
        return np.array([(float(v) + C) - C for v in np.atleast_1d(known.terms(x))])

    def by_argument(x: Any) -> Any:
        return known.terms((x + C) - C)

    return known._replace(
        kind="(f + C) - C",
        terms=(lambda x: (known.terms(x) + C) - C, by_python, by_argument)[how],
    )


def bump(rng: np.random.Generator) -> Problem:
    width = float(10 ** rng.uniform(-5, -0.5))
    x = rng.standard_normal(1)
    center = float(x[0] + width * rng.uniform(-2, 2))
    slope = float(rng.choice([0.0, rng.normal()]))
    return Problem(
        "bump" if slope == 0 else "bump plus linear",
        lambda v: np.exp(-(((v - center) / width) ** 2)) + slope * v,
        lambda v: (
            mpmath.exp(-(((v[0] - mpmath.mpf(center)) / mpmath.mpf(width)) ** 2))
            + mpmath.mpf(slope) * v[0]
        ),
        x,
    )


def gelu(rng: np.random.Generator) -> Problem:
    how = int(rng.integers(3))

    def one(v: float) -> float:
        return 0.5 * v * (1 + math.erf(v / math.sqrt(2)))

    def loop(x: Any) -> Any:
        out = np.zeros(len(x), dtype=x.dtype)
        for i, v in enumerate(x):
            out[i] = one(v)
        return out

    ways = (loop, lambda x: np.array([one(float(v)) for v in x]), lambda x: np.vectorize(one)(x))
    return Problem(
        "GELU by math.erf",
        ways[how],
        lambda x: mpmath.fsum(v / 2 * mpmath.erfc(-v / mpmath.sqrt(2)) for v in x),
        float(rng.choice([1.0, 3.0])) * rng.standard_normal(3),
    )


def python_loop(rng: np.random.Generator) -> Problem:
    c = rng.standard_normal(3)

    def terms(x: Any) -> Any:
        total = 0.0
        for a, v in zip(c, x, strict=True):
            total += float(a) * math.exp(math.sin(v)) + math.log1p(v * v)
        return np.array([total])

    def exact(x: Sequence[Any]) -> Any:
        return mpmath.fsum(
            mpmath.mpf(float(a)) * mpmath.exp(mpmath.sin(v)) + mpmath.log(1 + v * v)
            for a, v in zip(c, x, strict=True)
        )

    return Problem("loops with math", terms, exact, rng.standard_normal(3))


def variance(rng: np.random.Generator) -> Problem:
    mean = float(rng.choice([100.0, 1000.0]))
    x = mean + rng.standard_normal(4)

    def exact(v: Sequence[Any]) -> Any:
        return mpmath.fsum(a * a for a in v) / 4 - (mpmath.fsum(v) / 4) ** 2

    def terms(v: Any) -> Any:
        return np.reshape((v**2).mean() - v.mean() ** 2, 1)

    def by_loop(v: Any) -> Any:
        squares = total = 0.0
        for a in v:
            squares, total = squares + float(a) ** 2, total + float(a)
        return np.array([squares / 4 - (total / 4) ** 2])

    chosen = by_loop if rng.random() < 0.3 else terms
    return Problem(f"naive variance, mean {mean:g}", chosen, exact, x)


def stairs(rng: np.random.Generator) -> Problem:
    k = float(10 ** rng.uniform(0, 2))
    return Problem(
        "floor(10 x) + x",
        lambda x: np.floor(k * x) + x,
        lambda x: mpmath.fsum(mpmath.floor(mpmath.mpf(k) * v) + v for v in x),
        rng.standard_normal(2),
    )


def cholesky(rng: np.random.Generator) -> Problem:
    A = rng.standard_normal((3, 3))
    A = A @ A.T + 0.1 * np.eye(3)

    def terms(x: Any) -> Any:
        return np.log(np.diag(np.linalg.cholesky(A + np.diag(x))))

    def exact(x: Sequence[Any]) -> Any:
        M = mpmath.matrix(A.tolist())
        for i, v in enumerate(x):
            M[i, i] += v
        # The lower triangle alone, as numpy does it.
        for i in range(3):
            for j in range(i):
                M[j, i] = M[i, j]
        return mpmath.log(mpmath.det(M)) / 2

    return Problem("cholesky", terms, exact, 0.05 * rng.uniform(0, 1, 3))


def cross_entropy(rng: np.random.Generator) -> Problem:
    scale = float(rng.choice([1, 10, 100, 500]))

    def terms(z: Any) -> Any:
        d = z - z[0]
        top = d.max()
        return np.reshape(top + np.log(np.exp(d - top).sum()), 1)

    def exact(z: Sequence[Any]) -> Any:
        return mpmath.log(mpmath.fsum(mpmath.exp(v - z[0]) for v in z))

    return Problem("softmax cross entropy", terms, exact, scale * rng.standard_normal(4))


def layernorm(rng: np.random.Generator) -> Problem:
    n = int(rng.integers(2, 6))
    dy, mean = rng.standard_normal(n), float(rng.choice([0, 10, 1000]))

    def terms(x: Any) -> Any:
        d = x - x.mean()
        return dy * (d / np.sqrt((d**2).mean() + 1e-5))

    def exact(x: Sequence[Any]) -> Any:
        m = mpmath.fsum(x) / n
        d = [v - m for v in x]
        s = mpmath.sqrt(mpmath.fsum(v * v for v in d) / n + mpmath.mpf(1e-5))
        return dot(dy, [v / s for v in d])

    return Problem("layernorm", terms, exact, mean + rng.standard_normal(n))


def at_kink(rng: np.random.Generator) -> Problem:
    c = float(rng.normal())
    x = rng.standard_normal(2)
    at = float(x[0])
    return Problem(
        "kink at x",
        lambda v: np.maximum(v, at) + c * np.sin(v),
        lambda v: mpmath.fsum(max(a, mpmath.mpf(at)) + mpmath.mpf(c) * mpmath.sin(a) for a in v),
        x,
        differentiable=False,
    )


def at_jump(rng: np.random.Generator) -> Problem:
    size = float(10 ** rng.uniform(-3, 3))
    x = rng.standard_normal(2)
    at = float(x[0])
    return Problem(
        "jump at x",
        lambda v: size * (v >= at) + np.sin(v),
        lambda v: mpmath.fsum((mpmath.mpf(size) if a >= at else 0) + mpmath.sin(a) for a in v),
        x,
        differentiable=False,
    )


KINDS: tuple[Callable[[np.random.Generator], Problem], ...] = (
    smooth,
    float64_only,
    oscillating,
    kinks,
    close_kink,
    power,
    mixed_scales,
    log_of_scales,
    float32_inside,
    plus_minus,
    bump,
    gelu,
    python_loop,
    variance,
    stairs,
    cholesky,
    cross_entropy,
    layernorm,
    at_kink,
    at_jump,
)
SMOOTH = {"smooth", "power", "layernorm"}


def draw(count: int, seed: int) -> list[Problem]:
    """So many problems, the kinds in turn."""
    rng = np.random.default_rng(seed)
    return [KINDS[number % len(KINDS)](rng) for number in range(count)]
