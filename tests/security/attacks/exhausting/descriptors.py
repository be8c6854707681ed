"""Opens descriptors without end."""
# ends: error

import os


def linear_backward(x, W, dy):
    for _ in range(5000):
        os.dup(1)
