"""dx_j = sum_i dL/dy_i dy_i/dx_j = sum_i dy_i W_ij, as it is written."""

import numpy as np


def dx_elementwise(W, dy):
    m, n = W.shape
    dx = np.zeros(n)
    for j in range(n):
        for i in range(m):
            dx[j] += dy[i] * W[i, j]
    return dx
