"""Calls itself without end."""
# ends: error


def linear_backward(x, W, dy):
    return linear_backward(x, W, dy)
