"""Returns empty arrays with very long axes."""
# ends: failed

import numpy as np


def linear_backward(x, W, dy):
    return np.zeros((0, 1 << 38)), np.zeros((1 << 38, 0))
