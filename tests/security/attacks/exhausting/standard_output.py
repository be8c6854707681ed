"""Prints without end."""
# ends: timeout


def linear_backward(x, W, dy):
    while True:
        print("x" * 100_000)
