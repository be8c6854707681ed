import numpy as np


def linear_dx(W, dy):
    m, n = W.shape
    dx = np.zeros(n)
    for j in range(n):
        for i in range(m):
            dx[j] += dy[i] * W[i, j]
    return dx
