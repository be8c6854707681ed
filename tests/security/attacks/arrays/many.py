"""Returns a million results instead of two."""
# ends: failed


def linear_backward(x, W, dy):
    return [x] * 1_000_000
