"""Raises a number to a power, in C, with the interpreter's lock held."""
# ends: timeout


def linear_backward(x, W, dy):
    return 3 ** (1 << 31)
