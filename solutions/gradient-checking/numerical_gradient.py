"""Central differences: g_i = (f(x + h e_i) - f(x - h e_i)) / 2h, one element of x at a time.

The terms f(x) and h^2 f''/2 of the Taylor series cancel; the error is h^2 f'''/6.
"""

import numpy as np


def numerical_gradient(f, x, h):
    g = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[index] = h
        g[index] = (f(x + step) - f(x - step)) / (2 * h)
    return g
