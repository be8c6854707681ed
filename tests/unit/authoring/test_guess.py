"""Shapes and gradients of a new exercise, guessed from its signature and forward pass."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.authoring.guess import (
    Guess,
    groups_left_out,
    guess,
    parse_shape,
    parse_signature,
    shown_shape,
)
from autograder.authoring.worked_example import work_out
from autograder.errors import UsageError

LAYERNORM = (
    "D = X - np.mean(X, axis=1, keepdims=True)\n"
    "v = np.mean(D**2, axis=1, keepdims=True)\n"
    "Y = gamma * D / np.sqrt(v + eps) + beta"
)
ATTENTION = (
    "A = np.exp(Q @ K.T / np.sqrt(Q.shape[1]))\nA = A / np.sum(A, axis=1, keepdims=True)\nO = A @ V"
)
WINDOWS = "t = len(x) - len(w) + 1\ny = sum(w[j] * x[j : j + t] for j in range(len(w)))"
STRIDES = (
    "places = (len(x) - len(w)) // stride + 1\n"
    "y = np.array([x[i * stride : i * stride + len(w)] @ w for i in range(places)])"
)
PADDED = "y = np.correlate(np.pad(x, pad), w, 'valid')"
CROSS_ENTROPY = (
    "loss = np.mean(np.logaddexp.reduce(logits, axis=1) - logits[np.arange(len(labels)), labels])"
)

GATES = (
    "r = 1 / (1 + np.exp(-(Wr @ x + Ur @ h)))\n"
    "z = 1 / (1 + np.exp(-(Wz @ x + Uz @ h)))\n"
    "n = np.tanh(Wn @ x + Un @ (r * h))\n"
    "h_new = (1 - z) * n + z * h"
)
SHIFTED = (
    "Z = logits - logits.max(axis=1, keepdims=True)\n"
    "logp = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))\n"
    "loss = -logp[np.arange(len(labels)), labels].mean()"
)

# Signature, forward pass, and the shapes by name.
GUESSES = {
    "a product": ("f(x, W, dy) -> dx, dW", "y = W @ x", "x [n] W [m, n] dy [m]"),
    "an array that is no argument": ("f(W, dy) -> dx", "y = W @ x", "W [m, n] dy [m] x [n]"),
    "batches": (
        "f(X, W, dY) -> dX, dW, db",
        "Y = X @ W.T + b",
        "X [N, n] W [m, n] dY [N, m] b [m]",
    ),
    "each number by itself": ("f(x, dy) -> dx", "y = x / (1 + np.exp(-x))", 'x ["..."] dy ["..."]'),
    "two arrays of one shape": ("f(x, w, dy) -> dx, dw", "y = x * w", 'x ["..."] w ["..."]'),
    "normalisation": (
        "f(X, gamma, eps, dY) -> dX, dgamma, dbeta",
        LAYERNORM,
        "X [N, n] gamma [n] eps [] dY [N, n] beta [n]",
    ),
    "a convolution": ("f(x, w, dy) -> dx, dw", "y = np.correlate(x, w, 'valid')", "dy [n - k + 1]"),
    "a convolution by slices": ("f(x, w, dy) -> dx, dw", WINDOWS, "x [n] w [k] dy [n - k + 1]"),
    "strides": ("f(x, w, stride, dy) -> dx, dw", STRIDES, "stride [] dy [(n - k) // stride + 1]"),
    "padding": ("f(x, w, pad, dy) -> dx, dw", PADDED, "pad [] dy [n + 2 * pad - k + 1]"),
    "attention": (
        "f(Q, K, V, dO) -> dQ, dK, dV",
        ATTENTION,
        "Q [T, d] K [S, d] V [S, e] dO [T, e]",
    ),
    "labels": ("f(logits, labels) -> loss, dlogits", CROSS_ENTROPY, "logits [N, C] labels [N]"),
    "rows of a table": ("f(ids, W, dY) -> dW", "Y = W[ids]", "ids [n] W [m, k] dY [n, k]"),
    "two layers": (
        "f(X, W1, b1, W2, dY) -> dX, dW1, db1, dW2",
        "H = np.maximum(X @ W1.T + b1, 0)\nY = H @ W2.T",
        "X [N, n] W1 [m, n] b1 [m] W2 [k, m] dY [N, k]",
    ),
    "a number with a shape": ("f(x, upstream) -> dx", "y = np.sum(x**2)", "x [n] upstream []"),
    "concatenation": ("f(x, z, dy) -> dx, dz", "y = np.concatenate([x, z])", "dy [n + m]"),
    "every second": ("f(x, dy) -> dx", "y = x[: len(x) // 2]", "dy [n // 2]"),
    "an outer product": ("f(x, z, dY) -> dx, dz", "Y = np.outer(x, z)", "x [n] z [m] dY [n, m]"),
    "three axes": (
        "f(x, W, z, dy) -> dx, dW, dz",
        "y = np.einsum('i,kij,j->k', x, W, z)",
        "x [n] W [N, n, m] z [m] dy [N]",
    ),
    "more axes than can be tried": (
        "f(x, h, Wr, Ur, Wz, Uz, Wn, Un, dh_new) -> dx, dh, dWr, dUr, dWz, dUz, dWn, dUn",
        GATES,
        "x [n] h [m] Wr [m, n] Ur [m, m] Wn [m, n] Un [m, m] dh_new [m]",
    ),
    "windows": (
        "f(x, k, dy) -> dx",
        "places = len(x) // k\ny = x[: places * k].reshape(places, k).max(axis=1)",
        "x [n] k [] dy [n // k]",
    ),
    "repeated": (
        "f(x, times, dy) -> dx",
        "y = np.repeat(x, times)",
        "x [n] times [] dy [n * times]",
    ),
    "an index of another name": ("f(x, at, dy) -> dx", "y = x[at]", "x [n] at [m] dy [m]"),
    "a rate beside a mask": (
        "f(x, mask, p, dy) -> dx",
        "y = x * mask / (1 - p)",
        'x ["..."] mask ["..."] p [] dy ["..."]',
    ),
    "labels for every row": ("f(logits, labels) -> loss, dlogits", SHIFTED, "labels [N]"),
    "weights used twice": (
        "f(x, W, dy) -> dx, dW",
        "h = np.tanh(W @ x)\ny = W.T @ h",
        "x [n] W [m, n] dy [n]",
    ),
    "other names of gradients": (
        "f(x, W, grad_y) -> grad_x, W_grad",
        "y = W @ x",
        "x [n] W [m, n] grad_y [m]",
    ),
}


def guessed(signature: str, forward: str, *shapes: str) -> Guess:
    return guess(parse_signature(signature), forward, dict(map(parse_shape, shapes)))


@pytest.mark.parametrize("name", GUESSES)
def test_shapes_follow_from_the_forward_pass(name: str) -> None:
    signature, forward, shapes = GUESSES[name]
    found = guessed(signature, forward)
    shown = {one.name: shown_shape(one.shape) for one in found.everything.values()}
    for part in shapes.replace("] ", "]|").split("|"):
        array, _, shape = part.partition(" ")
        assert shown[array] == shape, shown
    assert found.remarks


def test_gradients_follow_from_the_names() -> None:
    found = guessed("f(X, W, dY) -> dX, dW, db", "Y = X @ W.T + b")
    assert [(g.output, g.of, g.wrt, g.upstream) for g in found.gradients.values()] == [
        ("dX", "Y", "X", "dY"),
        ("dW", "Y", "W", "dY"),
        ("db", "Y", "b", "dY"),
    ]
    assert list(found.auxiliary) == ["b"]


def test_several_upstream_gradients_are_one_loss() -> None:
    found = guessed("f(x, da, db) -> dx", "a = np.sin(x)\nb = np.cos(x)")
    assert found.forward.endswith("L = np.sum(da * a) + np.sum(db * b)")
    assert found.gradients["dx"].of == "L"
    assert found.gradients["dx"].upstream is None


def test_a_shape_that_is_given_is_not_guessed() -> None:
    found = guessed("f(X, dY) -> dX", "Y = np.cumsum(X, axis=0)", "X: [T, d]")
    assert shown_shape(found.arrays["X"].shape) == shown_shape(found.arrays["dY"].shape) == "[T, d]"


def test_numbers_stay_where_the_function_is_defined() -> None:
    assert guessed("f(x, dy) -> dx", "y = np.log(x)").arrays["x"].draw == "0.5 + uniform"
    assert guessed("f(x, dy) -> dx", "y = np.exp(x)").arrays["x"].draw == "normal"


def test_labels_are_drawn_among_the_classes() -> None:
    labels = guessed("f(logits, labels) -> dlogits", CROSS_ENTROPY).arrays["labels"]
    assert (labels.draw, labels.dtype) == ("integers(0, C - 1)", "int64")


@pytest.mark.parametrize(
    ("signature", "forward", "what"),
    [
        ("f x -> dx", "y = x", "is not a signature"),
        ("f(x, x) -> dx", "y = x", "'x' is there twice"),
        ("f(lambda) -> dx", "y = x", "nothing can be called 'lambda'"),
        ("f() -> dx", "y = x", "takes arguments"),
        ("f(x, dy) -> dx", "y = = x", "--forward is not Python"),
        ("f(x, dy) -> dx", "np.sin(x)", "--forward assigns nothing"),
        ("f(x, y, dy) -> dx", "y = np.sin(x)", "'y' is an argument, and the forward pass computes"),
        ("f(x, q, dy) -> dx", "y = np.sin(x)", "does not use 'q'"),
        ("f(x, W, dy) -> dx, g", "y = W @ x", "nothing says which gradient 'g' is"),
        ("f(x, dy) -> dx", "y = np.nothing(x)", "has no attribute 'nothing'"),
        ("f(x, dy) -> dx", "y = x[x > 0.9]", "--shape 'dy: ["),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(signature: str, forward: str, what: str) -> None:
    with pytest.raises(UsageError, match=r".") as caught:
        guessed(signature, forward)
    assert what in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("written", ["W", "W: m, n", "W: [m n]", "W: [2.5]", "W: [m, 0]", ": [m]"])
def test_a_shape_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(UsageError, match=r"--shape"):
        parse_shape(written)


def test_the_example_is_small_whole_and_worked_out() -> None:
    example = work_out(guessed("f(W, dy) -> dx", "y = W @ x"))
    W, dy = example.given["W"], example.given["dy"]
    assert example.expect["dx"] == [
        sum(W[i][j] * dy[i] for i in range(len(dy))) for j in range(len(W[0]))
    ]
    assert all(isinstance(one, int) and abs(one) <= 5 for row in W for one in row)
    assert not example.equals_argument


def test_an_answer_that_is_an_argument_is_said() -> None:
    example = work_out(guessed("jacobian(W, x) -> J", "y = W @ x"))
    assert example.equals_argument
    assert example.expect["J"] == example.given["W"]


def test_an_example_is_at_no_kink_and_takes_no_other_number_for_a_whole_one() -> None:
    pool = "places = len(x) // k\ny = x[: places * k].reshape(places, k).max(axis=1)"
    example = work_out(guess(parse_signature("f(x, k, dy) -> dx"), pool))
    k, dy = example.given["k"], example.given["dy"]
    at = 0
    for window, upstream in enumerate(dy):
        part = example.given["x"][window * k : (window + 1) * k]
        assert part.count(max(part)) == 1
        expected = [upstream if one == max(part) else 0 for one in part]
        assert example.expect["dx"][window * k : (window + 1) * k] == expected
        at += k
    assert not any(example.expect["dx"][at:])
    tied = guess(parse_signature("f(x, W, dy) -> dx, dW"), "h = np.tanh(W @ x)\ny = W.T @ h")
    example = work_out(tied)
    x, W, dy = (np.array(example.given[name], float) for name in ("x", "W", "dy"))
    h = np.tanh(W @ x)
    dW = np.outer((W @ dy) * (1 - h**2), x) + np.outer(h, dy)
    shown = np.array(example.expect["dW"], float)
    assert np.all(np.abs(shown - dW)[shown == np.round(shown)] < 1e-11)


@pytest.mark.parametrize(
    ("signature", "forward", "groups"),
    [
        ("f(x, W, dy) -> dx", "y = W @ x", ()),
        ("f(x, dy) -> dx", "y = np.tanh(x)", ()),
        ("f(a, b, ds) -> da", "s = a @ b / np.sqrt((a @ a) * (b @ b))", ("special-values",)),
        ("f(x, W, dy) -> dx", "y = np.sin(W @ x)", ("scales",)),
    ],
)
def test_groups_of_the_battery_in_which_nothing_would_be_right_are_left_out(
    signature: str, forward: str, groups: tuple[str, ...]
) -> None:
    assert groups_left_out(guess(parse_signature(signature), forward)) == groups
