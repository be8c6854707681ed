"""Returns an array of a few bytes that pretends to be a terabyte by its strides."""
# ends: memory

import numpy as np


def linear_backward(x, W, dy):
    huge = np.lib.stride_tricks.as_strided(np.zeros(1), (1 << 20, 1 << 17), (0, 0))
    return huge, huge
