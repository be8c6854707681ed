"""y = x Phi(x) has the slope Phi(x) + x phi(x), with the normal density phi = Phi'."""

import math

import numpy as np

_erfc = np.vectorize(math.erfc, otypes=[float])


def gelu_backward(x, dy):
    below = _erfc(-x / math.sqrt(2)) / 2
    density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    return dy * (below + x * density)
