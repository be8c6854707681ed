import numpy as np


def dx_elementwise(W, dy):
    m, n = W.shape
    dx = np.zeros(n)
    for j in range(n):
        for i in range(m):
            dx[j] += W[i, j] * dy[i]
    return dx
