"""Raises an exception with a hundred thousand causes and a long message."""
# ends: error


def linear_backward(x, W, dy):
    error = None
    for _ in range(100_000):
        new = ValueError("x" * 1000)
        new.__cause__ = new.__context__ = error
        error = new
    error.args = ("x" * 10_000_000,)
    raise error
