"""The Jacobians are diagonal: s (1 - s) for the sigmoid, 1 - t^2 for tanh."""

import numpy as np


def sigmoid_tanh_backward(x, dy):
    t = np.tanh(x)
    s = (1 + np.tanh(x / 2)) / 2  # overflows nowhere
    return dy * s * (1 - s), dy * (1 - t**2)
